"""The whole: how to read a drawing, the model, where we are in it, text to text."""

from itertools import pairwise

from bookkit.printouts import TREE

from .core import drawing, plain, shape
from .shapes import BOX, GAP, LINE, NODE, SMALL, Shape


@drawing("How to read the drawings")
def legend(s, z):
    """Every shape that the drawings are made of, and its meaning."""
    columns = 2 if s.wide else 1
    half, step = 56, 46
    rows = [
        ("A module, named as it prints;", "small: its parameters"),
        ("A function: it runs, but it has", "no parameters and doesn't print"),
        ("A tensor and its shape: T vectors", f"of {z.D:,} numbers each"),
        ("Two tensors of one shape, added", "or multiplied entry by entry"),
        ("The residual stream: one vector a", "position, added to, never replaced"),
        ("You are here: what the chapter", "or the paragraph is about"),
    ]
    for i, lines in enumerate(rows):
        x = 14 + half + s.width / columns * (i % columns)
        y = step * (i // columns)
        s.note(x + half + 16, y - 7, *lines, soft=False)
        if i == 0:
            s.box(x, y, 2 * half, "q_proj", z.of("q_proj", short=True), "q")
        elif i == 1:
            s.box(x, y, 2 * half, "softmax", printed=False)
        elif i == 2:
            s.slab(x, y, 2 * half, shape("T", z.D))
        elif i == 3:
            plus = s.node(x, y, "+")
            s.wire((x - half, y), plus.left(), free=True)
            s.wire((x, y + 20), plus.bottom(), free=True)
            s.wire(plus.right(), (x + half, y), free=True)
        elif i == 4:
            s.stream((x - half, y), (x + half, y), free=True)
        else:
            s.lit.add("here")
            s.box(x, y, 2 * half, "q_norm", z.of("q_norm"), "q", key="here")
    colours = [("q", "queries"), ("k", "keys"), ("v", "values"), ("mlp", "MLP")]
    for i, (colour, words) in enumerate(colours):
        x = 14 + (s.width - 14) / len(colours) * i
        y = step * (len(rows) // columns)
        s.swatch(x, y, colour, words)
    return """A box with a solid border is a module that prints, with its name and its
    number of parameters. A dashed box is a function that does not print. A flat block
    with a bar at its left is a tensor with its shape. A circle adds or multiplies two
    tensors. A thick grey line is the residual stream. An orange border says where you
    are. Data flows from the bottom up or from left to right."""


@drawing("The whole model")
def model(s, z):
    """Ids in at the bottom, logits out on top; config keys on what they size."""
    w, x = (204, 200) if s.wide else (160, 108)  # the main column, on the stream
    bw, bx = (250, 388) if s.wide else (202, 227)  # the boxes in a layer
    lane, right = (527, 539) if s.wide else (336, 345)
    step = BOX + GAP  # from one box to the next

    def keys(box, *names):
        """Config keys: beside their box with a brace or, narrow, on the arrow to it."""
        lines = [f"{name} {plain(z.config[name])}" for name in names]
        half = LINE / 2 * len(lines)
        if s.wide:
            edge = right + 8 if box.right_x > lane - 20 else box.right_x + 6
            tip = s.brace(edge + 6, box.cy - half + 2, box.cy + half - 2, -1)
            s.leader(box.right(), tip)
            s.note(edge + 12, box.cy - half + 7, *lines, mono=True)
        else:
            s.note(box.x + 42, box.bottom_y + 14, *lines, mono=True)

    def up(box, lines=0):
        """How far above a box the next one stands; narrow, with room for keys."""
        return box.cy - step - (0 if s.wide else LINE * lines - 4 * bool(lines))

    def start_of(box):
        return None if s.wide else box.x + 26

    # From the bottom up: ids, embedding, layers, norm, head, logits.
    ids = s.slab(x, 0, w, f"ids {shape('T')}", "line")
    embed = s.box(x, up(ids, 2), w, "embed_tokens", z.of("embed_tokens", not s.wide))
    s.wire(ids.top(start_of(ids)), embed.bottom(start_of(embed)))
    keys(embed, "vocab_size", "hidden_size")
    first = s.slab(x, up(embed), w, f"x {shape('T', z.D)}")
    s.wire(embed.top(), first.bottom())

    rx = 606 if s.wide else 268
    positions = s.slab(rx, 0, 122, f"positions {shape('T')}", "line")
    rotary = s.box(rx, embed.cy, 122, "rotary_emb")
    s.wire(positions.top(start_of(positions)), rotary.bottom(start_of(rotary)))
    theta = "rope_theta", plain(z.theta)
    if s.wide:
        s.note(rotary.x, rotary.y - 10, " ".join(theta), mono=True)
    else:
        s.note(rotary.x + 42, rotary.bottom_y + 14, *theta, mono=True)

    bottom = first.y - GAP - 4  # of the frame
    start, y = first.top(), bottom - 14
    heads = ["num_attention_heads", "num_key_value_heads", "head_dim"]
    branches = [
        ("input_layernorm", "self_attn", "line", heads),
        ("post_attention_layernorm", "mlp", "mlp", ["intermediate_size", "hidden_act"]),
    ]
    for norm_name, name, kind, sized in branches:
        fork = s.fork(x, y, "stream")
        count = z.of(norm_name) if s.wide else None
        norm = s.box(bx, y - GAP - BOX / 2, bw, norm_name, count)
        box = s.box(bx, up(norm, len(sized)), bw, name, z.of(name), kind)
        plus = s.node(x, box.y - GAP, "+", "stream")
        s.wire(fork, (norm.cx, y), norm.bottom())
        s.wire(norm.top(start_of(norm)), box.bottom(start_of(box)))
        s.wire(box.top(), (box.cx, plus.cy), plus.right())
        s.stream(start, plus.bottom())
        keys(box, *sized)
        if name == "self_attn":
            side, turn = rotary.left() if s.wide else rotary.right(), box.cy + 8
            s.wire(side, (lane, rotary.cy), (lane, turn), box.right(turn))
        start, y = plus.top(), plus.cy - 26
    top = y - 10
    label, each = (
        f"{z.L} × Qwen3DecoderLayer",
        f"{z.of('layer')} each" if s.wide else "",
    )
    s.frame(x - 26, top, right - x + 26, bottom - top, label, "layers", each, 42)
    norm = s.box(x, top - GAP - BOX / 2 - 4, w, "norm", z.of("norm"))
    s.stream(start, norm.bottom())
    if s.wide:
        keys(norm, "rms_norm_eps")
    count = None if z.tied else z.of("lm_head", not s.wide)
    head = s.box(x, up(norm, 1), w, "lm_head", count)
    s.wire(norm.top(start_of(norm)), head.bottom(start_of(head)))
    keys(head, "tie_word_embeddings")
    logits = s.slab(x, up(head), w, f"logits {shape('T', z.V)}", "line")
    s.wire(head.top(), logits.bottom())
    if s.wide:
        s.note(logits.right_x + 14, logits.cy, f"{z.of('model')} parameters in all")
    if z.tied:  # one matrix, drawn once, with its two uses
        mx, mw = (16, 22) if s.wide else (4, 8)
        table = Shape(mx, head.cy - 10, mw, embed.cy - head.cy + 20)
        s.block(table, "line")
        s.wire(table.right(embed.cy), embed.left())
        s.wire(table.right(head.cy), head.left())
        if s.wide:
            s.note(48, table.cy - 21, "one matrix,", "used twice:")
            s.note(48, table.cy + 7, shape(z.V, z.D), mono=True)
    tied = "one matrix drawn once, with an arrow to embed_tokens and one to lm_head"
    return f"""From the bottom up: ids pass embed_tokens and become x,
    {shape("T", z.D)}, the residual stream. It runs through {z.L} layers of
    {z.of("layer")} parameters. In each, input_layernorm and self_attn read from it
    and add to it, then post_attention_layernorm and mlp. rotary_emb turns positions
    into angles for every self_attn. After norm, lm_head makes logits,
    {shape("T", z.V)}. The config keys stand at the boxes that they size.
    {z.of("model")} parameters in all;
    {tied if z.tied else "embed_tokens and lm_head have a matrix each"}."""


HERE = {  # what each chapter lights in the map
    "01_config": ("embed_tokens", "layers", "norm", "lm_head"),
    "02_tree": (),
    "03_table": ("embed_tokens", "layers", "norm", "lm_head"),
    "04_embedding": ("embed_tokens",),
    "05_rmsnorm": ("input_layernorm", "post_attention_layernorm", "norm"),
    "06_projections": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "07_qk_norm": ("q_norm", "k_norm"),
    "08_rope": ("RoPE",),
    "09_attention": ("self_attn",),
    "10_masks": ("mask",),
    "11_mlp": ("mlp",),
    "12_decoder_layer": ("layers",),
    "13_head": ("lm_head", "logits"),
    "14_model": (),
    "15_tokenizer": ("tokenizer", "ids"),
    "16_weights": (),
    "17_kv_cache": ("cache",),
    "18_generation": ("sample",),
    "19_numbers": (),
    "20_budgets": (),
    "21_training": ("logits",),
    "22_long_context": ("RoPE", "mask"),
    "23_inside": ("layers",),
    "24_versions": (),
    "25_faq": (),
}


def draw_map(s, z):
    """The model, a layer, and the inside of its boxes, small; any box can be lit."""
    margin, right = s.edge, s.width - s.edge
    g = 12 if s.wide else 8
    inner = {
        "self_attn": ("q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"),
        "mlp": ("gate_proj", "up_proj", "act_fn", "down_proj"),
    }
    inner["self_attn"] += ("RoPE", "cache", "mask", "softmax")
    s.keys |= {key for keys in inner.values() for key in keys}

    def chain(x, y, *items):
        """Chips from left to right, an arrow between each two."""
        out = []
        for text, options in items:
            out.append(s.chip(x, y, text, **options))
            x = out[-1].right_x + g
        for before, after in pairwise(out):
            s.wire(before.right(), after.left())
        return out

    def attention_inside(x, y):
        q, k, v = y - 24, y, y + 24
        norms = []
        for lane, c in ((q, "q"), (k, "k")):
            parts = (f"{c}_proj", {"kind": c}), (f"{c}_norm", {"kind": c})
            norms.append(chain(x, lane, *parts)[1])
        value = s.chip(x, v, "v_proj", "v")
        rope = s.tower(norms[0].right_x + g, q, k, "RoPE")
        cache = s.tower(rope.right_x + g, k, v, "cache")
        mask = s.tower(cache.right_x + g, q, v, "mask", "softmax")
        out = s.chip(mask.right_x + g, k, "o_proj")
        for norm in norms:
            s.wire(norm.right(), rope.left(norm.cy))
        s.wire(value.right(), cache.left(v))
        s.wire(rope.right(k), cache.left(k))
        for before, lane in ((rope, q), (cache, k), (cache, v)):
            s.wire(before.right(lane), mask.left(lane))
        s.wire(mask.right(k), out.left())
        return out.right_x

    def mlp_inside(x, y):
        kind = {"kind": "mlp"}
        gate, act = chain(x, y - 14, ("gate_proj", kind), ("act_fn", kind))
        up = s.chip(x, y + 14, "up_proj", "mlp")
        times = s.node(act.right_x + g + NODE, y, "×")
        s.wire(act.right(), (times.cx, act.cy), times.top())
        s.wire(up.right(), (times.cx, up.cy), times.bottom())
        down = s.chip(times.right_x + g, y, "down_proj", "mlp")
        s.wire(times.right(), down.left())
        return down.right_x

    def branch(x, y, norm_name, name, kind):
        """A branch of the layer: off the stream at x, and back to it; returns both."""
        fork = s.fork(x, y, "stream")
        norm, box = chain(x + 14, y + 28, (norm_name, {}), (name, {"kind": kind}))
        plus = s.node(box.right_x + 16, y, "+", "stream")
        s.wire(fork, (x, norm.cy), norm.left())
        s.wire(box.right(), (plus.cx, box.cy), plus.bottom())
        return box, plus

    # The model, from text to the next token; narrow, on two lines.
    function, tensor = {"printed": False}, {"tensor": True}
    layers = f"{z.L} × Qwen3DecoderLayer" if s.wide else f"{z.L} × layers"
    first = [("tokenizer", function), ("ids", tensor), ("embed_tokens", {})]
    then = [(layers, {"key": "layers"}), ("norm", {}), ("lm_head", {})]
    then += [("logits", tensor), ("sample", function)]
    if s.wide:
        row = chain(margin, 0, *first, *then)
        whole = row[3]
    else:
        a, b = chain(margin, 0, *first), chain(margin, 36, *then)
        whole = b[0]
        turn = a[-1].right_x + 10
        s.wire(a[-1].right(), (turn, 0), (turn, 18), (whole.cx, 18), whole.top())
    # One layer; narrow, a line for each of its two branches.
    parts = [
        ("input_layernorm", "self_attn", "line"),
        ("post_attention_layernorm", "mlp", "mlp"),
    ]
    top = whole.bottom_y + 16
    shown = [name for name in inner if s.wide or s.lit & set(inner[name])]
    if s.wide:
        frame = s.frame(margin, top, right - margin, 62)
        s.zoom(whole, frame)
        y, boxes, start = top + 16, {}, (margin, top + 16)
        x = margin + 16
        for norm_name, name, kind in parts:
            boxes[name], plus = branch(x, y, norm_name, name, kind)
            s.stream(start, plus.left())
            start, x = plus.right(), plus.right_x + 20
        s.stream(start, (right, y))
        top += 62 + 16
        edge = attention_inside(margin + 12, top + 44) + 12
        one = s.frame(margin, top, edge - margin, 88)
        mlp_inside(edge + 28, top + 44)
        two = s.frame(edge + 14, top, right - edge - 14, 88)
        s.zoom(boxes["self_attn"], one)
        s.zoom(boxes["mlp"], two)
    else:
        for i, (norm_name, name, kind) in enumerate(parts):
            frame = s.frame(margin, top, right - margin, 62)
            if i == 0:
                s.zoom(whole, frame)
            box, plus = branch(margin + 14, top + 16, norm_name, name, kind)
            s.stream((margin, plus.cy), plus.left())
            s.stream(plus.right(), (right, plus.cy))
            top += 62 + 6
            if name in shown:
                tall = 88 if name == "self_attn" else 64
                inside = attention_inside if name == "self_attn" else mlp_inside
                top += 8
                edge = inside(margin + 6, top + tall / 2)
                detail = s.frame(margin, top, edge + 6 - margin, tall)
                s.zoom(box, detail)
                top += tall + 8
    lit = f" Lit: {', '.join(sorted(s.lit))}." if s.lit else ""
    return f"""From left to right: tokenizer, ids, embed_tokens, {z.L} times
    Qwen3DecoderLayer, norm, lm_head, logits, sample. A layer adds to the residual
    stream twice: input_layernorm and self_attn, then post_attention_layernorm and
    mlp. In self_attn: q_proj, k_proj and v_proj; q_norm and k_norm; RoPE; the cache;
    mask and softmax; o_proj. In mlp: act_fn of gate_proj, times up_proj, then
    down_proj.{lit}"""


@drawing("Where we are in the model")
def model_map(s, z):
    """The map by itself, any of its boxes lit."""
    return draw_map(s, z)


@drawing("The printed tree, and the order in which its lines are called")
def tree(s, z):
    """Left the tree as it prints, right what runs, the first call on top."""
    calls = [
        "embed_tokens", "rotary_emb",
        "input_layernorm", "q_proj", "q_norm", "k_proj", "k_norm", "v_proj", "RoPE",
        "softmax", "o_proj", "+",
        "post_attention_layernorm", "gate_proj", "act_fn", "up_proj", "×", "down_proj",
        "+",
        "norm", "lm_head",
    ]  # fmt: skip
    kinds = {"q_proj": "q", "q_norm": "q", "k_proj": "k", "k_norm": "k", "v_proj": "v"}
    kinds |= dict.fromkeys(("gate_proj", "act_fn", "up_proj", "down_proj"), "mlp")
    lines, letter = TREE.split("\n"), 0.602 * SMALL
    step = 20
    pitch = step * (len(lines) - 1) / (len(calls) - 1)
    x0, x1, w = (12, 478, 200) if s.wide else (5, 253, 71)
    begin = x0 + letter * 51 if s.wide else x0 + letter * 31
    ends = {}
    for i, line in enumerate(lines):
        depth = len(line) - len(line.lstrip(" "))
        name, _, rest = line.strip().partition("): ")
        name = name.lstrip("(")
        text = line.strip()
        if not s.wide:
            text, depth = f"({name})" if rest else text, depth // 2
        elif rest.endswith(")"):
            text = f"({name}): {rest.split('(')[0]}({'…' if '()' not in rest else ''})"
        lit = bool(rest) and s.is_lit(name)
        if s.wide or text != ")":
            x = x0 + letter * depth
            s.text(x, step * i, text, SMALL, "start", mono=True, bold=lit)
        ends[name] = (x0 + letter * (depth + len(text)) + 5, step * i)
    first, last = calls.index("input_layernorm"), calls.index("norm") - 1
    for i, name in enumerate(calls):
        y, printed = pitch * i, name in ends
        colour = "lit" if s.is_lit(name) else kinds.get(name, "line")
        chip = s.chip(x1, y, "", kinds.get(name, "line"), printed, key=name, w=w)
        s.text(x1 + 20, y, str(i + 1), SMALL, "end", soft=True)
        if s.wide or not printed:
            s.text(x1 + (28 if s.wide else 24), y, name, SMALL, "start", mono=printed)
        if printed:
            x, level = ends[name]
            width = 2.5 if colour == "lit" else 1.25
            bend = begin + 8, level
            s.path("M", x, level, "L", *bend, stroke=f"@{colour}", stroke_width=width)
            s.curve(bend, chip.left(), colour, width)
    times = TREE.split("(layers)")[1].split(" x ")[0].split()[-1]
    tip = s.brace(x1 + w + 3, pitch * first - 10, pitch * last + 10)
    s.text(tip[0] + 2, tip[1], f"{times}×", SMALL, "start", mono=True)
    s.text(x0, -26, "As it prints", SMALL, "start", soft=True)
    s.text(x1, -26, "As it is called", SMALL, "start", soft=True)
    return f"""Left: the {len(lines)} lines of the printed tree. Right: the
    {len(calls)} calls of one forward pass in order, each joined to its line. The two
    norms of a layer print last and are called before what they feed; rotary_emb
    prints last in the model and is called second. RoPE, softmax, the two additions
    and the multiplication are functions: they have no line. What the brace spans runs
    once for each layer."""
