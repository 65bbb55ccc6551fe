// The table beside the map: the same figures for keyboard, screen reader, print and spreadsheet.
import { announce } from "./notice.js";
import { count, element, known, shown, word } from "./words.js";
import { untestedWhy } from "./finding.js";
import { chip, isFew } from "./legend.js";

const FIRST_ROWS = 300;

// columns of numbers that are counts, and those that are rates over households
const COUNTS = ["n", "denom", "visits"];
const RATES = ["rate", "smoothed"];

export class Table {
  /**
   * `picked(code)` is called on Enter or click, with null on Esc; `sorted(text)` when another column leads;
   * `drill(row)` gives the links from a selected row to what lies behind it, or null.
   */
  constructor(picked, sorted, drill = () => null) {
    const by = (id) => document.getElementById(id);
    [this.head, this.body] = [by("map-table").tHead.rows[0], by("map-table").tBodies[0]];
    [this.more, this.empty, this.count, this.search] = [by("map-more"), by("map-empty"), by("map-shown"), by("map-search")];
    Object.assign(this, { picked, sorted, drill, rows: [], legend: null, sort: null, selected: null, all: false });
    this.more.addEventListener("click", () => this.showAll());
    this.search.addEventListener("input", () => this.draw());
    this.body.addEventListener("keydown", (event) => this.#key(event));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-code]");
      if (row) this.picked(row.dataset.code);
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target instanceof Element && event.target.closest("input, select, textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.search.focus();
    });
  }

  /** Other figures: rows, the legend they are drawn by, the columns ["name", "n", …] and how to sort ("-rate"). */
  fill(rows, legend, columns, { sort, opacity, areaColumn, main }) {
    Object.assign(this, { rows, legend, columns, opacity, areaColumn, main });
    this.sort = columns.includes(sort?.replace("-", "")) ? sort : `-${columns[columns.length - 1]}`;
    this.draw();
  }

  /** Marks the row of that code; null marks none. `move`: bring it into view, even out of a search. */
  select(code, move) {
    this.selected = code;
    if (move && code !== null && !this.#row(code) && this.rows.some((row) => row.code === code)) {
      this.search.value = "";
      this.all = true;
      this.draw();
    }
    for (const row of this.body.rows) row.setAttribute("aria-selected", String(row.dataset.code === code));
    this.#drawDrill();
    const row = code === null ? null : this.#row(code);
    if (!row) return;
    this.#stop(row);
    if (!move) return;
    const box = row.closest(".map-scroll");
    const [top, bottom] = [row.offsetTop - this.head.offsetHeight, row.offsetTop + row.offsetHeight];
    if (top < box.scrollTop || bottom > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
  }

  /** Puts the focus on the row that Tab would reach, or on the search where there is none. */
  enter() {
    (this.body.querySelector("tr[tabindex='0']") || this.search).focus();
  }

  showAll() {
    this.all = true;
    this.draw();
  }

  /** The rows as they are sorted and searched now. */
  visible() {
    const text = this.search.value.trim().toLowerCase();
    const holds = (row) => [row.name, row.code].some((part) => part && part.toLowerCase().includes(text));
    const [column, turn] = [this.sort.replace("-", ""), this.sort.startsWith("-") ? -1 : 1];
    const sure = column === "name" ? () => 0 : (a, b) => this.#rank(a, column) - this.#rank(b, column);
    return this.rows.filter(holds).sort((a, b) => sure(a, b) || compare(a, b, column, turn));
  }

  /** A line under the head instead of rows: loading, nothing found, nothing there. */
  say(text) {
    this.empty.textContent = text;
    this.empty.hidden = !text;
  }

  clear() {
    this.rows = [];
    this.body.replaceChildren();
    this.more.hidden = true;
    this.count.textContent = "";
  }

  draw() {
    if (!this.columns) return;
    this.body.parentElement.dataset.measure = this.legend.measure;
    this.#drawHead();
    const rows = this.visible();
    const drawn = this.all ? rows : rows.slice(0, FIRST_ROWS);
    this.body.replaceChildren(...drawn.map((row) => this.#line(row)));
    this.#drawDrill();
    if (this.body.rows.length) this.#stop(this.#row(this.selected) || this.body.rows[0]);
    this.more.hidden = drawn.length === rows.length;
    this.more.textContent = word("show_all", { n: count(rows.length) });
    this.count.textContent = word("shown", { n: count(rows.length), total: count(this.rows.length) });
    if (this.rows.length) this.say(rows.length ? "" : word("empty_search", { text: this.search.value.trim() }));
  }

  #drawHead() {
    const cells = this.columns.map((column) => {
      const cell = element("th", `map-col-${column}${column === "name" || column === "band" ? "" : " map-number"}`);
      cell.scope = "col";
      const leads = this.sort.replace("-", "") === column;
      cell.setAttribute("aria-sort", leads ? (this.sort.startsWith("-") ? "descending" : "ascending") : "none");
      const title = this.#title(column);
      const button = element("button", "map-sort", title);
      button.type = "button";
      button.title = word("sort_by", { column: title });
      button.addEventListener("click", () => this.#sortBy(column));
      cell.append(button);
      return cell;
    });
    const focused = [...this.head.cells].findIndex((cell) => cell.contains(document.activeElement));
    this.head.replaceChildren(...cells);
    if (focused >= 0) cells[focused].firstElementChild.focus();
  }

  #title(column) {
    return word(column === "name" ? this.areaColumn : `col_${column}`);
  }

  #sortBy(column) {
    const leads = this.sort.replace("-", "") === column;
    // figures are looked at from the top first, names from the beginning
    if (leads) this.sort = this.sort.startsWith("-") ? column : `-${column}`;
    else this.sort = column === "name" ? column : `-${column}`;
    this.draw();
    this.sorted(this.sort);
    announce(word("announce_sorted", { column: this.#title(column) }));
  }

  #line(row) {
    const line = element("tr");
    line.dataset.code = row.code;
    line.tabIndex = -1;
    line.setAttribute("aria-selected", String(row.code === this.selected));
    for (const column of this.columns) {
      if (column === "name") {
        line.append(this.#areaCell(row));
      } else if (column === "band") {
        line.append(element("td", `map-col-band${row.band ? "" : " map-weak"}`, bandTold(row)));
      } else {
        const few = RATES.includes(column) && isFew(row, this.main);
        const text = shown(COUNTS.includes(column) ? "n" : column, row[column], this.main.digits);
        const cell = element("td", `map-number map-col-${column}${column === "denom" || column === "visits" || few ? " map-weak" : ""}`, text);
        if (few) cell.title = word("tip_few", { n: this.main.few_below });
        line.append(cell);
      }
    }
    return line;
  }

  // what is not known stands last in either direction; before it a rate over a handful of households, which
  // would lead every list
  #rank(row, column) {
    if (!known(valueOf(row, column))) return 2;
    return RATES.includes(column) && isFew(row, this.main) ? 1 : 0;
  }

  #areaCell(row) {
    const [cell, area, text] = [element("td"), element("div", "map-area"), element("div")];
    text.append(element("span", "map-area-name", row.name || row.code));
    if (row.name && !row.ring && !row.bare) text.append(element("small", "map-code", row.code));
    // where there is no room for its column
    if (this.columns.includes("band")) text.append(element("div", "map-band-line", bandTold(row)));
    if (row.retired) text.append(element("div", "map-code", word("retired")));
    area.append(chip(row, this.legend, this.opacity), text);
    cell.append(area);
    return cell;
  }

  // what lies behind the selected area: links in its row, so that Tab goes on to them
  #drawDrill() {
    for (const links of this.body.querySelectorAll(".map-drill")) links.remove();
    const row = this.#row(this.selected);
    const links = row && this.drill(this.rows.find((one) => one.code === this.selected));
    if (links) row.querySelector(".map-area > div").append(links);
  }

  #row(code) {
    return code === null ? null : [...this.body.rows].find((row) => row.dataset.code === code);
  }

  // one Tab stop in the whole body; arrows move it
  #stop(row) {
    for (const other of this.body.querySelectorAll("tr[tabindex='0']")) other.tabIndex = -1;
    row.tabIndex = 0;
  }

  #key(event) {
    const row = event.target.closest("tr[data-code]");
    if (!row || event.target.closest("a")) return;
    const rows = this.body.rows;
    const moves = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling, Home: rows[0], End: rows[rows.length - 1] };
    if (event.key in moves) {
      event.preventDefault();
      const target = moves[event.key];
      if (target) {
        this.#stop(target);
        target.focus();
      }
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.picked(row.dataset.code);
    }
  }
}

function compare(a, b, column, turn) {
  if (column === "name") return turn * named(a).localeCompare(named(b)) || order(a, b);
  return turn * (valueOf(a, column) - valueOf(b, column)) || order(a, b);
}

// classes of the test are ordered by what they were made from
const bandTold = (row) => (row.band ? word(`band_${row.band}`) : untestedWhy(row));
const valueOf = (row, column) => row[column === "band" ? "z" : column];

const named = (row) => row.name || row.code;
const order = (a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
