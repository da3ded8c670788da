"""What a chapter's first cell does: style, random seed, and where we are."""

import torch

from . import drawings, figures


def chapter(name: str) -> drawings.Drawing:
    """Set a chapter up and return its head: the map of the model, and its lines.

    Raises:
        ValueError: there is no chapter ``name``.
    """
    head = drawings.where(name)
    torch.manual_seed(0)
    figures.plt.rcParams.update(figures.STYLE)
    return head
