"""Measure what each deliberate mistake costs, and write src/bookkit/breaks.json.

    python tools/measure_breaks.py

The live page shows these losses; tests/test_live.py computes them again. The marks on
its scale are the trained model, the two simplest ones, and a guess.
"""

import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from train_small import ROWS, ids_of, texts, unigram_and_bigram  # noqa: E402

from bookkit import breaks  # noqa: E402
from minqwen3 import Qwen3Tokenizer, hub  # noqa: E402


def marks() -> dict[str, float]:
    """Losses to compare with, in nats a token, on all of the held-out text."""
    tokenizer = Qwen3Tokenizer.from_pretrained(hub.SMALL).tokenizer
    train, held = (ids_of(tokenizer, parts) for parts in texts())
    one, two = unigram_and_bigram(train, held)
    guess = math.log(ROWS)
    return {
        "token pairs alone": round(two, 4),
        "token counts alone": round(one, 4),
        "blind guess": round(guess, 4),
    }


if __name__ == "__main__":
    results = breaks.measured() | {"marks": marks()}
    breaks.RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for key, found in results["breaks"].items():
        print(f"{key:20} {found['loss']:7.4f}  {found['first']}")
