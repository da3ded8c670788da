"""Checks of the exercises in the chapter on the printed tree."""

import math
import re
from functools import cache

import torch

from minqwen3 import Qwen3Attention, Qwen3ForCausalLM, Qwen3RMSNorm

from .. import printouts, qwen3_config
from ..places import tree_lines
from . import Check

check_norm_print = Check(
    repr(Qwen3RMSNorm(64, eps=1e-5)),
    mistakes={
        "the size is a shape, and Python has a way to write those.": (
            "Qwen3RMSNorm(64, eps=1e-05)"
        ),
        "it is a number's own text, not the one you typed. Try `print(1e-5)`.": (
            "Qwen3RMSNorm((64,), eps=1e-5)"
        ),
        "Python writes so small a number with an exponent. Try `print(0.00001)`.": (
            "Qwen3RMSNorm((64,), eps=0.00001)"
        ),
        "a tuple of one number has a comma in it.": "Qwen3RMSNorm((64), eps=1e-05)",
        "a line's name in brackets comes from the parent, and here is none.": (
            "(norm): Qwen3RMSNorm((64,), eps=1e-05)"
        ),
    },
)

check_lines = Check(
    64,
    mistakes={
        "layers are the same if their text is, and `eps` is in it.": 28,
        "the layers after the changed one cannot join those before it.": 46,
        "one layer's lines are among the 28 already.": 82,
    },
)

HEADS = ({}, dict(num_attention_heads=32, num_key_value_heads=4, head_dim=64))


@cache
def attentions():
    with torch.device("meta"):
        configs = [qwen3_config(**changes) for changes in HEADS]
        return {repr(Qwen3Attention(config, 0)): config for config in configs}


def heads(text):
    config = attentions()[text]
    return config.num_attention_heads, config.num_key_value_heads


def per_head(text):
    return attentions()[text].head_dim


check_heads = Check(
    heads,
    cases=lambda: [(text,) for text in attentions()],
    mistakes={
        "those are the numbers of all heads together.": lambda text: tuple(
            n * per_head(text) for n in heads(text)
        ),
        "the inputs were divided; the heads are among the outputs.": lambda text: (
            2 * (attentions()[text].hidden_size // per_head(text),)
        ),
    },
)


@cache
def held():
    with torch.device("meta"):
        model = Qwen3ForCausalLM(qwen3_config(**printouts.SHRUNK))
    found = {}
    for line, path in tree_lines():
        if path is not None:
            own = model.get_submodule(path).parameters(recurse=False)
            found[line] = sum(p.numel() for p in own)
    return found


check_parameters = Check(
    lambda line: held()[line],
    cases=lambda: [
        (line,) for line in sorted(held(), key=lambda line: "q_n" not in line)
    ],
    mistakes={
        "the digits of `eps` were taken for sizes.": lambda line: math.prod(
            map(int, re.findall(r"\d+", line))
        ),
        "this norm is counted once for each layer; the line has one.": lambda line: (
            3 * held()[line]
        ),
    },
)
