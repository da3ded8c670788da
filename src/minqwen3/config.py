"""config.json as a checked, frozen object with Hugging Face's field names.

It reads what transformers 4.51 writes (``rope_theta``, ``rope_scaling``,
``torch_dtype``) and what 5.x writes (``rope_parameters``, ``dtype``, ``layer_types``).
A key that is not known is refused: ignoring it could change what the model computes.
"""

import os
import sys
from copy import copy
from dataclasses import MISSING, asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from .files import read_json

ACTIVATIONS = {  # by transformers' names; those whose arithmetic torch has
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "gelu": nn.GELU,
    "gelu_pytorch_tanh": partial(nn.GELU, approximate="tanh"),
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "mish": nn.Mish,
    "hardswish": nn.Hardswish,
    "leaky_relu": nn.LeakyReLU,
    "linear": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "prelu": nn.PReLU,
}

LARGEST = 2**20  # of a size: torch counts a matrix's numbers in 63 bits
DTYPES = ("float16", "bfloat16", "float32", "float64")  # that a model computes in

YARN_KEYS = (
    "factor original_max_position_embeddings attention_factor beta_fast beta_slow "
    "mscale mscale_all_dim truncate"
).split()

# Keys that transformers writes and that no Qwen3 forward pass reads.
IGNORED = set(
    "_attn_implementation_autoset _name_or_path architectures bad_words_ids "
    "begin_suppress_tokens chunk_size_feed_forward decoder_start_token_id "
    "diversity_penalty do_sample early_stopping encoder_no_repeat_ngram_size "
    "exponential_decay_length_penalty finetuning_task forced_bos_token_id "
    "forced_eos_token_id id2label label2id length_penalty max_length min_length "
    "model_type no_repeat_ngram_size num_beam_groups num_beams num_return_sequences "
    "output_attentions output_hidden_states output_scores prefix problem_type "
    "remove_invalid_values repetition_penalty return_dict return_dict_in_generate "
    "sep_token_id suppress_tokens task_specific_params temperature tf_legacy_loss "
    "tokenizer_class top_k top_p torchscript transformers_version typical_p".split()
)

# Keys that would change the arithmetic, and the one value of each that does not.
NEUTRAL = {
    "add_cross_attention": False,
    "cross_attention_hidden_size": None,
    "is_causal": True,
    "is_decoder": False,
    "is_encoder_decoder": False,
    "mlp_bias": False,
    "partial_rotary_factor": 1.0,
    "pruned_heads": {},
    "quantization_config": None,
    "tie_encoder_decoder": False,
    "use_bfloat16": False,
}


def is_int(value: Any) -> bool:
    """True for a whole number; ``True`` and ``False`` are not numbers here."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """True for a finite number that fits in a float."""
    number = is_int(value) or isinstance(value, float)
    return number and abs(value) <= sys.float_info.max


@dataclass(frozen=True)
class Qwen3Config:
    """What ``config.json`` says about a Qwen3 model, checked when it is made.

    Sizes are counts, except where noted. Defaults are those of transformers'
    ``Qwen3Config`` (``models/qwen3/configuration_qwen3.py``); the seven sizes that
    shape the weights have none and must be given.

    Args:
        vocab_size: rows of the embedding (V).
        hidden_size: width of the residual stream (D).
        intermediate_size: width inside the MLP (F).
        num_hidden_layers: decoder layers.
        num_attention_heads: query heads (N).
        num_key_value_heads: key/value heads (K); ``None`` means as many as query heads.
        head_dim: size of one head (H), even; need not be ``hidden_size / heads``.
        rope_scaling: ``None``, or a dict with ``rope_type`` "default" or "yarn".
        sliding_window: keys that a query may look back on, itself included, in tokens.
        max_window_layers: the first layer that is windowed, if ``use_sliding_window``.
        layer_types: one of "full_attention" and "sliding_attention" a layer; ``None``
            derives them from the three keys above, as transformers does.
        torch_dtype: name of the dtype that the weights were saved in, or ``None``.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: a value cannot work, or is not implemented here.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int | None
    head_dim: int
    hidden_act: str = "silu"
    max_position_embeddings: int = 32768
    initializer_range: float = 0.02
    rms_norm_eps: float = 1e-6
    use_cache: bool = True
    tie_word_embeddings: bool = False
    rope_theta: float = 10000.0
    rope_scaling: dict | None = None
    attention_bias: bool = False
    attention_dropout: float = 0.0
    use_sliding_window: bool = False
    sliding_window: int | None = 4096
    max_window_layers: int = 28
    layer_types: list[str] | None = None
    pad_token_id: int | None = None
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None
    torch_dtype: str | None = None

    def __post_init__(self):
        if self.num_key_value_heads is None:
            object.__setattr__(self, "num_key_value_heads", self.num_attention_heads)
        for name in ("rope_scaling", "layer_types", "eos_token_id"):
            # a caller who changes the dict later, as transformers does, changes nothing
            object.__setattr__(self, name, copy(getattr(self, name)))
        _check_types(self)
        _check_values(self)
        _check_tokens(self)
        _check_rope(self)
        _check_layers(self)

    @property
    def rope_type(self) -> str:
        """ "default" or "yarn"; older configs write the key as ``type``."""
        rope = self.rope_scaling or {}
        return rope.get("rope_type", rope.get("type", "default"))

    def layer_window(self, layer_idx: int) -> int | None:
        """The sliding window of one layer in tokens, or ``None`` for full attention.

        Source: ``Qwen3Config.__post_init__`` in transformers 5.
        """
        if self.layer_types is not None:
            windowed = self.layer_types[layer_idx] == "sliding_attention"
        else:
            windowed = layer_idx >= self.max_window_layers
        return self.sliding_window if windowed and self.use_sliding_window else None

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "Qwen3Config":
        """Make a config from the dict that ``config.json`` holds.

        Raises:
            TypeError: ``d`` is not a dict, or a value has the wrong type.
            ValueError: a key is missing, unknown or not implemented; a value is bad.
        """
        if not isinstance(d, dict):
            raise TypeError(f"config: expected a dict, got {type(d).__name__}")
        if d.get("model_type", "qwen3") != "qwen3":
            raise ValueError(
                f"model_type: {d['model_type']!r} is not 'qwen3'; minqwen3 implements "
                "the dense Qwen3 models only"
            )
        known = {f.name: f for f in fields(cls)}
        d = _without_neutral(_rope_as_in_4(dict(d)))
        if "dtype" in d:
            d["torch_dtype"] = d.pop("dtype")
        unknown = sorted(set(d) - set(known) - IGNORED)
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)}: not known to minqwen3, so it may change what "
                "the model computes; remove the key if it does not"
            )
        missing = [n for n, f in known.items() if f.default is MISSING and n not in d]
        if missing:
            raise ValueError(f"{', '.join(missing)}: missing from the config")
        return cls(**{key: value for key, value in d.items() if key in known})

    @classmethod
    def from_json(cls, path: str | os.PathLike) -> "Qwen3Config":
        """Read a ``config.json``; errors are those of ``from_dict``, with the path."""
        path = Path(path)
        if path.is_dir():
            path = path / "config.json"
        d = read_json(path)
        try:
            return cls.from_dict(d)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{path}: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """The config as ``config.json`` holds it; transformers 4.51 and 5.x load it.

        The keys of 4.51 are written, since 5.x reads both spellings.
        """
        d = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"}
        d |= asdict(self)
        if not self.use_sliding_window:  # 4.51's eager path reads the window unasked
            d["sliding_window"] = None
        for key in ("layer_types", "pad_token_id", "torch_dtype"):
            if d[key] is None:
                del d[key]
        return d


def _rope_as_in_4(d: dict[str, Any]) -> dict[str, Any]:
    """Fold 5.x's ``rope_parameters`` into ``rope_theta`` and ``rope_scaling``."""
    rope = d.pop("rope_parameters", None)
    if rope is None:
        return d
    if d.get("rope_scaling") is not None:
        raise ValueError("rope_scaling, rope_parameters: both are given; keep one")
    if not isinstance(rope, dict):
        raise TypeError(f"rope_parameters: expected a dict, got {rope!r}")
    rope = dict(rope)
    d["rope_theta"] = rope.pop("rope_theta", d.get("rope_theta", 10000.0))
    d["rope_scaling"] = None if rope in ({}, {"rope_type": "default"}) else rope
    return d


def _without_neutral(d: dict[str, Any]) -> dict[str, Any]:
    """Drop the keys of ``NEUTRAL``; refuse one that holds another value."""
    for key in NEUTRAL.keys() & d.keys():
        value = d.pop(key)
        if value is not None and value != NEUTRAL[key]:
            raise ValueError(
                f"{key}: {value!r} changes what the model computes and is not "
                f"implemented; only {NEUTRAL[key]!r} is"
            )
    return d


def _check_types(config: Qwen3Config) -> None:
    """Hold every field's value against its annotation."""
    for field in fields(config):
        value = getattr(config, field.name)
        wanted = {
            int: is_int(value),
            int | None: value is None or is_int(value),
            float: is_number(value),
            bool: isinstance(value, bool),
            str: isinstance(value, str),
            str | None: value is None or isinstance(value, str),
            dict | None: value is None or isinstance(value, dict),
            list[str] | None: value is None
            or (isinstance(value, list) and all(isinstance(v, str) for v in value)),
            int | list[int] | None: value is None
            or is_int(value)
            or (isinstance(value, list) and all(map(is_int, value))),
        }[field.type]
        if not wanted:
            name = getattr(field.type, "__name__", None)
            name = name if isinstance(field.type, type) else str(field.type)
            raise TypeError(f"{field.name}: expected {name}, got {value!r}")


def _need(config: Qwen3Config, name: str, ok: bool, expected: str) -> None:
    if not ok:
        value = getattr(config, name)
        raise ValueError(f"{name}: expected {expected}, got {value!r}")


def _check_values(config: Qwen3Config) -> None:
    """Refuse sizes and rates that no model can have."""

    need = partial(_need, config)
    for name in (
        "vocab_size hidden_size intermediate_size num_hidden_layers "
        "num_attention_heads num_key_value_heads head_dim"
    ).split():
        need(name, 1 <= getattr(config, name) <= LARGEST, f"1 to {LARGEST}")
    longest = config.max_position_embeddings
    need("max_position_embeddings", 1 <= longest < 2**31, "1 to 2**31 - 1")
    heads = config.num_attention_heads
    need(
        "num_key_value_heads",
        heads % config.num_key_value_heads == 0,
        f"a divisor of num_attention_heads ({heads})",
    )
    need("head_dim", config.head_dim % 2 == 0, "an even number, since RoPE turns pairs")
    known = ", ".join(ACTIVATIONS)
    need("hidden_act", config.hidden_act in ACTIVATIONS, f"one of {known}")
    need("rms_norm_eps", config.rms_norm_eps >= 0, "0 or more")
    need("initializer_range", config.initializer_range >= 0, "0 or more")
    # beyond these, fp32 makes its powers 0 or infinite
    need("rope_theta", 1e-30 <= config.rope_theta <= 1e30, "1e-30 to 1e30, above 0")
    need("attention_dropout", 0 <= config.attention_dropout < 1, "0 or more, below 1")
    need("max_window_layers", config.max_window_layers >= 0, "0 or more")
    dtype = (config.torch_dtype or DTYPES[0]).removeprefix("torch.")
    need("torch_dtype", dtype in DTYPES, f"one of {', '.join(DTYPES)}")


def _check_tokens(config: Qwen3Config) -> None:
    """Refuse ids that no row of the embedding, or no tensor of ids, can have."""
    need, pad = partial(_need, config), config.pad_token_id
    fits = pad is None or 0 <= pad < config.vocab_size
    need("pad_token_id", fits, "an id below vocab_size")
    for name in ("bos_token_id", "eos_token_id"):
        ids = getattr(config, name)
        ids = ids if isinstance(ids, list) else [ids or 0]
        need(name, all(abs(i) < 2**31 for i in ids), "ids, below 2**31")


def _check_rope(config: Qwen3Config) -> None:
    """Accept no scaling, or YaRN with keys that are implemented."""
    if config.rope_scaling is None:
        return
    kind, rope = config.rope_type, dict(config.rope_scaling)
    rope.pop("rope_type", None), rope.pop("type", None)
    if kind not in ("default", "yarn"):
        raise ValueError(
            f"rope_scaling: rope_type {kind!r} is not implemented; "
            "'default' and 'yarn' are"
        )
    unknown = sorted(set(rope) - set(YARN_KEYS if kind == "yarn" else ()))
    if unknown:
        names = ", ".join(unknown)
        raise ValueError(f"rope_scaling: {names}: not known for type {kind!r}")
    if kind == "yarn" and not (is_number(rope.get("factor")) and rope["factor"] >= 1):
        raise ValueError(
            f"rope_scaling: yarn needs factor, 1 or more; got {rope.get('factor')!r}"
        )
    if kind == "yarn" and config.rope_theta <= 1:
        raise ValueError(
            "rope_theta: expected more than 1, since yarn divides by its logarithm; "
            f"got {config.rope_theta!r}"
        )
    for key, value in rope.items():
        ok = is_number(value) and 1e-9 <= value <= 1e9
        if key == "truncate":
            ok = isinstance(value, bool)
        if value is not None and not ok:
            raise ValueError(
                f"rope_scaling: {key} cannot be {value!r}; expected a number from 1e-9 "
                "to 1e9, or for truncate true or false"
            )


def _check_layers(config: Qwen3Config) -> None:
    """Hold ``layer_types`` and the sliding window against the number of layers."""
    types, layers = config.layer_types, config.num_hidden_layers
    if types is not None and len(types) != layers:
        raise ValueError(
            f"layer_types: expected {layers} entries, one a layer, got {len(types)}"
        )
    for name in types or ():
        if name not in ("full_attention", "sliding_attention"):
            raise ValueError(
                f"layer_types: {name!r} is not implemented; full_attention and "
                "sliding_attention are"
            )
    if config.sliding_window is not None and not 1 <= config.sliding_window < 2**31:
        raise ValueError(
            f"sliding_window: expected 1 to 2**31 - 1, got {config.sliding_window}"
        )
    window = config.sliding_window if config.use_sliding_window else None
    if "sliding_attention" in (types or ()) and window is None:
        raise ValueError(
            "layer_types: sliding_attention needs use_sliding_window and sliding_window"
        )
