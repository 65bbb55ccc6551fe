// Where a report lies, whose grid that is, and who will get it, as far as this phone can tell.
import { place } from "./place.js";
import { toWgs84 } from "./shift.js";
import { t } from "./words.js";

const VAGUE_M = 50;
export const USELESS_M = 500; // more says nothing about a grid

/** The position that counts, in WGS 84: {lon, lat, accuracy_m}; the accuracy is null for a pin put by hand; null: none yet. */
export function pointOf({ fix, pin }) {
  if (pin) return { ...pin, accuracy_m: null };
  if (!fix) return null;
  const [lon, lat] = toWgs84(fix.lon, fix.lat, fix.crs);
  return { lon, lat, accuracy_m: fix.accuracy_m };
}

/** What `place` says of it; null where there is no position or no grid on this phone. */
export function placed(flow) {
  const { value, held } = flow;
  if (!held.grids.length) return null;
  if (value.where === "compound") {
    const compound = held.compounds.find((one) => one.id === value.compound);
    const grid = compound && held.grids.find((one) => one.code === compound.grid);
    return grid ? { grid: grid.code, worker: grid.worker || null, method: "covers", confidence: null, sides: [] } : null;
  }
  const point = value.where === "here" ? pointOf(value) : null;
  return point && place(point.lon, point.lat, point.accuracy_m, held.grids, held.nearest_max_m);
}

/** Which grid it is and who will get it, in a sentence. */
export function recipient(flow) {
  const { value, held } = flow;
  const where = placed(flow);
  if (value.where === "words") return t("place.by_words");
  if (!where) return value.where === "here" && !pointOf(value) ? "" : t("place.unknown");
  if (!where.grid) return t("place.outside");
  const grid = nameOf(held.grids, where.grid);
  const who = where.worker ? t("place.to", { worker: where.worker }) : t("place.to_nobody");
  return where.method === "nearest" ? t("place.near", { grid, m: Math.max(1, Math.round(where.distance_m)), who }) : t("place.in", { grid, who });
}

/** How good the phone's own position is, in a sentence: [text, whether it is a warning]. */
export function quality(flow) {
  const { value, failure } = flow;
  if (value.pin) return [t("place.by_hand"), false];
  if (!value.fix) return failure ? [t(`place.failed_${failure}`), true] : [t("place.looking"), false];
  const m = Math.round(value.fix.accuracy_m);
  if (m > USELESS_M) return [t("place.useless", { m }), true];
  return m > VAGUE_M ? [t("place.vague", { m }), true] : [t("place.within", { m }), false];
}

/** The name of a grid on this phone. */
export function nameOf(grids, code) {
  const grid = grids.find((one) => one.code === code);
  return (grid && grid.name) || code;
}
