// Two passes of one text, step by step: how far they are apart, and where that begins.
// A result is what Engine.run gives: `{record, logits, losses, loss, ids}`.
(() => {
  const Live = globalThis.Live ??= {};

  /** How far one array is off another: 0 equal to the bit, 1 as far off as it is large. */
  function distance(right, wrong) {
    let off = 0, size = 0;
    for (let i = 0; i < right.length; i++) {
      const a = right[i], b = wrong[i];
      if (!Number.isFinite(a) || !Number.isFinite(b)) off += Object.is(a, b) ? 0 : 1;
      else { off += (a - b) ** 2; size += a * a; }
    }
    return off === 0 ? 0 : Math.sqrt(off / (size || 1));
  }

  /** The distance of every step of the right pass; Infinity for one that was not run.
   *
   * Both are computed by the same code in the same order, so what a mistake does not reach
   * is equal to the bit.
   */
  function differences(right, wrong) {
    return Object.fromEntries(Object.entries(right.record).map(([path, { data }]) =>
      [path, wrong.record[path] ? distance(data, wrong.record[path].data) : Infinity]));
  }

  /** Steps that print no line, by their last name: what makes each in model.py. */
  const STEPS = {
    sin: "Qwen3RotaryEmbedding", mask: "causal_mask", q_rotated: "apply_rotary_pos_emb",
    k_rotated: "apply_rotary_pos_emb", k_repeated: "repeat_kv", v_repeated: "repeat_kv",
    scores: "eager_attention", probs: "eager_attention", heads: "eager_attention",
    product: "Qwen3MLP.forward", after_attn: "Qwen3DecoderLayer.forward",
    after_mlp: "Qwen3DecoderLayer.forward",
  };
  const lastName = (path) => path.split(".").pop();
  const isStep = (path) => lastName(path) in STEPS;

  /** The printed lines whose numbers go into a printed line, nearest first. */
  function inputsOf(path) {
    const found = path.match(/^model\.layers\.(\d+)\.?(.*)$/);
    if (!found) return { "model.norm": ["model.layers"], model: ["model.norm"],
      lm_head: ["model"] }[path] ?? [];
    const i = Number(found[1]), layer = `model.layers.${i}`, attn = `${layer}.self_attn`;
    const before = i ? `model.layers.${i - 1}` : "model.embed_tokens";
    const normed = [`${layer}.input_layernorm`];
    return {
      "input_layernorm": [before],
      "self_attn.q_proj": normed, "self_attn.k_proj": normed, "self_attn.v_proj": normed,
      "self_attn.q_norm": [`${attn}.q_proj`], "self_attn.k_norm": [`${attn}.k_proj`],
      "self_attn.o_proj":
        [`${attn}.q_norm`, `${attn}.k_norm`, `${attn}.v_proj`, "model.rotary_emb"],
      "self_attn": [`${attn}.o_proj`],
      "post_attention_layernorm": [attn, before],
      "mlp.gate_proj": [`${layer}.post_attention_layernorm`],
      "mlp.up_proj": [`${layer}.post_attention_layernorm`],
      "mlp.act_fn": [`${layer}.mlp.gate_proj`],
      "mlp.down_proj": [`${layer}.mlp.act_fn`, `${layer}.mlp.up_proj`],
      "mlp": [`${layer}.mlp.down_proj`],
      "": [`${layer}.mlp`, attn, before],
    }[found[2]] ?? [];
  }

  /** The first printed line, in the order of calls, whose numbers differ; null if none does.
   *
   * `path` is that line, `skipped` whether it was not called at all, `inputs` the printed
   * lines that it reads and `inputsEqual` whether they are equal to the bit. `step` is the
   * first step that differs and prints no line, if one does before the line: then the fault
   * lies in `function`, which the tree does not print.
   */
  function firstDifference(right, wrong, found = differences(right, wrong)) {
    const order = Object.keys(right.record), differs = (path) => found[path] !== 0;
    const path = order.find((at) => !isStep(at) && differs(at));
    if (path === undefined) return null;
    const step = order.slice(0, order.indexOf(path)).find(differs) ?? null;
    const last = order.filter((at) => /^model\.layers\.\d+$/.test(at)).at(-1);
    const inputs = inputsOf(path)
      .map((at) => (at === "model.layers" ? last : at)).filter((at) => at in found);
    return {
      path, skipped: found[path] === Infinity, difference: found[path],
      inputs, inputsEqual: inputs.every((at) => found[at] === 0),
      step, function: step && STEPS[lastName(step)],
    };
  }

  /** What a panel says of two passes: every distance, the first line, and the witnesses.
   *
   * `largestLogit` is the largest change of a logit, `changed` the positions at which
   * another token is the likeliest, `of` how many there are.
   */
  function compare(right, wrong) {
    const found = differences(right, wrong), V = right.logits.length / right.ids.length;
    let largestLogit = 0;
    right.logits.forEach((z, i) => {
      largestLogit = Math.max(largestLogit, Math.abs(z - wrong.logits[i]));
    });
    const best = ({ logits }, t) => Live.argmax(logits.subarray(t * V, (t + 1) * V));
    const changed = right.ids.map((_, t) => t).filter((t) => best(right, t) !== best(wrong, t));
    return { differences: found, first: firstDifference(right, wrong, found), largestLogit,
      changed, of: right.ids.length };
  }

  /** Positions at which a step of two texts is not equal to the bit, of those both have.
   *
   * Two texts that differ in their last token alone differ, in a causal model, nowhere
   * before it: the witness of the mask.
   */
  function moved(one, other, path) {
    const a = one.record[path], b = other.record[path], width = a.data.length / a.shape[0];
    const shared = Math.min(a.shape[0], b.shape[0]);
    return Array.from({ length: shared }, (_, t) => t).filter((t) => {
      for (let i = t * width; i < (t + 1) * width; i++)
        if (!Object.is(a.data[i], b.data[i])) return true;
      return false;
    });
  }

  Object.assign(Live, {
    distance, differences, firstDifference, compare, moved, inputsOf, isStep, STEPS });
})();
