"""RoPE for texts longer than the training's: YaRN (Peng et al., arXiv:2309.00071)."""

import math
import warnings
from collections.abc import Mapping

import torch
from torch import Tensor

from .config import Qwen3Config


def correction_pair(turns: float, dim: int, theta: float, length: int) -> float:
    """The pair, as a real number, that makes ``turns`` turns over ``length`` positions.

    Pair i has the wavelength ``2 pi theta^(2i/dim)`` positions; solve for i.
    Source: arXiv:2309.00071, section 3.2.
    """
    return dim * math.log(length / (turns * 2 * math.pi)) / (2 * math.log(theta))


def attention_factor(rope: Mapping) -> float:
    """What cosines and sines are multiplied with, so that attention stays as sharp.

    Source: arXiv:2309.00071, section 3.4; ``mscale`` and ``mscale_all_dim`` are
    DeepSeek's generalisation, as in transformers' ``_compute_yarn_parameters``.
    """

    def mscale(m: float) -> float:
        return 1.0 if rope["factor"] <= 1 else 0.1 * m * math.log(rope["factor"]) + 1.0

    if rope.get("attention_factor") is not None:
        return rope["attention_factor"]
    m, m_all = rope.get("mscale"), rope.get("mscale_all_dim")
    return mscale(m) / mscale(m_all) if m and m_all else mscale(1)


def yarn_frequencies(config: Qwen3Config) -> tuple[Tensor, float]:
    """Keep the frequencies of fast pairs, divide those of slow ones by ``factor``.

    Returns:
        Frequencies in radians a position, fp32, shape (head_dim / 2,), and the factor
        for cosines and sines. Equal to the bit with transformers 5's
        ``modeling_rope_utils._compute_yarn_parameters``.
    """
    rope, dim, theta = config.rope_scaling, config.head_dim, config.rope_theta
    length = rope.get("original_max_position_embeddings")
    length = length or config.max_position_embeddings
    if config.max_position_embeddings / length not in (1, rope["factor"]):
        warnings.warn(
            f"rope_scaling: factor {rope['factor']} is used, although "
            f"max_position_embeddings / original_max_position_embeddings is "
            f"{config.max_position_embeddings / length}; transformers 4.51 used it",
            stacklevel=2,
        )
    low = correction_pair(rope.get("beta_fast") or 32, dim, theta, length)
    high = correction_pair(rope.get("beta_slow") or 1, dim, theta, length)
    if rope.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dim - 1)
    if low == high:
        high += 0.001
    ramp = ((torch.arange(dim // 2).float() - low) / (high - low)).clamp(0, 1)
    keep, powers = 1 - ramp, theta ** (torch.arange(0, dim, 2).float() / dim)
    slowed = 1.0 / (rope["factor"] * powers)
    return slowed * (1 - keep) + 1.0 / powers * keep, attention_factor(rope)
