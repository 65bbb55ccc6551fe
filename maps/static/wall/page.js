// The wall: fetches the board, keeps map, board, legend, card and address in step.
import { fillChoices } from "../choices.js";
import { offer } from "../download.js";
import { addGround, compoundLayer } from "../ground.js";
import { getJson } from "../load.js";
import { Names } from "../names.js";
import { announce, settle, tell, tellError } from "../notice.js";
import { Search } from "../search.js";
import { keepFiles, keepOnLanguageLinks, readFilters, readLook, writeFilters, writeLook } from "../state.js";
import { count, element, when, word } from "../words.js";
import { Board, reportPath } from "./board.js";
import { linesOf } from "./file.js";
import { Live } from "./live.js";
import { mark } from "./looks.js";
import { Pins } from "./pins.js";

const by = (id) => document.getElementById(id);
const shell = window.gridMap;
const { map, view } = shell;
const { looks } = shell.layers.pins;
const form = by("map-form");
const NAMES_A0 = 400;
const SCALE_A0 = 300; // pixels: its words are larger there
const AGAIN_MS = 5000;
const sheet = document.querySelector(".wall-page").dataset.paper ?? null;

const narrow = window.matchMedia("(max-width: 760px)").matches;
const page = { answer: null, turn: 0, rows: new Map(), shown: [], selected: null, compounds: null, toShow: false };
// as large as whoever looks needs: before a sheet on a wall, at a desk, with little room on a phone
const pins = new Pins(shell, sheet === "a0" ? 68 : sheet || !narrow ? 30 : 26, (key) => select(key));
const board = new Board(by("wall-board"), looks, view.source, (key) => select(key));
// names under the pins: of the grids once they are there, of what lies on the ground
const areas = { layer: L.layerGroup() };
const names = new Names(shell, areas, sheet === "a0" ? NAMES_A0 : undefined, () => pins.boxes());
if (!sheet) new Search(shell, reveal);
const live = new Live(view.stream, { board: hearStream, state: drawState, failed: ask });
window.wall = { page, pins, board, live, names };

start();

function start() {
  fit();
  const look = readLook();
  page.selected = look.sel;
  page.toShow = look.sel !== null && look.map === null;
  const box = sheet && boxOf(location.hash);
  if (box) map.fitBounds(box, { animate: false });
  else if (look.map && !sheet) map.setView([look.map.lat, look.map.lon], look.map.zoom, { animate: false });
  else shell.showAll();
  if (sheet === "a0") {
    shell.scale.options.maxWidth = SCALE_A0;
    map.fire("move");
  }
  if (narrow) by("map-filters").open = false;
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) calm();
  listen();
  keepOnLanguageLinks();
  addGround(shell, () => tell("ground", word("failed_ground")), (labels) => names.setGround(labels));
  load();
  loadGrids();
  loadChoices();
  map.on("moveend", keepLook);
  map.on("resize", keepPapers);
}

// the map is as high as the window leaves room for; on a sheet of paper the style sheet says so
function fit() {
  const body = document.querySelector(".map-body");
  if (!sheet) {
    body.style.setProperty("--m-top", `${Math.round(body.getBoundingClientRect().top + window.scrollY)}px`);
    body.style.setProperty("--m-below", `${document.querySelector("body > footer")?.offsetHeight ?? 0}px`);
  }
  map.invalidateSize({ animate: false, pan: false });
}

function calm() {
  Object.assign(map.options, { zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false });
  map._zoomAnimated = false;
}

function listen() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener("change", apply);
  window.addEventListener("popstate", () => {
    if (location.search === page.query) return; // a link within the page
    fillForm();
    page.selected = readLook().sel;
    load();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && page.selected !== null) select(null);
  });
  by("map-skip").addEventListener("click", (event) => {
    event.preventDefault();
    board.enter();
  });
  by("map-whole").addEventListener("click", () => shell.showAll());
  by("map-compounds").addEventListener("change", showCompounds);
  for (const name of ["map-compounds", "map-paper"]) by(name)?.addEventListener("change", keepPapers);
  by("map-download")?.addEventListener("click", download);
  by("wall-print")?.addEventListener("click", () => window.print());
  window.addEventListener("resize", fit);
  document.addEventListener("map-notice", fit);
  for (const link of document.querySelectorAll("[data-keeps-look]")) {
    link.addEventListener("click", () => (link.href = otherPaper(link.href)));
  }
}

// what a sheet shows: west, south, east, north of the screen's map
function boxOf(hash) {
  const parts = (new URLSearchParams(hash.slice(1)).get("box") ?? "").split(",").map(Number);
  if (parts.length !== 4 || !parts.every((part) => Number.isFinite(part) && Math.abs(part) <= 180)) return null;
  const [west, south, east, north] = parts;
  return west < east && south < north ? L.latLngBounds([south, west], [north, east]) : null;
}

// the other form of the page shows the same filters, the same part of the map and the same selection
function otherPaper(href) {
  const [to, here] = [new URL(href), new URLSearchParams(location.search)];
  const paper = to.searchParams.get("paper");
  here.delete("paper");
  if (paper) here.set("paper", paper);
  to.search = here.toString();
  const look = new URLSearchParams();
  if (paper) look.set("box", map.getBounds().toBBoxString());
  if (page.selected !== null) look.set("sel", page.selected);
  to.hash = look.toString();
  return to.href;
}

function fillForm() {
  const filters = readFilters(view.filters);
  for (const name of view.filters) {
    const field = form.elements[name];
    const value = filters[name] ?? "";
    if (value && ![...field.options].some((one) => one.value === value)) field.add(new Option(word("option_unknown", { value }), value));
    field.value = value;
  }
}

async function loadChoices() {
  try {
    await fillChoices(form, view.choices);
    settle("choices");
    if (page.answer) by("map-foot").textContent = foot();
  } catch (error) {
    tellError("choices", error, loadChoices);
  }
}

function apply() {
  const filters = {};
  for (const name of view.filters) if (form.elements[name].value) filters[name] = form.elements[name].value;
  writeFilters(view.filters, filters);
  load();
}

// other filters are another wall: what was heard of the one before is forgotten
function load() {
  page.answer = null;
  page.turn += 1;
  page.query = location.search;
  page.rows.clear();
  busy(true);
  live.open(readFilters(view.filters));
  keepPapers();
}

// what the stream says is newer than any answer still on its way
function hearStream(answer) {
  page.turn += 1;
  for (const row of answer.rows) page.rows.set(row.key, row);
  if (answer.order.every((key) => page.rows.has(key))) hear(answer);
  else load(); // a row was never heard of: begin anew, with all of them
}

// order and numbers are the service's own at every message, so nothing can be counted twice
function hear(answer) {
  const isFirst = page.answer === null;
  const had = new Set(page.shown.map((row) => row.key));
  for (const row of answer.rows) page.rows.set(row.key, row);
  const here = new Set(answer.order);
  for (const key of [...page.rows.keys()]) if (!here.has(key)) page.rows.delete(key);
  settle("stats");
  show(answer, answer.order.map((key, place) => ({ ...page.rows.get(key), nr: place + 1 })));
  busy(false);
  if (isFirst) announce(word("announce_loaded", { n: count(answer.order.length) }));
  else if (answer.n_changed === null) announce(word("announce_caught_up_much"));
  else if (answer.n_changed) announce(word("announce_caught_up", { n: count(answer.n_changed) }));
  else announceNews(answer.rows.filter((row) => !had.has(row.key)).length);
}

function announceNews(n) {
  if (n) announce(word("announce_news", { n: count(n) }));
}

// A stream says not why it was refused; a plain question does. It also brings the board where no stream gets through.
async function ask(code) {
  const turn = (page.turn += 1);
  try {
    const answer = await getJson(view.wall, readFilters(view.filters));
    if (turn !== page.turn) return;
    // the stream's session ended and this browser has another, as after a change of role: menu and choices are that one's
    if (code !== null) return location.reload();
    hear({ ...answer, order: answer.rows.map((row) => row.key) });
    live.cursor = answer.cursor;
  } catch (error) {
    if (turn !== page.turn) return;
    busy(false);
    const ended = error.status === 401 || (code !== null && !error.status);
    if (code !== null || ended || error.status === 403) clear();
    const text = ended ? word("signed_out") : [word("failed_wall"), error.said].filter(Boolean).join(" ");
    if (page.answer === null || error.status) tell("stats", text, load);
    if (error.status && error.status < 500) live.close();
    else if (code !== null) setTimeout(() => turn === page.turn && ask(code), AGAIN_MS); // nobody may stand beside a wall
  }
}

// who may not look any more leaves nothing on the screen
function clear() {
  page.rows.clear();
  Object.assign(page, { answer: null, shown: [] });
  pins.show([]);
  board.show([]);
  page.selected = null;
  drawSelection(false);
  keepLook();
  by("wall-legend").replaceChildren();
  for (const id of ["wall-shown", "map-foot", "wall-live"]) by(id).textContent = "";
  by("wall-live").dataset.state = "none";
  by("map-empty").hidden = true;
  announce("");
}

function drawState(state, data) {
  const box = by("wall-live");
  if (data?.as_of) page.asOf = data.as_of;
  if (page.answer) by("map-foot").textContent = foot();
  if (sheet) return;
  box.dataset.state = state;
  const text = word(`live_${state}`, { when: when(page.asOf) });
  if (box.textContent !== text) box.textContent = text;
}

function show(answer, rows) {
  Object.assign(page, { answer, shown: rows, asOf: answer.as_of });
  if (pins.show(rows)) names.draw();
  board.show(rows);
  drawLegend(answer);
  by("wall-shown").textContent = shown(answer, rows);
  by("map-foot").textContent = foot();
  by("map-empty").textContent = rows.length ? "" : word("empty");
  by("map-empty").hidden = rows.length > 0;
  // an old link may name what hangs on the wall no more
  if (page.selected !== null && !rows.some((row) => row.key === page.selected)) page.selected = null;
  drawSelection(page.toShow);
  page.toShow = false;
}

function foot() {
  const lags = !sheet && page.answer.left_out > 0; // what is left out is counted now and then
  return [word("as_of", { when: when(page.asOf) }), lags && word("counts_lag"), word("zone"), filtersTold()].filter(Boolean).join(" · ");
}

function shown(answer, rows) {
  const facts = { total: count(answer.total), n: count(rows.length), left: count(answer.left_out) };
  const n = rows.filter((row) => !row.location).length;
  const off = sheet ? pins.nOff() : 0;
  const told = [word(answer.left_out ? "shown" : "shown_all", facts), n && word("no_pin", { n: count(n) }), off && word("off_sheet", { n: count(off) })];
  return told.filter(Boolean).join(" · ");
}

function filtersTold() {
  const told = view.filters.filter((name) => name !== "limit" && form.elements[name].value);
  const words = told.map((name) => form.elements[name].selectedOptions[0].textContent.trim());
  return words.length ? word("filter_told", { filters: words.join(", ") }) : word("filter_none");
}

function drawLegend(answer) {
  const items = Object.entries(answer.counts).map(([standing, n]) => {
    const item = element("li", "wall-key");
    item.dataset.standing = standing;
    item.append(mark(looks[standing], standing), element("span", "wall-key-name", word(`standing_${standing}`)), element("span", "wall-key-n", count(n)));
    return item;
  });
  by("wall-legend").replaceChildren(...items);
}

function busy(on) {
  by("map-frame").setAttribute("aria-busy", String(on));
  by("map-over").textContent = word("loading");
  by("map-over").hidden = !on || page.answer !== null;
}

function select(key) {
  if (key === page.selected) return;
  page.selected = key;
  drawSelection(true);
  keepLook();
  const row = page.shown.find((one) => one.key === key);
  announce(row ? word("announce_selected", { what: [row.nr, row.category.name, word(`standing_${row.standing}`), toldOf(row), row.description].join(" · ") }) : word("announce_cleared"));
}

// a report that somebody searched for, where it hangs here
function reveal({ href }) {
  const row = href && page.shown.find((one) => reportPath(one, view.source) === href);
  select(row ? row.key : null);
  return Boolean(row);
}

function download() {
  if (!page.answer) return;
  const facts = [[by("map-list-title").textContent.trim(), by("wall-shown").textContent], [by("map-foot").textContent]];
  offer(`gridsvc-wall-${page.asOf.slice(0, 10)}.csv`, [...linesOf(page.shown), [], ...facts]);
}

function drawSelection(move) {
  pins.select(page.selected);
  board.select(page.selected, move);
  if (move && page.selected !== null) pins.look(page.selected);
  drawCard(page.shown.find((row) => row.key === page.selected));
}

// who has it, until when, how far it is
const toldOf = (row) => [row.department?.name, row.owner?.name, row.until && when(row.until), word(`step_${row.step}`)].filter(Boolean).join(" · ");

function drawCard(row) {
  const card = by("wall-card");
  const text = JSON.stringify(row);
  if (card.told === text) return; // news of others leave the focus where it is
  card.told = text;
  card.hidden = !row;
  card.replaceChildren();
  if (!row) return;
  const close = element("button", "map-button", word("close_card"));
  close.type = "button";
  close.addEventListener("click", () => select(null));
  const link = element("a", "", word("open_report", { number: row.number }));
  link.href = reportPath(row, view.source);
  const head = element("p", "wall-card-head");
  head.append(mark(looks[row.standing], row.standing, row.nr), element("strong", "", row.category.name), element("span", "", word(`standing_${row.standing}`)));
  card.append(head, element("p", "wall-card-words", row.description), element("p", "wall-card-told", toldOf(row)), link, close);
  // not over the very pin
  const pin = pins.markers.get(row.key);
  card.classList.toggle("wall-card-left", Boolean(pin) && map.latLngToContainerPoint(pin.getLatLng()).x > map.getSize().x - card.offsetWidth - 30);
}

function keepLook() {
  if (sheet) return;
  const { lat, lng } = map.getCenter();
  writeLook({ map: { zoom: map.getZoom(), lat, lon: lng }, sel: page.selected });
  keepPapers();
}

// what the service prints is what the screen shows
function keepPapers() {
  if (sheet) return;
  const { lat, lng } = map.getCenter();
  const at = `${map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}`;
  keepFiles(map, view.filters, { paper: by("map-paper").value, map: at, compounds: by("map-compounds").checked && "on", sel: page.selected });
}

// ---- ground: outlines of grids and compounds -------------------------------------------------------------------------

async function loadGrids() {
  const layer = shell.layers.grids;
  try {
    const shapes = await getJson(layer.address, { edition: layer.edition });
    const renderer = L.canvas({ pane: layer.pane, padding: 0.3 });
    const style = { color: "#7b8792", weight: 1, opacity: 0.8, fill: true, fillColor: "#eef1f3", fillOpacity: 0.35 };
    areas.layer = L.geoJSON(shapes, { pane: layer.pane, renderer, interactive: false, style }).addTo(map);
    names.draw();
    settle("shapes");
  } catch (error) {
    tellError("shapes", error, loadGrids);
  }
}

async function showCompounds() {
  if (!by("map-compounds").checked) {
    page.compounds?.remove();
    names.setCompounds(null);
    return;
  }
  try {
    page.compounds ??= compoundLayer(shell, await getJson(shell.layers.compounds.address));
    settle("compounds");
    if (!by("map-compounds").checked) return;
    page.compounds.addTo(map);
    names.setCompounds(page.compounds);
  } catch (error) {
    tellError("compounds", error, showCompounds);
  }
}
