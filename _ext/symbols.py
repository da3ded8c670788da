"""``{symbols}``: every class and function whose source a chapter explains."""

import json
import pathlib

from docutils import nodes
from search import QUOTED, markdown_of
from sphinx.util.docutils import SphinxDirective

from bookkit.places import CHAPTERS


def explained(source: pathlib.Path) -> dict[str, list[str]]:
    """Names of minqwen3's parts, each with the chapters that show its source."""
    found: dict[str, list[str]] = {}
    for name in CHAPTERS:
        path = source / "book" / f"{name}.ipynb"
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            for text in markdown_of(cell):
                for symbol in QUOTED.findall(text):
                    chapters = found.setdefault(symbol, [])
                    if name not in chapters:
                        chapters.append(name)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


class Symbols(SphinxDirective):
    def run(self):
        items = nodes.bullet_list()
        for symbol, chapters in explained(pathlib.Path(self.env.srcdir)).items():
            line = nodes.paragraph()
            line += nodes.literal(symbol, symbol)
            for i, name in enumerate(chapters):
                line += nodes.Text(", " if i else ": ")
                line += nodes.reference(
                    "", CHAPTERS[name], refuri=f"{name}.html", internal=True
                )
            items += nodes.list_item("", line)
        return [items]


def setup(app):
    app.add_directive("symbols", Symbols)
    return {"parallel_read_safe": True}
