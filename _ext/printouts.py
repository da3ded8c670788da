"""``{printout} tree``: one of the seed's printouts, each line a link to its chapter."""

import re

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from bookkit.places import PRINTOUTS, Printout

LINK = re.compile(r'<a href="([^"]+)\.ipynb"([^>]*)>(.*?)</a>')


def only_written(markup: str, docs) -> str:
    """Point links at pages; leave the text alone where the chapter is not there."""

    def link(found):
        name = "book/" + found[1].removeprefix("book/")
        return (
            f'<a href="{found[1]}.html"{found[2]}>{found[3]}</a>'
            if name in docs
            else found[3]
        )

    return LINK.sub(link, markup)


class PrintoutDirective(SphinxDirective):
    required_arguments = 1

    def run(self):
        kind = self.arguments[0]
        if kind not in PRINTOUTS:
            raise self.error(f"{kind}: expected one of {', '.join(PRINTOUTS)}")
        markup = Printout(kind, prefix="book/")._repr_html_()
        return [nodes.raw("", markup, format="html")]


def rewrite(app, doctree, docname):
    """Printouts link to notebooks, as in Colab; on the site, those are pages."""
    for node in doctree.findall(nodes.raw):
        if 'class="printout"' in node.astext():
            text = only_written(node.astext(), app.env.found_docs)
            node.children, node.rawsource = [nodes.Text(text)], text


def setup(app):
    app.add_directive("printout", PrintoutDirective)
    app.connect("doctree-resolved", rewrite)
    return {"parallel_read_safe": True}
