"""Run the tests of equality and every chapter against other releases of transformers.

Each release gets an environment of its own in .matrix/. Chapters have to run there to
their last cell, assertions and all; their stored outputs are compared on the pinned
release only, since a chapter shows the source that is installed. Where the source has
changed since a chapter explained it, the table names chapter and function.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RELEASES = ("4.51.3", "4.57.6", "newest")
KNOWN = {  # chapters that speak of what an old release does otherwise, or has not
    "4.51.3": {
        "01_config": "its eager path windows every layer if sliding_window is set",
        "10_masks": "it has no masking_utils, which the chapter reads",
    }
}
EQUALITY = "against_transformers seed checkpoint tokenizer small".split()


def environment(release: str, pip_args: list[str]) -> Path:
    """An environment with the pinned packages, but for transformers."""
    folder = ROOT / ".matrix" / release
    python = folder / "bin/python"
    pins = (ROOT / "requirements.txt").read_text()
    wanted = "transformers" if release == "newest" else f"transformers=={release}"
    pins = re.sub(r"(?m)^transformers==.*$", wanted, pins)
    if release.startswith("4."):  # these need older companions
        pins = re.sub(
            r"(?m)^(safetensors|huggingface[_-]hub|tokenizers)==.*\n", "", pins
        )
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (folder / "pins.txt").write_text(pins)
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
    ask = "import transformers; print(transformers.__version__)"
    version = run([python, "-c", ask])[1].split()[-1]
    print(f"\ntransformers {version}", flush=True)
    tests = [f"tests/test_{name}.py" for name in EQUALITY]
    fine, said = run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests])
    print(f"  tests of equality: {said.strip().splitlines()[-1]}")
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
