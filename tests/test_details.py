"""What comparing logits does not show: defaults, masks, steps, draws, devices."""

import json
import math
import sys

import pytest
import torch
from torch.overrides import TorchFunctionMode
from transformers import (
    GenerationConfig,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from transformers import Qwen3Config as TheirConfig

from minqwen3 import (
    KVCache,
    Qwen3Attention,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MLP,
    Qwen3Model,
    Qwen3RMSNorm,
    stream,
)
from minqwen3.config import ACTIVATIONS, IGNORED
from minqwen3.generate import filter_logits, next_ids, steps
from minqwen3.model import causal_mask, eager_attention, sdpa_attention

SIZES = {
    "vocab_size": 31,
    "hidden_size": 32,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}
YARN = {"rope_type": "yarn", "factor": 2.0}


def make(attention="sdpa", **changes) -> Qwen3ForCausalLM:
    torch.manual_seed(0)
    config = Qwen3Config.from_dict(SIZES | {"initializer_range": 0.3} | changes)
    return Qwen3ForCausalLM(config, attention).eval()


def ids(batch=2, length=6):
    source = torch.Generator().manual_seed(0)
    return torch.randint(0, 31, (batch, length), generator=source)


# config


def test_defaults_are_transformers():
    ours, theirs = Qwen3Config(**SIZES), TheirConfig()
    same = """hidden_act max_position_embeddings initializer_range rms_norm_eps
    use_cache tie_word_embeddings attention_bias attention_dropout use_sliding_window
    max_window_layers pad_token_id bos_token_id eos_token_id""".split()
    for name in same:
        value = getattr(theirs, name)
        assert (getattr(ours, name), type(getattr(ours, name))) == (value, type(value))
    # transformers keeps these elsewhere, or drops them where no window is used
    assert (ours.rope_theta, ours.rope_scaling, ours.rope_type) == (
        1e4,
        None,
        "default",
    )
    assert (ours.sliding_window, ours.layer_types, ours.torch_dtype) == (
        4096,
        None,
        None,
    )


def test_a_config_takes_no_part_in_later_changes():
    lists = {"rope_scaling": dict(YARN), "layer_types": ["full_attention"] * 2}
    given = SIZES | lists | {"eos_token_id": [1, 2]}
    config = Qwen3Config.from_dict(given)
    before = config.to_dict()
    for value in (given["layer_types"], given["eos_token_id"]):
        value.append("x")
    given["rope_scaling"]["factor"] = 9.0
    assert config.to_dict() == before


def test_ignored_keys_are_ignored():
    config = Qwen3Config(**SIZES)
    extra = dict.fromkeys(IGNORED - {"model_type"}, "x") | {"model_type": "qwen3"}
    assert Qwen3Config.from_dict(SIZES | extra) == config
    # names of what a release of transformers writes, none run into the next
    written = {**vars(TheirConfig()), **GenerationConfig().to_dict()}
    assert {"architectures", "id2label", "transformers_version", "typical_p"} <= IGNORED
    assert len(IGNORED & set(written)) >= 30, sorted(IGNORED - set(written))
    assert not any("xx" in name or name != name.lower() for name in IGNORED)


def test_activations():
    """Names of transformers, each with torch's module and arithmetic."""
    from torch import nn

    made = {name: repr(make_one()) for name, make_one in ACTIVATIONS.items()}
    assert made == {
        "silu": repr(nn.SiLU()),
        "swish": repr(nn.SiLU()),
        "gelu": "GELU(approximate='none')",
        "gelu_pytorch_tanh": "GELU(approximate='tanh')",
        "relu": repr(nn.ReLU()),
        "relu6": repr(nn.ReLU6()),
        "mish": repr(nn.Mish()),
        "hardswish": repr(nn.Hardswish()),
        "leaky_relu": repr(nn.LeakyReLU()),
        "linear": repr(nn.Identity()),
        "sigmoid": repr(nn.Sigmoid()),
        "tanh": repr(nn.Tanh()),
        "prelu": repr(nn.PReLU()),
    }


@pytest.mark.parametrize(
    "given, theta, scaling, kind",
    [
        ({}, 1e4, None, "default"),
        ({"rope_theta": 5.0}, 5.0, None, "default"),
        ({"rope_parameters": {}}, 1e4, None, "default"),
        ({"rope_parameters": {}, "rope_theta": 5.0}, 5.0, None, "default"),
        ({"rope_parameters": {"rope_theta": 7.0}}, 7.0, None, "default"),
        ({"rope_parameters": {"rope_type": "default"}}, 1e4, None, "default"),
        ({"rope_parameters": YARN | {"rope_theta": 7.0}}, 7.0, YARN, "yarn"),
        ({"rope_parameters": YARN, "rope_scaling": None}, 1e4, YARN, "yarn"),
        ({"rope_parameters": None, "rope_scaling": YARN}, 1e4, YARN, "yarn"),
        ({"rope_scaling": {}}, 1e4, {}, "default"),
        (
            {"rope_scaling": {"type": "yarn", "factor": 2.0}},
            1e4,
            {"type": "yarn", "factor": 2.0},
            "yarn",
        ),
    ],
    ids=str,
)
def test_both_spellings_of_rope(given, theta, scaling, kind):
    before = json.dumps(given)
    config = Qwen3Config.from_dict(SIZES | given)
    found = config.rope_theta, config.rope_scaling, config.rope_type
    assert found == (theta, scaling, kind)
    assert json.dumps(given) == before


def test_windows_by_layer():
    types = ["sliding_attention", "full_attention"]
    for changes, windows in [
        ({}, [None, None]),
        ({"max_window_layers": 0}, [None, None]),
        ({"max_window_layers": 0, "use_sliding_window": True}, [4096, 4096]),
        ({"max_window_layers": 1, "use_sliding_window": True}, [None, 4096]),
        ({"max_window_layers": 2, "use_sliding_window": True}, [None, None]),
        ({"layer_types": types, "use_sliding_window": True}, [4096, None]),
    ]:
        config = Qwen3Config.from_dict(SIZES | changes)
        assert [config.layer_window(i) for i in range(2)] == windows


def test_written_config():
    assert Qwen3Config(**SIZES).to_dict() == SIZES | {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_act": "silu",
        "max_position_embeddings": 32768,
        "initializer_range": 0.02,
        "rms_norm_eps": 1e-6,
        "use_cache": True,
        "tie_word_embeddings": False,
        "rope_theta": 10000.0,
        "rope_scaling": None,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "use_sliding_window": False,
        "sliding_window": None,
        "max_window_layers": 28,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    more = {
        "layer_types": ["sliding_attention", "full_attention"],
        "use_sliding_window": True,
        "sliding_window": 5,
        "pad_token_id": 3,
        "torch_dtype": "bfloat16",
    }
    d = Qwen3Config.from_dict(SIZES | more).to_dict()
    assert {key: d[key] for key in more} == more
    renamed = SIZES | {"dtype": "bfloat16"}
    assert Qwen3Config.from_dict(renamed).torch_dtype == "bfloat16"


def test_config_from_a_file(tmp_path):
    file = tmp_path / "config.json"
    for text in (SIZES, SIZES | {"head_dim": 7}, SIZES | {"head_dim": "8"}):
        file.write_text(json.dumps(text))
        for path in (tmp_path, file, str(file)):
            if text is SIZES:
                assert Qwen3Config.from_json(path) == Qwen3Config(**SIZES)
                continue
            with pytest.raises((TypeError, ValueError)) as caught:
                Qwen3Config.from_json(path)
            with pytest.raises(type(caught.value)) as without:
                Qwen3Config.from_dict(text)
            assert str(caught.value) == f"{file}: {without.value}"


# model


def test_defaults_of_modules():
    assert Qwen3RMSNorm(4).variance_epsilon == 1e-6
    config = Qwen3Config(**SIZES)
    assert Qwen3Attention(config, 0).attend is sdpa_attention
    assert Qwen3Attention(config, 0, "eager").attend is eager_attention
    assert Qwen3Model(config).attn_implementation == "sdpa"
    assert Qwen3ForCausalLM(config).model.attn_implementation == "sdpa"
    norms = [m for m in make(rms_norm_eps=0.5).modules() if isinstance(m, Qwen3RMSNorm)]
    assert len(norms) == 9 and all(norm.variance_epsilon == 0.5 for norm in norms)


def test_first_weights():
    """Drawn with the config's deviation; a padding row is zero and stays it."""
    torch.manual_seed(0)
    wide = {"initializer_range": 0.5, "pad_token_id": 3, "attention_bias": True}
    model = Qwen3ForCausalLM(Qwen3Config.from_dict(SIZES | wide))
    for name, p in model.named_parameters():
        if p.ndim == 2:
            assert 0.4 < p.std() < 0.6, name
        else:
            assert torch.equal(p, torch.full_like(p, "norm" in name)), name
    embed = model.model.embed_tokens
    assert embed.padding_idx == 3 and not embed.weight[3].any()


def test_rotary_is_fp32_and_not_saved():
    rotary = make(rope_scaling=YARN).to(torch.bfloat16).model.rotary_emb
    assert rotary.inv_freq.dtype == torch.float32 and not rotary.state_dict()
    assert rotary.attention_scaling == pytest.approx(0.1 * math.log(2) + 1)
    cos, sin = rotary(torch.zeros(1, dtype=torch.bfloat16), torch.tensor([[0, 70000]]))
    assert cos.dtype == sin.dtype == torch.bfloat16
    # bf16 cannot hold the position 70001; multiplied in fp32 it has another angle
    other, _ = rotary(torch.zeros(1), torch.tensor([[0, 70001]]))
    assert not torch.equal(cos[:, 1].float(), other[:, 1])


@pytest.mark.parametrize("T", [1, 2, 6])
@pytest.mark.parametrize("past", [0, 3])
@torch.no_grad()
def test_sdpa_is_eager(past, T):
    """Of every length, with a cache or without, and a scale that is not sdpa's own."""
    outputs = []
    for attention in ("eager", "sdpa"):
        model = make(attention, attention_dropout=0.5)
        for layer in model.model.layers:
            layer.self_attn.scaling = 0.7
        cache = KVCache()
        if past:
            model(ids()[:, :past], cache=cache)
        outputs.append(model(ids()[:, -T:], cache=cache))
    assert torch.allclose(*outputs, atol=1e-4)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@torch.no_grad()
def test_dropout_in_training_alone(attention):
    model = make(attention, attention_dropout=0.5)
    assert torch.equal(model(ids()), make(attention)(ids()))
    assert not torch.equal(model.train()(ids()), model.eval()(ids()))
    none = make(attention).train()
    assert torch.equal(none(ids()), none.eval()(ids()))


@torch.no_grad()
def test_logits_to_keep():
    model, whole = make(), make()(ids())
    assert whole.shape == (2, 6, 31)
    for n in (1, 2, 5, 6):
        kept = model(ids(), logits_to_keep=n)
        assert torch.allclose(kept, whole[:, -n:], atol=1e-5), n


@pytest.mark.parametrize(
    "past, T, window, mask, plain",
    [
        (0, 1, None, None, True),
        (0, 5, None, None, True),
        (3, 1, None, None, True),
        (3, 2, None, None, False),
        (0, 5, 5, None, True),
        (0, 5, 4, None, False),
        (3, 1, 4, None, True),
        (3, 1, 3, None, False),
        (0, 5, None, 1, True),
        (0, 5, None, 0, False),
        (3, 1, None, 0, False),
        (3, 2, None, 1, False),
    ],
)
def test_when_a_mask_is_made(past, T, window, mask, plain):
    """Only where sdpa's own causal mask is not enough: none is quicker."""
    changes = {"use_sliding_window": True, "max_window_layers": 1}
    model = make(**changes | {"sliding_window": window}).model
    if mask is not None:
        mask = torch.full((2, past + T), 1)
        mask[0, 0] = plain or (past, T) == (3, 2)
    masks = model.masks(2, T, past, mask, "cpu")
    assert set(masks) == {None, window}
    assert all((m is None) == plain for m in masks.values())
    eager = make("eager", **changes | {"sliding_window": window}).model
    for allowed in eager.masks(2, T, past, mask, "cpu").values():
        assert allowed.shape == (2, T, past + T) and allowed.dtype == torch.bool


def test_causal_mask_by_hand():
    def rows(*given):
        return ["".join("01"[x] for x in row) for row in causal_mask(*given)[0].int()]

    assert rows(1, 3, 0, None, None, "cpu") == ["100", "110", "111"]
    assert rows(1, 2, 2, None, None, "cpu") == ["1110", "1111"]
    assert rows(1, 2, 2, 1, None, "cpu") == ["0010", "0001"]
    assert rows(1, 2, 2, 3, None, "cpu") == ["1110", "0111"]
    assert rows(1, 2, 1, None, torch.tensor([[0, 1, 1]]), "cpu") == ["010", "011"]
    assert causal_mask(2, 3, 0, None, None, "cpu").shape == (2, 3, 3)


class Devices(TorchFunctionMode):
    """Ask for a device wherever a tensor is made from numbers."""

    def __init__(self):
        super().__init__()
        self.made = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.arange, torch.tensor):
            assert (kwargs or {}).get("device") is not None, func
            self.made += 1
        return func(*args, **kwargs or {})


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_what_is_made_is_made_on_the_inputs_device(attention):
    model, given = make(attention), ids()
    with Devices() as devices:
        with torch.no_grad():
            model(given)
        model.generate(given, 2, eos_token_id=1)
    assert devices.made >= 2


@torch.no_grad()
def test_nothing_leaves_the_meta_device():
    model, seen = make("eager").to("meta"), []
    assert model.model.rotary_emb.inv_freq.is_meta

    def look(module, given):
        seen.extend(x for x in given if isinstance(x, torch.Tensor))

    for module in (model.model.rotary_emb, *model.model.layers):
        module.register_forward_pre_hook(look)
    assert model(ids().to("meta")).is_meta
    # hidden states and positions; then hidden states and a mask in each of two layers
    assert len(seen) == 6 and all(x.is_meta for x in seen)


def test_shapes_of_an_odd_config():
    """No two sizes alike, so that no wrong one fits."""
    config = make(attention_bias=True).config
    attention, mlp = Qwen3Attention(config, 3), Qwen3MLP(config)
    found = {n: tuple(p.shape) for n, p in [*attention.named_parameters()]}
    assert found == {
        "q_proj.weight": (32, 32),
        "q_proj.bias": (32,),
        "k_proj.weight": (16, 32),
        "k_proj.bias": (16,),
        "v_proj.weight": (16, 32),
        "v_proj.bias": (16,),
        "o_proj.weight": (32, 32),
        "o_proj.bias": (32,),
        "q_norm.weight": (8,),
        "k_norm.weight": (8,),
    }
    assert attention.layer_idx == 3
    assert [p.shape for p in mlp.parameters()] == [(80, 32), (80, 32), (32, 80)]


# cache


@pytest.mark.parametrize("length", [None, 7])
def test_cache_by_hand(length):
    cache, source = KVCache(length), torch.Generator().manual_seed(0)
    assert (cache.length, cache.batch_size, cache.nbytes) == (0, None, 0)
    keys, values = torch.randn(2, 2, 3, 7, 5, generator=source)
    for start, end in [(0, 4), (4, 5), (5, 7)]:
        for layer in (1, 0):
            new = keys[:, :, start:end] + layer, values[:, :, start:end] + layer
            first = cache.update(layer, *new)
            for held, all_ in zip(
                cache.update(layer, *new), (keys, values), strict=True
            ):
                assert torch.equal(held, all_[:, :, :end] + layer)
            assert all(map(torch.equal, first, cache.update(layer, *new)))
        assert cache.length == start
        cache.advance(end - start)
        assert (cache.length, cache.batch_size) == (end, 2)
        assert cache.nbytes == 2 * 2 * (2 * 3 * end * 5) * 4
        k, v = cache.layer(1)
        assert torch.equal(k, keys[:, :, :end] + 1)
        assert torch.equal(v, values[:, :, :end] + 1)
    with pytest.raises(KeyError):
        cache.layer(2)
    KVCache(1)


def test_cache_keeps_the_dtype():
    for length in (None, 4):
        cache, new = KVCache(length), torch.ones(1, 1, 4, 2, dtype=torch.bfloat16)
        k, v = cache.update(0, new, new)
        assert k.dtype == v.dtype == torch.bfloat16
        assert (cache.nbytes, cache.layer(0)[0].shape[2]) == (0, 0)
        cache.advance(4)
        assert cache.nbytes == 32
    storage = cache.update(0, new[:, :, :0], new[:, :, :0])[0]
    assert storage.untyped_storage().nbytes() == 16


# decoding


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.7},
        {"top_k": 1},
        {"top_k": 3},
        {"top_k": 99},
        {"top_p": 0.5},
        {"top_p": 0.9},
        {"top_p": 1e-6},
        {"top_p": 1.0},
        {"min_p": 0.1},
        {"min_p": 0.0},
        {"min_p": 1.0},
        {"temperature": 1.7, "top_k": 8, "top_p": 0.8, "min_p": 0.2},
    ],
    ids=str,
)
def test_filters_are_transformers(options):
    torch.manual_seed(0)
    # rows of two equal, of halves, and of bf16, where many are equal
    rows = torch.randn(4, 9) * 2, torch.tensor([[0.0, 0.0, -math.inf] * 3] * 2)
    ties = torch.tensor([[1.0, 1.0, 0.0, 0.0, -1.0, -1.0, -2.0, -2.0, -3.0]])
    logits = torch.cat((*rows, ties)).to(torch.bfloat16)
    expected = TemperatureLogitsWarper(options.get("temperature", 1.0))(
        None, logits.float()
    )
    if "top_k" in options:
        expected = TopKLogitsWarper(options["top_k"])(None, expected)
    if "top_p" in options:
        expected = TopPLogitsWarper(options["top_p"])(None, expected)
    if "min_p" in options:
        expected = MinPLogitsWarper(options["min_p"])(None, expected)
    found = filter_logits(logits, **options)
    assert found.dtype == torch.float32 and torch.equal(found, expected)


def test_draws():
    """One draw a row, from what the filters left, with the generator that was given."""
    logits = torch.randn(5, 9, generator=torch.Generator().manual_seed(0))
    alone = [(0.8, None, None, None), (1, 3, None, None), (1, None, 0.5, None)]
    for seed, options in enumerate([*alone, (1, None, None, 0.5), (0.8, 5, 0.9, 0.1)]):
        source = torch.Generator().manual_seed(seed)
        probs = filter_logits(logits, *options).softmax(-1)
        expected = torch.multinomial(probs, 1, generator=source)[:, 0]
        source = torch.Generator().manual_seed(seed)
        assert torch.equal(next_ids(logits, *options, source), expected)
        assert expected.shape == (5,)
    assert torch.equal(next_ids(logits, 0, *[None] * 4), logits.argmax(1))
    assert next_ids(torch.zeros(2, 1), 1.0, None, None, None, None).tolist() == [0, 0]


class Recorder:
    """Stands for a model: notes what it is given; its likeliest id is the step's."""

    def __init__(self, eos=None):
        self.config, self.calls = Qwen3Config(**SIZES, eos_token_id=eos), []

    def __call__(self, *given, **more):
        kept = [x.clone() if torch.is_tensor(x) else x for x in given]
        self.calls.append((kept, more))
        rows = torch.zeros(len(given[0]), 1, 31)
        rows[:, 0, len(self.calls)] = 1
        given[3].advance(given[0].shape[1])
        return rows


def test_what_a_model_is_given_at_each_step():
    model, prompt, cache = Recorder(), ids(2, 3), KVCache()
    mask = torch.tensor([[False, True, True], [True, True, False]])
    made = steps(model, prompt, mask, lambda logits: logits.argmax(-1), cache)
    chosen = [next(made).tolist() for _ in range(3)]
    assert chosen == [[1, 1], [2, 2], [3, 3]]
    calls = [([x.tolist() for x in given[:3]], given[3]) for given, _ in model.calls]
    assert calls == [
        ([prompt.tolist(), [[0, 1, 1], [1, 1, 0]], [[0, 0, 1], [0, 1, 0]]], cache),
        ([[[1], [1]], [[0, 1, 1, 1], [1, 1, 0, 1]], [[2], [2]]], cache),
        ([[[2], [2]], [[0, 1, 1, 1, 1], [1, 1, 0, 1, 1]], [[3], [3]]], cache),
    ]
    assert all(more == {"logits_to_keep": 1} for _, more in model.calls)
    assert all(x.dtype == torch.int64 for given, _ in model.calls for x in given[:3])


@torch.no_grad()
def test_ends():
    """The config's end token, the caller's, several, none; other rows go on."""
    prompt = ids(2, 3)

    def added(model, count=6, dtype=torch.int64, **options):
        out = Qwen3ForCausalLM.generate(model, prompt.to(dtype), count, **options)
        assert out.dtype == dtype and torch.equal(out[:, :3], prompt.to(dtype))
        return out[0, 3:].tolist()

    assert added(Recorder()) == [1, 2, 3, 4, 5, 6]
    assert added(Recorder(), 0) == [] and added(Recorder(), 1) == [1]
    assert added(Recorder(3)) == added(Recorder([9, 3])) == [1, 2, 3]
    assert added(Recorder(3), eos_token_id=2) == [1, 2]
    assert added(Recorder(3), eos_token_id=[]) == [1, 2, 3, 4, 5, 6]
    assert added(Recorder(), eos_token_id=[4, 2]) == [1, 2]
    assert added(Recorder(3), dtype=torch.int32) == [1, 2, 3]
    assert added(Recorder(0)) == [1, 2, 3, 4, 5, 6]


@torch.no_grad()
def test_a_row_that_ended_is_filled_with_the_first_end_token():
    model, prompt = make(), ids(3, 4)
    free = model.generate(prompt, 8)[:, 4:]
    assert torch.equal(torch.stack([*stream(model, prompt, 8)], dim=1), free)
    for end in free[0].tolist():
        out = model.generate(prompt, 8, eos_token_id=[end, 30])[:, 4:]
        for row, expected in zip(out.tolist(), free.tolist(), strict=True):
            stops = [i for i, t in enumerate(expected) if t in (end, 30)]
            if stops:
                expected[stops[0] + 1 :] = [end] * (7 - stops[0])
            assert row == expected[: len(row)]


@pytest.mark.parametrize(
    "options", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}], ids=str
)
def test_drawing_the_likeliest_is_greedy(options):
    """Each option reaches the draw; from a prompt of one token, too."""
    model, prompt = make(), ids(3, 1)
    drawn = model.generate(prompt, 12, temperature=1.0, **options)
    assert torch.equal(drawn, model.generate(prompt, 12))
    assert not torch.equal(drawn, model.generate(prompt, 12, temperature=1.0))


@torch.no_grad()
def test_room_is_made_for_a_usual_length(monkeypatch):
    made = []

    class Noted(KVCache):
        def __init__(self, max_length=None):
            super().__init__(max_length)
            made.append(max_length)

    monkeypatch.setattr(sys.modules["minqwen3.generate"], "KVCache", Noted)
    model = make(max_position_embeddings=10)
    model.generate(ids(1, 4), 6)
    model.generate(ids(1, 4), 7)
    assert made == [10, None]
