"""Put the plots of cells into the page: two layouts, in the page's own colours.

A notebook stores a plot as a picture on white, and its drawings for the site beside it
(``bookkit/figures.py``). A plot without drawings stays the picture that it is. Code
that draws is folded, and the fold says so.
"""

import html

from docutils import nodes
from notebooks import cells_of

from bookkit.places import CHAPTERS


class plot(nodes.General, nodes.Element):
    """A figure's two drawings; its words are for who sees, ``alt`` for who hears."""


def visit(self, node):
    wide, narrow = (
        node[layout].replace("<svg ", '<svg aria-hidden="true" ', 1)
        for layout in ("wide", "narrow")
    )
    label = html.escape(node["alt"])
    self.body.append(
        f'<div class="plot" role="img" aria-label="{label}">{wide}{narrow}</div>'
    )
    raise nodes.SkipNode


def draw(app, doctree):
    """Replace the pictures, before Sphinx copies them into the site."""
    folder, _, name = app.env.docname.rpartition("/")
    if folder != "book" or name not in CHAPTERS or app.builder.format != "html":
        return
    cells = cells_of(app, name)
    for place in list(doctree.findall(nodes.container)):
        if place.get("nb_element") != "cell_code":
            continue
        outputs = cells[place["cell_index"]]["outputs"]
        stored = [o for o in outputs if "image/png" in o.get("data", {})]
        images = [i for i in place.findall(nodes.image) if i["uri"].endswith(".png")]
        for image, output in zip(images, stored, strict=True):
            drawings = output["metadata"].get("image/png", {}).get("svg")
            if drawings:
                image.replace_self(plot("", alt=image["alt"], **drawings))
        if images and "prompt_show" in place:
            place["prompt_show"] = "How it is drawn"
            place["prompt_hide"] = "Hide how it is drawn"


def setup(app):
    app.add_css_file("figures.css")
    app.add_node(plot, html=(visit, None))
    app.connect("doctree-read", draw, priority=400)  # before the images are collected
    return {"parallel_read_safe": True}
