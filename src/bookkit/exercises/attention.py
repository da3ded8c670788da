"""Checks of the exercises in the chapter on grouped-query attention."""

from types import SimpleNamespace

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from bookkit.reference import qwen3_config
from minqwen3.model import Qwen3Attention, eager_attention

from . import Check, normal, outcome

check_equal_keys = Check(
    [0.0, 5.0, 10.0, 15.0],
    mistakes={
        "a query reads no later position.": [15.0] * 4,
        "the weights of a row sum to one.": [0.0, 10.0, 30.0, 60.0],
        "a query reads not only its own position.": [0.0, 10.0, 20.0, 30.0],
    },
)

check_readers = Check(
    list(range(8, 16)),
    mistakes={
        "that is the order of `repeat`: neighbours would read different heads.": list(
            range(1, 32, 4)
        ),
        "a group has N / K query heads, not K of them.": list(range(4, 8)),
        "in Qwen3-0.6B two heads share one, here it is another number.": [2, 3],
        "that is the group of key/value head 0.": list(range(8)),
    },
)


def an_attention():
    config = qwen3_config(hidden_size=8, head_dim=16)
    with torch.random.fork_rng(devices=[]):
        attn = Qwen3Attention(config, layer_idx=0).requires_grad_(False)
    attn.q_norm.weight.data, attn.k_norm.weight.data = normal(2, 16) + 1
    return [(attn,)]


check_new_gain = Check(
    lambda attn: attn.q_norm.weight * attn.scaling,
    cases=an_attention,
    mistakes={
        "that makes the scores larger; the scale made them smaller.": lambda attn: (
            attn.q_norm.weight / attn.scaling
        ),
        "that is one norm's share if both take the same. Here `k_norm` stays.": (
            lambda attn: attn.q_norm.weight * attn.scaling**0.5
        ),
        "the scale is made from the head's size, not from the stream's.": lambda attn: (
            attn.q_norm.weight * attn.q_proj.in_features**-0.5
        ),
    },
)


def attend(q, k, v, allowed, scaling=None):
    groups, scaling = q.shape[1] // k.shape[1], scaling or q.shape[-1] ** -0.5
    numbers_of = dict(num_key_value_groups=groups, scaling=scaling)
    module = SimpleNamespace(**numbers_of, attention_dropout=0.0, training=False)
    return eager_attention(module, q, k, v, allowed.expand(len(q), -1, -1))


def neighbours_apart(q, k, v, allowed):
    k, v = (x.repeat(1, q.shape[1] // x.shape[1], 1, 1) for x in (k, v))
    return attend(q, k, v, allowed)


def some_heads(N, K, T, S):
    allowed = torch.ones(T, S).tril(S - T).bool()
    return normal(2, N, T, 8), *normal(2, 2, K, S, 8, seed=1), allowed


def stacked(q, k, v, allowed, axis=-1):
    """The heads of a group below each other, as more positions of one head."""
    (B, N, T, H), (K, S) = q.shape, k.shape[1:3]
    scores = q.reshape(B, K, -1, H) @ k.transpose(-1, -2) * H**-0.5
    scores = scores.view(B, K, -1, T, S).masked_fill(~allowed, -torch.inf)
    return (scores.softmax(axis).view(B, K, -1, S) @ v).view(B, N, T, H)


class Largest(TorchDispatchMode):
    """Whether a tensor of so many numbers is written, inside torch's functions too."""

    def __init__(self, numbers: int):
        super().__init__()
        self.numbers, self.written = numbers, False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.numel() == self.numbers:
            whole = result.untyped_storage().nbytes() >= result.nbytes
            self.written = self.written or whole  # an expanded view has less behind it
        return result


class WithoutCopies(Check):
    """The right numbers are not enough: keys must not be written once a query head."""

    def check_case(self, answer, case: tuple) -> bool:
        if not super().check_case(answer, case):
            yours, _ = outcome(answer, case)
            if isinstance(yours, torch.Tensor) and yours.isnan().any():
                print("It holds nan: some query was left without any key to read.")
                print(f"Likely: {TURNED}")
            return False
        q, k = case[:2]
        with Largest(q.shape[1] * k.numel() // k.shape[1]) as largest:
            answer(*case)
        if largest.written:
            print("Not yet: the numbers are right, but a tensor was written that is")
            print(f"as large as the keys of {q.shape[1]} heads.")
            print(f"Likely: {COPIED}")
        return not largest.written


COPIED = (
    "keys or values were copied for each query head; a product that broadcasts "
    "copies them too."
)
TURNED = "`allowed` is turned round: what may be read is closed."

check_grouped = WithoutCopies(
    stacked,
    cases=lambda: [some_heads(*case) for case in ((6, 2, 3, 5), (4, 1, 2, 5))],
    mistakes={
        COPIED: attend,
        "the heads of a group are neighbours; the axis of K stands before that of "
        "the group.": neighbours_apart,
        "the scores are not scaled.": lambda *case: attend(*case, scaling=1.0),
        "`allowed` is not in it: a query reads what is later.": lambda q, k, v, _: (
            attend(q, k, v, torch.ones_like(_))
        ),
        TURNED: lambda q, k, v, _: attend(q, k, v, ~_),
        "the softmax is over queries; it belongs over keys, the last axis.": (
            lambda *case: stacked(*case, axis=-2)
        ),
    },
)
