"""Checks of the exercises in the chapter on the torchinfo table."""

from dataclasses import replace

import torch

from minqwen3 import Qwen3ForCausalLM

from .. import count, qwen3_config
from . import Check

check_missing = Check(
    256,
    mistakes={
        "not every term of the sum has the width as a factor.": 0,
        "that is one vector; look for more that the width does not reach.": 128,
        "two of the four norms are as wide as the layer, so they do double.": 2304,
    },
)


def layers_that_fit(config, budget):
    total = lambda n: count(replace(config, num_hidden_layers=n))["total"]  # noqa: E731
    return max(n for n in range(1, 200) if total(n) <= budget)


check_layers_that_fit = Check(
    layers_that_fit,
    cases=[
        (qwen3_config(), 600_000_000),
        (qwen3_config(vocab_size=1519), 48_749_312),
        (qwen3_config(vocab_size=1519), 48_749_311),
    ],
    mistakes={
        "the embedding was left out.": lambda config, budget: (
            budget // count(config)["layer"]
        ),
        "the tied matrix was counted twice.": lambda config, budget: layers_that_fit(
            config, budget - count(config)["embed_tokens"]
        ),
        "rounded up: the last layer does not fit.": lambda config, budget: (
            layers_that_fit(config, budget) + 1
        ),
    },
)


def models():
    sizes = dict(num_hidden_layers=3, vocab_size=97, hidden_size=64)
    with torch.device("meta"):
        plain = Qwen3ForCausalLM(qwen3_config(**sizes))
        other = Qwen3ForCausalLM(qwen3_config(**sizes, tie_word_embeddings=False))
    first, _, last = other.model.layers
    last.mlp.up_proj.weight = first.mlp.up_proj.weight
    return [(plain,), (other,)]


def grouped(model, key, least=2):
    names = {}
    for name, p in model.named_parameters(remove_duplicate=False):
        names.setdefault(key(p), []).append(name)
    return sorted(sorted(group) for group in names.values() if len(group) >= least)


check_tied = Check(
    lambda model: grouped(model, id),
    cases=models,
    mistakes={
        "a tensor that has two names was shown under one of them.": lambda model: [],
        "an equal shape is not the same tensor.": lambda model: grouped(
            model, lambda p: p.shape
        ),
        "a tensor with a single name is not shared.": lambda model: grouped(
            model, id, 1
        ),
        "on the meta device nothing lies in memory, so every data_ptr is 0. Ask "
        "whether two parameters are one object.": lambda model: grouped(
            model, lambda p: p.data_ptr()
        ),
        "the groups, or the names in them, are not sorted.": lambda model: [
            group[::-1] for group in grouped(model, id)[::-1]
        ],
    },
)
