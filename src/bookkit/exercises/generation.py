"""Checks of the exercises in the chapter on generation."""

import torch

from minqwen3.generate import filter_logits

from . import Check, normal

check_ratio = Check(
    4**2,
    mistakes={
        "the difference of the logits doubles, not the ratio.": 4 * 2,
        "that is temperature 2, which takes roots.": 2,
        "the ratio cannot stay: the logits are divided by 0.5.": 4,
    },
)

check_drawn = Check(
    lambda p, u: int((p.cumsum(-1) <= u).sum()),
    cases=lambda: [
        (torch.tensor([0.125, 0.5, 0.25, 0.125]), 0.9),
        (torch.tensor([0.5, 0.25, 0.125, 0.125]), 0.5),
        (torch.tensor([0.5, 0.25, 0.125, 0.125]), 0.0),
        (normal(50).softmax(-1), 0.6),
    ],
    mistakes={
        "it stops one token too early.": lambda p, u: (
            int((p.cumsum(-1) <= u).sum()) - 1
        ),
        "it looks for a probability above u, not a running sum.": lambda p, u: int(
            (p > u).int().argmax()
        ),
        "it takes the likeliest, whatever u is.": lambda p, u: int(p.argmax()),
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
