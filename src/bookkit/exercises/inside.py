"""Checks of the exercises in the chapter on the inside of a trained model."""

import torch

from . import Check, normal

check_results = Check(
    4 * 28 + 1,
    mistakes={
        "the last norm, after all layers, is a norm too.": 4 * 28,
        "q_norm and k_norm are norms as well.": 2 * 28 + 1,
        "the last norm of the five is there once, after all layers.": 5 * 28,
        "four of the five stand in each layer, not one.": 28 + 1,
        "that is once a head; a call normalises all heads of a layer.": (
            (2 + 16 + 8) * 28 + 1
        ),
    },
)


def how_far(w):
    position = torch.arange(w.shape[-1], dtype=w.dtype)
    return w.sum(-2).mul(-position).sum(-1).add(position.sum()) / w.shape[-2]


def some_weights():
    later = torch.ones(7, 7).triu(1).bool()
    scores = normal(2, 3, 7, 7).masked_fill(later, -torch.inf)
    return [(scores.softmax(-1),)]


check_distance = Check(
    how_far,
    cases=some_weights,
    mistakes={
        "the sign: a key stands before its query, q - k is what counts.": (
            lambda w: -how_far(w)
        ),
        "the mean goes over the queries; over the keys it is a sum.": (
            lambda w: how_far(w) / w.shape[-1]
        ),
        "one number for each head, not one for each query.": lambda w: (
            w * (torch.arange(7)[:, None] - torch.arange(7))
        ).sum(-1),
    },
)


def by_part(parts, gain, row):
    total = parts.sum(0)
    return (parts * torch.rsqrt(total.pow(2).mean() + 1e-6) * gain * row).sum(-1)


def with_own_size(parts, gain, row):
    scale = torch.rsqrt(parts.pow(2).mean(-1, keepdim=True) + 1e-6)
    return (parts * scale * gain * row).sum(-1)


check_shares = Check(
    by_part,
    cases=lambda: [(normal(2, 3), normal(3, seed=1), normal(3, seed=2))],
    mistakes={
        "every part was divided by its own RMS; the norm sees only their sum.": (
            with_own_size
        ),
        "the gain is missing.": lambda parts, gain, row: by_part(
            parts, torch.ones_like(gain), row
        ),
        "that is the norm's division left out.": lambda parts, gain, row: (
            parts * gain @ row
        ),
    },
)
