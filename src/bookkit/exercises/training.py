"""Checks of the exercises in the chapter on training."""

import torch
import torch.nn.functional as F

from minqwen3 import Qwen3ForCausalLM

from . import Check, normal

check_half = Check(
    2.0,
    mistakes={
        "the logits do not change, but the weight's slope does: the same nudge is "
        "now a larger part of a shorter vector.": 1.0,
        "the other way round: a norm divides by the length, so does its slope.": 0.5,
        "that would be the slope's square; it passes one norm, once.": 4.0,
    },
)


def length(gradients):
    return torch.cat([g.flatten() for g in gradients]).norm().item()


check_clip = Check(
    lambda gradients, limit: [
        g * min(1.0, limit / length(gradients)) for g in gradients
    ],
    cases=[
        ([torch.tensor([3.0]), torch.tensor([[4.0, 0.0]])], 1.0),
        ([torch.tensor([0.3]), torch.tensor([-0.4])], 1.0),
        ([normal(3, 2), normal(4, seed=1)], 0.5),
    ],
    mistakes={
        "each tensor was clipped by itself, which turns the whole.": (
            lambda gradients, limit: [
                g * min(1.0, limit / g.norm().item()) for g in gradients
            ]
        ),
        "each number was clipped by itself, which turns the whole.": (
            lambda gradients, limit: [g.clamp(-limit, limit) for g in gradients]
        ),
        "short gradients were made longer; leave them alone.": (
            lambda gradients, limit: [g * limit / length(gradients) for g in gradients]
        ),
        "lengths do not add up: the square of the whole is the sum of the squares.": (
            lambda gradients, limit: [
                g * min(1.0, limit / sum(t.norm().item() for t in gradients))
                for g in gradients
            ]
        ),
    },
)


def loss_of(model, ids):
    return F.cross_entropy(model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def in_parts(weigh):
    """The gradient of the last gain, each part's loss times ``weigh(part, batch)``."""

    def gradient(model, batch, size):
        model.zero_grad()
        for part in batch.split(size):
            (loss_of(model, part) * weigh(part, batch, size)).backward()
        return model.model.norm.weight.grad

    return gradient


def a_model_and_a_batch():
    from .. import qwen3_config

    sizes = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=1)
    sizes |= dict(num_attention_heads=2, num_key_value_heads=1, head_dim=8)
    model = Qwen3ForCausalLM(qwen3_config(**sizes, vocab_size=31))
    with torch.no_grad():
        for seed, parameter in enumerate(model.parameters()):
            parameter.copy_(0.3 * normal(*parameter.shape, seed=seed) + 0.1)
    batch = (normal(5, 8).abs() * 10).long() % 31
    return [(model, batch, 2), (model, batch, 5)]


check_accumulated = Check(
    in_parts(lambda part, batch, size: len(part) / len(batch)),
    cases=a_model_and_a_batch,
    mistakes={
        "the parts' means were added, not weighed by their share.": in_parts(
            lambda part, batch, size: 1.0
        ),
        "all parts count alike there, and the last one has fewer rows.": in_parts(
            lambda part, batch, size: 1 / -(-len(batch) // size)
        ),
        "that is the last part's gradient alone: the others were zeroed.": (
            lambda model, batch, size: torch.autograd.grad(
                loss_of(model, batch.split(size)[-1]), model.model.norm.weight
            )[0]
        ),
    },
)
