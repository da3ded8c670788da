"""Execute the chapters in place to canonical files, or find stale ones (--check).

A canonical notebook holds outputs and counts, but no times and no machine: two runs
give the same bytes. A picture of what the clock said, in a cell with the tag
``measured``, stays the stored one unless --measure asks for new ones. Pictures differ
between machines, so --check leaves them out.
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

KERNEL = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}


def measured(nb: nbformat.NotebookNode) -> dict[str, list]:
    """The outputs with a picture of the cells that measure, by the cell's id."""
    return {
        cell.id: pictures
        for cell in nb.cells
        if "measured" in cell.metadata.get("tags", [])
        and (pictures := [o for o in cell.outputs if "image/png" in o.get("data", {})])
    }


def execute(
    path: Path, kernel: str = "python3", measure: bool = True
) -> nbformat.NotebookNode:
    """Run a notebook in its folder and return it in canonical form.

    Without ``measure``, pictures of what a clock said stay those that are there.
    """
    nb = nbformat.read(path, as_version=4)
    stored = {} if measure else measured(nb)
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        nb,
        timeout=900,
        startup_timeout=300,  # a busy machine is slow
        kernel_name=kernel,
        record_timing=False,
        resources=resources,
        extra_arguments=["--log-level=40"],  # ipykernel 7 warns of TCP on every start
    ).execute()
    nb.metadata = nbformat.from_dict(KERNEL)
    nb.nbformat_minor = 5
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = merged(cell.outputs)
    for cell_id, pictures in measured(nb).items():
        for new, old in zip(pictures, stored.get(cell_id, []), strict=False):
            new.data["image/png"] = old.data["image/png"]
            new.metadata = old.metadata  # the picture's drawings for the site
    return nb


def merged(outputs: list) -> list:
    """Join neighbouring pieces of one stream, which arrive cut at random places."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        streams = output.output_type == "stream" and last is not None
        if streams and last.output_type == "stream" and last.name == output.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def without_pictures(nb: nbformat.NotebookNode) -> str:
    nb = nbformat.from_dict(nb)
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
            output.get("metadata", {}).pop("image/png", None)
    return nbformat.writes(nb)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside it first, then in its place.

    A process killed on the way leaves the old bytes, and maybe ``.NAME.part``, which
    the next write replaces.
    """
    part = path.with_name(f".{path.name}.part")
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument(
        "--only-run", action="store_true", help="write and compare nothing"
    )
    parser.add_argument(
        "--measure", action="store_true", help="draw what was measured anew"
    )
    parser.add_argument("paths", nargs="*", type=Path)
    arguments = parser.parse_args()
    stale = []
    for path in arguments.paths or sorted(Path("book").glob("*.ipynb")):
        print(f"running {path}", flush=True)
        new = execute(path, measure=arguments.measure)
        if arguments.only_run:
            continue
        if not arguments.check:
            write_text(path, nbformat.writes(new) + "\n")
        elif without_pictures(new) != without_pictures(nbformat.read(path, 4)):
            stale.append(str(path))
    if stale:
        print(f"stale: {', '.join(stale)}; run `make run` and look at the difference")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
