"""``{printout} tree``: a printout, each line a link to its section."""

import re
import urllib.parse

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from bookkit.places import PRINTOUTS, Printout, slug

NOTEBOOK = re.compile(r'<a href="([^"#]+)\.ipynb(?:#([^"]+))?"')


class PrintoutDirective(SphinxDirective):
    required_arguments = 1

    def run(self):
        kind = self.arguments[0]
        if kind not in PRINTOUTS:
            raise self.error(f"{kind}: expected one of {', '.join(PRINTOUTS)}")
        markup = Printout(kind, prefix="book/")._repr_html_()
        return [nodes.raw("", markup, format="html")]


def page(link: re.Match) -> str:
    anchor = f"#{slug(urllib.parse.unquote(link[2]))}" if link[2] else ""
    return f'<a href="{link[1]}.html{anchor}"'


def rewrite(app, doctree, docname):
    """Printouts link to notebooks, as in Colab; on the site, those are pages."""
    for node in doctree.findall(nodes.raw):
        if 'class="printout"' in node.astext():
            text = NOTEBOOK.sub(page, node.astext())
            node.children, node.rawsource = [nodes.Text(text)], text


def setup(app):
    app.add_directive("printout", PrintoutDirective)
    app.connect("doctree-resolved", rewrite)
    return {"parallel_read_safe": True}
