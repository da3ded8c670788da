"""A checkpoint's files: read only if plain and of a bounded size; replaced whole."""

import json
import os
from pathlib import Path
from typing import Any

LARGEST = 64 * 2**20  # bytes of a text file; a big model's index has some 10 MB


def check_file(file: Path) -> Path:
    """Return ``file``; raise where it is no plain file (a folder, a pipe) or closed.

    Raises:
        FileNotFoundError: there is nothing of this name.
        ValueError: it is not a file, or may not be read.
    """
    if not os.path.exists(file):
        raise FileNotFoundError(f"{file}: no such file")
    if not os.path.isfile(file):
        kind = "a folder" if file.is_dir() else "no plain file"
        raise ValueError(f"{file}: {kind}; expected a file, so put one in its place")
    if not os.access(file, os.R_OK):
        raise ValueError(f"{file}: may not be read; change the file's permissions")
    return file


def read_text(file: Path) -> str:
    """The text of a file; errors are those of ``check_file``, and ``ValueError``."""
    size = check_file(file).stat().st_size
    if size > LARGEST:
        raise ValueError(
            f"{file}: {size:,} bytes; expected at most {LARGEST:,}, so this is another "
            "file; fetch it again"
        )
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file}: expected UTF-8 text ({error}); save or fetch it again"
        ) from None


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file; errors are those of ``read_text``."""
    text = read_text(file)
    try:
        d = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{file}: not valid JSON ({error}); save or fetch it again"
        ) from None
    if not isinstance(d, dict):
        raise ValueError(f"{file}: expected an object, got {type(d).__name__}")
    return d


def write_text(file: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all: beside it first, then in its place.

    A process killed on the way leaves the old bytes, and maybe ``.NAME.part``, which
    the next write replaces.
    """
    part = file.with_name(f".{file.name}.part")
    with open(part, "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(part, file)
