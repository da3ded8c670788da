// The landing page: start the running tree where the page stands.
(() => {
  const Live = globalThis.Live ??= {};

  addEventListener("DOMContentLoaded", () => {
    const root = document.querySelector(".live[data-full]");
    if (!root) return;
    Live.root = document.documentElement.dataset.content_root || "./";
    const view = Live.view = new Live.View(root, { keep: true });
    const told = Live.address.read();
    if (view.restore(told)) view.update({}).then(() => {
      if (told.line !== null && view.narrow && view.state.panel === "line") view.anchor().scrollIntoView({ block: "start" });
    });
    for (const link of document.querySelectorAll('[data-live="puzzle"]')) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        view.startPuzzle(Live.today());
        root.scrollIntoView({ block: "start" });
      });
    }
  });
})();
