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
