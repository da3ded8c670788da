"""Run the tests of equality and every chapter against other releases of transformers.

Each release gets an environment of its own in .matrix/. Chapters have to run there to
their last cell, assertions and all; their stored outputs are compared on the pinned
release only, since a chapter shows the source that is installed. Where the source has
changed since a chapter explained it, the table names chapter and function.

The release "colab" is what Colab has, torch, matplotlib and Python too, as far as they
can be installed; there the package's own tests run. ``make colab`` runs the chapters.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RELEASES = ("4.51.3", "4.57.6", "newest", "colab")
KNOWN = {  # chapters that speak of what an old release does otherwise, or has not
    "4.51.3": {
        "01_config": "its eager path windows every layer if sliding_window is set",
        "10_masks": "it has no masking_utils, which the chapter reads",
    }
}
EQUALITY = "against_transformers printouts checkpoint tokenizer small".split()
OWN = "bad_input cli details errors kernels messages random_configs".split()
COLAB_PYTHON, COLAB_TORCH = "3.13", "2.11.0"  # on 2026-08-19, as the other versions
ASK = """
import platform, torch, transformers, matplotlib
print("Python", platform.python_version(), end="")
for package in (torch, transformers, matplotlib):
    print(",", package.__name__, package.__version__, end="")
"""


def pins(release: str) -> str:
    """What to install, as a requirements file."""
    pinned = (ROOT / "requirements.txt").read_text()
    if release == "colab":
        tools = re.findall(r"(?m)^(?:hypothesis|pytest|torchinfo)==.*$", pinned)
        of_colab = (ROOT / "requirements-colab.txt").read_text()
        of_colab = re.sub(r"(?m)^torch==.*$", f"torch=={COLAB_TORCH}", of_colab)
        return "\n".join([of_colab, *tools, ""])
    wanted = "transformers" if release == "newest" else f"transformers=={release}"
    pinned = re.sub(r"(?m)^transformers==.*$", wanted, pinned)
    if release.startswith("4."):  # these need older companions
        companions = r"(?m)^(safetensors|huggingface[_-]hub|tokenizers)==.*\n"
        pinned = re.sub(companions, "", pinned)
    return pinned


def environment(release: str, pip_args: list[str]) -> Path:
    """An environment with the pinned packages, but for what the release changes."""
    folder = ROOT / ".matrix" / release
    python, interpreter = folder / "bin/python", sys.executable
    colab = shutil.which(f"python{COLAB_PYTHON}")
    if release == "colab" and colab and run([colab, "-c", ""])[0]:
        interpreter = colab
    if not python.exists():
        subprocess.run([interpreter, "-m", "venv", folder], check=True)
    (folder / "pins.txt").write_text(pins(release))
    install = ["install", "--quiet", "--upgrade", *pip_args, "-r", folder / "pins.txt"]
    subprocess.run([python, "-m", "pip", *install, "-e", ROOT], check=True)
    return python


def run(command: list) -> tuple[bool, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)  # without colours
    return done.returncode == 0, said


def drifted(python: Path) -> list[str]:
    """Chapters, each with the functions whose source is another one there."""
    command = [
        python,
        "-m",
        "pytest",
        "-q",
        "tests/test_book.py",
        "-k",
        "quoted_source",
    ]
    _, said = run([*command, "-p", "no:cacheprovider"])
    return sorted(set(re.findall(r"AssertionError: (\S+ explains .*)", said)))


def try_release(release: str, names: list[str], pip_args: list[str]) -> bool:
    python = environment(release, pip_args)
    print(f"\n{release}: {run([python, '-c', ASK])[1]}", flush=True)
    colab = release == "colab"
    tests = [f"tests/test_{name}.py" for name in EQUALITY + OWN * colab]
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    fine, said = run([*pytest, "-o", "addopts=--import-mode=importlib", *tests])
    print(f"  {len(tests)} files of tests: {said.strip().splitlines()[-1]}", flush=True)
    if colab:
        print("  not tried: Colab itself, its graphics cards, its Python to the patch")
        return fine
    failed = [] if fine else ["tests"]
    only_run = [python, "tools/run_notebooks.py", "--only-run"]
    for name in names:
        fine, said = run([*only_run, f"book/{name}.ipynb"])
        reason = KNOWN.get(release, {}).get(name)
        if reason is not None:
            print(
                f"  {name}: {'runs all the same' if fine else 'does not run'}: {reason}"
            )
        elif not fine:
            failed.append(name)
            print(f"  {name}: {said.strip().splitlines()[-1][:200]}")
    print(
        f"  chapters: {len(names) - len(set(failed) - {'tests'})} of {len(names)} run"
    )
    for line in drifted(python):
        print(f"  {line}")
    return not failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("releases", nargs="*", default=RELEASES)
    parser.add_argument("--chapters", nargs="*", help="names; all if none are given")
    parser.add_argument("--pip-args", default="", help="for every pip install")
    arguments = parser.parse_args()
    names = arguments.chapters
    if not names:
        names = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
    pip_args = arguments.pip_args.split()
    results = [try_release(r, names, pip_args) for r in arguments.releases]
    return not all(results)


if __name__ == "__main__":
    sys.exit(main())
