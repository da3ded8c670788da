"""Change the page's JavaScript in small ways, one at a time; a check must fail.

    python tools/mutate_live.py [file ...] [--sample N] [--seed S] [--least 93]

A mutant is one changed operator, number, word or condition in a script of
``_ext/scripts/live``. Each runs in a worker of Chromium's against the numbers of
tests/live_expected.py; one that finds no fault has survived, one that takes longer than
``SECONDS`` or does not start was noticed. Prints the survivors and the rate; exits with
1 where that is below ``--least``. Some survivors change nothing: how `linear` walks in
blocks, where a series ends, what a strict loader would refuse anyway.
"""

import argparse
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

FILES = (
    "qwen3 cache tokenizer generate checkpoint session compare read puzzle tree"
).split()
SECONDS = 60
# What a piece of code becomes: each place of each is one mutant.
CHANGES = [
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" \* ", " / "),
    (r" / ", " * "),
    (r" \*\* ", " * "),
    (r" % ", " + "),
    (r" \+= ", " -= "),
    (r"(?<=; )(\w+) < ([\w.]+)(?=;)", r"\1 < \2 - 1"),  # a loop's end
    (r"(?<!; \w) < ", " <= "),
    (r" <= ", " < "),
    (r" > ", " >= "),
    (r" >= ", " > "),
    (r" === ", " !== "),
    (r" !== ", " === "),
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r" \?\? ", " && "),
    (r"(?<![\w.$\[])0(?![\w.])", "1"),
    (r"(?<![\w.$])([1-9]\d*)(?![\w.])", r"(\1 + 1)"),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r"-Infinity", "Infinity"),
    (r"Math\.max", "Math.min"),
    (r"Math\.cos", "Math.sin"),
    (r"Math\.sin", "Math.cos"),
    (r"Math\.sqrt\(", "("),
    (r"Math\.floor\(", "Math.ceil("),
    (r"(?<=[(! ])!(?=\w)", ""),
    (r"\bsw\.(\w+)", r"!sw.\1"),
    (r"return (?=[\w(\[{])", "return; "),
]
# Those that the tests try each time: a file, what stands there, what takes its place,
# and the check that must notice.
SOME = [
    ("qwen3.js", "cast(variance + eps)", "cast(variance)", "records"),
    ("qwen3.js", "y_H[a] = -sign * x_H[b]", "y_H[a] = sign * x_H[b]", "records"),
    ("qwen3.js", "s <= past + t", "s < past + t", "cache"),
    ("qwen3.js", "Math.floor(n / (N / K))", "n % K", "mistakes"),
    ("cache.js", "this.length += T", "this.length = T", "cache"),
    ("tokenizer.js", "if (rank < best)", "if (rank <= best)", "ids"),
    ("generate.js", "sum += p) <= 1 - topP", "sum += p) < topP", "sampling"),
    ("compare.js", "off === 0 ? 0", "off < 1 ? 0", "compare"),
]
# Which check is asked first, so that most mutants are noticed at once.
FIRST = {
    "cache.js": ["cache"],
    "generate.js": ["sampling"],
    "checkpoint.js": ["checkpoint"],
    "session.js": ["session", "read"],
    "compare.js": ["compare"],
    "read.js": ["read"],
    "puzzle.js": ["puzzle"],
    "tree.js": ["checkpoint"],
}


def mutants(file: str, text: str) -> Iterator[tuple[int, str, str, str]]:
    """Each mutant of a script: its line, what stood there, what stands there now, and
    the whole text. Comments, messages and strings stay as they are."""
    for pattern, new in CHANGES:
        for found in re.finditer(pattern, text):
            start = text.rfind("\n", 0, found.start()) + 1
            end = text.find("\n", found.end())
            line, at = text[start:end], found.start() - start
            if re.match(r"\s*(//|/?\*|importScripts)", line) or "Error(" in line:
                continue
            if (
                "//" in line[:at]
                or line[:at].count('"') % 2
                or line[:at].count("`") % 2
            ):
                continue
            put = found.expand(new)
            changed = text[: found.start()] + put + text[found.end() :]
            if changed != text:
                number = text.count("\n", 0, start) + 1
                yield number, line.strip(), f"{found[0]!r} → {put!r}", changed


ASK = """([job, ms]) => new Promise((answer) => {
  const worker = new Worker("_static/live/live_check.js");
  const done = (faults) => { worker.terminate(); answer(faults); };
  worker.onmessage = ({ data }) => done(data);
  worker.onerror = ({ message }) => done([["starting", message]]);
  setTimeout(() => done([["waiting", "takes too long"]]), ms);
  worker.postMessage(job);
})"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="*", default=[f"{name}.js" for name in FILES])
    parser.add_argument("--sample", type=int, help="so many mutants, drawn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--least", type=float, default=93, help="in a hundred")
    options = parser.parse_args(arguments)

    import live_expected
    from playwright.sync_api import sync_playwright
    from serve import Quiet, serve

    class Fresh(Quiet):
        """Every script anew, however short ago the last one was asked for."""

        def end_headers(self):
            self.send_header("Cache-Control", "no-store")
            super().end_headers()

    drawn = [
        (file, *mutant)
        for file in options.files
        for mutant in mutants(
            file, (live_expected.SCRIPTS / file).read_text(encoding="utf-8")
        )
    ]
    if options.sample is not None:
        drawn = random.Random(options.seed).sample(drawn, options.sample)
    path = shutil.which("chromium") or shutil.which("google-chrome")
    flags = "--no-sandbox --disable-gpu --disable-background-networking".split()
    survived = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        serve(Path(folder), Fresh) as address,
    ):
        live_expected.write(Path(folder))
        static = Path(folder) / "_static/live"
        page = playwright.chromium.launch(executable_path=path, args=flags).new_page()
        page.goto(f"{address}/index.html")
        checks = re.findall(r"^  \*(\w+)\(", live_expected.CHECKS.read_text(), re.M)
        if faults := page.evaluate(ASK, [{}, 1000 * SECONDS]):
            raise SystemExit(f"the scripts as they are: {faults}")
        for file, number, line, change, text in drawn:
            right = (static / file).read_text(encoding="utf-8")
            (static / file).write_text(text, encoding="utf-8")
            first = FIRST.get(file, [])
            only = [*first, *(name for name in checks if name not in first)]
            if not page.evaluate(ASK, [{"only": only, "stop": True}, 1000 * SECONDS]):
                survived += 1
                print(f"{file}:{number}: {change} survived: {line}", flush=True)
            (static / file).write_text(right, encoding="utf-8")
    killed = len(drawn) - survived
    print(f"{killed} of {len(drawn)} mutants noticed, {killed / len(drawn):.1%}")
    return killed / len(drawn) < options.least / 100


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
