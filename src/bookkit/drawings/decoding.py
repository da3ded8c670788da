"""Writing, a token at a time: with a cache and without, the draw, the loops."""

from itertools import accumulate, chain

from .core import drawing
from .shapes import SMALL, Shape, extent


def stairs(s, x, y, c, first, end, colour, tint):
    """Rows of a causal mask as one shape: row r reaches over r + 1 cells of size c."""
    if first < end:
        steps = chain(*(("h", c * (row + 1 if row == first else 1), "v", c)
                        for row in range(first, end)))  # fmt: skip
        s.path("M", x, y + c * first, *steps, "H", x, "Z", layer="shape",
               fill=f"@{colour}", fill_opacity=tint)  # fmt: skip


@drawing("The scores of every call, without a cache and with one")
def redone(s, z, prompt=4, steps=5):
    """The scores of every call: squares without a cache, a square and rows with."""
    last = prompt + steps - 1
    widths = [prompt + i for i in range(steps)]
    gap = 24 if s.wide else 10
    c = int(min(16, (s.width - 2 * s.edge - gap * (steps - 1)) / sum(widths)))
    x0 = (s.width - c * sum(widths) - gap * (steps - 1)) / 2
    starts = [x0 + c * sum(widths[:i]) + gap * i for i in range(steps)]
    y, totals = 0, {}
    for cached in (False, True):
        s.title(x0, y - 22, "with a cache" if cached else "without a cache")
        tall = c * (prompt if cached else last)
        total = positions = 0
        for i, (x, S) in enumerate(zip(starts, widths, strict=True)):
            T = 1 if cached and i else S
            base, top = y + tall, y + tall - c * T
            old = S - 1 if i and not cached else 0  # rows that an earlier call made
            for first, end, look in (
                (0, old, ("lit", 0.4)),
                (old, S, ("stream", 0.55)),
            ):
                stairs(s, x, base - c * S, c, max(first, S - T), end, *look)
            lines = [("M", x, top + c * row, "h", c * S) for row in range(T + 1)]
            lines += [("M", x + c * j, top, "v", c * T) for j in range(S + 1)]
            s.path(*chain(*lines), layer="shape", fill="none", stroke="@line",
                   stroke_width=0.5)  # fmt: skip
            s.keep(x, top, c * S, c * T)
            total, positions = total + T * S, positions + T
            s.text(x + c * S / 2, base + 14, f"{T} × {S}", SMALL)
        y += tall + 36
        words = f"{positions} positions, {total} scores a head and layer"
        s.note(x0, y, words)
        totals[cached] = (positions, total)
        y += 58
    y -= 22
    x = s.swatch(x0, y, "stream", "new", 0.55) + 14
    x = s.swatch(x, y, "lit", "computed before", 0.4) + 14
    s.swatch(x, y, "line", "later keys: masked" if s.wide else "masked", 0)
    calls = ", ".join(f"{S} by {S}" for S in widths)
    return f"""The scores of {steps} calls for a prompt of {prompt} tokens, a row for a
    query and a column for a key. Without a cache each call computes a square: {calls};
    all but its last row had been computed before. With a cache the first call computes
    the square of the prompt, and each later one a single row, from 1 by {prompt + 1}
    to 1 by {last}. {totals[False][0]} positions and {totals[False][1]} scores without,
    {totals[True][0]} and {totals[True][1]} with a cache."""


@drawing("One draw, and three ways to cut the list")
def draw(s, z, chances=(0.5, 0.2, 0.15, 0.1, 0.05), number=0.82, top_k=2, top_p=0.8,
         min_p=0.15):  # fmt: skip
    """Probabilities laid end to end, a number that falls among them, and the cuts."""
    label = 96 if s.wide else 0
    x0, across, h = s.edge + label, s.width - 2 * s.edge - label, 24
    step = 62 if s.wide else 82
    bar = min_p * max(chances)
    kept = {
        "as it is": len(chances),
        f"top-k {top_k}": top_k,
        f"top-p {top_p:g}": sum(before < top_p - 1e-9 for before in
                                (0, *list(accumulate(chances))[:-1])),
        f"min-p {min_p:g}": sum(p >= bar for p in chances),
    }  # fmt: skip
    for row, (name, n) in enumerate(kept.items()):
        y, total = step * row, sum(chances[:n])
        if s.wide:
            s.text(s.edge, y + h / 2, name, anchor="start", bold=True)
        else:
            s.text(s.edge, y - 14, name, anchor="start", bold=True)
        x = x0
        for i, p in enumerate(chances):
            w = p * across
            look = ("stream", 0.32, 1) if i < n else ("line", 0, 0.75)
            s.cell(x, y, w, h, *look, dash=None if i < n else "2 2")
            words = f"{p:g}" if not row else f"{p / total:.2f}" if i < n else "0"
            if extent(words, SMALL, True) < w - 2:
                s.text(x + w / 2, y + h / 2, words, SMALL, mono=True)
            x += w
        s.keep(x0, y, across, h)
        if row == 0:
            at = x0 + number * across
            s.wire((at, y - 22), (at, y), colour="lit", width=2, free=True)
            s.text(at, y - 30, f"{number:g}", SMALL, mono=True)
            edge = 0
            for i, p in enumerate(chances):
                edge += p
                if extent(f"{edge:g}", SMALL) < p * across + 12 and i < 4:
                    s.text(
                        x0 + edge * across, y + h + 12, f"{edge:g}", SMALL, soft=True
                    )
        if name.startswith("top-p"):
            at = x0 + top_p * across
            s.leader((at, y - 6), (at, y))
            s.leader((at, y + h), (at, y + h + 6))
            s.text(at, y + h + 14, f"{top_p:g}", SMALL)
    found = next(i for i, edge in enumerate(accumulate(chances)) if edge > number)
    listed = "; ".join(f"{name} keeps {n}" for name, n in list(kept.items())[1:])
    return f"""{len(chances)} probabilities, {", ".join(f"{p:g}" for p in chances)},
    laid end to end from 0 to 1. The random number {number:g} falls on token {found},
    counted from 0. Below, three cuts: {listed} tokens. What is kept is divided by its
    sum, so that it adds up to one; what is cut has the probability 0."""


SAID = [  # as a cell gives it: a title, tokens, returns
    ("a text", ["to", " be", " or", " not", " to", " be"], [0, 0, 0, 0, 1, 1])
]
TINTS = (0, 0.16, 0.27, 0.38)  # never written before, once, twice, more often


def wrapped(tokens, counts, letters: float) -> list[list[tuple[int, str]]]:
    """Lines of a text in runs of one tint; a no-break space keeps a run's ends."""
    lines, length = [[]], 0
    for token, count in zip(tokens, counts, strict=True):
        level = min(count, len(TINTS) - 1)
        words = token.replace("\n", "↵").replace(" ", "\u00a0")
        if length + len(words) > letters:
            lines, length = [*lines, []], 0
        words = words if lines[-1] else words.lstrip("\u00a0")
        length += len(words)
        if lines[-1] and lines[-1][-1][0] == level:
            words = lines[-1].pop()[1] + words
        if words:
            lines[-1].append((level, words))
    return lines


@drawing("Where a text says again what it has said")
def returns(s, z, texts=SAID):
    """Texts as tokens, wrapped, darker where they return.

    ``texts`` holds a title, the tokens, and for each token how often the passage that
    it stands in has been written before.
    """
    y, size, listed = 0, 12, []
    right, line = s.width - s.edge, 22
    for title, tokens, counts in texts:
        s.title(s.edge, y, title)
        again = sum(count > 0 for count in counts)
        share = f"{again} of {len(tokens)} tokens repeat a passage"
        if s.wide:
            s.text(right, y, share, SMALL, "end", soft=True)
        else:
            y += 18
            s.note(s.edge, y, share)
        y += 26
        for runs in wrapped(tokens, counts, (right - s.edge) / extent(" ", size, True)):
            x = s.edge
            for level, words in runs:
                w = extent(words, size, True)
                if level:
                    s.rect(Shape(x, y - 9, w, 18), "lit", 0, TINTS[level], known=False)
                    under = Shape(x, y + 9 - level, w, level)
                    s.rect(under, "lit", 0, 1, known=False)
                s.text(x, y, words, size, "start", mono=True)
                x += w
            y += line
        y -= line
        y += 46
        listed.append(f"{title}: {''.join(tokens)!r}; {share} before")
    y -= 12
    x = s.edge
    for level, words in enumerate(["said once before", "twice", "more often"], 1):
        x = s.swatch(x, y, "lit", words, TINTS[level]) + 14
    return ". ".join(listed) + ". The more often, the darker, and the thicker its line."
