"""When in a model's life each key of the config takes effect."""

from .core import drawing
from .shapes import BOX

LIFE = [  # a stage, what a wrong value then meets
    ("built", "built", "tensors differ"),
    ("first values", "given values", "weights replace it"),
    ("logits", "run", "nothing says so"),
    ("training", "trained", "seen only then"),
]
EXAMPLE = {
    "built": """vocab_size hidden_size intermediate_size num_hidden_layers
        num_attention_heads num_key_value_heads head_dim attention_bias
        tie_word_embeddings""".split(),
    "first values": ["initializer_range"],
    "logits": ["hidden_act", "rms_norm_eps", "rope_scaling", "rope_theta"],
    "training": ["attention_dropout"],
    "nothing": ["max_window_layers", "sliding_window", "use_cache", "torch_dtype"],
}


@drawing("When a key of config.json takes effect")
def keys(s, z, found=None):
    """A model's life from left to right, under each stage the keys that act in it."""
    found = found or EXAMPLE
    rest = sorted(found["nothing"], key=len)
    pitch = 16
    boxes = []
    if s.wide:
        across = (s.width - 2 * s.edge) / len(LIFE)
        longest = max(len(found[stage]) for stage, _, _ in LIFE)
        for i, (stage, name, fault) in enumerate(LIFE):
            cx = s.edge + across * (i + 0.5)
            box = s.box(cx, 0, 112, name, printed=False, key=stage)
            boxes.append(box)
            s.note(cx, -32, f"wrong: {fault}", anchor="middle")
            for row, key in enumerate(found[stage]):
                s.note(
                    cx, 32 + pitch * row, key, anchor="middle", mono=True, soft=False
                )
        for a, b in zip(boxes, boxes[1:], strict=False):
            s.wire(a.right(), b.left())
        y = 32 + pitch * longest + 14
        columns = 3
    else:
        y = 0
        for stage, name, fault in LIFE:
            box = s.box(s.edge + 52, y, 104, name, printed=False, key=stage)
            boxes.append(box)
            s.note(box.right_x + 14, y - 8, f"wrong: {fault}")
            for row, key in enumerate(found[stage]):
                s.note(
                    box.right_x + 14, y + 9 + pitch * row, key, mono=True, soft=False
                )
            y += max(pitch * len(found[stage]) + 9, BOX) + 24
        for a, b in zip(boxes, boxes[1:], strict=False):
            s.wire(a.bottom(), b.top())
        columns = 2
    rows = -(-len(rest) // columns)
    frame = s.frame(s.edge, y, s.width - 2 * s.edge, 32 + pitch * rows)
    s.note(frame.x + 10, y + 14, "alone, these change nothing that is computed")
    for i, key in enumerate(rest):
        column, row = divmod(i, rows)
        x = frame.x + 10 + column * (frame.w - 10) / columns
        s.note(x, y + 34 + pitch * row, key, mono=True)
    told = "; ".join(
        f"when it is {name}, {', '.join(found[stage])} (a wrong value: {fault})"
        for stage, name, fault in LIFE
    )
    return f"""A model's life in four stages, and the keys that act in each: {told}.
    Alone without effect on what is computed: {", ".join(rest)}."""
