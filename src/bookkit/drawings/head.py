"""The head of a chapter: the small map of the model, and the chapter's own lines."""

from bookkit import places

from .core import DRAWINGS, Drawing
from .overview import HERE, draw_map
from .shapes import LIT, SMALL, Shape

STEP = 16  # from one printed line to the next
OTHER = {  # shapes of the map that print no line, and the chapter about each
    "tokenizer": "15_tokenizer",
    "ids": "15_tokenizer",
    "logits": "13_head",
    "sample": "18_generation",
    "RoPE": "08_rope",
    "cache": "17_kv_cache",
    "mask": "10_masks",
    "softmax": "09_attention",
}


def chapter_of(shape: str) -> str | None:
    """The chapter about a shape of the map; None for a shape of another drawing."""
    if shape == "layers":
        return places.TREE["model.layers.0"]
    named = {path.rpartition(".")[2]: name for path, name in places.TREE.items()}
    return OTHER.get(shape) or named.get(shape)


class Head(Drawing):
    """Where a chapter is: its boxes lit in the map, above the lines that it explains.

    As an image it holds the lines too. In a page they follow it as a printout, each
    line a link, and the boxes of the map are links as well.
    """

    def __init__(self, chapter: str, config=None):
        if chapter not in places.CHAPTERS:
            raise ValueError(
                f"{chapter!r} is no chapter; expected one of "
                f"{', '.join(places.CHAPTERS)}"
            )
        self.printout = places.own_lines(chapter)
        title = "Where we are in the model"
        super().__init__(self.place, title, config, chapter=chapter)

    @property
    def call(self) -> str:
        return f"where({self.options['chapter']!r})"

    def place(self, s, z, chapter):
        """The map and, where it is an image, the lines below it."""
        s.lit |= set(HERE.get(chapter, ()))
        words = draw_map(s, z)
        if s.wide and not s.inline:
            self.lines(s)
        return words

    def lines(self, s):
        top = s.bounds()[1] + 30
        for i, (line, name) in enumerate(self.printout.rows):
            lit = bool(name is not None and name in self.printout.lit)
            y = top + STEP * i
            if lit:
                bar = Shape(s.edge, y - STEP / 2, LIT, STEP)
                s.rect(bar, "lit", border=0, tint=1, known=False)
            indent = 0.602 * SMALL * (len(line) - len(line.lstrip()))
            s.text(
                s.edge + 10 + indent, y, line.strip(), SMALL, "start",
                mono=True, bold=lit, soft=not lit,
            )  # fmt: skip

    def html(self) -> str:
        """Both layouts with links on the boxes, then the lines.

        Lines lead to notebooks, as every printout does; ``_ext/printouts.py`` makes
        pages of them.
        """

        def target(shape):
            name = chapter_of(shape)
            own = name == self.options["chapter"]
            return None if name is None or own else f"{name}.html"

        lines = self.printout._repr_html_() if self.printout.rows else ""
        return super().html(target) + lines

    def __repr__(self) -> str:
        return "\n".join(filter(None, [super().__repr__(), repr(self.printout)]))


def where(chapter: str, config: dict | None = None) -> Head:
    """The head of ``chapter``, such as "10_masks".

    Raises:
        ValueError: there is no such chapter.
    """
    return Head(chapter, config)


DRAWINGS["where"] = where
