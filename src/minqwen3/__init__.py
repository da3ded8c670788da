"""A small Qwen3 that equals transformers' to the bit and reads in one sitting."""

from .cache import KVCache
from .config import Qwen3Config
from .generate import generate, stream
from .hub import locate
from .model import (
    Qwen3Attention,
    Qwen3DecoderLayer,
    Qwen3ForCausalLM,
    Qwen3MLP,
    Qwen3Model,
    Qwen3RMSNorm,
    Qwen3RotaryEmbedding,
)
from .tokenizer import Qwen3Tokenizer

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
    "Qwen3Tokenizer",
    "generate",
    "locate",
    "stream",
]
__version__ = "0.1.0"
