"""A drawing in two layouts, the sizes that it is drawn from, and their register."""

import ast
import functools
import json
import zlib

from bookkit.printouts import CONFIG

from .shapes import NARROW, WIDE
from .sheet import Sheet

TOKENS = [
    ("to", 983),
    ("·be", 387),
    ("·or", 476),
    ("·not", 537),
    ("·to", 311),
    ("·be", 387),
]
"""A text that repeats a token, with its ids in Qwen3's tokenizer; · is a space."""


class Sizes:
    """The book's letters and the counts of parameters, from a config."""

    def __init__(self, config: dict):
        self.config = config
        self.V, self.D, self.F, self.L, self.N, self.K, self.H = (
            config[key]
            for key in (
                "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                "num_attention_heads", "num_key_value_heads", "head_dim",
            )
        )  # fmt: skip
        V, D, F, N, K, H = self.V, self.D, self.F, self.N, self.K, self.H
        self.G = N // K
        self.theta, self.eps = config["rope_theta"], config["rms_norm_eps"]
        self.tied, self.act = config["tie_word_embeddings"], config["hidden_act"]
        self.dtype = config["torch_dtype"]
        self.bits = {"bfloat16": 16, "float16": 16, "float32": 32}[self.dtype]
        self.shapes = {  # a Linear's weight: out by in
            "q_proj": (N * H, D), "k_proj": (K * H, D), "v_proj": (K * H, D),
            "o_proj": (D, N * H), "gate_proj": (F, D), "up_proj": (F, D),
            "down_proj": (D, F),
        }  # fmt: skip
        self.count = {name: a * b for name, (a, b) in self.shapes.items()}
        self.count |= dict.fromkeys(("q_norm", "k_norm"), H)
        norms = ("input_layernorm", "post_attention_layernorm")
        self.count |= dict.fromkeys((*norms, "norm"), D)
        attention = ("q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm")
        self.count["self_attn"] = sum(self.count[name] for name in attention)
        self.count["mlp"] = sum(
            self.count[n] for n in ("gate_proj", "up_proj", "down_proj")
        )
        self.count["layer"] = 2 * D + self.count["self_attn"] + self.count["mlp"]
        self.count["embed_tokens"] = self.count["lm_head"] = V * D
        self.count["model"] = (
            V * D * (1 if self.tied else 2) + self.L * self.count["layer"] + D
        )

    def of(self, name: str, short=False) -> str:
        """How many parameters a module has, in full or to three digits."""
        return brief(self.count[name]) if short else f"{self.count[name]:,}"


def brief(value: float) -> str:
    """1048576 as 1.0M, and 155582464 as 156M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.{0 if value >= 10 * size else 1}f}{unit}"
    return f"{value:,}"


def plain(value) -> str:
    """A config value as a reader writes it."""
    return f"{value:,}" if type(value) is int else json.dumps(value).strip('"')


def shape(*sizes) -> str:
    return f"({', '.join(str(size) for size in sizes)})"


class Drawing:
    """A drawing in two layouts; as the last value of a cell it shows itself."""

    def __init__(self, function, title: str, config=None, **options):
        self.function, self.title = function, title
        self.options = {name: value for name, value in options.items() if value}
        self.sizes = Sizes(config or CONFIG)
        words, said = [function.__name__], {"lit", "chapter"}
        for value in (self.options[name] for name in self.options if name in said):
            words += [value] if isinstance(value, str) else value
        if self.options.keys() - said:  # a cell's data, too long for an id
            words.append(f"{zlib.crc32(repr(self.options).encode()):08x}")
        self.name = "-".join(["draw", *words]).replace("_", "-").replace(" ", "-")
        self.desc = self.draw(WIDE)[1]

    def draw(self, width: int, inline=False) -> tuple[Sheet, str]:
        sheet = Sheet(width, self.options.get("lit", ()), inline)
        options = {name: value for name, value in self.options.items() if name != "lit"}
        words = self.function(sheet, self.sizes, **options)
        return sheet, " ".join(words.split())

    @property
    def call(self) -> str:
        """What a cell says to get this drawing; ``from_call`` reads it."""
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{self.function.__name__}({options})"

    def svg(self, narrow=False, inline=False, target=None) -> str:
        """The SVG text: on white paper for a file, inline for a page with a theme.

        ``target`` takes the name of a shape and returns what it links to, or None.
        """
        sheet, _ = self.draw(NARROW if narrow else WIDE, inline)
        name = self.name + ("-narrow" if narrow else "")
        return sheet.svg(name, self.title, self.desc, self.call, inline, target)

    def html(self, target=None) -> str:
        """Both layouts for a page; its style sheet shows the one that fits."""
        wide = self.svg(inline=True, target=target)
        narrow = self.svg(narrow=True, inline=True, target=target)
        narrow = narrow.replace("<svg ", '<svg display="none" ', 1)
        return f'<div class="drawing">{wide}{narrow}</div>'

    def __repr__(self) -> str:
        return f"{self.title}. {self.desc}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}


DRAWINGS = {}


def drawing(title: str):
    """Make a function that draws on a sheet into one that returns a Drawing."""

    def wrap(function):
        @functools.wraps(function)
        def make(config=None, **options):
            return Drawing(function, title, config, **options)

        DRAWINGS[function.__name__] = make
        return make

    return wrap


def from_call(text: str) -> Drawing:
    """The drawing that ``Drawing.call`` names; literals alone are read."""
    call = ast.parse(text, mode="eval").body
    options = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    places = [ast.literal_eval(value) for value in call.args]
    return DRAWINGS[call.func.id](*places, **options)
