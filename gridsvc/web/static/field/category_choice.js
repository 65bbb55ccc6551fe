// Choosing a category: by picture and class, by what was used last, or by search. The same in a report and at a door.
import { classesOf, labelOf, picture, search } from "./categories.js";
import { el, fill } from "./dom.js";
import { UNKNOWN } from "./report_draft.js";
import { getMeta, setMeta } from "./store.js";
import { t } from "./words.js";

const RECENT = "recent_categories";
const MOST_RECENT = 4;
const MOST_FOUND = 30;
const FEW = 12; // so many are shown at once, without their classes

/** A search field and what can be tapped below it; `chosen(code)` is called with the one that was. */
export function choice(every, chosen) {
  const categories = every.filter((one) => one.code !== UNKNOWN);
  if (!categories.length) return [el("p", { class: "told" }, t("report.no_categories"))];
  const box = el("div", { class: "category-box" });
  const typed = el("input", {
    type: "search", id: "category-search", class: "search", autocomplete: "off", enterkeyhint: "search",
    placeholder: t("report.search_hint"), "aria-label": t("report.search"), oninput: () => paint(),
  });
  const choose = async (code) => {
    const codes = (await getMeta(RECENT)) || [];
    await setMeta(RECENT, [code, ...codes.filter((one) => one !== code)].slice(0, MOST_RECENT));
    await chosen(code);
  };
  let opened = null;
  const paint = () => {
    if (typed.value.trim()) fill(box, found(categories, typed.value, choose));
    else if (opened) fill(box, inClass(opened, choose, () => show(null)));
    else fill(box, all(categories, choose, show));
  };
  const show = (one) => {
    opened = one;
    paint();
    typed.scrollIntoView({ block: "nearest" });
    const first = box.querySelector("button");
    if (first) first.focus({ preventScroll: true });
  };
  paint();
  return [typed, box];
}

function all(categories, choose, onClass) {
  if (categories.length <= FEW) return [tiles(categories, choose)];
  const recent = el("div", {});
  getMeta(RECENT).then((codes) => {
    const known = (codes || []).map((code) => categories.find((one) => one.code === code)).filter(Boolean);
    if (known.length) fill(recent, el("h2", {}, t("report.recent")), tiles(known, choose));
  });
  const tile = (one) => el("li", {}, el("button", { type: "button", class: "tile", "data-class": one.code, onclick: () => onClass(one) },
    picture(one), el("span", {}, one.label)));
  return [recent, el("h2", {}, t("report.classes")), el("ul", { class: "tiles" }, classesOf(categories).map(tile))];
}

function inClass(one, choose, back) {
  return [
    el("h2", { class: "class-head" }, picture(one, 28), el("span", {}, one.label)),
    rows(one.items, choose),
    el("button", { type: "button", class: "button wide", id: "all-classes", onclick: back }, t("report.all_classes")),
  ];
}

function found(categories, words, choose) {
  const hits = search(categories, words);
  if (!hits.length) return [el("p", { class: "told", role: "status" }, t("report.nothing_found"))];
  const more = hits.length > MOST_FOUND ? el("p", { class: "hint" }, t("report.more_found", { n: hits.length - MOST_FOUND })) : null;
  return [rows(hits.slice(0, MOST_FOUND), choose), more];
}

const rows = (items, choose) => el("ul", { class: "pick-list" }, items.map((one) => el("li", {},
  el("button", { type: "button", class: "pick-row", "data-category": one.code, onclick: () => choose(one.code) }, picture(one, 32), el("strong", {}, labelOf(one))))));

const tiles = (items, choose) => el("ul", { class: "tiles" }, items.map((one) => el("li", {},
  el("button", { type: "button", class: "tile", "data-category": one.code, onclick: () => choose(one.code) }, picture(one), el("span", {}, labelOf(one))))));
