// Elements, made without a line of HTML text: what a receipt holds is never
// read as markup.

const svg = "http://www.w3.org/2000/svg";

// el makes an element. Properties that are no property of elements in general
// are attributes; children are elements, strings, or nothing.
export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) e.setAttribute(name, value);
  e.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return e;
}

export function icon(name) {
  const e = document.createElementNS(svg, "svg");
  e.setAttribute("class", "icon");
  e.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(svg, "use");
  use.setAttribute("href", `#${name}`);
  e.append(use);
  return e;
}

// facts is a list of names and values; rows without a value are left out.
export function facts(rows) {
  return el("dl", { class: "facts" }, rows
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, ...[value].flat()))));
}

// source shows bytes as they are. The box scrolls, so it takes the focus.
export function source(label, text, lang) {
  return el("pre", { class: "bytes", tabindex: "0", role: "region", "aria-label": label, lang, translate: "no" }, text);
}
