// The public map: cells with their numbers of problems; a cell that is pressed lists its problems beside the map.
import { addGround } from "./ground.js";
import { getJson } from "./load.js";
import { Names } from "./names.js";
import { count, element, lang, when, word } from "./words.js";

const by = (id) => document.getElementById(id);
const shell = window.gridMap;
const { map, view } = shell;
const here = new URL(location.href);
const chosen = here.searchParams.get("cell");
const cells = new Map();

start();

async function start() {
  map.invalidateSize({ animate: false });
  shell.showAll();
  // streets and water by name: what a resident finds the way by
  const names = new Names(shell, { layer: L.layerGroup() });
  addGround(shell, () => {}, (labels) => names.setGround(labels));
  const category = here.searchParams.get("category");
  let answer;
  try {
    answer = await getJson(view.cells, category ? { category, lang } : { lang });
  } catch {
    by("public-notice").textContent = word("failed");
    by("public-notice").hidden = false;
    return;
  }
  const limits = classes(answer.cells.map((cell) => cell.n));
  draw(answer.cells, limits);
  legend(limits);
  by("public-foot").textContent = [
    word("as_of", { when: when(answer.as_of) }),
    ...(answer.n_unplaced ? [word("unplaced", { n: count(answer.n_unplaced) })] : []),
  ].join(" ");
  if (cells.has(chosen)) map.fitBounds(cells.get(chosen).getBounds(), { maxZoom: 16, animate: false });
  document.querySelector(".map-page").dataset.ready = "";
}

/** The lower limits of at most four classes: one, and whole numbers that part the rest evenly. */
function classes(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const parts = [0, 0.4, 0.7, 0.9].map((share) => sorted[Math.floor(share * sorted.length)]);
  return [...new Set(parts.filter((n) => n !== undefined).map((n, i) => (i ? n : 1)))];
}

const shadeOf = (n, limits) => {
  const place = limits.filter((low) => n >= low).length;
  return view.shades[limits.length][place - 1];
};

function draw(found, limits) {
  const { pane, opacity } = shell.layers.cells;
  const renderer = L.canvas({ pane, padding: 0.3 });
  // a large cell holds small ones, which lie over it
  const area = ({ bounds: [west, south, east, north] }) => (east - west) * (north - south);
  for (const cell of [...found].sort((one, other) => area(other) - area(one))) {
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

function legend(limits) {
  const list = element("ol", "map-swatches");
  limits.forEach((low, i) => {
    const next = limits[i + 1];
    const line = element("li", "");
    const chip = element("span", "map-chip");
    chip.style.backgroundColor = view.shades[limits.length][i];
    const text = next === undefined ? word("n_from", { low: count(low) }) : next - 1 > low ? word("n_span", { low: count(low), high: count(next - 1) }) : count(low);
    line.append(chip, element("span", "", text));
    list.append(line);
  });
  by("public-legend").replaceChildren(element("p", "map-legend-title", word("legend")), list);
}
