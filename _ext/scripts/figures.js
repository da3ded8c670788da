// Four figures that move, each below the still one that says the same.
(() => {
"use strict";
const { make, svg, comma, bytes } = window.dom, DATA = window.FIGURES;
const COLOR = DATA.colors, PRINTED = DATA.printed;

// A labelled slider; `shown` puts its value into words.
function slider(name, label, [min, max, step, value], changed, shown = String) {
  const input = make("input", { type: "range", id: `fig-${name}`, min, max, step, value });
  const out = make("output", { for: input.id }, shown(value));
  input.addEventListener("input", () => { out.textContent = shown(Number(input.value)); changed(); });
  const element = make("div", { class: "moving-control" }, make("label", { for: input.id }, label), input, out);
  return { element, get value() { return Number(input.value); },
    set value(v) { input.value = v; out.textContent = shown(Number(input.value)); } };
}

const text = (x, y, words, attributes = {}) =>
  svg("text", { x, y, fill: "currentColor", "font-size": 11, ...attributes }, words);

// ---------------------------------------------------------------- rotation

const H = PRINTED.head_dim, THETA = PRINTED.rope_theta;
const speed = (i) => THETA ** (-2 * i / H);
// Query and key with every pair (1, 0): the score, divided by H/2, is a mean of cosines.
const score = (distance) => {
  let sum = 0;
  for (let i = 0; i < H / 2; i++) sum += Math.cos(distance * speed(i));
  return sum / (H / 2);
};

function rotation(host) {
  const pairs = [0, 4, 8, 12, 16, 24, 32, 48], far = 200;
  const q = slider("q", "position of the query", [0, far, 1, 40], draw);
  const k = slider("k", "position of the key", [0, far, 1, 30], draw);
  const both = make("button", { type: "button", class: "explorer-button" }, "Move both on");
  const clocks = svg("svg", { viewBox: "0 0 640 90", role: "img" });
  const curve = svg("svg", { viewBox: "0 0 640 150", role: "img" });
  const words = make("p", { role: "status" });
  let timer = null;
  both.addEventListener("click", () => {
    if (timer) { stop(); return; }
    both.textContent = "Stop";
    timer = setInterval(() => {
      if (Math.max(q.value, k.value) >= far) { stop(); return; }
      q.value += 1; k.value += 1; draw();
    }, 90);
  });
  function stop() { clearInterval(timer); timer = null; both.textContent = "Move both on"; }

  function draw() {
    const m = q.value, n = k.value, at = m - n;
    clocks.replaceChildren(...pairs.flatMap((i, column) => {
      const x = 40 + 80 * column, hand = (position, colour, length) => {
        const a = position * speed(i);
        return svg("line", { x1: x, y1: 40, x2: x + length * Math.cos(a), y2: 40 - length * Math.sin(a), stroke: colour, "stroke-width": 3, "stroke-linecap": "round" });
      };
      return [svg("circle", { cx: x, cy: 40, r: 33, fill: "none", stroke: COLOR.stream }),
        hand(n, COLOR.k, 25), hand(m, COLOR.q, 32), text(x, 87, `pair ${i}`, { "text-anchor": "middle" })];
    }));
    clocks.setAttribute("aria-label", `Eight pairs as clocks, at query position ${m} and key position ${n}`);
    const point = (d) => `${20 + (d + far) * 600 / (2 * far)},${20 + (1 - score(d)) * 95}`;
    const line = [];
    for (let d = -far; d <= far; d++) line.push(point(d));
    const [x, y] = point(at).split(",");
    curve.replaceChildren(svg("polyline", { points: line.join(" "), fill: "none", stroke: COLOR.stream, "stroke-width": 1.5 }),
      svg("line", { x1: 320, x2: 320, y1: 12, y2: 130, stroke: COLOR.stream, "stroke-dasharray": "3 3" }),
      svg("circle", { cx: x, cy: y, r: 5, fill: COLOR.highlight }),
      text(20, 146, `key ${far} later`), text(620, 146, `key ${far} earlier`, { "text-anchor": "end" }), text(324, 146, "same position"));
    words.textContent = `Distance ${at}: score ${score(at).toFixed(4)} of at most 1. ` +
      "Moving both by as much turns both hands of a clock by the same angle: the angle between them, and the score, stay.";
    curve.setAttribute("aria-label", words.textContent);
  }
  host.append(q.element, k.element, both, clocks, curve, words);
  draw();
}

// ---------------------------------------------------------------- grouped queries

const readers = (N, K) => Array.from({ length: N }, (_, head) => Math.floor(head / (N / K)));
const cache = (K, length) => 2 * PRINTED.num_hidden_layers * K * H * 2 * length;

function grouped(host) {
  const N = PRINTED.num_attention_heads, choices = [16, 8, 4, 2, 1];
  const kv = slider("kv", "key/value heads", [0, 4, 1, 1], draw, (i) => String(choices[i]));
  const picture = svg("svg", { viewBox: "0 0 640 150", role: "img" }), words = make("p", { role: "status" });
  function draw() {
    const K = choices[kv.value], x = (i, of) => 20 + (i + 0.5) * 600 / of;
    picture.replaceChildren(
      ...readers(N, K).map((to, i) => svg("line", { x1: x(i, N), y1: 42, x2: x(to, K), y2: 105, stroke: COLOR.stream })),
      ...readers(N, K).map((_, i) => svg("rect", { x: x(i, N) - 14, y: 14, width: 28, height: 28, rx: 4, fill: COLOR.q })),
      ...Array.from({ length: K }, (_, i) => svg("rect", { x: x(i, K) - 14, y: 105, width: 28, height: 28, rx: 4, fill: COLOR.k })),
      ...readers(N, K).map((_, i) => text(x(i, N), 33, String(i), { "text-anchor": "middle", fill: "#fff" })),
      ...Array.from({ length: K }, (_, i) => text(x(i, K), 124, String(i), { "text-anchor": "middle", fill: "#000" })));
    const kind = K === N ? "multi-head attention: no sharing" : K === 1 ? "multi-query attention: one for all" : `each serves ${N / K} query heads`;
    words.textContent = `${N} query heads (above), ${K} key/value heads (below): ${kind}. ` +
      `Cache in bf16: ${comma(cache(K, 1))} bytes a token, ${bytes(cache(K, 40960))} at 40,960 tokens.`;
    picture.setAttribute("aria-label", words.textContent);
  }
  host.append(kv.element, picture, words);
  draw();
}

// ---------------------------------------------------------------- sampling

// Probabilities after temperature, top-k, top-p and min-p, in that order; 0: off.
function sampled(logits, temperature, topK, topP, minP) {
  const softmax = (values) => {
    const top = Math.max(...values), e = values.map((v) => Math.exp(v - top)), sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  };
  let kept = logits.map((v) => v / temperature);
  const drop = (test) => { kept = kept.map((v, i) => (test(v, i) ? -Infinity : v)); };
  if (topK) {
    const kth = [...kept].sort((a, b) => b - a)[Math.min(topK, kept.length) - 1];
    drop((v) => v < kth);
  }
  if (topP && topP < 1) {
    const p = softmax(kept), order = p.map((_, i) => i).sort((a, b) => p[b] - p[a]);
    let sum = 0;
    const out = new Set();
    for (const i of order) { if (sum >= topP) out.add(i); sum += p[i]; }
    drop((_, i) => out.has(i));
  }
  if (minP) {
    const p = softmax(kept), least = minP * Math.max(...p);
    drop((_, i) => p[i] < least);
  }
  return softmax(kept);
}

function sampling(host) {
  const { logits, tokens, prompt } = DATA.sampling, shown = 24;
  const off = (v) => (v === 0 ? "off" : String(v));
  const temperature = slider("temperature", "temperature", [0.1, 2, 0.05, 1], draw, (v) => Number(v).toFixed(2));
  const topK = slider("top-k", "top-k", [0, 50, 1, 0], draw, off);
  const topP = slider("top-p", "top-p", [0.05, 1, 0.05, 1], draw, (v) => (Number(v) === 1 ? "off" : Number(v).toFixed(2)));
  const minP = slider("min-p", "min-p", [0, 0.5, 0.01, 0], draw, off);
  const picture = svg("svg", { viewBox: "0 0 640 220", role: "img" }), words = make("p", { role: "status" });
  function draw() {
    const p = sampled(logits, temperature.value, topK.value, topP.value, minP.value);
    const plain = sampled(logits, 1, 0, 1, 0), width = 620 / shown;
    const highest = Math.max(...p, ...plain), height = (v) => 150 * v / highest;
    picture.replaceChildren(...Array.from({ length: shown }, (_, i) => i).flatMap((i) => {
      const x = 10 + i * width;
      return [svg("rect", { x, y: 160 - height(plain[i]), width: width - 3, height: height(plain[i]), fill: "none", stroke: COLOR.stream }),
        svg("rect", { x, y: 160 - height(p[i]), width: width - 3, height: height(p[i]), fill: COLOR.highlight }),
        text(x + width / 2, 172, tokens[i], { transform: `rotate(60 ${x + width / 2} 172)`, opacity: p[i] ? 1 : 0.6 })];
    }));
    const kept = p.filter((v) => v > 0).length;
    words.textContent = `After “${prompt}”: ${comma(kept)} of ${comma(p.length)} tokens can be drawn, ` +
      `“${tokens[0].trim()}” with ${(100 * p[0]).toFixed(1)}%. Outlines: the distribution as the model gives it; ` +
      `the ${shown} likeliest tokens are drawn.`;
    picture.setAttribute("aria-label", words.textContent);
  }
  host.append(temperature.element, topK.element, topP.element, minP.element, picture, words);
  draw();
}

// ---------------------------------------------------------------- a token's way

// What each module gives, by its name in the tree; T new positions behind S - T cached.
function way(T, S) {
  const D = PRINTED.hidden_size, N = PRINTED.num_attention_heads, K = PRINTED.num_key_value_heads;
  const F = PRINTED.intermediate_size, V = PRINTED.vocab_size;
  return [
    ["the ids", [1, T], "what comes in", null],
    ["embed_tokens", [1, T, D], "a row of the table for each id", "model.embed_tokens"],
    ["input_layernorm", [1, T, D], "each vector to length one, times a gain", "model.layers.0.input_layernorm"],
    ["q_proj", [1, T, N * H], "16 queries side by side", "model.layers.0.self_attn.q_proj"],
    ["k_proj", [1, T, K * H], "8 keys side by side; v_proj gives as much", "model.layers.0.self_attn.k_proj"],
    ["queries by head", [1, N, T, H], "cut into heads, normed, rotated", null],
    ["keys in the cache", [1, K, S, H], T === S ? "the new keys; the cache was empty" : "the new key behind those of before", null],
    ["scores", [1, N, T, S], "each query with each key that it may read", null],
    ["o_proj", [1, T, D], "the heads' results, mixed, added to the stream", "model.layers.0.self_attn.o_proj"],
    ["gate_proj", [1, T, F], "inside the MLP; up_proj gives as much", "model.layers.0.mlp.gate_proj"],
    ["down_proj", [1, T, D], "back to the stream, and on to the next layer", "model.layers.0.mlp.down_proj"],
    ["norm", [1, T, D], "after all 28 layers", "model.norm"],
    ["lm_head", [1, 1, V], "logits of the last position: the next token", "lm_head"],
  ];
}

function journey(host) {
  const prompt = slider("prompt", "tokens of the prompt", [1, 16, 1, 5], draw);
  const step = slider("step", "step", [0, 12, 1, 0], draw, (i) => `${i + 1} of 13`);
  const columns = [["prefill", "the whole prompt at once"], ["decode", "one new token, the cache behind it"]];
  const pictures = columns.map(() => svg("svg", { viewBox: "0 0 310 120", role: "img" }));
  const titles = columns.map(([name, says]) => make("p", {}, make("strong", {}, name), `: ${says}`));
  const words = make("p", { role: "status" });
  function draw() {
    const T = prompt.value, ways = [way(T, T), way(1, T + 1)], at = step.value;
    ways.forEach((steps, column) => {
      const shape = steps[at][1], [rows, wide] = shape.length === 4 ? shape.slice(2) : [shape.length === 3 ? shape[1] : 1, shape[shape.length - 1]];
      const w = Math.max(6, Math.min(290, 26 * Math.log2(1 + wide))), h = Math.max(6, 6 * rows), sheets = shape.length === 4 ? Math.min(4, shape[1]) : 1;
      pictures[column].replaceChildren(...Array.from({ length: sheets }, (_, i) => svg("rect", { x: 8 + 4 * i, y: 12 + 4 * i, width: w - 4 * sheets, height: h, fill: column ? COLOR.highlight : COLOR.q, "fill-opacity": 0.75, stroke: "currentColor" })));
      pictures[column].setAttribute("aria-label", `${columns[column][0]}: ${steps[at][0]}, shape (${shape.map(comma).join(", ")})`);
    });
    const [first, then] = ways.map((steps) => `(${steps[at][1].map(comma).join(", ")})`);
    words.textContent = `${ways[0][at][0]}, ${ways[1][at][2]}: ${first} in prefill, ${then} in decode.`;
  }
  host.append(prompt.element, step.element, make("div", { class: "moving-columns" },
    make("div", {}, titles[0], pictures[0]), make("div", {}, titles[1], pictures[1])), words);
  draw();
}

window.figures = { score, readers, cache, sampled, way };
const KINDS = { rotation, grouped, sampling, journey };
addEventListener("DOMContentLoaded", () => {
  for (const [name, build] of Object.entries(KINDS)) {
    const cell = document.querySelector(`.tag_moving-${name}`);
    if (!cell) continue;
    const host = make("div", { class: "moving-figure", role: "group", "aria-label": "The figure above, to be moved" });
    build(host);
    const caption = cell.nextElementSibling;  // the still figure's, in italics
    (caption && caption.tagName === "P" ? caption : cell).after(host);
  }
});
})();
