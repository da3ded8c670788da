"""The landing page: the printed tree running, the chapters as cards, one excerpt.

``{landing}`` in index.md. Chapters get the same tree, small, under *What would break?*.
"""

import html
import inspect
import pathlib
import re
import textwrap

import first_paint
import live
from docutils import nodes
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from notebooks import cells_of, write_data
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from bookkit import breaks, drawings
from bookkit.places import CHAPTERS, TREE_PLACES, Printout
from minqwen3 import model

HERE = pathlib.Path(__file__).parent
SCRIPTS = (
    "page-data page-dom page-draw page-address panel-line panel-break panel-puzzle "
    "page-tree page-view page-main"
).split()
LEAST, MOST, LIMIT = 3, 13, 64  # of the scale of losses, in nats; tokens of a text
EXAMPLES = [
    breaks.TEXT,
    "It is a truth universally acknowledged, that a single man",
    "She could not help smiling at the",
    "Captain Wentworth had been in the",
    "The quick brown fox jumps over the lazy dog",
]
EXCERPT = "11_mlp"
QUESTION = re.compile(r"\*\*([^*]+\?)\*\*")
MINUTES = re.compile(r"About (\d+) minutes")
CALL = re.compile(r'data-drawing="([^"]*)"')
SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)"')
LINK = re.compile(r'href="([^":]+)\.ipynb"')


def templates() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


# ------------------------------------------------------------------ below the fold


def question(app, name: str) -> str:
    """A chapter's bold question, from its first cell, as plain text."""
    text = "".join(cells_of(app, name)[0]["source"])
    found = QUESTION.search(text)
    if not found:
        raise ExtensionError(f"{name}: expected a bold question in its first cell")
    return found[1].replace("`", "")


def minutes(app, name: str) -> str | None:
    text = "".join("".join(c["source"]) for c in cells_of(app, name))
    found = MINUTES.search(text)
    return found and found[1]


def drawing(app, name: str) -> dict | None:
    """The first drawing of a chapter's own, as a file that is fetched late."""
    outputs = [o for cell in cells_of(app, name) for o in cell.get("outputs", [])]
    for output in outputs:
        stored = "".join(output.get("data", {}).get("image/svg+xml", ""))
        call = CALL.search(stored)
        if call and not call[1].startswith("where("):
            picture = drawings.from_call(html.unescape(call[1]))
            write_file(app, f"live/cards/{name}.svg", picture.svg())
            width, height = SIZE.search(stored).groups()
            return {
                "file": f"_static/live/cards/{name}.svg",
                "title": f"{picture.title}.",
                "alt": picture.desc,
                "width": round(float(width)),
                "height": round(float(height)),
            }
    return None


def write_file(app, file: str, text: str) -> None:
    path = pathlib.Path(app.outdir) / "_static" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def cards(app) -> list[tuple[str, list[dict]]]:
    """Groups of the table of contents, each with its chapters' cards."""
    toc = app.config.external_toc_path or "_toc.yml"
    text = (pathlib.Path(app.srcdir) / toc).read_text(encoding="utf-8")
    groups: list[tuple[str, list[dict]]] = []
    for line in text.split("\n"):
        if found := re.search(r"caption: (.+)", line):
            groups.append((found[1], []))
        found = re.search(r"file: book/((\d+)_\w+)$", line)
        if found and found[1] in CHAPTERS:
            name = found[1]
            card = {"name": name, "number": int(found[2]), "title": CHAPTERS[name]}
            card |= {"question": question(app, name), "minutes": minutes(app, name)}
            groups[-1][1].append(card | {"drawing": drawing(app, name)})
    return [(caption, list_) for caption, list_ in groups if list_]


def said(cell: dict) -> str:
    """What a cell has printed."""
    return "".join(
        "".join(output.get("text", [])) for output in cell.get("outputs", [])
    ).rstrip()


def excerpt(app) -> dict:
    """Six pieces of one chapter: by hand, drawing, source, check, break, exercise."""
    cells, section, found = cells_of(app, EXCERPT), "", {}
    for before, cell in zip([{}, *cells], cells, strict=False):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            if heading := re.findall(r"^## (.+)$", source, re.M):
                section = heading[-1]
            continue
        quoted = "annotate" in cell["metadata"].get("tags", [])
        if section not in found and not quoted and said(cell):
            words = "".join(before["source"]).split("\n\n")
            found[section] = (words[-1].strip(), source, said(cell))
    try:
        hand, check, wrong, task = (
            found[name]
            for name in ("By hand", "The check", "What would break?", "Exercises")
        )
    except KeyError as missing:
        raise ExtensionError(
            f"{EXCERPT}: the landing page quotes {missing}, which has no cell"
        ) from None
    exercise = re.search(
        r"### (Exercise 1 .+)\n\n(.+)",
        "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown"),
    )
    forward = textwrap.dedent(inspect.getsource(model.Qwen3MLP.forward))
    pieces = [
        ("By hand", *hand),
        ("The source", "The module’s forward, from model.py:", forward, ""),
        ("The check", *check),
        ("What would break?", *wrong),
        ("Exercises", exercise[2], task[1], task[2]),
    ]
    drawn = drawing(app, EXCERPT)
    pieces = [(*piece, None) for piece in pieces]
    pieces.insert(1, ("The drawing", drawn["title"], "", "", drawn))
    keys = ("title", "says", "code", "output", "drawing")
    pieces = [dict(zip(keys, piece, strict=True)) for piece in pieces]
    return {"name": EXCERPT, "title": CHAPTERS[EXCERPT], "pieces": pieces}


# ------------------------------------------------------------------ printouts


def printout(kind: str) -> Markup:
    markup = Printout(kind, prefix="book/")._repr_html_()
    return Markup(LINK.sub(r'href="\1.html"', markup))


# ------------------------------------------------------------------ chapters

# Chapters that carry the tree: the line that is chosen, the layer, and of which lines
# it shows those inside, with what holds them.
COMPONENTS = {
    "07_qk_norm": ("q_norm", 0, "model.layers.0.self_attn"),
    "09_attention": ("self_attn", 0, "model.layers.0.self_attn"),
    "10_masks": ("self_attn", 0, "model.layers.0.self_attn"),
    "11_mlp": ("act_fn", 0, "model.layers.0.mlp"),
    "12_decoder_layer": ("layer", 0, "model.layers.0"),
    "14_model": ("norm", 3, ""),
    "23_inside": ("self_attn", 0, "model.layers.0.self_attn"),
}
BREAKS = "What would break?"


def some_lines(layer: int, inside: str) -> list[dict]:
    """Lines of the tree inside a module, with the modules that hold it; of the whole
    model, those outside the layers."""
    inside = inside.replace(".0", ".*")

    def kept(path: str) -> bool:
        if not inside:
            return not path.startswith("model.layers.*.")
        return f"{path}.".startswith(f"{inside}.") or f"{inside}.".startswith(
            f"{path}." if path else ""
        )

    return [line for line in first_paint.lines(layer) if kept(line["path"])]


def component(name: str, root: str) -> nodes.raw:
    """The tree for a chapter, with its switches."""
    line, layer, inside = COMPONENTS[name]
    own = [s for s in first_paint.DATA()["switches"] if s["chapter"] == name]
    scripts = ["live-data", *live.ENGINE, *SCRIPTS]
    text = (
        templates()
        .get_template("chapter.html")
        .render(
            root=root,
            line=line,
            **stage(layer)
            | {"lines": some_lines(layer, inside), "switches": own, "layer": layer},
            scripts=" ".join(s for s in scripts if s != "page-main"),
        )
    )
    return nodes.raw("", text, format="html")


def links(name: str, root: str) -> nodes.paragraph | None:
    """A sentence with a link for each switch of a chapter; None if it has none. The
    first chapter, which walks through all, has those that the page shows first."""
    switches, first = first_paint.DATA()["switches"], name == next(iter(CHAPTERS))
    own = [s for s in switches if s["chapter"] == name or (first and s["main"])]
    if not own:
        return None
    line = nodes.paragraph(classes=["live-links"])
    line += nodes.Text("On the running model, line by line: ")
    for i, s in enumerate(own):
        line += nodes.Text(", " if i else "")
        address = f"{root}index.html?switch={s['key']}"
        line += nodes.reference("", s["label"], refuri=address, internal=True)
    line += nodes.Text(".")
    return line


def break_section(doctree) -> nodes.section | None:
    for section in doctree.findall(nodes.section):
        if section[0].astext() == BREAKS:
            return section
    return None


def add_to_chapters(app, doctree, docname):
    """Under *What would break?*: links to the switches, and in some the tree itself."""
    folder, _, name = docname.rpartition("/")
    if folder != "book" or name not in CHAPTERS or app.builder.format != "html":
        return
    section, sentence = break_section(doctree), links(name, "../")
    if section is None:
        if name in COMPONENTS:
            raise ExtensionError(f"{docname}: expected a section {BREAKS!r}")
        return
    if sentence is not None:
        section += sentence
    if name in COMPONENTS:
        section += component(name, "../")


# ------------------------------------------------------------------ the page


def scale() -> dict:
    """The scale of losses: its ends, and its marks from the left."""
    marks = sorted(first_paint.DATA()["marks"].items(), key=lambda mark: mark[1])
    return {
        "least": LEAST,
        "most": MOST,
        "marks": [{"name": name, "loss": loss} for name, loss in marks],
        "tokens": first_paint.DATA()["heldOut"]["tokens"],
    }


def stage(layer: int = 3) -> dict:
    """What the running tree shows at first, for the templates."""
    data = first_paint.DATA()
    given, switches = data["first"], data["switches"]
    chapter = data["lines"]["model.layers.0.self_attn"]
    return {
        "lines": first_paint.lines(layer),
        "pieces": given["pieces"],
        "token": first_paint.token,
        "next": given["next"],
        "text": given["text"],
        "layers": range(len(given["probs"])),
        "open": layer,
        "limit": LIMIT,
        "switches": sorted(switches, key=lambda s: not s["main"]),
        "megabytes": f"{data['bytes']['weights'] / 1e6:.1f} MB",
        "parameters": data["parameters"],
        "first": {
            "layer": layer,
            "length": len(given["ids"]),
            "about": first_paint.about()["self_attn"],
            "heads": [
                (first_paint.pattern(probs), first_paint.reads(probs[-1]))
                for probs in given["probs"][layer]
            ],
            "chapter": chapter,
            "title": CHAPTERS[chapter],
            "anchor": TREE_PLACES["model.layers.0.self_attn"].anchor,
        },
        **scale(),
    }


class Landing(SphinxDirective):
    """``{landing}``: everything on the landing page below its title."""

    def run(self):
        app = self.env.app
        for file in [*HERE.glob("templates/*.html"), *HERE.glob("*.py")]:
            self.env.note_dependency(str(file))
        page = templates().get_template("landing.html")
        text = page.render(
            root="",
            config=printout("config"),
            table=printout("table"),
            groups=cards(app),
            excerpt=excerpt(app),
            examples=EXAMPLES,
            **stage(),
        )
        return [nodes.raw("", text, format="html")]


def write(app):
    """A sentence for each line, for the page's scripts."""
    if app.builder.format == "html":
        write_data(app, "live/page-data.js", "LIVE_ABOUT", first_paint.about())


def add_scripts(app, pagename, templatename, context, doctree):
    """The landing page's own style and scripts; in chapters with a tree, its waker."""
    if pagename == "index":
        app.add_css_file("live/landing.css")
        live.add_engine(app)
        for name in SCRIPTS:
            app.add_js_file(f"live/{name}.js", loading_method="defer")
    elif pagename.rpartition("/")[2] in COMPONENTS:
        app.add_js_file("live/page-chapter.js", loading_method="defer")


def setup(app):
    app.add_directive("landing", Landing)
    app.connect("builder-inited", write)
    app.connect("html-page-context", add_scripts)
    app.connect("doctree-resolved", add_to_chapters)
    return {"parallel_read_safe": True}
