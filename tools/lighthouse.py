"""Hold Lighthouse's scores for a phone against what the site promises.

Looks at the landing page and at the chapter with the most bytes, served compressed as
a web host does. Needs Chromium and Node; where they are missing it says so and stops,
or fails if LIGHTHOUSE=required.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from serve import Compressing, serve

VERSION = "13.5.0"
LEAST = {"accessibility": 1.0, "best-practices": 1.0, "seo": 1.0, "performance": 0.9}
TRIES = 5  # performance is measured, and a busy machine is slow
SITE = Path(__file__).parents[1] / "_build/html"


def scores(address: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        flags = "--headless --no-sandbox --disable-gpu --disable-background-networking"
        subprocess.run(
            ["npx", "--yes", f"lighthouse@{VERSION}", address, "--quiet",
             "--output=json", f"--output-path={out}", f"--chrome-flags={flags}",
             f"--only-categories={','.join(LEAST)}"],
            check=True, env=os.environ | {"CHROME_PATH": shutil.which("chromium")},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        report = json.loads(out.read_text())
    return {name: c["score"] for name, c in report["categories"].items()}


def best(address: str) -> dict[str, float]:
    """The best scores of a few tries; one is enough if all are reached."""
    reached = dict.fromkeys(LEAST, 0.0)
    for _ in range(TRIES):
        found = scores(address)
        reached = {name: max(reached[name], found[name]) for name in LEAST}
        if all(reached[name] >= least for name, least in LEAST.items()):
            break
    return reached


def main() -> int:
    if not shutil.which("npx") or not shutil.which("chromium"):
        print("not run: Lighthouse needs Node (npx) and Chromium (chromium)")
        return os.environ.get("LIGHTHOUSE") == "required"
    if not (SITE / "index.html").exists():
        print("no site in _build/html; run `make book` first", file=sys.stderr)
        return 2
    heaviest = max((SITE / "book").glob("*.html"), key=lambda page: page.stat().st_size)
    failed = False
    with serve(SITE, Compressing) as address:
        for page in (SITE / "index.html", heaviest):
            path = page.relative_to(SITE).as_posix()
            reached = best(f"{address}/{path}")
            shown = (f"{name} {100 * score:.0f}" for name, score in reached.items())
            print(path, *shown)
            failed |= any(reached[name] < least for name, least in LEAST.items())
    return failed


if __name__ == "__main__":
    sys.exit(main())
