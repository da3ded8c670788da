"""Checks of the exercises in the chapter on config.json."""

import torch

from minqwen3 import Qwen3Config, Qwen3ForCausalLM

from .. import printouts
from . import Check

SMALL = printouts.CONFIG | dict(
    hidden_size=32, intermediate_size=48, num_hidden_layers=2
)
SMALL |= dict(num_attention_heads=4, num_key_value_heads=2, head_dim=8, vocab_size=97)

check_rows = Check(
    320,
    mistakes={
        "the rows were counted; each row has many numbers.": 10,
        "the head's rows were counted too; look at `tie_word_embeddings`.": 640,
    },
)

check_fits = Check(
    {"b", "d", "e"},
    mistakes={
        "a tied model saves one matrix under two names. Both are looked for.": {
            "b",
            "d",
        },
        "a key that sets initial weights was taken for one that sets shapes.": {
            "b",
            "e",
        },
        "keys and values have matrices, which have a head's size for each head.": (
            {"b", "c", "d", "e"}
        ),
    },
)

ATTENTION = dict(hidden_size=32, head_dim=8, num_attention_heads=4)
ATTENTION |= dict(num_key_value_heads=2)


def widths(config):
    with torch.device("meta"):
        model = Qwen3ForCausalLM(Qwen3Config.from_dict(SMALL | config))
    attention = model.model.layers[0].self_attn
    return tuple(getattr(attention, f"{name}_proj").out_features for name in "qko")


check_width = Check(
    widths,
    cases=[(ATTENTION | {"head_dim": 12},), (ATTENTION,)],
    mistakes={
        "the head's size was computed from the width; it is a key.": lambda config: (
            widths(config | {"head_dim": config["hidden_size"] // 4})
        ),
        "`o_proj` reads the heads and writes the width.": lambda config: (
            *(wide := widths(config))[:2],
            wide[0],
        ),
        "keys were given as many heads as queries.": lambda config: widths(
            config | {"num_key_value_heads": config["num_attention_heads"]}
        ),
    },
)


def old_spelling(config):
    whole = Qwen3Config.from_dict(SMALL | config).to_dict()
    new = {"rope_theta", "rope_scaling", "torch_dtype"}
    return {key: whole[key] for key in whole if key in new | set(config)}


def old_type(config):
    """The answer with the name that older files have."""
    old = old_spelling(config)
    if old["rope_scaling"]:
        old["rope_scaling"]["type"] = old["rope_scaling"].pop("rope_type")
    return old


PLAIN = {"rope_type": "default", "rope_theta": 1000000}
YARN = {"rope_type": "yarn", "factor": 4.0, "rope_theta": 500000}

check_old_spelling = Check(
    old_spelling,
    cases=[
        ({"hidden_size": 64, "dtype": "bfloat16", "rope_parameters": rope},)
        for rope in (PLAIN, YARN)
    ],
    mistakes={
        "the new keys are still there, beside the old.": lambda config: (
            config | old_spelling(config)
        ),
        "4.51 writes `null` where `rope_type` is the default.": lambda config: (
            old_spelling(config) | {"rope_scaling": {"rope_type": "default"}}
        ),
        "`type` is an older name of `rope_type`, which 4.51 writes.": old_type,
        "`rope_theta` stands outside of `rope_scaling`.": lambda config: (
            old_spelling(config) | {"rope_scaling": config["rope_parameters"]}
        ),
    },
)
