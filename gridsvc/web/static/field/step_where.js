// The third step: where it is. The phone's own position, a pin moved by hand, a compound by name, or words.
import { searchCompounds } from "./categories.js";
import { el, fill } from "./dom.js";
import { pinMap } from "./pin_map.js";
import { boxOf, inside } from "./place.js";
import { USELESS_M, nameOf, placed, pointOf, quality, recipient } from "./report_place.js";
import { t } from "./words.js";

const WAYS = ["here", "compound", "words"];
const MOST_COMPOUNDS = 40;
const CLOSE = 17; // the zoom at which single houses are seen

/** Draws the step; a side, a compound or the button at the bottom leads on. */
export function draw(flow, body, foot) {
  if (flow.failure && !flow.value.fix && !flow.value.pin && flow.value.where === "here" && flow.held.compounds.length) flow.value.where = "compound";
  const said = el("p", { class: "told", role: "status", id: "position-said" });
  const panel = el("div", { class: "where-panel" });
  const ways = el("div", { class: "ways", role: "group", "aria-label": t("place.ways") });
  const step = { flow, said, panel, ways, foot, map: null, isClose: false, shown: null };
  fill(body, said, ways, panel);
  flow.onFix = () => heard(step);
  flow.leave = () => {
    if (step.map) step.map.remove();
    step.map = null;
    step.shown = null;
  };
  paint(step);
}

function paint(step) {
  const { flow, ways, panel } = step;
  fill(ways, WAYS.map((way) => el("button", { type: "button", class: "way", "aria-pressed": String(flow.value.where === way), "data-way": way, onclick: () => turn(step, way) }, t(`place.way_${way}`))));
  flow.leave();
  step.shown = flow.value.where;
  fill(panel);
  if (step.shown === "here") here(step);
  else if (step.shown === "compound") byCompound(step);
  else byWords(step);
  tell(step);
}

async function turn(step, way) {
  step.isClose = false;
  await step.flow.change({ where: way });
  paint(step);
}

// a fix came, or none will: what is on the screen follows, and nothing that a person chose
function heard(step) {
  const { flow, map } = step;
  if (flow.failure && !flow.value.fix && !flow.value.pin && flow.value.where === "here" && flow.held.compounds.length && !map) return turn(step, "compound");
  if (map) showPoints(step, !flow.value.pin && !step.isClose);
  return tell(step);
}

function tell(step) {
  const { flow, said, foot } = step;
  const [text, warns] = step.shown === "here" || flow.failure ? quality(flow) : ["", false];
  said.textContent = text;
  said.className = warns ? "note note-warn" : "told";
  said.hidden = !text;
  if (step.shown === "here") offer(step);
  else if (step.shown === "words") {
    fill(foot, el("button", { type: "button", class: "button main wide", id: "next", disabled: !flow.value.words.trim(), onclick: () => onward(flow) }, t("report.next")));
  } else fill(foot);
  foot.hidden = !foot.firstChild;
}

const onward = (flow, patch = {}) => flow.go("check", { ...patch, settled: true });

function here(step) {
  const { flow, panel } = step;
  const box = el("div", { class: "map-box" });
  const belongs = el("div", { class: "belongs", id: "belongs", role: "status" });
  fill(panel, box, belongs,
    el("button", { type: "button", class: "button wide", id: "locate", onclick: () => again(step) }, t("place.again")));
  step.belongs = belongs;
  addMap(step, box);
}

async function addMap(step, box) {
  const { flow } = step;
  const own = flow.held.grids.filter((grid) => grid.own);
  const made = await pinMap(box, {
    grids: flow.held.grids, compounds: flow.held.compounds, box: boxOf(own.length ? own : flow.held.grids), label: t("place.map"), credit: flow.held.credit,
    onMove: (lon, lat) => {
      flow.change({ pin: { lon: rounded(lon), lat: rounded(lat) } });
      tell(step);
    },
  }).catch(() => null);
  if (!made) return fill(box, el("p", { class: "told" }, t("place.no_map")));
  if (step.shown !== "here" || !box.isConnected) return made.remove();
  step.map = made;
  showPoints(step);
  if (step.belongs.querySelector("[data-does]")) tell(step); // the pin can be put now
  return undefined;
}

function showPoints(step, moves = true) {
  const { value } = step.flow;
  const fix = pointOf({ fix: value.fix, pin: null });
  const point = pointOf(value);
  if (fix) step.map.setFix(fix.lon, fix.lat, fix.accuracy_m);
  if (!point) return;
  step.map.setPin(point.lon, point.lat);
  if (moves) step.map.look(point.lon, point.lat, point.accuracy_m > 150 ? 15 : CLOSE);
}

async function again(step) {
  step.isClose = false;
  await step.flow.change({ pin: null, fix: null });
  step.flow.locate();
  paint(step);
}

// who gets it; where that is doubtful, the question on which side it is; where nobody can tell from so bad a position, ways
// to do without it
function offer(step) {
  const { flow, belongs, foot } = step;
  const point = pointOf(flow.value);
  const where = placed(flow);
  const useless = Boolean(point && point.accuracy_m > USELESS_M);
  const doubtful = !useless && Boolean(where && where.sides.length);
  // what is asked needs the room; and the question for the side says how good the position is
  const was = step.panel.classList.contains("asks-side");
  const asks = step.panel.classList.toggle("asks-side", doubtful || (useless && !step.isClose));
  if (was !== asks && step.map) step.map.sized();
  if (doubtful) step.said.hidden = true;
  const side = (code) => el("button", { type: "button", class: "pick-row", "data-side": code, onclick: () => choose(flow, point, code) },
    el("strong", {}, nameOf(flow.held.grids, code)), el("span", {}, workerOf(flow, code)));
  if (useless) fill(belongs, instead(step, point));
  else fill(belongs, doubtful
    ? [el("p", { class: "question", id: "side" }, t("place.side", { m: Math.round(point.accuracy_m) })), el("div", { class: "sides-asked", role: "group", "aria-labelledby": "side" }, where.sides.map(side))]
    : el("p", {}, recipient(flow)));
  fill(foot, el("button", { type: "button", class: doubtful || useless ? "button wide" : "button main wide", id: "next", disabled: !point, onclick: () => onward(flow) },
    t(!point ? "place.none_yet" : doubtful || useless ? "place.not_sure" : flow.value.pin ? "place.at_pin" : "place.right")));
}

// the phone said how bad its position is: a look close enough to put the pin by hand, or the compound's name
function instead(step, point) {
  const closer = () => {
    step.isClose = true; // the map gets its room back
    tell(step);
    step.map.look(point.lon, point.lat, CLOSE);
    step.panel.querySelector(".pin-map").focus();
  };
  const way = (does, words, onclick) => el("button", { type: "button", class: "button main wide", "data-does": does, onclick }, t(words));
  return el("div", { class: "sides-asked", role: "group", "aria-label": t("place.instead") }, [
    step.map && !step.isClose ? way("move-pin", "place.move_pin", closer) : null,
    step.flow.held.compounds.length ? way("by-compound", "place.by_compound", () => turn(step, "compound")) : null,
  ]);
}

function workerOf(flow, code) {
  const grid = flow.held.grids.find((one) => one.code === code);
  return grid && grid.worker ? grid.worker : t("place.nobody");
}

// the pin goes to the nearest point inside that grid; the phone's own position stays beside it
function choose(flow, point, code) {
  const at = inside(point.lon, point.lat, point.accuracy_m, code, flow.held.grids, flow.held.nearest_max_m);
  return onward(flow, at ? { pin: { lon: rounded(at[0]), lat: rounded(at[1]) } } : {});
}

function byCompound(step) {
  const { flow, panel } = step;
  const list = el("ul", { class: "pick-list" });
  const typed = el("input", {
    type: "search", id: "compound-search", class: "search", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    placeholder: t("place.compound_hint"), "aria-label": t("place.compound_search"), oninput: () => show(),
  });
  const more = el("p", { class: "hint", role: "status" });
  const own = new Set(flow.held.grids.filter((grid) => grid.own).map((grid) => grid.code));
  const ordered = [...flow.held.compounds].sort((a, b) => own.has(b.grid) - own.has(a.grid) || (a.name < b.name ? -1 : 1));
  const show = () => {
    const hits = searchCompounds(ordered, typed.value);
    fill(list, hits.slice(0, MOST_COMPOUNDS).map((one) => el("li", {},
      el("button", { type: "button", class: "pick-row", "data-compound": one.id, "aria-pressed": String(flow.value.compound === one.id), onclick: () => onward(flow, { compound: one.id }) },
        el("strong", {}, one.name), el("span", {}, one.grid ? nameOf(flow.held.grids, one.grid) : "")))));
    const rest = hits.length - MOST_COMPOUNDS;
    more.textContent = hits.length ? (rest > 0 ? t("report.more_found", { n: rest }) : "") : t(ordered.length ? "report.nothing_found" : "place.no_compounds");
  };
  fill(panel, typed, list, more);
  show();
}

function byWords(step) {
  const { flow, panel } = step;
  const typed = el("textarea", { id: "place-words", maxlength: "500", rows: "4", "aria-label": t("place.words_label"), placeholder: t("place.words_hint"), value: flow.value.words });
  typed.addEventListener("input", () => {
    flow.change({ words: typed.value });
    step.foot.querySelector("#next").disabled = !typed.value.trim();
  });
  fill(panel, typed);
}

const rounded = (degrees) => Math.round(degrees * 1e7) / 1e7;
