// Search: exact answers first, then the sections whose words fit best (BM25).
"use strict";
window.bookSearch = (() => {
const { pages, sections, answers, synonyms, absent } = window.BOOK, { make } = window.dom;
const root = document.documentElement.dataset.content_root || "./";
const K1 = 1.2, B = 0.6;           // BM25: how soon repetition stops to count, and length
const IN_TITLE = 3, OF_PAGE = 1, IN_CODE = 0.3; // what a word counts there, in the text's measure
const OWNER = 1.6;                 // a section of a page that has the exact answer
const ASKING = new Set("why how what when where which who does do did is are can should i my you your".split(" "));
const LEAST = 0.3;                 // of the best score; what is worse is not shown
const MOST = 20, MOST_OF_A_PAGE = 3, QUOTE = 220;

// ---------------------------------------------------------------- exact answers

// One spelling: numbers as JavaScript writes them, blanks for underscores and hyphens.
function normal(text) {
  const plain = text.toLowerCase().trim().replace(/["'`“”]/g, "").replace(/\(\)$|[?!.]+$/g, "");
  const number = plain.replace(/,(?=\d{3}(?:\D|$))/g, "");
  if (/^-?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/.test(number)) return String(Number(number));
  return plain.replace(/[\s_-]+/g, " ").trim();
}

const ANSWERS = new Map(Object.entries(answers).map(([word, places]) => [normal(word), places]));
const ABSENT = new Map(absent.flatMap(({ words, place }) => words.map((word) => [word, place])));
const SAID = new Set(synonyms);
const look = (word) => ANSWERS.has(word) || ABSENT.has(word) ? word : null;

// A word as typed, without its module, or without the plural's s.
function known(word) {
  return look(word) || (/^[\w .]+\.\w/.test(word) && look(word.replace(/^.*\./, ""))) ||
    (word.length > 3 && word.endsWith("s") && look(word.slice(0, -1))) || null;
}

// The words of a query that have answers: all of it, or else its longest parts that are
// no everyday word: some words together, a name that a reader types, a long number.
function parts(query) {
  const whole = known(normal(query));
  if (whole) return [whole];
  const words = normal(query).split(" ").flatMap((word) => /\d/.test(word) ? normal(word) : word.replace(/[,;:?!()]/g, ""));
  const found = [];
  for (let size = words.length - 1; size > 0; size--) {
    for (let at = 0; at + size <= words.length; at++) {
      const run = words.slice(at, at + size), word = run.includes("") ? null : known(run.join(" "));
      if (!word || !(size > 1 || ABSENT.has(word) || (SAID.has(word) && word.length > 2) || /\d{3}/.test(word))) continue;
      found.push(word);
      words.fill("", at, at + size);
    }
  }
  return found;
}

// ---------------------------------------------------------------- words in sections

const stemmer = new Stemmer(), stems = new Map();
function stem(word) {
  if (!stems.has(word)) stems.set(word, stemmer.stemWord(word));
  return stems.get(word);
}
const WORD = /\d+(?:[.,]\d+)*(?:e-?\d+)?|\p{L}+/giu;
const tokens = (text) => (text.toLowerCase().match(WORD) || [])
  .map((word) => stem(word.replace(/,/g, "")));

// The words of a query that say what is wanted; all of them if none does.
function wanted(query) {
  const said = query.toLowerCase().split(/\s+/).filter((word) => !ASKING.has(word) && !stopwords.includes(word));
  return said.length ? said.join(" ") : query;
}

function counts(text) {
  const found = new Map(), all = tokens(text);
  for (const word of all) found.set(word, (found.get(word) || 0) + 1);
  return { found, length: all.length };
}

let index = null;
function indexed() {
  index ??= sections.map(([page, anchor, title, weight, prose, code]) => ({
    page, anchor, title, weight, prose, text: counts(prose), code: new Set(tokens(code)),
    head: new Set(tokens(title)), of: new Set(tokens(pages[page])),
  }));
  return index;
}

function ranked(query) {
  const every = indexed(), mean = every.reduce((sum, s) => sum + s.text.length, 0) / every.length;
  const asked = [...new Set(tokens(wanted(query)))], owners = new Set(parts(query).flatMap((word) => (ANSWERS.get(word) || []).slice(0, 1).map(([page]) => page)));
  if (!asked.length) return [];
  const rarity = asked.map((word) => {
    const holding = every.filter((s) => s.text.found.has(word) || s.head.has(word)).length;
    return Math.log(1 + (every.length - holding + 0.5) / (holding + 0.5));
  });
  const scored = every.map((section) => {
    let score = 0, met = 0;
    asked.forEach((word, i) => {
      const n = section.text.found.get(word) || 0;
      const often = n * (K1 + 1) / (n + K1 * (1 - B + B * section.text.length / mean));
      const all = often + (section.head.has(word) ? IN_TITLE : section.of.has(word) ? OF_PAGE : 0) + (section.code.has(word) ? IN_CODE : 0);
      score += rarity[i] * all;
      if (all) met += 1;
    });
    const owner = owners.has(section.page) ? OWNER : 1;
    return { section, score: score * section.weight * owner * (met / asked.length) ** 2 };
  }).filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
  const shown = new Map();
  return scored.filter(({ section: { page }, score }) => {
    if (score < LEAST * scored[0].score || (shown.get(page) || 0) >= MOST_OF_A_PAGE) return false;
    shown.set(page, (shown.get(page) || 0) + 1);
    return true;
  }).slice(0, MOST).map(({ section }) => section);
}

// ---------------------------------------------------------------- what is shown

const address = (page, anchor, mark = "") => `${root}${page}.html${mark && `?highlight=${encodeURIComponent(mark)}`}${anchor && `#${anchor}`}`;
const named = (page, title) => title === pages[page] ? title : `${pages[page]}: ${title}`;

function listed([page, anchor, title, why]) {
  return make("li", {}, make("a", { href: address(page, anchor) }, named(page, title)), ` · ${why}`);
}

function answered(words, query) {
  const out = document.createDocumentFragment();
  for (const word of words) {
    const of = words.length > 1 || word !== normal(query) ? `: ${word}` : "";
    const places = ANSWERS.get(word);
    const section = make("section", { class: "exact-answers" });
    if (places) section.append(make("h2", {}, `Where the book explains it${of}`), make("ul", {}, ...places.map(listed)));
    else section.append(make("h2", {}, `Not in this book${of}`), make("p", {}, "The nearest that it has:"), make("ul", {}, listed(ABSENT.get(word))));
    out.append(section);
  }
  return out;
}

// A sentence or two around the first word that was asked for, those words marked.
function quoted(prose, asked) {
  const found = [...prose.matchAll(WORD)]
    .filter(([word]) => asked.has(stem(word.toLowerCase().replace(/,/g, ""))));
  const at = found.length ? found[0].index : 0;
  const begun = Math.max(prose.lastIndexOf(". ", at) + 2, prose.lastIndexOf("\n", at) + 1, 0);
  const from = prose.lastIndexOf(". ", at) < 0 && prose.lastIndexOf("\n", at) < 0 ? 0 : begun;
  let to = Math.min(prose.length, Math.max(from, at - QUOTE / 2) + QUOTE);
  if (to < prose.length) to = Math.max(prose.lastIndexOf(" ", to), at + 1);
  const line = make("p", { class: "context" });
  let here = from;
  for (const match of found) {
    if (match.index < here || match.index + match[0].length > to) continue;
    line.append(prose.slice(here, match.index), make("mark", {}, match[0]));
    here = match.index + match[0].length;
  }
  line.append(prose.slice(here, to), to < prose.length ? " …" : "");
  return line;
}

function show(query) {
  const place = document.getElementById("search-results");
  const words = parts(query), sections_ = ranked(query), asked = new Set(tokens(wanted(query)));
  const said = make("p", { class: "search-summary", role: "status" });
  place.replaceChildren(answered(words, query), said);
  if (sections_.length) {
    said.textContent = `${sections_.length} section${sections_.length > 1 ? "s" : ""} where the book speaks of it`;
    place.append(make("ul", { class: "search" }, ...sections_.map(({ page, anchor, title, prose }) =>
      make("li", {}, make("a", { href: address(page, anchor, wanted(query)) }, named(page, title)), ...(prose ? [quoted(prose, asked)] : [])))));
  } else if (!words.length) {
    said.append(`The book does not speak of “${query}”. The `,
      make("a", { href: address("book/glossary", "") }, "glossary"), " has its words, and ",
      make("a", { href: address("book/25_faq", "") }, "Questions"), " what readers ask.");
  }
}

Search.performSearch = show;  // the theme reads the query and calls it
return { normal, parts, ranked };
})();
