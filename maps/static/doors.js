// Doors that a campaign has still to reach, from a near zoom, for those who may see doors: a square for each building.
import { card, lean } from "./cards.js";
import { getJson } from "./load.js";
import { announce, settle, tellError } from "./notice.js";
import { BETWEEN } from "./seen.js";
import { count, element, word } from "./words.js";

const NEAR = 16;
const WAIT_MS = 250;
const MOST_LINES = 8;

export class Doors {
  /**
   * Draws into the pane of `shell.layers.doors`; `told(text)` gets a sentence about what is not to be seen, or "";
   * `seen(marks)` what is in view, as the list of signs wants it.
   */
  constructor(shell, told, seen = () => {}) {
    this.map = shell.map;
    ({ address: this.address } = shell.layers.doors);
    this.pane = shell.map.getPane(shell.layers.doors.pane);
    Object.assign(this, { told, seen, campaign: null, on: false, places: [], asked: null, timer: null });
    this.tip = L.tooltip({ className: "map-tip", direction: "top", opacity: 1, offset: [0, -10] });
    this.map.on("moveend", () => this.#later());
    this.map.on("zoomstart", () => this.#clear());
  }

  /** Shows the doors of that campaign (code, or null: none is chosen) or takes them away. */
  set(on, campaign) {
    Object.assign(this, { on, campaign });
    this.#clear();
    this.seen([]);
    this.places = [];
    if (!on) this.told("");
    this.#later(0); // off: what waits or was asked for is not to be drawn any more
  }

  #later(wait = WAIT_MS) {
    clearTimeout(this.timer);
    this.asked?.abort();
    if (!this.on) return;
    if (this.campaign === null) return this.told(word("doors_no_campaign"));
    if (this.map.getZoom() < NEAR) {
      this.#clear();
      this.seen([]);
      return this.told(word("doors_zoom"));
    }
    this.#draw();
    this.timer = setTimeout(() => this.#load(), wait);
  }

  async #load() {
    const asked = (this.asked = new AbortController());
    const box = this.map.getBounds();
    const bbox = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((part) => part.toFixed(6)).join(",");
    try {
      const answer = await getJson(this.address, { campaign: this.campaign, bbox }, asked.signal);
      if (asked.signal.aborted) return; // the answer was there already
      settle("doors");
      this.places = grouped(answer.rows);
      const facts = { n: count(answer.rows.length), total: count(answer.rows.length + answer.more) };
      this.told(answer.more ? word("doors_more", facts) : word("doors_shown", facts));
      this.#draw();
    } catch (error) {
      if (error.name !== "AbortError") tellError("doors", error, () => this.#later(0));
    }
  }

  #draw() {
    this.#clear();
    for (const place of this.places) {
      const { lat, lon, doors } = place;
      const dot = element("div", "map-door", doors.length > 1 ? count(doors.length) : "");
      dot.setAttribute("aria-hidden", "true"); // the list of signs has them for the keyboard
      L.DomUtil.setPosition(dot, this.map.latLngToLayerPoint([lat, lon]).round());
      const tell = () => this.#tell(place);
      dot.addEventListener("mouseenter", tell);
      dot.addEventListener("mouseleave", () => this.tip.remove());
      dot.addEventListener("click", (event) => {
        L.DomEvent.stop(event);
        tell();
      });
      this.pane.append(dot);
    }
    const view = this.map.getBounds();
    this.seen(this.places.filter(({ lat, lon }) => view.contains([lat, lon])).map((place) => this.#mark(place)));
  }

  #tell(place) {
    lean(this.tip.setContent(told(place)), this.map, [place.lat, place.lon]);
  }

  // opened from the list it is brought away from the edge, and said
  #mark(place) {
    const open = (back, room) => {
      const padding = { paddingTopLeft: [150, 60], paddingBottomRight: [150 + room, 40] };
      this.map.panInside([place.lat, place.lon], { ...padding, animate: false });
      this.#tell(place);
      announce([titleOf(place), ...linesOf(place.doors, MOST_LINES)].join(BETWEEN));
    };
    return { key: place.key, label: [titleOf(place), ...linesOf(place.doors, 1)].join(BETWEEN), open };
  }

  #clear() {
    this.tip.remove();
    this.pane.replaceChildren();
  }
}

// doors of one building mostly have one place
function grouped(rows) {
  const places = new Map();
  for (const row of rows) {
    const key = `${row.lon},${row.lat}`;
    if (!places.has(key)) places.set(key, { key, lon: row.lon, lat: row.lat, doors: [] });
    places.get(key).doors.push(row);
  }
  return [...places.values()];
}

const titleOf = ({ doors: [first] }) => first.compound || first.grid;
const told = (place) => card(titleOf(place), linesOf(place.doors, MOST_LINES));

function linesOf(doors, most) {
  const lines = doors.slice(0, most).map((door) => {
    const name = [door.label, door.name].filter(Boolean).join(" ");
    return door.visits ? word("door_tried", { name, status: door.status_text, n: count(door.visits) }) : word("door_told", { name });
  });
  if (doors.length > most) lines.push(word("doors_rest", { n: count(doors.length - most) }));
  return lines;
}
