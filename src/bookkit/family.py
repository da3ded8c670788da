"""The dense Qwen3 models' sizes, and which printed lines each config key touches."""

from .places import TREE

NAMES = (
    "num_hidden_layers hidden_size num_attention_heads num_key_value_heads "
    "head_dim intermediate_size tie_word_embeddings"
).split()

# From each model's config.json on the hub (huggingface.co/Qwen). Layers, heads and
# tying are also in the technical report, arXiv:2505.09388, table 1.
SIZES = {
    "Qwen3-0.6B": (28, 1024, 16, 8, 128, 3072, True),
    "Qwen3-1.7B": (28, 2048, 16, 8, 128, 6144, True),
    "Qwen3-4B": (36, 2560, 32, 8, 128, 9728, True),
    "Qwen3-8B": (36, 4096, 32, 8, 128, 12288, False),
    "Qwen3-14B": (40, 5120, 40, 8, 128, 17408, False),
    "Qwen3-32B": (64, 5120, 64, 8, 128, 25600, False),
}
FAMILY = {
    name: dict(zip(NAMES, sizes, strict=True)) | {"vocab_size": 151936}
    for name, sizes in SIZES.items()
}

LAYER = "model.layers.0"
ATTENTION = f"{LAYER}.self_attn"
QKVO = [f"{ATTENTION}.{name}_proj" for name in "qkvo"]
MLP = [f"{LAYER}.mlp.{name}_proj" for name in ("gate", "up", "down")]
NORMS = [path for path in TREE if path.endswith("norm")]
STREAM_NORMS = [path for path in NORMS if not path.startswith(ATTENTION)]
ENDS = ["model.embed_tokens", "lm_head"]
ROPE = ["model.rotary_emb"]

# Tree lines whose text, numbers or arithmetic change with a key.
TOUCHES = {
    "architectures": [""],
    "attention_bias": QKVO,
    "attention_dropout": [ATTENTION],
    "bos_token_id": [],
    "eos_token_id": [],
    "head_dim": [*QKVO, f"{ATTENTION}.q_norm", f"{ATTENTION}.k_norm", *ROPE],
    "hidden_act": [f"{LAYER}.mlp.act_fn"],
    "hidden_size": [*ENDS, *QKVO, *MLP, *STREAM_NORMS],
    "initializer_range": [*ENDS, *QKVO, *MLP],
    "intermediate_size": MLP,
    "max_position_embeddings": [],
    "max_window_layers": [ATTENTION],
    "model_type": [""],
    "num_attention_heads": [QKVO[0], QKVO[3], ATTENTION],
    "num_hidden_layers": ["model.layers", LAYER],
    "num_key_value_heads": [QKVO[1], QKVO[2], ATTENTION],
    "rms_norm_eps": NORMS,
    "rope_scaling": ROPE,
    "rope_theta": ROPE,
    "sliding_window": [ATTENTION],
    "tie_word_embeddings": ENDS,
    "torch_dtype": [*ENDS, *QKVO, *MLP, *NORMS],
    "transformers_version": [],
    "use_cache": [ATTENTION],
    "use_sliding_window": [ATTENTION],
    "vocab_size": ENDS,
}
