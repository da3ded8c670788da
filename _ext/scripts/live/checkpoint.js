// Weights in: Hugging Face's layout, safetensors only, everything as Float32Array.
(() => {
  const Live = globalThis.Live ??= {};

  const WIDEN = {
    F32: (bytes) => new Float32Array(bytes),
    BF16(bytes) {  // a bf16 number is the upper half of an fp32 number
      const halves = new Uint16Array(bytes), bits = new Uint32Array(halves.length);
      for (let i = 0; i < bits.length; i++) bits[i] = halves[i] << 16;
      return new Float32Array(bits.buffer);
    },
    F16: (bytes) => Float32Array.from(new Uint16Array(bytes), (half) => {
      const sign = half & 0x8000 ? -1 : 1, exponent = (half >> 10) & 31, rest = half & 1023;
      if (exponent === 31) return rest ? NaN : sign * Infinity;
      return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest / 1024) : 2 ** -14 * rest / 1024);
    }),
  };

  /** All tensors of a safetensors file: `{name: {data, shape}}`.
   *
   * The file is eight bytes with the header's length, the header (JSON: a dtype, a shape and
   * two offsets for each name), then the numbers.
   */
  function readSafetensors(buffer) {
    const length = buffer.byteLength < 8 ? Infinity
      : Number(new DataView(buffer).getBigUint64(0, true));
    if (length > buffer.byteLength - 8) throw new Error("not a whole safetensors file");
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
    delete header.__metadata__;
    const tensors = {};
    for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(header)) {
      if (!WIDEN[dtype]) throw new Error(`${name}: dtype ${dtype}, expected F32, BF16 or F16`);
      if (8 + length + to > buffer.byteLength) throw new Error("not a whole safetensors file");
      // slice copies, so the numbers are aligned wherever the header ends
      tensors[name] = { shape, data: WIDEN[dtype](buffer.slice(8 + length + from, 8 + length + to)) };
    }
    return tensors;
  }

  /** The shape of every tensor that a config asks for, by its name in the state dict. */
  function expectedShapes(c) {
    const D = c.hidden_size, F = c.intermediate_size, H = c.head_dim;
    const N = c.num_attention_heads, K = c.num_key_value_heads, shapes = {};
    shapes["model.embed_tokens.weight"] = [c.vocab_size, D];
    for (let i = 0; i < c.num_hidden_layers; i++) {
      const of = {
        "self_attn.q_proj": [N * H, D], "self_attn.k_proj": [K * H, D],
        "self_attn.v_proj": [K * H, D], "self_attn.o_proj": [D, N * H],
        "self_attn.q_norm": [H], "self_attn.k_norm": [H],
        "mlp.gate_proj": [F, D], "mlp.up_proj": [F, D], "mlp.down_proj": [D, F],
        "input_layernorm": [D], "post_attention_layernorm": [D],
      };
      for (const name in of) shapes[`model.layers.${i}.${name}.weight`] = of[name];
    }
    shapes["model.norm.weight"] = [D];
    if (!c.tie_word_embeddings) shapes["lm_head.weight"] = [c.vocab_size, D];
    return shapes;
  }

  /** A model: its config, and its weights by their names. Anything unexpected is an error. */
  function fromPretrained(config, buffer) {
    const unknown = { rope_scaling: null, attention_bias: false, use_sliding_window: false };
    for (const key in unknown)
      if ((config[key] ?? unknown[key]) !== unknown[key])
        throw new Error(`config.json: ${key} is ${config[key]}, which this page cannot run`);
    if (config.hidden_act !== "silu") throw new Error(`config.json: hidden_act ${config.hidden_act}`);
    const weights = readSafetensors(buffer), shapes = expectedShapes(config);
    for (const name in shapes) {
      if (!weights[name]) throw new Error(`${name} is missing from the weights`);
      if (String(weights[name].shape) !== String(shapes[name]))
        throw new Error(`${name} has shape (${weights[name].shape}), config.json asks for (${shapes[name]})`);
    }
    if (config.tie_word_embeddings) weights["lm_head.weight"] = weights["model.embed_tokens.weight"];
    return { config, weights };
  }

  Object.assign(Live, { readSafetensors, expectedShapes, fromPretrained });
})();
