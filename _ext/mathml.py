"""Formulas as MathML, made when the site is built: no script, one font, any reader.

latex2mathml translates; what it leaves to the browser's guess is then said: what is a
sign and what an operation, where a function ends, how far a bar reaches. The spaces are
TeX's (The TeXbook, chapter 18).
"""

import re
import unicodedata
import xml.etree.ElementTree as ET

from docutils import nodes
from latex2mathml.converter import convert

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
THIN = f"{1 / 6:.4f}em"
APPLY = "\u2061"  # function application: says to a reader's machine what is a function
SIGNS = set("+−±∓")
BARS = set("¯―")  # of \bar and of \overline
SCRIPTS = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
ROWS = {"math", "mrow", "msqrt", "mtd"}


def mathml(source: str, display: str) -> str:
    """The formula as a ``<math>`` element that keeps its LaTeX for the curious."""
    element = convert(source, display=display).replace(f' xmlns="{NAMESPACE}"', "")
    root = ET.fromstring(element)
    root.set("alttext", " ".join(source.split()))
    name_operators(root)
    join_numbers(root)
    draw_bars(root)
    lower_primes(root)
    space(root)
    return ET.tostring(root, encoding="unicode")


def name_operators(root: ET.Element) -> None:
    """``<mo>`` for each sign that came as a letter; one ``<mi>`` for a roman name."""
    for leaf in root.iter("mi"):
        if leaf.text and unicodedata.category(leaf.text[0]) in ("Sm", "Ps", "Pe"):
            leaf.tag = "mo"
            leaf.set("stretchy", "false")
    for row in root.iter("mrow"):
        roman = [leaf.tag == "mi" and leaf.get("mathvariant") for leaf in row]
        if len(row) > 1 and all(variant == "normal" for variant in roman):
            name = "".join(leaf.text for leaf in row)
            row[:] = []
            ET.SubElement(row, "mi").text = name


def join_numbers(root: ET.Element) -> None:
    """A point behind a number belongs to it: ``1.f``, ``1.57...``."""
    for row in root.iter():
        for number, point in zip(list(row), list(row)[1:], strict=False):
            if point.tag == "mo" and point.text == "." and number.tag == "mn":
                point.tag, point.text = "mn", number.text + "."
                row.remove(number)


def draw_bars(root: ET.Element) -> None:
    """A bar over a letter is a sign; one over more is a line, drawn by text.css:
    Chromium does not stretch the sign to the width of what is under it."""
    for over in root.iter("mover"):
        if over[1].tag == "mo" and over[1].text in BARS:
            if len(over[0]) > 1:
                over.remove(over[1])
                over.tag = "mrow"
                over.set("class", "overlined")
            else:
                over.set("accent", "true")
                over[1].text = "‾"


def lower_primes(root: ET.Element) -> None:
    """The font's prime is a small one that stands high already."""
    for power in root.iter("msup"):
        if power[1].text == "′":
            power.tag = "mrow"
            power[1].tag, power[1].attrib = "mo", {"lspace": "0", "rspace": "0"}


def space(element: ET.Element, script: bool = False) -> None:
    for number, child in enumerate(element):
        space(child, script or (element.tag in SCRIPTS and number > 0))
    if element.tag in ROWS:
        element[:] = list(spaced(list(element), script))


def spaced(row: list[ET.Element], script: bool):
    """The row with its operators' forms and spaces, and functions applied."""
    before = None  # the last atom
    for number, atom in enumerate(row):
        if atom.tag == "mspace":
            yield atom
            continue
        if function(atom) and not open_ended(before):
            yield ET.Element("mspace", width=THIN)
        if atom.tag == "mo":
            if atom.text in SIGNS and open_ended(before):
                atom.attrib |= {"form": "prefix", "lspace": "0", "rspace": "0"}
            elif script or atom.text in "/…":
                atom.attrib |= {"lspace": "0", "rspace": "0"}
        yield atom
        before = atom
        following = next((a for a in row[number + 1 :] if a.tag != "mspace"), None)
        if function(atom) and following is not None:
            apply = ET.Element("mo", lspace="0", rspace=gap(following))
            apply.text = APPLY
            yield apply
            before = apply


def core(atom: ET.Element) -> ET.Element:
    """What carries the scripts: of ``log_2`` the ``log``."""
    single = atom.tag == "mrow" and len(atom) == 1
    return core(atom[0]) if single or atom.tag in SCRIPTS else atom


def function(atom: ET.Element) -> bool:
    leaf = core(atom)
    return leaf.tag == "mi" and leaf.get("mathvariant") is None and len(leaf.text) > 1


def fence(atom: ET.Element, kind: str) -> bool:
    """Whether it is a bracket that opens (Ps) or shuts (Pe)."""
    leaf = core(atom)
    return leaf.tag == "mo" and unicodedata.category(leaf.text) == kind


def gap(following: ET.Element) -> str:
    """After a function: nothing before a bracket or an operator, else a thin space."""
    first = following[0] if following.tag == "mrow" and len(following) else following
    return "0" if core(first).tag == "mo" else THIN


def open_ended(atom: ET.Element | None) -> bool:
    """Whether what comes next begins something: a sign is one there, no operation."""
    return atom is None or (atom.tag == "mo" and not fence(atom, "Pe"))


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
