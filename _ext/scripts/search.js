// Exact answers, above what the search itself finds.
"use strict";
// What a found page is quoted with: its text, not its buttons or the tree.
const plain = Search.htmlToText;
Search.htmlToText = (page, anchor) =>
  plain(page.replace(/<p class="chapter-bar">.*?<\/p>|<pre class="printout".*?<\/pre>/gs, " "), anchor);
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
