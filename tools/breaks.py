"""Break minqwen3 on purpose, one line at a time, and see that the chapters notice.

    python tools/breaks.py [name ...]

Each break is made in a copy of ``src/``; the chapter that explains the line then runs
under nbval against the copy. A break counts as caught when an assertion fails, not when
a source that the chapter shows looks different. Exits with 1 if one was missed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]

# name: (chapter, [(what stands in model.py, what takes its place)])
BREAKS = {
    "cast order in RMSNorm": (
        "05_rmsnorm",
        [("self.weight * x32.to(x.dtype)", "(self.weight * x32).to(x.dtype)")],
    ),
    "eps left out": (
        "05_rmsnorm",
        [("torch.rsqrt(variance + self.variance_epsilon)", "torch.rsqrt(variance)")],
    ),
    "rotate_half's sign": ("08_rope", [("torch.cat((-b, a)", "torch.cat((b, -a)")]),
    "interleaved pairing": (
        "08_rope",
        [
            ("a, b = x.chunk(2, dim=-1)", "a, b = x[..., 0::2], x[..., 1::2]"),
            ("torch.cat((-b, a), dim=-1)", "torch.stack((-b, a), -1).flatten(-2)"),
            ("torch.cat((angles, angles), dim=-1)", "angles.repeat_interleave(2, -1)"),
        ],
    ),
    "theta": ("08_rope", [("theta, dim = self.config.rope_theta", "theta, dim = 1e4")]),
    "QK-norm after RoPE": (
        "07_qk_norm",
        [
            (
                "self.q_norm(self.q_proj(x_BTD).view(heads))",
                "self.q_proj(x_BTD).view(heads)",
            ),
            (
                "self.k_norm(self.k_proj(x_BTD).view(heads))",
                "self.k_proj(x_BTD).view(heads)",
            ),
            (
                "k_BKSH, v_BKSH = k_BKTH, v_BKTH",
                "q_BNTH = self.q_norm(q_BNTH)\n        "
                "k_BKTH = self.k_norm(k_BKTH)\n        k_BKSH, v_BKSH = k_BKTH, v_BKTH",
            ),
        ],
    ),
    "repeat, not repeat_interleave": (
        "09_attention",
        [
            (
                "x_BKSH[:, :, None].expand(-1, -1, n_rep, -1, -1).flatten(1, 2)",
                "x_BKSH.repeat(1, n_rep, 1, 1)",
            )
        ],
    ),
    "scaling left out": (
        "09_attention",
        [("k_BNSH.transpose(2, 3) * module.scaling", "k_BNSH.transpose(2, 3)")],
    ),
    "softmax in bf16": ("09_attention", [("dim=-1, dtype=torch.float32)", "dim=-1)")]),
    "causal mask left out": (
        "10_masks",
        [("allowed_TS = k_S <= q_T[:, None]", "allowed_TS = k_S >= 0 * q_T[:, None]")],
    ),
    "gate and up swapped": (
        "11_mlp",
        [
            (
                "self.act_fn(self.gate_proj(x_BTD)) * self.up_proj(x_BTD)",
                "self.gate_proj(x_BTD) * self.act_fn(self.up_proj(x_BTD))",
            )
        ],
    ),
    "a residual left out": (
        "12_decoder_layer",
        [("return x_BTD + self.mlp(", "return self.mlp(")],
    ),
    "the final norm left out": (
        "14_model",
        [("return self.norm(x_BTD)", "return x_BTD")],
    ),
    "the head untied": (
        "13_head",
        [("if self.config.tie_word_embeddings:", "if False:")],
    ),
}


def caught(chapter: str, changes: list[tuple[str, str]]) -> list[str]:
    """The cells of a chapter that raise when the changes are made in a copy of src/."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src", folder, dirs_exist_ok=True)
        file = Path(folder) / "minqwen3" / "model.py"
        text = file.read_text()
        for old, new in changes:
            if text.count(old) != 1:
                raise SystemExit(f"{old!r} stands {text.count(old)} times in model.py")
            text = text.replace(old, new)
        file.write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "--nbval", "-p"]
        command += ["no:cacheprovider", f"book/{chapter}.ipynb"]
        run = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": folder, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
    found = re.findall(r"Cell (\d+): Cell execution caused an exception", run.stdout)
    return list(dict.fromkeys(found))


def main(names: list[str]) -> int:
    for name in names:
        if name not in BREAKS:
            raise SystemExit(f"{name!r}: expected one of {', '.join(BREAKS)}")
    names, missed = names or list(BREAKS), []
    with ThreadPoolExecutor(2) as pool:  # chapters compute little and start for long
        results = pool.map(lambda name: caught(*BREAKS[name]), names)
        for name, cells in zip(names, results, strict=True):
            found = f"cells {', '.join(cells)}" if cells else "NOT CAUGHT"
            print(f"{name:32} {BREAKS[name][0]:18} {found}", flush=True)
            missed += [] if cells else [name]
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
