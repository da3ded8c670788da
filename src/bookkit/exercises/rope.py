"""Checks of the exercises in the chapter on the rotary embedding."""

import math

import torch

from bookkit.reference import qwen3_config
from minqwen3.model import Qwen3RotaryEmbedding, rotate_half

from . import Check, normal

check_quarter_turns = Check(
    [1.0, 0.0, -1.0, 0.0],
    mistakes={
        "only the query was turned; a key is turned too, by its position.": [0.0] * 4,
        "after a half turn an arrow points the other way; its product with itself is "
        "not what it was.": [1.0, 0.0, 1.0, 0.0],
        "the score does not fall in a straight line: it is the gap's cosine.": [
            1.0,
            0.5,
            0.0,
            -0.5,
        ],
    },
)

check_middle_wavelength = Check(
    float(round(2 * math.pi * 1_000_000 ** (2 * 32 / 128))),
    mistakes={
        "a full turn has 2 pi radians, and one position turns by the speed.": 1000.0,
        "the exponent is twice the pair's number, over 128.": float(
            round(2 * math.pi * 1_000_000 ** (32 / 128))
        ),
        "that is the wavelength at theta = 10,000.": float(round(2 * math.pi * 100)),
    },
)


def turn(head, by):
    speeds = Qwen3RotaryEmbedding(qwen3_config()).inv_freq.double()
    angles = by * torch.cat((speeds, speeds))
    return head * angles.cos() + rotate_half(head) * angles.sin()


check_moved = Check(
    lambda turned, old, new: turn(turned, new - old),
    cases=[(normal(128).double(), 12, 5), (normal(128, seed=1).double(), 3, 40)],
    mistakes={
        "the head was turned by `old` before; a turn by `new` comes on top of it.": (
            lambda turned, old, new: turn(turned, new)
        ),
        "right angle, wrong direction.": lambda turned, old, new: turn(
            turned, old - new
        ),
        "that is the head at position 0; it still has to go to `new`.": (
            lambda turned, old, new: turn(turned, -old)
        ),
    },
)


def to_halves(weight, heads):
    blocks = weight.chunk(heads)
    return torch.cat([torch.cat((block[0::2], block[1::2])) for block in blocks])


check_to_halves = Check(
    to_halves,
    cases=[(normal(16, 3), 2), (normal(256, 8, seed=1), 2)],
    mistakes={
        "that is the way back, from halves to neighbours.": lambda weight, heads: (
            weight.view(heads, 2, -1, weight.shape[1]).transpose(1, 2).flatten(0, 2)
        ),
        "even rows of all heads first; each head must keep its rows.": (
            lambda weight, heads: to_halves(weight, 1)
        ),
        "the pairs and the two numbers of a pair change places, inside each head; you "
        "exchanged the heads with the pairs.": lambda weight, heads: (
            weight.view(heads, -1, 2, weight.shape[1]).transpose(0, 1).flatten(0, 2)
        ),
        "the pairs and the two numbers of a pair change places, inside each head; you "
        "exchanged the heads with the two numbers.": lambda weight, heads: (
            weight.view(heads, -1, 2, weight.shape[1]).transpose(0, 2).flatten(0, 2)
        ),
        "nothing has moved: the rows are in their old order.": (
            lambda weight, heads: weight
        ),
        "each half is in order, but the two halves are exchanged.": (
            lambda weight, heads: to_halves(
                weight.view(-1, 2, weight.shape[1]).flip(1).flatten(0, 1), heads
            )
        ),
    },
)
