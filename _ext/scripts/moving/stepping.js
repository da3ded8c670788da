// Chapter 17: prefill and the steps after it, and what each module then gives.
(() => {
"use strict";
const { make, comma, bytes } = window.dom, { slider, choices, picture, text, box, colour, figure } = window.moving;
const { hidden_size: D, num_attention_heads: N, num_key_value_heads: K, head_dim: H, num_hidden_layers: L,
  intermediate_size: F, vocab_size: V } = window.FIGURES.printed;
const STEPS = 5, MOST = 10;

// What each module gives, by its name in the tree; T new positions behind S - T cached.
function way(T, S) {
  return [
    ["the ids", [1, T], "what comes in", null, "x"],
    ["embed_tokens", [1, T, D], "a row of the table for each id", "model.embed_tokens", "x"],
    ["input_layernorm", [1, T, D], "each vector to length one, times a gain", "model.layers.0.input_layernorm", "x"],
    ["q_proj", [1, T, N * H], `${N} queries side by side`, "model.layers.0.self_attn.q_proj", "q"],
    ["k_proj", [1, T, K * H], `${K} keys side by side; v_proj gives as much`, "model.layers.0.self_attn.k_proj", "new"],
    ["queries by head", [1, N, T, H], "cut into heads, normed, rotated", null, "q"],
    ["keys in the cache", [1, K, S, H], T === S ? "the new keys; the cache was empty" : "the new key behind those of before", null, "k"],
    ["scores", [1, N, T, S], "each query with each key that is there; the mask then takes away the later ones", null, "scores"],
    ["o_proj", [1, T, D], "the heads’ results, mixed, added to the stream", "model.layers.0.self_attn.o_proj", "x"],
    ["gate_proj", [1, T, F], "inside the MLP; up_proj gives as much", "model.layers.0.mlp.gate_proj", "x"],
    ["down_proj", [1, T, D], "back to the stream, and on to the next layer", "model.layers.0.mlp.down_proj", "x"],
    ["norm", [1, T, D], `after all ${L} layers`, "model.norm", "x"],
    ["lm_head", [1, 1, V], "logits of the last position: the next token", "lm_head", "last"],
  ];
}
const written = (shape) => `(${shape.join(", ")})`;
const size = (shape, at) => shape.reduce((a, b) => a * b, 1) * (at === 0 ? 8 : 2);  // ids are int64

figure("stepping", (host, width) => {
  let at = 6;
  const prompt = slider("prompt", "tokens of the prompt", [1, MOST, 1, 5], () => draw());
  const moment = choices("The moment", ["prefill", ...Array.from({ length: STEPS }, (_, i) => `step ${i + 1}`)], 0, () => draw());
  const cells = picture(), words = make("p", { role: "status" }), list = make("ol", { class: "moving-steps" });
  const rows = way(1, 1).map(([name], i) => {
    const [shape, bar, much] = [make("span"), make("i"), make("span")];
    const button = make("button", { type: "button" }, make("b", {}, name), shape, make("span", { class: "moving-bar" }, bar), much);
    button.addEventListener("click", () => { at = i; draw(); });
    list.append(make("li", {}, button));
    return { button, shape, bar, much };
  });

  function moments() {
    const step = moment.value, S = prompt.value + step;
    return { step, S, T: step ? 1 : S };
  }
  function draw() {
    const { step, S, T } = moments(), W = width(), steps = way(T, S), [name, shape, says, , part] = steps[at];
    const left = 54, c = Math.min(24, (W - left) / (MOST + STEPS)), first = S - T, gap = 5;
    const grid = [];
    const look = (lit) => (lit ? { "stroke-width": 2, stroke: colour("lit") } : {});
    ["x", "q", "k", "v"].forEach((row, r) => {
      const y = (c + gap) * r + 1;
      grid.push(text(left - 8, y + c / 2 + 4, row === "x" ? "stream" : { q: "queries", k: "keys", v: "values" }[row], { "text-anchor": "end" }));
      for (let j = 0; j < S; j++) {
        const fresh = j >= first, kept = row === "k" || row === "v";
        const lit = (part === row && (fresh || kept)) || (part === "new" && kept && fresh) || (part === "k" && row === "v")
          || (part === "last" && row === "x" && j === S - 1);
        if (fresh || kept) grid.push(box(left + c * j, y, c, c, row === "x" ? "stream" : row, fresh ? 0.75 : 0.18, look(lit)));
        else grid.push(box(left + c * j, y, c, c, "line", 0, { "stroke-dasharray": "2 2" }));
      }
    });
    const top = 4 * (c + gap) + 12;
    grid.push(text(left - 8, top + c / 2 + 4, "scores", { "text-anchor": "end" }));
    for (let row = 0; row < S; row++) for (let j = 0; j <= row; j++) {
      grid.push(row >= first ? box(left + c * j, top + c * row, c, c, "stream", 0.6, look(part === "scores"))
        : box(left + c * j, top + c * row, c, c, "line", 0, { "stroke-dasharray": "2 2" }));
    }
    const cached = 2 * L * K * H * 2 * S, kept = first ? `, ${first} read from the cache` : "";
    words.textContent = `${step ? `Step ${step}` : "Prefill"}: T = ${T} new, S = ${S} in all. ` +
      `${T} column${T > 1 ? "s" : ""} of queries, keys and values computed${kept}. The cache then holds ${comma(cached)} bytes. ` +
      `Lit: ${name} ${written(shape)}, ${says}.`;
    cells.show(W, top + c * S + 4, words.textContent, grid);
    const largest = Math.max(...steps.map(([, of], i) => size(of, i)));
    rows.forEach((row, i) => {
      const much = size(steps[i][1], i);
      row.shape.textContent = written(steps[i][1]);
      row.bar.style.width = `${100 * much / largest}%`;
      row.much.textContent = bytes(much);
      row.button.setAttribute("aria-pressed", String(i === at));
    });
  }
  host.append(prompt.element, moment.element, cells.element, words,
    make("p", {}, "What each module gives at this moment, in bf16; the bars are to scale. Choose one to light it above."), list);
  return draw;
});
window.figures = { way };
})();
