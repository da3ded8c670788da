"""Checks of the exercises in the chapter on RMSNorm."""

import torch
import torch.nn.functional as F

from minqwen3.model import Qwen3RMSNorm

from . import Check, normal

check_equal_numbers = Check(
    [1.0, 1.0, 1.0, 1.0],
    mistakes={
        "the mean is taken away, as LayerNorm does. RMSNorm keeps it.": [0.0] * 4,
        "divided by the sum of squares' root; it is the root of their mean.": [0.5] * 4,
    },
)


def layer_norm(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


check_layer_norm = Check(
    layer_norm,
    cases=[(torch.tensor([1.0, 2.0, 6.0]),), (torch.arange(8.0).view(2, 4),)],
    mistakes={
        "the mean is still in it.": lambda x: Qwen3RMSNorm(x.shape[-1])(x),
        "the mean went over all numbers; it goes over each vector's own.": lambda x: (
            Qwen3RMSNorm(x.shape[-1])(x - x.mean())
        ),
        "the mean is taken away after the norm, which changes its size.": lambda x: (
            (y := Qwen3RMSNorm(x.shape[-1])(x)) - y.mean(-1, keepdim=True)
        ),
    },
)


def a_norm_and_a_linear():
    norm, linear = Qwen3RMSNorm(6), torch.nn.Linear(6, 3, bias=False)
    norm.weight.data, linear.weight.data = normal(6), normal(3, 6, seed=1)
    return [(norm, linear)]


check_folded = Check(
    lambda norm, linear: linear(torch.diag(norm.weight)).T,
    cases=a_norm_and_a_linear,
    mistakes={
        "that is the weight without the gain.": lambda norm, linear: linear.weight,
        "divided by the gain; the norm multiplies by it.": lambda norm, linear: (
            linear.weight / norm.weight
        ),
        "transposed: a Linear's weight is (out, in).": lambda norm, linear: (
            linear.weight.T * norm.weight[:, None]
        ),
    },
)
