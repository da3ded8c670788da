// Elements and numbers for the running tree.
(() => {
  const Live = globalThis.Live ??= {};

  /** An element in one call; `onclick` and the like listen, `key` keeps the focus. */
  function h(tag, props = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "key") node.dataset.key = value;
      else if (name in node && typeof value !== "string") node[name] = value;
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child || child === 0));
    return node;
  }

  /** New children; the focus stays on the element with the same key, the view where it was. */
  function fill(node, ...children) {
    const active = node.contains(document.activeElement) ? document.activeElement : null;
    const key = active?.dataset.key, top = node.scrollTop;
    node.replaceChildren(...children.flat().filter(Boolean));
    node.scrollTop = top;
    if (key) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    else if (active) node.focus({ preventScroll: true });
  }

  /** A number in three digits or so. */
  function short(x) {
    if (!Number.isFinite(x)) return String(x);
    const size = Math.abs(x);
    if (size === 0) return "0";
    if (size < 0.001) return x.toExponential(0).replace("-", "−");
    return x.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3).replace("-", "−");
  }

  const percent = (p) => `${(100 * p).toFixed(1)} %`;
  const comma = (n) => n.toLocaleString("en");
  const code = (text) => h("code", {}, text);

  /** A token as it is shown: without the space before it, and never empty. */
  const token = (piece) => piece.replace(/^·(?=.)/, "");

  /** Call a function once things have been quiet for a while. */
  function debounce(call, ms) {
    let timer;
    return (...args) => { clearTimeout(timer); timer = setTimeout(call, ms, ...args); };
  }

  Live.dom = { h, fill, short, percent, comma, code, token, debounce };
})();
