// Exercises: marks of what is done, kept in this browser only, and a filter for the list.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const KEY = "exercises-done";
  const done = new Set();
  try {
    for (const key of JSON.parse(localStorage.getItem(KEY) || "[]")) done.add(key);
  } catch { /* no storage, or not ours: begin with none */ }
  const keep = () => {
    try { localStorage.setItem(KEY, JSON.stringify([...done])); } catch { /* this page only */ }
  };
  const keyOf = (address) => {
    const url = new URL(address, location.href);
    return url.pathname.split("/").pop().replace(/\.html$/, "") + url.hash;
  };
  const box = (key, name, changed) => {
    const input = dom.make("input", { type: "checkbox", "aria-label": `Done: ${name}` });
    input.checked = done.has(key);
    input.addEventListener("change", () => {
      done[input.checked ? "add" : "delete"](key);
      keep();
      changed?.();
    });
    return input;
  };

  // In a chapter: under each exercise's heading.
  for (const section of document.querySelectorAll('article section[id^="exercise-"]')) {
    const heading = section.querySelector("h3");
    if (!heading) continue;
    const name = heading.firstChild.textContent;
    heading.after(dom.make("label", { class: "exercise-done" }, box(keyOf(`#${section.id}`), name), "Done"));
  }

  // The list.
  const items = [...document.querySelectorAll(".exercise-list > li")];
  if (!items.length) return;
  let level = "";
  const narrow = { prediction: false, open: false };
  const status = dom.make("p", { role: "status", class: "exercise-status" });
  const keys = new Map(items.map((item) => [item, keyOf(item.querySelector("a").href)]));
  const show = () => {
    let shown = 0;
    for (const item of items) {
      item.hidden = (level && !item.classList.contains(`level-${level}`)) ||
        (narrow.prediction && !item.classList.contains("prediction")) ||
        (narrow.open && done.has(keys.get(item)));
      shown += !item.hidden;
    }
    for (const list of document.querySelectorAll(".exercise-list")) {
      list.parentElement.hidden = !list.querySelector(":scope > li:not([hidden])");
    }
    const solved = items.filter((item) => done.has(keys.get(item))).length;
    status.textContent = `${shown} of ${items.length} exercises shown, ${solved} done.`;
  };
  for (const item of items) {
    const link = item.querySelector("a");
    link.before(box(keys.get(item), link.textContent, show));
  }
  const count = (name) => items.filter((item) => item.classList.contains(name)).length;
  const levels = [["", "All", items.length]].concat(
    ["easy", "medium", "hard"].map((name) => [name, name[0].toUpperCase() + name.slice(1), count(`level-${name}`)]));
  const buttons = levels.map(([name, label, n]) => {
    const button = dom.make("button", { type: "button", "aria-pressed": `${!name}` }, `${label} (${n})`);
    button.addEventListener("click", () => {
      level = name;
      for (const other of buttons) other.setAttribute("aria-pressed", `${other === button}`);
      show();
    });
    return button;
  });
  const switches = [["prediction", `Predictions only (${count("prediction")})`], ["open", "Hide what is done"]]
    .map(([name, label]) => {
      const input = dom.make("input", { type: "checkbox" });
      input.addEventListener("change", () => { narrow[name] = input.checked; show(); });
      return dom.make("label", {}, input, label);
    });
  document.querySelector("article section section").before(
    dom.make("div", { class: "exercise-filter", role: "group", "aria-label": "Which exercises" }, ...buttons, ...switches),
    status);
  show();
});
