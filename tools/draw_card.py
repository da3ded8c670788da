"""Draw _static/card.png, the picture that goes with a link to the book."""

from pathlib import Path

import matplotlib.pyplot as plt

from bookkit import COLOR, printouts

LIT = "q_norm", "k_norm"

figure = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="white")
figure.text(0.05, 0.84, "Reading Qwen3", size=44, weight="bold", color=COLOR["q"])
figure.text(0.05, 0.74, "From three printouts to every line of the code", size=21)
lines = printouts.TREE.split("\n")[5:19]
for i, line in enumerate(lines):
    lit = any(f"({name})" in line for name in LIT)
    color = COLOR["highlight"] if lit else "#333333"
    weight = "bold" if lit else "normal"
    figure.text(
        0.05, 0.63 - 0.043 * i, line[8:], size=15, family="monospace",
        color=color, weight=weight,
    )  # fmt: skip
figure.savefig(
    Path(__file__).parents[1] / "_static/card.png", metadata={"Software": None}
)
