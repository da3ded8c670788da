"""What drawings claim of a mechanism, held against the code that does it."""

import json
import math
import re

import pytest
import torch

from bookkit import drawings, printouts
from bookkit.drawings.lengths import arrow, scores
from bookkit.drawings.passing import calls_of
from bookkit.drawings.tokens import IDS, STEPS, WORD
from minqwen3 import (
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3RMSNorm,
    Qwen3Tokenizer,
    locate,
)

Z = drawings.Sizes(printouts.CONFIG)


def test_a_pass_has_the_calls_of_the_model_with_their_sizes():
    config = printouts.CONFIG | dict(num_hidden_layers=1, vocab_size=97)
    model, seen, T = Qwen3ForCausalLM(Qwen3Config.from_dict(config)), [], 5

    def keep(module, inputs, output):
        if not list(module.children()):
            parts = output if isinstance(output, tuple) else (output,)
            seen.append((names[module], sum(part.numel() for part in parts) / T))

    names = {m: n.rpartition(".")[2] for n, m in model.named_modules()}
    for module in model.modules():
        module.register_forward_hook(keep)
    model(torch.arange(T)[None])
    drawn = calls_of(drawings.Sizes(config))
    assert [(name, n) for name, n, *_, printed in drawn if printed] == seen


def test_words_of_a_pass_are_its_numbers():
    for _, numbers, words, *_ in calls_of(Z):
        if numbers:
            product = str(words).replace("·", "*").replace("×", "*")
            assert eval(product) == numbers


def test_scores_of_the_sketch_are_those_of_the_norm():
    norm = Qwen3RMSNorm(Z.H)

    def vector(length, angle):  # in a plane of the head's space
        plane = length * Z.H**0.5 * torch.tensor([math.cos(angle), math.sin(angle)])
        return torch.cat((plane, torch.zeros(Z.H - 2)))

    for i, (before, after) in enumerate(scores(Z)):
        q, k = vector(*arrow(i, Z.N, 0.4)), vector(*arrow(i // Z.G, Z.K, 1.1))
        assert (q @ k * Z.H**-0.5).item() == pytest.approx(before, abs=1e-3)
        assert (norm(q) @ norm(k) * Z.H**-0.5).item() == pytest.approx(after, abs=1e-3)
        assert abs(after) <= Z.H**0.5


def test_rows_and_sums_are_the_printed_table_s():
    drawing = drawings.counted(layers=3, vocab=1519)
    words = re.findall(r"<text[^>]*>([^<]*)</text>", drawing.svg())
    rows = [i for i, word in enumerate(words) if re.fullmatch(r"\w+: \d-\d", word)]
    for i in rows:
        name, count = words[i], words[i + 1]
        assert re.search(rf"{name} +{count}\n", printouts.TABLE), name
    assert len(rows) == 6
    total = re.search(r"Total params: ([\d,]+)", printouts.TABLE)[1]
    model = Qwen3ForCausalLM(Qwen3Config.from_dict(printouts.CONFIG | printouts.SHRUNK))
    assert total in words
    assert f"{sum(p.numel() for p in model.parameters()):,}" in words


def test_an_untied_model_is_counted_once_either_way():
    config = printouts.CONFIG | dict(tie_word_embeddings=False)
    assert "equal" in drawings.counted(config).svg()


def test_merges_are_the_tokenizer_s():
    file = json.loads((locate() / "tokenizer.json").read_text(encoding="utf-8"))
    pairs = [
        tuple(m.split(" ")) if isinstance(m, str) else tuple(m)
        for m in file["model"]["merges"]
    ]
    for left, right, rank in STEPS:
        assert pairs[rank] == (left, right)
    tokenizer = Qwen3Tokenizer.from_pretrained(locate())
    assert tokenizer.encode(WORD.replace("Ġ", " ")) == list(IDS)
    svg = drawings.merges().svg()
    assert all(f">{i}</text>" in svg for i in IDS)


def test_merges_that_are_no_neighbours_are_refused():
    with pytest.raises(ValueError, match="step 1 merges 'l' and 'w', not neighbours"):
        drawings.merges(text="slow", steps=[("l", "w", 3)])
