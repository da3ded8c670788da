"""Where a hook listens, and what the streams say when the head reads them early."""

from .core import drawing, shape
from .shapes import SMALL, extent


@drawing("Where one listens, and where one cuts")
def taps(s, z, lit=()):
    """One layer on the stream: hooks that listen, a hook that replaces."""
    if s.wide:
        xs, xb, _xr, _w, bw = 250, 430, 560, 124, 136
    else:
        xs, xb, _xr, _w, bw = 118, 262, 0, 88, 132
    embed = s.box(xs, 0, 120 if s.wide else 112, "embed_tokens")
    fork = s.fork(xs, -72, "stream")
    norm = s.box(xb, -104, bw, "input_layernorm", kind="stream")
    attn = s.box(xb, -156, bw, "self_attn", "")
    plus = s.node(xs, -204, "+", "stream")
    s.stream(embed.top(), plus.bottom())
    s.wire(fork, (xb, -72), norm.bottom())
    s.wire(norm.top(), attn.bottom())
    s.wire(attn.top(), (xb, plus.cy), plus.right())
    last = s.box(xs, -300, 70, "norm")
    s.stream(plus.top(), last.bottom())
    head = s.box(xs, -346, 84, "lm_head")
    s.wire(last.top(), head.bottom())
    logits = s.slab(xs, -390, 140 if s.wide else 118, f"logits {shape('T', z.V)}"
                    if s.wide else shape("T", z.V), "line")  # fmt: skip
    s.wire(head.top(), logits.bottom())
    s.note(xs + 12, -244, "the MLP likewise,", f"then {z.L - 1} layers more")

    # Listeners: a dot on the stream, an orange line to what is made of it
    lx = 74 if s.wide else 36
    seen = ("lens:", "norm and", "lm_head") if not s.wide else ("lens: norm, lm_head",)
    for y, words in ((-46, seen), (-272, seen)):
        dot = s.fork(xs, y, "lit")
        box = s.keep(lx - (62 if s.wide else 32), y - 7 * len(words) - 4,
                     124 if s.wide else 64, 14 * len(words) + 8)  # fmt: skip
        s.rect(box, "lit", 1.5, 0, 4, "4 3", known=False)
        s.note(box.cx, y - 7 * (len(words) - 1), *words, anchor="middle", soft=False)
        s.wire(dot, box.right(y), colour="lit", width=2)
    mid = s.keep(lx - (62 if s.wide else 32), -158, 124 if s.wide else 64, 40)
    s.rect(mid, "lit", 1.5, 0, 4, "4 3", known=False)
    words = ("probe: a fitted", "matrix") if s.wide else ("probe:", "a matrix")
    s.note(mid.cx, -145, *words, anchor="middle", soft=False)
    dot = s.fork(xs, -138, "lit")
    s.wire(dot, mid.right(-138), colour="lit", width=2)

    # A cut: what self_attn puts out is replaced before it is added
    cx, cy = xb, -180
    s.path("M", cx - 8, cy + 6, "L", cx + 8, cy - 6, stroke="@lit", stroke_width=3)
    words = ["ablation: what is added", "becomes zero, a mean,", "or something simple"]
    if s.wide:
        s.leader((cx + 12, cy), (cx + 66, cy))
        s.note(cx + 72, cy - 18, *words, soft=False)
        s.note(attn.right_x + 12, attn.cy + 12, "q_norm, k_norm, rotary_emb:",
               "caught, they give the weights")  # fmt: skip
    else:
        s.path("M", 178, -34, "l", 12, -9, stroke="@lit", stroke_width=3)
        s.note(198, -39, *words, soft=False)
    return f"""The residual stream from embed_tokens upwards, a layer's self_attn beside
    it, norm, lm_head and logits {shape("T", z.V)}. Orange dots on the stream are hooks
    that only listen: a lens sends what they hear through norm and lm_head, a probe
    through a fitted matrix. A cut stands between self_attn and the addition: there an
    ablation puts zero, a mean or something simple in place of the output."""


LENS = [  # depth, and for each position the likeliest token and its probability
    (0, [("to", 0.9), (" be", 0.8)]),
    (1, [(" the", 0.2), (" a", 0.1)]),
]


@drawing("What the head reads at each depth")
def lens_grid(s, z, tokens=("to", " be"), rows=LENS):
    """Positions from left to right, depths from below; the likeliest next token."""
    shown = len(tokens) if s.wide else min(len(tokens), 5)
    skip = len(tokens) - shown
    label, h, y = 52 if s.wide else 30, 26, 0
    w = (s.width - 2 * s.edge - label) / shown
    room = int((w - 6) / extent(" ", SMALL, True))

    def short(t):
        return t if len(t) <= room else t[: room - 1] + "…"

    def clean(t):
        return short(t.replace("\n", "↵").strip(" ") or "·")

    for depth, cells in reversed(rows):
        s.text(s.edge, y + h / 2, str(depth), SMALL, "start")
        for j, (token, p) in enumerate(cells[skip:]):
            x = s.edge + label + w * j
            s.cell(x, y, w, h, "lit", 0.04 + 0.34 * p, 0.75, clean(token), mono=True)
        y += h
    s.keep(s.edge + label, 0, w * shown, y)
    for j, token in enumerate(tokens[skip:]):
        x = s.edge + label + w * (j + 0.5)
        s.text(x, y + 16, clean(token), SMALL, mono=True, bold=True)
    s.note(s.edge, -16, "layers read" if s.wide else "layers read, last positions")
    s.note(s.edge, y + 16, "text" if s.wide else "")
    s.note(s.edge + label, y + 38, "The darker, the more probable.")
    listed = "; ".join(
        f"after {depth} layers " + ", ".join(f"{t.strip()} {p:.2f}" for t, p in cells)
        for depth, cells in rows
    )
    return f"""A grid: below it the text, {"".join(tokens)!r}; each row reads the stream
    after so many layers with norm and lm_head, and names the likeliest next token with
    its probability: {listed}."""
