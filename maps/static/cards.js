// Small cards over the map: a name and what is to be said of it, as text.
import { count, element, percent, word } from "./words.js";

/** A card with a name and lines; without lines those of a row's doors: share reached, and of how many. */
export function card(name, lines, row = null) {
  const made = element("div", "map-card");
  made.append(element("strong", "", name));
  for (const text of lines ?? doorsTold(row)) made.append(element("div", "", text));
  return made;
}

function doorsTold(row) {
  const share = row.share === null ? word("tip_no_share") : word("tip_share", { share: percent(row.share) });
  return [share, word("tip_of", { n: count(row.n), denom: count(row.denom) })];
}
