"""Where a checkpoint is: a folder, the hub, or the small one that is always here."""

import os
from pathlib import Path

SMALL = Path(__file__).parent / "small"
VARIABLE = "MINQWEN3_CHECKPOINT"
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
    if path is None:
        path = os.environ.get(VARIABLE) or SMALL
    folder = Path(path)
    if folder.is_dir():
        return folder
    name = str(path)
    if name.count("/") != 1 or name.startswith((".", "/", "~")) or name.endswith("/"):
        raise FileNotFoundError(
            f"{name}: no such folder; expected one with config.json and "
            "model.safetensors, or a repository's owner/name"
        )
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns=FILES))
    except ImportError:
        reason = "to fetch it from the hub, install huggingface_hub"
    except Exception as error:  # network, hub and cache each have errors of their own
        reason = f"the hub gave {type(error).__name__}; is there a network?"
    raise FileNotFoundError(f"{name}: no such folder; {reason}") from None
