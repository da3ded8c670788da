"""Text to ids and back, on the ``tokenizers`` library, and the chat template."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream
from torch import Tensor

from .files import check_file, read_json, read_text
from .hub import locate

ROLES = ("system", "user", "assistant")


class Qwen3Tokenizer:
    """A tokenizer in Hugging Face's layout: ``tokenizer.json``, and a config beside it.

    Attributes:
        eos_token_id: the id that ends an answer, or ``None``.
        pad_token_id: the id that fills rows up, or ``None``.
        chat_template: the template's source (Jinja), or ``None``.
    """

    def __init__(self, tokenizer: Tokenizer, config: dict[str, Any] | None = None):
        config = config or {}
        self.tokenizer = tokenizer
        self.chat_template = config.get("chat_template")
        if not isinstance(self.chat_template, str | None):
            raise ValueError(
                "tokenizer_config.json: chat_template: expected text, got "
                f"{type(self.chat_template).__name__}; keep one template"
            )
        self.eos_token_id = self._id_of("eos_token", config)
        self.pad_token_id = self._id_of("pad_token", config)

    def _id_of(self, key: str, config: dict[str, Any]) -> int | None:
        token = config.get(key)
        token = token.get("content", token) if isinstance(token, dict) else token
        if token is None:
            return None
        found = self.tokenizer.token_to_id(token) if isinstance(token, str) else None
        if found is None:
            raise ValueError(
                f"tokenizer_config.json: {key} {token!r} is no token; expected the "
                "text of one in tokenizer.json, or null"
            )
        return found

    @classmethod
    def from_pretrained(cls, path=None) -> "Qwen3Tokenizer":
        """Load a tokenizer.

        Args:
            path: a folder, a repository on the hub, or ``None`` for the small
                checkpoint; see ``minqwen3.locate``.

        Raises:
            FileNotFoundError: there is no ``tokenizer.json``.
            ValueError: a file is no tokenizer, or is broken.
        """
        folder = locate(path)
        file = folder / "tokenizer.json"
        if not file.exists():
            raise FileNotFoundError(f"{file}: no such file; a tokenizer needs it")
        check_file(file)
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # plain exceptions, and panics, which are none
            raise ValueError(
                f"{file}: not a tokenizer ({error}); save or fetch it again"
            ) from None
        file = folder / "tokenizer_config.json"
        config = read_json(file) if file.exists() else {}
        template = folder / "chat_template.jinja"  # where transformers 5 writes it
        if template.exists():
            config["chat_template"] = read_text(template)
        return cls(tokenizer, config)

    def __len__(self) -> int:
        """Tokens, special and added ones included; at most the embedding's rows."""
        return self.tokenizer.get_vocab_size()

    def encode(self, text: str, special: bool = True) -> list[int]:
        """Ids of a text; Qwen3 puts no token in front.

        Args:
            special: whether a control token's name in the text, ``<|im_end|>`` say,
                becomes the control token. ``False`` for text that a user wrote: then
                its characters are ordinary text, and nobody can end a turn by typing.
                Added tokens that are not special, ``<think>`` say, stay tokens.
        """
        if not isinstance(text, str):
            raise TypeError(f"text: expected str, got {type(text).__name__}")
        self.tokenizer.encode_special_tokens = not special
        try:
            return self.tokenizer.encode(text, add_special_tokens=False).ids
        finally:
            self.tokenizer.encode_special_tokens = False

    def decode(self, ids: Iterable[int] | Tensor, skip_special: bool = False) -> str:
        """Text of ids, shape (T,); bytes that form no character become ``\\ufffd``.

        Raises:
            ValueError: an id is not a token.
        """
        ids = [int(i) for i in ids]
        for i in ids:
            if not 0 <= i < len(self):
                raise ValueError(f"id {i}: expected 0 to {len(self) - 1}, the tokens")
        return self.tokenizer.decode(ids, skip_special_tokens=skip_special)

    def stream(self, ids: Iterable[int], skip_special: bool = True) -> Iterator[str]:
        """Yield text as ids arrive, and hold back the bytes of a character's half."""
        pieces = DecodeStream(skip_special_tokens=skip_special)
        for i in ids:
            text = pieces.step(self.tokenizer, int(i))
            if text:
                yield text

    def batch(self, texts: list[str], special: bool = True) -> tuple[Tensor, Tensor]:
        """Ids and attention mask of several texts, shorter ones padded on the left.

        Returns:
            ``input_ids`` and ``attention_mask``, both (B, T).
        """
        rows = [self.encode(text, special) for text in texts]
        if not rows or not all(rows):
            raise ValueError("texts: expected at least one text, and none empty")
        if self.pad_token_id is None and len({len(row) for row in rows}) > 1:
            raise ValueError("texts: the tokenizer has no pad token to fill rows with")
        T = max(map(len, rows))
        ids = [[self.pad_token_id or 0] * (T - len(row)) + row for row in rows]
        mask = [[0] * (T - len(row)) + [1] * len(row) for row in rows]
        return torch.tensor(ids), torch.tensor(mask)

    def apply_chat_template(
        self,
        messages: list[dict[str, str]],
        add_generation_prompt: bool = True,
        enable_thinking: bool = True,
    ) -> str:
        """The text that a model sees of a conversation.

        Tools are left to transformers' method of the same name.

        Args:
            messages: dicts with "role" (system, user or assistant) and "content".
            add_generation_prompt: open the assistant's turn at the end.
            enable_thinking: ``False`` puts an empty thought there, so that the model
                goes on with its answer.

        Raises:
            ValueError: no template, or a message of another form.
        """
        if self.chat_template is None:
            raise ValueError(
                "the tokenizer has no chat template; encode text as it is, or on "
                "the command line leave --chat out"
            )
        for i, message in enumerate(messages):
            role = message.get("role") if isinstance(message, dict) else None
            if role not in ROLES or not isinstance(message.get("content"), str):
                raise ValueError(
                    f"message {i}: expected role {', '.join(ROLES)} and a content that "
                    f"is text, got {message!r}; for tools, use transformers"
                )
        if not messages:
            raise ValueError("messages: expected at least one")
        # As transformers' chat_template_utils renders it: sandboxed, lines trimmed.
        sandbox = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        try:
            return sandbox.from_string(self.chat_template).render(
                messages=messages,
                add_generation_prompt=add_generation_prompt,
                enable_thinking=enable_thinking,
            )
        except Exception as error:  # a template's own arithmetic can fail in any way
            raise ValueError(
                f"chat_template: {error}; this template does not fit plain messages"
            ) from None
