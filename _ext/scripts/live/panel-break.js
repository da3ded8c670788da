// What would break? The first line that differs, the two-line change, and the witnesses.
(() => {
  const Live = globalThis.Live ??= {};
  const { h, short, code, token, comma } = Live.dom;
  const { nameOf, layerOf } = Live.panel;

  const called = (path) => {
    const name = nameOf(path), layer = layerOf(path);
    const shown = { "": "Qwen3ForCausalLM", 0: "Qwen3DecoderLayer" }[name] ?? name;
    return [code(shown), layer === null ? "" : name === "0" ? ` ${layer}` : ` of layer ${layer}`];
  };
  const list = (nodes) => nodes.flatMap((node, i) =>
    (i === 0 ? [node] : i === nodes.length - 1 ? [" and ", node] : [", ", node]));

  /** The sentence a reader is after, as nodes. */
  function verdict(view) {
    const { first } = view.compared;
    if (!first) return [h("h2", {}, "Not one number differs"), h("p", {}, "On this text the change does nothing.")];
    if (!first.path) return [h("h2", {}, "No printed line differs"),
      h("p", {}, "Only ", code(first.function), ", which prints no line, gives other numbers.")];
    const inputs = first.inputs.map((path) => code(nameOf(path) === "0" ? `layer ${layerOf(path)}` : nameOf(path)));
    const said = [h("h2", {}, "The first line that differs: ", ...called(first.path), ".")];
    const equal = inputs.length && first.inputsEqual
      ? [...list(inputs), inputs.length > 1 ? " are equal to the bit" : " is equal to the bit"] : [];
    const functions = [...new Set(view.mistakes().map((s) => s.function).filter(Boolean))];
    const hidden = functions[0] ?? first.function;
    const order = inputs.length ? " (The tree prints modules in the order in which they were made, not in which they run.)" : "";
    if (first.skipped) said.push(h("p", {}, "Nothing calls it any more", equal.length ? ["; ", ...equal] : "", "."));
    else if (hidden) said.push(h("p", {}, ...(equal.length ? [...equal, ". So the "] : ["The "]), "fault lies between these lines, in ", code(hidden), ", which the tree does not print.", order));
    else said.push(h("p", {}, ...(equal.length ? [...equal, ", so the fault is in this line itself."] : ["Nothing before it differs, so the fault is in this line itself."])));
    return said;
  }

  function diff(mistake) {
    const row = (tag, sign, text) => text.split("\n").map((line) =>
      h(tag, { class: "live-code" }, h("span", { class: "live-number" }, sign), `${line.trim()}\n`));
    return h("pre", { class: "live-source", tabIndex: 0, "aria-label": `The change in ${mistake.file}` },
      ...mistake.changes.flatMap(([old, new_]) => [...row("del", "−", old), ...row("ins", "+", new_)]));
  }

  /** What notices, and what does not. */
  function witnesses(view) {
    const { compared, right, wrong } = view, { heldOut, parameters, config } = globalThis.LIVE_DATA;
    const mistakes = view.mistakes(), [one] = mistakes;
    const alone = mistakes.length === 1 && !view.state.heads.length ? one : null;
    const most = alone?.witness, rows = [];
    const row = (key, what, ...value) => rows.push(h("dt", { class: key === most ? "live-main" : null }, what),
      h("dd", { class: key === most ? "live-main" : null }, ...value));
    if (alone) row("loss", `loss on ${comma(heldOut.tokens)} unseen tokens`, `${heldOut.loss.toFixed(2)} → ${alone.loss.toFixed(2)}`);
    row("logit", "largest change of a logit", short(compared.largestLogit));
    row("tokens", "likeliest next token changed", `at ${compared.changed.length} of ${compared.of} positions`);
    if (view.edited) {
      const { held, moved, of, word } = view.edited;
      row("earlier", `the last token becomes “${token(word)}”: earlier positions that move`,
        `${held} of ${of} with the mask, ${moved} of ${of} without`);
    }
    const more = comma(config.vocab_size * config.hidden_size);
    row("", "print, shapes, parameter count", mistakes.some((s) => s.key === "headUntied")
      ? `print and shapes the same; ${more} parameters more than ${comma(parameters)}` : "the same");
    if (right.losses.length) row("", `loss on your ${right.ids.length} tokens`,
      `${right.loss.toFixed(2)} → ${wrong.loss.toFixed(2)}: too few to tell from noise`);
    return h("dl", { class: "live-witnesses" }, ...rows);
  }

  function breakPanel(view) {
    const mistakes = view.mistakes(), { chapters } = globalThis.LIVE_DATA;
    const parts = [h("p", { class: "live-over" }, "What changed: ", mistakes.map((s) => s.label)
      .concat(view.state.heads.map((key) => `layer ${key.replace(".", ", head ")} silent`)).join(" and "))];
    if (!view.compared) return { parts: [...parts, h("p", { class: "live-quiet" }, "Both models are about to run.")], later: [] };
    parts.push(...verdict(view), ...mistakes.map(diff), ...mistakes.map((s) => h("p", {}, s.effect)), witnesses(view));
    parts.push(h("p", { class: "live-quiet" }, "These weights were trained with the line as it was; a model trained with the change might not need it back."));
    for (const s of view.keep ? mistakes : []) parts.push(h("p", { class: "live-where" }, "Chapter ", String(Number(s.chapter.slice(0, 2))), ": ",
      h("a", { href: `${Live.root}book/${s.chapter}.html#what-would-break` }, `${chapters[s.chapter]}, What would break? →`)));
    return { parts, later: [] };
  }

  Object.assign(Live.panel, { breakPanel, verdict, diff, called });
})();
