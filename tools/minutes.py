"""Say in every chapter how long it takes, from what is in it.

    python tools/minutes.py [--check]

Prose is read at 100 words a minute, since one stops to think and looks at pictures;
code at 16 lines a minute, outputs and folded plots not counted. An exercise takes 5, 8
or 12 minutes, by its difficulty. The first two rates are those that fit the times of
cold readings of the chapters. Chapter 0 explains nothing to its last line; its time is
for who reads its prose and looks at its pictures, at 150 words a minute.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

BOOK = Path(__file__).parents[1] / "book"
WORDS, LINES, LIGHTLY = 100, 16, 150  # a minute
EXERCISES = {"easy": 5, "medium": 8, "hard": 12, "project": 120}
FIRST = "# One sentence, one token\n"
SAID = re.compile(r"About \d+ minutes(?:, and \d+ more for the exercises)?")


def rounded(minutes: float) -> int:
    return max(5, 5 * round(minutes / 5))


def takes(notebook) -> tuple[int, int]:
    """Minutes to read a chapter, and for its exercises."""
    words = lines = 0
    solving = False
    for cell in notebook.cells[:1] + notebook.cells[2:]:  # without the set-up
        tags, source = cell.metadata.get("tags", []), cell.source
        if cell.cell_type == "markdown":
            for part in re.split(r"^(?=## )", source, flags=re.M):
                if part.startswith("## "):
                    solving = part.startswith("## Exercises")
                if not solving:
                    words += len(re.sub(r"\]\([^)]*\)|[|`*#-]", " ", part).split())
        elif "annotate" in tags:
            words += len(" ".join(re.findall(r'"[^"]*"', source)).split())
        elif not solving and not {"hide-input", "hide-cell", "remove-input"} & {*tags}:
            lines += len([line for line in source.split("\n") if line.strip()])
    found = re.findall(
        r"^### .*\((easy|medium|hard|project)",
        "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown"),
        re.M,
    )
    exercises = sum(EXERCISES[kind] for kind in found)
    if notebook.cells[0].source.startswith(FIRST):
        return rounded(words / LIGHTLY), 0
    return rounded(words / WORDS + lines / LINES), exercises and rounded(exercises)


def sentence(notebook) -> str:
    reading, exercises = takes(notebook)
    more = f", and {exercises} more for the exercises" if exercises else ""
    return f"About {reading} minutes{more}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    options, wrong = parser.parse_args(), 0
    for path in sorted(BOOK.glob("[0-9]*.ipynb")):
        text = path.read_text(encoding="utf-8")
        right = sentence(nbformat.reads(text, as_version=4))
        said = SAID.search(text)
        if not said:
            print(f"{path.name}: expected a sentence such as {right!r}")
            wrong += 1
        elif said[0] != right:
            print(f"{path.name}: {said[0]!r} -> {right!r}")
            wrong += options.check
            if not options.check:
                path.write_text(SAID.sub(right, text, count=1), encoding="utf-8")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
