// Which grid has a position, on the phone: the rule of geodata/placement.py over the shapes that the phone holds.
// The service decides; this only tells the worker beforehand.
export const NEAREST_MAX_M = 50;
export const SURE_SHARE = 0.8;
const BORDER_DEG = 3e-13;
const WIDEST_M = 1000; // a wider disc says little about any grid
const METRES_PER_DEGREE = 111319.49079327358;
const AXIS_M = 6378137;
const ECCENTRICITY2 = 0.0066943799901413165;
// Of a disc this many chords are measured exactly; against the exact polygons shares differ by less than 0.003.
const LINES = 256;
const LEAST_SIDE_SHARE = 0.02;
const MOST_SIDES = 4;
const INSIDE_M = 0.5; // so far inside a grid is a pin put that somebody chose by its side
const RINGS = 60;
const SPOKES = 48;

const prepared = new WeakMap();

/**
 * The grid of a position in WGS 84 degrees: {grid, layer, worker, method, distance_m, confidence, sides}. `method` is covers,
 * nearest or none; `confidence` the share of the accuracy disc that the grid owns (null without an accuracy); `sides` the
 * codes to choose from where it is below SURE_SHARE, the likeliest first.
 */
export function place(lon, lat, accuracyM, grids, nearestMaxM = NEAREST_MAX_M) {
  const found = gridOf(lon, lat, grids, nearestMaxM);
  const { grid, ...rest } = found;
  const answer = { grid: grid ? grid.code : null, layer: grid ? grid.layer : null, worker: grid ? grid.worker || null : null, ...rest };
  if (!(accuracyM > 0)) return { ...answer, confidence: null, sides: [] };
  const shares = sharesOf(lon, lat, Math.min(accuracyM, WIDEST_M), grids);
  const confidence = accuracyM > WIDEST_M ? 0 : shares.get(answer.grid) || 0;
  return { ...answer, confidence, sides: confidence < SURE_SHARE ? sidesOf(shares, answer.grid) : [] };
}

/**
 * The point [lon, lat] nearest to a position that lies inside the grid with this code and within the accuracy disc, or null:
 * where the pin goes when somebody says on which side it is.
 */
export function inside(lon, lat, accuracyM, code, grids, nearestMaxM = NEAREST_MAX_M) {
  const grid = grids.find((one) => one.code === code);
  if (!grid) return null;
  const owns = (x, y) => {
    const there = gridOf(x, y, grids, nearestMaxM);
    return there.method === "covers" && there.grid.code === code;
  };
  if (owns(lon, lat)) return [lon, lat];
  const [x, y] = nearestPoint(lon, lat, shapeOf(grid), Math.cos((lat * Math.PI) / 180));
  const near = around(x, y, INSIDE_M).filter(([px, py]) => owns(px, py) && metres(lon, lat, px, py) <= accuracyM);
  if (near.length) return near.reduce((a, b) => (metres(lon, lat, ...a) <= metres(lon, lat, ...b) ? a : b));
  // its nearest border belongs to a grid that goes before it: look outward ring by ring
  for (let ring = 1; ring <= RINGS; ring += 1) {
    const hit = around(lon, lat, (accuracyM * ring) / RINGS).find(([px, py]) => owns(px, py));
    if (hit) return hit;
  }
  return null;
}

/** Metres between two positions in degrees that are at most some kilometres apart. */
export function metres(lonA, latA, lonB, latB) {
  const phi = ((latA + latB) * Math.PI) / 360;
  const flat = 1 - ECCENTRICITY2 * Math.sin(phi) ** 2;
  const north = (((latB - latA) * Math.PI) / 180) * ((AXIS_M * (1 - ECCENTRICITY2)) / (flat * Math.sqrt(flat)));
  const east = (((lonB - lonA) * Math.PI) / 180) * (AXIS_M / Math.sqrt(flat)) * Math.cos(phi);
  return Math.hypot(north, east);
}

/** The box [west, south, east, north] of some grids, or null where there are none. */
export function boxOf(grids) {
  if (!grids.length) return null;
  return grids.map((grid) => shapeOf(grid).box).reduce((a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
}

function gridOf(lon, lat, grids, nearestMaxM) {
  if (!Number.isFinite(lon) || !Number.isFinite(lat)) return { grid: null, method: "none", distance_m: null };
  let first = null;
  for (const grid of grids) {
    if ((!first || before(grid, first)) && covers(lon, lat, shapeOf(grid))) first = grid;
  }
  if (first) return { grid: first, method: "covers", distance_m: 0 };
  let best = null;
  // 0 means never: without it a point half a millimetre off, rounded to 0.000 m, would still be taken
  for (const grid of nearestMaxM > 0 ? grids : []) {
    const shape = shapeOf(grid);
    if (grid.layer !== "base" || beyond(lon, lat, shape.box, nearestMaxM)) continue;
    const distance = Math.round(metres(lon, lat, ...nearestPoint(lon, lat, shape)) * 1000) / 1000;
    if (distance > nearestMaxM) continue;
    if (!best || distance < best.distance_m || (distance === best.distance_m && before(grid, best.grid))) best = { grid, method: "nearest", distance_m: distance };
  }
  return best || { grid: null, method: "none", distance_m: null };
}

function shapeOf(grid) {
  const known = prepared.get(grid.geometry);
  if (known) return known;
  const { type, coordinates } = grid.geometry;
  const rings = type === "Polygon" ? coordinates : [].concat(...coordinates);
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (const [x, y] of ring) {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    }
  }
  const shape = { rings, box };
  prepared.set(grid.geometry, shape);
  return shape;
}

// dedicated before base, then the lowest code by code point
function before(one, other) {
  if (one.layer !== other.layer) return one.layer === "dedicated";
  const [a, b] = [Array.from(one.code), Array.from(other.code)];
  const at = a.findIndex((letter, i) => letter !== b[i]);
  if (at < 0) return a.length < b.length;
  return at >= b.length ? false : a[at].codePointAt(0) < b[at].codePointAt(0);
}

function covers(x, y, { rings, box }) {
  const margin = 2 * BORDER_DEG;
  if (x < box[0] - margin || x > box[2] + margin || y < box[1] - margin || y > box[3] + margin) return false;
  let within = false;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [a, b] = [ring[i - 1], ring[i]];
      if (fromSegment(x, y, a, b) <= BORDER_DEG) return true;
      if (a[1] > y !== b[1] > y) {
        // which side of the edge, without a division
        const turn = (b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1]);
        if (turn > 0 === b[1] > a[1]) within = !within;
      }
    }
  }
  return within;
}

// planar, in degrees
function fromSegment(x, y, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const long2 = dx * dx + dy * dy;
  const along = long2 ? ((x - a[0]) * dx + (y - a[1]) * dy) / long2 : 0;
  if (along <= 0) return Math.hypot(x - a[0], y - a[1]);
  if (along >= 1) return Math.hypot(x - b[0], y - b[1]);
  return Math.abs(((a[1] - y) * dx - (a[0] - x) * dy) / long2) * Math.sqrt(long2);
}

// the planar-nearest point of a border; `narrow` shrinks degrees of longitude first, for nearest on the ground
function nearestPoint(x, y, { rings }, narrow = 1) {
  let [best, least2] = [null, Infinity];
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [a, b] = [ring[i - 1], ring[i]];
      const [dx, dy] = [(b[0] - a[0]) * narrow, b[1] - a[1]];
      const long2 = dx * dx + dy * dy;
      const along = long2 ? Math.max(0, Math.min(1, ((x - a[0]) * narrow * dx + (y - a[1]) * dy) / long2)) : 0;
      const [px, py] = [a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1])];
      const far2 = ((x - px) * narrow) ** 2 + (y - py) ** 2;
      if (far2 < least2) [best, least2] = [[px, py], far2];
    }
  }
  return best;
}

function beyond(x, y, box, limitM) {
  const [px, py] = [Math.max(box[0], Math.min(box[2], x)), Math.max(box[1], Math.min(box[3], y))];
  return metres(x, y, px, py) > limitM * 1.01 + 1;
}

function around(lon, lat, radiusM) {
  const [ry, found] = [radiusM / METRES_PER_DEGREE, []];
  const rx = ry / Math.cos((lat * Math.PI) / 180);
  for (let i = 0; i < SPOKES; i += 1) {
    const angle = (2 * Math.PI * i) / SPOKES;
    found.push([lon + rx * Math.cos(angle), lat + ry * Math.sin(angle)]);
  }
  return found;
}

// code -> share of the disc, in the order of the rule: each grid takes what those before it left
function sharesOf(lon, lat, accuracyM, grids) {
  const ry = accuracyM / METRES_PER_DEGREE;
  const rx = ry / Math.cos((lat * Math.PI) / 180);
  const near = grids
    .filter((grid) => {
      const { box } = shapeOf(grid);
      return box[0] <= lon + rx && box[2] >= lon - rx && box[1] <= lat + ry && box[3] >= lat - ry;
    })
    .sort((a, b) => (before(a, b) ? -1 : 1))
    .map((grid) => ({ code: grid.code, edges: edgesOf(shapeOf(grid), lon, lat, rx, ry) }));
  const lengths = new Map();
  let whole = 0;
  for (let line = 0; line < LINES; line += 1) {
    const v = -1 + (2 * line + 1) / LINES;
    const half = Math.sqrt(1 - v * v);
    whole += 2 * half;
    let free = [[-half, half]];
    for (const { code, edges } of near) {
      const cut = crossings(edges, v);
      const [taken, left] = take(free, cut);
      if (taken > 0) lengths.set(code, (lengths.get(code) || 0) + taken);
      free = left;
      if (!free.length) break;
    }
  }
  const shares = new Map();
  for (const [code, length] of lengths) {
    const share = Math.round((length / whole) * 1e4) / 1e4;
    if (share > 0) shares.set(code, share);
  }
  return shares;
}

// edges in units of the disc, only those that reach its height
function edgesOf({ rings }, lon, lat, rx, ry) {
  const edges = [];
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [u1, v1, u2, v2] = [(ring[i - 1][0] - lon) / rx, (ring[i - 1][1] - lat) / ry, (ring[i][0] - lon) / rx, (ring[i][1] - lat) / ry];
      if (Math.max(v1, v2) >= -1 && Math.min(v1, v2) <= 1) edges.push([u1, v1, u2, v2]);
    }
  }
  return edges;
}

function crossings(edges, v) {
  const at = [];
  for (const [u1, v1, u2, v2] of edges) {
    if (v1 > v !== v2 > v) at.push(u1 + ((v - v1) / (v2 - v1)) * (u2 - u1));
  }
  return at.sort((a, b) => a - b);
}

// how much of the free stretches lies between each two crossings, and what stays free
function take(free, cut) {
  let taken = 0;
  const left = [];
  for (const [from, to] of free) {
    let at = from;
    for (let i = 0; i + 1 < cut.length; i += 2) {
      const [low, high] = [Math.max(at, cut[i]), Math.min(to, cut[i + 1])];
      if (high <= low) continue;
      if (low > at) left.push([at, low]);
      taken += high - low;
      at = high;
    }
    if (to > at) left.push([at, to]);
  }
  return [taken, left];
}

function sidesOf(shares, chosen) {
  const others = [...shares].filter(([code, share]) => code !== chosen && share >= LEAST_SIDE_SHARE);
  others.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const codes = others.map(([code]) => code);
  const sides = (chosen ? [chosen, ...codes] : codes).slice(0, MOST_SIDES);
  return sides.length > 1 || !chosen ? sides : [];
}
