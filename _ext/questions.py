"""Questions that readers ask, each with an address of its own.

In *Where people stumble* a paragraph that begins with a question in bold and in quotes
opens its answer. Its address is made of its words; a small link behind it shows it.
"""

import html

from docutils import nodes
from sphinx.errors import ExtensionError

from bookkit.places import slug

QUOTES = '"“”'  # plain, and as Sphinx makes them


def opening(node: nodes.Node) -> nodes.strong | None:
    """The question in bold and in quotes that a paragraph opens with, if one does."""
    if isinstance(node, nodes.paragraph):
        first = next((child for child in node.children if child.astext()), None)
        if isinstance(first, nodes.strong) and first.astext()[0] in QUOTES:
            return first
    return None


def question(node: nodes.Node) -> str | None:
    """Its words, without quotes."""
    asked = opening(node)
    return asked and asked.astext().strip(QUOTES)


def give_addresses(app, doctree):
    for paragraph in doctree.findall(nodes.paragraph):
        asked = question(paragraph)
        if asked:
            anchor = slug(asked)
            if not anchor or anchor in doctree.ids:
                raise ExtensionError(f"{asked}: the address {anchor!r} is taken")
            doctree.ids[anchor] = paragraph
            paragraph["ids"].append(anchor)
            paragraph["classes"].append("question")


def show_links(app, doctree, docname):
    if app.builder.format != "html":
        return
    for paragraph in doctree.findall(nodes.paragraph):
        if "question" in paragraph["classes"]:
            [anchor] = paragraph["ids"]
            link = (
                f'<a class="headerlink" href="#{html.escape(anchor)}" '
                'title="Link to this question">#</a>'
            )
            at = paragraph.index(opening(paragraph)) + 1
            paragraph.insert(at, nodes.raw("", link, format="html"))


def setup(app):
    app.connect("doctree-read", give_addresses)
    app.connect("doctree-resolved", show_links)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True}
