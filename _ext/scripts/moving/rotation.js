// Chapter 8: the hands of a query's and a key's clocks, and what their score keeps.
(() => {
"use strict";
const { make, svg } = window.dom, { slider, picture, text, line, colour, figure } = window.moving;
const { head_dim: H, rope_theta: THETA } = window.FIGURES.printed;
const PAIRS = [0, 4, 8, 12, 16, 24, 32, 48], FAR = 200;
const speed = (i) => THETA ** (-2 * i / H);
// Query and key with every pair (1, 0): the score, divided by H/2, is a mean of cosines.
const score = (distance) => {
  let sum = 0;
  for (let i = 0; i < H / 2; i++) sum += Math.cos(distance * speed(i));
  return sum / (H / 2);
};

function clock(x, y, r, m, n, i) {
  const end = (angle, length) => [x + length * Math.cos(angle), y - length * Math.sin(angle)];
  const hand = (angle, name, length) => line(x, y, ...end(angle, length), name, { "stroke-width": 3, "stroke-linecap": "round" });
  const [from, to] = [n * speed(i), m * speed(i)], between = to - from;
  const rest = between % (2 * Math.PI);  // what is drawn of it
  const [[x1, y1], [x2, y2]] = [end(from, r * 0.62), end(from + rest, r * 0.62)];
  const large = Math.abs(rest) > Math.PI ? 1 : 0, sweep = rest > 0 ? 0 : 1;
  return [svg("circle", { cx: x, cy: y, r, fill: "none", stroke: colour("line") }),
    svg("path", { d: `M${x} ${y}L${x1} ${y1}A${r * 0.62} ${r * 0.62} 0 ${large} ${sweep} ${x2} ${y2}z`, fill: colour("lit"), "fill-opacity": 0.45 }),
    hand(from, "k", 0.7 * r), hand(to, "q", 0.95 * r),
    text(x, y + r + 15, `pair ${i}`, { "text-anchor": "middle" }),
    text(x, y + r + 30, turns(between), { "text-anchor": "middle", fill: colour("lit"), class: "moving-strong" })];
}
const turns = (angle) => {
  const whole = Math.abs(angle) / (2 * Math.PI);
  return `${whole.toFixed(whole < 0.1 ? 4 : 2)} turns`;
};

function legend(x, y, entries) {
  return entries.map(([name, words], i) => {
    const place = x + [0, 68, 124][i];
    const mark = name === "lit"
      ? svg("rect", { x: place, y: y - 9, width: 16, height: 10, fill: colour(name), "fill-opacity": 0.45 })
      : line(place, y - 4, place + 16, y - 4, name, { "stroke-width": 3, "stroke-linecap": "round" });
    return [mark, text(place + 21, y, words)];
  });
}

function curve(width, at) {
  const [left, right, top, bottom] = [46, width - 12, 12, 122];
  const x = (d) => left + (d + FAR) * (right - left) / (2 * FAR), y = (v) => bottom - v * (bottom - top);
  const points = [];
  for (let d = -FAR; d <= FAR; d++) points.push(`${x(d).toFixed(1)},${y(score(d)).toFixed(1)}`);
  return [line(left, bottom, right, bottom, "line"), line(left, top, left, bottom, "line"),
    [0, 0.5, 1].map((v) => [line(left - 4, y(v), left, y(v), "line"), text(left - 7, y(v) + 4, String(v), { "text-anchor": "end" })]),
    [-200, -100, 0, 100, 200].map((d) => [line(x(d), bottom, x(d), bottom + 4, "line"),
      text(x(d), bottom + 17, String(d).replace("-", "−"), { "text-anchor": d === 200 ? "end" : "middle" })]),
    text((left + right) / 2, bottom + 33, "distance: the query’s position less the key’s", { "text-anchor": "middle" }),
    text(11, (top + bottom) / 2, "score", { "text-anchor": "middle", transform: `rotate(-90 11 ${(top + bottom) / 2})` }),
    svg("polyline", { points: points.join(" "), fill: "none", stroke: colour("stream"), "stroke-width": 1.5 }),
    svg("circle", { cx: x(at), cy: y(score(at)), r: 5, fill: colour("lit") })].flat(3);
}

figure("rotation", (host, width) => {
  let before = 10, done = "";
  const q = slider("q", "position of the query", [0, FAR, 1, 40], () => draw("q"));
  const k = slider("k", "position of the key", [0, FAR, 1, 30], () => draw("k"));
  const both = make("button", { type: "button", class: "explorer-button" }, "Move both on");
  const clocks = picture(), plot = picture(), words = make("p", { role: "status" }), effect = make("p");
  let timer = null;
  const stop = () => { clearInterval(timer); timer = null; both.textContent = "Move both on"; };
  both.addEventListener("click", () => {
    if (timer) { stop(); return; }
    both.textContent = "Stop";
    timer = setInterval(() => {
      if (Math.max(q.value, k.value) >= FAR) { stop(); return; }
      q.value += 1; k.value += 1; draw("both");
    }, 90);
  });

  function said(what, at) {
    if (what === "both") return "Both positions grew by as much: both hands of every clock turn, the angle between them stays, and so does the score.";
    if (what === "q") return `Only the query’s hands turn. Pair 0 changes most; pair 48 hardly. The distance went from ${before} to ${at}, so the score moved along its curve.`;
    if (what === "k") return `Only the key’s hands turn, and the distance went from ${before} to ${at}: the same curve as for the query, walked the other way.`;
    return "Move one of the two and look at the orange angles; then move both on, and look at them again.";
  }
  function draw(what = done) {
    done = what;
    const m = q.value, n = k.value, at = m - n, W = width();
    const across = W < 560 ? 4 : 8, cell = W / across, r = Math.min(38, cell / 2 - 5), tall = 2 * r + 46;
    clocks.show(W, 30 + tall * PAIRS.length / across, `Eight pairs as clocks, with the query’s hand at position ${m}, the key’s at ${n}, and the angle between them`,
      [legend(4, 14, [["q", "query"], ["k", "key"], ["lit", "angle between"]]).flat(),
        ...PAIRS.map((i, place) => clock(cell * (place % across + 0.5), 30 + r + tall * Math.floor(place / across), r, m, n, i))]);
    words.textContent = `Distance ${at}: score ${score(at).toFixed(4)} of at most 1, the mean of all ${H / 2} pairs’ cosines.`;
    plot.show(W, 162, words.textContent, [curve(W, at)]);
    effect.textContent = said(what, at);
    if (what !== "both") before = at;
  }
  host.append(q.element, k.element, both, clocks.element, plot.element, words, effect);
  return draw;
});
window.figures = { score };
})();
