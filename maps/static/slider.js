// A campaign day by day: one answer for all of it, added up here, and the slider that chooses the day.
import { swatchOf } from "./legend.js";
import { getJson } from "./load.js";
import { count, percent, word } from "./words.js";

const STEP_MS = 700;
const DAY_MS = 86_400_000;

export class Days {
  /** `changed()` is called when another day is looked at; `calm`: nothing moves by itself, a press is one day. */
  constructor(changed, calm) {
    const by = (id) => document.getElementById(id);
    [this.box, this.range, this.button, this.told] = [by("map-days"), by("map-day"), by("map-play"), by("map-day-told")];
    Object.assign(this, { changed, calm, data: null, nr: null, wanted: null, timer: null });
    this.button.textContent = calm ? word("day_next") : word("day_play");
    this.range.addEventListener("input", () => {
      this.#stop();
      this.#go(Number(this.range.value));
    });
    this.button.addEventListener("click", () => (this.calm ? this.#go(this.#after()) : this.#toggle()));
  }

  /** Fetches the days of a campaign; `day` (ISO, or null for the last) is looked at first. Throws as getJson does. */
  async load(address, campaign, day, signal) {
    const data = await getJson(address, { campaign }, signal);
    this.wanted = day;
    this.take(data);
  }

  /** Nothing is chosen any more, and the slider is gone. */
  clear() {
    this.#stop();
    Object.assign(this, { data: null, nr: null });
    this.box.hidden = true;
  }

  take(data) {
    this.#stop();
    const last = data.n_days - 1;
    const summed = (series) => sums(series, data.n_days);
    this.data = { ...data, grids: summed(data.grids), excluded: summed(data.excluded), compounds: summed(data.compounds) };
    const nr = this.wanted === null ? last : Math.round((Date.parse(this.wanted) - Date.parse(data.first)) / DAY_MS);
    this.nr = nr >= 0 && nr < last ? nr : null;
    this.range.max = String(Math.max(last, 0));
    this.range.value = String(this.nr ?? last);
    this.box.hidden = last < 1;
  }

  /** The day that is looked at (ISO), or null for the last one. */
  get day() {
    return this.data && this.nr !== null ? this.#name(this.nr) : null;
  }

  /** The answer about grids as it was at the end of the chosen day; the answer itself on the last one. */
  at(answer) {
    if (!this.data || this.nr === null) return answer;
    const rows = this.rows(answer.rows, this.data.grids, "code");
    const legends = Object.fromEntries(Object.entries(answer.legends).map(([name, one]) => [name, recounted(one, rows)]));
    return { ...answer, rows, legends, to: this.day, unlocated: this.#sum(this.data.grids, null) };
  }

  /** Rows with the figures of the chosen day, by `key` of each row. */
  rows(rows, series = this.data?.compounds, key = "id") {
    if (!this.data || this.nr === null) return rows;
    return rows.map((row) => {
      // what is hidden stays so on every day
      if (row.n === null) return row;
      const n = this.#sum(series, row[key]);
      return { ...row, n, share: row.denom ? n / row.denom : null };
    });
  }

  /** Doors reached in the compound of that id (null: in none) on the chosen day; undefined on the last one. */
  n(id) {
    return this.data && this.nr !== null ? this.#sum(this.data.compounds, id) : undefined;
  }

  /** Doors reached in the grid of that code on the chosen day, of all: confirmed as not to be visited or not. */
  ofAll(code) {
    return this.#sum(this.data.grids, code) + this.#sum(this.data.excluded, code);
  }

  /** Says the day and the whole's figures, in both readings, beside the slider and to screen readers. */
  say(n, denom, ofAll) {
    if (!this.data) return;
    const day = this.#name(this.nr ?? this.data.n_days - 1);
    const first = word("day_told", { day, share: percent(denom ? n / denom : null), n: count(n), denom: count(denom) });
    const text = [first, ...ofAll].join(" · ");
    this.range.setAttribute("aria-valuetext", text);
    this.told.textContent = text;
  }

  #sum(series, key) {
    return series.get(key)?.[this.nr] ?? 0;
  }

  #name(nr) {
    return new Date(Date.parse(this.data.first) + nr * DAY_MS).toISOString().slice(0, 10);
  }

  #go(nr) {
    const last = this.data.n_days - 1;
    this.nr = nr < last ? nr : null;
    this.range.value = String(nr);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.changed());
  }

  // after the last day comes the first
  #after() {
    return this.nr === null ? 0 : this.nr + 1;
  }

  #toggle() {
    if (this.timer !== null) return this.#stop();
    this.#go(this.#after());
    this.button.textContent = word("day_pause");
    this.timer = setInterval(() => {
      this.#go(this.#after());
      if (this.nr === null) this.#stop();
    }, STEP_MS);
  }

  #stop() {
    clearInterval(this.timer);
    this.timer = null;
    if (!this.calm) this.button.textContent = word("day_play");
  }
}

// [[key, [day, n, day, n…]]…] as a map from key to the sums at the end of each day
function sums(series, n_days) {
  return new Map(series.map(([key, steps]) => {
    const per = new Array(n_days).fill(0);
    for (let at = 0; at < steps.length; at += 2) per[steps[at]] += steps[at + 1];
    for (let nr = 1; nr < n_days; nr += 1) per[nr] += per[nr - 1];
    return [key, per];
  }));
}

function recounted(legend, rows) {
  const n = new Map(legend.swatches.map((swatch) => [swatch, 0]));
  for (const row of rows) n.set(swatchOf(row, legend), n.get(swatchOf(row, legend)) + 1);
  return { ...legend, swatches: legend.swatches.map((swatch) => ({ ...swatch, n_rows: n.get(swatch) })) };
}
