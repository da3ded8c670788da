// The model as a page asks for it: loaded at the first touch, in a worker where a page may
// have one, else in the page itself.
//
//   const engine = new Live.Engine({ onprogress: ({loaded, total}) => … });
//   await engine.load();
//   const { ids } = await engine.encode("Elizabeth was");
//   const right = await engine.run({ ids }, "right");
//   const wrong = await engine.run({ ids, switches: ["repeat"], heads: ["0.3"] }, "wrong");
//   Live.compare(right, wrong).first;  // {path, inputs, inputsEqual, step, function, …}
//
// A request with a slot takes the place of an older one of the same slot, which answers
// null. Whatever fails rejects with one sentence that says what to do.
(() => {
  const Live = globalThis.Live ??= {};
  const HERE = globalThis.document?.currentScript?.src.replace(/[^/]*$/, "");
  const STOPPED = "The worker that computes stopped; try again.";
  const ADVICE = "Reload the page to try again; the printed tree still leads to every chapter.";

  class Engine {
    /** `base`: the folder of these scripts and of the checkpoint's files. `onprogress` hears
     * `{loaded, total}` in bytes of the weights. `worker: false` computes in the page. */
    constructor({ base = HERE, onprogress = null, worker = true } = {}) {
      Object.assign(this, { base: new URL(base, document.baseURI).href, onprogress });
      this.total = globalThis.LIVE_DATA?.bytes.weights ?? null;
      this.mayWork = worker && /^https?:$/.test(location.protocol) && "Worker" in globalThis;
      this.waiting = [];  // requests, oldest first; the first one is being answered
      this.loading = null;
      this.host = null;  // answers a request: (method, job) => a promise
    }

    /** Whether the model is there. */
    get ready() {
      return this.host !== null;
    }

    /** Bring the model, once; call it as often as you like, again after a failure. */
    load() {
      this.loading ??= this.bring().catch((error) => {
        this.loading = null;
        throw new Error(`The model did not load: ${error.message}. ${ADVICE}`);
      });
      return this.loading;
    }

    async bring() {
      if (this.mayWork) {
        const worker = await this.startWorker();
        if (worker) { this.host = worker; return; }
      }
      const files = /^https?:$/.test(location.protocol)
        ? await Live.fetchFiles(this.base, (loaded) => this.progress(loaded))
        : await Live.filesFromScript(this.base);
      this.progress(files.weights.byteLength);
      const session = new Live.Session(files);
      this.host = async (method, job) => {
        await new Promise((done) => setTimeout(done));  // let the page draw
        return session[method](job);
      };
    }

    progress(loaded) {
      this.onprogress?.({ loaded, total: this.total });
    }

    /** A worker with the model in it; null where the browser gives none. */
    async startWorker() {
      let worker, last = 0;
      try {
        worker = new Worker(`${this.base}worker.js`);
      } catch {
        return null;
      }
      const asked = new Map();
      const ask = (method, job) => new Promise((resolve, reject) => {
        asked.set(++last, { resolve, reject });
        worker.postMessage({ id: last, method, job });
      });
      worker.onmessage = ({ data: { id, loaded, answer, error } }) => {
        if (loaded !== undefined) { this.progress(loaded); return; }
        const { resolve, reject } = asked.get(id);
        asked.delete(id);
        if (error === undefined) resolve(answer);
        else reject(new Error(error));
      };
      const stopped = new Promise((resolve) => {
        worker.onerror = (event) => {  // its scripts did not load, or memory is full
          event.preventDefault();
          worker.terminate();
          for (const { reject } of asked.values()) reject(new Error(STOPPED));
          asked.clear();
          if (this.host === ask) this.host = this.loading = null;  // begin anew when asked
          resolve(null);
        };
      });
      const loaded = ask("load", { base: this.base }).then(() => ask);
      try {
        return await Promise.race([stopped, loaded]);
      } catch (error) {
        worker.terminate();
        if (error.message === STOPPED) return null;
        throw error;
      }
    }

    /** Ask for a method of the session; null if a newer request of the slot came. */
    async ask(method, job, slot = null) {
      await this.load();
      return new Promise((resolve, reject) => {
        if (slot !== null) {
          for (const older of this.waiting.filter((it) => it.slot === slot)) {
            older.resolve(null);
            older.stale = true;
          }
        }
        this.waiting = this.waiting.filter((it) => !it.stale || it.running);
        this.waiting.push({ method, job, slot, resolve, reject });
        if (this.waiting.length === 1) this.answer();
      });
    }

    async answer() {
      while (this.waiting.length) {
        const it = this.waiting[0];
        it.running = true;
        try {
          it.resolve(await this.host(it.method, it.job));
        } catch (error) {
          it.reject(error);
        }
        this.waiting.shift();
      }
    }

    encode(text) { return this.ask("encode", { text }); }
    decode(ids) { return this.ask("decode", { ids }); }
    run(job, slot = "run") { return this.ask("run", job, slot); }
    next(job, slot = "next") { return this.ask("next", job, slot); }
    lens(job, slot = "lens") { return this.ask("lens", job, slot); }

    /** Write a text on, `count` tokens; `ontoken` hears each as Session.step gives it, and
     * stops by returning false. `{ids, text, bytes, length, done}`; `done` is "eos", "full",
     * "count" or "stopped". A newer call stops an older one. */
    async write({ ids, count = 20, switches, heads, layers, seed, ...options }, ontoken) {
      const mine = this.writing = Symbol("write");
      const begun = await this.ask("start", { ids, switches, heads, layers, seed });
      const { writer } = begun, added = [];
      let text = "", { bytes, length } = begun, done = "count";
      try {
        while (added.length < count) {
          const token = await this.ask("step", { writer, ...options });
          if (this.writing !== mine) { done = "stopped"; break; }
          added.push(token.id);
          text += token.text;
          ({ bytes, length } = token);
          const go = ontoken?.(token);
          if (token.done || go === false) { done = token.done ?? "stopped"; break; }
        }
      } finally {
        text += await this.ask("end", { writer });
      }
      return { ids: added, text, bytes, length, done };
    }
  }

  Live.Engine = Engine;
})();
