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
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
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
TALLEST = 3000  # units, 1000 to the em
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


def narrow(font: TTFont) -> None:
    """Make a bracket or root that has grown as wide as the small one.

    Chromium sets aside the width of the widest variant, whichever it draws, so behind
    each root stood 0.4 em of nothing. What would be taller than TALLEST is left out.
    """
    variants, width = font["MATH"].table.MathVariants, font["hmtx"]
    grown = zip(
        variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True
    )
    for small, construction in grown:
        kept = [
            record
            for record in construction.MathGlyphVariantRecord
            if record.AdvanceMeasurement <= TALLEST
        ]
        construction.MathGlyphVariantRecord = kept
        construction.VariantCount = len(kept)
        for record in kept:
            squeeze(font, record.VariantGlyph, width[small][0])
        pieces = construction.GlyphAssembly
        if pieces and any(
            width[p.glyph][0] > width[small][0] for p in pieces.PartRecords
        ):
            construction.GlyphAssembly = None


def squeeze(font: TTFont, name: str, width: int) -> None:
    advance, bearing = font["hmtx"][name]
    if advance <= width:
        return
    glyphs, pen = font.getGlyphSet(), TTGlyphPen(None)
    outline = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(outline)
    outline.replay(TransformPen(pen, (width / advance, 0, 0, 1, 0, 0)))
    font["glyf"][name] = pen.glyph()
    font["hmtx"][name] = width, round(bearing * width / advance)


def main(source: str) -> None:
    font = TTFont(source, recalcTimestamp=False)
    narrow(font)
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
