"""The same arithmetic with fewer trips through memory: kernels for running a model.

``use_kernels`` gives modules another way to compute what they compute anyway. Tree,
weights and state dict stay; results and gradients are equal within rounding. On another
device than a CPU, linear layers go the way of ``model.py``.
"""

import math
import platform
from types import MethodType

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .model import Qwen3Attention, Qwen3ForCausalLM, Qwen3RMSNorm, sdpa_attention

X86 = platform.machine() in ("x86_64", "AMD64")
BF16, MKL = torch.bfloat16, torch.backends.mkl.is_available()
MULTIPLIES_BF16 = not X86 or torch.cpu._is_avx512_bf16_supported()


def onednn_works() -> bool:
    """Whether oneDNN's linear layer can be called, and is right."""
    x, weight = torch.ones(1, 1, 4), torch.arange(8.0).view(2, 4)
    try:
        return torch.equal(onednn_linear(x, weight, None), F.linear(x, weight))
    except (AttributeError, RuntimeError):
        return False


def onednn_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``F.linear`` by oneDNN: the operator that ``torch.compile`` calls on a CPU."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


ONEDNN = onednn_works()


class OneDNNLinear(torch.autograd.Function):
    """``onednn_linear`` with its gradients, two products by the same routine."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return onednn_linear(x, weight, bias)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        ctx.save_for_backward(*inputs[:2])

    @staticmethod
    @once_differentiable  # a gradient's gradient is an error, not a wrong number
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        (x, weight), wanted = ctx.saved_tensors, ctx.needs_input_grad
        x_rows, grad_rows = (t.reshape(-1, t.shape[-1]) for t in (x, grad))
        return (
            onednn_linear(grad, weight.T, None) if wanted[0] else None,
            onednn_linear(grad_rows.T, x_rows.T, None) if wanted[1] else None,
            grad_rows.sum(0) if wanted[2] else None,
        )


def linear_in_blocks(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``F.linear`` of one row: a product for each of up to 64 blocks of the matrix.

    MKL gives whole products of a batch to its threads. Each then reads blocks from
    their beginning to their end; one product of one row is not divided as well.
    """
    blocks = math.gcd(weight.shape[0], 64)
    x_blocks = x.reshape(1, 1, -1).expand(blocks, -1, -1)
    out = torch.bmm(x_blocks, weight.view(blocks, -1, weight.shape[1]).mT)
    out = out.view(*x.shape[:-1], -1)
    return out if bias is None else out + bias


def linear(self: nn.Linear, x: Tensor) -> Tensor:
    """``F.linear``, by another kernel where one is faster.

    In fp32 oneDNN multiplies faster than the BLAS routine that torch calls; for one row
    blocks are faster still. Many rows in bf16 are bound by arithmetic: a processor that
    cannot multiply bf16 does better with the matrix cast to fp32 for the moment.
    """
    weight, bias, rows = self.weight, self.bias, x.shape[:-1].numel()
    other = x.dtype != weight.dtype or torch.is_autocast_enabled("cpu")
    if other or not (ONEDNN and weight.is_cpu):
        return F.linear(x, weight, bias)
    if x.dtype == torch.float32:
        if rows == 1 and MKL:
            return linear_in_blocks(x, weight, bias)
        return OneDNNLinear.apply(x, weight, bias)
    if x.dtype != BF16 or rows == 1 or MULTIPLIES_BF16 or torch.is_grad_enabled():
        return F.linear(x, weight, bias)
    bias = None if bias is None else bias.float()
    return onednn_linear(x.float(), weight.float(), bias).to(BF16)


def rms_norm(self: Qwen3RMSNorm, x: Tensor) -> Tensor:
    """``Qwen3RMSNorm.forward`` in one call; for bf16 the gain is applied in fp32."""
    if x.dtype != self.weight.dtype:  # under autocast
        return Qwen3RMSNorm.forward(self, x)
    return F.rms_norm(x, self.weight.shape, self.weight, self.variance_epsilon)


def grouped_attention(module, q_BNTH, k_BKSH, v_BKSH, allowed_BTS) -> Tensor:
    """``sdpa_attention``; a single query's heads are handed over in groups.

    The G = N / K query heads that read one key/value head stand in the place of G
    positions, so that keys and values are read once and never repeated.
    """
    dropout = module.training and module.attention_dropout
    if q_BNTH.shape[2] > 1 or dropout:
        return sdpa_attention(module, q_BNTH, k_BKSH, v_BKSH, allowed_BTS)
    mask = None if allowed_BTS is None else allowed_BTS[:, None]
    q_BKGH = q_BNTH.view(k_BKSH.shape[0], k_BKSH.shape[1], -1, q_BNTH.shape[3])
    out_BKGH = F.scaled_dot_product_attention(
        q_BKGH, k_BKSH, v_BKSH, mask, scale=module.scaling
    )
    return out_BKGH.view(q_BNTH.shape)


def use_kernels(model: Qwen3ForCausalLM) -> Qwen3ForCausalLM:
    """Let a model compute with the kernels of this file; return it.

    Eager attention stays as it is. What gains how much stands in the book's chapter on
    budgets.
    """
    for module in model.modules():
        if type(module) is nn.Linear:
            module.forward = MethodType(linear, module)
        elif type(module) is Qwen3RMSNorm:
            module.forward = MethodType(rms_norm, module)
        elif type(module) is Qwen3Attention and module.attend is sdpa_attention:
            module.attend = grouped_attention
    return model
