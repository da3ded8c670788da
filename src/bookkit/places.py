"""Which chapter explains which line of the three printouts; the printouts as maps."""

import html
import json
import re
import urllib.parse
from typing import NamedTuple

from . import printouts

PAGES = ("config_keys",)  # notebooks of the reference part
CHAPTERS = {
    "00_one_token": "One sentence, one token",
    "01_config": "config.json, key by key",
    "02_tree": "The printed tree",
    "03_table": "The torchinfo table",
    "04_embedding": "Embedding",
    "05_rmsnorm": "RMSNorm",
    "06_projections": "Projections",
    "07_qk_norm": "QK-norm",
    "08_rope": "Rotary embedding",
    "09_attention": "Grouped-query attention",
    "10_masks": "Masks",
    "11_mlp": "The SwiGLU MLP",
    "12_decoder_layer": "The decoder layer",
    "13_head": "The head and the loss",
    "14_model": "The whole model",
    "15_tokenizer": "Text to ids and back",
    "16_weights": "Weights on disk",
    "17_kv_cache": "The KV cache",
    "18_generation": "Generation",
    "19_numbers": "Numbers",
    "20_budgets": "Budgets",
    "21_training": "Training",
    "22_long_context": "Long context",
    "23_inside": "Inside a trained model",
    "24_versions": "From 4.51 to today",
    "25_faq": "Questions",
}


class Place(NamedTuple):
    """A section of a chapter, or a question in it, by the words of its title."""

    chapter: str
    title: str

    @property
    def anchor(self) -> str:
        """Where the site has it."""
        return slug(self.title)

    @property
    def fragment(self) -> str:
        """Where Jupyter has it, if it is a heading."""
        words = re.sub(r'[`"]', "", self.title).replace(" ", "-")
        return urllib.parse.quote(words, safe="!'()*,:;?")


LABEL = Place("01_config", "Five keys for the code around the model")


def slug(title: str) -> str:
    """The anchor that docutils makes of a title."""
    return re.sub(r"^[-0-9]+|-+$", "", re.sub(r"[^a-z0-9]+", "-", title.lower()))


# Lines of the printed tree, by module name within its parent (layer numbers left out).
TREE_PLACES = {
    "": Place("14_model", "By hand"),
    "model": Place("14_model", "The source"),
    "model.embed_tokens": Place("04_embedding", "A row for each token"),
    "model.layers": Place("12_decoder_layer", "Twenty-eight of them"),
    "model.layers.0": Place("12_decoder_layer", "Two additions"),
    "model.layers.0.self_attn": Place("09_attention", "A gap between two lines"),
    "model.layers.0.self_attn.q_proj": Place("06_projections", "Why 2048 is not 1024"),
    "model.layers.0.self_attn.k_proj": Place("06_projections", "The source"),
    "model.layers.0.self_attn.v_proj": Place("06_projections", "The source"),
    "model.layers.0.self_attn.o_proj": Place("06_projections", "And back"),
    "model.layers.0.self_attn.q_norm": Place("07_qk_norm", "The cure"),
    "model.layers.0.self_attn.k_norm": Place("07_qk_norm", "The cure"),
    "model.layers.0.mlp": Place("11_mlp", "By hand"),
    "model.layers.0.mlp.gate_proj": Place("11_mlp", "Unit by unit"),
    "model.layers.0.mlp.up_proj": Place("11_mlp", "Unit by unit"),
    "model.layers.0.mlp.down_proj": Place("11_mlp", "Unit by unit"),
    "model.layers.0.mlp.act_fn": Place("11_mlp", "By hand"),
    "model.layers.0.input_layernorm": Place(
        "05_rmsnorm", "What is kept, what is dropped"
    ),
    "model.layers.0.post_attention_layernorm": Place(
        "05_rmsnorm", "What is kept, what is dropped"
    ),
    "model.norm": Place("05_rmsnorm", "What is kept, what is dropped"),
    "model.rotary_emb": Place("08_rope", "Many pairs, many speeds"),
    "lm_head": Place("13_head", "One matrix with two names"),
}

CONFIG_PLACES = {
    "architectures": LABEL,
    "attention_bias": Place("06_projections", "What the keys change"),
    "attention_dropout": Place(
        "09_attention",
        '"The config has `attention_dropout`. Where is the Dropout line?"',
    ),
    "bos_token_id": LABEL,
    "eos_token_id": LABEL,
    "head_dim": Place("06_projections", "Why 2048 is not 1024"),
    "hidden_act": Place("11_mlp", "By hand"),
    "hidden_size": Place("04_embedding", "Room for every token"),
    "initializer_range": Place("04_embedding", "The source, and three keys"),
    "intermediate_size": Place("11_mlp", "Unit by unit"),
    "max_position_embeddings": Place(
        "08_rope", '"40960 or 32768: what does `max_position_embeddings` do?"'
    ),
    "max_window_layers": Place("10_masks", "Three dead keys"),
    "model_type": LABEL,
    "num_attention_heads": Place("06_projections", "What the keys change"),
    "num_hidden_layers": Place("12_decoder_layer", "Twenty-eight of them"),
    "num_key_value_heads": Place("09_attention", "Sixteen queries, eight keys"),
    "rms_norm_eps": Place("05_rmsnorm", "The fourth decimal"),
    "rope_scaling": Place("08_rope", "Longer texts: rope_scaling"),
    "rope_theta": Place("08_rope", "Theta and wavelengths"),
    "sliding_window": Place("10_masks", "The sliding window"),
    "tie_word_embeddings": Place("13_head", "One matrix with two names"),
    "torch_dtype": Place("14_model", '"In which dtype is my model?"'),
    "transformers_version": Place(
        "01_config", "Five keys for the code around the model"
    ),
    "use_cache": Place("14_model", '"Does `use_cache` change the logits?"'),
    "use_sliding_window": Place("10_masks", "Three dead keys"),
    "vocab_size": Place("04_embedding", "The source, and three keys"),
}

# Rows of the torchinfo table, by the words before their number.
TABLE_PLACES = {
    "Layer (type:depth-idx)": Place("03_table", "How to read it"),
    "Qwen3ForCausalLM": Place("14_model", "By hand"),
    "Qwen3Model: 1-1": Place("14_model", "By hand"),
    "Embedding: 2-1": Place("04_embedding", "The source, and three keys"),
    "ModuleList: 2-2": Place("12_decoder_layer", "Twenty-eight of them"),
    "Qwen3DecoderLayer: 3-1": Place("03_table", "One layer, term by term"),
    "Qwen3DecoderLayer: 3-2": Place("03_table", "One layer, term by term"),
    "Qwen3DecoderLayer: 3-3": Place("03_table", "One layer, term by term"),
    "Qwen3RMSNorm: 2-3": Place("05_rmsnorm", "Equal to the bit"),
    "Qwen3RotaryEmbedding: 2-4": Place("08_rope", "Equal to the bit, on one condition"),
    "Linear: 1-2": Place("13_head", "The check"),
    "Total params": Place("03_table", "The whole table"),
    "Trainable params": Place("03_table", "How to read it"),
    "Non-trainable params": Place("03_table", "How to read it"),
}

# The same by chapter alone.
TREE = {path: place.chapter for path, place in TREE_PLACES.items()}
CONFIG = {key: place.chapter for key, place in CONFIG_PLACES.items()}
TABLE = {row: place.chapter for row, place in TABLE_PLACES.items()}

# Chapters whose lines stand elsewhere, and the lines that they are about.
LIT = {
    "10_masks": ["model.layers.0.self_attn"],
    "15_tokenizer": ["model.embed_tokens", "lm_head"],
    "17_kv_cache": ["model.layers.0.self_attn"],
    "18_generation": ["lm_head"],
    "22_long_context": ["model.rotary_emb"],
    "23_inside": ["model.layers.0"],
}


def tree_lines() -> list[tuple[str, str | None]]:
    """The printed tree's lines, each with its module's path; None for a closing one."""
    rows, path = [], []
    for line in printouts.TREE.split("\n"):
        depth = (len(line) - len(line.lstrip())) // 2
        found = re.match(r" *\((\w+)(?:-\d+)?\):", line)
        if found:
            path = [*path[: depth - 1], found[1]]
            rows.append((line, ".".join(path)))
        else:
            rows.append((line, None if line.strip() == ")" else ""))
    return rows


def table_lines() -> list[tuple[str, str | None]]:
    """The table's lines, each with its row's name; None for a rule."""
    rows = []
    for line in printouts.TABLE.split("\n"):
        name = re.split(r"\s{2,}|: (?=[\d,]+$)", line.lstrip("│├└─ "))[0]
        rows.append((line, None if line.startswith("=") else name))
    return rows


def config_lines() -> list[tuple[str, str | None]]:
    """The config's lines, each with its key; None for brackets and a list's items."""
    rows = []
    for line in json.dumps(printouts.CONFIG, indent=2).split("\n"):
        found = re.match(r'  "(\w+)":', line)
        rows.append((line, found[1] if found else None))
    return rows


PRINTOUTS = {
    "tree": (tree_lines, TREE),
    "config": (config_lines, CONFIG),
    "table": (table_lines, TABLE),
}
PLACES = {"tree": TREE_PLACES, "config": CONFIG_PLACES, "table": TABLE_PLACES}
LIT_STYLE = (
    "font-weight:bold;border-left:4px solid #D55E00;"
    "background:rgba(213,94,0,.16);margin-left:-4px"
)
PRE_STYLE = "line-height:1.35;padding-left:8px;overflow-x:auto;text-align:left"


class Printout:
    """One of the three printouts; lines lit, and each a link to its section.

    Args:
        kind: "tree", "config" or "table".
        lit: names of the lines to light.
        here: the chapter that shows it; its own lines are not links.
        prefix: what stands before a chapter's file name in a link.
    """

    def __init__(self, kind: str, lit=(), here: str = "", prefix: str = ""):
        self.kind, self.lit, self.here, self.prefix = kind, set(lit), here, prefix
        self.places, self.rows = PLACES[kind], PRINTOUTS[kind][0]()

    def __repr__(self) -> str:
        width = max((len(line) for line, _ in self.rows), default=0) + 2
        marked = (
            f"{line:{width}}<-- this chapter" if name in self.lit else line
            for line, name in self.rows
        )
        return "\n".join(marked)

    def _repr_html_(self) -> str:
        out = []
        for line, name in self.rows:
            text, target = html.escape(line, quote=False), self.places.get(name)
            body = text.lstrip(" ")
            if target and target.chapter != self.here:
                title = html.escape(CHAPTERS[target.chapter])
                file = html.escape(f"{self.prefix}{target.chapter}.ipynb")
                link = f'{file}#{target.fragment}" title="{title}'
                body = f'<a href="{link}">{body}</a>'
            text = " " * (len(text) - len(text.lstrip(" "))) + body
            if name in self.lit:
                text = f'<span style="{LIT_STYLE}">{text}</span>'
            out.append(text)
        label = f"The printed {self.kind}, each line a link to its chapter"
        pre = f'<pre class="printout" tabindex="0" aria-label="{label}"'
        return f'{pre} style="{PRE_STYLE}">' + "\n".join(out) + "</pre>"


WHOLE = {"01_config": "config", "02_tree": "tree", "03_table": "table"}


def own_lines(name: str) -> Printout:
    """The printed lines that a chapter explains, lit, with the lines that hold them.

    The three chapters about the printouts show a whole one; a chapter about no line
    of its own, none.
    """
    kind = WHOLE.get(name, "tree")
    _, claims = PRINTOUTS[kind]
    lit = LIT.get(name) or [line for line, place in claims.items() if place == name]
    shown = Printout(kind, lit, here=name)
    if name not in WHOLE:
        holds = {part for path in lit for part in ("", *parents(path))}
        shown.rows = [row for row in shown.rows if row[1] in holds]
    return shown


def parents(path: str) -> list[str]:
    """A module's path and the paths of all that hold it, the outermost first."""
    parts = path.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


class settled:
    """``settled("07_qk_norm")``: the config keys that a chapter settles, a table."""

    def __init__(self, name: str):
        keys = [key for key, place in CONFIG.items() if place == name]
        self.rows = [(key, json.dumps(printouts.CONFIG[key])) for key in keys]

    def __repr__(self) -> str:
        return "\n".join(f"{key} = {value}" for key, value in self.rows)

    def _repr_markdown_(self) -> str:
        rows = "\n".join(f"| `{key}` | `{value}` |" for key, value in self.rows)
        return f"| Settled here | in the printout |\n| --- | --- |\n{rows}"
