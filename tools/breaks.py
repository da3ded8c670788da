"""Break minqwen3 on purpose, one line at a time, and see that the chapters notice.

    python tools/breaks.py [name ...]

Each break is made in a copy of ``src/``; the chapter that explains the line then runs
under nbval against the copy. A break counts as caught when an assertion fails, not when
a source that the chapter shows looks different. Exits with 1 if one was missed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bookkit import breaks

ROOT = Path(__file__).parents[1]

BREAKS = {  # name: (chapter, what is changed in model.py)
    b.name or b.label: (b.chapter, b.changes)
    for b in breaks.BREAKS
    if b.file == "model.py"
}


def caught(chapter: str, changes: tuple[tuple[str, str], ...]) -> list[str]:
    """The cells of a chapter that raise when the changes are made in a copy of src/."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src", folder, dirs_exist_ok=True)
        file = Path(folder) / "minqwen3" / "model.py"
        file.write_text(breaks.changed(file.read_text(), changes))
        command = [sys.executable, "-m", "pytest", "-q", "--nbval", "-p"]
        command += ["no:cacheprovider", f"book/{chapter}.ipynb"]
        run = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": folder, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
    found = re.findall(r"Cell (\d+): Cell execution caused an exception", run.stdout)
    return list(dict.fromkeys(found))


def main(names: list[str]) -> int:
    for name in names:
        if name not in BREAKS:
            raise SystemExit(f"{name!r}: expected one of {', '.join(BREAKS)}")
    names, missed = names or list(BREAKS), []
    with ThreadPoolExecutor(2) as pool:  # chapters compute little and start for long
        results = pool.map(lambda name: caught(*BREAKS[name]), names)
        for name, cells in zip(names, results, strict=True):
            found = f"cells {', '.join(cells)}" if cells else "NOT CAUGHT"
            print(f"{name:32} {BREAKS[name][0]:18} {found}", flush=True)
            missed += [] if cells else [name]
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
