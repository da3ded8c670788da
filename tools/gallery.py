"""Look at the drawings: every one as PNG, wide and narrow, light and dark.

    python tools/gallery.py OUT [name ...] [--loose]

Needs playwright and Chromium. With ``--loose`` a drawing that fails the check of its
sheet is drawn too, and what fails is printed.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from bookkit import drawings
from bookkit.drawings.shapes import NARROW, WIDE
from bookkit.drawings.sheet import Sheet

STYLE = Path(__file__).parents[1].joinpath("_static/drawings.css").read_text("utf-8")
THEMES = {"light": ("#ffffff", "#323232"), "dark": ("#14181e", "#ced6dd")}


def page_for(svg: str, theme: str) -> str:
    back, ink = THEMES[theme]
    return (
        f'<html data-theme="{theme}"><meta charset="utf-8"><style>{STYLE}'
        f"body{{margin:0;background:{back};color:{ink}}}</style>"
        f'<div class="drawing">{svg}</div>'
    )


def tell_faults():
    """From now on a sheet's check prints what is wrong instead of raising it."""

    def check(sheet):
        for fault in sheet.faults():
            print(f"  {sheet.width}: {fault}")

    Sheet.check = check


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", help="all, where none is named")
    parser.add_argument("--loose", action="store_true")
    options = parser.parse_args()
    if options.loose:
        tell_faults()
    every = drawings.examples()
    if unknown := set(options.names) - set(every):
        parser.error(f"no drawing {', '.join(unknown)}; there are {', '.join(every)}")
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name in options.names or every:
            print(name)
            for layout, width in (("wide", WIDE), ("narrow", NARROW)):
                svg = every[name].svg(narrow=layout == "narrow", inline=True)
                for theme in THEMES:
                    page = browser.new_page(
                        viewport={"width": width, "height": 600}, device_scale_factor=2
                    )
                    page.set_content(page_for(svg, theme))
                    file = options.out / f"{name}-{layout}-{theme}.png"
                    page.locator("svg").screenshot(path=file)
                    page.close()
        browser.close()


if __name__ == "__main__":
    main()
