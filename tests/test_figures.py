"""Plots: stored as a picture, and as two drawings that take on the page's colours."""

import io
import re
from pathlib import Path

import nbformat
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from bookkit import COLOR, axes, figures, heatmap
from bookkit.compact_svg import VARIABLES, compact

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
LAYOUTS = ("wide", "narrow")


def stored(path: Path) -> list[tuple[str, dict]]:
    """The id of each cell that holds a picture, and the picture's drawings."""
    return [
        (cell.id, output.metadata.get("image/png", {}).get("svg", {}))
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]


LONG = "a label that is by far too long to stand in a row on a phone"


def sample():
    """Two panels with whatever the book's plots hold."""
    left, right = axes(1, 2, sharey=True)
    left.plot([1, 2, 3], [1, 4, 9], "o--", color=COLOR["q"], label="queries")
    left.axvline(2, color="black")
    left.set(yscale="log", ylim=(2, 20), ylabel="size", title="a < b", xlabel="layers")
    left.legend()
    heatmap(right, [[1.0, 2.0], [3.0, 4.0]], x=LONG)
    right.text(0, 1, "$2^{10}$", color="white", ha="center")
    return left.figure


# Chapters whose plots have been gone through.
CHAPTERS = [path for path in CHAPTERS if any(drawn for _, drawn in stored(path))]


@pytest.fixture(autouse=True)
def style():
    with figures.plt.rc_context(figures.STYLE):
        yield
    figures.plt.close("all")


# ------------------------------------------------------------------- one figure


def test_drawing_twice_gives_the_same_bytes_and_changes_nothing():
    figure = sample()

    def state():
        panels = [(a.get_subplotspec(), a.get_legend()) for a in figure.axes]
        ticks = [
            [label.get_visible() for label in a.get_yticklabels()] for a in figure.axes
        ]
        return [*figure.get_size_inches()], panels, ticks, figure.axes[1].get_xlabel()

    figure.draw_without_rendering()
    before = state()
    figures.drawings(figure)
    assert state() == before
    assert figures.drawings(sample()) == figures.drawings(sample())


def test_the_display_of_a_figure_keeps_the_picture_and_adds_the_drawings():
    data, metadata = sample()._repr_mimebundle_()
    assert data == {}  # the picture is matplotlib's own
    assert metadata["image/png"]["svg"].keys() == set(LAYOUTS)


def test_what_is_drawn_follows_the_page():
    drawn = figures.drawings(sample())
    for layout, width in (("wide", 691), ("narrow", 346)):
        svg = drawn[layout]
        assert f'width="{width}"' in svg
        assert 'stroke="currentColor"' in svg and "var(--draw-q,#0072b2)" in svg
        assert 'fill="var(--draw-paper,#ffffff)"' in svg
        assert not re.search(r"\bid=|#000|DejaVu|clip-path|<style|<!--", svg)
        assert "a &lt; b" in svg
        assert re.search(r'>2</tspan><tspan dy="-[\d.]+" font-size="7"[^>]*>10<', svg)
    assert f">{LONG}<" in drawn["wide"] and f">{LONG}<" not in drawn["narrow"]


def test_narrow_panels_stand_in_a_column_each_with_its_words():
    svg = figures.drawings(sample())["narrow"]
    height = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', svg)[1])
    assert height > 2 * 2.8 * 72  # two rows, and a legend above the first
    y = {word: float(re.search(rf'y="([\d.]+)"[^>]*>{word}<', svg)[1])
         for word in ("queries", "a &lt; b", "layers")}  # fmt: skip
    assert y["queries"] < y["a &lt; b"] < y["layers"] < 0.55 * height
    assert svg.count(">size<") == 2  # also at the second panel, now at the left too


def test_whole_numbers_have_no_ticks_between_them():
    ax = axes()
    ax.plot(range(16), [0] * 16)
    ax.set(yticks=[])
    drawn = figures.drawings(ax.figure)
    assert ">14<" in drawn["wide"] and ">14<" not in drawn["narrow"]
    assert ".5<" not in drawn["narrow"]


def test_variables_are_the_palette():
    assert {to_hex(color): name for name, color in COLOR.items()} == {
        color: {"lit": "highlight"}.get(name, name)
        for color, name in VARIABLES.items()
        if name not in ("line", "paper")
    }


@pytest.mark.parametrize(
    "path, drawn",
    [
        ("M 1 2 \nL 3 2 \nL 3 5 \nz", "M1 2h2v3z"),
        ("M 0 0 \nL 1.234 -0.5 \nL 1.238 -0.5", "M0 0l1.23-.5h.01"),
        ("M 0 0 \nL 1 1 \nL 1 1 \nL 2 2", "M0 0l1 1 1 1"),
        ("M 1 1 \nC 1 2 3 4 5 6 \nC 5 7 7 8 9 9", "M1 1c0 1 2 3 4 5 0 1 2 2 4 3"),
        ("M 0 0 \nL 1 1 \nz\nM 5 5 \nL 6 6", "M0 0l1 1zM5 5l1 1"),
    ],
)
def test_paths_are_short_and_the_same(path, drawn):
    svg = '<svg viewBox="0 0 9 9"><path style="fill: #ff0000" d="{}"/></svg>'
    assert f'<path fill="#ff0000" d="{drawn}"/>' in compact(svg.format(path))


def test_only_what_reaches_beyond_the_axes_is_cut():
    ax = axes()
    ax.plot([0, 1], [0, 1], color=COLOR["q"])
    ax.plot([0, 1], [0, 9], color=COLOR["k"])
    ax.set(ylim=(0, 2))
    svg = figures.svg(ax.figure)
    inside = re.search(r"<svg x=[^>]*>(.*?)</svg>", svg)[1]
    assert svg.count("<svg") == 2
    assert "draw-k" in inside and "draw-q" not in inside


@pytest.mark.parametrize(
    "inner", ["<ellipse/>", '<g style="opacity: 0.5"><path d="M 0 0"/></g>']
)
def test_what_is_unknown_is_an_error(inner):
    with pytest.raises(ValueError):
        compact(f'<svg viewBox="0 0 9 9">{inner}</svg>')


# --------------------------------------------------------------- what is stored


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_stored_picture_has_its_two_drawings(path):
    for cell, drawn in stored(path):
        assert drawn.keys() == set(LAYOUTS), cell
        for svg in drawn.values():
            assert len(svg) < 60_000, cell
            colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg))
            known = {f"var(--draw-{name},{value})" for value, name in VARIABLES.items()}
            known |= {"none", "currentColor", *figures.INK.values()}
            assert colours <= known, cell
            assert not re.search(
                r"\bid=|<style|<script|\bon\w+=|href=\"(?!data:image/png)", svg
            ), cell


FOLD = "How it is drawn"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_code_that_draws_is_folded(path):
    for cell in nbformat.read(path, as_version=4).cells:
        drawn = any("image/png" in o.get("data", {}) for o in cell.get("outputs", []))
        if drawn:
            assert "hide-input" in cell.metadata.get("tags", []), cell.id


# ------------------------------------------------------------------ on the site

# The words of a page's plots: their boxes, the box of the plot, the letters' pixels.
WORDS = """() => {
  const box = (e) => { const b = e.getBoundingClientRect();
    return [b.left, b.top, b.right, b.bottom]; };
  return [...document.querySelectorAll(".plot")].flatMap((plot, at) => {
    const svg = [...plot.children].find((e) => e.getClientRects().length);
    const scale = box(svg)[2] - box(svg)[0];
    const letters = (e) => parseFloat(getComputedStyle(e).fontSize);
    return [...svg.querySelectorAll("text")].filter((e) => e.textContent.trim())
      .map((e) => ({ at, text: e.textContent, box: box(e), of: box(svg),
        turned: (e.getAttribute("transform") || "").includes("rotate"),
        size: Math.min(...[e, ...e.children].map(letters))
          * scale / svg.viewBox.baseVal.width }));
  });
}"""


def overlap(a: dict, b: dict) -> bool:
    """Whether two words touch; a line's height has 3 pixels above and below letters."""
    width = min(a["box"][2], b["box"][2]) - max(a["box"][0], b["box"][0])
    height = min(a["box"][3], b["box"][3]) - max(a["box"][1], b["box"][1])
    return a["at"] == b["at"] and width > 1 and height > 6


def slanted(word: dict) -> bool:
    """Turned by less than a right angle: its box is larger than the word."""
    left, top, right, bottom = word["box"]
    return word["turned"] and right - left > 24 and bottom - top > 24


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", [path.stem for path in CHAPTERS])
def test_words_in_plots_can_be_read(open_page, name, width):
    page = open_page(f"book/{name}.html")
    page.set_viewport_size({"width": width, "height": 900})
    words = page.evaluate(WORDS)
    plots = {word["at"] for word in words}
    assert len(plots) == len(stored(ROOT / f"book/{name}.ipynb"))
    small = [word["text"] for word in words if word["size"] < 9]
    assert small == []
    out = [
        word["text"]
        for word in words
        if word["box"][0] < word["of"][0] - 2
        or word["box"][2] > word["of"][2] + 2
        or word["box"][1] < word["of"][1] - 4
        or word["box"][3] > word["of"][3] + 4
    ]
    assert out == []
    level = [word for word in words if not slanted(word)]
    touching = [
        (a["text"], b["text"])
        for i, a in enumerate(level)
        for b in level[i + 1 :]
        if overlap(a, b)
    ]
    assert touching == []


def test_a_dark_page_has_no_light_box(open_page):
    """What stands around the lines of a plot is the page itself."""
    page = open_page("book/10_masks.html")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    plot = page.locator(".plot").last
    picture = Image.open(io.BytesIO(plot.screenshot())).convert("L")
    dark = sum(picture.histogram()[:64]) / (picture.width * picture.height)
    assert dark > 0.9
    ink = plot.locator("svg").first.evaluate("e => getComputedStyle(e).fill")
    assert min(map(int, re.findall(r"\d+", ink)[:3])) > 150


def test_paper_prints_dark_ink_on_a_dark_page_too(open_page):
    page = open_page("book/10_masks.html")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    line = page.locator(".plot").last.locator("path[stroke='currentColor']").first
    ink = line.evaluate("e => getComputedStyle(e).stroke")
    assert ink == "rgb(0, 0, 0)"


@pytest.mark.parametrize("width, layout", [(1280, 0), (390, 1)])
def test_one_of_the_two_drawings_is_seen(open_page, width, layout):
    page = open_page("book/10_masks.html")
    page.set_viewport_size({"width": width, "height": 900})
    for plot in page.locator(".plot").all():
        seen = [svg.is_visible() for svg in plot.locator("> svg").all()]
        assert seen == [i == layout for i in range(2)]
        assert plot.get_attribute("role") == "img"
        assert len(plot.get_attribute("aria-label")) > 40
