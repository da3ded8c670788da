"""What is read line by line: formulas, code, outputs; on the site and on paper."""

import re
import shutil
import sys
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image
from test_site import PAGES, ROOT

sys.path.insert(0, str(ROOT / "_ext"))
from mathml import mathml  # noqa: E402

HTML = ROOT / "_build/html"
FONT = ROOT / "_static/fonts/stix-two-math-subset.woff2"

# ------------------------------------------------------------------ formulas

ITALIC = {  # what a browser shows for a letter alone in <mi>
    unicodedata.normalize("NFKC", chr(code)): chr(code)
    for code in range(0x1D434, 0x1D71C)
    if unicodedata.name(chr(code), "").startswith("MATHEMATICAL ITALIC")
} | {"h": "ℎ"}


def shown(math: str) -> set[str]:
    """The characters that a formula needs of the font."""
    text = set()
    for leaf in ET.fromstring(math).iter():
        letters = (leaf.text or "").strip()
        if leaf.tag == "mi" and len(letters) == 1 and not leaf.get("mathvariant"):
            letters = ITALIC.get(letters, letters)
        text |= set(letters)
    return text


def test_the_font_has_every_character_of_every_formula(site):
    known, found = set(map(chr, TTFont(FONT).getBestCmap())), 0
    for page in HTML.rglob("*.html"):
        for math in re.findall("<math.*?</math>", page.read_text(), re.S):
            found += 1
            lacking = {unicodedata.name(c, c) for c in shown(math) - known}
            assert lacking == set(), f"{page}: see tools/math_font.py"
    assert found > 100


def leaves(latex: str) -> list[tuple]:
    """Text, and what is said about the space before and behind it."""
    return [
        (leaf.text, leaf.get("form"), leaf.get("lspace"), leaf.get("rspace"))
        for leaf in ET.fromstring(mathml(latex, "inline")).iter()
        if leaf.text
    ]


THIN = "0.1667em"
APPLIED = ("\u2061", None, "0", THIN)
PLAIN = (None, None, None)
SIGN = ("prefix", "0", "0")


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\ln 3", [("ln", *PLAIN), APPLIED, ("3", *PLAIN)]),
        (r"-b", [("−", *SIGN), ("b", *PLAIN)]),
        (r"1.f", [("1.", *PLAIN), ("f", *PLAIN)]),
        (r"1.57...", [("1.57...", *PLAIN)]),
        (r"f'", [("f", *PLAIN), ("′", None, "0", "0")]),
        (r"a - b", [("a", *PLAIN), ("−", *PLAIN), ("b", *PLAIN)]),
        (
            r"(a) - b",
            [("(", *PLAIN), ("a", *PLAIN), (")", *PLAIN), ("−", *PLAIN), ("b", *PLAIN)],
        ),
        (
            r"2^{e - 127}",
            [("2", *PLAIN), ("e", *PLAIN), ("−", None, "0", "0"), ("127", *PLAIN)],
        ),
    ],
)
def test_spaces_are_tex_s(latex, expected):
    assert leaves(latex) == expected


def test_a_sign_behind_a_bracket_or_a_comma_is_no_operation():
    for latex in (r"(-b, a)", r"(b, -a)", r"(-1)^s", r"x = \pm 2"):
        signs = [leaf for leaf in leaves(latex) if leaf[0] in "−±"]
        assert [sign[1:] for sign in signs] == [SIGN], latex


def test_a_function_stands_apart_from_what_comes_before_it_too():
    spaces = ET.fromstring(mathml(r"a\cos\phi", "inline")).iter("mspace")
    assert [space.get("width") for space in spaces] == [THIN]
    apply = next(leaf for leaf in leaves(r"\sin(x)") if leaf[0] == "\u2061")
    assert apply[3] == "0"  # its bracket follows at once


@pytest.fixture
def bare_browser(launch, tmp_path):
    """Chromium on a system with one font, which knows nothing of mathematics."""
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    shutil.copy(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", fonts)
    config = tmp_path / "fonts.conf"
    config.write_text(
        f'<?xml version="1.0"?><fontconfig><dir>{fonts}</dir>'
        f"<cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    browser = launch({"FONTCONFIG_FILE": str(config), "HOME": str(tmp_path)})
    yield browser
    browser.close()


FORMULAS = {
    "root": (r"\sqrt{10^{-6}} = 0.001", "msqrt"),
    "tall": (r"\sqrt{\frac{1}{n} + \epsilon}", "msqrt"),
    "bar": (r"q \cdot \overline{k\,e^{i\omega n}}", ".overlined"),
    "fence": (r"\left(1 + \frac{f}{128}\right)", "mrow mrow:has(> mfrac)"),
}
BOX = (
    "e => (({x, y, width, height}) => [x, y, width, height])(e.getBoundingClientRect())"
)


@pytest.fixture
def ink(bare_browser, tmp_path):
    """A function: a formula's dark pixels, and a box in them by its selector."""
    sheet = "".join(
        f'<p id="{name}">{mathml(latex, "block")}</p>'
        for name, (latex, _) in FORMULAS.items()
    )
    path = tmp_path / "sheet.html"
    path.write_text(
        f'<meta charset="utf-8"><link rel="stylesheet" href="file://{ROOT}/_static/'
        f'text.css"><body style="font: 40px sans-serif">{sheet}'
    )
    page = bare_browser.new_page(viewport={"width": 800, "height": 900})
    page.goto(f"file://{path}")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=tmp_path / "sheet.png")
    dark = np.asarray(Image.open(tmp_path / "sheet.png").convert("L")) < 128

    def box(selector: str) -> tuple[int, int, int, int]:
        x, y, w, h = page.locator(selector).first.evaluate(BOX)
        return round(x), round(y), round(x + w), round(y + h)

    return dark, box


@pytest.mark.parametrize("name", ["root", "tall"])
def test_a_root_has_its_sign_and_its_line(ink, name):
    dark, box = ink
    inside = box(f"#{name} msqrt > *")
    left, top, right, bottom = box(f"#{name} msqrt")
    sign = dark[top:bottom, left : inside[0]]
    rows = np.flatnonzero(sign.any(1))
    assert rows[-1] - rows[0] > 0.85 * (inside[3] - inside[1])
    line = dark[top : inside[1], inside[0] + 1 : inside[2] - 1]
    assert line.mean(1).max() == 1.0  # a row of pixels without a gap
    assert right - inside[2] < 4  # and no room behind


def test_a_bar_is_as_wide_as_what_is_under_it(ink):
    dark, box = ink
    left, top, right, _ = box("#bar .overlined")
    assert dark[top : top + 4, left + 1 : right - 1].mean(1).max() == 1.0
    letters = dark[top + 5 :, left:right].any(0)
    assert (
        letters[: (right - left) // 4].any() and letters[-(right - left) // 4 :].any()
    )


def test_brackets_are_as_tall_as_what_is_in_them(ink):
    dark, box = ink
    _, top, _, bottom = box("#fence mfrac")
    for number in (0, -1):
        selector = "#fence mrow:has(> mfrac) > mo[fence] >> nth=" + str(number)
        left, _, right, _ = box(selector)
        rows = np.flatnonzero(dark[top - 30 : bottom + 30, left:right].any(1))
        assert rows[-1] - rows[0] >= 0.95 * (bottom - top)


# ------------------------------------------------------------------ code and outputs

ALL_DRAWN = "* { content-visibility: visible !important; transition: none !important; }"
OPEN = "() => document.querySelectorAll('details').forEach((d) => (d.open = true))"
CUT = """() => [...document.querySelectorAll(
    "article pre, article .output, article .formula, article table, article math")]
  .filter((e) => e.getBoundingClientRect().width)
  .map((e) => {
    const frame = e.closest(".formula, .pst-scrollable-table-container");
    const scrolls = frame && getComputedStyle(frame).overflowX === "auto";
    const own = Math.max(e.scrollWidth - e.clientWidth, 0) * (e.clientWidth > 0);
    const article = e.closest("article").getBoundingClientRect();
    const cell = e.closest(".tag_full-width")?.getBoundingClientRect() ?? article;
    const edge = Math.max(article.right, cell.right);
    const beyond = e.getBoundingClientRect().right - edge;
    if (scrolls && (frame.scrollWidth <= frame.clientWidth || frame.tabIndex === 0)) {
      return null;
    }
    return Math.max(own, beyond) > 1 ? `${e.tagName} ${e.className}: ` +
      e.textContent.slice(0, 60) : null;
  }).filter(Boolean)"""


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_cut(open_page, path):
    check_nothing_is_cut(open_page(path))


def test_nothing_is_cut_in_the_source(open_page):
    sources = sorted((HTML / "_modules").rglob("*.html"))
    assert len(sources) > 6
    for path in sources:
        page = open_page(path.relative_to(HTML).as_posix())
        check_nothing_is_cut(page)
        page.close()


def check_nothing_is_cut(page):
    page.add_style_tag(content=ALL_DRAWN)
    page.evaluate(OPEN)
    for width in (1400, 820, 390):
        page.set_viewport_size({"width": width, "height": 900})
        # The theme gives what scrolls a tab stop a moment after the window changed.
        page.wait_for_function(f"() => ({CUT})().length === 0", timeout=4000)
        page_wide = "document.documentElement.scrollWidth <= innerWidth"
        assert page.evaluate(page_wide), width


@pytest.mark.parametrize("path", [p for p in PAGES if re.search(r"/\d\d_", p)])
def test_nothing_is_cut_on_paper(open_page, path):
    """A4 less margins; no shut fold stands there, and hints and solutions are open."""
    page = open_page(path)
    page.set_viewport_size({"width": 718, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate(CUT) == []
    for fold in page.locator("article details").all():
        if fold.is_visible():
            inside = fold.locator(":scope > :not(summary)").first
            assert inside.bounding_box()["height"] > 0
        else:
            assert "hide" in fold.get_attribute("class")


def test_quoted_source_has_no_bar_and_no_common_indent(site):
    import html

    from bs4 import BeautifulSoup

    pieces = 0
    for path in (HTML / "book").glob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for cell in page.select(".tag_annotate"):
            assert not cell.select("details, .cell_input"), path
            for code in cell.select("pre"):
                pieces += 1
                lines = html.unescape(code.get_text()).strip("\n").split("\n")
                assert any(line[:1].strip() for line in lines), (path, lines)
    assert pieces > 300


def test_a_long_line_goes_on_under_its_beginning(open_page):
    page = open_page("book/09_attention.html")
    page.set_viewport_size({"width": 390, "height": 900})
    page.add_style_tag(content=ALL_DRAWN)
    wrapped = page.evaluate(
        """() => [...document.querySelectorAll("article .line")].map((line) => {
          const range = document.createRange();
          range.selectNodeContents(line);
          const rows = [...range.getClientRects()].filter((r) => r.width > 1);
          const tops = [...new Set(rows.map((r) => Math.round(r.top)))];
          const left = (top) => Math.min(
            ...rows.filter((r) => Math.abs(r.top - top) < 3).map((r) => r.left));
          return tops.map(left);
        }).filter((lefts) => lefts.length > 1)"""
    )
    assert len(wrapped) > 50
    for first, *more in wrapped:
        assert all(left > first + 10 for left in more)


def test_what_is_copied_has_no_other_lines_than_the_source(open_page):
    """Long lines are elements of their own, which must not read as paragraphs."""
    page = open_page("book/09_attention.html")
    page.add_style_tag(content=ALL_DRAWN)
    for code in page.locator(".cell_input pre:visible").all()[:20]:
        assert code.inner_text().rstrip("\n") == code.text_content().rstrip("\n")
