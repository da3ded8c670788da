"""Checks of the exercises in the chapter on weights."""

import json
import struct

import torch
from safetensors.torch import load, save

from bookkit.counts import count
from bookkit.reference import qwen3_config

from . import Check, normal

C = count(qwen3_config())
check_file_size = Check(
    2 * C["total"],
    mistakes={
        "the head is in it a second time; a tied head need not be stored.": (
            2 * C["printed_total"]
        ),
        "that is fp32's size; a bf16 number has 16 bits.": 4 * C["total"],
        "those are numbers, not bytes.": C["total"],
        "the embedding is missing; only the head may be left out.": (
            2 * (C["total"] - C["embed_tokens"])
        ),
    },
)


def bf16(pair: bytes) -> float:
    return torch.frombuffer(bytearray(pair), dtype=torch.bfloat16).item()


check_bf16 = Check(
    bf16,
    cases=[(b"\x2d\xc0",), (b"\xe1\x3f",), (b"\x80\x42",)],
    mistakes={
        "the bytes were read in their order; the lowest comes first.": lambda pair: (
            bf16(pair[::-1])
        ),
        "the sign, the highest bit, is lost.": lambda pair: abs(bf16(pair)),
        "the fraction has lost the one that stands before it.": lambda pair: (
            bf16(pair) - bf16(bytes([pair[0] & 128, pair[1]]))
        ),
        "the exponent is stored with 127 added.": lambda pair: bf16(pair) * 2.0**127,
    },
)


def parameters(raw: bytes) -> int:
    return sum(tensor.numel() for tensor in load(raw).values())


def header_of(raw: bytes) -> dict:
    header = json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])
    return {name: entry for name, entry in header.items() if name != "__metadata__"}


def some_files():
    one = {"a": normal(3, 5), "b": normal(2, 2, 2).bfloat16(), "c": normal(7)}
    two = {"w": normal(4, 3).half(), "n": torch.tensor(1.5)}
    return [(save(one, {"format": "pt"}),), (save(two),)]


check_parameters = Check(
    parameters,
    cases=some_files,
    mistakes={
        "those are bytes, not numbers.": lambda raw: sum(
            t.nbytes for t in load(raw).values()
        ),
        "bytes by four: the dtypes differ.": lambda raw: (
            sum(t.nbytes for t in load(raw).values()) // 4
        ),
        "those are tensors, not numbers.": lambda raw: len(header_of(raw)),
        "sizes of a shape were added; they multiply.": lambda raw: sum(
            sum(entry["shape"]) for entry in header_of(raw).values()
        ),
    },
)


def to_bytes(tensors: dict, order="<", flat=False, columns=False) -> bytes:
    """A file's bytes, with mistakes that one may make."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        numbers_ = (tensor.T if columns else tensor).flatten().tolist()
        values = struct.pack(f"{order}{len(numbers_)}f", *numbers_)
        shape = [len(numbers_)] if flat else list(tensor.shape)
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": offsets}
        data += values
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def read_back(make, tensors: dict):
    """What safetensors reads from the bytes that a function makes."""
    raw = make(tensors)
    if raw is None or raw is ...:
        return raw
    return {name: tensor.tolist() for name, tensor in load(bytes(raw)).items()}


def wrong(**mistake):
    return lambda tensors: read_back(lambda t: to_bytes(t, **mistake), tensors)


def two_tensors():
    return [({"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([0.5])},)]


def check_to_bytes(answer) -> bool:
    """Let safetensors read what the answer writes, and compare."""
    check = Check(
        lambda tensors: {name: t.tolist() for name, t in tensors.items()},
        cases=two_tensors,
        mistakes={
            "the numbers' bytes are in the wrong order; the lowest comes first.": (
                wrong(order=">")
            ),
            "the shape is lost.": wrong(flat=True),
            "the rows and columns are exchanged: the last index runs fastest.": (
                wrong(columns=True)
            ),
        },
    )
    return check((lambda t: read_back(answer, t)) if callable(answer) else answer)
