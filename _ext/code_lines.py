"""Code that is read beside a text: lines that wrap, pieces without their indent.

A line that could be too long for a telephone stands in an element of its own, so that
text.css can let it go on under its beginning. Of an annotated source only the pieces
and their commentary remain: the cell behind them says the same again.
"""

import re
import textwrap

from docutils import nodes
from pygments.formatters import HtmlFormatter
from sphinx.highlighting import PygmentsBridge

SHORT = 36  # letters that fit into any window
COLUMN = 72  # letters that fit beside the commentary, see text.css
BRIEF = 16  # lines
TAG = re.compile("<[^>]*>|&[^;]*;")


class LineFormatter(HtmlFormatter):
    def _format_lines(self, tokensource):
        for is_code, line in super()._format_lines(tokensource):
            yield is_code, wrapped(line) if is_code else line


def wrapped(line: str) -> str:
    """The HTML of a line, in a ``<span class="line">`` if it is long."""
    html = line.rstrip("\n")
    text = TAG.sub(lambda tag: "" if tag[0][0] == "<" else "&", html)
    if len(text) <= SHORT:
        return line
    indent = len(text) - len(text.lstrip(" "))
    style = f' style="--indent:{indent}"' if indent else ""
    return f'<span class="line"{style}>{html}</span>{line[len(html) :]}'


def lay_out(app, doctree):
    """Annotated sources: no input, no common indent, wide pieces across the page.
    Short blocks of any kind get a class, so that paper keeps them in one piece."""
    for cell in doctree.findall(nodes.container):
        if "tag_annotate" not in cell["classes"]:
            continue
        cell.attributes.pop("hide_mode", None)
        for part in list(cell.children):
            if "cell_input" in part["classes"]:
                cell.remove(part)
        for code in cell.findall(nodes.literal_block):
            dedent(code)
            if max(map(len, code.rawsource.split("\n"))) > COLUMN:
                stack(code)
    for code in doctree.findall(nodes.literal_block):
        if code.astext().count("\n") < BRIEF:
            code["classes"].append("brief")


def dedent(code: nodes.literal_block) -> None:
    code.rawsource = textwrap.dedent(code.astext())
    code[:] = [nodes.Text(code.rawsource)]


def stack(code: nodes.literal_block) -> None:
    """Let the commentary stand over the code, not beside it."""
    above = code.parent.index(code) - 1
    code["classes"].append("across")
    if above >= 0:
        code.parent[above]["classes"].append("across")


def setup(app):
    PygmentsBridge.html_formatter = LineFormatter
    app.connect("doctree-read", lay_out)
    return {"parallel_read_safe": True, "env_version": 1}
