"""What the moving figures draw: the printout's sizes, and one distribution of the small
checkpoint, all 2048 logits of it. Only the four pages that have one load the script."""

import torch
from notebooks import write_data

from bookkit import printouts
from bookkit.drawings.shapes import PAPER
from minqwen3 import Qwen3ForCausalLM, Qwen3Tokenizer, hub

PAGES = {
    "book/08_rope": "rotation",
    "book/09_attention": "grouped",
    "book/17_kv_cache": "stepping",
    "book/18_generation": "sampling",
}
PROMPT = "It was a truth"


def distribution() -> dict:
    """The next token after the prompt, likeliest first."""
    model = Qwen3ForCausalLM.from_pretrained(hub.SMALL, torch.float32, "eager")
    tokenizer = Qwen3Tokenizer.from_pretrained(hub.SMALL)
    with torch.no_grad():
        logits = model(torch.tensor([tokenizer.encode(PROMPT)]), logits_to_keep=1)
    values, ids = logits[0, 0].sort(descending=True, stable=True)
    return {
        "prompt": PROMPT,
        "logits": [round(value, 5) for value in values.tolist()],
        "tokens": [tokenizer.decode([i]) for i in ids[:50].tolist()],
    }


def write(app):
    if app.builder.format == "html":
        data = {
            "colors": PAPER,
            "printed": printouts.CONFIG,
            "sampling": distribution(),
        }
        write_data(app, "figures-data.js", "FIGURES", data)


def add_scripts(app, pagename, templatename, context, doctree):
    if pagename in PAGES:
        for script in (
            "figures-data.js",
            "moving/moving.js",
            f"moving/{PAGES[pagename]}.js",
        ):
            app.add_js_file(script, loading_method="defer")


def setup(app):
    app.connect("builder-inited", write)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True}
