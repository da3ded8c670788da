"""What the running tree shows before a reader's browser has computed anything.

The numbers are ``live.data()``'s, which ran the small model on the default text. They
become SVG paths, one for each level of colour, as ``scripts/live/page-draw.js`` draws
them once the model is there.
"""

import functools

import live

from bookkit.places import CHAPTERS, TREE_PLACES

LEVELS = 4  # of colour on each side of zero
SHARES = 8  # of colour for a share
DATA = functools.cache(live.data)


def token(piece: str) -> str:
    """A token as it is shown: without the space before it, and never empty."""
    return piece[1:] if piece.startswith("·") and len(piece) > 1 else piece


def paths(levels: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, "".join(parts)) for name, parts in sorted(levels.items())]


def strip(values: list[float], rms: float) -> list[tuple[str, str]]:
    """Paths of a strip, 1 high; two root mean squares are full colour."""
    levels: dict[str, list[str]] = {}
    for i, value in enumerate(values):
        level = int(LEVELS * min(1.0, abs(value) / (2 * rms or 1.0)) + 0.5)
        if level:
            name = f"{'n' if value < 0 else 'p'}{level}"
            levels.setdefault(name, []).append(f"M{i}.5 0v1")
    return paths(levels)


def pattern(probs_TS: list[list[float]]) -> list[tuple[str, str]]:
    """Paths of a head's pattern, T by T: who reads whom, darker for more."""
    levels: dict[str, list[str]] = {}
    for t, row in enumerate(probs_TS):
        for s, share in enumerate(row):
            level = int(SHARES * share**0.6 + 0.5)
            if level:
                levels.setdefault(f"s{level}", []).append(f"M{s} {t}.5h1")
    return paths(levels)


def reads(row: list[float]) -> str:
    """What the last token reads most, in words."""
    best = sorted(enumerate(row), key=lambda it: -it[1])[:2]
    pieces = [token(piece) for piece in DATA()["first"]["pieces"]]
    shares = [f"{pieces[s]} {100 * share:.0f} %" for s, share in best if share >= 0.005]
    return f"“{pieces[-1]}” reads {', '.join(shares)}"


def lines(layer: int) -> list[dict]:
    """Each line of the printed tree, with what it gives at one layer.

    A line that is called has ``shape``, ``rms``, ``strip``, and ``said`` for a screen
    reader; one that only closes a module has no ``chapter``.
    """
    data, out = DATA(), []
    for row in data["tree"]:
        body = row["text"].lstrip(" ")
        indent = row["text"][: len(row["text"]) - len(body)]
        name, bracket, rest = body.partition("): ")
        line = {
            "indent": indent,
            "depth": len(indent) // 2,
            "short": name + bracket[:1],
            "rest": bracket[1:] + rest,
            "path": row["path"].replace(".0", ".*"),
            "chapter": None if row["closes"] else data["lines"][row["path"]],
            "shape": None,
        }
        if line["chapter"]:
            line["anchor"] = TREE_PLACES[row["path"]].anchor
        out.append(line)
        at = row["path"].replace(".0", f".{layer}") or "lm_head"
        given = data["first"]["lines"].get(at)
        if given is None or row["closes"]:
            continue
        called = name.removeprefix("(") if bracket and "-" not in name else rest or body
        spoken = " by ".join(map(str, given["shape"]))
        line |= {
            "shape": given["shape"],
            "shown": f"({', '.join(map(str, given['shape']))})",
            "title": CHAPTERS[line["chapter"]],
            "strip": strip(given["strip"], given["rms"]),
            "said": f"{called.rstrip('(')}, shape {spoken}, RMS {given['rms']:.3g}",
        }
    return out


def about() -> dict[str, str]:
    """A sentence for each line, and for each step that prints none."""
    c = DATA()["config"]
    V, D, F, H = (
        c[k] for k in ("vocab_size", "hidden_size", "intermediate_size", "head_dim")
    )
    N, K = c["num_attention_heads"], c["num_key_value_heads"]
    return {
        "": f"The whole model: ids go in, and a score for each of {V:,} tokens comes "
        "out at every position.",
        "model": "Everything but the head: the embedding, the layers, the final norm.",
        "embed_tokens": f"One row of {D} numbers for each id. The residual stream "
        "begins here.",
        "0": "The residual stream after the layer: what came in, plus what attention "
        "read, plus what the MLP made of it.",
        "input_layernorm": "A copy of the stream at one length, times a learned gain. "
        "Attention reads this copy.",
        "self_attn": f"What attention adds to the stream. {N} query heads read, {K} "
        "key/value heads are read; each position reads only what came before it.",
        "q_proj": f"Queries: what each position asks for, {N} heads of {H} numbers.",
        "k_proj": f"Keys: what each position can be found by, {K} heads of {H} "
        "numbers.",
        "v_proj": f"Values: what a position hands over when it is read, {K} heads of "
        f"{H} numbers.",
        "o_proj": f"What {N} heads have read, mixed back to the {D} numbers of the "
        "stream.",
        "q_norm": "Every head’s query brought to one length, times a gain that all "
        "heads share.",
        "k_norm": "Every head’s key brought to one length, times a gain that all heads "
        "share.",
        "q_rotated": "Queries after the rotation: each pair of numbers turned by an "
        "angle that grows with the position.",
        "k_rotated": "Keys after the rotation. This is what the cache stores.",
        "k_repeated": f"Each of {K} key heads, given to {N // K} query heads.",
        "v_repeated": f"Each of {K} value heads, given to {N // K} query heads.",
        "mask": "Which keys a query may read: none that comes later.",
        "scores": "Query times key for every pair of positions, over √H; what comes "
        "later is closed.",
        "probs": "The scores of each row as shares of one: who reads how much of whom.",
        "heads": "What each head has read: a mix of values, apart from the others.",
        "after_attn": "The residual stream between the layer’s halves.",
        "after_mlp": "The residual stream at the layer’s end.",
        "post_attention_layernorm": "A copy of the stream, normed again. The MLP reads "
        "this one.",
        "mlp": "What the MLP adds to the stream. It works on each position alone.",
        "gate_proj": f"{F} numbers that decide, after SiLU, how much passes.",
        "up_proj": f"{F} numbers that may pass.",
        "act_fn": "SiLU of the gate: nearly zero where it is negative, nearly the "
        "number itself where it is large.",
        "product": "Gate times up: what passes. Each number weighs one column of "
        "down_proj.",
        "down_proj": f"The sum of {F} columns, each with its weight: back to {D} "
        "numbers.",
        "norm": "The last norm. The head reads this.",
        "rotary_emb": "Cosines and sines of every position’s angles, computed once for "
        "all layers. Nothing here is learned.",
        "sin": "The sines that go with the rotary embedding’s cosines.",
        "lm_head": f"A score for each of {V:,} tokens: the product with that token’s "
        "own embedding, since the two share one matrix.",
    }
