"""Checkpoints: round trips with transformers, and each way a file can be wrong."""

import json

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from minqwen3 import Qwen3Config, Qwen3ForCausalLM, checkpoint, files


@pytest.fixture
def model(tiny):
    torch.manual_seed(0)
    return Qwen3ForCausalLM(Qwen3Config.from_dict(tiny())).eval()


def equal(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("shard", [None, 40_000, "40KB"])
def test_round_trip(model, tmp_path, shard):
    model.save_pretrained(tmp_path / "m", max_shard_size=shard)
    assert equal(Qwen3ForCausalLM.from_pretrained(tmp_path / "m", torch.float32), model)
    theirs = transformers.Qwen3ForCausalLM.from_pretrained(
        tmp_path / "m", torch_dtype=torch.float32
    )
    assert equal(theirs, model)
    theirs.save_pretrained(tmp_path / "t", max_shard_size="50KB")
    assert equal(Qwen3ForCausalLM.from_pretrained(tmp_path / "t"), model)


def test_other_files_stay_and_old_shards_go(model, tmp_path):
    model.save_pretrained(tmp_path, max_shard_size=40_000)
    (tmp_path / "tokenizer.json").write_text("{}")
    model.save_pretrained(tmp_path)
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json"}


@pytest.mark.parametrize(
    "step", ["checkpoint.save_file", "files.take_place", "files.os.rename"]
)
def test_interrupted_save_keeps_the_old(model, tmp_path, monkeypatch, step):
    path = tmp_path / "m"
    model.save_pretrained(path)
    other = Qwen3ForCausalLM(model.config)
    rename, calls = files.os.rename, []

    def stop(*args, **kwargs):
        calls.append(args)
        if step == "files.os.rename" and len(calls) != 2:
            return rename(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"minqwen3.{step}", stop)
        patch.setattr("minqwen3.files.exchange", lambda new, path: False)
        with pytest.raises(KeyboardInterrupt):
            other.save_pretrained(path)
    assert equal(Qwen3ForCausalLM.from_pretrained(path), model)
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_weights_may_be_read_by_whoever_may_read_the_config(model, tmp_path):
    model.save_pretrained(tmp_path / "m", max_shard_size=40_000)
    modes = {p.stat().st_mode & 0o777 for p in (tmp_path / "m").iterdir()}
    assert len(modes) == 1


def change(path, **tensors):
    file = path / "model.safetensors"
    held = {k: v.clone() for k, v in load_file(file).items()}
    held |= tensors
    save_file({k: v for k, v in held.items() if v is not None}, file)


@pytest.mark.parametrize(
    "tensors, words",
    [
        ({"model.norm.weight": None}, ["model.norm.weight", "missing"]),
        ({"extra": torch.ones(2)}, ["extra", "model.safetensors"]),
        ({"model.norm.weight": torch.ones(3)}, ["model.norm.weight", "(3,)", "(48,)"]),
        ({"model.norm.weight": torch.ones(48).int()}, ["model.norm.weight", "int32"]),
        ({"lm_head.weight": torch.ones(97, 48)}, ["lm_head.weight", "tie"]),
    ],
)
def test_wrong_tensors_are_named(model, tmp_path, tensors, words):
    model.save_pretrained(tmp_path)
    change(tmp_path, **tensors)
    with pytest.raises(ValueError) as error:
        Qwen3ForCausalLM.from_pretrained(tmp_path)
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize("data", [b"", b"not safetensors at all", None])
def test_broken_files_are_named(model, tmp_path, data):
    model.save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100] if data is None else data)
    with pytest.raises(ValueError, match="model.safetensors"):
        Qwen3ForCausalLM.from_pretrained(tmp_path)


def test_missing_shard_and_folder(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        Qwen3ForCausalLM.from_pretrained(tmp_path / "nowhere")
    model.save_pretrained(tmp_path, max_shard_size=40_000)
    index = json.loads((tmp_path / checkpoint.INDEX).read_text())
    shard = sorted(set(index["weight_map"].values()))[-1]
    (tmp_path / shard).unlink()
    with pytest.raises(FileNotFoundError, match=shard):
        Qwen3ForCausalLM.from_pretrained(tmp_path)
