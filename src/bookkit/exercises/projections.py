"""Checks of the exercises in the chapter on projections."""

import torch

from minqwen3 import Qwen3Attention

from .. import qwen3_config
from . import Check, normal

check_strides = Check(
    (10240, 128, 2048, 1),
    mistakes={
        "those are the strides before the transpose.": (10240, 2048, 128, 1),
        "a transpose moves no number, so memory still has positions first.": (
            (10240, 640, 128, 1)
        ),
    },
)

check_owner = Check(
    (5, 60),
    mistakes={
        "heads and numbers are counted from zero.": (6, 61),
        "a head's size is not the width over the number of heads.": (10, 60),
        "a head's numbers lie side by side; the heads do not take turns.": (4, 87),
    },
)


def without_head(weight, n, H):
    weight.view(len(weight), -1, H)[:, n] = 0
    return weight


def zeroed(weight, rows=slice(None), columns=slice(None)):
    weight[rows, columns] = 0
    return weight


check_without_head = Check(
    without_head,
    cases=lambda: [
        (normal(6, 6), 1, 3),
        (torch.arange(1.0, 13.0).view(2, 6), 0, 2),
        (normal(4, 8, seed=1), 2, 2),
    ],
    mistakes={
        "rows were set to zero; this matrix reads heads, it does not make them.": (
            lambda weight, n, H: zeroed(weight, rows=slice(n * H, (n + 1) * H))
        ),
        "every so many columns; a head's columns lie side by side.": (
            lambda weight, n, H: zeroed(
                weight, columns=slice(n, None, weight.shape[1] // H)
            )
        ),
        "the block begins too early: n heads stand before it, not n columns.": (
            lambda weight, n, H: zeroed(weight, columns=slice(n, n + H))
        ),
    },
)


def narrow_attention():
    with torch.device("meta"):
        attention = Qwen3Attention(qwen3_config(hidden_size=64), layer_idx=0)
    attention = attention.to_empty(device="cpu").requires_grad_(False)
    for i, parameter in enumerate(attention.parameters()):
        parameter.copy_(normal(*parameter.shape, seed=i))
    return [(attention, normal(2, 3, 64, seed=10)), (attention, normal(1, 5, 64))]


def flat(attention, x, names="qkv"):
    return torch.cat([getattr(attention, f"{n}_proj")(x) for n in names], dim=-1)


def positions_first(attention, x, names="qkv"):
    return flat(attention, x, names).view(*x.shape[:2], -1, attention.head_dim)


check_fused = Check(
    lambda attention, x: positions_first(attention, x).transpose(1, 2),
    cases=narrow_attention,
    mistakes={
        "the three stand in another order.": lambda attention, x: positions_first(
            attention, x, "kvq"
        ).transpose(1, 2),
        "positions still stand before heads.": positions_first,
        "a view alone brought heads to the front, and it mixes positions.": (
            lambda attention, x: flat(attention, x).view(
                len(x), -1, x.shape[1], attention.head_dim
            )
        ),
    },
)
