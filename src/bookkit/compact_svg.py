"""Matplotlib's SVG made small and made the page's: no ids, and colours that follow it.

What matplotlib writes draws each tick by itself and names every colour. Here paths of
one look become one path in relative coordinates, black becomes ``currentColor``, white
the paper, and the palette's colours variables of the page's style sheet.
"""

import html
import re
from xml.etree import ElementTree

# What the page's style sheet calls the colours; without it they are themselves.
VARIABLES = {
    "#0072b2": "q",
    "#e69f00": "k",
    "#009e73": "v",
    "#cc79a7": "mlp",
    "#d55e00": "lit",
    "#666666": "stream",
    "#b0b0b0": "line",
    "#ffffff": "paper",
}
SIZE = 10  # of most words
PIXELS = 4 / 3  # a point, which is matplotlib's unit, in pixels of the page
XLINK = "{http://www.w3.org/1999/xlink}href"
LOOK = (
    "fill fill-opacity stroke stroke-width stroke-opacity stroke-dasharray "
    "stroke-dashoffset stroke-linecap stroke-linejoin opacity"
).split()
IGNORED = {
    "stroke-linejoin": "round",
    "stroke-linecap": "butt",
    "stroke-dashoffset": "0",
    "stroke-width": "1",
}


def compact(svg: str) -> str:
    """The same picture as one ``<svg>`` to stand in a page; no name, no id, no style.

    Raises:
        ValueError: if something stands in it that no plot of the book has needed.
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    marks = {e.get("id"): e for e in root.iter() if e.get("id")}
    pieces = []
    for child in root:
        walk(child, marks, None, pieces)
    wide, high = (float(size) for size in root.get("viewBox").split()[2:])
    head = (
        f'<svg viewBox="0 0 {number(wide)} {number(high)}" '
        f'width="{wide * PIXELS:.0f}" height="{high * PIXELS:.0f}" '
        f'font-size="{SIZE}" fill="currentColor" stroke-linejoin="round">'
    )
    return head + "".join(joined(pieces)) + "</svg>"


def walk(element, marks: dict, window, pieces: list) -> None:
    """Collect what an element draws: (look, path, window) or finished text."""
    window = window_of(element, marks) or window
    style = styles(element)
    if element.tag == "g" and (found := element.find("text")) is not None:
        if element.get("transform"):
            if element.find("rect") is not None:
                raise ValueError("a formula with a rule is not known here")
            pieces.append(formula(found, element.get("transform")))
            return
    if element.tag == "g":
        if style.get("opacity", "1") != "1":
            raise ValueError("a group of plots that lets light through")
        for child in element:
            walk(child, marks, window, pieces)
    elif element.tag == "path":
        draw(points(element.get("d")), style, window, pieces)
    elif element.tag == "use":
        mark = marks[element.get(XLINK).lstrip("#")]
        at = float(element.get("x", 0)), float(element.get("y", 0))
        look = styles(mark) | style
        draw(points(mark.get("d"), at), look, window, pieces)
    elif element.tag == "text":
        pieces.append(words(element, style))
    elif element.tag == "image":
        pieces.append(image(element))
    elif element.tag not in ("defs", "metadata", "style"):
        raise ValueError(f"<{element.tag}> is not known here")


def styles(element) -> dict[str, str]:
    rules = element.get("style", "").split("; ")
    return dict(rule.strip("; ").split(": ", 1) for rule in rules if ": " in rule)


def window_of(element, marks: dict):
    """The rectangle that an element is clipped to: left, top, width, height."""
    found = re.fullmatch(r"url\(#(.+)\)", element.get("clip-path", ""))
    if found:
        box = marks[found[1]].find("rect")
        return tuple(float(box.get(side)) for side in ("x", "y", "width", "height"))
    return None


# ------------------------------------------------------------------------- paths


def points(path: str, at=(0.0, 0.0)) -> list[tuple[str, list[float]]]:
    """A path's commands with absolute points, moved by ``at``."""
    commands = []
    for letter, rest in re.findall(r"([MLQCz])([^MLQCz]*)", path):
        values = [float(value) + at[i % 2] for i, value in enumerate(rest.split())]
        commands.append((letter, values))
    return commands


def draw(commands: list, style: dict, window, pieces: list) -> None:
    look = tuple(
        (name, colour(style[name]))
        for name in LOOK
        if name in style and style[name] != IGNORED.get(name)
    )
    if style.get("fill") == "none" and style.get("stroke", "none") == "none":
        return
    xs = [x for _, values in commands for x in values[::2]]
    ys = [y for _, values in commands for y in values[1::2]]
    if window is not None and xs:
        left, top, width, height = window
        inside = left - 0.5 <= min(xs) and max(xs) <= left + width + 0.5
        if inside and top - 0.5 <= min(ys) and max(ys) <= top + height + 0.5:
            window = None
    pieces.append((look, relative(commands), window))


def relative(commands: list) -> str:
    """The commands as a path in steps of hundredths from point to point."""
    out, here, start, last = [], (0, 0), (0, 0), ""
    for letter, values in commands:
        if letter == "z":
            out.append("z")
            here, last = start, "z"
            continue
        steps = [round(100 * value) for value in values]
        ends = list(zip(steps[::2], steps[1::2], strict=True))
        dx, dy = ends[-1][0] - here[0], ends[-1][1] - here[1]
        if letter == "M":
            out.append("M" + joint([ends[0][0], ends[0][1]]))
            start, last = ends[0], "M"
        elif letter == "L" and dx == dy == 0:
            continue
        elif letter == "L" and 0 in (dx, dy):
            last = "v" if dx == 0 else "h"
            out.append(last + joint([dx or dy]))
        else:
            moved = [s - here[i % 2] for i, s in enumerate(steps)]
            again = last == letter.lower() and moved[0] >= 0
            name = (" " if again else "") if last == letter.lower() else letter.lower()
            out.append(name + joint(moved))
            last = letter.lower()
        here = ends[-1]
    return "".join(out)


def joint(hundredths: list[int]) -> str:
    out = ""
    for value in hundredths:
        text = number(value / 100)
        out += text if not out or text[0] == "-" else " " + text
    return out


def number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text) if text not in ("-0", "") else "0"


def colour(value: str) -> str:
    value = value.lower()
    if value == "#000000":
        return "currentColor"
    name = VARIABLES.get(value)
    return f"var(--draw-{name},{value})" if name else value


def joined(pieces: list):
    """Paths that follow each other in one look as one path, in their window if any."""
    look, window, steps = None, None, []

    def flush():
        if not steps:
            return ""
        attributes = "".join(f' {name}="{value}"' for name, value in look)
        path = f'<path{attributes} d="{"".join(steps)}"/>'
        if window is None:
            return path
        x, y, width, height = map(number, window)
        return (
            f'<svg x="{x}" y="{y}" width="{width}" height="{height}" '
            f'viewBox="{x} {y} {width} {height}">{path}</svg>'
        )

    for piece in pieces:
        lets_light_through = not isinstance(piece, str) and any(
            "opacity" in name for name, _ in piece[0]
        )
        if isinstance(piece, str) or piece[::2] != (look, window) or lets_light_through:
            yield flush()
            steps = []
        if isinstance(piece, str):
            yield piece
        else:
            look, window = piece[0], piece[2]
            steps.append(piece[1])
    yield flush()


# ------------------------------------------------------------------ words, images


def font(style: dict) -> dict[str, str]:
    """Attributes for what differs from the page's letters at the usual size."""
    short = style.get("font", "")
    size = re.search(r"([\d.]+)px", style.get("font-size", short))
    family = style.get("font-family", short)
    out = {}
    if size and float(size[1]) != SIZE:
        out["font-size"] = number(float(size[1]))
    if "Mono" in family or "monospace" in family:
        out["font-family"] = "monospace"
    if "italic" in short or style.get("font-style") in ("italic", "oblique"):
        out["font-style"] = "italic"
    if re.search(r"\b(bold|700)\b", style.get("font-weight", short)):
        out["font-weight"] = "bold"
    if "fill" in style:
        out["fill"] = colour(style["fill"])
    if "opacity" in style:
        out["opacity"] = style["opacity"]
    return out


def tag(name: str, attributes: dict, content: str) -> str:
    rest = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{rest}>{content}</{name}>"


def words(element, style: dict) -> str:
    transform = element.get("transform", "")
    moved = re.match(r"translate\((\S+) (\S+)\)", transform)
    x, y = moved.groups() if moved else (element.get("x"), element.get("y"))
    attributes = {"x": number(float(x)), "y": number(float(y))}
    if "text-anchor" in style and style["text-anchor"] != "start":
        attributes["text-anchor"] = style["text-anchor"]
    attributes |= turned(transform, attributes["x"], attributes["y"]) | font(style)
    text = element.text or ""
    if text != " ".join(text.split()):
        attributes["style"] = "white-space:pre"
    return tag("text", attributes, html.escape(text, quote=False))


def turned(transform: str, x: str, y: str) -> dict[str, str]:
    angle = re.search(r"rotate\(([^ )]+)", transform)
    if angle is None or float(angle[1]) == 0:
        return {}
    return {"transform": f"rotate({number(float(angle[1]))} {x} {y})"}


def formula(element, transform: str) -> str:
    """A power or an index: the letters in a row, raised or lowered by ``dy``."""
    x, y = re.match(r"translate\((\S+) (\S+)\)", transform).groups()
    letters = [
        (float(span.get("x")), float(span.get("y")), font(styles(span)), span.text)
        for span in element.iter("tspan")
    ]
    letters.sort(key=lambda letter: letter[0])
    spans, height, look = [], 0.0, {}
    for _, at, how, letter in letters:
        if not spans or (at, how) != (height, look):
            moved = {"dy": number(at - height)} if at != height else {}
            spans.append((moved | how, []))
        spans[-1][1].append(html.escape(letter, quote=False))
        height, look = at, how
    content = "".join(tag("tspan", how, "".join(text)) for how, text in spans)
    x, y = number(float(x)), number(float(y))
    return tag("text", {"x": x, "y": y} | turned(transform, x, y), content)


def image(element) -> str:
    keys = ("width", "height", "x", "y", "transform")
    attributes = {key: element.get(key) for key in keys if element.get(key)}
    source = element.get(XLINK).replace("\n", "")
    attributes |= {"href": source, "image-rendering": "pixelated"}
    attributes["preserveAspectRatio"] = "none"
    return tag("image", attributes, "")
