"""Checks of the exercises in the chapter on the tokenizer."""

import codecs
import re
from collections import Counter
from itertools import pairwise

from . import Check

check_order = Check(
    ["a", "bc", "d"],
    mistakes={
        "read from left to right; the list decides, and not the place in the word.": [
            "ab",
            "cd",
        ],
        "`a` is still free, but no merge joins it to `bc`.": ["abc", "d"],
        "`d` is still free, but no merge joins `bc` to it.": ["a", "bcd"],
        "once `b` and `c` are one symbol, neither is there for another merge.": [
            "a",
            "bc",
            "cd",
        ],
    },
)


def join(symbols, pair):
    out = []
    for symbol in symbols:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return out


def merges(counts, n, best=max, weight=lambda count: count):
    words, found = {word: list(word) for word in counts}, []
    for _ in range(n):
        pairs = Counter()
        for word, count in counts.items():
            for pair in pairwise(words[word]):
                pairs[pair] += weight(count)
        found.append(best(pairs, key=pairs.get))
        words = {word: join(symbols, found[-1]) for word, symbols in words.items()}
    return found


def counted_once(counts, n):
    pairs = Counter()
    for word, count in counts.items():
        for pair in pairwise(word):
            pairs[pair] += count
    return [pair for pair, _ in pairs.most_common(n)]


check_merges = Check(
    merges,
    cases=[  # without ties, in each round
        ({"now": 7, "lower": 2, "slow": 2, "lowest": 4}, 3),
        ({"banana": 3, "ban": 2, "bandana": 1, "nab": 9}, 3),
    ],
    mistakes={
        "each word was counted once, however often it occurs.": lambda counts, n: (
            merges(counts, n, weight=lambda count: 1)
        ),
        "the pairs were counted once; after each merge there are others.": counted_once,
        "the rarest pair was taken.": lambda counts, n: merges(counts, n, min),
    },
)


def pieces(parts, errors="strict"):
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    return [decoder.decode(part) for part in parts]


BED, FACE = "床".encode(), "é🙂".encode()
check_pieces = Check(
    pieces,
    cases=[
        ([BED[:1], b"", BED[1:], b"!"],),
        ([b"a", FACE[:4], FACE[4:]],),
        ([b"ab" + BED[:2], BED[2:] + BED[:1]],),
    ],
    mistakes={
        "each chunk was decoded by itself.": lambda parts: [
            part.decode(errors="replace") for part in parts
        ],
        "the bytes of a broken character were dropped, and not kept.": lambda parts: [
            part.decode(errors="ignore") for part in parts
        ],
        "all that came so far is shown again each time.": lambda parts: [
            b"".join(parts[: i + 1]).decode(errors="ignore") for i in range(len(parts))
        ],
    },
)

CONTROL = ["<|im_start|>", "<|im_end|>", "<think>", "</think>"]


def cut(text, names, at=1):
    """Parts of a text, cut within every name, ``at`` characters after its start."""
    places = [m.start() + at for n in names for m in re.finditer(re.escape(n), text)]
    places = [0, *sorted(places), len(text)]
    return [text[a:b] for a, b in pairwise(places)]


check_cut = Check(
    cut,
    cases=[
        ("1 < 2<|im_end|>\n<|im_start|>system", CONTROL),
        ("</think>yes<think>", CONTROL),
        ("a <b> c", CONTROL),
    ],
    mistakes={
        "cut before the name, which leaves the name whole.": lambda text, names: cut(
            text, names, 0
        ),
        "only the first name in the list was looked for.": lambda text, names: cut(
            text, names[:1]
        ),
        "every `<` was cut, whether a name begins there or not.": lambda text, names: (
            cut(text, ["<"])
        ),
        "the names are gone: what the user typed must stay.": lambda text, names: (
            re.split("|".join(map(re.escape, names)), text)
        ),
    },
)
