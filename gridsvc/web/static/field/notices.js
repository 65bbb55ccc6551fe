// What happened meanwhile and this worker should know: a report was closed before, somebody else was at the door.
import { el } from "./dom.js";
import { label, lastVisits } from "./doors.js";
import * as queue from "./queue.js";
import { getMeta, setMeta } from "./store.js";
import { clock, sameDay } from "./spans.js";
import { t } from "./words.js";

const SEEN = "notices_seen";
const MOST_SEEN = 500;
const MOST_CHANGES = 3;
const DID = [
  "verify", "verify_absent", "verify_unable", "solve_on_spot", "file", "not_file", "link", "recategorize", "dispatch", "claim",
  "dispose", "check", "check_failed", "close", "void", "strike_off", "note",
];

/** The notices that nobody has put away: `[{key, mark, kind, words}]`, the latest first; `mark` puts one away. */
export async function notices(rows, doors, now) {
  const seen = new Set((await getMeta(SEEN)) || []);
  const last = new Set(lastVisits(rows).values());
  const told = [];
  for (const row of rows) {
    if (row.mine === false) continue;
    const n = beside(row, last.has(row) ? doors : []).length; // one who comes later is told of again
    const mark = n ? `${row.key} ${n}` : row.key;
    const words = (n && also(row, doors, now)) || meanwhile(row);
    if (words && !seen.has(mark)) told.push({ key: row.key, mark, kind: row.kind, words });
  }
  return told.reverse();
}

/** Visits of others at the door of a visit that day, the earliest first: told with its receipt, or later with the door. */
function beside(row, doors) {
  if (row.kind !== "visit" || !row.about) return [];
  const door = row.about.outcome !== "withdrawn" && doors.find((one) => one.id === row.about.door);
  const later = ((door && door.also) || []).filter((one) => sameDay(Date.parse(one.happened_at), Date.parse(row.about.at)));
  const told = [...((row.answer && row.answer.also) || []), ...later].map((one) => [`${Date.parse(one.happened_at)} ${one.who}`, one]);
  return [...new Map(told).values()].sort((one, other) => Date.parse(one.happened_at) - Date.parse(other.happened_at));
}

/** Who else was at the door of a visit that day, in words; "" where nobody was. */
export function also(row, doors, now) {
  const others = beside(row, doors);
  if (!others.length) return "";
  const door = doors.find((one) => one.id === row.about.door);
  const one = others[others.length - 1];
  const facts = { door: door ? label(door) : t("visit.this_door"), who: one.who || t("visit.somebody"), at: clock(one.happened_at, now) };
  return t("visit.also", { ...facts, outcome: t(`visit.${one.outcome}`) });
}

/** What the service answered where something had happened meanwhile, in words; "" where nothing had. */
export function meanwhile(row, now = Date.now()) {
  const answer = row.answer;
  if (!answer || answer.status !== "conflict") return "";
  const why = changed(answer).slice(-MOST_CHANGES).map((one) => changeWords(one, now)).join(t("task.and"));
  return t("task.conflict", { title: row.title || answer.number || "", why: why || answer.message || t("task.conflict_other") });
}

/** The code of such an answer for which this version has no words, small, to be read out to the office; null elsewhere. */
export function codeOf(row) {
  const answer = row.answer;
  if (!answer || answer.status !== "conflict" || changed(answer).length || answer.message || !answer.code) return null;
  return el("small", { class: "code" }, t("task.code", { code: answer.code }));
}

const changed = (answer) => (answer.detail && answer.detail.changed) || [];

function changeWords(one, now) {
  const did = DID.includes(one.action) ? one.action : "other";
  return t("task.changed", { who: one.who || t("task.system"), at: clock(one.at, now), did: t(`task.did_${did}`) });
}

/** Puts a notice away, by its mark. */
export async function dismiss(mark) {
  const seen = ((await getMeta(SEEN)) || []).filter((one) => one !== mark);
  await setMeta(SEEN, [...seen, mark].slice(-MOST_SEEN));
}
