// What the test for hot and cold spots says: where to look first, how sure that is, and what was tested.
import { count, element, word } from "./words.js";

const HOT = ["hot99", "hot95", "hot90"];
const COLD = ["cold99", "cold95", "cold90"];
const FIRST = 5;

/** Fills the strip over the map: the areas that stand out, surest first, each a button; then what was tested. */
export function drawFinding(box, answer, picked) {
  const test = answer?.significance;
  box.hidden = !test;
  if (!test) return;
  const [first, told] = [element("p", "map-look"), element("p", "map-tested")];
  if (!test.n_tested) {
    first.append(element("strong", "", word(`untested_${test.reason ?? "too_few"}`)));
    box.replaceChildren(first);
    return;
  }
  const hot = hotRows(answer.rows);
  first.append(element("strong", "", word(hot.length ? "look_first" : "look_nowhere")));
  for (const row of hot.slice(0, FIRST)) first.append(place(row, picked));
  if (hot.length > FIRST) first.append(element("span", "map-weak", word("look_more", { n: count(hot.length) })));
  told.append(badge(test), element("span", "", numbers(answer)));
  box.replaceChildren(first, told);
}

/** What was tested, for the legend's title: rates or counts, so that nobody takes one for the other. */
export function badge(test) {
  return element("span", `map-badge map-badge-${test.on}`, word(`tested_${test.on}`));
}

/** The sentences under the legend of the test: the numbers, how it was done, what "not significant" means. */
export function testTold(answer) {
  const test = answer.significance;
  const near = word(`weights_${test.weights}`, { k: test.k ?? "", band_m: count(test.band_m ?? null) });
  const on = test.on === "rates" ? [word("denominator", { label: answer.denominator.label }), word("tested_from", { n: test.min_households })] : [];
  return [word("not_significant_means"), ...on, word("tested_how", { near })];
}

/** The areas whose figures are high beyond chance, surest first. */
export function hotRows(rows) {
  const rank = (row) => HOT.indexOf(row.band);
  return rows.filter((row) => rank(row) >= 0).sort((a, b) => rank(a) - rank(b) || (b.z ?? 0) - (a.z ?? 0));
}

/** Why a row has no class, in words. */
export const untestedWhy = (row) => (row.why ? word(`why_${row.why}`) : word("not_tested"));

function place(row, picked) {
  const name = row.name || row.code;
  const button = element("button", "map-place", row.ring ? word("cell_name", { code: name }) : name);
  button.type = "button";
  button.append(element("span", `map-sure map-sure-${row.band}`, `${row.band.slice(-2)}\u00a0%`));
  button.addEventListener("click", () => picked(row.code));
  return button;
}

// counted from the rows shown: a reader of some areas gets the numbers of the own ones
function numbers(answer) {
  const n = (bands) => answer.rows.filter((row) => bands.includes(row.band)).length;
  const tested = answer.rows.filter((row) => row.band).length;
  const facts = { tested, hot: n(HOT), cold: n(COLD), none: n(["none"]), untested: answer.rows.length - tested };
  const seen = answer.significance.n_tested;
  const islands = answer.rows.filter((row) => row.why === "island").length;
  const told = Object.fromEntries(Object.entries({ ...facts, islands }).map(([name, value]) => [name, count(value)]));
  // the test runs over all areas, so that two readers see the same classes
  return word("tested_numbers", told) + (seen > tested ? word("tested_over", { n: count(seen) }) : "");
}
