// Small cards over the map: a name and what is to be said of it, as text.
import { count, element, percent, word } from "./words.js";

/** A card with a name and lines. */
export function card(name, lines) {
  const made = element("div", "map-card");
  made.append(element("strong", "", name));
  for (const text of lines) made.append(element("div", "", text));
  return made;
}

/** What a row says of its doors: share reached, and of how many. */
export function doorsTold(row) {
  const share = row.share === null ? word("tip_no_share") : word("tip_share", { share: percent(row.share) });
  return [share, word("tip_of", { n: count(row.n), denom: count(row.denom) })];
}

/** Opens a tooltip at a place of the map: over it, or under it where there is no room above; gives it back. */
export function lean(tip, map, at) {
  Object.assign(tip.options, { direction: "top", offset: L.point(0, -6) });
  tip.setLatLng(at).addTo(map);
  const { y } = map.latLngToContainerPoint(at);
  if (y > tip.getElement().offsetHeight + 14 || y > map.getSize().y / 2) return tip;
  Object.assign(tip.options, { direction: "bottom", offset: L.point(0, 6) });
  return tip.setLatLng(at);
}
