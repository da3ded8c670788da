"""Attention: the pipeline with its shapes, heads in groups, masks."""

import torch

from minqwen3.model import causal_mask

from .core import drawing, shape
from .shapes import BOX, SMALL


@drawing("Attention, with the shape on every arrow")
def attention(s, z):
    """From the normed stream to o_proj's output, three columns that become one."""
    cw, gap, x0 = (168, 24, 12) if s.wide else (104, 12, 7)
    q, k, v = (x0 + cw / 2 + (cw + gap) * i for i in range(3))
    columns = [(q, "q"), (k, "k"), (v, "v")]

    def y(row):
        return -(BOX + 26) * row

    def count(name):
        return z.of(name, short=not s.wide)

    def span(a, b, row, name, key):
        """A function over the columns from a to b."""
        return s.box((a + b) / 2, y(row), b - a + cw, name, printed=False, key=key)

    def rise(x, lower, upper, dims=None):
        """An arrow up from one shape to another, the shape written beside it."""
        colour = dict(columns).get(x, "line") if lower.cy > y(11) else "line"
        s.wire(lower.top(x), upper.bottom(x), colour=colour)
        if dims:
            middle = (lower.y + upper.bottom_y) / 2
            s.text(x + 7, middle, shape(*dims), SMALL, "start", mono=True, soft=True)

    def pair(lower, upper, dims):
        """Keys and values side by side, with one shape; narrow, written once."""
        for x, a, b in zip((k, v), lower, upper, strict=True):
            rise(x, a, b, dims if s.wide else None)
        if not s.wide:
            middle = (lower[0].y + upper[0].bottom_y) / 2
            s.text((k + v) / 2, middle, shape(*dims), SMALL, mono=True, soft=True)

    source = s.slab(k, y(0) + 4, v - q + cw, f"normed x {shape('T', z.D)}")
    proj = [s.box(x, y(1), cw, f"{c}_proj", count(f"{c}_proj"), c) for x, c in columns]
    for box in proj:
        rise(box.cx, source, box)
    view = [s.box(x, y(2), cw, "view", printed=False) for x in (q, k, v)]
    rise(q, proj[0], view[0], ("T", z.N * z.H))
    pair(proj[1:], view[1:], ("T", z.K * z.H))
    norm = [
        s.box(x, y(3), cw, f"{c}_norm", count(f"{c}_norm"), c) for x, c in columns[:2]
    ]
    turn = [s.box(x, y(4), cw, "transpose", printed=False) for x in (q, k, v)]
    rise(q, view[0], norm[0], ("T", z.N, z.H))
    pair(view[1:], (norm[1], turn[2]), ("T", z.K, z.H))
    rise(q, norm[0], turn[0], ("T", z.N, z.H))
    rise(k, norm[1], turn[1], ("T", z.K, z.H))
    rope = span(q, k, 5, "RoPE: rotate by position", "rotary_emb")
    cache = span(k, v, 6, "cache: S = past + T", "cache")
    repeat = span(k, v, 7, f"repeat each head {z.G} times", "repeat_kv")
    rise(q, turn[0], rope, (z.N, "T", z.H))
    pair(turn[1:], (rope, cache), (z.K, "T", z.H))
    rise(k, rope, cache, (z.K, "T", z.H))
    pair((cache, cache), (repeat, repeat), (z.K, "S", z.H))
    scores = span(q, k, 8, f"scores: q · k / √{z.H}", "scores")
    rise(q, rope, scores, (z.N, "T", z.H))
    total = span(q, v, 11, "weighted sum of the values", "sum")
    pair((repeat, repeat), (scores, total), (z.N, "S", z.H))
    middle = (q + k) / 2
    mask = s.box(middle, y(9), cw, "mask", printed=False)
    soft = s.box(middle, y(10), cw, "softmax", printed=False)
    for lower, upper in ((scores, mask), (mask, soft), (soft, total)):
        rise(middle, lower, upper, (z.N, "T", "S"))
    flat = s.box(k, y(12), max(cw, 140), "transpose, flatten", printed=False)
    out = s.box(k, y(13), cw, "o_proj", count("o_proj"))
    last = s.slab(k, y(14) + 4, v - q + cw, f"to the stream {shape('T', z.D)}")
    rise(k, total, flat, (z.N, "T", z.H))
    rise(k, flat, out, ("T", z.N * z.H))
    rise(k, out, last)
    words = [("T", "new positions"), ("S", "all positions"), (z.D, "the stream")]
    words += [(z.N, "query heads"), (z.K, "key/value heads"), (z.H, "numbers a head")]
    for i, (letter, meaning) in enumerate(words):
        if s.wide:
            x, row = v + cw / 2 + 18, y(7) + 17 * i - 40
        else:
            x, row = 7 + 172 * (i % 2), 34 + 17 * (i // 2)
        s.text(x + 26, row, str(letter), SMALL, "end", mono=True)
        s.text(x + 34, row, meaning, SMALL, "start", soft=True)
    return f"""Three columns from the bottom up. The normed x, {shape("T", z.D)}, goes
    to q_proj, k_proj and v_proj. view makes heads of the results:
    {shape("T", z.N, z.H)} for queries, {shape("T", z.K, z.H)} for keys and values.
    q_norm and k_norm follow, then a transpose, then RoPE on queries and keys. The
    cache adds earlier positions to keys and values, {shape(z.K, "S", z.H)}; each of
    their heads is repeated {z.G} times. Queries and keys give scores,
    {shape(z.N, "T", "S")}; mask and softmax make them weights; the weighted sum of
    the values, {shape(z.N, "T", z.H)}, is transposed and flattened to
    {shape("T", z.N * z.H)}, and o_proj brings it back to {shape("T", z.D)}."""


@drawing("Four masks: who may read whom")
def masks(s, z):
    """Rows are queries, columns are keys; a filled cell may be read."""
    c, S, new, pad, window = 19, 6, 2, 2, 3
    x0, across = s.edge, 176

    def grid(i, title, words, past=0, window=None, padded=0):
        """The i-th mask, from minqwen3; rows of earlier passes are dashed."""
        real = (torch.arange(S) >= padded).long()[None] if padded else None
        allowed = causal_mask(1, S - past, past, window, real, "cpu")[0].tolist()
        x = x0 + across * (i % (4 if s.wide else 2))
        y = 0 if s.wide or i < 2 else 6 * c + 108
        s.title(x, y - 48, title)
        s.note(x, y - 31, words)
        left = x + 18
        for j in range(padded, S):
            s.text(left + c * (j + 0.5), y - 10, str(j), SMALL, soft=True)
        for row in range(S):
            s.text(left - 6, y + c * (row + 0.5), str(row), SMALL, "end", soft=True)
            for j in range(S):
                look = ("line", 0)
                if row >= past:
                    look = ("q", 0.55) if allowed[row - past][j] else ("line", 0.04)
                dash = "2 2" if row < past else None
                s.cell(left + c * j, y + c * row, c, c, *look, dash=dash)
        if padded:
            s.text(left + c * padded / 2, y - 10, "pad", SMALL, soft=True)
        s.keep(left, y, c * S, c * S)
        return left, y + c * S

    grid(0, "Causal", f"T = S = {S}")
    left, end = grid(1, "With a cache", f"T = {new}, S = {S}", past=S - new)
    for a, b, word in ((0, S - new, "cached"), (S - new, S, "new")):
        s.bracket(left + c * a + 2, left + c * b - 2, end + 9)
        s.note(left + c * (a + b) / 2, end + 21, word, anchor="middle")
    left, end = grid(2, "Left padding", f"{pad} of {S} are padding", padded=pad)
    for j in range(S):
        s.text(left + c * (j + 0.5), end + 12, str(max(0, j - pad)), SMALL)
    s.note(left + c * S / 2, end + 27, "position_ids", mono=True, anchor="middle")
    grid(3, "Window", f"sliding_window = {window}", window=window)
    y = end + 58
    x = s.swatch(x0, y, "q", "may be read", 0.55) + 16
    s.note(x, y, "rows: queries, columns: keys")
    return f"""Four squares of {S} queries by {S} keys. Causal: a query reads itself
    and what came before. With a cache: the same square, of which only the last {new}
    rows are computed, for {new} new queries and {S} keys. Left padding: the first
    {pad} columns are padding and nobody reads them; positions count from the first
    real token. Window: a query reads itself and the {window - 1} keys before it."""
