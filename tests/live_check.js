// Holds the engine against the numbers of live_expected.py, in a worker: answers a message
// `{only, stop}` with `[[check, fault], …]`. `stop` ends at the first fault.
globalThis.window = globalThis;  // live-data.js is made for a page
importScripts("live-data.js", ...["checkpoint", "cache", "generate", "tokenizer", "qwen3",
  "session", "files", "compare", "read", "puzzle", "tree"].map((name) => `${name}.js`));

const BOUND = 1e-4;  // of a tensor's largest number
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const short = (x) => JSON.stringify(x)?.slice(0, 60);

/** How far numbers are from the expected ones, as a part of the largest of these. */
function off(got, { data: right }) {
  if (got.length !== right.length) return Infinity;
  let most = 0, size = 0;
  for (let i = 0; i < right.length; i++) {
    if (!Number.isFinite(right[i]) || !Number.isFinite(got[i])) {
      if (!Object.is(right[i], got[i])) return Infinity;
      continue;
    }
    most = Math.max(most, Math.abs(got[i] - right[i]));
    size = Math.max(size, Math.abs(right[i]));
  }
  return most / (size || 1);
}

function throws(action, words) {
  try {
    action();
  } catch (error) {
    return error.message.includes(words) ? null : `says ${error.message}`;
  }
  return "does not throw";
}

const CHECKS = {
  *ids({ session: { tokenizer }, found }) {
    for (const { text, ids, plain, decoded } of found.texts) {
      const got = [tokenizer.encode(text), tokenizer.encode(text, false), tokenizer.decode(ids)];
      if (!same(got, [ids, plain, decoded])) yield `${short(text)}: ${short(got)}`;
    }
    for (const [ids, text] of found.decode) {
      const step = tokenizer.stream(), streamed = ids.map(step).join("") + step();
      if (tokenizer.decode(ids) !== text || streamed !== text) yield `decode ${short(ids)}`;
    }
    const json = () => ({ model: { type: "BPE", vocab: {}, merges: [] }, added_tokens: [],
      normalizer: { type: "NFC" }, pre_tokenizer: { pretokenizers: [
        { type: "Split", pattern: { Regex: "a" } }, { type: "ByteLevel" }] } });
    if (new Live.Tokenizer(json()).size !== 0) yield "an empty vocabulary";
    for (const other of [{ model: { type: "Unigram" } }, { normalizer: { type: "NFKC" } },
      { normalizer: null }, { pre_tokenizer: { pretokenizers: [{ type: "ByteLevel" }] } }])
      yield throws(() => new Live.Tokenizer({ ...json(), ...other }), "expected NFC, a split");
    yield throws(() => tokenizer.decode([5000]), "expected 0 to 2036");
  },

  *records({ session, found, tensors }) {
    const V = session.model.config.vocab_size;
    for (const [n, { ids, order }] of found.records.entries()) {
      const { record, logits, losses } = session.run({ ids });
      const wanted = Object.keys(tensors).filter((name) => name.startsWith(`${n}/model`));
      if (Object.keys(record).length !== wanted.length + 1) yield "another number of steps";
      for (const name of [...wanted, `${n}/lm_head`]) {
        const entry = record[name.slice(2)];
        if (!entry) { yield `${name} is not recorded`; continue; }
        if (!same(entry.shape, tensors[name].shape)) yield `${name} has shape ${entry.shape}`;
        if (off(entry.data, tensors[name]) > BOUND) yield name;
      }
      const printed = Object.keys(record).filter((path) => !Live.isStep(path));
      if (!same(printed, order)) yield `order of calls ${printed}`;
      if (off(losses, tensors[`${n}/losses`]) > BOUND) yield `${n}/losses`;
      if (logits.length !== ids.length * V) yield "logits of another size";
      const streams = ["embed_tokens", "layers.0", "layers.1", "layers.2", "layers.3"];
      for (const [depth, name] of streams.entries()) {
        const got = Live.logitLens(session.model, record[`model.${name}`].data);
        if (off(got, tensors[`${n}/lens.${depth}`]) > BOUND) yield `${n}/lens.${depth}`;
      }
    }
    const long = Live.rmsNorm(tensors.long.data, Float32Array.of(1, 1, 1, 1), 1e-6);
    if (off(long, tensors["long normed"]) > BOUND) yield `a long vector: ${long}`;
  },

  *cache({ session: { model }, found }) {
    const V = model.config.vocab_size;
    for (const { ids, bytes } of found.records) {
      const cache = new Live.KVCache(model.config), half = Math.ceil(ids.length / 2);
      const whole = Live.forward(model, ids), parts = [];
      for (const part of [ids.slice(0, half), ...ids.slice(half).map((id) => [id])])
        for (const z of Live.forward(model, part, { cache })) parts.push(z);
      if (parts.length !== whole.length || parts.some((z, i) => z !== whole[i]))
        yield `${ids.length} tokens differ from the uncached ones`;
      if (cache.nbytes !== bytes) yield `${cache.nbytes} bytes, expected ${bytes}`;
    }
    const small = new Live.KVCache(model.config, 2);
    Live.forward(model, [1, 2], { cache: small });
    yield throws(() => Live.forward(model, [3], { cache: small }), "2 of 2 positions");
    if (new Live.KVCache(model.config).maxLength !== 256) yield "room for another length";
  },

  *greedy({ session, found }) {
    for (const { ids, added } of found.greedy) {
      const { writer, length } = session.start({ ids }), got = [], texts = [];
      if (length !== ids.length) yield `begins with ${length} positions`;
      for (let i = 0; i < added.length; i++) {
        const step = session.step({ writer });
        got.push(step.id);
        texts.push(step.text);
        if (step.length !== ids.length + i + 1) yield `step ${i} has ${step.length} positions`;
        if (!(step.p > 0 && step.p <= 1)) yield `step ${i} has probability ${step.p}`;
      }
      const text = texts.join("") + session.end({ writer });
      if (!same(got, added)) yield `${short(ids)}: ${short(got)}`;
      if (text !== session.decode({ ids: added })) yield `wrote ${text}`;
      if (session.writers.size) yield "a writer is kept";
    }
    const near = Array(255).fill(5), { writer } = session.start({ ids: near });
    const ends = [session.step({ writer }).done, session.step({ writer }).done];
    if (!same(ends, [null, "full"])) yield `ends with ${ends}`;
    const it = session.writers.get(writer);
    it.logits_V = it.logits_V.map((_, id) => (id === session.model.config.eos_token_id ? 9 : 0));
    if (session.step({ writer }).done !== "eos") yield "does not end at the end of text";
  },

  *mistakes({ session, found, tensors }) {
    const rights = found.switched.map((ids) => session.run({ ids }));
    for (const [name, { job, first, called }] of Object.entries(found.mistakes)) {
      for (const [n, ids] of found.switched.entries()) {
        const right = rights[n], wrong = session.run({ ids, ...job });
        const at = `${name}/${n}/`;
        const got = Object.keys(wrong.record).filter((path) => !Live.isStep(path));
        if (!same([...got].sort(), [...called].sort())) yield `${name}: calls others`;
        // Rounding to eight bits makes steps of what differs in the last bit of fp32.
        const bound = name === "castLeftOut" ? 0.02 : BOUND;
        for (const path of got.filter((path) => at + path in tensors))
          if (off(wrong.record[path].data, tensors[at + path]) > bound) yield at + path;
        const { first: where, of, changed, largestLogit } = Live.compare(right, wrong);
        const most = right.logits.reduce((x, z, i) => Math.max(x, Math.abs(z - wrong.logits[i])), 0);
        if (n === 0 && where?.path !== first) yield `${name}: first ${where?.path}`;
        if (where && !where.inputsEqual) yield `${name}: inputs differ`;
        if (of !== ids.length || !(most > 0) || Math.abs(largestLogit - most) > 1e-6)
          yield `${name}: ${of}, ${largestLogit}, not ${most}`;
        const V = session.model.config.vocab_size;
        for (const t of ids.keys()) {
          const best = (logits) => Live.topk(logits.subarray(t * V, (t + 1) * V), 1)[0][0];
          if ((best(right.logits) !== best(wrong.logits)) !== changed.includes(t))
            yield `${name}: position ${t}`;
        }
      }
    }
  },

  *effects({ session, found }) {  // what the mistakes' sentences say, on 64 tokens
    const { ids } = found.records[4], layers = [0, 1, 2, 3];
    const run = (...switches) => session.run({ ids, switches }).record;
    const rows = (record) => layers.flatMap((l) => layers.flatMap((n) =>
      Live.pattern(record, l, n).slice(16)));  // N is 4 too
    const share = (record, wanted) => rows(record).filter(wanted).length / rows(record).length;
    const single = (row) => Math.max(...row) > 0.9, right = run();
    if (share(right, single) > 0.25) yield `${share(right, single)} pick one key as they are`;
    const large = share(run("scaleLeftOut"), single);
    if (!(large > 0.6)) yield `${large} pick one key`;
    const alike = share(run("scaleByH"), (row) => Math.max(...row) < 0.2);
    if (!(alike > 0.9)) yield `${alike} read all keys nearly alike`;
    const stream = layers.map((l) => Live.rms(right[`model.layers.${l}`].data));
    if (stream.some((size, l) => l && size <= stream[l - 1])) yield `the stream shrinks: ${stream}`;
    const longer = Live.rms(run("finalNormLeftOut").model.data) / Live.rms(right.model.data);
    if (Math.round(longer) !== 6) yield `${longer} times too long`;
  },

  *compare({ session, found }) {
    const { ids } = found.records[2], right = session.run({ ids }), again = session.run({ ids });
    if (Live.firstDifference(right, again) !== null) yield "a pass differs from itself";
    const steps = Object.fromEntries(LIVE_DATA.switches.map(({ key }) =>
      [key, Live.firstDifference(right, session.run({ ids, switches: [key] }))]));
    const made = { repeat: ["k_repeated", "repeat_kv"], maskLeftOut: ["mask", "causal_mask"],
      scaleLeftOut: ["scores", "eager_attention"], scaleByH: ["scores", "eager_attention"],
      rotateHalfSign: ["q_rotated", "apply_rotary_pos_emb"],
      rotationLeftOut: ["q_rotated", "apply_rotary_pos_emb"],
      attnResidualLeftOut: ["after_attn", "Qwen3DecoderLayer.forward"],
      mlpResidualLeftOut: ["after_mlp", "Qwen3DecoderLayer.forward"],
      additionsLeftOut: ["after_attn", "Qwen3DecoderLayer.forward"] };
    for (const [key, first] of Object.entries(steps)) {
      const [step, maker] = made[key] ?? [null, null];
      if ((first.step?.split(".").pop() ?? null) !== step || first.function !== maker)
        yield `${key}: ${first.step}, ${first.function}`;
      const silent = ["qkNormLeftOut", "finalNormLeftOut", "inputNormLeftOut",
        "postNormLeftOut", "siluLeftOut", "gelu"].includes(key);
      if (first.skipped !== silent) yield `${key}: skipped ${first.skipped}`;
    }
    if (!same(steps.finalNormLeftOut.inputs, ["model.layers.3"]))
      yield `the final norm reads ${steps.finalNormLeftOut.inputs}`;
    const reads = { "model.layers.0.self_attn.o_proj": 4, "model.layers.0": 3, "model.norm": 1,
      "model.layers.1.input_layernorm": 1, "model.embed_tokens": 0, "lm_head": 1, "model": 1 };
    for (const [path, count] of Object.entries(reads))
      if (Live.inputsOf(path).length !== count) yield `${path} reads ${Live.inputsOf(path)}`;
    if (!same(Live.inputsOf("model.layers.2.input_layernorm"), ["model.layers.1"]))
      yield "a layer reads another's stream";
    // Without the mask an earlier position moves when the last word is edited.
    const other = [...ids.slice(0, -1), 300], path = "model.layers.0";
    const moves = (switches) => Live.moved(
      session.run({ ids, switches }), session.run({ ids: other, switches }), path);
    if (!same(moves([]), [ids.length - 1])) yield `moves with the mask: ${moves([])}`;
    if (!same(moves(["maskLeftOut"]), [...ids.keys()])) yield "does not move without the mask";
    const far = Live.distance(Float32Array.of(3, 4, -Infinity), Float32Array.of(3, 9, -Infinity));
    if (far !== 1 || Live.distance([Infinity], [1]) !== 1 || Live.distance([0], [2]) !== 2)
      yield `distance ${far}`;
  },

  *read({ session }) {
    const { first, config, tree } = LIVE_DATA, { ids, pieces, total, cut } =
      session.encode({ text: first.text });
    if (!same([ids, pieces, total, cut], [first.ids, first.pieces, first.ids.length, false]))
      yield `encodes ${pieces}`;
    const { record, loss } = session.run({ ids });
    if (Math.abs(loss - first.loss) > 1e-4) yield `loss ${loss}`;
    for (const [path, { shape, rms, strip }] of Object.entries(first.lines)) {
      const entry = record[path], x = Live.at(entry, ids.length - 1), got = Live.strip(x);
      if (!same(entry.shape.slice(0, 1), shape.slice(0, 1))) yield `${path}: ${entry.shape}`;
      if (Math.abs(Live.rms(x) / rms - 1) > 1e-3) yield `${path}: size ${Live.rms(x)}`;
      if (got.length !== strip.length) yield `${path}: ${got.length} in a strip`;
      if (off(got, { data: strip }) > 0.01) yield `${path}: strip`;
      if (Live.at(entry, 0).length !== x.length) yield `${path}: a position's numbers`;
      if (Live.sizes(entry).at(-1) !== Math.fround(Live.rms(x))) yield `${path}: sizes`;
    }
    if (!same([...Live.strip([1, 2, 3])], [1, 2, 3])) yield "a short strip";
    first.probs.forEach((heads, layer) => heads.forEach((rows, head) => {
      const got = Live.pattern(record, layer, head).flatMap((row) => [...row]);
      if (off(got, { data: rows.flat() }) > 1e-3) throw new Error(`pattern ${layer}.${head}`);
    }));
    const gates = Live.passing(record, 1), gate = record["model.layers.1.mlp.gate_proj"];
    const open = Live.at(gate, 3).filter((v) => v > 0).length;
    if (gates.length !== ids.length || gates[3] !== open) yield `${gates[3]} units pass`;
    const [fast, middle, slow] = Live.clocks(config, 8);
    if (fast.angle !== 8 || fast.turns !== 1 || middle.pair !== 8 || slow.pair !== 16)
      yield `clocks ${short([fast, middle, slow])}`;
    if (Math.abs(slow.angle - 8 / 1000) > 1e-9) yield `slow clock ${slow.angle}`;
    for (const [got, wanted] of session.next({ ids }).top.map((row, i) => [row, first.next[i]]))
      if (got.id !== wanted.id || got.piece !== wanted.piece || Math.abs(got.p - wanted.p) > 1e-4)
        yield `next ${short(got)}`;
    const { depths, top } = session.lens({ ids, count: 2 });
    if (depths.length !== 5 || top[4].length !== 9 || top[4][8].length !== 2) yield "lens";
    const one = session.lens({ ids }).top, V = config.vocab_size, logits = record.lm_head.data;
    for (const t of ids.keys()) {
      const p_V = Live.softmax(logits.subarray(t * V, (t + 1) * V)), [[id, p]] = Live.topk(p_V, 1);
      if (one[4][t].length !== 1 || one[4][t][0].id !== id || one[4][t][0].p !== p)
        yield `lens at ${t}`;
    }
    if (top[4][8][0].id !== first.next[0].id || top[0][8][0].id !== ids[8]) yield "lens reads";
    if (tree.map(({ text }) => text).join("\n") !== Live.printTree(config)) yield "tree";
  },

  *session({ session, found }) {
    const long = session.encode({ text: found.texts[2].text });
    if (long.ids.length !== 64 || !long.cut || long.total !== found.texts[2].ids.length)
      yield `${long.ids.length} of ${long.total}`;
    const shown = session.encode({ text: "a \r\n\tb" }).pieces.join("");
    if (shown !== "a·␍↵⇥b") yield `shows ${shown}`;
    if (session.encode({ text: "é😀" }).pieces.at(-1) !== "80") yield "half a character";
    if (session.piece(2040) !== "row 2040" || session.decode({ ids: [32, 2040] }) !== "A")
      yield "a spare row";
    const run = (ids) => () => session.run({ ids });
    yield throws(run([]), "The text is empty");
    yield throws(run([2048]), "id 2048: expected 0 to 2047");
    yield throws(run([-1]), "id -1");
    yield throws(run(Array(257).fill(1)), "257 tokens: at most 256");
    const whole = session.encode({ text: session.decode({ ids: long.ids }) });
    if (whole.total !== 64 || whole.cut) yield `${whole.total} tokens are cut`;
    const spare = session.tokenizer.size, before = performance.now();
    if (session.piece(spare) !== `row ${spare}` || session.decode({ ids: [spare] }) !== "")
      yield "the first spare row";
    const { writer } = session.start({ ids: [1] }), it = session.writers.get(writer);
    it.logits_V = it.logits_V.map((_, id) => (id === spare ? 9 : 0));
    if (session.step({ writer }).text !== "") yield "a spare row has a text";
    session.end({ writer });
    const { ms } = session.run({ ids: [1, 2] });
    if (!(ms > 0 && ms <= performance.now() - before)) yield `${ms} ms`;
    if (session.run({ ids: [1, 2], record: false }).record !== null) yield "keeps a record";
    if (session.run({ ids: [1] }).loss !== null) yield "a loss of one token";
    const answer = session.run({ ids: [1, 2] });
    const buffers = Live.buffersOf(answer), all = new Set(buffers);
    if (all.size !== buffers.length || !all.has(answer.logits.buffer)
      || !all.has(answer.losses.buffer)) yield "buffers";
    if (Live.buffersOf(null).length) yield "buffers of nothing";
  },

  *sampling({ session, found }) {
    const random = Live.mulberry32(0), drawn = found.random.map(() => random());
    if (!same(drawn, found.random)) yield `draws ${short(drawn)}`;
    for (const [logits, options, kept] of found.filters) {
      const cut = Live.filterLogits(Float32Array.from(logits), options);
      if (!same(Array.from(cut, Number.isFinite), kept)) yield `filters ${short(options)}`;
      if (cut.some((z, i) => kept[i] && Math.abs(z - logits[i] / options.temperature) > 1e-5))
        yield `scales ${short(options)}`;
    }
    const plain = Live.filterLogits(Float32Array.of(1, 2), {});
    if (!same([...plain], [1, 2])) yield "filters without options";
    const z = Float32Array.of(0, 1, 2, -1), shares = [0, 0, 0, 0], seeded = Live.mulberry32(1);
    for (let i = 0; i < 20_000; i++) shares[Live.nextId(z, { temperature: 1 }, seeded)]++;
    Live.softmax(z).forEach((p, i) => { shares[i] = Math.abs(shares[i] / 20_000 - p); });
    if (Math.max(...shares) > 0.01) yield `shares off by ${shares}`;
    if (Live.nextId(z, { temperature: 1 }, () => 1.5) !== 2) yield "a crumb";
    yield throws(() => Live.nextId(Float32Array.of(0, NaN), { temperature: 0 }), "finite");
    const written = (seed) => {
      const { writer } = session.start({ ids: [36, 748], seed });
      return Array.from({ length: 6 }, () => session.step({ writer, temperature: 1.5 }).id);
    };
    if (!same(written(), written(0))) yield "another seed than 0";
    if (!same(written(3), written(3)) || same(written(3), written(4))) yield "seeds";
    if (!same(Live.topk(Float32Array.of(2, 5, 5, 1), 3), [[1, 5], [2, 5], [0, 2]])) yield "topk";
    if (Live.argmax(Float32Array.of(2, 5, 5)) !== 1) yield "argmax";
    if (Live.mean([1, 2, 6]) !== 3 || Live.mean([]) !== null) yield "mean";
  },

  *checkpoint({ tensors, halves, found, weights }) {
    const config = () => structuredClone(LIVE_DATA.config);
    const right = [0, -1.5, 65504, Math.fround(2 ** -24), Math.fround(503 / 2 ** 24), Infinity];
    if (!same(Array.from(halves.halves.data, String), right.map(String)))
      yield `fp16 ${halves.halves.data}`;
    if (!same([...tensors["bf16 in"].data].map(Live.bf16), [...tensors.bf16.data])) yield "bf16";
    if (off(Live.gelu(tensors["gelu in"].data), tensors.gelu) > 1e-6) yield "gelu";
    for (const [key, value] of [["rope_scaling", {}], ["attention_bias", true],
      ["use_sliding_window", true], ["hidden_act", "gelu"]])
      yield throws(() => Live.fromPretrained({ ...config(), [key]: value }, weights()), key);
    yield throws(() => Live.fromPretrained(config(), weights().slice(0, -2)), "not a whole");
    yield throws(() => Live.readSafetensors(new ArrayBuffer(4)), "not a whole");
    yield throws(() => Live.fromPretrained({ ...config(), num_hidden_layers: 5 }, weights()),
      "model.layers.4.self_attn.q_proj.weight is missing");
    yield throws(() => Live.fromPretrained({ ...config(), hidden_size: 64 }, weights()),
      "has shape (2048,128), config.json asks for (2048,64)");
    yield throws(() => Live.fromPretrained({ ...config(), intermediate_size: 10 }, weights()),
      "model.layers.0.mlp.gate_proj.weight has shape (384,128)");
    yield throws(() => Live.fromPretrained({ ...config(), tie_word_embeddings: false },
      weights()), "lm_head.weight is missing");
    if (Live.printTree(config()) !== found.tree) yield "printed tree";
    const apart = Live.treeLines(config(), { apart: true, open: new Set([1]), steps: true });
    const folded = apart.filter((line) => line.folded).map((line) => line.path);
    if (!apart.find((line) => line.folded).text.endsWith("Qwen3DecoderLayer(...)")
      || Live.printTree({ ...config(), num_hidden_layers: 1 }) !== found["tree of one"])
      yield "a tree of one layer";
    if (!same(folded, [0, 2, 3].map((i) => `model.layers.${i}`))) yield `folded ${folded}`;
    const steps = apart.filter((line) => line.step);
    if (steps.length !== 12 || !steps.every(({ path }) => Live.isStep(path)))
      yield `${steps.length} steps`;
  },

  *puzzle({ session, found }) {
    const drawn = LIVE_DATA.switches.filter((s) => s.puzzle), n = drawn.length;
    const keys = drawn.map((s) => s.key).sort();
    const rounds = [-1, 0, 1, 2].map((r) =>
      Array.from({ length: n }, (_, i) => Live.puzzle(r * n + i)));
    const given = found.puzzles.map((_, i) => Live.puzzle(i - 40));
    if (!same(given, found.puzzles)) yield `draws ${given}`;
    if (!rounds.every((round) => same([...round].sort(), keys))) yield "not each once";
    if (same(rounds[1], rounds[2])) yield "every round in the same order";
    if (Live.puzzle("7") !== Live.puzzle(7) || Live.puzzle(NaN) !== Live.puzzle(0)) yield "numbers";
    if (Live.today(new Date(2026, 0, 1)) !== 0 || Live.today(new Date(2026, 2, 1, 23)) !== 59)
      yield `today ${Live.today(new Date(2026, 2, 1, 23))}`;
    const texts = [1, 2, 3].map((i) => found.records[i].ids);
    const rights = texts.map((ids) => session.run({ ids }));
    for (const { key, first } of drawn) {  // the same line whatever the text
      const firsts = texts.map((ids, i) =>
        Live.firstDifference(rights[i], session.run({ ids, switches: [key] })));
      if (firsts.some(({ path }) => path !== first))
        yield `${key}: ${firsts.map((f) => f?.path)}`;
      const it = firsts[0], parent = it.path.split(".").slice(0, -1).join(".");
      if (!Live.isFound(it.path.replace("layers.0", "layers.3"), it)) yield `${key}: not found`;
      if (Live.isFound(parent, it) !== (it.step !== null)) yield `${key}: its parent`;
      if (Live.isFound("model.embed_tokens", it) || Live.isFound("model.layers", it)
        && it.path !== "model.layers.0") yield `${key}: anywhere`;
    }
  },
};

onmessage = async ({ data: { only, stop } }) => {
  const faults = [];
  try {
    const files = await Live.fetchFiles("./"), bytes = files.weights.slice(0);
    const read = async (name) => (await fetch(name)).arrayBuffer();
    const tensors = Live.readSafetensors(await read("expected.safetensors"));
    const found = await (await fetch("expected.json")).json();
    const all = { session: new Live.Session(files), found, tensors, halves: tensors,
      weights: () => bytes.slice(0) };
    for (const name of only ?? Object.keys(CHECKS)) {
      try {
        for (const fault of CHECKS[name](all)) {
          if (fault) faults.push([name, fault]);
          if (fault && stop) throw null;
        }
      } catch (error) {
        if (error) faults.push([name, error.message]);
      }
      if (stop && faults.length) break;
    }
  } catch (error) {
    faults.push(["loading", error.message]);
  }
  postMessage(faults);
};
