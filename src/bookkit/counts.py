"""Parameters counted from the config alone, by formula."""

from minqwen3 import Qwen3Config


def count(config: Qwen3Config) -> dict[str, int]:
    """Parameters of every kind of module, without building one.

    Letters as in ``minqwen3.model``. Keys are the names in the printed tree; a parent's
    count is the sum of its children's. ``total`` counts a tied head once, as memory
    does; ``printed_total`` counts it twice, as torchinfo 1.8.0 does.
    """
    V, D, F = config.vocab_size, config.hidden_size, config.intermediate_size
    N, K, H = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    bias = int(config.attention_bias)
    n = {
        "embed_tokens": V * D,
        "q_proj": (D + bias) * N * H,
        "k_proj": (D + bias) * K * H,
        "v_proj": (D + bias) * K * H,
        "o_proj": (N * H + bias) * D,
        "q_norm": H,
        "k_norm": H,
        "gate_proj": D * F,
        "up_proj": D * F,
        "down_proj": F * D,
        "act_fn": int(config.hidden_act == "prelu"),
        "input_layernorm": D,
        "post_attention_layernorm": D,
        "norm": D,
        "rotary_emb": 0,
        "lm_head": V * D,
    }
    names = "q_proj k_proj v_proj o_proj q_norm k_norm".split()
    n["self_attn"] = sum(n[name] for name in names)
    n["mlp"] = sum(n[name] for name in "gate_proj up_proj down_proj act_fn".split())
    norms = n["input_layernorm"] + n["post_attention_layernorm"]
    n["layer"] = n["self_attn"] + n["mlp"] + norms
    n["layers"] = config.num_hidden_layers * n["layer"]
    n["model"] = n["embed_tokens"] + n["layers"] + n["norm"]
    n["printed_total"] = n["model"] + n["lm_head"]
    n["total"] = n["model"] if config.tie_word_embeddings else n["printed_total"]
    return n
