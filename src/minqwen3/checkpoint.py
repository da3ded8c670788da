"""Weights in and out: Hugging Face's layout, safetensors only.

A checkpoint is a folder with ``config.json`` and either ``model.safetensors`` or shards
``model-00001-of-0000N.safetensors`` with their ``model.safetensors.index.json``.
"""

import json
import os
import re
import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .config import DTYPES, Qwen3Config
from .files import check_file, new_folder, read_json
from .hub import locate

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?")
FLOATS = tuple(getattr(torch, name) for name in DTYPES)
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}


def from_pretrained(
    cls,
    path: str | os.PathLike | None = None,
    dtype: torch.dtype | None = None,
    attn_implementation="sdpa",
):
    """Load a model from a folder in Hugging Face's layout, or from the hub.

    Weights are memory-mapped: where no cast is asked for, the model's tensors are the
    file's pages, read when they are first used, and there is no second copy.

    Args:
        path: the folder; or a repository on the hub, or ``None``: see
            ``minqwen3.locate``.
        dtype: what to cast the weights to; ``None`` takes the config's ``torch_dtype``,
            and where it has none, the dtypes in the file.
        attn_implementation: "sdpa" or "eager".

    Returns:
        The model, in evaluation mode.

    Raises:
        FileNotFoundError: no folder, no config, no weights, or a shard is missing.
        TypeError, ValueError: the config or ``dtype`` is refused, a file is no whole
            safetensors file, or a tensor is missing, extra, of another shape or not of
            floating point.
    """
    check_dtype(dtype)
    path = locate(path)
    config = Qwen3Config.from_json(path)
    held = {file: read(file, names) for file, names in shards(path).items()}
    check_depth(path, config, sum(map(len, held.values())))
    with Skeleton():
        model = cls(config, attn_implementation)
    expected = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    tensors = {}
    for file, of_file in held.items():
        for name, tensor in of_file.items():
            check_tensor(file, name, tensor, expected, tensors)
            tensors[name] = tensor
    check_complete(path, config, expected, tensors)
    if dtype is None and config.torch_dtype is not None:
        dtype = getattr(torch, config.torch_dtype.removeprefix("torch."))
    if dtype is None:
        check_one_dtype(path, tensors)
    else:
        tensors = {name: t.to(dtype) for name, t in tensors.items()}
    model.load_state_dict(tensors, assign=True)
    model.tie_weights()
    return model.eval()


class Skeleton(TorchFunctionMode):
    """Make parameters with a shape but without memory or values: a file brings those.

    Only parameters, which start as ``torch.empty`` or ``torch.ones``: what a model
    computes when it is made, such as RoPE's frequencies, is computed. (All under
    ``torch.device("meta")`` would import torch's compiler, which takes 2 s.)
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if getattr(function, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        if function in (torch.empty, torch.ones):
            kwargs["device"] = "meta"
        return function(*args, **kwargs)


def shards(path: Path) -> dict[Path, set[str] | None]:
    """Files that hold the weights, each with the tensors the index expects in it."""
    if (path / SINGLE).exists():
        return {check_file(path / SINGLE): None}
    index = path / INDEX
    if not index.exists():
        raise FileNotFoundError(
            f"{path}: holds neither {SINGLE} nor {INDEX}; only safetensors files are "
            "read, since a pickle can run code: transformers' save_pretrained converts"
        )
    files = {}
    for name, file in read_index(index).items():
        files.setdefault(file, set()).add(name)
    for file, names in files.items():
        if not os.path.exists(path / file):
            raise FileNotFoundError(
                f"{path / file}: missing; {INDEX} expects {sorted(names)[0]} in it"
            )
    return {check_file(path / file): names for file, names in sorted(files.items())}


def read_index(index: Path) -> dict[str, str]:
    """Names of tensors, each with its file's, which must be in the index's folder."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ValueError(
            f"{index}: not a safetensors index; expected weight_map, an object that "
            f"names a file for each tensor, got {weight_map!r:.60}"
        )
    for file in weight_map.values():
        plain = isinstance(file, str) and Path(file).name == file
        if not plain or not file.endswith(".safetensors") or len(file) > 255:
            raise ValueError(
                f"{index}: {file!r:.60} is not the name of a file in this folder; "
                "expected such as model-00001-of-00002.safetensors"
            )
    return weight_map


def read(file: Path, names: set[str] | None) -> dict[str, Tensor]:
    """Open one safetensors file by memory map; hold its names against the index."""
    try:
        with safe_open(file, framework="pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"{file}: not a whole safetensors file ({error}); fetch or save it again"
        ) from None
    if names is not None and names != tensors.keys():
        name = sorted(names ^ tensors.keys())[0]
        fault = "missing, but in" if name in names else "there, but not in"
        raise ValueError(f"{file}: {name} is {fault} {INDEX}")
    return tensors


def check_tensor(
    file: Path, name: str, tensor: Tensor, expected: dict, seen: dict
) -> None:
    """Raise ``ValueError`` for a tensor that the model has no such place for."""
    if name not in expected:
        raise ValueError(
            f"{file}: extra tensor {name}; config.json asks for no such one"
        )
    if name in seen:
        raise ValueError(f"{file}: {name} stands in an earlier shard too")
    if tuple(tensor.shape) != expected[name]:
        raise ValueError(
            f"{file}: {name} has shape {tuple(tensor.shape)}, "
            f"config.json asks for {expected[name]}"
        )
    if not tensor.is_floating_point():
        raise ValueError(f"{file}: {name} is {tensor.dtype}; expected floating point")


def check_dtype(dtype: torch.dtype | None) -> None:
    """Raise for a dtype to cast to that is none, or that no model computes in."""
    expected = f"torch.{', torch.'.join(DTYPES)} or None"
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise TypeError(f"dtype: expected {expected}, got {dtype!r}")
    if dtype is not None and dtype not in FLOATS:
        raise ValueError(f"dtype: expected {expected}, got {dtype}")


def check_one_dtype(path: Path, tensors: dict) -> None:
    """Raise ``ValueError`` for weights that cannot be multiplied with each other."""
    found = {t.dtype for t in tensors.values()}
    if len(found) > 1 or not found <= set(FLOATS):
        raise ValueError(
            f"{path}: the weights are {', '.join(sorted(map(str, found)))}; expected "
            f"one dtype of {', '.join(DTYPES)}; give a dtype to cast them to"
        )


def check_depth(path: Path, config: Qwen3Config, tensors: int) -> None:
    """Raise ``ValueError`` for layers that cannot be in the weights, as none is made.

    A layer takes milliseconds to make, and a slip in the config could ask for millions.
    """
    if config.num_hidden_layers > tensors:
        raise ValueError(
            f"{path}: num_hidden_layers is {config.num_hidden_layers} in config.json, "
            f"but the weights are {tensors} tensors; one of the two is another model's"
        )


def check_complete(
    path: Path, config: Qwen3Config, expected: dict, tensors: dict
) -> None:
    """Settle the tied head, then raise ``ValueError`` for the first missing tensor."""
    embedding, head = (
        tensors.get("model.embed_tokens.weight"),
        tensors.get("lm_head.weight"),
    )
    if config.tie_word_embeddings and embedding is not None:
        if head is not None and not torch.equal(head, embedding):
            raise ValueError(
                f"{path}: lm_head.weight differs from model.embed_tokens.weight, but "
                "config.json ties them; set tie_word_embeddings to false to keep both"
            )
        tensors["lm_head.weight"] = embedding
    missing = [name for name in expected if name not in tensors]
    if missing:
        raise ValueError(
            f"{path}: {missing[0]} is missing from the weights "
            f"(tensors missing: {len(missing)})"
        )


def save_pretrained(
    model: nn.Module, path: str | os.PathLike, max_shard_size: int | str | None = None
) -> None:
    """Save the model in Hugging Face's layout; transformers loads it.

    All is written to a folder beside ``path`` first, which then takes its place; other
    files in ``path``, a tokenizer's say, are kept. A save that is interrupted, even
    killed, leaves what was there before; see ``take_place``.

    Args:
        path: the folder, made if it is not there.
        max_shard_size: bytes a file at the most, or such as "5GB"; ``None`` writes one.

    Raises:
        ValueError: a bad ``max_shard_size``.
        NotADirectoryError: ``path`` is a file.
    """
    path, limit = Path(path).resolve(), shard_limit(max_shard_size)
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"{path}: a file; expected a folder to save to")
    with new_folder(path) as new:
        if path.exists():
            shutil.copytree(
                path,
                new,
                symlinks=True,
                dirs_exist_ok=True,
                copy_function=link,
                ignore=own_files,
            )
        write_checkpoint(model, new, limit)


def write_checkpoint(model: nn.Module, folder: Path, limit: int | None = None) -> None:
    """Write weights and ``config.json`` into a folder that has none."""
    tensors = model.state_dict()
    if model.config.tie_word_embeddings:
        del tensors["lm_head.weight"]
    tensors = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    write_weights(folder, tensors, limit)
    dtype = str(tensors["model.embed_tokens.weight"].dtype).removeprefix("torch.")
    config = model.config.to_dict() | {"torch_dtype": dtype}
    (folder / "config.json").write_text(
        json.dumps(config, indent=2) + "\n", encoding="utf-8"
    )
    mode = (folder / "config.json").stat().st_mode & 0o777
    for file in folder.glob("model*.safetensors"):
        file.chmod(mode)  # safetensors lets nobody else read what it writes


def shard_limit(size: int | str | None) -> int | None:
    """Bytes from 5_000_000_000 or "5GB"."""
    match = (
        re.fullmatch(r"(\d+)\s*(KB|MB|GB)", size.strip().upper())
        if isinstance(size, str)
        else None
    )
    limit = int(match[1]) * UNITS[match[2]] if match else size
    if limit is not None and (type(limit) is not int or limit < 1):
        raise ValueError(
            f"max_shard_size: expected bytes or such as '5GB', got {size!r}"
        )
    return limit


def own_files(folder: str, names: list[str]) -> set[str]:
    """What a save replaces, at the top of a checkpoint: weights and config."""
    return {n for n in names if WEIGHTS.fullmatch(n) or n == "config.json"}


def link(source: str, target: str) -> None:
    """Carry a file over without copying its bytes, where the file system can."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def write_weights(folder: Path, tensors: dict[str, Tensor], limit: int | None) -> None:
    """One file, or shards of at most ``limit`` bytes (a larger tensor has its own)."""
    groups, size = [{}], 0
    for name, tensor in tensors.items():
        if limit is not None and groups[-1] and size + tensor.nbytes > limit:
            groups.append({})
            size = 0
        groups[-1][name] = tensor
        size += tensor.nbytes
    total = len(groups)
    names = [f"model-{i:05d}-of-{total:05d}.safetensors" for i in range(1, total + 1)]
    names = names if total > 1 else [SINGLE]
    for file, group in zip(names, groups, strict=True):
        save_file(group, folder / file, metadata={"format": "pt"})
    if total > 1:
        index = {
            "metadata": {"total_size": sum(t.nbytes for t in tensors.values())},
            "weight_map": {n: f for f, g in zip(names, groups, strict=True) for n in g},
        }
        (folder / INDEX).write_text(
            json.dumps(index, indent=2) + "\n", encoding="utf-8"
        )
