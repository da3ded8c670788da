"""Explanatory drawings of Qwen3: every number in them is computed from the config.

``drawings.layer()`` as a cell's last line shows the drawing; ``layer(lit="mlp")``
lights a box. ``drawings.legend()`` shows what the shapes mean.
"""

from .attention import attention, masks
from .core import DRAWINGS, Drawing, Sizes, from_call
from .head import where
from .modules import embedding, grouped, heads, layer, mlp, rmsnorm, rope
from .overview import HERE, legend, model, model_map, tree
from .running import cache, loop, matrices

__all__ = [
    "DRAWINGS",
    "Drawing",
    "HERE",
    "Sizes",
    "attention",
    "cache",
    "embedding",
    "from_call",
    "grouped",
    "heads",
    "layer",
    "legend",
    "loop",
    "masks",
    "matrices",
    "mlp",
    "model",
    "model_map",
    "rmsnorm",
    "rope",
    "tree",
    "where",
]


def examples() -> dict[str, Drawing]:
    """One of each, as the gallery and the tests show them."""
    out = {name: make() for name, make in DRAWINGS.items() if name != "where"}
    out["model_map"] = model_map(lit="q_norm")
    for chapter in ("02_tree", "06_projections", "10_masks", "12_decoder_layer"):
        out[f"where_{chapter}"] = where(chapter=chapter)
    return out
