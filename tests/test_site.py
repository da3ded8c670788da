"""The built site in a real browser. Skipped where no Chromium or playwright is."""

import functools
import gzip
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchinfo import summary

from bookkit import count, places, printouts, qwen3_config
from bookkit.family import FAMILY, TOUCHES
from minqwen3 import KVCache, Qwen3Config, Qwen3ForCausalLM
from minqwen3.generate import filter_logits
from minqwen3.model import Qwen3RotaryEmbedding, repeat_kv

SIZES = (
    "num_hidden_layers hidden_size num_attention_heads num_key_value_heads head_dim "
    "intermediate_size vocab_size tie_word_embeddings attention_bias"
).split()


# ------------------------------------------------------------------ the explorer

COMPUTE = """changes => {
  const c = {...explorer.PRINTED, ...changes};
  const text = (lines) => lines.map(([line]) => line).join("\\n");
  const totals = Object.entries(explorer.totals(c)).map(([k, n]) => [k, n.toString()]);
  return {tree: text(explorer.tree(c)), table: text(explorer.table(c)),
          totals: Object.fromEntries(totals)};
}"""


def expected(config: Qwen3Config, length: int, batch: int) -> dict:
    """What the explorer must show, from the modules, torchinfo and torch's counter."""
    with torch.device("meta"):
        model = Qwen3ForCausalLM(config, "eager").eval()
    n = count(config)
    assert n["total"] == sum(p.numel() for p in model.parameters())
    cache = length * batch * 2 * config.num_hidden_layers
    cache *= config.num_key_value_heads * config.head_dim
    return {
        "tree": repr(model),
        "table": str(summary(model, verbose=0)),
        "totals": {
            "parameters": n["total"],
            "printed": n["printed_total"],
            "fp32 weights": 4 * n["total"],
            "bf16 weights": 2 * n["total"],
            "int8 weights": n["total"],
            "bf16 cache": 2 * cache,
            "fp32 cache": 4 * cache,
            "FLOPs": flops(model, length),
        },
    }


def flops(model, length: int) -> int:
    """FLOPs of the last of ``length`` tokens, counted by torch on the meta device."""
    cache, config = KVCache(), model.config
    ids = torch.zeros(1, 1, dtype=torch.long, device="meta")
    if length > 1:
        past = (1, config.num_key_value_heads, length - 1, config.head_dim)
        for i in range(config.num_hidden_layers):
            cache.update(
                i, torch.empty(past, device="meta"), torch.empty(past, device="meta")
            )
        cache.advance(length - 1)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(ids, cache=cache)
    return counter.get_total_flops()


def drawn(generator: random.Random) -> dict:
    kv = generator.choice([1, 2, 3, 4, 8])
    return {
        "num_hidden_layers": generator.choice([1, 2, 3, 5, 9]),
        "hidden_size": generator.randint(1, 3000),
        "num_attention_heads": kv * generator.randint(1, 8),
        "num_key_value_heads": kv,
        "head_dim": 2 * generator.randint(1, 128),
        "intermediate_size": generator.randint(1, 9000),
        "vocab_size": generator.randint(1, 200_000),
        "tie_word_embeddings": generator.random() < 0.5,
        "attention_bias": generator.random() < 0.5,
        "length": generator.randint(1, 5000),
        "batch": generator.randint(1, 9),
    }


GENERATOR = random.Random(0)
CASES = {
    "the printout": printouts.SHRUNK,
    "tall": printouts.SHRUNK | {"num_hidden_layers": 101},
} | FAMILY
CASES |= {f"random {i}": drawn(GENERATOR) for i in range(200)}


def test_the_explorer_computes_what_python_does(open_page):
    """Tree, table and every total, for the family and 200 random configs."""
    page = open_page("index.html")
    for name, changes in CASES.items():
        use = {key: changes.get(key, d) for key, d in (("length", 40960), ("batch", 1))}
        config = qwen3_config(**{k: v for k, v in changes.items() if k not in use})
        shown = page.evaluate(COMPUTE, changes)
        shown["totals"] = {key: int(n) for key, n in shown["totals"].items()}
        assert shown == expected(config, **use), name


def test_the_explorer_refuses_what_python_refuses(open_page):
    page = open_page("index.html")
    generator, refused = random.Random(1), 0
    for _ in range(300):
        changes = {k: v for k, v in drawn(generator).items() if k in SIZES}
        key = generator.choice(SIZES[:7])
        changes[key] = generator.choice(
            [0, -1, 7, 2.5, 2**20 + 2, changes[key], changes[key] + 1]
        )
        wrong = page.evaluate(
            "c => explorer.check({...explorer.PRINTED, ...c})", changes
        )
        try:
            qwen3_config(**changes)
            assert wrong == {}, changes
        except (TypeError, ValueError) as error:
            refused += 1
            assert str(error).split(":")[0] in wrong, (changes, error, wrong)
            assert all(len(sentence.split()) > 3 for sentence in wrong.values())
    assert 50 < refused < 250


def test_touches_names_every_line_that_a_key_changes():
    """By experiment: change a key, and see which lines print or count otherwise."""
    others = {
        "head_dim": 64, "hidden_size": 512, "intermediate_size": 100,
        "num_attention_heads": 32, "num_hidden_layers": 5, "num_key_value_heads": 4,
        "rms_norm_eps": 1e-5, "vocab_size": 99, "attention_bias": True,
        "hidden_act": "gelu",
    }  # fmt: skip
    assert set(TOUCHES) == set(places.CONFIG)
    assert {path for paths in TOUCHES.values() for path in paths} <= set(places.TREE)

    def lines(**changes):
        with torch.device("meta"):
            model = Qwen3ForCausalLM(qwen3_config(**printouts.SHRUNK | changes))
        return repr(model).split("\n")

    paths = [path for _, path in places.tree_lines()]
    for key, value in others.items():
        pairs = zip(paths, lines(), lines(**{key: value}), strict=True)
        changed = {path for path, a, b in pairs if a != b}
        assert changed and changed <= set(TOUCHES[key]), key


TREE_PANE = "#sizes pre[data-kind='tree'] [data-at='{}']"


def opened(page):
    """The landing page with its fold of sizes open."""
    page.click("#sizes > summary")
    page.wait_for_selector("#x-member")
    return page


def test_the_fold_opens_on_the_full_model(open_page):
    page = opened(open_page("index.html"))
    with torch.device("meta"):
        full = Qwen3ForCausalLM(qwen3_config())
    assert page.inner_text("#sizes pre[data-kind='tree']") == repr(full)
    assert page.input_value("#x-member") == "Qwen3-0.6B"
    assert "?" not in page.url


def test_a_view_is_its_address(open_page):
    page = opened(open_page("index.html?line=q_proj"))
    page.select_option("#x-member", "Qwen3-8B")
    page.fill("#x-batch", "4")
    page.click(TREE_PANE.format("model.layers.0.mlp.up_proj"))
    address = page.evaluate("location.href")
    assert "line=q_proj" in address  # what else is in the address stays there
    page.hover(TREE_PANE.format("lm_head"))
    assert page.evaluate("location.href") == address  # never written on hover
    again = open_page(address.rsplit("/", 1)[1])
    again.wait_for_selector("#explorer-totals")
    page.hover(TREE_PANE.format("model.layers.0.mlp.up_proj"))
    texts = ("#sizes pre[data-kind='tree']", "#explorer-totals", ".explorer-about")
    assert [*map(again.inner_text, texts)] == [*map(page.inner_text, texts)]
    assert "8,190,735,360" in page.inner_text("#explorer-totals")
    page.click("text=Back to Qwen3-0.6B")
    assert "596,049,920" in page.inner_text("#explorer-totals")
    assert page.url.endswith("index.html?line=q_proj")


def test_an_impossible_value_says_why_where_it_was_typed(open_page):
    page = opened(open_page("index.html"))
    tree, wrong = "#sizes pre[data-kind='tree']", "#x-wrong"
    before = page.inner_text(tree)
    places_ = "els => els.map((e) => e.getBoundingClientRect().top)"
    where = page.eval_on_selector_all("#sizes input", places_)
    page.fill("#x-num_key_value_heads", "3")
    assert "1, 2, 4, 8, 16, not 3" in page.inner_text(wrong)
    assert page.get_attribute("#x-num_key_value_heads", "aria-invalid") == "true"
    assert page.inner_text(tree) == before
    assert page.eval_on_selector_all("#sizes input", places_) == where  # none moves
    page.fill("#x-num_key_value_heads", "")
    assert "whole number" in page.inner_text(wrong)
    page.fill("#x-num_key_value_heads", "4")
    assert page.inner_text(wrong) == ""
    assert "out_features=512" in page.inner_text(tree)
    page.fill("#x-num_attention_heads", "15")  # the fault is told where it was made
    assert page.get_attribute("#x-num_attention_heads", "aria-invalid") == "true"
    assert page.get_attribute("#x-num_key_value_heads", "aria-invalid") is None
    assert "multiple of 4, such as 12 or 16" in page.inner_text(wrong)


def test_layers_are_capped_and_equal_rows_folded(open_page):
    page = opened(open_page("index.html"))
    page.fill("#x-num_hidden_layers", "1048576")
    assert "at most 400" in page.inner_text("#x-wrong")
    page.fill("#x-num_hidden_layers", "400")
    page.check("[name='x-tab'][value='table']", force=True)
    rows = page.inner_text("#sizes pre[data-kind='table']").split("\n")
    layers = [row for row in rows if "DecoderLayer: 3-" in row]
    assert [row.split("3-")[1].split()[0] for row in layers] == ["1", "2", "400"]
    assert any("… 397 more" in row for row in rows)


def test_cause_and_effect_are_on_one_screen(open_page):
    page = opened(open_page("index.html"))
    page.evaluate("document.querySelector('#sizes').scrollIntoView()")
    page.fill("#x-num_key_value_heads", "4")
    lit = page.locator("#sizes pre[data-kind='tree'] .lit")
    assert lit.count() == len(TOUCHES["num_key_value_heads"])
    for part in (*lit.all(), page.locator("#x-num_key_value_heads")):
        box = part.bounding_box()
        assert 0 <= box["y"] and box["y"] + box["height"] <= 900


def test_the_explorer_works_by_keyboard(open_page):
    page = opened(open_page("index.html"))
    page.focus("#x-hidden_size")
    lit = "els => els.filter(e => e.classList.contains('lit')).map(e => e.dataset.at)"
    tree = "#sizes pre[data-kind='tree'] [data-at]"
    assert set(page.eval_on_selector_all(tree, lit)) == set(TOUCHES["hidden_size"])
    page.focus(f"{tree} >> nth=0")
    page.keyboard.press("End")
    assert "tied: the same matrix" in page.inner_text(".explorer-about")
    page.keyboard.press("Enter")
    assert page.url.endswith("module=lm_head")
    page.click(".explorer-about .explorer-key >> nth=0")
    assert page.evaluate("document.activeElement.id").startswith("x-")
    page.hover(TREE_PANE.format("lm_head"))
    page.click(".explorer-about a >> nth=0")
    page.wait_for_url("**/13_head.html*")


def test_the_explorer_works_by_touch(browser, site):
    """A tap says what a line is, beside a link to its chapter; targets are large."""
    size = {"width": 390, "height": 800}
    context = browser.new_context(has_touch=True, is_mobile=True, viewport=size)
    page = context.new_page()
    page.goto(f"{site}/index.html")
    opened(page)
    line = page.locator(TREE_PANE.format("model.norm"))
    line.tap()
    assert "(1024) = D = 1024" in page.inner_text(".explorer-about")
    assert page.url.endswith("module=model.norm")
    tall = "e => parseFloat(getComputedStyle(e).lineHeight)"
    assert line.evaluate(tall) >= 23
    page.locator(".explorer-about a").first.tap()
    page.wait_for_url("**/05_rmsnorm.html*")
    context.close()


def test_a_chapter_s_printout_says_what_a_line_is(open_page):
    """Of the whole tree, and of the lines alone that a chapter is about."""
    page = open_page("book/02_tree.html")
    page.hover("pre.printout a[data-at='model.layers.0.self_attn.k_proj']")
    said = page.inner_text(".explorer-panel")
    assert "(1024, 1024)" in said and "self.k_proj = nn.Linear" in said
    page = open_page("book/06_projections.html")
    at = "model.layers.0.self_attn"
    lines = [f"{at}.{name}_proj" for name in "qkvo"]
    named = page.locator("pre.printout [data-at]").evaluate_all(
        "lines => lines.map((line) => line.dataset.at)"
    )
    assert named == ["", "model", "model.layers", "model.layers.0", at, *lines]
    page.hover(f"pre.printout [data-at='{lines[1]}']")
    said = page.inner_text(".explorer-panel")
    assert "(1024, 1024)" in said and "self.k_proj = nn.Linear" in said
    assert page.locator(".explorer-more a").get_attribute("href") == (
        "../index.html#sizes"
    )


# ------------------------------------------------------------------ every page

ROOT = Path(__file__).parents[1]
PAGES = ["index.html", "404.html", "genindex.html", "search.html?q=eps"]
PAGES += [
    f"{file}.html"
    for file in re.findall(r"file: (\S+)", (ROOT / "_toc.yml").read_text())
]
COMPRESSED = (".png", ".woff2")


LOOKS = [("light", 1280), ("dark", 1280), ("dark", 390), ("light", 390)]
# axe-core measures each word's contrast. Of the words of code that look the same, one
# is enough: the others become plain text.
FEWER_WORDS = """() => {
  const seen = new Set();
  for (const word of document.querySelectorAll(".highlight span")) {
    const place = word.closest(".cell_input, .cell_output")?.className;
    const kind = [word.className, place].join();
    if (seen.has(kind)) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }
}"""
# The theme follows the window: its colours, and a tab stop for whatever scrolls.
SETTLED = """([scheme, width]) => innerWidth === width &&
  document.documentElement.dataset.theme === scheme &&
  [...document.querySelectorAll(
    "article .highlight > pre, article .pst-scrollable-table-container")].every(
    (e) => e.scrollWidth <= e.clientWidth || e.tabIndex === 0)"""
AT_ONCE = "* { transition: none !important; content-visibility: visible !important; }"
TOO_WIDE = """() => [...document.querySelectorAll("html, .bd-sidebar-secondary")]
  .filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.tagName + e.className)"""


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound(browser, site, path):
    """Silent console, nothing from outside, at most 350 KB over the wire; light and
    dark, wide and narrow, no fault that axe-core knows and nothing beside the page."""
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, said, asked = context.new_page(), [], set()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and said.append(m.text))
    page.on("request", lambda request: asked.add(request.url))
    page.on(
        "response", lambda r: r.status >= 400 and said.append(f"{r.status} {r.url}")
    )
    page.goto(f"{site}/{path}")
    for image in page.locator("article img").all():
        image.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    page.add_style_tag(content=AT_ONCE)
    page.evaluate(FEWER_WORDS)
    options = {"preload": False, "resultTypes": ["violations"]}
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(SETTLED, arg=[scheme, width])
        assert page.evaluate(TOO_WIDE) == [], (scheme, width)
        faults = Axe().run(page, options=options).response["violations"]
        found = [(f["id"], n["html"]) for f in faults for n in f["nodes"]]
        assert found == [], (scheme, width)
    assert said == []
    assert [u for u in asked if not u.startswith((site, "data:", "blob:"))] == []
    if not path.startswith("search"):  # which reads the pages that it has found
        assert sum(wire(site, url) for url in asked) < 350_000
    context.close()


def wire(site: str, url: str) -> int:
    """Bytes of a file of the site, as a server sends it that compresses text."""
    if not url.startswith(site):
        return 0
    data = (
        ROOT / "_build/html" / re.split(r"[?#]", url[len(site) + 1 :])[0]
    ).read_bytes()
    return len(data if url.split("?")[0].endswith(COMPRESSED) else gzip.compress(data))


def test_search_finds_the_chapter_first(open_page):
    wanted = {"rotate_half": "08_rope", "eps": "05_rmsnorm", "151936": "04_embedding"}
    wanted |= {"15,730,944": "03_table"} | places.CONFIG
    for query, name in wanted.items():
        page = open_page(f"search.html?q={query}")
        first = page.locator(".exact-answers a").first.get_attribute("href")
        assert first.removeprefix("./").startswith(f"book/{name}.html"), query


def test_search_finds_words_too(open_page):
    page = open_page("search.html?q=residual")
    # What is found comes one by one.
    page.wait_for_selector('ul.search a[href*="12_decoder_layer"]')
    page.locator("p.context", has_text="residual").first.wait_for()
    quoted = " ".join(page.locator("p.context").all_inner_texts())
    assert "residual" in quoted and "Download the notebook" not in quoted


def test_a_word_of_the_glossary_says_what_it_means(open_page):
    page = open_page("book/09_attention.html")
    word = page.locator("a.glossary-word", has_text="causal mask").first
    meaning = word.get_attribute("data-meaning")
    assert meaning.startswith("The table that allows a query")
    word.focus()
    shown = "e => getComputedStyle(e, '::after').content"
    assert meaning[:30] in word.evaluate(shown)
    word.click()
    assert page.url.endswith("#term-causal-mask")


def test_the_site_opens_from_disk(browser, site):
    """Without a server: the explorer, figures and formulas are there."""
    page, said = browser.new_page(), []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.goto((ROOT / "_build/html/index.html").as_uri())
    opened(page).fill("#x-hidden_size", "2048")
    assert "Embedding(151936, 2048)" in page.inner_text("#sizes pre")
    page.goto((ROOT / "_build/html/book/08_rope.html").as_uri())
    assert page.locator("math").count() > 3
    assert said == []


# ------------------------------------------------------------------ the keyboard

# What has the focus: what is wrong with it, or null once it has been here before.
FOCUSED = """() => {
  const walk = (window.walk ??= { seen: new Set(), last: null });
  const e = document.activeElement, faults = [];
  if (e === document.body || walk.seen.has(e)) return null;
  const ring = (element) => {
    const style = getComputedStyle(element);
    return [style.outlineStyle, style.outlineWidth, style.boxShadow].join(" ");
  };
  const { last, seen } = walk;
  if (last && ring(last.e) === last.ring) faults.push("its forerunner has no ring");
  if (last && !(last.e.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING))
    faults.push("stands before its forerunner");
  for (let above = e; above; above = above.parentElement)
    if (getComputedStyle(above).opacity < 1) faults.push("is transparent");
  const inner = [0.1, 0.5, 0.9];
  const points = [...e.getClientRects()].flatMap((r) => inner.flatMap((u) =>
    inner.map((v) => [r.left + u * r.width, r.top + v * r.height])));
  if (!points.some(([x, y]) => e.contains(document.elementFromPoint(x, y))))
    faults.push("cannot be seen");
  walk.seen.add(e);
  walk.last = { e, ring: ring(e) };
  const words = e.innerText || e.getAttribute("aria-label") || e.id;
  return { what: `${e.tagName} ${e.className} ${words}`.slice(0, 80), faults };
}"""
UNREACHED = """() => [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((e) => e.tabIndex >= 0 && !e.disabled && e.getClientRects().length)
  .filter((e) => e.checkVisibility({ visibilityProperty: true }))
  .filter((e) => e.type !== "radio" || e.checked)  // arrow keys reach the others
  .filter((e) => !window.walk.seen.has(e)).map((e) => e.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["index", "book/09_attention", "book/exercises"])
def test_the_tab_key_reaches_everything_in_reading_order(open_page, path, width):
    """To the end and round again: no trap, nothing left out, hidden or without ring."""
    page = open_page(f"{path}.html")
    page.set_viewport_size({"width": width, "height": 900})
    page.add_style_tag(content=AT_ONCE)
    wrong, copies = [], 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to main content"
    while step := page.evaluate(FOCUSED):
        wrong += [(step["what"], fault) for fault in step["faults"]]
        copies += "copybtn" in step["what"]
        page.keyboard.press("Tab")
    assert wrong == []
    assert page.evaluate(UNREACHED) == []
    assert copies == page.locator(".copybtn:visible").count()


@pytest.mark.parametrize("width", [1280, 390])
def test_keys_skip_to_the_text_and_unfold_a_hint(open_page, width):
    page = open_page("book/09_attention.html")
    page.set_viewport_size({"width": width, "height": 900})
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    inside = "document.activeElement.closest('#main-content') !== null"
    assert page.evaluate(inside)
    for key, kind in (("Enter", "details:not(.hide)"), ("Space", "details.hide")):
        folded = page.locator(f"article {kind}").first
        folded.locator("summary").focus()
        for wanted in (True, False):
            page.keyboard.press(key)
            assert folded.evaluate("e => e.open") == wanted


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_a_narrow_window_s_sidebar_opens_and_gives_the_focus_back(open_page, side):
    page = open_page("book/09_attention.html")
    page.set_viewport_size({"width": 390, "height": 900})
    toggle = page.locator(f"button.{side}-toggle")
    toggle.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.closest('dialog[open]')")
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('dialog[open]')")
    page.wait_for_function(
        "e => e === document.activeElement", arg=toggle.element_handle()
    )


# ------------------------------------------------------------------ moving figures


def test_sampling_moves_as_python_samples(open_page):
    """The figure's filters against minqwen3's, on the small checkpoint's own logits."""
    page = open_page("book/18_generation.html")
    logits = torch.tensor([page.evaluate("FIGURES.sampling.logits")])
    assert logits.shape == (1, 2048)
    settings = [(1, 0, 1, 0), (0.5, 0, 1, 0), (1, 20, 1, 0), (1, 0, 0.9, 0)]
    settings += [(1.5, 0, 1, 0.05), (0.8, 30, 0.85, 0.1), (2, 5, 0.5, 0.02)]
    for temperature, k, p, least in settings:
        shown = page.evaluate(
            "([t, k, p, m]) => figures.sampled(FIGURES.sampling.logits, t, k, p, m)",
            [temperature, k, p, least],
        )
        kept = filter_logits(logits, temperature, k or None, p, least or None)
        expected = kept.softmax(-1)[0]
        assert torch.allclose(torch.tensor(shown), expected, atol=1e-5)
        assert (torch.tensor(shown) > 0).sum() == (expected > 0).sum()


def test_the_rotation_s_score_is_the_model_s(open_page):
    """A mean of cosines of the rotary embedding's own angles."""
    page = open_page("book/08_rope.html")
    speeds = Qwen3RotaryEmbedding(qwen3_config()).inv_freq.double()
    for distance in (-200, -7, 0, 1, 10, 150):
        shown = page.evaluate("d => figures.score(d)", distance)
        assert shown == pytest.approx((distance * speeds).cos().mean().item(), abs=1e-6)
    words, effect = page.locator(".moving-figure p").all()
    page.fill("#fig-q", "100")
    assert "Only the query’s hands turn" in effect.inner_text()
    page.fill("#fig-k", "90")
    assert "from 70 to 10" in effect.inner_text()  # the key stood at 30
    said = words.inner_text()
    page.click(".moving-figure button")
    page.wait_for_function("() => document.querySelector('#fig-q').value > 103")
    page.click(".moving-figure button")
    assert words.inner_text() == said  # the distance alone counts
    assert "so does the score" in effect.inner_text()


def test_heads_are_grouped_as_in_the_model(open_page):
    page = open_page("book/09_attention.html")
    for kv in (16, 8, 4, 2, 1):
        heads = torch.arange(kv)[None, :, None, None]
        expected = repeat_kv(heads, 16 // kv).flatten().tolist()
        assert page.evaluate("k => figures.readers(16, k)", kv) == expected
        cache = KVCache()
        for i in range(28):
            cache.update(i, *torch.zeros(2, 1, kv, 1, 128, dtype=torch.bfloat16))
        cache.advance(1)
        assert page.evaluate("k => figures.cache(k, 1)", kv) == cache.nbytes


def test_a_token_s_way_has_the_model_s_shapes(open_page):
    """Each module's output, by hooks on a model of printed sizes without numbers."""
    page = open_page("book/17_kv_cache.html")
    with torch.device("meta"):
        model = Qwen3ForCausalLM(qwen3_config(num_hidden_layers=1), "eager").eval()
    for T, past in ((5, 0), (1, 5)):
        cache = KVCache()
        if past:
            cache.update(0, *torch.empty(2, 1, 8, past, 128, device="meta"))
            cache.advance(past)
        shapes = watch(model)
        ids = torch.zeros(1, T, dtype=torch.long, device="meta")
        with torch.no_grad():
            model(ids, cache=cache, logits_to_keep=1)
        for step, shape, _, path, _ in page.evaluate(
            "([t, s]) => figures.way(t, s)", [T, past + T]
        ):
            if path is not None:
                assert shapes[path] == shape, step
            if step == "keys in the cache":
                assert shape == [1, 8, past + T, 128]


def test_a_step_is_chosen_from_a_list(open_page):
    """What is drawn, said and listed at a moment; bytes as the cache counts them."""
    page = open_page("book/17_kv_cache.html")
    figure = page.locator(".moving-figure")
    assert figure.locator(".moving-steps li").count() == 13
    page.fill("#fig-prompt", "7")
    figure.get_by_role("button", name="step 2").click()
    cache = KVCache()
    for i in range(28):
        cache.update(i, *torch.zeros(2, 1, 8, 9, 128, dtype=torch.bfloat16))
    cache.advance(9)
    words = figure.locator("p[role=status]")
    assert "T = 1 new, S = 9 in all" in words.inner_text()
    assert f"holds {cache.nbytes:,} bytes" in words.inner_text()
    figure.get_by_role("button", name="scores").click()
    assert "Lit: scores (1, 16, 1, 9)" in words.inner_text()
    lit = figure.locator("svg rect[stroke-width='2']")
    assert lit.count() == 9  # one row: the new query with each key
    widths = figure.locator(".moving-bar i").evaluate_all(
        "bars => bars.map((bar) => parseFloat(bar.style.width))"
    )
    head, gate = 151936, 3072  # numbers of one position, to scale
    assert widths[12] == 100 and widths[9] == pytest.approx(100 * gate / head, rel=1e-4)


def test_sampling_opens_on_a_choice_that_shows_something(open_page):
    page = open_page("book/18_generation.html")
    assert page.input_value("#fig-temperature") == "0.7"
    assert page.input_value("#fig-top-p") == "0.9"
    left = page.evaluate("figures.sampled(FIGURES.sampling.logits, 0.7, 0, 0.9, 0)")
    kept = sum(p > 0 for p in left)
    words = page.inner_text(".moving-figure p[role=status]")
    assert f": {kept} of 2,048 tokens can be drawn" in words


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize(
    "name", ["08_rope", "09_attention", "17_kv_cache", "18_generation"]
)
def test_moving_figures_fit_where_they_stand(open_page, name, width):
    page = open_page(f"book/{name}.html")
    page.set_viewport_size({"width": width, "height": 900})
    figure = page.locator(".moving-figure")
    page.wait_for_function(
        """f => [...f.querySelectorAll("svg")]
          .every((svg) => svg.clientWidth <= f.clientWidth)""",
        arg=figure.element_handle(),
    )
    outside = """f => {
      const edge = f.getBoundingClientRect();
      const inner = [...f.querySelectorAll("text, rect, circle, button, output, span")];
      return inner.filter((e) => { const b = e.getBoundingClientRect();
        return b.left < edge.left || b.right > edge.right; }).map((e) => e.textContent);
    }"""
    assert figure.evaluate(outside) == []
    letters = figure.evaluate(
        """f => [...f.querySelectorAll("text")].map((e) =>
          parseFloat(getComputedStyle(e).fontSize)
            * Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b))"""
    )
    assert min(letters) >= 11.5


def watch(model) -> dict[str, list[int]]:
    """Filled with the shape of each module's output when the model runs."""
    shapes = {}

    def keep(name, module, inputs, output):
        shapes[name] = list(getattr(output, "shape", []))

    for name, module in model.named_modules():
        module.register_forward_hook(functools.partial(keep, name))
    return shapes


@pytest.mark.parametrize("path", sorted({"08_rope", "09_attention", "17_kv_cache"}))
def test_still_figures_remain_without_scripts(browser, site, path):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}/book/{path}.html")
    still = page.locator("[class*='tag_moving-'] :is(.plot, .drawing)").first
    assert still.locator("> svg:visible").count() == 1
    described = still.locator("xpath=descendant-or-self::*[@role='img']").first
    words = described.evaluate(
        "e => e.ariaLabel || e.querySelector('desc').textContent"
    )
    assert len(words) > 40
    assert page.locator(".moving-figure").count() == 0


# ------------------------------------------------------------------ an address


def test_buttons_lead_to_the_repository_once_it_is_set(site, tmp_path):
    """Built with an address: Colab, sitemap, social card; without one, neither."""
    shutil.copytree(
        ROOT,
        tmp_path / "copy",
        ignore=shutil.ignore_patterns(".*", "_build", "data", "node_modules"),
    )
    root, url = tmp_path / "copy", "https://github.com/example/reading-qwen3"
    for command in (
        [sys.executable, "tools/home.py", "--root", root, url],
        [
            Path(sys.executable).with_name("jupyter-book"),
            "build",
            ".",
            "-q",
            "-W",
            "-n",
        ],
    ):
        subprocess.run(command, cwd=root, check=True, capture_output=True)
    html = root / "_build/html"
    page = (html / "book/05_rmsnorm.html").read_text()
    blob = "github.com/github/example/reading-qwen3/blob/main/book/05_rmsnorm.ipynb"
    assert blob.replace("github.com/", "colab.research.google.com/", 1) in page
    assert 'content="https://example.github.io/reading-qwen3/_static/card.png"' in page
    assert (
        "https://example.github.io/reading-qwen3/book/05_rmsnorm.html"
        in (html / "sitemap.xml").read_text()
    )
    assert "/reading-qwen3/index.html" in (html / "404.html").read_text()
    unset = (ROOT / "_build/html/book/05_rmsnorm.html").read_text()
    assert "colab.research.google.com" not in unset
    assert '<a href="running.html">Run it yourself</a>' in unset
    assert "og:image" not in unset and not (ROOT / "_build/html/sitemap.xml").exists()
