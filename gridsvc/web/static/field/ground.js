// The base map's tiles over the worker's own grids, kept for offline.
import * as data from "./data.js";
import { keepTiles } from "./offline.js";
import { boxOf } from "./place.js";
import { TILES, getMeta, setMeta } from "./store.js";

export const FARTHEST_ZOOM = 11;
export const TILE_ZOOM = 16; // farther in the same tiles are drawn larger
const AROUND_DEG = 0.003; // some 300 m, as far as the shapes reach that the phone holds
const MOST_TILES = 400;

/** The address of a tile. */
export const tileAddress = ({ x, y, z }) => `/basemap/${z}/${x}/${y}.pbf`;

/** Addresses of the tiles over a box [west, south, east, north], far zooms first, whole zooms only, at most `most`. */
export function tilesOver(box, most = MOST_TILES) {
  const [west, south, east, north] = box;
  const column = (lon, z) => Math.floor(((lon + 180) / 360) * 2 ** z);
  const row = (lat, z) => {
    const phi = (lat * Math.PI) / 180;
    return Math.floor(((1 - Math.log(Math.tan(phi) + 1 / Math.cos(phi)) / Math.PI) / 2) * 2 ** z);
  };
  const found = [];
  for (let z = FARTHEST_ZOOM; z <= TILE_ZOOM; z += 1) {
    const layer = [];
    for (let x = column(west, z); x <= column(east, z); x += 1) {
      for (let y = row(north, z); y <= row(south, z); y += 1) layer.push(tileAddress({ x, y, z }));
    }
    if (found.length + layer.length > most) break;
    found.push(...layer);
  }
  return found;
}

let running = false;

/** Keeps the ground under the own grids from now on: again when they change, or when some tiles could not be had. */
export function begin() {
  data.on(keep);
  data.get().then(keep);
}

async function keep(held) {
  const box = boxOf(held.grids.filter((grid) => grid.own));
  if (!box || running) return;
  const [west, south, east, north] = box;
  const wide = [west - AROUND_DEG, south - AROUND_DEG, east + AROUND_DEG, north + AROUND_DEG];
  const name = wide.map((degrees) => degrees.toFixed(4)).join(" ");
  // where they were let go while it was written down that they are there, or by the browser, they are fetched anew
  if ((await getMeta("ground")) === name && window.caches && (await caches.has(TILES))) return;
  running = true;
  try {
    await setMeta("ground", null); // trying makes the cache, which says nothing of what is in it
    const told = await keepTiles(tilesOver(wide));
    const is_held = (await data.get()).grids.length > 0; // else all of it was forgotten meanwhile
    if (!told.n_missing && is_held) await setMeta("ground", name);
  } finally {
    running = false;
  }
}
