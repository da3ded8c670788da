"""The deliberate mistakes: chapters notice them, and the live page has a switch each.

Each names the lines that change. ``tools/breaks.py`` changes them in a copy of ``src/``
and runs the chapter, the live page shows them, and a test holds what its JavaScript
computes against a model made of the changed lines.
"""

import importlib.abc
import importlib.util
import inspect
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minqwen3 import Qwen3ForCausalLM, Qwen3Tokenizer, hub
from minqwen3 import model as source

from .reference import held_out

WINDOWS, LENGTH = 24, 128  # of the held-out text that losses are measured on
TEXT = "Elizabeth was not in love with Mr."  # what the live page begins with
RESULTS = Path(__file__).with_suffix(".json")
# What tells that something is wrong, where the printout, shapes and count do not.
WITNESSES = {
    "loss": "the loss on text that the model has not seen",
    "logit": "the largest change of a logit",
    "tokens": "how many likeliest tokens change",
    "earlier": "an earlier position moves when a later word is edited",
}
NORMED = (
    ("self.q_norm(self.q_proj(x_BTD).view(heads))", "self.q_proj(x_BTD).view(heads)"),
    ("self.k_norm(self.k_proj(x_BTD).view(heads))", "self.k_proj(x_BTD).view(heads)"),
)
ATTENDED, MADE = (
    ("x_BTD = x_BTD + self.self_attn(", "x_BTD = self.self_attn("),
    ("return x_BTD + self.mlp(", "return self.mlp("),
)
GATED = "self.act_fn(self.gate_proj(x_BTD)) * self.up_proj(x_BTD)"


@dataclass(frozen=True)
class Break:
    """A mistake that fits every shape and raises nothing.

    Attributes:
        key: what the page's address and its JavaScript call it.
        label: the switch's name, short.
        chapter: which explains the line.
        changes: pairs of what stands in ``file`` and what takes its place.
        effect: what it does, in a sentence.
        witness: which of ``WITNESSES`` tells the most.
        function: what is at fault where the printed tree has no line for it.
        name: what ``tools/breaks.py`` calls it, where not by its label.
        main: whether it is among the page's first ten.
        puzzle: whether the puzzle may draw it: the first line that differs is the same
            for every text, and its numbers differ visibly.
        absent: why the page has no switch for it, where it has none.
        file: what is changed, model.py or the checkpoint's config.json.
    """

    key: str
    label: str
    chapter: str
    changes: tuple[tuple[str, str], ...]
    effect: str
    witness: str = "loss"
    function: str | None = None
    name: str | None = None
    main: bool = False
    puzzle: bool = False
    absent: str = ""
    file: str = "model.py"


BREAKS = (
    Break(
        "qkNormLeftOut",
        "QK-norm left out",
        "07_qk_norm",
        NORMED,
        "Scores get whatever size queries and keys happen to have.",
        main=True,
        puzzle=True,
    ),
    Break(
        "gateUpSwapped",
        "gate and up swapped",
        "11_mlp",
        ((GATED, "self.gate_proj(x_BTD) * self.act_fn(self.up_proj(x_BTD))"),),
        "SiLU bends the wrong one of the two factors.",
        function="Qwen3MLP.forward",
        name="gate and up swapped",
        main=True,
        puzzle=True,
    ),
    Break(
        "repeat",
        "repeat for repeat_interleave",
        "09_attention",
        (
            (
                "x_BKSH[:, :, None].expand(-1, -1, n_rep, -1, -1).flatten(1, 2)",
                "x_BKSH.repeat(1, n_rep, 1, 1)",
            ),
        ),
        "Query heads 1 and 2 read each other's keys and values; 0 and 3 stay right.",
        function="repeat_kv",
        name="repeat, not repeat_interleave",
        main=True,
        puzzle=True,
    ),
    Break(
        "rotationLeftOut",
        "no rotation",
        "08_rope",
        (("q_BNTH, k_BKTH = apply_rotary_pos_emb(q_BNTH, k_BKTH, *rotary)", "pass"),),
        "Without positions, attention can't tell which of two tokens came first.",
        function="apply_rotary_pos_emb",
        main=True,
        puzzle=True,
    ),
    Break(
        "theta",
        "theta 10,000",
        "08_rope",
        (("theta, dim = self.config.rope_theta", "theta, dim = 1e4"),),
        "Every pair but the fastest turns faster than in training, where theta was "
        "1,000,000.",
        witness="logit",
        name="theta",
        main=True,
        puzzle=True,
    ),
    Break(
        "scaleLeftOut",
        "no 1/√H",
        "09_attention",
        (("k_BNSH.transpose(2, 3) * module.scaling", "k_BNSH.transpose(2, 3)"),),
        "Scores are eight times as large, so most queries pick a single key.",
        function="eager_attention",
        name="scaling left out",
        main=True,
        puzzle=True,
    ),
    Break(
        "maskLeftOut",
        "no causal mask",
        "10_masks",
        (("allowed_TS = k_S <= q_T[:, None]", "allowed_TS = k_S >= 0 * q_T[:, None]"),),
        "Every position reads the whole text, with the token that it should predict.",
        witness="earlier",
        function="causal_mask",
        name="causal mask left out",
        main=True,
        puzzle=True,
    ),
    Break(
        "finalNormLeftOut",
        "no final norm",
        "14_model",
        (("return self.norm(x_BTD)", "return x_BTD"),),
        "The head reads a stream six times too long, and its answers are too sure.",
        name="the final norm left out",
        main=True,
        puzzle=True,
    ),
    Break(
        "additionsLeftOut",
        "no additions",
        "12_decoder_layer",
        (ATTENDED, MADE),
        "What attention read, and then what the MLP made, replaces the stream.",
        function="Qwen3DecoderLayer.forward",
        main=True,
        puzzle=True,
    ),
    Break(
        "headUntied",
        "head untied",
        "13_head",
        (('"tie_word_embeddings": true', '"tie_word_embeddings": false'),),
        "The head wants a matrix that no checkpoint has. A lenient loader leaves it "
        "random; minqwen3's refuses.",
        main=True,
        puzzle=True,
        file="config.json",
    ),
    Break(
        "inputNormLeftOut",
        "input norm left out",
        "12_decoder_layer",
        (("normed_BTD = self.input_layernorm(x_BTD)", "normed_BTD = x_BTD"),),
        "Attention reads the stream at its own length, which grows from layer to "
        "layer.",
        puzzle=True,
    ),
    Break(
        "postNormLeftOut",
        "post norm left out",
        "12_decoder_layer",
        (("self.mlp(self.post_attention_layernorm(x_BTD))", "self.mlp(x_BTD)"),),
        "The MLP reads the stream at its own length, which grows from layer to layer.",
        puzzle=True,
    ),
    Break(
        "attnResidualLeftOut",
        "attention's addition left out",
        "12_decoder_layer",
        (ATTENDED,),
        "What attention read replaces the stream instead of being added to it.",
        function="Qwen3DecoderLayer.forward",
        puzzle=True,
    ),
    Break(
        "mlpResidualLeftOut",
        "the MLP's addition left out",
        "12_decoder_layer",
        (MADE,),
        "What the MLP made replaces the stream instead of being added to it.",
        function="Qwen3DecoderLayer.forward",
        name="a residual left out",
        puzzle=True,
    ),
    Break(
        "qkNormAfterRope",
        "QK-norm after RoPE",
        "07_qk_norm",
        (
            *NORMED,
            (
                "k_BKSH, v_BKSH = k_BKTH, v_BKTH",
                "q_BNTH = self.q_norm(q_BNTH)\n        "
                "k_BKTH = self.k_norm(k_BKTH)\n        k_BKSH, v_BKSH = k_BKTH, v_BKTH",
            ),
        ),
        "The gains scale what the rotation has already mixed.",
        witness="logit",
        function="Qwen3Attention.forward",
        name="QK-norm after RoPE",
    ),
    Break(
        "rotateHalfSign",
        "wrong sign in rotate_half",
        "08_rope",
        (("torch.cat((-b, a)", "torch.cat((b, -a)"),),
        "Every pair turns the other way; scores still depend on distance alone.",
        function="rotate_half",
        name="rotate_half's sign",
        puzzle=True,
    ),
    Break(
        "interleaved",
        "interleaved pairs",
        "08_rope",
        (
            ("a, b = x.chunk(2, dim=-1)", "a, b = x[..., 0::2], x[..., 1::2]"),
            ("torch.cat((-b, a), dim=-1)", "torch.stack((-b, a), -1).flatten(-2)"),
            ("torch.cat((angles, angles), dim=-1)", "angles.repeat_interleave(2, -1)"),
        ),
        "As sound a convention as the right one, on weights trained with the other.",
        name="interleaved pairing",
        puzzle=True,
    ),
    Break(
        "scaleByH",
        "1/H for 1/√H",
        "09_attention",
        (
            (
                "self.scaling, self.attention_dropout = H**-0.5,",
                "self.scaling, self.attention_dropout = 1 / H,",
            ),
        ),
        "Scores are an eighth as large, so every query reads all keys nearly alike.",
        function="eager_attention",
        puzzle=True,
    ),
    Break(
        "siluLeftOut",
        "SiLU → identity",
        "11_mlp",
        ((GATED, "self.gate_proj(x_BTD) * self.up_proj(x_BTD)"),),
        "A gate without a bend lets everything pass, with its sign.",
        puzzle=True,
    ),
    Break(
        "gelu",
        "GELU for SiLU",
        "11_mlp",
        ((GATED, "F.gelu(self.gate_proj(x_BTD)) * self.up_proj(x_BTD)"),),
        "A curve so like the right one that the loss hardly tells them apart.",
        witness="logit",
        puzzle=True,
    ),
    Break(
        "castLeftOut",
        "RMSNorm in bf16",
        "05_rmsnorm",
        (("x32 = x.float()", "x32 = x.bfloat16()"),),
        "Squares, mean and root are rounded to eight bits, as in a bf16 model without "
        "`.float()`.",
        witness="logit",
    ),
    Break(
        "epsLeftOut",
        "eps left out",
        "05_rmsnorm",
        (("torch.rsqrt(variance + self.variance_epsilon)", "torch.rsqrt(variance)"),),
        "Nothing shows it while vectors are long; a vector of zeros would give NaN.",
        witness="logit",
        name="eps left out",
    ),
    Break(
        "castOrder",
        "cast order in RMSNorm",
        "05_rmsnorm",
        (("self.weight * x32.to(x.dtype)", "(self.weight * x32).to(x.dtype)"),),
        "The gain is applied in fp32, before the cast instead of after it.",
        name="cast order in RMSNorm",
        absent="The page computes in fp32, where the cast changes nothing.",
    ),
    Break(
        "softmaxCast",
        "softmax in bf16",
        "09_attention",
        (("dim=-1, dtype=torch.float32)", "dim=-1)"),),
        "Exponentials and their sum are rounded to eight bits.",
        name="softmax in bf16",
        absent="The page computes in fp32, where softmax is in fp32 either way.",
    ),
    Break(
        "tieLeftOut",
        "the head not tied in the code",
        "13_head",
        (("if self.config.tie_word_embeddings:", "if False:"),),
        "Embedding and head are two matrices, which training would drive apart.",
        name="the head untied",
        absent="The config ties, so the loader fills the head from the embedding, and "
        "no number changes.",
    ),
)
ON_PAGE = tuple(b for b in BREAKS if not b.absent)


def changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    """The text with each first half replaced by its second.

    Raises:
        ValueError: a first half does not stand there exactly once.
    """
    for old, new in changes:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} stands {text.count(old)} times, expected once")
        text = text.replace(old, new)
    return text


class Changed(importlib.abc.InspectLoader):
    """Loads a copy of model.py in which lines are changed."""

    def __init__(self, changes: tuple[tuple[str, str], ...]):
        self.changes = changes

    def get_source(self, fullname: str) -> str:
        return changed(inspect.getsource(source), self.changes)


def broken(changes: tuple[tuple[str, str], ...] = ()) -> Qwen3ForCausalLM:
    """The small model in fp32, made by a copy of model.py with these lines changed."""
    spec = importlib.util.spec_from_loader("minqwen3.broken", Changed(changes))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Qwen3ForCausalLM.from_pretrained(hub.SMALL, torch.float32, "eager")


def mulberry32(n: int, seed: int = 0) -> Tensor:
    """The first n numbers in [0, 1) that the page's generator draws from a seed."""
    low = 0xFFFFFFFF
    t = torch.arange(1, n + 1) * 0x6D2B79F5 + seed & low
    t = (t ^ t >> 15) * (t | 1) & low
    t = ((t ^ t >> 7) * (t | 61) + t & low) ^ t
    return (t ^ t >> 14).double() / 2**32


def untied() -> Qwen3ForCausalLM:
    """The small model with the random head that the page draws."""
    model = broken()
    shape, std = model.lm_head.weight.shape, model.config.initializer_range
    u, v = mulberry32(2 * shape.numel()).view(-1, 2).T
    normal = (-2 * (1 - u).log()).sqrt() * (2 * math.pi * v).cos()
    model.lm_head.weight = nn.Parameter((std * normal).float().view(shape))
    return model


def model_of(mistake: Break | None) -> Qwen3ForCausalLM:
    """The small model with a mistake, or as it was trained."""
    if mistake is None:
        return broken()
    return untied() if mistake.file == "config.json" else broken(mistake.changes)


@cache
def windows() -> Tensor:
    """The held-out text that losses are measured on: ids, (24, 128)."""
    ids = Qwen3Tokenizer.from_pretrained(hub.SMALL).encode(held_out())
    return torch.tensor(ids[: WINDOWS * LENGTH]).view(WINDOWS, LENGTH)


@torch.no_grad()
def held_out_loss(model: Qwen3ForCausalLM) -> float:
    """Mean loss of the held-out windows' tokens but each window's first, in nats."""
    ids = windows()
    return F.cross_entropy(
        model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten()
    ).item()


@torch.no_grad()
def calls(model: Qwen3ForCausalLM, ids: list[int]) -> dict[str, Tensor]:
    """What every module that prints a line gives for a text, in the order of calls.

    The rotary embedding gives its cosines, (T, H).
    """
    given, handles = {}, []
    for path, module in model.named_modules():

        def hook(module, inputs, output, path=path):
            given[path] = output[0][0] if isinstance(output, tuple) else output[0]

        if path:
            handles.append(module.register_forward_hook(hook))
    model(torch.tensor([ids]))
    for handle in handles:
        handle.remove()
    return given


def first_difference(right: dict[str, Tensor], wrong: dict[str, Tensor]) -> str | None:
    """The first printed line whose numbers differ, or which is not called any more."""
    for path, given in right.items():
        if path not in wrong or not torch.equal(given, wrong[path]):
            return path
    return None


def measured() -> dict:
    """Of the trained model and each mistake on the page: the loss, and which printed
    line differs first on the page's first text."""
    ids = Qwen3Tokenizer.from_pretrained(hub.SMALL).encode(TEXT)
    trained = model_of(None)
    right, found = calls(trained, ids), {}
    for mistake in ON_PAGE:
        model = model_of(mistake)
        first = first_difference(right, calls(model, ids))
        found[mistake.key] = {"loss": round(held_out_loss(model), 4), "first": first}
    return {"trained": round(held_out_loss(trained), 4), "breaks": found}


def results() -> dict:
    """What ``tools/measure_breaks.py`` has written: ``measured``, and the marks."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))
