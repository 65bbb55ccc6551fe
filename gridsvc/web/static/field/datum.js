// Which coordinate system this phone reports: found once, at a place whose position is known.
import { metres } from "./place.js";
import { DATUMS, toWgs84 } from "./shift.js";
import { getMeta, setMeta } from "./store.js";

const NEAR_M = 60; // so far may somebody stand from the place that was picked
const GOOD_M = 50; // a wider disc decides nothing
const APART_M = 80;

/** What was found: {crs, at, place: {name, lon, lat}, off_m, next_m, accuracy_m}; null before. */
export async function found() {
  return (await getMeta("datum")) || null;
}

/** The coordinate system to send this phone's positions in: wgs84 until another was found. */
export async function datumOf() {
  const known = await found();
  return known && DATUMS.includes(known.crs) ? known.crs : "wgs84";
}

/**
 * Which system a fix taken at a known place (WGS 84) is in: {code: null, crs, off_m, next_m}, or {code} with "inaccurate",
 * "same" (there is no shift here), "unclear" (two fit) or "far" (none does). Metres are those from the known place.
 */
export function decide(fix, known) {
  if (!(fix.accuracy_m <= GOOD_M)) return { code: "inaccurate" };
  const tried = DATUMS.map((crs) => ({ crs, off_m: metres(...toWgs84(fix.lon, fix.lat, crs), known.lon, known.lat) }));
  tried.sort((a, b) => a.off_m - b.off_m);
  const [best, next] = tried;
  const facts = { crs: best.crs, off_m: Math.round(best.off_m), next_m: Math.round(next.off_m) };
  if (next.off_m - best.off_m < 1) return { code: "same", ...facts };
  if (best.off_m > NEAR_M + fix.accuracy_m) return { code: "far", ...facts };
  return { code: next.off_m - best.off_m < Math.max(APART_M, 2 * fix.accuracy_m) ? "unclear" : null, ...facts };
}

/** Keeps what was decided, and where and when. */
export async function keep(decision, fix, place) {
  const { crs, off_m, next_m } = decision;
  await setMeta("datum", { crs, off_m, next_m, accuracy_m: Math.round(fix.accuracy_m), at: new Date().toISOString(), place });
}

/** Back to the usual: WGS 84. */
export async function forget() {
  await setMeta("datum", null);
}
