// Reports that wait for this worker: in which list each belongs, what may be done, what an action asks for.
import { labelOf } from "./categories.js";
import { sameDay, span } from "./spans.js";
import { t } from "./words.js";

// What the app offers, in this order; the service says which of them this worker may do now.
export const ACTIONS = [
  "verify", "solve_on_spot", "verify_absent", "verify_unable",
  "check", "check_failed", "check_unable", "make_safe", "answer", "note",
];
// These ask for words (rules/lifecycle.py says the same), and the resident reads some of them.
export const NOTED = ["verify_absent", "verify_unable", "solve_on_spot", "make_safe", "check_failed", "check_unable", "answer", "note"];
export const PUBLIC = ["solve_on_spot", "answer"];
// Ready-made words, so that nothing has to be typed: `task.phrase.ACTION_1`, _2, _3.
export const N_PHRASES = { verify_absent: 3, verify_unable: 3, solve_on_spot: 3, make_safe: 2, check_failed: 3, check_unable: 2 };

/** What names a report on this phone. */
export function idOf(report) {
  return `${report.source}|${report.number}|${report.repeat}`;
}

/** The lists of the home page: overdue, today, verify, check, others; each report in the first that fits. */
export function lists(reports, now) {
  const told = { overdue: [], today: [], verify: [], check: [], others: [] };
  for (const report of reports) told[listOf(report, now)].push(report);
  for (const some of Object.values(told)) some.sort(byDue);
  return told;
}

function listOf(report, now) {
  const may = offered(report);
  const due = dueAt(report);
  // what another is to dispose of is no task here, though who walks past may make it safe
  const isOwn = (action) => !["note", "answer"].includes(action) && (action !== "make_safe" || report.actions.includes("dispose"));
  if (!may.some(isOwn)) return "others";
  if (report.standing === "overdue" || (due !== null && due < now)) return "overdue";
  if (report.standing === "due_today" || (due !== null && sameDay(due, now))) return "today";
  if (may.includes("verify")) return "verify";
  return may.includes("check") ? "check" : "others";
}

function byDue(one, other) {
  const at = (report) => (dueAt(report) === null ? Infinity : dueAt(report));
  return at(one) - at(other) || (Date.parse(one.received_at) - Date.parse(other.received_at)) || 0;
}

/** The actions of the app that the service said may be done. */
export function offered(report) {
  return ACTIONS.filter((action) => (report.actions || []).includes(action));
}

/** Until when what is next is to be done, as the wall counts it: before it is filed and after it is disposed, too; null: no limit. */
function dueAt(report) {
  const at = report.until_at === undefined ? report.due_at : report.until_at; // lists of before have the one of the whole only
  return at ? Date.parse(at) : null;
}

/** Whether that is over. */
export function isLate(report, now) {
  const due = dueAt(report);
  return due !== null && due < now && report.standing !== "suspended";
}

/** When a report is due, in words; "" where nothing is. */
export function dueWords(report, now) {
  if (report.standing === "suspended") return t("task.suspended");
  const due = dueAt(report);
  if (due === null) return "";
  const left = due - now;
  return left < 0 ? t("task.overdue", { span: span(-left) }) : t("task.left", { span: span(left) });
}

/** A category in this language: `{name, class}`. */
export function named(categories, code) {
  const one = categories.find((category) => category.code === code);
  return one ? { name: labelOf(one), class: one.class ? labelOf(one.class) : "" } : { name: code, class: "" };
}

/** The item of the queue for an action on a report that the service has. */
export function item(key, report, action, note, photos, at) {
  const told = { action, version: report.version };
  if (note) told.note = note;
  if (photos.length) told.photos = photos;
  const which = { number: report.number, source: report.source, repeat: report.repeat };
  if (report.uid) which.uid = report.uid; // another report that gets this number one day is not meant
  return { kind: "action", key, ...which, done_at: at.toISOString(), action: told };
}

/** What is missing before an action may be sent: "photo", "note", or null. */
export function missing(report, action, note, photos) {
  if ((report.needs_photo || []).includes(action) && !photos.length) return "photo";
  return NOTED.includes(action) && !note.trim() ? "note" : null;
}

/** What the phone keeps of an action after its receipt. */
export function about(report, action) {
  return { report: idOf(report), action, version: report.version };
}

/** This phone's rows of the queue about a report, the latest first. */
export function ofReport(rows, report) {
  const id = idOf(report);
  return rows.filter((row) => row.kind === "action" && row.about && row.mine !== false && row.about.report === id).reverse();
}

/** Whether a step of this phone is under way, or done and not yet told back by the service: nothing more to do here. */
export function isHandled(rows, report) {
  return ofReport(rows, report).some(
    (row) => !["note", "answer"].includes(row.about.action) && row.about.version >= report.version &&
      row.state !== "attention" && !isConflict(row),
  );
}

/** Whether the service answered that something else had happened meanwhile. */
export function isConflict(row) {
  return Boolean(row.answer && row.answer.status === "conflict");
}
