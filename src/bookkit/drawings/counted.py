"""What a tensor is counted as: in memory once, in a table once for each name."""

import re

from .core import drawing, shape
from .shapes import NAME, SLAB, SMALL, Shape


@drawing("Counted by tensor, and counted by row")
def counted(s, z, layers=None, vocab=None):
    """Tensors at the left, torchinfo's rows at the right, a sum below each."""
    L, V = layers or z.L, vocab or z.V
    table, layer = V * z.D, z.count["layer"]
    each = range(1, L + 1) if L <= 4 else ()  # a row for each layer, or one for all
    step, lw, rw = (34, 196, 286) if s.wide else (34, 112, 184)
    x, right = s.edge, s.width - s.edge
    rx = right - rw

    rows = [("Embedding: 2-1", table)]
    if each:
        rows += [(f"Qwen3DecoderLayer: 3-{i}", layer) for i in each]
    else:
        rows += [(f"{L} × Qwen3DecoderLayer", L * layer)]
    rows += [("Qwen3RMSNorm: 2-3", z.D), ("Linear: 1-2", table)]
    ends = []
    for i, (name, size) in enumerate(rows):
        y, twice = step * i, size == table
        box = Shape(rx, y - SLAB / 2 - 2, rw, SLAB + 4)
        s.rect(box, "lit" if twice and z.tied else "line", 1, 0.1)
        if not s.wide:
            name = re.sub("Qwen3(Decoder|RMS)", "…", name)
        s.text(rx + 8, y, name, SMALL, "start", mono=True)
        s.text(right - 8, y, f"{size:,}", SMALL, "end")
        ends.append(box)

    def tensor(y, text, kind, *targets):
        block = s.block(Shape(x, y - SLAB / 2, lw, SLAB), kind)
        s.text(block.cx + 1, y, text, SMALL, mono=True)
        colour = "lit" if kind == "lit" else "line"
        for target in targets:
            s.curve(block.right(), target.left(), colour, 1.75, head=True)

    words = f"matrix {shape(V, z.D)}" if s.wide else shape(V, z.D)
    last, kind = len(rows) - 1, "lit" if z.tied else "stream"
    tensor(0, words, kind, *ends[:: last if z.tied else len(rows)])
    for i in range(1, last - 1):
        name = f"layer {i - 1}" if each else f"{L} layers"
        tensor(step * i, name, "stream", ends[i])
    tensor(step * (last - 1), f"norm {shape(z.D)}", "stream", ends[last - 1])
    if not z.tied:
        tensor(step * last, words, "stream", ends[last])

    memory = (1 if z.tied else 2) * table + L * layer + z.D
    printed = sum(size for _, size in rows)
    y = step * last + 26
    for start, end, total in ((x, x + lw, memory), (rx, right, printed)):
        s.leader((start, y), (end, y))
        s.text(end - 8, y + 16, f"{total:,}", NAME, "end", bold=True)
    s.title(x, -36, "Tensors, in memory")
    s.title(rx, -36, "Rows of the table" if s.wide else "Rows")
    more = f"+ {printed - memory:,}" if printed > memory else "equal"
    if s.wide:
        s.text((x + lw + rx) / 2, y + 16, more, SMALL)
    else:
        s.note(right - 8, y + 34, more, anchor="end")
    twice = f"""one matrix {shape(V, z.D)}, which has two rows, Embedding: 2-1 and
    Linear: 1-2, and is added twice"""
    return f"""Left, what is in memory: {twice if z.tied else "two matrices"};
    {L} layers of {layer:,}; a norm of {z.D:,}: together {memory:,} parameters. Right,
    the rows of torchinfo's table, which add up to {printed:,},
    {printed - memory:,} more."""
