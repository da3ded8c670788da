"""Checks of the exercises in the chapter on generation."""

import torch

from minqwen3.generate import filter_logits

from . import Check, normal

check_ratio = Check(
    3,
    mistakes={
        "the ratio is not divided by T.": 4,
        "that gives the square root of 8.": 2,
    },
)


def drawn(p, u):
    return (p.cumsum(-1) <= u[:, None]).sum(-1)


check_drawn = Check(
    drawn,
    cases=lambda: [
        (
            torch.tensor([[0.125, 0.5, 0.25, 0.125], [0.5, 0.25, 0.125, 0.125]]),
            torch.tensor([0.9, 0.6]),
        ),
        (
            torch.tensor([[0.5, 0.25, 0.125, 0.125]]).expand(4, 4),
            torch.tensor([0.5, 0.0, 0.75, 0.999]),
        ),
        (normal(6, 50).softmax(-1), torch.linspace(0.05, 0.95, 6)),
    ],
    mistakes={
        "it stops one token too early.": lambda p, u: drawn(p, u) - 1,
        "it looks for a probability above u, not a running sum.": (
            lambda p, u: (p > u[:, None]).int().argmax(-1)
        ),
        "a number just at a border belongs to the token after it: at 0.5, with 0.5 "
        "the first probability, the answer is 1.": lambda p, u: (
            p.cumsum(-1) < u[:, None]
        ).sum(-1),
        "it takes the likeliest, whatever u is.": lambda p, u: p.argmax(-1),
        "all rows use the first row's number.": lambda p, u: drawn(
            p, u[:1].expand(len(u))
        ),
    },
)


def cut(logits, bar):
    return logits.masked_fill(logits < bar, -torch.inf)


check_min_p = Check(
    lambda logits, min_p: filter_logits(logits, min_p=min_p),
    cases=lambda: [(3 * normal(4, 50), 0.1), (normal(2, 20, seed=1), 0.5)],
    mistakes={
        "a fraction of a probability is not the same fraction of a logit.": (
            lambda logits, min_p: cut(logits, min_p * logits.amax(-1, keepdim=True))
        ),
        "the largest logit of the whole batch; each row has its own.": (
            lambda logits, min_p: cut(logits, logits.max() + torch.tensor(min_p).log())
        ),
        "nothing is cut.": lambda logits, min_p: logits,
    },
)


def penalised(logits, seen, change):
    out = logits.clone()
    out[0, seen[0]] = change(out[0, seen[0]])
    return out


def one_by_one(logits, seen, r):
    for i in seen[0]:
        logits = penalised(
            logits, i[None, None], lambda x: torch.where(x > 0, x / r, x * r)
        )
    return logits


check_penalised = Check(
    lambda logits, seen, r: penalised(
        logits, seen, lambda x: torch.where(x > 0, x / r, x * r)
    ),
    cases=lambda: [
        (torch.tensor([[2.0, -1.0, 3.0, -4.0, 1.0]]), torch.tensor([[2, 3, 2]]), 2.0),
        (normal(1, 60), torch.arange(0, 60, 3)[None], 1.3),
    ],
    mistakes={
        "divided, a negative logit comes nearer to zero: likelier.": (
            lambda logits, seen, r: penalised(logits, seen, lambda x: x / r)
        ),
        "a token that stands there twice is penalised twice.": one_by_one,
        "all tokens are penalised, not those seen.": lambda logits, seen, r: (
            torch.where(logits > 0, logits / r, logits * r)
        ),
    },
)
