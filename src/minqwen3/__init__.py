"""A small Qwen3 that equals transformers' to the bit and reads in one sitting."""

from .cache import KVCache
from .config import Qwen3Config
from .generate import generate
from .model import (
    Qwen3Attention,
    Qwen3DecoderLayer,
    Qwen3ForCausalLM,
    Qwen3MLP,
    Qwen3Model,
    Qwen3RMSNorm,
    Qwen3RotaryEmbedding,
)

__all__ = [
    "KVCache",
    "Qwen3Attention",
    "Qwen3Config",
    "Qwen3DecoderLayer",
    "Qwen3ForCausalLM",
    "Qwen3MLP",
    "Qwen3Model",
    "Qwen3RMSNorm",
    "Qwen3RotaryEmbedding",
    "generate",
]
__version__ = "0.1.0"
