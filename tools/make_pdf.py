"""Make the whole book as one PDF from the built site, by printing it with Chromium.

    python tools/make_pdf.py [_build/html] [--out _build/reading-qwen3.pdf]

Each page of _toc.yml is printed in order; then a title page and the contents, which
need the page numbers. The pieces are joined and get bookmarks; a link inside the book
leads to its page. Scripts stay off, so what only a script draws is left out. Nothing
comes from the network. ``--only 05 09`` prints the pages with these in their names.
"""

import argparse
import contextlib
import html
import io
import shutil
import sys
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from serve import serve

from bookkit import printouts

try:
    from playwright.sync_api import sync_playwright
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, Fit, FloatObject, NameObject, NullObject
except ModuleNotFoundError as missing:
    raise SystemExit(
        f"the Python package {missing.name} is missing; install what the PDF needs:\n"
        f"  {sys.executable} -m pip install -r requirements-site.txt"
    ) from None

ROOT = Path(__file__).parents[1]
SUBTITLE = "From three printouts to every line of the code"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDTH = 665  # A4 less the margins of SHEET, in the pixels that Chromium lays out with

SHEET = """
@page {
  size: A4; margin: 17mm 17mm 20mm;
  @bottom-left { content: %(title)s; font: 8pt "Noto Sans", sans-serif; color: #555; }
  @bottom-right {
    content: counter(page); font: 8pt "Noto Sans", sans-serif; color: #555;
  }
}
@page :first { counter-set: page %(number)d; }
"""
PRINT, FRONT, SCRIPT = (
    (ROOT / "tools/pdf" / name).read_text(encoding="utf-8")
    for name in ("print.css", "front.css", "print.js")
)


@dataclass
class Sheet:
    """One page of the site: what it is called, and how it was printed."""

    name: str  # as in _toc.yml: book/05_rmsnorm
    part: str
    headings: list = field(default_factory=list)  # level, anchor, text
    pdf: PdfReader = None
    first: int = 0  # its first page in the book, from 1
    anchors: dict = field(default_factory=dict)  # anchor: (page in the book, top)

    @property
    def file(self) -> str:
        return f"{self.name}.html"

    @property
    def title(self) -> str:
        return self.headings[0][2]

    def place(self, anchor: str) -> tuple[int, float | None]:
        """The page (from 1) and height at which an anchor lies; else the first page."""
        return self.anchors.get(anchor, (self.first, None))


def sheets_of(toc: dict, only: list[str]) -> list[Sheet]:
    """The pages of the book in order."""
    sheets = [Sheet(toc["root"], "")]
    for part in toc["parts"]:
        sheets += [Sheet(page["file"], part["caption"]) for page in part["chapters"]]
    chosen = [s for s in sheets if not only or any(word in s.name for word in only)]
    if not chosen:
        raise SystemExit(f"--only {' '.join(only)}: no such page in _toc.yml")
    return chosen


def check_site(folder: Path, sheets: list[Sheet]) -> None:
    gone = [sheet.file for sheet in sheets if not (folder / sheet.file).is_file()]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        raise SystemExit(
            f"{folder / gone[0]}{more}: not there; build the site first (make book), "
            "or give the folder that holds its index.html"
        )


def find_chromium() -> str:
    for name in CHROMIUM:
        if found := shutil.which(name):
            return found
    raise SystemExit(
        f"no Chromium: none of {', '.join(CHROMIUM)} is on the PATH; "
        "on Debian or Ubuntu: apt install chromium"
    )


@contextlib.contextmanager
def browser_page():
    """A page of headless Chromium that is as wide as the paper and runs no scripts."""
    arguments = ["--no-sandbox", "--disable-gpu"]
    arguments += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(
            java_script_enabled=False,
            viewport={"width": WIDTH, "height": 1000},
            color_scheme="light",
        )
        page.emulate_media(media="print")
        yield page
        browser.close()


def call(page, name: str, argument=None):
    """What a function of print.js returns; the page's own scripts are off."""
    return page.evaluate(f"argument => {{{SCRIPT}; return {name}(argument)}}", argument)


def margins(title: str, number: int) -> str:
    """The paper with its footer: a title, and pages counted from a number."""
    text = title.replace("\\", r"\\").replace('"', r"\"")
    return SHEET % {"title": f'"{text}"', "number": number}


def printed(page) -> PdfReader:
    data = page.pdf(prefer_css_page_size=True, print_background=True)
    return PdfReader(io.BytesIO(data))


def print_sheet(page, base: str, sheet: Sheet, files: list[str]) -> None:
    """Print one page of the site; sheet.first says at which number it begins."""
    page.goto(base + sheet.file)
    css = margins(sheet.title, sheet.first) + PRINT
    call(page, "prepare", [css, sheet.part, files])
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready.then(() => true)")
    broken = "[...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
    if missing := page.evaluate(broken):
        raise SystemExit(f"{sheet.file}: the picture {missing[0]} did not load")
    call(page, "fit", WIDTH)
    sheet.pdf = printed(page)
    numbers = {p.indirect_reference.idnum: n for n, p in enumerate(sheet.pdf.pages)}
    for name, target in sheet.pdf.named_destinations.items():
        number = sheet.first + numbers[target.page.idnum]
        sheet.anchors[urllib.parse.unquote(name.removeprefix("/"))] = number, target.top


def title_page(config: dict, tree: str) -> str:
    escaped = {key: html.escape(str(config[key])) for key in ("title", "author")}
    address = html.escape(config["html"].get("baseurl") or "")
    online = f'<p>Online: <a href="{address}">{address}</a></p>' if address else ""
    return f"""<section class="title"><h1>{escaped["title"]}</h1><h2>{SUBTITLE}</h2>
<pre>{html.escape(tree)}</pre><footer><p>{escaped["author"]}, {config["copyright"]}</p>
<p>The chapters are notebooks that run; this copy holds their text and their outputs.
What moves or answers on the site is not in it.</p>{online}</footer></section>"""


def entry(kind: str, address: str, text: str, number: int) -> str:
    """A line of the contents."""
    words = f"<span>{html.escape(text)}</span>"
    return f'<a class="{kind}" href="{address}">{words}<i></i><b>{number}</b></a>'


def contents(base: str, sheets: list[Sheet]) -> str:
    """The table of contents, its numbers as far as they are known."""
    lines, part = ["<nav><h1>Contents</h1>"], ""
    for sheet in sheets:
        if sheet.part != part:
            part = sheet.part
            lines.append(f"<h2>{html.escape(part)}</h2>")
        (_, _, text), *below = sheet.headings
        lines.append(entry("chapter", base + sheet.file, text, sheet.first))
        lines.append("<section>")
        for level, anchor, text in below:
            if level == 2:
                address = f"{base}{sheet.file}#{anchor}"
                lines.append(entry("section", address, text, sheet.place(anchor)[0]))
        lines.append("</section>")
    return "\n".join([*lines, "</nav>"])


def print_front(page, base: str, config: dict, sheets: list[Sheet], tree: str):
    """The title page, which has no footer, and the contents."""
    style = margins("Contents", 1) + FRONT
    body = title_page(config, tree) + contents(base, sheets)
    page.goto(base + sheets[0].file)  # an origin from which links are links
    page.set_content(f"<!doctype html><style>{style}</style>{body}")
    return printed(page)


def join(front: PdfReader, sheets: list[Sheet], base: str) -> PdfWriter:
    """One document out of all, its links and bookmarks set."""
    writer = PdfWriter()
    for pdf in [front, *(sheet.pdf for sheet in sheets)]:
        for page in pdf.pages:
            writer.add_page(page)
    starts = {sheet.first: sheet for sheet in sheets}
    by_file, current = {sheet.file: sheet for sheet in sheets}, None
    for number, page in enumerate(writer.pages, start=1):
        current = starts.get(number, current)
        for annotation in page.get("/Annots", []):
            lead(annotation.get_object(), writer, base, current, by_file)
    add_bookmarks(writer, sheets)
    return writer


def lead(link, writer: PdfWriter, base: str, current: Sheet, by_file: dict) -> None:
    """Let a link inside the book lead to a page of the book."""
    if "/Dest" in link:
        sheet, anchor = current, str(link["/Dest"]).removeprefix("/")
    else:
        address = str(link.get("/A", {}).get("/URI", ""))
        if not address.startswith(base):
            return
        file, _, anchor = address.removeprefix(base).partition("#")
        sheet = by_file[file]
    number, top = sheet.place(urllib.parse.unquote(anchor))
    height = NullObject() if top is None else FloatObject(top)
    page = writer.pages[number - 1].indirect_reference
    where = [page, NameObject("/XYZ"), NullObject(), height, NullObject()]
    link.pop("/A", None)
    link[NameObject("/Dest")] = ArrayObject(where)


def add_bookmarks(writer: PdfWriter, sheets: list[Sheet]) -> None:
    writer.add_outline_item(title="Contents", page_number=1)
    parts = {"": None}
    for sheet in sheets:
        if sheet.part not in parts:
            parts[sheet.part] = writer.add_outline_item(
                title=sheet.part, page_number=sheet.first - 1
            )
        above = {0: parts[sheet.part]}
        for level, anchor, text in sheet.headings:
            number, top = sheet.place(anchor) if level > 1 else (sheet.first, None)
            parent = above[max(depth for depth in above if depth < level)]
            above = {depth: item for depth, item in above.items() if depth < level}
            above[level] = writer.add_outline_item(
                title=text,
                page_number=number - 1,
                parent=parent,
                fit=Fit.xyz(top=top),
                is_open=False,
            )


def make(folder: Path, sheets: list[Sheet], config: dict) -> PdfWriter:
    files = [sheet.file for sheet in sheets]
    with serve(folder) as address, browser_page() as page:
        base = f"{address}/"
        tree = printouts.TREE
        for sheet in sheets:
            page.goto(base + sheet.file, wait_until="domcontentloaded")
            sheet.headings = call(page, "headings")
        number = 1 + len(print_front(page, base, config, sheets, tree).pages)
        for sheet in sheets:
            sheet.first = number
            print_sheet(page, base, sheet, files)
            number += len(sheet.pdf.pages)
            pages = f"pages {sheet.first} to {number - 1}"
            print(f"{sheet.file:28} {pages}", flush=True)
        front = print_front(page, base, config, sheets, tree)
    if len(front.pages) != sheets[0].first - 1:
        raise SystemExit("the contents grew once the numbers were known")
    return join(front, sheets, base)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "_build/html")
    parser.add_argument("--out", type=Path, default=ROOT / "_build/reading-qwen3.pdf")
    parser.add_argument("--only", nargs="+", default=[], help="parts of pages' names")
    arguments = parser.parse_args()
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    sheets = sheets_of(toc, arguments.only)
    check_site(arguments.site, sheets)
    writer = make(arguments.site, sheets, config)
    writer.add_metadata({"/Title": config["title"], "/Author": config["author"]})
    writer.page_mode = "/UseOutlines"
    writer.compress_identical_objects()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    writer.write(arguments.out)
    size = arguments.out.stat().st_size / 1e6
    print(f"{arguments.out}: {len(writer.pages)} pages, {size:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
