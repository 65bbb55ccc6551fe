// A map to put a pin on: own grids, our own base map where its tiles are there, and nothing that needs them.
import { layersOf } from "../../maps/mvt.js";
import { el } from "./dom.js";
import { FARTHEST_ZOOM, TILE_ZOOM, tileAddress } from "./ground.js";
import { t } from "./words.js";

const SCRIPT = "/static/vendor/leaflet@1.9.4/dist/leaflet.js";
const STYLE = "/static/vendor/leaflet@1.9.4/dist/leaflet.css";
const NEAREST_ZOOM = 19;
const START_ZOOM = 17;
const NAMES_FROM = 14;
const COMPOUNDS_FROM = 16;
const MOST_NAMES = 60;
const NAME_EM = 14; // pixels of a character, about
const NAME_WIDEST = 170;
const STEP_PX = 10;
const MOST_PIXELS = 1536;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ROADS = { major: ["#3c4a58", 3], minor: ["#6b7884", 1.6], path: ["#8d979f", 0.8] };

let loading = null;

/** Leaflet, fetched when first needed; rejects where it cannot be had. */
export function leaflet() {
  if (window.L) return Promise.resolve(window.L);
  loading = loading || new Promise((resolve, reject) => {
    document.head.append(el("link", { rel: "stylesheet", href: STYLE }));
    const lost = () => {
      loading = null;
      reject(new Error("leaflet"));
    };
    document.head.append(el("script", { src: SCRIPT, onload: () => resolve(window.L), onerror: lost }));
  });
  return loading;
}

/**
 * A map in `root`: {setFix, setPin, look, sized, remove}. `grids` as the phone holds them, `box` [west, south, east, north] to look at
 * first; `onMove(lon, lat)` when a person moves the pin, by thumb or arrow keys. All positions in WGS 84.
 */
export async function pinMap(root, { grids, compounds = [], box, label, credit = "", onMove }) {
  const L = await leaflet();
  const holder = el("div", { class: "pin-map", tabindex: "0", role: "application", "aria-label": label, "aria-describedby": "pin-keys" });
  root.append(holder, el("p", { id: "pin-keys", class: "unseen" }, t("place.keys")));
  const map = L.map(holder, {
    keyboard: false, zoomControl: false, attributionControl: false, zoomSnap: 0.5,
    minZoom: FARTHEST_ZOOM, maxZoom: NEAREST_ZOOM, preferCanvas: true, tapHold: false,
  });
  L.control.zoom({ position: "topright", zoomInTitle: t("place.zoom_in"), zoomOutTitle: t("place.zoom_out") }).addTo(map);
  if (credit) root.append(el("p", { class: "credit" }, credit));
  if (box) map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { animate: false });
  else map.setView([35, 105], FARTHEST_ZOOM, { animate: false });
  ground(L).addTo(map);
  shapes(L, map, grids, compounds);
  const marks = marksOn(L, map, (at) => {
    marks.pin(at.lng, at.lat);
    onMove(at.lng, at.lat);
  });
  map.on("click", ({ latlng }) => marks.moved(latlng));
  holder.addEventListener("keydown", (event) => keyed(map, marks, event));
  // the holder gets its size with the styles
  const sized = setTimeout(() => map.invalidateSize({ animate: false }), 0);
  return {
    setFix: (lon, lat, accuracyM) => marks.fix(lon, lat, accuracyM),
    setPin: (lon, lat) => marks.pin(lon, lat),
    look: (lon, lat, zoom = START_ZOOM) => map.setView([lat, lon], Math.max(zoom, 0), { animate: false }),
    sized: () => map.invalidateSize({ animate: false, pan: false }), // it has another size: what lies under a finger stays there
    remove: () => {
      clearTimeout(sized);
      map.remove();
    },
  };
}

function keyed(map, marks, event) {
  if (event.key === "+" || event.key === "=") map.zoomIn();
  else if (event.key === "-") map.zoomOut();
  else if (!KEYS[event.key]) return;
  else {
    const far = event.shiftKey ? STEP_PX * 5 : STEP_PX;
    const [dx, dy] = KEYS[event.key];
    const from = map.latLngToContainerPoint(marks.at() || map.getCenter());
    const to = map.containerPointToLatLng([from.x + dx * far, from.y + dy * far]);
    if (!map.getBounds().pad(-0.1).contains(to)) map.panTo(to, { animate: false });
    marks.moved(to);
  }
  event.preventDefault();
}

function ground(L) {
  const Tiles = L.GridLayer.extend({
    createTile(coords, done) {
      const canvas = document.createElement("canvas");
      const side = this.getTileSize().x;
      const ratio = Math.min(window.devicePixelRatio || 1, MOST_PIXELS / side);
      canvas.width = canvas.height = Math.round(side * ratio);
      // a tile that cannot be had is an empty one: the grids show without it
      tileAt(coords).then((layers) => drawTile(canvas, layers, side, ratio), () => {}).then(() => done(null, canvas));
      return canvas;
    },
  });
  return new Tiles({ maxNativeZoom: TILE_ZOOM, maxZoom: NEAREST_ZOOM, minZoom: FARTHEST_ZOOM, noWrap: true, updateWhenZooming: false });
}

async function tileAt(coords) {
  const answer = await fetch(tileAddress(coords), { credentials: "same-origin" });
  return answer.status === 200 ? layersOf(await answer.arrayBuffer()) : {};
}

function drawTile(canvas, { water, buildings, roads }, side, ratio) {
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.lineCap = pen.lineJoin = "round";
  const each = (layer, act) => {
    const scale = layer ? side / layer.extent : 0;
    for (const feature of layer ? layer.features : []) {
      pen.beginPath();
      for (const part of feature.parts) part.forEach(([x, y], i) => (i ? pen.lineTo(x * scale, y * scale) : pen.moveTo(x * scale, y * scale)));
      act(feature.properties);
    }
  };
  each(water, () => {
    pen.fillStyle = "#bcd9e8";
    pen.fill("evenodd");
  });
  each(buildings, () => {
    pen.fillStyle = "#e4e2dc";
    pen.fill("evenodd");
    stroke(pen, "#a9a79f", 0.7);
  });
  each(roads, (properties) => stroke(pen, ...(ROADS[properties.class] || ROADS.minor)));
}

function stroke(pen, colour, width) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
}

function shapes(L, map, grids, compounds) {
  const names = L.layerGroup().addTo(map);
  const named = [];
  for (const grid of grids) {
    const style = grid.own ? { color: "#0b3d70", weight: 2.5, fillColor: "#0b5394", fillOpacity: 0.08 } : { color: "#4d5a66", weight: 1.2, dashArray: "4 4", fill: false };
    const layer = L.geoJSON(grid.geometry, { interactive: false, style }).addTo(map);
    named.push({ name: grid.name || grid.code, at: layer.getBounds().getCenter(), from: NAMES_FROM, kind: "grid-name" });
  }
  for (const { name, lon, lat } of compounds) named.push({ name, at: L.latLng(lat, lon), from: COMPOUNDS_FROM, kind: "compound-name" });
  const draw = () => {
    names.clearLayers();
    const seen = named.filter(({ at, from }) => map.getZoom() >= from && map.getBounds().contains(at));
    const taken = [];
    for (const { name, at, kind } of seen) {
      const middle = map.latLngToContainerPoint(at);
      const half = [Math.min(NAME_WIDEST, name.length * NAME_EM) / 2, NAME_EM];
      const box = L.bounds(middle.subtract(half), middle.add(half));
      if (taken.length >= MOST_NAMES || taken.some((other) => other.overlaps(box))) continue;
      taken.push(box);
      const icon = L.divIcon({ html: el("span", { class: kind }, name), className: "", iconSize: [0, 0] });
      L.marker(at, { icon, interactive: false, keyboard: false }).addTo(names);
    }
  };
  map.on("moveend", draw);
  draw();
}

function marksOn(L, map, moved) {
  let [pin, dot, disc, line] = [null, null, null, null];
  const drawLine = () => {
    if (line) line.remove();
    const ends = pin && dot ? [dot.getLatLng(), pin.getLatLng()] : null;
    line = ends && !ends[0].equals(ends[1], 1e-7) ? L.polyline(ends, { color: "#1b2733", weight: 2, dashArray: "3 5", interactive: false }).addTo(map) : null;
  };
  return {
    moved,
    at: () => pin && pin.getLatLng(),
    pin(lon, lat) {
      if (pin) pin.setLatLng([lat, lon]);
      else {
        pin = L.marker([lat, lon], { icon: pinIcon(L), keyboard: false, draggable: true, alt: t("place.pin"), autoPan: true }).addTo(map);
        pin.on("dragend", () => moved(pin.getLatLng()));
      }
      drawLine();
    },
    fix(lon, lat, accuracyM) {
      if (dot) dot.remove();
      if (disc) disc.remove();
      disc = accuracyM ? L.circle([lat, lon], { radius: accuracyM, color: "#7a4d00", weight: 1.5, fillOpacity: 0.1, interactive: false }).addTo(map) : null;
      dot = L.circleMarker([lat, lon], { radius: 6, color: "#fff", weight: 2, fillColor: "#0b5394", fillOpacity: 1, interactive: false }).addTo(map);
      drawLine();
    },
  };
}

function pinIcon(L) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 26 36");
  svg.setAttribute("width", "39");
  svg.setAttribute("height", "54");
  svg.setAttribute("aria-hidden", "true");
  for (const [d, fill] of [
    ["M13 0C5.8 0 0 5.8 0 13c0 9.2 13 23 13 23s13-13.8 13-23C26 5.8 20.2 0 13 0z", "#a4262c"],
    ["M8 13a5 5 0 1 0 10 0a5 5 0 1 0-10 0z", "#fff"],
  ]) {
    const part = document.createElementNS("http://www.w3.org/2000/svg", "path");
    part.setAttribute("d", d);
    part.setAttribute("fill", fill);
    svg.appendChild(part);
  }
  return L.divIcon({ html: el("span", { class: "pin-mark" }, svg), className: "", iconSize: [48, 54], iconAnchor: [24, 54] });
}
