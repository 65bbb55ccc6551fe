// The coloured areas where they are too many to be fetched as one file: grids as vector tiles, otherwise as in areas.js.
import { lean } from "./cards.js";
import { Areas } from "./areas.js";
import { getJson } from "./load.js";
import { VectorTiles } from "./vector_tiles.js";

const SIDE = 256;
const NAMED_FROM = 40; // CSS pixels: a grid narrower than this has no room for its name

/** What a page takes for the grids' shapes where they come as tiles. */
export const tiled = (n) => ({ tiled: true, features: { length: n } });

export class GridTiles extends Areas {
  /** As `Areas`; the tiles are those of `shell.layers.areas.tiles`. `failed(error)` is called when they cannot be had. */
  constructor(shell, picked, drill, failed = () => {}) {
    super(shell, picked, drill);
    const { pane, tiles } = shell.layers.areas;
    this.styles = new Map();
    this.geojson = this.layer;
    this.vectors = new VectorTiles(this.map, pane, {
      address: ({ z, x, y }) => L.Util.template(tiles, { z, x, y }),
      draw: (pen, layers, tile) => this.#draw(pen, tile),
      failed,
    });
    this.vectors.layer.on("load", () => this.#loaded());
    this.map.on("mousemove", (event) => this.#hover(event));
    this.map.on("mouseout", () => this.tip.remove());
  }

  show(shapes) {
    this.isTiled = Boolean(shapes.tiled);
    if (!this.isTiled) {
      this.vectors.layer.remove();
      this.layer = this.geojson;
      super.show(shapes);
      return;
    }
    this.geojson.clearLayers();
    this.byCode.clear();
    this.vectors.layer.addTo(this.map);
    // what names are written from
    this.layer = { eachLayer: (each) => this.#inView().forEach(each) };
  }

  paint(rows, legend) {
    if (!this.isTiled) {
      super.paint(rows, legend);
      return;
    }
    this.rows = new Map(rows.map((row) => [row.code, row]));
    this.legend = legend;
    this.styles.clear();
    this.vectors.repaint();
    this.forget();
  }

  async select(code, move) {
    if (!this.isTiled) {
      super.select(code, move);
      return;
    }
    this.selected = code;
    this.pin.remove();
    this.tip.remove();
    this.halo.clearLayers();
    this.vectors.repaint();
    this.#pinSelected();
    if (code === null || !move) return;
    const box = await boxOf(code);
    if (this.selected !== code || !box || this.map.getBounds().contains(box)) return;
    if (this.map.getBoundsZoom(box) < this.map.getZoom()) this.map.fitBounds(box, { animate: false });
    else this.map.panTo(box.getCenter(), { animate: false });
  }

  codeAt(latlng) {
    return this.isTiled ? this.#under(latlng)?.properties.code ?? null : null;
  }

  #loaded() {
    this.#pinSelected();
    // names wait for the tiles
    this.map.fire("moveend");
  }

  // over the largest part in view, once a tile that holds one is there
  #pinSelected() {
    if (this.selected === null || this.selected === undefined || this.pin.isOpen()) return;
    const parts = [...this.#shapes((shape) => shape.feature.properties.code === this.selected)];
    const [part] = parts.sort((a, b) => area(b.shape.box) - area(a.shape.box));
    if (!part) return;
    const { box, feature } = part.shape;
    const at = this.vectors.position(part.tile, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
    lean(this.pin.setContent(this.pinned(feature)), this.map, at);
  }

  *#shapes(wanted) {
    for (const tile of this.vectors.tiles()) {
      for (const shape of shapesOf(tile)) if (wanted(shape)) yield { tile, shape };
    }
  }

  #draw(pen, tile) {
    const shapes = shapesOf(tile);
    for (const shape of shapes) paint(pen, shape.path, this.#style(shape.feature));
    for (const shape of shapes) {
      if (shape.feature.properties.code !== this.selected) continue;
      paint(pen, shape.path, { color: "#111827", weight: 3, opacity: 1, fill: false });
    }
  }

  // one style a grid, though it lies in many tiles and is drawn often
  #style(feature) {
    const { code, layer } = feature.properties;
    const key = `${layer} ${code}`;
    if (!this.styles.has(key)) this.styles.set(key, this.styleOf(feature));
    return this.styles.get(key);
  }

  // the one drawn last is on top
  #under(latlng) {
    const found = this.vectors.at(latlng);
    if (!found) return null;
    const { tile, x, y } = found;
    const pen = tile.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    const hit = shapesOf(tile).findLast(({ box, path }) =>
      box[0] <= x && x <= box[2] && box[1] <= y && y <= box[3] && pen.isPointInPath(path, x, y, "evenodd"));
    return hit?.feature ?? null;
  }

  #hover({ latlng, originalEvent }) {
    if (!this.isTiled) return;
    if (originalEvent.pointerType === "touch" || originalEvent.sourceCapabilities?.firesTouchEvents) return;
    const feature = this.#under(latlng);
    if (!feature || feature.properties.code === this.selected) {
      this.tip.remove();
      return;
    }
    if (this.tip.feature?.properties.code !== feature.properties.code) this.tip.setContent(this.card(feature));
    this.tip.feature = feature;
    lean(this.tip, this.map, latlng);
  }

  // the parts of each grid that are wide enough for a name, joined, as Leaflet's shapes are
  #inView() {
    const boxes = new Map();
    for (const { tile, shape } of this.#shapes(({ box }) => box[2] - box[0] >= NAMED_FROM)) {
      const bounds = L.latLngBounds(
        this.vectors.position(tile, shape.box[0], shape.box[1]), this.vectors.position(tile, shape.box[2], shape.box[3]));
      const { code } = shape.feature.properties;
      if (boxes.has(code)) boxes.get(code).bounds.extend(bounds);
      else boxes.set(code, { bounds, feature: shape.feature });
    }
    return [...boxes.values()].map(({ bounds, feature }) => ({
      feature, getBounds: () => bounds, getCenter: () => bounds.getCenter(),
    }));
  }
}

const area = ([west, north, east, south]) => (east - west) * (south - north);

function shapesOf(tile) {
  tile.shapes ??= (tile.layers.grids?.features ?? []).map((feature) => shapeOf(feature, SIDE / tile.layers.grids.extent));
  return tile.shapes;
}

function shapeOf(feature, unit) {
  const path = new Path2D();
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of feature.parts) {
    ring.forEach(([a, b], at) => {
      const [x, y] = [a * unit, b * unit];
      if (at) path.lineTo(x, y);
      else path.moveTo(x, y);
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    });
    path.closePath();
  }
  return { feature, path, box };
}

function paint(pen, path, style) {
  if (style.fill) {
    pen.globalAlpha = style.fillOpacity;
    pen.fillStyle = style.fillColor;
    pen.fill(path, "evenodd");
  }
  pen.globalAlpha = style.opacity;
  pen.strokeStyle = style.color;
  pen.lineWidth = style.weight;
  pen.setLineDash(style.dashArray ? style.dashArray.split(" ").map(Number) : []);
  pen.stroke(path);
  pen.globalAlpha = 1;
}

// where a grid lies that no tile in view holds
async function boxOf(code) {
  try {
    const { results } = await getJson("/api/v1/find", { q: code });
    const box = results.find((one) => one.kind === "grid" && one.code === code)?.bbox;
    return box && L.latLngBounds([box[1], box[0]], [box[3], box[2]]);
  } catch {
    return null;
  }
}
