"""Checks of the exercises in the chapter on the head and the loss."""

import math

import torch
import torch.nn.functional as F

from . import Check, normal

check_mean_loss = Check(
    round(2 * math.log(2), 2),
    mistakes={
        "that is the loss of the mean probability; the loss is a mean of logarithms.": (
            round(-math.log((1 / 2 + 1 / 4 + 1 / 8) / 3), 2)
        ),
        "that is the sum over the three; the loss is their mean.": round(
            6 * math.log(2), 2
        ),
        "that is with the logarithm to base 2; torch takes the natural one.": 2.0,
        "round at the end only: 0.69 is short of the logarithm of 2.": 1.38,
    },
)


def masked_loss(logits, ids, targets_mask):
    losses = F.cross_entropy(
        logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none"
    )
    return losses[targets_mask.bool()].mean()


def mean_of_rows(logits, ids, mask):
    rows = [masked_loss(*(x[i : i + 1] for x in (logits, ids, mask))) for i in (0, 1)]
    return sum(rows) / 2


def a_padded_batch():
    ids = torch.tensor([[3, 1, 4, 0, 0], [1, 5, 2, 6, 3]])
    return [(normal(2, 5, 7), ids, (ids != 0).long())]


check_masked_loss = Check(
    lambda logits, ids, mask: masked_loss(logits, ids, mask[:, 1:]),
    cases=a_padded_batch,
    mistakes={
        "padding is among the targets.": lambda logits, ids, mask: masked_loss(
            logits, ids, torch.ones_like(mask[:, 1:])
        ),
        "a real token may be followed by padding: the target decides, so shift the "
        "mask as you shift the ids.": lambda logits, ids, mask: masked_loss(
            logits, ids, mask[:, :-1]
        ),
        "each row's mean counts alike there; each target should.": (
            lambda logits, ids, mask: mean_of_rows(logits, ids, mask[:, 1:])
        ),
        "the shift is missing: the targets are the tokens that were just read.": (
            lambda logits, ids, mask: F.cross_entropy(
                logits[mask.bool()], ids[mask.bool()]
            )
        ),
    },
)


def mean_of_means(x, weight, targets, size):
    pairs = zip(x.split(size), targets.split(size), strict=True)
    return torch.stack([F.cross_entropy(y @ weight.T, t) for y, t in pairs]).mean()


def a_long_text():
    targets = torch.tensor([0, 3, 6, 2, 2, 5, 1, 4, 0, 6])
    return [
        (normal(10, 4), normal(7, 4, seed=1), targets, 3),
        (normal(10, 4, seed=2), normal(7, 4, seed=3), targets, 5),
    ]


check_chunked_loss = Check(
    lambda x, weight, targets, size: F.cross_entropy(x @ weight.T, targets),
    cases=a_long_text,
    mistakes={
        "the mean of the chunks' means: the short last chunk counts too much.": (
            mean_of_means
        ),
        "that is the sum over all positions.": lambda x, weight, targets, size: (
            F.cross_entropy(x @ weight.T, targets, reduction="sum")
        ),
        "the short last chunk is left out.": lambda x, weight, targets, size: (
            F.cross_entropy(
                x[: len(x) // size * size] @ weight.T,
                targets[: len(x) // size * size],
            )
        ),
    },
)
