// What a chosen line does: its sentence, shape and numbers, what can be read from it by
// kind, the lines of model.py that make it, and its chapter.
(() => {
  const Live = globalThis.Live ??= {};
  const { h, short, percent, code, token, comma } = Live.dom;

  const nameOf = (path) => (path === "" ? "" : /layers\.[^.]+$/.test(path) ? "0"
    : path.split(".").pop());
  const layerOf = (path) => path.match(/layers\.(\d+)/)?.[1] ?? null;
  const recordOf = (path) => path || "lm_head";
  const SHAPES = {  // in letters
    q_proj: "T, N·H", k_proj: "T, K·H", v_proj: "T, K·H", q_norm: "T, N, H",
    k_norm: "T, K, H", q_rotated: "T, N, H", k_rotated: "T, K, H", k_repeated: "S, N, H",
    v_repeated: "S, N, H", scores: "N, T, S", probs: "N, T, S", heads: "T, N, H",
    gate_proj: "T, F", up_proj: "T, F", act_fn: "T, F", product: "T, F", lm_head: "T, V",
    "": "T, V", rotary_emb: "T, H", sin: "T, H", mask: "T, S",
  };
  const NORMS = /norm$/, UNITS = ["gate_proj", "up_proj", "act_fn", "product"];
  const PAIRS = ["self_attn", "scores", "probs", "heads", "mask"];
  const LENS = ["", "model", "embed_tokens", "0", "norm", "lm_head"];

  /** A line's title: `(q_proj)` of layer 3. */
  function titleOf(path) {
    const name = nameOf(path), layer = layerOf(path);
    const shown = { "": "Qwen3ForCausalLM", 0: "Qwen3DecoderLayer" }[name]
      ?? (Live.STEPS[name] ? name : `(${name})`);
    return h("h2", { class: "live-what" }, code(shown),
      layer === null ? "" : name === "0" ? ` ${layer}` : ` of layer ${layer}`);
  }

  /** Everything of a line; `later` collects what draws once it is on the page. */
  function linePanel(view, path) {
    const name = nameOf(path), later = [], pass = view.shown;
    const entry = pass?.record[recordOf(path)];
    const parts = [titleOf(path), h("p", {}, globalThis.LIVE_ABOUT[name] ?? "")];
    if (pass && !entry) {
      parts.push(h("p", { class: "live-wrong" }, "In this model nothing calls it, so it gives nothing."));
    } else if (entry) {
      parts.push(facts(view, path, name, entry));
      if (PAIRS.includes(name)) parts.push(...reading(view, path));
      if (NORMS.test(name)) parts.push(beforeAfter(view, path, entry));
      if (UNITS.includes(name)) parts.push(units(view, path));
      if (name === "rotary_emb") parts.push(clocks(view));
      if (LENS.includes(name)) parts.push(lens(view));
      if (!["scores", "probs", "mask"].includes(name))
        parts.push(h("h3", {}, "Every position"), map(view, name, entry, later));
    } else if (view.waiting) parts.push(h("p", { class: "live-quiet" }, "The model is loading."));
    parts.push(...made(view, name), chapter(path));
    return { parts, later };
  }

  /** (9, 4, 64) in words. */
  const counted = ([T, ...rest]) => [`${T} tokens`, ...(rest.length > 1 ? [`${rest[0]} heads`] : []), `${comma(rest.at(-1))} numbers each`].join(", ");

  function facts(view, path, name, { shape, data }) {
    const here = positions(name, { shape, data }, view.at);
    const off = view.compared?.differences[recordOf(path)];
    const changed = off === undefined ? "" : off === 0 ? " Equal to the bit to the model as it was trained."
      : ` Off the model as it was trained by ${off > 9.99 ? "more than 999" : Math.max(0.1, 100 * off).toPrecision(2)} % of its size.`;
    return h("p", { class: "live-quiet" }, code(`(${SHAPES[name] ?? "T, D"}) = (${shape.join(", ")})`),
      `: ${counted(shape)}`, here ? `; RMS ${short(Live.rms(here))} at “${token(view.pieces[view.at])}”.` : ".", changed);
  }

  const positions = (name, entry, t) =>
    (["scores", "probs", "mask"].includes(name) ? null : Live.at(entry, t));

  // ---- who reads whom

  function reading(view, path) {
    const layer = layerOf(path), N = Live.config.num_attention_heads;
    const figures = Array.from({ length: N }, (_, n) => {
      const rows = Live.pattern(view.shown.record, layer, n), key = `${layer}.${n}`;
      const box = h("input", { type: "checkbox", key: `head ${key}`, "data-head": key, checked: view.state.heads.includes(key) });
      return h("figure", {}, axis(view), h("div", { class: "live-cells" }, Live.draw.pattern(rows)),
        h("figcaption", {}, h("b", {}, `head ${n}`), h("label", { class: "live-tick" }, box, " silence it"),
          h("span", {}, reads(view, rows))));
    });
    return [h("h3", {}, "Who reads whom: a row reads the columns"),
      h("div", { class: `live-heads${view.pieces.length > 14 ? " live-many" : ""}` }, ...figures)];
  }

  /** Tokens beside the rows of a square, while there is room for them. */
  const axis = (view) => h("div", { class: "live-axis", "aria-hidden": "true" },
    ...view.pieces.map((piece, t) => h("span", { class: t === view.at ? "live-here" : null }, token(piece))));

  function reads(view, rows) {
    const best = [...rows[view.at]].map((p, s) => [p, s]).sort((a, b) => b[0] - a[0]).slice(0, 2);
    return `“${token(view.pieces[view.at])}” reads ` + best.filter(([p]) => p >= 0.005)
      .map(([p, s]) => `${token(view.pieces[s])} ${Math.round(100 * p)} %`).join(", ");
  }

  // ---- a norm, the MLP's units, the clocks, the lens

  function beforeAfter(view, path, entry) {
    const [source] = Live.inputsOf(path), last = Live.config.num_hidden_layers - 1;
    const from = source === "model.layers" ? `model.layers.${last}` : source;
    const name = nameOf(path);
    // The norm after attention reads the stream, which prints no line of its own.
    const before = view.shown.record[name === "post_attention_layernorm"
      ? path.replace(/[^.]+$/, "after_attn") : from];
    const row = (label, it) => h("div", { class: "live-pair" }, h("span", {}, label),
      h("span", { class: "live-strip" }, Live.draw.strip(Live.at(it, view.at))),
      h("span", { class: "live-share" }, `RMS ${short(Live.rms(Live.at(it, view.at)))}`));
    return h("div", {}, h("h3", {}, `Before and after, at “${token(view.pieces[view.at])}”`),
      row("before", before), row("after", entry));
  }

  function units(view, path) {
    const layer = layerOf(path), passing = Live.passing(view.shown.record, layer);
    const F = Live.config.intermediate_size, t = view.at;
    const from = Math.max(0, Math.min(t - 4, view.pieces.length - 8));
    const near = [...passing].map((n, s) => [n, s]).slice(from, from + 8);
    return h("div", {}, h("h3", {}, `At “${token(view.pieces[t])}” ${passing[t]} of ${F} units pass`),
      h("p", { class: "live-quiet" }, "A unit passes where its gate is above zero; SiLU holds back nearly all the others."),
      h("ol", { class: "live-bars" }, ...near.map(([n, s]) => bar(token(view.pieces[s]), n / F, String(n), s === t))));
  }

  function bar(label, share, text, here) {
    const fill_ = h("i");
    fill_.style.setProperty("--share", share);
    return h("li", { class: here ? "live-here" : null }, h("span", { class: "live-token" }, label),
      h("span", { class: "live-track", "aria-hidden": "true" }, fill_), h("span", { class: "live-share" }, text));
  }

  function clocks(view) {
    const faces = Live.clocks(Live.config, view.at).map(({ pair, angle, turns }, i) => {
      const [x, y] = [50 + 40 * Math.sin(angle), 50 - 40 * Math.cos(angle)];
      const turned = turns ? `${turns} ${turns > 1 ? "turns" : "turn"} and ` : "";
      const rest = `${Math.round((angle % (2 * Math.PI)) * 180 / Math.PI)}°`;
      return h("figure", {}, window.dom.svg("svg", { viewBox: "0 0 100 100", class: "live-clock", role: "img",
        "aria-label": `pair ${pair}: ${turned}${rest}` },
      window.dom.svg("circle", { cx: 50, cy: 50, r: 44 }), window.dom.svg("path", { class: "live-zero", d: "M50 50V8" }),
      window.dom.svg("path", { class: "live-hand", d: `M50 50L${x.toFixed(2)} ${y.toFixed(2)}` })),
      h("figcaption", {}, `${["fast", "middle", "slow"][i]}, pair ${pair}: ${turned}${rest}`));
    });
    return h("div", {}, h("h3", {}, `Three of ${Live.config.head_dim / 2} pairs at position ${view.at}`),
      h("div", { class: "live-clocks" }, ...faces));
  }

  function lens(view) {
    const table = h("div", { class: "live-lens" }, view.lens ? lensTable(view) : h("p", { class: "live-quiet" }, "Reading the stream."));
    if (!view.lens) view.readLens();
    return h("div", {}, h("h3", {}, "If the model ended after each layer: the likeliest next token"), table);
  }

  function lensTable(view) {
    const from = Math.max(0, Math.min(view.at - 3, view.pieces.length - 6));
    const shown = view.pieces.map((_, t) => t).slice(from, from + 6);
    const head = (t) => h("th", { scope: "col", class: t === view.at ? "live-here" : null }, token(view.pieces[t]));
    const depth = (path) => (layerOf(path) === null ? "embedding" : `layer ${layerOf(path)}`);
    return h("table", {}, h("thead", {}, h("tr", {}, h("td"), ...shown.map(head))),
      h("tbody", {}, ...view.lens.depths.map((path, d) => h("tr", {}, h("th", { scope: "row" }, depth(path)),
        ...shown.map((t) => {
          const [{ piece, p }] = view.lens.top[d][t], cell = h("td", {}, token(piece), h("span", { class: "live-sr" }, ` ${percent(p)}`));
          cell.style.setProperty("--part", p);
          cell.title = percent(p);
          return cell;
        })))));
  }

  // ---- every position

  /** Rows are positions; arrow keys, a pointer or a finger read a number out. */
  function map(view, name, entry, later) {
    const T = view.pieces.length, rows = view.pieces.map((_, t) => Live.at(entry, t));
    const width = rows[0].length, H = Live.config.head_dim, height = Math.max(4, Math.min(14, Math.round(170 / T)));
    const canvas = h("canvas", { tabIndex: 0, role: "img", key: "map", "aria-label": `${T} positions, ${comma(width)} numbers each` });
    const out = h("output", { class: "live-quiet" }, "Point at a number, or walk with the arrow keys.");
    const headed = entry.shape.length === 3 || /^[qkv]_proj$/.test(name), vocabulary = name === "lm_head" || name === "";
    let here = [view.at, 0];
    const say = (t, i) => {
      here = [Math.max(0, Math.min(T - 1, t)), Math.max(0, Math.min(width - 1, i))];
      const what = vocabulary ? `id ${here[1]}` : headed ? `head ${Math.floor(here[1] / H)}, number ${here[1] % H}` : `number ${here[1]}`;
      out.textContent = `“${token(view.pieces[here[0]])}” (${here[0]}), ${what}: ${short(rows[here[0]][here[1]])}`;
    };
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      say(Math.floor((event.clientY - box.top) / box.height * T), Math.floor((event.clientX - box.left) / box.width * width));
    };
    canvas.addEventListener("pointermove", place);
    canvas.addEventListener("pointerdown", place);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      say(here[0] + step[0], here[1] + step[1]);
    });
    canvas.style.height = `${T * height}px`;
    const names = h("div", { class: "live-axis", "aria-hidden": "true" }, ...view.pieces.map((piece, t) =>
      h("span", { class: t === view.at ? "live-here" : null }, token(piece))));
    names.style.fontSize = `${Math.min(11, height - 2)}px`;
    later.push(() => Live.draw.map(canvas, rows, { scale: Live.draw.scaleOf(entry.data), width: canvas.clientWidth || undefined }));
    return h("div", {}, h("div", { class: "live-map" }, T <= 21 ? names : "", canvas), out);
  }

  // ---- source and chapter

  function made(view, name) {
    const lines = globalThis.LIVE_DATA.made[name];
    if (!lines) return [];
    const changes = view.mistakes().flatMap((s) => (s.file === "model.py" ? s.changes : []));
    const indent = Math.min(...lines.map(([, text]) => text.search(/\S/)).filter((n) => n >= 0));
    const out = [];
    lines.forEach(([number, text], i) => {
      if (i && number !== lines[i - 1][0] + 1) out.push(h("span", { class: "live-gap" }, "\n"));
      let now = text;
      for (const [old, new_] of changes) now = now.replace(old, () => new_);
      const row = (tag, n, words) => h(tag, { class: "live-code" }, h("span", { class: "live-number" }, String(n).padStart(3)), `${words.slice(indent)}\n`);
      if (now === text || view.hidden) out.push(row("span", number, text));
      else out.push(row("del", number, text), ...now.split("\n").map((part, j) => row("ins", j ? "" : number, part)));
    });
    return [h("h3", {}, "In model.py"), h("pre", { class: "live-source", tabIndex: 0, "aria-label": "Lines of model.py" }, ...out)];
  }

  /** Where a line or step is explained: `{name, href}`. */
  function placeOf(path) {
    const { lines } = globalThis.LIVE_DATA, line = path.replace(/layers\.[\d*]+/, "layers.0");
    const owner = line in lines ? line : line.replace(/\.[^.]+$/, ""), name = lines[owner];
    return { name, href: `${Live.root}book/${name}.html#${globalThis.READING_QWEN3.anchors.tree[owner]}` };
  }

  function chapter(path) {
    const { name, href } = placeOf(path);
    return h("p", { class: "live-where" }, `Chapter ${Number(name.slice(0, 2))}, `,
      h("a", { href }, `${globalThis.LIVE_DATA.chapters[name]} →`));
  }

  Live.panel = { linePanel, placeOf, nameOf, layerOf, recordOf, bar };
})();
