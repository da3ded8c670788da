"""The model in the page against minqwen3, in Chromium. Skipped where none is."""

import math
import re
import shutil
import sys
from pathlib import Path

import live_expected
import pytest
import torch
from serve import serve

from bookkit import breaks
from bookkit.places import CHAPTERS
from minqwen3 import Qwen3ForCausalLM, Qwen3Tokenizer, hub

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import breaks as chapters_break  # noqa: E402
import mutate_live  # noqa: E402

CHECKS = re.findall(r"^  \*(\w+)\(", live_expected.CHECKS.read_text(), re.M)
ASK = """(job) => new Promise((answer) => {
  const worker = new Worker("_static/live/live_check.js");
  worker.onmessage = ({ data }) => { worker.terminate(); answer(data); };
  worker.onerror = ({ message }) => answer([["starting", message]]);
  worker.postMessage(job);
})"""
# What a page asks of the engine: a run, a run with a mistake, a text written on.
USE = """async (options) => {
  const heard = [], onprogress = (p) => heard.push(p);
  const engine = new Live.Engine({ onprogress, ...options });
  await engine.load();
  const { ids, pieces } = await engine.encode(LIVE_DATA.first.text);
  const right = await engine.run({ ids }, "right");
  const mistakes = { switches: ["repeat"], heads: ["3.1"] };
  const wrong = await engine.run({ ids, ...mistakes }, "wrong");
  const { first, largestLogit, changed } = Live.compare(right, wrong);
  const sum = (x) => x.reduce((a, b) => a + b, 0);
  const sums = [right, wrong].map(({ record }) => Object.values(record)
    .map(({ data }) => sum(data.map((v) => (v === -Infinity ? 0 : v)))));
  const heardTokens = [], written = await engine.write({ ids, count: 6 }, (token) => {
    heardTokens.push(token.id);
  });
  const { top } = await engine.next({ ids }), lens = await engine.lens({ ids });
  const workers = performance.getEntriesByType("resource")
    .filter(({ name }) => name.endsWith("worker.js")).length;
  return { ids, pieces, first, largestLogit, changed, sums, written, heardTokens, top,
    lens, loss: [right.loss, wrong.loss], heard: heard.at(-1), workers,
    bytes: LIVE_DATA.bytes.weights };
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    live_expected.write(folder)
    return folder


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder) as address:
        yield address


@pytest.fixture
def page(browser):
    """An empty page whose console must stay silent."""
    context, said = browser.new_context(), []
    page = context.new_page()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text))
    yield page
    context.close()
    assert said == []


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_computes_what_minqwen3_does(page, address, check):
    """live_check.js holds ids, tensors, caches, mistakes … against what is expected."""
    page.goto(f"{address}/index.html")
    assert page.evaluate(ASK, {"only": [check]}) == []


def test_worker_page_and_disk_give_the_same(page, address, folder):
    """Over http in a worker, over http without one, and opened from the disk."""
    page.goto(f"{address}/index.html")
    worker = page.evaluate(USE, {})
    without = page.evaluate(USE, {"worker": False})
    page.goto((folder / "index.html").as_uri())
    disk = page.evaluate(USE, {})
    assert worker.pop("workers") == 1
    assert without.pop("workers") == 1  # still the one before
    assert disk.pop("workers") == 0
    assert worker == without == disk
    assert worker["heard"] == {"loaded": worker["bytes"], "total": worker["bytes"]}
    model, tokenizer = breaks.model_of(None), Qwen3Tokenizer.from_pretrained(hub.SMALL)
    ids = tokenizer.encode(breaks.TEXT)
    more = model.generate(torch.tensor([ids]), 6)[0, len(ids) :].tolist()
    assert worker["ids"] == ids
    assert worker["written"]["ids"] == worker["heardTokens"] == more
    assert worker["written"]["text"] == tokenizer.decode(more)
    assert worker["written"]["bytes"] == 2 * 4 * (len(ids) + 6) * 128 * 4
    assert worker["first"]["path"] == "model.layers.0.self_attn.o_proj"
    assert (
        worker["top"][0]["piece"] == "·Darcy" == worker["lens"]["top"][4][8][0]["piece"]
    )


def test_a_newer_request_takes_the_place_of_an_older_one(page, address):
    page.goto(f"{address}/index.html")
    answers = page.evaluate("""async () => {
      const engine = new Live.Engine();
      const one = (ids, slot) => engine.run({ ids, record: false }, slot);
      const runs = [one([1, 2]), one([3, 4, 5]), one([6]), one([7, 8], "other")];
      const lengths = (await Promise.all(runs)).map((run) => run?.ids.length ?? null);
      let tokens = 0;
      const older = engine.write({ ids: [36, 748], count: 200 }, () => { tokens++; });
      await new Promise((done) => setTimeout(done, 300));
      const newer = await engine.write({ ids: [36], count: 3 });
      const stopped = await engine.write({ ids: [36], count: 9 }, () => false);
      const { done } = await older;
      return [lengths, done, tokens < 200, newer.done, stopped.ids.length];
    }""")
    assert answers == [[None, None, 1, 2], "stopped", True, "count", 1]


def test_what_fails_says_what_to_do_and_can_be_tried_again(browser, address, folder):
    page = browser.new_context().new_page()
    page.goto(f"{address}/index.html")
    said = "async (e) => { try { await e(); } catch ({ message }) { return message; } }"
    page.route("**/model.safetensors", lambda route: route.fulfill(status=404))
    load = f"() => ({said})(() => (globalThis.engine ??= new Live.Engine()).load())"
    message = page.evaluate(load)
    assert "The model did not load: model.safetensors could not be fetched" in message
    assert "(status 404). Reload the page" in message
    page.unroute("**/model.safetensors")
    assert page.evaluate(load) is None
    run = f"(ids) => ({said})(() => engine.run({{ ids }}))"
    assert page.evaluate(run, []) == "The text is empty: type a word."
    assert "id 4000: expected 0 to 2047" in page.evaluate(run, [4000])
    assert page.evaluate(run, [1, 2]) is None
    # A worker whose scripts do not load: the page computes itself.
    page.route("**/session.js", lambda route: route.abort())
    assert (
        page.evaluate("""async () => {
      const engine = new Live.Engine();
      return (await engine.run({ ids: [1, 2] })).ids.length;
    }""")
        == 2
    )
    disk = browser.new_context().new_page()
    disk.route("**/weights.js", lambda route: route.abort())
    disk.goto((folder / "index.html").as_uri())
    assert "weights.js could not be read" in disk.evaluate(load)


def test_a_worker_that_stops_is_begun_anew(page, address):
    page.goto(f"{address}/index.html")
    said, again, workers = page.evaluate("""async () => {
      const Real = Worker, made = [];
      Worker = class extends Real {
        constructor(url) { super(url); made.push(this); }
      };
      const engine = new Live.Engine();
      await engine.load();
      const lost = engine.run({ ids: [1, 2] }).catch(({ message }) => message);
      await new Promise((done) => setTimeout(done));
      made[0].dispatchEvent(new ErrorEvent("error", { cancelable: true }));
      const said = await lost, { ids } = await engine.run({ ids: [1, 2] });
      await new Promise((done) => setTimeout(done, 300));
      return [said, ids, made.length];
    }""")
    assert said == "The worker that computes stopped; try again."
    assert (again, workers) == ([1, 2], 2)


@pytest.mark.parametrize("change", mutate_live.SOME, ids=lambda c: f"{c[0]}: {c[1]}")
def test_a_mutation_is_noticed(browser, address, change):
    file, old, new, check = change
    script = (live_expected.SCRIPTS / file).read_text(encoding="utf-8")
    assert script.count(old) == 1
    answer = {"body": script.replace(old, new), "content_type": "text/javascript"}
    context = browser.new_context()
    context.route(f"**/{file}", lambda route: route.fulfill(**answer))
    page = context.new_page()
    page.goto(f"{address}/index.html")
    faults = page.evaluate(ASK, {"only": [check], "stop": True})
    assert [name for name, _ in faults] == [check]
    context.close()


# ------------------------------------------------------------------ the mistakes


def test_stored_losses_and_first_lines_are_measured_again():
    measured, stored = breaks.measured(), breaks.results()
    assert measured["trained"] == pytest.approx(stored["trained"], abs=2e-3)
    assert list(measured["breaks"]) == list(stored["breaks"])
    for key, found in measured["breaks"].items():
        assert found["loss"] == pytest.approx(stored["breaks"][key]["loss"], abs=5e-3)
        assert found["first"] == stored["breaks"][key]["first"], key
    card = (hub.SMALL / "README.md").read_text(encoding="utf-8")
    one, two = (
        float(x) for x in re.findall(r"model has ([\d.]+),.*? ([\d.]+)\.", card)[0]
    )
    expected = {"token pairs alone": two, "token counts alone": one}
    expected["blind guess"] = math.log(2048)
    assert stored["marks"] == pytest.approx(expected, abs=0.006)
    assert breaks.windows().numel() == 3072


def test_every_mistake_fits_its_file_and_says_what_it_is():
    assert len({b.key for b in breaks.BREAKS}) == len(breaks.BREAKS) == 25
    assert sum(b.main for b in breaks.ON_PAGE) == 10
    for mistake in breaks.BREAKS:
        package = hub.SMALL if mistake.file == "config.json" else hub.SMALL.parent
        text = (package / mistake.file).read_text(encoding="utf-8")
        assert breaks.changed(text, mistake.changes) != text
        assert mistake.chapter in CHAPTERS and mistake.witness in breaks.WITNESSES
        assert mistake.effect.endswith(".")
        if mistake.absent:
            assert not mistake.puzzle and not mistake.main
    with pytest.raises(ValueError, match="stands 0 times"):
        breaks.changed("a", (("b", "c"),))


def test_the_witness_is_the_loss_where_the_loss_tells():
    stored = breaks.results()
    for mistake in breaks.ON_PAGE:
        rise = stored["breaks"][mistake.key]["loss"] - stored["trained"]
        assert (rise > 0.2) == (mistake.witness == "loss"), mistake.key


def test_shapes_count_and_printout_stay_the_same():
    right = breaks.broken()
    for mistake in breaks.ON_PAGE:
        wrong = breaks.model_of(mistake)
        assert repr(wrong) == repr(right), mistake.key
        shapes = {name: p.shape for name, p in wrong.state_dict().items()}
        assert shapes == {name: p.shape for name, p in right.state_dict().items()}


def test_breaks_that_the_page_leaves_out_change_no_number_in_fp32():
    ids = Qwen3Tokenizer.from_pretrained(hub.SMALL).encode(breaks.TEXT)
    right = breaks.calls(breaks.broken(), ids)
    for mistake in breaks.BREAKS:
        if mistake.absent:
            wrong = breaks.calls(breaks.broken(mistake.changes), ids)
            assert breaks.first_difference(right, wrong) is None, mistake.key


def test_a_strict_loader_refuses_the_untied_head(tmp_path):
    [mistake] = [b for b in breaks.BREAKS if b.file == "config.json"]
    folder = tmp_path / "small"
    shutil.copytree(hub.SMALL, folder)
    config = folder / mistake.file
    config.write_text(breaks.changed(config.read_text(), mistake.changes))
    with pytest.raises(ValueError, match="lm_head.weight"):
        Qwen3ForCausalLM.from_pretrained(folder)


def test_chapters_are_run_on_every_mistake_in_the_code():
    assert len(chapters_break.BREAKS) == 24
    assert chapters_break.BREAKS["no rotation"][0] == "08_rope"
    assert chapters_break.BREAKS["theta"] == (
        "08_rope",
        (("theta, dim = self.config.rope_theta", "theta, dim = 1e4"),),
    )
