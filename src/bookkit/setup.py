"""What a chapter's first cell does: style, random seed, and where we are."""

import torch

from . import drawings, figures
from .places import PAGES


def chapter(name: str) -> drawings.Drawing | None:
    """Set a chapter up and return its head: the map of the model, and its lines. A page
    of reference that runs is set up too, and has no head.

    Raises:
        ValueError: there is no chapter ``name``.
    """
    head = None if name in PAGES else drawings.where(name)
    torch.manual_seed(0)
    figures.plt.rcParams.update(figures.STYLE)
    return head
