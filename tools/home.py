"""Say where this book's repository is: in _config.yml and in every chapter's cell.

The address stands in _config.yml. Each chapter's set-up cell repeats it, since a
chapter that is opened alone, as on Colab, has nothing else to go by.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat
import yaml
from run_notebooks import write_text

SETUP = """\
# Where the book's code is missing, as on Colab, install it; what is there stays.
HOME = "{home}"
try:
    import bookkit
except ModuleNotFoundError:
    if not HOME:
        raise ModuleNotFoundError(
            "this copy of the book has no address to install its code from; in its "
            "folder, run: make home URL=https://github.com/you/your-copy"
        ) from None
    %pip install --quiet --no-deps torchinfo "minqwen3 @ git+{{HOME}}"
    import bookkit

bookkit.chapter("{name}")"""
REPOSITORY = re.compile(r"https://github\.com/([\w-]+)/([\w.-]+?)(?:\.git)?/?")


def setup_cell(home: str, name: str) -> str:
    """The first code cell of a chapter."""
    return SETUP.format(home=home, name=name)


def home_of(root: Path) -> str:
    """The address that _config.yml gives; empty if it gives none."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return config["repository"]["url"] or ""


def write_config(root: Path, home: str) -> None:
    path = root / "_config.yml"
    text = path.read_text(encoding="utf-8")
    owner, name = REPOSITORY.fullmatch(home).groups() if home else ("", "")
    site = f"https://{owner.lower()}.github.io/{name}/" if home else ""
    for key, value in (("url", home), ("baseurl", site)):
        text, found = re.subn(rf'(?m)^(  {key}: )".*"$', rf'\g<1>"{value}"', text)
        if found != 1:
            raise SystemExit(f'{path}: expected one line `  {key}: "..."`')
    write_text(path, text)


def write_chapters(root: Path, home: str) -> None:
    for path in sorted((root / "book").glob("*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        first = next(cell for cell in nb.cells if cell.cell_type == "code")
        if first.source != setup_cell(home, path.stem):
            first.source = setup_cell(home, path.stem)
            write_text(path, nbformat.writes(nb) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("url", nargs="?", help="https://github.com/owner/name")
    parser.add_argument("--unset", action="store_true", help="take the address away")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    arguments = parser.parse_args()
    home = "" if arguments.unset else (arguments.url or home_of(arguments.root))
    if arguments.url and not REPOSITORY.fullmatch(arguments.url):
        print(
            f"{arguments.url!r} is no repository on GitHub; expected "
            "https://github.com/owner/name, since Colab opens notebooks from there",
            file=sys.stderr,
        )
        return 2
    home = re.sub(r"(\.git)?/?$", "", home)
    write_config(arguments.root, home)
    write_chapters(arguments.root, home)
    print(f"repository: {home or 'not set'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
