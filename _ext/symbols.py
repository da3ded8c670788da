"""``{symbols}``: every class and function whose source a chapter explains."""

from docutils import nodes
from notebooks import cells_of, explained_in
from sphinx.util.docutils import SphinxDirective

from bookkit.places import CHAPTERS


def explained(app) -> dict[str, list[str]]:
    """Names of minqwen3's parts, each with the chapters that show its source."""
    found: dict[str, list[str]] = {}
    for name in CHAPTERS:
        for symbol in dict.fromkeys(explained_in(cells_of(app, name))):
            found.setdefault(symbol, []).append(name)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


class Symbols(SphinxDirective):
    def run(self):
        items = nodes.bullet_list()
        for symbol, chapters in explained(self.env.app).items():
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
