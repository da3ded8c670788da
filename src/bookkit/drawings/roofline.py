"""What a named machine can do at most, and where prefill and decode stand."""

from math import log10

from .core import Sizes, drawing
from .shapes import SMALL


def intensity(z: Sizes, tokens: int, past: int, texts: int = 1) -> float:
    """FLOPs a byte, weights read once; each of ``texts`` has a cache of its own."""
    matrices = z.L * sum(z.count[name] for name in z.shapes) + z.count["lm_head"]
    attention = 4 * z.L * z.N * z.H * (past + tokens)
    cache = 4 * z.L * z.K * z.H * (past + tokens)
    flops = texts * tokens * (2 * matrices + attention)
    return flops / (2 * z.count["model"] + texts * cache)


@drawing("The roofline of one GPU")
def roofline(s, z, machine="a machine", peak=100e12, bandwidth=1e12):
    """Two ceilings on logarithmic axes, and prefill and decode on the lower one."""
    points = [  # what runs, its intensity, drawn as decode or as prefill
        (("decode", "1 text"), intensity(z, 1, 127), "lit"),
        (("decode", "16 texts of 2,048"), intensity(z, 1, 2047, 16), "lit"),
        (("decode", "16 texts of 128"), intensity(z, 1, 127, 16), "lit"),
        (("prefill", "64 tokens"), intensity(z, 64, 0), "stream"),
        (("prefill", "512 tokens"), intensity(z, 512, 0), "stream"),
    ]
    left, right = (64, s.width - 24) if s.wide else (40, s.width - 8)
    tall, low, high = (300 if s.wide else 330), 0.5, 3000
    floor = 10 ** (log10(low * bandwidth) - 0.15)
    top = 10 ** (log10(peak) + 0.35)

    def across(i):
        return left + log10(i / low) / log10(high / low) * (right - left)

    def up(rate):
        return tall * (1 - log10(rate / floor) / log10(top / floor))

    def reach(i):
        return min(peak, i * bandwidth)

    ridge = peak / bandwidth

    # Axes, in decades
    s.keep(left, 0, right - left, tall)
    s.path("M", left, 0, "V", tall, "H", right, stroke_width=1)
    for power in range(4):
        x = across(10**power)
        s.path("M", x, tall, "v", 5, stroke_width=1)
        s.text(x, tall + 15, f"{10**power:,}", SMALL)
    for power in range(12, 16):
        if floor < 10**power < top:
            s.path("M", left, up(10**power), "h", -5, stroke_width=1)
            s.text(left - 9, up(10**power), f"{10 ** (power - 12)}", SMALL, "end")
    s.text(right, tall + 34, "FLOPs for each byte read", SMALL, "end")
    s.text(left - 30 if not s.wide else left - 40, -16, "TFLOPs a second", SMALL,
           "start")  # fmt: skip

    # The roof, its ridge, and the points
    s.path(
        "M", across(low), up(reach(low)), "L", across(ridge), up(peak), "L", right,
        up(peak), stroke="@ink", stroke_width=2,
    )  # fmt: skip
    s.path("M", across(ridge), tall - 24, "V", tall, stroke_width=1)
    s.note(across(ridge) + 7, tall - 12, f"ridge {ridge:.0f}")
    s.text(right, up(peak) - 12, f"{machine}: {peak / 1e12:,.0f} TFLOPs", SMALL, "end")
    words = f"slope: {bandwidth / 1e9:,.0f} GB a second"
    s.text(left + 10, up(peak) + 14, words, SMALL, "start")
    said = []
    for (kind, words), at, colour in points:
        x, y = across(at), up(reach(at))
        s.put("shape", "circle", cx=x, cy=y, r=5.5, fill=f"@{colour}",
              stroke="@paper", stroke_width=1.5)  # fmt: skip
        share = f"{reach(at) / peak:.{1 if reach(at) < 0.1 * peak else 0}%}"
        anchor, dx = ("end", 0) if at > ridge else ("start", 11)
        close = reach(at) > peak / 4 and at < ridge  # to the label at the ridge's right
        dy = 18 if at > ridge else 44 if close else 8
        if close:
            s.leader((x, y + 6), (x, y + dy), (x + 8, y + dy))
        x = right - 4 if at > ridge else x
        lines = (f"{kind}, {words}:", f"{at:.1f}, at most {share} of the peak")
        if not s.wide:
            lines = (f"{words}:", f"{at:.1f}, {share}")
        s.note(x + dx, y + dy, *lines, anchor=anchor, soft=False)
        said.append(f"{kind} of {words} {at:.1f} and at most {share} of the peak")
    x = s.swatch(left, tall + 58, "lit", "decode", 0.8) + 14
    s.swatch(x, tall + 58, "stream", "prefill", 0.8)
    return f"""{machine} on logarithmic axes: FLOPs a second over FLOPs a byte. The
    roof rises with {bandwidth / 1e9:,.0f} GB a second up to the ridge at {ridge:.0f}
    FLOPs a byte, and is flat at {peak / 1e12:,.0f} TFLOPs beyond. On it, from the
    config: {"; ".join(said)}. Nothing is measured: these are bounds."""
