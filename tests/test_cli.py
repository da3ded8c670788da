"""``python -m minqwen3``, in this process and once as a reader types it."""

import io
import subprocess
import sys

import pytest
import torch
from transformers import Qwen3Config as TheirConfig
from transformers import Qwen3ForCausalLM as TheirModel

from minqwen3 import Qwen3ForCausalLM, Qwen3Tokenizer, locate
from minqwen3.__main__ import main

PROMPT = "It is a truth universally"


def said(capsys, *arguments) -> str:
    assert main([str(a) for a in arguments]) == 0
    return capsys.readouterr().out


def test_greedy_is_generate(capsys):
    model = Qwen3ForCausalLM.from_pretrained()
    tokenizer = Qwen3Tokenizer.from_pretrained()
    ids = torch.tensor([tokenizer.encode(PROMPT)])
    text = tokenizer.decode(model.generate(ids, 12)[0])
    assert said(capsys, PROMPT, "--max-new-tokens", 12) == text + "\n"


def test_a_seed_repeats(capsys):
    flags = ["--temperature", 1.0, "--top-p", 0.9, "--max-new-tokens", 15, "--seed"]
    first, again, other = (said(capsys, PROMPT, *flags, s) for s in (1, 1, 2))
    assert first == again != other


def test_standard_input(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(PROMPT))
    piped = said(capsys, "-", "--max-new-tokens", 5)
    assert piped == said(capsys, PROMPT, "--max-new-tokens", 5)


def test_chat_prints_the_answer_alone(capsys):
    text = said(capsys, PROMPT, "--chat", "--no-thinking", "--max-new-tokens", 5)
    assert PROMPT not in text and "<|im_start|>" not in text


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["x", "--checkpoint", "nowhere"], "no such folder"),
        (["x", "--temperature", "-1"], "temperature"),
        (["x", "--top-k", "5"], "temperature"),
        (["x", "--top-p", "2", "--temperature", "1"], "top_p"),
        (["x", "--max-new-tokens", "-3"], "max_new_tokens"),
        (["", "--max-new-tokens", "3"], "prompt"),
    ],
)
def test_errors_are_one_line(capsys, arguments, words):
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert words in err and len(err.splitlines()) == 1 and not out


@pytest.mark.parametrize(
    "arguments", [[], ["x", "--system", "y"], ["x", "--thinking"], ["x", "--nope"]]
)
def test_usage(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and "usage" in capsys.readouterr().err


def test_as_a_reader_types_it():
    command = [sys.executable, "-m", "minqwen3", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "examples:" in shown and "MINQWEN3_CHECKPOINT" in shown


def test_a_checkpoint_that_transformers_wrote(capsys, tmp_path):
    """Random weights of another size, the small tokenizer beside them."""
    config = TheirConfig(
        vocab_size=2048,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=32,
    )
    TheirModel(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_text((locate() / name).read_text())
    text = said(capsys, PROMPT, "--checkpoint", tmp_path, "--max-new-tokens", 4)
    assert text.startswith(PROMPT)
