// Text to ids and back: byte-level BPE as tokenizer.json describes it, without a library.
(() => {
  const Live = globalThis.Live ??= {};

  /** The letter that stands for each byte in vocabulary and merges: printable ones for
   * themselves, the others for the letters from U+0100 on. */
  const LETTERS = (() => {
    const printable = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    let next = 256;
    return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(printable(b) ? b : next++));
  })();
  const BYTES = new Map(LETTERS.map((letter, b) => [letter, b]));

  /** A pattern of the Rust library as one of JavaScript's, with the u flag.
   *
   * `(?i:...)` is spelled out, since not every browser has it, and `\s` is Unicode's white
   * space: JavaScript's own lacks U+0085 and has U+FEFF.
   */
  function translate(pattern) {
    const folded = { s: "sS\u017f", k: "kK\u212a" };  // what case folding takes for the same
    return pattern
      .replace(/\(\?i:([^()]*)\)/g, (_, body) =>
        `(?:${body.replace(/[a-z]/g, (c) => `[${folded[c] ?? c + c.toUpperCase()}]`)})`)
      .replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}");
  }

  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

  class Tokenizer {
    constructor(json) {
      const { model, pre_tokenizer, added_tokens: added, normalizer } = json;
      const kinds = pre_tokenizer?.pretokenizers?.map((p) => p.type).join();
      if (model.type !== "BPE" || kinds !== "Split,ByteLevel" || normalizer?.type !== "NFC")
        throw new Error("tokenizer.json: expected NFC, a split by a pattern, byte-level BPE");
      this.vocab = new Map(Object.entries(model.vocab));
      this.pattern = new RegExp(translate(pre_tokenizer.pretokenizers[0].pattern.Regex), "gu");
      this.ranks = new Map(model.merges.map((m, rank) => [m.join?.(" ") ?? m, rank]));
      this.added = new Map(added.map((token) => [token.content, token]));
      this.texts = [];  // id -> text, in letters
      for (const [text, id] of this.vocab) this.texts[id] = text;
      for (const token of added) this.texts[token.id] = token.content;
      this.size = this.texts.length;
      this.cache = new Map();
    }

    /** Cut a text at added tokens: `[text, token or null]` pairs. The longest one counts. */
    *split(text, wanted) {
      const names = [...this.added.values()].filter(wanted).map((token) => token.content);
      const any = names.sort((a, b) => b.length - a.length).map(escaped).join("|");
      if (!any) return yield [text, null];
      for (const piece of text.split(new RegExp(`(${any})`, "u")))
        if (piece) yield [piece, names.includes(piece) ? this.added.get(piece) : null];
    }

    /** Ids of a text. `special: false` leaves `<|im_end|>` and its like ordinary text. */
    encode(text, special = true) {
      const ids = [], raw = (token) => !token.normalized && (special || !token.special);
      for (const [part, control] of this.split(text.toWellFormed?.() ?? text, raw)) {
        if (control) { ids.push(control.id); continue; }
        const normal = (token) => token.normalized && (special || !token.special);
        for (const [piece, token] of this.split(part.normalize("NFC"), normal)) {
          if (token) ids.push(token.id);
          else for (const [word] of piece.matchAll(this.pattern)) ids.push(...this.bpe(word));
        }
      }
      return ids;
    }

    /** Ids of one piece: its bytes as letters, then the earliest merge again and again. */
    bpe(word) {
      if (this.cache.has(word)) return this.cache.get(word);
      const parts = Array.from(new TextEncoder().encode(word), (b) => LETTERS[b]);
      for (;;) {
        let best = Infinity, at = -1;
        for (let i = 0; i + 1 < parts.length; i++) {
          const rank = this.ranks.get(`${parts[i]} ${parts[i + 1]}`) ?? Infinity;
          if (rank < best) [best, at] = [rank, i];
        }
        if (at < 0) break;
        parts.splice(at, 2, parts[at] + parts[at + 1]);
      }
      const ids = parts.map((part) => this.vocab.get(part));
      if (this.cache.size < 20_000) this.cache.set(word, ids);
      return ids;
    }

    /** The bytes that an id stands for. */
    bytes(id) {
      const text = this.texts[id];
      if (text === undefined) throw new RangeError(`id ${id}: expected 0 to ${this.size - 1}`);
      if (this.added.has(text)) return new TextEncoder().encode(text);
      return Uint8Array.from(text, (letter) => BYTES.get(letter));
    }

    /** Text of ids; bytes that form no character become U+FFFD. A first U+FEFF stays. */
    decode(ids) {
      return new TextDecoder("utf-8", { ignoreBOM: true })
        .decode(Uint8Array.from(ids.flatMap((id) => [...this.bytes(id)])));
    }

    /** A function that takes ids one at a time, and holds back the bytes of a character's
     * half; call it without an id at the end. */
    stream() {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      return (id) => (id === undefined ? decoder.decode()
        : decoder.decode(this.bytes(id), { stream: true }));
    }
  }

  Object.assign(Live, { translate, Tokenizer });
})();
