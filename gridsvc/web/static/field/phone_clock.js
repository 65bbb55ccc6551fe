// How far off the phone's clock is by the service's: for the file that the office takes in, whose times are put right by it.
import { getMeta, setMeta, uuid, write } from "./store.js";

const STEP_MS = 10 * 1000; // what the two clocks of a phone may drift apart by without having been set
const page = uuid(); // this one, as it was opened now

/** Keeps how far ahead of the service this phone is, by the service's `now` (ISO 8601) in an answer to what was asked then. */
export async function measure(now, asked_ms) {
  const off_s = ((asked_ms + Date.now()) / 2 - Date.parse(now)) / 1000;
  if (Number.isFinite(off_s)) await setMeta("clock_off", { off_s, seen_ms: Date.now(), page, set_ms: set_ms() });
}

/** Looks, as something may be sent, whether the clock was set back: then what was measured counts no more, on no page. */
export async function watch() {
  const tx = await write(["meta"]); // nobody measures in between
  const kept = await tx.store.get("clock_off");
  if (kept) await tx.store.put(isBack(kept) ? null : { ...kept, seen_ms: Date.now() }, "clock_off");
  await tx.done;
}

/**
 * How far ahead, in seconds; undefined where nothing was measured, or the clock was set since: back, whenever that was, or
 * forward while this page was there. Forward between two pages is like time that went by: the office looks whether it can be.
 */
export async function off_s() {
  const kept = await getMeta("clock_off");
  if (!kept || isBack(kept)) return undefined;
  return kept.page === page && Math.abs(set_ms() - kept.set_ms) > STEP_MS ? undefined : kept.off_s;
}

function isBack(kept) {
  return Date.now() < kept.seen_ms - STEP_MS;
}

// how far the clock was set since the page was opened: the other one goes on as it did
function set_ms() {
  const opened_ms = performance.timeOrigin || performance.timing.navigationStart; // an older Safari knows the second alone
  return Date.now() - opened_ms - performance.now();
}
