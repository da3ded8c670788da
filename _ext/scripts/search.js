// Exact answers, above what the search itself finds.
"use strict";
// A found page is quoted by its text, not by its buttons, contents or tree.
Search.htmlToText = (html, anchor) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const e of page.querySelectorAll(".headerlink, .chapter-bar, pre.printout")) e.remove();
  const part = (anchor && page.querySelector(anchor)) || page.querySelector("article");
  return part.textContent.replace(/\s+/g, " ");
};
addEventListener("DOMContentLoaded", () => {
  const query = (new URLSearchParams(location.search).get("q") || "").trim();
  const found = window.ANSWERS[query.toLowerCase().replace(/,/g, "").replace(/^["'`]|["'`()]+$/g, "")];
  const results = document.getElementById("search-results");
  if (!found || !results) return;
  const section = document.createElement("section");
  section.id = "exact-answers";
  const heading = document.createElement("h2");
  heading.textContent = "Where the book explains it";
  const list = document.createElement("ul");
  for (const [address, title, why] of found) {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = address + "?highlight=" + encodeURIComponent(query);
    link.textContent = title;
    item.append(link, `: ${why}`);
    list.append(item);
  }
  section.append(heading, list);
  results.before(section);
});
