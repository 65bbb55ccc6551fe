// The second step: what is wrong, by picture, by what was used last, or by search.
import { classesOf, labelOf, needsPhoto, picture, search } from "./categories.js";
import { el, fill } from "./dom.js";
import { UNKNOWN } from "./report_draft.js";
import { showThumbs } from "./step_photo.js";
import { getMeta, setMeta } from "./store.js";
import { t } from "./words.js";

const RECENT = "recent_categories";
const MOST_RECENT = 4;
const MOST_FOUND = 30;
const FEW = 12; // so many are shown at once, without their classes

/** Draws the step; choosing leads on. */
export function draw(flow, body, foot) {
  const categories = flow.held.categories.filter((one) => one.code !== UNKNOWN);
  const urls = [];
  const strip = el("ul", { class: "photo-strip small", hidden: true });
  if (flow.value.photos.length) showThumbs(strip, flow.value.photos, urls);
  const box = el("div", { class: "category-box" });
  const typed = el("input", {
    type: "search", id: "category-search", class: "search", autocomplete: "off", enterkeyhint: "search",
    placeholder: t("report.search_hint"), "aria-label": t("report.search"), oninput: () => paint(),
  });
  let opened = null;
  const paint = () => {
    if (typed.value.trim()) fill(box, found(flow, categories, typed.value));
    else if (opened) fill(box, inClass(flow, opened, () => show(null)));
    else fill(box, all(flow, categories, (one) => show(one)));
  };
  const show = (one) => {
    opened = one;
    paint();
    window.scrollTo(0, 0);
    const first = box.querySelector("button");
    if (first) first.focus({ preventScroll: true });
  };
  fill(body, strip, categories.length ? typed : el("p", { class: "told" }, t("report.no_categories")), box);
  fill(foot, el("button", { type: "button", class: "button wide", id: "unknown", onclick: () => choose(flow, UNKNOWN) }, t("report.unknown_choose")));
  paint();
  flow.leave = () => urls.forEach((url) => URL.revokeObjectURL(url));
}

function all(flow, categories, onClass) {
  const recent = el("div", {});
  getMeta(RECENT).then((codes) => {
    const known = (codes || []).map((code) => categories.find((one) => one.code === code)).filter(Boolean);
    if (known.length && categories.length > FEW) fill(recent, el("h2", {}, t("report.recent")), tiles(flow, known));
  });
  if (categories.length <= FEW) return [tiles(flow, categories)];
  const classes = classesOf(categories);
  const tile = (one) => el("li", {}, el("button", { type: "button", class: "tile", "data-class": one.code, onclick: () => onClass(one) },
    picture(one), el("span", {}, one.label)));
  return [recent, el("h2", {}, t("report.classes")), el("ul", { class: "tiles" }, classes.map(tile))];
}

function inClass(flow, one, back) {
  return [
    el("h2", { class: "class-head" }, picture(one, 28), el("span", {}, one.label)),
    rows(flow, one.items),
    el("button", { type: "button", class: "button wide", id: "all-classes", onclick: back }, t("report.all_classes")),
  ];
}

function found(flow, categories, words) {
  const hits = search(categories, words);
  if (!hits.length) return [el("p", { class: "told", role: "status" }, t("report.nothing_found"))];
  const more = hits.length > MOST_FOUND ? el("p", { class: "hint" }, t("report.more_found", { n: hits.length - MOST_FOUND })) : null;
  return [rows(flow, hits.slice(0, MOST_FOUND)), more];
}

const rows = (flow, items) => el("ul", { class: "pick-list" }, items.map((one) => el("li", {},
  el("button", { type: "button", class: "pick-row", "data-category": one.code, onclick: () => choose(flow, one.code) }, picture(one, 32), el("strong", {}, labelOf(one))))));

const tiles = (flow, items) => el("ul", { class: "tiles" }, items.map((one) => el("li", {},
  el("button", { type: "button", class: "tile", "data-category": one.code, onclick: () => choose(flow, one.code) }, picture(one), el("span", {}, labelOf(one))))));

async function choose(flow, code) {
  const known = flow.held.categories.find((one) => one.code === code);
  if (known) {
    const codes = (await getMeta(RECENT)) || [];
    await setMeta(RECENT, [code, ...codes.filter((one) => one !== code)].slice(0, MOST_RECENT));
  }
  if (needsPhoto(known) && !flow.value.photos.length) {
    flow.said = t("report.photo_needed_why");
    return flow.go("photo", { category: code });
  }
  return flow.go(flow.value.settled ? "check" : "where", { category: code });
}
