"""Bad input gets one clear error that names it, before anything has changed."""

import pytest
import torch

from minqwen3 import KVCache, Qwen3Config, Qwen3ForCausalLM


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"num_key_value_heads": 4}, ValueError),
        ({"head_dim": 15}, ValueError),
        ({"hidden_size": 0}, ValueError),
        ({"hidden_act": "quick_gelu"}, ValueError),
        ({"vocab_size": 1.5}, TypeError),
        ({"tie_word_embeddings": 1}, TypeError),
        ({"rms_norm_eps": float("nan")}, TypeError),
        ({"rope_theta": -1.0}, ValueError),
        ({"rope_scaling": {"rope_type": "longrope"}}, ValueError),
        ({"rope_scaling": {"rope_type": "yarn"}}, ValueError),
        ({"layer_types": ["full_attention"]}, ValueError),
        ({"attention_dropout": 1.0}, ValueError),
        ({"partial_rotary_factor": 0.5}, ValueError),
        ({"quantization_config": {"bits": 4}}, ValueError),
        ({"some_new_trick": True}, ValueError),
        ({"model_type": "llama"}, ValueError),
    ],
    ids=str,
)
def test_config_refuses_by_name(tiny, changes, error):
    with pytest.raises(error, match=next(iter(changes))):
        Qwen3Config.from_dict(tiny(**changes))


def test_missing_key(tiny):
    d = tiny()
    del d["head_dim"]
    with pytest.raises(ValueError, match="head_dim"):
        Qwen3Config.from_dict(d)


@pytest.fixture
def model(tiny):
    return Qwen3ForCausalLM(Qwen3Config.from_dict(tiny(max_position_embeddings=32)))


IDS = torch.zeros(2, 5, dtype=torch.long)


@pytest.mark.parametrize(
    "given, error, word",
    [
        ({"input_ids": IDS + 97}, ValueError, "97"),
        ({"input_ids": IDS - 1}, ValueError, "-1"),
        ({"input_ids": IDS[:, :0]}, ValueError, "empty"),
        ({"input_ids": IDS.float()}, TypeError, "float32"),
        ({"input_ids": IDS[0]}, ValueError, "shape"),
        (
            {"input_ids": IDS, "attention_mask": IDS[:, :3]},
            ValueError,
            "attention_mask",
        ),
        ({"input_ids": IDS, "attention_mask": IDS + 2}, ValueError, "attention_mask"),
        ({"input_ids": IDS, "position_ids": IDS[:, :3]}, ValueError, "position_ids"),
        ({"input_ids": IDS, "position_ids": IDS.float()}, TypeError, "position_ids"),
    ],
)
def test_inputs_refused(model, given, error, word):
    with pytest.raises(error, match=word):
        model(**given)


def test_full_cache_is_refused_and_unchanged(model):
    cache = KVCache(8)
    with torch.no_grad():
        model(IDS, cache=cache)
        with pytest.raises(ValueError, match="5 of 8"):
            model(IDS, cache=cache)
        with pytest.raises(ValueError, match="2 rows"):
            model(IDS[:1, :1], cache=cache)
        assert cache.length == 5
        model(IDS[:, :3], cache=cache)
    assert cache.length == 8


def test_too_long_warns(model):
    with pytest.warns(UserWarning, match="max_position_embeddings"):
        model(torch.zeros(1, 33, dtype=torch.long))


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -1.0},
        {"top_k": 3},
        {"temperature": 1.0, "top_k": 0},
        {"temperature": 1.0, "top_p": 0.0},
        {"temperature": 1.0, "min_p": 2.0},
        {"max_new_tokens": -1},
    ],
    ids=str,
)
def test_generate_refuses(model, options):
    with pytest.raises(ValueError):
        model.generate(IDS, **{"max_new_tokens": 2} | options)


def test_sampling_is_seeded(model):
    def draw(seed):
        source = torch.Generator().manual_seed(seed)
        return model.generate(IDS, 8, temperature=1.0, top_k=50, generator=source)

    assert torch.equal(draw(0), draw(0)) and not torch.equal(draw(0), draw(1))


def test_unknown_attention(model):
    with pytest.raises(ValueError, match="attn_implementation"):
        Qwen3ForCausalLM(model.config, attn_implementation="flash")
