// A word of the glossary: a tap shows the meaning, a second tap goes there.
"use strict";
(() => {
let touched = false, open = null;

function shut() {
  open?.classList.remove("shown");
  open = null;
}

// The box of the meaning stays inside the window.
function place(word) {
  const room = document.documentElement.clientWidth - 8, rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const width = Math.min(24 * rem, 0.7 * innerWidth), left = word.getClientRects()[0].left;
  word.style.setProperty("--shift", `${Math.min(0, room - width - left)}px`);
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
      place(word);
      word.classList.add("shown");
      word.classList.remove("hushed");
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
