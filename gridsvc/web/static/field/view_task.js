// One report of the own grids: what, where, until when; and the steps the service said this worker may do, offline too.
import { thumbBar as bar, withBar } from "./bars.js";
import * as data from "./data.js";
import { ask, el, fill, inTurn, toast } from "./dom.js";
import * as drafts from "./drafts.js";
import { alongside } from "./fixes.js";
import { codeOf, meanwhile } from "./notices.js";
import { chooser, settled } from "./pictures.js";
import * as queue from "./queue.js";
import { toWgs84 } from "./shift.js";
import { bearing, metres, sketch } from "./sketch.js";
import { clock } from "./spans.js";
import { uuid } from "./store.js";
import * as tasks from "./tasks.js";
import { whyNotKept } from "./trouble.js";
import { t } from "./words.js";

const MOST_NOTE = 2000;
const WORDS_ONLY = ["answer", "note"]; // no step of the work

/** Draws a report of the list; gives back what stops the position. */
export async function view(root, id) {
  const open = { root, held: null, id, report: null, draft: null, fix: alongside(), form: null, begins: true };
  open.again = inTurn((may) => again(open, may));
  const stops = [queue.on(open.again), data.on(open.again)]; // before it is drawn: what changes meanwhile is heard of
  await open.again();
  return () => {
    open.fix.stop();
    open.closed = true;
    for (const stop of stops) stop();
  };
}

async function draftOf(id) {
  const kept = (await drafts.list()).find((one) => one.kind === "action" && one.value.report === id);
  return kept ? kept.value : null;
}

/** Draws the overview anew where it is open: what is being written is never disturbed. A view that begins goes on with a draft. */
async function again(open, may) {
  if (open.form || open.closed) return;
  const [held, all, draft] = [await data.get(), await queue.list(), await draftOf(open.id)];
  if (open.form || open.closed || !may()) return;
  open.held = held;
  open.draft = draft;
  open.report = held.reports.find((one) => tasks.idOf(one) === open.id);
  const rows = all.filter((row) => row.kind === "action" && row.about && row.about.report === open.id && row.mine !== false).reverse();
  if (!open.report) gone(open, rows);
  else if (open.begins && draft && tasks.offered(open.report).includes(draft.action)) step(open, draft);
  else overview(open, rows);
  open.begins = false;
}

function gone(open, rows) {
  fill(open.root, el("section", { class: "sheet stack" }, el("h1", {}, t("task.gone")), el("p", {}, t("task.gone_told")), rows.map(told), leftBehind(open), home()));
}

/** A step that was begun and may not be done any more, as far as this phone knows: its words, to send all the same or to drop. */
function leftBehind(open) {
  const { draft } = open;
  if (!draft) return null;
  const [source, number, repeat] = open.id.split("|");
  const report = open.report || { source, number, repeat: Number(repeat) || 0, version: draft.version, category: number };
  const wrong = el("p", { class: "wrong", role: "alert", id: "wrong", hidden: true });
  const send = el("button", { type: "button", class: "button main", id: "do-step", onclick: () => finish({ ...open, report, form: draft }, wrong, send, open) }, t("task.do", { action: t(`task.${draft.action}`) }));
  const drop = el("button", { type: "button", class: "button", id: "drop-step", onclick: async () => {
    if (!(await ask(t("queue.draft_sure"), t("queue.remove")))) return;
    await drafts.drop(draft.key);
    await open.again();
  } }, t("queue.remove"));
  const photos = draft.photos.length ? el("p", { class: "told" }, t("task.photos"), " ", t("task.n_photos", { n: draft.photos.length })) : null;
  return el("section", { class: "part", id: "left-behind" }, el("h2", {}, t("task.left_behind")), el("p", {}, el("strong", {}, t(`task.${draft.action}`))),
    draft.note ? el("p", {}, draft.note) : null, photos, wrong, el("div", { class: "acts-below" }, send, drop));
}

function heading(open) {
  const { report, held } = open;
  const about = tasks.named(held.categories, report.category);
  return el("header", { class: "door-head" }, el("h1", {}, about.name), el("p", { class: "told" }, [about.class, report.number].filter(Boolean).join(" · ")));
}

function overview(open, rows) {
  open.form = null;
  const { report } = open;
  const now = Date.now();
  const may = tasks.isHandled(rows, report) ? tasks.offered(report).filter((one) => WORDS_ONLY.includes(one)) : tasks.offered(report);
  const due = tasks.dueWords(report, now);
  const late = tasks.isLate(report, now);
  const facts = [
    [t("task.what"), report.description || "—"],
    [t("task.due"), due ? el("span", { class: late ? "late" : "" }, due) : t("task.no_due")],
    [t("task.received"), clock(report.received_at, now)],
    [t("task.photos"), report.n_photos ? t("task.n_photos", { n: report.n_photos }) : t("task.no_photos")],
  ];
  const place = el("div", { class: "where" });
  const steps = may.filter((action) => !WORDS_ONLY.includes(action));
  const words = may.filter((action) => WORDS_ONLY.includes(action));
  withBar(open.root,
    el("section", { class: "sheet task" }, heading(open), rows.map(told), leftBehind(open),
      el("dl", { class: "facts" }, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])), place,
      el("div", { class: "acts-below" }, words.map((action) => stepButton(open, action)))),
    bar(steps.length ? el("div", { class: "do-steps", role: "group", "aria-label": t("task.steps") }, steps.map((action, i) => stepButton(open, action, i === 0)))
      : [el("p", { class: "told" }, t("task.nothing")), home()]));
  where(open, place, null);
  open.fix.on((fix) => place.isConnected && where(open, place, fix));
}

function stepButton(open, action, main) {
  const begin = () => step(open, { key: uuid(), report: open.id, version: open.report.version, action, note: "", photos: [] });
  return el("button", { type: "button", class: main ? "button main" : "button", "data-action": action, onclick: begin }, t(`task.${action}`));
}

function where(open, place, fix) {
  const { report, held } = open;
  const grid = held.grids.find((one) => one.code === report.grid);
  const words = [report.words, grid ? grid.name || grid.code : report.grid].filter(Boolean).join(" · ");
  const parts = [el("p", {}, words || t("task.no_place"))];
  if (typeof report.lon === "number") {
    const here = fix ? pointOf(fix) : null;
    const far = here ? t("task.distance", { m: rounded(metres(here, report)), where: t(`task.to_${bearing(here, report)}`) }) : "";
    parts.push(sketch(report, held.grids, held.compounds, here, far || t("task.sketch")));
    if (far) parts.push(el("p", { id: "distance" }, far));
    else parts.push(open.fix.said());
  }
  fill(place, parts);
}

function pointOf(fix) {
  const [lon, lat] = toWgs84(fix.lon, fix.lat, fix.crs || "wgs84");
  return { lon, lat };
}

function rounded(m) {
  return m < 100 ? Math.max(10, Math.round(m / 10) * 10) : Math.round(m / 50) * 50;
}

/** A row of the queue about this report: what was done here, and what the service said. */
function told(row) {
  const words = meanwhile(row) || t(`task.row_${row.state}`, { action: t(`task.${row.about.action}`), why: row.message || row.code || "" });
  return el("p", { class: meanwhile(row) || row.state === "attention" ? "notice" : "note", "data-state": row.state }, words, " ", codeOf(row));
}

/** One step: words by a tap where there are ready ones, photos, and the button that does it. */
function step(open, form) {
  open.form = form;
  const { report } = open;
  const { action } = form;
  const keep = () => {
    wrong.hidden = true;
    if (form.dropped) return undefined; // a photo that was still made small
    return drafts.save(form.key, "action", form).catch((error) => toast(whyNotKept(error, "task.no_room")));
  };
  const wrong = el("p", { class: "wrong", role: "alert", id: "wrong", hidden: true });
  const note = el("textarea", { id: "note", maxlength: MOST_NOTE, rows: "3", value: form.note });
  note.addEventListener("input", () => {
    form.note = note.value;
    keep();
  });
  const send = el("button", { type: "button", class: "button main wide", id: "do-step", onclick: () => finish(open, wrong, send) }, t("task.do", { action: t(`task.${action}`) }));
  const needs_words = tasks.NOTED.includes(action);
  const needs_photo = (report.needs_photo || []).includes(action);
  withBar(open.root,
    el("section", { class: "sheet task" }, heading(open), el("h2", {}, t(`task.${action}`)),
      el("p", { class: "hint" }, t(`task.told_${action}`)),
      WORDS_ONLY.includes(action) ? null : chooser(form, keep, t(needs_photo ? "task.photo_needed" : "task.photo_may")),
      el("div", { class: "field" }, el("label", { for: "note" }, t(tasks.PUBLIC.includes(action) ? "task.note_public" : needs_words ? "task.note_needed" : "task.note_may")),
        phrases(action, note, form, keep), note)),
    bar(wrong, send, el("button", { type: "button", class: "button wide", id: "not-now", onclick: () => leave(open) }, t("task.not_now"))));
  window.scrollTo(0, 0);
}

function phrases(action, note, form, keep) {
  const n = tasks.N_PHRASES[action] || 0;
  const chips = Array.from({ length: n }, (_, i) => t(`task.phrase_${action}_${i + 1}`)).map((words) => el("button", { type: "button", class: "button", onclick: () => {
    note.value = words;
    form.note = words;
    keep();
  } }, words));
  return n ? el("div", { class: "phrases", role: "group", "aria-label": t("task.phrases") }, chips) : null;
}

async function finish(open, wrong, send, page = open) {
  const { form, report } = open;
  send.disabled = true; // one tap does it once
  await settled(form);
  if (form.dropped) return; // "not now" was the last word
  const what = tasks.missing(report, form.action, form.note, form.photos);
  wrong.hidden = !what;
  if (what) {
    send.disabled = false;
    wrong.textContent = t(what === "note" && !tasks.N_PHRASES[form.action] ? "task.missing_words" : `task.missing_${what}`);
    return;
  }
  const name = tasks.named(open.held.categories, report.category).name;
  const item = tasks.item(form.key, report, form.action, form.note.trim(), form.photos, new Date());
  try {
    await queue.add(item, { photos: form.photos, title: `${t(`task.${form.action}`)} ${name} ${report.number}`, about: tasks.about(report, form.action) });
  } catch (error) {
    send.disabled = false;
    wrong.hidden = false;
    wrong.textContent = whyNotKept(error, "task.no_room");
    return;
  }
  page.form = null;
  await page.again();
  window.scrollTo(0, 0);
}

async function leave(open) {
  open.form.dropped = true;
  await drafts.drop(open.form.key);
  open.form = null;
  await open.again();
}

function home() {
  return el("a", { class: "button wide", href: "#/", id: "go-home" }, t("visit.back"));
}
