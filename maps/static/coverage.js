// What the coverage page has beside its grids: a campaign's days, compounds as rings and rows, doors that are left.
import { Days } from "./slider.js";
import { Doors } from "./doors.js";
import { getJson } from "./load.js";
import { settle, tellError } from "./notice.js";
import { BETWEEN, Seen } from "./seen.js";
import { codeOf, progressTold, Symbols } from "./symbols.js";
import { count, element, percent, word } from "./words.js";

const by = (id) => document.getElementById(id);

export class Coverage {
  /** `page`: { show() draws everything anew, select(code) of an area or compound, keep() writes the address }. */
  constructor(shell, page) {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    Object.assign(this, { shell, page, compounds: [], nowhere: 0, campaign: undefined, list: "grids", told: { rings: "", doors: "" }, day: null, asked: null });
    this.days = new Days(() => this.#changed(), calm);
    const seen = new Seen(shell.map);
    const compounds = (rows) => seen.set("rings", word("progress"), rows.map((row) => this.#mark(row)));
    this.doors = new Doors(shell, (text) => this.#say("doors", text), (marks) => seen.set("doors", word("doors"), marks));
    this.symbols = new Symbols(shell, (code) => page.select(code), compounds);
    shell.map.on("zoomend", () => this.#rings());
    // paper opens nothing
    window.addEventListener("beforeprint", () => (by("map-notes").open = true));
    window.addEventListener("afterprint", () => (by("map-notes").open = false));
    by("map-progress").addEventListener("change", () => this.#changed());
    by("map-doors").addEventListener("change", () => this.#changed());
    for (const radio of document.querySelectorAll("input[name=list]")) {
      radio.addEventListener("change", () => {
        this.list = radio.value;
        page.select(null);
        this.#changed();
      });
    }
  }

  /** Takes what the address says: the day, which rows, which marks. */
  restore(look) {
    this.day = look.day;
    // a link that names a compound but no view is meant to show it
    this.toShow = look.map === null && (look.sel ?? "").startsWith("compound:") ? look.sel : null;
    this.list = look.list === "compounds" ? "compounds" : "grids";
    for (const radio of document.querySelectorAll("input[name=list]")) radio.checked = radio.value === this.list;
    by("map-progress").checked = look.rings !== "off";
    if (!by("map-doors").disabled) by("map-doors").checked = look.doors === "on";
  }

  /** What the address is to say. */
  look() {
    return {
      day: this.days.day ?? (this.days.data ? null : this.day),
      list: this.list === "grids" ? null : this.list,
      rings: by("map-progress").checked ? null : "off",
      doors: by("map-doors").checked ? "on" : null,
    };
  }

  /** Fetches what belongs to these filters, and draws when it is there. */
  async load(filters) {
    this.asked?.abort();
    const { signal } = (this.asked = new AbortController());
    const { campaign = null, from, to } = filters;
    const params = Object.fromEntries(Object.entries({ campaign, from, to }).filter(([, value]) => value));
    this.campaign = campaign;
    if (!campaign || from || to) this.days.clear();
    const { address, days } = this.shell.layers.progress;
    const again = () => this.load(filters);
    const asks = [getJson(address, params, signal).then((answer) => this.#take(answer))];
    if (campaign && !from && !to) asks.push(this.days.load(days, campaign, this.day, signal));
    const [rings, slid] = await Promise.allSettled(asks);
    if (signal.aborted) return;
    outcome("rings", rings, again);
    if (rings.status === "rejected") this.compounds = [];
    if (slid) outcome("days", slid, again);
    if (slid?.status === "rejected") this.days.clear();
    this.#changed();
    if (this.toShow) this.symbols.select(this.toShow, true);
    this.toShow = null;
  }

  /** The answer about grids as of the day that is looked at. */
  at(answer) {
    return answer && this.days.at(answer);
  }

  /** The second reading of the whole, as of the day: doors reached of all, confirmed as not to be visited or not. */
  ofAll(answer) {
    if (!answer.counts) return [];
    const names = Object.keys(answer.counts);
    const told = answer.rows.filter((row) => row.counts);
    const add = (value) => told.reduce((sum, row) => sum + value(row), 0);
    const n = add((row) => (this.days.day ? this.days.ofAll(row.code) : row.counts[names.indexOf("reached_enumerated")]));
    const denom = add((row) => row.counts[names.indexOf("enumerated")]);
    return [word("sum_share_all", { share: percent(denom ? n / denom : null), n: count(n), denom: count(denom) })];
  }

  /** After the grids are drawn: the rings, the doors, the definitions, and what the slider says of the whole. */
  drawn(answer) {
    by("map-notes").querySelector("ul").replaceChildren(...(answer.notes ?? []).map((note) => element("li", "", note)));
    const n = answer.rows.reduce((sum, row) => sum + (row.denom ? row.n : 0), 0);
    this.days.say(n, answer.rows.reduce((sum, row) => sum + (row.denom ?? 0), 0), this.ofAll(answer));
    this.#rings();
    const on = by("map-doors").checked;
    if (this.campaign === undefined) return; // not asked for yet
    if (on !== this.doors.on || this.campaign !== this.doors.campaign) this.doors.set(on, this.campaign);
  }

  /** The rows of the table where it lists compounds, as of the day; else null. */
  get listed() {
    return this.list === "compounds" ? this.days.rows(this.compounds) : null;
  }

  /** What the rows of the table add up to, where it lists compounds. */
  sums() {
    const rows = this.listed;
    const n = rows.reduce((sum, row) => sum + (row.n ?? 0), 0);
    const nowhere = this.days.n(null) ?? this.nowhere;
    const hidden = rows.filter((row) => row.n === null).length;
    const lines = [word("sum_compounds", { n: count(n), unlocated: count(nowhere), total: count(n + (nowhere ?? 0)) })];
    if (hidden) lines.push(word("sum_hidden", { n: count(hidden) }));
    return lines;
  }

  /** The compound of that code, as of the day; undefined for anything else. */
  rowOf(code) {
    return this.days.rows(this.compounds).find((row) => row.code === code);
  }

  select(code, move) {
    this.symbols.select(code, move);
  }

  #take(answer) {
    this.compounds = answer.rows.map(coded);
    this.nowhere = answer.nowhere.n;
  }

  #changed() {
    if (this.days.data) this.day = this.days.day;
    this.page.show();
    this.page.keep();
  }

  #rings() {
    const on = by("map-progress").checked;
    const rows = on ? this.days.rows(this.compounds) : [];
    if (rows !== this.symbols.rows) this.symbols.show(rows);
    this.#say("rings", on && rows.length && !this.symbols.near ? word("rings_zoom") : "");
  }

  #say(what, text) {
    this.told[what] = text;
    const own = by("map-doors").disabled ? word("doors_not_for") : "";
    const parts = [[this.told.rings, this.told.doors, own].filter(Boolean).join(" ")];
    if (by("map-doors").checked && this.campaign) parts.push(" ", this.#listLink());
    by("map-hint").replaceChildren(...parts);
  }

  #mark(row) {
    const open = (back, room) => {
      this.page.select(codeOf(row));
      const padding = { paddingTopLeft: [150, 120], paddingBottomRight: [150 + room, 40] };
      this.shell.map.panInside([row.lat, row.lon], { ...padding, animate: false });
    };
    return { key: row.id, label: [row.name, ...progressTold(row)].join(BETWEEN), open };
  }

  // the same doors in walking order, and to take along
  #listLink() {
    const link = element("a", "", word("doors_list"));
    link.href = `/campaigns/${encodeURIComponent(this.campaign)}/mop-up`;
    return link;
  }
}

const coded = (row) => ({ ...row, code: codeOf(row), bare: true });

function outcome(subject, result, again) {
  if (result.status === "fulfilled") settle(subject);
  else tellError(subject, result.reason, again);
}
