"""The file of weights: its three parts, a tensor's place in it, and what fills it."""

import json
from itertools import groupby
from math import prod

from .core import Sizes, drawing
from .shapes import BOX, LINE, SMALL, Shape, extent

LOOKS = {  # a part of the model: its colour and tint in the strip
    "embedding": ("stream", 0.75),
    "MLP": ("mlp", 0.75),
    "keys": ("k", 0.75),
    "o_proj": ("stream", 0.3),
    "queries": ("q", 0.75),
    "values": ("v", 0.75),
}
PARTS = {"q_proj": "queries", "k_proj": "keys", "v_proj": "values", "o_proj": "o_proj"}


def part_of(name: str) -> str | None:
    """What a tensor belongs to; None for a norm, too thin to see."""
    module = name.split(".")[-2]
    if module in ("embed_tokens", "lm_head"):
        return "embedding"
    return "MLP" if ".mlp." in name else PARTS.get(module)


def as_saved(z: Sizes) -> list[tuple]:
    """A checkpoint's tensors as saved: name, dtype, shape, begin, end."""
    shapes = {"model.embed_tokens.weight": [z.V, z.D], "model.norm.weight": [z.D]}
    if not z.tied:
        shapes["lm_head.weight"] = [z.V, z.D]
    for i in range(z.L):
        for name, sizes in z.shapes.items():
            inside = "mlp" if name in ("gate_proj", "up_proj", "down_proj") else ""
            path = f"model.layers.{i}.{inside or 'self_attn'}.{name}.weight"
            shapes[path] = list(sizes)
        for name in ("self_attn.q_norm", "self_attn.k_norm"):
            shapes[f"model.layers.{i}.{name}.weight"] = [z.H]
        for name in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"model.layers.{i}.{name}.weight"] = [z.D]
    out, begin = [], 0
    for name in sorted(shapes):
        end = begin + prod(shapes[name]) * z.bits // 8
        out.append((name, {16: "BF16", 32: "F32"}[z.bits], shapes[name], begin, end))
        begin = end
    return out


def header_bytes(tensors) -> int:
    """How long safetensors' header is for these tensors, filled up to eights."""
    header = {"__metadata__": {"format": "pt"}}
    for name, dtype, shape, begin, end in tensors:
        entry = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
        header[name] = entry
    return -(-len(json.dumps(header, separators=(",", ":"))) // 8) * 8


def shortened(text: str, width: float, mono=False) -> str:
    """The end of a text that is too wide, after an ellipsis."""
    if extent(text, SMALL, mono) <= width:
        return text
    while extent("…" + text, SMALL, mono) > width:
        text = text[1:]
    return "…" + text


def strip(s, y, label, tensors):
    """A file's tensors from the first byte to the last, to scale."""
    x0, across, total, h = s.edge, s.width - 2 * s.edge, tensors[-1][-1], 20
    s.text(x0, y, label, SMALL, "start")
    s.text(s.width - s.edge, y, f"{total:,} bytes", SMALL, "end", soft=True)
    for part, group in groupby(tensors, lambda tensor: part_of(tensor[0])):
        group = list(group)
        if part:
            a, b = (end / total * across for end in (group[0][3], group[-1][4]))
            colour, tint = LOOKS[part]
            s.rect(Shape(x0 + a, y + 11, b - a, h), colour, 0, tint, known=False)
    return s.keep(x0, y + 11, across, h)


@drawing("A safetensors file, from its first byte to its last")
def weights_file(s, z, length=None, tensors=None):
    """The layout with offsets, one tensor found by them, and the data to scale.

    ``length`` is the header's, ``tensors`` its entries in the file's order: name,
    dtype, shape, begin, end. Without them, the checkpoint of the config.
    """
    given, full = tensors, as_saved(z)
    tensors = tensors or full
    length = length or header_bytes(tensors)
    data, few, x = 8 + length, tensors[:3], s.edge
    x, w, right = (104, 190, 318) if s.wide else (98, 94, 206)
    room = s.width - s.edge - right

    # The column: three parts, of which the third is the tensors'
    entry, tall = 34, 34 * len(few) + 26
    blocks = [("length", BOX, "line", 0), ("header", tall, "line", 8)]
    blocks += [(t[0], BOX, None, data + t[3]) for t in few]
    rest = len(tensors) - len(few) - 1
    if rest > 0:
        blocks += [("…", BOX, None, data + few[-1][4])]
    if rest >= 0:
        blocks += [(tensors[-1][0], BOX, None, data + tensors[-1][3])]
    y, places = 0, []
    for name, h, colour, offset in blocks:
        place = s.keep(x, y, w, h)
        look = LOOKS.get(part_of(name) if "." in name else "", ("line", 0.08))
        lit = name == few[-1][0]
        s.rect(
            place, "lit" if lit else colour or look[0], 1.5 if lit else 0.75,
            0 if name == "…" else 0.16, dash="3 3" if name == "…" else None,
            known=False,
        )  # fmt: skip
        words = name.removesuffix(".weight").split(".")[-1] if "." in name else name
        words = {"length": "8 bytes: a length", "header": "header, JSON"}.get(
            name, f"{rest} more" if name == "…" else words
        )
        if not s.wide and name == "length":
            words = "8 bytes"
        s.text(
            place.cx, place.cy, shortened(words, w - 10, "." in name), SMALL,
            mono="." in name,
        )  # fmt: skip
        s.text(x - 8, y, f"{offset:,}", SMALL, "end")
        places.append(place)
        y += h
    s.text(x - 8, y, f"{data + tensors[-1][4]:,}", SMALL, "end")
    s.text(x - 8, -20, "byte", SMALL, "end", soft=True)

    # Beside it: the eight bytes, the header's first entries, and where one leads
    number = [length // 256**i % 256 for i in range(8)]
    if s.wide:
        for i, byte in enumerate(number):
            s.cell(right + 30 * i, 4, 30, 20, "line", 0.08, 0.75, str(byte), mono=True)
        s.note(right + 252, 14, f"= {length:,}, lowest first")
    else:
        s.note(right, 7, f"= {length:,}", "lowest byte first")
    for i, (name, dtype, shape, begin, end) in enumerate(few):
        line = places[1].y + 16 + entry * i
        words = name if s.wide else name.removesuffix(".weight").split(".")[-1]
        s.note(right, line, shortened(words, room - 14, True), mono=True, soft=False)
        words = f"{dtype} {shape} {[begin, end]}" if s.wide else f"from {begin}"
        s.note(right, line + LINE, words, mono=True)
        width = extent(words, SMALL, True)
        if i == len(few) - 1:
            target = places[2 + i]
            lane = s.width - s.edge
            start = (right + width + 6, line + LINE)
            turn = target.cy + 7
            s.wire(
                start, (lane, line + LINE), (lane, turn), target.right(turn),
                colour="lit", free=True,
            )  # fmt: skip
            sum_ = f"{data:,} + {begin:,}" + (f" = {data + begin:,}" if s.wide else "")
            s.note(target.right_x + 14, target.y + 7, sum_, soft=False)
    if len(tensors) > len(few):
        line = places[1].y + 16 + entry * len(few)
        s.note(right, line - 3, f"and {len(tensors) - len(few)} more entries")
    if rest > 0 and s.wide:
        s.note(right - 14, places[-2].cy + 8, "numbers alone, without gaps")

    # What fills it
    y += 44
    if given:
        strip(s, y, "this file", given)
        y += 50
    strip(s, y, "Qwen3, by its config", full)
    y, at = y + 56, s.edge
    for i, (name, (colour, tint)) in enumerate(LOOKS.items()):
        if not s.wide and i == 4:
            y, at = y + 20, s.edge
        at = s.swatch(at, y, colour, name, tint) + 14
    name, _, _, begin, _ = few[-1]
    listed = "; ".join(f"{t[0]} from {data + t[3]:,}" for t in few)
    return f"""The file as a column of bytes. Bytes 0 to 8 hold a length, {length:,}.
    From byte 8 the header, JSON text, says of each of {len(tensors)} tensors its
    dtype, shape, begin and end. From byte {data:,} the tensors follow without gaps:
    {listed}, up to byte {data + tensors[-1][4]:,}. An arrow leads from the entry of
    {name}, which begins at {begin:,}, to its place, {data:,} + {begin:,}. Below, the
    data to scale: the embedding first, then in each layer the MLP, keys, o_proj,
    queries and values."""
