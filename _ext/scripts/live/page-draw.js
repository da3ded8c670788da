// Numbers as colours. Strips and patterns are SVG paths, one for each level of colour, as
// _ext/first_paint.py writes them for the first paint; maps of many numbers are canvases.
(() => {
  const Live = globalThis.Live ??= {};
  const NS = "http://www.w3.org/2000/svg", SHOWN = 48, LEVELS = 4, SHARES = 8;

  function cells(width, height, paths) {
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    for (const name of Object.keys(paths).sort()) {
      const path = document.createElementNS(NS, "path");
      path.setAttribute("class", name);
      path.setAttribute("d", paths[name]);
      svg.append(path);
    }
    return svg;
  }

  /** Strips of one position's numbers, one row each, on one scale: twice the first's RMS. */
  function strip(...rows) {
    const scale = 2 * Live.rms(rows[0]) || 1, paths = {};
    rows.forEach((row, y) => {
      for (let i = 0; i < SHOWN; i++) {
        const value = row[Math.floor(i * row.length / SHOWN)];
        const level = Math.floor(LEVELS * Math.min(1, Math.abs(value) / scale) + 0.5);
        if (!level) continue;
        const name = `${value < 0 ? "n" : "p"}${level}`;
        paths[name] = `${paths[name] ?? ""}M${i}.5 ${y}v1`;
      }
    });
    return cells(SHOWN, rows.length, paths);
  }

  /** A head's pattern, `rows[t][s]`: darker where more is read. */
  function pattern(rows) {
    const paths = {};
    rows.forEach((row, t) => row.forEach((share, s) => {
      const level = Math.floor(SHARES * share ** 0.6 + 0.5);
      if (level) paths[`s${level}`] = `${paths[`s${level}`] ?? ""}M${s} ${t}.5h1`;
    }));
    return cells(rows[0].length, rows.length, paths);
  }

  const rgb = (name, from) => {
    const value = getComputedStyle(from).getPropertyValue(name).trim();
    return [1, 3, 5].map((i) => parseInt(value.slice(i, i + 2), 16));  // #rrggbb
  };

  /** Paint rows of numbers on a canvas, one pixel each; CSS stretches them. `scale` is
   * full colour. Where there are more numbers than pixels, the one furthest from zero. */
  function map(canvas, rows, { scale, width = 400 }) {
    const [below, zero, above] = ["--below", "--zero", "--above"].map((n) => rgb(n, canvas));
    const long = rows[0].length, columns = Math.min(long, Math.round(width * devicePixelRatio));
    Object.assign(canvas, { width: columns, height: rows.length });
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows.length);
    rows.forEach((row, y) => {
      for (let c = 0; c < columns; c++) {
        const from = Math.floor(c * long / columns);
        const to = Math.max(from + 1, Math.floor((c + 1) * long / columns));
        let value = 0;
        for (let i = from; i < to; i++) if (Math.abs(row[i]) > Math.abs(value)) value = row[i];
        const t = Math.min(1, Math.abs(value) / scale) ** 0.8, end = value < 0 ? below : above;
        const at = 4 * (y * columns + c);
        for (let k = 0; k < 3; k++) image.data[at + k] = zero[k] + (end[k] - zero[k]) * t;
        image.data[at + 3] = 255;
      }
    });
    context.putImageData(image, 0, 0);
  }

  /** The size that all but the largest 2 % of the numbers stay below. */
  function scaleOf(data) {
    const step = Math.max(1, Math.floor(data.length / 2048)), seen = [];
    for (let i = 0; i < data.length; i += step)
      if (Number.isFinite(data[i])) seen.push(Math.abs(data[i]));
    const sorted = Float32Array.from(seen).sort();
    return sorted[Math.floor(0.98 * (sorted.length - 1))] || sorted.at(-1) || 1;
  }

  Live.draw = { strip, pattern, map, scaleOf };
})();
