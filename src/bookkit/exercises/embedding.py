"""Checks of the exercises in the chapter on the embedding."""

import math

import torch

from . import Check, normal


class About(Check):
    """Of a value that need not be exact: within ``room`` it is right.

    A number may be a tensor; that of a mistake is told within a tenth.
    """

    def __init__(self, expected: float, room: float, mistakes: dict):
        super().__init__(expected, mistakes=mistakes)
        self.room = room

    def check_value(self, answer) -> bool:
        if isinstance(answer, torch.Tensor) and answer.numel() == 1:
            answer = answer.item()
        if isinstance(answer, bool) or not isinstance(answer, float | int):
            return super().check_value(answer)
        if abs(answer - self.expected) <= self.room:
            print(f"Correct, near enough to {self.expected:.2f}.")
            return True
        print(f"Not yet: {answer:g} is more than {self.room:g} off.")
        for sentence, wrong in self.mistakes.items():
            if abs(answer - wrong) <= 0.1:
                print(f"Likely: {sentence}")
        return False


check_first_loss = About(
    math.log(151_936),
    room=0.3,
    mistakes={
        "that is the loss of the shrunk model.": math.log(1519),
        "the base of the logarithm is two; `cross_entropy` takes another.": (
            math.log2(151_936)
        ),
        "the base of the logarithm is ten; `cross_entropy` takes another.": (
            math.log10(151_936)
        ),
        "that is the probability; the loss is minus its logarithm.": 1 / 151_936,
    },
)


def table_gradient(ids, grad, rows):
    table = torch.zeros(rows, grad.shape[-1], requires_grad=True)
    table[ids].backward(grad)
    return table.grad


check_table_gradient = Check(
    table_gradient,
    cases=lambda: [
        (torch.tensor([1, 3, 1]), normal(3, 2), 5),
        (torch.tensor([0, 2, 2, 2]), normal(4, 3, seed=1), 3),
    ],
    mistakes={
        "a token that stands twice kept one gradient.": lambda ids, grad, rows: (
            torch.zeros(rows, grad.shape[-1]).index_copy(0, ids, grad)
        ),
        "ones were put in, not the gradients that arrive.": lambda ids, grad, rows: (
            table_gradient(ids, torch.ones_like(grad), rows)
        ),
        "the mean was taken over a token's places.": lambda ids, grad, rows: (
            table_gradient(ids, grad, rows)
            / ids.bincount(minlength=rows).clamp(min=1)[:, None]
        ),
    },
)


def tied_gradient(ids, grad_vectors, hidden, grad_logits):
    table = torch.zeros(grad_logits.shape[-1], hidden.shape[-1], requires_grad=True)
    ends, grads = (table[ids], hidden @ table.T), (grad_vectors, grad_logits)
    torch.autograd.backward(ends, grads)
    return table.grad


def two_ends(ids, V, D):
    T = len(ids)
    vectors, hidden = normal(T, D, seed=1), normal(T, D, seed=2)
    return torch.tensor(ids), vectors, hidden, normal(T, V, seed=3)


check_tied_gradient = Check(
    tied_gradient,
    cases=lambda: [two_ends([1, 4, 1], 6, 3), two_ends([0, 1, 2, 3], 4, 2)],
    mistakes={
        "that is the lookup's part alone.": lambda ids, vectors, hidden, logits: (
            table_gradient(ids, vectors, logits.shape[-1])
        ),
        "that is the head's part alone.": lambda ids, vectors, hidden, logits: (
            logits.T @ hidden
        ),
        "a token that stands twice kept one gradient.": (
            lambda ids, vectors, hidden, logits: (logits.T @ hidden).index_copy(
                0, ids, (logits.T @ hidden)[ids] + vectors
            )
        ),
    },
)
