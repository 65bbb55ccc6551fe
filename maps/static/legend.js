// The legend and the one rule by which a value gets its colour. Limits and colours come with the figures.
import { count, edge, element, word } from "./words.js";

const STEP = 8;
const GREY_DOT = "rgba(50, 50, 50, 0.6)";
const tiles = new Map();

/** The swatch a row falls into: the same rule as maps/classify.py (lower limit in, upper limit out). */
export function swatchOf(row, legend) {
  const pick = (kind) => legend.swatches.find((swatch) => swatch.kind === kind);
  if (legend.measure === "significance") return legend.swatches.find((swatch) => swatch.band === (row.band ?? null));
  const value = row[legend.measure];
  if (value === null || value === undefined) return pick("no_data");
  const classes = legend.swatches.filter((swatch) => swatch.kind === "class");
  if (value === 0 || !classes.length) return pick("zero");
  return classes.findLast((swatch) => value >= swatch.low) || classes[0];
}

/** Whether a row's rate rests on too few households to say much. */
export const isFew = (row, legend) =>
  legend.few_below !== null && row.denom !== null && row.rate !== null && row.denom < legend.few_below;

/** The fill of a shape: a colour, its hatching over too few households, dots on grey where there is no number. */
export function fillOf(row, legend) {
  const swatch = swatchOf(row, legend);
  const patterned = swatch.kind === "no_data" || isFew(row, legend);
  return patterned ? patternOf(swatch.color) : swatch.color;
}

/** The legend with these limits (above zero, rising) instead of its own, for these rows; `shades`: colours by count. */
export function withLimits(legend, rows, limits, shades) {
  const lows = [0, ...limits];
  const blank = { n_rows: 0, band: null };
  const classes = lows.map((low, at) => ({ ...blank, kind: "class", low, high: lows[at + 1] ?? null, color: shades[lows.length][at] }));
  const zero = legend.swatches.find((swatch) => swatch.kind === "zero") ?? { kind: "zero", low: 0, high: 0, color: "#ffffff" };
  const others = legend.swatches.filter((swatch) => swatch.kind === "no_data");
  const digits = Math.max(legend.digits, ...limits.map((limit) => (String(limit).split(".")[1] ?? "").length));
  const made = { ...legend, method: "fixed", digits, swatches: [{ ...blank, ...zero }, ...classes, ...others].map((one) => ({ ...one, n_rows: 0 })) };
  for (const row of rows) swatchOf(row, made).n_rows += 1;
  return made;
}

/** Fills the legend of this answer into the box; `facts` are sentences of the page beside how classes were made. */
export function drawLegend(box, legend, opacity, facts = []) {
  const title = element("p", "map-legend-title", word(`legend_${legend.measure}`));
  title.append(element("span", "map-unit", word(`unit_${legend.unit}`)));
  const list = element("ol", "map-swatches");
  for (const swatch of legend.swatches) list.append(swatchLine(swatch, legend, opacity));
  const method = legend.method === "gi_star" ? [] : [word(`method_${legend.method}`, { target: edge("share", legend.target ?? 0, 0) })];
  const notes = element("p", "map-method", [...facts, ...method].join(" · "));
  if (legend.n_few) notes.append(" · ", hatchedChip(legend), word("few", { n: legend.few_below, n_few: count(legend.n_few) }));
  box.replaceChildren(title, list, notes);
}

// what hatching looks like, in a colour of this legend
function hatchedChip(legend) {
  const made = element("span", "map-chip");
  paint(made, (legend.swatches.find((swatch) => swatch.kind === "class") ?? legend.swatches[0]).color, true, 1);
  return made;
}

/** A small square in the colour of a row, for the table. */
export function chip(row, legend, opacity) {
  const made = element("span", "map-chip");
  const swatch = swatchOf(row, legend);
  paint(made, swatch.color, swatch.kind === "no_data" || isFew(row, legend), opacity);
  return made;
}

function swatchLine(swatch, legend, opacity) {
  const line = element("li", `map-swatch map-swatch-${swatch.kind}`);
  const color = element("span", "map-swatch-color");
  color.dataset.color = swatch.color;
  paint(color, swatch.color, swatch.kind === "no_data", opacity);
  line.append(color, element("span", "map-swatch-limits", limits(swatch, legend)));
  line.append(element("span", "map-swatch-n", word(legend.by === "community" ? "n_communities" : "n_grids", { n: count(swatch.n_rows) })));
  return line;
}

function limits(swatch, legend) {
  const show = (value) => edge(legend.measure, value, legend.digits);
  if (swatch.kind === "band") return word(`band_${swatch.band}`);
  if (swatch.kind === "no_data") return word(legend.measure === "significance" ? "not_tested" : "no_data");
  if (swatch.kind === "zero") return show(0);
  const classes = legend.swatches.filter((one) => one.kind === "class");
  const last = swatch === classes[classes.length - 1];
  if (legend.method === "target" && swatch.low === swatch.high) return show(swatch.high);
  if (swatch.high === null) return swatch.low === 0 ? `> ${show(0)}` : word("from_up", { low: show(swatch.low) });
  // a rate over few households may lie above the last limit: it took no part in making it
  if (last && (legend.measure === "share" || legend.n_few)) return word("from_up", { low: show(swatch.low) });
  if (swatch.low === 0) return word("below", { high: show(swatch.high) });
  // counts are whole: 4 up to but not 8 is 4 to 7
  const high = legend.measure === "n" && !last ? swatch.high - 1 : swatch.high;
  // the unit once: 50–70 %
  return high === swatch.low ? show(high) : `${show(swatch.low).replace(/\s%$/, "")}–${show(high)}`;
}

function paint(target, color, hatched, opacity) {
  target.style.backgroundColor = hatched ? "" : color;
  if (hatched) target.style.backgroundImage = `url(${tileOf(color).toDataURL()})`;
  target.style.opacity = opacity;
}

function patternOf(color) {
  const tile = tileOf(color);
  tile.pattern ??= tile.getContext("2d").createPattern(tile, "repeat");
  return tile.pattern;
}

// no number: dots on its grey; an unsteady rate: lines of its colour on a pale ground, so that it weighs less
function tileOf(color) {
  if (tiles.has(color)) return tiles.get(color);
  const tile = document.createElement("canvas");
  tile.width = tile.height = STEP;
  const pen = tile.getContext("2d");
  const grey = color.slice(1, 3) === color.slice(3, 5) && color.slice(3, 5) === color.slice(5, 7);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, STEP, STEP);
  pen.globalAlpha = grey ? 1 : 0.25;
  pen.fillStyle = color;
  pen.fillRect(0, 0, STEP, STEP);
  pen.globalAlpha = 1;
  pen.fillStyle = GREY_DOT;
  if (grey) for (const at of [1, 5]) pen.fillRect(at, at, 2, 2);
  pen.strokeStyle = color;
  pen.lineWidth = 1.7;
  for (const shift of grey ? [] : [-STEP, 0, STEP]) {
    pen.beginPath();
    pen.moveTo(shift - 1, STEP + 1);
    pen.lineTo(shift + STEP + 1, -1);
    pen.stroke();
  }
  tiles.set(color, tile);
  return tile;
}
