// Find the wrong line: a fault by number, the same for everybody that day.
(() => {
  const Live = globalThis.Live ??= {};
  const { h } = Live.dom;
  const { called, diff, recordOf } = Live.panel;

  /** Look at a line of the tree; the answer, as a look. */
  function look(view, path) {
    const { puzzle } = view.state, { first, differences } = view.compared;
    if (puzzle.found || puzzle.looks.some((it) => it.path === path)) return;
    const at = recordOf(path), found = Live.isFound(at, first) && differences[at] !== 0;
    const equal = differences[at] === 0;
    puzzle.looks.push({ path, found, equal });
    if (found) puzzle.found = true;
  }

  const plural = (n) => `${n} ${n === 1 ? "look" : "looks"}`;
  const address = (number) => `${location.href.split(/[?#]/)[0]}?puzzle=${number}`;

  function puzzlePanel(view) {
    const { puzzle } = view.state, n = puzzle.looks.length, out = [];
    out.push(h("p", { class: "live-over" }, `Find the wrong line · no. ${puzzle.number}`));
    if (puzzle.found) return { parts: [...out, ...solved(view, n)], later: [] };
    out.push(h("h2", {}, "This Qwen3 has one wrong line. Every shape fits and nothing warns."));
    if (!view.compared) out.push(h("p", { class: "live-quiet" }, "Both models are about to run."));
    else {
      const [mistake] = view.mistakes(), { heldOut } = globalThis.LIVE_DATA;
      out.push(h("p", {}, "Each strip is split: the model as it was trained above, the broken one below. Which line is the first whose numbers differ? Click it. The tree prints modules in the order in which they were made, not in which they run; where a function between two lines is at fault, the line after it is the one."),
        h("p", {}, `Loss on ${heldOut.tokens.toLocaleString("en")} unseen tokens: ${heldOut.loss.toFixed(1)} as trained, `, h("b", {}, mistake.loss.toFixed(1)), " with the fault."));
    }
    const answers = puzzle.looks.map((it) => h("li", {}, it.equal ? ["Not here: ", ...called(it.path), " is equal to the bit."]
      : [...called(it.path), " differs, but something that runs before it differs already."]));
    out.push(h("p", { role: "status" }, n ? `${plural(n)} so far.` : "No line looked at yet."),
      h("ol", { class: "live-looks" }, ...answers.reverse()), leave(view));
    return { parts: out, later: [] };
  }

  function solved(view, n) {
    const { puzzle } = view.state, [mistake] = view.mistakes(), { chapters } = globalThis.LIVE_DATA;
    const text = `Reading Qwen3 no. ${puzzle.number}, one wrong line: found in ${plural(n)}\n${puzzle.looks.map((it) => (it.found ? "◆" : it.equal ? "◇" : "◈")).join("")}\n${address(puzzle.number)}`;
    const said = h("span", { role: "status" });
    const copy = h("button", { type: "button", class: "live-button live-primary", key: "copy", onclick: async () => {
      try { await navigator.clipboard.writeText(text); said.textContent = " Copied."; }
      catch { result.hidden = false; result.select(); said.textContent = " Copy it from here."; }
    } }, "Copy the result");
    const result = h("textarea", { class: "live-result", rows: 3, readOnly: true, hidden: true, "aria-label": "The result" }, text);
    const before = puzzle.number - 1;
    return [h("h2", {}, `Found in ${plural(n)}: ${mistake.label}.`), ...Live.panel.verdict(view).slice(1), diff(mistake), h("p", {}, mistake.effect),
      h("p", {}, copy, said), result,
      h("p", { class: "live-where" }, `Chapter ${Number(mistake.chapter.slice(0, 2))}: `, h("a", { href: `${Live.root}book/${mistake.chapter}.html#what-would-break` }, `${chapters[mistake.chapter]}, What would break? →`)),
      h("p", {}, h("a", { href: `?puzzle=${before}`, key: "again", onclick: (event) => { event.preventDefault(); view.startPuzzle(before); } }, `Try no. ${before}`), " · ", leave(view)),
      h("p", { class: "live-quiet" }, "A new one comes each day. Nothing is stored: the number is all there is.")];
  }

  const leave = (view) => h("button", { type: "button", class: "live-link", key: "leave", onclick: () => view.leavePuzzle() }, "Leave the puzzle");

  Object.assign(Live.panel, { puzzlePanel, look });
})();
