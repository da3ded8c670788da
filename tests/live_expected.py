"""What the model in the page must compute, computed by minqwen3.

``write(folder)`` writes the engine as a site has it, the expected numbers beside it,
and a page that can ask a worker (live_check.js) for the faults that it finds.
"""

import json
import re
import shutil
import sys
import types
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "_ext"))
import live  # noqa: E402
from notebooks import write_data  # noqa: E402

from bookkit import breaks, held_out  # noqa: E402
from minqwen3 import (  # noqa: E402
    KVCache,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Tokenizer,
    hub,
)
from minqwen3 import model as source  # noqa: E402
from minqwen3.generate import filter_logits  # noqa: E402

SCRIPTS = ROOT / "_ext/scripts/live"
CHECKS = Path(__file__).parent / "live_check.js"
POLICY = "default-src 'self'; script-src 'self'; img-src 'self' data:"  # as the site's
TEXTS = [
    "She could not help smiling, and he smiled too.",
    '"My dear Mr. Bennet," said his lady to him one day, "have you heard of it?"',
    held_out()[:780],
    held_out()[4000:4400],
    "def rotate_half(x):\n    a, b = x.chunk(2, dim=-1)\n    return (-b, a)\n",
    '{"hidden_size": 128, "rope_theta": 1e6}\r\n\r\n\tif (x !== y) { z++; }',
    "你好，世界！红楼梦里的人物很多。",
    "日本語のテキストと한국어 문장",
    "مرحبا بالعالم — हिन्दी में",
    "👩‍👩‍👧‍👦 went to 🇬🇧, and smiled 😀!",
    "e\u0301 and \u00e9, \ufb01 and \u212b",  # NFC
    "it's IT'S they'LL we'Re it'\u017f K'\u212a they'lled it'Dx we'REx I'Mx o'vex 'Tx",
    "",
    " ",
    "\n",
    "a",
    "     \n\n   \t  x   ",
    "a\u0085b\u3000c\u00a0d\ufeffe\u2028f",
    "\ufeffA byte order mark comes first",
    "12345 ١٢٣ Ⅷ ½ 3.14159",
    "<|im_start|>user\nHow are you?<|im_end|>\n<think>\n\n</think>\n",
    "<<|endoftext|>> <|im_end <think></think",
    "!!!??? ... -- --- (a) [b] {c} <d> ~~~",
    "the the the the the the the the the the",
    "\x00\x01\x7f bytes and 𝒳𝒴 𝔸",
    "ZZZZ qqqq xyzzy supercalifragilisticexpialidocious",
]
# Whose every tensor is compared: of 1, 2, 9, 15 and 64 tokens, and of odd bytes.
RECORDED = ["a", "he was", breaks.TEXT, TEXTS[0], held_out()[:300], TEXTS[7]]
PROMPTS = ["Emma was very much obliged to", "It is a truth", held_out()[:300]]
SWITCHED = [breaks.TEXT, PROMPTS[0]]  # what the mistakes are made on
HEADS, LAYERS = ("0.1", "2.0", "3.3"), (0, 2)


def head_out(layer: str, head: str) -> tuple[tuple[str, str], ...]:
    """A query head silenced: its numbers are zero before o_proj."""
    line = "return self.o_proj(out_BNTH.transpose(1, 2).flatten(2))"
    new = (
        f"if self.layer_idx == {layer}:\n            out_BNTH[:, {head}] = 0\n        "
    )
    return ((line, new + line),)


def layer_out(layer: int) -> tuple[tuple[str, str], ...]:
    """A layer left out: the stream passes it by."""
    line = "x_BTD = layer(x_BTD, rotary,"
    return ((line, f"x_BTD = x_BTD if i == {layer} else {line.split('= ')[1]}"),)


def recorded(model: Qwen3ForCausalLM, ids: list[int]) -> dict[str, Tensor]:
    """Every step of a pass, under the names that the page gives them."""
    kept, layers = {}, model.model.layers
    handles = []

    def keep_input(name):
        def hook(module, inputs):
            kept[name] = inputs[0][0]

        return hook

    def sines(module, inputs, output):
        kept["model.rotary_emb.sin"] = output[1][0]

    handles.append(model.model.rotary_emb.register_forward_hook(sines))
    for i, layer in enumerate(layers):
        at, attn = f"model.layers.{i}", layer.self_attn
        for module, name in (
            (layer.post_attention_layernorm, f"{at}.after_attn"),
            (layer.mlp.down_proj, f"{at}.mlp.product"),
            (attn.o_proj, f"{at}.self_attn.heads"),
        ):
            handles.append(module.register_forward_pre_hook(keep_input(name)))

        def attend(module, q, k, v, allowed, at=f"{at}.self_attn"):
            n = module.num_key_value_groups
            k_repeated, v_repeated = source.repeat_kv(k, n), source.repeat_kv(v, n)
            scores = q @ k_repeated.transpose(2, 3) * module.scaling
            scores = scores.masked_fill(~allowed[:, None], -torch.inf)
            turned = {"q_rotated": q, "k_rotated": k}
            turned |= {"k_repeated": k_repeated, "v_repeated": v_repeated}
            for name, x in turned.items():
                kept[f"{at}.{name}"] = x[0].transpose(0, 1)
            kept[f"{at}.scores"], kept[f"{at}.probs"] = scores[0], scores.softmax(-1)[0]
            kept["model.mask"] = allowed[0].float()
            return source.eager_attention(module, q, k, v, allowed)

        attn.attend = attend
    kept |= breaks.calls(model, ids)
    for handle in handles:
        handle.remove()
    for i, layer in enumerate(layers):
        layer.self_attn.attend = source.eager_attention
        heads = f"model.layers.{i}.self_attn.heads"
        kept[heads] = kept[heads].unflatten(-1, (-1, layer.self_attn.head_dim))
        kept[f"model.layers.{i}.after_mlp"] = kept[f"model.layers.{i}"]
    return kept


def even_rsqrt(model: Qwen3ForCausalLM) -> Qwen3ForCausalLM:
    """The model, with a bf16 rsqrt that is rounded once, as the page does it. On a CPU
    torch rounds once in a tensor's vectorised part and twice, 1 / sqrt, in its tail."""
    scope = type(model).__init__.__globals__
    scope["torch"] = types.SimpleNamespace(**vars(torch))
    scope["torch"].rsqrt = lambda x: x.float().rsqrt().to(x.dtype)
    return model


def mistakes() -> dict[str, tuple[dict, Qwen3ForCausalLM]]:
    """Each mistake by name: how the page is asked for it, and the model with it."""
    made = {b.key: ({"switches": [b.key]}, breaks.model_of(b)) for b in breaks.ON_PAGE}
    even_rsqrt(made["castLeftOut"][1])
    for at in HEADS:
        made[f"head {at}"] = (
            {"heads": [at]},
            breaks.broken(head_out(*at.split("."))),
        )
    for i in LAYERS:
        made[f"layer {i}"] = ({"layers": [i]}, breaks.broken(layer_out(i)))
    two = next(b for b in breaks.BREAKS if b.key == "theta").changes
    made["two at once"] = (
        {"switches": ["theta"], "heads": ["0.1"]},
        breaks.broken((*two, *head_out("0", "1"))),
    )
    return made


def puzzle(number: int) -> str:
    """Which mistake a number stands for: in rounds, each shuffled by its own seed."""
    keys = [b.key for b in breaks.ON_PAGE if b.puzzle]
    turn, at = divmod(number, len(keys))
    drawn = breaks.mulberry32(len(keys) - 1, turn).tolist()
    for i, random in zip(range(len(keys) - 1, 0, -1), drawn, strict=True):
        j = int(random * (i + 1))
        keys[i], keys[j] = keys[j], keys[i]
    return keys[at]


@torch.no_grad()
def expected() -> tuple[dict, dict[str, Tensor]]:
    """What the page must find, as JSON and as tensors."""
    model = breaks.model_of(None)
    tokenizer = Qwen3Tokenizer.from_pretrained(hub.SMALL)
    torch.manual_seed(0)
    tensors: dict[str, Tensor] = {}
    found: dict = {"texts": [], "records": [], "greedy": [], "mistakes": {}}
    for text in TEXTS:
        ids = tokenizer.encode(text)
        plain, decoded = tokenizer.encode(text, False), tokenizer.decode(ids)
        found["texts"].append(
            {"text": text, "ids": ids, "plain": plain, "decoded": decoded}
        )
    lists = torch.randint(0, len(tokenizer), (60, 8)).tolist()
    lists += torch.randint(0, 256, (60, 8)).tolist()  # bytes: broken characters
    lists.append(tokenizer.encode("\ufeffA byte order mark"))
    found["decode"] = [[ids, tokenizer.decode(ids)] for ids in lists]

    streams = ["model.embed_tokens", *(f"model.layers.{i}" for i in range(4))]
    for i, text in enumerate(RECORDED):
        ids = tokenizer.encode(text)[:64]
        kept, cache = recorded(model, ids), KVCache()
        losses = F.cross_entropy(
            kept["lm_head"][:-1], torch.tensor(ids[1:]).long(), reduction="none"
        )
        model(torch.tensor([ids]), cache=cache)
        for name, x in kept.items():
            tensors[f"{i}/{name}"] = x.contiguous()
        tensors[f"{i}/losses"] = losses
        for depth, name in enumerate(streams):
            tensors[f"{i}/lens.{depth}"] = model.lm_head(model.model.norm(kept[name]))
        order = list(breaks.calls(model, ids))
        found["records"].append({"ids": ids, "bytes": cache.nbytes, "order": order})
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt)
        more = model.generate(torch.tensor([ids]), 40, eos_token_id=[])[0, len(ids) :]
        found["greedy"].append({"ids": ids, "added": more.tolist()})

    texts = [tokenizer.encode(text) for text in SWITCHED]
    right = breaks.calls(model, texts[0])
    for name, (job, wrong) in mistakes().items():
        given, other = (breaks.calls(wrong, ids) for ids in texts)
        tensors[f"{name}/1/lm_head"] = other["lm_head"]
        for path, x in given.items():
            if name == "qkNormAfterRope" and path.endswith(("q_norm", "k_norm")):
                x = x.transpose(0, 1)  # there the heads already stand before positions
            if not re.search(r"layers\.[12]\.", path):  # as good as 0 and 3, and large
                tensors[f"{name}/0/{path}"] = x.contiguous()
        first = breaks.first_difference(right, given)
        found["mistakes"][name] = {"job": job, "first": first, "called": list(given)}
    found["switched"] = texts

    options = [
        {"temperature": t, "topK": k, "topP": p, "minP": m}
        for t in (0.5, 1.0)
        for k, p, m in (
            (20, None, None),
            (None, 0.9, None),
            (None, None, 0.1),
            (50, 0.95, 0.05),
        )
    ]
    found["filters"] = []
    for option in options:
        logits = (3 * torch.randn(1, 300)).round(decimals=4)
        names = dict(
            temperature="temperature", topK="top_k", topP="top_p", minP="min_p"
        )
        cut = filter_logits(logits, **{names[k]: v for k, v in option.items()})
        found["filters"].append(
            [logits[0].tolist(), option, cut[0].isfinite().tolist()]
        )
    found["random"] = breaks.mulberry32(20).tolist()
    tensors["gelu in"] = torch.linspace(-9, 9, 181)
    tensors["gelu"] = F.gelu(tensors["gelu in"])
    ties = [1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -1 - 2**-8, 0.1, 3e38, 1e-39]
    tensors["bf16 in"] = torch.tensor(ties)
    tensors["bf16"] = tensors["bf16 in"].bfloat16().float()
    tensors["halves"] = torch.tensor([0.0, -1.5, 65504, 6e-8, 3e-5, torch.inf]).half()
    found["tree"] = repr(model)
    with torch.device("meta"):
        small = {**model.config.to_dict(), "num_hidden_layers": 1}
        found["tree of one"] = repr(Qwen3ForCausalLM(Qwen3Config.from_dict(small)))
    found["puzzles"] = [puzzle(number) for number in range(-40, 80)]
    norm = source.Qwen3RMSNorm(4, 1e-6)
    tensors["long"] = torch.tensor([[1e19] * 4, [9e18, -1, 1, 0]])  # squares overflow
    tensors["long normed"] = norm(tensors["long"])
    return found, tensors


def write_page(folder: Path) -> None:
    """A page with the engine and the checkpoint, as a site has them."""
    static = folder / "_static/live"
    live.write_files(static)
    app = types.SimpleNamespace(outdir=folder)
    write_data(app, "live/live-data.js", "LIVE_DATA", live.data())
    for script in SCRIPTS.glob("*.js"):
        shutil.copy(script, static)
    tags = "".join(
        f'<script defer src="_static/live/{name}.js"></script>\n'
        for name in ("live-data", *live.ENGINE)
    )
    (folder / "index.html").write_text(
        '<!doctype html>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n{tags}',
        encoding="utf-8",
    )


def write(folder: Path) -> None:
    """That page, and what is expected of it."""
    write_page(folder)
    static = folder / "_static/live"
    shutil.copy(CHECKS, static)
    found, tensors = expected()
    (static / "expected.json").write_text(json.dumps(found), encoding="utf-8")
    apart = {name: x.clone() for name, x in tensors.items()}
    save_file(apart, static / "expected.safetensors")
