"""The printouts, byte for byte; the formulas; the map of lines; the style."""

import ast
import json
from pathlib import Path

import pytest
import shapes
import torch
from torchinfo import summary

import minqwen3
from bookkit import count, places, printouts, qwen3_config
from minqwen3 import KVCache, Qwen3Config, Qwen3ForCausalLM
from minqwen3.model import Qwen3Attention

SRC = Path(minqwen3.__file__).parent


@pytest.fixture(scope="module")
def shrunk():
    return Qwen3ForCausalLM(qwen3_config(**printouts.SHRUNK))


def test_print_is_the_printout(shrunk):
    assert repr(shrunk) == printouts.TREE


def test_table_is_the_printout(shrunk):
    assert str(summary(shrunk, verbose=0)) == printouts.TABLE


def test_counts(shrunk):
    c = count(shrunk.config)
    assert (c["layer"], c["printed_total"], c["total"]) == (
        15_730_944,
        50_304_768,
        48_749_312,
    )
    assert c["total"] == sum(p.numel() for p in shrunk.parameters())
    assert count(qwen3_config())["total"] == 596_049_920


@pytest.mark.parametrize("kind", places.PRINTOUTS)
def test_every_line_has_a_chapter(kind):
    lines, claims = places.PRINTOUTS[kind]
    names = {name for _, name in lines() if name is not None}
    assert names == set(claims)
    assert set(claims.values()) <= set(places.CHAPTERS)


def test_config_round_trip():
    version = {"transformers_version": printouts.CONFIG["transformers_version"]}
    assert (
        Qwen3Config.from_dict(printouts.CONFIG).to_dict() | version == printouts.CONFIG
    )


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_shape_suffixes(tiny, attention):
    d = tiny(num_hidden_layers=1)
    model = Qwen3ForCausalLM(Qwen3Config.from_dict(d), attention)
    sizes = {"B": 3, "T": 7, "S": 7, "D": 48, "F": 80, "N": 6, "K": 2, "H": 16}
    seen, cache = set(), KVCache()
    mask = torch.ones(3, 7, dtype=torch.long)
    mask[0, 0] = 0
    with shapes.checked(sizes, "model.py", seen):
        model(torch.randint(0, 97, (3, 7)), mask, cache=cache)
    sizes |= {"T": 4, "S": 11}
    with shapes.checked(sizes, "model.py", seen):
        model(torch.randint(0, 97, (3, 4)), cache=cache)
    assert {"x_BTD", "q_BNTH", "k_BKSH", "allowed_BTS", "h_BTF"} <= seen


def test_a_wrong_suffix_is_seen(tiny):
    model = Qwen3Attention(Qwen3Config.from_dict(tiny()), 0)
    x = torch.zeros(3, 7, 48)
    rotary = torch.zeros(3, 7, 16), torch.zeros(3, 7, 16)
    with pytest.raises(AssertionError, match="x_BTD"):
        with shapes.checked(dict.fromkeys("BTSDFNKHV", 9), "model.py", set()):
            model(x, rotary)


def test_model_reads_in_one_sitting():
    text = (SRC / "model.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno + 1 <= 20, node.name


def test_minqwen3_does_not_import_transformers():
    for path in SRC.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in getattr(node, "names", [])]
            names.append(getattr(node, "module", None) or "")
            assert not any(n.split(".")[0] == "transformers" for n in names), path


def test_every_cell_was_run():
    for path in Path(__file__).parent.parent.glob("book/*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                assert cell["execution_count"], f"{path}: {cell['source']}"
