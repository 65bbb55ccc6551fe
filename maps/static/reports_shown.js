// The choice whether reports are seen on the map, in which form, and what their signs mean.
import { settle, tellError } from "./notice.js";
import { ReportTiles, reportLegend } from "./report_tiles.js";
import { Seen } from "./seen.js";
import { element, word } from "./words.js";

const by = (id) => document.getElementById(id);

export class ReportsShown {
  /** `keep()` is called when the choice changes, to be kept in the address. */
  constructor(shell, keep) {
    this.choice = by("map-reports");
    this.seen = new Seen(shell.map);
    this.tiles = new ReportTiles(shell, {
      label: categoryOf,
      failed: (error) => tellError("reports", error, () => this.tiles.again()),
      drawn: (well) => {
        if (well) settle("reports");
        this.#legend();
        this.#list();
      },
    });
    this.choice.addEventListener("change", () => {
      this.tiles.show(this.choice.value);
      keep();
    });
    shell.map.on("zoomend", () => this.#legend());
    shell.map.on("moveend", () => this.#list());
    shell.reports = this.tiles;
  }

  /** Takes the choice of an address. */
  restore({ reports }) {
    if (["points", "heat"].includes(reports)) this.choice.value = reports;
  }

  /** Shows the reports that an answer counts, of the category asked for. */
  load(answer, category) {
    if (!answer) return;
    this.tiles.filter({ from: answer.from, to: answer.to, category });
    this.tiles.show(this.choice.value);
  }

  /** What the address keeps of it. */
  look() {
    return { reports: this.choice.value === "none" ? null : this.choice.value };
  }

  #list() {
    const marks = this.tiles.signs().map((sign) => ({ ...sign, open: (...how) => this.tiles.open(sign, ...how) }));
    this.seen.set("reports", word("reports_listed"), marks);
  }

  #legend() {
    const box = by("map-reports-legend");
    const shown = this.tiles.shown();
    box.hidden = shown === null;
    if (shown === null) return;
    box.replaceChildren();
    if (this.tiles.kind === "points") box.append(reportLegend(shown));
    const note = this.tiles.kind === "heat" ? word("reports_heat_told")
      : { bins: word("reports_bins_told"), both: word("reports_both_told") }[shown];
    if (note) box.append(element("p", "map-method", note));
  }
}

function categoryOf(code) {
  const options = [...(by("map-form").elements.category?.options ?? [])];
  return options.find((option) => option.value === code)?.textContent.trim() || code;
}
