// The small map: where a report is, or where a person says it is. Facts from the page, data by fetch.
import { addGround } from "/static/maps/ground.js";
import { watchPosition } from "./position.js";

const NAMES_FROM_ZOOM = 15;
const NAMES_AT_MOST = 60;
const FAR_DEG = 1;

let current = null;

/** Draws the map of the page, if it has one; called again after the page's content was replaced. */
export function start() {
  const box = document.getElementById("pin-map");
  current?.stop?.(); // a position that comes after the form was sent is no answer to the next one
  if (!box || !window.L) return;
  current?.map.remove();
  current = new PinMap(box, JSON.parse(box.dataset.place));
}

/** Puts the pin at a place that something else tells (EPSG:4326 degrees), if that is near the grids; else says so. */
export function put(lon, lat) {
  current?.putNear(lon, lat);
}

/** Makes the map fit its box, which may have been hidden, and show the pin that the form's fields tell. */
export function refresh() {
  current?.refresh();
}

// without private members: the browser floor has none
class PinMap {
  constructor(box, place) {
    Object.assign(this, { box, place, words: box.dataset, pin: null, circle: null, labels: [], stop: null });
    this.says = document.querySelector("[data-pin-says]");
    box.hidden = false;
    for (const foot of document.querySelectorAll("[data-pin-foot]")) foot.hidden = false;
    this.map = this.makeMap();
    this.addLayers();
    if (place.pin) this.mark(place.pin[0], place.pin[1], place.accuracy_m, { quiet: true });
    if (place.editable) this.listen();
  }

  makeMap() {
    const holder = document.createElement("div");
    this.box.replaceChildren(holder);
    const map = L.map(holder, { zoomControl: false, preferCanvas: true, zoomSnap: 0.5, maxZoom: this.place.max_zoom });
    holder.setAttribute("role", "region");
    holder.setAttribute("aria-label", this.words.label);
    map.attributionControl.setPosition("bottomleft").setPrefix("Leaflet");
    if (this.place.credit) map.attributionControl.addAttribution(escaped(this.place.credit));
    L.control.zoom({ zoomInTitle: this.words.zoomIn, zoomOutTitle: this.words.zoomOut }).addTo(map);
    const [west, south, east, north] = this.place.home;
    if (this.place.pin) map.setView([this.place.pin[1], this.place.pin[0]], 17, { animate: false });
    else map.fitBounds([[south, west], [north, east]], { animate: false });
    return map;
  }

  addLayers() {
    const layers = {};
    for (const layer of this.place.layers) {
      const pane = `pin-${layer.name}`;
      this.map.createPane(pane).style.zIndex = 250;
      this.map.getPane(pane).style.pointerEvents = "none";
      layers[layer.name] = { ...layer, pane };
    }
    addGround({ map: this.map, layers }, () => {});
    for (const [name, lon, lat] of this.place.names || []) this.labels.push({ name, at: L.latLng(lat, lon) });
    this.names = L.layerGroup().addTo(this.map);
    this.map.on("moveend", () => this.drawNames());
    this.drawNames();
    if (this.place.grids) this.addGrids();
  }

  async addGrids() {
    let shapes = null;
    try {
      const answer = await fetch(this.place.grids);
      shapes = answer.ok ? await answer.json() : null;
    } catch {
      shapes = null;
    }
    // the page may be on its way out
    if (!shapes || current !== this) return;
    const style = { color: "#0b5394", weight: 1.2, opacity: 0.6, fill: false };
    const layer = L.geoJSON(shapes, { interactive: false, style }).addTo(this.map);
    layer.eachLayer((shape) => this.labels.push({ name: shape.feature.properties.name, at: shape.getBounds().getCenter() }));
    this.drawNames();
  }

  drawNames() {
    this.names.clearLayers();
    if (this.map.getZoom() < NAMES_FROM_ZOOM) return;
    const view = this.map.getBounds();
    const seen = this.labels.filter(({ at }) => view.contains(at)).slice(0, NAMES_AT_MOST);
    for (const { name, at } of seen) {
      const text = document.createElement("div");
      text.className = "pin-name";
      text.textContent = name;
      const icon = L.divIcon({ html: text, className: "", iconSize: [0, 0] });
      L.marker(at, { icon, interactive: false, keyboard: false }).addTo(this.names);
    }
  }

  listen() {
    this.map.on("click", ({ latlng }) => this.put(latlng.lng, latlng.lat));
    const does = {
      "pin-middle": () => this.put(this.map.getCenter().lng, this.map.getCenter().lat),
      "pin-off": () => this.takeOff(),
      locate: () => this.locate(),
    };
    for (const [name, act] of Object.entries(does)) {
      document.querySelector(`[data-does="${name}"]`)?.addEventListener("click", act);
    }
    document.getElementById("compound")?.addEventListener("change", (event) => this.show(event.target.value.trim()));
  }

  show(name) {
    const found = this.labels.find((label) => label.name === name);
    if (found) this.map.setView(found.at, 17, { animate: false });
  }

  locate() {
    this.tell(this.words.asking);
    const button = document.querySelector("[data-does='locate']");
    button.disabled = true;
    let first = true;
    this.stop = watchPosition(
      (fix) => {
        if (!this.isNear(fix)) return this.stopLocating(this.words.far);
        if (first) this.map.setView([fix.lat, fix.lon], 17, { animate: false });
        first = false;
        return this.mark(fix.lon, fix.lat, fix.accuracy_m);
      },
      (failure) => this.stopLocating(failure && this.words[failure]),
    );
  }

  stopLocating(text) {
    this.stop?.();
    this.stop = null;
    const button = document.querySelector("[data-does='locate']");
    if (button) button.disabled = false;
    if (text) this.tell(text);
  }

  isNear({ lon, lat }) {
    const [west, south, east, north] = this.place.home;
    return lon > west - FAR_DEG && lon < east + FAR_DEG && lat > south - FAR_DEG && lat < north + FAR_DEG;
  }

  /** Puts the pin where a person wants it (EPSG:4326 degrees); from then on the browser's position no longer counts. */
  put(lon, lat) {
    this.stopLocating();
    this.mark(lon, lat, null);
  }

  mark(lon, lat, accuracyM, { quiet = false } = {}) {
    const at = L.latLng(lat, lon).wrap();
    if (this.pin) this.pin.setLatLng(at);
    else {
      this.pin = L.marker(at, { icon: pinIcon(), keyboard: false, draggable: this.place.editable, alt: this.words.pin, title: this.words.pin });
      this.pin.addTo(this.map).on("dragend", () => this.put(this.pin.getLatLng().lng, this.pin.getLatLng().lat));
    }
    this.circle?.remove();
    this.circle = accuracyM ? L.circle(at, { radius: accuracyM, color: "#7a4d00", weight: 1.5, fillOpacity: 0.12, interactive: false }).addTo(this.map) : null;
    this.fill(at.lng.toFixed(6), at.lat.toFixed(6), accuracyM ? String(Math.round(accuracyM)) : "");
    if (quiet) return;
    const within = accuracyM ? ` ${filled(this.words.within, { m: Math.round(accuracyM) })}` : "";
    this.tell(filled(this.words.set, { lon: at.lng.toFixed(5), lat: at.lat.toFixed(5) }) + within);
  }

  refresh() {
    const wasHidden = !this.map.getSize().x;
    this.map.invalidateSize({ animate: false });
    const [lon, lat, accuracyM] = ["pin-lon", "pin-lat", "pin-accuracy"].map((id) => document.getElementById(id)?.value);
    const at = this.pin?.getLatLng();
    const told = lon && lat && !(at && at.lng.toFixed(6) === lon && at.lat.toFixed(6) === lat);
    if (told) this.mark(Number(lon), Number(lat), Number(accuracyM) || null, { quiet: true });
    if (!told && !wasHidden) return;
    const [west, south, east, north] = this.place.home;
    if (this.pin) this.map.setView(this.pin.getLatLng(), 17, { animate: false });
    else this.map.fitBounds([[south, west], [north, east]], { animate: false });
  }

  putNear(lon, lat) {
    if (!this.isNear({ lon, lat })) return this.tell(this.words.far);
    this.map.setView([lat, lon], 17, { animate: false });
    return this.put(lon, lat);
  }

  /** Takes the pin off the map and out of the form. */
  takeOff() {
    this.stopLocating();
    this.pin?.remove();
    this.circle?.remove();
    this.pin = null;
    this.circle = null;
    this.fill("", "", "");
    this.tell(this.words.off);
  }

  fill(lon, lat, accuracy) {
    const values = { "pin-lon": lon, "pin-lat": lat, "pin-accuracy": accuracy };
    for (const [id, value] of Object.entries(values)) {
      const field = document.getElementById(id);
      if (!field || !this.place.editable) continue;
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    for (const button of document.querySelectorAll("[data-needs-pin]")) button.disabled = !lon;
  }

  tell(text) {
    if (this.says) this.says.textContent = text;
  }
}

function pinIcon() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 26 36");
  svg.setAttribute("aria-hidden", "true");
  for (const [shape, attributes] of [
    ["path", { d: "M13 0C5.8 0 0 5.8 0 13c0 9.2 13 23 13 23s13-13.8 13-23C26 5.8 20.2 0 13 0z", fill: "#a4262c" }],
    ["circle", { cx: "13", cy: "13", r: "5", fill: "#fff" }],
  ]) {
    const part = document.createElementNS("http://www.w3.org/2000/svg", shape);
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
    svg.append(part);
  }
  const box = document.createElement("div");
  box.className = "pin";
  box.append(svg);
  return L.divIcon({ html: box, className: "", iconSize: [26, 36], iconAnchor: [13, 36] });
}

const filled = (text, facts) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? String(facts[name]) : whole));

// Leaflet takes an attribution as markup
function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

start();
