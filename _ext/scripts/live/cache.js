
(() => {
  const Live = globalThis.Live ??= {};

  /** The keys and values of positions already seen, so that they are computed once.
   *
   * A forward pass writes behind `length`, and the model moves `length` on when all layers
   * are done. Storage is made once, for `maxLength` positions: (L, maxLength, K, H), twice.
   */
  class KVCache {
    constructor(config, maxLength = config.max_position_embeddings) {
      this.maxLength = maxLength;
      this.width = config.num_key_value_heads * config.head_dim;  // numbers of one position
      const stores = () => Array.from(
        { length: config.num_hidden_layers }, () => new Float32Array(maxLength * this.width));
      this.keys = stores();
      this.values = stores();
      this.length = 0;
    }

    /** Bytes of the positions held: all layers, keys and values, four bytes a number. */
    get nbytes() {
      return 2 * this.keys.length * this.length * this.width * 4;
    }

    /** Write a layer's new keys and values, (T, K, H); return all that it holds, (S, K, H). */
    update(layer, k_TKH, v_TKH) {
      const start = this.length * this.width, end = start + k_TKH.length;
      if (end > this.maxLength * this.width)
        throw new RangeError(`cache: ${this.length} of ${this.maxLength} positions are taken, `
          + `and ${k_TKH.length / this.width} more do not fit`);
      this.keys[layer].set(k_TKH, start);
      this.values[layer].set(v_TKH, start);
      return [this.keys[layer].subarray(0, end), this.values[layer].subarray(0, end)];
    }

    advance(T) {
      this.length += T;
    }
  }

  Object.assign(Live, { KVCache });
})();
