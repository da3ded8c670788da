"""Floating-point numbers: their bits, and where a layer rounds."""

import struct

from .core import drawing
from .shapes import SMALL, extent

FORMATS = {"fp32": (8, 23), "bf16": (8, 7), "fp16": (5, 10)}  # exponent, fraction


def rounded_to(value: float, exponent: int, fraction: int) -> tuple[str, float]:
    """The bits of the nearest number of a format, ties to even, and the number.

    Raises:
        ValueError: the number has no ordinary form there: zero, too small, too large.
    """
    (whole,) = struct.unpack(">Q", struct.pack(">d", value))
    cut, bias = 52 - fraction, 2 ** (exponent - 1) - 1
    half, odd = 1 << (cut - 1), whole >> cut & 1
    whole = (whole + half - 1 + odd) >> cut  # a carry raises the exponent, as it should
    stored = (whole >> fraction & 2047) - 1023 + bias
    if not 0 < stored < 2**exponent - 1:
        raise ValueError(f"{value} is no normal number with {exponent} exponent bits")
    sign, rest = whole >> (fraction + 11), whole & ((1 << fraction) - 1)
    number = (-1) ** sign * (1 + rest / 2**fraction) * 2.0 ** (stored - bias)
    return f"{sign}{stored:0{exponent}b}{rest:0{fraction}b}", number


@drawing("One number in three formats, bit by bit")
def formats(s, z, value=3.14159):
    """Sign, exponent and fraction to scale; the fractions begin at one line."""
    longest = max(FORMATS.values())
    c, h, label = (20, 24, 52) if s.wide else (10.4, 22, 0)
    x0 = (s.width - c * (1 + sum(longest)) - label) / 2 + label
    border, step, listed = x0 + c * (1 + longest[0]), 66 if s.wide else 78, []
    for row, (name, (exponent, fraction)) in enumerate(FORMATS.items()):
        y = step * row
        bits, number = rounded_to(value, exponent, fraction)
        left = border - c * (1 + exponent)
        for i, bit in enumerate(bits):
            look = ("lit", 0.3) if 0 < i <= exponent else ("stream", 0.22)
            look = ("line", 0) if i == 0 else look
            s.cell(left + c * i, y, c, h, *look, 0.75, bit, mono=True)
        s.keep(left, y, c * len(bits), h)
        if s.wide:
            s.text(x0 - label, y + h / 2, name, anchor="start", mono=True, bold=True)
        else:
            s.text(x0, y - 14, name, anchor="start", mono=True, bold=True)
        words = f"{exponent} bits" + (" of exponent" if s.wide else "")
        s.note(border - 4, y + h + 13, words, anchor="end")
        s.note(border + 4, y + h + 13, f"{fraction} of fraction: {number:.7g}")
        listed.append(
            f"{name} {bits[0]} {bits[1 : 1 + exponent]} {bits[1 + exponent :]}"
        )
    y = step * len(FORMATS) + (6 if s.wide else 0)
    x = s.swatch(x0 - label, y, "line", "sign", 0) + 14
    x = s.swatch(x, y, "lit", "exponent: how large", 0.3) + 14
    place = (x, y) if s.wide else (x0, y + 22)
    s.swatch(*place, "stream", "fraction: how exactly", 0.22)
    return f"""The bits of {value:g}: sign, exponent, fraction. {"; ".join(listed)}. The
    exponent is as long in bf16 as in fp32 and shorter in fp16; of the fraction bf16
    keeps the first {FORMATS["bf16"][1]} bits, fp16 {FORMATS["fp16"][1]}."""


# The way of a query through attention, and the MLP: a name, its lane, its roundings.
# In the lane "up" it is fp32; what leaves it is rounded by the cast down.
ATTENTION = [
    ("x", "", 0), ("norm", "up", 1), ("gain", "", 1), ("q_proj", "", 1),
    ("norm", "up", 1), ("gain", "", 1), ("RoPE", "", 3), ("q·k", "", 1),
    ("scale", "", 1), ("softmax", "up", 1), ("·v", "", 1), ("o_proj", "", 1),
    ("+", "", 1),
]  # fmt: skip
MLP = [
    ("norm", "up", 1), ("gain", "", 1), ("gate, up", "", 2), ("SiLU", "", 1),
    ("×", "", 1), ("down_proj", "", 1), ("+", "", 1),
]  # fmt: skip


@drawing("Up to fp32 and down again: where a bf16 layer rounds")
def rounding(s, z):
    """Two lanes, fp32 above bf16; a dot where a result is rounded to bf16."""
    if s.wide:
        parts = [ATTENTION, MLP]
    else:
        way = ATTENTION + MLP
        parts = [way[:6], way[6:11], way[11:16], way[16:]]
    gap, label, lanes = (15, 40, 46) if s.wide else (12, 34, 44)
    total, y, listed = 0, 0, ATTENTION + MLP
    for row in parts:
        x, low, high = s.edge + label, y + lanes, y
        s.text(s.edge, high, "fp32", SMALL, "start", soft=True)
        s.text(s.edge, low, "bf16", SMALL, "start", soft=True)
        s.leader((s.edge, y + lanes / 2), (s.width - s.edge, y + lanes / 2))
        before, was = None, ""
        for name, lane, count in row:
            level = high if lane else low
            if name in ("+", "×"):
                shape = s.node(x + 9, level, name, "stream" if name == "+" else "line")
            else:
                shape = s.chip(
                    x, level, name, "stream" if name == "x" else "line",
                    printed=name.endswith("_proj"), tensor=name == "x", key=f"{name} ",
                    w=extent(name, SMALL, name.endswith("_proj")) + 9,
                )  # fmt: skip
            if before:
                if lane == was:
                    s.wire(before.right(), shape.left())
                else:
                    end = shape.bottom() if lane else shape.top()
                    s.wire(before.right(), (shape.cx, before.cy), end)
            if count:
                s.put("text", "circle", cx=shape.right_x, cy=shape.cy, r=3.5,
                      fill="@lit")  # fmt: skip
                total += count
            if count > 1:
                s.note(shape.cx, level + 18, f"{count} times", anchor="middle")
            before, was, x = shape, lane, shape.right_x + gap
        y += lanes + (66 if any(count > 1 for *_, count in row) else 52)
    y -= 14
    s.put("text", "circle", cx=s.edge + 6, cy=y, r=3.5, fill="@lit")
    w = s.text(s.edge + 16, y, "the result is rounded to bf16", SMALL, "start")
    words = f"{total} roundings for a query and its MLP"
    at = (s.edge + 16 + w + 24, y) if s.wide else (s.edge, y + 20)
    s.note(*at, words)
    names = [name for name, lane, _ in listed if lane]
    return f"""One position's way through a layer in two lanes, fp32 above and bf16
    below. From x in bf16 it goes up for {len(names)} steps, {", ".join(names)}, and
    each time down again with a rounding. All else stays below and rounds every
    result: gains, matrices, RoPE three times, scores, scale, weighted values, SiLU,
    the product, both additions. {total} roundings in all, keys and values not
    counted. At the end stands the sum in the residual stream."""
