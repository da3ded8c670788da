"""Checks of the exercises in the chapter on masks."""

import torch

from minqwen3.model import causal_mask

from . import Check, outcome


class MaskCheck(Check):
    """Draws a wrong mask as well, since its shape says nothing about it."""

    def check_case(self, answer, case: tuple) -> bool:
        if super().check_case(answer, case):
            return True
        (yours, _), wanted = outcome(answer, case), self.expected(*case)
        if isinstance(yours, torch.Tensor) and yours.shape == wanted.shape:
            wrong = yours.bool() != wanted
            print(f"Your mask, {wrong.sum()} of {wrong.numel()} entries wrong (!):")
            for row, marks in zip(yours.int().tolist(), wrong.tolist(), strict=True):
                print(
                    "".join(
                        f"{v:2}{'!' * m or ' '}"
                        for v, m in zip(row, marks, strict=True)
                    )
                )
        return False


check_entries = Check(
    float(causal_mask(1, 6, 0, 4, None, "cpu").sum()),
    mistakes={
        "that is without a window.": 21.0,
        "the first queries have fewer keys than the window is wide.": 24.0,
        "the window counts the query's own key.": 20.0,
    },
)


def prefix_mask(T, P):
    return torch.tensor([[k <= q or k < P for k in range(T)] for q in range(T)])


check_prefix_mask = MaskCheck(
    prefix_mask,
    cases=[(5, 2), (4, 4), (3, 0)],
    mistakes={
        "that is the causal mask; the prefix reads no later token yet.": lambda T, P: (
            prefix_mask(T, 0)
        ),
        "the prefix reads the answer as well: rows are open instead of columns.": (
            lambda T, P: prefix_mask(T, 0) | (torch.arange(T) < P)[:, None]
        ),
        "one token too many is open: the prefix is tokens 0 to P - 1.": lambda T, P: (
            prefix_mask(T, P + 1)
        ),
        "both conditions at once close more than the causal mask; one is enough.": (
            lambda T, P: prefix_mask(T, 0) & (torch.arange(T) < P)
        ),
    },
)


def packed_mask(text_of):
    order = causal_mask(1, len(text_of), 0, None, None, "cpu")[0]
    return order & (text_of == text_of[:, None])


check_packed_mask = MaskCheck(
    packed_mask,
    cases=[(torch.tensor([0, 0, 1, 1, 1]),), (torch.tensor([2, 0, 0, 1, 1, 1]),)],
    mistakes={
        "order is not in it: a token reads later ones of its text.": lambda text_of: (
            text_of == text_of[:, None]
        ),
        "a token still reads the texts before its own.": lambda text_of: prefix_mask(
            len(text_of), 0
        ),
        "rows and columns are exchanged.": lambda text_of: packed_mask(text_of).T,
    },
)
