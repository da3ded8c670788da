// The printouts, alive: change a size and the tree, the table and the totals follow.
// First the arithmetic, which tests hold against Python; then the page.
(() => {
"use strict";
const DATA = window.READING_QWEN3, { make, svg, comma, bytes } = window.dom;
const SIZES = ["num_hidden_layers", "hidden_size", "num_attention_heads",
  "num_key_value_heads", "head_dim", "intermediate_size", "vocab_size"];
const FLAGS = ["tie_word_embeddings", "attention_bias"];
const USE = ["length", "batch"];
const LARGEST = 2 ** 20, LAYERS = 400, MOST = 2 ** 31 - 1;  // a size; layers; length or batch
const FULL = { ...DATA.printed, length: 40960, batch: 1 };  // what the explorer opens on
const PRINTED = { ...FULL, ...DATA.shrunk };  // what the book's tree and table were printed of
const LAYER = "model.layers.0", ATTENTION = LAYER + ".self_attn";
const LETTERS = { hidden_size: "D", num_attention_heads: "N", num_key_value_heads: "K",
  head_dim: "H", intermediate_size: "F", vocab_size: "V", num_hidden_layers: "L" };

const product = (shape) => shape.reduce((a, n) => a * BigInt(n), 1n);
const sum = (numbers) => numbers.reduce((a, n) => a + n, 0n);

// ---------------------------------------------------------------- arithmetic

// What is impossible, by key, in words. The rules are Qwen3Config's.
function check(c) {
  const wrong = {};
  for (const key of [...SIZES, ...USE]) {
    const value = c[key];
    if (!Number.isInteger(value)) wrong[key] = "Expected a whole number.";
    else if (value < 1) wrong[key] = `Expected at least 1, got ${value}.`;
    else {
      const most = USE.includes(key) ? MOST : key === "num_hidden_layers" ? LAYERS : LARGEST;
      if (value > most) wrong[key] = `Expected at most ${comma(most)}, got ${comma(value)}.`;
    }
  }
  const N = c.num_attention_heads, K = c.num_key_value_heads;
  if (!wrong.num_attention_heads && !wrong.num_key_value_heads && N % K) {
    const fits = [];
    for (let n = 1; n <= N && fits.length < 9; n++) if (N % n === 0) fits.push(n);
    wrong.num_key_value_heads = `Each key/value head serves equally many of the ${N} ` +
      `query heads, so ${N} must be divisible by it: ${fits.join(", ")}` +
      (fits.length > 8 ? " …" : "") + `, not ${K}.`;
  }
  if (!wrong.head_dim && c.head_dim % 2) {
    wrong.head_dim = "Expected an even number: the rotary embedding turns pairs.";
  }
  return wrong;
}

// Tensors of each leaf: name, shape in numbers, shape in letters.
function tensors(c) {
  const [D, N, K, H, F, V] = ["hidden_size", "num_attention_heads",
    "num_key_value_heads", "head_dim", "intermediate_size", "vocab_size"].map((k) => c[k]);
  const linear = (out, into, letters, bias) => [
    ["weight", [out, into], letters], ...(bias ? [["bias", [out], letters.slice(0, 1)]] : [])];
  const gain = (size, letter) => [["weight", [size], [letter]]];
  const b = c.attention_bias;
  return {
    "model.embed_tokens": [["weight", [V, D], ["V", "D"]]],
    [ATTENTION + ".q_proj"]: linear(N * H, D, ["N·H", "D"], b),
    [ATTENTION + ".k_proj"]: linear(K * H, D, ["K·H", "D"], b),
    [ATTENTION + ".v_proj"]: linear(K * H, D, ["K·H", "D"], b),
    [ATTENTION + ".o_proj"]: linear(D, N * H, ["D", "N·H"], b),
    [ATTENTION + ".q_norm"]: gain(H, "H"),
    [ATTENTION + ".k_norm"]: gain(H, "H"),
    [LAYER + ".mlp.gate_proj"]: linear(F, D, ["F", "D"]),
    [LAYER + ".mlp.up_proj"]: linear(F, D, ["F", "D"]),
    [LAYER + ".mlp.down_proj"]: linear(D, F, ["D", "F"]),
    [LAYER + ".mlp.act_fn"]: [],
    [LAYER + ".input_layernorm"]: gain(D, "D"),
    [LAYER + ".post_attention_layernorm"]: gain(D, "D"),
    "model.norm": gain(D, "D"),
    "model.rotary_emb": [],
    "lm_head": linear(V, D, ["V", "D"]),
  };
}

const inside = (path, parent) => parent === "" || path === parent || path.startsWith(parent + ".");

// Parameters of the module at a path: of one layer, inside the layers.
function count(c, path) {
  const leaves = tensors(c), times = path === "" || path === "model" || path === "model.layers";
  return sum(Object.keys(leaves).filter((leaf) => inside(leaf, path)).map((leaf) => {
    const one = sum(leaves[leaf].map(([, shape]) => product(shape)));
    return times && leaf.startsWith(LAYER) ? one * BigInt(c.num_hidden_layers) : one;
  }));
}

// The printed tree: [line, path] pairs; a closing bracket has no path.
function tree(c) {
  const shown = (name, shape) => {
    const [out, into] = shape;
    return `Linear(in_features=${into}, out_features=${out}, bias=${name ? "True" : "False"})`;
  };
  const leaves = tensors(c), eps = "1e-06", L = c.num_hidden_layers, out = [];
  const open = (depth, path, text) => out.push(["  ".repeat(depth) + text, path]);
  const close = (depth) => out.push(["  ".repeat(depth) + ")", null]);
  const leaf = (depth, path) => {
    const name = path.split(".").pop(), [weight, bias] = leaves[path];
    const text = path === "model.embed_tokens" ? `Embedding(${weight[1].join(", ")})`
      : name === "act_fn" ? "SiLU()" : name === "rotary_emb" ? "Qwen3RotaryEmbedding()"
      : name.endsWith("norm") ? `Qwen3RMSNorm((${weight[1][0]},), eps=${eps})`
      : shown(bias, weight[1]);
    open(depth, path, `(${name}): ${text}`);
  };
  open(0, "", "Qwen3ForCausalLM(");
  open(1, "model", "(model): Qwen3Model(");
  leaf(2, "model.embed_tokens");
  open(2, "model.layers", "(layers): ModuleList(");
  open(3, LAYER, L === 1 ? "(0): Qwen3DecoderLayer(" : `(0-${L - 1}): ${L} x Qwen3DecoderLayer(`);
  open(4, ATTENTION, "(self_attn): Qwen3Attention(");
  for (const name of ["q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"]) leaf(5, `${ATTENTION}.${name}`);
  close(4);
  open(4, LAYER + ".mlp", "(mlp): Qwen3MLP(");
  for (const name of ["gate_proj", "up_proj", "down_proj", "act_fn"]) leaf(5, `${LAYER}.mlp.${name}`);
  close(4);
  leaf(4, LAYER + ".input_layernorm");
  leaf(4, LAYER + ".post_attention_layernorm");
  close(3); close(2);
  leaf(2, "model.norm");
  leaf(2, "model.rotary_emb");
  close(1);
  leaf(1, "lm_head");
  close(0);
  return out;
}

// torchinfo 1.8.0's table: [line, path] pairs; a rule has no path.
function table(c) {
  const L = c.num_hidden_layers, rows = [], number = (n) => (n ? comma(n) : "--");
  const width = Math.max(45, 5 * Math.ceil((`Qwen3RMSNorm: 5-${10 * L - 4}`.length + 26) / 5));
  const rule = [["=".repeat(width + 25), null]];
  const row = (name, value, path) => rows.push([`${name.padEnd(width)} ${value}`, path]);
  row("Qwen3ForCausalLM", "--", "");
  row("├─Qwen3Model: 1-1", "--", "model");
  row("│    └─Embedding: 2-1", number(count(c, "model.embed_tokens")), "model.embed_tokens");
  row("│    └─ModuleList: 2-2", "--", "model.layers");
  const layer = number(count(c, LAYER));
  for (let i = 1; i <= L; i++) row(`│    │    └─Qwen3DecoderLayer: 3-${i}`, layer, LAYER);
  row("│    └─Qwen3RMSNorm: 2-3", number(count(c, "model.norm")), "model.norm");
  row("│    └─Qwen3RotaryEmbedding: 2-4", "--", "model.rotary_emb");
  row("├─Linear: 1-2", number(count(c, "lm_head")), "lm_head");
  const all = comma(count(c, ""));
  return [...rule, [`${"Layer (type:depth-idx)".padEnd(width)} Param #`, null], ...rule, ...rows,
    ...rule, [`Total params: ${all}`, "total"], [`Trainable params: ${all}`, "total"],
    ["Non-trainable params: 0", "total"], ...rule];
}

// Totals, in parameters, bytes and FLOPs.
function totals(c) {
  const [L, N, K, H] = ["num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "head_dim"].map((key) => BigInt(c[key]));
  const printed = count(c, ""), head = count(c, "lm_head");
  const parameters = c.tie_word_embeddings ? printed - head : printed;
  const leaves = tensors(c);
  const matrices = sum(Object.keys(leaves).filter((p) => p.endsWith("_proj"))
    .map((p) => product(leaves[p][0][1]))) * L + head;
  const numbers = 2n * L * K * H * BigInt(c.length) * BigInt(c.batch);
  return { parameters, printed, "fp32 weights": 4n * parameters, "bf16 weights": 2n * parameters,
    "int8 weights": parameters, "bf16 cache": 2n * numbers, "fp32 cache": 4n * numbers,
    FLOPs: 2n * matrices + 4n * L * N * H * BigInt(c.length) };
}

const SAID = {
  parameters: (c) => "every tensor once" + (c.tie_word_embeddings
    ? ": the tied lm_head is the embedding, V·D, and adds none"
    : ": V·D + L·layer + D + V·D"),
  printed: (c) => c.tie_word_embeddings
    ? "as torchinfo 1.8.0 prints it: V·D + L·layer + D + V·D, the tied matrix twice"
    : "as torchinfo 1.8.0 prints it: V·D + L·layer + D + V·D",
  "fp32 weights": () => "4 bytes for each parameter",
  "bf16 weights": () => "2 bytes for each parameter; fp16 takes the same",
  "int8 weights": () => "1 byte for each parameter, scales not counted",
  "bf16 cache": () => "2 (key, value) · L · K · H · length · batch · 2 bytes",
  "fp32 cache": () => "2 (key, value) · L · K · H · length · batch · 4 bytes",
  FLOPs: () => "2 · (every matrix, lm_head included) + 4 · L · N · H · length: a multiplication " +
    "and an addition for each weight; the same for each score and each weighted sum",
};
const SHARES = [["embedding", "#666666", (c) => count(c, "model.embed_tokens")],
  ["attention", "#0072B2", (c) => BigInt(c.num_hidden_layers) * count(c, ATTENTION)],
  ["MLP", "#CC79A7", (c) => BigInt(c.num_hidden_layers) * count(c, LAYER + ".mlp")],
  ["head", "#E69F00", (c) => (c.tie_word_embeddings ? 0n : count(c, "lm_head"))]];

// Rows of layers that are all alike, folded where there are many.
function folded(rows) {
  const layers = rows.flatMap(([, path], i) => (path === LAYER ? [i] : [])), n = layers.length;
  if (n < 6) return rows;
  const more = rows[layers[0]][0].replace(/└─.*/, `   … ${n - 3} more, each the same`);
  return [...rows.slice(0, layers[2]), [more, null], ...rows.slice(layers[n - 1])];
}

// The address keeps what differs from Qwen3-0.6B, beside what else is in it.
function toQuery(c, line, search = "") {
  const query = new URLSearchParams(search);
  for (const key of [...SIZES, ...FLAGS, ...USE]) {
    if (c[key] !== FULL[key]) query.set(key, c[key]); else query.delete(key);
  }
  if (line) query.set("module", line); else query.delete("module");
  return query.toString();
}

function fromQuery(text) {
  const query = new URLSearchParams(text), c = { ...FULL };
  let said = query.has("module");
  for (const [key, value] of query) {
    if (FLAGS.includes(key)) c[key] = value === "true";
    else if ([...SIZES, ...USE].includes(key)) c[key] = /^\s*-?\d+\s*$/.test(value) ? Number(value) : value;
    else continue;
    said = true;
  }
  return { config: c, line: query.get("module"), said };
}

window.explorer = { check, tree, table, folded, totals, count, toQuery, fromQuery, PRINTED };

// ---------------------------------------------------------------- the page

const root = document.documentElement.dataset.content_root || "./";
const chapterLink = (name, anchor) =>
  make("a", { href: `${root}book/${name}.html#${anchor}` }, DATA.chapters[name]);

// Letters with their values, for a formula's second line.
function spelled(c, letters) {
  const value = Object.fromEntries(Object.entries(LETTERS).map(([key, l]) => [l, c[key]]));
  return letters.map((l) => l.replace(/[A-Z]/g, (x) => value[x])).join(" × ");
}

// What there is to say of a line of the tree.
function aboutLine(c, path, pick) {
  const out = document.createDocumentFragment(), leaves = tensors(c), own = leaves[path];
  const inLayer = inside(path, LAYER), L = c.num_hidden_layers;
  const name = path.replace(".layers.0", L === 1 ? ".layers.0" : `.layers.{0…${L - 1}}`) || "the model";
  out.append(make("p", {}, make("code", {}, name), " · chapter ", chapterLink(DATA.claims.tree[path], DATA.anchors.tree[path])));
  const total = count(c, path), list = make("ul");
  if (own && own.length) {
    for (const [tensor, shape, letters] of own) {
      list.append(make("li", {}, make("code", {}, tensor), ` (${shape.join(", ")}) = ` +
        `${letters.join(" × ")} = ${spelled(c, letters)} = ${comma(product(shape))}`));
    }
  } else if (own) {
    list.append(make("li", {}, "no parameters" + (path === "model.rotary_emb"
      ? `; a buffer inv_freq (${c.head_dim / 2})` : "")));
  } else {
    const direct = Object.keys(DATA.claims.tree).filter((p) => p !== path && inside(p, path) &&
      (path ? p.slice(path.length + 1) : p).split(".").length === 1);
    const terms = direct.map((p) => p.split(".").pop() + " " + comma(count(c, p)));
    list.append(make("li", {}, (path === "model.layers" ? `${L} × ${comma(count(c, LAYER))}`
      : terms.join(" + ")) + ` = ${comma(total)}`));
  }
  if (inLayer && L > 1 && total) list.append(make("li", {}, `in ${L} layers: ${L} × ${comma(total)} = ${comma(BigInt(L) * total)}`));
  if (path === "lm_head" && c.tie_word_embeddings) list.append(make("li", {}, "tied: the same matrix as embed_tokens, so it adds nothing in memory"));
  out.append(list);
  const made = DATA.made[path];
  out.append(make("p", {}, `Made in model.py, line ${made.number}: `, make("a",
    { href: `${root}_modules/minqwen3/model.html#${made.owner}` }, make("code", {}, made.text))));
  const keys = Object.keys(DATA.touches).filter((key) => DATA.touches[key].includes(path));
  if (keys.length) {
    const line = make("p", {}, "Config keys that touch it: ");
    keys.forEach((key, i) => {
      const button = make("button", { type: "button", class: "explorer-key" }, make("code", {}, key));
      if (pick) button.addEventListener("click", () => pick(key));
      line.append(i ? ", " : "", pick ? button : make("code", {}, key));
    });
    out.append(line);
  }
  return out;
}

function aboutKey(key) {
  const touched = DATA.touches[key] || [];
  const say = touched.length
    ? `touches ${touched.length} ${touched.length > 1 ? "lines" : "line"} of the tree, lit in it`
    : "touches no line of the tree";
  const p = make("p", {}, make("code", {}, key), ` ${say}`);
  if (DATA.claims.config[key]) p.append(" · chapter ", chapterLink(DATA.claims.config[key], DATA.anchors.config[key]));
  return p;
}

// Where a line leads: the name that the book's map of places has for it.
const PANES = {
  tree: { lines: tree, name: (path) => path },
  table: { lines: table, name: (path, line) => line.replace(/^[│├└─ ]+/, "")
    .split(/ {2,}|: (?=[\d,]+$)/)[0].replace(/(?<=Layer: 3-)\d+/, "1") },
  config: { lines: configLines, name: (key) => key },
};

function configLines(c) {
  const shown = Object.fromEntries(Object.keys(DATA.printed).map((key) => [key, c[key]]));
  return JSON.stringify(shown, null, 2).split("\n").map((line) => {
    const found = /^  "(\w+)":/.exec(line);
    // JavaScript writes 0.000001 where Python's json writes 1e-06
    return [line.replace(": 0.000001", ": 1e-06").replace(/: 0(,?)$/, (m, end) =>
      found && found[1] === "attention_dropout" ? ": 0.0" + end : m), found ? found[1] : null];
  });
}

// One tab stop for the lines of a printout made here; a11y.js does so for a page's own.
function rove(pre) {
  const lines = () => [...pre.querySelectorAll("a")];
  const stop = (line) => lines().forEach((a) => { a.tabIndex = a === line ? 0 : -1; });
  stop(lines()[0]);
  if (pre.dataset.roves) return;
  pre.dataset.roves = "";
  pre.addEventListener("focusin", (event) => { if (event.target.matches("a")) stop(event.target); });
  pre.addEventListener("keydown", (event) => {
    const all = lines(), at = all.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, to))].focus();
  });
}

// A printout that answers: point at a line or focus it to see; where the view keeps a
// choice, a click is one, else it follows the link (on a touch screen, the second tap).
class Pane {
  constructor(pre, kind, view) {
    Object.assign(this, { pre, kind, view });
    for (const type of ["pointermove", "focusin"]) pre.addEventListener(type, (e) => this.point(e));
    pre.addEventListener("click", (e) => this.tap(e));
    pre.addEventListener("pointerdown", (e) => { this.touch = e.pointerType === "touch"; });
  }

  draw(c) {
    const { lines, name } = PANES[this.kind];
    const focused = this.pre.contains(document.activeElement)
      ? [...this.pre.querySelectorAll("[data-at]")].indexOf(document.activeElement) : -1;
    const rows = this.kind === "table" ? folded(lines(c)) : lines(c);
    this.pre.replaceChildren(...rows.flatMap(([line, at], i) => {
      const text = line.trimStart(), indent = line.slice(0, line.length - text.length);
      const place = at === null ? null : name(at, line), target = DATA.claims[this.kind][place];
      if (!target) return [i ? "\n" : "", line];
      const a = make("a", { href: `${root}book/${target}.html#${DATA.anchors[this.kind][place]}`, "data-at": at, title: DATA.chapters[target] }, text);
      return [i ? "\n" : "", indent, a];
    }));
    rove(this.pre);
    if (focused >= 0) this.pre.querySelectorAll("[data-at]")[focused]?.focus();
  }

  // The lines of a chapter's own printout stand as Python made them, often some of all:
  // each is the next one of all that reads the same.
  adopt(c) {
    const rows = PANES[this.kind].lines(c), names = [];
    let next = 0;
    for (const text of this.pre.textContent.split("\n")) {
      const found = rows.findIndex(([line], i) => i >= next && line === text);
      names.push(found < 0 ? null : rows[found][1]);
      next = found < 0 ? next : found + 1;
    }
    let row = 0;
    for (const node of [...this.pre.childNodes]) {
      if (node.nodeType === Node.ELEMENT_NODE && names[row] !== null && names[row] !== "total") {
        node.setAttribute("data-at", names[row]);
      }
      row += (node.textContent.match(/\n/g) || []).length;
    }
  }

  // A page that scrolls under a resting pointer chooses nothing.
  point(event) {
    if (this.view.picked && event.type === "pointermove" && !event.movementX && !event.movementY) return;
    const line = event.target.closest("[data-at]"), what = line && `${this.kind} ${line.dataset.at}`;
    if (line && what !== this.view.shown) this.view.show(this.kind, line.dataset.at);
    // What is said of a line stands at the foot of the window, and not upon the line.
    if (line && event.type === "focusin" && line.matches(":focus-visible")) {
      line.scrollIntoView({ block: "nearest" });
    }
  }

  tap(event) {
    const line = event.target.closest("a[data-at]");
    if (!line || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (this.view.picked) {
      event.preventDefault();
      this.view.show(this.kind, line.dataset.at);
      this.view.picked(this.kind, line.dataset.at);
    } else if (this.touch) {
      if (this.tapped !== line.dataset.at) event.preventDefault();  // the second tap follows
      this.tapped = line.dataset.at;
      this.view.show(this.kind, line.dataset.at);
    }
  }
}

class View {
  constructor(config, panel) {
    Object.assign(this, { config, panel, panes: [], line: null });
  }

  show(kind, at) {
    const key = kind === "config" ? at : null;
    if (kind !== "config" && !DATA.made[at]) return;
    const about = key ? aboutKey(key) : aboutLine(this.config, at, this.pick);
    const shut = make("button", { type: "button", class: "explorer-shut", "aria-label": "Close" }, "×");
    shut.addEventListener("click", () => { this.panel.hidden = true; this.shown = null; });
    this.panel.replaceChildren(...(this.picked ? [about] : [shut, about]));
    this.panel.hidden = false;
    this.shown = `${kind} ${at}`;
    this.light(key ? DATA.touches[key] || [] : [at], key);
  }

  light(paths, key) {
    for (const pane of this.panes) {
      for (const line of pane.pre.querySelectorAll("[data-at]")) {
        const at = line.dataset.at;
        line.classList.toggle("lit", pane.kind === "config" ? at === key : paths.includes(at));
      }
    }
  }
}

// ---------------------------------------------------------------- the landing page

// Sizes on the left, what follows from them on the right: both on one screen.
function explorer(place) {
  const { config: start, line } = fromQuery(location.search);
  const panel = make("div", { class: "explorer-about", role: "status", "aria-label": "About the line" },
    make("p", {}, "Point at a line of the tree, a row or a key: its tensors, its count, and what touches it."));
  const view = new View({ ...FULL }, panel), typed = { ...start }, fields = {};
  let last = null;  // the key that was changed last

  const form = make("form", { class: "explorer-form", "aria-label": "Sizes of the model" });
  const members = make("select", { id: "x-member" }, make("option", { value: "" }, "sizes of your own"),
    make("option", { value: "printed" }, "the book's printout: 3 layers, 1519 tokens"),
    ...Object.keys(DATA.family).map((name) => make("option", { value: name }, name)));
  form.append(make("div", { class: "explorer-field explorer-member" }, make("label", { for: "x-member" }, "Model"), members));
  const use = make("fieldset", { class: "explorer-use" }, make("legend", {}, "For the cache and the FLOPs"));
  for (const key of [...SIZES, ...FLAGS, ...USE]) {
    const flag = FLAGS.includes(key);
    const input = make("input", { id: `x-${key}`, name: key, "aria-describedby": "x-wrong",
      ...(flag ? { type: "checkbox" } : { type: "number", inputmode: "numeric", min: 1, step: key === "head_dim" ? 2 : 1 }) });
    const letter = LETTERS[key] ? ` (${LETTERS[key]})` : "";
    const label = { length: "tokens", batch: "sequences" }[key] || key;
    const code = make("label", { for: `x-${key}` }, USE.includes(key) ? label : make("code", {}, key), letter);
    (USE.includes(key) ? use : form).append(make("div", { class: "explorer-field", "data-key": key }, code, input));
    fields[key] = input;
    for (const type of ["focusin", "pointerover"]) {
      input.parentElement.addEventListener(type, () => { if (!USE.includes(key)) view.show("config", key); });
    }
    input.addEventListener("input", () => {
      typed[key] = flag ? input.checked : input.value === "" ? "" : Number(input.value);
      last = key;
      update();
    });
  }
  const reset = make("button", { type: "button", class: "explorer-button" }, "Back to Qwen3-0.6B");
  const copy = make("button", { type: "button", class: "explorer-button" }, "Copy a link to this view");
  const said = make("span", { role: "status" });
  const wrongs = make("div", { class: "explorer-wrong", id: "x-wrong", role: "alert" });
  form.append(use, wrongs, make("div", { class: "explorer-buttons" }, reset, copy, said));
  const results = make("dl", { class: "explorer-totals", id: "explorer-totals" }), bar = make("figure", { class: "explorer-bar" });
  const tabs = make("fieldset", { class: "live-tabs" }, make("legend", { class: "live-sr" }, "Printout"));
  const shown = make("div", { class: "explorer-panes" });
  for (const kind of ["tree", "config", "table"]) {
    const radio = make("input", { type: "radio", name: "x-tab", value: kind });
    radio.checked = kind === "tree";
    tabs.append(make("label", {}, radio, make("span", {}, kind)));
    const pre = make("pre", { class: "printout", "data-kind": kind, "aria-label": `The ${kind} of these sizes` });
    shown.append(pre);
    view.panes.push(new Pane(pre, kind, view));
  }
  tabs.addEventListener("change", (event) => { shown.dataset.kind = event.target.value; });
  shown.dataset.kind = "tree";
  place.append(make("div", { class: "explorer-grid" }, make("div", {}, form, results, bar),
    make("div", { class: "live-printout" }, tabs, shown, panel)));

  members.addEventListener("change", () => {
    const sizes = members.value === "printed" ? PRINTED : DATA.family[members.value];
    if (!sizes) return;
    for (const key of [...SIZES, ...FLAGS]) typed[key] = sizes[key] ?? DATA.printed[key];
    fill(); update();
  });
  reset.addEventListener("click", () => { Object.assign(typed, FULL); view.line = null; fill(); update(); });
  copy.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(location.href); said.textContent = "Copied."; }
    catch { said.textContent = "Copy the address of this page: it holds the view."; }
  });
  form.addEventListener("submit", (e) => e.preventDefault());
  view.picked = (kind, at) => { view.line = kind === "config" ? null : at; remember(); };
  view.pick = (key) => { view.show("config", key); fields[key]?.focus(); };

  function remember() {
    const query = toQuery(typed, view.line, location.search);
    try { history.replaceState(null, "", (query ? `?${query}` : location.pathname) + location.hash); } catch { /* no address to keep it in */ }
  }

  function fill() {
    for (const [key, input] of Object.entries(fields)) {
      if (input.type === "checkbox") input.checked = typed[key]; else input.value = typed[key];
    }
  }

  // A fault is told where the reader has caused it: of two sizes that do not go together,
  // at the one that was changed last.
  function blame(wrong) {
    const K = typed.num_key_value_heads, N = typed.num_attention_heads;
    if (last !== "num_attention_heads" || !/divisible/.test(wrong.num_key_value_heads ?? "")) return wrong;
    const { num_key_value_heads: _, ...rest } = wrong, low = N - N % K;
    return { ...rest, num_attention_heads: `${N} query heads cannot share ${K} key/value heads ` +
      `equally: expected a multiple of ${K}, such as ${low ? `${low} or ` : ""}${low + K}.` };
  }

  function update() {
    const wrong = blame(check(typed));
    for (const [key, input] of Object.entries(fields)) {
      if (key in wrong) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    }
    wrongs.replaceChildren(...Object.entries(wrong).slice(0, 1).map(([key, text]) =>
      make("p", {}, make("code", {}, key), `: ${text} Shown are the last sizes that were possible.`)));
    const matches = (sizes) => [...SIZES, ...FLAGS].every((k) => typed[k] === (sizes[k] ?? DATA.printed[k]));
    members.value = matches(PRINTED) ? "printed" : Object.keys(DATA.family).find((n) => matches(DATA.family[n])) || "";
    if (last !== null || members.value !== "Qwen3-0.6B") remember();
    else if (fromQuery(location.search).said) remember();
    if (Object.keys(wrong).length === 0) Object.assign(view.config, typed);
    draw();
  }

  function draw() {
    const c = view.config, all = totals(c);
    for (const pane of view.panes) pane.draw(c);
    results.replaceChildren(...Object.entries(all).map(([name, n]) => {
      const label = { parameters: "parameters", printed: "as torchinfo counts", FLOPs: `FLOPs a token at ${comma(c.length)}` }[name] || name;
      const about = make("span", { class: "explorer-formula", role: "tooltip", id: `f-${name.replace(" ", "-")}` }, SAID[name](c));
      const value = make("span", { tabindex: "0", "aria-describedby": about.id },
        name.includes(" ") ? `${bytes(n)}` : comma(n));
      const exact = name.includes(" ") ? make("small", {}, ` ${comma(n)} bytes`) : "";
      return make("div", {}, make("dt", {}, label), make("dd", { class: "explorer-value" }, value, exact, about));
    }));
    drawBar(c, all.parameters);
    if (last !== null && !USE.includes(last)) view.show("config", last);
    else if (view.line !== null) view.show("tree", view.line);
  }

  function drawBar(c, parameters) {
    const parts = SHARES.map(([name, colour, f]) => [name, colour, Number(f(c)) / Number(parameters)]).filter(([, , share]) => share);
    const words = parts.map(([name, , share]) => `${name} ${(100 * share).toFixed(1)}%`).join(", ");
    let x = 0;
    const picture = svg("svg", { viewBox: "0 0 100 5", preserveAspectRatio: "none", role: "img", "aria-label": `Shares of the parameters: ${words}` },
      ...parts.map(([, colour, share]) => { x += 100 * share; return svg("rect", { x: x - 100 * share, y: 0, width: 100 * share, height: 5, fill: colour }); }));
    const legend = make("figcaption", {}, ...parts.flatMap(([name, colour, share], i) => {
      const swatch = svg("svg", { width: 10, height: 10, "aria-hidden": "true" }, svg("rect", { width: 10, height: 10, fill: colour }));
      return [i ? "  " : "", swatch, ` ${name} ${(100 * share).toFixed(1)}%`];
    }));
    bar.replaceChildren(picture, legend);
  }

  if (line !== null && DATA.made[line]) view.line = line;
  fill(); update();
}

// ---------------------------------------------------------------- chapters

// A chapter's printout says more when one points at a line; its links stay.
function small(pre, kind) {
  const panel = make("div", { class: "explorer-panel", role: "status", "aria-label": "About the line" });
  panel.hidden = true;
  const view = new View({ ...PRINTED }, panel), pane = new Pane(pre, kind, view);
  view.panes.push(pane);
  pane.adopt(kind === "config" ? { ...PRINTED, ...DATA.printed } : PRINTED);
  view.light = () => {};
  pre.after(panel, make("p", { class: "explorer-more" }, make("a", { href: `${root}index.html#sizes` }, "Change these sizes")));
}

addEventListener("DOMContentLoaded", () => {
  const fold = document.getElementById("sizes");
  if (fold) {
    const open = () => {
      const place = document.getElementById("explorer");
      if (fold.open && !place.childElementCount) explorer(place);
    };
    fold.addEventListener("toggle", open);
    if (fromQuery(location.search).said) { fold.open = true; open(); }
  }
  if (fold) return;
  for (const pre of document.querySelectorAll("pre.printout")) {
    const kind = /^The \S+ (tree|config|table),/.exec(pre.getAttribute("aria-label") || "")?.[1];
    if (kind) small(pre, kind);
  }
});
})();
