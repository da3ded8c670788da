"""The benchmark runs, on a small model, and refuses to time a wrong one."""

import json
import os
import subprocess
import sys
from pathlib import Path

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
    results = run.compare(rows, engines, ROOT, 2, ())
    assert results["step"] == {"transformers": took}
    about = {"packages": {}, "cores": 1, "processor": "", "rounds": 2}
    memory = dict.fromkeys(engines, {"ratio": 1, "bytes": 1e9})
    lines = run.table(about, rows, results, memory).splitlines()
    assert "| step | 1 | 1.00 (1.00), 2.000 s | – |" in lines
    assert "| token | 1 | 1.00 (1.00), 2.000 s | 1.00 (1.00), 2.000 s |" in lines
