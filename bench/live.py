"""Time the model that runs in the page, in Chromium.

    python bench/live.py [--rounds 30]

A pass over the page's longest text, 64 tokens, with every step kept, should take
100 ms; the other rows say what a reader waits for besides. Milliseconds, the least and
the median; the machine's load says how far to trust the median.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

WANTED = {"64 tokens, every step kept": 100}
MEASURE = """async (rounds) => {
  const times = {};
  const timed = async (name, action) => {
    const start = performance.now(), result = await action();
    (times[name] ??= []).push(performance.now() - start);
    return result;
  };
  const engine = new Live.Engine();
  await timed("load the model", () => engine.load());
  const text = "She could not help smiling, and he smiled too. ".repeat(8);
  const { ids } = await engine.encode(text), few = ids.slice(0, 9);
  for (let i = 0; i < rounds; i++) {
    const pass = () => engine.run({ ids });
    const right = await timed("64 tokens, as the page waits", pass);
    (times["64 tokens, every step kept"] ??= []).push(right.ms);
    const wrong = await engine.run({ ids, switches: ["repeat"] });
    await timed("compare two passes of 64", () => Live.compare(right, wrong));
    await timed("9 tokens, as the page waits", () => engine.run({ ids: few }));
    await timed("logit lens, 9 tokens", () => engine.lens({ ids: few }));
    await engine.write({ ids: few, count: 1 });
    let last = performance.now();
    await engine.write({ ids: few, count: 10 }, () => {
      (times["a token through the cache"] ??= []).push(performance.now() - last);
      last = performance.now();
    });
  }
  return times;
}"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args(arguments).rounds

    import live_expected
    from playwright.sync_api import sync_playwright
    from serve import serve

    path = shutil.which("chromium") or shutil.which("google-chrome")
    flags = "--no-sandbox --disable-gpu --disable-background-networking".split()
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        serve(Path(folder)) as address,
    ):
        live_expected.write_page(Path(folder))
        page = playwright.chromium.launch(executable_path=path, args=flags).new_page()
        page.goto(f"{address}/index.html")
        times = page.evaluate(MEASURE, rounds)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, {rounds} rounds; milliseconds")
    for name, found in times.items():
        wanted = f"  wanted {WANTED[name]}" if name in WANTED else ""
        least, median = min(found), statistics.median(found)
        print(f"{name:30} {least:7.1f} {median:7.1f}{wanted}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
