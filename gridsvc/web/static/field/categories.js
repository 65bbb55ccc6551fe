// What a report may be about: by picture and class, by what this phone used last, or by search.
import { lang, t } from "./words.js";

const PICTURES = "/static/app/icons.svg";
const DRAWN = /^(?:E0[1-6]|P0[1-5])$/; // what the file has pictures of
// a city's own list may number the classes of the national one differently: the name decides where it is known
const NAMED = {
  市容环境: "E01", 宣传广告: "E02", 施工管理: "E03", 街面秩序: "E04", 突发事件: "E05",
  公用设施: "P01", 道路交通设施: "P02", 道路交通: "P02", 市容环境设施: "P03", 园林绿化设施: "P04", 园林绿化: "P04",
};
const SVG = "http://www.w3.org/2000/svg";

/** The name of a category or class in the reader's language; the other where it has none. */
export function labelOf(one) {
  const [first, second] = lang() === "en" ? [one.en, one.zh] : [one.zh, one.en];
  return first || second || one.code;
}

/** The classes: [{code, label, items}], events before parts, each with its categories by code. */
export function classesOf(categories) {
  const found = new Map();
  for (const one of categories) {
    const code = classCode(one);
    const told = one.class && (one.class.zh || one.class.en) ? one.class : null;
    if (!found.has(code)) found.set(code, { code, told, items: [] });
    const mine = found.get(code);
    mine.told = mine.told || told;
    mine.items.push(one);
  }
  const all = [...found.values()].map(({ code, told, items }) => ({ code, told, label: classLabel(code, told), items }));
  return all.sort((a, b) => rank(a.code) - rank(b.code) || (a.code < b.code ? -1 : 1));
}

/** The categories that words mean: part of a name in either language, the beginning of its initials, or of the code. */
export function search(categories, words) {
  const key = folded(words);
  if (!key) return [];
  const starts = (text) => String(text || "").toLowerCase().split(" ").some((word) => word.startsWith(key));
  const points = (one) => {
    if (starts(one.initials) || folded(one.zh).startsWith(key) || folded(one.en).startsWith(key)) return 0;
    if (folded(one.zh).includes(key) || folded(one.en).includes(key)) return 1;
    if (one.class && (folded(one.class.zh).includes(key) || folded(one.class.en).includes(key))) return 2;
    return starts(one.code) ? 3 : null;
  };
  return categories.map((one) => [points(one), one]).filter(([n]) => n !== null).sort((a, b) => a[0] - b[0]).map(([, one]) => one);
}

/** The compounds that words mean: part of a name, or the first letters of its syllables (jxhy). */
export function searchCompounds(compounds, words) {
  const key = folded(words);
  if (!key) return compounds;
  const starts = (one) => String(one.initials || "").split(" ").some((word) => word.startsWith(key));
  return compounds.filter((one) => starts(one) || folded(one.name).includes(key));
}

/** The picture of a class, in the colour of the text around it. */
export function picture(classOrCategory, size = 40) {
  const svg = document.createElementNS(SVG, "svg");
  const one = classOrCategory;
  const code = one.items ? pictureOf(one.code, one.told) : pictureOf(classCode(one), one.class);
  for (const [name, value] of Object.entries({ viewBox: "0 0 32 32", width: size, height: size, class: "picture", "aria-hidden": "true", focusable: "false" })) {
    svg.setAttribute(name, value);
  }
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${PICTURES}#cat-${code}`);
  svg.appendChild(use);
  return svg;
}

/** Whether a report about this needs a photo from the start. */
export function needsPhoto(category) {
  return Boolean(category) && (category.photo_at || []).includes("report");
}

const pictureOf = (code, told) => (told && NAMED[told.zh]) || (DRAWN.test(code) ? code : "other");

// a sheet's classes have one name, in Chinese
function classLabel(code, told) {
  if (!told) return t(`report.class_${pictureOf(code, told)}`);
  const only = lang() === "en" && (!told.en || told.en === told.zh) && NAMED[told.zh];
  return only ? t(`report.class_${only}`) : labelOf({ code, ...told });
}

function classCode(one) {
  if (one.class && one.class.code) return one.class.code;
  const said = /^(event-|part-|E|P)(\d\d)/.exec(one.code);
  return said ? `${said[1][0].toUpperCase()}${said[2]}` : "other";
}

const rank = (code) => (code.startsWith("E") ? 0 : code.startsWith("P") ? 1 : 2);

// as people type it: no case, no spaces, full-width letters as plain ones
const folded = (text) => String(text || "").normalize("NFKC").toLowerCase().replace(/\s+/g, "");
