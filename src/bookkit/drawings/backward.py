"""The way of a gradient: the graph of the model, run through from its end."""

from .core import drawing, shape
from .shapes import SMALL


@drawing("Forward, and back: where a gradient is copied and where it is added")
def backward(s, z):
    """Left the way forward, upwards; right the way back, downwards, its mirror."""
    if s.wide:
        branch, stream, back, side, w, x = 96, 236, 400, 540, 132, 660
    else:
        branch, stream, back, side, w, x = 47, 134, 230, 299, 84, 306
    names = ("input_layernorm" if s.wide else "norm"), "self_attn"
    ys = {"loss": 0, "lm_head": 62, "norm": 116, "+": 164, "attn": 206, "in": 254,
          "fork": 296, "embed": 344}  # fmt: skip

    def pair(key, name, undone, a, b, width, other=None, count=None, kind="line"):
        """A box of the way forward, its counterpart, and what it keeps for it."""
        there = s.box(a, ys[key], width, name, count, kind)
        again = s.box(b, ys[key], other or width, undone, kind="lit", printed=False)
        s.path("M", there.right_x, ys[key], "H", again.x, stroke_width=1,
               stroke_dasharray="1.5 3")  # fmt: skip
        return there, again

    first = ("embed_tokens", "add to rows") if s.wide else ("embed", "to rows")
    embed, rows = pair("embed", *first, stream, back, 120 if s.wide else 66)
    norm_in, undo_in = pair(
        "in", names[0], "÷ RMS", branch, side, w if s.wide else 62, 66
    )
    attn, undo_attn = pair("attn", names[1], "chain rule", branch, side, w, 96 if s.wide else 90,
                           *(("", "line") if s.wide else (None, "stream")))  # fmt: skip
    norm, undo_norm = pair("norm", "norm", "÷ RMS", stream, back, 66)
    head, undo_head = pair("lm_head", "lm_head", "× Wᵀ", stream, back, 80)
    loss = s.box((stream + back) / 2, 0, 70, "loss", printed=False)

    # Forward, grey and up
    plus, fork = s.node(stream, ys["+"], "+", "stream"), s.fork(stream, ys["fork"],
                                                               "stream")  # fmt: skip
    s.stream(embed.top(), plus.bottom())
    s.wire(fork, (branch, ys["fork"]), norm_in.bottom())
    s.wire(norm_in.top(), attn.bottom())
    s.wire(attn.top(), (branch, ys["+"]), plus.left())
    s.stream(plus.top(), norm.bottom())
    s.wire(norm.top(), head.bottom())
    s.wire(head.top(), (stream, 0), loss.left())

    # Back, orange and down; what added now copies, what copied now adds
    hot = dict(colour="lit", width=2)
    s.wire(loss.right(), (back, 0), undo_head.top(), **hot)
    s.wire(undo_head.bottom(), undo_norm.top(), **hot)
    copy, add = s.fork(back, ys["+"], "lit"), s.node(back, ys["fork"], "+", "lit")
    s.wire(undo_norm.bottom(), add.top(), **hot)
    s.wire(copy, (side, ys["+"]), undo_attn.top(), **hot)
    s.wire(undo_attn.bottom(), undo_in.top(), **hot)
    s.wire(undo_in.bottom(), (side, ys["fork"]), add.right(), **hot)
    s.wire(add.bottom(), rows.top(), **hot)

    # What stays at the parameters
    if s.wide:
        grads = [(undo_head, shape(z.V, z.D)), (undo_attn, "4 + 2 tensors"),
                 (undo_norm, shape(z.D)), (undo_in, shape(z.D)),
                 (rows, shape(z.V, z.D))]  # fmt: skip
        for box, words in grads:
            grad = s.slab(x, box.cy, 104, words, "lit")
            s.wire(box.right(), grad.left(), colour="lit")
        s.text(x, -2, "stays as .grad", SMALL, soft=True)
        s.note(back + 12, 20, "p − y", soft=False)
        s.note(back + 14, ys["+"] - 11, "copied")
        s.note(back + 16, ys["fork"] + 15, "added")
        s.note(24, 0, "dotted: what the way", "forward keeps for it")
    else:
        s.note(back + 10, 24, "p − y", soft=False)
        s.note(back + 12, ys["+"] - 11, "copied")
        s.note(back + 14, ys["fork"] + 15, "added")
        s.note(6, 0, "dotted: kept", "for the way back")
    one = "the tied matrix gets one sum of both" if z.tied else "two matrices"
    words = [f"embed_tokens and lm_head: {one}"]
    words = words if s.wide else ["embed_tokens and lm_head:", one]
    s.note(s.edge, ys["embed"] + 32, *words)
    return f"""Two columns that mirror each other. Left, upwards: embed_tokens, the
    residual stream, a branch through input_layernorm and self_attn that is added
    back, norm, lm_head, loss. Right, downwards: what the model said minus what was
    true, p − y, goes through the transpose of lm_head and the norm; where forward
    stood a plus, the gradient is copied to the stream and to the branch; where
    forward the branch left, both are added. At every module a gradient stays for its
    parameters, {shape(z.V, z.D)} at lm_head and at embed_tokens:
    {one}. Each step back needs what the same step forward read, which was kept."""
