"""Compare minqwen3 with transformers and with the peers that are installed.

    python bench/run.py [--rounds 3] [--engines ...] [--smoke]

Engines are measured in processes of their own and take turns, so that a busy moment
hits all alike. Before anything is timed, all have to give the same logits. The
weights are random, of the size of Qwen3-0.6B. Writes ``bench/results.json`` and, as a
table, ``bench/results.md``.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from engines import ENGINES

from bookkit.printouts import CONFIG
from minqwen3 import Qwen3Config, Qwen3ForCausalLM

HERE = Path(__file__).parent
REFERENCE, OURS = "transformers", "minqwen3"
PACKAGES = {  # engine: what it needs
    "transformers": ["transformers"],
    "minqwen3": ["minqwen3"],
    "minqwen3 without kernels": ["minqwen3"],
    "transformers, eager": ["transformers"],
    "llms-from-scratch": ["llms-from-scratch"],
    "reasoning-from-scratch": ["reasoning-from-scratch"],
    "litgpt": ["litgpt"],
    "llama.cpp": ["llama-cpp-python", "gguf"],
}
# row: (checkpoint, dtype, task, at least so many times transformers' speed)
ROWS = {
    "decode after 32 tokens, fp32": ("fp32", "float32", "decode:32", 1.2),
    "decode after 512 tokens, fp32": ("fp32", "float32", "decode:512", 1.3),
    "decode after 2048 tokens, fp32": ("fp32", "float32", "decode:2048", 1.8),
    "decode after 2048 tokens, bf16": ("bf16", "bfloat16", "decode:2048", 1.8),
    "prefill of 256 tokens, fp32": ("fp32", "float32", "prefill:256", 1.0),
    "prefill of 1024 tokens, fp32": ("fp32", "float32", "prefill:1024", 1.0),
    "from python to the first token, fp32": ("fp32", "float32", "first", 2.0),
    "training step, the shrunken model": ("shrunk", "float32", "train", 1.0),
}
MEMORY = ("fp32", "float32", "memory:512", 1.05)
SMOKE = {
    "decode after 32 tokens, fp32": ("shrunk", "float32", "decode:32", 0),
    "prefill of 64 tokens, fp32": ("shrunk", "float32", "prefill:64", 0),
    "from python to the first token": ("shrunk", "float32", "first", 0),
}
SMOKE_MEMORY = ("shrunk", "float32", "memory:32", math.inf)


def make_checkpoints(folder: Path, names: set[str]) -> None:
    """Random weights, always the same: full size in fp32 and bf16, and shrunken."""
    for name in sorted(names):
        if (folder / name / "config.json").exists():
            continue
        print(f"making {name} ...", flush=True)
        torch.manual_seed(0)
        shrunken = {"num_hidden_layers": 3, "vocab_size": 1519}
        model = Qwen3ForCausalLM(
            Qwen3Config.from_dict(CONFIG | (shrunken if name == "shrunk" else {}))
        )
        if name == "bf16":
            model.to(torch.bfloat16)
        model.save_pretrained(folder / name)


def installed(engine: str) -> bool:
    try:
        for package in PACKAGES[engine]:
            version(package)
    except PackageNotFoundError:
        return False
    return True


def measure(engine: str, folder: Path, dtype: str, *tasks: str, before=()) -> dict:
    """One process; ``first`` is the time of the whole of it."""
    lengths = [int(task.partition(":")[2] or 128) for task in tasks]
    room = str(max(lengths) + 32)
    command = [*before, sys.executable, HERE / "measure.py", engine, folder, dtype]
    start, before = time.perf_counter(), os.times()
    done = subprocess.run([*command, room, *tasks], capture_output=True, text=True)
    wall, after = time.perf_counter() - start, os.times()
    if done.returncode:
        raise SystemExit(f"{engine}, {tasks}: {done.stderr[-1500:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    if "first" in result:
        used = after.children_user + after.children_system
        used -= before.children_user + before.children_system
        result["first"] = {"wall": wall, "cpu": used}
    return result


def check_agreement(engines: list[str], folder: Path) -> None:
    """Exit unless all engines give transformers' logits, within rounding."""
    logits = {
        name: torch.tensor(measure(name, folder, "float32", "agree")["agree"])
        for name in engines
    }
    expected = logits[REFERENCE]
    for name, found in logits.items():
        error = ((found - expected).abs().max() / expected.abs().max()).item()
        print(f"  {name}: largest difference {error:.1e} of the largest logit")
        if not error < 1e-4:
            raise SystemExit(f"{name}: other logits than transformers; not timed")


def reading_speed() -> float:
    """Bytes a second at which torch adds up 400 MB: the best of five times."""
    numbers, seconds = torch.ones(100_000_000), []
    for _ in range(5):
        start = time.perf_counter()
        numbers.sum()
        seconds.append(time.perf_counter() - start)
    return numbers.nbytes / min(seconds)


def compare(rows, engines: list[str], folder: Path, rounds: int, before) -> tuple:
    """Measure in rounds.

    Returns:
        Medians: row, engine that can do it, wall and cpu seconds. And how fast the
        machine could read, before each round, in bytes a second.
    """
    groups = {}  # what one process can measure
    for row, (checkpoint, dtype, task, _) in rows.items():
        alone = task if task in ("first", "train") else None
        groups.setdefault((checkpoint, dtype, alone), {})[row] = task
    found, reading = {row: {name: [] for name in engines} for row in rows}, []
    for turn in range(rounds):
        reading.append(reading_speed())
        speed = f"{reading[-1] / 1e9:.1f} GB a second"
        print(f"  {turn + 1}/{rounds} the machine reads {speed}", flush=True)
        shift = turn % len(engines)
        for (checkpoint, dtype, _), tasks in groups.items():
            for name in engines[shift:] + engines[:shift]:
                of = (name, folder / checkpoint, dtype, *tasks.values())
                results = measure(*of, before=before)
                for row, task in tasks.items():
                    if results[task] is None:
                        continue
                    found[row][name].append(results[task])
                    took = "wall {wall:.3f} s, CPU {cpu:.3f} s".format(**results[task])
                    print(f"  {turn + 1}/{rounds} {row}: {name}: {took}", flush=True)
    medians = {
        row: {
            name: {
                clock: statistics.median(r[clock] for r in results)
                for clock in ("wall", "cpu")
            }
            for name, results in of_row.items()
            if results
        }
        for row, of_row in found.items()
    }
    return medians, reading


def table(about: dict, rows: dict, results: dict, memory: dict) -> str:
    """As Markdown: how many times as fast as transformers, wall time and CPU time."""
    engines = list(memory)
    packages = ", ".join(f"{name} {v}" for name, v in about["packages"].items())
    lines = [
        "How many times as fast as transformers with sdpa: by wall time, in brackets "
        "by the processor's time; then seconds. Made by `bench/run.py` with random "
        f"weights. {about['cores']} cores ({about['processor']}), {packages}; medians "
        f"over {about['rounds']} rounds. The machine read "
        + ", ".join(f"{speed / 1e9:.1f}" for speed in about["reading"])
        + " GB a second before the rounds; decoding reads every weight for a token, "
        f"{about['weights'] / 1e9:.2f} GB in fp32.",
        "",
    ]
    lines.append("| | wanted | " + " | ".join(engines) + " |")
    lines.append("| --- " * (len(engines) + 2) + "|")
    for row, of_row in results.items():
        cells = []
        for name in engines:
            if name not in of_row:
                cells.append("–")
                continue
            times = {c: of_row[REFERENCE][c] / of_row[name][c] for c in ("wall", "cpu")}
            took = of_row[name]["wall"]
            cells.append(f"{times['wall']:.2f} ({times['cpu']:.2f}), {took:.3f} s")
        lines.append(f"| {row} | {rows[row][-1]} | " + " | ".join(cells) + " |")
    cells = [f"{m['ratio']:.2f}, {m['bytes'] / 1e9:.2f} GB" for m in memory.values()]
    name = "peak memory, times weights and cache, fp32"
    lines.append(f"| {name} | 1.05 | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="+", choices=PACKAGES, default=[*PACKAGES])
    parser.add_argument("--folder", type=Path, help="for checkpoints, 3.7 GB or twice")
    parser.add_argument("--out", type=Path, default=HERE, help="for the results")
    parser.add_argument("--rows", nargs="+", help="words of the rows to measure")
    parser.add_argument("--before", default="", help="a command for each: taskset -c 0")
    parser.add_argument("--smoke", action="store_true", help="a small model, for CI")
    options = parser.parse_args()
    rows, memory_task = (SMOKE, SMOKE_MEMORY) if options.smoke else (ROWS, MEMORY)
    if options.rows:
        rows = {r: v for r, v in rows.items() if any(w in r for w in options.rows)}
    engines = [name for name in options.engines if installed(name)]
    for name in set(options.engines) - set(engines):
        print(f"{name}: not installed, left out")
    if REFERENCE not in engines:
        raise SystemExit(f"engines: {REFERENCE} has to be among them")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        tasks = [*rows.values(), memory_task]
        make_checkpoints(folder, {task[0] for task in tasks})
        for name in engines:
            for checkpoint in {task[0] for task in tasks}:
                ENGINES[name].prepare(folder / checkpoint)
        print("the same logits?")
        check_agreement(engines, folder / ("shrunk" if options.smoke else "fp32"))
        before = options.before.split()
        weights = (folder / memory_task[0] / "model.safetensors").stat().st_size
        results, reading = compare(rows, engines, folder, options.rounds, before)
        memory = {}
        for name in engines:
            checkpoint, dtype, task, _ = memory_task
            memory[name] = measure(name, folder / checkpoint, dtype, task)[task]
    options.out.mkdir(parents=True, exist_ok=True)
    packages = sorted({"torch"}.union(*(PACKAGES[name] for name in engines)))
    about = {
        "cores": os.cpu_count(),
        "processor": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "rounds": options.rounds,
        "reading": reading,
        "weights": weights,
    }
    whole = {"about": about, "seconds": results, "memory": memory}
    (options.out / "results.json").write_text(json.dumps(whole, indent=1) + "\n")
    text = table(about, rows, results, memory)
    (options.out / "results.md").write_text(text)
    print(f"\n{text}")
    wanted = {row: values[-1] for row, values in rows.items()}
    missed = [
        row
        for row, of_row in results.items()
        if of_row[REFERENCE]["wall"] / of_row[OURS]["wall"] < wanted[row]
    ]
    missed += ["peak memory"] if memory[OURS]["ratio"] > memory_task[-1] else []
    print(f"below what is wanted: {', '.join(missed) or 'nothing'}")
    return bool(missed) and not options.smoke


if __name__ == "__main__":
    sys.exit(main())
