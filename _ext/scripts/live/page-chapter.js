// The running tree in a chapter: nothing is loaded before a reader touches it.
(() => {
  const Live = globalThis.Live ??= {};
  const base = document.currentScript.src.replace(/[^/]*$/, "");

  const script = (name) => new Promise((resolve, reject) => {
    const node = document.createElement("script");
    Object.assign(node, { src: `${base}${name}.js`, async: false, onload: resolve,
      onerror: () => reject(new Error(`${name}.js could not be read`)) });
    document.head.append(node);
  });

  /** The path of a line by its last name, as the tree's rows have it. */
  const pathOf = (root, name) => [...root.querySelectorAll(".live-row")].map((row) => row.dataset.path)
    .find((path) => path.split(".").pop() === name || (name === "layer" && path === "model.layers.*"));

  async function wake(root, target) {
    const note = root.querySelector('[data-live="note"]');
    note.textContent = "Loading.";
    try {
      Live.scripts ??= Promise.all(root.dataset.scripts.split(" ").map(script));
      await Live.scripts;
    } catch (error) {
      Live.scripts = null;
      note.textContent = `The scripts did not load: ${error.message}. Reload the page to try again.`;
      listen(root);
      return;
    }
    Live.root = document.documentElement.dataset.content_root || "../";
    const view = root.view = new Live.View(root, { line: pathOf(root, root.dataset.line), layer: Number(root.dataset.layer) });
    if (target.closest(".live-row, .live-switch")) target.closest(".live-row, .live-switch").click();
    else { view.chosen = true; view.update({ text: view.field.value }); }
  }

  function listen(root) {
    const stop = new AbortController(), { signal } = stop;
    const first = (event) => {
      if (event.type === "click" && !event.target.closest(".live-row, .live-switch, .live-chip")) return;
      if (event.type === "click" && (event.ctrlKey || event.metaKey)) return;
      if (event.type === "click") event.preventDefault();
      stop.abort();
      wake(root, event.target);
    };
    root.addEventListener("click", first, { signal });
    root.addEventListener("input", first, { signal });
  }

  addEventListener("DOMContentLoaded", () => {
    for (const root of document.querySelectorAll(".live-small")) listen(root);
  });
})();
