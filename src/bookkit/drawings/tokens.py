"""How a word becomes tokens: the merges that a tokenizer makes in it, as a tree."""

from .core import drawing
from .shapes import SLAB, SMALL, Shape, extent

STEP = 30  # from one merge to the next
WORD = "Ġuniversally"
"""A word as signs of bytes; below, what the small checkpoint's tokenizer does to it."""
STEPS = (
    ("e", "r", 11),
    ("l", "l", 31),
    ("v", "er", 50),
    ("Ġ", "u", 93),
    ("a", "ll", 170),
    ("Ġu", "n", 215),
    ("all", "y", 302),
    ("ver", "s", 927),
)
IDS = (471, 72, 1183, 558)


@drawing("A merge tree: the bytes of a word, and what the list of merges makes of them")
def merges(s, z, text=WORD, steps=STEPS, ids=IDS):
    """Signs of bytes at the bottom, a merge a row, tokens with their ids on top.

    ``steps`` has the merges in the order in which they are made, each as its left
    symbol, its right symbol and its rank; ``ids`` has an id for each token.
    """
    longest = max((extent(f"{rank:,}", SMALL, True) for *_, rank in steps), default=0)
    label = max(46 if s.wide else 40, longest + 14)
    x0, pitch = s.edge + label, (s.width - 2 * s.edge - label) / len(text)
    pitch = min(pitch, 52)
    w = min(pitch - 4, 26)

    def symbol(cx, cy, word, kind="line", tint=0.16):
        half = max(w, extent(word, SMALL, True) + (8 if s.wide else 5)) / 2
        shape = Shape(cx - half, cy - SLAB / 2, 2 * half, SLAB)
        s.text(cx, cy, word, SMALL, mono=True)
        return s.rect(shape, kind, 1, tint, radius=3)

    def join(child, node):
        """A line from a symbol to the one that it becomes a part of."""
        if node.x < child.cx < node.right_x:
            s.wire(child.top(), node.bottom(child.cx), head=False)
        else:
            side = node.left() if child.cx < node.cx else node.right()
            s.wire(child.top(), (child.cx, node.cy), side, head=False)

    row = [
        (sign, symbol(x0 + pitch * (i + 0.5), 0, sign, tint=0.05))
        for i, sign in enumerate(text)
    ]
    s.note(s.edge, 0, "bytes")
    for i, (left, right, rank) in enumerate(steps, 1):
        y, out = -STEP * i - 6, []
        for word, shape in row:
            if out and (out[-1][0], word) == (left, right):
                before = out.pop()[1]
                node = symbol((before.cx + shape.cx) / 2, y, left + right)
                join(before, node)
                join(shape, node)
                word, shape = left + right, node
            out.append((word, shape))
        if len(out) == len(row):
            raise ValueError(f"step {i} merges {left!r} and {right!r}, not neighbours")
        row = out
        s.text(s.edge + label - 12, y, f"{rank:,}", SMALL, "end", mono=True)
    y = -STEP * (len(steps) + 1) - 26
    s.note(s.edge, y + 27, "rank")
    for i, (word, shape) in enumerate(row):
        token = symbol(shape.cx, y, word, "lit", 0.2)
        s.wire(shape.top(), token.bottom())
        if ids:
            s.text(shape.cx, y - 20, str(ids[i]), SMALL, mono=True)
    s.note(s.edge, y, "tokens")
    if ids:
        s.note(s.edge, y - 20, "ids")
    listed = "; ".join(f"{a} and {b}, rank {rank:,}" for a, b, rank in steps)
    named = zip([word for word, _ in row], ids or [None] * len(row), strict=True)
    tokens = ", ".join(
        word if i is None else f"{word} with id {i}" for word, i in named
    )
    return f"""From the bottom up: the {len(text)} bytes of the word as signs,
    {" ".join(text)}. Each row above joins two neighbours, always those whose pair has
    the lowest rank: {listed}. No pair is left that may be merged. The {len(row)} tokens
    on top: {tokens}."""
