"""minqwen3 against transformers: the same bits on the eager path, rounding on sdpa."""

import pytest
import torch
import transformers
from packaging.version import Version
from torch import nn
from transformers import DynamicCache
from transformers.activations import ACT2FN

from bookkit import twin
from minqwen3 import KVCache, Qwen3Config, Qwen3ForCausalLM
from minqwen3.config import ACTIVATIONS

OLD = Version(transformers.__version__) < Version("4.53")
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 10240}
WINDOW = {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 2}
VARIANTS = [
    {},
    {"attention_bias": True},
    {"tie_word_embeddings": False},
    {"num_key_value_heads": 1},
    {"num_key_value_heads": 6},
    WINDOW,
    {"rope_scaling": YARN},
    {"rope_scaling": YARN | {"truncate": False, "beta_fast": 8}},
    *({"hidden_act": name} for name in ACTIVATIONS),
]


def make_pair(d, dtype, attention):
    torch.manual_seed(0)
    ours = Qwen3ForCausalLM(Qwen3Config.from_dict(d), attention).to(dtype).eval()
    for p in ours.parameters():
        if p.ndim == 1:  # gains and biases that are not one and zero
            nn.init.normal_(p, 1, 0.3)
    return ours, twin(ours, attention)


def skip_what_an_old_release_lacks(changes):
    """Tests run on older releases of transformers too; some lack what a test needs."""
    if changes.get("hidden_act", "silu") not in ACT2FN:
        pytest.skip(f"this transformers has no {changes['hidden_act']}")
    if OLD and "sliding_window" in changes:
        pytest.skip("before 4.53, eager attention windows every layer")
    if OLD and "truncate" in changes.get("rope_scaling", {}):
        pytest.skip("before 4.53, yarn has no truncate")


def inputs(d):
    ids = torch.randint(0, d["vocab_size"], (3, 17))
    left = torch.ones(3, 17, dtype=torch.long)
    left[1, :4] = 0
    left[2, :9] = 0
    return ids, left


def same(ours, theirs, attention):
    if attention == "eager":
        return torch.equal(ours, theirs)
    tolerance = 1e-5 if ours.dtype == torch.float32 else 2e-2
    return torch.allclose(ours, theirs, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("changes", VARIANTS, ids=str)
@torch.no_grad()
def test_logits(tiny, changes, dtype, attention):
    skip_what_an_old_release_lacks(changes)
    d = tiny(**changes)
    ours, theirs = make_pair(d, dtype, attention)
    ids, left = inputs(d)
    for mask in (None, left, left.flip(1)):
        out = ours(ids, attention_mask=mask)
        expected = theirs(ids, attention_mask=mask).logits
        if OLD and mask is not None:  # what stands at padding was another nothing
            out, expected = out[mask.bool()], expected[mask.bool()]
        assert same(out, expected, attention)
    positions = torch.randint(0, 500, (3, 17))
    assert same(
        ours(ids, position_ids=positions),
        theirs(ids, position_ids=positions).logits,
        attention,
    )


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("length", [None, 17])
@pytest.mark.parametrize("changes", [{}, WINDOW, {"num_key_value_heads": 1}], ids=str)
@torch.no_grad()
def test_cache(tiny, changes, length, attention):
    skip_what_an_old_release_lacks(changes)
    d = tiny(**changes)
    ours, theirs = make_pair(d, torch.float32, attention)
    ids, left = inputs(d)
    cache, reference, start, pieces = KVCache(length), DynamicCache(), 0, []
    for n in (5, 1, 3, 1, 7):
        end = start + n
        pieces.append(ours(ids[:, start:end], left[:, :end], cache=cache))
        real = left[:, start:end].bool() | (not OLD)
        out = theirs(
            ids[:, start:end], attention_mask=left[:, :end], past_key_values=reference
        ).logits
        # a windowed cache of transformers drops keys, so its sums have fewer terms
        exact = "sdpa" if "sliding_window" in changes else attention
        assert same(pieces[-1][real], out[real], exact)
        start = end
    real = left.bool()
    full = ours(ids, left)
    assert torch.allclose(torch.cat(pieces, 1)[real], full[real], atol=1e-5)


@pytest.mark.parametrize("changes", [{}, WINDOW, {"rope_scaling": YARN}], ids=str)
def test_greedy_tokens(tiny, changes):
    skip_what_an_old_release_lacks(changes)
    d = tiny(**changes)
    ours, theirs = make_pair(d, torch.float32, "eager")
    ids, left = inputs(d)
    options = {"attention_mask": left, "max_new_tokens": 24, "do_sample": False}
    expected = theirs.generate(ids, pad_token_id=5, **options)
    assert torch.equal(ours.generate(ids, 24, attention_mask=left), expected)


def test_gradients_and_dropout_are_transformers(tiny):
    ours, theirs = make_pair(tiny(attention_dropout=0.3), torch.float32, "eager")
    ids, _ = inputs(tiny())
    theirs.load_state_dict({k: v.clone() for k, v in ours.state_dict().items()})
    grads = []
    for model in (ours.train(), theirs.train()):
        torch.manual_seed(1)
        out = model(ids)
        logits = out if isinstance(out, torch.Tensor) else out.logits
        model.zero_grad()
        logits.float().logsumexp(-1).sum().backward()
        weight = model.model.layers[1].self_attn.q_proj.weight
        grads.append((logits.detach(), weight.grad.clone()))
    assert torch.equal(grads[0][0], grads[1][0])
    assert torch.allclose(grads[0][1], grads[1][1], atol=1e-6)


def test_inv_freq_stays_fp32(tiny):
    model = Qwen3ForCausalLM(Qwen3Config.from_dict(tiny()))
    before = model.model.rotary_emb.inv_freq.clone()
    after = model.to(torch.bfloat16).model.rotary_emb.inv_freq
    assert after.dtype == torch.float32 and torch.equal(before, after)
