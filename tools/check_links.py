"""Check the links of the built site: files and anchors; addresses with --external.

    python tools/check_links.py [--external] [folder]

A link inside the site must lead to a file that is there, and its ``#anchor`` to an
``id`` of that page, raw HTML's too. With ``--external`` each address of another site is
asked for once, and those that answer with an error, or not at all, are listed. Exits
with 1 if a link is broken.
"""

import argparse
import html.parser
import sys
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SITE = Path(__file__).parents[1] / "_build/html"
FETCHED = {"src", "href", "poster", "data", "action"}


class Page(html.parser.HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.anchors = set(), {"", "top"}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if not value:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            if name in FETCHED:
                self.links.add(value)
            if name == "srcset":
                self.links |= {part.split()[0] for part in value.split(",")}


def read(folder: Path) -> dict[Path, Page]:
    """Every page of a site; the theme's templates in _static are none."""
    return {
        path: Page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.resolve().rglob("*.html"))
        if "_static" not in path.parts
    }


def internal(folder: Path) -> tuple[list[str], int]:
    """Links that lead nowhere within the site, as "page: link"; and how many it has."""
    folder, pages, faults, count = folder.resolve(), read(folder), [], 0
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urllib.parse.urlsplit(link)
            if parts.scheme in ("http", "https", "mailto", "data") or parts.netloc:
                continue
            count += 1
            if parts.scheme or not leads(folder, pages, path, parts):
                faults.append(f"{path.relative_to(folder).as_posix()}: {link}")
    return faults, count


def leads(folder: Path, pages: dict, path: Path, parts) -> bool:
    """Whether a link on the page ``path`` leads to a file of the site, and anchor."""
    there, target = urllib.parse.unquote(parts.path), path
    if there.startswith("/"):  # only the 404 page's, which is served at any depth
        target = folder / there.lstrip("/")
    elif there:
        target = (path.parent / there).resolve()
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file() or not target.is_relative_to(folder):
        return False
    anchor = urllib.parse.unquote(parts.fragment)
    return target not in pages or anchor in pages[target].anchors


def external(folder: Path) -> dict[str, str]:
    """Addresses of other sites, each with its fault; "" where it answers."""
    links = {link for page in read(folder).values() for link in page.links}
    addresses = sorted(
        {urllib.parse.urldefrag(link)[0] for link in links if link.startswith("http")}
    )
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(addresses, pool.map(ask, addresses), strict=True))


def ask(address: str) -> str:
    """What is wrong with an address; "" if it answers."""
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0"})
    try:
        with urllib.request.urlopen(request, timeout=20):
            return ""
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.reason}"
    except OSError as error:
        return f"no answer ({error})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--external", action="store_true", help="needs a network")
    parser.add_argument("folder", nargs="?", type=Path, default=SITE)
    options = parser.parse_args()
    if not (options.folder / "index.html").exists():
        parser.error(f"{options.folder}: no site; run `make book` first")
    faults, count = internal(options.folder)
    print(f"{count:,} links inside the site, {len(faults)} broken")
    if options.external:
        asked = external(options.folder)
        wrong = {address: fault for address, fault in asked.items() if fault}
        print(f"{len(asked)} addresses of other sites, {len(wrong)} without an answer")
        faults += [f"{address}: {fault}" for address, fault in wrong.items()]
    print("".join(f"  {fault}\n" for fault in faults), end="")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
