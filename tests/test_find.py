"""Finding things: a line, a key, a number, a word, a question leads to its section."""

import re
import tomllib
import urllib.parse
from functools import cache
from pathlib import Path

import nbformat
import pytest
from docutils.nodes import make_id

from bookkit import places, printouts
from bookkit.places import Place

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
SYNONYMS = tomllib.loads((ROOT / "_ext/synonyms.toml").read_text("utf-8"))
EVERY = [
    (kind, name, place)
    for kind, of_kind in places.PLACES.items()
    for name, place in of_kind.items()
]


@cache
def sections(chapter: str) -> dict[str, str]:
    """A chapter's headings and questions as written, each with all that follows it."""
    path = BOOK / f"{chapter}.ipynb"
    if not path.exists():
        text = (BOOK / f"{chapter}.md").read_text("utf-8")
    else:
        cells = nbformat.read(path, as_version=4).cells
        text = "\n\n".join(
            re.sub(  # no headings
                r"(?m)^#+ ",
                "",
                "\n".join([cell.source, *(o.get("text", "") for o in cell.outputs)]),
            )
            if cell.cell_type == "code"
            else cell.source
            for cell in cells
        )
    parts = re.split(r'(?m)^(?:#{1,3} (.+)|\*\*("[^*]+")\*\*)', text)
    found = {}
    for heading, asked, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        found.setdefault(heading or asked, body)
    return found


# ------------------------------------------------------------------ places

# How a section names what its own name does not show.
SAID = {
    "": "Qwen3ForCausalLM",
    "0": "layer",
    "norm": "Qwen3RMSNorm",
    "input_layernorm": "Qwen3RMSNorm",
    "post_attention_layernorm": "Qwen3RMSNorm",
    "rotary_emb": "Qwen3RotaryEmbedding",
    "embed_tokens": "embedding",
    "self_attn": "module",
    "act_fn": "SiLU",
    "hidden_act": "SiLU",
    "rope_theta": "theta",
    "tie_word_embeddings": "tying",
    "Layer (type:depth-idx)": "depth-idx",
    "Qwen3DecoderLayer: 3-2": "Qwen3DecoderLayer: 3-1",
    "Qwen3DecoderLayer: 3-3": "Qwen3DecoderLayer: 3-1",
    "ModuleList: 2-2": "ModuleList",
    "Qwen3Model: 1-1": "Qwen3Model",
    "Qwen3RotaryEmbedding: 2-4": "othing to count",
    "Trainable params": "rainable",
    "Non-trainable params": "rainable",
}


@pytest.mark.parametrize(("kind", "name", "place"), EVERY)
def test_a_place_is_a_section_that_speaks_of_the_thing(kind, name, place):
    """Where a tree's line is a path, its last name counts."""
    written = sections(place.chapter)
    assert place.title in written
    short = name.rpartition(".")[2] if kind == "tree" else name
    word = SAID.get(short, short)
    assert word in written[place.title] or word in place.title


def test_every_line_of_a_printout_has_a_place():
    for kind, (lines, chapters) in places.PRINTOUTS.items():
        assert {name for _, name in lines() if name is not None} == set(
            places.PLACES[kind]
        )
        assert chapters == {n: p.chapter for n, p in places.PLACES[kind].items()}


@pytest.mark.parametrize("chapter", places.CHAPTERS)
def test_addresses_are_those_that_docutils_makes_and_each_its_own(chapter):
    titles = list(sections(chapter))
    assert [places.slug(t) for t in titles] == [make_id(t) for t in titles]
    assert len({places.slug(title) for title in titles}) == len(titles)


@pytest.mark.parametrize("kind", places.PLACES)
def test_a_printout_links_to_sections_in_jupyter_s_spelling(kind):
    shown = places.Printout(kind)._repr_html_()
    links = re.findall(r'href="([^"#]+)\.ipynb#([^"]+)"', shown)
    wanted = [
        places.PLACES[kind][name]
        for _, name in places.PRINTOUTS[kind][0]()
        if name is not None
    ]
    assert [chapter for chapter, _ in links] == [place.chapter for place in wanted]
    for (_, fragment), place in zip(links, wanted, strict=True):
        plain = urllib.parse.unquote(fragment)
        assert plain == re.sub('[`"]', "", place.title).replace(" ", "-")
        assert places.slug(plain) == place.anchor


# ------------------------------------------------------------------ other words


def test_synonyms_lead_to_sections_and_say_each_word_once():
    rows = SYNONYMS["here"] + SYNONYMS["absent"]
    for row in rows:
        assert row["title"] in sections(row["chapter"]), row
    words = [word.lower() for row in rows for word in row["words"]]
    assert len(words) == len(set(words)) > 200 and len(rows) > 60


def test_what_is_said_to_be_absent_is_absent():
    """No chapter's prose has the word, so that "not in this book" is true."""
    said = " ".join(
        f"{title} {body}"
        for chapter in places.CHAPTERS
        for title, body in sections(chapter).items()
    ).lower()
    said = re.sub(r"\[[\w./-]*#\d+\]|\]\([^)]*\)", "", said)  # what is cited
    words = [word for row in SYNONYMS["absent"] for word in row["words"]]
    found = [w for w in words if re.search(rf"(?<![\w/-]){re.escape(w)}(?!\w)", said)]
    named = {"quantised", "lora", "gguf", "llama.cpp", "cuda", "deepspeed"}
    assert set(found) <= named  # spoken of in passing, nowhere explained


# ------------------------------------------------------------------ the glossary

LINK = re.compile(r"\[[^]]+\]\((\w+)\.ipynb#([\w-]+)\)")
# Words for what the section says in other words.
OTHER_WORDS = {
    "bandwidth": "ceilings",
    "BPE": "symbols stand side by side",
    "checkpoint": "safetensors",
    "decoder layer": "layer",
    "determinism": "equal bits",
    "dtype": "floating-point",
    "fp32": "fp32",
    "gradient accumulation": "in parts",
    "greedy decoding": "greedy",
    "GQA": "grouped-query",
    "kernel": "kernels",
    "latency": "In decode all weights are read for one token",
    "learning-rate schedule": "follows a cosine",
    "memory-mapping": "**map**",
    "meta device": "**meta** device",
    "MLP": "MLP",
    "nucleus sampling": "Top-p",
    "perplexity": "exponential",
    "prefix": "same *beginning*",
    "printout": "printout",
    "ridge point": "**ridge**",
    "RoPE": "turn",
    "roofline": "ridge",
    "sdpa": "scaled dot-product",
    "throughput": "more tokens a second",
    "tied": "**tying**",
    "token": "words that the training text has often are one token",
    "ULP": "step",
    "warm-up": "warms up",
    "weight decay": "decay",
    "attention": "**score**",
    "bf16": "**bf16**",
    "merge": "**merge**",
    "QK-norm": "ormalise both",
    "AdamW": "**AdamW**",
    "RMSNorm": "root mean square",
}


def glossary() -> dict[str, str]:
    text = (BOOK / "glossary.md").read_text("utf-8")
    items = text.split("```{glossary}\n")[1].split("```")[0].strip().split("\n\n")
    return dict(item.split("\n  ", 1) for item in items)


def test_the_glossary_is_in_order_and_covers_the_second_half():
    words = list(glossary())
    assert words == sorted(words, key=lambda w: w.lower().replace("-", " "))
    wanted = """prefill, decode, ridge point, arithmetic intensity, hook, probe,
        logit lens, merge, nat, perplexity, nucleus sampling, temperature, KV cache,
        prefix, shard, safetensors, tied, activation, gradient accumulation, AdamW,
        learning-rate schedule, warm-up, checkpoint, dtype, bf16, ULP, determinism,
        FLOP, bandwidth, latency, throughput, YaRN, attention sink, induction head,
        ablation, residual stream"""
    assert {word.strip() for word in wanted.split(",")} <= set(words)


@pytest.mark.parametrize("word", glossary())
def test_a_word_of_the_glossary_leads_to_a_section_that_shows_it(word):
    links = LINK.findall(glossary()[word])
    assert links
    said = ""
    for chapter, fragment in links:
        github = {
            re.sub(r"[^\w\s-]", "", title.lower()).replace(" ", "-"): title
            for title in sections(chapter)
        }
        assert fragment in github, (word, chapter, fragment)
        said += github[fragment] + sections(chapter)[github[fragment]]
    assert OTHER_WORDS.get(word, word).lower() in said.lower()


# ------------------------------------------------------------------ the built site


def test_addresses_exist_on_the_site(site):
    wanted: dict[str, set] = {}
    for _, _, place in EVERY:
        wanted.setdefault(place.chapter, set()).add(place.anchor)
    for row in SYNONYMS["here"] + SYNONYMS["absent"]:
        place = Place(row["chapter"], row["title"])
        wanted.setdefault(place.chapter, set()).add(place.anchor)
    for chapter in places.CHAPTERS:
        wanted.setdefault(chapter, set())
        wanted[chapter] |= {places.slug(title) for title in sections(chapter)}
    for page, anchors in wanted.items():
        html = (ROOT / f"_build/html/book/{page}.html").read_text("utf-8")
        ids = re.findall(r' id="([^"]+)"', html)
        assert anchors <= set(ids), page
        for anchor in anchors:
            assert ids.count(anchor) == 1, (page, anchor)


def test_links_within_the_site_lead_to_something(site):
    """The landing page and the glossary: pages exist, and what they point at."""
    for page in ("index.html", "book/glossary.html"):
        path = ROOT / "_build/html" / page
        html = path.read_text("utf-8")
        links = re.findall(r'href="((?!https?:|#)[^"#]*\.html)#([^"]+)"', html)
        assert len(links) > 50
        for file, anchor in links:
            target = (path.parent / file).read_text("utf-8")
            assert f'id="{anchor}"' in target, (page, file, anchor)


def test_a_line_leads_to_its_section_with_and_without_scripts(open_page, browser, site):
    plain = browser.new_page(java_script_enabled=False)
    plain.goto(f"{site}/index.html")
    for page in (open_page("index.html"), plain):
        row = page.locator("pre.printout a", has_text="Qwen3DecoderLayer: 3-2")
        assert row.get_attribute("href").endswith(
            "book/03_table.html#one-layer-term-by-term"
        )
        key = page.locator("pre.printout a", has_text='"rms_norm_eps"')
        assert key.get_attribute("href").endswith(
            "book/05_rmsnorm.html#the-fourth-decimal"
        )
    plain.close()


def test_a_question_has_an_address_to_copy(open_page):
    page = open_page("book/09_attention.html")
    asked = page.locator("p.question")
    assert asked.count() == 4
    link = asked.nth(1).locator(".headerlink")
    assert not link.is_visible()
    asked.nth(1).hover()
    assert link.is_visible()
    link.click()
    assert page.url.endswith("#why-do-sdpa-and-eager-differ-in-bf16")
    assert asked.nth(1).bounding_box()["y"] < 300


# ------------------------------------------------------------------ searching

# What a reader types, the section that must answer first.
FIRST = {
    "rotate_half": "08_rope#the-source",
    "eps": "05_rmsnorm#the-fourth-decimal",
    "151936": "04_embedding#the-source-and-three-keys",
    "151,936": "04_embedding#the-source-and-three-keys",
    "15,730,944": "03_table#one-layer-term-by-term",
    "why divide by sqrt": "09_attention#why-the-root-of-h",
    "kv cache size": "17_kv_cache#what-it-costs",
    "repeat_kv": "09_attention#the-source",
    "repeat kv": "09_attention#the-source",
    "KVCache.update": "17_kv_cache#the-source",
    "tie weights": "13_head#one-matrix-with-two-names",
    "nucleus sampling": "18_generation#five-tokens",
    "sliding window": "10_masks#the-sliding-window",
    "yarn": "22_long_context#yarn-each-pair-by-its-turns",
    "thinking mode": "15_tokenizer#the-chat-template",
    "chat template": "15_tokenizer#the-chat-template",
    "8": "09_attention#sixteen-queries-eight-keys",
    "16": "06_projections#what-the-keys-change",
    "28": "10_masks#three-dead-keys",
    "3": "02_tree#why-3-and-1519",
    "1e-06": "05_rmsnorm#the-fourth-decimal",
    "1e-6": "05_rmsnorm#the-fourth-decimal",
    "0.000001": "05_rmsnorm#the-fourth-decimal",
    "0.02": "04_embedding#the-source-and-three-keys",
    "4.375": "17_kv_cache#what-it-costs",
    "1000000": "08_rope#theta-and-wavelengths",
    "1,000,000": "08_rope#theta-and-wavelengths",
    "attention mask shape": "10_masks#who-may-read-whom",
    "rope theta": "08_rope#theta-and-wavelengths",
    "safetensors header": "16_weights#the-file",
    "residual stream": "12_decoder_layer#two-additions",
    "layer norm": "05_rmsnorm#why-not-layernorm",
    "LayerNorm": "05_rmsnorm#why-not-layernorm",
    "layer-norm?": "05_rmsnorm#why-not-layernorm",
    "silu": "11_mlp#by-hand",
    "model.layers.0.self_attn.q_proj": "06_projections#why-2048-is-not-1024",
    "D": "glossary#letters-of-shapes",
    "how do I compute perplexity": "13_head#the-loss",
}
NOT_HERE = {
    "LoRA": "21_training#a-step",
    "quantization": "20_budgets#what-would-help-decode",
    "int8 quantisation": "20_budgets#what-would-help-decode",
    "MoE": "11_mlp#by-hand",
    "GGUF": "16_weights#the-file",
    "NTK": "22_long_context#yarn-each-pair-by-its-turns",
}


def asked(open_page, query: str):
    return open_page(f"search.html?q={urllib.parse.quote_plus(query)}")


def first_answer(page) -> str:
    return page.locator(".exact-answers a").first.get_attribute("href")


@pytest.mark.parametrize("query", FIRST)
def test_search_answers_with_the_section(open_page, query):
    page = asked(open_page, query)
    name, anchor = FIRST[query].split("#")
    assert first_answer(page).endswith(f"book/{name}.html#{anchor}")
    heading = page.locator(".exact-answers h2").first
    assert heading.is_visible() and "explains" in heading.inner_text()
    assert "not" not in page.locator(".search-summary").inner_text()
    assert "did not match" not in page.inner_text("#search-results")


@pytest.mark.parametrize("query", NOT_HERE)
def test_search_says_what_is_not_in_the_book_and_what_is_near(open_page, query):
    page = asked(open_page, query)
    assert page.locator(".exact-answers h2").first.inner_text().startswith("Not in")
    name, anchor = NOT_HERE[query].split("#")
    assert first_answer(page).endswith(f"book/{name}.html#{anchor}")
    assert "did not match" not in page.inner_text("#search-results")


def test_search_knows_every_key_line_and_synonym(open_page):
    """Each word by itself: its place is among the answers, the first for a key."""
    page = open_page("search.html")
    answers = page.evaluate(
        """() => Object.fromEntries(Object.entries(BOOK.answers).map(
             ([word, places]) => [bookSearch.normal(word),
               places.map(([page, anchor]) => `${page}#${anchor}`)]))"""
    )
    absent = {w for row in SYNONYMS["absent"] for w in row["words"]}
    wanted = [(key, place, 0) for key, place in places.CONFIG_PLACES.items()]
    wanted += [
        (path.rpartition(".")[2], place, 5)
        for path, place in places.TREE_PLACES.items()
        if path and not path.endswith(".0")
    ]
    wanted += [
        (str(value), places.CONFIG_PLACES[key], 5)
        for key, value in printouts.CONFIG.items()
        if type(value) in (int, float)
    ]
    wanted += [
        (word, Place(row["chapter"], row["title"]), 5)
        for row in SYNONYMS["here"]
        for word in row["words"]
    ]
    for word, place, last in wanted:
        [found] = page.evaluate("w => bookSearch.parts(w)", word)
        there = f"book/{place.chapter}#{place.anchor}"
        assert there in answers[found][: last + 1], word
    for word in absent:
        assert page.evaluate("w => bookSearch.parts(w)", word) != [], word


@pytest.mark.parametrize(
    ("query", "chapter"),
    [
        ("residual", "12_decoder_layer"),
        ("rotation", "08_rope"),
        ("thinking", "15_tokenizer"),
        ("wavelength", "08_rope"),
        ("key value heads share", "09_attention"),
        ("greedy circle", "18_generation"),
    ],
)
def test_chapters_stand_above_the_api_and_the_glossary(open_page, query, chapter):
    page = asked(open_page, query)
    found = [a.get_attribute("href") for a in page.locator("ul.search a").all()]
    pages = [re.search(r"book/(\w+)\.html", link)[1] for link in found]
    assert chapter in pages[:3]
    assert not {"api", "glossary", "references"} & set(pages[:2])
    assert max(pages.count(name) for name in pages) <= 3


def test_search_finds_a_question_by_its_words(open_page):
    page = asked(open_page, "is post_attention_layernorm a norm after attention")
    first = page.locator("ul.search a").first.get_attribute("href")
    page, _, anchor = first.partition("#")
    assert "12_decoder_layer.html" in page
    assert anchor.startswith("is-post-attention-layernorm")


def test_search_quotes_prose_with_what_was_asked_for(open_page):
    page = asked(open_page, "151936 rows")
    links = [a.get_attribute("href") for a in page.locator("ul.search a").all()]
    quotes = page.locator("p.context").all_inner_texts()
    assert len(links) == len(quotes) > 3
    assert page.locator("p.context mark").count() > 3
    for link, quote in zip(links[:5], quotes, strict=False):
        there = open_page(link)
        code = " ".join(there.locator("article pre").all_inner_texts())
        assert " ".join(quote.split())[:30] not in " ".join(code.split())
        prose = " ".join(there.inner_text("article").split())
        start = re.split(r"[“”'’\"·]", " ".join(quote.split()))[0][:30].strip()
        assert start in prose.replace("#", ""), (link, start)


def test_search_says_so_if_the_book_has_nothing(open_page):
    page = asked(open_page, "xyzzy plugh")
    assert page.locator("#search-results li").count() == 0
    said = page.inner_text(".search-summary")
    assert "does not speak of “xyzzy plugh”" in said
    assert page.locator(".search-summary").get_attribute("role") == "status"


@pytest.mark.parametrize("query", ["<img src=x onerror=alert(1)>", "   ", "()", "__"])
def test_search_takes_whatever_is_typed(open_page, query):
    page = asked(open_page, query)
    assert page.locator("#search-results img").count() == 0


def test_search_works_from_a_disk(browser, site):
    page, said = browser.new_page(), []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    address = (ROOT / "_build/html/search.html").as_uri()
    page.goto(f"{address}?q=residual+stream")
    assert "residual" in page.locator("p.context").first.inner_text()
    page.locator(".exact-answers a").first.click()
    assert page.url.endswith("book/12_decoder_layer.html#two-additions")
    assert said == []


# ------------------------------------------------------------------ words, by touch

BOX = """e => { const box = getComputedStyle(e, '::after'), at = e.getClientRects()[0];
  const left = at.left + parseFloat(box.left);
  return [box.display, left, left + parseFloat(box.width), innerWidth]; }"""


def test_a_word_of_the_glossary_says_what_it_means(open_page):
    page = open_page("book/09_attention.html")
    word = page.locator("a.glossary-word", has_text="causal mask").first
    assert word.get_attribute("data-meaning").startswith(
        "The table that allows a query"
    )
    assert word.evaluate(BOX)[0] == "none"
    word.focus()
    assert word.evaluate(BOX)[0] == "block"
    page.keyboard.press("Escape")
    assert word.evaluate(BOX)[0] == "none"
    word.hover()
    page.mouse.move(0, 0)
    word.hover()
    assert word.evaluate(BOX)[0] == "block"
    word.click()
    assert page.url.endswith("#term-causal-mask")


def test_a_tap_shows_the_meaning_and_a_second_tap_goes_there(browser, site):
    size = {"width": 390, "height": 844}
    context = browser.new_context(has_touch=True, is_mobile=True, viewport=size)
    page = context.new_page()
    page.goto(f"{site}/book/09_attention.html")
    words = page.locator("article a.glossary-word")
    page.add_style_tag(content="* { content-visibility: visible !important; }")
    # The meaning of the one does not cover the other.
    first, other = words.nth(0), words.nth(5)
    first.tap()
    assert page.url.endswith("09_attention.html")
    assert first.evaluate(BOX)[0] == "block"
    meaning = first.get_attribute("data-meaning")
    assert page.locator("p[role=status].visually-hidden").inner_text() == meaning
    other.scroll_into_view_if_needed()
    other.tap()  # the first shuts
    assert page.url.endswith("09_attention.html")
    assert first.evaluate(BOX)[0] == "none" and other.evaluate(BOX)[0] == "block"
    page.touchscreen.tap(195, 5)  # beside every word
    assert other.evaluate(BOX)[0] == "none"
    other.tap()
    page.keyboard.press("Escape")
    assert other.evaluate(BOX)[0] == "none"
    for word in words.all():
        page.keyboard.press("Escape")  # or a meaning may cover the next word
        word.tap()
        shown, left, right, width = word.evaluate(BOX)
        assert shown == "block" and left >= 0 and right <= width
    assert page.url.endswith("09_attention.html")
    word.tap()
    page.wait_for_url("**/glossary.html#term-*")
    context.close()
