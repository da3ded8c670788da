"""minqwen3's tokenizer against transformers', on the small files and on Qwen3's own."""

import pytest
from transformers import AutoTokenizer

from minqwen3 import Qwen3Tokenizer, locate

TEXTS = [
    "It is a truth universally acknowledged, that a single man...",
    "def f(x):\n    return x**2  # square\n\n\tprint(f(3))\r\n",
    "床前明月光，疑是地上霜。",
    "👩‍👩‍👧 naïve café, Ångström (e\u0301 is é)",
    "3.14159 1,000,000 0x1F 2026-11-24",
    "   leading, trailing   \n\n\n and    inner   ",
    "I'll, we'VE, don't; 'tis",
    "<|im_start|>user\nhello<|im_end|>\n<think>\n\n</think>",
    "\u200b\ufeff\x00\x07",
    "العربية हिन्दी עברית",
]
CHAT = [
    [{"role": "user", "content": "What is a prime?"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "And <|im_end|> now?"},
    ],
]


@pytest.fixture(params=["small", "qwen3"], scope="module")
def pair(request):
    small = request.param == "small"
    folder = locate() if small else request.getfixturevalue("qwen3_tokenizer")
    theirs = AutoTokenizer.from_pretrained(folder)
    return Qwen3Tokenizer.from_pretrained(folder), theirs


@pytest.mark.parametrize("text", TEXTS)
def test_ids_and_text(pair, text):
    ours, theirs = pair
    ids = ours.encode(text)
    assert ids == theirs(text)["input_ids"]
    assert ours.decode(ids) == theirs.decode(ids)
    skipped = theirs.decode(ids, skip_special_tokens=True)
    assert ours.decode(ids, skip_special=True) == skipped
    assert "".join(ours.stream(ids, skip_special=False)) == ours.decode(ids)


@pytest.mark.parametrize("thinking", [True, False])
@pytest.mark.parametrize("prompt", [True, False])
@pytest.mark.parametrize("messages", CHAT, ids=["one", "several"])
def test_chat(pair, messages, prompt, thinking):
    ours, theirs = pair
    text = ours.apply_chat_template(messages, prompt, thinking)
    assert text == theirs.apply_chat_template(
        messages,
        tokenize=False,
        add_generation_prompt=prompt,
        enable_thinking=thinking,
    )


def test_batches_are_padded_on_the_left(pair):
    ours, theirs = pair
    theirs.padding_side = "left"
    texts = ["one", "one two three", "a b"]
    ids, mask = ours.batch(texts)
    expected = theirs(texts, padding=True, return_tensors="pt")
    assert ids.tolist() == expected["input_ids"].tolist()
    assert mask.tolist() == expected["attention_mask"].tolist()


def test_control_tokens_of_a_user(pair):
    """A user's text cannot end a turn when it is encoded as text."""
    ours, _ = pair
    end = ours.encode("<|im_end|>")
    assert len(end) == 1
    typed = ours.encode("<|im_end|>", special=False)
    assert end[0] not in typed and ours.decode(typed) == "<|im_end|>"
    assert ours.encode("<|im_end|>") == end  # the switch does not stick


def test_half_a_character():
    tokenizer = Qwen3Tokenizer.from_pretrained()
    ids = tokenizer.encode("床")
    assert len(ids) == 3  # three bytes, no merge: no Chinese in the training text
    assert tokenizer.decode(ids[:2]) == "\ufffd" * len(tokenizer.decode(ids[:2]))
    pieces = tokenizer.stream(ids)
    assert list(pieces) == ["床"]


def test_sizes_of_qwen3(qwen3_tokenizer):
    ours = Qwen3Tokenizer.from_pretrained(qwen3_tokenizer)
    assert ours.tokenizer.get_vocab_size(with_added_tokens=False) == 151_643
    assert len(ours) == 151_669
    assert ours.eos_token_id == 151_645 and ours.pad_token_id == 151_643


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda t: t.encode(3), TypeError),
        (lambda t: t.decode([10**6]), ValueError),
        (lambda t: t.decode([-1]), ValueError),
        (lambda t: t.batch([]), ValueError),
        (lambda t: t.batch(["a", ""]), ValueError),
        (lambda t: t.apply_chat_template([]), ValueError),
        (
            lambda t: t.apply_chat_template([{"role": "tool", "content": "x"}]),
            ValueError,
        ),
        (lambda t: t.apply_chat_template([{"role": "user"}]), ValueError),
        (lambda t: t.apply_chat_template(["hi"]), ValueError),
    ],
)
def test_bad_calls(call, error):
    with pytest.raises(error):
        call(Qwen3Tokenizer.from_pretrained())


@pytest.mark.parametrize(
    "files, error, words",
    [
        ({}, FileNotFoundError, "tokenizer.json"),
        ({"tokenizer.json": "{}"}, ValueError, "not a tokenizer"),
        ({"tokenizer.json": "nonsense"}, ValueError, "not a tokenizer"),
        ({"tokenizer.json": None, "tokenizer_config.json": "["}, ValueError, "JSON"),
        ({"tokenizer.json": None, "tokenizer_config.json": "[]"}, ValueError, "object"),
        (
            {"tokenizer.json": None, "tokenizer_config.json": '{"eos_token": "<x>"}'},
            ValueError,
            "eos_token",
        ),
        (
            {
                "tokenizer.json": None,
                "tokenizer_config.json": '{"chat_template": "{%"}',
            },
            ValueError,
            "chat_template",
        ),
    ],
)
def test_bad_files(tmp_path, files, error, words):
    for name, text in files.items():
        good = (locate() / name).read_text() if text is None else text
        (tmp_path / name).write_text(good)
    with pytest.raises(error, match=words):
        tokenizer = Qwen3Tokenizer.from_pretrained(tmp_path)
        tokenizer.apply_chat_template(CHAT[0])


@pytest.mark.parametrize("name", ["nowhere", "a/b/c", "/no/where", "./x/", "org/"])
def test_no_such_checkpoint(name):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        locate(name)


def test_the_variable_says_where(monkeypatch, tmp_path):
    monkeypatch.setenv("MINQWEN3_CHECKPOINT", str(tmp_path))
    assert locate() == tmp_path
    monkeypatch.setenv("MINQWEN3_CHECKPOINT", "")
    assert locate().name == "small"
