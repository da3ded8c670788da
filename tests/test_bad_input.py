"""What is wrong from outside: each case has one error, of minqwen3's own, that helps.

Cases that other files hold (test_errors, test_checkpoint, test_tokenizer, test_cli) are
not here again. None needs a second; the limits on memory and time below are far above
that, and far below what a size would take that is believed.

A flipped byte among a checkpoint's numbers is another number: safetensors has no
checksum, and nothing can notice.
"""

import contextlib
import io
import json
import os
import random
import resource
import signal
import struct
import sys
import traceback
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from minqwen3 import Qwen3Config, Qwen3ForCausalLM, Qwen3Tokenizer, hub
from minqwen3.__main__ import main

CONFIG = {
    "vocab_size": 31,
    "hidden_size": 32,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}
YARN = {"rope_type": "yarn", "factor": 2.0}
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
TOKENIZER, SETTINGS = "tokenizer.json", "tokenizer_config.json"
FOLDER, PIPE, GONE = "a folder", "a pipe", None  # instead of a file's bytes
MEMORY, SECONDS = 512 * 2**20, 60
DEEP = b"[" * 200_000  # nested beyond what json can follow
NORM = "model.norm.weight"


class Refusal(Exception):
    """What ``python -m minqwen3`` printed on standard error, and ended with 1 or 2."""


@pytest.fixture(autouse=True)
def bounded():
    """Let no test take more memory than ``MEMORY``, or longer than ``SECONDS``."""

    def late(*_):
        raise TimeoutError(f"still at work after {SECONDS} seconds")

    limits = resource.getrlimit(resource.RLIMIT_AS)
    size = Path("/proc/self/statm")  # where there is none, only time is bounded
    if size.exists():
        now = int(size.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, limits[1]))
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> dict[str, bytes]:
    """The files of a good checkpoint; the tokenizer's are the small checkpoint's."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("good")
    Qwen3ForCausalLM(Qwen3Config.from_dict(CONFIG)).save_pretrained(folder)
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    for name in (TOKENIZER, SETTINGS):
        files[name] = (hub.SMALL / name).read_bytes()
    return files


def write(folder: Path, files: dict) -> None:
    for name, data in files.items():
        if data is FOLDER:
            (folder / name).mkdir()
        elif data is PIPE:
            os.mkfifo(folder / name)
        elif data is not GONE:
            data = json.dumps(data) if isinstance(data, dict | list) else data
            data = data.encode() if isinstance(data, str) else data
            (folder / name).write_bytes(data)


def listing(folder: Path) -> dict:
    return {f: f.is_file() and f.stat().st_mtime_ns for f in folder.rglob("*")}


# What a case does. Each maker returns a function of the folder and the good files.


def config(**changes):
    return lambda *_: Qwen3Config.from_dict(CONFIG | changes)


def checkpoint(changed=None, **options):
    """Load a checkpoint with some of its files changed; nothing may have happened."""

    def act(folder, good):
        files = changed(good) if callable(changed) else changed or {}
        write(folder, good | files)
        before, random_state = listing(folder), torch.get_rng_state()
        try:
            Qwen3ForCausalLM.from_pretrained(folder, **options)
        finally:
            assert listing(folder) == before
            assert torch.equal(torch.get_rng_state(), random_state)

    return act


def in_config(**changes):
    return checkpoint(
        lambda good: {"config.json": json.loads(good["config.json"]) | changes}
    )


def save(name="", max_shard_size=None):
    """Save over a checkpoint, or in place of its file ``name``, which must stay."""

    def act(folder, good):
        write(folder, good)
        before = listing(folder)
        try:
            model = Qwen3ForCausalLM(Qwen3Config.from_dict(CONFIG))
            model.save_pretrained(folder / name, max_shard_size)
        finally:
            assert listing(folder) == before

    return act


def index(text):
    return checkpoint({WEIGHTS: GONE, INDEX: text})


def weight_map(file):
    return index({"weight_map": {NORM: file}})


def split(data: bytes) -> tuple[dict, bytes]:
    """A safetensors file's header and its tensors' bytes."""
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def header(change):
    """Rewrite the header: ``change`` gets it and returns another, or bytes."""

    def changed(good):
        head, body = split(good[WEIGHTS])
        head = change(head)
        head = head if isinstance(head, bytes) else json.dumps(head).encode()
        return {WEIGHTS: struct.pack("<Q", len(head)) + head + body}

    return checkpoint(changed)


def norm(**changes):
    """Rewrite what the header says of one tensor."""
    return header(lambda head: head | {NORM: head[NORM] | changes})


def dtypes(*names):
    """Save the first tensors in other dtypes, and let the config name none."""

    def act(folder, good):
        said = json.loads(good["config.json"])
        del said["torch_dtype"]
        write(folder, good | {"config.json": said})
        tensors = load_file(folder / WEIGHTS)
        for tensor, name in zip(sorted(tensors), names, strict=False):
            tensors[tensor] = tensors[tensor].to(getattr(torch, name))
        save_file(tensors, folder / WEIGHTS)
        Qwen3ForCausalLM.from_pretrained(folder)

    return act


def tokenizer(files, **more):
    def act(folder, good):
        write(folder, good | files | more)
        tokenizer = Qwen3Tokenizer.from_pretrained(folder)
        tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}])

    return act


def settings(**changes):
    said = json.loads((hub.SMALL / SETTINGS).read_text())
    return tokenizer({SETTINGS: said | changes})


def template(text):
    return settings(chat_template=text)


def in_model(**changes):
    def act(folder, good):
        said = json.loads(good[TOKENIZER])
        said["model"] |= changes
        tokenizer({TOKENIZER: said})(folder, good)

    return act


def command(*arguments, variable="", stdin=b"", files=None):
    """Run ``python -m minqwen3``; ``FOLDER`` as an argument is the checkpoint's."""

    def act(folder, good):
        if files is not None:
            write(folder, good | (files(good) if callable(files) else files))
        given = None if stdin is None else io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
        out, err = io.StringIO(), io.StringIO()
        typed = [str(folder) if a is FOLDER else a for a in arguments]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(hub.VARIABLE, variable)
            patch.setattr(sys, "stdin", given)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    code = main([*typed, "--max-new-tokens", "3"])
                except SystemExit as stop:  # argparse
                    code = stop.code
        lines = err.getvalue().splitlines()
        assert not out.getvalue() and "Traceback" not in err.getvalue()
        assert code == 2 or len(lines) == 1
        if code:
            raise Refusal(lines[-1])

    return act


def sampled(*arguments):
    return command("x", "--temperature", "1", *arguments)


def not_a_number(good):
    """The small model with a NaN in it."""
    data = bytearray((hub.SMALL / WEIGHTS).read_bytes())
    head, body = split(bytes(data))
    at = len(data) - len(body) + head[NORM]["data_offsets"][0]
    data[at : at + 4] = b"\xff" * 4
    return {WEIGHTS: bytes(data)} | {
        "config.json": (hub.SMALL / "config.json").read_bytes()
    }


HUGE = 10**30
F, T, V = FileNotFoundError, TypeError, ValueError
# A name; what happens; the error; a piece that says what is wrong; what to do about it.
CASES = [
    # config: sizes and numbers
    ("size: string", config(vocab_size="31"), T, "got '31'", "expected int"),
    ("size: true", config(num_hidden_layers=True), T, "got True", "expected int"),
    ("size: infinite", config(head_dim=float("inf")), T, "got inf", "expected int"),
    ("size: huge", config(hidden_size=HUGE), V, f"got {HUGE}", "1 to 1048576"),
    ("size: 2**40", config(vocab_size=2**40), V, "vocab_size", "1 to 1048576"),
    ("layers: none", config(num_hidden_layers=0), V, "got 0", "1 to"),
    ("positions", config(max_position_embeddings=10**400), V, "got 1000", "1 to 2**31"),
    (
        "activation: list",
        config(hidden_act=["silu"]),
        T,
        "got ['silu']",
        "expected str",
    ),
    ("theta: huge int", config(rope_theta=10**400), T, "rope_theta", "expected float"),
    ("theta: tiny", config(rope_theta=1e-300), V, "got 1e-300", "1e-30 to 1e30"),
    ("theta: huge", config(rope_theta=1e300), V, "got 1e+300", "1e-30 to 1e30"),
    ("std: negative", config(initializer_range=-1.0), V, "got -1.0", "0 or more"),
    ("eps: negative", config(rms_norm_eps=-1e-6), V, "rms_norm_eps", "0 or more"),
    ("pad: no row", config(pad_token_id=31), V, "got 31", "below vocab_size"),
    ("eos: huge", config(eos_token_id=HUGE), V, "eos_token_id", "below 2**31"),
    ("eos: one huge", config(eos_token_id=[1, HUGE]), V, "eos_token_id", "below 2**31"),
    ("eos: true", config(eos_token_id=[True]), T, "got [True]", "list[int]"),
    ("bos: huge", config(bos_token_id=HUGE), V, "bos_token_id", "below 2**31"),
    ("dtype: module", config(torch_dtype="nn"), V, "got 'nn'", "one of float16"),
    ("dtype: whole", config(torch_dtype="int8"), V, "got 'int8'", "one of float16"),
    ("dtype: dict", config(dtype={"": "float16"}), T, "torch_dtype", "expected str"),
    ("family: null", config(model_type=None), V, "None is not 'qwen3'", "dense Qwen3"),
    # config: windows
    ("window: 0", config(sliding_window=0), V, "got 0", "expected 1 to"),
    ("window: huge", config(sliding_window=HUGE), V, "sliding_window", "expected 1 to"),
    ("window: start", config(max_window_layers=-1), V, "got -1", "0 or more"),
    ("types: unknown", config(layer_types=["a", "b"]), V, "'a'", "full_attention"),
    (
        "types: no window",
        config(layer_types=["sliding_attention"] * 2),
        V,
        "layer_types: sliding_attention",
        "needs use_sliding_window",
    ),
    # config: RoPE
    ("rope: list", config(rope_scaling=[]), T, "got []", "expected dict"),
    ("rope: no name", config(rope_scaling={"rope_type": 5}), V, "5", "'yarn' are"),
    ("rope: 5's", config(rope_parameters=3), T, "got 3", "expected a dict"),
    (
        "rope: 5's theta",
        config(rope_parameters={"rope_theta": "x"}),
        T,
        "rope_theta",
        "expected float",
    ),
    (
        "rope: two spellings",
        config(rope_parameters=YARN, rope_scaling=YARN),
        V,
        "both are given",
        "keep one",
    ),
    (
        "rope: key",
        config(rope_scaling=YARN | {"short_factor": 1}),
        V,
        "short_factor",
        "not known for type 'yarn'",
    ),
    *(
        (
            f"yarn: {key} {value}",
            config(rope_scaling=YARN | {key: value}),
            V,
            f"{key} cannot be {value}",
            "expected a number from 1e-9",
        )
        for key, value in [
            ("beta_fast", 1e308),
            ("beta_slow", 1e-320),
            ("factor", 1e300),
            ("original_max_position_embeddings", 0),
            ("attention_factor", -1),
            ("truncate", 1),
        ]
    ),
    (
        "yarn: theta 1",
        config(rope_theta=1.0, rope_scaling=YARN),
        V,
        "rope_theta",
        "expected more than 1",
    ),
    # config.json: the file
    ("json: empty", checkpoint({"config.json": ""}), V, "not valid JSON", "fetch it"),
    ("json: deep", checkpoint({"config.json": DEEP}), V, "not valid JSON", "fetch it"),
    ("json: cut", checkpoint({"config.json": '{"a'}), V, "not valid JSON", "fetch it"),
    ("json: latin-1", checkpoint({"config.json": b"\xe9"}), V, "UTF-8", "fetch it"),
    (
        "json: list",
        checkpoint({"config.json": []}),
        V,
        "got list",
        "expected an object",
    ),
    ("json: digits", checkpoint({"config.json": "9" * 9999}), V, "4300", "fetch it"),
    ("json: NaN", in_config(hidden_size=float("nan")), T, "got nan", "expected int"),
    ("json: gone", checkpoint({"config.json": GONE}), F, "config.json", "no such file"),
    (
        "json: folder",
        checkpoint({"config.json": FOLDER}),
        V,
        "folder",
        "expected a file",
    ),
    ("json: pipe", checkpoint({"config.json": PIPE}), V, "no plain", "expected a file"),
    # config.json: against the weights
    (
        "layers: more",
        in_config(num_hidden_layers=9),
        V,
        "missing: 77",
        "is missing from",
    ),
    (
        "layers: many",
        in_config(num_hidden_layers=2**20),
        V,
        "1048576",
        "another model's",
    ),
    ("width", in_config(hidden_size=33), V, "has shape (31, 32)", "asks for (31, 33)"),
    ("biases", in_config(attention_bias=True), V, "q_proj.bias", "missing: 8"),
    # what from_pretrained is given
    ("cast: name", checkpoint(dtype="bfloat16"), T, "got 'bfloat16'", "torch.bfloat16"),
    ("cast: whole", checkpoint(dtype=torch.int8), V, "got torch.int8", "torch.float32"),
    ("attention", checkpoint(attn_implementation="x"), V, "got 'x'", "eager, sdpa"),
    # the weights: files
    ("weights: folder", checkpoint({WEIGHTS: FOLDER}), V, WEIGHTS, "expected a file"),
    ("weights: pipe", checkpoint({WEIGHTS: PIPE}), V, WEIGHTS, "expected a file"),
    (
        "weights: gone",
        checkpoint({WEIGHTS: GONE}),
        F,
        "holds neither",
        "save_pretrained",
    ),
    (
        "weights: more",
        checkpoint(lambda good: {WEIGHTS: good[WEIGHTS] + b"\0"}),
        V,
        "not fully covered",
        "fetch or save it again",
    ),
    (
        "weights: terabyte",
        checkpoint(
            lambda good: {WEIGHTS: struct.pack("<Q", 10**12) + good[WEIGHTS][8:]}
        ),
        V,
        "header too large",
        "fetch or save it again",
    ),
    (
        "weights: 90 MB of header in a small file",
        checkpoint(
            lambda good: {WEIGHTS: struct.pack("<Q", 9 * 10**7) + good[WEIGHTS][8:]}
        ),
        V,
        "not a whole safetensors file",
        "fetch or save it again",
    ),
    # the weights: what the header says
    *(
        (f"header: {name}", act, V, what, "fetch or save it again")
        for name, act, what in [
            ("empty", header(lambda head: {}), "not fully covered"),
            ("list", header(lambda head: b"[]"), "invalid type"),
            ("deep", header(lambda head: b'{"a":' * 60_000), "recursion"),
            ("latin-1", header(lambda head: b'{"\xe9":1}'), "UTF-8"),
            ("metadata", header(lambda h: h | {"__metadata__": 3}), "invalid type"),
            ("no shape", header(lambda h: h | {NORM: {"dtype": "F32"}}), "shape"),
            ("dtype", norm(dtype="F99"), "F99"),
            ("sizes", norm(shape=[2**63, 2**63]), "overflow"),
            ("size below 0", norm(shape=[-32]), "-32"),
            ("size NaN", norm(shape=[float("nan")]), "JSON"),
            ("offset below 0", norm(data_offsets=[-4, 0]), "-4"),
            ("offsets past", norm(data_offsets=[10**9, 10**9 + 128]), NORM),
            ("offsets overlap", norm(data_offsets=[0, 128]), "offset"),
            ("offsets backwards", norm(data_offsets=[128, 0]), "offset"),
            ("offset huge", norm(data_offsets=[HUGE, HUGE + 128]), "JSON"),
        ]
    ),
    ("float8", dtypes("float8_e4m3fn"), V, "float8_e4m3fn", "give a dtype to cast"),
    ("two dtypes", dtypes("bfloat16"), V, "bfloat16, torch.float32", "give a dtype"),
    ("float8 alone", dtypes(*["float8_e5m2"] * 25), V, "float8_e5m2", "give a dtype"),
    ("complex", dtypes("complex64"), V, "complex64", "expected floating point"),
    # the index
    ("index: folder", index(FOLDER), V, "a folder", "expected a file"),
    ("index: no JSON", index("x"), V, "not valid JSON", "fetch it again"),
    ("index: deep", index(DEEP), V, "not valid JSON", "fetch it again"),
    ("index: latin-1", index(b"\xff"), V, "UTF-8", "fetch it again"),
    ("index: list", index([]), V, "got list", "expected an object"),
    ("index: no map", index({}), V, "got None", "expected weight_map"),
    ("index: map null", index({"weight_map": None}), V, "got None", "expected weight"),
    ("index: map list", index({"weight_map": ["a"]}), V, "['a']", "expected weight"),
    ("index: map empty", index({"weight_map": {}}), V, "got {}", "expected weight_map"),
    *(
        (f"index: {file!r:.20}", weight_map(file), V, "not the name", "such as model-")
        for file in (
            "../x.safetensors",
            "/x.safetensors",
            "a/../x.safetensors",
            "..",
            ".",
            "",
            "config.json",
            "x" * 999 + ".safetensors",
            3,
            None,
            ["x.safetensors"],
        )
    ),
    ("index: gone", weight_map("x.safetensors"), F, "x.safetensors: missing", INDEX),
    ("index: NUL", weight_map("\0.safetensors"), F, "missing", INDEX),
    (
        "index: folder for a shard",
        checkpoint(
            {
                WEIGHTS: GONE,
                "x.safetensors": FOLDER,
                INDEX: {"weight_map": {NORM: "x.safetensors"}},
            }
        ),
        V,
        "a folder",
        "expected a file",
    ),
    (
        "index: another tensor",
        checkpoint(
            lambda good: {
                WEIGHTS: GONE,
                "x.safetensors": good[WEIGHTS],
                INDEX: {"weight_map": {"y": "x.safetensors"}},
            }
        ),
        V,
        "lm_head.weight is there",
        f"not in {INDEX}",
    ),
    # saving
    (
        "save: to a file",
        save(WEIGHTS),
        NotADirectoryError,
        "a file",
        "expected a folder",
    ),
    *(
        (f"save: {size!r}", save("", size), V, f"got {size!r}", "such as '5GB'")
        for size in ("5 parsecs", "0KB", "-1GB", "", 0, -1, True, 1.5)
    ),
    # the tokenizer's files
    (
        "tokens: folder",
        tokenizer({TOKENIZER: FOLDER}),
        V,
        "a folder",
        "expected a file",
    ),
    ("tokens: pipe", tokenizer({TOKENIZER: PIPE}), V, "no plain", "expected a file"),
    ("tokens: latin-1", tokenizer({TOKENIZER: b"\xff"}), V, "UTF-8", "fetch it again"),
    ("tokens: deep", tokenizer({TOKENIZER: DEEP}), V, "not a tokenizer", "fetch it"),
    ("tokens: no model", in_model(type="X"), V, "not a tokenizer", "fetch it again"),
    (
        "tokens: a panic in the library",
        in_model(continuing_subword_prefix="####"),
        V,
        "not a tokenizer",
        "fetch it again",
    ),
    ("settings: folder", tokenizer({SETTINGS: FOLDER}), V, "folder", "expected a file"),
    ("settings: latin-1", tokenizer({SETTINGS: b"\xff"}), V, "UTF-8", "fetch it again"),
    ("settings: deep", tokenizer({SETTINGS: DEEP}), V, "not valid JSON", "fetch it"),
    ("eos: number", settings(eos_token=3), V, "eos_token 3", "text of one"),
    ("eos: no content", settings(eos_token={}), V, "eos_token {}", "text of one"),
    ("eos: list", settings(eos_token=[]), V, "eos_token []", "text of one"),
    ("eos: bad content", settings(eos_token={"content": 3}), V, "3", "text of one"),
    ("pad: no token", settings(pad_token="<x>"), V, "pad_token '<x>'", "text of one"),
    ("template: list", template([{"name": "x"}]), V, "got list", "keep one template"),
    ("template: number", template(3), V, "chat_template", "expected text"),
    *(
        (f"template: {text:.20}", template(text), V, what, "does not fit")
        for text, what in [
            ("{{ 1 / 0 }}", "division by zero"),
            ("{{ messages + 1 }}", "concatenate"),
            ("{{ a.b }}", "'a' is undefined"),
            ("{{ raise_exception('no') }}", "raise_exception"),
            ("{% for i in range(9**9) %}{% endfor %}", "Range too big"),
            ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion"),
            ("{{" + "(" * 5000 + "}}", "recursion"),
            ("{% include '/etc/passwd' %}", "no loader"),
            ("{{ messages.__class__.__mro__ }}", "unsafe"),
            ("{{ messages.append(1) }}", "unsafe"),
        ]
    ),
    (
        "template file: folder",
        tokenizer({"chat_template.jinja": FOLDER}),
        V,
        "a folder",
        "expected a file",
    ),
    (
        "template file: latin-1",
        tokenizer({"chat_template.jinja": b"\xff"}),
        V,
        "expected UTF-8",
        "fetch it again",
    ),
    # MINQWEN3_CHECKPOINT
    *(
        (
            f"variable: {value:.20}",
            command("x", variable=value),
            Refusal,
            f"MINQWEN3_CHECKPOINT: {shown}: no such folder",
            advice,
        )
        for value, shown, advice in [
            ("nowhere", "nowhere", "expected one with config.json"),
            (" ", "' '", "expected one with config.json"),
            ("~/model", "~/model", "owner/name"),
            ("a b/c d", "a b/c d", "owner/name"),
            ("https://x/y/z", "https://x/y/z", "owner/name"),
            (f"{hub.SMALL / WEIGHTS}", f"{hub.SMALL / WEIGHTS}", "expected one with"),
            ("no-one/nothing", "no-one/nothing", "is there a network?"),
        ]
    ),
    # flags
    ("folder: empty", command("x", "--checkpoint", ""), Refusal, "''", "owner/name"),
    (
        "folder: long",
        command("x", "--checkpoint", "x" * 9999),
        Refusal,
        "xxx: no such folder",
        "owner/name",
    ),
    (
        "folder: NUL",
        command("x", "--checkpoint", "\0"),
        Refusal,
        "no such folder",
        "owner/name",
    ),
    (
        "folder: no tokenizer",
        command("x", "--checkpoint", FOLDER, files={TOKENIZER: GONE}),
        Refusal,
        "tokenizer.json: no such file",
        "a tokenizer needs it",
    ),
    (
        "folder: no weights",
        command("x", "--checkpoint", FOLDER, files={WEIGHTS: GONE}),
        Refusal,
        "holds neither",
        "save_pretrained converts",
    ),
    (
        "folder: another model's tokenizer",
        command("x", "--checkpoint", FOLDER, files={}),
        Refusal,
        "vocab_size is 31",
        "take both from one checkpoint",
    ),
    (
        "folder: no template",
        command(
            "x", "--chat", "--checkpoint", FOLDER, files={SETTINGS: {"eos_token": None}}
        ),
        Refusal,
        "no chat template",
        "leave --chat out",
    ),
    ("seed: huge", command("x", "--seed", f"{HUGE}"), Refusal, f"{HUGE}", "64-bit"),
    ("seed: low", command("x", "--seed", f"-{HUGE}"), Refusal, f"{HUGE}", "64-bit"),
    ("seed: word", command("x", "--seed", "x"), Refusal, "--seed", "seed value: 'x'"),
    ("heat: word", command("x", "--temperature", "x"), Refusal, "'x'", "float value"),
    *(
        (
            f"heat: {value}",
            command("x", "--temperature", value),
            Refusal,
            f"temperature: expected 0 (greedy), or a number from 1e-6 on, got {value}",
            "1e-6",
        )
        for value in ("nan", "inf", "1e-40", "1e-300")
    ),
    ("top-k: 0", sampled("--top-k", "0"), Refusal, "top_k", "above 0, got 0"),
    ("top-k: 1.5", sampled("--top-k", "1.5"), Refusal, "--top-k", "int value: '1.5'"),
    ("top-p: NaN", sampled("--top-p", "nan"), Refusal, "got nan", "above 0, at most 1"),
    ("min-p: NaN", sampled("--min-p", "nan"), Refusal, "got nan", "between 0 and 1"),
    ("dtype", command("x", "--dtype", "int8"), Refusal, "'int8'", "float32"),
    ("kind", command("x", "--attention", "flash"), Refusal, "'flash'", "sdpa"),
    # the prompt
    ("prompt: none", command("-"), Refusal, "got none", "expected some text"),
    ("prompt: no bytes", command("\udc80"), Refusal, "prompt", "expected UTF-8 text"),
    (
        "system: no bytes",
        command("x", "--chat", "--system", "\udc80"),
        Refusal,
        "surrogates not allowed",
        "expected UTF-8 text",
    ),
    (
        "prompt: latin-1",
        command("-", stdin=b"\xe9t\xe9"),
        Refusal,
        "invalid continuation byte",
        "expected UTF-8 text",
    ),
    (
        "prompt: no input",
        command("-", stdin=None),
        Refusal,
        "got none",
        "expected some",
    ),
    # what only computing can show
    *(
        (
            f"weights: NaN {' '.join(flags)}",
            command("x", "--checkpoint", FOLDER, *flags, files=not_a_number),
            Refusal,
            "NaN or infinity",
            "try dtype float32",
        )
        for flags in ([], ["--temperature", "1"])
    ),
]


def ours(error: BaseException) -> bool:
    """Whether minqwen3 raised it, and not torch or another library below."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    return Path(last).parent == Path(hub.__file__).parent


@pytest.mark.parametrize(
    "act, kind, wrong, advice", [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_one_clear_error(tmp_path, good, act, kind, wrong, advice):
    with pytest.raises(kind) as caught:
        act(tmp_path, good)
    said = str(caught.value)
    assert wrong in said and advice in said, said
    assert type(caught.value) is kind and len(said) < 1000
    assert kind is Refusal or ours(caught.value)


def test_the_good_one_is_good(tmp_path, good):
    """The cases above differ from this in one thing."""
    checkpoint()(tmp_path, good)
    tokenizer({})(tmp_path, good)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"config.json", WEIGHTS, TOKENIZER, SETTINGS}


def test_a_text_file_of_100_MB_is_not_read(tmp_path, good):
    write(tmp_path, good)
    for name in ("config.json", SETTINGS):
        os.truncate(tmp_path / name, 100_000_000)  # a hole: no bytes on the disk
        with pytest.raises(ValueError, match="100,000,000 bytes; expected at most"):
            load = Qwen3ForCausalLM if name == "config.json" else Qwen3Tokenizer
            load.from_pretrained(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("name", ["config.json", WEIGHTS, TOKENIZER, SETTINGS])
def test_a_file_that_may_not_be_read(tmp_path, good, name):
    write(tmp_path, good)
    (tmp_path / name).chmod(0)
    load = Qwen3Tokenizer if "token" in name else Qwen3ForCausalLM
    with pytest.raises(ValueError, match="may not be read; change the file's perm"):
        load.from_pretrained(tmp_path)


def load_or_refuse(folder: Path, file: str):
    """The model, or ``None`` after a refusal that names the file or what is in it."""
    try:
        return Qwen3ForCausalLM.from_pretrained(folder)
    except (TypeError, ValueError) as error:
        assert ours(error) and str(folder) in str(error), error
        return None


def same(model, tensors) -> bool:
    held = model.state_dict()
    return all(torch.equal(held[name], tensors[name]) for name in tensors)


def test_truncated_every_4_KB(tmp_path, good):
    write(tmp_path, good)
    data = good[WEIGHTS]
    assert len(data) > 10 * 4096
    for length in [*range(0, len(data), 4096), len(data) - 1]:
        (tmp_path / WEIGHTS).write_bytes(data[:length])
        with pytest.raises(ValueError, match="fetch or save it again"):
            Qwen3ForCausalLM.from_pretrained(tmp_path)


def test_header_with_one_byte_changed(tmp_path, good):
    """Every bit of the first 64 bytes, and 400 others of the header.

    A change in what nothing reads, the metadata say, leaves the model as it was; every
    other is refused. There is no third way.
    """
    write(tmp_path, good)
    data, source = good[WEIGHTS], random.Random(0)
    tensors, end = load_file(tmp_path / WEIGHTS), 8 + struct.unpack("<Q", data[:8])[0]
    places = [(at, data[at] ^ 1 << bit) for at in range(64) for bit in range(8)]
    others = source.sample(range(64, end), 400)
    places += [(at, data[at] ^ source.randrange(1, 256)) for at in others]
    refused = 0
    for at, byte in places:
        (tmp_path / WEIGHTS).write_bytes(data[:at] + bytes([byte]) + data[at + 1 :])
        model = load_or_refuse(tmp_path, WEIGHTS)
        refused += model is None
        assert model is None or same(model, tensors), at
    assert refused > 0.9 * len(places)


@pytest.mark.parametrize("name", ["config.json", INDEX])
def test_text_with_one_byte_changed(tmp_path, good, name):
    """It loads or is refused; a digit of theta, say, is another theta, and loads."""
    shard = "model-00001-of-00001.safetensors"
    names = [n for n in split(good[WEIGHTS])[0] if n != "__metadata__"]
    text = {"weight_map": dict.fromkeys(names, shard)}
    files = {WEIGHTS: GONE, shard: good[WEIGHTS], INDEX: json.dumps(text)}
    write(tmp_path, good | files)
    data, source = (tmp_path / name).read_bytes(), random.Random(0)
    refused = 0
    for _ in range(200):
        at, byte = source.randrange(len(data)), source.randrange(256)
        (tmp_path / name).write_bytes(data[:at] + bytes([byte]) + data[at + 1 :])
        try:
            Qwen3ForCausalLM.from_pretrained(tmp_path)
        except (FileNotFoundError, TypeError, ValueError) as error:
            assert ours(error) and str(tmp_path) in str(error), error
            refused += 1
    assert refused > 100
