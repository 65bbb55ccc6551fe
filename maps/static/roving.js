// Many things, one Tab stop: arrows, Home and End move among them.

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

export class Roving {
  /**
   * `items()` gives the elements in their order; `reach(item)` is called before an arrow gives one the focus; `still`:
   * the browser scrolls to none.
   */
  constructor(box, items, { reach = () => {}, still = false } = {}) {
    Object.assign(this, { items, reach, still });
    box.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Lets Tab reach that element alone; without one the one reached before, or the first. */
  stop(item = null) {
    const all = this.items();
    const chosen = all.includes(item) ? item : all.find((one) => one.tabIndex === 0) ?? all[0];
    for (const one of all) one.tabIndex = one === chosen ? 0 : -1;
    return chosen;
  }

  #key(event) {
    const all = this.items();
    const at = all.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : event.key in STEPS ? at + STEPS[event.key] : null;
    if (to === null) return;
    // the map beneath would take an arrow for its own
    event.preventDefault();
    event.stopPropagation();
    if (!all[to]) return;
    this.stop(all[to]);
    this.reach(all[to]);
    all[to].focus({ preventScroll: this.still });
  }
}
