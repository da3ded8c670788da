"""What a page needs in which the small model runs: the checkpoint's files, and data.

All is written beside the engine's scripts at build time, from ``src/``: the files as
they are, the same once more as a script (from a disk, a page may not fetch), and
``live-data.js`` with the printed tree, the lines of model.py that make each of its
lines, the deliberate mistakes, and what the page shows before the model is there.
"""

import base64
import dataclasses
import inspect
import json
import pathlib
import re
import shutil

import torch
import torch.nn.functional as F
from notebooks import write_data

from bookkit import breaks
from bookkit.places import CHAPTERS, TREE
from minqwen3 import Qwen3ForCausalLM, Qwen3Tokenizer, hub, model

STRIP = 48  # numbers in a strip, as in scripts/live/read.js
LIKELIEST = 5
FILES = ("config.json", "tokenizer.json", "model.safetensors")
ENGINE = (
    "checkpoint cache generate tokenizer qwen3 session files compare read puzzle tree "
    "engine"
).split()
NORM = ("x32 = x.float()", 4)
# Lines of model.py that make a line of the tree, or a step that prints none: how the
# first of them begins, and how many there are. Layers and their parents are left out.
MADE_IN = {
    "": [("x_BTD = self.model(input_ids", 2)],
    "model": [("x_BTD = self.embed_tokens(input_ids)", 8)],
    "embed_tokens": [
        ("self.embed_tokens = nn.Embedding(", 1),
        ("x_BTD = self.embed_tokens(input_ids)", 1),
    ],
    "layers": [
        ("self.layers = nn.ModuleList()", 3),
        ("for i, layer in enumerate(self.layers):", 2),
    ],
    "0": [("normed_BTD = self.input_layernorm(x_BTD)", 3)],
    "rotary_emb": [
        ("theta, dim = self.config.rope_theta", 1),
        ("return 1.0 / theta **", 1),
        ("angles = position_ids_BT[", 5),
        ("rotary = self.rotary_emb(", 1),
    ],
    "mask": [("k_S = torch.arange(past", 3), ("masks = self.masks(", 1)],
    "self_attn": [("heads = (*x_BTD.shape[:2]", 10)],
    "q_proj": [
        ("self.q_proj = nn.Linear(", 1),
        ("q_BNTH = self.q_norm(self.q_proj(", 1),
    ],
    "k_proj": [
        ("self.k_proj = nn.Linear(", 1),
        ("k_BKTH = self.k_norm(self.k_proj(", 1),
    ],
    "v_proj": [("self.v_proj = nn.Linear(", 1), ("v_BKTH = self.v_proj(", 1)],
    "o_proj": [("self.o_proj = nn.Linear(", 1), ("return self.o_proj(", 1)],
    "q_norm": [
        ("self.q_norm = Qwen3RMSNorm(", 1),
        ("q_BNTH = self.q_norm(self.q_proj(", 1),
        NORM,
    ],
    "k_norm": [
        ("self.k_norm = Qwen3RMSNorm(", 1),
        ("k_BKTH = self.k_norm(self.k_proj(", 1),
        NORM,
    ],
    "q_rotated": [
        ("a, b = x.chunk(2, dim=-1)", 2),
        ("cos, sin = cos_BTH.unsqueeze(1)", 2),
        ("q_BNTH, k_BKTH = apply_rotary_pos_emb(", 1),
    ],
    "k_rotated": [
        ("a, b = x.chunk(2, dim=-1)", 2),
        ("cos, sin = cos_BTH.unsqueeze(1)", 1),
        ("k_BKTH = k_BKTH * cos", 1),
        ("q_BNTH, k_BKTH = apply_rotary_pos_emb(", 1),
    ],
    "k_repeated": [("return x_BKSH[:, :, None]", 1), ("k_BNSH = repeat_kv(", 1)],
    "v_repeated": [("return x_BKSH[:, :, None]", 1), ("v_BNSH = repeat_kv(", 1)],
    "scores": [("scores_BNTS = q_BNTH @", 3)],
    "probs": [("probs_BNTS = F.softmax(", 1)],
    "heads": [("return probs_BNTS @ v_BNSH", 1)],
    "after_attn": [("x_BTD = x_BTD + self.self_attn(", 1)],
    "after_mlp": [("return x_BTD + self.mlp(", 1)],
    "mlp": [("h_BTF = self.act_fn(", 2)],
    "gate_proj": [("self.gate_proj = nn.Linear(", 1), ("h_BTF = self.act_fn(", 1)],
    "up_proj": [("self.up_proj = nn.Linear(", 1), ("h_BTF = self.act_fn(", 1)],
    "down_proj": [
        ("self.down_proj = nn.Linear(", 1),
        ("return self.down_proj(", 1),
    ],
    "act_fn": [("self.act_fn = ACTIVATIONS[", 1), ("h_BTF = self.act_fn(", 1)],
    "product": [("h_BTF = self.act_fn(", 1)],
    "input_layernorm": [
        ("self.input_layernorm = Qwen3RMSNorm(", 1),
        ("normed_BTD = self.input_layernorm(x_BTD)", 1),
        NORM,
    ],
    "post_attention_layernorm": [
        ("self.post_attention_layernorm = Qwen3RMSNorm(", 1),
        ("return x_BTD + self.mlp(", 1),
        NORM,
    ],
    "norm": [("self.norm = Qwen3RMSNorm(", 1), ("return self.norm(x_BTD)", 1), NORM],
    "lm_head": [
        ("self.lm_head = nn.Linear(", 1),
        ("self.lm_head.weight = self.model.embed_tokens.weight", 1),
        ("return self.lm_head(", 1),
    ],
}


def lines_of(name: str) -> list[tuple[int, str]]:
    """Lines of model.py behind a name of ``MADE_IN``: number and text, in order.

    Raises:
        ValueError: a line begins as ``MADE_IN`` says nowhere, or in several places.
    """
    lines, numbers = inspect.getsource(model).split("\n"), set()
    for start, count in MADE_IN[name]:
        found = [i for i, line in enumerate(lines) if line.strip().startswith(start)]
        if len(found) != 1:
            raise ValueError(f"model.py: {start!r} begins {len(found)} lines, not one")
        numbers.update(range(found[0], found[0] + count))
    return [(i + 1, lines[i]) for i in sorted(numbers)]


def tree(printed: str) -> list[dict]:
    """Lines of a printed tree: text, and the path of the module that prints it or
    closes there. Layers that are printed as one have the first one's path."""
    rows, path = [], []
    for line in printed.split("\n"):
        depth = (len(line) - len(line.lstrip())) // 2
        found = re.match(r" *\((\w+)(?:-\d+)?\):", line)
        path = [*path[: depth - 1], found[1]] if found else path[:depth]
        closes = line.strip() == ")"
        rows.append({"text": line, "path": ".".join(path), "closes": closes})
    return rows


def strip(x: torch.Tensor) -> list[float]:
    """Numbers of a vector, evenly spread, to three places that count."""
    n = min(STRIP, x.numel())
    chosen = x.flatten()[torch.arange(n) * x.numel() // n]
    return [float(f"{v:.3g}") for v in chosen.tolist()]


def piece(tokenizer: Qwen3Tokenizer, i: int) -> str:
    """A whole token as the page shows it."""
    return tokenizer.decode([i]).replace(" ", "·")


@torch.no_grad()
def first_paint() -> dict:
    """What the page shows of its first text before the model is there.

    Of each printed line that is called: its shape, and of the last token the root mean
    square and a strip. Each layer's attention, (N, T, T), to three decimals.
    """
    small = Qwen3ForCausalLM.from_pretrained(hub.SMALL, torch.float32, "eager")
    tokenizer, probs = Qwen3Tokenizer.from_pretrained(hub.SMALL), []

    def attend(module, q_BNTH, k_BKSH, v_BKSH, allowed_BTS):
        k_BNSH = model.repeat_kv(k_BKSH, module.num_key_value_groups)
        scores = q_BNTH @ k_BNSH.transpose(2, 3) * module.scaling
        scores = scores.masked_fill(~allowed_BTS[:, None], -torch.inf)
        probs.append(scores.softmax(-1)[0].double().round(decimals=3).tolist())
        return model.eager_attention(module, q_BNTH, k_BKSH, v_BKSH, allowed_BTS)

    for layer in small.model.layers:
        layer.self_attn.attend = attend
    ids = tokenizer.encode(breaks.TEXT)
    given = breaks.calls(small, ids)
    logits = given["lm_head"]
    likeliest = zip(*logits[-1].softmax(-1).topk(LIKELIEST), strict=True)
    loss = F.cross_entropy(logits[:-1], torch.tensor(ids[1:]))
    return {
        "text": breaks.TEXT,
        "ids": ids,
        "pieces": [piece(tokenizer, i) for i in ids],
        "loss": round(loss.item(), 4),
        "next": [
            {"id": int(i), "piece": piece(tokenizer, int(i)), "p": round(float(p), 5)}
            for p, i in likeliest
        ],
        "lines": {
            path: {
                "shape": list(x.shape),
                "rms": float(f"{x[-1].pow(2).mean().sqrt().item():.4g}"),
                "strip": strip(x[-1]),
            }
            for path, x in given.items()
        },
        "probs": probs,
    }


def switches() -> list[dict]:
    """The deliberate mistakes that the page has a switch for, with what they cost."""
    found, rows = breaks.results()["breaks"], []
    for mistake in breaks.ON_PAGE:
        row = dataclasses.asdict(mistake) | found[mistake.key]
        rows.append({k: v for k, v in row.items() if k not in ("name", "absent")})
    return rows


def data() -> dict:
    results = breaks.results()
    small = Qwen3ForCausalLM.from_pretrained(hub.SMALL, torch.float32, "eager")
    return {
        "config": json.loads((hub.SMALL / "config.json").read_text(encoding="utf-8")),
        "bytes": {"weights": (hub.SMALL / "model.safetensors").stat().st_size},
        "parameters": sum(p.numel() for p in small.parameters()),
        "tree": tree(repr(small)),
        "lines": TREE,  # a line's path: its chapter
        "chapters": CHAPTERS,
        "made": {name: lines_of(name) for name in MADE_IN},
        "first": first_paint(),
        "switches": switches(),
        "witnesses": breaks.WITNESSES,
        "heldOut": {"tokens": breaks.windows().numel(), "loss": results["trained"]},
        "marks": {"as trained": results["trained"]} | results["marks"],
    }


def write_files(folder: pathlib.Path) -> None:
    """The checkpoint into a folder: its files, and all of them as one script."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(hub.SMALL / name, folder / name)
    weights = base64.b64encode((hub.SMALL / FILES[2]).read_bytes()).decode()
    config, tokenizer = (
        json.loads((hub.SMALL / name).read_text(encoding="utf-8")) for name in FILES[:2]
    )
    packed = {"config": config, "tokenizer": tokenizer, "weights": weights}
    text = json.dumps(packed, separators=(",", ":"))
    (folder / "weights.js").write_text(f"LIVE_WEIGHTS = {text};\n", encoding="utf-8")


def write(app):
    if app.builder.format == "html":
        write_files(pathlib.Path(app.outdir) / "_static/live")
        write_data(app, "live/live-data.js", "LIVE_DATA", data())


def add_engine(app) -> None:
    """Give the page that is being written the engine's scripts; call it from a listener
    of ``html-page-context``."""
    for name in ("live-data", *ENGINE):
        app.add_js_file(f"live/{name}.js", loading_method="defer")


def setup(app):
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
