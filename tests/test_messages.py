"""What a refusal says, word for word, and that the values beside it are accepted.

Where a refusal comes from and that it leaves nothing behind, test_errors and
test_bad_input see to.
"""

import math
import sys

import pytest
import torch

from minqwen3 import KVCache, Qwen3Config, Qwen3ForCausalLM, stream
from minqwen3.config import NEUTRAL
from minqwen3.generate import check_finite, check_sampling

SIZES = {
    "vocab_size": 31,
    "hidden_size": 32,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}
FLOATS = ("float16", "bfloat16", "float32", "float64")
NEUTRALS = {
    "add_cross_attention": False,
    "cross_attention_hidden_size": None,
    "is_causal": True,
    "is_decoder": False,
    "is_encoder_decoder": False,
    "mlp_bias": False,
    "partial_rotary_factor": 1.0,
    "pruned_heads": {},
    "quantization_config": None,
    "tie_encoder_decoder": False,
    "use_bfloat16": False,
}
YARN = {"rope_type": "yarn", "factor": 2.0}
SIZE = "expected 1 to 1048576"
SLIDING = {"layer_types": ["full_attention", "sliding_attention"]}
REACH = "expected 1 to 2**31 - 1"
IDS = "expected ids, below 2**31"
DTYPE = "torch_dtype: expected one of float16, bfloat16, float32, float64"
NO_KEY = (
    "cannot be {}; expected a number from 1e-9 to 1e9, or for truncate true or false"
)
NEEDS = "sliding_attention needs use_sliding_window and sliding_window"
EOS = "eos_token_id: expected int | list[int] | None"

# What is changed in SIZES, and the message. Those of values follow those of types.
WRONG_TYPES = [
    ({"vocab_size": 1.5}, "vocab_size: expected int, got 1.5"),
    ({"vocab_size": True}, "vocab_size: expected int, got True"),
    ({"vocab_size": None}, "vocab_size: expected int, got None"),
    (
        {"num_key_value_heads": 1.5},
        "num_key_value_heads: expected int | None, got 1.5",
    ),
    ({"pad_token_id": 1.5}, "pad_token_id: expected int | None, got 1.5"),
    ({"rope_theta": "1"}, "rope_theta: expected float, got '1'"),
    ({"rope_theta": math.inf}, "rope_theta: expected float, got inf"),
    ({"rope_theta": -math.inf}, "rope_theta: expected float, got -inf"),
    ({"rope_theta": 10**400}, f"rope_theta: expected float, got {10**400}"),
    ({"rope_theta": True}, "rope_theta: expected float, got True"),
    ({"use_cache": 1}, "use_cache: expected bool, got 1"),
    ({"hidden_act": 3}, "hidden_act: expected str, got 3"),
    ({"torch_dtype": 3}, "torch_dtype: expected str | None, got 3"),
    ({"rope_scaling": []}, "rope_scaling: expected dict | None, got []"),
    ({"layer_types": "a"}, "layer_types: expected list[str] | None, got 'a'"),
    ({"layer_types": [1, 2]}, "layer_types: expected list[str] | None, got [1, 2]"),
    ({"eos_token_id": 1.5}, f"{EOS}, got 1.5"),
    ({"eos_token_id": [1.5]}, f"{EOS}, got [1.5]"),
    ({"eos_token_id": [True]}, f"{EOS}, got [True]"),
    ({"rope_parameters": 3}, "rope_parameters: expected a dict, got 3"),
]
WRONG_VALUES = [
    *(({name: 0}, f"{name}: {SIZE}, got 0") for name in SIZES),
    *(({name: 2**20 + 1}, f"{name}: {SIZE}, got 1048577") for name in SIZES),
    ({"max_position_embeddings": 0}, f"max_position_embeddings: {REACH}, got 0"),
    (
        {"max_position_embeddings": 2**31},
        f"max_position_embeddings: {REACH}, got 2147483648",
    ),
    (
        {"num_key_value_heads": 3},
        "num_key_value_heads: expected a divisor of num_attention_heads (4), got 3",
    ),
    (
        {"head_dim": 7},
        "head_dim: expected an even number, since RoPE turns pairs, got 7",
    ),
    (
        {"hidden_act": "quick_gelu"},
        "hidden_act: expected one of silu, swish, gelu, gelu_pytorch_tanh, relu, "
        "relu6, mish, hardswish, leaky_relu, linear, sigmoid, tanh, prelu, "
        "got 'quick_gelu'",
    ),
    ({"rms_norm_eps": -1.0}, "rms_norm_eps: expected 0 or more, got -1.0"),
    ({"initializer_range": -1.0}, "initializer_range: expected 0 or more, got -1.0"),
    (
        {"rope_theta": 9e-31},
        "rope_theta: expected 1e-30 to 1e30, above 0, got 9e-31",
    ),
    (
        {"rope_theta": 1.1e30},
        "rope_theta: expected 1e-30 to 1e30, above 0, got 1.1e+30",
    ),
    (
        {"attention_dropout": -0.1},
        "attention_dropout: expected 0 or more, below 1, got -0.1",
    ),
    (
        {"attention_dropout": 1.0},
        "attention_dropout: expected 0 or more, below 1, got 1.0",
    ),
    ({"max_window_layers": -1}, "max_window_layers: expected 0 or more, got -1"),
    ({"torch_dtype": "int8"}, f"{DTYPE}, got 'int8'"),
    ({"dtype": "float16torch."}, f"{DTYPE}, got 'float16torch.'"),
    ({"pad_token_id": 31}, "pad_token_id: expected an id below vocab_size, got 31"),
    ({"pad_token_id": -1}, "pad_token_id: expected an id below vocab_size, got -1"),
    ({"bos_token_id": 2**31}, f"bos_token_id: {IDS}, got 2147483648"),
    ({"bos_token_id": -(2**31)}, f"bos_token_id: {IDS}, got -2147483648"),
    ({"eos_token_id": 2**31}, f"eos_token_id: {IDS}, got 2147483648"),
    ({"eos_token_id": [1, 2**31]}, f"eos_token_id: {IDS}, got [1, 2147483648]"),
    *(
        (
            {"rope_scaling": {key: "longrope"}},
            "rope_scaling: rope_type 'longrope' is not implemented; 'default' and "
            "'yarn' are",
        )
        for key in ("rope_type", "type")
    ),
    (
        {"rope_scaling": {"rope_type": "default", "factor": 2.0}},
        "rope_scaling: factor: not known for type 'default'",
    ),
    (
        {"rope_scaling": YARN | {"b": 1, "a": 1}},
        "rope_scaling: a, b: not known for type 'yarn'",
    ),
    (
        {"rope_scaling": {"rope_type": "yarn"}},
        "rope_scaling: yarn needs factor, 1 or more; got None",
    ),
    (
        {"rope_scaling": YARN | {"factor": 0.5}},
        "rope_scaling: yarn needs factor, 1 or more; got 0.5",
    ),
    (
        {"rope_theta": 1.0, "rope_scaling": YARN},
        "rope_theta: expected more than 1, since yarn divides by its logarithm; "
        "got 1.0",
    ),
    *(
        ({"rope_scaling": YARN | {key: x}}, f"rope_scaling: {key} {NO_KEY.format(x)}")
        for key, x in [("beta_fast", 9e-10), ("beta_fast", 1e9 + 1), ("truncate", 1)]
    ),
    (
        {"rope_scaling": YARN | {"beta_slow": "1"}},
        f"rope_scaling: beta_slow {NO_KEY.format(repr('1'))}",
    ),
    (
        {"layer_types": ["full_attention"]},
        "layer_types: expected 2 entries, one a layer, got 1",
    ),
    (
        {"layer_types": ["full_attention", "chunked"]},
        "layer_types: 'chunked' is not implemented; full_attention and "
        "sliding_attention are",
    ),
    ({"sliding_window": 0}, f"sliding_window: {REACH}, got 0"),
    ({"sliding_window": 2**31}, f"sliding_window: {REACH}, got 2147483648"),
    (SLIDING, f"layer_types: {NEEDS}"),
    (
        SLIDING | {"use_sliding_window": True, "sliding_window": None},
        f"layer_types: {NEEDS}",
    ),
    (
        {"rope_parameters": YARN, "rope_scaling": YARN},
        "rope_scaling, rope_parameters: both are given; keep one",
    ),
    (
        {"model_type": "llama"},
        "model_type: 'llama' is not 'qwen3'; minqwen3 implements the dense Qwen3 "
        "models only",
    ),
    (
        {"b_key": 1, "a_key": 2},
        "a_key, b_key: not known to minqwen3, so it may change what the model "
        "computes; remove the key if it does not",
    ),
    *(
        (
            {key: "x"},
            f"{key}: 'x' changes what the model computes and is not implemented; "
            f"only {value!r} is",
        )
        for key, value in NEUTRALS.items()
    ),
]
# The nearest values that are accepted, and what passes by a way of its own.
RIGHT = [
    *({name: 2**20} for name in ("vocab_size", "hidden_size", "intermediate_size")),
    dict.fromkeys(SIZES, 1) | {"head_dim": 2},
    {"num_attention_heads": 2**20, "num_key_value_heads": 2**20},
    {"num_hidden_layers": 2**20, "head_dim": 2**20},
    {"max_position_embeddings": 1},
    {"max_position_embeddings": 2**31 - 1},
    {"num_key_value_heads": None},
    {"rms_norm_eps": 0},
    {"initializer_range": 0.0},
    {"initializer_range": sys.float_info.max},
    {"rope_theta": 1e-30},
    {"rope_theta": 1e30},
    {"attention_dropout": 0},
    {"attention_dropout": 0.999},
    {"max_window_layers": 0},
    *({"torch_dtype": f"torch.{name}"} for name in FLOATS),
    {"pad_token_id": 0},
    {"pad_token_id": 30},
    {"bos_token_id": 1 - 2**31, "eos_token_id": 2**31 - 1},
    {"eos_token_id": []},
    {"eos_token_id": [2**31 - 1, 1 - 2**31]},
    {"rope_scaling": {}},
    {"rope_scaling": {"rope_type": "default"}},
    {"rope_scaling": {"type": "yarn", "factor": 1}},
    {"rope_scaling": YARN | {"beta_fast": 1e-9, "beta_slow": 1e9}},
    {"rope_scaling": YARN | {"truncate": False, "mscale": None}},
    {"rope_scaling": YARN, "rope_theta": 1.001},
    {"rope_parameters": None, "rope_scaling": YARN},
    {"rope_parameters": YARN, "rope_scaling": None},
    {"sliding_window": 1},
    {"sliding_window": 2**31 - 1},
    {"sliding_window": None},
    SLIDING | {"use_sliding_window": True, "sliding_window": 1},
    dict.fromkeys(NEUTRALS),
    NEUTRALS,
]


def refusal(error: type, call, *given) -> str:
    with pytest.raises(error) as caught:
        call(*given)
    assert type(caught.value) is error
    return str(caught.value)


@pytest.mark.parametrize("changes, words", WRONG_TYPES, ids=str)
def test_wrong_types(changes, words):
    assert refusal(TypeError, Qwen3Config.from_dict, SIZES | changes) == words


@pytest.mark.parametrize("changes, words", WRONG_VALUES, ids=str)
def test_wrong_values(changes, words):
    assert refusal(ValueError, Qwen3Config.from_dict, SIZES | changes) == words


@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_accepted(changes):
    Qwen3Config.from_dict(SIZES | changes)


def test_neutral_keys():
    assert NEUTRAL == NEUTRALS


def test_the_config_as_a_whole():
    assert refusal(TypeError, Qwen3Config.from_dict, [1]) == (
        "config: expected a dict, got list"
    )
    assert refusal(ValueError, Qwen3Config.from_dict, {"vocab_size": 3}) == (
        f"{', '.join([*SIZES][1:])}: missing from the config"
    )


def test_cache_messages():
    for length in (0, -1, True, 1.5, "3"):
        assert refusal(ValueError, KVCache, length) == (
            f"max_length: expected a whole number above 0, got {length!r}"
        )
    full = "more do not fit; make a KVCache with a larger max_length"
    cache, new = KVCache(4), torch.zeros(2, 3, 4, 5)
    assert refusal(ValueError, cache.check_room, 2, 5) == (
        f"cache: 0 of 4 positions are taken and 5 {full}"
    )
    cache.update(0, new, new)
    cache.advance(4)
    assert refusal(ValueError, cache.check_room, 2, 1) == (
        f"cache: 4 of 4 positions are taken and 1 {full}"
    )
    assert refusal(ValueError, cache.check_room, 1, 0) == (
        "cache: holds 2 rows, the input has 1; use a new cache for a new batch"
    )
    assert refusal(ValueError, cache.update, 0, new[:1], new[:1]).startswith("cache: h")
    cache.check_room(2, 0)


@pytest.mark.parametrize(
    "name, value, expected",
    [
        *(
            ("temperature", t, "0 (greedy), or a number from 1e-6 on")
            for t in (-1.0, 9e-7, math.inf)
        ),
        *(("top_k", k, "a whole number above 0") for k in (0, True, 1.5)),
        *(("top_p", p, "above 0, at most 1") for p in (0.0, 1.1)),
        *(("min_p", p, "between 0 and 1") for p in (-0.1, 1.1)),
    ],
)
def test_sampling_messages(name, value, expected):
    given = {"temperature": 1.0, "top_k": None, "top_p": None, "min_p": None}
    given[name] = value
    assert refusal(ValueError, check_sampling, *given.values()) == (
        f"{name}: expected {expected}, got {value!r}"
    )


def test_sampling_accepts_and_wants_a_temperature():
    for given in [(1e-6, 1, 1, 0), (1, None, 1e-9, 1), (0, None, None, None)]:
        check_sampling(*given)
    for given in [(0, 1, None, None), (0, None, 1.0, None), (0.0, None, None, 0.5)]:
        assert refusal(ValueError, check_sampling, *given) == (
            "temperature: 0 decodes greedily, so top_k, top_p and min_p do nothing; "
            "give a temperature above 0"
        )


def test_generate_messages():
    model = Qwen3ForCausalLM(Qwen3Config.from_dict(SIZES))
    ids = torch.zeros(1, 3, dtype=torch.long)
    for count in (-1, 1.5, True):
        assert refusal(ValueError, model.generate, ids, count) == (
            f"max_new_tokens: expected 0, 1, 2, …; got {count!r}"
        )
    right = torch.tensor([[1, 1, 0]])
    with pytest.warns(UserWarning) as warned:
        list(stream(model, ids, 1, attention_mask=right))
    assert [str(w.message) for w in warned] == [
        "attention_mask: a row ends in padding, and is continued after it; "
        "pad prompts on the left"
    ]
    assert refusal(ValueError, check_finite, torch.tensor([[1, math.nan]])) == (
        "logits: expected finite numbers, got NaN or infinity; the weights are "
        "damaged, or a number overflowed: try dtype float32"
    )
