"""The small checkpoint: what its card says, and that transformers reads it too."""

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import Qwen3ForCausalLM as TheirModel

from bookkit import held_out, is_trained, training_log
from minqwen3 import Qwen3ForCausalLM, Qwen3Tokenizer, hub

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import train_small  # noqa: E402


@pytest.fixture(scope="module")
def small():
    model = Qwen3ForCausalLM.from_pretrained(attn_implementation="eager")
    return model, Qwen3Tokenizer.from_pretrained()


def test_size_on_disk():
    assert sum(file.stat().st_size for file in hub.SMALL.iterdir()) < 5_000_000


def test_held_out_loss_is_far_below_unigram_and_bigram(small):
    model, tokenizer = small
    train, held = train_small.texts()
    ids = train_small.ids_of(tokenizer.tokenizer, held)
    train_ids = train_small.ids_of(tokenizer.tokenizer, train)
    unigram, bigram = train_small.unigram_and_bigram(train_ids, ids)
    loss = train_small.loss_on(model, ids)
    card = (hub.SMALL / "README.md").read_text()
    said = re.search(
        r"token: ([\d.]+)\.\s+A unigram .* has ([\d.]+),.* ([\d.]+)\.", card
    )
    shown = tuple(float(x) for x in said.groups())
    assert shown == pytest.approx((loss, unigram, bigram), abs=0.011)
    assert loss < bigram - 0.6 and loss < unigram - 2


def test_the_log_is_of_such_a_run(small):
    """From a guess to where the weights are, along the schedule."""
    log, (model, tokenizer) = training_log(), small
    _, held = train_small.texts()
    loss = train_small.loss_on(model, train_small.ids_of(tokenizer.tokenizer, held))
    assert log[0]["held"] == pytest.approx(math.log(train_small.ROWS), abs=0.05)
    assert log[-1]["held"] == pytest.approx(loss, abs=0.01)
    steps = [line["step"] for line in log]
    assert steps == [*range(0, 1600, train_small.OFTEN), 1599]
    for line in log:
        right = train_small.rate(line["step"], 1600)
        assert line["rate"] == pytest.approx(right, abs=1e-6)


def test_held_out_text_is_not_trained_on():
    train, held = train_small.texts()
    assert held_out() == train_small.held_text(held)
    first = held_out().split("\n\n")[1]
    assert not any(first in part for part in train)


def test_tokenizer_comes_out_the_same(small):
    again = train_small.train_tokenizer(train_small.texts()[0])
    assert again.to_str() == small[1].tokenizer.to_str()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_transformers_gives_the_same_logits_and_text(small, dtype):
    _, tokenizer = small
    ids = torch.tensor([tokenizer.encode(held_out())[:200]])
    ours = Qwen3ForCausalLM.from_pretrained(None, dtype, "eager")
    theirs = TheirModel.from_pretrained(hub.SMALL, attn_implementation="eager")
    assert theirs.dtype in (torch.bfloat16, torch.float32)
    theirs = theirs.to(dtype)
    theirs.model.rotary_emb = type(theirs.model.rotary_emb)(theirs.config)
    assert torch.equal(ours(ids), theirs(ids).logits)
    new = ours.generate(ids[:, :10], 20)
    assert torch.equal(new, theirs.generate(ids[:, :10], max_new_tokens=20))


def test_training_is_deterministic(tmp_path):
    """A few steps, twice, give the same files; the whole run is ``make train``."""
    for name in ("a", "b"):
        command = [sys.executable, "tools/train_small.py", "--steps", "6", "--out"]
        subprocess.run([*command, tmp_path / name], cwd=ROOT, check=True)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_random_weights_are_not_called_trained(small):
    """What chapters assert of learned behaviour hangs on this."""
    model, tokenizer = small
    torch.manual_seed(0)
    random = Qwen3ForCausalLM(model.config, attn_implementation="eager").eval()
    assert is_trained(model, tokenizer) and not is_trained(random, tokenizer)
