// The whole of Qwen3 in plain JavaScript, leaves first: model.py, with the same names. One
// text at a time, fp32. Sums are made in double precision and rounded once.
//
// A name's suffix is its shape, as in model.py but without the batch: T query position,
// S key position, D hidden size, F intermediate size, N query heads, K key/value heads,
// H head dimension, V vocabulary. An array is a flat Float32Array, last dimension fastest;
// heads stay where `view` puts them, (T, N, H), so that nothing is transposed.
//
// `sw` holds the deliberate mistakes that are switched on, by the keys of
// src/bookkit/breaks.py; each is one changed expression here. What a mistake leaves out is
// not recorded either, as a hook on a module that is never called would see nothing.
(() => {
  const Live = globalThis.Live ??= {};

  /** Every vector times a matrix: (T, I) to (T, O). Blocks keep numbers in registers. */
  function linear(x_TI, { data: weight_OI, shape: [O, I] }) {
    const x = x_TI, w = weight_OI, T = x.length / I, y_TO = new Float32Array(T * O);
    let t = 0;
    for (; t + 4 <= T; t += 4) {  // four positions and two outputs at a time
      const x0 = t * I, x1 = x0 + I, x2 = x1 + I, x3 = x2 + I;
      for (let o = 0; o < O; o += 2) {
        const wa = o * I, wb = wa + I, y = t * O + o;
        let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
        for (let i = 0; i < I; i++) {
          const a = w[wa + i], b = w[wb + i];
          a0 += a * x[x0 + i]; a1 += a * x[x1 + i]; a2 += a * x[x2 + i]; a3 += a * x[x3 + i];
          b0 += b * x[x0 + i]; b1 += b * x[x1 + i]; b2 += b * x[x2 + i]; b3 += b * x[x3 + i];
        }
        y_TO[y] = a0; y_TO[y + O] = a1; y_TO[y + 2 * O] = a2; y_TO[y + 3 * O] = a3;
        y_TO[y + 1] = b0; y_TO[y + O + 1] = b1; y_TO[y + 2 * O + 1] = b2;
        y_TO[y + 3 * O + 1] = b3;
      }
    }
    for (; t < T; t++)
      for (let o = 0; o < O; o++) y_TO[t * O + o] = dot(x, t * I, w, o * I, I);
    return y_TO;
  }

  /** The sum of products of n numbers (n even) of a from i on and b from j on. */
  function dot(a, i, b, j, n) {
    let even = 0, odd = 0;
    for (const end = i + n; i < end; i += 2, j += 2) {
      even += a[i] * b[j]; odd += a[i + 1] * b[j + 1];
    }
    return even + odd;
  }

  const f32 = new Float32Array(1), u32 = new Uint32Array(f32.buffer);

  /** Round to the nearest bf16, half to even, as a tensor of that dtype would. */
  function bf16(v) {
    f32[0] = v;
    u32[0] = (u32[0] + 0x7fff + ((u32[0] >>> 16) & 1)) & 0xffff0000;
    return f32[0];
  }

  /** Give every vector a root mean square of one, then scale it by a learned gain. */
  function rmsNorm(x, gain, eps, sw = {}) {
    const D = gain.length, y = new Float32Array(x.length);
    const cast = sw.castLeftOut ? bf16 : Math.fround;
    for (let at = 0; at < x.length; at += D) {
      let sum = 0;
      for (let i = 0; i < D; i++) sum += cast(cast(x[at + i]) * cast(x[at + i]));
      const variance = cast(Math.fround(sum) / D);  // a sum may be too large for fp32
      const rsqrt = cast(1 / Math.sqrt(sw.epsLeftOut ? variance : cast(variance + eps)));
      for (let i = 0; i < D; i++) y[at + i] = gain[i] * cast(cast(x[at + i]) * rsqrt);
    }
    return y;
  }

  /** Turn positions into the cosines and sines that rotate queries and keys: (T, H). */
  function rotaryEmbedding(config, T, past, sw = {}) {
    const H = config.head_dim, theta = sw.theta ? 10_000 : config.rope_theta;
    const cos_TH = new Float32Array(T * H), sin_TH = new Float32Array(T * H);
    for (let t = 0; t < T; t++) {
      for (let i = 0; i < H; i++) {
        const pair = sw.interleaved ? i >> 1 : i % (H / 2);
        const angle = Math.fround((past + t) * Math.fround(1 / theta ** (2 * pair / H)));
        cos_TH[t * H + i] = Math.cos(angle);
        sin_TH[t * H + i] = Math.sin(angle);
      }
    }
    return { cos_TH, sin_TH };
  }

  /** Turn every pair (i, i + H/2) by a quarter: halves (a, b) become (-b, a). */
  function rotateHalf(x_H, sw = {}) {
    const H = x_H.length, y_H = new Float32Array(H), sign = sw.rotateHalfSign ? -1 : 1;
    for (let i = 0; i < H / 2; i++) {
      const a = sw.interleaved ? 2 * i : i, b = sw.interleaved ? 2 * i + 1 : i + H / 2;
      y_H[a] = -sign * x_H[b];
      y_H[b] = sign * x_H[a];
    }
    return y_H;
  }

  /** Turn every pair of a query or key, (T, heads, H), by the angle of its position. */
  function applyRotary(x, { cos_TH, sin_TH }, H, sw = {}) {
    const y = new Float32Array(x.length), heads = x.length / cos_TH.length;
    for (let at = 0; at < x.length; at += H) {
      const x_H = x.subarray(at, at + H), turned_H = rotateHalf(x_H, sw);
      const angle = Math.floor(at / H / heads) * H;
      for (let i = 0; i < H; i++)
        y[at + i] = x_H[i] * cos_TH[angle + i] + turned_H[i] * sin_TH[angle + i];
    }
    return y;
  }

  /** Give every query head its key/value head, (S, K, H) to (S, N, H): a
   * repeat_interleave over the heads. */
  function repeatKv(x_SKH, { N, K, H }, sw = {}) {
    const S = x_SKH.length / (K * H), y_SNH = new Float32Array(S * N * H);
    for (let s = 0; s < S; s++) {
      for (let n = 0; n < N; n++) {
        const kv = sw.repeat ? n % K : Math.floor(n / (N / K)), from = (s * K + kv) * H;
        y_SNH.set(x_SKH.subarray(from, from + H), (s * N + n) * H);
      }
    }
    return y_SNH;
  }

  /** Say which keys a query may read, 1 or 0: not later. (T, S) */
  function causalMask(T, past, sw = {}) {
    const S = past + T, allowed_TS = new Float32Array(T * S);
    for (let t = 0; t < T; t++)
      for (let s = 0; s < S; s++)
        allowed_TS[t * S + s] = sw.maskLeftOut || s <= past + t ? 1 : 0;
    return allowed_TS;
  }

  /** Scores of every query head: q @ k.T * scaling, minus infinity where masked. */
  function scored(q_TNH, k_SNH, allowed_TS, { T, N, H }, sw = {}) {
    const S = allowed_TS.length / T, scores_NTS = new Float32Array(N * T * S).fill(-Infinity);
    const scaling = sw.scaleLeftOut ? 1 : sw.scaleByH ? 1 / H : H ** -0.5;
    for (let n = 0; n < N; n++)
      for (let t = 0; t < T; t++)
        for (let s = 0; s < S; s++)
          if (allowed_TS[t * S + s])
            scores_NTS[(n * T + t) * S + s] =
              dot(q_TNH, (t * N + n) * H, k_SNH, (s * N + n) * H, H) * scaling;
    return scores_NTS;
  }

  /** Weights of every row that sum to one. */
  function softmaxRows(scores_NTS, S) {
    const probs_NTS = new Float32Array(scores_NTS.length);
    for (let row = 0; row < scores_NTS.length; row += S) {
      let highest = -Infinity, sum = 0;
      for (let i = row; i < row + S; i++) highest = Math.max(highest, scores_NTS[i]);
      for (let i = row; i < row + S; i++)
        sum += probs_NTS[i] = Math.exp(scores_NTS[i] - highest);
      for (let i = row; i < row + S; i++) probs_NTS[i] /= sum;
    }
    return probs_NTS;
  }

  /** The mean of values that each head's weights make: probs @ v, (T, N, H). */
  function weighted(probs_NTS, v_SNH, { T, N, H }) {
    const S = v_SNH.length / (N * H), out_TNH = new Float32Array(T * N * H);
    for (let n = 0; n < N; n++) {
      for (let t = 0; t < T; t++) {
        const row = (n * T + t) * S, out = (t * N + n) * H;
        for (let s = 0; s < S; s++) {
          const p = probs_NTS[row + s];
          if (p === 0) continue;
          for (let i = 0, v = (s * N + n) * H; i < H; i++) out_TNH[out + i] += p * v_SNH[v + i];
        }
      }
    }
    return out_TNH;
  }

  /** Attend in the open: every score is there to be looked at. */
  function eagerAttention(run, at, q_TNH, k_SKH, v_SKH, layer) {
    const { sw, T, N, H, S, allowed_TS, keep } = run;
    const k_SNH = keep(`${at}.k_repeated`, repeatKv(k_SKH, run, sw), S, N);
    const v_SNH = keep(`${at}.v_repeated`, repeatKv(v_SKH, run, sw), S, N);
    const scores_NTS = keep(`${at}.scores`, scored(q_TNH, k_SNH, allowed_TS, run, sw), N, T);
    const probs_NTS = keep(`${at}.probs`, softmaxRows(scores_NTS, S), N, T);
    const out_TNH = weighted(probs_NTS, v_SNH, run);
    for (let n = 0; n < N; n++)
      if (sw.heads?.includes(`${layer}.${n}`))
        for (let t = 0; t < T; t++) out_TNH.fill(0, (t * N + n) * H, (t * N + n + 1) * H);
    return keep(`${at}.heads`, out_TNH, T, N);
  }

  /** Let every position read from the positions before it. */
  function attention(run, path, x_TD, layer) {
    const { w, sw, T, N, K, H, eps, rotary, keep, cache } = run, at = `${path}.self_attn`;
    const project = (name) => keep(`${at}.${name}`, linear(x_TD, w[`${at}.${name}.weight`]), T);
    const norm = (name, x, heads) =>
      keep(`${at}.${name}`, rmsNorm(x, w[`${at}.${name}.weight`].data, eps, sw), T, heads);
    const early = (name, x, heads) =>
      (sw.qkNormLeftOut || sw.qkNormAfterRope ? x : norm(name, x, heads));
    let q_TNH = early("q_norm", project("q_proj"), N);
    let k_TKH = early("k_norm", project("k_proj"), K);
    const v_TKH = project("v_proj");
    if (!sw.rotationLeftOut) {
      q_TNH = keep(`${at}.q_rotated`, applyRotary(q_TNH, rotary, H, sw), T, N);
      k_TKH = keep(`${at}.k_rotated`, applyRotary(k_TKH, rotary, H, sw), T, K);
    }
    if (sw.qkNormAfterRope && !sw.qkNormLeftOut) {
      q_TNH = norm("q_norm", q_TNH, N);
      k_TKH = norm("k_norm", k_TKH, K);
    }
    const [k_SKH, v_SKH] = cache ? cache.update(layer, k_TKH, v_TKH) : [k_TKH, v_TKH];
    const out_TNH = eagerAttention(run, at, q_TNH, k_SKH, v_SKH, layer);
    return keep(at, keep(`${at}.o_proj`, linear(out_TNH, w[`${at}.o_proj.weight`]), T), T);
  }

  const silu = (x) => x.map((v) => v / (1 + Math.exp(-v)));
  const multiply = (a, b) => a.map((v, i) => v * b[i]);
  const add = (a, b) => a.map((v, i) => v + b[i]);

  /** v times the chance that a normal number is below v; the error function by its series,
   * and from 4 on, where nothing is left of it in fp32, by its limit. */
  const gelu = (x) => x.map((v) => {
    const z = v / Math.SQRT2;
    if (Math.abs(z) > 4) return z > 0 ? v : 0;
    let term = z, sum = z;
    for (let n = 1; Math.abs(term) > 1e-17; n++) sum += (term *= -z * z / n) / (2 * n + 1);
    return v * (1 + 2 / Math.sqrt(Math.PI) * sum) / 2;
  });

  /** Transform every position by itself: a gate decides what passes. */
  function mlp(run, path, x_TD) {
    const { w, sw, T, keep } = run, at = `${path}.mlp`;
    const project = (name, x) => keep(`${at}.${name}`, linear(x, w[`${at}.${name}.weight`]), T);
    const gate = () => project("gate_proj", x_TD), up = () => project("up_proj", x_TD);
    const act = (x) => (sw.siluLeftOut ? x : sw.gelu ? gelu(x) : keep(`${at}.act_fn`, silu(x), T));
    const h_TF = sw.gateUpSwapped ? multiply(gate(), act(up())) : multiply(act(gate()), up());
    return keep(at, project("down_proj", keep(`${at}.product`, h_TF, T)), T);
  }

  /** Add to the residual stream twice: what attention read, what the MLP made. */
  function decoderLayer(run, path, x_TD, layer) {
    const { w, sw, T, eps, keep } = run;
    const norm = (name, x) =>
      keep(`${path}.${name}`, rmsNorm(x, w[`${path}.${name}.weight`].data, eps, sw), T);
    const normed_TD = sw.inputNormLeftOut ? x_TD : norm("input_layernorm", x_TD);
    const read_TD = attention(run, path, normed_TD, layer);
    const attnAlone = sw.attnResidualLeftOut || sw.additionsLeftOut;
    x_TD = keep(`${path}.after_attn`, attnAlone ? read_TD : add(x_TD, read_TD), T);
    const made_TD =
      mlp(run, path, sw.postNormLeftOut ? x_TD : norm("post_attention_layernorm", x_TD));
    const mlpAlone = sw.mlpResidualLeftOut || sw.additionsLeftOut;
    return keep(path, keep(`${path}.after_mlp`, mlpAlone ? made_TD : add(x_TD, made_TD), T), T);
  }

  /** Score every token of the vocabulary as the next one, at every position: (T, V).
   *
   * `record`, an object, is filled with `path: {data, shape}` for every step in the order of
   * their ends, named after the printed tree; a step that prints no line has a name of its
   * own inside its module. A path may share its numbers with another.
   */
  function forward(model, ids, { cache = null, record = null, switches: sw = {} } = {}) {
    const { config: c, weights: w } = model, T = ids.length, D = c.hidden_size;
    const past = cache ? cache.length : 0;
    const keep = (path, data, ...lead) => {  // the last dimension follows from the others
      const last = lead.reduce((rest, n) => rest / n, data.length);
      if (record) record[path] = { data, shape: [...lead, last] };
      return data;
    };
    const embed = w["model.embed_tokens.weight"].data, eps = c.rms_norm_eps;
    let x_TD = new Float32Array(T * D);
    ids.forEach((id, t) => x_TD.set(embed.subarray(id * D, (id + 1) * D), t * D));
    keep("model.embed_tokens", x_TD, T);
    const rotary = rotaryEmbedding(c, T, past, sw);
    keep("model.rotary_emb", rotary.cos_TH, T);
    keep("model.rotary_emb.sin", rotary.sin_TH, T);
    const allowed_TS = keep("model.mask", causalMask(T, past, sw), T);
    const N = c.num_attention_heads, K = c.num_key_value_heads, H = c.head_dim;
    const run = { w, sw, T, S: past + T, N, K, H, eps, rotary, allowed_TS, keep, cache };
    for (let i = 0; i < c.num_hidden_layers; i++)
      if (!sw.layers?.includes(i)) x_TD = decoderLayer(run, `model.layers.${i}`, x_TD, i);
    if (cache) cache.advance(T);
    if (!sw.finalNormLeftOut)
      x_TD = keep("model.norm", rmsNorm(x_TD, w["model.norm.weight"].data, eps, sw), T);
    keep("model", x_TD, T);
    return keep("lm_head", linear(x_TD, headOf(model, sw)), T);
  }

  /** The head's matrix (V, D): the embedding's own, unless a switch unties it. */
  function headOf(model, sw = {}) {
    if (!sw.headUntied) return model.weights["lm_head.weight"];
    const { shape, data } = model.weights["lm_head.weight"], random = Live.mulberry32(0);
    const normal = () =>
      Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const std = model.config.initializer_range;
    return model.randomHead ??= { shape, data: data.map(() => std * normal()) };
  }

  /** The logit lens: read a stream, (T, D) or one vector, as if the model ended there. */
  function logitLens(model, x_TD, sw = {}) {
    const gain = model.weights["model.norm.weight"].data, eps = model.config.rms_norm_eps;
    const normed_TD = sw.finalNormLeftOut ? x_TD : rmsNorm(x_TD, gain, eps, sw);
    return linear(normed_TD, headOf(model, sw));
  }

  Object.assign(Live, {
    linear, bf16, rmsNorm, rotaryEmbedding, rotateHalf, applyRotary, repeatKv, causalMask,
    softmaxRows, silu, gelu, multiply, add, forward, headOf, logitLens,
  });
})();
