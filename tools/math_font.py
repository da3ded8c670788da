"""Cut STIX Two Math down to what formulas need, as the site's font for mathematics.

    python tools/math_font.py stix-two-math-latin-400-normal.woff2

The whole font comes in the npm package @fontsource/stix-two-math, under the SIL Open
Font License. What is kept is more than the book uses now; a formula with a sign that is
not kept fails ``tests/test_text.py``: add the sign here and cut anew.
"""

import sys
import unicodedata
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

OUT = Path(__file__).parents[1] / "_static/fonts/stix-two-math-subset.woff2"
SIGNS = (
    "¬±·×÷′″‖…‾⁄√∛−∓∔∕∗∘∙∝∞∂∇∆∏∐∑∫∬∮∀∃∄∅∈∉∋∖∣∤∥∧∨∩∪∴∵∼≃≅≈≠≡≤≥≪≫≺≻⊂⊃⊆⊇⊕⊖⊗⊘⊙⊢⊤⊥⋀⋁⋂⋃"
    "⋄⋅⋆⋮⋯⋰⋱⌈⌉⌊⌋⟨⟩⟦⟧⏞⏟←↑→↓↔↦↪⇐⇒⇔⟵⟶⟷⟸⟹⟺⟼ℂℕℚℝℤℎℏℓℒℛℱℋ†‡"
    "¯´ˆˇ˘˙˚˜̸̂̃̄̅̌⃗"
    "\u2061\u2062\u2063\u2064\u00a0\u2009\u200a\u2003"
)
ALPHABETS = (
    "MATHEMATICAL ITALIC",
    "MATHEMATICAL BOLD CAPITAL",
    "MATHEMATICAL BOLD SMALL",
)
STRUCK = "MATHEMATICAL DOUBLE-STRUCK CAPITAL"


def wanted() -> set[int]:
    """Code points: ASCII, Greek, the alphabets of mathematics, signs."""
    letters = {
        code
        for code in range(0x1D400, 0x1D800)
        if unicodedata.name(chr(code), "").startswith((*ALPHABETS, STRUCK))
    }
    return {
        *range(0x20, 0x7F),
        *range(0x391, 0x3CA),
        *map(ord, "ϕϵϑϱϖ" + SIGNS),
        *letters,
    }


def main(source: str) -> None:
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options(layout_features=["*"], notdef_outline=True, hinting=False)
    keep = subset.Subsetter(options)
    keep.populate(unicodes=wanted())
    keep.subset(font)
    font.flavor = "woff2"
    OUT.parent.mkdir(parents=True, exist_ok=True)
    font.save(OUT)
    print(f"{OUT}: {len(font.getGlyphOrder())} glyphs, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
