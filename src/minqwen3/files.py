"""A checkpoint's files: read only if plain and of a bounded size; replaced whole."""

import contextlib
import ctypes
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

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


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of ``path`` when the block ends.

    It is made beside ``path``. An exception leaves ``path`` as it was; so does a kill
    at any moment, with what was written until then beside it, in a hidden folder that
    the next call removes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path)
    new = Path(tempfile.mkdtemp(prefix=f".{path.name}-saving-", dir=path.parent))
    held = lock(new)
    try:
        yield new
        new.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o755)
        take_place(new, path)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if held is not None:
            os.close(held)


def take_place(new: Path, path: Path) -> None:
    """Put the folder ``new`` where ``path`` is; on failure ``path`` is as it was.

    Linux and macOS exchange the two in one step. Elsewhere, and on file systems that
    cannot, a kill between two steps leaves ``path`` missing, until the next
    ``new_folder`` puts it back.
    """
    if not path.exists():
        os.rename(new, path)
        return
    if exchange(new, path):
        shutil.rmtree(new)
        return
    old = new.with_name(new.name + "-old")
    os.rename(path, old)
    try:
        os.rename(new, path)
    except BaseException:
        os.rename(old, path)
        raise
    shutil.rmtree(old)


def exchange(a: Path, b: Path) -> bool:
    """Exchange two folders in one step; False where that cannot be done."""
    if sys.platform == "win32":
        return False
    libc, a, b = ctypes.CDLL(None), os.fsencode(a), os.fsencode(b)
    if hasattr(libc, "renameat2"):  # Linux: AT_FDCWD twice, RENAME_EXCHANGE
        return libc.renameat2(-100, a, -100, b, 2) == 0
    if hasattr(libc, "renamex_np"):  # macOS: RENAME_SWAP
        return libc.renamex_np(a, b, 2) == 0
    return False


def clear_leftovers(path: Path) -> None:
    """Mend what killed processes left beside ``path``; the living keep theirs."""
    name = re.compile(re.escape(f".{path.name}-saving-") + r"[a-z0-9_]{8}(-old)?")
    left = [folder for folder in path.parent.iterdir() if name.fullmatch(folder.name)]
    for folder in left:
        if folder.name.endswith("-old") and not path.exists():
            os.rename(folder, path)
        elif (held := lock(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


def lock(folder: Path) -> int | None:
    """Lock a folder until the descriptor is closed or the process ends, even killed.

    Returns:
        The descriptor; ``None`` where another process has the lock, or there are none.
    """
    if fcntl is None or not folder.is_dir():
        return None
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held
