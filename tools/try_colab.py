"""Run chapters as a reader of Colab does: one notebook, an empty folder, no package.

Makes an environment with Colab's versions and without this package, gives the book an
address in a copy, and lets git fetch that address from the copy. Then the text of each
chapter's own cells runs, the set-up cell first, which has to install the rest. Checks
that nothing that was installed before has changed.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from home import write_chapters, write_config
from run_notebooks import execute

ROOT = Path(__file__).parents[1]
HOME = "https://github.com/example/reading-qwen3"
OURS = ("minqwen3", "torchinfo")


def installed(python: Path) -> set[str]:
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {line for line in listed.stdout.split() if not line.startswith(OURS)}


def make_copy(folder: Path) -> None:
    """A clone of the last commit that has an address."""
    run = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    write_config(folder, HOME)
    write_chapters(folder, HOME)
    subprocess.run([*run, "commit", "-qam", "Give an address"], cwd=folder, check=True)


def make_environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    needed = ["install", "--quiet", "-r", ROOT / "requirements-colab.txt"]
    subprocess.run([python, "-m", "pip", *needed], check=True)
    return python


def run(notebook: Path, folder: Path) -> None:
    """Every cell of one chapter, alone in a new folder."""
    print(f"running {notebook.name} alone", flush=True)
    alone = folder / notebook.stem
    alone.mkdir()
    execute(Path(shutil.copy(notebook, alone)), "colab")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--each", action="store_true", help="install for each chapter")
    parser.add_argument(
        "names", nargs="*", help="chapters; all of them if none is given"
    )
    arguments = parser.parse_args()
    there = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
    names = arguments.names or there
    if unknown := set(names) - set(there):
        parser.error(f"no chapter {min(unknown)!r}; expected one such as {there[0]}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_copy(folder / "repository")
        python = make_environment(folder / "environment")
        spec = folder / "share/kernels/colab"
        spec.mkdir(parents=True)
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        kernel = {"argv": argv, "display_name": "colab", "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(kernel))
        config = f'[url "file://{folder}/repository"]\n\tinsteadOf = {HOME}\n'
        (folder / "gitconfig").write_text(config)
        os.environ |= {
            "JUPYTER_PATH": str(folder / "share"),
            "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        }
        os.environ.pop("PYTHONPATH", None)
        before = installed(python)
        book = folder / "repository/book"
        first, *others = [book / f"{name}.ipynb" for name in sorted(names)]
        run(first, folder)  # installs the rest
        if arguments.each:
            for path in others:
                out = ["uninstall", "--quiet", "--yes", *OURS]
                subprocess.run([python, "-m", "pip", *out], check=True)
                run(path, folder)
        else:
            os.environ["OMP_NUM_THREADS"] = "1"  # with more, two wait for each other
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(run, others, itertools.repeat(folder)))
        lost = before - installed(python)
        if lost:
            print(f"the set-up cell changed what was installed: {', '.join(lost)}")
    return bool(lost)


if __name__ == "__main__":
    sys.exit(main())
