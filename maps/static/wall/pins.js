// The numbered pins: one for each row of the board that has a position, set apart where several would cover each other.
import { Roving } from "../roving.js";
import { word } from "../words.js";
import { mark } from "./looks.js";

const RINGS = 7;

export class Pins {
  /** `picked(key)` is called when a pin is clicked; `size` in CSS pixels, as large as the paper wants it. */
  constructor(shell, size, picked) {
    Object.assign(this, { map: shell.map, size, apart: size * 0.84, picked, looks: shell.layers.pins.looks, rows: [], markers: new Map(), selected: null });
    this.pane = shell.layers.pins.pane;
    const { pane } = shell.layers.leaders;
    this.leaders = L.layerGroup().addTo(this.map);
    this.line = { pane, renderer: L.svg({ pane, padding: 1 }), color: "#1b2733", weight: 1, opacity: 0.75, interactive: false };
    this.map.on("zoomend viewreset", () => this.spread());
    const box = this.map.getPane(this.pane);
    const pins = () => this.rows.map((row) => this.markers.get(row.key).getElement());
    this.roving = new Roving(box, pins, { reach: (pin) => this.look(pin.dataset.key), still: true });
    box.addEventListener("keydown", (event) => {
      const pin = event.target.closest(".wall-pin");
      if (!pin || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      this.picked(pin.dataset.key);
    });
  }

  /** Whether pins had to be drawn: for these rows, and for no others; most news move none. */
  show(rows) {
    this.rows = rows.filter((row) => row.location);
    const drawn = JSON.stringify(this.rows.map(({ key, nr, standing, location, category }) => [key, nr, standing, location, category.name]));
    if (drawn === this.drawn) return false;
    this.drawn = drawn;
    const kept = new Set(this.rows.map((row) => row.key));
    for (const [key, pin] of this.markers) {
      if (kept.has(key)) continue;
      pin.remove();
      this.markers.delete(key);
    }
    for (const row of this.rows) this.#set(row);
    this.spread();
    this.select(this.selected);
    return true;
  }

  #set(row) {
    const at = [row.location.lat, row.location.lon];
    const drawn = `${row.nr} ${row.standing}`;
    let pin = this.markers.get(row.key);
    if (!pin) {
      pin = L.marker(at, { pane: this.pane, keyboard: false, riseOnHover: true, icon: this.#icon(row) });
      pin.on("click", () => this.picked(row.key));
      pin.addTo(this.map);
      this.markers.set(row.key, pin);
    } else if (pin.drawn !== drawn) {
      pin.setIcon(this.#icon(row));
    }
    pin.drawn = drawn;
    pin.true = L.latLng(at);
    pin.setZIndexOffset(-row.nr * 10); // the most urgent lie on top
    pin.getElement().dataset.key = row.key;
    pin.getElement().dataset.nr = row.nr;
    pin.getElement().dataset.standing = row.standing;
    pin.getElement().setAttribute("role", "button");
    pin.getElement().setAttribute("aria-label", [row.nr, row.category.name, word(`standing_${row.standing}`)].join(" · "));
  }

  #icon(row) {
    const html = mark(this.looks[row.standing], row.standing, row.nr);
    return L.divIcon({ html, className: "wall-pin", iconSize: [this.size, this.size], iconAnchor: [this.size / 2, this.size / 2] });
  }

  /** Sets pins apart that would cover each other; a thin line leads back to where each belongs. */
  spread() {
    this.leaders.clearLayers();
    const half = this.size / 2;
    const view = L.bounds(this.map.containerPointToLayerPoint([half, half]), this.map.containerPointToLayerPoint(this.map.getSize().subtract([half, half])));
    const taken = new Taken(this.apart);
    for (const row of this.rows) {
      const pin = this.markers.get(row.key);
      const at = this.map.latLngToLayerPoint(pin.true);
      const to = taken.free(at, view.contains(at) ? view : null);
      taken.keep(to);
      if (to.equals(at)) {
        pin.setLatLng(pin.true);
        continue;
      }
      const moved = this.map.layerPointToLatLng(to);
      pin.setLatLng(moved);
      this.leaders.addLayer(L.polyline([pin.true, moved], this.line));
    }
  }

  /** Marks the pin of that row; null marks none. */
  select(key) {
    this.selected = key;
    for (const [own, pin] of this.markers) {
      pin.getElement().classList.toggle("wall-pin-selected", own === key);
      pin.getElement().setAttribute("aria-pressed", String(own === key));
      if (own === key) pin.setZIndexOffset(100000);
    }
    this.roving.stop(this.markers.get(key)?.getElement());
  }

  /** Brings the pin into view, where it is out of it. */
  look(key) {
    const pin = this.markers.get(key);
    if (pin && !this.map.getBounds().pad(-0.05).contains(pin.getLatLng())) this.map.panTo(pin.getLatLng(), { animate: false });
  }

  /** What the pins take of the map, as bounds in layer points. */
  boxes() {
    const half = this.size / 2;
    return [...this.markers.values()].map((pin) => {
      const at = this.map.latLngToLayerPoint(pin.getLatLng());
      return L.bounds(at.subtract([half, half]), at.add([half, half]));
    });
  }

  /** How many pins lie outside what the map shows. */
  nOff() {
    const here = this.map.getBounds();
    return [...this.markers.values()].filter((pin) => !here.contains(pin.getLatLng())).length;
  }
}

/** Places already taken, in cells as wide as two pins must be apart. */
class Taken {
  constructor(apart) {
    Object.assign(this, { apart, cells: new Map() });
  }

  #name(at, x = 0, y = 0) {
    return `${Math.floor(at.x / this.apart) + x} ${Math.floor(at.y / this.apart) + y}`;
  }

  keep(at) {
    const name = this.#name(at);
    if (!this.cells.has(name)) this.cells.set(name, []);
    this.cells.get(name).push(at);
  }

  isFree(at) {
    for (const x of [-1, 0, 1]) {
      for (const y of [-1, 0, 1]) {
        const near = this.cells.get(this.#name(at, x, y)) ?? [];
        if (near.some((other) => Math.hypot(other.x - at.x, other.y - at.y) < this.apart)) return false;
      }
    }
    return true;
  }

  /** The nearest free place on rings around the true one, `within` bounds; where all are taken, the true one after all. */
  free(at, within) {
    if (this.isFree(at)) return at;
    for (let ring = 1; ring <= RINGS; ring += 1) {
      for (let part = 0; part < 6 * ring; part += 1) {
        const turn = (2 * Math.PI * part) / (6 * ring);
        const out = ring * this.apart * 1.001;
        const there = L.point(at.x + out * Math.cos(turn), at.y + out * Math.sin(turn));
        if ((!within || within.contains(there)) && this.isFree(there)) return there;
      }
    }
    return at;
  }
}
