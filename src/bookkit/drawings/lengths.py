"""QK-norm: heads of any length go in, heads of one length come out."""

import math

from .core import drawing
from .shapes import BORDER, SMALL, Shape


def arrow(i: int, n: int, turn: float) -> tuple[float, float]:
    """A length, as a share of the root of H, and an angle: for a sketch."""
    length = 0.3 + 1.5 * ((0.618 * i + turn) % 1)
    return length, math.tau * (7 * i + 0.35 * math.sin(5 * i)) / n + turn


def scores(z) -> list[tuple[float, float]]:
    """Of each query head with the key head that it reads: before the norm, after."""
    out, root = [], math.sqrt(z.H)
    for i in range(z.N):
        (length, angle), (other, a) = arrow(i, z.N, 0.4), arrow(i // z.G, z.K, 1.1)
        cos = math.cos(angle - a)
        out.append((root * length * other * cos, root * cos))
    return out


@drawing("QK-norm: every head gets the same length")
def qk_norm(s, z):
    """Heads as bars, the norms and their gains, heads as arrows, and their scores."""
    x0, width, root = s.edge, s.width - 2 * s.edge, math.sqrt(z.H)
    queries = [arrow(i, z.N, 0.4) for i in range(z.N)]
    keys = [arrow(i, z.K, 1.1) for i in range(z.K)]
    # Bars: as long as the head's vector is
    gap = 26 if s.wide else 14
    for_keys = max((width - gap) * z.K / (z.N + z.K), 104)
    for_queries = width - gap - for_keys
    one = 26  # the root of H
    lanes = [("q", queries, x0, for_queries / z.N)]
    lanes += [("k", keys, x0 + for_queries + gap, for_keys / z.K)]
    for c, heads, x, pitch in lanes:
        n = len(heads)
        low, high = 0, -128 - one
        for i, (length, _) in enumerate(heads):
            for base, share in ((low, length), (high + one, 1)):
                w = pitch * 0.62
                bar = Shape(x + pitch * (i + 0.5) - w / 2, base - share * one, w,
                            share * one)  # fmt: skip
                s.rect(bar, c, 0, 0.7, known=False)
        s.keep(x, low - 2 * one, pitch * n, 2 * one)
        s.keep(x, high, pitch * n, one)
        words = f"{n} heads of {z.H}" if s.wide else f"{n} × {z.H}"
        name = "queries" if c == "q" else "keys"
        s.note(x + pitch * n / 2, low + 14, f"{name}: {words}", anchor="middle")
        y = -94
        box = s.box(x + pitch * n / 2, y, pitch * n - 6, f"{c}_norm", z.of(f"{c}_norm"),
                    c)  # fmt: skip
        for i in range(n):
            cx = x + pitch * (i + 0.5)
            s.wire((cx, low - 2 * one), box.bottom(cx), width=1, head=False)
            s.wire(box.top(cx), (cx, high + one), width=1)
    words = f"Lengths: any before, √{z.H} = {root:.1f} after"
    more = f"; one gain of {z.H} for all heads" if s.wide else ""
    s.title(x0, -128 - one - 20, words + more)
    # The same as arrows in a plane
    side = 196 if s.wide else 162
    unit, top = side / 2 / 1.85, 72
    s.title(x0, top - 24, "Directions stay" + (", drawn in a plane" if s.wide else ""))
    for j, normed in enumerate((False, True)):
        place = x0 + j * (side + (120 if s.wide else width - 2 * side))
        frame = s.rect(Shape(place, top, side, side), "line", 0.75, 0)
        if normed:
            s.put("frame", "circle", cx=frame.cx, cy=frame.cy, r=unit, fill="@stream",
                  fill_opacity=0.08, stroke="@stream", stroke_width=1,
                  stroke_dasharray="3 3")  # fmt: skip
        for c, heads, *_ in lanes:
            for length, angle in heads:
                r = unit if normed else unit * length
                tip = frame.cx + r * math.cos(angle), frame.cy - r * math.sin(angle)
                s.wire((frame.cx, frame.cy), tip, colour=c, width=BORDER, free=True)
        if not normed:
            start = frame.right()
        elif s.wide:
            s.wire(start, frame.left())
            s.note(start[0] + 60, frame.cy - 14, "q_norm, k_norm", anchor="middle",
                   mono=True)  # fmt: skip
            words = "Every tip lies on a circle", f"of radius {root:.1f}. Unequal gains"
            words += ("turn it into an ellipse.",)
            s.note(frame.right_x + 14, frame.cy - 14, *words)
    # Their scores: each query head with the key head of its group
    y, pairs = top + side + 58, scores(z)
    widest = max(abs(before) for before, _ in pairs) * 1.06
    widest = max(widest, 1.6 * root)
    per, middle = width / 2 / widest, s.width / 2
    s.title(x0, y - 28, f"Scores of the {z.N} pairs drawn")
    labels = "before", "after"
    if s.wide:
        labels = "before: no bound", f"after: {root:.1f} times the cosine"
    for row, words in enumerate(labels):
        line = y + 46 * row
        s.path("M", x0, line, "H", x0 + width, stroke_width=1)
        for pair in pairs:
            s.path("M", middle + per * pair[row], line - 7, "v", 14, stroke="@lit",
                   stroke_width=2)  # fmt: skip
        s.note(x0, line + 18, words)
    for sign in (-1, 1):
        s.path("M", middle + sign * per * root, y - 12, "V", y + 58, stroke_width=1,
               stroke_dasharray="3 3")  # fmt: skip
        s.text(middle + sign * per * root, y + 74, f"{'−+'[sign > 0]}{root:.1f}", SMALL)
    s.text(middle, y + 74, "0", SMALL, soft=True)
    far = max(abs(before) for before, _ in pairs)
    return f"""Three parts. First, {z.N} query heads and {z.K} key heads of {z.H}
    numbers, drawn as bars of different lengths, go through q_norm and k_norm, which
    have one gain of {z.H} each for all their heads; all come out with the length
    {root:.1f}, the root of {z.H}. Second, the same heads as arrows in a plane: of all
    lengths before, with their tips on one circle after, their directions unchanged.
    Third, the scores of the pairs drawn: up to {far:.0f} before, and after the norm
    none outside of −{root:.1f} to {root:.1f}."""
