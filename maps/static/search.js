// One box that finds grids, compounds and reports: a combobox with a list, and the map goes where one chooses.
import { card } from "./cards.js";
import { getJson } from "./load.js";
import { announce, settle, tellError } from "./notice.js";
import { element, word } from "./words.js";

const WAIT_MS = 200;
const NEAR = 17;

export class Search {
  /** `chosen(result)` is called when one is taken; it gives back whether the page itself shows it. */
  constructor(shell, chosen) {
    const by = (id) => document.getElementById(id);
    Object.assign(this, { map: shell.map, chosen, results: [], at: -1, waits: false, asked: null, timer: null });
    [this.input, this.list, this.line] = [by("map-find"), by("map-find-list"), by("map-found")];
    this.spot = L.tooltip({ className: "map-tip map-pin", direction: "top", opacity: 1, permanent: true, interactive: true });
    this.input.addEventListener("input", () => this.#later());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => this.#close());
    // before the blur, which would close the list
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#take(Number(option.dataset.at));
    });
  }

  #later() {
    clearTimeout(this.timer);
    this.asked?.abort();
    const words = this.input.value.trim();
    if (!words) return this.#close();
    this.waits = true;
    this.timer = setTimeout(() => this.#load(words), WAIT_MS);
  }

  async #load(words) {
    const asked = (this.asked = new AbortController());
    try {
      const { results } = await getJson("/api/v1/find", { q: words }, asked.signal);
      settle("find");
      this.#open(results);
    } catch (error) {
      if (error.name !== "AbortError") tellError("find", error, () => this.#load(words));
    }
  }

  #open(results) {
    this.results = results;
    this.at = -1;
    this.waits = false;
    const lines = results.map((one, at) => option(one, at));
    if (!lines.length) {
      lines.push(element("li", "map-find-none", word("find_none")));
      // said once, and not to be chosen
      lines[0].setAttribute("role", "option");
      lines[0].setAttribute("aria-disabled", "true");
    }
    this.list.replaceChildren(...lines);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.#mark(-1);
    announce(results.length ? word("find_n", { n: results.length }) : word("find_none"));
  }

  #close() {
    clearTimeout(this.timer);
    this.asked?.abort(); // an answer still on its way would open the list again
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const open = !this.list.hidden && this.results.length > 0;
    const n = this.results.length;
    if (event.key === "Escape") {
      // the selection of the page stays: Esc leaves the box first
      event.stopPropagation();
      event.preventDefault();
      if (!this.list.hidden) return this.#close();
      this.input.value = "";
      this.#forget();
    } else if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#mark(this.at < 0 ? (step > 0 ? 0 : n - 1) : (this.at + step + n) % n);
    } else if (event.key === "ArrowDown" && n) {
      event.preventDefault();
      this.#open(this.results);
    } else if (event.key === "Enter") {
      event.preventDefault();
      // what is listed may be of fewer letters than were typed: then only what was marked is meant
      if (open && (this.at >= 0 || !this.waits)) this.#take(Math.max(this.at, 0));
    }
  }

  #mark(at) {
    this.at = at;
    for (const one of this.list.children) one.setAttribute("aria-selected", String(at >= 0 && Number(one.dataset.at) === at));
    const marked = this.list.children[at];
    if (!marked || at < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", marked.id);
    marked.scrollIntoView({ block: "nearest" });
  }

  #take(at) {
    const result = this.results[at];
    if (!result) return;
    this.#close();
    this.input.value = result.label;
    this.#forget();
    this.#goTo(result);
    const shown = this.chosen(result);
    if (!shown && result.lon !== null) this.spot.setContent(cardOf(result)).setLatLng([result.lat, result.lon]).addTo(this.map);
    // what the page itself shows needs no second word
    if (shown) return;
    this.line.replaceChildren(element("span", "", [result.label, result.note].filter(Boolean).join(" · ")), ...links(result));
    if (result.lon === null) this.line.append(" ", element("span", "map-weak", word("find_nowhere")));
    this.line.hidden = false;
  }

  #forget() {
    this.spot.remove();
    this.line.hidden = true;
    this.line.replaceChildren();
  }

  #goTo({ bbox, lon, lat }) {
    if (bbox && (bbox[0] < bbox[2] || bbox[1] < bbox[3])) {
      const [west, south, east, north] = bbox;
      this.map.fitBounds([[south, west], [north, east]], { maxZoom: NEAR, padding: [24, 24], animate: false });
    } else if (lon !== null) {
      this.map.setView([lat, lon], Math.max(this.map.getZoom(), NEAR), { animate: false });
    }
  }
}

const kindOf = { grid: () => word("find_grid"), compound: () => word("find_compound"), report: () => word("find_report") };

function option(result, at) {
  const line = element("li", "map-find-option");
  line.id = `map-find-${at}`;
  line.dataset.at = at;
  line.setAttribute("role", "option");
  line.append(element("span", "map-find-kind", kindOf[result.kind]()), element("span", "map-find-label", result.label));
  if (result.note && result.note !== result.label) line.append(element("span", "map-code", result.note));
  return line;
}

function cardOf(result) {
  const made = card(result.label, result.note ? [result.note] : []);
  const [link] = links(result);
  if (link) {
    made.append(link);
    L.DomEvent.disableClickPropagation(link);
  }
  return made;
}

// only our own pages: an address of the answer that leads elsewhere is no link
function links(result) {
  if (result.kind !== "report" || !result.href.startsWith("/reports/")) return [];
  const link = element("a", "map-find-link", word("find_open"));
  link.href = result.href;
  return [link];
}
