// A loaded model and what it answers. It runs in a worker or, where there is none, in the
// page; engine.js asks it by the names of its methods.
(() => {
  const Live = globalThis.Live ??= {};
  const MAX_TOKENS = 64;  // of a reader's text

  const mistakes = ({ switches = [], heads = [], layers = [] }) =>
    ({ ...Object.fromEntries(switches.map((key) => [key, true])), heads, layers });

  class Session {
    /** `weights` is an ArrayBuffer of model.safetensors, the others are parsed JSON. */
    constructor({ config, tokenizer, weights }) {
      this.model = Live.fromPretrained(config, weights);
      this.tokenizer = new Live.Tokenizer(tokenizer);
      this.writers = new Map();  // a number: a text that is being written on
      this.written = 0;
    }

    /** An id's text as a reader should see it: its space, its line end, a part's bytes. */
    piece(id) {
      if (id >= this.tokenizer.size) return `row ${id}`;  // a spare row of the embedding
      const text = this.tokenizer.decode([id]);
      if (text.includes("\ufffd")) return [...this.tokenizer.bytes(id)]
        .map((b) => b.toString(16).padStart(2, "0")).join(" ");
      return text.replace(/ /g, "·").replace(/\r/g, "␍").replace(/\n/g, "↵")
        .replace(/\t/g, "⇥");
    }

    /** A text's first 64 ids: `{ids, pieces, total, cut}`. */
    encode({ text }) {
      const all = this.tokenizer.encode(text), ids = all.slice(0, MAX_TOKENS);
      return { ids, pieces: ids.map((id) => this.piece(id)), total: all.length,
        cut: all.length > MAX_TOKENS };
    }

    /** Text of ids; spare rows of the embedding have none. */
    decode({ ids }) {
      return this.tokenizer.decode(ids.filter((id) => id < this.tokenizer.size));
    }

    /** One pass: `{record, logits, losses, loss, ids, ms}`. Without `record` none is kept. */
    run(job) {
      this.check(job.ids);
      const start = performance.now(), record = job.record === false ? null : {};
      const logits = Live.forward(this.model, job.ids, { record, switches: mistakes(job) });
      const ms = performance.now() - start, losses = Live.lossPerToken(logits, job.ids);
      return { record, logits, losses, loss: Live.mean(losses), ids: job.ids, ms };
    }

    /** The likeliest tokens after a text: `{top: [{id, piece, p}], ms}`. */
    next(job) {
      const { logits, ms } = this.run({ ...job, record: false }), V = this.model.config.vocab_size;
      return { top: this.likeliest(logits.subarray(-V), job.count ?? 5), ms };
    }

    likeliest(logits_V, count) {
      return Live.topk(Live.softmax(logits_V), count)
        .map(([id, p]) => ({ id, piece: this.piece(id), p }));
    }

    /** The logit lens: what the head reads off the stream after the embedding and each
     * layer. `{depths: [path], top: [depth][position] -> [{id, piece, p}]}`. */
    lens(job) {
      const { record } = this.run(job), sw = mistakes(job), V = this.model.config.vocab_size;
      const depths = Object.keys(record)
        .filter((path) => /^model\.(embed_tokens|layers\.\d+)$/.test(path));
      const top = depths.map((path) => {
        const logits_TV = Live.logitLens(this.model, record[path].data, sw);
        return job.ids.map((_, t) =>
          this.likeliest(logits_TV.subarray(t * V, (t + 1) * V), job.count ?? 1));
      });
      return { depths, top };
    }

    /** Begin to write a text on: the prompt goes through the model once, into a cache.
     * `{writer, bytes, length}`, the cache's. */
    start(job) {
      this.check(job.ids);
      const cache = new Live.KVCache(this.model.config), switches = mistakes(job);
      const V = this.model.config.vocab_size;
      const logits_V = Live.forward(this.model, job.ids, { cache, switches }).slice(-V);
      this.writers.set(++this.written, { cache, switches, logits_V,
        stream: this.tokenizer.stream(), random: Live.mulberry32(job.seed ?? 0) });
      return { writer: this.written, bytes: cache.nbytes, length: cache.length };
    }

    /** One more token: `{id, piece, text, p, bytes, length, done}`, `done` being null, "eos"
     * or "full". Temperature 0 is greedy. `text` holds back half a character. */
    step({ writer, temperature = 0, topK = null, topP = null, minP = null }) {
      const it = this.writers.get(writer), { config } = this.model, { cache } = it;
      const id = Live.nextId(it.logits_V, { temperature, topK, topP, minP }, it.random);
      const p = Live.softmax(it.logits_V)[id];
      const text = id < this.tokenizer.size ? it.stream(id) : "";
      const full = cache.length >= cache.maxLength;
      const done = id === config.eos_token_id ? "eos" : full ? "full" : null;
      if (!done)
        it.logits_V = Live.forward(this.model, [id], { cache, switches: it.switches });
      return { id, piece: this.piece(id), text, p, bytes: cache.nbytes, length: cache.length,
        done };
    }

    /** Forget a writer and its cache; what its stream still holds back. */
    end({ writer }) {
      const it = this.writers.get(writer);
      this.writers.delete(writer);
      return it ? it.stream() : "";
    }

    check(ids) {
      const { vocab_size: V, max_position_embeddings: most } = this.model.config;
      if (!ids.length) throw new RangeError("The text is empty: type a word.");
      if (ids.length > most) throw new RangeError(`${ids.length} tokens: at most ${most}.`);
      const bad = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < V));
      if (bad !== undefined) throw new RangeError(`id ${bad}: expected 0 to ${V - 1}`);
    }
  }

  /** All buffers of an answer, each once, to be moved and not copied. */
  function buffersOf(answer) {
    const found = new Set();
    for (const { data } of Object.values(answer?.record ?? {})) found.add(data.buffer);
    for (const key of ["logits", "losses"]) if (answer?.[key]) found.add(answer[key].buffer);
    return [...found];
  }

  Object.assign(Live, { MAX_TOKENS, Session, buffersOf });
})();
