"""Checks of the exercises in the chapter on QK-norm."""

import math

import torch

from . import Check, normal

check_largest_score = Check(
    48.0,
    mistakes={
        "the gains were left out.": 8.0,
        "the lengths were left out.": 6.0,
        "the multiplication by `H**-0.5` is still to come.": 384.0,
    },
)


def weight_against(others):
    """One key at the highest score, the others at a score that depends on H."""
    return lambda S, H: 1 / (1 + (S - 1) * math.exp(others(H) - H**0.5))


check_largest_weight = Check(
    weight_against(lambda H: -(H**0.5)),
    cases=[(10, 4), (1000, 16), (40960, 128)],
    mistakes={
        "the others were given a score of zero; they can have less.": (
            weight_against(lambda H: 0.0)
        ),
        "the multiplication by `H**-0.5` is still to come.": lambda S, H: (
            1 / (1 + (S - 1) * math.exp(-2 * H))
        ),
        "the key itself is one of the S.": lambda S, H: (
            1 / (1 + S * math.exp(-2 * H**0.5))
        ),
    },
)


def commuting(gain):
    return gain.view(2, -1).mean(0).repeat(2)


check_commuting = Check(
    commuting,
    cases=lambda: [(torch.tensor([1.0, 2.0, 3.0, 4.0]),), (normal(128),)],
    mistakes={
        "neighbours were paired; the rotation pairs other numbers.": lambda gain: (
            gain.view(-1, 2).mean(1).repeat_interleave(2)
        ),
        "all numbers were made equal; that commutes, but a nearer gain does too.": (
            lambda gain: gain.mean().expand(len(gain))
        ),
        "the first half was copied; that commutes, but a nearer gain does too.": (
            lambda gain: gain.view(2, -1)[0].repeat(2)
        ),
    },
)
