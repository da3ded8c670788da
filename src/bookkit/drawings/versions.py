"""What moved between two releases, and what did not."""

from .core import drawing
from .shapes import SMALL, Shape

KEPT = ["RMSNorm", "MLP", "the rotation", "repeat_kv", "eager attention"]
MOVED = [  # what it is about, then, now, and whether the old use raises nothing
    ("act_fn prints", "SiLU()", "SiLUActivation()", False),
    ("a layer returns", "a tuple", "a tensor", True),
    ("its cache argument", "past_key_value", "past_key_values", True),
    ("the cache holds", "key_cache", "layers[i].keys", False),
    ("theta stands in", "rope_theta", "rope_parameters", True),
    ("loads unless told", "in fp32", "as in the config", True),
]


@drawing("From 4.51 to version 5: what ran on, and what moved")
def versions(s, z):
    """Lanes in time: unbroken where the arithmetic stayed, broken where a name moved."""
    left, middle = (150, 420) if s.wide else (6, 172)
    right, h, y = s.width - s.edge, 20, 0
    s.text(left, -22, "4.51", anchor="start", bold=True)
    s.text(right, -22, "version 5", anchor="end", bold=True)
    across = len(KEPT) if s.wide else 1
    for name in KEPT:
        lane = s.keep(left, y, right - left, h)
        s.rect(lane, "stream", 0, 0.22, known=False)
        s.text(lane.cx, lane.cy, name, SMALL)
        y += h + 6
    if s.wide:
        s.note(s.edge, (h + 6) * across / 2 - 10, "the arithmetic:", "equal to the bit")
        y += 14
    else:
        s.note(left, y + 8, "the arithmetic: equal to the bit")
        y += 34
    for about, then, now, quiet in MOVED:
        if s.wide:
            s.note(s.edge, y + h / 2, about)
        else:
            s.note(left, y + 4, about)
            y += 14
        before = s.keep(left, y, middle - left - 16, h)
        after = s.keep(middle + 16, y, right - middle - 16, h)
        colour = "lit" if quiet else "line"
        s.rect(before, "line", 0.75, 0.08, known=False)
        s.rect(after, colour, 2 if quiet else 0.75, 0.16, known=False)
        s.text(before.cx, before.cy, then, SMALL, mono=True)
        s.text(after.cx, after.cy, now, SMALL, mono=True)
        s.wire(before.right(), after.left(), colour=colour)
        y += h + (8 if s.wide else 12)
    y += 14
    s.rect(Shape(left, y - 6, 12, 12), "lit", 2, 0.16)
    s.text(left + 20, y, "old code runs on, with no error", SMALL, "start")
    told = "; ".join(
        f"{about} {then}, now {now}{', which raises nothing' if quiet else ''}"
        for about, then, now, quiet in MOVED
    )
    return f"""Lanes from 4.51 to version 5. Unbroken: {", ".join(KEPT)}; their arithmetic
    is equal to the bit. Broken, then and now: {told}."""
