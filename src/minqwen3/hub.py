"""Where a checkpoint is: a folder, the hub, or the small one that is always here."""

import os
import re
from pathlib import Path

SMALL = Path(__file__).parent / "small"
VARIABLE = "MINQWEN3_CHECKPOINT"
REPOSITORY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+")
FILES = ["*.json", "*.jinja", "*.safetensors"]


def locate(path: str | os.PathLike | None = None) -> Path:
    """The folder of a checkpoint.

    Args:
        path: a folder; or "owner/name", a repository on Hugging Face's hub, which is
            fetched (or found in the hub's cache); or ``None``: what the environment
            variable ``MINQWEN3_CHECKPOINT`` says, in either form, and where that is
            not set the small checkpoint that the package carries.

    Raises:
        FileNotFoundError: no such folder; or the hub cannot be had or does not know it.
    """
    said = ""
    if path is None:
        path = os.environ.get(VARIABLE) or SMALL
        said = f"{VARIABLE}: "
    name = os.fspath(path)
    if name and os.path.isdir(name):
        return Path(name)
    if not REPOSITORY.fullmatch(name):
        name = name if name.strip() and name.isprintable() else repr(name)
        raise FileNotFoundError(
            f"{said}{name:.200}: no such folder; expected one with config.json and "
            "model.safetensors, or a repository's owner/name"
        )
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns=FILES))
    except ImportError:
        reason = "to fetch it from the hub, install huggingface_hub"
    except Exception as error:  # network, hub and cache each have errors of their own
        reason = f"the hub gave {type(error).__name__}; is there a network?"
    raise FileNotFoundError(f"{said}{name}: no such folder; {reason}") from None
