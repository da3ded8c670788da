"""What drawings are made of: sizes, colours, text of SVG elements, rectangles."""

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

# One scale. A unit is a CSS pixel, in both layouts.
WIDE, NARROW = 720, 350
BOX, SLAB, NODE = 28, 20, 9  # heights of a box and of a tensor; a node's radius
GAP = 20  # from one shape to the next, room for an arrow
BORDER, STREAM, LIT = 1.5, 4, 3  # stroke widths
HEAD = 7  # length of an arrow's head; it is as wide as long
NAME, SMALL = 13, 11  # type sizes
LINE = 14  # from one small line of text to the next
MARGIN = 12
TINT = 0.16  # how much of its colour a shape is filled with
SANS = "Helvetica, Arial, sans-serif"
MONO = "Menlo, Consolas, monospace"

# The book's palette. On paper a colour is a literal. Inlined in a page it is a CSS
# variable, and the ink is the page's own; what stands here is then the fallback.
PAPER = {
    "ink": "#1f2328",
    "line": "#59636e",
    "paper": "#ffffff",
    "q": "#0072B2",
    "k": "#E69F00",
    "v": "#009E73",
    "mlp": "#CC79A7",
    "lit": "#D55E00",
    "stream": "#666666",
}
INLINE = {name: f"var(--draw-{name}, {value})" for name, value in PAPER.items()}
INLINE |= {"ink": "currentColor", "line": "var(--draw-line, #7d858d)"}


# Text of elements


def number(value) -> str:
    """A coordinate as text: two decimals at most, never -0."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def tag(name: str, text: str | None = None, **attributes) -> str:
    """An element; ``font_size=11`` becomes ``font-size="11"`` and None is left out."""
    out = [name]
    for key, value in attributes.items():
        if value is not None:
            value = value if isinstance(value, str) else number(value)
            out.append(f"{key.replace('_', '-')}={quoteattr(value)}")
    return f"<{' '.join(out)}" + ("/>" if text is None else f">{escape(text)}</{name}>")


def trace(*parts) -> str:
    """A path from letters and coordinates: ``trace("M", 0, 4.5, "h", 9)``."""
    words = [part if isinstance(part, str) else number(part) for part in parts]
    return " ".join(words)


def rounded(points, radius=6) -> str:
    """A path through points whose corners are round."""
    parts = ["M", *points[0]]
    for i in range(1, len(points) - 1):
        (ax, ay), (bx, by), (cx, cy) = points[i - 1 : i + 2]
        before, after = math.hypot(bx - ax, by - ay), math.hypot(cx - bx, cy - by)
        r = min(radius, before / 2, after / 2)
        if r > 0:
            parts += ["L", bx - (bx - ax) / before * r, by - (by - ay) / before * r]
            parts += [
                "Q",
                bx,
                by,
                bx + (cx - bx) / after * r,
                by + (cy - by) / after * r,
            ]
    return trace(*parts, "L", *points[-1])


def extent(text: str, size: float, mono=False, bold=False) -> float:
    """How wide a text gets in the widest of the common fonts (DejaVu, Verdana)."""
    if mono:
        return 0.602 * size * len(text)
    width = 0.0
    for c in text:
        if c in "fijlrtI.,:;'|!()[]/-· ":
            width += 0.4
        elif c in "mwMW%@—→←↑↓":
            width += 0.98
        else:
            width += 0.76 if c.isupper() else 0.62
    return width * size * (1.08 if bold else 1)


# Rectangles


@dataclass(frozen=True)
class Shape:
    """A rectangle on the sheet, with points on its border to draw to."""

    x: float
    y: float
    w: float
    h: float

    @property
    def cx(self):
        return self.x + self.w / 2

    @property
    def cy(self):
        return self.y + self.h / 2

    @property
    def right_x(self):
        return self.x + self.w

    @property
    def bottom_y(self):
        return self.y + self.h

    def top(self, x=None):
        return (self.cx if x is None else x, self.y)

    def bottom(self, x=None):
        return (self.cx if x is None else x, self.bottom_y)

    def left(self, y=None):
        return (self.x, self.cy if y is None else y)

    def right(self, y=None):
        return (self.right_x, self.cy if y is None else y)

    def has_on_border(self, x, y) -> bool:
        near_x = min(abs(x - self.x), abs(x - self.right_x)) < 0.1
        near_y = min(abs(y - self.y), abs(y - self.bottom_y)) < 0.1
        within_x = self.x - 0.1 < x < self.right_x + 0.1
        within_y = self.y - 0.1 < y < self.bottom_y + 0.1
        return within_x and within_y and (near_x or near_y)

    def cuts(self, x0, y0, x1, y1) -> bool:
        """Does the border pass through a rectangle?"""
        inside = self.x <= x0 and x1 <= self.right_x
        inside = inside and self.y <= y0 and y1 <= self.bottom_y
        apart = x1 <= self.x or self.right_x <= x0
        apart = apart or y1 <= self.y or self.bottom_y <= y0
        return not inside and not apart


def meets(ax, ay, bx, by, x0, y0, x1, y1) -> bool:
    """Does the segment from a to b pass through a rectangle?"""
    enter, leave = 0.0, 1.0
    for start, delta, low, high in ((ax, bx - ax, x0, x1), (ay, by - ay, y0, y1)):
        if delta == 0:
            if start <= low or start >= high:
                return False
        else:
            t0, t1 = sorted(((low - start) / delta, (high - start) / delta))
            enter, leave = max(enter, t0), min(leave, t1)
    return enter < leave
