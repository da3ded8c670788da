// Find the wrong line: which mistake a number stands for, and what counts as found.
(() => {
  const Live = globalThis.Live ??= {};
  const FIRST_DAY = Date.UTC(2026, 0, 1);

  /** The number of a day by the reader's calendar: 0 on the first of January 2026. */
  const today = (date = new Date()) =>
    Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - FIRST_DAY)
      / 86_400_000);

  /** The switch of a number, the same everywhere.
   *
   * `switches` are those of live-data.js; drawn from are those with `puzzle`, whose first
   * different line is the same for every text. In as many days as there are of them each
   * comes once, in an order that the round draws.
   */
  function puzzle(number, switches = globalThis.LIVE_DATA.switches) {
    const keys = switches.filter((s) => s.puzzle).map((s) => s.key), n = keys.length;
    const whole = Math.trunc(number) || 0, round = Math.floor(whole / n);
    const random = Live.mulberry32(round);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [keys[i], keys[j]] = [keys[j], keys[i]];
    }
    return keys[whole - round * n];
  }

  const anyLayer = (path) => path.replace(/^model\.layers\.(\d+|\*)(?=\.|$)/, "model.layers.*");

  /** Whether a look at a line finds the fault: at the first line that differs, in whichever
   * layer; or, where a function between lines is at fault, at the module that calls it. */
  function isFound(path, first) {
    const wanted = [first.path];
    if (first.step) wanted.push(first.path.replace(/\.[^.]+$/, ""));
    return wanted.some((line) => anyLayer(line) === anyLayer(path));
  }

  Object.assign(Live, { today, puzzle, isFound });
})();
