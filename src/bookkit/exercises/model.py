"""Checks of the exercises in the chapter on the whole model."""

from unittest.mock import patch

import torch

from bookkit.reference import qwen3_config
from minqwen3.model import Qwen3ForCausalLM

from . import Check, normal

check_calls = Check(
    6.0 + 28 * 15,
    mistakes={
        "one module is never called: it only holds others.": 7.0 + 28 * 15,
        "those are the modules without children; their parents are called too.": (
            4.0 + 28 * 12
        ),
        "that is the model of three layers.": 6.0 + 3 * 15,
        "the layer's own call counts too.": 6.0 + 28 * 14,
    },
)


def a_model(layers=3):
    sizes = dict(hidden_size=32, intermediate_size=48, head_dim=8, vocab_size=97)
    heads = dict(num_attention_heads=4, num_key_value_heads=2)
    config = qwen3_config(num_hidden_layers=layers, **sizes, **heads)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Qwen3ForCausalLM(config, "eager").eval().requires_grad_(False)
    for seed, p in enumerate(p for p in model.parameters() if p.ndim == 1):
        p.data = 1 + 0.3 * normal(*p.shape, seed=seed)
    return model


def early(model, ids, depth):
    model.model.layers = model.model.layers[:depth]
    return model(ids)


def without_norm(model, ids):
    model.model.norm = torch.nn.Identity()
    return model(ids)


def early_without_norm(model, ids, depth):
    model.model.layers = model.model.layers[:depth]
    return without_norm(model, ids)


check_early = Check(
    early,
    cases=lambda: [
        (a_model(), torch.arange(5)[None], 1),
        (a_model(), torch.arange(10, 24).view(2, 7), 2),
    ],
    mistakes={
        "the final norm is missing.": early_without_norm,
        "one layer too many.": lambda model, ids, depth: early(model, ids, depth + 1),
        "that is the whole model.": lambda model, ids, depth: model(ids),
    },
)


def loaded(w, c):
    model = a_model(c.num_hidden_layers)
    model.load_state_dict(w)
    return model


def without_mask(w, ids, c):
    see_all = lambda B, T, *_: torch.ones(B, T, T).bool()  # noqa: E731
    with patch("minqwen3.model.causal_mask", see_all):
        return loaded(w, c)(ids)


def without_head_norms(w, ids, c):
    model = loaded(w, c)
    for layer in model.model.layers:
        layer.self_attn.q_norm = layer.self_attn.k_norm = torch.nn.Identity()
    return model(ids)


def a_state_dict():
    model = a_model()
    return [(model.state_dict(), torch.arange(10, 24).view(2, 7), model.config)]


check_qwen3 = Check(
    lambda w, ids, c: loaded(w, c)(ids),
    cases=a_state_dict,
    mistakes={
        "a query reads later positions: the mask is missing.": without_mask,
        "queries and keys are not turned.": lambda w, ids, c: loaded(w, c)(
            ids, position_ids=torch.zeros_like(ids)
        ),
        "`q_norm` and `k_norm` are missing.": without_head_norms,
        "the final norm is missing.": lambda w, ids, c: without_norm(loaded(w, c), ids),
    },
)
