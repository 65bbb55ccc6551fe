// A layer of our own vector tiles: fetched as JSON would be, drawn on canvases with the screen's own pixels.
import { LoadError } from "./load.js";
import { layersOf } from "./mvt.js";

const SIDE = 256;
const SHARPEST = 3;
const FAILURES_ENOUGH = 3;

/**
 * The layer for a pane. `address(coords)` names a tile; `draw(pen, layers, tile)` draws one,
 * in CSS pixels of 256 a side; `failed(error)` is called when several tiles in a row could not be had, and the layer asks
 * for no more until `again()`.
 */
export class VectorTiles {
  constructor(map, pane, { address, draw, failed = () => {}, bounds = undefined }) {
    this.map = map;
    this.held = new Map();
    this.failures = 0;
    this.asks = { address, draw, failed };
    const Layer = L.GridLayer.extend({ createTile: (coords, done) => this.#make(coords, done) });
    this.layer = new Layer({ pane, tileSize: SIDE, bounds, noWrap: true, maxZoom: map.getMaxZoom(), updateWhenZooming: false });
    this.layer.on("tileunload", ({ coords }) => this.#drop(coords));
  }

  /** Fetches every tile anew: another filter, or after a failure. */
  again() {
    this.failures = 0;
    this.layer.redraw();
  }

  /** Draws what was fetched once more, with other colours. */
  repaint() {
    for (const tile of this.held.values()) this.#draw(tile);
  }

  /** The tiles that are drawn at the present zoom: {coords, layers, canvas}. */
  tiles() {
    return [...this.held.values()].filter((tile) => tile.layers && tile.coords.z === this.layer._tileZoom);
  }

  /** Where a position lies: {tile, x, y} in CSS pixels of each drawn tile that has it, at most one. */
  at(latlng) {
    for (const tile of this.tiles()) {
      const { x, y } = this.map.project(latlng, tile.coords.z).subtract([tile.coords.x * SIDE, tile.coords.y * SIDE]);
      if (x >= 0 && y >= 0 && x < SIDE && y < SIDE) return { tile, x, y };
    }
    return null;
  }

  /** The position of a point of a tile, in CSS pixels of it. */
  position(tile, x, y) {
    return this.map.unproject([tile.coords.x * SIDE + x, tile.coords.y * SIDE + y], tile.coords.z);
  }

  #make(coords, done) {
    const canvas = document.createElement("canvas");
    const ratio = Math.min(window.devicePixelRatio || 1, SHARPEST);
    canvas.width = canvas.height = SIDE * ratio;
    canvas.setAttribute("aria-hidden", "true");
    const tile = { coords, canvas, ratio, layers: null, asked: new AbortController() };
    this.held.set(keyOf(coords), tile);
    this.#fill(tile).then(
      () => done(null, canvas),
      (error) => {
        if (error.name !== "AbortError") this.#failed(error);
        done(null, canvas);
      },
    );
    return canvas;
  }

  async #fill(tile) {
    if (this.failures >= FAILURES_ENOUGH) return;
    tile.layers = await fetchTile(this.asks.address(tile.coords), tile.asked.signal);
    this.failures = 0;
    this.#draw(tile);
  }

  #failed(error) {
    this.failures += 1;
    // no endless retries: every move of the map would ask again
    if (this.failures === FAILURES_ENOUGH) this.asks.failed(error);
  }

  #draw(tile) {
    if (!tile.layers) return;
    const pen = tile.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, tile.canvas.width, tile.canvas.height);
    pen.scale(tile.ratio, tile.ratio);
    this.asks.draw(pen, tile.layers, tile);
  }

  #drop(coords) {
    this.held.get(keyOf(coords))?.asked.abort();
    this.held.delete(keyOf(coords));
  }
}

const keyOf = ({ x, y, z }) => `${z}/${x}/${y}`;

async function fetchTile(address, signal) {
  let answer;
  try {
    answer = await fetch(address, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new LoadError(0, "");
  }
  // beyond the own area there is nothing to see
  if (answer.status === 403) return {};
  if (!answer.ok) throw new LoadError(answer.status, "");
  return layersOf(await answer.arrayBuffer());
}
