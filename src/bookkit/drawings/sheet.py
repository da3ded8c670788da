"""The grammar of the drawings: a sheet, a few shapes, and a check of what was drawn.

A sheet writes SVG with presentation attributes alone: no style element, no style
attribute, no class, no marker. GitHub strips those from a notebook's output.
"""

import math
from itertools import pairwise

from .shapes import (
    BORDER,
    BOX,
    HEAD,
    INLINE,
    LINE,
    LIT,
    MARGIN,
    MONO,
    NAME,
    NODE,
    PAPER,
    SANS,
    SLAB,
    SMALL,
    STREAM,
    TINT,
    WIDE,
    Shape,
    extent,
    meets,
    rounded,
    tag,
    trace,
)  # fmt: skip


class Sheet:
    """Collects what is drawn, in four layers: frames, lines, shapes, text.

    Boxes and tensors are given by their centre; the height of the sheet follows from
    what was drawn. Names in ``lit`` light the shapes that bear them.
    """

    def __init__(self, width: int, lit=(), inline=False):
        self.width, self.wide, self.inline = width, width == WIDE, inline
        self.lit = {lit} if isinstance(lit, str) else set(lit)
        self.edge = MARGIN if self.wide else MARGIN / 2  # where a drawing may begin
        self.layers = {"frame": [], "line": [], "shape": [], "text": []}
        self.shapes, self.frames, self.texts, self.wires = [], [], [], []
        self.ports, self.keys, self.named = [], set(), []

    def put(self, layer: str, name: str, text=None, **attributes):
        self.layers[layer].append(tag(name, text, **attributes))

    def path(self, *parts, layer="line", **attributes):
        """A path from letters and coordinates."""
        self.put(layer, "path", d=trace(*parts), **attributes)

    def is_lit(self, key) -> bool:
        self.keys.add(key)
        return key in self.lit

    # Text

    def text(self, x, y, text, size=NAME, anchor="middle", mono=False, bold=False,
             soft=False):  # fmt: skip
        """A line of text, its middle at height y; returns how wide it may get."""
        w = extent(text, size, mono, bold)
        x0 = {"middle": x - w / 2, "start": x, "end": x - w}[anchor]
        self.texts.append((x0, y - 0.42 * size, x0 + w, y + 0.42 * size, text))
        self.put(
            "text", "text", text, x=x, y=y + 0.36 * size,
            font_size=None if size == NAME else size,
            font_family=MONO if mono else None,
            font_weight="bold" if bold else None,
            text_anchor=None if anchor == "middle" else anchor,
            fill_opacity=0.78 if soft else None,
        )  # fmt: skip
        return w

    def note(self, x, y, *lines, anchor="start", soft=True, **style):
        """Small lines of text, the first one's middle at height y."""
        for i, line in enumerate(lines):
            self.text(x, y + LINE * i, line, SMALL, anchor, soft=soft, **style)

    def title(self, x, y, text):
        """What a part of a drawing is called."""
        self.text(x, y, text, NAME, "start", bold=True)

    # Shapes

    def rect(self, shape, colour="line", border=BORDER, tint=TINT, radius=0, dash=None,
             layer="shape", known=True):  # fmt: skip
        """Any rectangle. A known one may not be crossed by text, and ends arrows."""
        self.put(
            layer, "rect", x=shape.x, y=shape.y, width=shape.w, height=shape.h,
            rx=radius or None, fill=f"@{colour}" if tint else "none",
            fill_opacity=tint or None, stroke=f"@{colour}" if border else None,
            stroke_width=border or None, stroke_dasharray=dash,
        )  # fmt: skip
        if known:
            self.shapes.append(shape)
        return shape

    def keep(self, x, y, w, h):
        """A place that text may not cross and where arrows may end: a drawn grid."""
        shape = Shape(x, y, w, h)
        self.shapes.append(shape)
        return shape

    def box(self, cx, cy, w, name, count=None, kind="line", printed=True, key=None):
        """A module, named as it prints; or, with ``printed=False``, a function.

        A count of parameters stands small at the right. ``key`` lights the box.
        """
        shape = Shape(cx - w / 2, cy - BOX / 2, w, BOX)
        lit = self.is_lit(key or name)
        self.rect(
            shape, "lit" if lit else kind, LIT if lit else BORDER,
            tint=TINT if printed or lit else 0, radius=4,
            dash=None if printed else "4 3",
        )  # fmt: skip
        needed, start = extent(name, NAME, printed) + 12, shape.x + 9
        if kind == "line" and name == "self_attn":  # three bars: queries, keys, values
            for i, colour in enumerate("qkv"):
                bar = Shape(start + 5 * i, cy - 6, 3, 12)
                self.rect(bar, colour, border=0, tint=1, known=False)
            start += 21
        if count is None:
            self.text(cx, cy, name, mono=printed)
        else:
            self.text(start, cy, name, mono=printed, anchor="start")
            if count:
                self.text(shape.right_x - 9, cy, count, SMALL, "end", soft=True)
            needed += start - shape.x + 5 + extent(count, SMALL)
        if needed > w:
            raise ValueError(f"{name!r} needs a box of {needed:.0f}, not {w}")
        return shape

    def slab(self, cx, cy, w, text, kind="stream", key=None):
        """A tensor: square corners, no border, a bar of its colour at the left."""
        if extent(text, SMALL, True) > w - 9:
            raise ValueError(f"{text!r} does not fit a slab of {w}")
        shape = Shape(cx - w / 2, cy - SLAB / 2, w, SLAB)
        self.text(cx + 1.5, cy, text, SMALL, mono=True)
        return self.block(shape, "lit" if key and self.is_lit(key) else kind)

    def block(self, shape, kind="stream"):
        """A tensor of any size, without words."""
        self.rect(shape, kind, border=0, tint=0.22)
        bar = Shape(shape.x, shape.y, 3, shape.h)
        self.rect(bar, kind, border=0, tint=1, known=False)
        return shape

    def node(self, cx, cy, sign, kind="line"):
        """An elementwise operation: a circle with + or × in it."""
        shape = Shape(cx - NODE, cy - NODE, 2 * NODE, 2 * NODE)
        self.shapes.append(shape)
        stroke = dict(fill="none", stroke_width=BORDER)
        self.put("shape", "circle", cx=cx, cy=cy, r=NODE, stroke=f"@{kind}", **stroke)
        if sign == "+":
            strokes = "M", cx - 4.5, cy, "h", 9, "M", cx, cy - 4.5, "v", 9
        else:
            a = 3.4
            strokes = "M", cx - a, cy - a, "l", 2 * a, 2 * a
            strokes += "M", cx - a, cy + a, "l", 2 * a, -2 * a
        self.path(*strokes, layer="shape", stroke="@ink", **stroke)
        return shape

    def frame(self, x, y, w, h, label="", key=None, note="", indent=10):
        """What holds other shapes: a thin border, a label in its upper left corner."""
        shape = Shape(x, y, w, h)
        lit = key is not None and self.is_lit(key)
        colour, border = ("lit", LIT) if lit else ("line", 1)
        self.rect(shape, colour, border, 0, 6, layer="frame", known=False)
        self.frames.append(shape)
        if label:
            self.text(x + indent, y + 14, label, SMALL, "start", mono=True)
        if note:
            self.text(x + w - 10, y + 14, note, SMALL, "end", soft=True)
        return shape

    def cell(self, x, y, w, h, colour="line", tint=TINT, border=0.75, text="",
             mono=False, dash=None):  # fmt: skip
        """One cell of a grid, given by its upper left corner."""
        shape = Shape(x, y, w, h)
        self.rect(shape, colour, border, tint, dash=dash, known=False)
        if text:
            self.text(shape.cx, shape.cy, text, SMALL, mono=mono)
        return shape

    def swatch(self, x, y, colour, words, tint=0.5, dash=None):
        """An entry of a legend; returns where it ends."""
        self.rect(Shape(x, y - 6, 12, 12), colour, 1, tint, dash=dash)
        return x + 18 + self.text(x + 18, y, words, SMALL, "start")

    # Shapes of a map: small, and given by their left end

    def chip(self, x, cy, text, kind="line", printed=True, key=None, tensor=False,
             w=None):  # fmt: skip
        """A box or a tensor for a map: as high as a slab, in small type."""
        w = w or extent(text, SMALL, printed or tensor) + (11 if self.wide else 8)
        shape = Shape(x, cy - SLAB / 2, w, SLAB)
        lit = self.is_lit(key or text)
        self.named.append((key or text, shape))
        if tensor:
            self.block(shape, "lit" if lit else kind)
        else:
            self.rect(
                shape, "lit" if lit else kind, LIT - 0.5 if lit else 1,
                tint=TINT if printed or lit else 0, radius=3,
                dash=None if printed else "3 2.5",
            )  # fmt: skip
        if text:
            self.text(shape.cx, cy, text, SMALL, mono=printed or tensor, bold=lit)
        return shape

    def tower(self, x, y0, y1, *names):
        """A function over several lanes of a map, from y0 to y1; its names are keys."""
        w = max(extent(name, SMALL) for name in names) + (11 if self.wide else 8)
        shape = Shape(x, y0 - SLAB / 2, w, y1 - y0 + SLAB)
        lit = [name for name in names if self.is_lit(name)]
        colour, border, tint = ("lit", LIT - 0.5, TINT) if lit else ("line", 1, 0)
        self.rect(shape, colour, border, tint, 3, "3 2.5")
        y, part = shape.cy - 8 * (len(names) - 1), shape.h / len(names)
        for i, name in enumerate(names):
            self.text(shape.cx, y + 16 * i, name, SMALL, bold=name in lit)
            self.named.append((name, Shape(x, shape.y + part * i, w, part)))
        return shape

    def zoom(self, shape, frame):
        """Thin lines from a shape to the frame that shows its inside."""
        for a, b in ((shape.x, frame.x), (shape.right_x, frame.right_x)):
            self.path("M", a, shape.bottom_y, "L", b, frame.y, stroke_width=0.75,
                      stroke_dasharray="2 2")  # fmt: skip

    # Lines

    def wire(self, *points, colour="line", width=BORDER, head=True, free=False):
        """A line from border to border, corners rounded, a head at its end."""
        self.wires.append((points, free))
        if head:
            (x0, y0), (x1, y1) = points[-2:]
            length = math.hypot(x1 - x0, y1 - y0)
            along = (x1 - x0) / length, (y1 - y0) / length
            size = HEAD + (width - BORDER) * 1.6
            points = (*points[:-1], self.head((x1, y1), along, colour, size))
        self.put(
            "line", "path", d=rounded(points),
            stroke=None if colour == "line" else f"@{colour}",
            stroke_width=None if width == BORDER else width,
        )  # fmt: skip

    def head(self, tip, along, colour="line", size=HEAD):
        """An arrow's head, its tip on a border; returns where its line ends."""
        (x, y), (ux, uy), half = tip, along, size / 2
        bx, by = x - ux * size, y - uy * size
        corners = [
            "L",
            bx - uy * half,
            by + ux * half,
            "L",
            bx + uy * half,
            by - ux * half,
        ]
        self.path("M", x, y, *corners, "Z", fill=f"@{colour}", stroke="none")
        return bx + ux, by + uy

    def stream(self, *points, **options):
        """The residual stream: the one thick line."""
        self.wire(*points, colour="stream", width=STREAM, **options)

    def fork(self, x, y, colour="line"):
        """Where a wire leaves another: a dot."""
        self.put("line", "circle", cx=x, cy=y, r=3.5, fill=f"@{colour}", stroke="none")
        self.ports.append((x, y))
        return (x, y)

    def curve(self, start, end, colour="line", width=1.25, head=False, upright=False):
        """A line that leaves and arrives level (or upright): what belongs together."""
        if head:
            along = (0, math.copysign(1, end[1] - start[1])) if upright else (1, 0)
            end = self.head(end, along, colour, 6)
        (x0, y0), (x1, y1) = start, end
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        bend = (x0, y, x1, y) if upright else (x, y0, x, y1)
        self.path(
            "M", x0, y0, "C", *bend, x1, y1, stroke=f"@{colour}", stroke_width=width
        )

    def leader(self, *points):
        """A thin line from words to what they are about."""
        self.put("line", "path", d=rounded(points), stroke_width=0.75)

    def brace(self, x, y0, y1, side=1):
        """A curly brace from y0 to y1; returns its tip, at the right (or left, -1)."""
        a, r, middle = 3 * side, min(6, (y1 - y0) / 4), (y0 + y1) / 2
        upper = "M", x, y0, "q", a, 0, a, r, "V", middle - r, "q", 0, r, a, r
        lower = "q", -a, 0, -a, r, "V", y1 - r, "q", 0, r, -a, r
        self.path(*upper, *lower, stroke_width=1)
        return (x + 2 * a, middle)

    def bracket(self, x0, x1, y, side=1):
        """A flat bracket from x0 to x1, below what it holds (1) or above it (-1)."""
        self.path(
            "M", x0, y - 5 * side, "V", y, "H", x1, "V", y - 5 * side, stroke_width=1
        )

    # The whole

    def bounds(self) -> tuple[float, float]:
        """The upper and the lower end of what was drawn."""
        spans = [(s.y, s.bottom_y) for s in self.shapes + self.frames]
        spans += [(y0, y1) for _, y0, _, y1, _ in self.texts]
        spans += [(y, y) for points, _ in self.wires for _, y in points]
        return min(y for y, _ in spans), max(y for _, y in spans)

    def faults(self):
        """Where words meet words or lines, or leave the sheet, or an arrow floats."""
        if self.lit - self.keys:
            yield f"no such shape: {', '.join(sorted(self.lit - self.keys))}"
        for i, (x0, y0, x1, y1, text) in enumerate(self.texts):
            if x0 < 0 or x1 > self.width:
                yield f"{text!r} leaves the sheet, {x0:.0f} to {x1:.0f}"
            for a0, b0, a1, b1, other in self.texts[:i]:
                if x0 < a1 and a0 < x1 and y0 < b1 and b0 < y1:
                    yield f"{text!r} lies on {other!r}"
            for s in self.shapes + self.frames:
                if s.cuts(x0, y0, x1, y1):
                    yield f"{text!r} crosses a border at {s.x:.0f}, {s.y:.0f}"
            for points, _ in self.wires:
                for a, b in pairwise(points):
                    if meets(*a, *b, x0, y0, x1, y1):
                        yield f"{text!r} lies on a line at {a[0]:.0f}, {a[1]:.0f}"
        for points, free in self.wires:
            for x, y in () if free else (points[0], points[-1]):
                if not self.ends_at(x, y):
                    yield f"a line ends in the air at {x:.1f}, {y:.1f}"

    def ends_at(self, x, y) -> bool:
        """May a line end here: on a border, or where it forks off another?"""
        if any(math.hypot(x - a, y - b) < 0.1 for a, b in self.ports):
            return True
        return any(s.has_on_border(x, y) for s in self.shapes + self.frames)

    def check(self):
        faults = list(self.faults())
        if faults:
            raise ValueError("\n".join(faults))

    def links(self, target):
        """Links over the shapes that have a name, for a pointer: the page names them
        elsewhere for whoever uses keys."""
        for key, shape in self.named:
            if address := target(key):
                place = tag(
                    "rect", x=shape.x, y=shape.y - 2, width=shape.w,
                    height=shape.h + 4, rx=3, fill_opacity=0,
                )  # fmt: skip
                yield tag(
                    "a", "", href=address, tabindex="-1", aria_hidden="true"
                ).replace("></a>", f">{place}</a>")

    def svg(self, name: str, title: str, desc: str, call: str, inline=False,
            target=None) -> str:  # fmt: skip
        """The drawing as text: on white paper, or for a page's own colours."""
        self.check()
        top, bottom = self.bounds()
        top, height = top - MARGIN, bottom - top + 2 * MARGIN
        # An image has no links inside: a drawing with links is an image beside them.
        image = dict(role="img", aria_labelledby=f"{name}-title {name}-desc")
        root = tag(
            "svg", "", xmlns="http://www.w3.org/2000/svg", id=name,
            **({} if target else image), width=self.width,
            height=height, viewBox=trace(0, top, self.width, height),
            font_family=SANS, stroke_linejoin="round", data_drawing=call,
        ).removesuffix("</svg>")  # fmt: skip
        out = [root]
        if target:
            out += [tag("g", "", **image).removesuffix("</g>")]
        out += [tag("title", title, id=f"{name}-title")]
        out += [tag("desc", desc, id=f"{name}-desc")]
        if not inline:
            out.append(
                tag("rect", y=top, width=self.width, height=height, fill="@paper")
            )
        styles = {
            "line": dict(fill="none", stroke="@line", stroke_width=BORDER),
            "text": dict(fill="@ink", font_size=NAME, text_anchor="middle"),
        }
        for layer, elements in self.layers.items():
            if elements:
                group = tag("g", "", **styles.get(layer, {})).removesuffix("</g>")
                out += [group, *elements, "</g>"]
        if target:
            out += ["</g>", *self.links(target)]
        text = "\n".join([*out, "</svg>"])
        for key, value in (INLINE if inline else PAPER).items():
            text = text.replace(f'"@{key}"', f'"{value}"')
        return text
