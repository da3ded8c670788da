"""Checks of the exercises in the chapter on the MLP."""

import torch
import torch.nn.functional as F

from bookkit.reference import qwen3_config
from minqwen3.model import Qwen3MLP

from . import Check, normal

check_activity = Check(
    [20.0, 0.0, 0.0, -30.0],
    mistakes={
        "SiLU is the number times its sigmoid; that is the sigmoid alone.": [
            2.0,
            2.5,
            0.0,
            -3.0,
        ],
        "the gate's numbers have not been through SiLU.": [20.0, 0.0, -50.0, -30.0],
        "SiLU went over the up numbers; it is on the gate.": [17.6, 0.0, -49.7, -1.4],
        "that is the gate's factor; it still scales the value.": [10.0, 0.0, 0.0, 10.0],
    },
)

check_growth = Check(
    4.0,
    mistakes={
        "both sides of a matrix have doubled.": 2.0,
        "the three matrices are added, each with two sides.": 8.0,
        "three matrices before, three after.": 12.0,
    },
)


def an_mlp():
    config = qwen3_config(hidden_size=8, intermediate_size=12)
    with torch.random.fork_rng(devices=[]):
        mlp = Qwen3MLP(config)
    for seed, p in enumerate(mlp.parameters()):
        p.data = normal(*p.shape, seed=seed)
    return mlp


check_fused = Check(
    lambda mlp, x: mlp(x),
    cases=lambda: [(an_mlp(), normal(4, 8)), (an_mlp(), normal(2, 3, 8))],
    mistakes={
        "SiLU is on up's half; the gate comes first in `both`.": lambda mlp, x: (
            mlp.down_proj(mlp.gate_proj(x) * F.silu(mlp.up_proj(x)))
        ),
        "SiLU went over both halves.": lambda mlp, x: mlp.down_proj(
            F.silu(mlp.gate_proj(x)) * F.silu(mlp.up_proj(x))
        ),
        "that is the product inside; `down_proj` narrows it.": lambda mlp, x: (
            F.silu(mlp.gate_proj(x)) * mlp.up_proj(x)
        ),
    },
)


def without(mlp, f):
    keep = torch.arange(mlp.down_proj.in_features) != f
    rows = mlp.gate_proj.weight[keep], mlp.up_proj.weight[keep]
    return *rows, mlp.down_proj.weight[:, keep]


def lost_row(mlp, f):
    keep = torch.arange(mlp.down_proj.out_features) != f
    return *without(mlp, f)[:2], mlp.down_proj.weight[keep]


check_without = Check(
    without,
    cases=lambda: [(an_mlp(), 5), (an_mlp(), 0)],
    mistakes={
        "`down_proj` has lost a row; what a unit owns there is a column.": lost_row,
        "units are counted from zero.": lambda mlp, f: without(mlp, f - 1),
        "that keeps unit `f` alone.": lambda mlp, f: (
            mlp.gate_proj.weight[f : f + 1],
            mlp.up_proj.weight[f : f + 1],
            mlp.down_proj.weight[:, f : f + 1],
        ),
    },
)
