"""Checks of the exercises in the chapter on long context."""

import math

import torch

from . import Check

check_two_ends = Check(
    [1.0, 1.0],
    mistakes={
        "that is theta at a million; count the turns.": [1.0, 4.0],
        "that is linear scaling, which slows every pair.": [4.0, 4.0],
        "the scores' factor is in it; it changes sizes, and no speed.": [
            round(0.1 * math.log(4) + 1, 3),
            round(0.1 * math.log(4) + 1, 3),
        ],
    },
)

check_theta = Check(
    lambda factor, theta, H: theta * factor ** (H / (H - 2)),
    cases=[(4.0, 1_000_000.0, 128), (2.0, 10_000.0, 64)],
    mistakes={
        "with theta times the factor, the slowest pair turns a little less than "
        "that much more slowly: its exponent is not one.": (
            lambda factor, theta, H: theta * factor
        ),
        "that theta makes the slowest pair faster.": (
            lambda factor, theta, H: theta / factor ** (H / (H - 2))
        ),
        "the exponent was used where its inverse belongs.": (
            lambda factor, theta, H: theta * factor ** ((H - 2) / H)
        ),
    },
)


def mixed(keep):
    """Speeds of which the share ``keep(turns)`` is kept, the rest slowed."""

    def speeds_of(speeds, length, factor):
        share = keep(speeds * length / (2 * math.pi))
        return share * speeds + (1 - share) * speeds / factor

    return speeds_of


def plain(theta, dim):
    return 1.0 / theta ** (torch.arange(0, dim, 2).float() / dim)


check_paper_speeds = Check(
    mixed(lambda turns: ((turns - 1) / 31).clamp(0, 1)),
    cases=[
        (plain(10_000.0, 16), 2048, 4.0),
        (plain(1_000_000.0, 128), 32768, 2.0),
    ],
    mistakes={
        "shares are the other way round: many turns, and the speed is kept.": mixed(
            lambda turns: 1 - ((turns - 1) / 31).clamp(0, 1)
        ),
        "without `clamp` the line goes on past both ends.": mixed(
            lambda turns: (turns - 1) / 31
        ),
        "the line starts at one turn and ends at 32, so it is 31 long.": mixed(
            lambda turns: ((turns - 1) / 32).clamp(0, 1)
        ),
        "a turn is 2 pi radians; that counts radians.": lambda speeds, length, factor: (
            mixed(lambda turns: ((turns - 1) / 31).clamp(0, 1))(
                speeds, 2 * math.pi * length, factor
            )
        ),
    },
)
