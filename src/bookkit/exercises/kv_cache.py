"""Checks of the exercises in the chapter on the KV cache."""

import copy

import torch

from minqwen3 import KVCache

from . import Check

check_positions = Check(
    10 + 49,
    mistakes={
        "the last token is chosen, and never run.": 10 + 50,
        "the prompt has to be computed too, once.": 50,
        "that is without a cache.": sum(range(10, 60)),
    },
)

check_inputs_kept = Check(
    28 * 1024 * 2,
    mistakes={
        "that is what keys and values take.": 114_688,
        "those are numbers; a bf16 number takes two bytes.": 28 * 1024,
        "that is one layer's.": 1024 * 2,
    },
)


def continued(fork):
    """Both caches after each has gone on by itself: what they hold, side by side."""

    def run(first, second, max_length):
        cache = KVCache(max_length)
        cache.update(0, first, first)
        cache.advance(first.shape[2])
        other = fork(cache)
        if not isinstance(other, KVCache):
            return other
        for each, new in ((other, second), (cache, -second)):
            each.update(0, new, new)
            each.advance(new.shape[2])
        return [each.layer(0)[0].flatten().tolist() for each in (cache, other)]

    return run


def new_dicts(cache):
    other = copy.copy(cache)
    other._keys, other._values = dict(cache._keys), dict(cache._values)
    return other


def growing(run):
    """``run`` where the cache has no maximum length, else nothing."""
    return lambda first, second, room: run(first, second, room) if not room else None


first, second = torch.tensor([[[[1.0], [2.0]]]]), torch.tensor([[[[3.0]]]])

a_fork = Check(
    continued(copy.deepcopy),
    cases=[(first, second, None), (first, second, 8)],
    mistakes={
        "it is the same cache under another name.": continued(lambda cache: cache),
        "the copy is new, and the dicts inside are shared.": growing(
            continued(copy.copy)
        ),
        "the dicts are new, the tensors are shared: a cache with a maximum length "
        "writes in place.": continued(new_dicts),
        "the copy is empty.": continued(lambda cache: KVCache(cache.max_length)),
    },
)


def check_fork(fork) -> bool:
    """Whether ``fork(cache)`` gives a cache that goes its own way."""
    return a_fork(continued(fork))


def right(logits, guess):
    return logits[:-1].argmax(-1) == guess


check_accepted = Check(
    lambda logits, guess: int(right(logits, guess).int().cumprod(0).sum()),
    cases=lambda: [
        (torch.eye(5)[[1, 2, 3, 4, 0]], torch.tensor([1, 0, 3, 4])),
        (torch.eye(5)[[1, 2, 3]], torch.tensor([1, 2])),
        (torch.eye(5)[[1, 2, 3]], torch.tensor([2, 2])),
    ],
    mistakes={
        "it counts right guesses behind a wrong one.": lambda logits, guess: int(
            right(logits, guess).sum()
        ),
        "row 0 predicts guess 0; the last row predicts the token after all guesses.": (
            lambda logits, guess: int((logits[1:].argmax(-1) == guess).sum())
        ),
        "it counts the token after the guesses too.": lambda logits, guess: (
            int(right(logits, guess).int().cumprod(0).sum()) + 1
        ),
    },
)
