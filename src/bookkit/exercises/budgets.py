"""Checks of the exercises in the chapter on budgets."""

from bookkit import count, qwen3_config

from . import Check

CONFIG = qwen3_config()
N, LAYERS = count(CONFIG), CONFIG.num_hidden_layers
WEIGHTS = 2 * N["total"]  # bytes in bf16
IN_LAYERS = LAYERS * (N["self_attn"] - 2 * CONFIG.head_dim + N["mlp"])
A_KEY = LAYERS * 4 * CONFIG.num_attention_heads * CONFIG.head_dim  # FLOPs
A_TOKEN = LAYERS * 4 * CONFIG.num_key_value_heads * CONFIG.head_dim  # bytes of cache

check_speed = Check(
    int(50e9 // WEIGHTS),
    mistakes={
        "a number has two bytes in bf16.": int(50e9 // N["total"]),
        "a number has four bytes in fp32; bf16 was asked for.": int(
            50e9 // (2 * WEIGHTS)
        ),
        "the tied matrix is counted twice.": int(50e9 // (2 * N["printed_total"])),
    },
)


def prefill(T, pairs=None, logits=1):
    pairs = T * (T + 1) // 2 if pairs is None else pairs
    return 2 * IN_LAYERS * T + A_KEY * pairs + 2 * N["lm_head"] * logits


check_prefill = Check(
    prefill,
    cases=[(100,), (1,)],
    mistakes={
        "every token meets every key; skipping was asked for.": lambda T: prefill(
            T, pairs=T * T
        ),
        "a token meets its own key too.": lambda T: prefill(T, pairs=T * (T - 1) // 2),
        "the head works at every position; only the last is wanted.": lambda T: prefill(
            T, logits=T
        ),
    },
)


def gained(ridge, length, a_token=A_TOKEN):
    """FLOPs that a text brings, less those that its own bytes ask for."""
    return 2 * (IN_LAYERS + N["lm_head"]) + A_KEY * length - ridge * a_token * length


def texts(ridge, length, a_token=A_TOKEN):
    gain = gained(ridge, length, a_token)
    return -(-ridge * WEIGHTS // gain) if gain > 0 else 0


check_texts = Check(
    texts,
    cases=[(20, 128), (100, 64), (100, 106), (100, 2048)],
    mistakes={
        "the caches are left out: each text brings its own.": lambda ridge, length: (
            texts(ridge, length, a_token=0)
        ),
        "a negative answer: where a text's own bytes are too many for its FLOPs, "
        "no number of texts will do.": lambda ridge, length: (
            -(-ridge * WEIGHTS // gained(ridge, length))
        ),
        "rounded down: one text fewer misses the ridge.": lambda ridge, length: max(
            texts(ridge, length) - 1, 0
        ),
    },
)
