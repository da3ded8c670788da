"""What the running tree shows before a reader's browser has computed anything.

The small model runs here on the default text. Numbers become SVG paths, one for each
level of colour, as ``scripts/live/page-draw.js`` draws them later.
"""

import functools

import torch

from bookkit.places import CHAPTERS, TREE
from minqwen3 import Qwen3ForCausalLM, Qwen3Tokenizer
from minqwen3.hub import SMALL
from minqwen3.model import eager_attention, repeat_kv

TEXT = "Elizabeth was not in love with Mr."
SHOWN = 48  # numbers of a strip
LEVELS = 4  # of colour on each side of zero
SHARES = 8  # of colour for a share


def sampled(row: torch.Tensor) -> torch.Tensor:
    """``SHOWN`` numbers of a vector, evenly spread."""
    at = torch.arange(SHOWN) * len(row) // SHOWN
    return row[at]


def strip(row: torch.Tensor) -> list[tuple[str, str]]:
    """Paths of a strip, 48 wide and 1 high; two root mean squares are full colour."""
    scale = 2 * row.pow(2).mean().sqrt().item() or 1.0
    paths: dict[str, str] = {}
    for i, value in enumerate(sampled(row).tolist()):
        level = int(LEVELS * min(1.0, abs(value) / scale) + 0.5)
        if level:
            name = f"{'n' if value < 0 else 'p'}{level}"
            paths[name] = paths.get(name, "") + f"M{i}.5 0v1"
    return sorted(paths.items())


def pattern(probs_TS: torch.Tensor) -> list[tuple[str, str]]:
    """Paths of a head's pattern, T by T: who reads whom, darker for more."""
    paths: dict[str, str] = {}
    for t, row in enumerate(probs_TS.tolist()):
        for s, share in enumerate(row[: t + 1]):
            level = int(SHARES * share**0.6 + 0.5)
            if level:
                name = f"s{level}"
                paths[name] = paths.get(name, "") + f"M{s} {t}.5h1"
    return sorted(paths.items())


class Recorded:
    """The small model's pass over the default text.

    Attributes:
        outputs: by module path, what it gave: (T, …).
        probs: by layer, attention's shares: (N, T, S).
    """

    def __init__(self):
        tokenizer = Qwen3Tokenizer.from_pretrained(SMALL)
        model = Qwen3ForCausalLM.from_pretrained(SMALL, attn_implementation="eager")
        self.model, self.outputs, self.probs = model.float().eval(), {}, {}
        for name, module in model.named_modules():
            module.register_forward_hook(functools.partial(self.keep, name))
        for layer in model.model.layers:
            layer.self_attn.attend = self.attend
        self.ids = tokenizer.encode(TEXT)
        self.pieces = [tokenizer.decode([i]) for i in self.ids]
        with torch.no_grad():
            [logits_TV] = model(torch.tensor([self.ids]))
        best = logits_TV[-1].softmax(-1).topk(5)
        self.next = [
            (tokenizer.decode([i]), share)
            for share, i in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]

    def keep(self, name, module, inputs, output):
        first = output[0] if isinstance(output, tuple) else output
        self.outputs[name] = first[0]

    def attend(self, module, q_BNTH, k_BKSH, v_BKSH, allowed_BTS):
        k_BNSH = repeat_kv(k_BKSH, module.num_key_value_groups)
        scores = q_BNTH @ k_BNSH.transpose(2, 3) * module.scaling
        scores = scores.masked_fill(~allowed_BTS[:, None], -torch.inf)
        self.probs[module.layer_idx] = scores.softmax(-1)[0]
        return eager_attention(module, q_BNTH, k_BKSH, v_BKSH, allowed_BTS)


def sizes(shape) -> str:
    return f"({', '.join(map(str, shape))})"


def lines(recorded: Recorded, layer: int) -> list[dict]:
    """Each line of the printed tree with what it gave; what closes one has no path."""
    out, stack = [], []
    for text in repr(recorded.model).split("\n"):
        body = text.lstrip(" ")
        indent, depth = text[: len(text) - len(body)], (len(text) - len(body)) // 2
        line = {"depth": depth, "indent": indent, "short": body, "rest": ""}
        line |= {"chapter": None, "shape": None}
        out.append(line)
        if body == ")":
            continue
        name, _, rest = body.rpartition("): ")
        name = name.removeprefix("(")
        stack[depth:] = [name]
        path = ".".join("*" if "-" in part else part for part in stack[1:])
        place = TREE[path.replace("*", "0")]
        line |= {"path": path, "chapter": place, "title": CHAPTERS[place]}
        if name:
            line |= {"short": f"({name})", "rest": f": {rest}"}
        at = (path or "lm_head").replace("*", str(layer))
        if at not in recorded.outputs:
            continue
        output = recorded.outputs[at]
        row = output[-1].flatten()
        rms = row.pow(2).mean().sqrt().item()
        spoken = " by ".join(map(str, output.shape))
        called = name if name and "-" not in name else rest.rstrip("(")
        line |= {
            "shape": list(output.shape),
            "shown": sizes(output.shape),
            "rms": rms,
            "said": f"{called or body.rstrip('(')}, shape {spoken}, RMS {rms:.3g}",
            "strip": strip(row),
        }
    return out
