// The numbered board: the same rows as the pins, in the order of their numbers.
import { element, when, word } from "../words.js";
import { mark } from "./looks.js";

export const STEPS = ["reported", "filed", "dispatched", "accepted", "disposed", "checked", "closed", "struck_off"];

export class Board {
  /** `picked(key)` is called on Enter or click. */
  constructor(table, looks, source, picked) {
    Object.assign(this, { table, body: table.tBodies[0], looks, source, picked, selected: null, lines: new Map() });
    this.body.addEventListener("keydown", (event) => this.#key(event));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-key]");
      if (row && !event.target.closest("a")) this.picked(row.dataset.key);
    });
  }

  /** Shows these rows in this order; lines that did not change stay as they are, with focus and selection. */
  show(rows) {
    const old = this.lines;
    this.lines = new Map();
    const lines = rows.map((row) => {
      const text = JSON.stringify(row);
      const known = old.get(row.key);
      const line = known?.text === text ? known.line : this.#line(row);
      if (known && known.line !== line && known.line.contains(document.activeElement)) this.toFocus = line;
      this.lines.set(row.key, { line, text });
      return line;
    });
    place(this.body, lines);
    this.toFocus?.focus();
    this.toFocus = null;
    if (!this.body.querySelector("tr[tabindex='0']") && lines.length) lines[0].tabIndex = 0;
    this.select(this.selected, false);
  }

  /** Marks the line of that key; null marks none. `move`: bring it into view. */
  select(key, move) {
    this.selected = key;
    for (const row of this.body.rows) {
      const told = String(row.dataset.key === key);
      if (row.getAttribute("aria-selected") !== told) row.setAttribute("aria-selected", told);
    }
    const line = this.lines.get(key)?.line;
    if (!line) return;
    this.#stop(line);
    if (!move) return;
    const box = line.closest(".map-scroll");
    const [top, bottom] = [line.offsetTop - this.table.tHead.offsetHeight, line.offsetTop + line.offsetHeight];
    if (top < box.scrollTop || bottom > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
  }

  /** Puts the focus on the line that Tab would reach. */
  enter() {
    (this.body.querySelector("tr[tabindex='0']") || this.table).focus();
  }

  #line(row) {
    const line = element("tr", `wall-row wall-row-${row.standing}`);
    line.dataset.key = row.key;
    line.tabIndex = -1;
    line.append(this.#number(row), this.#problem(row), this.#body(row), this.#owner(row), this.#deadline(row));
    line.append(this.#progress(row), cell("struck", row.struck_at ? when(row.struck_at).slice(0, 10) : "—"));
    return line;
  }

  #number(row) {
    const made = cell("nr");
    made.append(mark(this.looks[row.standing], row.standing, row.nr), element("span", "map-hidden", String(row.nr)));
    return made;
  }

  #problem(row) {
    const made = cell("problem");
    const link = element("a", "wall-link", row.category.name);
    link.href = reportPath(row, this.source);
    link.tabIndex = -1; // one stop for the whole board; the card of a selected row has the link for the keyboard
    made.append(link, element("span", "wall-words", row.description));
    const where = row.grid ? row.grid.name || row.grid.code : word("no_pin_row");
    const place = [row.area?.name, where].filter(Boolean).join(" · ");
    made.append(element("small", "wall-place", row.location && row.location.from !== "report" ? `${place}（${word(`located_${row.location.from}`)}）` : place));
    return made;
  }

  #body(row) {
    return row.department ? cell("body", row.department.name) : cell("body wall-weak", word("nobody"));
  }

  #owner(row) {
    if (!row.owner) return cell("owner wall-weak", word("nobody"));
    const made = cell("owner", row.owner.name);
    made.append(element("small", "", word(`owner_${row.owner.as}`)));
    return made;
  }

  #deadline(row) {
    const made = cell("deadline");
    made.append(element("strong", `wall-standing wall-standing-${row.standing}`, word(`standing_${row.standing}`)));
    if (row.until) made.append(element("span", "wall-at", when(row.until)));
    return made;
  }

  #progress(row) {
    const made = cell("progress", word(`step_${row.step}`));
    const n = STEPS.indexOf(row.step) + 1;
    const dots = element("span", "wall-dots", "●".repeat(n) + "○".repeat(STEPS.length - n));
    dots.setAttribute("role", "img");
    dots.setAttribute("aria-label", word("step_of", { n, of: STEPS.length }));
    made.append(dots, element("small", "wall-at", when(row.updated_at)));
    if (row.rework) made.append(element("small", "wall-rework", word("rework", { n: row.rework })));
    return made;
  }

  // one Tab stop in the whole body; arrows move it
  #stop(line) {
    for (const other of this.body.querySelectorAll("tr[tabindex='0']")) other.tabIndex = -1;
    line.tabIndex = 0;
  }

  #key(event) {
    const row = event.target.closest("tr[data-key]");
    if (!row) return;
    const rows = this.body.rows;
    const moves = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling, Home: rows[0], End: rows[rows.length - 1] };
    if (event.key in moves) {
      event.preventDefault();
      if (!moves[event.key]) return;
      this.#stop(moves[event.key]);
      moves[event.key].focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.picked(row.dataset.key);
    }
  }
}

/** The page of a report. */
export function reportPath(row, source) {
  const query = new URLSearchParams();
  if (row.source !== source) query.set("source", row.source);
  if (row.repeat) query.set("repeat", row.repeat);
  const text = query.toString();
  return `/reports/${encodeURIComponent(row.number)}${text ? `?${text}` : ""}`;
}

function cell(name, text) {
  const made = element("td", `wall-${name}`, text);
  made.dataset.head = word(`col_${name.split(" ")[0]}`); // on a phone there is no head above it
  return made;
}

// puts the lines into the body in order and touches only what is not in its place, so that the focus stays
function place(body, lines) {
  const wanted = new Set(lines);
  for (const row of [...body.rows]) if (!wanted.has(row)) row.remove();
  lines.forEach((line, nr) => {
    if (body.rows[nr] !== line) body.insertBefore(line, body.rows[nr] ?? null);
  });
}
