"""One pass through the whole model: what leaves each call, as wide as it is."""

from .core import drawing, shape
from .shapes import NODE, SLAB, SMALL, Shape, extent


def calls_of(z) -> list[tuple]:
    """The calls in order: name, numbers a position, these as words, kind, printed?"""
    q, k = f"{z.N}·{z.H}", f"{z.K}·{z.H}"
    return [
        ("embed_tokens", z.D, z.D, "stream", True),
        ("rotary_emb", 2 * z.H, f"2 × {z.H}", "line", True),
        ("causal_mask", None, "T", "line", False),
        ("input_layernorm", z.D, z.D, "stream", True),
        ("q_proj", z.N * z.H, z.N * z.H, "q", True),
        ("q_norm", z.N * z.H, q, "q", True),
        ("k_proj", z.K * z.H, z.K * z.H, "k", True),
        ("k_norm", z.K * z.H, k, "k", True),
        ("v_proj", z.K * z.H, z.K * z.H, "v", True),
        ("RoPE", (z.N + z.K) * z.H, f"({z.N} + {z.K})·{z.H}", "q", False),
        ("attention", z.N * z.H, q, "line", False),
        ("o_proj", z.D, z.D, "stream", True),
        ("+", z.D, z.D, "stream", False),
        ("post_attention_layernorm", z.D, z.D, "stream", True),
        ("gate_proj", z.F, z.F, "mlp", True),
        ("act_fn", z.F, z.F, "mlp", True),
        ("up_proj", z.F, z.F, "mlp", True),
        ("×", z.F, z.F, "mlp", False),
        ("down_proj", z.D, z.D, "stream", True),
        ("+", z.D, z.D, "stream", False),
        ("norm", z.D, z.D, "stream", True),
        ("lm_head", z.V, z.V, "line", True),
    ]


@drawing("One pass, to scale: what leaves each call")
def passing(s, z):
    """From the bottom up every call in order, its output as wide as it has numbers."""
    rows = calls_of(z)
    step = 25
    sx = s.edge + 14  # the stream
    cx, cw = (sx + 34, 176) if s.wide else (sx + 22, 104)
    bx = cx + cw + 14
    room = s.width - s.edge - bx
    unit = (room - (58 if s.wide else 26)) / max(z.F, (z.N + z.K) * z.H, z.D)
    short = {
        "post_attention_layernorm": "post_attn…",
        "input_layernorm": "input_layern…",
    }
    first, last = 3, 19
    y, ys = -12, []
    for i in range(len(rows)):
        y -= step + (16 if i in (first, last + 1) else 12 if i > last else 0)
        ys.append(y)
    calls = []
    for (name, n, text, kind, printed), y in zip(rows, ys, strict=True):
        if name == "+":
            calls.append(s.node(sx, y, "+", "stream"))
        else:
            label = name if s.wide else short.get(name, name)
            calls.append(s.chip(cx, y, label, kind, printed, key=name, w=cw))
        words = str(text)
        if n is None:
            s.note(bx, y, "(T, T), once, for every layer" if s.wide else "once")
            continue
        torn = n * unit > room
        block = Shape(bx, y - 7, room if torn else n * unit, 14)
        parts = [(kind, block)]
        if name == "RoPE":  # it turns queries and keys
            w = z.N * z.H * unit
            parts = [("q", Shape(bx, y - 7, w, 14))]
            parts += [("k", Shape(bx + w, y - 7, block.w - w, 14))]
        for colour, part in parts:
            s.rect(part, colour, 0, 0.35, known=False)
        if torn:  # the edge of a sheet that goes on
            edge = ["l", -6, 2.4, "l", 6, 2.4] * 3
            s.path("M", block.right_x, block.y, *edge, stroke="@line", stroke_width=1)
            times = n * unit / s.width
            words = f"{n:,}: {times:.0f} times this sheet" if s.wide else f"{n:,}"
        fits = extent(words, SMALL) < block.w - 8
        x = block.x + 6 if fits or torn else block.right_x + 6
        s.text(x, y, words, SMALL, "start", soft=not fits)
    # The stream: from the embedding up through two sums a layer to the last norm
    at = {name: call for (name, *_), call in zip(rows, calls, strict=True)}
    sums = [calls[i] for i, row in enumerate(rows) if row[0] == "+"]
    ids = s.slab(cx + cw / 2, 0, cw, f"ids {shape('T')}", "line")
    s.note(bx, 0, "numbers for one position" + (", to scale" if s.wide else ""))
    s.wire(ids.top(), at["embed_tokens"].bottom())
    for name in ("input_layernorm", "post_attention_layernorm"):
        y = at[name].cy
        s.wire(s.fork(sx, y, "stream"), at[name].left())
    for name, plus in zip(("o_proj", "down_proj"), sums, strict=True):
        s.wire(at[name].left(), (sx + NODE + 6, at[name].cy), (sx + NODE + 6, plus.cy),
               plus.right(), head=False)  # fmt: skip
    start = at["embed_tokens"].left()
    s.stream(start, (sx, start[1]), sums[0].bottom())
    s.stream(sums[0].top(), sums[1].bottom())
    norm = at["norm"]
    s.stream(sums[1].top(), (sx, norm.cy), norm.left())
    s.wire(norm.top(), at["lm_head"].bottom())
    top, bottom = ys[last] - SLAB / 2 - 8, ys[first] + SLAB / 2 + 6
    frame = s.frame(s.edge, top, s.width - 2 * s.edge, bottom - top)
    s.text(frame.right_x - 8, bottom - 12, f"{z.L} ×", SMALL, "end")
    listed = ", ".join(f"{row[0]} {row[2]}" for row in rows)
    return f"""From the bottom up every call of one pass in its order, each with a block
    as wide as the numbers that leave it for one position: {listed}. The rows between
    input_layernorm and the second + run {z.L} times. The residual stream runs at the
    left from embed_tokens past two sums a layer to norm; rotary_emb and the mask are
    made once."""
