"""The benchmark runs, on a small model, and refuses to time a wrong one."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]


def test_a_small_run(tmp_path):
    command = [sys.executable, ROOT / "bench/run.py", "--smoke", "--rounds", "1"]
    command += ["--engines", "transformers", "minqwen3", "--out", tmp_path]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}  # quicker where others compute
    done = subprocess.run(command, capture_output=True, text=True, env=one_thread)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    for row, engines in results["seconds"].items():
        for name in ("transformers", "minqwen3"):
            assert 0 < engines[name]["wall"] < 60 and engines[name]["cpu"] > 0, row
    assert 1 < results["memory"]["minqwen3"]["ratio"] < 3
    assert 1e8 < results["about"]["reading"][0] < 1e12
    assert (tmp_path / "results.md").read_text() in done.stdout


def test_a_dash_for_what_an_engine_cannot_do(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "bench")
    import run

    took = {"wall": 2.0, "cpu": 1.0}

    def measure(name, folder, dtype, task, before):
        return {task: None if (name, task) == ("other", "train") else took}

    monkeypatch.setattr(run, "measure", measure)
    engines = ["transformers", "other"]
    rows = {"step": ("", "float32", "train", 1), "token": ("", "bfloat16", "first", 1)}
    monkeypatch.setattr(run, "reading_speed", lambda: 2e9)
    results, reading = run.compare(rows, engines, ROOT, 2, ())
    assert results["step"] == {"transformers": took} and reading == [2e9, 2e9]
    about = {"packages": {}, "cores": 1, "processor": "", "rounds": 2}
    about |= {"reading": reading, "weights": 3e9}
    memory = dict.fromkeys(engines, {"ratio": 1, "bytes": 1e9})
    lines = run.table(about, rows, results, memory).splitlines()
    assert "read 2.0, 2.0 GB" in lines[0] and "3.00 GB in fp32" in lines[0]
    assert "| step | 1 | 1.00 (1.00), 2.000 s | – |" in lines
    assert "| token | 1 | 1.00 (1.00), 2.000 s | 1.00 (1.00), 2.000 s |" in lines


@pytest.mark.skipif(
    not all(map(find_spec, ("llama_cpp", "gguf"))), reason="llama.cpp not installed"
)
@pytest.mark.parametrize("dtype, bound", [("float32", 1e-5), ("bfloat16", 0.05)])
def test_llama_cpp_reads_the_same_checkpoint(tmp_path, monkeypatch, dtype, bound):
    monkeypatch.syspath_prepend(ROOT / "bench")
    from engines import ENGINES

    from minqwen3 import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=100,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(config).to(getattr(torch, dtype))
    model.save_pretrained(tmp_path / "small")
    of = (tmp_path / "small", getattr(torch, dtype), 32)
    ids, logits = torch.randint(100, (1, 20)), []
    with torch.no_grad():
        for name in ("minqwen3 without kernels", "llama.cpp"):
            engine = ENGINES[name](*of)
            logits.append(torch.cat([engine.step(ids), engine.step(ids[:, :1])]))
    expected, found = (t.float() for t in logits)
    assert (found - expected).abs().max() < bound * expected.abs().max()
    assert engine.numbers() == sum(p.numel() for p in model.parameters())
