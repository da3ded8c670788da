"""Exercises: what a chapter's ``check_…`` functions are made of.

Each chapter's checks stand in a module of its name, away from the text, so that the
answer is not on the page before the reader has given one.
"""

import copy
import warnings

import torch

NEAR = 1e-3  # of a number that a reader works out: 11.93 is as good as 11.931


def number(value) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def plain(value):
    """Tensors and tuples as lists, all the way down; NumPy's numbers as Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(map(plain, value)) if isinstance(value, list | tuple) else value


def same(yours, expected, near: float = 1e-4) -> bool:
    """Equal, or close where both are numbers. A list, a tuple and a tensor of the same
    numbers are the same; a tensor of another shape is not."""
    if isinstance(expected, torch.Tensor):
        yours = as_tensor(yours)
        if yours is None or yours.shape != expected.shape:
            return False
        return bool(close(yours, expected, near).all())
    if isinstance(expected, float):
        yours = plain(yours)
        return number(yours) and abs(yours - expected) <= near * max(
            1e-2, abs(expected)
        )
    if isinstance(expected, list | tuple):
        yours, expected = plain(yours), list(expected)
        return (
            isinstance(yours, list)
            and len(yours) == len(expected)
            and all(same(y, e, near) for y, e in zip(yours, expected, strict=True))
        )
    if number(expected):
        return number(plain(yours)) and plain(yours) == expected
    return type(yours) is type(expected) and yours == expected


def as_tensor(value) -> torch.Tensor | None:
    """A tensor, or a list or a number as one; None where that cannot be."""
    try:
        return value if isinstance(value, torch.Tensor) else torch.tensor(plain(value))
    except (TypeError, ValueError, RuntimeError):
        return None


def close(yours: torch.Tensor, expected: torch.Tensor, near: float) -> torch.Tensor:
    yours, expected = yours.double(), expected.double()
    return torch.isclose(yours, expected, rtol=near, atol=1e-6, equal_nan=True)


def alike(yours, expected) -> bool:
    """Of one kind: numbers, things that hold numbers in a row, or one type."""
    kinds = (float, int), (list, tuple, torch.Tensor)
    return isinstance(yours, type(expected)) or any(
        isinstance(yours, kind) and isinstance(expected, kind) for kind in kinds
    )


def apart(yours, expected) -> str:
    """What an answer is instead of what was expected."""
    both = as_tensor(yours), as_tensor(expected)
    if not isinstance(expected, torch.Tensor) or both[0] is None:
        return f"expected {describe(expected)}, got {describe(yours)}"
    yours, expected = both
    shapes = tuple(expected.shape), tuple(yours.shape)
    if shapes[0] != shapes[1]:
        return "expected a tensor of shape {}, got one of {}".format(*shapes)
    wrong = ~close(yours, expected, 1e-4)
    at = tuple(wrong.nonzero()[0].tolist())
    where = f"at {list(at)} " if at else ""
    return (
        f"{int(wrong.sum())} of {wrong.numel()} entries differ; the first, {where}"
        f"expected {expected[at].item():.4g}, got {yours[at].item():.4g}"
    )


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
                self.likely(answer, case, cases)
                return False
        print(f"Correct, {len(cases)} of {len(cases)}.")
        return True

    def check_value(self, answer) -> bool:
        if same(answer, self.expected, NEAR):
            print("Correct.")
            return True
        print(f"Not yet: it is not {describe(answer)}.")
        if not alike(answer, self.expected):
            print(f"The answer is of type {type(self.expected).__name__}.")
        for sentence, wrong in self.mistakes.items():
            if same(answer, wrong, NEAR):
                print(f"Likely: {sentence}")
                break
        return False

    def likely(self, answer, case: tuple, cases: list[tuple]) -> None:
        """Name one mistake: the first that the answer agrees with in every case, or
        else the first with which it agrees in this one."""

        yours, error = outcome(answer, case)
        if error is None and (yours is None or yours is ...):
            return  # nothing to explain
        given = [(each, *outcome(answer, each)) for each in cases]

        def agrees(wrong, case, yours, error) -> bool:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a mistake that is tried may warn
                theirs, raised = outcome(wrong, case)
            return type(error) is type(raised) and same(yours, theirs)

        here = [
            (sentence, wrong)
            for sentence, wrong in self.mistakes.items()
            if agrees(wrong, case, yours, error)
        ]
        always = (s for s, wrong in here if all(agrees(wrong, *each) for each in given))
        if here:
            print(f"Likely: {next(always, here[0][0])}")

    def check_case(self, answer, case: tuple) -> bool:
        yours, error = outcome(answer, case)
        right, wanted = outcome(self.expected, case)
        given = f"for {', '.join(map(describe, case))}" if case else "without arguments"
        if error is not None:
            if type(error) is type(wanted):
                return True
            print(f"Not yet: {given} it raised {type(error).__name__}: {error}")
            return False
        if yours is None or yours is ...:
            print("Not answered yet.")
            return False
        if wanted is not None:
            print(f"Not yet: {given} expected a {type(wanted).__name__},", end=" ")
            print(f"got {describe(yours)}.")
        elif same(yours, right):
            return True
        else:
            print(f"Not yet: {given} {apart(yours, right)}.")
            if not alike(yours, right):
                names = type(right).__name__, type(yours).__name__
                print("A value of type {} was expected, not {}.".format(*names))
        return False


def outcome(function, case: tuple) -> tuple:
    """What a function returns for a copy of the case, and what it raises instead."""
    try:
        return function(*copy.deepcopy(case)), None
    except Exception as error:  # the reader's code may fail in any way
        return None, error
