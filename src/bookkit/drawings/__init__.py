"""Explanatory drawings of Qwen3: every number in them is computed from the config.

``drawings.layer()`` as a cell's last line shows the drawing; ``layer(lit="mlp")``
lights a box. ``drawings.legend()`` shows what the shapes mean.
"""

from .attention import attention, masks
from .backward import backward
from .core import DRAWINGS, Drawing, Sizes, from_call
from .counted import counted
from .decoding import draw, redone, returns
from .floats import formats, rounding
from .head import where
from .inside import lens_grid, taps
from .keys import keys
from .lengths import qk_norm
from .modules import embedding, grouped, heads, layer, mlp, rmsnorm, rope
from .overview import HERE, legend, model, model_map, tree
from .passing import passing
from .roofline import roofline
from .running import cache, loop, matrices
from .shifted import shifted
from .storage import weights_file
from .tokens import merges
from .turns import turns
from .versions import versions

__all__ = [
    "DRAWINGS",
    "Drawing",
    "HERE",
    "Sizes",
    "attention",
    "backward",
    "cache",
    "counted",
    "draw",
    "embedding",
    "formats",
    "from_call",
    "grouped",
    "heads",
    "keys",
    "layer",
    "legend",
    "lens_grid",
    "loop",
    "masks",
    "matrices",
    "merges",
    "mlp",
    "model",
    "model_map",
    "passing",
    "qk_norm",
    "redone",
    "returns",
    "rmsnorm",
    "roofline",
    "rope",
    "rounding",
    "shifted",
    "taps",
    "tree",
    "turns",
    "versions",
    "weights_file",
    "where",
]


def examples() -> dict[str, Drawing]:
    """One of each, as the gallery and the tests show them."""
    out = {name: make() for name, make in DRAWINGS.items() if name != "where"}
    out["counted_printout"] = counted(layers=3, vocab=1519)
    out["model_map"] = model_map(lit="q_norm")
    for chapter in ("02_tree", "06_projections", "10_masks", "12_decoder_layer"):
        out[f"where_{chapter}"] = where(chapter=chapter)
    return out
