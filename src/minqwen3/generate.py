"""Decoding: greedy, and sampled with temperature, top-k, top-p and min-p."""

import warnings
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from .cache import KVCache
from .checks import check_ids, check_mask


def check_sampling(temperature, top_k, top_p, min_p) -> None:
    """Raise ``ValueError`` for a sampling value that cannot work or has no effect."""

    def need(name: str, value, ok: bool, expected: str) -> None:
        if value is not None and not ok:
            raise ValueError(f"{name}: expected {expected}, got {value!r}")

    ok = temperature == 0 or 1e-6 <= temperature < float("inf")
    need("temperature", temperature, ok, "0 (greedy), or a number from 1e-6 on")
    need("top_k", top_k, type(top_k) is int and top_k >= 1, "a whole number above 0")
    need("top_p", top_p, top_p is not None and 0 < top_p <= 1, "above 0, at most 1")
    need("min_p", min_p, min_p is not None and 0 <= min_p <= 1, "between 0 and 1")
    if temperature == 0 and not (top_k is top_p is min_p is None):
        raise ValueError(
            "temperature: 0 decodes greedily, so top_k, top_p and min_p do nothing; "
            "give a temperature above 0"
        )


def check_finite(logits_BV: Tensor) -> None:
    """Raise ``ValueError`` where nothing can be chosen, since a logit is no number."""
    if not logits_BV.isfinite().all():
        raise ValueError(
            "logits: expected finite numbers, got NaN or infinity; the weights are "
            "damaged, or a number overflowed: try dtype float32"
        )


def filter_logits(
    logits_BV: Tensor, temperature=1.0, top_k=None, top_p=None, min_p=None
):
    """Scale logits and set those that may not be drawn to minus infinity.

    In the order of transformers' logits processors: temperature, top-k (Fan et al.,
    arXiv:1805.04833), top-p (Holtzman et al., arXiv:1904.09751), min-p (Nguyen et al.,
    arXiv:2407.01082). The likeliest token always stays.

    Returns:
        Logits of the same shape (B, V), fp32.
    """
    logits_BV = logits_BV.float() / temperature
    if top_k is not None:
        kth = logits_BV.topk(min(top_k, logits_BV.shape[-1])).values[:, -1:]
        logits_BV = logits_BV.masked_fill(logits_BV < kth, -torch.inf)
    if top_p is not None:
        sorted_BV, order_BV = logits_BV.sort(descending=False)
        drop_BV = sorted_BV.softmax(-1).cumsum(-1) <= 1 - top_p
        drop_BV[:, -1] = False
        drop_BV = drop_BV.scatter(1, order_BV, drop_BV)
        logits_BV = logits_BV.masked_fill(drop_BV, -torch.inf)
    if min_p is not None:
        probs_BV = logits_BV.softmax(-1)
        drop_BV = probs_BV < min_p * probs_BV.amax(-1, keepdim=True)
        logits_BV = logits_BV.masked_fill(drop_BV, -torch.inf)
    return logits_BV


def next_ids(logits_BV: Tensor, temperature, top_k, top_p, min_p, generator) -> Tensor:
    """Choose one id a row, shape (B,): the likeliest, or drawn from what is left."""
    if temperature == 0:
        return logits_BV.argmax(-1)
    probs_BV = filter_logits(logits_BV, temperature, top_k, top_p, min_p).softmax(-1)
    return torch.multinomial(probs_BV, 1, generator=generator)[:, 0]


def steps(model, input_ids, attention_mask, choose, cache) -> Iterator[Tensor]:
    """Yield the next ids, shape (B,), step after step: prefill, then decode.

    Positions count from each row's first real token, so that left padding does not
    move them (transformers' ``_prepare_position_ids_for_generation``).
    """
    ids_BT, mask_BS = input_ids, attention_mask.long()
    while True:
        positions_BS = (mask_BS.cumsum(-1) - 1).masked_fill(mask_BS == 0, 0)
        positions_BT = positions_BS[:, -ids_BT.shape[1] :]
        logits = model(ids_BT, mask_BS, positions_BT, cache, logits_to_keep=1)
        chosen_B = choose(logits[:, -1])
        yield chosen_B
        ids_BT, mask_BS = chosen_B[:, None], F.pad(mask_BS, (0, 1), value=1)


@torch.no_grad()
def stream(
    model,
    input_ids: Tensor,
    max_new_tokens: int,
    eos_token_id: int | list[int] | None = None,
    attention_mask: Tensor | None = None,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Tensor]:
    """Yield the tokens that ``generate`` adds, shape (B,), as soon as they are chosen.

    Arguments and errors are those of ``generate``; errors come with the first token.
    """
    check_ids(model.config, input_ids)
    if attention_mask is None:
        attention_mask = torch.ones_like(input_ids)
    check_mask(attention_mask, *input_ids.shape)
    check_sampling(temperature, top_k, top_p, min_p)
    if type(max_new_tokens) is not int or max_new_tokens < 0:
        raise ValueError(f"max_new_tokens: expected 0, 1, 2, …; got {max_new_tokens!r}")
    if not attention_mask[:, -1].all():
        warnings.warn(
            "attention_mask: a row ends in padding, and is continued after it; "
            "pad prompts on the left",
            stacklevel=2,
        )
    eos = model.config.eos_token_id if eos_token_id is None else eos_token_id
    eos = [eos] if isinstance(eos, int) else list(eos or [])
    ends = torch.tensor(eos, device=input_ids.device, dtype=input_ids.dtype)
    done_B = torch.zeros_like(input_ids[:, 0], dtype=torch.bool)

    def choose(logits_BV: Tensor) -> Tensor:
        check_finite(logits_BV)
        chosen_B = next_ids(logits_BV, temperature, top_k, top_p, min_p, generator)
        chosen_B = chosen_B.to(input_ids.dtype)
        return torch.where(done_B, ends[0], chosen_B) if eos else chosen_B

    room = input_ids.shape[1] + max_new_tokens  # made at once, if it is a usual length
    cache = KVCache(room if room <= model.config.max_position_embeddings else None)
    chosen = steps(model, input_ids, attention_mask, choose, cache)
    for _, chosen_B in zip(range(max_new_tokens), chosen, strict=False):
        yield chosen_B
        done_B |= torch.isin(chosen_B, ends)
        if done_B.all():
            break


def generate(
    model,
    input_ids: Tensor,
    max_new_tokens: int,
    eos_token_id: int | list[int] | None = None,
    attention_mask: Tensor | None = None,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Continue prompts, one token at a time, with a KV cache.

    Args:
        input_ids: prompts, (B, T), shorter ones padded on the left.
        max_new_tokens: how many tokens to add at the most.
        eos_token_id: the id, or ids, that end a row; ``None`` takes the config's, as
            transformers does; an empty list never stops.
        attention_mask: (B, T), 1 real and 0 padding; ``None`` means all real.
        temperature: 0 takes the likeliest token; else logits are divided by it.
        top_k: draw among the k likeliest tokens.
        top_p: draw among the fewest tokens whose probabilities reach this sum.
        min_p: draw among tokens at least this times as likely as the likeliest.
        generator: the random source, on the model's device.

    Returns:
        Prompts and continuations, (B, T + n), n at most ``max_new_tokens``; rows that
        ended are filled up with the end token's id. It stops when every row has ended.

    Raises:
        TypeError, ValueError: a bad argument, before anything is computed.
    """
    options = (eos_token_id, attention_mask, temperature, top_k, top_p, min_p)
    added = stream(model, input_ids, max_new_tokens, *options, generator)
    return torch.cat([input_ids, *(chosen_B[:, None] for chosen_B in added)], dim=1)
