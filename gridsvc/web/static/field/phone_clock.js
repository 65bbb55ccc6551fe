// How far off the phone's clock is by the service's: for the file that the office takes in, whose times are put right by it.
import { getMeta, setMeta } from "./store.js";

const STEP_MS = 10 * 1000; // what the two clocks of a phone may drift apart by without having been set

/** Keeps how far ahead of the service this phone is, by the service's `now` (ISO 8601) in an answer to what was asked then. */
export async function measure(now, asked_ms) {
  const off_s = ((asked_ms + Date.now()) / 2 - Date.parse(now)) / 1000;
  if (Number.isFinite(off_s)) await setMeta("clock_off", { off_s, at_ms: Date.now(), steady_ms: steady() });
}

/** That in seconds; undefined where nothing was measured, or the clock was set since. */
export async function off_s() {
  const kept = await getMeta("clock_off");
  if (!kept) return undefined;
  const step_ms = Date.now() - kept.at_ms - (steady() - kept.steady_ms);
  return Math.abs(step_ms) > STEP_MS ? undefined : kept.off_s;
}

// goes on while the page is there, whatever the clock is set to
function steady() {
  return performance.timeOrigin + performance.now();
}
