"""What chapters share: where we are, live source, counts, figures, graded answers.

It imports minqwen3, and transformers where a chapter compares with it; only chapters,
tests and the site import it.
"""

import os
import warnings

# Chapters run without a network, unless the reader asks for another checkpoint, and
# without advice that changes between releases.
if not os.environ.get("MINQWEN3_CHECKPOINT"):
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore", message="IProgress not found")

from .counts import count  # noqa: E402
from .figures import COLOR, axes, heatmap, ink, key  # noqa: E402
from .places import settled  # noqa: E402
from .reference import (  # noqa: E402
    held_out,
    is_trained,
    load,
    qwen3_config,
    training_log,
    twin,
)
from .setup import chapter  # noqa: E402
from .source import annotate, show  # noqa: E402

__all__ = [
    "COLOR",
    "annotate",
    "axes",
    "chapter",
    "count",
    "heatmap",
    "held_out",
    "training_log",
    "ink",
    "is_trained",
    "key",
    "load",
    "qwen3_config",
    "settled",
    "show",
    "twin",
]
