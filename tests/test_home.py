"""One address, everywhere: _config.yml and each chapter's set-up cell."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from home import home_of, setup_cell  # noqa: E402

URL = "https://github.com/example/reading-qwen3"


def first_cells(root: Path) -> dict[str, str]:
    """The source of each chapter's first code cell."""
    books = {
        path.stem: nbformat.read(path, as_version=4)
        for path in sorted((root / "book").glob("*.ipynb"))
    }
    return {
        name: next(c.source for c in book.cells if c.cell_type == "code")
        for name, book in books.items()
    }


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "book", tmp_path / "book")
    shutil.copy(ROOT / "_config.yml", tmp_path)
    return tmp_path


def set_home(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tools/home.py", "--root", root, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_chapter_has_the_address_of_the_config():
    """A cell that disagrees would install somebody else's code."""
    home = home_of(ROOT)
    for name, source in first_cells(ROOT).items():
        assert source == setup_cell(home, name), name


@pytest.mark.parametrize("given", [URL, f"{URL}/", f"{URL}.git"])
def test_home_is_set_everywhere_and_can_be_taken_away(copy, given):
    before = (copy / "_config.yml").read_text(), first_cells(copy)
    assert set_home(copy, given).returncode == 0
    assert home_of(copy) == URL
    assert (
        'baseurl: "https://example.github.io/reading-qwen3/"'
        in (copy / "_config.yml").read_text()
    )
    for name, source in first_cells(copy).items():
        assert source == setup_cell(URL, name)
    assert set_home(copy, "--unset").returncode == 0
    assert ((copy / "_config.yml").read_text(), first_cells(copy)) == before


@pytest.mark.parametrize(
    "given", ["reading-qwen3", "http://github.com/a/b", "https://gitlab.com/a/b", ""]
)
def test_another_address_is_refused_and_changes_nothing(copy, given):
    before = (copy / "_config.yml").read_text(), first_cells(copy)
    done = set_home(copy, given or "https://github.com/only-an-owner")
    assert done.returncode == 2
    assert "expected https://github.com/owner/name" in done.stderr
    assert ((copy / "_config.yml").read_text(), first_cells(copy)) == before


def test_without_an_address_the_cell_says_how_to_set_it():
    """In a Python that does not have the book's code, as a reader would meet it."""
    source = setup_cell("", "05_rmsnorm").replace("%pip", "assert False, '%pip'  #")
    blocked = "import sys; sys.modules['bookkit'] = None\n" + source
    done = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True
    )
    assert "ModuleNotFoundError" in done.stderr
    assert "make home URL=" in done.stderr and "%pip" not in done.stderr
