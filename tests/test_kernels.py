"""Kernels: the same tree and weights, results within rounding, really other calls."""

import copy
import io
from unittest.mock import patch

import pytest
import torch
from torch.nn import functional as F

from minqwen3 import KVCache, Qwen3Config, Qwen3ForCausalLM, kernels
from minqwen3.kernels import linear_in_blocks, use_kernels

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 0.05, torch.float64: 1e-5}


def pair(config, attention="sdpa", dtype=torch.float32):
    """A model and its copy with kernels."""
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(Qwen3Config.from_dict(config), attention).eval().to(dtype)
    for p in model.parameters():  # gains and biases that are not all one or zero
        p.data += 0.1 * torch.randn_like(p)
    return model, use_kernels(copy.deepcopy(model))


def near(a, b):
    return (a - b).abs().max() <= TOLERANCE[a.dtype] * a.abs().max()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_key_value_heads": 1},
        {"num_key_value_heads": 6},
        {"attention_bias": True},
        {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    ],
)
@torch.no_grad()
def test_prefill_and_decode_are_near(tiny, changes, attention, dtype):
    model, fast = pair(tiny(**changes), attention, dtype)
    ids = torch.randint(97, (2, 9))
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[0, :3] = 0
    cases = [(1, None), (2, None), (2, mask)]
    if attention == "eager" and dtype == torch.float64:
        cases.pop()  # its lowest number is minus infinity for the softmax in fp32
    for rows, given in cases:
        caches = KVCache(9), KVCache(9)
        for start, end in ((0, 6), (6, 7), (7, 9)):
            new = ids[:rows, start:end]
            seen = None if given is None else given[:, :end]
            a = model(new, seen, cache=caches[0])
            b = fast(new, seen, cache=caches[1])
            assert near(a, b), (rows, start)
    alone = fast(ids[:1, :5], logits_to_keep=1), model(ids[:1, :5], logits_to_keep=1)
    assert near(*alone)


@torch.no_grad()
def test_each_kernel_is_called(tiny):
    _, fast = pair(tiny())
    cache = KVCache(4)
    with (
        patch.object(kernels, "onednn_linear", wraps=kernels.onednn_linear) as linear,
        patch.object(kernels, "linear_in_blocks", wraps=linear_in_blocks) as blocks,
        patch.object(F, "rms_norm", wraps=F.rms_norm) as norm,
        patch.object(
            F, "scaled_dot_product_attention", wraps=F.scaled_dot_product_attention
        ) as attention,
    ):
        fast(torch.tensor([[1, 2, 3]]), cache=cache)
        fast(torch.tensor([[4]]), cache=cache)
    for_one_row = blocks if kernels.MKL else linear
    assert kernels.ONEDNN and for_one_row.call_count >= 4 * 7 + 1
    assert linear.call_count + blocks.call_count == 2 * (4 * 7 + 1)
    assert norm.call_count == 2 * (4 * 4 + 1)
    heads = [call.args[0].shape[1:3] for call in attention.call_args_list]
    assert heads == 4 * [(6, 3)] + 4 * [(2, 3)]  # (N, T), then (K, N / K)


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("shape", [(48,), (1, 48), (1, 1, 48)])
@pytest.mark.parametrize("out", [1, 31, 64, 96, 640])
def test_a_row_times_blocks(out, shape, biased):
    """With 1, 32 and 64 blocks; a matrix and a row that do not lie in one piece."""
    weight, bias = torch.randn(48, out).T, torch.randn(out) if biased else None
    for x in (torch.randn(shape), torch.randn(*shape, 2)[..., 0]):
        found, expected = linear_in_blocks(x, weight, bias), F.linear(x, weight, bias)
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("rows", [1, 5])
def test_bf16_is_cast_where_the_processor_cannot_multiply_it(tiny, rows):
    model, fast = pair(tiny(attention_bias=True), dtype=torch.bfloat16)
    ids = torch.randint(97, (1, rows))
    with (
        patch.object(kernels, "MULTIPLIES_BF16", False),
        patch.object(kernels, "onednn_linear", wraps=kernels.onednn_linear) as linear,
    ):
        logits = fast(ids)
    assert near(logits, model(ids))
    assert linear.call_count == (rows > 1) * (4 * 7 + 1)
    assert all(call.args[1].dtype == torch.float32 for call in linear.call_args_list)
    with patch.object(kernels, "MULTIPLIES_BF16", True):
        assert near(fast(ids), model(ids))


@torch.no_grad()
def test_without_onednn_it_is_the_model(tiny):
    model, fast = pair(tiny(), "eager")
    with patch.object(kernels, "ONEDNN", False):
        weight, x = model.lm_head.weight, torch.randn(1, 1, 48)
        assert torch.equal(fast.lm_head(x), F.linear(x, weight))
    with patch.object(kernels, "onednn_linear", side_effect=RuntimeError):
        assert not kernels.onednn_works()
    with patch.object(kernels, "onednn_linear", lambda x, w, b: 2 * F.linear(x, w, b)):
        assert not kernels.onednn_works()


@pytest.mark.parametrize("shape", [(2, 7), (1, 1)])
@pytest.mark.parametrize(
    "frozen, calls",
    [
        ((), 3 * 29),  # 29 layers: a product forwards and two backwards
        (("bias",), 3 * 29),
        (("embed", "norm"), 3 * 29 - 4),  # the tied head; what the first layer reads
        (("weight",), 2 * 29 - 3),  # biases alone
    ],
)
def test_gradients_are_near(tiny, shape, frozen, calls):
    """Of parameters that want one; of many rows by oneDNN, forwards and backwards."""
    model, fast = pair(tiny(attention_bias=True))
    ids = torch.randint(97, shape)
    with patch.object(kernels, "onednn_linear", wraps=kernels.onednn_linear) as linear:
        for m in (model, fast):
            for name, p in m.named_parameters():
                p.requires_grad_(not any(word in name for word in frozen))
            m(ids).logsumexp(-1).mean().backward()
    for (name, a), b in zip(model.named_parameters(), fast.parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None) == (not a.requires_grad), name
        if a.requires_grad:
            assert torch.allclose(a.grad, b.grad, rtol=1e-4, atol=1e-6), name
    one_row = ids.numel() == 1 and kernels.MKL
    assert linear.call_count == (0 if one_row else calls)


def test_gradients_of_gradients_are_refused():
    x, weight = torch.randn(2, 4, requires_grad=True), torch.randn(3, 4)
    y = kernels.OneDNNLinear.apply(x, weight, None)
    (grad,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


@pytest.mark.filterwarnings("error")
def test_autocast_goes_the_usual_way(tiny):
    model, fast = pair(tiny())
    ids = torch.randint(97, (2, 7))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert fast.lm_head(torch.ones(3, 48)).dtype == torch.bfloat16
        a, b = model(ids).float(), fast(ids).float()
    assert (a - b).abs().max() < 0.05 * a.abs().max()


def test_dropout_stays(tiny):
    model, fast = pair(tiny(attention_dropout=0.5))
    for m in (model, fast):
        m.train()
    ids, logits = torch.randint(97, (1, 1)), []
    for m in (model, fast):
        torch.manual_seed(3)
        logits.append(m(ids))
    assert near(*logits)


def test_tree_weights_and_copies_stay(tiny, tmp_path):
    model, fast = pair(tiny())
    assert repr(fast) == repr(model)
    assert fast.state_dict().keys() == model.state_dict().keys()
    fast.save_pretrained(tmp_path)
    again = Qwen3ForCausalLM.from_pretrained(tmp_path)
    ids = torch.randint(97, (1, 4))
    with torch.no_grad():
        assert torch.equal(again(ids), model(ids))
        other = copy.deepcopy(fast)
        other.lm_head.weight.data.zero_()
        assert not other(ids).any() and fast(ids).any()
    torch.save(fast.state_dict(), io.BytesIO())
    greedy = [m.generate(ids, 8, eos_token_id=[]) for m in (model, fast)]
    assert torch.equal(*greedy)
