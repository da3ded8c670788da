"""One drawing for each module of the printed tree."""

import math
from fractions import Fraction

from .core import TOKENS, drawing, shape
from .shapes import BORDER, BOX, GAP, NODE, SLAB, SMALL, Shape, extent


@drawing("One table, looked up at the start and compared with at the end")
def embedding(s, z):
    """Ids read rows of a tall table; at the other end every row of it gives a score."""
    ids = [i for _, i in TOKENS]
    rows = sorted({0, z.V - 1, *ids})
    twice = next(i for i in ids if ids.count(i) > 1)
    row_h, skip, tw = 17, 7, 84
    ys, y = {}, 0
    for row in rows:
        ys[row], y = y + row_h / 2, y + row_h + skip
    height = y - skip

    def table(x, y):
        """The table from its upper left corner, the rows that matter written out."""
        for row in rows:
            tint = 0.3 if row in ids else 0.1
            cell = s.cell(x, y + ys[row] - row_h / 2, tw, row_h, "line", tint, 0.75,
                          str(row), mono=True)  # fmt: skip
            for dx in (-5, 0, 5) if row != rows[-1] else ():
                dot = dict(cx=cell.cx + dx, cy=cell.bottom_y + skip / 2, r=0.9)
                s.put("shape", "circle", **dot, fill="@line")
        return s.keep(x, y, tw, height)

    def lookup(x, y):
        s.title(x, y - 46, "In: each id reads its row")
        s.note(x + 59, y - 22, "ids", anchor="middle")
        s.note(x + 166, y - 22, "embed_tokens.weight", anchor="middle", mono=True)
        s.note(x + 290, y - 22, f"x {shape('T', z.D)}", anchor="middle", mono=True)
        box = table(x + 124, y)
        pitch = height / len(TOKENS)
        for i, (word, row) in enumerate(TOKENS):
            cy = y + pitch * (i + 0.5)
            colour = "lit" if row == twice else "line"
            s.text(x + 36, cy, word, SMALL, "end", soft=True)
            cell = s.cell(x + 42, cy - row_h / 2, 34, row_h, "line", 0.22, 0, str(row),
                          mono=True)  # fmt: skip
            target = y + ys[row]
            s.curve((cell.right_x + 2, cy), box.left(target), colour, head=True)
            out = s.block(Shape(x + 246, cy - row_h / 2, 88, row_h), "stream")
            s.curve(box.right(target), out.left(cy), colour, head=True)

    def compare(x, y):
        s.title(x, y - 46, "Out: every row gives a score")
        s.note(x + 49, y - 22, f"h {shape(z.D)}", anchor="middle", mono=True)
        s.note(x + 166, y - 22, "lm_head.weight", anchor="middle", mono=True)
        s.note(x + 290, y - 22, f"logits {shape(z.V)}", anchor="middle", mono=True)
        h = s.block(Shape(x, y + height / 2 - row_h / 2, 88, row_h), "stream")
        box = table(x + 124, y)
        zero = x + 276
        for i, row in enumerate(rows):
            cy = y + ys[row]
            s.curve(h.right(), box.left(cy), head=True)
            score = 30 * math.sin(2.4 * i + 0.9) + 14 * math.cos(5.1 * i)
            s.wire(box.right(cy), (x + 234, cy), free=True)
            bar = Shape(min(zero, zero + score), cy - 5, abs(score), 10)
            s.rect(bar, "line", 0, 0.45, known=False)
        s.path("M", zero, y - 4, "V", y + height + 4, stroke_width=1)

    lookup(s.edge, 0)
    below = 0 if s.wide else height + 92
    compare(s.width / 2 + 14 if s.wide else s.edge, below)
    if z.tied:
        lines = "One tensor under two names:", "tie_word_embeddings is true."
        lines = [" ".join(lines)] if s.wide else lines
        s.note(s.width / 2, below + height + 26, *lines, anchor="middle")
    words = "".join(word for word, _ in TOKENS).replace("·", " ")
    tied = "one tensor" if z.tied else "two tensors"
    return f"""Left: the ids of "{words}" each read one row of embed_tokens.weight, a
    table of {z.V:,} rows and {z.D:,} columns; id {twice} stands twice and reads the
    same row twice. The rows are x, of shape {shape("T", z.D)}. Right: the hidden
    vector h, {z.D:,} numbers, is compared with every row of lm_head.weight; each row
    gives one of {z.V:,} logits. The two tables are {tied}."""


@drawing("RMSNorm in two dimensions, and the types it passes through")
def rmsnorm(s, z):
    """Vectors, the same on a circle, the circle an ellipse; below, the casts."""
    vectors = [(2.1, 0.6), (0.3, 0.85), (-1.5, 1.7)]
    vectors += [(-0.8, -0.2), (0.9, -1.9), (-2.0, -1.2)]
    gain = (1.4, 0.6)
    side, space, unit = (196, 54, 44) if s.wide else (102, 16, 23)
    x0 = (s.width - 3 * side - 2 * space) / 2

    def rms(v):
        return math.sqrt(sum(a * a for a in v) / len(v))

    normed = [tuple(a / rms(v) for a in v) for v in vectors]
    scaled = [(a * gain[0], b * gain[1]) for a, b in normed]
    steps = [("x", "any length", vectors, None)]
    steps += [("x / rms(x)", "rms 1: a circle", normed, (1, 1))]
    steps += [("gain · x / rms(x)", "an ellipse", scaled, gain)]
    for i, (formula, words, points, axes) in enumerate(steps):
        frame = s.rect(Shape(x0 + i * (side + space), 0, side, side), "line", 0.75, 0)
        cx, cy = frame.cx, frame.cy
        cross = "M", frame.x, cy, "h", side, "M", cx, 0, "v", side
        s.path(*cross, stroke_width=0.5, stroke_opacity=0.6)
        if axes:
            rx, ry = (math.sqrt(2) * unit * axis for axis in axes)
            s.put("shape", "ellipse", cx=cx, cy=cy, rx=rx, ry=ry, fill="@stream",
                  fill_opacity=0.08, stroke="@stream", stroke_width=1,
                  stroke_dasharray="3 3")  # fmt: skip
        for j, (a, b) in enumerate(points):
            colour, width = ("lit", 2) if j == 0 else ("stream", BORDER)
            tip = (cx + a * unit, cy - b * unit)
            s.wire((cx, cy), tip, colour=colour, width=width, free=True)
        formula = formula if s.wide else formula.replace(" ", "")
        s.text(cx, side + 18, formula, SMALL, mono=True)
        s.text(cx, side + 35, words, SMALL, soft=True)
        if i:
            s.wire((frame.x - space + 3, cy), (frame.x - 3, cy), free=True)
    # The casts, to scale: a type is as tall as it has bits.
    low = z.dtype.replace("bfloat", "bf").replace("float", "fp")
    tall = {low: z.bits, "fp32": 32}
    work = f"x · rsqrt(mean(x²) + {z.eps:g})" if s.wide else "x·rsqrt(mean(x²)+eps)"
    gap, w = (GAP, 90) if s.wide else (12, 50)
    x, middle, before = x0, side + 94, None
    s.title(x0, side + 66, "The types, as tall as they have bits")
    for text, dtype in (("x", low), (work, "fp32"), ("cast", low), ("× gain", low)):
        wide = s.width - 2 * x0 - 3 * (w + gap) if dtype == "fp32" else w
        bar = Shape(x, middle - tall[dtype] / 2, wide, tall[dtype])
        s.rect(bar, "stream", 1, 0.3 if dtype == "fp32" else 0.12)
        s.text(bar.cx, middle, text, SMALL, mono=True)
        s.text(bar.cx, middle + 28, dtype, SMALL, soft=True)
        if before:
            s.wire(before.right(), bar.left())
        before, x = bar, x + wide + gap
    return f"""Three pictures from left to right. Six vectors of any length; the same
    divided by their root mean square, so that all end on one circle; the same with
    each axis scaled by its gain, so that they end on an ellipse. Below, the types: x
    is {low}, the norm is computed in fp32, the result is cast back to {low} and then
    multiplied by the gain in {low}. A bar is as tall as its type has bits."""


@drawing("From one row of numbers to heads, and which memory moves")
def heads(s, z):
    """Reshapes name the same memory anew; only the last one copies."""
    T, lit = 3, min(5, z.N - 1)
    x0, width = s.edge, s.width - 2 * s.edge
    seg, h = width / z.N, 14
    up = x0 + width * (0.8 if s.wide else 0.67)  # where the arrows run

    def colour(n, t):
        """A cell's colour and tint: one head is lit, tokens differ in shade."""
        return ("lit", 0.85 - 0.2 * t) if n == lit else ("q", 0.36 - 0.12 * t)

    def stage(y, dims, words):
        x = x0 + s.text(x0, y, shape(*dims), SMALL, "start", mono=True) + 8
        s.text(x, y, words, SMALL, "start", soft=True)

    def strip(y, order):
        """Memory as one line: a segment for each head of each token, in an order."""
        bar, places = Shape(x0, y, width, h), {}
        for i, (n, t) in enumerate(order):
            w = width / len(order)
            places[n, t] = s.cell(x0 + w * i, y, w, h, *colour(n, t), border=0)
        s.rect(bar, "line", 0.75, 0)
        every = z.N if order[1][1] == 0 else T
        for i in range(every, len(order), every):
            cut = "M", x0 + width / len(order) * i, y, "v", h
            s.path(*cut, layer="shape", stroke="@line", stroke_width=0.75)
        return bar, places

    def arrow(lower, upper, *words):
        s.wire(lower.top(up), upper.bottom(up))
        s.note(up + 8, (lower.y + upper.bottom_y) / 2 - 7 * (len(words) - 1), *words)

    tokens = [(n, t) for t in range(T) for n in range(z.N)]
    by_head = [(n, t) for n in range(z.N) for t in range(T)]

    flat, _ = strip(0, tokens)
    for t in range(T):
        s.text(x0 + width / T * (t + 0.5), h + 12, f"token {t}", SMALL, soft=True)
    stage(-14, ("T", z.N * z.H), "from q_proj")
    # view: a row for each token, cut into heads
    top = -62 - T * h
    for n, t in tokens:
        s.cell(x0 + seg * n + 1.5, top + h * t, seg - 3, h, *colour(n, t), border=0.5)
    cut = s.keep(x0, top, width, T * h)
    arrow(flat, cut, "view:", "nothing moves")
    stage(top - 14, ("T", z.N, z.H), f"{z.N} heads of {z.H}")
    # transpose: a block for each head
    tall = T * h + 23
    row = Shape(x0, top - 66 - tall, width, tall)
    for n in range(z.N):
        block = Shape(x0 + seg * n + 2, row.y, seg - 4, tall)
        edge = ("lit", 2) if n == lit else ("q", 1)
        s.rect(block, *edge, tint=0, radius=3, known=False)
        if seg >= 20 or n % 5 == 0:
            s.text(block.cx, block.y + 11, str(n), SMALL, bold=n == lit, soft=n != lit)
        for t in range(T):
            place = block.x + 3, block.y + 20 + h * t, block.w - 6, h
            s.cell(*place, *colour(n, t), border=0)
    s.shapes.append(row)
    arrow(cut, row, "transpose:", "nothing moves")
    stage(row.y - 14, (z.N, "T", z.H), "every head by itself")
    # attention writes head after head; flatten wants token after token
    written, places = strip(row.y - 84, by_head)
    arrow(row, written, "eager attention,", "head by head")
    final, targets = strip(written.y - 66, tokens)
    for t in range(T):
        a, b = places[lit, t], targets[lit, t]
        s.curve(a.top(), b.bottom(), "lit", BORDER, head=True, upright=True)
    s.note(x0, written.bottom_y + 13, "written head after head")
    s.note(x0, written.y - 13, "flatten: a copy")
    stage(final.y - 14, ("T", z.N * z.H), "to o_proj")
    return f"""From the bottom up, for {T} tokens. In memory q_proj's output lies
    token after token, {z.N * z.H:,} numbers each. view cuts a token's row into {z.N}
    heads of {z.H}, transpose puts the heads first; neither moves a number. Eager
    attention writes its result head after head. flatten wants token after token
    again, so it copies: the {T} pieces of head {lit} lie together before and apart
    after. A fused attention may write token after token at once, and then flatten
    moves nothing either."""


CLOCKS = (0, 1 / 4, 1 / 2, 3 / 4, 1)  # which pairs, as shares of all


@drawing("RoPE: which two numbers make a pair, and how fast each pair turns")
def rope(s, z):
    """Arcs over a strip for the two conventions; rotate_half; a clock for each pair."""
    half = z.H // 2
    x0, width = s.edge, s.width - 2 * s.edge
    few = [0, 1, *((2, 3) if s.wide else ()), None, half - 2, half - 1]
    cells = few + [i if i is None else i + half for i in few]
    w = width / len(cells)

    def strip(y, labels):
        """A strip of cells, three dots where some are left out; returns the cells."""
        out = {}
        for i, label in enumerate(labels):
            cell = Shape(x0 + w * i, y, w, 24)
            if label is None:
                s.text(cell.cx, cell.cy, "···", SMALL)
            else:
                tint = 0.16 if i < len(few) else 0.38
                s.cell(cell.x, y, w, 24, "q", tint, 1, str(label), mono=True)
                out[label] = cell
        return out

    def arcs(y, pairs, rise):
        out = strip(y, cells)
        for i, (a, b) in enumerate(pairs):
            colour, thick = ("lit", 2) if i == 1 - (rise < 50) else ("line", 1.25)
            p, q, top = out[a].cx, out[b].cx, y - rise
            arc = "M", p, y - 2, "C", p, top, q, top, q, y - 2
            s.path(*arc, stroke=f"@{colour}", stroke_width=thick)

    kept = [i for i in few if i is not None]
    even = [i for i in cells if i is not None and i % 2 == 0 and i + 1 in cells]
    s.title(x0, 0, "Interleaved: 2i with 2i + 1")
    arcs(46, [(i, i + 1) for i in even], 26)
    s.title(x0, 104, f"Halves, as in Qwen3: i with i + {half}")
    arcs(178, [(i, i + half) for i in kept], 76)
    # rotate_half, from the bottom up: the halves change places, one its sign
    s.title(x0, 244, "rotate_half")
    turned = [i if i is None else f"−{i}" for i in cells[len(few) :]]
    strip(262, turned + few)
    strip(346, cells)
    span = w * len(few)
    for a, b in ((x0, x0 + span), (x0 + span, x0)):
        s.bracket(a + 4, a + span - 4, 340, side=-1)
        s.bracket(b + 4, b + span - 4, 292)
        ends = (a + span / 2, 340), (b + span / 2, 292)
        s.curve(*ends, "q", 2, head=True, upright=True)
    formula = "turned x = x · cos + rotate_half(x) · sin"
    s.text(s.width / 2, 388, formula, SMALL, mono=True)
    # The clocks: how far a few pairs turn in some tokens
    after = 1000
    s.title(x0, 428, f"After {after:,} tokens: {len(CLOCKS)} of {half} pairs")
    r, top = 46 if s.wide else 26, 452
    for i, share in enumerate(CLOCKS):
        pair = min(int(half * share), half - 1)
        angle = after * z.theta ** (-pair / half)
        turns, cx, cy = angle / math.tau, x0 + width / len(CLOCKS) * (i + 0.5), top + r
        face = dict(layer="frame", fill="@q", fill_opacity=0.3)
        tip = cx + r * math.cos(angle), cy - r * math.sin(angle)
        if turns < 1:  # the part that the hand has swept
            s.path(
                "M",
                cx,
                cy,
                "h",
                r,
                "A",
                r,
                r,
                0,
                int(turns > 0.5),
                0,
                *tip,
                "Z",
                **face,
            )
            face |= dict(fill="none", fill_opacity=None)
        s.put(name="circle", cx=cx, cy=cy, r=r, stroke="@q", stroke_width=1, **face)
        s.wire((cx, cy), tip, colour="lit", width=2, free=True)
        s.text(cx, cy + r + 15, f"pair {pair}", SMALL)
        words = f"{turns:,.{0 if turns > 10 else 1}f} turns"
        words = words if turns >= 1 else f"{360 * turns:.2g}°"
        s.text(cx, cy + r + 30, words, SMALL, soft=True)
    s.keep(x0, top - 4, width, 2 * r + 40)
    return f"""Four parts. Interleaved pairs join 2i and 2i + 1; Qwen3 joins i and
    i + {half}, drawn as arcs over a strip of {z.H} cells. rotate_half puts the second
    half first with its sign changed, and the first half second. The clocks show how
    far a pair turns in {after:,} tokens: pair 0 the fastest, pair {half - 1} hardly
    at all."""


@drawing("Grouped-query attention: which head reads which, and what the cache saves")
def grouped(s, z):
    """Query heads over the key/value heads that they read; the cache drawn to area."""
    x0, width = s.edge, s.width - 2 * s.edge
    group = width / z.K
    w = min(32, (group - 4) / max(z.G, 2))  # of a head

    def head(cx, y, colour, text):
        cell = s.rect(Shape(cx - w / 2, y, w, 24), colour, 1, 0.25)
        if extent(text, SMALL) <= w:
            s.text(cell.cx, cell.cy, text, SMALL)
        return cell

    s.text(x0, 0, f"{z.N} query heads", SMALL, "start", soft=True)
    s.text(x0, 146, f"{z.K} key heads and {z.K} value heads", SMALL, "start", soft=True)
    for k in range(z.K):
        cx = x0 + group * (k + 0.5)
        head(cx - w / 2, 106, "k", str(k))
        head(cx + w / 2, 106, "v", str(k))
        for j in range(z.G):
            q = head(cx + w * (j - (z.G - 1) / 2), 14, "q", str(k * z.G + j))
            s.curve((cx, 106), q.bottom(), "line", BORDER, head=True, upright=True)

    # The cache of one token, to area: a cell is a head's keys or values, all layers.
    def size(heads):
        return f"{2 * heads * z.H * z.L * z.bits // 8:,}"

    y, cell = 204, (26 if s.wide else 14) * 16 / z.N
    s.title(x0, y - 24, f"One token's cache in {z.L} layers, to area")
    for name, heads in (("multi-head", z.N), ("grouped", z.K), ("multi-query", 1)):
        bold = heads == z.K
        s.text(x0, y, f"{name}: {heads}", SMALL, "start", bold=bold)
        for row, colour in enumerate("kv"):
            for i in range(z.N):
                look = (colour, 0.5) if i < heads else ("line", 0)
                dash = None if i < heads else "2 2"
                s.cell(x0 + cell * i, y + 10 + 18 * row, cell, 18, *look, dash=dash)
        block = s.keep(x0, y + 10, cell * z.N, 36)
        share, x = Fraction(heads, z.N), block.right_x + 12
        s.text(x, block.cy - 7, f"{size(heads)} bytes", SMALL, "start", bold=bold)
        s.note(x, block.cy + 8, str(share) if share < 1 else "all")
        y += 68
    s.note(x0, y, f"{z.dtype}: {z.bits // 8} bytes a number")
    return f"""Above, {z.N} query heads stand over {z.K} pairs of a key head and a
    value head; each pair is read by {z.G} query heads next to each other. Below, what
    one token keeps in the cache over {z.L} layers, drawn to area: {size(z.N)} bytes
    with a key/value head for every query head, {size(z.K)} with {z.K}, {size(1)} with
    one. Dashed cells are saved."""


@drawing("The MLP: two ways up, one way down")
def mlp(s, z):
    """Widths to scale: the two projections up, the gate, the product, the way down."""
    unit = (84 if s.wide else 48) / z.D  # a number's width
    x = s.width / 2
    left, right = (188, 532) if s.wide else (84, 266)
    bw = 176 if s.wide else 154

    def tensor(cx, cy, n, name=""):
        """A tensor as wide as it has numbers, its shape inside or beside it."""
        text, w = f"{name} {shape('T', n)}".strip(), n * unit
        if extent(text, SMALL, True) <= w - 9:
            return s.slab(cx, cy, w, text, "stream" if n == z.D else "mlp")
        out = s.block(Shape(cx - w / 2, cy - SLAB / 2, w, SLAB), "stream")
        s.text(out.right_x + 8, cy, text, SMALL, "start", mono=True)
        return out

    def box(cx, cy, name):
        return s.box(cx, cy, bw, name, z.of(name, short=not s.wide), "mlp")

    step = BOX / 2 + SLAB / 2 + GAP  # from a box to a tensor
    source = tensor(x, 0, z.D, "normed x")
    y = -SLAB / 2 - GAP - 12
    fork = s.fork(x, y)
    s.wire(source.top(), fork, head=False)
    y -= GAP + BOX / 2
    gate, up = box(left, y, "gate_proj"), box(right, y, "up_proj")
    for b in (gate, up):
        s.wire(fork, (b.cx, fork[1]), b.bottom())
    y -= step
    gated, wide = tensor(left, y, z.F), tensor(right, y, z.F)
    s.wire(gate.top(), gated.bottom())
    s.wire(up.top(), wide.bottom())
    y -= step
    act = s.box(left, y, bw, "act_fn", z.act.replace("silu", "SiLU"), "mlp")
    s.wire(gated.top(), act.bottom())
    y -= BOX / 2 + GAP + NODE
    times = s.node(x, y, "×")
    s.wire(act.top(), (left, y), times.left())
    s.wire(wide.top(), (right, y), times.right())
    y -= NODE + GAP + SLAB / 2
    product = tensor(x, y, z.F)
    s.wire(times.top(), product.bottom())
    y -= step
    down = box(x, y, "down_proj")
    s.wire(product.top(), down.bottom())
    y -= step
    result = tensor(x, y, z.D, "to the stream" if s.wide else "")
    s.wire(down.top(), result.bottom())
    return f"""From the bottom up: the normed x, {shape("T", z.D)}, goes two ways.
    gate_proj and up_proj each make {z.F:,} numbers of it; act_fn, {z.act}, bends the
    gate's; the two are multiplied number by number; down_proj brings {z.F:,} back to
    {z.D:,}. Tensors are as wide as they have numbers. Each projection has
    {z.of("up_proj")} parameters."""


@drawing("The decoder layer, and the layer of 2017")
def layer(s, z):
    """Pre-norm beside post-norm: does the residual line pass the norms or not?"""
    bw, gap = 252, 26  # one width in both layouts: narrow, the two stand in a column

    def run(x, y, dims, branches, top=math.inf):
        """One layer, its stream at x, from y up to the top or as far as it needs."""
        bx = x + 26 + bw / 2
        first = s.slab(x, y, 108, f"x {shape(*dims)}")
        start, y = first.top(), first.y - 24
        for names, norm_name in branches:
            fork = s.fork(x, y, "stream")
            before, y = (fork, (bx, y)), y - gap - BOX / 2
            for name in names:
                kind = "mlp" if name.startswith(("mlp", "linear")) else "line"
                count = "" if norm_name else z.of(name)
                count = None if name == "ReLU" else count
                box = s.box(bx, y, bw, name, count, kind, name != "ReLU", role(name))
                s.wire(*before, box.bottom())
                before, y = (box.top(),), y - BOX - gap
            plus = s.node(x, y + BOX / 2, "+", "stream")
            s.wire(box.top(), (bx, plus.cy), plus.right())
            s.stream(start, plus.bottom())
            start, y = plus.top(), plus.cy - 34
            if norm_name:
                norm = s.box(x, plus.y - gap - BOX / 2, 108, norm_name, key="norm")
                s.stream(start, norm.bottom())
                start, y = norm.top(), norm.y - 26
        last = s.slab(x, min(y - SLAB / 2, top + SLAB / 2), 108, f"x {shape(*dims)}")
        s.stream(start, last.bottom())
        return last.y

    def role(name):
        return "norm" if "norm" in name else name

    old = [(("self_attn",), "norm1"), (("linear1", "ReLU", "linear2"), "norm2")]
    new = [
        (("input_layernorm", "self_attn"), ""),
        (("post_attention_layernorm", "mlp"), ""),
    ]
    s.lit.add("norm")
    if s.wide:
        top = run(436, 0, ("T", "d"), old)
        run(66, 0, ("T", z.D), new, top)
        places = (12, top - 58), (382, top - 58)
    else:
        lower = run(66, 0, ("T", "d"), old) - 58
        places = (12, run(66, lower - 36, ("T", z.D), new) - 58), (12, lower)
    (x, y), (x2, y2) = places
    s.title(x, y, "Qwen3: pre-norm")
    s.note(
        x, y + 18, "A norm sits on each branch.", "The stream itself only meets sums."
    )
    s.title(x2, y2, "2017: post-norm")
    s.note(x2, y2 + 18, "A norm sits on the stream,", "after each sum.")
    return f"""Two layers, each from the bottom up. In Qwen3's, two branches leave the
    residual stream: a norm and self_attn, {z.of("self_attn")} parameters, then a norm
    and mlp, {z.of("mlp")}; each branch is added to the stream, which meets nothing
    but sums. In the layer of 2017 a norm stands on the stream after each sum, so the
    stream itself is normalised twice a layer. Its names are those of
    nn.TransformerEncoderLayer."""
