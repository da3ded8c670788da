// Elements in one call, for the scripts of this site.
"use strict";
window.dom = (() => {
  const set = (element, attributes, children) => {
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const make = (tag, attributes = {}, ...children) =>
    set(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) =>
    set(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  const comma = (n) => n.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const bytes = (n) => {
    const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let value = Number(n), i = 0;
    while (value >= 1000 && i < units.length - 1) { value /= 1000; i++; }
    return i ? `${value.toPrecision(3)} ${units[i]}` : `${n} bytes`;
  };
  return { make, svg, comma, bytes };
})();
