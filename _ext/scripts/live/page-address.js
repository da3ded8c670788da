// The address keeps what a reader has chosen: text, token, layer, line, switch, puzzle.
// Written on a choice, never on hover; other keys (the sizes') stay as they are.
(() => {
  const Live = globalThis.Live ??= {};

  /** `{text, token, layer, line, switch, head, puzzle}` as strings; absent ones null. */
  function read(search = location.search) {
    const query = new URLSearchParams(search);
    const keys = ["text", "token", "layer", "line", "switch", "head", "puzzle"];
    return Object.fromEntries(keys.map((key) => [key, query.get(key)]));
  }

  /** Put keys into the address; null takes one out. */
  function write(changes) {
    const query = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === "") query.delete(key);
      else query.set(key, value);
    }
    const text = query.toString().replaceAll("%2C", ",");
    try {
      history.replaceState(null, "", (text ? `?${text}` : location.pathname) + location.hash);
    } catch { /* a page on a disk may have no address to keep it in */ }
  }

  Live.address = { read, write };
})();
