"""Which chapter explains which line of the three printouts; the printouts as maps."""

import html
import json
import re

from . import printouts

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

# Lines of the printed tree, by module name within its parent (layer numbers left out).
TREE = {
    "": "14_model",
    "model": "14_model",
    "model.embed_tokens": "04_embedding",
    "model.layers": "12_decoder_layer",
    "model.layers.0": "12_decoder_layer",
    "model.layers.0.self_attn": "09_attention",
    "model.layers.0.self_attn.q_proj": "06_projections",
    "model.layers.0.self_attn.k_proj": "06_projections",
    "model.layers.0.self_attn.v_proj": "06_projections",
    "model.layers.0.self_attn.o_proj": "06_projections",
    "model.layers.0.self_attn.q_norm": "07_qk_norm",
    "model.layers.0.self_attn.k_norm": "07_qk_norm",
    "model.layers.0.mlp": "11_mlp",
    "model.layers.0.mlp.gate_proj": "11_mlp",
    "model.layers.0.mlp.up_proj": "11_mlp",
    "model.layers.0.mlp.down_proj": "11_mlp",
    "model.layers.0.mlp.act_fn": "11_mlp",
    "model.layers.0.input_layernorm": "05_rmsnorm",
    "model.layers.0.post_attention_layernorm": "05_rmsnorm",
    "model.norm": "05_rmsnorm",
    "model.rotary_emb": "08_rope",
    "lm_head": "13_head",
}

CONFIG = {
    "architectures": "01_config",
    "attention_bias": "06_projections",
    "attention_dropout": "09_attention",
    "bos_token_id": "01_config",
    "eos_token_id": "01_config",
    "head_dim": "06_projections",
    "hidden_act": "11_mlp",
    "hidden_size": "04_embedding",
    "initializer_range": "04_embedding",
    "intermediate_size": "11_mlp",
    "max_position_embeddings": "08_rope",
    "max_window_layers": "10_masks",
    "model_type": "01_config",
    "num_attention_heads": "06_projections",
    "num_hidden_layers": "12_decoder_layer",
    "num_key_value_heads": "09_attention",
    "rms_norm_eps": "05_rmsnorm",
    "rope_scaling": "08_rope",
    "rope_theta": "08_rope",
    "sliding_window": "10_masks",
    "tie_word_embeddings": "13_head",
    "torch_dtype": "14_model",
    "transformers_version": "01_config",
    "use_cache": "14_model",
    "use_sliding_window": "10_masks",
    "vocab_size": "04_embedding",
}

# Rows of the torchinfo table, by the words before their number.
TABLE = {
    "Layer (type:depth-idx)": "03_table",
    "Qwen3ForCausalLM": "14_model",
    "Qwen3Model: 1-1": "14_model",
    "Embedding: 2-1": "04_embedding",
    "ModuleList: 2-2": "12_decoder_layer",
    "Qwen3DecoderLayer: 3-1": "12_decoder_layer",
    "Qwen3DecoderLayer: 3-2": "12_decoder_layer",
    "Qwen3DecoderLayer: 3-3": "12_decoder_layer",
    "Qwen3RMSNorm: 2-3": "05_rmsnorm",
    "Qwen3RotaryEmbedding: 2-4": "08_rope",
    "Linear: 1-2": "13_head",
    "Total params": "03_table",
    "Trainable params": "03_table",
    "Non-trainable params": "03_table",
}

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
LIT_STYLE = (
    "font-weight:bold;border-left:4px solid #D55E00;"
    "background:rgba(213,94,0,.16);margin-left:-4px"
)
PRE_STYLE = "line-height:1.35;padding-left:8px;overflow-x:auto;text-align:left"


class Printout:
    """One of the three printouts; lines lit, and each a link to its chapter.

    Args:
        kind: "tree", "config" or "table".
        lit: names of the lines to light.
        here: the chapter that shows it; its own lines are not links.
        prefix: what stands before a chapter's file name in a link.
    """

    def __init__(self, kind: str, lit=(), here: str = "", prefix: str = ""):
        self.kind, self.lit, self.here, self.prefix = kind, set(lit), here, prefix
        lines, self.claims = PRINTOUTS[kind]
        self.rows = lines()

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
            text, target = html.escape(line, quote=False), self.claims.get(name)
            body = text.lstrip(" ")
            if target and target != self.here:
                title = html.escape(CHAPTERS[target])
                link = f'{html.escape(self.prefix)}{target}.ipynb" title="{title}'
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
