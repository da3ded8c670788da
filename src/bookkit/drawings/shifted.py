"""The head and the loss: the logits of a position score the token after it."""

from .core import TOKENS, drawing, shape
from .shapes import BOX, GAP, SMALL, Shape


@drawing("The head and the loss: each position's logits, and the token they answer for")
def shifted(s, z):
    """Ids at the bottom, one run of the model, logits, and arrows to the next token."""
    T = len(TOKENS)
    cell, h = (64, 24) if s.wide else (38, 22)
    x0 = s.edge + (118 if s.wide else 24)
    mid, wide = x0 + cell * T / 2, cell * T - 8

    def at(i):
        return x0 + cell * (i + 0.5)

    def token(i, y, text, kind="line", tint=0.14, dash=None):
        place = Shape(at(i) - cell / 2 + 3, y - h / 2, cell - 6, h)
        s.text(place.cx, y, text, SMALL)
        return s.rect(place, kind, 1, tint, dash=dash)

    ids = [token(i, 0, word) for i, (word, _) in enumerate(TOKENS)]
    y = -h / 2 - GAP - BOX / 2
    embed = s.box(mid, y, wide, "embed_tokens", z.of("embed_tokens", not s.wide))
    y -= BOX + GAP
    body = s.box(mid, y, wide, f"{z.L} layers, then norm", printed=False)
    y -= BOX + GAP
    count = None if z.tied else z.of("lm_head", not s.wide)
    head = s.box(mid, y, wide, "lm_head", count)
    y -= BOX / 2 + GAP + 14
    logits = []
    for i in range(T):
        s.wire(ids[i].top(), embed.bottom(at(i)))
        s.stream(embed.top(at(i)), body.bottom(at(i)), head=False)
        s.stream(body.top(at(i)), head.bottom(at(i)), head=False)
        column = s.block(Shape(at(i) - cell / 2 + 9, y - 14, cell - 18, 28), "line")
        for j in range(1, 5):  # a column of logits, of which five stand for all
            s.path("M", column.x + 3, column.y + 5.6 * j, "H", column.right_x,
                   stroke_width=0.5)  # fmt: skip
        s.wire(head.top(at(i)), column.bottom())
        logits.append(column)
    up = y - 14 - 62
    for i in range(1, T + 1):
        last = i == T
        look = ("lit", 0.2, "4 3") if last else ("line", 0.14, None)
        words = "?" if last else TOKENS[i][0]
        target = token(i, up, words, *look)
        s.curve(logits[i - 1].top(), target.bottom(), "lit" if last else "line",
                2 if last else 1.5, head=True, upright=True)  # fmt: skip
    first = token(0, up, TOKENS[0][0], "line", 0, "2 2")
    s.bracket(at(1) - cell / 2 + 5, at(T - 1) + cell / 2 - 5, up - h / 2 - 8, -1)
    mean = f"loss: the mean of −log p over T − 1 = {T - 1} tokens"
    s.text(at(T / 2 - 0.5) + cell / 2, up - h / 2 - 24, mean if s.wide else
           f"loss: mean of −log p, {T - 1} tokens", SMALL)  # fmt: skip
    if s.wide:
        s.note(s.edge, first.cy - 7, "the first token", "is nobody's task")
        s.note(at(T) + cell / 2 + 6, up - 7, "the next token:", "generation")
        side = at(T - 0.5) + 12
        s.note(side, logits[0].cy - 7, f"logits {shape('T', z.V)}:",
               "a column scores every token")  # fmt: skip
        s.note(side, ids[0].cy, f"ids {shape('T')}, T = {T}")
    else:
        s.note(x0 - 20, up - h / 2 - 42, "? is the next token: generation")
        s.note(x0 - 20, h + 4, f"T = {T}; logits {shape('T', z.V)}")
    if z.tied:
        mx, mw = (s.edge, 20) if s.wide else (s.edge, 8)
        table = Shape(mx, head.cy - 10, mw, embed.cy - head.cy + 20)
        s.block(table, "line")
        s.wire(table.right(embed.cy), embed.left())
        s.wire(table.right(head.cy), head.left())
        if s.wide:
            s.note(s.edge + 25, table.cy - 21, "one matrix,", "used twice:")
            s.note(s.edge + 25, table.cy + 7, shape(z.V, z.D), mono=True)
    words = "".join(word for word, _ in TOKENS).replace("·", " ")
    tied = "embed_tokens and lm_head are one matrix. " if z.tied else ""
    return f"""From the bottom up: the {T} tokens of "{words}" go through embed_tokens,
    {z.L} layers and the last norm, and lm_head. {tied}Each position gets a column of
    {z.V:,} logits. An arrow leads from the logits of each position to the token at the
    next one; their loss is the mean over {T - 1} tokens. The first token has no arrow.
    The logits of the last position point to a question mark, the token to generate."""
