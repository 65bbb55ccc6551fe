// What a report holds while it is written.
import { labelOf } from "./categories.js";
import { lang, t } from "./words.js";

export const UNKNOWN = "unclassified"; // the service's word for a category that somebody else has to find

/**
 * An empty draft. `fix` is the phone's own position as it was reported (lon, lat, crs, accuracy_m, at); `pin` one that a person
 * chose, in WGS 84; `where` what counts: here (the fix, or the pin where there is one), compound or words; `settled`: the
 * question was answered; `after`: keys of items in the queue that must be sent before.
 */
export function blank() {
  return {
    step: "photo", began_at: new Date().toISOString(), photos: [], category: null, text: "", voice: null,
    where: "here", fix: null, pin: null, compound: null, words: "", settled: false, after: [],
  };
}

/** What it is about, in a few words. */
export function titleOf(value, categories) {
  const known = categories.find((one) => one.code === value.category && one.code !== UNKNOWN);
  if (known) return labelOf(known);
  return value.category ? t("report.unknown") : t("report.begun");
}

/** A time of day, with the day where it is another. */
export function clock(at) {
  const when = new Date(at);
  const today = when.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit", hour12: false };
  return when.toLocaleString(lang() === "en" ? "en-GB" : "zh-CN", today ? time : { month: "numeric", day: "numeric", ...time });
}

/** The report as the service takes it; `measured` is the phone's own position beside a pin that a person put elsewhere. */
export function reportOf(value) {
  const { fix, pin, where } = value;
  const own = fix && { lon: fix.lon, lat: fix.lat, crs: fix.crs, accuracy_m: fix.accuracy_m };
  const report = { category: value.category || UNKNOWN, description: value.text.trim(), observed_at: value.began_at, channel: "worker" };
  if (where === "compound") return { ...report, location: { compound: value.compound } };
  if (where === "words") return { ...report, location: { words: value.words.trim() } };
  if (!pin) return { ...report, location: own };
  return { ...report, location: { ...pin, crs: "wgs84" }, ...(own ? { measured: own } : {}) };
}
