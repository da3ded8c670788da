"""Checks of the exercises in the chapter on numbers."""

import torch

from . import Check, normal

check_301 = Check(
    torch.tensor(301.0).bfloat16().item(),
    mistakes={
        "between 256 and 512 bf16 has even numbers only.": 301.0,
        "a tie goes to the neighbour with the even last bit, not always up.": 302.0,
        "a step is 2 there: 256 times 1/128. Yours is wider.": 304.0,
    },
)


def cut(x):
    return (x.view(torch.int32) & ~0xFFFF).view(torch.float32)


def half_up(x):
    return ((x.view(torch.int32) + 0x8000) & ~0xFFFF).view(torch.float32)


check_to_bf16 = Check(
    lambda x: x.bfloat16().float(),
    cases=lambda: [
        (torch.tensor([1.0, 3.14159265, -257.0, 257.0, 259.0, 0.1]),),
        (normal(1000),),
    ],
    mistakes={
        "the last 16 bits are cut off; a cast rounds to the nearest.": cut,
        "ties always go away from zero; they go to the even neighbour.": half_up,
        "the numbers are as they were.": lambda x: x,
    },
)


def gaps(logits, k):
    best = logits.topk(k + 1).values
    return best[:, :-1] - best[:, 1:]


check_safe = Check(
    lambda logits, k, delta: gaps(logits, k)[:, -1] >= 2 * delta,
    cases=lambda: [
        (
            torch.tensor(
                [
                    [5.0, 4.0, 0.0, 0.0],
                    [5.0, 3.0, 2.5, 0.0],
                    [4.0, 0.0, 5.0, 3.0],
                    [3.0, 0.0, 5.0, 4.5],
                ]
            ),
            2,
            0.75,
        ),
        (normal(50, 20), 1, 0.2),
        (normal(50, 20, seed=1), 5, 0.1),
    ],
    mistakes={
        "the last inside falls and the first outside rises: both move.": (
            lambda logits, k, delta: gaps(logits, k)[:, -1] >= delta
        ),
        "only the set counts: inside it the best and the second may change places.": (
            lambda logits, k, delta: gaps(logits, 1)[:, 0] >= 2 * delta
        ),
        "only the set counts, not the order inside it.": (
            lambda logits, k, delta: (gaps(logits, k) >= 2 * delta).all(-1)
        ),
        "each moves by less than `delta`, so at exactly twice that none can pass.": (
            lambda logits, k, delta: gaps(logits, k)[:, -1] > 2 * delta
        ),
        "that is true where the set may change.": (
            lambda logits, k, delta: gaps(logits, k)[:, -1] < 2 * delta
        ),
    },
)


def uniform(count):
    return torch.rand(count, generator=torch.Generator().manual_seed(5)).bfloat16()


def one_by_one(x):
    total = x[0] * 0
    for value in x:
        total = total + value
    return total


def wrong_sign(x):
    total, lost = x[0] * 0, x[0] * 0
    for value in x:
        y = value + lost
        t = total + y
        total, lost = t, (t - total) - y
    return total


check_careful_sum = Check(
    lambda x: x.sum(),
    cases=lambda: [(uniform(1000),), (torch.ones(1000).bfloat16(),)],
    mistakes={
        "small numbers vanish beside the large total.": one_by_one,
        "what was lost has the other sign.": wrong_sign,
    },
)
