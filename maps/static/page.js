// One map page: fetches figures and shapes, joins them by code, and keeps map, legend, table and address in step.
import { Areas, cellShapes, told } from "./areas.js";
import { fillChoices } from "./choices.js";
import { offer } from "./download.js";
import { badge, drawFinding, testTold } from "./finding.js";
import { addGround, compoundLayer } from "./ground.js";
import { drawLegend, withLimits } from "./legend.js";
import { getJson } from "./load.js";
import { Names } from "./names.js";
import { announce, settle, tell, tellError } from "./notice.js";
import { Search } from "./search.js";
import { keepFiles, keepOnLanguageLinks, readFilters, readLimits, readLook, writeFilters, writeLook } from "./state.js";
import { Table } from "./table.js";
import { count, element, known, lang, percent, when, word } from "./words.js";

// what only the page of visits has
const { Coverage } = window.gridMap.view.name === "coverage" ? await import("./coverage.js") : {};

// CSS pixels that the map may take of an A4 page inside its margins: upright and lying
const PAPER = { upright: [686, 620], lying: [1010, 340] };
const by = (id) => document.getElementById(id);
const shell = window.gridMap;
const { map, view } = shell;
const form = by("map-form");

// more grids than a browser should hold come as tiles
const { GridTiles, tiled } = shell.layers.areas.tiles ? await import("./grid_tiles.js") : {};
const { ReportsShown } = shell.layers.reports ? await import("./reports_shown.js") : {};

const page = { answer: null, full: null, shapes: null, communities: null, compounds: null, measure: view.measures[0], selected: null, sort: null, asked: null, printing: false, toShow: false, whole: false };
// limits that are kept over periods: whether they are, by measure, and what the address says of the measure shown
const breaks = { fixed: false, limits: new Map(), said: null };
const areas = new (GridTiles ?? Areas)(shell, (code) => select(code), drill, (error) => tellError("shapes", error, () => areas.vectors.again()));
if (GridTiles) page.shapes = tiled(shell.layers.areas.n_grids);
const reports = ReportsShown ? new ReportsShown(shell, keepLook) : null;
const names = new Names(shell, areas);
shell.areas = areas;
const table = new Table((code) => select(code), (sort) => {
  page.sort = sort;
  keepLook();
}, drill);
const extra = Coverage ? new Coverage(shell, { show, select, keep: keepLook }) : null;
new Search(shell, reveal);

start();

function start() {
  fit();
  const look = readLook();
  page.selected = look.sel;
  // a link that names an area but no view is meant to show it
  page.toShow = look.sel !== null && look.map === null;
  page.whole = look.map === null;
  page.sort = look.sort;
  if (view.measures.includes(look.show)) page.measure = look.show;
  breaks.said = readLimits(look.breaks);
  breaks.fixed = breaks.said !== null || look.breaks === "fixed";
  if (by("map-breaks")) by("map-breaks").value = breaks.fixed ? "fixed" : "";
  if (look.layers !== null) by("map-compounds").checked = look.layers.split(",").includes("compounds");
  if (look.map) map.setView([look.map.lat, look.map.lon], look.map.zoom, { animate: false });
  else shell.showAll();
  // on a phone the map comes first; the filters are one tap away
  if (window.matchMedia("(max-width: 760px)").matches) by("map-filters").open = false;
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) calm();
  fillForm(readFilters(view.filters));
  extra?.restore(look);
  reports?.restore(look);
  listen();
  keepOnLanguageLinks();
  addGround(shell, () => tell("ground", word("failed_ground")), (labels) => names.setGround(labels));
  load();
  loadCompounds();
  loadChoices();
  map.on("moveend", keepLook);
}

// the map is as high as the window leaves room for, whatever the site puts above it
function fit() {
  if (page.printing) return;
  const body = document.querySelector(".map-body");
  const top = body.getBoundingClientRect().top + window.scrollY;
  body.style.setProperty("--m-top", `${Math.round(top)}px`);
  body.style.setProperty("--m-below", `${document.querySelector("body > footer")?.offsetHeight ?? 0}px`);
  map.invalidateSize({ animate: false });
}

function calm() {
  // Leaflet has taken its option into this field when it made the map
  Object.assign(map.options, { zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false });
  map._zoomAnimated = false;
}

function listen() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "by") by("f-cell").hidden = event.target.value !== "cell";
    // a campaign brings its own days
    if (event.target.name === "campaign") for (const name of ["from", "to"]) form.elements[name].value = "";
    // half-typed dates are not asked for
    if (event.target.type !== "date") apply();
  });
  window.addEventListener("popstate", () => {
    fillForm(readFilters(view.filters));
    load();
    keepLook();
  });
  for (const radio of document.querySelectorAll("input[name=measure]")) {
    radio.checked = radio.value === page.measure;
    radio.addEventListener("change", () => {
      page.measure = radio.value;
      page.sort = null;
      draw();
      keepLook();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && page.selected !== null) select(null);
  });
  by("map-skip").addEventListener("click", (event) => {
    event.preventDefault();
    table.enter();
  });
  by("map-whole").addEventListener("click", () => shell.showAll());
  window.addEventListener("resize", fit);
  document.addEventListener("map-notice", fit);
  by("map-compounds").addEventListener("change", () => {
    drawCompounds();
    keepLook();
  });
  by("map-breaks")?.addEventListener("change", (event) => {
    // chosen anew, the limits are those that fit the figures shown now
    Object.assign(breaks, { fixed: event.target.value === "fixed", limits: new Map(), said: null });
    draw();
    keepLook();
  });
  by("map-download").addEventListener("click", () => download());
  by("map-paper")?.addEventListener("change", keepLook);
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
}

function fillForm(filters) {
  for (const name of view.filters) {
    const field = form.elements[name];
    if (!field) continue;
    if (filters[name]) choose(field, filters[name]);
    else if (field.tagName === "SELECT") field.selectedIndex = name === "cell_m" ? Math.min(1, field.length - 1) : 0;
    else field.value = "";
  }
  if (form.elements.by) by("f-cell").hidden = form.elements.by.value !== "cell";
}

// a value of the address that the list does not offer is shown as it is: the server was asked for it all the same
function choose(field, value) {
  if (field.tagName === "SELECT" && ![...field.options].some((option) => option.value === value)) {
    field.add(new Option(word("option_unknown", { value }), value));
  }
  field.value = value;
}

function formFilters() {
  const filters = {};
  for (const name of view.filters) {
    const value = form.elements[name]?.value;
    if (value) filters[name] = value;
  }
  if (filters.by !== "cell") delete filters.cell_m;
  return filters;
}

function apply() {
  if (!form.reportValidity()) return;
  writeFilters(view.filters, formFilters());
  keepLook();
  load();
}

async function load() {
  page.asked?.abort();
  const asked = (page.asked = new AbortController());
  const filters = readFilters(view.filters);
  if (view.filters.includes("by")) filters.by ??= "grid";
  if (filters.by !== "cell") delete filters.cell_m;
  const kind = filters.by === "community" ? "communities" : "shapes";
  busy(true);
  const [figures, shapes] = await Promise.allSettled([
    getJson(view.stats, filters, asked.signal),
    page[kind] || getJson(kind === "communities" ? view.communities : shell.layers.areas.grids, {}, asked.signal),
  ]);
  if (asked.signal.aborted) return;
  busy(false);
  outcome("shapes", shapes, (value) => (page[kind] = value));
  outcome("stats", figures, (value) => (page.full = value), () => (page.full = null));
  show();
  extra?.load(readFilters(view.filters));
  reports?.load(page.full, filters.category);
  if (page.answer) announce(word("announce_loaded", { n: count(page.answer.rows.length) }));
}

function outcome(subject, result, good, bad = () => {}) {
  if (result.status === "fulfilled") {
    settle(subject);
    good(result.value);
  } else {
    bad();
    tellError(subject, result.reason, load);
  }
}

async function loadCompounds() {
  try {
    page.compounds = compoundLayer(shell, await getJson(shell.layers.compounds.address));
    settle("compounds");
    drawCompounds();
  } catch (error) {
    tellError("compounds", error, loadCompounds);
  }
}

async function loadChoices() {
  try {
    await fillChoices(form, view.choices);
    settle("choices");
    if (page.answer) by("map-summary").textContent = summary(page.answer);
  } catch (error) {
    tellError("choices", error, loadChoices);
  }
}

function drawCompounds() {
  if (!page.compounds) return;
  const wanted = by("map-compounds").checked;
  if (wanted) page.compounds.addTo(map);
  else page.compounds.remove();
  names.setCompounds(wanted ? page.compounds : null);
}

function busy(on) {
  by("map-frame").setAttribute("aria-busy", String(on));
  if (on && !page.answer) table.say(word("loading"));
  by("map-over").textContent = word("loading");
  by("map-over").hidden = !on;
}

// draws the figures, of the day that is looked at where there is one
function show() {
  page.answer = extra ? extra.at(page.full) : page.full;
  draw();
}

function draw() {
  const { answer } = page;
  const shapes = answer?.by === "community" ? page.communities : page.shapes;
  const cells = answer?.by === "cell";
  const shown = cells ? cellShapes(answer.rows) : shapes;
  if (shown && areas.shapes !== shown) areas.show(shown);
  areas.shapes = shown;
  if (answer) drawFigures(answer, cells);
  else drawNothing();
  names.draw();
  over(answer, shapes, cells);
  if (answer) extra?.drawn(answer);
  if (answer) forgetUnknown(answer);
  areas.select(page.selected, page.toShow);
  extra?.select(page.selected, false);
  table.select(page.selected, page.toShow);
  if (answer && shown) page.toShow = false;
}

// an old link may name an area that is neither on the map nor in the table any more
function forgetUnknown(answer) {
  const { selected } = page;
  if (selected === null || selected.startsWith("compound:") || areas.byCode.has(selected) || answer.rows.some((row) => row.code === selected)) return;
  page.selected = null;
  keepLook();
}

function drawFigures(answer, cells) {
  const measure = measureOf(answer);
  const legend = legendOf(answer, measure);
  const { opacity } = shell.layers.areas;
  areas.paint(answer.rows, legend);
  drawLegend(by("map-legend"), legend, opacity, legendFacts(answer, legend));
  if (measure === "significance") by("map-legend").firstElementChild.append(badge(answer.significance));
  // what needs somebody first: most reports, fewest doors reached
  const sort = page.sort || ({ significance: "-band", share: "share" }[measure] ?? `-${measure}`);
  const main = answer.legends[view.measures[0]];
  const listed = extra?.listed ?? answer.rows;
  const kind = listedKind(answer);
  table.fill(listed, legend, columnsOf(answer, measure), { sort, opacity, main, areaColumn: `col_${kind}` });
  if (!answer.rows.length) table.say(word("empty_rows"));
  // without dates in the address the server chose the period: show which
  for (const name of ["from", "to"]) if (!readFilters(["campaign"]).campaign) form.elements[name].value ||= page.full[name];
  by("map-list-title").textContent = word(`table_${kind}`);
  by("map-summary").textContent = summary(answer);
  by("map-foot").textContent = foot(answer);
  by("map-sum").textContent = sums(answer);
  if (by("map-finding")) drawFinding(by("map-finding"), answer, select);
  fit();
  // what stands over the map has its height only now
  if (page.whole) shell.showAll();
  page.whole = false;
  if (by("map-bias")) by("map-bias").textContent = word(has(answer, "visits") ? "bias_visits" : "bias");
}

const has = (answer, column) => answer.rows.some((row) => known(row[column]));
const areaKind = (answer) => (["community", "cell"].includes(answer.by) ? answer.by : "grid");
// what the lines of the table are, which may be others than the map's areas
const listedKind = (answer) => (extra?.listed ? "compound" : areaKind(answer));

// the measure to draw: the one asked for where these rows have it, else the counts; the others cannot be chosen
function measureOf(answer) {
  const radios = [...document.querySelectorAll("input[name=measure]")];
  const there = { significance: () => Boolean(answer.legends.significance && answer.significance?.n_tested) };
  const offered = (measure) => (there[measure] ?? (() => has(answer, measure)))();
  for (const radio of radios) radio.disabled = radio.value !== "n" && !offered(radio.value);
  const alone = view.measures.length === 1 || (!answer.rows.length && answer.legends[page.measure]);
  const measure = alone || offered(page.measure) ? page.measure : "n";
  for (const radio of radios) radio.checked = radio.value === measure;
  if (by("map-breaks")) by("map-breaks").disabled = measure === "significance";
  return measure;
}

// the answer's own legend, or one by the limits that are kept: those of the address, or the first seen since they were asked for
function legendOf(answer, measure) {
  const own = { ...answer.legends[measure], by: answer.by };
  const round = answer.legends_fixed?.[measure]?.swatches.filter((swatch) => swatch.kind === "class");
  if (!breaks.fixed || !round || (!round.length && !breaks.said && !breaks.limits.has(measure))) return own;
  if (breaks.said) breaks.limits.set(measure, breaks.said);
  breaks.said = null;
  if (!breaks.limits.has(measure)) breaks.limits.set(measure, round.slice(1).map((swatch) => swatch.low));
  keepLook();
  return withLimits(own, answer.rows, breaks.limits.get(measure), view.shades);
}

function legendFacts(answer, legend) {
  if (legend.method === "target") return [overall(answer), ...(extra?.ofAll(answer) ?? []), word("as_of", { when: when(answer.as_of) })];
  if (legend.method === "gi_star") return testTold(answer);
  return ["rate", "smoothed"].includes(legend.measure) ? [word("denominator", { label: answer.denominator.label })] : [];
}

function columnsOf(answer, measure) {
  if (view.measures.length === 1) return ["name", "n", "denom", view.measures[0]];
  const wanted = ["name", "n", "denom", "visits", "rate"];
  if (measure === "significance") wanted.splice(1, 0, "band");
  if (measure === "smoothed") wanted.push("smoothed");
  const optional = answer.by === "cell" ? ["denom", "visits", "rate"] : ["visits"];
  return wanted.filter((column) => !optional.includes(column) || has(answer, column));
}

function drawNothing() {
  areas.paint([], null);
  table.clear();
  table.say(word("failed_stats"));
  for (const id of ["map-legend", "map-summary", "map-foot", "map-sum"]) by(id).replaceChildren();
  if (by("map-finding")) drawFinding(by("map-finding"), null, select);
}

function over(answer, shapes, cells) {
  let text = "";
  if (shapes && !shapes.features.length && !cells) text = word("empty_grids");
  else if (answer && !answer.rows.length) text = word("empty_rows");
  by("map-over").textContent = text;
  by("map-over").hidden = !text;
}

function summary(answer) {
  const parts = [word("summary", { from: answer.from, to: answer.to })];
  const category = form.elements.category;
  if (category) parts.push((category.selectedOptions[0]?.textContent ?? "").trim());
  if (category) parts.push(word(`summary_by_${areaKind(answer)}`, { size: form.elements.cell_m.value }));
  return parts.join(" · ");
}

function foot(answer) {
  const parts = [word("as_of", { when: when(answer.as_of) })];
  if (answer.denominator?.label) parts.push(word("denominator", { label: answer.denominator.label }));
  return parts.join(" · ");
}

function sums(answer) {
  if (extra?.listed) return [...extra.sums(), overall(answer), ...extra.ofAll(answer)].join(" · ");
  const add = (rows, column) => rows.reduce((total, row) => total + (row[column] ?? 0), 0);
  const n = add(answer.rows, "n");
  const unlocated = answer.unlocated ?? 0;
  const lines = [word("sum", { n: count(n), unlocated: count(unlocated), total: count(n + unlocated) })];
  if (extra) lines.push(overall(answer), ...extra.ofAll(answer));
  return lines.join(" · ");
}

// reached of those due, over all areas that have any
function overall(answer) {
  const known = answer.rows.filter((row) => row.denom);
  const [reached, denom] = ["n", "denom"].map((column) => known.reduce((total, row) => total + row[column], 0));
  return word("sum_share", { share: percent(denom ? reached / denom : null), n: count(reached), denom: count(denom) });
}

function select(code) {
  if (code === page.selected) return;
  page.selected = code;
  areas.select(code, true);
  extra?.select(code, true);
  table.select(code, true);
  keepLook();
  const row = page.answer?.rows.find((one) => one.code === code) ?? extra?.rowOf(code);
  if (code === null) announce(word("announce_cleared"));
  else announce(word("announce_selected", { what: [row?.name || code, ...told(row, areas.legend)].join(", ") }));
}

function keepLook() {
  const { lat, lng: lon } = map.getCenter();
  const show = page.measure === view.measures[0] ? null : page.measure;
  const limits = breaks.said ?? breaks.limits.get(areas.legend?.measure ?? page.measure);
  const said = breaks.fixed ? limits?.join(",") || "fixed" : null;
  const marks = { ...extra?.look(), ...reports?.look() };
  const layers = by("map-compounds").checked ? null : "none";
  keepFiles(map, view.filters, { paper: by("map-paper")?.value, to: marks.day, reports: marks.reports, rings: marks.rings, doors: marks.doors, map: `${map.getZoom()}/${lat.toFixed(5)}/${lon.toFixed(5)}`, sel: page.selected, show, breaks: said, layers });
  writeLook({ map: { zoom: map.getZoom(), lat, lon }, sel: page.selected, show, sort: page.sort, breaks: said, layers, ...marks });
}

// shows what somebody searched for, where this page has it: a grid of its rows or shapes, a compound with doors
function reveal({ kind, code, id }) {
  const wanted = kind === "compound" ? `compound:${id}` : code;
  const has = kind === "grid" ? areas.byCode.has(code) && page.answer?.by !== "community" : kind === "compound" && extra?.rowOf(wanted);
  select(has ? wanted : null);
  return Boolean(has);
}

// from an area to its reports in the worklist, of the same category and period: those still open, and all
function drill(row) {
  const { answer } = page;
  const path = document.querySelector(".map-page").dataset.worklist;
  if (!path || !row || !answer || answer.by === "cell") return null;
  const asked = new URLSearchParams({ [answer.by === "community" ? "area" : "grid"]: row.code, from: answer.from, to: answer.to });
  const { category } = readFilters(["category"]);
  if (category) asked.set("category", category);
  const links = element("div", "map-drill");
  for (const [name, state] of [["drill_open", null], ["drill_all", "all"]]) {
    if (state) asked.set("state", state);
    const link = element("a", "", word(name, { n: count(row.n) }));
    link.href = `${path}?${asked}`;
    links.append(link, " ");
  }
  return links;
}

function download() {
  if (!page.answer) return;
  const { answer } = page;
  const own = view.measures.length === 1 ? view.measures : ["rate", "smoothed", "visits", "band", "z", "p"].filter((name) => name === "rate" || has(answer, name));
  const head = [word(`col_${listedKind(answer)}`), "code", word("col_n"), word("col_denom"), ...own.map((name) => word(`col_${name}`))];
  const told = (row, name) => (name === "band" && row.band ? word(`band_${row.band}`) : row[name]);
  const rows = table.visible().map((row) => [row.name || "", row.code, row.n, row.denom, ...own.map((name) => told(row, name))]);
  const facts = [[word("title"), by("map-summary").textContent], [by("map-foot").textContent], [by("map-sum").textContent]];
  if (answer.significance) facts.push([word(`tested_${answer.significance.on}`), ...testTold(answer)]);
  offer(`gridsvc-${view.name}-${answer.from}-${answer.to}.csv`, [head, ...rows, [], ...facts]);
}

function print(on) {
  page.printing = on;
  if (!on) return;
  // the paper gets the very map that is on the screen, scaled to its width: Leaflet could redraw it only too late
  const frame = by("map-frame");
  const { offsetWidth: wide, offsetHeight: high } = frame;
  frame.style.setProperty("--m-wide", `${wide}px`);
  frame.style.setProperty("--m-high", `${high}px`);
  for (const [turned, [most, tall]] of Object.entries(PAPER)) {
    frame.style.setProperty(`--m-${turned}`, String(Math.min(most / wide, tall / high)));
  }
  table.showAll();
}
