"""What the search page looks through: exact answers, and every section's text.

Sphinx's own search cannot find numbers, ranks the page that names a thing most often
above the chapter that explains it, and fetches pages to quote them, which a browser
forbids on a disk. Here the sections' prose goes into a script; scripts/search.js ranks.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from docutils import nodes
from notebooks import write_data
from questions import question
from sphinx import addnodes

from bookkit import printouts
from bookkit.places import (
    CHAPTERS,
    CONFIG_PLACES,
    TABLE_PLACES,
    TREE_PLACES,
    Place,
    table_lines,
    tree_lines,
)

SYNONYMS = tomllib.loads((Path(__file__).parent / "synonyms.toml").read_text("utf-8"))
SHORT = {"eps": "rms_norm_eps", "theta": "rope_theta"}  # how the code names two keys
INTEGER = r"\d{1,3}(?:,\d{3})+(?![\d,])|\d{3,}(?![\d.,]\d)"
DECIMAL = r"\d+\.\d+(?:e-?\d+)?(?![.\d])|\d+e-?\d+\b"
NUMBER = re.compile(rf"(?<![\w.,]){INTEGER}|(?<![\w.,]){DECIMAL}")
CITED = re.compile(r"arXiv:[\d.]+|#\d+|v?\d+\.\d+\.\d+|transformers \d+\.\d+")
QUOTED = re.compile(r"Ours · (.+?) in src/minqwen3/\S+")
TEX = {"sqrt": "√", "cdot": "·", "theta": "θ", "omega": "ω", "phi": "φ", "le": "≤"}
MOST = 6  # answers to one word

# How much a page's sections count; a chapter's count 1.
WEIGHTS = {"book/25_faq": 0.9, "book/glossary": 0.3, "book/api": 0.4}
OTHER_PAGES = 0.5
LESS = re.compile(r"Exercise \d|Exercises$|Further reading$|Take-aways$")


@dataclass
class Section:
    """A piece of a page that has an address of its own."""

    page: str
    anchor: str
    title: str
    level: int
    prose: list[str] = field(default_factory=list)
    code: set[str] = field(default_factory=set)
    printed: list[str] = field(default_factory=list)
    explains: list[str] = field(default_factory=list)

    @property
    def weight(self) -> float:
        of_page = WEIGHTS.get(self.page)
        if of_page is None:
            of_page = 1 if self.page.removeprefix("book/") in CHAPTERS else OTHER_PAGES
        return of_page * (0.5 if LESS.match(self.title) else 1)


def sections(app, page: str) -> list[Section]:
    """A page's sections, questions, glossary words and described names, in order."""
    found: list[Section] = []

    def begin(anchor: str, title: str, level: int) -> Section:
        found.append(Section(page, anchor, title, level))
        return found[-1]

    def read(node: nodes.Node, into: Section | None, level: int) -> None:
        if isinstance(node, nodes.section):
            into = begin(node["ids"][0] if level else "", node[0].astext(), level)
            for child in node.children[1:]:
                asked = question(child)
                if asked:
                    into = begin(child["ids"][0], asked, level + 1)
                read(child, into, level + 1)
        elif isinstance(node, nodes.definition_list_item) and node[0]["ids"]:
            read(node[1], begin(node[0]["ids"][0], node[0].astext(), level), level)
        elif isinstance(node, addnodes.desc):
            ids = node[0]["ids"]
            if ids:
                into = begin(ids[0], ids[0].rpartition(".")[2], level)
            read(node[-1], into, level)
        elif isinstance(node, nodes.literal_block):
            into.code.update(re.findall(r"[A-Za-z_]{3,}", node.astext()))
            if "output" in node["classes"] and "tensor(" not in node.astext():
                into.printed.append(node.astext())
        elif isinstance(node, nodes.row):
            cells = (plain(cell) for cell in node.findall(nodes.paragraph))
            into.prose.append(" · ".join(cell for cell in cells if cell))
        elif isinstance(node, nodes.paragraph | nodes.caption | nodes.term):
            text = plain(node)
            if question(node) and text.startswith("“"):
                text = text.partition("”")[2].strip()  # it is the title
            shown = QUOTED.fullmatch(text)
            if shown:
                into.explains.append(shown[1])
            else:
                into.prose.append(text)
        elif not isinstance(node, nodes.raw | nodes.comment | nodes.image):
            for child in node.children:
                read(child, into, level)

    for node in app.env.get_doctree(page).children:
        read(node, None, 0)
    return found


def plain(paragraph: nodes.Element) -> str:
    """Its text on one line; formulas with signs in place of TeX's commands."""
    out = []
    for node in paragraph.findall(lambda n: isinstance(n, nodes.Text | nodes.math)):
        if isinstance(node, nodes.math):
            signs = re.sub(
                r"\\([a-z]+) ?", lambda m: TEX.get(m[1], m[1]), node.astext()
            )
            out.append(re.sub(r"[{}$]|\\.", "", signs))
        elif not isinstance(node.parent, nodes.math):
            out.append(node.astext().replace("’", "'"))
    return " ".join("".join(out).split())


class Answers(dict):
    """Words and numbers, each with the places that answer, the best one first."""

    def add(self, word: str, place: Place | Section, why: str) -> None:
        if isinstance(place, Place):
            place = Section(f"book/{place.chapter}", place.anchor, place.title, 1)
        page, title = place.page, place.title.strip('"').replace("`", "")
        places = self.setdefault(normal(word), [])
        there = (page, place.anchor) in [tuple(p[:2]) for p in places]
        if not there and len(places) < MOST:
            places.append([page, place.anchor, title, why])


def normal(word: str) -> str:
    """How scripts/search.js spells what was typed, numbers left out."""
    number = word.replace(",", "")
    if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", number):
        return repr(float(number))
    return re.sub(r"[\s_-]+", " ", word.lower()).strip()


def answers(every: list[Section]) -> Answers:
    found = Answers()
    for key, place in CONFIG_PLACES.items():
        found.add(key, place, "a key of the config")
        value = printouts.CONFIG[key]
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.add(str(value), place, f"the config's {key}")
        elif isinstance(value, str):
            found.add(value, place, f"the config's {key}")
    for word, key in SHORT.items():
        found.add(word, CONFIG_PLACES[key], f"the config's {key}")
    for row in SYNONYMS["here"]:
        for word in row["words"]:
            found.add(word, Place(row["chapter"], row["title"]), row["why"])
    for line, path in tree_lines():
        if path is not None:
            add_tree_line(found, line, path)
    for line, row in table_lines():
        for number in re.findall(r"[\d,]{3,}$", line) if row else ():
            found.add(number, TABLE_PLACES[row], "a number of the table")
    chapters = [s for s in every if s.page.removeprefix("book/") in CHAPTERS]
    for section in chapters:
        for symbol in section.explains:
            found.add(symbol.rpartition(".")[2], section, "explains its source")
            found.add(symbol, section, "explains its source")
    for section in chapters:
        for number in numbers(section.prose):
            found.add(number, section, "a number in the text")
    for section in chapters:
        for number in numbers(section.printed):
            if "," in number or not float(number).is_integer():  # not 8.0 for 8
                found.add(number, section, "printed here")
    for section in every:
        if section.page == "book/glossary" and section.level > 1:
            found.add(section.title, section, "the glossary")
    return found


def numbers(texts: list[str]) -> list[str]:
    return [n for text in texts for n in NUMBER.findall(CITED.sub("", text))]


def add_tree_line(found: Answers, line: str, path: str) -> None:
    place, last = TREE_PLACES[path], path.rpartition(".")[2]
    found.add(last, place, "a line of the tree")
    kind = re.search(r"(\w+)\(", line.partition(": ")[2] or line)
    found.add(kind[1], place, "a class in the tree")
    for argument in re.findall(r"(\w+)=", line):
        found.add(argument, place, f"an argument in the tree's line {last}")
    for number in re.findall(r"(?<![\w.-])\d+(?:e-\d+)?(?![\w.])", line):
        if last != "0":  # whose numbers count the layers
            found.add(number, place, f"a number in the tree's line {last}")


def data(app) -> dict:
    pages = [page for page in sorted(app.env.found_docs) if page != "404"]
    every = [section for page in pages for section in sections(app, page)]
    return {
        "pages": {page: app.env.titles[page].astext() for page in pages},
        "sections": [
            [s.page, s.anchor, s.title, round(s.weight, 2), "\n".join(s.prose), code(s)]
            for s in every
        ],
        "answers": answers(every),
        "synonyms": sorted(
            {normal(word) for row in SYNONYMS["here"] for word in row["words"]}
        ),
        "absent": [
            {
                "words": [normal(word) for word in row["words"]],
                "place": [
                    f"book/{row['chapter']}",
                    Place(row["chapter"], row["title"]).anchor,
                    row["title"].strip('"').replace("`", ""),
                    row["why"],
                ],
            }
            for row in SYNONYMS["absent"]
        ],
    }


def code(section: Section) -> str:
    """Names in a section's code that its prose does not have."""
    said = " ".join(section.prose)
    return " ".join(sorted(name for name in section.code if name not in said))


def add_to_search_page(app, pagename, templatename, context, doctree):
    if pagename == "search":
        write_data(app, "search-data.js", "BOOK", data(app))
        for script in ("search-data.js", "search.js"):
            app.add_js_file(script, loading_method="defer")


def setup(app):
    app.connect("html-page-context", add_to_search_page)
    return {"parallel_read_safe": True}
