// Chapter 18: what each setting leaves of one distribution.
(() => {
"use strict";
const { make, comma } = window.dom, { slider, picture, text, box, figure } = window.moving;
const { logits, tokens, prompt } = window.FIGURES.sampling, SHOWN = 14;

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

const percent = (p) => (p ? `${(100 * p).toFixed(1)}%` : "out");
const readable = (token) => token.replace(/\n/g, "↵").trim() || "(blank)";

figure("sampling", (host, width) => {
  const off = (v) => (v === 0 ? "off" : String(v));
  const temperature = slider("temperature", "temperature", [0.1, 2, 0.05, 0.7], draw, (v) => Number(v).toFixed(2));
  const topK = slider("top-k", "top-k", [0, 50, 1, 0], draw, off);
  const topP = slider("top-p", "top-p", [0.05, 1, 0.05, 0.9], draw, (v) => (Number(v) === 1 ? "off" : Number(v).toFixed(2)));
  const minP = slider("min-p", "min-p", [0, 0.5, 0.01, 0], draw, off);
  const bars = picture(), words = make("p", { role: "status" });
  function draw() {
    const p = sampled(logits, temperature.value, topK.value, topP.value, minP.value);
    const plain = sampled(logits, 1, 0, 1, 0), W = width(), row = 19, top = 24;
    const left = 92, room = W - left - 96, wide = (v) => room * v / Math.max(...p, ...plain);
    const kept = p.filter((v) => v > 0).length;
    words.textContent = `After “${prompt}”: ${comma(kept)} of ${comma(p.length)} tokens can be drawn, ` +
      `“${tokens[0].trim()}” with ${percent(p[0])} instead of ${percent(plain[0])}. ` +
      `Outlines: what the model gives; filled: what is drawn from. The ${SHOWN} likeliest are shown.`;
    bars.show(W, top + row * SHOWN + 4, words.textContent, [
      text(W - 48, 13, "from", { "text-anchor": "end" }), text(W - 2, 13, "to", { "text-anchor": "end" }),
      ...Array.from({ length: SHOWN }, (_, i) => {
        const y = top + row * i, base = y + 13;
        return [text(left - 8, base, readable(tokens[i]), { "text-anchor": "end", opacity: p[i] ? 1 : 0.7 }),
          box(left, y + 2, wide(p[i]), row - 5, "lit", 0.7, { stroke: "none" }),
          box(left, y + 2, wide(plain[i]), row - 5, "line", 0),
          text(W - 48, base, percent(plain[i]), { "text-anchor": "end" }),
          text(W - 2, base, percent(p[i]), { "text-anchor": "end" })];
      }),
    ]);
  }
  host.append(temperature.element, topK.element, topP.element, minP.element, bars.element, words);
  return draw;
});
window.figures = { sampled };
})();
