"""Measure one engine, in a process of its own; print one line of JSON.

    python bench/measure.py ENGINE FOLDER DTYPE ROOM [task ...]

Tasks: ``agree``, ``decode:LENGTH``, ``prefill:LENGTH``, ``memory:LENGTH``, ``train``,
``first``. Times are medians, in seconds; memory is in bytes; null is for a task that
the engine cannot do.
"""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

import torch
from engines import ENGINES
from torch.nn import functional as F


def timed(work, times: int) -> dict[str, float]:
    """Medians of wall time and of the processor's time, all threads added."""
    wall, cpu = [], []
    for _ in range(times):
        start = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
    return {"wall": statistics.median(wall), "cpu": statistics.median(cpu)}


def ids(engine, length: int) -> torch.Tensor:
    source = torch.Generator().manual_seed(length)
    vocabulary = engine.config["vocab_size"]
    return torch.randint(vocabulary, (1, length), generator=source)


def agree(engine) -> list[list[float]]:
    """Some logits after a prompt, and after each of three tokens more."""
    engine.reset()
    given, every = ids(engine, 20), engine.config["vocab_size"] // 500
    pieces = [given[:, :17], *(given[:, i : i + 1] for i in range(17, 20))]
    return [engine.step(piece)[0, ::every].float().tolist() for piece in pieces]


def decode(engine, length: int) -> dict[str, float]:
    engine.reset()
    engine.fill(length)
    engine.step(ids(engine, 1))  # the first brings everything into memory
    return timed(lambda: engine.step(ids(engine, 1)), 7)


def prefill(engine, length: int) -> dict[str, float]:
    def work():
        engine.reset()
        engine.step(ids(engine, length))

    if length >= 512:
        return timed(work, 2)
    work()
    return timed(work, 3)


def memory(engine, length: int, before: int) -> dict[str, float]:
    """Peak of what loading, a prompt and eight tokens add to the imports' memory."""
    engine.reset()
    engine.step(ids(engine, length))
    for _ in range(8):
        engine.step(ids(engine, 1))
    c = engine.config
    cache = 2 * c["num_hidden_layers"] * c["num_key_value_heads"] * c["head_dim"]
    needed = (engine.numbers() + cache * (length + 8)) * engine.dtype.itemsize
    return {"bytes": peak() - before, "ratio": (peak() - before) / needed}


def train(engine) -> dict[str, float]:
    """A step of AdamW on two texts of 128 tokens."""
    given = torch.cat((ids(engine, 128), ids(engine, 129)[:, 1:]))
    optimizer = torch.optim.AdamW(engine.model.parameters(), lr=1e-4)

    def work():
        logits = engine.logits(given)[:, :-1].float().flatten(0, 1)
        F.cross_entropy(logits, given[:, 1:].flatten()).backward()
        optimizer.step()
        optimizer.zero_grad()

    with torch.enable_grad():
        work()
        return timed(work, 5)


def peak() -> int:
    """The largest resident memory so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage there begins with what the parent process used
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(name: str, folder: str, dtype: str, room: str, *tasks: str) -> None:
    torch.set_grad_enabled(False)
    if any(task.startswith("memory") for task in tasks):
        import transformers.models.qwen3.modeling_qwen3  # noqa: F401

        import minqwen3.kernels  # noqa: F401
    before = peak()
    engine = ENGINES[name](Path(folder), getattr(torch, dtype), int(room))
    result = {}
    for task in tasks:
        kind, _, length = task.partition(":")
        if kind == "first":
            engine.step(ids(engine, 8)).argmax()
            result[task] = None
        elif kind == "agree":
            result[task] = agree(engine)
        elif kind == "train":
            result[task] = train(engine) if hasattr(engine, "logits") else None
        elif kind == "memory":
            result[task] = memory(engine, int(length), before)
        else:
            result[task] = {"decode": decode, "prefill": prefill}[kind](
                engine, int(length)
            )
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
