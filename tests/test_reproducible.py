"""Runs repeat, versions are pinned, and nothing runs that a reader does not see.

What is pinned: requirements.lock agrees with requirements.txt. What does not run: no
pickle, no code from a checkpoint, no network at import, no script in an output.
"""

import ast
import html.parser
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from markdown_it import MarkdownIt
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bookkit import drawings, places, printouts
from bookkit.source import fence

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
sys.path.insert(0, str(ROOT / "tools"))
import check_links  # noqa: E402
import run_notebooks  # noqa: E402

CHAPTERS = sorted(BOOK.glob("[0-9]*.ipynb"))


@pytest.mark.parametrize("name", ["04_embedding", "11_mlp"])
def test_two_runs_give_the_same_bytes(name, tmp_path):
    """Pictures too; and without them, on every machine, what is committed."""
    path = tmp_path / f"{name}.ipynb"
    shutil.copyfile(BOOK / path.name, path)
    runs = []
    for _ in range(2):
        command = [sys.executable, ROOT / "tools/run_notebooks.py", path]
        subprocess.run(command, check=True, capture_output=True)
        runs.append(path.read_bytes())
    assert runs[0] == runs[1]
    stored = nbformat.read(BOOK / path.name, as_version=4)
    again = nbformat.read(path, as_version=4)
    without = run_notebooks.without_pictures
    assert without(again) == without(stored)


def test_a_measured_picture_stays(tmp_path):
    """Until it is asked for; its cell's text and other pictures are new."""
    draw = "from IPython.display import Image, display; import os\nprint(os.getpid())\n"
    draw += "display(Image(os.urandom(9), format='png'))"
    cells = [nbformat.v4.new_code_cell(draw) for _ in range(2)]
    cells[0].metadata.tags = ["measured"]
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    seen = []
    for options in ((), (), ("--measure",)):
        command = [sys.executable, ROOT / "tools/run_notebooks.py", path, *options]
        subprocess.run(command, check=True, capture_output=True)
        found = nbformat.read(path, as_version=4).cells
        seen.append(
            [(c.outputs[0].text, c.outputs[1].data["image/png"]) for c in found]
        )
    stays, changes = zip(*seen, strict=True)
    assert len({text for text, _ in stays}) == len(set(changes)) == 3
    assert stays[0][1] == stays[1][1] != stays[2][1]
    assert len({picture for _, picture in changes}) == 3


# ---------------------------------------------------------------------------- pins


def pinned(file: str) -> dict[str, str]:
    """The versions that a requirements file pins, by canonical name."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    found = [re.fullmatch(r"([\w.-]+)==([\w.!+]+)", line) for line in lines]
    assert all(found), [x for x, m in zip(lines, found, strict=True) if not m]
    return {canonicalize_name(m[1]): m[2] for m in found}


def locked() -> dict[str, list[Requirement]]:
    """The lock's packages; one that differs by Python stands there twice."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^#.*\n", "", text)
    entries = re.split(r"\n(?=\S)", text.strip())
    packages = {}
    for entry in entries:
        head, *hashes = entry.split(" \\\n")
        assert hashes and all(
            re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}", line) for line in hashes
        ), head
        requirement = Requirement(head)
        packages.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return packages


def test_the_lock_pins_what_requirements_pin():
    lock, wanted = locked(), pinned("requirements.txt")
    assert wanted.keys() - lock.keys() == {"torch"}, "write requirements.lock again"
    for name, version in wanted.items():
        for entry in lock.get(name, ()):
            assert str(entry.specifier) == f"=={version}", name
    assert f"pip install torch=={wanted['torch']}\n" in (
        ROOT / "requirements.lock"
    ).read_text(encoding="utf-8")


def test_the_lock_is_closed_and_names_no_address():
    """What a locked package needs here is locked too; so is what torch needs."""
    lock = locked()
    for name in [*lock, "torch", "minqwen3"]:
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            assert lock[name][0].marker, f"{name} is in the lock, but not here"
            continue
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                other = canonicalize_name(need.name)
                graphics = re.match(r"nvidia-|cuda-|triton$", other)
                assert other in lock or other == "torch" or graphics, (name, other)
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|--(?:extra-)?index|--find-links|nvidia", text)


# -------------------------------------------------------------------- what may run

RUNS_CODE = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
CALLS = {"eval", "exec", "compile", "__import__"}


def dangers(source: str) -> list[str]:
    """Imports, calls and arguments that let a file bring code of its own."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in RUNS_CODE]
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module] if node.module.split(".")[0] in RUNS_CODE else []
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "torch.load":
            found.append("torch.load")
        if isinstance(node, ast.Name) and node.id in CALLS:
            found.append(node.id)
        if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            found.append("trust_remote_code")
    return found


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "x = torch.load('weights.bin')",
        "load = torch.load",
        "AutoModel.from_pretrained(path, trust_remote_code=True)",
        "eval(text)",
    ],
)
def test_dangers_are_seen(line):
    assert dangers(line)


def test_no_code_comes_out_of_a_file():
    for file in sorted((ROOT / "src").rglob("*.py")):
        assert dangers(file.read_text(encoding="utf-8")) == [], file


IMPORT_ALL = """
import importlib, pkgutil, socket, sys

def refuse(event, details):
    if event.startswith("socket."):
        raise RuntimeError(f"{event} {details}")

sys.addaudithook(refuse)
for package in ("minqwen3", "bookkit"):
    package = importlib.import_module(package)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
sys.modules["bookkit"].load()
try:
    socket.socket()
except RuntimeError:
    print("no socket was made")
"""


def test_importing_and_loading_need_no_network():
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stdout == "no socket was made\n", run.stderr


# ------------------------------------------------------------------ what is shown

NOTEBOOK = re.compile(r"[\w/]+\.ipynb(#[\w,.:%-]+)?")
ALLOWED = {
    "pre": {"class", "tabindex", "aria-label", "style"},
    "span": {"style"},
    "a": {"href", "title"},
}


class Strict(html.parser.HTMLParser):
    """Collects what an output may not hold: other tags, attributes, addresses."""

    def __init__(self, text: str):
        super().__init__()
        self.faults, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name not in ALLOWED.get(tag, ()):
                self.faults.append(f"<{tag} {name}>")
            if name == "href" and not re.fullmatch(
                r"[\w/]+\.ipynb(#[\w,.:%-]+)?", value
            ):
                self.faults.append(value)
            if name == "style" and re.search(r"url|@|expression|\\", value):
                self.faults.append(value)
        if tag not in ALLOWED:
            self.faults.append(f"<{tag}>")

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.faults.append("a comment")

    handle_decl = handle_pi = unknown_decl = handle_comment


KNOWN = {"text/plain", "text/html", "text/markdown", "image/png", "image/svg+xml"}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_outputs_hold_nothing_that_runs_or_fetches(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert data.keys() <= KNOWN
            if drawn := data.get("image/svg+xml"):
                [call] = re.findall(r'data-drawing="([^"]*)"', drawn)
                assert drawings.from_call(html.unescape(call)).svg() == drawn
            assert Strict(data.get("text/html", "")).faults == []
            prose = re.sub(
                r"(?ms)^(```+)\w*$.*?^\1$|`[^`\n]*`", "", data.get("text/markdown", "")
            )
            assert Strict(prose).faults == [], prose
            assert not re.search(r"!\[|\]\((?!\w+\.ipynb\)|https://)", prose)


HOSTILE = [
    "</pre><script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "&lt;b",
]


@pytest.mark.parametrize("bad", HOSTILE)
@pytest.mark.parametrize("kind", ["tree", "config", "table"])
def test_printouts_escape_what_they_are_given(kind, bad, monkeypatch):
    """A module's name, a config's value, a row of the table, a chapter's title."""
    hostile = {
        "TREE": printouts.TREE.replace("Embedding(", bad + "("),
        "CONFIG": printouts.CONFIG | {"model_type": bad, bad: 1},
        "TABLE": printouts.TABLE.replace("Embedding", bad),
    }
    for name, value in hostile.items():
        monkeypatch.setattr(printouts, name, value)
    monkeypatch.setitem(places.CHAPTERS, "04_embedding", bad)
    monkeypatch.setitem(places.CHAPTERS, "01_config", bad)
    printout = places.Printout(kind, here="25_faq", prefix=bad)
    shown = Strict(printout._repr_html_())
    links = {f"{bad}{name}.ipynb" for name in places.CHAPTERS}  # whole, if not allowed
    assert {fault.partition("#")[0] for fault in shown.faults} <= links
    wanted = json.dumps(bad) if kind == "config" else bad
    assert wanted in shown.text


@pytest.mark.parametrize("code", ["x = 1", '"""\n```\n<b>\n````\n"""', "`" * 3])
def test_a_fence_holds_the_code_whole(code):
    (token,) = MarkdownIt().parse(fence(code))
    assert (token.type, token.info, token.content) == ("fence", "python", code + "\n")


# ------------------------------------------------------------------------ its links


def test_links_inside_the_site(site):
    """Every file and every anchor that a page points to is there."""
    faults, counted = check_links.internal(ROOT / "_build/html")
    assert faults == [] and counted > 1000


@pytest.mark.parametrize(
    "link, fault",
    [
        ('<a href="b.html">', None),
        ('<a href="b.html#here">', None),
        ('<a href="b.html#old">', None),
        ('<a href="#caf%C3%A9">', None),
        ('<a href="sub/">', None),
        ('<img srcset="b.html 1x, none.png 2x">', "none.png"),
        ('<a href="b.html#nowhere">', "b.html#nowhere"),
        ('<a href="#nowhere">', "#nowhere"),
        ('<a href="c.html">', "c.html"),
        ('<a href="../b.html">', "../b.html"),
        ('<img src="none.png">', "none.png"),
        ('<link href="none.css">', "none.css"),
        ('<a href="javascript:alert(1)">', "javascript:alert(1)"),
    ],
)
def test_broken_links_are_named(tmp_path, link, fault):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/index.html").write_text("<p>")
    (tmp_path / "b.html").write_text('<p id="here"></p><a name="old"></a>')
    (tmp_path / "a.html").write_text(f'<p id="café">{link}')
    faults, _ = check_links.internal(tmp_path)
    assert faults == ([f"a.html: {fault}"] if fault else [])
