"""The chapters keep the promises that no single one can check of itself."""

import importlib
import inspect
import json
import re
import statistics
import warnings
from operator import attrgetter
from pathlib import Path

import minutes
import nbformat
import pytest
import torch
import yaml

from bookkit import places, printouts
from bookkit.exercises import Check

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
WRITTEN = sorted(path.stem for path in BOOK.glob("[0-9]*.ipynb"))
FIRST, LAST = "00_one_token", "25_faq"  # a way through the whole; questions
LESSONS = [name for name in WRITTEN if name not in (FIRST, LAST)]  # on one template
SPINE = ["What would break?", "Where people stumble", "Exercises"]


def cells(name: str, kind: str) -> list:
    book = nbformat.read(BOOK / f"{name}.ipynb", as_version=4)
    return [cell for cell in book.cells if cell.cell_type == kind]


def prose(name: str) -> str:
    return "\n\n".join(cell.source for cell in cells(name, "markdown"))


def code(name: str) -> str:
    return "\n\n".join(cell.source for cell in cells(name, "code"))


def outputs(name: str) -> str:
    return json.dumps([c.outputs for c in cells(name, "code")], ensure_ascii=False)


def test_chapters_are_in_the_table_of_contents_in_order():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    chapters = [f.removeprefix("book/") for f in files if re.match(r"book/\d", f)]
    assert chapters == list(places.CHAPTERS) == WRITTEN


@pytest.mark.parametrize("name", places.CHAPTERS)
def test_a_chapter_claims_its_lines(name):
    """Every line, key and row that leads here is spoken of here."""
    assert f'bookkit.chapter("{name}")' in code(name)
    said = prose(name) + code(name)
    for path, place in places.TREE.items():
        if place == name and path:
            assert path.split(".")[-1].replace("0", "layers") in said, path
    for key, place in places.CONFIG.items():
        if place == name:
            assert f"`{key}`" in prose(name) and key in code(name), key
            assert f'settled("{name}")' in code(name)
    for row, place in places.TABLE.items():
        if place == name:
            assert row.split(":")[0] in said, row


def test_the_table_chapter_names_every_row():
    rows = [row for row in places.TABLE if "type:" not in row]
    said = prose("03_table") + outputs("03_table")
    assert [row for row in rows if row not in said] == []


@pytest.mark.parametrize("name", LESSONS)
def test_template(name):
    heads = re.findall(r"^## (.+)$", prose(name), re.M)
    assert [head for head in heads if head in SPINE] == SPINE
    assert re.match(rf"# {re.escape(places.CHAPTERS[name])}\n", prose(name))
    first = cells(name, "markdown")[0].source
    assert re.search(r"\*\*[^*]+\?\*\*", first)  # the question of its card
    names = [*places.CHAPTERS, None]
    following = names[names.index(name) + 1]
    if following:
        last = prose(name).strip().split("\n")[-1]
        assert last.startswith("Next: ") and f"({following}.ipynb)" in last


@pytest.mark.parametrize("name", WRITTEN)
def test_minutes_follow_from_what_is_to_be_read(name):
    book = nbformat.read(BOOK / f"{name}.ipynb", as_version=4)
    assert minutes.SAID.search(prose(name))[0] == minutes.sentence(book)


@pytest.mark.parametrize("name", WRITTEN)
def test_rhythm(name):
    """Short cells; each shows something or asserts something."""
    blocks = cells(name, "code")[1:]  # the set-up is the same in all, and hidden

    def size(cell):
        return len([line for line in cell.source.split("\n") if line])

    read = [size(c) for c in blocks if "hide-input" not in c.metadata.get("tags", [])]
    short = sum(lines <= 12 for lines in read) / len(read)
    assert short >= 0.9 and statistics.median(read) <= 6
    assert max(map(size, blocks)) <= 25  # those too that are folded: they draw
    for cell in blocks[1:]:
        assert cell.outputs or "assert " in cell.source, cell.source
    width = max(
        len(line)
        for cell in blocks
        for line in cell.source.split("\n")
        if "annotate" not in cell.metadata.get("tags", [])
    )
    assert width <= 120


def test_the_first_chapter_says_what_every_line_is_for():
    said = re.findall(r"`(\w+)`", prose(FIRST).split("## Every line")[1])
    names = {path.rpartition(".")[2] for path in places.TREE} - {"", "0"}
    assert sorted(names - set(said)) == []


@pytest.mark.parametrize("name", [FIRST, *LESSONS])
def test_a_drawing_shows_the_mechanism(name):
    """Beside the head, at least one that another chapter does not have."""
    drawn = {n: set(re.findall(r"\bdrawings\.(\w+)\(", code(n))) for n in WRITTEN}
    others = set().union(*(drawn[other] for other in LESSONS if other != name))
    assert drawn[name] - (set() if name == FIRST else others)
    assert outputs(name).count("data-drawing=") == 1 + sum(
        len(re.findall(r"\bdrawings\.\w+\(", cell.source))
        for cell in cells(name, "code")
    )


@pytest.mark.parametrize("name", LESSONS)
def test_figures_have_words(name):
    """Alternative text in the cell, a caption in italics after it."""
    book = nbformat.read(BOOK / f"{name}.ipynb", as_version=4)
    figures = 0
    for cell, after in zip(book.cells, book.cells[1:], strict=False):
        if "image/png" in json.dumps(cell.get("outputs", [])):
            figures += 1
            assert len(cell.metadata["mystnb"]["image"]["alt"]) > 40
            assert re.match(r"\*[^*]", after.source), after.source[:80]
    assert figures <= 4


@pytest.mark.parametrize("name", WRITTEN)
def test_plain_markdown(name):
    """What Colab would show raw: directives, roles, footnotes."""
    text = prose(name)
    assert not re.search(r"^:::|^```\{|\{\w+\}`|\[\^\w+\]", text, re.M)
    for target in re.findall(r"\]\(([\w./]+\.(?:ipynb|md))\)", text + code(name)):
        assert (BOOK / target).exists(), target


@pytest.mark.parametrize("name", WRITTEN)
def test_numbers_are_shown(name):
    """A number of three digits or more in the prose is in a cell or its output."""
    links = r"\[[^\]]*#[^\]]*\]\([^)]*\)|\]\([^)]*\)|arXiv:[\d.]+|`[^`]*`"
    text = re.sub(links, "", prose(name))
    shown = re.sub(r"(?<=\d)[,_](?=\d{3})", "", code(name) + outputs(name))
    shown += (
        json.dumps(printouts.CONFIG) + printouts.TREE + printouts.TABLE.replace(",", "")
    )
    found = re.findall(r"(?<![\d.#])\d[\d,]*\d(?![\d.]*\d)", text)
    numbers = {n.replace(",", "") for n in found if len(n.replace(",", "")) > 2}
    assert sorted(n for n in numbers if n not in shown) == []


EXERCISE = re.compile(r"### Exercise (\d+) \((easy|medium|hard)(, predict)?\): \S.+")


def exercises(name: str) -> list[tuple]:
    """Heading, stub and solution of each exercise of a chapter."""
    book, found = nbformat.read(BOOK / f"{name}.ipynb", as_version=4), []
    for i, cell in enumerate(book.cells):
        if cell.cell_type == "markdown" and "### Exercise " in cell.source:
            later = (c for c in book.cells[i:] if c.cell_type == "code")
            found.append((cell, next(later), next(later)))
    return found


@pytest.mark.parametrize("name", [*LESSONS, LAST])
def test_exercises_have_hints_a_stub_and_a_solution(name):
    """The stub shows no answer; the solution passes the same check."""
    found = exercises(name)
    assert 3 <= len(found) <= 4
    module = importlib.import_module(f"bookkit.exercises.{name.split('_', 1)[1]}")
    checks = {key for key in vars(module) if key.startswith("check_")}
    for number, (question, stub, solution) in enumerate(found, 1):
        heading = EXERCISE.search(question.source)
        assert heading and int(heading[1]) == number
        hints = re.findall(
            r"<details><summary>Hint (\d)</summary>\n\n.+?\n\n</details>",
            question.source,
            re.S,
        )
        assert hints == [str(i + 1) for i in range(len(hints))] and 1 <= len(hints) <= 3
        assert question.source.count("<details>") == len(hints)
        [check] = re.findall(r"(?m)^_ = (check_\w+)\(", stub.source)
        assert f"from {module.__name__} import {check}" in stub.source
        assert stub.outputs[-1].text.endswith("Not answered yet.\n")
        assert re.search(rf"(?m)^assert .*\b{check}\(", solution.source)
        assert set(solution.metadata["tags"]) == {"hide-cell", "solution"}
        assert "Correct" in json.dumps(solution.outputs)
        checks.remove(check)
    assert checks == set()
    assert any(", predict)" in question.source for question, *_ in found)


@pytest.mark.parametrize("name", [*LESSONS, LAST])
def test_checks_know_their_mistakes(name, capsys):
    """Each likely mistake is refused, with the sentence that explains it."""
    module = importlib.import_module(f"bookkit.exercises.{name.split('_', 1)[1]}")
    before = torch.random.get_rng_state()
    for key, check in vars(module).items():
        if isinstance(check, Check):
            assert check.mistakes, key
            for sentence, wrong in check.mistakes.items():
                assert check(wrong) is False, (key, sentence)
                assert f"Likely: {sentence}" in capsys.readouterr().out, key
            assert check(...) is False
            assert check(check.expected) is True
            capsys.readouterr()
    assert torch.equal(before, torch.random.get_rng_state())


def test_checks_forgive_how_an_answer_is_written(capsys):
    number, row = Check(11.931181), Check((16, 8))
    assert number(11.93) and number(11.931) and number(torch.tensor(11.93))
    assert not number(11.9) and not number("11.93") and not number([11.93])
    assert row([16, 8]) and row(torch.tensor([16, 8])) and not row([8, 16])
    vector = Check(lambda x: 2 * x, cases=[(torch.arange(3.0),)])
    assert vector(lambda x: [0, 2.0, 4]) and vector(lambda x: (0.0, 2.0, 4.0))
    assert not vector(lambda x: 2) and not Check(True)(1) and not Check(1)(True)


def test_checks_say_where_an_answer_differs(capsys):
    case = torch.arange(10.0).view(5, 2)
    check = Check(
        lambda x: 2 * x,
        cases=[(case,)],
        mistakes={
            "one is missing.": lambda x: 2 * x - (x > 8).float(),
            "the first.": lambda x: x,
        },
    )
    check(lambda x: 2 * x - (x > 8).float())
    said = capsys.readouterr().out
    assert "1 of 10 entries differ; the first, at [4, 1] expected 18, got 17" in said
    assert said.count("Likely: ") == 1 and "one is missing" in said
    check(lambda x: 2 * x.T)
    assert "shape (5, 2), got one of (2, 5)" in capsys.readouterr().out
    check(lambda x: x.nothing)
    said = capsys.readouterr().out
    assert "for tensor (5 x 2) it raised AttributeError" in said


def test_an_unanswered_exercise_says_one_line_and_warns_of_nothing(capsys, recwarn):
    def mistaken(x):
        warnings.warn("tried", stacklevel=1)

    check = Check(lambda x: x, cases=[(1,)], mistakes={"nothing came back.": mistaken})
    assert check(lambda x: ...) is False and check(lambda x: None) is False
    assert capsys.readouterr().out == 2 * "Not answered yet.\n" and not recwarn.list


def test_the_likely_mistake_is_the_one_that_explains_every_case(capsys):
    check = Check(
        lambda x: x * x,
        cases=[(3,), (4,)],
        mistakes={"added three.": lambda x: x + 3, "doubled.": lambda x: 2 * x},
    )
    check(lambda x: 2 * x)  # 6 for 3 in both
    assert "Likely: doubled." in capsys.readouterr().out


def test_papers_are_listed_with_their_chapters():
    """References names every paper cited, and every chapter that cites it."""
    page = (BOOK / "references.md").read_text()
    listed = {
        number: line
        for line in page.split("\n")
        for number in re.findall(r"\[arXiv:(\d{4}\.\d{4,5})\]", line)
    }
    cited = set()
    for name in WRITTEN:
        for number in re.findall(r"arXiv:(\d{4}\.\d{4,5})", prose(name) + code(name)):
            assert f"({name}.ipynb)" in listed.get(number, ""), (number, name)
            cited.add(number)
    assert cited == set(listed)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_cell_was_run_in_order(name):
    """nbval lets a cell pass that was never run; and the form is run_notebooks'."""
    path = BOOK / f"{name}.ipynb"
    book = nbformat.read(path, as_version=4)
    counts = [c.execution_count for c in book.cells if c.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert not any("execution" in cell.metadata for cell in book.cells)
    assert path.read_text(encoding="utf-8") == nbformat.writes(book) + "\n"
    for cell in book.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


@pytest.mark.parametrize("name", WRITTEN)
def test_quoted_source_is_the_installed_one(name):
    """The drift alarm: which chapter explains source that has changed since."""
    drifted = []
    for cell in cells(name, "code"):
        for output in cell.outputs:
            shown = output.get("data", {}).get("text/markdown", "")
            found = re.match(
                r"\*\*(?:Ours|\w+ [\d.]+)\*\* · `(.+?)` in `(.+?)\.py`", shown
            )
            if found:
                path, file = found.groups()
                module = importlib.import_module(
                    file.removeprefix("src/").replace("/", ".")
                )
                source = inspect.getsource(attrgetter(path)(module))
                quoted = "\n".join(re.findall(r"```python\n(.*?)\n```", shown, re.S))
                if code_lines(quoted) != code_lines(source):
                    drifted.append(f"{file}.{path}")
    assert not drifted, f"{name} explains another version of {', '.join(drifted)}"


def code_lines(source: str) -> list[str]:
    return [line.strip() for line in source.split("\n") if line.strip()]


def test_the_drift_alarm_sees_every_quotation():
    quotations = sum(
        "annotate(" in cell.source and "annotate" in cell.metadata.get("tags", [])
        for name in WRITTEN
        for cell in cells(name, "code")
    )
    titles = sum(len(re.findall(r"\*\* · `", outputs(name))) for name in WRITTEN)
    assert titles >= quotations > 60
