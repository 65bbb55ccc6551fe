// Days, moments and spans of time in words.
import { t } from "./words.js";

const MINUTE_MS = 60000;

/** Whether two moments (ms) lie on one day of the phone's calendar. */
export function sameDay(one, other) {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

/** Milliseconds in words, by the largest unit and, below three of it, the next. */
export function span(ms) {
  const minutes = Math.max(0, Math.floor(ms / MINUTE_MS));
  if (minutes === 0) return t("today.moment");
  const hours = Math.floor(minutes / 60);
  const units = [["day", Math.floor(hours / 24)], ["hour", hours % 24], ["minute", minutes % 60]];
  const first = units.findIndex(([, n]) => n);
  const some = units.slice(first, first + (units[first][1] < 3 ? 2 : 1)).filter(([, n]) => n);
  return some.map(([unit, n]) => t(`today.${unit}_${n === 1 ? "one" : "many"}`, { n })).join(" ");
}

/** The minute, and the day where it is another one, as the phone's owner reads a clock. */
export function clock(at, now) {
  const when = new Date(at);
  const two = (n) => String(n).padStart(2, "0");
  const time = `${two(when.getHours())}:${two(when.getMinutes())}`;
  return sameDay(when, now) ? time : `${when.getMonth() + 1}-${two(when.getDate())} ${time}`;
}
