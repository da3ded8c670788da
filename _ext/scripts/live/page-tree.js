// The printed tree: one row a line, one tab stop for all of them. The rows of the first
// paint are the build's; others are made here on request.
(() => {
  const Live = globalThis.Live ??= {};
  const { h, short } = Live.dom;
  const { nameOf, layerOf, recordOf } = Live.panel;

  class Tree {
    constructor(view, list) {
      Object.assign(this, { view, list });
      this.adopt();
      this.rove();
      list.addEventListener("click", (event) => this.click(event));
      list.addEventListener("keydown", (event) => this.key(event));
    }

    /** Take over what stands in the list. */
    adopt() {
      this.rows = [...this.list.querySelectorAll(".live-row")].map((node) => ({
        node, path: node.dataset.path, shape: node.querySelector(".live-shape"),
        strip: node.querySelector(".live-strip") }));
      for (const { node } of this.rows) node.setAttribute("role", "button");
      for (const a of this.list.querySelectorAll(".live-bare a")) a.tabIndex = -1;
    }

    /** All layers, or the steps that print no line, or neither. */
    build({ all, steps }) {
      this.list.replaceChildren(...Live.treeLines(Live.config, { apart: all, steps }).map(({ text, depth, path, step }) => {
        const [, name, rest] = text.match(/^(\([^)]*\))?([^]*)$/), indent = h("span", { class: "live-indent" }, "  ".repeat(depth));
        const words = h("code", { class: "live-text" }, indent, name ?? rest, h("span", { class: "live-rest" }, name ? rest : ""));
        const closes = path === null || path === undefined;
        const li = h("li", { class: closes ? "live-bare live-close" : path === "model.layers" ? "live-bare" : null, "aria-hidden": closes ? "true" : null });
        li.style.setProperty("--depth", depth);
        if (closes) { li.append(words); return li; }
        const { href } = Live.panel.placeOf(path);
        if (path === "model.layers") { li.append(h("a", { href }, words)); return li; }
        li.append(h("a", { class: `live-row${step ? " live-step" : ""}`, href, "data-path": path }, words,
          h("span", { class: "live-shape" }), h("span", { class: "live-strip" })));
        return li;
      }));
      this.adopt();
    }

    concrete(row) { return row.path.replace("*", this.view.state.layer); }

    find(path) { return this.rows.find((row) => this.concrete(row) === path); }

    draw() {
      const { view } = this, { compared, shown } = view, first = view.hidden ? null : compared?.first;
      const lit = first && (first.path ?? first.step);
      for (const row of this.rows) {
        const path = this.concrete(row), chosen = path === view.path, right = view.right?.record[recordOf(path)];
        const entry = shown?.record[recordOf(path)] ?? (view.hidden ? right : undefined);
        const off = view.hidden ? undefined : compared?.differences[recordOf(path)];
        const isFirst = path === lit;
        row.node.setAttribute("aria-pressed", String(chosen && view.chosen && view.state.panel === "line"));
        row.node.classList.toggle("live-same", off === 0);
        row.node.classList.toggle("live-first", isFirst);
        row.node.classList.toggle("live-gone", Boolean(shown) && !entry);
        if (!shown) continue;
        this.say(row, path, entry, off, isFirst);
      }
      this.rove();
    }

    say(row, path, entry, off, isFirst) {
      const { view } = this, name = { "": "Qwen3ForCausalLM", 0: "Qwen3DecoderLayer" }[nameOf(path)] ?? nameOf(path);
      const layer = layerOf(path) === null ? "" : ` of layer ${layerOf(path)}`;
      if (!entry) {
        row.shape.textContent = "not called";
        row.strip.replaceChildren();
        row.node.setAttribute("aria-label", `${name}${layer}, not called${isFirst ? ", the first line that differs" : ""}`);
        return;
      }
      const pairs = /\.(scores|probs|mask)$/.test(path), numbers = pairs ? null : Live.at(entry, view.at);
      const right = view.hidden && view.right.record[recordOf(path)];
      row.shape.textContent = `(${entry.shape.join(", ")})`;
      row.strip.replaceChildren(numbers
        ? right ? Live.draw.strip(Live.at(right, view.at), numbers) : Live.draw.strip(numbers) : "");
      const change = isFirst ? ", the first line that differs" : off === 0 ? ", unchanged" : off > 0 ? ", changed" : "";
      const rms = numbers ? `, RMS ${short(Live.rms(numbers))}` : "";
      row.node.setAttribute("aria-label", `${name}${layer}, shape ${entry.shape.join(" by ")}${rms}${change}`);
    }

    /** The one row that a Tab reaches: the one in focus, else the chosen one. */
    rove(node = this.rows.find((row) => row.node === document.activeElement)?.node
      ?? this.find(this.view.path)?.node ?? this.rows[0].node) {
      for (const row of this.rows) row.node.tabIndex = row.node === node ? 0 : -1;
    }

    click(event) {
      const node = event.target.closest("a");
      if (!node || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      const row = this.rows.find((it) => it.node === node);
      if (!row) return;  // a line that nothing calls leads to its chapter
      event.preventDefault();
      this.rove(node);
      this.view.choose(row.path);
    }

    key(event) {
      const at = this.rows.findIndex((row) => row.node === event.target), last = this.rows.length - 1;
      if (at < 0) return;
      if (event.key === " ") { event.preventDefault(); this.view.choose(this.rows[at].path); return; }
      const go = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
      if (go === undefined) return;
      event.preventDefault();
      const { node } = this.rows[Math.max(0, Math.min(last, go))];
      this.rove(node);
      node.focus();
    }
  }

  Live.Tree = Tree;
})();
