// From logits to tokens: distribution, loss, and sampling as generate.py does it.
(() => {
  const Live = globalThis.Live ??= {};

  /** Probabilities of one position's logits, (V,). */
  function softmax(logits_V) {
    const highest = logits_V.reduce((a, b) => Math.max(a, b), -Infinity);
    const p_V = logits_V.map((z) => Math.exp(z - highest));
    const sum = p_V.reduce((a, b) => a + b, 0);
    return p_V.map((p) => p / sum);
  }

  /** The loss of every token but the first, in nats: (T - 1,). */
  function lossPerToken(logits_TV, ids) {
    const V = logits_TV.length / ids.length, loss_T = new Float32Array(ids.length - 1);
    for (let t = 0; t + 1 < ids.length; t++) {
      let highest = -Infinity, sum = 0;
      for (let z = t * V; z < (t + 1) * V; z++) highest = Math.max(highest, logits_TV[z]);
      for (let z = t * V; z < (t + 1) * V; z++) sum += Math.exp(logits_TV[z] - highest);
      loss_T[t] = highest + Math.log(sum) - logits_TV[t * V + ids[t + 1]];
    }
    return loss_T;
  }

  /** The k largest, largest first: `[[index, value], ...]`. */
  function topk(x_V, k) {
    const order = Array.from(x_V.keys()).sort((a, b) => x_V[b] - x_V[a] || a - b);
    return order.slice(0, k).map((i) => [i, x_V[i]]);
  }

  const mean = (x) => (x.length ? x.reduce((a, b) => a + b, 0) / x.length : null);

  const argmax = (x_V) => x_V.reduce((best, x, i) => (x > x_V[best] ? i : best), 0);

  /** Scale logits and set those that may not be drawn to minus infinity.
   *
   * Temperature, top-k, top-p, min-p, in this order; the likeliest token always stays.
   */
  function filterLogits(logits_V, { temperature = 1, topK = null, topP = null, minP = null }) {
    let z_V = logits_V.map((z) => z / temperature);
    const drop = (lost) => { z_V = z_V.map((z, i) => (lost(z, i) ? -Infinity : z)); };
    if (topK !== null) {
      const kth = topk(z_V, topK).at(-1)[1];
      drop((z) => z < kth);
    }
    if (topP !== null) {
      const ranked = topk(softmax(z_V), z_V.length).reverse(), lost = new Set();
      let sum = 0;
      for (const [i, p] of ranked.slice(0, -1)) if ((sum += p) <= 1 - topP) lost.add(i);
      drop((_, i) => lost.has(i));
    }
    if (minP !== null) {
      const p_V = softmax(z_V), least = minP * p_V[argmax(p_V)];
      drop((_, i) => p_V[i] < least);
    }
    return z_V;
  }

  /** Choose one id: the likeliest at temperature 0, else drawn from what is left. */
  function nextId(logits_V, options, random) {
    if (!logits_V.every(Number.isFinite)) throw new Error("logits: expected finite numbers");
    if (options.temperature === 0) return argmax(logits_V);
    const p_V = softmax(filterLogits(logits_V, options));
    let left = random(), chosen = argmax(p_V);
    for (let i = 0; i < p_V.length; i++) {
      if (p_V[i] > 0 && left < p_V[i]) return i;
      left -= p_V[i];
    }
    return chosen;  // rounding left a crumb
  }

  /** A small generator with a seed: numbers in [0, 1), the same everywhere. */
  function mulberry32(seed) {
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  Object.assign(Live, { softmax, lossPerToken, topk, mean, argmax, filterLogits, nextId, mulberry32 });
})();
