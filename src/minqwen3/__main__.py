"""``python -m minqwen3 "It is a truth"``: continue a text, or answer, as it is made."""

import argparse
import sys
from collections.abc import Sequence

import torch

from .generate import stream
from .hub import locate
from .kernels import use_kernels
from .model import Qwen3ForCausalLM
from .tokenizer import Qwen3Tokenizer

EXAMPLES = """examples:
  python -m minqwen3 "It is a truth universally"
  python -m minqwen3 "Emma" --temperature 0.8 --top-p 0.95 --seed 1
  python -m minqwen3 "What is a prime?" --checkpoint Qwen/Qwen3-0.6B --chat
  echo "Once" | python -m minqwen3 - --max-new-tokens 20

Without --checkpoint, MINQWEN3_CHECKPOINT says where the model is; without that, the
small one that the package carries is used. It was trained on six novels of Jane Austen,
continues sentences, and cannot chat."""


def seed(text: str) -> int:
    """A seed from the command line; argparse turns ``ValueError`` into its message."""
    if not -(2**63) <= int(text) < 2**63:
        raise argparse.ArgumentTypeError(f"expected a 64-bit whole number, got {text}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="python -m minqwen3",
        description="Continue a text with a Qwen3, printing it as it is made.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("prompt", help="the text; - reads it from standard input")
    p.add_argument("--checkpoint", help="a folder, or owner/name on the hub")
    p.add_argument(
        "--max-new-tokens", type=int, default=100, metavar="N", help="default 100"
    )
    p.add_argument("--dtype", choices=["float32", "bfloat16"], help="cast the weights")
    p.add_argument(
        "--attention", choices=["sdpa", "eager"], default="sdpa", help="default sdpa"
    )
    chat = p.add_argument_group("chat")
    chat.add_argument(
        "--chat", action="store_true", help="take the prompt as a user's message"
    )
    chat.add_argument("--system", metavar="TEXT", help="a system message before it")
    chat.add_argument(
        "--thinking",
        action=argparse.BooleanOptionalAction,
        help="let the model think before it answers (the default with --chat), or not",
    )
    draw = p.add_argument_group("sampling (without these, the likeliest token)")
    draw.add_argument("--temperature", type=float, default=0.0, metavar="T")
    draw.add_argument("--top-k", type=int, metavar="K")
    draw.add_argument("--top-p", type=float, metavar="P")
    draw.add_argument("--min-p", type=float, metavar="P")
    draw.add_argument("--seed", type=seed, metavar="S", help="same seed, same text")
    return p


def texts(options: argparse.Namespace) -> tuple[str, str]:
    """The prompt, read from standard input where it is "-", and the system message."""
    text, system = options.prompt, options.system or ""
    try:
        if text == "-":
            text = sys.stdin.read() if sys.stdin else ""
        (text + system).encode()
    except UnicodeError as error:
        raise ValueError(
            f"prompt: expected UTF-8 text ({error.reason}); convert it first"
        ) from None
    return text, system


def prompt_ids(options: argparse.Namespace, tokenizer: Qwen3Tokenizer) -> list[int]:
    """The prompt as ids: as it is, or as a conversation that waits for an answer."""
    text, system = texts(options)
    if options.chat:
        messages = [{"role": "user", "content": text}]
        if system:
            messages.insert(0, {"role": "system", "content": system})
        thinking = options.thinking is not False
        text = tokenizer.apply_chat_template(messages, enable_thinking=thinking)
    if not text:
        raise ValueError("prompt: expected some text, got none")
    return tokenizer.encode(text)


def run(options: argparse.Namespace) -> None:
    folder = locate(options.checkpoint)
    tokenizer = Qwen3Tokenizer.from_pretrained(folder)
    ids = prompt_ids(options, tokenizer)
    dtype = getattr(torch, options.dtype) if options.dtype else None
    model = Qwen3ForCausalLM.from_pretrained(folder, dtype, options.attention)
    use_kernels(model)
    if len(tokenizer) > model.config.vocab_size:
        raise ValueError(
            f"{folder}: tokenizer.json has {len(tokenizer)} tokens, config.json's "
            f"vocab_size is {model.config.vocab_size}; take both from one checkpoint"
        )
    source = torch.Generator()
    source.seed() if options.seed is None else source.manual_seed(options.seed)
    added = stream(
        model,
        torch.tensor([ids]),
        options.max_new_tokens,
        attention_mask=None,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        min_p=options.min_p,
        generator=source,
    )
    pieces = tokenizer.stream(int(chosen_B[0]) for chosen_B in added)
    first = next(pieces, "")  # bad options raise here, before anything is printed
    print("" if options.chat else tokenizer.decode(ids), end=first, flush=True)
    for text in pieces:
        print(text, end="", flush=True)
    print()


def main(arguments: Sequence[str] | None = None) -> int:
    p = parser()
    options = p.parse_args(arguments)
    if not options.chat and (options.system or options.thinking is not None):
        p.error("--system and --thinking belong to --chat")
    try:
        run(options)
    except (OSError, TypeError, ValueError) as error:
        print(f"python -m minqwen3: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
