"""Hold Lighthouse's scores for a phone against what the site promises.

Looks at the landing page and at the chapter with the most bytes, served compressed as
a web host does. Needs Chromium and Node; where they are missing it says so and stops,
or fails if LIGHTHOUSE=required.
"""

import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

VERSION = "13.5.0"
LEAST = {"accessibility": 1.0, "best-practices": 1.0, "seo": 1.0, "performance": 0.9}
TRIES = 5  # performance is measured, and a busy machine is slow
SITE = Path(__file__).parents[1] / "_build/html"


class Compressing(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, text in gzip."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Cache-Control", "max-age=600")
        if path.suffix not in (".png", ".woff2"):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


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
    handler = functools.partial(Compressing, directory=SITE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    heaviest = max((SITE / "book").glob("*.html"), key=lambda page: page.stat().st_size)
    failed = False
    for page in (SITE / "index.html", heaviest):
        path = page.relative_to(SITE).as_posix()
        reached = best(f"http://127.0.0.1:{server.server_port}/{path}")
        print(path, *(f"{name} {100 * score:.0f}" for name, score in reached.items()))
        failed |= any(reached[name] < least for name, least in LEAST.items())
    return failed


if __name__ == "__main__":
    sys.exit(main())
