"""Train the small checkpoint: a tokenizer and a Qwen3 on six public-domain novels.

    python tools/train_small.py [--steps N] [--out FOLDER]

The tokenizer has Qwen3's pipeline (NFC, Qwen's pattern, byte-level BPE) and a chat
template of the same form; the model is a Qwen3 with sizes that train in less than half
an hour on one core. Nothing depends on the clock or the number of cores: the same
machine and versions give the same files. The folder is replaced when all is done, in
one step, so that a run may be stopped or killed at any moment.
"""

import argparse
import json
import math
import re
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from tqdm import tqdm

from minqwen3 import Qwen3Config, Qwen3ForCausalLM
from minqwen3.checkpoint import write_checkpoint
from minqwen3.files import new_folder

ROOT = Path(__file__).parents[1]
NOVELS = ROOT / "data" / "austen"
OUT = ROOT / "src" / "minqwen3" / "small"
HELD_OUT = 0.04  # of each novel, from its end
PATTERN = (  # Qwen3's pre-tokenisation, from its tokenizer.json
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
THINK = ["<think>", "</think>"]
ROWS, TOKENS = 2048, 2037  # as in Qwen3, the embedding has more rows than tokens
CONFIG = {
    "vocab_size": ROWS,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "max_position_embeddings": 256,
    "rope_theta": 1000000,
    "tie_word_embeddings": True,
}
BATCH, LENGTH, PEAK, WARMUP = 16, 256, 5e-3, 100
OFTEN = 20  # steps between two lines of the log


def clean(text: str) -> str:
    """A paragraph a line, an empty line between, single spaces."""
    paragraphs = re.split(r"\n\s*\n", text)
    return "\n\n".join(" ".join(p.split()) for p in paragraphs if p.strip())


def texts() -> tuple[list[str], list[str]]:
    """The novels' first parts, to train on, and their ends, to test on."""
    train, held = [], []
    for file in sorted(NOVELS.glob("*.txt")):
        text = clean(file.read_text(encoding="utf-8"))
        cut = text.rindex("\n\n", 0, int(len(text) * (1 - HELD_OUT)))
        train.append(text[:cut])
        held.append(text[cut:].strip())
    return train, held


def held_text(held: list[str]) -> str:
    """The end of *Persuasion*: what chapters measure on, never trained on."""
    names = sorted(file.stem for file in NOVELS.glob("*.txt"))
    return held[names.index("persuasion")] + "\n"


def train_tokenizer(train: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PATTERN), behavior="isolated")
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, use_regex=False)
    base = TOKENS - len(SPECIAL + THINK)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = BpeTrainer(
        vocab_size=base, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(train, trainer)
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.add_tokens(THINK)
    assert tokenizer.get_vocab_size() == TOKENS
    return tokenizer


def ids_of(tokenizer: Tokenizer, parts: list[str]) -> torch.Tensor:
    """The parts' ids in one row, each part followed by the end-of-text token."""
    end = tokenizer.token_to_id(SPECIAL[0])
    return torch.tensor(
        [i for part in parts for i in (*tokenizer.encode(part).ids, end)]
    )


def unigram_and_bigram(train: torch.Tensor, held: torch.Tensor) -> tuple[float, float]:
    """Losses of the two simplest models, in nats a token; the bigram is smoothed with
    the unigram, with the strength that suits the held-out text best."""
    counts = torch.bincount(train, minlength=ROWS).double() + 1
    one = counts / counts.sum()
    pairs = torch.zeros(ROWS, ROWS, dtype=torch.double)
    ones = torch.ones(len(train) - 1, dtype=torch.double)
    pairs.index_put_((train[:-1], train[1:]), ones, accumulate=True)
    first, then = held[:-1], held[1:]
    losses = []
    for strength in (10, 30, 100, 300):
        two = (pairs + strength * one) / (pairs.sum(1, keepdim=True) + strength)
        losses.append(-two[first, then].log().mean().item())
    return -one[then].log().mean().item(), min(losses)


@torch.no_grad()
def loss_on(model: Qwen3ForCausalLM, ids: torch.Tensor) -> float:
    """Mean loss in nats a token over windows of the training length."""
    rows = ids[: len(ids) // LENGTH * LENGTH].view(-1, LENGTH)
    total = 0.0
    for part in rows.split(16):
        logits = model(part)[:, :-1].flatten(0, 1).float()
        total += F.cross_entropy(logits, part[:, 1:].flatten(), reduction="sum").item()
    return total / (rows.shape[0] * (LENGTH - 1))


def rate(step: int, steps: int) -> float:
    """Warm up, then follow a cosine down to a twentieth of the peak."""
    down = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps))
    return PEAK * min((step + 1) / WARMUP, down)


def train_model(
    ids: torch.Tensor, config: Qwen3Config, steps: int, held: torch.Tensor
) -> tuple[Qwen3ForCausalLM, list[dict]]:
    """The trained model, and a log: the step, its learning rate, the mean loss of the
    steps since the line before, the gradient's norm, and the loss on ``held``."""
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(config)
    matrices = [p for p in model.parameters() if p.dim() > 1]
    gains = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices}, {"params": gains, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=(0.9, 0.95), weight_decay=0.1)
    log, losses = [], []
    bar = tqdm(range(steps), desc="training", unit="step")
    for step in bar:
        starts = torch.randint(0, len(ids) - LENGTH - 1, (BATCH,)).tolist()
        batch = torch.stack([ids[i : i + LENGTH + 1] for i in starts])
        logits = model(batch[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        bar.set_postfix(loss=f"{losses[-1]:.2f}")
        if step % OFTEN == 0 or step == steps - 1:
            line = {"step": step, "rate": rate(step, steps), "norm": norm.item()}
            line |= {"loss": sum(losses) / len(losses), "held": loss_on(model, held)}
            log.append({key: round(value, 6) for key, value in line.items()})
            losses = []
    return model.eval(), log


CARD = """# A small Qwen3, trained on Jane Austen

A Qwen3 of {parameters:,} parameters for reading, not for use: the book's chapters run
on it where no network and no large checkpoint is at hand.

- **Made by** `tools/train_small.py` (`make train`): {steps} steps of {batch} windows of
  {length} tokens, AdamW, peak learning rate {peak}, less than half an hour on one
  core. Weights are kept in bf16.
- **Trained on** the first {part:.0%} of six novels by Jane Austen, public domain,
  {tokens:,} tokens; a tokenizer with Qwen3's pipeline and {vocabulary} tokens, trained
  on the same text.
- **Held out**: the ends of the novels. Loss there, in nats a token: {loss:.2f}.
  A unigram model has {unigram:.2f}, a bigram model {bigram:.2f}.
- **The run**: `training.jsonl`, a line every {often} steps: learning rate, gradient
  norm, loss since the line before, loss on the held-out ends.
- **Can**: continue a sentence in the manner of 1815, with quotation marks that close
  and names that recur.
- **Cannot**: know anything, follow an instruction, chat, think, or write of later
  times. The chat template is here so that its tokens can be looked at. Contexts are at
  most {length} tokens.
"""
TEMPLATE = """{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- if enable_thinking is defined and enable_thinking is false -%}
{{- '<think>\\n\\n</think>\\n\\n' -}}
{%- endif -%}
{%- endif -%}
"""


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "Qwen2Tokenizer",
        "bos_token": None,
        "eos_token": SPECIAL[0],
        "pad_token": SPECIAL[0],
        "unk_token": None,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "errors": "replace",
        "model_max_length": LENGTH,
        "chat_template": TEMPLATE,
    }
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)  # the same sums on every machine, whatever its cores
    torch.use_deterministic_algorithms(True)
    train, held = texts()
    tokenizer = train_tokenizer(train)
    ids, held_ids = ids_of(tokenizer, train), ids_of(tokenizer, held)
    unigram, bigram = unigram_and_bigram(ids, held_ids)
    print(f"{len(ids):,} tokens; unigram {unigram:.3f}, bigram {bigram:.3f}")
    end = tokenizer.token_to_id(SPECIAL[0])
    config = CONFIG | {"eos_token_id": end, "torch_dtype": "bfloat16"}
    config = Qwen3Config.from_dict(config)
    model, log = train_model(ids, config, options.steps, held_ids)
    model = model.to(torch.bfloat16)
    loss = loss_on(model, held_ids)
    print(f"held out: {loss:.3f}")
    with new_folder(options.out.resolve()) as part:
        write_checkpoint(model, part)
        write_tokenizer(tokenizer, part)
        lines = "".join(json.dumps(line) + "\n" for line in log)
        (part / "training.jsonl").write_text(lines, encoding="utf-8")
        (part / "held_out.txt").write_text(held_text(held), encoding="utf-8")
        card = CARD.format(
            parameters=sum(p.numel() for p in model.parameters()),
            steps=options.steps,
            batch=BATCH,
            length=LENGTH,
            often=OFTEN,
            peak=PEAK,
            part=1 - HELD_OUT,
            tokens=len(ids),
            vocabulary=TOKENS,
            loss=loss,
            unigram=unigram,
            bigram=bigram,
        )
        (part / "README.md").write_text(card, encoding="utf-8")
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
