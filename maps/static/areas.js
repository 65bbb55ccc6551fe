// The coloured areas: grids joined to the figures by code, or square cells that come with them.
import { lean } from "./cards.js";
import { untestedWhy } from "./finding.js";
import { fillOf, isFew } from "./legend.js";
import { count, element, known, percent, rate, word } from "./words.js";

const BORDER = { color: "#4a5663", weight: 0.8, opacity: 0.75 };
const DEDICATED = { color: "#1f2933", weight: 1.6, opacity: 0.9 };
const OUTSIDE = { fill: false, fillOpacity: 0, dashArray: "2 4" };

export class Areas {
  /**
   * Draws into the pane of `shell.layers.areas`; `picked(code)` is called when somebody clicks an area, `drill(row)`
   * gives the links from a selected one to what lies behind it, or null.
   */
  constructor(shell, picked, drill = () => null) {
    const { pane, opacity } = shell.layers.areas;
    this.map = shell.map;
    this.opacity = opacity;
    this.picked = picked;
    this.drill = drill;
    this.byCode = new Map();
    this.rows = new Map();
    this.legend = null;
    this.layer = L.geoJSON(null, {
      pane,
      renderer: L.canvas({ pane, padding: 0.3 }),
      onEachFeature: (feature, shape) => this.#attach(feature, shape),
    }).addTo(this.map);
    this.halo = L.geoJSON(null, {
      pane: shell.layers.names.pane,
      renderer: L.canvas({ pane: shell.layers.names.pane, padding: 0.3 }),
      interactive: false,
      style: { color: "#111827", weight: 3, opacity: 1, fill: false },
    }).addTo(this.map);
    this.tip = L.tooltip({ className: "map-tip", direction: "top", opacity: 1, offset: [0, -6] });
    this.pin = L.tooltip({ className: "map-tip map-pin", direction: "top", opacity: 1, permanent: true });
    this.map.on("click", ({ latlng }) => this.picked(this.codeAt(latlng)));
  }

  /** What a click beside every Leaflet shape picks: nothing, here. */
  codeAt() {
    return null;
  }

  /** Takes other shapes (a GeoJSON FeatureCollection with property `code`); dedicated grids are drawn last. */
  show(shapes) {
    this.byCode.clear();
    this.layer.clearLayers();
    const rank = (feature) => (feature.properties.layer === "dedicated" ? 1 : 0);
    const features = [...shapes.features].sort((a, b) => rank(a) - rank(b));
    this.layer.addData({ type: "FeatureCollection", features });
  }

  /** Colours every area by its row; an area without a row is only outlined. Without figures all are outlines. */
  paint(rows, legend) {
    this.rows = new Map(rows.map((row) => [row.code, row]));
    this.legend = legend;
    this.layer.setStyle((feature) => this.styleOf(feature));
    this.forget();
  }

  /** Takes the tip away, whose figures are no longer those that are shown. */
  forget() {
    this.tip.feature = null;
    this.tip.remove();
  }

  /** Rings the area of that code and pins its figures to it; null takes both away. `move`: bring it into view. */
  select(code, move) {
    this.selected = code;
    this.halo.clearLayers();
    this.pin.remove();
    this.tip.remove();
    const shapes = this.byCode.get(code);
    if (!shapes) return;
    for (const shape of shapes) this.halo.addData(shape.toGeoJSON());
    const bounds = L.featureGroup(shapes).getBounds();
    if (move && !this.map.getBounds().contains(bounds)) {
      if (this.map.getBoundsZoom(bounds) < this.map.getZoom()) this.map.fitBounds(bounds, { animate: false });
      else this.map.panTo(bounds.getCenter(), { animate: false });
    }
    lean(this.pin.setContent(this.pinned(shapes[0].feature)), this.map, shapes[0].getCenter());
  }

  /** What is pinned to a selected area: its figures, and the links to what lies behind it. */
  pinned(feature) {
    const card = this.card(feature);
    const links = this.drill(this.rows.get(feature.properties.code));
    if (links) {
      card.append(links);
      // the card is over the map, whose clicks let the selection go
      L.DomEvent.disableClickPropagation(links);
    }
    return card;
  }

  #attach(feature, shape) {
    const { code } = feature.properties;
    if (!this.byCode.has(code)) this.byCode.set(code, []);
    this.byCode.get(code).push(shape);
    shape.on("mouseover mousemove", (event) => {
      if (code === this.selected) return;
      // a finger has no hover: it selects, and the pinned card tells the same
      if (event.originalEvent.pointerType === "touch" || event.originalEvent.sourceCapabilities?.firesTouchEvents) return;
      if (this.tip.feature !== feature) this.tip.setContent(this.card(feature));
      this.tip.feature = feature;
      lean(this.tip, this.map, event.latlng);
    });
    shape.on("mouseout", () => this.tip.remove());
    shape.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      this.picked(code);
    });
  }

  /** How a feature is drawn: by its row and the legend. */
  styleOf(feature) {
    const border = feature.properties.layer === "dedicated" ? DEDICATED : BORDER;
    const row = this.rows.get(feature.properties.code);
    if (!this.legend || !row) return { ...border, ...OUTSIDE };
    return { ...border, fill: true, fillColor: fillOf(row, this.legend), fillOpacity: this.opacity, dashArray: null };
  }

  /** The figures of a feature in a box. */
  card(feature) {
    const { code, name } = feature.properties;
    const card = element("div", "map-card");
    card.append(element("strong", "", name || code));
    if (name && feature.properties.layer !== "cell") card.append(element("span", "map-code", code));
    for (const text of told(this.rows.get(code), this.legend)) card.append(element("div", "", text));
    return card;
  }
}

/** The figures of a row in words: rate or share, count, denominator, and a warning where it rests on few. */
export function told(row, legend) {
  if (!row || !legend) return [word("tip_no_row")];
  const lines = legend.measure === "significance" ? [testedTold(row)] : [];
  if ("share" in row) lines.push(row.share === null ? word("tip_no_share") : word("tip_share", { share: percent(row.share) }));
  else lines.push(row.rate === null ? word("tip_no_rate") : word("tip_rate", { rate: rate(row.rate, legend.measure === "rate" ? legend.digits : 1) }));
  if (legend.measure === "smoothed" && known(row.smoothed)) lines.push(word("tip_smoothed", { rate: rate(row.smoothed, legend.digits) }));
  const facts = { n: count(row.n), denom: count(row.denom) };
  lines.push(row.denom === null ? word("tip_n", facts) : word("tip_of", facts));
  if (known(row.visits)) lines.push(word("tip_visits", { n: count(row.visits) }));
  if ("rate" in row && isFew(row, legend)) lines.push(word("tip_few", { n: legend.few_below }));
  return lines;
}

function testedTold(row) {
  if (!row.band) return untestedWhy(row);
  const p = row.p < 0.0001 ? "< 0.0001" : `= ${rate(row.p, 4)}`;
  return word("tip_tested", { band: word(`band_${row.band}`), z: rate(row.z, 2), p });
}

/** The square cells of an answer as shapes. */
export function cellShapes(rows) {
  const features = rows.map((row) => ({
    type: "Feature",
    properties: { code: row.code, name: row.name || word("cell_name", { code: row.code }), layer: "cell" },
    geometry: { type: "Polygon", coordinates: [closed(row.ring)] },
  }));
  return { type: "FeatureCollection", features };
}

function closed(ring) {
  const [first, last] = [ring[0], ring[ring.length - 1]];
  return first[0] === last[0] && first[1] === last[1] ? ring : [...ring, first];
}
