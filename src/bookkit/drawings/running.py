"""What happens when it runs: the loop around the model, the cache, the matrices."""

from .core import TOKENS, drawing, shape
from .shapes import BOX, GAP, LINE, NAME, SMALL, Shape


@drawing("From text to text: the loop around the model")
def loop(s, z):
    """Text in, ids, the model, logits, a sample, and the id that is appended."""
    known = 4  # tokens of the prompt; the next one is what the model is asked for
    prompt, (word, token) = TOKENS[:known], TOKENS[known]
    x, cell, h = (160, 54, 24) if s.wide else (146, 50, 24)
    bw = 240 if s.wide else 216
    lane = x + cell * (known / 2 + 1) + 24
    gap = GAP + 2

    def cells(y, values, mono=False):
        """A row of cells around x."""
        row = s.keep(x - cell * known / 2, y - h / 2, cell * known, h)
        for i, value in enumerate(values):
            s.cell(row.x + cell * i, row.y, cell, h, "line", 0.14, 1, value, mono=mono)
        return row

    def one(y, value, mono=False):
        """A single cell, lit: what is new."""
        place = x - cell / 2, y - h / 2, cell, h
        s.cell(*place, "lit", 0.25, 1.5, value, mono=mono)
        return s.keep(*place)

    def rise(lower, make, tall, *options, **more):
        """Make the next shape above another, and an arrow to it."""
        shape = make(lower.y - gap - tall / 2, *options, **more)
        s.wire(lower.top(), shape.bottom())
        return shape

    def box(y, name, count=None, printed=False, key=None):
        return s.box(x, y, bw, name, count, printed=printed, key=key)

    def logits(y):
        """As many rows as positions, of which the last one counts."""
        shape = s.keep(x - bw / 2, y - 14, bw, 28)
        for i in range(known):
            look = ("lit", 0.6) if i == known - 1 else ("line", 0.14)
            s.cell(shape.x, shape.y + 7 * i, bw, 7, *look)
        return shape

    def words(shape, *lines):
        if s.wide:
            s.note(lane + 22, shape.cy - LINE / 2 * (len(lines) - 1), *lines)

    text = "".join(w for w, _ in prompt).replace("·", " ")
    first = s.slab(x, 0, bw, f'"{text}"', "line")
    split = rise(first, box, BOX, "tokenizer: encode", key="tokenizer")
    pieces = rise(split, cells, h, [w for w, _ in prompt])
    ids = rise(pieces, cells, h, [str(i) for _, i in prompt], mono=True)
    slot = Shape(ids.right_x, ids.y, cell, h)
    s.rect(slot, "lit", 1, 0, dash="4 3")
    model = rise(ids, box, BOX, "Qwen3ForCausalLM", z.of("model", not s.wide), True)
    scores = rise(model, logits, 28)
    pick = rise(scores, box, BOX, "sample")
    new = rise(pick, one, h, str(token), mono=True)
    join = rise(new, box, BOX, "tokenizer: decode", key="tokenizer")
    rise(join, one, h, word)
    back = (lane, new.cy), (lane, slot.cy)
    s.wire(new.right(), *back, slot.right(), colour="lit", width=2)
    words(first, "text")
    words(pieces, "tokens; · is a space")
    words(ids, f"ids, T = {known}: rows of the embedding")
    words(model, f"all {z.L} layers, for every position")
    words(scores, f"logits {shape('T', z.V)}:", "the last row scores the next token")
    words(pick, "the likeliest, or drawn by lot")
    until = f"until it is {z.config['eos_token_id']}"
    words(new, "the next id: append it and go round,", until)
    if not s.wide:
        s.note(x - bw / 2, 30, "Append the new id and go round,", f"{until}.")
    return f"""From the bottom up: the text "{text}" goes through the tokenizer,
    becomes {known} tokens and their ids {", ".join(str(i) for _, i in prompt)}; the
    model turns them into logits, {known} rows of {z.V:,}; the last row is sampled and
    gives id {token}, which the tokenizer turns back into text. The new id is also
    appended to the ids, and the loop goes round until the id is
    {z.config["eos_token_id"]}."""


@drawing("The KV cache: prefill fills it, each step adds a column")
def cache(s, z):
    """Three moments from left to right: what is computed, what is read."""
    prompt, steps = 5, 2
    c, x0, label = (19, s.edge, 56) if s.wide else (13, s.edge, 16)
    longest = prompt + steps
    space = (s.width - 2 * x0 - label - 3 * c * longest) / 2
    gap, top = 6, 3 * (c + 6) + 8
    for i in range(steps + 1):
        S = prompt + i
        first = 0 if i == 0 else S - 1  # the first position that is new
        x = x0 + label + i * (c * longest + space)
        s.title(x, -50, "prefill" if i == 0 else f"step {i}")
        s.note(x, -32, f"T = {S - first}, S = {S}")
        names = [("q", "queries"), ("k", "keys"), ("v", "values")]
        for row, (colour, word) in enumerate(names):
            y = (c + gap) * row - 14
            if i == 0:
                s.note(x - 8, y + c / 2, word if s.wide else word[0], anchor="end")
            for j in range(S):
                gone = colour == "q" and j < first
                look = (colour, 0.75, 1) if j >= first else (colour, 0.18, 0.75)
                look = ("line", 0, 0.75) if gone else look
                s.cell(x + c * j, y, c, c, *look, dash="2 2" if gone else None)
        for row in range(S):
            look = ("stream", 0.6) if row >= first else ("line", 0)
            for j in range(row + 1):
                dash = None if row >= first else "2 2"
                s.cell(x + c * j, top + c * row, c, c, *look, dash=dash)
        s.keep(x, top, c * S, c * S)
        if i == 0:
            s.note(x - 8, top + c / 2, "scores" if s.wide else "s", anchor="end")
        scores = f"{S} scores" if i else f"{S * (S + 1) // 2} scores kept"
        s.note(x, top + c * S + 16, f"{S - first} new q, k, v", scores)
        if i < steps:
            start, end = x + c * S + 6, x + c * longest + space - 6
            s.wire((start, c * 1.5), (end, c * 1.5), free=True)
    # What the shades mean, and what a column costs
    y = top + c * longest + 60
    one = 2 * z.K * z.H * z.bits // 8
    x = s.swatch(x0, y, "k", "computed", 0.75) + 16
    x = s.swatch(x, y, "k", "read from the cache", 0.18) + 16
    place = (x, y) if s.wide else (x0, y + 22)
    s.swatch(*place, "line", "not made again", 0, "2 2")
    text = f"A column of k and v: {one:,} bytes a layer, {one * z.L:,} in all"
    s.note(x0, y + (24 if s.wide else 44), text)
    return f"""Three moments from left to right, with {prompt} tokens in the prompt.
    Prefill computes queries, keys and values of all {prompt} and the scores, of
    which the mask keeps {prompt * (prompt + 1) // 2}. Each step after it computes one
    query, one key and one value, reads the other keys and values from the cache, and
    makes one row of scores; the rows before are not made again. A column of keys and
    values takes {one:,} bytes a layer and {one * z.L:,} in all."""


@drawing("One layer's seven matrices, to scale")
def matrices(s, z):
    """Every weight of a layer as a rectangle, out by in, with its product."""
    names = list(z.shapes)
    rows = [names] if s.wide else [names[:4], names[4:]]
    kinds = {"q_proj": "q", "k_proj": "k", "v_proj": "v", "o_proj": "line"}
    x0, space = (s.edge, 16) if s.wide else (s.edge, 13)
    across = s.width - 2 * x0
    unit = min(
        (across - space * (len(row) - 1)) / sum(z.shapes[n][1] for n in row)
        for row in rows
    )
    y = 0
    for row in rows:
        sizes = [(z.shapes[name][1] * unit, z.shapes[name][0] * unit) for name in row]
        gap = (across - sum(w for w, _ in sizes)) / (len(row) - 1)
        base, x = y + max(h for _, h in sizes), x0
        for name, (w, h) in zip(row, sizes, strict=True):
            block = s.rect(Shape(x, base - h, w, h), kinds.get(name, "mlp"))
            out, into = z.shapes[name]
            middle = base - h / 2 if h > 34 else base - h - 18
            s.text(block.cx, middle - 7, str(out), SMALL, mono=True)
            s.text(block.cx, middle + 8, f"× {into}", SMALL, mono=True)
            s.text(block.cx, base + 15, name, SMALL, mono=True)
            s.text(block.cx, base + 30, f"{out * into:,}", SMALL, soft=True)
            x += w + gap
        y = base + 58
    # The norms are vectors: at this scale a line
    norms, x, end = [z.D, z.D, z.H, z.H], x0, s.width - x0
    for size in norms:
        s.rect(Shape(x, y, size * unit, 2), "line", 0, 1)
        x += size * unit + 8
    s.note(x + 6, y + 1, "four norms" if s.wide else "4 norms")
    s.note(end, y + 1, f"{sum(norms):,}", anchor="end")
    s.leader((end - 90, y + 14), (end, y + 14))
    w = s.text(end, y + 28, z.of("layer"), NAME, "end", bold=True)
    s.note(end - w - 4, y + 28, "a layer", anchor="end")
    s.note(x0, y + 28, "height: out, width: in")
    listed = ", ".join(
        f"{name} {a} × {b} = {a * b:,}" for name, (a, b) in z.shapes.items()
    )
    return f"""Seven rectangles, as high as a matrix has outputs and as wide as it has
    inputs: {listed}. Four norms add {sum(norms):,}. A layer has {z.of("layer")}
    parameters."""
