"""Formulas as MathML, made when the site is built: no script, no fonts, any reader."""

import re

from docutils import nodes
from latex2mathml.converter import convert


def mathml(source: str, display: str) -> str:
    """The formula as a ``<math>`` element that keeps its LaTeX for the curious."""
    element = convert(source, display=display)
    latex = nodes.Text(source).astext().replace("&", "&amp;").replace('"', "&quot;")
    latex = re.sub(r"\s+", " ", latex).replace("<", "&lt;")
    return element.replace("<math ", f'<math alttext="{latex}" ', 1)


def inline(writer, node):
    writer.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def block(writer, node):
    writer.body.append('<div class="formula" tabindex="0">')
    for part in re.split(r"\n\s*\n", node.astext().strip()):
        writer.body.append(mathml(part, "block"))
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True}
