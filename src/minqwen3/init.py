"""Weights before training."""

from torch import nn


def init_weights(module: nn.Module, std: float) -> None:
    """Draw matrices from a normal distribution, set biases to zero; gains stay one.

    Args:
        module: one module, as ``nn.Module.apply`` hands them over.
        std: the standard deviation, the config's ``initializer_range``.

    Source: transformers' ``PreTrainedModel._init_weights``.
    """
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=std)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        nn.init.zeros_(module.weight[module.padding_idx])
