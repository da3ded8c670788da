"""The first time that a page says a word of the glossary, the word shows its meaning.

Chapters stay plain Markdown; the words become links when the site is built. Hover and
focus show the meaning; on a touch screen the first tap does (scripts/glossary.js).
"""

import functools
import html
import re

from docutils import nodes

from bookkit.places import CHAPTERS

GLOSSARY = "book/glossary"
SKIPPED = (nodes.reference, nodes.literal, nodes.title, nodes.math, nodes.raw)


@functools.cache
def meanings(app) -> dict[str, tuple[str, str]]:
    """Each term of the glossary with its anchor and its meaning in plain words."""
    found = {}
    for item in app.env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        term = next(item.findall(nodes.term))
        definition = next(item.findall(nodes.definition))
        sentences = " ".join(definition.astext().split())
        meaning = re.split(r"(?<=[.;]) See ", sentences)[0]
        found[term.astext()] = (term["ids"][0], meaning)
    return found


def link_first_mentions(app, doctree, docname):
    folder, _, name = docname.rpartition("/")
    if folder != "book" or name not in CHAPTERS:
        return
    words = dict(meanings(app))
    glossary = app.builder.get_relative_uri(docname, GLOSSARY)
    for text in list(doctree.findall(nodes.Text)):
        if not words:
            return
        if not isinstance(text.parent, nodes.paragraph | nodes.emphasis | nodes.strong):
            continue
        above = text.parent
        while above is not None and not isinstance(above, SKIPPED):
            above = above.parent
        if above is None:
            link_in(text, words, glossary)


def link_in(text: nodes.Text, words: dict, glossary: str) -> None:
    """Split a piece of text at the first words of the glossary that it holds."""
    parts, rest = [], text.astext()
    while words:
        pattern = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        found = re.search(rf"(?i)(?<![\w-])({pattern})s?(?![\w-])", rest)
        if not found:
            break
        [word] = [word for word in words if word.lower() == found[1].lower()]
        anchor, meaning = words.pop(word)
        link = (
            f'<a class="glossary-word" href="{glossary}#{anchor}" '
            f'data-meaning="{html.escape(meaning)}">{html.escape(found[0])}</a>'
        )
        parts += [nodes.Text(rest[: found.start()]), nodes.raw("", link, format="html")]
        rest = rest[found.end() :]
    if parts:
        at = text.parent.index(text)
        text.parent[at : at + 1] = [*parts, nodes.Text(rest)]


def setup(app):
    app.connect("doctree-resolved", link_first_mentions, priority=800)
    app.add_js_file("glossary.js", loading_method="defer")
    return {"parallel_read_safe": True}
