"""What a drawing promises."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bookkit import drawings, places
from bookkit.drawings.core import CONFIG, TOKENS
from bookkit.drawings.shapes import NARROW, PAPER, TINT, WIDE
from bookkit.drawings.sheet import Sheet
from minqwen3 import Qwen3Tokenizer

ROOT = Path(__file__).parents[1]
FAMILY = {  # Qwen3's dense models, where they differ from the smallest
    "0.6B": {},
    "1.7B": dict(hidden_size=2048, intermediate_size=6144),
    "4B": dict(
        hidden_size=2560,
        intermediate_size=9728,
        num_hidden_layers=36,
        num_attention_heads=32,
    ),
    "8B": dict(
        hidden_size=4096,
        intermediate_size=12288,
        num_hidden_layers=36,
        num_attention_heads=32,
        tie_word_embeddings=False,
    ),
}
OTHER = dict(  # no size in common with Qwen3-0.6B
    vocab_size=77_771,
    hidden_size=1280,
    intermediate_size=3456,
    num_hidden_layers=23,
    num_attention_heads=10,
    num_key_value_heads=5,
    head_dim=88,
    max_position_embeddings=31_000,
    rope_theta=700_000,
    rms_norm_eps=1e-5,
    eos_token_id=77_770,
)
EXAMPLES = drawings.examples()
PLAIN = sorted(set(drawings.DRAWINGS) - {"where"})  # these take no chapter


def texts(drawing, narrow=False) -> list[str]:
    root = ET.fromstring(drawing.svg(narrow=narrow))
    return [e.text for e in root.iter() if e.tag.endswith(("}text", "}desc"))]


def changed(**changes) -> dict:
    return CONFIG | changes


@pytest.mark.parametrize("size", FAMILY)
@pytest.mark.parametrize("name", PLAIN)
def test_words_and_lines_keep_apart_and_arrows_end_at_borders(name, size):
    drawing = drawings.DRAWINGS[name](changed(**FAMILY[size]))
    drawing.svg()
    drawing.svg(narrow=True)


@pytest.mark.parametrize("name", places.CHAPTERS)
def test_every_chapter_lights_shapes_that_exist(name):
    drawing = drawings.model_map(lit=drawings.HERE.get(name, ()))
    for narrow in (False, True):
        orange = drawing.svg(narrow=narrow).count(PAPER["lit"])
        assert bool(orange) == bool(drawings.HERE.get(name))


def test_a_shape_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no such shape: q_nrom"):
        drawings.model_map(lit="q_nrom").svg()


def test_the_counts_are_the_published_ones():
    count = drawings.Sizes(CONFIG).count
    assert count["layer"] == 15_730_944
    assert count["model"] == 596_049_920
    assert count["self_attn"] + count["mlp"] + 2 * 1024 == count["layer"]


TOYS = {  # numbers of an example that hold for every model
    "redone": {190},  # scores of five calls
    "roofline": {100, 128, 512, 2048},  # the machine's ridge; texts
}


@pytest.mark.parametrize("name", sorted(set(PLAIN) - {"formats", "tree", "merges"}))
def test_every_number_is_computed_from_the_config(name):
    """Large numbers must change with the config; tokens of the example may stay."""
    make, found = drawings.DRAWINGS[name], []
    for config in (CONFIG, changed(**OTHER)):
        words = " ".join(texts(make(config)) + texts(make(config), narrow=True))
        found.append({int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", words)})
    stay = {i for _, i in TOKENS} | {2017}
    stay |= {1000, 159}  # tokens, and pair 0's turns: a radian a token in any model
    stay |= TOYS.get(name, set())
    assert {n for n in found[0] & found[1] if n >= 100} <= stay


def test_the_text_does_not_depend_on_the_process():
    code = "from bookkit import drawings as d\n"
    code += "print([x.html() for x in d.examples().values()])"
    seen = set()
    for seed in ("0", "1", "2"):
        env = os.environ | {"PYTHONHASHSEED": seed}
        run = [sys.executable, "-c", code]
        seen.add(subprocess.run(run, env=env, capture_output=True).stdout)
    assert len(seen) == 1 and b"<svg" in seen.pop()


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_what_github_keeps(name):
    """Elements and attributes that bleach's list for SVG lets pass; no style at all."""
    elements = {
        "svg",
        "title",
        "desc",
        "g",
        "rect",
        "circle",
        "ellipse",
        "path",
        "text",
    }
    lost = {"role", "aria-labelledby", "data-drawing"}  # harmless where they go
    attributes = lost | set(
        "id x y cx cy r rx ry d width height viewBox fill fill-opacity stroke "
        "stroke-width stroke-opacity stroke-dasharray stroke-linejoin font-family "
        "font-size font-weight text-anchor".split()
    )
    for narrow in (False, True):
        for element in ET.fromstring(EXAMPLES[name].svg(narrow=narrow)).iter():
            assert element.tag.split("}")[1] in elements
            assert set(element.attrib) <= attributes


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_drawing_says_what_it_shows(name):
    drawing = EXAMPLES[name]
    for narrow in (False, True):
        root = ET.fromstring(drawing.svg(narrow=narrow))
        title, desc = root[0], root[1]
        assert root.attrib["role"] == "img"
        assert (
            root.attrib["aria-labelledby"]
            == f"{title.attrib['id']} {desc.attrib['id']}"
        )
        assert title.text == drawing.title and len(desc.text) > 100
        assert float(root.attrib["width"]) == (NARROW if narrow else WIDE)


def test_ids_are_unique_in_a_page():
    page = "".join(drawing.html() for drawing in EXAMPLES.values())
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert ids and len(ids) == len(set(ids))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_drawing_can_be_drawn_again_from_its_call(name):
    assert drawings.from_call(EXAMPLES[name].call).svg() == EXAMPLES[name].svg()


def test_a_cell_shows_an_image_and_words():
    bundle = drawings.layer()._repr_mimebundle_()
    assert list(bundle) == ["image/svg+xml", "text/plain"]
    assert PAPER["paper"] in bundle["image/svg+xml"]


def test_inline_drawings_take_the_page_s_colours():
    svg = drawings.layer().svg(inline=True)
    assert "currentColor" in svg and "var(--draw-lit, #D55E00)" in svg
    assert PAPER["ink"] not in svg and PAPER["paper"] not in svg


def test_a_refused_chapter_is_named():
    with pytest.raises(ValueError, match="'26_x' is no chapter; expected one of 0"):
        drawings.where("26_x")


@pytest.mark.parametrize("name", places.CHAPTERS)
def test_a_head_shows_the_lines_of_its_chapter_with_what_holds_them(name):
    head = drawings.where(name)
    shown = [line.strip() for line, _ in head.printout.rows]
    assert all(line in repr(head) for line in shown)
    words = texts(head)
    assert all(line in words for line in shown)
    lit = [row for row in head.printout.rows if row[1] in head.printout.lit]
    assert len(lit) == len(head.printout.lit)
    if name not in places.WHOLE:
        for _, path in lit:
            held = {row[1] for row in head.printout.rows}
            assert set(places.parents(path)) <= held


def test_the_boxes_of_a_head_lead_to_their_chapters():
    page = drawings.where("10_masks").html()
    unspoken = 'tabindex="-1" aria-hidden="true"'  # the printed tree says the same
    links = dict.fromkeys(re.findall(rf'<a href="([^"]+)" {unspoken}>', page))
    assert "17_kv_cache.html" in links and "11_mlp.html" in links
    assert "10_masks.html" not in links
    assert {link.removesuffix(".html") for link in links} <= set(places.CHAPTERS)
    assert "<a " not in drawings.where("10_masks").svg()  # an image has no links


def test_the_tokens_are_qwen3_s(qwen3_tokenizer):
    words = "".join(word for word, _ in TOKENS).replace("·", " ")
    tokenizer = Qwen3Tokenizer.from_pretrained(qwen3_tokenizer)
    assert tokenizer.encode(words) == [i for _, i in TOKENS]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def over(top: str, alpha: float, ground: str) -> str:
    mixed = (
        round(
            int(top[i : i + 2], 16) * alpha + int(ground[i : i + 2], 16) * (1 - alpha)
        )
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{c:02x}" for c in mixed)


@pytest.mark.parametrize(
    "ink, ground", [("#222832", "#ffffff"), ("#ced6dd", "#14181e")]
)
def test_words_can_be_read_on_every_tint(ink, ground):
    """The page's ink on the strongest tint that carries it, and its soft form."""
    css = (ROOT / "_static/drawings.css").read_text(encoding="utf-8")
    dark = dict(re.findall(r"--draw-(\w+): (#\w{6})", css.split("@media print")[0]))
    colours = dark if ground == "#14181e" else PAPER
    for name in ("q", "k", "v", "mlp", "lit", "stream", "line"):
        for tint, opacity in (
            (0.38, 1),
            (TINT, 0.78),
        ):  # names in cells; counts in boxes
            back = over(colours[name], tint, ground)
            text = over(ink, opacity, back)
            low, high = sorted((luminance(text), luminance(back)))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (name, tint)


def test_the_check_sees_what_it_should():
    sheet = Sheet(WIDE)
    box = sheet.box(100, 50, 120, "q_proj")
    sheet.text(100, 52, "on it")
    sheet.text(160, 50, "across the border")
    sheet.wire((300, 90), (300, 80), head=False)
    sheet.text(300, 85, "on a line")
    sheet.text(715, 200, "out")
    sheet.wire(box.right(), (400, 50))
    faults = "\n".join(sheet.faults())
    for fault in ("'on it' lies on 'q_proj'", "crosses a border", "lies on a line"):
        assert fault in faults
    assert "'out' leaves the sheet" in faults
    assert faults.count("ends in the air") == 3
