"""What is checked before a model computes: one clear error, and nothing has changed."""

import warnings

import torch
from torch import Tensor

from .cache import KVCache
from .config import Qwen3Config

ATTENTION = ("eager", "sdpa")


def check_attention(name: str) -> None:
    """Raise ``ValueError`` for an attention implementation that there is not."""
    if name not in ATTENTION:
        raise ValueError(
            f"attn_implementation: expected one of {', '.join(ATTENTION)}, got {name!r}"
        )


def check_ids(config: Qwen3Config, input_ids: Tensor) -> None:
    """Hold token ids against the vocabulary.

    Raises:
        TypeError: not a tensor of whole numbers.
        ValueError: not of shape (B, T) with T at least 1, or an id out of range.
    """
    if not isinstance(input_ids, Tensor):
        kind = type(input_ids).__name__
        raise TypeError(f"input_ids: expected a tensor of token ids, got {kind}")
    if input_ids.dtype not in (torch.int64, torch.int32):
        raise TypeError(
            f"input_ids: expected int64 or int32, got {input_ids.dtype}; "
            "token ids are whole numbers"
        )
    if input_ids.ndim != 2:
        raise ValueError(
            f"input_ids: expected shape (batch, length), got {tuple(input_ids.shape)}; "
            "one prompt is a batch of one: ids[None]"
        )
    if input_ids.numel() == 0:
        raise ValueError(
            f"input_ids: empty, shape {tuple(input_ids.shape)}; give at least one token"
        )
    if input_ids.is_meta:  # a shape without values, to count FLOPs with
        return
    low, high = (int(v) for v in input_ids.aminmax())
    if low < 0 or high >= config.vocab_size:
        bad = low if low < 0 else high
        raise ValueError(
            f"input_ids: {bad} is out of range; this model knows the ids "
            f"0 to {config.vocab_size - 1}"
        )


def check_mask(attention_mask: Tensor, batch: int, length: int) -> None:
    """Raise ``ValueError`` unless the mask is 0 and 1 (or bool), of (batch, length)."""
    if not isinstance(attention_mask, Tensor):
        kind = type(attention_mask).__name__
        raise TypeError(f"attention_mask: expected a tensor, got {kind}")
    if attention_mask.shape != (batch, length):
        raise ValueError(
            f"attention_mask: expected shape {(batch, length)}, a column for every "
            f"position, cached ones included; got {tuple(attention_mask.shape)}"
        )
    if attention_mask.dtype != torch.bool:
        if not ((attention_mask == 0) | (attention_mask == 1)).all():
            raise ValueError("attention_mask: expected only 1 (real) and 0 (padding)")


def check_inputs(
    config: Qwen3Config,
    input_ids: Tensor,
    attention_mask: Tensor | None,
    position_ids: Tensor | None,
    cache: KVCache | None,
) -> None:
    """Check all that a forward pass is given, before it computes or caches anything.

    Raises:
        TypeError, ValueError: as ``check_ids`` and ``check_mask``; positions that are
            not whole numbers of shape (B, T) or (1, T); a cache that is full or holds
            another batch. Positions past ``max_position_embeddings`` only warn, since
            transformers too goes on.
    """
    check_ids(config, input_ids)
    B, T = input_ids.shape
    past = 0 if cache is None else cache.length
    if attention_mask is not None:
        check_mask(attention_mask, B, past + T)
    if position_ids is not None:
        if position_ids.is_floating_point() or position_ids.dtype == torch.bool:
            raise TypeError(
                f"position_ids: expected integers, got {position_ids.dtype}"
            )
        if position_ids.shape not in ((B, T), (1, T)):
            raise ValueError(
                f"position_ids: expected shape {(B, T)} or {(1, T)}, "
                f"got {tuple(position_ids.shape)}"
            )
    if cache is not None:
        cache.check_room(B, T)
    last = past + T - 1 if position_ids is None else int(position_ids.max())
    if last >= config.max_position_embeddings:
        warnings.warn(
            f"the sequence is longer than {config.max_position_embeddings} positions, "
            "which the model was made for (max_position_embeddings)",
            stacklevel=3,
        )
