"""The landing page and the running tree, as a reader uses them, in Chromium."""

import re

import pytest
import torch
from test_site import AT_ONCE, ROOT, wire

import bookkit.breaks as breaks
from bookkit import places
from minqwen3 import Qwen3ForCausalLM, Qwen3Tokenizer, hub

RUNNING = ".live [data-path='lm_head'] .live-shape"
PATHS = {  # a printed line, as the page's rows have it
    path: re.sub(r"layers\.\d+", "layers.*", path) for path in places.TREE
}
LAYER = "model.layers.*"


def settle(page):
    """Wait until the page has computed all that it was asked for."""
    page.wait_for_function("() => Live.view.right && !Live.view.waiting")
    page.wait_for_timeout(150)


def row(page, path: str):
    return page.locator(f".live-row[data-path='{path}']")


def text_of_tree(page) -> str:
    return page.evaluate(
        "() => [...document.querySelectorAll('.live-rows .live-text')]"
        ".map((e) => e.textContent).join('\\n')"
    )


@pytest.fixture(scope="module")
def small():
    return Qwen3ForCausalLM.from_pretrained(hub.SMALL, attn_implementation="eager")


# ------------------------------------------------------------------ first paint


def test_the_first_paint_is_complete_and_nothing_is_fetched(browser, site, small):
    """Lines to the letter, shapes, strips, bars, marks: before any weight is loaded."""
    page, asked = browser.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/index.html")
    page.wait_for_load_state("networkidle")
    assert text_of_tree(page) == repr(small)
    assert (
        row(page, "model.layers.*.self_attn.q_norm").inner_text().endswith("(9, 4, 64)")
    )
    assert page.locator(".live-row .live-strip path").count() > 100
    assert page.locator(".live-panel .live-cells path").count() > 12
    assert "Darcy" in page.inner_text(".live-next")
    assert [m.inner_text() for m in page.locator(".live-mark").all()][0].startswith(
        "as"
    )
    assert not [url for url in asked if "model.safetensors" in url or "weights" in url]
    page.close()


def test_what_the_build_drew_is_what_the_page_computes(open_page):
    """The strips, patterns, shapes and bars of the build, again from the weights."""
    page = open_page("index.html")
    look = """() => [...document.querySelectorAll('.live-row')].map((row) => [
      row.dataset.path, row.querySelector('.live-shape').textContent,
      [...row.querySelectorAll('path')].map((p) => [p.className.baseVal,
        p.getAttribute('d')])])"""
    heads = """() => [...document.querySelectorAll('.live-cells path')].map((p) =>
      p.className.baseVal + p.getAttribute('d'))"""
    before, cells = page.evaluate(look), page.evaluate(heads)
    bars = page.inner_text(".live-next .live-bars")
    page.press("#live-text", "Enter")
    settle(page)
    after = page.evaluate(look)
    assert [r[:2] for r in before] == [r[:2] for r in after]

    def levels(rows):  # which colour each of a strip's numbers has
        return {
            (path, place): name
            for path, _, paths in rows
            for name, d in paths
            for place in re.findall(r"M(\d+)", d)
        }

    one, two = levels(before), levels(after)
    differ = [at for at in one.keys() | two.keys() if one.get(at) != two.get(at)]
    assert len(differ) <= 4  # a number on the border of two levels
    assert len(set(cells) ^ set(page.evaluate(heads))) <= 4
    assert page.inner_text(".live-next .live-bars") == bars


def test_the_landing_page_is_light_and_does_not_shift(browser, site):
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page, asked = context.new_page(), set()
    page.on("request", lambda request: asked.add(request.url))
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of"
        " list.getEntries()) window.shift += e.value; })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(f"{site}/index.html")
    page.wait_for_load_state("networkidle")
    assert sum(wire(site, url) for url in asked) < 300_000
    page.click("[data-switch='repeat']")
    settle(page)
    row(page, "model.norm").click()
    settle(page)
    assert page.evaluate("window.shift") < 0.02
    context.close()


# ------------------------------------------------------------------ a text


def test_typing_runs_the_text(open_page):
    page = open_page("index.html")
    text = "She was not at all"
    page.fill("#live-text", text)
    settle(page)
    ids = Qwen3Tokenizer.from_pretrained(hub.SMALL).encode(text)
    assert page.evaluate("Live.view.ids") == ids
    assert page.locator(".live-chip").count() == len(ids)
    assert row(page, "lm_head").inner_text().endswith(f"({len(ids)}, 2048)")
    page.fill("#live-text", "word " * 70)
    page.wait_for_function("() => Live.view.cut")
    settle(page)
    assert "The first 64 of" in page.inner_text(".live-said")
    page.fill("#live-text", "")
    page.wait_for_function("() => Live.view.ids.length === 0")
    assert "type a word" in page.inner_text(".live-panel")
    page.fill("#live-text", "Emma")
    page.wait_for_function("() => Live.view.ids.length > 0 && Live.view.right")
    page.wait_for_function("() => document.querySelector('.live-panel .live-cells')")


def test_a_token_is_a_position(open_page):
    page = open_page("index.html")
    page.press("#live-text", "Enter")
    settle(page)
    before = row(page, "model.norm").get_attribute("aria-label")
    page.locator(".live-chip").nth(3).click()
    assert row(page, "model.norm").get_attribute("aria-label") != before
    assert "token=3" in page.url
    assert "“not”" in page.inner_text(".live-panel")


def test_foreign_text_is_told_what_the_model_has_read(open_page):
    page = open_page("index.html")
    assert "six novels" in page.inner_text(".live-lede")
    page.fill("#live-text", "def rotate(x): return torch.cat((-b, a), dim=-1)")
    page.wait_for_function("() => Live.view.typed.startsWith('def') && Live.view.right")
    settle(page)
    assert "six novels and nothing else" in page.inner_text("[data-live='note']")


def test_writing_on_goes_through_the_cache(open_page, small):
    page = open_page("index.html")
    config, size = small.config, []
    for n in range(3):
        page.click("[data-live='write']")
        page.wait_for_function(f"() => Live.view.ids.length === {10 + n}")
        page.wait_for_function(
            "() => /bytes/.test(document.querySelector('[data-live=note]').textContent)"
        )
        page.wait_for_timeout(100)
        size.append(page.inner_text("[data-live='note']"))
    each = (
        2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * 4
    )
    for n, said in enumerate(size):
        assert f"{(10 + n) * each:,} bytes (+{each:,})" in said
    tokenizer = Qwen3Tokenizer.from_pretrained(hub.SMALL)
    ids = torch.tensor([tokenizer.encode(breaks.TEXT)])
    wanted = small.generate(ids, max_new_tokens=3)[0].tolist()
    assert page.evaluate("Live.view.ids") == wanted
    assert page.input_value("#live-text") == tokenizer.decode(wanted)
    assert page.locator(".live-written").count() == 3


# ------------------------------------------------------------------ lines


@pytest.mark.parametrize(
    "name, shown",
    {
        "model.layers.*.self_attn": ".live-cells",
        "model.layers.*.self_attn.q_norm": ".live-pair",
        "model.layers.*.mlp.gate_proj": ".live-bars",
        "model.rotary_emb": ".live-clock",
        "model.norm": ".live-lens table",
        "lm_head": ".live-lens table",
        "model.embed_tokens": ".live-map canvas",
    }.items(),
)
def test_a_line_shows_what_it_does(open_page, name, shown):
    page = open_page("index.html")
    row(page, name).click()
    settle(page)
    page.wait_for_selector(f".live-panel {shown}")
    assert row(page, name).get_attribute("aria-pressed") == "true"
    said = page.inner_text(".live-panel")
    assert "In model.py" in said and "Chapter" in said
    line = next(p for p, q in PATHS.items() if q == name)
    place = places.TREE_PLACES[line]
    links = page.locator(".live-panel .live-where a")
    assert links.get_attribute("href").endswith(f"{place.chapter}.html#{place.anchor}")


def test_layers_open_and_steps_can_be_shown(open_page, small):
    page = open_page("index.html")
    page.check("[name='live-layer'][value='all']", force=True)
    settle(page)
    layers = small.config.num_hidden_layers
    assert page.locator(".live-row[data-path$='.q_proj']").count() == layers
    row(page, "model.layers.1.mlp").click()
    assert "layer 1" in page.inner_text(".live-panel h2")
    page.check("[name='live-layer'][value='2']", force=True)
    assert text_of_tree(page) == repr(small)
    page.check("[data-live='steps']")
    settle(page)
    row(page, f"{LAYER}.self_attn.probs").click()
    page.wait_for_selector(".live-panel .live-cells")
    assert page.locator(".live-step").count() >= 8


def test_silencing_a_head_shows_what_it_costs(open_page):
    page = open_page("index.html")
    page.check("[data-head='3.1']")
    page.wait_for_function("() => Live.view.compared")
    assert "head=3.1" in page.url
    assert page.locator(".live-first").get_attribute("data-path").endswith("o_proj")
    page.click("text=What changed")
    assert "head 1 silent" in page.inner_text(".live-panel")


# ------------------------------------------------------------------ what would break?


@pytest.fixture(scope="module")
def measured():
    return breaks.results()["breaks"]


def test_every_switch_lights_the_line_that_differs_first(open_page, measured):
    """The lit line is Python's, the loss is the shipped one, equal lines are grey."""
    page = open_page("index.html")
    for mistake in breaks.ON_PAGE:
        page.evaluate(
            "k => document.querySelector(`[data-switch=${k}]`).click()", mistake.key
        )
        page.wait_for_function(
            "k => Live.view.compared && Live.view.state.off[0] === k"
            " && !Live.view.waiting",
            arg=mistake.key,
        )
        first, loss = (measured[mistake.key][k] for k in ("first", "loss"))
        lit = page.locator(".live-row.live-first")
        if first is None:
            assert lit.count() == 0, mistake.key
        else:
            assert lit.get_attribute("data-path") == PATHS.get(
                re.sub(r"layers\.\d+", "layers.0", first)
            ), mistake.key
            assert "the first line that differs" in lit.get_attribute("aria-label")
        said = page.inner_text(".live-panel")
        assert f"→ {loss:.2f}" in said, mistake.key
        assert "print, shapes, parameter count" in said and "noise" in said
        if mistake.function and first:
            assert mistake.function in said and "tree does not print" in said
        assert page.inner_text(".live-needle") == f"{loss:.2f}"
        old, new = mistake.changes[0]
        assert old.split("\n")[0].strip() in page.inner_text(".live-panel del >> nth=0")
        assert f"switch={mistake.key}" in page.url
        assert row(page, "model.embed_tokens").get_attribute("class").endswith("same")
    page.click("[data-switch='qkNormLeftOut']")
    page.click("[data-switch='qkNormLeftOut']")
    assert page.locator(".live-first, .live-same").count() == 0


def test_without_the_mask_earlier_positions_move(open_page):
    page = open_page("index.html?switch=maskLeftOut")
    page.wait_for_selector(".live-witnesses")
    assert "0 of 8 with the mask, 8 of 8 without" in page.inner_text(".live-witnesses")


def test_shift_adds_a_second_switch(open_page):
    page = open_page("index.html")
    page.click("[data-switch='theta']")
    page.click("[data-switch='repeat']", modifiers=["Shift"])
    page.wait_for_function(
        "() => Live.view.compared && Live.view.state.off.length === 2"
    )
    assert "switch=theta,repeat" in page.url
    page.click("[data-switch='theta']")
    page.wait_for_function("() => Live.view.state.off.join() === 'repeat'")


# ------------------------------------------------------------------ find the wrong line


def test_the_puzzle_counts_looks_until_the_line_is_found(open_page, measured):
    page = open_page("index.html?puzzle=7")
    page.wait_for_function("() => Live.view.compared")
    key = page.evaluate("Live.puzzle(7)")
    first = measured[key]["first"]
    wrong = PATHS["model.embed_tokens"]
    assert page.locator(".live-first, .live-same").count() == 0  # nothing tells
    assert page.locator("[aria-pressed='true'][data-switch]").count() == 0
    row(page, wrong).click()
    assert "Not here: embed_tokens is equal to the bit." in page.inner_text(
        ".live-panel"
    )
    row(page, wrong).click()  # a second look at the same line is none
    assert "1 look so far" in page.inner_text(".live-panel")
    row(page, PATHS[re.sub(r"layers\.\d+", "layers.0", first)]).click()
    assert "Found in 2 looks" in page.inner_text(".live-panel")
    assert page.locator(".live-first").count() == 1
    page.evaluate(
        "navigator.clipboard.writeText = async (text) => { window.copied = text }"
    )
    page.click("text=Copy the result")
    copied = page.evaluate("window.copied")
    assert "found in 2 looks" in copied and copied.endswith("?puzzle=7")
    assert page.url.endswith("puzzle=7")
    page.click("text=Leave the puzzle")
    assert "puzzle" not in page.url


def test_a_day_s_puzzle_is_the_same_for_all(open_page):
    page = open_page("index.html")
    page.click("text=Find the wrong line")
    page.wait_for_function("() => Live.view.compared")
    number = page.evaluate("Live.today()")
    assert page.url.endswith(f"puzzle={number}")
    assert page.evaluate("Live.view.state.off[0] === Live.puzzle(Live.today())")


# ------------------------------------------------------------------ address, keyboard


def test_the_address_keeps_what_was_chosen(open_page):
    page = open_page("index.html")
    page.fill("#live-text", "Emma was not at home")
    settle(page)
    page.locator(".live-chip").nth(1).click()
    page.check("[name='live-layer'][value='1']", force=True)
    row(page, f"{LAYER}.mlp.up_proj").click()
    settle(page)
    page.hover(".live-row[data-path='model.norm']")
    address = page.url.rsplit("/", 1)[1]
    assert (
        address == "index.html?text=Emma+was+not+at+home&token=1&layer=1&line=up_proj"
    )
    again = open_page(address)
    again.wait_for_function("() => Live.view?.right && !Live.view.waiting")
    assert again.inner_text(".live-panel") == page.inner_text(".live-panel")
    strange = open_page("index.html?line=nothing&layer=77&token=x&switch=no&head=9.9")
    strange.wait_for_timeout(300)
    assert strange.inner_text(".live-panel h2").startswith("(self_attn)")


def test_the_tree_has_one_tab_stop_and_arrow_keys(open_page):
    page = open_page("index.html")
    stops = "els => els.filter(e => e.tabIndex === 0).length"
    assert page.eval_on_selector_all(".live-rows a", stops) == 1
    page.focus(".live-row[tabindex='0']")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    focused = "document.activeElement.dataset.path"
    assert page.evaluate(focused) == "model.embed_tokens"
    page.keyboard.press("Enter")
    settle(page)
    assert "line=embed_tokens" in page.url
    assert page.evaluate(focused) == "model.embed_tokens"  # the focus has not moved
    page.keyboard.press("End")
    assert page.evaluate(focused) == "lm_head"
    page.keyboard.press("Space")
    page.wait_for_function("() => location.search.includes('lm_head')")
    label = row(page, f"{LAYER}.self_attn.k_proj").get_attribute("aria-label")
    assert re.fullmatch(r"k_proj of layer 3, shape 9 by 128, RMS [\d.]+", label)
    page.click("[data-switch='repeat']")
    page.wait_for_function("() => Live.view.compared")
    label = row(page, f"{LAYER}.self_attn.k_proj").get_attribute("aria-label")
    assert label.endswith(", unchanged")


# ------------------------------------------------------------------ when things lack


def test_a_phone_unfolds_a_line_in_place(browser, site):
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(f"{site}/index.html")
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) == 390
    heights = "els => Math.min(...els.map(e => e.getBoundingClientRect().height))"
    assert page.eval_on_selector_all(".live-row", heights) >= 32
    line = row(page, f"{LAYER}.self_attn")
    line.tap()
    page.wait_for_selector(".live-rows .live-panel .live-cells")
    assert page.locator("li:has(> .live-panel) > a").get_attribute("data-path") == (
        f"{LAYER}.self_attn"
    )
    assert page.evaluate(wide) == 390
    line.tap()
    assert not page.is_visible(".live-panel")
    page.locator("[data-switch='repeat']").tap()
    page.wait_for_function("() => Live.view.compared")
    lit = page.locator("li:has(> .live-panel) > a")
    assert lit.get_attribute("data-path").endswith("o_proj")
    page.wait_for_timeout(800)
    box = lit.bounding_box()
    assert 0 <= box["y"] < 400  # scrolled into sight
    assert page.evaluate(wide) == 390
    context.close()


def test_a_phone_opens_the_line_of_an_address_and_computes_while_it_is_shut(
    browser, site
):
    page, errors = browser.new_page(viewport={"width": 390, "height": 844}), []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(f"{site}/index.html?line=gate_proj")
    settle(page)
    assert page.is_visible("li:has(> [data-path$='gate_proj']) > .live-panel canvas")
    assert 0 <= row(page, f"{LAYER}.mlp.gate_proj").bounding_box()["y"] < 200
    row(page, f"{LAYER}.mlp.gate_proj").click()
    assert not page.is_visible(".live-panel")
    page.fill("#live-text", "She could not help smiling")
    page.wait_for_function("() => Live.view.typed.startsWith('She') && Live.view.right")
    settle(page)
    assert errors == []
    row(page, f"{LAYER}.mlp.up_proj").click()
    width = "() => document.querySelector('.live-panel canvas')?.width > 100"
    page.wait_for_function(width)
    page.close()


def test_without_scripts_the_printouts_lead_to_the_chapters(browser, site, small):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}/index.html")
    lines = page.locator(".live-rows .live-text").all_text_contents()
    assert "\n".join(lines) == repr(small)
    for selector, kind in (
        (".live-rows", "TREE"),
        (".live-pane-config", "CONFIG"),
        (".live-pane-table", "TABLE"),
    ):
        links = page.locator(f"{selector} a").all()
        linked = {a.get_attribute("href").split("#")[0] for a in links}
        assert linked == {f"book/{n}.html" for n in getattr(places, kind).values()}
        assert page.locator(selector).is_visible()
    assert "JavaScript" in page.inner_text(".live-noscript")
    assert not page.is_visible(".live-switches")


def test_weights_that_fail_say_so_and_can_be_asked_for_again(browser, site):
    page, fails = browser.new_page(), [True]

    def answer(route):
        route.abort() if fails[0] else route.continue_()

    page.route("**/model.safetensors", answer)
    page.goto(f"{site}/index.html")
    page.click("[data-switch='repeat']")
    page.wait_for_selector("text=The weights did not load.")
    assert "still leads to every chapter" in page.inner_text("[data-live='note']")
    assert row(page, "model.norm").get_attribute("href").startswith("book/05_rmsnorm")
    fails[0] = False
    page.click("text=Try again")
    page.wait_for_selector(".live-first")
    page.close()


def test_a_thin_line_loads_only_on_request(browser, site):
    page = browser.new_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'connection',"
        " { value: { saveData: true, effectiveType: '4g' } })"
    )
    page.goto(f"{site}/index.html")
    row(page, "model.norm").click()
    page.wait_for_selector("text=load it, 2.5 MB")
    assert page.evaluate("Live.engine") is None
    page.click("text=load it, 2.5 MB")
    settle(page)
    page.close()


def test_the_page_runs_from_a_disk(browser, site):
    """No server: no fetch, no worker; the weights come as a script."""
    page, said = browser.new_page(), []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.goto((ROOT / "_build/html/index.html").as_uri() + "?switch=gateUpSwapped")
    page.wait_for_selector(".live-first")
    assert page.locator(".live-first").get_attribute("data-path").endswith("act_fn")
    row(page, "model.norm").click()
    page.wait_for_selector(".live-lens table")
    page.click("[data-switch='gateUpSwapped']")
    page.fill("#live-text", "It is a truth")
    page.wait_for_function(
        "() => Live.view.typed === 'It is a truth' && Live.view.right"
    )
    page.goto((ROOT / "_build/html/book/09_attention.html").as_uri())
    page.click(".live-small [data-switch='repeat']")
    page.wait_for_selector(".live-small .live-first")
    assert said == []
    page.close()


# ------------------------------------------------------------------ how it looks to axe

AXE = {"preload": False, "resultTypes": ["violations"]}
STATES = {
    "first": "() => {}",
    "line": "() => Live.view.choose('model.norm')",
    "pairs": "() => Live.view.choose('model.layers.*.self_attn')",
    "broken": "() => Live.view.toggleSwitch('repeat')",
    "puzzle": "() => Live.view.startPuzzle(7)",
}


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(browser, site, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(f"{site}/index.html")
    page.add_style_tag(content=AT_ONCE)
    page.evaluate("document.querySelector('#sizes').open = true")
    page.evaluate(
        "document.querySelectorAll('.live-below').forEach((e, i) => i && e.remove())"
    )  # cards are alike; test_site looks at them
    for state, act in STATES.items():
        page.evaluate(act)
        if state != "first":
            page.wait_for_function("() => Live.view.right && !Live.view.waiting")
            page.wait_for_timeout(300)
        faults = Axe().run(page, options=AXE).response["violations"]
        found = [(f["id"], n["html"][:200]) for f in faults for n in f["nodes"]]
        assert found == [], (state, scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state
    context.close()


# ------------------------------------------------------------------ chapters


def test_chapters_lead_to_their_switches(open_page):
    for name in {b.chapter for b in breaks.ON_PAGE}:
        page = open_page(f"book/{name}.html")
        wanted = [b.key for b in breaks.ON_PAGE if b.chapter == name]
        links = page.locator(".live-links a").all()
        keys = [a.get_attribute("href").split("switch=")[1] for a in links]
        assert keys == wanted
        page.close()


@pytest.mark.parametrize(
    "name, key",
    [
        ("07_qk_norm", "qkNormLeftOut"),
        ("12_decoder_layer", "additionsLeftOut"),
        ("14_model", "finalNormLeftOut"),
    ],
)
def test_a_chapter_s_tree_loads_when_it_is_touched(open_page, measured, name, key):
    page = open_page(f"book/{name}.html")
    assert page.evaluate("typeof LIVE_DATA") == "undefined"
    page.click(f".live-small [data-switch='{key}']")
    page.wait_for_selector(".live-small .live-first")
    lit = page.locator(".live-small .live-first").get_attribute("data-path")
    assert lit == PATHS[re.sub(r"layers\.\d+", "layers.0", measured[key]["first"])]
    assert "The first line that differs" in page.inner_text(".live-small .live-panel")


def test_every_component_chapter_has_its_line(open_page):
    for name in (
        "07_qk_norm",
        "09_attention",
        "10_masks",
        "11_mlp",
        "12_decoder_layer",
        "14_model",
        "23_inside",
    ):
        page = open_page(f"book/{name}.html")
        assert page.locator(".live-small .live-row").count() >= 5, name
        page.close()
