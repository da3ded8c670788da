"""What drawings claim of a mechanism, held against the code that does it."""

import json
import math
import re

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bookkit import drawings, printouts
from bookkit.drawings.decoding import wrapped
from bookkit.drawings.floats import FORMATS, rounded_to
from bookkit.drawings.lengths import arrow, scores
from bookkit.drawings.passing import calls_of
from bookkit.drawings.roofline import intensity
from bookkit.drawings.storage import as_saved, header_bytes
from bookkit.drawings.tokens import IDS, STEPS, WORD
from bookkit.drawings.turns import slowed
from minqwen3 import (
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3RMSNorm,
    Qwen3RotaryEmbedding,
    Qwen3Tokenizer,
    locate,
)
from minqwen3.rope import yarn_frequencies

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


def test_a_config_gives_the_file_that_is_there():
    file = locate() / "model.safetensors"
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    del header["__metadata__"]
    entries = [
        (n, e["dtype"], e["shape"], *e["data_offsets"]) for n, e in header.items()
    ]
    config = json.loads((locate() / "config.json").read_text())
    sizes = drawings.Sizes(printouts.CONFIG | config)
    assert as_saved(sizes) == sorted(entries, key=lambda entry: entry[3])
    assert header_bytes(entries) == length


@pytest.mark.parametrize("value", [3.14159, -0.1, 257.0, 259.0, 1.999, 65504.0])
def test_drawn_bits_are_those_of_torch(value):
    dtypes = torch.float32, torch.bfloat16, torch.float16
    for name, dtype in zip(FORMATS, dtypes, strict=True):
        there = torch.tensor(value, dtype=torch.float64).to(dtype)
        whole = there.view(torch.int32 if there.itemsize == 4 else torch.int16).item()
        size = 8 * there.itemsize
        bits, number = rounded_to(value, *FORMATS[name])
        assert bits == f"{whole % 2**size:0{size}b}" and number == there.item()


def test_a_number_that_a_format_does_not_have_is_refused():
    with pytest.raises(ValueError, match="70000.0 is no normal number with 5"):
        rounded_to(70_000.0, *FORMATS["fp16"])


@pytest.mark.parametrize("length", [256, 4096, 40_960])
def test_clocks_are_slowed_as_yarn_slows_them(length):
    scaling = {"rope_type": "yarn", "factor": 4.0}
    scaling["original_max_position_embeddings"] = length
    sizes = dict(max_position_embeddings=4 * length, rope_scaling=scaling)
    plain = Qwen3RotaryEmbedding(Qwen3Config.from_dict(printouts.CONFIG)).inv_freq
    speeds, _ = yarn_frequencies(Qwen3Config.from_dict(printouts.CONFIG | sizes))
    drawn = torch.tensor(slowed("yarn", Z.H, Z.theta, length, 4.0))
    assert torch.allclose(plain / speeds, drawn, rtol=1e-4)


def test_bounds_of_the_roofline_count_as_the_model_does():
    config = printouts.CONFIG | dict(num_hidden_layers=2, vocab_size=97)
    with torch.device("meta"):
        model = Qwen3ForCausalLM(Qwen3Config.from_dict(config), "eager")
        with FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, 7, dtype=torch.long))
    cache = 7 * 2 * 2 * Z.K * Z.H * 2
    weights = 2 * sum(p.numel() for p in model.parameters())
    expected = counter.get_total_flops() / (weights + cache)
    assert intensity(drawings.Sizes(config), 7, 0) == pytest.approx(expected, rel=1e-3)


def test_returns_are_wrapped_without_losing_a_letter():
    tokens = [" it", " was", " it", " was", "\n", " so"]
    lines = wrapped(tokens, [0, 0, 1, 1, 0, 5], 7)
    flat = "".join(words for line in lines for _, words in line)
    assert flat.replace("\u00a0", "") == "itwasitwas↵so"
    assert all(sum(len(words) for _, words in line) <= 7 for line in lines)
    assert [level for line in lines for level, _ in line][-1] == 3
