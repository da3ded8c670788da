// The running tree: what a reader has chosen, the two passes, and everything drawn of them.
(() => {
  const Live = globalThis.Live ??= {};
  const { h, fill, percent, comma, token, debounce } = Live.dom;
  const NARROW = 1000, LEAST = 3, MOST = 13;  // pixels; ends of the scale, landing.py's
  const slow = () => navigator.connection?.saveData || /(^|-)2g$/.test(navigator.connection?.effectiveType ?? "");

  class View {
    /** `root` is a `.live`; `keep` says whether the address follows. */
    constructor(root, { keep = false, line = "model.layers.*.self_attn", layer = 3 } = {}) {
      const { first, config, switches } = globalThis.LIVE_DATA;
      Live.config = config;
      Object.assign(this, { root, keep, switches, ids: first.ids, pieces: first.pieces, typed: first.text,
        right: null, wrong: null, compared: null, edited: null, lens: null, waiting: false, chosen: keep && root.clientWidth >= NARROW, turn: 0 });
      this.state = { text: first.text, at: null, layer, line, all: false, steps: false, off: [], heads: [], panel: "line", puzzle: null };
      this.own = (name) => root.querySelector(`[data-live="${name}"]`);
      this.panel = root.querySelector(".live-panel");
      this.home = this.panel.parentNode;
      this.tree = new Live.Tree(this, root.querySelector(".live-rows"));
      this.field = root.querySelector('input[type="text"]');
      this.listen();
      this.place();
      new ResizeObserver(() => this.resized()).observe(root);
      new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    }

    get at() { return Math.min(this.state.at ?? Infinity, this.ids.length - 1); }
    get path() { return this.state.line.replace("*", this.state.layer); }
    get shown() { return this.wrong ?? this.right; }
    get narrow() { return this.root.clientWidth < NARROW; }
    /** The reader is looking for the fault, so nothing may give it away. */
    get hidden() { return Boolean(this.state.puzzle && !this.state.puzzle.found); }
    get broken() { return this.state.off.length + this.state.heads.length > 0; }
    mistakes() { return this.switches.filter((s) => this.state.off.includes(s.key)); }

    // ---- what a reader does

    listen() {
      const typed = debounce(() => this.update({ text: this.field.value, at: null }), 200);
      this.field?.addEventListener("input", typed);
      this.field?.addEventListener("keydown", (event) => {
        if (event.key === "Enter") this.update({ text: this.field.value, at: null });
      });
      this.root.addEventListener("change", ({ target }) => {
        if (target.name === "live-token") this.update({ at: Number(target.value) === this.ids.length - 1 ? null : Number(target.value) });
        else if (target.name === "live-layer") this.pickLayer(target.value);
        else if (target.dataset.head) this.toggleHead(target.dataset.head);
        else if (target.dataset.live === "steps") this.update({ steps: target.checked });
        else if (target.dataset.live === "examples" && target.value) this.example(target);
      });
      this.root.addEventListener("click", (event) => {
        const key = event.target.closest("[data-switch]")?.dataset.switch;
        if (key) this.toggleSwitch(key, event.shiftKey);
      });
      this.own("further")?.addEventListener("click", () => {
        const row = this.root.querySelector(".live-switches");
        row.scrollBy({ left: row.scrollLeft + row.clientWidth >= row.scrollWidth - 4 ? -row.scrollWidth : 0.7 * row.clientWidth, behavior: "smooth" });
      });
      this.own("write")?.addEventListener("click", () => this.writeOn());
    }

    example(select) {
      this.field.value = select.value;
      this.update({ text: select.value, at: null });
      select.value = "";
    }

    pickLayer(value) {
      if (value === "all") this.update({ all: true });
      else this.update({ layer: Number(value), all: false, line: this.state.line.replace(/layers\.\d+/, "layers.*") });
    }

    /** A line was chosen; in a narrow window a second choice shuts it again. */
    choose(path) {
      const layer = path.match(/layers\.(\d+)/)?.[1], again = this.chosen && this.state.line === path && this.state.panel === "line";
      if (this.hidden) {
        if (this.compared) { Live.panel.look(this, path.replace("*", this.state.layer)); this.update({ line: path, found: true }); }
        return;
      }
      if (this.narrow && again) { this.chosen = false; this.update({ panel: "line" }); return; }
      this.chosen = true;
      this.update({ line: path, panel: this.state.puzzle ? "puzzle" : "line", ...(layer ? { layer: Number(layer) } : {}) });
    }

    toggleSwitch(key, more) {
      const { off } = this.state, on = off.includes(key);
      const next = on ? off.filter((k) => k !== key) : [...(more ? off : []).slice(-1), key];
      this.chosen = next.length > 0 || !this.narrow;
      this.update({ off: next, heads: next.length ? [] : this.state.heads, panel: next.length ? "break" : "line", puzzle: null });
    }

    toggleHead(key) {
      const { heads } = this.state;
      this.update({ heads: heads.includes(key) ? heads.filter((k) => k !== key) : [...heads, key], off: [] });
    }

    startPuzzle(number) {
      this.chosen = true;
      this.update({ puzzle: { number, looks: [], found: false }, off: [Live.puzzle(number)], heads: [], layer: 0, panel: "puzzle" });
    }

    leavePuzzle() { this.update({ puzzle: null, off: [], panel: "line" }); }

    // ---- what follows

    async update(changes) {
      const { state } = this, before = JSON.stringify([state.text, state.off, state.heads]);
      const shape = `${state.all} ${state.steps}`, position = this.at;
      Object.assign(state, changes);
      const run = before !== JSON.stringify([state.text, state.off, state.heads]) || !this.right;
      if (shape !== `${state.all} ${state.steps}`) this.tree.build(state);
      if (position !== this.at) this.lens = null;
      this.remember();
      this.waiting = run;
      if (run && !this.broken) this.forget();
      this.draw();
      if (run) await this.compute();
    }

    /** Nothing is wrong any more: back to the right model at once. */
    forget() {
      Object.assign(this, { wrong: null, compared: null, edited: null });
      if (this.layerBefore !== undefined) { this.state.layer = this.layerBefore; delete this.layerBefore; }
    }

    async compute() {
      const mine = ++this.turn, { state } = this, late = setTimeout(() => this.root.classList.add("live-computing"), 100);
      try {
        if (!await this.ready() || mine !== this.turn) return;
        if (this.typed !== state.text || !this.right) await this.encode(mine);
        if (mine !== this.turn) return;
        if (this.ids.length && !this.right) this.right = await this.engine.run({ ids: this.ids }, "right");
        if (mine !== this.turn || !this.ids.length) return;
        if (this.broken) await this.breakIt(mine);
        if (mine !== this.turn) return;
        this.waiting = false;
        this.lens = null;
        this.draw();
        this.show();
      } catch (error) {
        this.failed(error);
      } finally {
        clearTimeout(late);
        if (mine === this.turn) this.root.classList.remove("live-computing");
      }
    }

    async encode(mine) {
      const { state } = this, found = await this.engine.encode(state.text);
      if (mine !== this.turn) return;
      Object.assign(this, found, { typed: state.text, right: null });
      if (!found.ids.length) { this.forget(); this.waiting = false; this.draw(); }
    }

    async breakIt(mine) {
      const job = { switches: this.state.off, heads: this.state.heads };
      const wrong = await this.engine.run({ ids: this.ids, ...job }, "wrong");
      if (!wrong || mine !== this.turn) return;
      const compared = Live.compare(this.right, wrong), layer = compared.first?.path?.match(/layers\.(\d+)/)?.[1];
      const edited = this.mistakes().some((s) => s.witness === "earlier") ? await this.editLast(job) : null;
      if (mine !== this.turn) return;
      Object.assign(this, { wrong, compared, edited });
      if (layer !== undefined && this.state.panel === "break" && this.state.layer !== Number(layer)) {
        this.layerBefore ??= this.state.layer;
        this.state.layer = Number(layer);
      }
    }

    /** The mask's witness: change the last token, and see which earlier positions move. */
    async editLast(job) {
      const { ids } = this, last = ids.length - 1;
      if (!last) return null;
      const { ids: [other], pieces: [word] } = await this.engine.encode(this.pieces[last] === "·her" ? " him" : " her");
      const changed = [...ids.slice(0, last), other], [right, wrong] = await Promise.all([
        this.engine.run({ ids: changed }, "edited right"), this.engine.run({ ids: changed, ...job }, "edited wrong")]);
      const earlier = (one, two) => Live.moved(one, two, "model").filter((t) => t < last).length;
      const wrongBefore = await this.engine.run({ ids, ...job }, "edited before");
      return { word, of: last, held: earlier(this.right, right), moved: earlier(wrongBefore, wrong) };
    }

    /** The model, brought at the first touch; on a thin line only when it is asked for. */
    async ready() {
      if (Live.engine?.ready) { this.engine = Live.engine; return true; }
      if (slow() && !this.asked && !Live.engine) { this.offer(); return false; }
      this.root.classList.add("live-loading");
      const bar = this.root.querySelector("progress");
      Live.engine ??= new Live.Engine();
      Live.engine.onprogress = ({ loaded, total }) => { if (bar) bar.value = loaded / total; };
      this.engine = Live.engine;
      try { await this.engine.load(); } finally { this.root.classList.remove("live-loading"); }
      return true;
    }

    offer(text = "Your connection is thin, so the model waits:") {
      const size = `${(globalThis.LIVE_DATA.bytes.weights / 1e6).toFixed(1)} MB`;
      const button = h("button", { type: "button", class: "live-link", onclick: () => { this.asked = true; this.note(""); this.compute(); } }, `load it, ${size}`);
      this.note(text, " ", button);
    }

    failed(error) {
      const late = !this.engine?.ready;
      this.waiting = false;
      this.draw();
      if (late) {
        const retry = h("button", { type: "button", class: "live-link", onclick: () => { this.note(""); this.compute(); } }, "Try again");
        this.note(h("strong", {}, "The weights did not load."), " The tree still leads to every chapter. ", retry);
      } else this.note(h("strong", {}, error.message));
      this.root.classList.add("live-failed");
    }

    note(...what) {
      this.root.classList.remove("live-failed");
      this.own("note")?.replaceChildren(...what);
    }

    /** One more token through the cache: only its own row is computed. */
    async writeOn() {
      const button = this.own("write");
      if (button.getAttribute("aria-disabled") === "true") return;
      button.setAttribute("aria-disabled", "true");
      try {
        if (!this.right) await this.compute();
        if (!this.right || this.ids.length >= Live.MAX_TOKENS) { if (this.right) this.note(`${Live.MAX_TOKENS} tokens are as many as this page takes.`); return; }
        const job = { switches: this.state.off, heads: this.state.heads };
        if (this.writer?.text !== this.typed || this.writer.with !== JSON.stringify(job)) {
          if (this.writer) await this.engine.ask("end", { writer: this.writer.id });
          const { writer, bytes } = await this.engine.ask("start", { ids: this.ids, ...job });
          this.writer = { id: writer, bytes, with: JSON.stringify(job), from: this.ids.length };
        }
        const step = await this.engine.ask("step", { writer: this.writer.id });
        const text = this.typed + step.text, grown = step.bytes - this.writer.bytes;
        Object.assign(this.writer, { text, bytes: step.bytes });
        Object.assign(this, { ids: [...this.ids, step.id], pieces: [...this.pieces, step.piece], typed: text, total: this.ids.length + 1, right: null });
        Object.assign(this.state, { text, at: null });
        if (this.field) this.field.value = text;
        this.remember();
        await this.rerun();
        this.note(`Only the new token was computed. The cache: keys and values of ${step.length} tokens, ${comma(step.bytes)} bytes (+${comma(grown)}).`);
      } catch (error) {
        this.failed(error);
      } finally {
        button.removeAttribute("aria-disabled");
      }
    }

    async rerun() {
      const mine = ++this.turn, right = await this.engine.run({ ids: this.ids }, "right");
      if (!right || mine !== this.turn) return;
      this.right = right;
      if (this.broken) await this.breakIt(mine);
      this.lens = null;
      this.draw();
    }

    async readLens() {
      if (!this.right || this.reading) return;
      this.reading = true;
      try {
        const mine = this.turn, lens = await this.engine.lens({ ids: this.ids, switches: this.state.off, heads: this.state.heads });
        if (lens && mine === this.turn) { this.lens = lens; this.drawPanel(); }
      } finally { this.reading = false; }
    }

    // ---- the address

    remember() {
      if (!this.keep) return;
      const { state } = this, { first } = globalThis.LIVE_DATA, name = Live.panel.nameOf(state.line);
      const puzzle = state.puzzle, usual = this.layerBefore ?? state.layer;
      Live.address.write({
        text: state.text === first.text ? null : state.text, token: state.at === null ? null : String(state.at),
        layer: puzzle || usual === 3 ? null : String(usual),
        line: puzzle || name === "self_attn" ? null : { "": "Qwen3ForCausalLM", 0: "layer" }[name] ?? name,
        switch: puzzle ? null : state.off.join(), head: puzzle ? null : state.heads.join(), puzzle: puzzle ? String(puzzle.number) : null,
      });
    }

    /** Take over what an address says; whether it asks for the model. */
    restore({ text, token: at, layer, line, switch: off, head, puzzle }) {
      const { state } = this, known = this.switches.map((s) => s.key), { config, lines } = globalThis.LIVE_DATA;
      const within = (value, most) => (/^\d+$/.test(value ?? "") && Number(value) <= most ? Number(value) : null);
      if (text !== null) { state.text = text.slice(0, 600); if (this.field) this.field.value = state.text; }
      state.at = within(at, Live.MAX_TOKENS - 1);
      state.layer = within(layer, config.num_hidden_layers - 1) ?? state.layer;
      if (line !== null) {
        const wanted = { Qwen3ForCausalLM: "", layer: "0" }[line] ?? line.split(".").pop();
        const path = Object.keys(lines).find((it) => Live.panel.nameOf(it) === wanted && it !== "model.layers");
        if (path !== undefined) { state.line = path.replace("layers.0", "layers.*"); this.chosen = true; }
      }
      state.off = (off ?? "").split(",").filter((key) => known.includes(key)).slice(0, 2);
      state.heads = (head ?? "").split(",").filter((key) => /^\d+\.\d+$/.test(key) && Number(key.split(".")[0]) < config.num_hidden_layers
        && Number(key.split(".")[1]) < config.num_attention_heads);
      if (state.off.length) { state.panel = "break"; this.chosen = true; }
      if (puzzle !== null) { this.startPuzzle(/^\d+$/.test(puzzle) ? Number(puzzle) : Live.today()); return false; }
      return text !== null || at !== null || layer !== null || line !== null || this.broken;
    }

    // ---- drawing

    draw() {
      const { root, state } = this;
      root.classList.toggle("live-broken", Boolean(this.compared) && !this.hidden);
      root.classList.toggle("live-puzzle", this.hidden);
      for (const button of root.querySelectorAll("[data-switch]"))
        button.setAttribute("aria-pressed", String(!state.puzzle && state.off.includes(button.dataset.switch)));
      for (const input of root.querySelectorAll('[name^="live-layer"]'))
        input.checked = state.all ? input.value === "all" : input.value === String(state.layer);
      if (this.right || this.pieces.length !== globalThis.LIVE_DATA.first.pieces.length) this.drawTokens();
      if (this.shown) this.drawNext();
      this.drawScale();
      this.tree.draw();
      this.drawPanel();
    }

    drawTokens() {
      const box = this.root.querySelector(".live-chips"), { pieces, at, ids } = this;
      if (!box) return;
      fill(box, h("legend", { class: "live-sr" }, "Tokens: choose a position"), ...pieces.map((piece, t) => {
        const joined = t > 0 && !piece.startsWith("·"), written = this.writer?.text === this.typed && t >= this.writer.from;
        return h("label", { class: `live-chip${joined ? " live-joined" : ""}${written ? " live-written" : ""}` },
          h("input", { type: "radio", name: "live-token", value: String(t), checked: t === at, key: `token ${t}` }), h("span", {}, token(piece)));
      }));
      const chosen = box.children[at + 1];
      if (chosen) box.scrollLeft = Math.max(0, Math.min(box.scrollLeft, chosen.offsetLeft - 8), chosen.offsetLeft + chosen.offsetWidth - box.clientWidth + 8);
      const count = this.own("count");
      if (count) count.textContent = this.cut ? `The first ${ids.length} of ${this.total} tokens` : ids.length ? `${ids.length} of ${Live.MAX_TOKENS} tokens` : "No token yet";
    }

    drawNext() {
      const list = this.root.querySelector(".live-next .live-bars");
      if (!list || !this.ids.length) return;
      const V = Live.config.vocab_size, at = (pass) => Live.softmax(pass.logits.subarray(this.at * V, (this.at + 1) * V));
      const now = at(this.shown), was = this.wrong ? at(this.right) : null, best = Live.topk(now, 5);
      const most = Math.max(0.25, best[0][1], ...best.map(([id]) => was?.[id] ?? 0));
      this.root.querySelector(".live-was").hidden = !was;
      const mine = Symbol("names");
      this.naming = mine;
      Promise.all(best.map(([id]) => this.nameOf(id))).then((names) => {
        if (this.naming !== mine) return;
        list.replaceChildren(...best.map(([id, p], i) => {
          const row = Live.panel.bar(names[i], p / most, percent(p)), old = h("i");
          old.style.setProperty("--share", (was?.[id] ?? 0) / most);
          if (was) row.querySelector(".live-track").append(old);
          return row;
        }));
      });
    }

    async nameOf(id) {
      Live.names ??= new Map();
      if (!Live.names.has(id)) Live.names.set(id, token(await this.engine.ask("piece", id)));
      return Live.names.get(id);
    }

    drawScale() {
      const { heldOut } = globalThis.LIVE_DATA, scale = this.root.querySelector(".live-scale"), [one, two] = this.mistakes();
      if (!scale) return;
      const loss = one && !two && !this.state.heads.length && this.compared ? one.loss : heldOut.loss;
      scale.style.setProperty("--needle", Math.max(0, Math.min(1, (loss - LEAST) / (MOST - LEAST))).toFixed(4));
      scale.querySelector(".live-needle b").textContent = loss.toFixed(this.hidden ? 1 : 2);
      this.own("loss").textContent = `Loss on ${comma(heldOut.tokens)} unseen tokens: ${loss.toFixed(2)}.`;
    }

    drawPanel() {
      const { state, panel } = this, kind = state.panel;
      this.place();
      if (panel.hidden) return;  // and has no width to draw for
      if (!this.ids.length) { fill(panel, h("p", { class: "live-quiet" }, "There is nothing to read yet: type a word.")); return; }
      if (this.keep && !this.right && !this.waiting && kind === "line" && this.path === "model.layers.3.self_attn" && !this.drawn) return;  // as the build left it
      this.drawn = true;
      const { parts, later } = kind === "puzzle" ? Live.panel.puzzlePanel(this)
        : kind === "break" ? Live.panel.breakPanel(this) : Live.panel.linePanel(this, this.path);
      const back = kind === "line" && this.broken && !state.puzzle
        && h("button", { type: "button", class: "live-link live-over", key: "changed", onclick: () => this.update({ panel: "break" }) }, "← What changed");
      fill(panel, back, ...parts);
      panel.classList.toggle("live-changed", kind !== "line");
      for (const act of later) act();
    }

    /** Beside the tree where there is room; else under the row that it is about. */
    place() {
      const { panel, state } = this, row = this.narrow ? this.anchor() : null;
      this.root.classList.toggle("live-narrow", this.narrow);
      panel.hidden = this.narrow && !this.chosen;
      if (!this.narrow) { if (panel.parentNode !== this.home) this.home.append(panel); return; }
      const list = this.tree.list;
      if (state.panel === "puzzle") { if (panel.nextElementSibling !== list) list.before(panel); } else if (row && panel.parentNode !== row) row.append(panel);
    }

    anchor() {
      const first = this.state.panel === "break" ? this.compared?.first : null;
      return (this.tree.find(first?.path ?? this.path) ?? this.tree.rows[0]).node.parentNode;
    }

    /** After a switch, in a narrow window: bring what changed into sight; say it to all. */
    show() {
      if (this.state.panel === "break" && this.compared && this.keep) {
        const { first } = this.compared;
        this.note(first?.path ? `First to differ: ${Live.panel.nameOf(first.path)}${this.layerBefore === undefined ? "" : `, in layer ${this.state.layer}, now shown`}` : "");
      } else if (!this.root.classList.contains("live-failed")) this.note(this.foreign() ? "It has read six novels and nothing else." : "");
      if (this.narrow && this.state.panel === "break" && this.compared)
        this.anchor().scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    }

    foreign() { return !this.broken && this.right?.losses.length > 2 && this.right.loss > 5.2; }

    resized() {
      if (this.wide !== !this.narrow) { this.wide = !this.narrow; this.drawPanel(); }
    }
  }

  Live.View = View;
})();
