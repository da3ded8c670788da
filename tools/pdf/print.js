// What tools/make_pdf.py does to a page of the site before it prints it.
"use strict";
function headings() {
  const found = [...document.querySelectorAll("article h1, article h2, article h3")];
  return found.map((heading) => {
    const copy = heading.cloneNode(true);
    copy.querySelectorAll(".headerlink").forEach((link) => link.remove());
    const text = copy.textContent.trim().replace(/\s+/g, " ");
    return [Number(heading.tagName[1]), heading.closest("section").id, text];
  });
}

// The article alone; hidden links make Chromium note where every anchor came to lie.
function prepare([css, part, pages]) {
  document.documentElement.dataset.theme = "light";
  const article = document.querySelector("article");
  const frames = ["bd-article-container", "bd-content"].reduce((inner, name) => {
    const frame = document.createElement("div");
    frame.className = name;
    frame.append(inner);
    return frame;
  }, article);
  const main = document.createElement("main");
  main.className = "bd-main";
  main.append(frames);
  document.body.replaceChildren(main);
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  if (part) {
    const line = document.createElement("p");
    line.className = "part";
    line.textContent = part;
    article.prepend(line);
  }
  // A sign's spacing depends on what had come when it was laid out: lay all out anew.
  for (const math of article.querySelectorAll("math")) {
    math.replaceWith(math.cloneNode(true));
  }
  for (const image of document.images) image.loading = "eager";
  for (const link of article.querySelectorAll("a[href]")) {
    const inside = link.origin === location.origin;
    if (inside && !pages.includes(link.pathname.slice(1))) link.removeAttribute("href");
    link.removeAttribute("title");
  }
  for (const element of article.querySelectorAll("[id]")) {
    const link = document.createElement("a");
    link.hidden = true;
    link.href = "#" + element.id;
    main.append(link);
  }
  for (const details of article.querySelectorAll("details")) {
    details.open = true;
    const cell = details.closest(".cell");
    if (!cell) continue;
    const solution = cell.classList.contains("tag_solution");
    const summary = details.querySelector("summary");
    summary.textContent = solution ? "Solution" : "The cell behind this";
  }
}

// What is too wide becomes smaller, within reason; what is not tall stays in one piece.
function fit(width) {
  for (const pre of document.querySelectorAll("pre")) {
    pre.style.whiteSpace = "pre";
    const size = parseFloat(getComputedStyle(pre).fontSize);
    const room = (pre.clientWidth - 20) / (pre.scrollWidth - 10);  // less padding
    const smaller = size * room * 0.99;
    if (room < 1 && smaller > 8.6) pre.style.fontSize = smaller + "px";
    pre.style.whiteSpace = "";
    const tall = pre.classList.contains("printout") ? 900 : 200;
    if (pre.getBoundingClientRect().height < tall) pre.classList.add("whole");
  }
  for (const cell of document.querySelectorAll(".cell")) {
    if (cell.getBoundingClientRect().height < 220) cell.classList.add("whole");
    const caption = cell.nextElementSibling?.matches("p:has(> em:only-child)");
    if (caption && cell.querySelector("img")) cell.classList.add("before");
  }
  for (const printout of document.querySelectorAll("pre.printout")) {
    const block = printout.closest(".cell") || printout;
    block.previousElementSibling?.classList.add("before");
  }
  for (const wide of document.querySelectorAll("table, .formula > math")) {
    const room = width / Math.max(wide.scrollWidth, wide.getBoundingClientRect().width);
    if (room < 1) wide.style.zoom = Math.max(room * 0.99, 0.6);
  }
}
