// A word of the glossary: a tap shows the meaning, a second tap goes there.
"use strict";
(() => {
let touched = false, open = null;

function shut() {
  open?.classList.remove("shown");
  open = null;
}

// The box of the meaning stays inside the window: to the left, or above the word.
function place(word) {
  const { clientWidth, clientHeight } = document.documentElement, box = getComputedStyle(word, "::after");
  const [first] = word.getClientRects();
  word.style.setProperty("--shift", `${Math.min(0, clientWidth - 8 - parseFloat(box.width) - first.left)}px`);
  word.classList.toggle("above", first.top + 30 + parseFloat(box.height) > clientHeight && first.top > clientHeight / 2);
}

addEventListener("DOMContentLoaded", () => {
  const words = [...document.querySelectorAll("a.glossary-word")];
  if (!words.length) return;
  const said = window.dom.make("p", { class: "visually-hidden", role: "status" });
  document.querySelector("article").append(said);
  for (const word of words) {
    for (const type of ["pointerenter", "focus"]) word.addEventListener(type, () => place(word));
    word.addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch"; });
    word.addEventListener("keydown", () => { touched = false; });
    for (const type of ["pointerleave", "blur"]) word.addEventListener(type, () => word.classList.remove("hushed"));
    word.addEventListener("click", (event) => {
      if (!touched || open === word) return;
      event.preventDefault();
      shut();
      word.classList.add("shown");
      word.classList.remove("hushed");
      place(word);
      said.textContent = word.dataset.meaning;
      open = word;
    });
  }
  document.addEventListener("pointerdown", (event) => { if (open && !open.contains(event.target)) shut(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    shut();
    for (const word of document.querySelectorAll("a.glossary-word:is(:hover, :focus)")) word.classList.add("hushed");
  });
});
})();
