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


def margins(logits):
    best = logits.topk(2).values
    return best[:, 0] - best[:, 1]


check_safe = Check(
    lambda logits, delta: margins(logits) >= 2 * delta,
    cases=lambda: [
        (torch.tensor([[5.0, 4.0, 0.0], [5.0, 3.0, 0.0], [5.0, 4.5, 5.0]]), 0.75),
        (normal(50, 20), 0.2),
    ],
    mistakes={
        "the best falls and the second rises: both move.": lambda logits, delta: (
            margins(logits) >= delta
        ),
        "that is true where the choice may change.": lambda logits, delta: (
            margins(logits) < 2 * delta
        ),
    },
)


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
    cases=lambda: [(torch.ones(1000).bfloat16(),)],
    mistakes={
        "small numbers vanish beside the large total.": one_by_one,
        "what was lost has the other sign.": wrong_sign,
    },
)
