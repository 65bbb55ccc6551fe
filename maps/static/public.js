// The public map: cells with their numbers of problems; a cell that is pressed lists its problems beside the map.
import { fillChoices } from "./choices.js";
import { addGround } from "./ground.js";
import { getJson } from "./load.js";
import { Names } from "./names.js";
import { listProblems } from "./problems.js";
import { count, element, lang, when, word } from "./words.js";

const by = (id) => document.getElementById(id);
const shell = window.gridMap;
const { map, view } = shell;
const here = new URL(location.href);
const chosen = here.searchParams.get("cell");
const cells = new Map();
// at most so many counts are written, and looked for under others
const COUNTS = 300;
const MANY = 2000;
const ROUND = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

start();

async function start() {
  map.invalidateSize({ animate: false });
  shell.showAll();
  // streets and water by name: what a resident finds the way by
  const counted = L.layerGroup();
  const names = new Names(shell, { layer: counted }, COUNTS);
  addGround(shell, () => {}, (labels) => names.setGround(labels));
  // without the list the map and the problems are whole; the form then offers what was asked for
  const listed = listProblems(here, view).catch(() => fail("failed_list"));
  fillChoices(document.querySelector(".public-filter"), view.choices).catch(() => {});
  const category = here.searchParams.get("category");
  let answer;
  try {
    answer = await getJson(view.cells, category ? { category, lang } : { lang });
  } catch {
    return fail("failed");
  }
  const limits = classes(answer.cells.map((cell) => cell.n));
  draw(answer.cells, limits);
  legend(limits, answer.cells.map((cell) => cell.n));
  for (const cell of answer.cells) if (!isCovered(cell, answer.cells)) counted.addLayer(withCount(cells.get(cell.code), cell.n));
  by("public-foot").textContent = [
    word("as_of", { when: when(answer.as_of) }),
    ...(answer.n_unplaced ? [word("unplaced", { n: count(answer.n_unplaced) })] : []),
  ].join(" ");
  if (cells.has(chosen)) map.fitBounds(cells.get(chosen).getBounds(), { maxZoom: 16, animate: false });
  names.draw();
  await listed;
  document.querySelector(".map-page").dataset.ready = "";
}

function fail(name) {
  by("public-notice").textContent = [by("public-notice").textContent, word(name)].filter(Boolean).join(" ");
  by("public-notice").hidden = false;
}

/** The lower limits of at most four classes, most areas in the light ones: half in the first, a twentieth in the last. */
function classes(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const cuts = [0.5, 0.8, 0.95].map((share) => round(sorted[Math.floor(share * sorted.length)] ?? 1));
  // rounding may have gone beyond the last
  return [1, ...cuts].filter((low, at, all) => !at || (low > all[at - 1] && low <= sorted.at(-1)));
}

// what people can say and remember
function round(n) {
  if (n < 10) return n;
  const scale = 10 ** Math.floor(Math.log10(n));
  return scale * ROUND.reduce((best, lead) => (Math.abs(lead * scale - n) < Math.abs(best * scale - n) ? lead : best));
}

const areaOf = ({ bounds: [west, south, east, north] }) => (east - west) * (north - south);

// whether the middle of a cell lies under a smaller one, whose count would be taken for its own
function isCovered(cell, all) {
  if (all.length > MANY) return true;
  const [x, y] = [(cell.bounds[0] + cell.bounds[2]) / 2, (cell.bounds[1] + cell.bounds[3]) / 2];
  const holds = ({ bounds: [west, south, east, north] }) => x >= west && x <= east && y >= south && y <= north;
  return all.some((other) => areaOf(other) < areaOf(cell) && holds(other));
}

function withCount(shape, n) {
  shape.feature = { type: "Feature", properties: { name: count(n), layer: "count" } };
  return shape;
}

const shadeOf = (n, limits) => {
  const place = limits.filter((low) => n >= low).length;
  return view.shades[limits.length][place - 1];
};

function draw(found, limits) {
  const { pane, opacity } = shell.layers.cells;
  const renderer = L.canvas({ pane, padding: 0.3 });
  // a large cell holds small ones, which lie over it
  for (const cell of [...found].sort((one, other) => areaOf(other) - areaOf(one))) {
    const [west, south, east, north] = cell.bounds;
    const own = cell.code === chosen;
    const shape = L.rectangle([[south, west], [north, east]], {
      pane, renderer, color: own ? "#0b5394" : "#5d2a10", weight: own ? 3 : 0.75, fillColor: shadeOf(cell.n, limits), fillOpacity: opacity,
    });
    const tip = element("span", "", word("tip", { n: count(cell.n), done: count(cell.n_done) }));
    shape.bindTooltip(tip, { sticky: true }).on("click", () => open(cell.code));
    cells.set(cell.code, shape.addTo(map));
  }
}

function open(code) {
  here.searchParams.set("cell", code);
  here.searchParams.delete("page");
  here.hash = "problems";
  location.assign(here);
}

function legend(limits, numbers) {
  const list = element("ol", "map-swatches");
  limits.forEach((low, i) => {
    const next = limits[i + 1];
    const line = element("li", "");
    const chip = element("span", "map-chip");
    chip.style.backgroundColor = view.shades[limits.length][i];
    const text = next === undefined ? word("n_from", { low: count(low) }) : next - 1 > low ? word("n_span", { low: count(low), high: count(next - 1) }) : count(low);
    const n = numbers.filter((one) => one >= low && (next === undefined || one < next)).length;
    line.append(chip, element("span", "", text), element("span", "weak", word("n_cells", { n: count(n) })));
    list.append(line);
  });
  by("public-legend").replaceChildren(element("p", "map-legend-title", word("legend")), list);
}
