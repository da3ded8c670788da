"""minqwen3 against transformers on configs that Hypothesis draws from the whole family.

``MINQWEN3_EXAMPLES`` says how many examples all properties have together. Without it
there are 300, the same in every run; with it they are new in every run, and a failure
prints the smallest config that fails.
"""

import os
import tempfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_against_transformers import make_pair
from transformers import DynamicCache
from transformers import Qwen3Config as TheirConfig
from transformers import Qwen3ForCausalLM as TheirModel

from minqwen3 import KVCache, Qwen3ForCausalLM
from minqwen3.config import ACTIVATIONS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
WANTED = os.environ.get("MINQWEN3_EXAMPLES")
DTYPES = st.sampled_from([torch.float32, torch.bfloat16])


def share(percent: int):
    """Settings for a property that gets this part of all examples."""
    return settings(
        max_examples=max(1, int(WANTED or 300) * percent // 100),
        derandomize=WANTED is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def ropes(draw) -> dict:
    """A base, and no scaling or YaRN with any of its keys."""
    d = {"rope_theta": draw(st.floats(1.5, 1e7))}
    kind = draw(st.sampled_from([None, "default", "yarn", "yarn"]))
    if kind == "default":
        d["rope_scaling"] = {"rope_type": "default"}
    if kind == "yarn":
        positive = st.floats(0.125, 64)
        optional = {
            "original_max_position_embeddings": st.integers(1, 64),
            "attention_factor": positive,
            "beta_fast": positive,
            "beta_slow": positive,
            "mscale": positive,
            "mscale_all_dim": positive,
            "truncate": st.booleans(),
        }
        needed = {"rope_type": st.just("yarn"), "factor": st.floats(1, 64)}
        d["rope_scaling"] = draw(st.fixed_dictionaries(needed, optional=optional))
    return d


@st.composite
def windows(draw, layers: int) -> dict:
    """No window, one that begins at a layer, or a list with one type a layer."""
    kind = draw(st.sampled_from(["off", "from", "types"]))
    d = {
        "use_sliding_window": kind != "off",
        "sliding_window": draw(st.one_of(st.none(), st.integers(1, 10))),
        "max_window_layers": draw(st.integers(0, layers)),
    }
    names = ["full_attention"]
    if kind != "off" and d["sliding_window"] is not None:
        names.append("sliding_attention")
    if kind == "types":
        one = st.sampled_from(names)
        d["layer_types"] = draw(st.lists(one, min_size=layers, max_size=layers))
    return d


@st.composite
def configs(draw) -> dict:
    """A config.json of a small Qwen3; all that the family's config can say varies."""
    kv_heads = draw(st.integers(1, 3))
    layers, vocab = draw(st.integers(1, 3)), draw(st.integers(2, 64))
    token = st.integers(0, vocab - 1)
    d = {
        "vocab_size": vocab,
        "hidden_size": draw(st.integers(1, 48)),
        "intermediate_size": draw(st.integers(1, 64)),
        "num_hidden_layers": layers,
        "num_attention_heads": kv_heads * draw(st.integers(1, 4)),
        "num_key_value_heads": kv_heads,
        "head_dim": 2 * draw(st.integers(1, 8)),
        "hidden_act": draw(st.sampled_from(sorted(ACTIVATIONS))),
        "max_position_embeddings": draw(st.integers(1, 64)),
        "initializer_range": draw(st.floats(0.01, 1)),
        # 0 makes NaN of the padding token's zero row, and NaN does not equal itself
        "rms_norm_eps": draw(st.floats(1e-8, 0.1)),
        "use_cache": draw(st.booleans()),
        "tie_word_embeddings": draw(st.booleans()),
        "attention_bias": draw(st.booleans()),
        "attention_dropout": draw(st.sampled_from([0.0, 0.3])),
        "pad_token_id": draw(st.one_of(st.none(), token)),
        "bos_token_id": draw(st.one_of(st.none(), token)),
        "eos_token_id": draw(
            st.one_of(st.none(), token, st.lists(token, min_size=1, max_size=3))
        ),
    }
    return d | draw(ropes()) | draw(windows(layers))


@st.composite
def batches(draw, vocab: int, sides=("none", "left", "right")):
    """Ids and mask (B, T): rows with padding on one side, each with a real token."""
    B, T = draw(st.integers(1, 3)), draw(st.integers(1, 12))
    source = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    ids_BT = torch.randint(0, vocab, (B, T), generator=source)
    side = draw(st.sampled_from(sides))
    if side == "none":
        return ids_BT, None
    mask_BT = torch.ones_like(ids_BT)
    for row in mask_BT:
        row[: draw(st.integers(0, T - 1))] = 0
    return ids_BT, mask_BT if side == "left" else mask_BT.flip(1)


def logits_of(theirs, ids_BT, mask_BT, positions_BT=None):
    """transformers' logits without a cache.

    Left to itself it makes one, whose keys lie otherwise in memory than fresh ones.
    With as many key/value heads as query heads nothing copies them, and the kernel for
    the other layout rounds the last bit of fp32 otherwise.
    """
    return theirs(
        ids_BT, attention_mask=mask_BT, position_ids=positions_BT, use_cache=False
    ).logits


@share(35)
@given(st.data(), configs(), DTYPES)
@torch.no_grad()
def test_logits(data, d, dtype):
    """The same bits, padding's rows too, and with positions of the caller's own."""
    ours, theirs = make_pair(d, dtype, "eager")
    ids_BT, mask_BT = data.draw(batches(d["vocab_size"]))
    assert torch.equal(ours(ids_BT, mask_BT), logits_of(theirs, ids_BT, mask_BT))
    # Positions that jump, no mask and no cache: transformers 5 takes them for several
    # texts in a row and keeps these apart. minqwen3 does not guess; give both a mask.
    mask_BT = torch.ones_like(ids_BT) if mask_BT is None else mask_BT
    positions_BT = ids_BT.flip(1) * data.draw(st.integers(0, 999))
    out = ours(ids_BT, mask_BT, positions_BT)
    assert torch.equal(out, logits_of(theirs, ids_BT, mask_BT, positions_BT))


@share(20)
@given(st.data(), configs(), DTYPES)
@torch.no_grad()
def test_cache_in_pieces(data, d, dtype):
    """The same bits, growing or in storage of a fixed size, however the text is cut."""
    ours, theirs = make_pair(d, dtype, "eager")
    ids_BT, mask_BT = data.draw(batches(d["vocab_size"]))
    mask_BT = torch.ones_like(ids_BT) if mask_BT is None else mask_BT
    T = ids_BT.shape[1]
    cuts = data.draw(st.sets(st.integers(1, T), max_size=4))
    cache = KVCache(data.draw(st.sampled_from([None, T, T + 5])))
    # Made from a config, transformers' cache drops keys outside the window: its sums
    # have fewer terms, and a window of 1 keeps all ([-0:]) and fails. A plain one masks
    # them, as minqwen3's does.
    reference, start = DynamicCache(), 0
    for end in sorted(cuts | {T}):
        new_BT, mask_BS = ids_BT[:, start:end], mask_BT[:, :end]
        out = ours(new_BT, mask_BS, cache=cache)
        expected = theirs(new_BT, attention_mask=mask_BS, past_key_values=reference)
        assert torch.equal(out, expected.logits), (start, end)
        start = end


def gradients(model, logits, real):
    model.zero_grad()
    logits[real].float().logsumexp(-1).sum().backward()
    return {name: p.grad for name, p in model.named_parameters()}


@share(20)
@given(st.data(), configs(), DTYPES)
def test_gradients(data, d, dtype):
    """The same bits for each parameter, dropout drawn from the same seed.

    The loss leaves padding out, as training does. There a row may read no key: its
    scores get no gradient here, where they are filled, and one in transformers, where
    the mask is added; both are of no use.
    """
    ours, theirs = make_pair(d, dtype, "eager")
    ids_BT, mask_BT = data.draw(batches(d["vocab_size"]))
    real = torch.ones_like(ids_BT) if mask_BT is None else mask_BT
    torch.manual_seed(1)
    found = gradients(ours, ours.train()(ids_BT, mask_BT), real.bool())
    torch.manual_seed(1)
    out = logits_of(theirs.train(), ids_BT, mask_BT)
    expected = gradients(theirs, out, real.bool())
    assert found.keys() == expected.keys()
    unequal = [n for n in found if not torch.equal(found[n], expected[n])]
    assert not unequal


@share(15)
@given(st.data(), configs(), DTYPES)
def test_greedy_continuations(data, d, dtype):
    """The same tokens, until every row has ended or the count is reached."""
    ours, theirs = make_pair(d, dtype, "eager")
    ids_BT, mask_BT = data.draw(batches(d["vocab_size"], sides=("none", "left")))
    mask_BT = torch.ones_like(ids_BT) if mask_BT is None else mask_BT
    eos = d["eos_token_id"]
    expected = theirs.generate(
        ids_BT,
        attention_mask=mask_BT,
        max_new_tokens=10,
        do_sample=False,
        use_cache=True,
        past_key_values=DynamicCache(),  # plain: see test_cache_in_pieces
        pad_token_id=eos[0] if isinstance(eos, list) else eos,  # fills as minqwen3 does
    )
    assert torch.equal(ours.generate(ids_BT, 10, attention_mask=mask_BT), expected)


def as_5(d: dict) -> dict:
    """A config in transformers 5's spelling."""
    d = dict(d)
    rope = d.pop("rope_scaling", None) or {"rope_type": "default"}
    return d | {"rope_parameters": rope | {"rope_theta": d.pop("rope_theta")}}


def equal_states(a, b) -> bool:
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and torch.equal(a[k], b[k]) for k in a
    )


@share(10)
@given(st.data(), configs(), DTYPES, st.booleans())
@torch.no_grad()
def test_checkpoints_both_ways(data, d, dtype, new):
    """What either saves both load, with the same tensors, and compute the same.

    transformers reads the drawn config itself, in either spelling; elsewhere it gets
    what minqwen3 made of it. Mapped and other models are not compared: tensors in a
    file begin at any multiple of 8 bytes, and fp32 kernels round the last bit of a sum
    by alignment.
    """
    d = as_5(d) if new else d
    ours, _ = make_pair(d, dtype, "eager")
    config = TheirConfig.from_dict(d, attn_implementation="eager")
    theirs = TheirModel._from_config(config, dtype=dtype).eval()
    theirs.load_state_dict(ours.state_dict())
    ids_BT, mask_BT = data.draw(batches(d["vocab_size"]))
    assert torch.equal(ours(ids_BT, mask_BT), logits_of(theirs, ids_BT, mask_BT))
    limit = data.draw(st.sampled_from([None, 200, "2KB"]))
    for model in (ours, theirs):
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder, max_shard_size=limit or "5GB")
            options = {"dtype": None, "attn_implementation": "eager"}
            a = Qwen3ForCausalLM.from_pretrained(folder, **options)
            b = TheirModel.from_pretrained(folder, **options | {"dtype": "auto"})
            assert equal_states(a, ours) and equal_states(b, ours)
            assert torch.equal(a(ids_BT, mask_BT), logits_of(b, ids_BT, mask_BT))
