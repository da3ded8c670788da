// Chapter 9: how many query heads read one key/value head, and what the cache saves.
(() => {
"use strict";
const { make, comma, bytes } = window.dom, { slider, picture, text, line, box, figure } = window.moving;
const { num_attention_heads: N, num_key_value_heads: PRINTED, num_hidden_layers: L, head_dim: H } = window.FIGURES.printed;
const CHOICES = [16, 8, 4, 2, 1], LENGTH = 40960;
const readers = (heads, K) => Array.from({ length: heads }, (_, head) => Math.floor(head / (heads / K)));
const cache = (K, length) => 2 * L * K * H * 2 * length;

figure("grouped", (host, width) => {
  const kv = slider("kv", "key/value heads", [0, CHOICES.length - 1, 1, CHOICES.indexOf(PRINTED)], () => draw(), (i) => String(CHOICES[i]));
  const heads = picture(), words = make("p", { role: "status" });
  function draw() {
    const K = CHOICES[kv.value], W = width(), side = Math.min(30, W / N - 3);
    const x = (i, of) => (i + 0.5) * W / of, middle = { "text-anchor": "middle" };
    const kind = K === N ? "multi-head attention: no sharing" : K === 1 ? "multi-query attention: one for all" : `each serves ${N / K} query heads`;
    words.textContent = `${N} query heads, ${K} key/value head${K === 1 ? "" : "s"}: ${kind}. ` +
      `Cache in bf16: ${comma(cache(K, 1))} bytes a token, ${bytes(cache(K, LENGTH))} at ${comma(LENGTH)} tokens, which is ${(cache(K, LENGTH) / 2 ** 30).toPrecision(4)} GiB.`;
    const low = 118, bar = low + side + 46;
    heads.show(W, bar + 24, words.textContent, [
      text(0, 12, "query heads"),
      ...readers(N, K).map((to, i) => [line(x(i, N), 22 + side, x(to, K), low, "line"),
        box(x(i, N) - side / 2, 22, side, side, "q"), text(x(i, N), 22 + side / 2 + 4, String(i), middle)]),
      ...Array.from({ length: K }, (_, i) => [box(x(i, K) - side / 2, low, side, side, "k"), text(x(i, K), low + side / 2 + 4, String(i), middle)]),
      text(0, low + side + 18, "key/value heads"),
      text(0, bar - 6, `cache: ${K} of ${N} parts`),
      box(0.5, bar, W - 1, 16, "line", 0), box(0.5, bar, (W - 1) * K / N, 16, "k", 0.6),
    ]);
  }
  host.append(kv.element, heads.element, words);
  return draw;
});
window.figures = { readers, cache };
})();
