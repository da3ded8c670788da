"""Checks of the exercises in the chapter on transformers' versions."""

from . import Check

check_last_position = Check(
    [50],
    mistakes={
        "that is what a tuple would have given.": [2, 128],
        "that is the last position of the first row; the colon takes all positions.": [
            128
        ],
        "the number -1 picks one place of its axis, and the axis is gone.": [50, 1],
    },
)


def theta(config):
    return (config.get("rope_parameters") or config)["rope_theta"]


check_theta = Check(
    theta,
    cases=[
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 500000}},),
        ({"rope_theta": 1000000, "rope_scaling": None},),
        ({"rope_theta": 1000000, "rope_parameters": None},),
        ({"rope_scaling": None},),
    ],
    mistakes={
        "only the old place was asked, and the default taken.": lambda config: (
            config.get("rope_theta", 10000.0)
        ),
        "both places are asked, but a default stands behind them.": lambda config: (
            config.get("rope_parameters") or config
        ).get("rope_theta", 10000.0),
    },
)


def generate(parent, child):
    own = dict(child)
    kept = [(name, own.pop(name, body)) for name, body in parent]
    return kept + list(own.items())


PARENT = [("init", "Llama's init"), ("forward", "Llama's forward")]
CHILD = [("forward", "Qwen3's forward"), ("extra_repr", "Qwen3's")]

check_generate = Check(
    generate,
    cases=[(PARENT, CHILD), (PARENT, []), (PARENT, PARENT[::-1])],
    mistakes={
        "the parent's methods won; the child's replace them.": lambda parent, child: (
            generate(child, parent)[::-1]
        ),
        "the inherited methods are missing.": lambda parent, child: child,
        "a method stands there twice.": lambda parent, child: parent + child,
    },
)
