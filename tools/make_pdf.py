"""Make the whole book as one PDF from the built site, by printing it with Chromium.

    python tools/make_pdf.py [_build/html] [--out _build/reading-qwen3.pdf]

Each page of _toc.yml is printed in order; then a title page and the contents, which
need the page numbers. The pieces are joined and get bookmarks; a link inside the book
leads to its page. Scripts stay off, so what only a script draws is left out. Nothing
comes from the network. ``--only 05 09`` prints the pages with these in their names.
"""

import argparse
import contextlib
import functools
import html
import io
import shutil
import sys
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

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
PRINT = """
html, body { font-size: 10pt !important; background: #fff; color: #111; }
body, .bd-article {
  font-family: "Noto Serif", "DejaVu Serif", serif; line-height: 1.45;
  text-rendering: geometricPrecision;  /* or Chromium measures hinted letters */
}
html, body, main, main div { height: auto !important; overflow: visible !important; }
main.bd-main, .bd-content, .bd-article-container {
  display: block !important; width: 100% !important; max-width: none !important;
  margin: 0 !important; padding: 0 !important;
}
.bd-article { padding: 0 !important; margin: 0 !important; }
* { print-color-adjust: exact; -webkit-print-color-adjust: exact; box-shadow: none; }
p, li, dd { orphans: 3; widows: 3; }
p { margin-bottom: 0.65em; }
h1, h2, h3, h4, .part {
  font-family: "Noto Sans", "DejaVu Sans", sans-serif; break-after: avoid;
  color: #111; line-height: 1.2;
}
.part { font-size: 9pt; color: #666; margin: 0 0 1mm; }
.bd-article h1 {
  display: block !important; font-size: 22pt; font-weight: 600;
  margin: 0 0 5mm !important; color: #0072b2 !important;
}
.bd-article h2 { font-size: 14pt; font-weight: 600; margin: 6mm 0 2mm; }
.bd-article h3 { font-size: 11.5pt; margin: 5mm 0 2mm; }
.headerlink, .viewcode-link, button, form, .chapter-bar, .explorer-more, #searchbox,
.moving-figure, .prev-next-footer { display: none !important; }
a { color: #005b94; text-decoration: none; overflow-wrap: anywhere; }
a:not([href]), a.glossary-word, pre a { color: inherit !important; }
pre.printout a { text-decoration: none; }
p code, li code, dd code, h2 code, h3 code { font-size: 0.88em; }
code, pre, kbd, samp { font-family: "DejaVu Sans Mono", "Noto Sans Mono", monospace; }
:not(pre) > code {
  color: #8a1c4a !important; background: none !important; border: 0 !important;
  padding: 0 !important;
}
pre, .tag_annotate .cell_output pre, pre.printout {
  font-size: 8pt; line-height: 1.35 !important; white-space: pre-wrap;
  overflow-wrap: anywhere; overflow: visible !important; orphans: 4; widows: 4;
  padding: 1.6mm 2.4mm !important; margin: 0; border: 0; max-height: none !important;
}
.highlight, pre { background: #f4f5f6; border-radius: 1mm; }
.highlight > pre { background: none; }
.cell, .cell_input, .cell_output, div.highlight {
  border: 0 !important; margin-left: 0 !important; margin-right: 0 !important;
}
.cell { margin: 0 0 3mm !important; padding: 0 !important; }
.cell_input { margin: 0 !important; border-left: 0.8mm solid #0072b2 !important; }
.cell_input > div, .cell_output > div { margin: 0 !important; }
.cell_input .highlight, .cell_input pre { background: #f4f5f6 !important; }
.cell_output { margin: 1.2mm 0 0 !important; padding: 0 !important; }
.cell_output .highlight, .cell_output pre { background: #fff; }
.cell_output .output.stream, .cell_output .output.text_plain {
  border: 0.2mm solid #d5d8dc !important; border-radius: 1mm;
}
pre.printout { line-height: 1.25 !important; }
.cell_output pre.printout { border: 0.2mm solid #d5d8dc; background: #fafafa; }
.whole, img, figure, .formula, math, tr, dt { break-inside: avoid; }
dt, .cell_input, .before { break-after: avoid; }
dl.field-list { display: block; }
dl.py { margin-bottom: 2mm; }
img { max-width: 100% !important; max-height: 225mm; height: auto; }
.cell_output img { width: 88%; display: block; margin: 1mm auto; padding: 0; }
.formula { overflow: visible; margin: 2.5mm 0; }
.pst-scrollable-table-container { overflow: visible !important; }
table { font-size: 8.5pt; max-width: 100%; border-collapse: collapse; }
table th, table td { padding: 0.8mm 1.6mm !important; overflow-wrap: break-word; }
table pre { font-size: 7.5pt; }
td p, td a, td code, td code .pre, th p {
  overflow-wrap: break-word !important; white-space: normal; margin: 0;
}
td code { font-size: 0.9em; }
thead { display: table-header-group; }
.tag_annotate .cell_output { display: block; }
.tag_annotate .cell_output > p {
  font-size: 9.5pt; margin: 2mm 0 1mm; padding: 0;
  break-after: avoid; break-inside: avoid;
}
.tag_annotate .cell_output .highlight, .tag_annotate .cell_output pre {
  background: #f4f5f6; margin: 0 !important;
}
.tag_annotate .cell_output > div { padding: 0 !important; }
details, details.admonition {
  border: 0 !important; background: none !important; box-shadow: none !important;
  padding: 0 !important; margin: 0 0 2mm !important; overflow: visible !important;
}
details::details-content { content-visibility: visible; }
summary {
  font: 600 8.5pt "Noto Sans", sans-serif !important; color: #555 !important;
  list-style: none; background: none !important; padding: 0.5mm 0 !important;
  margin: 0 0 0.5mm !important; break-after: avoid;
}
summary::before, summary::after, summary p { display: none !important; }
.tag_annotate details pre { font-size: 6.5pt; line-height: 1.25 !important; }
.admonition:not(details) { break-inside: avoid; }
"""
FRONT = """
@page :first { @bottom-left { content: ""; } @bottom-right { content: ""; } }
body { margin: 0; font: 9.5pt/1.4 "Noto Sans", "DejaVu Sans", sans-serif; color: #111; }
.title { height: 255mm; break-after: page; position: relative; padding-top: 38mm;
  box-sizing: border-box; }
.title h1 { font-size: 40pt; line-height: 1.1; color: #0072b2; margin: 0 0 4mm; }
.title h2 { font-size: 15pt; font-weight: normal; margin: 0 0 14mm; }
.title pre { font: 7.5pt/1.4 "DejaVu Sans Mono", monospace; color: #777; margin: 0; }
.title footer { position: absolute; bottom: 0; color: #444; }
.title footer p { margin: 0 0 1.5mm; }
nav h1 { font-size: 22pt; color: #0072b2; margin: 0 0 3mm; }
nav h2 { font-size: 9.5pt; font-weight: normal; color: #666; margin: 3.5mm 0 0.5mm;
  break-after: avoid; }
nav a { display: flex; color: inherit; text-decoration: none; align-items: baseline; }
nav a i { flex: 1 0 5mm; border-bottom: 0.2mm dotted #999; margin: 0 1.5mm; }
nav a b { font-weight: inherit; font-variant-numeric: tabular-nums; }
nav .chapter { font-weight: 600; margin-top: 1.1mm; break-after: avoid; }
nav section { columns: 2; column-gap: 8mm; padding-left: 5mm; break-inside: avoid; }
nav .section { font-size: 8.5pt; line-height: 1.3; color: #333; break-inside: avoid; }
"""

HEADINGS = """() => [...document.querySelectorAll("article h1, article h2, article h3")]
.map(heading => {
  const copy = heading.cloneNode(true);
  copy.querySelectorAll(".headerlink").forEach(link => link.remove());
  const text = copy.textContent.trim().replace(/\\s+/g, " ");
  return [Number(heading.tagName[1]), heading.closest("section").id, text];
})"""
# The article alone; hidden links make Chromium note where every anchor came to lie.
PREPARE = """([css, part, pages]) => {
  document.documentElement.dataset.theme = "light";
  const article = document.querySelector("article");
  const frames = ["bd-article-container", "bd-content"].reduce((inner, name) => {
    const frame = document.createElement("div");
    frame.className = name;
    frame.append(inner);
    return frame;
  }, article);
  const main = document.createElement("main");
  main.className = "bd-main";
  main.append(frames);
  document.body.replaceChildren(main);
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  if (part) {
    const line = document.createElement("p");
    line.className = "part";
    line.textContent = part;
    article.prepend(line);
  }
  // A sign's spacing depends on what had come when it was laid out: lay all out anew.
  for (const math of article.querySelectorAll("math")) {
    math.replaceWith(math.cloneNode(true));
  }
  for (const image of document.images) image.loading = "eager";
  for (const link of article.querySelectorAll("a[href]")) {
    const inside = link.origin === location.origin;
    if (inside && !pages.includes(link.pathname.slice(1))) link.removeAttribute("href");
    link.removeAttribute("title");
  }
  for (const element of article.querySelectorAll("[id]")) {
    const link = document.createElement("a");
    link.hidden = true;
    link.href = "#" + element.id;
    main.append(link);
  }
  for (const details of article.querySelectorAll("details")) {
    details.open = true;
    const cell = details.closest(".cell");
    if (!cell) continue;
    const solution = cell.classList.contains("tag_solution");
    const summary = details.querySelector("summary");
    summary.textContent = solution ? "Solution" : "The cell behind this";
    if (cell.classList.contains("tag_annotate")) cell.append(details);
  }
}"""
# What is too wide becomes smaller, within reason; what is not tall stays in one piece.
FIT = """(width) => {
  for (const pre of document.querySelectorAll("pre")) {
    pre.style.whiteSpace = "pre";
    const size = parseFloat(getComputedStyle(pre).fontSize);
    const room = (pre.clientWidth - 20) / (pre.scrollWidth - 10);  // less padding
    const smaller = size * room * 0.99;
    if (room < 1 && smaller > 8.6) pre.style.fontSize = smaller + "px";
    pre.style.whiteSpace = "";
    const tall = pre.classList.contains("printout") ? 900 : 200;
    if (pre.getBoundingClientRect().height < tall) pre.classList.add("whole");
  }
  for (const cell of document.querySelectorAll(".cell")) {
    if (cell.getBoundingClientRect().height < 220) cell.classList.add("whole");
    const caption = cell.nextElementSibling?.matches("p:has(> em:only-child)");
    if (caption && cell.querySelector("img")) cell.classList.add("before");
  }
  for (const printout of document.querySelectorAll("pre.printout")) {
    const block = printout.closest(".cell") || printout;
    block.previousElementSibling?.classList.add("before");
  }
  for (const wide of document.querySelectorAll("table, .formula > math")) {
    const room = width / Math.max(wide.scrollWidth, wide.getBoundingClientRect().width);
    if (room < 1) wide.style.zoom = Math.max(room * 0.99, 0.6);
  }
}"""


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


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def served(folder: Path):
    """The folder's address on this machine while the block runs."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()


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
    page.evaluate(PREPARE, [css, sheet.part, files])
    page.wait_for_load_state("networkidle")
    broken = "[...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
    if missing := page.evaluate(broken):
        raise SystemExit(f"{sheet.file}: the picture {missing[0]} did not load")
    page.evaluate(FIT, WIDTH)
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
    with served(folder) as base, browser_page() as page:
        page.goto(base + "index.html")
        tree = page.evaluate("document.querySelector('pre.printout').textContent")
        for sheet in sheets:
            page.goto(base + sheet.file, wait_until="domcontentloaded")
            sheet.headings = page.evaluate(HEADINGS)
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
