// Compounds as rings, filled by the share of their doors that was reached, from the zoom at which they stand apart.
import { card, doorsTold } from "./cards.js";
import { element, word } from "./words.js";

const APART = 24;
const OVER = 15; // pixels above the place, whose name stands there
const MAY_COVER = 0.05; // of the symbols; those come out at a nearer zoom
// for the card above a ring
const ROOM = { paddingTopLeft: [150, 120], paddingBottomRight: [150, 40], animate: false };
const ZOOMS = [11, 12, 13, 14, 15, 16, 17, 18];

export const codeOf = (row) => `compound:${row.id}`;

/** How far a compound is, in words; that its figures are hidden, where they are. */
export const progressTold = (row) => (row.n === null ? [word("tip_hidden")] : doorsTold(row));

export class Symbols {
  /**
   * Draws into the pane of `shell.layers.progress`; `picked(code)` is called when somebody clicks a ring; `seen(rows)` is
   * told whose rings are in view.
   */
  constructor(shell, picked, seen = () => {}) {
    this.map = shell.map;
    this.pane = shell.map.getPane(shell.layers.progress.pane);
    Object.assign(this, { picked, seen, rows: [], from: null, selected: null, drawn: new Map() });
    this.tip = L.tooltip({ className: "map-tip", direction: "top", opacity: 1, offset: [0, -OVER - 12] });
    this.pin = L.tooltip({ className: "map-tip map-pin", direction: "top", opacity: 1, permanent: true, offset: [0, -OVER - 12] });
    this.map.on("moveend zoomend", () => this.draw());
    this.map.on("zoomstart", () => this.#clear());
  }

  /** Takes other rows ({id, name, lon, lat, n, denom, share}); the places stand apart from `from` on. */
  show(rows) {
    const moved = rows.length !== this.rows.length || rows.some((row, at) => row.id !== this.rows[at].id);
    this.rows = rows;
    // the large ones first: of two that cover each other the larger stays
    this.ranked = [...rows].sort((a, b) => (b.denom ?? 0) - (a.denom ?? 0) || a.id - b.id);
    if (moved) this.from = ZOOMS.find((zoom) => this.#covered(zoom) <= MAY_COVER * rows.length) ?? ZOOMS[ZOOMS.length - 1];
    this.draw();
  }

  /** Whether rings are to be seen at the present zoom. */
  get near() {
    return this.rows.length > 0 && this.map.getZoom() >= this.from;
  }

  draw() {
    this.#clear();
    const drawn = [];
    if (this.near) {
      const view = this.map.getBounds().pad(0.1);
      const spots = new Spots();
      for (const row of this.ranked) {
        if (!view.contains([row.lat, row.lon])) continue;
        const at = this.map.latLngToLayerPoint([row.lat, row.lon]).round();
        if (!spots.free(at) && codeOf(row) !== this.selected) continue;
        this.#ring(row, at);
        if (this.map.getBounds().contains([row.lat, row.lon])) drawn.push(row);
      }
    }
    this.seen(drawn);
    this.#pinned();
  }

  /** Rings the compound of that code and pins its figures; `move`: bring it into view. */
  select(code, move) {
    this.selected = code;
    const row = this.rows.find((one) => codeOf(one) === code);
    if (row && move) {
      const zoom = Math.max(this.map.getZoom(), this.from);
      if (zoom !== this.map.getZoom()) this.map.setView([row.lat, row.lon], zoom, { animate: false });
      else this.map.panInside([row.lat, row.lon], ROOM);
    }
    this.draw();
  }

  #ring(row, at) {
    const known = row.share !== null;
    const ring = element("div", `map-ring${known ? "" : " map-ring-unknown"}${row.share === 1 ? " map-ring-all" : ""}`);
    ring.style.setProperty("--share", String(known ? row.share : 0));
    ring.classList.toggle("map-ring-picked", codeOf(row) === this.selected);
    ring.setAttribute("aria-hidden", "true"); // the list of signs and the table have them for the keyboard
    L.DomUtil.setPosition(ring, at.subtract([0, OVER]));
    ring.addEventListener("mouseenter", () => codeOf(row) !== this.selected && this.#tell(this.tip, row));
    ring.addEventListener("mouseleave", () => this.tip.remove());
    ring.addEventListener("click", (event) => {
      L.DomEvent.stop(event);
      this.picked(codeOf(row));
    });
    this.pane.append(ring);
  }

  #tell(tip, row) {
    tip.setContent(card(row.name, progressTold(row))).setLatLng([row.lat, row.lon]).addTo(this.map);
  }

  #pinned() {
    this.tip.remove();
    this.pin.remove();
    const row = this.rows.find((one) => codeOf(one) === this.selected);
    if (row && this.pane.isConnected && this.near) this.#tell(this.pin, row);
  }

  #covered(zoom) {
    const spots = new Spots();
    return this.ranked.filter((row) => !spots.free(this.map.project([row.lat, row.lon], zoom))).length;
  }

  #clear() {
    this.pane.replaceChildren();
  }
}

// places taken, in squares as wide as two of them have to stand apart
class Spots {
  taken = new Map();

  free(at) {
    const [i, j] = [Math.floor(at.x / APART), Math.floor(at.y / APART)];
    for (const x of [i - 1, i, i + 1]) {
      for (const y of [j - 1, j, j + 1]) {
        if (this.taken.get(`${x},${y}`)?.some((other) => other.distanceTo(at) < APART)) return false;
      }
    }
    const key = `${i},${j}`;
    if (!this.taken.has(key)) this.taken.set(key, []);
    this.taken.get(key).push(at);
    return true;
  }
}
