"""Turns within the trained length, and what a longer text and a slower clock do."""

from math import ceil, cos, floor, log, pi, sin

from .core import drawing
from .shapes import SMALL

WAYS = {
    "plain": "as it is",
    "linear": "linear: every pair {factor:g} times slower",
    "yarn": "YaRN: each pair by its turns",
}


def slowed(way: str, H: int, theta: float, length: int, factor: float) -> list[float]:
    """By how much each pair is slowed; YaRN with 32 turns and one turn as its edges."""
    if way != "yarn":
        return [factor if way == "linear" else 1.0] * (H // 2)

    def pair(n):
        return H / 2 * log(length / (2 * pi * n)) / log(theta)

    low, high = max(floor(pair(32)), 0), min(ceil(pair(1)), H - 1)
    ramp = (min(max((i - low) / max(high - low, 1e-3), 0), 1) for i in range(H // 2))
    return [1 / (share / factor + 1 - share) for share in ramp]


@drawing("Angles within the trained length, and beyond it")
def turns(s, z, ways=("plain", "linear", "yarn"), head_dim=None, theta=None,
          length=None, factor=4):  # fmt: skip
    """Clocks of some pairs, one row for each way to read ``factor`` times the length."""
    H, theta = head_dim or z.H, theta or z.theta
    length = length or z.config["max_position_embeddings"]
    every = [theta ** (-2 * i / H) * length / (2 * pi) for i in range(H // 2)]
    wanted = [every[0], 8, 3, 1.4, 0.7, 0.35, 0.1, 0.02]
    wanted = wanted if s.wide else [every[0], 3, 0.7, 0.3, 0.05]

    def nearest(n):
        return min(range(len(every)), key=lambda i: abs(log(every[i] / n)))

    pairs = sorted({nearest(n) for n in wanted})
    step = (s.width - 2 * s.edge) / len(pairs)
    r, y = (25, 0) if s.wide else (20, 0)

    def at(turn, c, d):
        return (c + r * sin(2 * pi * turn), d - r * cos(2 * pi * turn))

    def wedge(c, d, start, end, colour, tint):
        """A sector of a clock, from one turn to another, clockwise from the top."""
        if end - start >= 1:
            s.put("shape", "circle", cx=c, cy=d, r=r, fill=f"@{colour}",
                  fill_opacity=tint)  # fmt: skip
        elif end > start:
            large = "1" if end - start > 0.5 else "0"
            s.path("M", c, d, "L", *at(start, c, d), "A", r, r, "0", large, "1",
                   *at(end, c, d), "Z", layer="shape", fill=f"@{colour}",
                   fill_opacity=tint)  # fmt: skip

    x = [s.edge + step * (i + 0.5) for i in range(len(pairs))]
    for c, i in zip(x, pairs, strict=True):
        s.text(c, y, f"pair {i}", SMALL)
        few = f"{every[i]:,.0f}" if every[i] >= 10 else f"{every[i]:.2g}"
        s.note(c, y + 15, f"{few} turns" if s.wide else few, anchor="middle")
    if not s.wide:
        s.note(s.edge, y - 18, f"turns within {length:,} positions")
    y += 42
    for way in ways:
        s.title(s.edge, y, WAYS[way].format(factor=factor))
        middle = y + 24 + r
        for c, i in zip(x, pairs, strict=True):
            ratio, n = slowed(way, H, theta, length, factor)[i], every[i]
            reached = factor * n / ratio
            wedge(c, middle, 0, min(n, 1), "stream", 0.35)
            if n < 1:
                wedge(c, middle, n, min(reached, 1), "lit", 0.6)
            wrong = n >= 1 and ratio > 1
            s.put("shape", "circle", cx=c, cy=middle, r=r, fill="none",
                  stroke="@lit" if wrong else "@line",
                  stroke_width=3 if wrong else 1)  # fmt: skip
            s.keep(c - r, middle - r, 2 * r, 2 * r)
            s.note(c, middle + r + 13, f"÷ {ratio:.2g}" if ratio > 1 else "full speed"
                   if s.wide else "÷ 1", anchor="middle")  # fmt: skip
        y = middle + r + 46
    y -= 8
    x = s.swatch(s.edge, y, "stream", f"within {length:,} positions", 0.35) + 14
    place = (x, y) if s.wide else (s.edge, y + 22)
    x = s.swatch(*place, "lit", f"new, up to {factor * length:,.0f}", 0.6) + 14
    if list(ways) != ["plain"]:
        place = (x, y) if s.wide else (s.edge, y + 44)
        s.swatch(*place, "lit", "ring: old angles, other distances", 0)
    fast = sum(n >= 1 for n in every)
    listed = ", ".join(f"pair {i} {every[i]:.3g}" for i in pairs)
    told = []
    for way in ways:
        ratios = slowed(way, H, theta, length, factor)
        new = sum(
            n < 1 and factor / q > 1.01 for n, q in zip(every, ratios, strict=True)
        )
        moved = sum(n >= 1 and q > 1 for n, q in zip(every, ratios, strict=True))
        told.append(f"{way}: {new} pairs reach new angles, and {moved} that complete a "
                    "turn are slowed")  # fmt: skip
    return f"""Some of a head's {H // 2} pairs as clocks, with their turns within
    {length:,} positions: {listed}. {fast} pairs complete a turn and {len(every) - fast}
    do not. Grey is what training showed, orange what is new up to
    {factor * length:,.0f} positions. {"; ".join(told)}."""
