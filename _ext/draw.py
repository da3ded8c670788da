"""The drawings of cells in the page: both layouts, in the page's own colours.

A notebook stores a drawing as an image on white paper, which reads well on GitHub and
in Colab. Here it is drawn again from the call that stands in the image.
"""

import html
import pathlib
import re

from docutils import nodes
from sphinx.errors import ExtensionError

from bookkit import drawings, places

CALL = re.compile(r'data-drawing="([^"]*)"')
# A page is read again when what draws it has changed.
CODE = [
    *pathlib.Path(drawings.__file__).parent.glob("*.py"),
    pathlib.Path(places.__file__),
]


def inline(app, doctree):
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        file = pathlib.Path(app.srcdir, image["uri"].lstrip("/"))
        if file.suffix != ".svg" or not file.is_file():
            continue
        stored = file.read_text(encoding="utf-8")
        if call := CALL.search(stored):
            drawing = drawings.from_call(html.unescape(call[1]))
            if drawing.svg() != stored.rstrip("\n"):
                raise ExtensionError(
                    f"{app.env.docname}: the stored {drawing.call} is not what it "
                    "draws now; execute the notebook again (make run)"
                )
            for path in CODE:
                app.env.note_dependency(str(path))
            image.replace_self(nodes.raw("", drawing.html(), format="html"))


def setup(app):
    app.connect("doctree-read", inline)
    return {"parallel_read_safe": True}
