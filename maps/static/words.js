// Words and numbers as the reader's language writes them. The words come from the page, never from here.
const labels = JSON.parse(document.getElementById("map-labels").textContent);
export const lang = document.documentElement.lang || "zh";

/** The label of that name, with its {placeholders} filled; facts are plain text. */
export function word(name, facts = {}) {
  const text = labels[name];
  if (text === undefined) throw new Error(`no label ${name}`);
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in facts ? String(facts[key]) : whole));
}

const formats = new Map();
function format(value, digits) {
  if (!formats.has(digits)) {
    formats.set(digits, new Intl.NumberFormat(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return formats.get(digits).format(value);
}

export const DASH = "—";
export const known = (value) => value !== null && value !== undefined;
export const count = (n) => (known(n) ? format(n, 0) : DASH);
export const percent = (share) => (known(share) ? `${format(share * 100, 1)}\u00a0%` : DASH);
export const rate = (value, digits = 1) => (known(value) ? format(value, digits) : DASH);

/** A measure's value as the table shows it, with the decimals that the legend states. */
export const shown = (measure, value, digits) => (({ n: count, share: percent })[measure] ?? rate)(value, digits);

/** A limit of a class: limits are round numbers already. */
export const edge = (measure, value, digits) => {
  if (measure === "share") return `${format(value * 100, 0)}\u00a0%`;
  return format(value, value === 0 ? 0 : digits);
};

/** 2026-11-21 14:05 of an ISO time in the server's zone; the zone is named when it is UTC. */
export const when = (iso) => (iso ? iso.slice(0, 16).replace("T", " ") + (iso.endsWith("Z") ? " UTC" : "") : DASH);

/** An element with a class and, if given, its text: the only way text enters a page here. */
export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
