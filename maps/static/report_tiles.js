// The reports themselves over the areas: squares that grow with their number, single signs from zoom 15, or a heat layer.
import { getJson } from "./load.js";
import { BETWEEN } from "./seen.js";
import { VectorTiles } from "./vector_tiles.js";
import { count, element, word } from "./words.js";

const POINTS_FROM = 15;
const SIDE = 256;
const CELL = SIDE / 32;
const INK = "#1f2933";
const OPEN = "#b3261e";
const ENDED = ["closed", "struck_off", "not_filed", "merged"];
// the side of a square in CSS pixels by how many reports it stands for at least; the same at every zoom and in every month
export const SIZES = [[1, 2.5], [3, 3.75], [10, 5], [30, 6.25], [100, 7.5]];
const REACH = { mouse: 8, touch: 18 };
const AT_MOST = 8;
// of heat: how far one square glows, and how strongly the fullest one does
const GLOW = 22;
const STRONGEST = 0.55;

export class ReportTiles {
  /**
   * Draws into the pane of `shell.layers.reports`, whose constants name the tiles and what is said of their extent.
   * `label(code)` gives the word of a category; `failed(error)` is told once when tiles cannot be had, `drawn(well)`
   * whenever what is seen may have changed.
   */
  constructor(shell, { label, failed = () => {}, drawn = () => {} }) {
    const { pane, address, about } = shell.layers.reports;
    Object.assign(this, { map: shell.map, pane, address, about, label, drawn, kind: "none", filters: {}, tiles: null });
    this.failed = failed;
    this.card = L.popup({ className: "map-reports", maxWidth: 320, autoPanPadding: [20, 20] });
    this.heat = heatCanvas(this.map, pane);
    // before Leaflet's own: a click on a sign is not a click on the area beneath
    this.map.getContainer().addEventListener("click", (event) => this.#click(event), true);
    this.map.on("mousemove", (event) => this.#hover(event));
    this.map.on("zoomstart", () => this.heat.clear());
    this.map.on("moveend", () => this.#drawHeat());
    // what was opened by a key is closed by one, and the focus goes back to where it was
    this.card.on("remove", () => this.back?.());
    this.map.getContainer().addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.card.getElement()?.contains(event.target)) return;
      event.stopPropagation();
      this.card.close();
    });
  }

  /** What is shown: "none", "points" or "heat". */
  async show(kind) {
    if (kind === this.kind) return;
    this.kind = kind;
    this.card.remove();
    if (kind !== "none") await this.#make();
    if (this.kind === "none") this.tiles?.layer.remove();
    else this.tiles?.layer.addTo(this.map);
    this.tiles?.repaint();
    this.#drawHeat();
    this.drawn(!this.tiles?.failures);
  }

  /** Only reports of these filters: from, to, category, state; null and empty ones say nothing. */
  filter(filters) {
    const wanted = Object.fromEntries(Object.entries(filters).filter(([, value]) => value));
    if (new URLSearchParams(wanted).toString() === new URLSearchParams(this.filters).toString()) return;
    this.filters = wanted;
    this.card.remove();
    this.tiles?.again();
  }

  /** Tries again after a failure. */
  again() {
    if (this.tiles) this.tiles.again();
    else if (this.kind !== "none") this.#make().then(() => this.tiles?.layer.addTo(this.map));
  }

  /** What the present view shows: "points", "bins", or "both" where some tiles hold too many for points; null: nothing. */
  shown() {
    if (this.kind === "none" || !this.tiles) return null;
    const names = new Set(this.tiles.tiles().flatMap((tile) => Object.keys(tile.layers)));
    if (this.map.getZoom() < POINTS_FROM - 0.5) return "bins";
    return names.has("bins") ? (names.has("points") ? "both" : "bins") : "points";
  }

  /** The signs in view, those still open first, then the newest: {key, label, at, point}. */
  signs() {
    if (this.kind !== "points" || !this.tiles) return [];
    const view = this.map.getBounds();
    const found = this.tiles.tiles().flatMap((tile) => pointsOf(tile.layers).filter(isInside).map((point) => {
      const { source = "", number, repeat = 0 } = point.properties;
      const label = [number, ...this.#facts(point.properties)].join(BETWEEN);
      return { key: `${source}/${number}/${repeat}`, label, at: this.tiles.position(tile, point.x, point.y), point };
    }));
    const rank = ({ point: { properties } }) => (ENDED.includes(properties.state) ? 1 : 0);
    const day = ({ point: { properties } }) => properties.day;
    return found.filter(({ at }) => view.contains(at)).sort((a, b) => rank(a) - rank(b) || (day(a) < day(b) ? 1 : -1));
  }

  /**
   * Opens the card of a sign, gives its first link the focus; `back()` is called when it is closed from there;
   * `room`: pixels at the right where it would not be seen.
   */
  open({ at, point }, back, room) {
    const others = this.#hits(at, REACH.mouse).points.filter((one) => one.properties.number !== point.properties.number);
    this.back = null;
    this.#show(at, [point, ...others], room);
    this.card.getElement().querySelector(".map-report a").focus({ preventScroll: true });
    this.back = () => {
      this.back = null;
      back();
    };
  }

  // one at a time: who asks twice waits for the same answer
  #make() {
    this.making ??= this.#ask().finally(() => (this.making = null));
    return this.making;
  }

  async #ask() {
    if (this.tiles) return;
    let about;
    try {
      about = await getJson(this.about);
    } catch (error) {
      this.failed(error);
      return;
    }
    const [west, south, east, north] = about.bounds ?? [];
    this.tiles = new VectorTiles(this.map, this.pane, {
      address: (coords) => this.#addressOf(coords),
      draw: (pen, layers) => this.#draw(pen, layers),
      failed: (error) => this.failed(error),
      bounds: about.bounds && L.latLngBounds([south, west], [north, east]),
    });
    this.tiles.layer.on("load", () => {
      this.#drawHeat();
      this.drawn(!this.tiles.failures);
    });
  }

  #addressOf({ z, x, y }) {
    return `${L.Util.template(this.address, { z, x, y })}?${new URLSearchParams(this.filters)}`;
  }

  #draw(pen, layers) {
    if (this.kind !== "points") return;
    for (const { x, y, n } of squaresOf(layers)) square(pen, x, y, sizeOf(n));
    for (const { x, y, properties } of pointsOf(layers)) sign(pen, x, y, ENDED.includes(properties.state));
  }

  #drawHeat() {
    this.heat.clear();
    if (this.kind !== "heat" || !this.tiles) return;
    const spots = this.tiles.tiles().flatMap((tile) => {
      const found = [...squaresOf(tile.layers), ...pointsOf(tile.layers).filter(isInside)];
      return found.map(({ x, y, n = 1 }) => ({ at: this.map.latLngToContainerPoint(this.tiles.position(tile, x, y)), n }));
    });
    this.heat.draw(spots);
  }

  #hits(latlng, reach) {
    const found = this.tiles?.at(latlng);
    if (this.kind !== "points" || !found) return { points: [], n: 0 };
    const { tile, x, y } = found;
    const far = (one) => Math.hypot(one.x - x, one.y - y);
    const points = pointsOf(tile.layers).filter((one) => far(one) <= reach).sort((a, b) => far(a) - far(b));
    const n = squaresOf(tile.layers).find((one) => Math.abs(one.x - x) <= CELL / 2 && Math.abs(one.y - y) <= CELL / 2)?.n;
    return { points, n: n ?? 0 };
  }

  #click(event) {
    if (this.kind !== "points" || event.target.closest(".leaflet-control, .leaflet-popup, .leaflet-tooltip, a, button")) return;
    if (this.map.dragging?.moved()) return;
    const latlng = this.map.mouseEventToLatLng(event);
    const { points } = this.#hits(latlng, event.pointerType === "touch" ? REACH.touch : REACH.mouse);
    if (!points.length) return;
    event.stopPropagation();
    this.back = null;
    this.#show(latlng, points);
  }

  #show(latlng, points, room = 20) {
    this.card.options.autoPanPaddingBottomRight = [room, 20];
    // a higher one would push the very sign out of view
    this.card.options.maxHeight = Math.max(this.map.getSize().y - 90, 100);
    this.card.setLatLng(latlng).setContent(this.#cardOf(points)).openOn(this.map);
    // Leaflet's own word for it is English
    this.card.getElement().querySelector(".leaflet-popup-close-button").setAttribute("aria-label", word("close_card"));
  }

  #hover({ latlng }) {
    const box = this.map.getContainer();
    box.classList.toggle("map-over-report", this.#hits(latlng, REACH.mouse).points.length > 0);
  }

  #cardOf(points) {
    const card = element("div", "map-card");
    for (const { properties } of points.slice(0, AT_MOST)) {
      const line = element("div", "map-report");
      const link = element("a", "", properties.number);
      link.href = pathOf(properties);
      line.append(link, element("div", "", this.#facts(properties).join(" · ")));
      card.append(line);
    }
    if (points.length > AT_MOST) card.append(element("div", "", word("reports_more", { n: count(points.length - AT_MOST) })));
    return card;
  }

  #facts({ category, state, day }) {
    return [this.label(category), word(ENDED.includes(state) ? "report_ended" : "report_open"), day];
  }
}

/** The page of a report. */
export function pathOf({ number, source, repeat }) {
  const more = new URLSearchParams({ ...(source && { source }), ...(repeat && { repeat }) }).toString();
  return `/reports/${encodeURIComponent(number)}${more && `?${more}`}`;
}

/** The legend of squares and signs: lines for the box, each with what it looks like. */
export function reportLegend(shown) {
  const list = element("ul", "map-report-sizes");
  const add = (paint, text) => {
    const line = element("li");
    const drawn = element("canvas");
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    drawn.width = drawn.height = 14 * ratio;
    drawn.style.width = drawn.style.height = "14px";
    const pen = drawn.getContext("2d");
    pen.scale(ratio, ratio);
    paint(pen);
    line.append(drawn, element("span", "", text));
    list.append(line);
  };
  if (shown !== "points") {
    SIZES.forEach(([low, size], at) => {
      const high = SIZES[at + 1]?.[0];
      add((pen) => square(pen, 7, 7, size), high ? `${count(low)}–${count(high - 1)}` : word("from_up", { low: count(low) }));
    });
  }
  if (shown !== "bins") {
    add((pen) => sign(pen, 7, 7, false), word("report_open"));
    add((pen) => sign(pen, 7, 7, true), word("report_ended"));
  }
  return list;
}

const sizeOf = (n) => SIZES.findLast(([low]) => n >= low)[1];
const isInside = ({ x, y }) => x >= 0 && y >= 0 && x < SIDE && y < SIDE;

// a square stands in the middle of its cell
function squaresOf({ bins }) {
  if (!bins) return [];
  const unit = SIDE / bins.extent;
  return bins.features.map(({ properties, parts }) => {
    const [x, y] = parts[0].reduce((least, corner) => [Math.min(least[0], corner[0]), Math.min(least[1], corner[1])]);
    return { x: x * unit + CELL / 2, y: y * unit + CELL / 2, n: properties.n };
  });
}

function pointsOf({ points }) {
  if (!points) return [];
  const unit = SIDE / points.extent;
  return points.features.map(({ properties, parts }) => ({ x: parts[0][0][0] * unit, y: parts[0][0][1] * unit, properties }));
}

function square(pen, x, y, size) {
  pen.fillStyle = "rgba(255, 255, 255, 0.85)";
  pen.fillRect(x - size / 2 - 0.75, y - size / 2 - 0.75, size + 1.5, size + 1.5);
  pen.fillStyle = INK;
  pen.fillRect(x - size / 2, y - size / 2, size, size);
}

// open ones are full, ended ones hollow: the shape tells what the colour tells
function sign(pen, x, y, ended) {
  pen.beginPath();
  pen.arc(x, y, 4.5, 0, 2 * Math.PI);
  pen.fillStyle = ended ? "#ffffff" : OPEN;
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = ended ? INK : "#ffffff";
  pen.stroke();
}

function heatCanvas(map, pane) {
  const canvas = element("canvas", "leaflet-zoom-hide");
  canvas.setAttribute("aria-hidden", "true");
  canvas.style.pointerEvents = "none";
  map.getPane(pane).append(canvas);
  const clear = () => canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  const draw = (spots) => {
    const { x, y } = map.getSize();
    Object.assign(canvas, { width: x, height: y });
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    const pen = canvas.getContext("2d");
    const most = spots.reduce((top, spot) => Math.max(top, spot.n), 1);
    const stamp = glow();
    for (const { at, n } of spots) {
      pen.globalAlpha = STRONGEST * Math.sqrt(n / most);
      pen.drawImage(stamp, at.x - GLOW, at.y - GLOW);
    }
  };
  return { clear, draw };
}

function glow() {
  const stamp = element("canvas");
  stamp.width = stamp.height = 2 * GLOW;
  const pen = stamp.getContext("2d");
  const shade = pen.createRadialGradient(GLOW, GLOW, 0, GLOW, GLOW, GLOW);
  shade.addColorStop(0, "rgba(76, 29, 149, 1)");
  shade.addColorStop(1, "rgba(76, 29, 149, 0)");
  pen.fillStyle = shade;
  pen.fillRect(0, 0, 2 * GLOW, 2 * GLOW);
  return stamp;
}
