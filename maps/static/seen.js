// The signs in view as a list over the map: for the keyboard, for a screen reader, for whoever cannot aim so well.
import { Roving } from "./roving.js";
import { count, element, word } from "./words.js";

export const BETWEEN = " · ";
const MOST = 60; // of each kind; a list that nobody can read to its end helps nobody

export class Seen {
  constructor(map) {
    this.box = document.getElementById("map-seen");
    [this.told, this.list] = [this.box.querySelector("summary"), this.box.querySelector("div")];
    this.kinds = new Map();
    this.roving = new Roving(this.list, () => [...this.list.querySelectorAll("button")]);
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.box.open) return;
      // the selection of the page stays: Esc leaves the list first
      event.stopPropagation();
      this.box.open = false;
      this.told.focus();
    });
    map.on("mousedown", () => (this.box.open = false));
  }

  /**
   * What is seen of one kind: its heading and marks {key, label, open}; none takes it away. `open(back, room)` shows one
   * with `room` pixels free at the right; `back()` returns to its line.
   */
  set(kind, heading, marks) {
    if (marks.length) this.kinds.set(kind, { heading, marks });
    else this.kinds.delete(kind);
    const n = [...this.kinds.values()].reduce((sum, one) => sum + one.marks.length, 0);
    this.told.textContent = word("seen", { n: count(n) });
    this.box.hidden = n === 0;
    this.#fill();
  }

  #fill() {
    const focused = this.list.contains(document.activeElement);
    const key = this.list.querySelector("[tabindex='0']")?.dataset.key;
    this.list.replaceChildren();
    for (const [kind, { heading, marks }] of this.kinds) this.list.append(element("h3", "", `${heading} ${count(marks.length)}`), this.#lines(kind, marks));
    this.list.append(element("p", "map-seen-keys", word("seen_keys")));
    const stop = this.roving.stop(this.#line(key));
    // what was in view before the map moved may be gone
    if (focused) (stop ?? this.told).focus({ preventScroll: true });
  }

  #lines(kind, marks) {
    const list = element("ul");
    for (const mark of marks.slice(0, MOST)) {
      const button = element("button");
      // a date or a number is not broken
      mark.label.split(BETWEEN).forEach((part, at) => button.append(at ? BETWEEN : "", element("span", "", part)));
      Object.assign(button, { type: "button", tabIndex: -1 });
      button.dataset.key = `${kind} ${mark.key}`;
      button.addEventListener("click", () => {
        // on a phone the list lies over what it opens
        if (window.matchMedia("(max-width: 760px)").matches) this.box.open = false;
        mark.open(() => this.#back(button.dataset.key), (this.box.open ? this.box.offsetWidth : 0) + 20);
      });
      const line = element("li");
      line.append(button);
      list.append(line);
    }
    if (marks.length > MOST) list.append(element("li", "map-seen-more", word("seen_more", { n: count(marks.length - MOST) })));
    return list;
  }

  #back(key) {
    if (!this.box.hidden) ((this.box.open && this.#line(key)) || this.told).focus();
  }

  #line(key) {
    return [...this.list.querySelectorAll("button")].find((one) => one.dataset.key === key);
  }
}
