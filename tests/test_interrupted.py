"""Killed at any moment, nothing is left broken that a second run does not mend.

Each test kills process groups with SIGKILL a few times, as CI does.
``KILLS=20 python -m pytest tests/test_interrupted.py`` kills each 20 times, runs a real
chapter and builds every page; ``SEED=1`` chooses other moments.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
import torch

from minqwen3 import Qwen3Config, Qwen3ForCausalLM, files, hub

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import run_notebooks  # noqa: E402

KILLS = int(os.environ.get("KILLS", 0))  # 0: each test's own small number
SEED = int(os.environ.get("SEED", 0))
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")


def moments(seconds: float, few: int, name: str) -> list[float]:
    """When to kill, in seconds from the start: one moment in each part of a run."""
    count, draw = KILLS or few, random.Random(f"{SEED} {name}")
    return [(i + draw.random()) / count * seconds for i in range(count)]


def start(command: list, folder: Path, **variables) -> subprocess.Popen:
    """Start a command in a process group of its own."""
    variables = os.environ | {"OMP_NUM_THREADS": "1"} | variables
    command = [str(part) for part in command]
    log = open(folder / "log.txt", "w")  # kept for the one who looks why it failed
    return subprocess.Popen(
        command, cwd=folder, env=variables, stdout=log, stderr=log, process_group=0
    )


def kill(process: subprocess.Popen) -> None:
    """Kill the whole group; it must not have failed by itself before."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() in (0, -signal.SIGKILL)


def run(command: list, folder: Path, **variables) -> float:
    """Run a command to its end and return the seconds it took."""
    began = time.monotonic()
    code = start(command, folder, **variables).wait()
    assert code == 0, (folder / "log.txt").read_text()
    return time.monotonic() - began


def forked(task) -> int:
    """Run a function in a fork of this process, in a group of its own."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        code = 1
        try:
            task()
            code = 0
        finally:
            os._exit(code)
    return pid


def killed_at(step: int, task) -> bool:
    """Run ``task`` in a fork; kill it before its file operation number ``step``.

    Returns:
        Whether it was killed; if not, it has fewer operations.
    """

    def count(event, details):
        nonlocal step
        if event == "open" or event.startswith(("os.", "shutil.")):
            step -= 1
            if step == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def counted():
        sys.addaudithook(count)
        task()

    status = os.waitpid(forked(counted), 0)[1]
    assert status in (0, signal.SIGKILL)
    return status != 0


def killed_after(seconds: float, task) -> None:
    """Run ``task`` again and again in a fork, and kill it after some time."""

    def forever():
        while True:
            task()

    pid = forked(forever)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL


# ------------------------------------------------------------------- a checkpoint


@pytest.fixture
def models(tiny):
    """Two models of one config with different weights."""
    out = []
    for i in range(2):
        torch.manual_seed(i)
        out.append(Qwen3ForCausalLM(Qwen3Config.from_dict(tiny())).eval())
    return out


def same(a, b) -> bool:
    a, b = a.state_dict(), b.state_dict()
    return all(torch.equal(a[name], b[name]) for name in a)


def first_save(models, path: Path, shard: int | None) -> None:
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    models[0].save_pretrained(path, shard)
    (path / "tokenizer.json").write_text("{}")


def check_next_save(models, path: Path) -> None:
    """It succeeds, keeps other files and clears what the kill left."""
    models[0].save_pretrained(path)
    assert same(Qwen3ForCausalLM.from_pretrained(path), models[0])
    names = sorted(
        p.relative_to(path.parent).as_posix() for p in path.parent.rglob("*")
    )
    assert names == [
        "m",
        "m/config.json",
        "m/model.safetensors",
        "m/tokenizer.json",
    ]


@pytest.mark.parametrize("shard", [None, 40_000])
def test_a_save_killed_at_each_step(models, tmp_path, shard):
    """Before each single file operation of a save."""
    path, seen, step, killed = tmp_path / "models" / "m", [], 0, True
    path.parent.mkdir()
    while killed:
        step += 1
        first_save(models, path, shard)
        killed = killed_at(step, lambda: models[1].save_pretrained(path, shard))
        loaded = Qwen3ForCausalLM.from_pretrained(path)
        seen.append([same(loaded, model) for model in models].index(True))
        check_next_save(models, path)
    assert seen == sorted(seen) and 5 < seen.count(0) and 5 < seen.count(1)


def test_where_folders_cannot_be_exchanged(models, tmp_path, monkeypatch):
    """One step leaves nothing to load; the next save puts all back."""
    monkeypatch.setattr(files, "exchange", lambda new, path: False)
    path, step, missing, killed = tmp_path / "models" / "m", 0, 0, True
    path.parent.mkdir()
    while killed:
        step += 1
        first_save(models, path, None)
        killed = killed_at(step, lambda: models[1].save_pretrained(path))
        missing += not path.exists()
        check_next_save(models, path)
    assert missing == 1


@pytest.mark.parametrize("shard", [None, 40_000])
def test_saves_killed_at_random(models, tmp_path, shard):
    path = tmp_path / "models" / "m"
    path.parent.mkdir()
    for seconds in moments(0.1, 5, f"save {shard}"):
        first_save(models, path, shard)

        def save():
            for model in (models[1], models[0]):
                model.save_pretrained(path, shard)

        killed_after(seconds, save)
        loaded = Qwen3ForCausalLM.from_pretrained(path)
        assert any(same(loaded, model) for model in models), seconds
        check_next_save(models, path)


def test_a_living_save_keeps_its_folder(models, tmp_path):
    """Two processes may save to one path; the last one to end wins."""
    path = tmp_path / "m"
    with files.new_folder(path) as new:
        models[0].save_pretrained(new / "inside")
        pid = forked(lambda: models[1].save_pretrained(path))
        assert os.waitpid(pid, 0)[1] == 0
        assert same(Qwen3ForCausalLM.from_pretrained(path), models[1])
        assert same(Qwen3ForCausalLM.from_pretrained(new / "inside"), models[0])
    assert same(Qwen3ForCausalLM.from_pretrained(path / "inside"), models[0])


# --------------------------------------------------------------------- a notebook


def test_a_file_killed_while_it_is_written(tmp_path):
    """Either the old bytes or the new ones, never a part of them."""
    file, old, new = tmp_path / "a.ipynb", "old\n" * 100_000, "new\n" * 200_000
    run_notebooks.write_text(file, old)

    def write():
        run_notebooks.write_text(file, new)
        run_notebooks.write_text(file, old)

    for seconds in moments(0.05, 10, "file"):
        killed_after(seconds, write)
        assert file.read_text() in (old, new), seconds
    run_notebooks.write_text(file, new)
    assert [p.name for p in tmp_path.iterdir()] == ["a.ipynb"]


def kernels(runtime: Path) -> list[psutil.Process]:
    """Living kernels that were started with connection files in this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(runtime) in part for part in process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def test_notebooks_killed_while_they_run(tmp_path):
    """Every notebook is whole, no kernel lives on, and a second run mends all."""
    book, runtime, names = tmp_path / "book", tmp_path / "runtime", ["a", "b"]
    book.mkdir()
    cells = [
        nbformat.v4.new_code_cell(s)
        for s in ("import time; time.sleep(1)", "print('x' * 300_000)")
    ]
    nb = nbformat.v4.new_notebook(cells=cells)
    for i, cell in enumerate(nb.cells):
        cell.id = f"cell{i}"
    old = {book / f"{name}.ipynb": nbformat.writes(nb) for name in names}
    if KILLS:
        chapter = (ROOT / "book/04_embedding.ipynb").read_text(encoding="utf-8")
        old[book / "04_embedding.ipynb"] = chapter.replace(
            '"outputs": [', '"outputs":['
        )
    command = [sys.executable, ROOT / "tools/run_notebooks.py", *old]
    runtime.mkdir()
    variables = {"TMPDIR": str(runtime)}

    def restore():
        for path, text in old.items():
            path.write_text(text, encoding="utf-8")

    restore()
    seconds = run(command, tmp_path, **variables)
    new = {path: path.read_text(encoding="utf-8") for path in old}
    assert all(old[path] != new[path] for path in old)
    met = 0
    for i, moment in enumerate(moments(seconds, 3, "notebooks")):
        restore()
        process = start(command, tmp_path, **variables)
        if i % 2:  # each second kill leaves a kernel without its parent
            while process.poll() is None and not kernels(runtime):
                time.sleep(0.02)
            moment /= 2
        time.sleep(moment)
        met += len(kernels(runtime))
        kill(process)
        for path in old:
            assert path.read_text(encoding="utf-8") in (old[path], new[path]), moment
        deadline = time.monotonic() + 20
        while kernels(runtime) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert kernels(runtime) == [], f"a kernel outlives a kill after {moment:.2f} s"
    assert met, "no kernel was running at any kill"
    run(command, tmp_path, **variables)
    assert {p: p.read_text(encoding="utf-8") for p in sorted(book.iterdir())} == new


# ------------------------------------------------------------ the small checkpoint

TRAIN = f"""
import sys
sys.path.insert(0, {str(ROOT / "tools")!r})
import train_small as tool
texts = tool.texts()
tool.texts = lambda: [[text[:50_000] for text in part] for part in texts]
tool.loss_on = lambda model, ids: 7.0
tool.BATCH = 1
tool.main()
"""  # the tool itself, on less text


def test_training_killed(tmp_path):
    """What stood there loads until all is new; a second run clears what is left."""
    out = tmp_path / "out" / "small"
    command = [sys.executable, "-c", TRAIN, "--steps", "1", "--out", out]
    seconds = run(command, tmp_path)
    new = {file.name: file.read_bytes() for file in out.iterdir()}
    old = {file.name: file.read_bytes() for file in hub.SMALL.iterdir()}
    assert new.keys() == old.keys() and new != old
    ends = random.Random(f"{SEED} end")
    for i, moment in enumerate(moments(seconds, 2, "train")):
        shutil.rmtree(out.parent)
        shutil.copytree(hub.SMALL, out)
        process = start(command, tmp_path)
        if i % 2:  # each second kill falls into the writing
            while process.poll() is None and len(list(out.parent.iterdir())) < 2:
                time.sleep(0.001)
            moment = ends.uniform(0, 0.02)
        time.sleep(moment)
        kill(process)
        left = {file.name: file.read_bytes() for file in out.iterdir()}
        assert left in (old, new), moment
        Qwen3ForCausalLM.from_pretrained(out)
    run(command, tmp_path)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == new
    assert [p.name for p in out.parent.iterdir()] == ["small"]


# ------------------------------------------------------------------------- the site


def copy_of_the_book(folder: Path, whole: bool) -> None:
    """The repository's files; where not whole, one chapter and the others' text."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in listed.strip("\0").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    for path in sorted((folder / "book").glob("*.ipynb")):
        if not whole and path.stem != "11_mlp":  # which the landing page quotes
            nb = nbformat.read(path, as_version=4)
            text = [cell for cell in nb.cells[2:] if cell.cell_type == "markdown"]
            nb.cells = nb.cells[:2] + text
            nbformat.write(nb, path)


def pages(folder: Path) -> dict[str, bytes]:
    """Every file of a site but Sphinx's own; the icon font carries its time."""
    html = folder / "_build/html"
    return {
        path.relative_to(html).as_posix(): path.read_bytes()
        for path in html.rglob("*")
        if path.is_file() and path.suffix != ".woff2"
    }


@pytest.mark.parametrize(
    "whole",
    [
        False,
        pytest.param(
            True,
            marks=pytest.mark.skipif(
                not KILLS, reason="builds every page often; KILLS=20 asks for it"
            ),
        ),
    ],
)
def test_builds_killed(tmp_path, whole):
    """The next build gives what a build from nothing gives; so does one after it."""
    copy_of_the_book(tmp_path, whole)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-n"]
    command += ["-W", "--keep-going"] if whole else ["--keep-going"]
    seconds = run(command, tmp_path)
    fresh = pages(tmp_path)
    assert len(fresh) > 100
    for moment in [None, *moments(seconds, 1, f"site {whole}")[:: 5 if whole else 1]]:
        if moment is not None:
            shutil.rmtree(tmp_path / "_build")
            process = start(command, tmp_path)
            time.sleep(moment)
            kill(process)
        run(command, tmp_path)
        again = pages(tmp_path)
        assert again.keys() == fresh.keys(), moment
        assert [name for name in fresh if again[name] != fresh[name]] == [], moment
