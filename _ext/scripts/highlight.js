// Words that were searched for are marked on the page that a result leads to, and on no
// other: the search page hands them over in the result's address.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const KEY = "sphinx_highlight_terms";
  const results = document.getElementById("search-results");
  if (results) {
    let terms = "";
    addEventListener("load", () => {
      try {
        terms = localStorage.getItem(KEY) || "";
        localStorage.removeItem(KEY);
      } catch { /* nothing is kept, so nothing is marked */ }
    });
    const hand = (event) => {
      const link = event.target.closest?.("ul.search a");
      if (!link || !terms) return;
      const address = new URL(link.href);
      address.searchParams.set("highlight", terms);
      link.href = address;
    };
    for (const kind of ["click", "auxclick"]) results.addEventListener(kind, hand, true);
  }
  // Sphinx hides the marks by a javascript: address, which the policy forbids.
  const link = document.querySelector("#searchbox .highlight-link a");
  if (link) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Unmark the words of your search";
    button.addEventListener("click", () => SphinxHighlight.hideSearchWords());
    link.replaceWith(button);
  }
});
