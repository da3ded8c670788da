"""Change minqwen3 in small ways, one at a time, and see that a check fails.

    python tools/mutate.py [file ...] [--by tests chapters] [--sample N] [--seed S]

mutmut makes the changes, its mutants, of ``FILES`` unless some are named. Its command
line leaves out module constants and most decorated functions, since it switches between
copies of a function; here a mutant is a whole file, so both are in. Left out, as in
mutmut: annotations, docstrings, calls of ``len`` and ``isinstance``, default arguments
that are expressions; and decorators.

Each check is a fork of this process, which has imported torch and transformers but not
minqwen3. There the mutant is compiled in place of the file; the file itself stays, so
that what shows or reads source sees the original.

- tests: pytest on ``TESTS``; killed where one fails. Commands that tests start run the
  original.
- chapters: their code cells in an IPython shell, chapter after chapter; killed where a
  cell raises. nbval runs the same cells and compares outputs too, so it kills more.

By default tests come first, and chapters where all tests pass. A check that computes
for more than ``SECONDS``, or waits for ten times as long, has noticed something.
Mutants that change nothing stand in equivalent_mutants.toml, each with its reason;
they run only with --known. Exits with 1 where another survives, or where an entry
there is of no mutant or is killed; with --least, where a smaller part in a hundred of
all is killed.
"""

import argparse
import ast
import contextlib
import difflib
import functools
import gc
import importlib
import itertools
import json
import multiprocessing
import os
import random
import resource
import select
import signal
import sys
import tomllib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path

import libcst
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "minqwen3"
FILES = ["model.py", "config.py", "cache.py", "generate.py"]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
SECONDS = 120
# Tests of what the files compute, quick ones first; not of the site and the texts.
TESTS = """test_messages test_details test_errors test_against_transformers
test_printouts test_checkpoint test_bad_input test_cli test_random_configs""".split()
WARM = """hypothesis _hypothesis_pytestplugin IPython jinja2 matplotlib.pyplot pytest
safetensors.torch tokenizers torch torchinfo transformers.generation
transformers.models.qwen3.modeling_qwen3""".split()
PYTEST = """-x -q --tb=no --assert=plain -p no:cacheprovider -p _hypothesis_pytestplugin
--hypothesis-seed=0 -o addopts=--import-mode=importlib""".split()
# Left out, since they test files that are not changed here, or start a process.
PYTEST += ["-k", "not one_byte_changed and not truncated and not as_a_reader"]
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "MINQWEN3_EXAMPLES": "20",  # that Hypothesis draws
    "MPLBACKEND": "Agg",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "OMP_NUM_THREADS": "1",  # a fork of a process with threads can hang
}


@dataclass(frozen=True)
class Mutant:
    """One change of one file; ``text`` is the whole file with it."""

    file: str
    function: str
    before: str
    after: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file} {self.function}\n    - {self.before}\n    + {self.after}"

    @property
    def key(self) -> tuple[str, ...]:
        return self.file, self.function, self.before, self.after


class Visitor(MutationVisitor):
    """mutmut's, which makes the mutants of decorated functions too."""

    def _skip_node_and_children(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.FunctionDef):
            node = node.with_changes(decorators=())
        decorator = isinstance(node, libcst.Decorator)
        return decorator or super()._skip_node_and_children(node)


def names(module: libcst.Module) -> dict[libcst.CSTNode, str]:
    """Functions, methods and statements of classes, each with the name to report."""
    found = {}
    for node in module.body:
        if isinstance(node, libcst.FunctionDef):
            found[node] = node.name.value
        if isinstance(node, libcst.ClassDef):
            for part in node.body.body:
                function = isinstance(part, libcst.FunctionDef)
                name = f".{part.name.value}" if function else ""
                found[part] = node.name.value + name
    return found


def nodes(node: libcst.CSTNode) -> Iterator[libcst.CSTNode]:
    yield node
    for child in node.children:
        yield from nodes(child)


def difference(old: str, new: str) -> tuple[str, str]:
    """The lines that differ, before and after, without their indent."""
    lines = list(difflib.unified_diff(old.split("\n"), new.split("\n"), n=0))[2:]
    return tuple(
        "\n".join(line[1:].strip() for line in lines if line[0] == sign)
        for sign in "-+"
    )


def makers(file: str) -> list[Callable[[], Mutant | None]]:
    """Functions that make the mutants of a file, since making all takes a while.

    One gives ``None`` for a mutant that Python cannot parse or that was there before.
    """
    text = (SRC / file).read_text(encoding="utf-8")
    wrapper = libcst.MetadataWrapper(libcst.parse_module(text))
    visitor = Visitor(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    code = wrapper.module.code_for_node
    part_of = {id(node): part for part in wrapper.module.body for node in nodes(part)}
    trees = {ast.dump(ast.parse(code(part))) for part in wrapper.module.body}
    named = names(wrapper.module)

    def make(change: Mutation) -> Mutant | None:
        part = part_of[id(change.original_node)]
        new = code(deep_replace(part, change.original_node, change.mutated_node))
        try:
            tree = ast.dump(ast.parse(new))
        except SyntaxError:
            return None
        if tree in trees:
            return None
        trees.add(tree)
        old = code(part)
        function = named.get(change.contained_by_top_level_function, "(module)")
        lines, whole = difference(old, new), text.replace(old, new, 1)
        return Mutant(file, function, *lines, whole)

    return [functools.partial(make, change) for change in visitor.mutations]


def mutants(file: str) -> list[Mutant]:
    """All mutants of a file, none twice."""
    return [mutant for make in makers(file) if (mutant := make())]


def put_in_place(mutant: Mutant) -> None:
    """From here on, this process imports the mutant instead of the file."""
    get_code = SourceFileLoader.get_code

    def get_mutant(self, name):
        if Path(self.path) == SRC / mutant.file:
            return compile(mutant.text, self.path, "exec")
        return get_code(self, name)

    SourceFileLoader.get_code = get_mutant


def run_tests(mutant: Mutant) -> str:
    """The first test that fails, or ""."""
    import pytest

    class Failures:
        first = ""

        def pytest_runtest_logreport(self, report):
            self.first = self.first or report.failed and report.nodeid or ""

    put_in_place(mutant)
    os.chdir(ROOT)
    files = [
        f"tests/{name}.py" for name in TESTS if (ROOT / f"tests/{name}.py").exists()
    ]
    failures = Failures()
    code = pytest.main([*PYTEST, *files], plugins=[failures])
    return failures.first or (f"pytest ended with {code}" if code else "")


def cells(chapter: Path) -> list[str]:
    nb = json.loads(chapter.read_text(encoding="utf-8"))
    return ["".join(c["source"]) for c in nb["cells"] if c["cell_type"] == "code"]


def run_chapter(chapter: Path, mutant: Mutant) -> str:
    """The first cell that raises, or ""."""
    from IPython.core.interactiveshell import InteractiveShell

    put_in_place(mutant)
    os.chdir(chapter.parent)
    shell = InteractiveShell.instance()
    for number, cell in enumerate(cells(chapter)):
        done = shell.run_cell(cell)
        if not done.success:
            error = done.error_before_exec or done.error_in_exec
            return f"{chapter.stem}, cell {number}: {type(error).__name__}"
    return ""


def in_fork(check) -> str:
    """What ``check`` returns in a fork; or that the fork died, or took too long."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            for stream in range(3):
                os.dup2(os.open(os.devnull, os.O_RDWR), stream)
            os.write(write, f" {check()}".encode())
        finally:
            os._exit(0)
    os.close(write)
    said = f" nothing after {10 * SECONDS} seconds"
    if select.select([read], [], [], 10 * SECONDS)[0]:
        said = os.read(read, 4096).decode() or " a process that died"
    os.close(read)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return said[1:]


@functools.cache
def chapters_about(function: str) -> list[Path]:
    """Every chapter, those that name the class or function most often first."""
    name = function.split(".")[0]
    return sorted(CHAPTERS, key=lambda path: -"".join(cells(path)).count(name))


def killer(mutant: Mutant, by: list[str]) -> str:
    """The first check that notices, or ""."""
    if "tests" in by:
        found = in_fork(lambda: run_tests(mutant))
        if found:
            return found
    for chapter in chapters_about(mutant.function) if "chapters" in by else ():
        found = in_fork(lambda: run_chapter(chapter, mutant))  # noqa: B023
        if found:
            return found
    return ""


def accepted() -> dict[tuple[str, ...], str]:
    """What equivalent_mutants.toml holds: reasons by a mutant's key."""
    text = Path(__file__).with_name("equivalent_mutants.toml").read_text("utf-8")
    rows = tomllib.loads(text).get("mutant", [])
    parts = ("file", "function", "before", "after")
    return {tuple(row[part].strip() for part in parts): row["reason"] for row in rows}


def one_failure_is_enough() -> None:
    """Let Hypothesis look for no smaller example than the first that fails."""
    from hypothesis import Phase, settings

    settings.register_profile("mutants", phases=[Phase.generate])
    settings.load_profile("mutants")


def sample(options: argparse.Namespace, known: Container) -> list[Mutant]:
    """As many mutants as wanted, drawn at random from those that are not known."""
    seed = options.seed or str(random.randrange(10**6))
    made = [make for file in options.files for make in makers(file)]
    random.Random(seed).shuffle(made)
    print(f"{options.sample} of about {len(made)} mutants, seed {seed}", flush=True)
    drawn = (mutant for make in made if (mutant := make()) and mutant.key not in known)
    return list(itertools.islice(drawn, options.sample))


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("files", nargs="*", default=FILES, metavar="file")
    p.add_argument("--by", nargs="+", choices=["tests", "chapters"])
    p.add_argument("--sample", type=int, metavar="N", help="so many, drawn at random")
    p.add_argument("--seed", help="of the sample; its default is new in every run")
    p.add_argument("--least", type=float, metavar="P", help="P in a hundred are enough")
    p.add_argument("--known", action="store_true", help="run the known ones too")
    p.add_argument("--jobs", type=int, default=1, help="how many at a time")
    p.add_argument("--function", default="", help="only of this class or function")
    options = p.parse_args()
    by = options.by or ["tests", "chapters"]
    os.environ |= SETTINGS
    sys.dont_write_bytecode = True
    for name in WARM:
        importlib.import_module(name)
    one_failure_is_enough()
    gc.collect(), gc.freeze()  # so that forks share what is there
    reasons = accepted()
    if options.sample:
        chosen = sample(options, reasons)
    else:
        chosen = [m for file in options.files for m in mutants(file)]
        chosen = [m for m in chosen if m.function.startswith(options.function)]
    keys, count = {m.key for m in chosen}, len(chosen)
    whole = not (options.sample or options.function)
    stale = [k for k in reasons if whole and k[0] in options.files and k not in keys]
    if not options.known:
        chosen = [m for m in chosen if m.key not in reasons]
    same = Mutant(FILES[0], "", "", "", (SRC / FILES[0]).read_text("utf-8"))
    found = killer(same, by[: 1 if options.sample else 2])
    if found:
        raise SystemExit(f"without a change, this fails: {found}")
    survived = []
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        killers = pool.imap(functools.partial(killer, by=by), chosen)
        for mutant, found in zip(chosen, killers, strict=True):
            print(f"{mutant}\n    {found or 'SURVIVED'}", flush=True)
            survived += [] if found else [mutant.key]
            if found and mutant.key in reasons:
                stale.append(mutant.key)
    for file in options.files:
        made = sum(m.file == file for m in chosen)
        alive = sum(key[0] == file for key in survived)
        known = sum(key in keys and key[0] == file for key in reasons)
        known = 0 if options.known else known
        print(f"{file}: {made} run, {alive} survived; {known} more change nothing")
    if options.least is not None:
        of = len(chosen) if options.sample else count
        killed = 100 * (len(chosen) - len(survived)) / of
        print(f"{killed:.1f} in a hundred killed; expected {options.least:g}")
        return killed < options.least
    for key in stale:
        print(f"in equivalent_mutants.toml, but no survivor:\n{Mutant(*key)}")
    return bool(stale or set(survived) - set(reasons))


if __name__ == "__main__":
    sys.exit(main())
