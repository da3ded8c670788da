"""The site's theme: what stands around a page, and what a build refuses."""

import html
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from sphinx.errors import ExtensionError

from bookkit.places import CHAPTERS

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "_build/html"
sys.path.insert(0, str(ROOT / "_ext"))
import chapters  # noqa: E402
import offline_site  # noqa: E402


def written(pattern: str = "**/*.html") -> dict[str, str]:
    """Every page of the built site, without the theme's own templates."""
    return {
        path.relative_to(BUILT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(BUILT.glob(pattern))
        if "_static" not in path.parts
    }


def exercises_of(name: str) -> list[str]:
    """The headings of a chapter's exercises, from its notebook."""
    cells = json.loads((ROOT / f"book/{name}.ipynb").read_text(encoding="utf-8"))
    text = "\n".join(
        "".join(cell["source"])
        for cell in cells["cells"]
        if cell["cell_type"] == "markdown"
    )
    return re.findall(r"(?m)^### (Exercise \d+ .*)$", text)


# ------------------------------------------------------------ what a build refuses


def files(names: dict) -> SimpleNamespace:
    """A page's files as Sphinx hands them over."""

    class File:
        def __init__(self, filename, priority=500, **attributes):
            self.filename, self.priority = filename, priority
            self.attributes = attributes

    every = [File(name, **attributes) for name, attributes in names.items()]
    unused = [
        File(name) if "." in name else File(None, body=f"{name} = 1;")
        for name, count in offline_site.UNUSED.items()
        for _ in range(count)
    ]
    return {"css_files": [], "script_files": every + unused}


def test_files_that_no_page_uses_are_left_out_and_the_rest_waits_for_nothing():
    context = files({"documentation_options.js": {}, "_static/dom.js": {"defer": ""}})
    offline_site.choose_files(None, "index", "", context, None)
    kept = {file.filename: file.attributes for file in context["script_files"]}
    assert kept == {
        "documentation_options.js": {},
        "_static/dom.js": {"defer": "defer"},
    }


@pytest.mark.parametrize("change", ["gone", "twice"])
@pytest.mark.parametrize("name", ["togglebutton.js", "let toggleHintShow"])
def test_a_build_fails_if_what_it_leaves_out_is_not_there_as_often(name, change):
    context = files({})
    [file] = [
        file
        for file in context["script_files"]
        if file.filename == name or file.attributes.get("body", "").startswith(name)
    ]
    if change == "gone":
        context["script_files"].remove(file)
    else:
        context["script_files"].append(file)
    count = {"gone": 0, "twice": 2}[change]
    said = rf"book/x: found '{name}' {count} times, expected 1"
    with pytest.raises(ExtensionError, match=said):
        offline_site.choose_files(None, "book/x", "", context, None)


def test_a_build_fails_if_code_looks_otherwise():
    code = '<div class="highlight"><pre><span></span>a\nb\n</pre></div>'
    assert '<pre style="--lines:2">' in offline_site.count_lines(code, "x")
    for other in (code.replace("<pre>", "<pre id>"), code + code):
        with pytest.raises(ExtensionError, match="x: found .*, expected 1"):
            offline_site.count_lines(other, "x")


@pytest.mark.parametrize(
    "page, fault",
    [
        ("<script>alert(1)</script>", "forbids the inline script 'alert"),
        ('<button onclick="f()">', "forbids the handler <button"),
        ("<meta Content-Security-Policy>", "2 times, expected 1"),
    ],
)
def test_a_build_fails_if_a_page_breaks_its_policy(tmp_path, page, fault):
    hashed = offline_site.digest("good()")
    good = f"<meta Content-Security-Policy {hashed}><script>good()</script>"
    builder = SimpleNamespace(format="html")
    app = SimpleNamespace(outdir=tmp_path, builder=builder)
    (tmp_path / "page.html").write_text(good)
    offline_site.check_pages(app, None)
    (tmp_path / "page.html").write_text(good + page)
    with pytest.raises(ExtensionError, match=fault):
        offline_site.check_pages(app, None)


# ------------------------------------------------------------ what was built


def test_every_page_is_lean(site):
    """Scripts wait for the page, nothing that no page uses, every image has a size."""
    for name, page in written().items():
        tags = re.findall(r"<script[^>]*src=[^>]*>", page)
        waiting = [tag for tag in tags if "defer" not in tag]
        if name != "search.html":
            assert len(waiting) == 1 and offline_site.FIRST in waiting[0], name
            assert "searchindex.js" not in page, name
        assert not re.search(r"thebe|togglebutton|fontawesome\.js|preload", page), name
        assert 'content="width=device-width' in page, name
        for tag in re.findall(r'<img [^>]*src="[^"]*_images[^>]*\.png"[^>]*>', page):
            source = re.search(r'src="([^"]*)"', tag)[1]
            size = re.search(r'width="(\d+)" height="(\d+)"', tag).groups()
            with Image.open((BUILT / name).parent / source) as image:
                assert image.size == (*map(int, size),), name
            assert 'loading="lazy"' in tag and "alt=" in tag, name
        blocks = page.count('<div class="highlight"><pre')
        assert page.count('<pre style="--lines:') == blocks, name


def test_chapters_show_their_numbers(site):
    """In the heading, in a browser's title, in the list of chapters, forth and back."""
    pages = written("book/*.html")
    names = list(CHAPTERS)
    assert [chapters.number(name) for name in names] == list(range(len(names)))
    for n, name in enumerate(names):
        shown = f'<span class="chapter-number">{n} · </span>{CHAPTERS[name]}'
        page = pages[f"book/{name}.html"]
        assert f"<h1>{shown}<a " in page
        assert f"<title>{n} · {CHAPTERS[name]} &#8212; Reading Qwen3</title>" in page
        for other in pages.values():
            assert other.count(f"{shown}</a>") >= 1, name
        for beside in {n - 1, n + 1} & {*range(len(names))}:
            there = f'<p class="prev-next-title">{shown}</p>'
            assert there in pages[f"book/{names[beside]}.html"]


def test_the_book_s_name_is_said_once(site):
    page = written("index.html")["index.html"]
    [title] = re.findall("<title>(.*?)</title>", page)
    assert title.count("Reading Qwen3") == 1 and len(title) > 30
    [side] = re.findall(r'(?s)<div id="pst-primary-sidebar".*?<main', page)
    assert side.count("Reading Qwen3") == 1


def test_a_page_is_described_in_plain_words(site):
    """For search engines and for who is sent a link."""
    for name, page in written("book/[0-9]*.html").items():
        tags = dict(
            re.findall(r'<meta (?:name|property)="(\S+)" content="(.*?)"', page)
        )
        assert tags["og:title"] in page and tags["og:site_name"] == "Reading Qwen3"
        words = html.unescape(tags["description"])
        assert words == html.unescape(tags["og:description"]), name
        assert len(words) > 100 and not re.search(r"<|href=|  ", words), name


def test_no_page_says_that_nothing_was_answered(site):
    for name, page in written("book/*.html").items():
        assert chapters.UNANSWERED not in page, name
        if name.removesuffix(".html").removeprefix("book/") in CHAPTERS:
            assert page.count("tag_solution") or "exercise-1" not in page


def test_every_exercise_is_listed_with_its_number(site):
    page = written("book/exercises.html")["book/exercises.html"]
    rows = re.findall(
        r'<li class="(level-\w+)( prediction)?"><p><a class="reference internal" '
        r'href="(\w+)\.html#([\w-]+)">(\d+)\.(\d+) (.*?)</a>',
        page,
    )
    wanted = [(name, title) for name in CHAPTERS for title in exercises_of(name)]
    assert len(rows) == len(wanted) >= 80
    every = written("book/*.html")
    for row, (name, heading) in zip(rows, wanted, strict=True):
        level, prediction, chapter, anchor, n, of, title = row
        assert (chapter, int(n)) == (name, chapters.number(name))
        assert f'id="{anchor}"' in every[f"book/{name}.html"]
        assert heading.startswith(f"Exercise {of} ({level.removeprefix('level-')}")
        assert bool(prediction) == ("predict" in heading)
        assert heading.split(": ", 1)[1][:5].lower() in html.unescape(title).lower()


# ------------------------------------------------------------ in a browser


def test_exercises_are_filtered_and_ticked_off(open_page):
    page = open_page("book/exercises.html")
    shown = page.locator(".exercise-list > li:visible")
    every = shown.count()
    for level in ("Easy", "Medium", "Hard"):
        button = page.get_by_role("button", name=level)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert shown.count() == int(re.search(r"\d+", button.inner_text())[0]) < every
        kinds = shown.evaluate_all("items => items.map(item => item.classList[0])")
        assert {*kinds} == {f"level-{level.lower()}"}
    page.get_by_role("button", name="All").click()
    page.get_by_label("Predictions only").check()
    assert 0 < shown.count() < every
    page.get_by_label("Predictions only").uncheck()
    page.get_by_label("Done: 9.2").check()
    page.get_by_label("Hide what is done").check()
    assert shown.count() == every - 1
    assert f"{every - 1} of {every} exercises shown, 1 done" in page.inner_text(
        ".exercise-status"
    )
    again = open_page("book/09_attention.html")
    boxes = again.locator(".exercise-done input")
    ticked = boxes.evaluate_all("all => all.map(box => box.checked)")
    assert ticked[1] and sum(ticked) == 1 and len(ticked) == 4
    boxes.nth(1).uncheck()
    page.reload()
    assert not page.get_by_label("Done: 9.2").is_checked()


def test_without_scripts_every_exercise_is_there(browser, site):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}/book/exercises.html")
    assert page.locator(".exercise-list > li:visible").count() >= 80
    assert page.locator("article input, article button").count() == 0
    page.goto(f"{site}/book/09_attention.html")
    assert page.locator(".chapter-bar button:visible").count() == 0


def test_a_printout_is_one_tab_stop_with_arrow_keys(open_page):
    page = open_page("book/02_tree.html")
    stops = page.locator("pre.printout").evaluate_all(
        "all => all.map(pre => [pre, ...pre.querySelectorAll('*')]"
        ".filter(e => e.tabIndex === 0).length)"
    )
    assert {*stops} == {1}
    links = page.locator("pre.printout").first.locator("a")
    here = "() => [...document.querySelectorAll('pre.printout a')]"
    here += ".indexOf(document.activeElement)"
    links.first.focus()
    for key, at in (
        ("ArrowDown", 1),
        ("ArrowRight", 2),
        ("ArrowUp", 1),
        ("End", links.count() - 1),
        ("ArrowDown", links.count() - 1),
        ("Home", 0),
        ("ArrowDown", 1),
    ):
        page.keyboard.press(key)
        assert page.evaluate(here) == at, key
    page.keyboard.press("Tab")
    assert page.evaluate(here) == -1 or page.evaluate(here) >= links.count()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(here) == 1  # it comes back to where it was


@pytest.mark.parametrize("width", [1400, 390])
def test_code_is_a_tab_stop_only_where_it_scrolls(open_page, width):
    page = open_page("book/09_attention.html")
    page.set_viewport_size({"width": width, "height": 900})
    codes = page.locator("article .highlight > pre")
    assert codes.count() > 50
    stops = codes.evaluate_all("all => all.filter(e => e.tabIndex === 0).length")
    assert stops < codes.count() / 2
    wide = page.locator("article .cell_input .highlight > pre:visible").first
    for change, stop in (("nowrap", True), ("pre-wrap", False)):
        wide.scroll_into_view_if_needed()
        wide.evaluate(
            "(e, how) => { e.style.whiteSpace = how; e.style.width = '12rem';"
            "e.style.overflowWrap = 'anywhere'; dispatchEvent(new Event('resize')); }",
            change,
        )
        page.wait_for_function(
            "([e, stop]) => (e.tabIndex === 0) === stop",
            arg=[wide.element_handle(), stop],
        )


def test_a_search_leaves_nothing_on_the_next_chapter(open_page):
    page = open_page("search.html?q=residual")
    page.locator('ul.search a[href*="12_decoder_layer"]').first.click()
    page.wait_for_load_state("networkidle")
    assert page.locator("span.highlighted, #searchbox *").count() == 0
    assert page.evaluate("localStorage.getItem('sphinx_highlight_terms')") is None


def test_the_cursor_stands_in_the_search_page_s_field(open_page):
    page = open_page("search.html")
    page.keyboard.type("eps")
    assert page.input_value(".bd-search-container input") == "eps"


def test_the_color_mode_says_which_one_is_on(open_page):
    page = open_page("book/05_rmsnorm.html")
    button = page.locator(".bd-header-article .theme-switch-button")
    said = set()
    for _ in range(3):
        mode = page.evaluate("document.documentElement.dataset.mode")
        label = button.get_attribute("aria-label")
        assert {"light": "light", "dark": "dark", "auto": "system"}[mode] in label
        assert label == button.get_attribute("title")
        said.add(label)
        button.click()
        page.wait_for_function(
            "m => document.documentElement.dataset.mode !== m", arg=mode
        )
    assert len(said) == 3


def test_the_theme_is_decided_before_anything_is_drawn(browser, site):
    for scheme, stored, wanted in (
        ("dark", None, "dark"),
        ("light", None, "light"),
        ("dark", "light", "light"),
    ):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        if stored:
            context.add_init_script(f"localStorage.setItem('mode', '{stored}')")
        context.add_init_script(
            "new MutationObserver(() => (window.first ??= document.body &&"
            "document.documentElement.dataset.theme))"
            ".observe(document, { childList: true, subtree: true })"
        )
        page.goto(f"{site}/book/05_rmsnorm.html")
        assert page.evaluate("window.first") == wanted
        context.close()


@pytest.mark.parametrize("width", [1280, 1400, 1900])
def test_the_contents_stay_beside_wide_listings(open_page, width):
    """At every listing the whole list is to be read, and nothing lies over it."""
    page = open_page("book/09_attention.html")
    page.set_viewport_size({"width": width, "height": 900})
    listings = page.locator(".tag_full-width").all()
    assert len(listings) > 4
    for listing in listings:
        listing.evaluate("e => e.scrollIntoView()")
        page.wait_for_function("scrollY > 0")
        for link in page.locator("#pst-page-toc-nav > ul > li > a").all():
            assert link.evaluate(
                "e => { const r = e.getBoundingClientRect(); return e === document"
                ".elementFromPoint(r.left + 5, r.top + r.height / 2) &&"
                "+getComputedStyle(e.closest('nav')).opacity === 1; }"
            )


def test_names_in_the_contents_break_between_their_parts(open_page):
    for path in ("book/api", "book/08_rope", "book/25_faq"):
        page = open_page(f"{path}.html")
        page.set_viewport_size({"width": 1400, "height": 900})
        broken = page.evaluate(
            """() => [...document.querySelectorAll("#pst-page-toc-nav code .pre")]
              .flatMap((code) => [...code.childNodes]).filter((node) => {
                const range = document.createRange();
                range.selectNodeContents(node);
                return node.nodeType === Node.TEXT_NODE &&
                  range.getClientRects().length > 1;
              }).map((node) => node.textContent)"""
        )
        assert broken == [], path


@pytest.mark.parametrize("name", ["15_tokenizer", "25_faq"])
def test_the_book_s_name_stays_over_the_list_of_chapters(open_page, name):
    page = open_page(f"book/{name}.html")
    page.set_viewport_size({"width": 1280, "height": 600})
    page.reload()
    assert page.evaluate("document.querySelector('.bd-sidebar-primary').scrollTop") > 0
    assert page.locator(".navbar-brand").evaluate(
        "e => { const r = e.getBoundingClientRect(); return r.top >= 0 &&"
        "e.contains(document.elementFromPoint(r.left + 9, r.top + r.height / 2)); }"
    )


def test_menus_say_what_one_gets(open_page):
    page = open_page("book/05_rmsnorm.html")
    page.get_by_role("button", name="Download or print").focus()
    page.keyboard.press("Enter")
    menu = page.locator(".bd-header-article .dropdown-menu")
    words = [line.strip() for line in menu.inner_text().split("\n") if line.strip()]
    assert words == ["Notebook (.ipynb)", "Print, or save as PDF"]
    with page.expect_download() as download:
        menu.locator("a").click()
    assert download.value.suggested_filename == "05_rmsnorm.ipynb"
