"""Exact answers above the search's own: a key, a module, a function, a number.

Sphinx's search cannot find numbers, and ranks the page that names a key most often
above the chapter that explains it.
"""

import re

from notebooks import cells_of, explained_in, write_data

from bookkit import printouts
from bookkit.places import CHAPTERS, CONFIG, TABLE, TREE, table_lines, tree_lines

SHORT = {"eps": "rms_norm_eps", "theta": "rope_theta"}  # how the code names two keys
NUMBER = re.compile(
    r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\d.,])\d{3,}(?![\d.,]\d)"
)


class Answers(dict):
    """Words and numbers, each with the chapters that answer it, the best one first."""

    def add(self, word: str, name: str, why: str) -> None:
        places = self.setdefault(word.lower().replace(",", ""), [])
        if name not in [place for place, _ in places] and len(places) < 6:
            places.append((name, why))


def answers(app) -> Answers:
    found = Answers()
    for key, name in CONFIG.items():
        found.add(key, name, "a key of the config")
        if re.fullmatch(r"\d{3,}", str(printouts.CONFIG[key])):
            found.add(str(printouts.CONFIG[key]), name, f"the config's {key}")
    for word, key in SHORT.items():
        found.add(word, CONFIG[key], f"the config's {key}")
    for line, path in tree_lines():
        if path is not None:
            name = TREE[path]
            last = path.rpartition(".")[2]
            found.add(last, name, "a line of the tree")
            kind = re.search(r"(\w+)\(", line.partition(": ")[2] or line)
            found.add(kind[1], name, "a class in the tree")
            for argument in re.findall(r"(\w+)=", line):
                found.add(argument, name, f"an argument in the tree's line {last}")
            for number in re.findall(r"\d{3,}", line):
                found.add(number, name, f"a number in the tree's line {last}")
    for line, row in table_lines():
        for number in re.findall(r"[\d,]{3,}$", line) if row else ():
            found.add(number, TABLE[row], "a number of the table")
    for name in CHAPTERS:
        cells = cells_of(app, name)
        for symbol in explained_in(cells):
            found.add(symbol.rpartition(".")[2], name, "explains its source")
            found.add(symbol, name, "explains its source")
        for cell in cells:
            if cell["cell_type"] == "markdown":
                text = re.sub(
                    r"\]\([^)]*\)|arXiv:[\d.]+|#\d+", "", "".join(cell["source"])
                )
                for number in NUMBER.findall(text):
                    found.add(number, name, "a number in the text")
    return found


def add_to_search_page(app, pagename, templatename, context, doctree):
    if pagename != "search":
        return
    rows = {
        word: [[f"book/{name}.html", CHAPTERS[name], why] for name, why in places]
        for word, places in answers(app).items()
    }
    write_data(app, "search-data.js", "ANSWERS", rows)
    for script in ("search-data.js", "search.js"):
        app.add_js_file(script, loading_method="defer")


def setup(app):
    app.connect("html-page-context", add_to_search_page)
    return {"parallel_read_safe": True}
