"""Grade an exercise: the reader's answer against a reference, with a useful message."""

import torch


def same(yours, expected) -> bool:
    """Equal, or close where both are floating point; shapes must agree."""
    if isinstance(expected, torch.Tensor):
        if not isinstance(yours, torch.Tensor) or yours.shape != expected.shape:
            return False
        return torch.allclose(yours.double(), expected.double(), rtol=1e-4, atol=1e-6)
    if isinstance(expected, float):
        return isinstance(yours, float | int) and abs(yours - expected) <= 1e-6 * max(
            1.0, abs(expected)
        )
    return type(yours) is type(expected) and yours == expected


def describe(value) -> str:
    if isinstance(value, torch.Tensor):
        sizes = " x ".join(map(str, value.shape)) or "a scalar"
        return f"tensor ({sizes})" if value.numel() > 8 else str(value.tolist())
    return repr(value)


def grade(answer, expected, *inputs: tuple, hint: str = "") -> bool:
    """Print what is right or wrong about an answer; return whether it is right.

    Args:
        answer: the reader's value, or function of each input's values.
        expected: the right value, or a function that gives it.
        inputs: argument tuples to try a function on.
        hint: what to look at when the answer is wrong.
    """
    cases = inputs or ((),)
    for case in cases:
        try:
            yours = answer(*case) if callable(answer) else answer
        except Exception as error:  # the reader's code may fail in any way
            print(f"Not yet: your function raised {type(error).__name__}: {error}")
            return False
        if yours is None or yours is ...:
            print("Not answered yet.")
            return False
        right = expected(*case) if callable(expected) else expected
        if not same(yours, right):
            given = ", ".join(map(describe, case))
            where = f" for {given}" if case else ""
            print(f"Not yet: expected {describe(right)}{where}, got {describe(yours)}.")
            if hint:
                print(f"Hint: {hint}")
            return False
    print("Correct." if cases == ((),) else f"Correct, {len(cases)} of {len(cases)}.")
    return True
