"""Checks of the exercises in the chapter of questions."""

import torch

from . import Check, normal

check_loud = Check(
    "ad",
    mistakes={
        "16 heads of 64 make 1024 rows of `q_proj`; the file has 2048.": "d",
        "the file's gain has 128 numbers, for all heads; yours has 2048.": "a",
        "no parameter knows which numbers are a pair.": "abd",
        "copies in another order have the same shape, and are no parameter.": "acd",
        "where a product is rounded changes no shape.": "ade",
        "theta is a number in the config; no parameter holds it.": "adf",
    },
)


def circle(ids, times=3, order=lambda lengths: lengths):
    for n in order(range(1, len(ids) // times + 1)):
        if ids[-n * times :] == ids[-n:] * times:
            return n
    return 0


def anywhere(ids):
    return next((n for end in range(len(ids) + 1) if (n := circle(ids[:end]))), 0)


check_circle = Check(
    circle,
    cases=[
        ([5, 1, 2, 1, 2, 1, 2],),
        ([3, 4, 1, 2, 1, 2],),
        ([7, 8, 8, 8, 9],),
        ([6, 6, 6, 6, 6, 6],),
        ([1, 1, 2, 1, 1, 2, 1, 1, 2],),
    ],
    mistakes={
        "twice is not three times.": lambda ids: circle(ids, times=2),
        "a shorter phrase comes round as well.": lambda ids: circle(
            ids, order=lambda lengths: lengths[::-1]
        ),
        "the phrase must stand at the end.": anywhere,
        "the three may fill the whole list.": lambda ids: circle(ids[1:]),
    },
)


def first_difference(yours, right, atol):
    for (name, a), (_, b) in zip(yours, right, strict=True):
        if not torch.allclose(a, b, rtol=0, atol=atol):
            return name
    return ""


def first_far(yours, right, atol):
    for (name, a), (_, b) in zip(yours, right, strict=True):
        if (a - b).abs().max() > atol:
            return name
    return ""


def first_unequal(yours, right, atol):
    return first_difference(yours, right, 0)


def first_relative(yours, right, atol):
    for (name, a), (_, b) in zip(yours, right, strict=True):
        if not torch.allclose(a, b, atol=atol):
            return name
    return ""


def farthest(yours, right, atol):
    sizes = [(a - b).abs().max() for (_, a), (_, b) in zip(yours, right, strict=True)]
    largest = torch.stack(sizes).nan_to_num(torch.inf)
    return yours[largest.argmax()][0] if largest.max() > atol else ""


def runs():
    """Outputs of three modules, and the same with differences of several kinds."""
    right = [(name, 1e4 + normal(2, 3, seed=i)) for i, name in enumerate("abc")]

    def changed(*by):
        return [(n, x + torch.tensor(d)) for (n, x), d in zip(right, by, strict=True)]

    return [
        (changed(0.0, 0.05, 4.0), right, 0.01),
        (changed(0.002, 0.0, 0.0), right, 0.01),
        (changed(0.0, torch.nan, 4.0), right, 0.01),
        (changed(0.0, 4.0, 9.0), right, 0.01),
    ]


check_first_difference = Check(
    first_difference,
    cases=runs,
    mistakes={
        "the largest difference may be a consequence; the first is nearest to the "
        "cause.": farthest,
        "a difference below atol is rounding.": first_unequal,
        "allclose allows a share of the numbers too, rtol; set it to zero.": (
            first_relative
        ),
        "NaN > atol is false, so the NaN went unseen.": first_far,
    },
)
