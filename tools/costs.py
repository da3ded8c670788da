"""Measure what the book costs, and hold it to budgets; the table is in CONTRIBUTING.md.

    python tools/costs.py [part ...]    measures the parts, or all; writes the table
    python tools/costs.py --check       measures what is cheap, and only compares

Exits with 1 if something is over its budget. Sizes and counts have strict budgets,
times two or three times what two idle cores take. "CPU" is the time of all processes
that a command started, on all cores.
"""

import argparse
import ast
import collections
import functools
import gzip
import html.parser
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build/html"
TABLE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- costs: begin -->", "<!-- costs: end -->"
JUPYTER_BOOK = Path(sys.executable).with_name("jupyter-book")

# What is measured: (at least, at most, unit). Everything that fails, fails here.
BUDGETS = {
    "a fresh clone": (0, 40, "MB"),
    "its history, .git": (0, 25, "MB"),
    "the site": (0, 32, "MB"),
    "its heaviest page, gzipped": (0, 90, "kB"),
    "its heaviest page with images, styles, scripts": (0, 350, "kB"),
    "its search page, with the text of all": (0, 500, "kB"),
    "chapters": (26, 26, ""),
    "code cells": (900, 1500, ""),
    "tests": (900, 5000, ""),
    "import minqwen3": (0, 6, "s CPU"),
    "import bookkit": (0, 9, "s CPU"),
    "import transformers' Qwen3": (0, 18, "s CPU"),
    "a kernel's start": (0, 6, "s"),
    "imports of a chapter, median": (0, 20, "s CPU"),
    "imports of all chapters": (0, 500, "s CPU"),
    "a cold build": (0, 120, "s"),
    "a cold build, CPU": (0, 100, "s CPU"),
    "a warm build": (0, 60, "s"),
    "every cell again (nbval)": (0, 1200, "s"),
    "every cell again, CPU": (0, 1200, "s CPU"),
    "the tests": (0, 1800, "s"),
    "the tests, CPU": (0, 1500, "s CPU"),
}


def run(command: list, **options) -> tuple[float, float, str]:
    """Wall seconds, CPU seconds and the output of a command, which must succeed."""
    before, began = cpu(), time.monotonic()
    done = subprocess.run(
        [str(part) for part in command],
        **({"cwd": ROOT} | options),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}")
    return time.monotonic() - began, cpu() - before, done.stdout


def cpu() -> float:
    """CPU seconds of all the processes that came to their end so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def size(folder: Path) -> float:
    """MB of the files in a folder."""
    return sum(p.lstat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


# --------------------------------------------------------------- what is cheap


def clone() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        run(["git", "clone", "--quiet", "--no-local", ROOT, copy])
        return {"a fresh clone": size(copy), "its history, .git": size(copy / ".git")}


class Loaded(html.parser.HTMLParser):
    """The files that a page loads when it is opened."""

    def __init__(self, text: str):
        super().__init__()
        self.files = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        address = found.get("src") if tag in ("img", "script") else None
        if tag == "link" and "stylesheet" in (found.get("rel") or ""):
            address = found.get("href")
        if address and not re.match(r"\w+:", address):
            self.files.add(address.split("?")[0].split("#")[0])


@functools.cache
def gzipped(path: Path) -> float:
    """kB that a server sends for a file."""
    return len(gzip.compress(path.read_bytes(), 6)) / 1e3


def site() -> dict:
    """Weights of the site that ``make book`` built last."""
    if not (SITE / "index.html").exists():
        raise SystemExit("no site in _build/html; run `make book` first")
    alone, whole = {}, {}
    for page in SITE.rglob("*.html"):
        if page.name == "404.html" or "_static" in page.parts:
            continue
        name = page.relative_to(SITE).as_posix()
        files = Loaded(page.read_text(encoding="utf-8")).files
        alone[name] = gzipped(page)
        whole[name] = alone[name] + sum(
            gzipped((page.parent / file).resolve()) for file in files
        )
    search = whole.pop("search.html")  # has the text of the whole book
    first, heaviest = max(alone, key=alone.get), max(whole, key=whole.get)
    return {
        "the site": size(SITE),
        "its heaviest page, gzipped": (alone[first], first),
        "its heaviest page with images, styles, scripts": (whole[heaviest], heaviest),
        "its search page, with the text of all": search,
    }


def counts() -> dict:
    books = [json.loads(p.read_text("utf-8")) for p in chapters()]
    cells = [cell["cell_type"] for book in books for cell in book["cells"]]
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "tests"]
    found = re.search(r"(\d+) tests? collected", run(command)[2])
    return {
        "chapters": len(books),
        "code cells": cells.count("code"),
        "tests": int(found[1]),
    }


def chapters() -> list[Path]:
    return sorted((ROOT / "book").glob("[0-9]*.ipynb"))


def seconds_of(code: str) -> float:
    """CPU seconds of a new Python that runs some code."""
    return run([sys.executable, "-c", code])[1]


def imports() -> dict:
    return {
        "import minqwen3": seconds_of("import minqwen3"),
        "import bookkit": seconds_of("import bookkit"),
        "import transformers' Qwen3": seconds_of(
            "from transformers.models.qwen3 import modeling_qwen3"
        ),
    }


def kernel() -> dict:
    from jupyter_client.manager import start_new_kernel

    began = time.monotonic()
    manager, client = start_new_kernel(
        kernel_name="python3", extra_arguments=["--log-level=40"]
    )
    taken = time.monotonic() - began
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return {"a kernel's start": taken}


# ----------------------------------------------------------- what takes minutes


def chapter_imports() -> dict:
    """What each chapter's import statements take, alone in a new Python."""
    seconds = {}
    for path in chapters():
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        lines = {
            ast.unparse(node): None
            for text in code
            for node in ast.walk(ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", text)))
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        seconds[path.stem] = run([sys.executable, "-c", "\n".join(lines)])[1]
    slowest = max(seconds, key=seconds.get)
    return {
        "imports of a chapter, median": (
            statistics.median(seconds.values()),
            f"most: {slowest}, {seconds[slowest]:.1f}",
        ),
        "imports of all chapters": sum(seconds.values()),
    }


def build() -> dict:
    """The site built from nothing, and again, in a copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        run(["git", "clone", "--quiet", "--no-local", ROOT, copy])
        command = [JUPYTER_BOOK, "build", ".", "-W", "-n", "--keep-going", "-q"]
        cold, used, _ = run(command, cwd=copy)
        warm, _, _ = run(command, cwd=copy)
    return {"a cold build": cold, "a cold build, CPU": used, "a warm build": warm}


def nbval() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--nbval", "book/"]
        wall, used, _ = run(
            [*command, "-p", "no:cacheprovider", f"--junitxml={report}"]
        )
        seconds = collections.Counter()
        for case in xml.etree.ElementTree.parse(report).iter("testcase"):
            name = re.search(r"\d\d_\w+", case.get("classname"))[0]
            seconds[name] += float(case.get("time"))
    slowest = ", ".join(f"{name} {s:.0f}" for name, s in seconds.most_common(5))
    return {
        "every cell again (nbval)": (wall, f"slowest: {slowest}"),
        "every cell again, CPU": used,
    }


def tests() -> dict:
    two = ["-n", "2", "--dist", "worksteal"]  # as make test does
    command = [sys.executable, "-m", "pytest", "-q", *two, "tests"]
    wall, used, said = run(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return {"the tests": (wall, said.strip().split("\n")[-1]), "the tests, CPU": used}


CHEAP = [clone, site, counts, imports, kernel]
PARTS = {part.__name__: part for part in [*CHEAP, chapter_imports, build, nbval, tests]}


# ----------------------------------------------------------------- the table


def rows(measured: dict) -> tuple[dict[str, str], list[str]]:
    """A row of the table for each thing measured, and what is over its budget."""
    lines, faults = {}, []
    for name, found in measured.items():
        value, note = found if isinstance(found, tuple) else (found, "")
        low, high, unit = BUDGETS[name]
        digits = 0 if isinstance(value, int) or value >= 100 else 1
        shown = f"{value:,.{digits}f} {unit}".strip()
        limit = f"{high:,} {unit}".strip()
        if low:
            limit = limit if low == high else f"{low:,} to {limit}"
        lines[name] = f"| {name} | {shown} | {limit} | {note} |"
        if not low <= value <= high:
            faults.append(f"{name}: {shown}; the budget is {limit}")
    return lines, faults


def write(lines: dict[str, str]) -> None:
    """Put rows into the table, in the budgets' order; rows of other parts stay."""
    text = TABLE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    kept = {row.split(" | ")[0].removeprefix("| "): row for row in old.split("\n")}
    kept |= lines
    head = f"Measured on {os.cpu_count()} cores, without a graphics card.\n"
    table = ["| what | measured | budget | |", "| --- | --- | --- | --- |"]
    table += [kept[name] for name in BUDGETS if name in kept]
    new = "\n".join([BEGIN, head, *table, END])
    TABLE.write_text(before + new + after, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only what is cheap")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default all")
    options = parser.parse_args()
    unknown = set(options.parts) - PARTS.keys()
    if unknown:
        parser.error(f"{sorted(unknown)[0]!r}: expected of {', '.join(PARTS)}")
    chosen = [PARTS[name] for name in options.parts or PARTS]
    faults = []
    for part in CHEAP if options.check else chosen:
        lines, wrong = rows(part())
        print("\n".join(lines.values()), flush=True)
        faults += wrong
        if not options.check:
            write(lines)
    if faults:
        print("over budget (see BUDGETS in tools/costs.py):", *faults, sep="\n  ")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
