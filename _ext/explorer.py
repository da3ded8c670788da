"""What the explorer's script must know from Python, written beside it as a script.

Sizes of the family, which section of which chapter explains which line, which key
touches which line, and the line of model.py that makes each module.
"""

import inspect
import pathlib

from notebooks import write_data

from bookkit import printouts
from bookkit.family import FAMILY, TOUCHES
from bookkit.places import CHAPTERS, CONFIG, PLACES, TABLE, TREE
from minqwen3 import model

MADE_IN = {  # the class in whose __init__ a path's last name is set
    "model.layers.0.self_attn": model.Qwen3Attention,
    "model.layers.0.mlp": model.Qwen3MLP,
    "model.layers.0": model.Qwen3DecoderLayer,
    "model": model.Qwen3Model,
    "": model.Qwen3ForCausalLM,
}


def made_at(path: str) -> dict:
    """The line of model.py that makes the module at ``path`` in the printed tree."""
    parent, _, name = path.rpartition(".")
    made = f"self.{name} = "
    if path == "":
        parent, made = "", "class Qwen3ForCausalLM"
    elif path == "model.layers.0":
        parent, made = "model", "self.layers.append"
    owner = MADE_IN[parent]
    lines, first = inspect.getsourcelines(owner)
    [(number, line)] = [
        (first + i, line.strip())
        for i, line in enumerate(lines)
        if line.strip().startswith(made)
    ]
    return {"number": number, "text": line, "owner": owner.__name__}


def data() -> dict:
    return {
        "printed": printouts.CONFIG,
        "shrunk": printouts.SHRUNK,
        "family": FAMILY,
        "chapters": CHAPTERS,
        "claims": {"tree": TREE, "config": CONFIG, "table": TABLE},
        "anchors": {
            kind: {name: place.anchor for name, place in places.items()}
            for kind, places in PLACES.items()
        },
        "touches": TOUCHES,
        "made": {path: made_at(path) for path in TREE},
    }


def write(app):
    if app.builder.format == "html":
        write_data(app, "explorer-data.js", "READING_QWEN3", data())


def add_scripts(app, config):
    """Late, since Jupyter Book loads every script of a static folder, undeferred."""
    config.html_static_path.append(str(pathlib.Path(__file__).parent / "scripts"))


def setup(app):
    app.connect("config-inited", add_scripts, priority=900)
    app.connect("builder-inited", write)
    for script in ("dom.js", "explorer-data.js", "explorer.js", "a11y.js"):
        app.add_js_file(script, loading_method="defer")
    return {"parallel_read_safe": True}
