// What a panel reads off a record: one position's numbers, their size, a strip of them,
// and what attention and MLP did. Pure functions; `entry` is `{data, shape}`.
(() => {
  const Live = globalThis.Live ??= {};
  const STRIP = 48;  // numbers in a strip

  /** One position's numbers, all heads of it: a view. Not for scores, probs and mask. */
  function at(entry, t) {
    const width = entry.data.length / entry.shape[0];
    return entry.data.subarray(t * width, (t + 1) * width);
  }

  /** Root mean square. */
  function rms(x) {
    let sum = 0;
    for (const v of x) sum += v * v;
    return Math.sqrt(sum / x.length);
  }

  /** Numbers of a vector, evenly spread: every number of one that has no more. */
  function strip(x, count = STRIP) {
    const n = Math.min(count, x.length);
    return Float32Array.from({ length: n }, (_, i) => x[Math.floor(i * x.length / n)]);
  }

  /** Lengths of every position's vector in root mean squares: (T,). */
  const sizes = (entry) =>
    Float32Array.from({ length: entry.shape[0] }, (_, t) => rms(at(entry, t)));

  /** One head's pattern of a layer: a row of weights for every query, `[t][s]`. */
  function pattern(record, layer, head) {
    const { data, shape: [, T, S] } = record[`model.layers.${layer}.self_attn.probs`];
    return Array.from({ length: T }, (_, t) =>
      data.subarray((head * T + t) * S, (head * T + t + 1) * S));
  }

  /** How many of a layer's MLP units a gate lets pass at each position: (T,). A unit passes
   * where its gate is above zero. */
  function passing(record, layer) {
    const entry = record[`model.layers.${layer}.mlp.gate_proj`];
    return Array.from({ length: entry.shape[0] }, (_, t) =>
      at(entry, t).reduce((n, v) => n + (v > 0), 0));
  }

  /** The hands of three clocks, a fast pair, a middle and a slow one, at a position:
   * `{pair, angle, turns}`, in radians from the start and in whole turns. */
  function clocks(config, t, pairs = [0, config.head_dim / 8, config.head_dim / 4]) {
    return pairs.map((pair) => {
      const angle = t / config.rope_theta ** (2 * pair / config.head_dim);
      return { pair, angle, turns: Math.floor(angle / (2 * Math.PI)) };
    });
  }

  Object.assign(Live, { STRIP, at, rms, strip, sizes, pattern, passing, clocks });
})();
