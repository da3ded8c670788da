"""Exercises: what a chapter's ``check_…`` functions are made of.

Each chapter's checks stand in a module of its name, away from the text, so that the
answer is not on the page before the reader has given one.
"""

import copy

import torch


def same(yours, expected) -> bool:
    """Equal, or close where both are floating point; shapes must agree."""
    if isinstance(expected, torch.Tensor):
        if not isinstance(yours, torch.Tensor) or yours.shape != expected.shape:
            return False
        return torch.allclose(yours.double(), expected.double(), rtol=1e-4, atol=1e-6)
    if isinstance(expected, float | int) and not isinstance(expected, bool):
        number = isinstance(yours, float | int) and not isinstance(yours, bool)
        return number and abs(yours - expected) <= 1e-6 * max(1.0, abs(expected))
    if isinstance(expected, list | tuple):
        return (
            type(yours) is type(expected)
            and len(yours) == len(expected)
            and all(map(same, yours, expected))
        )
    return type(yours) is type(expected) and yours == expected


def alike(yours, expected) -> bool:
    """Of one type; whole numbers and others are one."""
    numbers = isinstance(yours, float | int) and isinstance(expected, float | int)
    return numbers or isinstance(yours, type(expected))


def describe(value) -> str:
    """A value in a few words, for a message."""
    if isinstance(value, torch.Tensor):
        sizes = " x ".join(map(str, value.shape)) or "a scalar"
        return f"tensor ({sizes})" if value.numel() > 8 else str(value.tolist())
    if isinstance(value, torch.nn.Module):
        return type(value).__name__
    words = repr(value)
    return words if len(words) <= 200 else f"{words[:200]} ..."


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    """Random numbers that leave the chapter's own random numbers as they are."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class Check:
    """Says whether an answer is right, and if not, what went wrong.

    Args:
        expected: the right value, or the right function.
        cases: argument tuples to try a function on, or a function that makes them
            when they are needed. Without cases the answer is a value. Where the right
            function raises, the reader's has to raise the same.
        mistakes: a sentence for each likely mistake, with the value or the function
            to which it leads. The sentence is printed when the answer agrees with it.
    """

    def __init__(self, expected, cases=None, mistakes: dict | None = None):
        self.expected, self.cases = expected, cases
        self.mistakes = mistakes or {}

    def __call__(self, answer) -> bool:
        """Print what is right or wrong about an answer; return whether it is right."""
        if answer is None or answer is ...:
            print("Not answered yet.")
            return False
        if self.cases is None:
            return self.check_value(answer)
        if not callable(answer):
            print(f"Not yet: a function was expected, got {describe(answer)}.")
            return False
        with torch.random.fork_rng(devices=[]):  # the chapter's random numbers stay
            return self.check_function(answer)

    def check_function(self, answer) -> bool:
        cases = self.cases() if callable(self.cases) else self.cases
        for case in cases:
            if not self.check_case(answer, case):
                return False
        print(f"Correct, {len(cases)} of {len(cases)}.")
        return True

    def check_value(self, answer) -> bool:
        if same(answer, self.expected):
            print("Correct.")
            return True
        print(f"Not yet: it is not {describe(answer)}.")
        if not alike(answer, self.expected):
            print(f"The answer is of type {type(self.expected).__name__}.")
        for sentence, wrong in self.mistakes.items():
            if same(answer, wrong):
                print(f"Likely: {sentence}")
        return False

    def check_case(self, answer, case: tuple) -> bool:
        yours, error = outcome(answer, case)
        right, wanted = outcome(self.expected, case)
        given = ", ".join(map(describe, case))
        if error is not None:
            if type(error) is type(wanted):
                return True
            print(f"Not yet: your function raised {type(error).__name__}: {error}")
            return False
        if yours is None or yours is ...:
            print("Not answered yet.")
            return False
        if wanted is not None:
            print(f"Not yet: for {given} expected a {type(wanted).__name__},", end=" ")
            print(f"got {describe(yours)}.")
        elif same(yours, right):
            return True
        else:
            print(f"Not yet: for {given} expected {describe(right)},", end=" ")
            print(f"got {describe(yours)}.")
            if not alike(yours, right):
                names = type(right).__name__, type(yours).__name__
                print("A value of type {} was expected, not {}.".format(*names))
        for sentence, wrong in self.mistakes.items():
            if same(yours, outcome(wrong, case)[0]):
                print(f"Likely: {sentence}")
        return False


def outcome(function, case: tuple) -> tuple:
    """What a function returns for a copy of the case, and what it raises instead."""
    try:
        return function(*copy.deepcopy(case)), None
    except Exception as error:  # the reader's code may fail in any way
        return None, error
