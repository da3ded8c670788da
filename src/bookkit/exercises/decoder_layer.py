"""Checks of the exercises in the chapter on the decoder layer."""

import torch

from bookkit.reference import qwen3_config
from minqwen3.model import Qwen3DecoderLayer, Qwen3RotaryEmbedding, causal_mask

from . import Check, normal

check_same_terms = Check(
    1.0 + 2 * 10,
    mistakes={
        "every later box reads a stream that lacks two terms.": 1.0 + 2 * 27,
        "the embedding is a term too.": 2.0 * 10,
        "layer 10 itself is gone; only layers before it count.": 1.0 + 2 * 11,
        "a layer adds twice.": 1.0 + 10,
    },
)


def a_layer():
    sizes = dict(hidden_size=64, intermediate_size=96, head_dim=16)
    heads = dict(num_attention_heads=4, num_key_value_heads=2)
    config = qwen3_config(**sizes, **heads)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = Qwen3DecoderLayer(config, 0, "eager")
    layer.input_layernorm.weight.data = 1 + 0.3 * normal(64)
    layer.post_attention_layernorm.weight.data = 1 + 0.3 * normal(64, seed=1)
    x = normal(1, 5, 64)
    rotary = Qwen3RotaryEmbedding(config)(x, torch.arange(5)[None])
    return [(layer, x, rotary, causal_mask(1, 5, 0, None, None, "cpu"))]


def effect(silence):
    """What a function that changes a layer in place has done to it."""

    def of(layer):
        if silence(layer) is ...:
            return ...
        _, x, rotary, allowed = a_layer()[0]
        zeros = sum(p.numel() for p in layer.parameters() if not p.any())
        changed = not torch.equal(layer(x, rotary, allowed), x)
        return {"the stream is changed": changed, "parameters that are zero": zeros}

    return of


def zero(*names):
    def silence(layer):
        for name in names:
            layer.get_parameter(f"{name}.weight").data.zero_()

    return effect(silence)


silence_check = Check(
    zero("input_layernorm", "post_attention_layernorm"),
    cases=lambda: [a_layer()[0][:1]],
    mistakes={
        "the layer is silent, but smaller parameters do it too.": zero(
            "self_attn.o_proj", "mlp.down_proj"
        ),
        "without values, or without `up_proj`, a box has nothing to write; what it "
        "reads through is smaller still.": zero("self_attn.v_proj", "mlp.up_proj"),
        "one box is silent, the other still writes.": zero("input_layernorm"),
        "without queries and keys attention still reads: a plain mean of values.": zero(
            "self_attn.q_norm", "self_attn.k_norm", "post_attention_layernorm"
        ),
    },
)


def check_silence(answer) -> bool:
    return silence_check(effect(answer) if callable(answer) else answer)


def parallel(layer, x, rotary, allowed):
    y = layer.input_layernorm(x)
    return x + layer.self_attn(y, rotary, allowed) + layer.mlp(y)


check_parallel = Check(
    parallel,
    cases=a_layer,
    mistakes={
        "that is the layer as it is: its MLP reads what attention has added.": (
            lambda layer, *case: layer(*case)
        ),
        "the stream itself is missing from the sum.": lambda layer, x, *rest: (
            parallel(layer, x, *rest) - x
        ),
        "the MLP has read through its own norm; here both use the first one.": (
            lambda layer, x, *rest: (
                x
                + layer.self_attn(layer.input_layernorm(x), *rest)
                + layer.mlp(layer.post_attention_layernorm(x))
            )
        ),
    },
)
