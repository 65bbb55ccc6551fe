// The live stream: news as they are committed; after a loss the page comes again by itself and catches up in one request.
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const SILENT_MS = 25000; // the service beats every ten seconds

export class Live {
  /** `on`: {board(data), state(name, data), failed()}; states: waiting (for the first word), live, lost. */
  constructor(address, on) {
    Object.assign(this, { address, on, source: null, cursor: null, tries: 0, timer: null, filters: {} });
    // a laptop that slept or changed its network does not wait for a time-out
    window.addEventListener("online", () => this.source === null && this.open(this.filters, this.cursor));
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", (event) => event.persisted && this.open(this.filters, this.cursor));
  }

  /** Begins anew with these filters; `since`: the cursor of what the page has, if it has something. */
  open(filters, since = null) {
    this.close();
    Object.assign(this, { filters, cursor: since });
    this.on.state(since === null ? "waiting" : "lost");
    this.#begin();
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    this.source?.close();
    this.source = null;
  }

  #begin() {
    const url = new URL(this.address, location.origin);
    for (const [name, value] of Object.entries(this.filters)) url.searchParams.set(name, value);
    url.searchParams.set("lang", document.documentElement.lang);
    if (this.cursor) url.searchParams.set("since", this.cursor);
    const source = (this.source = new EventSource(url));
    this.heard = false;
    source.addEventListener("board", (event) => this.#heard(event, this.on.board));
    source.addEventListener("beat", (event) => this.#heard(event, () => {}));
    source.addEventListener("end", (event) => this.#ended(JSON.parse(event.data).code));
    source.addEventListener("error", () => this.#lost());
    this.#expect();
  }

  #heard(event, then) {
    const data = JSON.parse(event.data);
    this.tries = 0;
    this.heard = true;
    this.cursor = event.lastEventId || this.cursor;
    this.#expect();
    then(data);
    this.on.state("live", data);
  }

  // a connection can die without a word
  #expect() {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.#lost(), SILENT_MS);
  }

  #ended(code) {
    if (code !== "signed_out" && code !== "not_allowed") return this.#lost();
    this.close();
    this.on.state("lost");
    this.on.failed(code);
  }

  // the browser's own way of coming again gives up at the first refusal; and a little chance keeps a hundred screens
  // from coming all at once when the service starts again
  #lost() {
    this.close();
    this.on.state("lost");
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.tries) * (0.5 + Math.random());
    this.tries += 1;
    this.timer = setTimeout(() => this.#begin(), wait);
    if (!this.heard) this.on.failed(null);
  }
}
