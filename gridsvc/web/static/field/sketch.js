// A small drawing of where something is: the shapes of the grids around it, the point, and the phone. No tiles, no network.
const SVG = "http://www.w3.org/2000/svg";
const WIDE = 320;
const HIGH = 180;
const AROUND_M = 260; // what is shown on either side of the point
const M_PER_DEG = 111320;

/** An SVG for a point in WGS 84; `here` is the phone's own `{lon, lat}` or null; `told` says in words what is drawn. */
export function sketch(point, grids, compounds, here, told) {
  const across = M_PER_DEG * Math.cos((point.lat * Math.PI) / 180);
  const far = here ? Math.min(2000, Math.max(Math.abs(here.lon - point.lon) * across * 1.2, Math.abs(here.lat - point.lat) * M_PER_DEG * 2)) : 0;
  const scale = WIDE / 2 / Math.max(AROUND_M, far);
  const at = (lon, lat) => [WIDE / 2 + (lon - point.lon) * across * scale, HIGH / 2 - (lat - point.lat) * M_PER_DEG * scale];
  const root = node("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "where-sketch", role: "img", "aria-label": told });
  for (const grid of grids) {
    for (const ring of rings(grid.geometry)) {
      const path = ring.map(([lon, lat]) => at(lon, lat).map((n) => n.toFixed(1)).join(",")).join(" ");
      root.append(node("polygon", { points: path, class: grid.own ? "grid own" : "grid" }));
    }
  }
  const named = [];
  for (const one of compounds) {
    const [x, y] = at(one.lon, one.lat);
    if (x < 20 || x > WIDE - 20 || y < 14 || y > HIGH - 14) continue;
    const hidden = Math.abs(x - WIDE / 2) < 60 && Math.abs(y - HIGH / 2 + 8) < 26; // by the point: written below it
    const line = hidden ? HIGH / 2 + 16 : y;
    if (named.some(([left, top]) => Math.abs(left - x) < 110 && Math.abs(top - line) < 14)) continue; // names on each other say nothing
    named.push([x, line]);
    const name = node("text", { x: x.toFixed(1), y: line.toFixed(1), class: "name" });
    name.textContent = one.name.length > 12 ? `${one.name.slice(0, 11)}…` : one.name;
    root.append(name);
  }
  root.append(node("path", { class: "point", transform: `translate(${WIDE / 2} ${HIGH / 2})`, d: "M0 0 C-4 -8 -9 -12 -9 -19 A9 9 0 1 1 9 -19 C9 -12 4 -8 0 0 Z" }));
  if (here) {
    const [x, y] = at(here.lon, here.lat);
    root.append(node("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 7, class: "here" }));
  }
  return root;
}

/** Metres between two points in WGS 84 that lie near each other. */
export function metres(one, other) {
  const across = M_PER_DEG * Math.cos((one.lat * Math.PI) / 180);
  return Math.hypot((one.lon - other.lon) * across, (one.lat - other.lat) * M_PER_DEG);
}

/** Which of eight directions the other point lies in, as a code: n, ne, e, … */
export function bearing(from, to) {
  const across = Math.cos((from.lat * Math.PI) / 180);
  const turn = Math.atan2((to.lon - from.lon) * across, to.lat - from.lat) / (Math.PI / 4);
  return ["n", "ne", "e", "se", "s", "sw", "w", "nw"][(Math.round(turn) + 8) % 8];
}

function rings(geometry) {
  if (!geometry) return [];
  const many = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  return many.map((polygon) => polygon[0]).filter(Boolean);
}

function node(tag, attrs) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) made.setAttribute(name, value);
  return made;
}
