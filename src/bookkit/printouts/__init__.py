"""The three printouts that the book starts from: config, printed tree, torchinfo table.

They were made with transformers 4.51 and torchinfo 1.8.0. The tree and the table show
the model shrunk to 3 layers and a vocabulary of 1519; the config does not.
"""

import json
from pathlib import Path

FOLDER = Path(__file__).parent
CONFIG = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
TREE = (FOLDER / "model_print.txt").read_text(encoding="utf-8").rstrip("\n")
TABLE = (FOLDER / "torchinfo.txt").read_text(encoding="utf-8").rstrip("\n")
SHRUNK = {"num_hidden_layers": 3, "vocab_size": 1519}
