"""Draw _static/card.png, the picture that goes with a link to the book.

The model's map with two boxes lit, and the two printed lines that they are. Needs
playwright and Chromium.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from bookkit import COLOR, drawings, printouts

LIT = "q_norm", "k_norm"
OUT = Path(__file__).parents[1] / "_static/card.png"
PAGE = """<meta charset="utf-8"><style>
body { margin: 0; width: 1200px; height: 630px; background: #fff; color: #222; }
body { font-family: "DejaVu Sans", sans-serif; box-sizing: border-box; padding: 40px; }
h1 { margin: 0; font-size: 58px; color: %(blue)s; }
p { margin: 6px 0 14px; font-size: 26px; }
svg { display: block; width: 1120px; height: auto; }
pre { margin: 14px 0 0 12px; color: %(lit)s; }
pre { font: bold 24px "DejaVu Sans Mono", monospace; }
</style><h1>Reading Qwen3</h1>
<p>You have printed a model and got thirty lines. Here they are, running.</p>
%(map)s<pre>%(lines)s</pre>"""


def main():
    lines = [
        line.strip()
        for line in printouts.TREE.split("\n")
        if any(f"({name})" in line for name in LIT)
    ]
    page_of = {
        "blue": COLOR["q"],
        "lit": COLOR["highlight"],
        "map": drawings.model_map(lit=list(LIT)).svg(),
        "lines": "\n".join(lines),
    }
    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.set_content(PAGE % page_of)
        page.screenshot(path=OUT)


if __name__ == "__main__":
    main()
