"""One palette, one size, one font: the figures' colours keep their meaning."""

import logging

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

import matplotlib.pyplot as plt  # noqa: E402

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
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "savefig.bbox": None,
}


def axes(rows: int = 1, columns: int = 1, height: float = 2.8, **options):
    """A figure 7.2 inches wide with ``rows`` x ``columns`` axes; returns the axes."""
    figure, ax = plt.subplots(rows, columns, figsize=(7.2, height * rows), **options)
    return ax


def heatmap(ax, matrix, title: str = "", x: str = "", y: str = "", **options):
    """Draw a matrix with row 0 on top, cell edges crisp, and a colour bar."""
    image = ax.imshow(matrix, interpolation="nearest", aspect="auto", **options)
    ax.figure.colorbar(image, ax=ax, shrink=0.85)
    ax.set(title=title, xlabel=x, ylabel=y)
    return image
