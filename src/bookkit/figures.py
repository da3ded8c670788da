"""One palette, one size, one font: the figures' colours keep their meaning.

A figure is stored as a picture on white, for every place that shows notebooks. Beside
it, where no such place looks, stand two drawings of it for the site: wide and narrow,
in the page's own colours (``_ext/plots.py`` puts them into the page).
"""

import io
import logging
import math
import textwrap
import warnings
from itertools import pairwise

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

import matplotlib.figure  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402
from matplotlib.ticker import AutoLocator, MaxNLocator  # noqa: E402
from matplotlib.transforms import blended_transform_factory  # noqa: E402

from .compact_svg import compact  # noqa: E402

# Okabe and Ito's colours, which stay apart for every kind of colour vision.
COLOR = {
    "q": "#0072B2",
    "k": "#E69F00",
    "v": "#009E73",
    "mlp": "#CC79A7",
    "highlight": "#D55E00",
    "stream": "#666666",
}

STYLE = {
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.prop_cycle": plt.cycler(color=list(COLOR.values())),
    "image.cmap": "cividis",
    "image.interpolation": "none",
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "savefig.bbox": None,
}
INK = {"light": "#fdfdfd", "dark": "#111111"}  # of words on a ground of any page
WIDE, NARROW = 7.2, 3.6  # inches


class Figure(matplotlib.figure.Figure):
    """A figure that also draws itself for the site.

    Args:
        narrow: (rows, columns, inches of a row) of the axes where a page is narrow;
            None for the axes in one column, or two where more than three stand in a
            row.
    """

    def __init__(self, *args, narrow=None, **options):
        super().__init__(*args, **options)
        self.narrow = narrow

    def _repr_mimebundle_(self, include=None, exclude=None):
        """The drawings as metadata of the picture, which matplotlib itself makes."""
        return {}, {"image/png": {"svg": drawings(self)}}


def axes(rows: int = 1, columns: int = 1, height: float = 2.8, narrow=None, **options):
    """A figure 7.2 inches wide with ``rows`` x ``columns`` axes; returns the axes.

    ``narrow``: rows, columns and inches of a row on a phone, see ``Figure``.
    """
    size = WIDE, height * rows
    figure, ax = plt.subplots(
        rows, columns, figsize=size, FigureClass=Figure, narrow=narrow, **options
    )
    return ax


def heatmap(ax, matrix, x: str = "", y: str = "", shade: str = "", **options):
    """Draw a matrix with row 0 on top and a bar that says what a shade stands for."""
    image = ax.imshow(matrix, aspect="auto", **options)
    ax.figure.colorbar(image, ax=ax, shrink=0.85, label=shade)
    ax.set(xlabel=x, ylabel=y)
    return image


def key(ax, names: dict[str, str], **options):
    """A legend of the palette's colours: ``key(ax, {"q": "queries", "k": "keys"})``."""
    patches = [Patch(color=COLOR[color], label=name) for color, name in names.items()]
    return ax.legend(handles=patches, **options)


def ink(ground) -> str:
    """The colour in which words can be read on a colour, on light and dark pages.

    White on the palette's dark colours is the paper's: where the page is dark, they
    are light, and the words dark.
    """
    linear = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in to_rgb(ground)
    )
    luminance = sum(
        c * w for c, w in zip(linear, (0.2126, 0.7152, 0.0722), strict=True)
    )
    if luminance > 0.18:
        return INK["dark"]
    return "white" if ground in COLOR.values() else INK["light"]


# ------------------------------------------------------------------- for the site


def drawings(figure) -> dict[str, str]:
    """The figure as two SVGs, wide and narrow; the figure itself stays as it was."""
    wide = svg(figure)
    with narrowed(figure):
        return {"wide": wide, "narrow": svg(figure)}


def svg(figure) -> str:
    out = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "reading-qwen3"}):
        figure.savefig(out, format="svg", metadata=nothing, transparent=True)
    return compact(out.getvalue().decode())


class narrowed:
    """``with narrowed(figure):`` the figure as a phone shows it.

    Its axes are dealt out again, legends stand above them, and words that the edge
    would cut are broken into lines.
    """

    def __init__(self, figure):
        self.figure, self.undo = figure, []

    def set(self, thing, name: str, value) -> None:
        """Change a property; its old value comes back at the end."""
        change, old = getattr(thing, f"set_{name}"), getattr(thing, f"get_{name}")()
        change(value)
        self.undo.append(lambda: change(old))

    def __enter__(self):
        # A legend that does not fit yet leaves no room for axes; what is drawn in
        # the end has to.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "constrained_layout not applied")
            self.fit()

    def fit(self) -> None:
        figure = self.figure
        panels = [ax for ax in figure.axes if ax.get_subplotspec() is not None]
        panels = [ax for ax in panels if not hasattr(ax, "_colorbar_info")]
        for axis in [axis for ax in panels for axis in (ax.xaxis, ax.yaxis)]:
            self.keep_whole(axis)
        grid = panels[0].get_gridspec()
        rows, columns, row = figure.narrow or usual(grid, figure.get_figheight())
        self.set(figure, "size_inches", (NARROW, rows * row))
        if (rows, columns) != grid.get_geometry():
            self.arrange(panels, rows, columns)
        for ax in panels:
            self.turn(ax)
        above = sum(self.raise_legend(ax) for ax in panels)
        figure.set_figheight(rows * row + above / figure.dpi)
        figure.draw_without_rendering()
        for ax in figure.axes:
            for text in (ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label):
                self.wrap(text)

    def __exit__(self, *error):
        for back in reversed(self.undo):
            back()

    def keep_whole(self, axis) -> None:
        """An axis of whole numbers has no ticks between them."""
        automatic = isinstance(axis.get_major_locator(), AutoLocator)
        if automatic and all(
            float(place).is_integer() for place in axis.get_ticklocs()
        ):
            whole = MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True)
            self.set(axis, "major_locator", whole)

    def arrange(self, panels, rows: int, columns: int) -> None:
        """Deal the axes out row by row; words stand at the left and at the foot."""
        places = self.figure.add_gridspec(rows, columns)
        order = sorted(panels, key=lambda ax: ax.get_subplotspec().num1)
        for i, ax in enumerate(order):
            self.set(ax, "subplotspec", places[i])
            at_left, at_foot = i % columns == 0, i + columns >= len(order)
            if at_left and not ax.get_ylabel():
                self.set(ax, "ylabel", order[0].get_ylabel())
            for axis, shared, side, here in (
                (ax.yaxis, ax.get_shared_y_axes(), "labelleft", at_left),
                (ax.xaxis, ax.get_shared_x_axes(), "labelbottom", at_foot),
            ):
                if len(shared.get_siblings(ax)) == len(order) > 1:
                    old = axis.get_tick_params().get(side, True)
                    axis.set_tick_params(**{side: here})
                    self.undo.append(
                        lambda a=axis, s=side, o=old: a.set_tick_params(**{s: o})
                    )

    def turn(self, ax) -> None:
        """Slant the words at the foot of the axes if they would touch."""
        self.figure.draw_without_rendering()
        labels = [label for label in ax.get_xticklabels() if label.get_text().strip()]
        boxes = sorted(
            (label.get_window_extent() for label in labels), key=lambda b: b.x0
        )
        upright = all(label.get_rotation() == 0 for label in labels)
        if upright and any(a.x1 + 4 > b.x0 for a, b in pairwise(boxes)):
            for label in labels:
                self.set(label, "rotation", 40)
                self.set(label, "rotation_mode", "anchor")
                self.set(label, "horizontalalignment", "right")

    def raise_legend(self, ax) -> float:
        """Put the legend of the axes above them; the height that it takes, in dots."""
        old = ax.get_legend()
        if old is None:
            return 0
        labels = [text.get_text() for text in old.get_texts()]
        title = ax._left_title.get_window_extent()
        foot = 1 + (1.4 * title.height if title.width > 1 else 0) / ax.bbox.height
        place = dict(loc="lower left", bbox_to_anchor=(0, foot), borderaxespad=0.2)
        if ax.get_subplotspec().is_first_col():  # from the figure's own left edge
            place["bbox_transform"] = blended_transform_factory(
                self.figure.transFigure, ax.transAxes
            )
        for columns in range(len(labels), 0, -1):
            new = ax.legend(old.legend_handles, labels, ncols=columns, **place)
            self.figure.draw_without_rendering()
            box = new.get_window_extent()
            if box.x1 <= self.figure.bbox.x1:
                break
        self.undo.append(lambda: setattr(ax, "legend_", old))
        return box.height

    def wrap(self, text) -> None:
        """Break a title or a label that the figure cuts into lines that fit."""
        words, box, whole = text.get_text(), text.get_window_extent(), self.figure.bbox
        if not words or "\n" in words or "$" in words:
            return
        if text.get_rotation() == 90:
            size, middle, room = box.height, (box.y0 + box.y1) / 2, whole.height
        else:
            size, middle, room = box.width, (box.x0 + box.x1) / 2, whole.width
        if text.get_horizontalalignment() == "left":
            room -= box.x0
        else:
            room = 2 * min(middle, room - middle)
        if size > room - 4:
            letters = max(8, int(len(words) * (room - 4) / size))
            self.set(text, "text", "\n".join(textwrap.wrap(words, letters)))


def usual(grid, height: float) -> tuple[int, int, float]:
    """Rows, columns and a row's inches where a page is narrow."""
    rows, columns = grid.get_geometry()
    side_by_side = 1 if columns < 4 else 2
    return math.ceil(rows * columns / side_by_side), side_by_side, height / rows
