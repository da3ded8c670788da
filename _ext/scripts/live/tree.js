// The printed tree, from a config: what `print(model)` writes, line by line, and on request
// the steps between modules, which print no line.
(() => {
  const Live = globalThis.Live ??= {};

  const python = (x) => x.toExponential()  // 1e-6, which Python writes 1e-06
    .replace(/e([+-])(\d)$/, (_, sign, digit) => `e${sign}0${digit}`);

  /** Lines as `{text, depth, path, layer}`.
   *
   * `path` names what qwen3.js records: a module, or a step if `step` is true. It is null where
   * a line only closes a module. Layers share the path `model.layers.*` while they are printed
   * as one; with `apart` each has lines of its own, and those not in `open` are folded.
   */
  function treeLines(c, { apart = false, open = null, steps = false } = {}) {
    const D = c.hidden_size, H = c.head_dim, F = c.intermediate_size, L = c.num_hidden_layers;
    const N = c.num_attention_heads, K = c.num_key_value_heads, eps = python(c.rms_norm_eps);
    const linear = (i, o) => `Linear(in_features=${i}, out_features=${o}, bias=False)`;
    const norm = (n) => `Qwen3RMSNorm((${n},), eps=${eps})`;
    const lines = [];
    const leaf = (depth, path, text) =>
      lines.push({ depth, path, text: `(${path.split(".").pop()}): ${text}` });
    const step = (depth, path, text) =>
      steps && lines.push({ depth, path, text: `# ${text}`, step: true });
    const parent = (depth, path, text, inner, more = {}) => {
      const name = more.name ?? path.split(".").pop();
      const line = { depth, path, text: (name ? `(${name}): ` : "") + `${text}(`, ...more };
      lines.push(line);
      if (line.folded) line.text += "...)";
      else {
        inner(depth + 1);
        lines.push({ depth, path: null, text: ")", closes: path });
      }
    };
    const layer = (depth, at, text, more) => parent(depth, at, text, (d) => {
      parent(d, `${at}.self_attn`, "Qwen3Attention", (e) => {
        leaf(e, `${at}.self_attn.q_proj`, linear(D, N * H));
        leaf(e, `${at}.self_attn.k_proj`, linear(D, K * H));
        leaf(e, `${at}.self_attn.v_proj`, linear(D, K * H));
        leaf(e, `${at}.self_attn.o_proj`, linear(N * H, D));
        leaf(e, `${at}.self_attn.q_norm`, norm(H));
        leaf(e, `${at}.self_attn.k_norm`, norm(H));
        step(e, `${at}.self_attn.q_rotated`, "q, rotated by its position");
        step(e, `${at}.self_attn.k_rotated`, "k, rotated by its position");
        step(e, `${at}.self_attn.k_repeated`, "k, repeated for the query heads");
      step(e, `${at}.self_attn.v_repeated`, "v, repeated for the query heads");
      step(e, `${at}.self_attn.scores`, "q @ k.T * scaling, masked");
        step(e, `${at}.self_attn.probs`, "softmax");
        step(e, `${at}.self_attn.heads`, "probs @ v");
      });
      parent(d, `${at}.mlp`, "Qwen3MLP", (e) => {
        leaf(e, `${at}.mlp.gate_proj`, linear(D, F));
        leaf(e, `${at}.mlp.up_proj`, linear(D, F));
        leaf(e, `${at}.mlp.down_proj`, linear(F, D));
        leaf(e, `${at}.mlp.act_fn`, "SiLU()");
        step(e, `${at}.mlp.product`, "act_fn(gate) * up");
      });
      leaf(d, `${at}.input_layernorm`, norm(D));
      leaf(d, `${at}.post_attention_layernorm`, norm(D));
      step(d, `${at}.after_attn`, "x + self_attn(...)");
      step(d, `${at}.after_mlp`, "x + mlp(...)");
    }, more);
    parent(0, "", "Qwen3ForCausalLM", (a) => {
      parent(a, "model", "Qwen3Model", (b) => {
        leaf(b, "model.embed_tokens", `Embedding(${c.vocab_size}, ${D})`);
        parent(b, "model.layers", "ModuleList", (d) => {
          if (L > 1 && !apart)
            layer(d, "model.layers.*", `${L} x Qwen3DecoderLayer`, { name: `0-${L - 1}`, fold: "shut" });
          else for (let i = 0; i < L; i++)
            layer(d, `model.layers.${i}`, "Qwen3DecoderLayer",
              { fold: "open", layer: i, folded: open !== null && !open.has(i) });
        });
        leaf(b, "model.norm", norm(D));
        leaf(b, "model.rotary_emb", "Qwen3RotaryEmbedding()");
        step(b, "model.rotary_emb.sin", "the sines; its line has the cosines");
        step(b, "model.mask", "which keys a query may read");
      });
      leaf(a, "lm_head", linear(D, c.vocab_size));
    });
    return lines;
  }

  const printTree = (c) => treeLines(c)
    .map(({ depth, text }) => "  ".repeat(depth) + text).join("\n");

  Object.assign(Live, { treeLines, printTree });
})();
