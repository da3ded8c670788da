// Figures that move, each below the still one that it belongs to: what they share.
// A figure lays itself out for the width that it has, so its letters keep their size.
window.moving = (() => {
"use strict";
const { make, svg } = window.dom;
const colour = (name) => `var(--draw-${name}, ${window.FIGURES.colors[name]})`;

// A labelled slider; `shown` puts its value into words, `changed` learns the new one.
function slider(name, label, [min, max, step, value], changed, shown = String) {
  const input = make("input", { type: "range", id: `fig-${name}`, min, max, step, value });
  const out = make("output", { for: input.id }, shown(value));
  input.addEventListener("input", () => { out.textContent = shown(Number(input.value)); changed(Number(input.value)); });
  const element = make("div", { class: "moving-control" }, make("label", { for: input.id }, label), input, out);
  return { element, get value() { return Number(input.value); },
    set value(v) { input.value = v; out.textContent = shown(Number(input.value)); } };
}

// A row of buttons of which one is chosen.
function choices(label, names, at, changed) {
  const buttons = names.map((name, i) => make("button", { type: "button", class: "moving-choice" }, name));
  const element = make("div", { class: "moving-choices", role: "group", "aria-label": label }, ...buttons);
  const choose = (i) => {
    at = i;
    buttons.forEach((button, j) => button.setAttribute("aria-pressed", String(i === j)));
  };
  buttons.forEach((button, i) => button.addEventListener("click", () => { choose(i); changed(i); }));
  choose(at);
  return { element, get value() { return at; } };
}

// A picture as wide as its place, at most as wide as a plot.
function picture() {
  const element = svg("svg", { role: "img", "font-size": 12, fill: "currentColor" });
  const show = (width, height, label, children) => {
    const sizes = { width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": label };
    for (const [name, value] of Object.entries(sizes)) element.setAttribute(name, value);
    element.replaceChildren(...children.flat());
  };
  return { element, show };
}

const text = (x, y, words, attributes = {}) => svg("text", { x, y, ...attributes }, words);
const line = (x1, y1, x2, y2, name, attributes = {}) => svg("line", { x1, y1, x2, y2, stroke: colour(name), ...attributes });
// A box of the drawings: its colour as a tint, so that words on it stay readable.
const box = (x, y, width, height, name, tint = 0.25, attributes = {}) => svg("rect",
  { x, y, width, height, fill: colour(name), "fill-opacity": tint, stroke: colour(name), ...attributes });

const figures = {};
// `build` fills the host and returns what draws it at a width.
const figure = (name, build) => { figures[name] = build; };
addEventListener("DOMContentLoaded", () => {
  for (const [name, build] of Object.entries(figures)) {
    const cell = document.querySelector(`.tag_moving-${name}`);
    if (!cell) continue;
    const host = make("div", { class: "moving-figure", role: "group", "aria-label": "The figure above, to be moved" });
    const caption = cell.nextElementSibling;  // the still figure's, in italics
    (caption && caption.tagName === "P" ? caption : cell).after(host);
    let width = 0;
    const draw = build(host, () => width);
    const fit = () => {
      const style = getComputedStyle(host);
      const room = Math.floor(host.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
      if (room > 0 && Math.min(room, 691) !== width) { width = Math.min(room, 691); draw(); }
    };
    new ResizeObserver(fit).observe(host);
    fit();
  }
});
return { slider, choices, picture, text, line, box, colour, figure };
})();
