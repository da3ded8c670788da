"""Shape suffixes that run: every local named like x_BTD must have its letters' sizes.

Use distinct sizes for the letters, so that no wrong shape fits by chance.
"""

import re
import sys
from contextlib import contextmanager

from torch import Tensor

SUFFIX = re.compile(r"_([A-Z]+)$")


@contextmanager
def checked(sizes: dict[str, int], source: str, seen: set[str]):
    """Check the locals of each function of a file named like ``source`` on return."""
    wrong = []

    def on_return(frame, event, _):
        if event != "return" or source not in frame.f_code.co_filename:
            return
        for name, value in frame.f_locals.items():
            match = SUFFIX.search(name)
            if match and isinstance(value, Tensor):
                seen.add(name)
                want = tuple(sizes[letter] for letter in match[1])
                if tuple(value.shape) != want:
                    where = frame.f_code.co_name
                    wrong.append(f"{where}: {name} is {tuple(value.shape)}, not {want}")

    sys.setprofile(on_return)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert not wrong, wrong
