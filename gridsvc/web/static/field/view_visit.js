// One door: the usual outcome is one tap, everything else may be said before it; undone for a minute, corrected afterwards.
import { thumbBar, withBar } from "./bars.js";
import * as data from "./data.js";
import { OUTCOMES, className, inside, label, next, standing } from "./doors.js";
import { ask, el, fill, toast } from "./dom.js";
import * as drafts from "./drafts.js";
import { alongside } from "./fixes.js";
import { beforeLeaving } from "./leaving.js";
import { also } from "./notices.js";
import { settled } from "./pictures.js";
import * as questions from "./questions.js";
import * as queue from "./queue.js";
import { go } from "./router.js";
import { clock, sameDay } from "./spans.js";
import { uuid } from "./store.js";
import { whyNotKept } from "./trouble.js";
import { t } from "./words.js";

const HOLD_S = 60;

/** Draws the visit of a door, or what was recorded there today; gives back what stops the position. */
export async function view(root, id) {
  const [held, kept, rows] = [await data.get(), await drafts.list(), await queue.list()];
  const doors = standing(held.doors, rows);
  const draft = kept.find((one) => one.kind === "visit" && String(one.value.door) === id);
  const known = doors.find((one) => String(one.id) === id);
  if (!known && !draft) {
    fill(root, el("section", { class: "sheet stack" }, el("h1", {}, t("visit.unknown")), el("p", {}, t("visit.unknown_told")), home()));
    return () => {};
  }
  // of a door that left the lists nothing is known, and what was said there is sent all the same
  const door = known || { id: draft.value.door, compound: t("visit.unknown") };
  const open = { root, held, door, known: Boolean(known), form: null, row: null, fix: alongside(), timer: null, stop: () => {} };
  const stop = queue.on(() => follow(open)); // before it is drawn: what changes meanwhile is heard of
  const today = door.row && sameDay(Date.parse(door.row.about.at), Date.now());
  if (today && !draft) await recorded(open, door.row);
  else form(open, draft ? draft.value : questions.blank(uuid(), door.id));
  return () => {
    stop();
    open.stop();
    open.fix.stop();
    clearInterval(open.timer);
  };
}

/** Draws the record anew when it was sent, or could not be: what the service said of it, too. */
async function follow(open) {
  const was = open.row;
  if (!was || open.form) return;
  const row = (await queue.list()).find((one) => one.key === was.key);
  if (row && row.state !== was.state && open.row === was && !open.form) await recorded(open, row);
}

function head(door) {
  const about = [door.compound, className(door)].filter(Boolean).join(" · ");
  const name = label({ ...door, compound: "" }) || inside(door);
  return el("header", { class: "door-head" }, el("h1", {}, name), about ? el("p", { class: "told" }, about) : null);
}

function before(door) {
  if (!door.status || door.status === "not_visited") return null;
  const at = door.visited_at ? clock(door.visited_at, Date.now()) : "";
  return el("p", { class: "told" }, t("visit.last", { outcome: t(`visit.${door.status}`), at, n: door.n_visits || "" }));
}

function form(open, said) {
  open.form = said;
  let typing = 0;
  const save = () => {
    clearTimeout(typing);
    typing = 0;
    return said === open.form ? drafts.save(said.key, "visit", said).catch(failed) : null;
  };
  const keep = () => {
    if (!questions.isHalfNeed(said)) wrong.hidden = true; // a category was chosen, or the problem was dropped
    clearTimeout(typing);
    typing = setTimeout(save, 200);
  };
  open.stop();
  open.stop = beforeLeaving(() => typing && save());
  const taken = { done: false };
  const wrong = el("p", { class: "wrong", role: "alert", id: "wrong", hidden: true });
  const failed = (error) => {
    wrong.textContent = whyNotKept(error, "task.no_room");
    wrong.hidden = false;
  };
  const choose = async (outcome) => {
    if (taken.done) return; // one tap records once, however often the thumb comes down
    wrong.textContent = t("visit.category_missing");
    wrong.hidden = !questions.isHalfNeed(said);
    if (!wrong.hidden) {
      document.getElementById("part-need").open = true;
      document.getElementById("need-category").focus();
      return;
    }
    taken.done = true;
    clearTimeout(typing);
    try {
      await settled(said);
      await record(open, outcome);
    } catch (error) {
      console.warn(error);
      taken.done = false;
      if (!questions.isBlank(said)) await save();
      failed(error);
    }
  };
  const button = (outcome) => el("button", { type: "button", class: outcome === "reached" ? "button main outcome" : "button outcome", "data-outcome": outcome, "aria-pressed": said.outcome ? String(outcome === said.outcome) : null, onclick: () => choose(outcome) }, t(`visit.${outcome}`));
  const outcome = said.outcome ? t(`visit.${said.outcome}`) : "—";
  const correcting = said.supersedes ? el("p", { class: "note" }, t(said.lost ? "visit.correcting_lost" : "visit.correcting", { outcome }), said.needed ? ` ${t("visit.correcting_need")}` : "") : null;
  withBar(open.root,
    el("section", { class: "sheet visit" }, head(open.door), before(open.door), correcting,
      questions.persons(said, keep), open.fix.said(), questions.beside(said, open.held, open.door, keep)),
    thumbBar(wrong, el("div", { class: "outcomes", role: "group", "aria-label": t("visit.outcome") }, OUTCOMES.map(button), said.supersedes ? withdraw(open, said, choose) : null),
      said.supersedes || !open.known ? el("button", { type: "button", class: "button wide", id: "not-now", onclick: () => leave(open) }, t(open.known ? "task.not_now" : "queue.remove")) : null));
}

/** Lets go of a correction that was begun, or of what was said at a door that is no longer known. */
async function leave(open) {
  if (!open.known && !(await ask(t("queue.draft_sure"), t("queue.remove")))) return;
  const { key } = open.form;
  open.form = null; // nothing is kept after this
  await drafts.drop(key);
  go("visit", String(open.door.id));
}

function withdraw(open, said, choose) {
  return el("button", { type: "button", class: "button outcome", "data-outcome": "withdrawn", onclick: () => choose("withdrawn") }, t("visit.withdrawn"));
}

/** Puts the visit into the queue, and shows that it is there. */
async function record(open, outcome) {
  const { form: said, door, held } = open;
  const now = new Date();
  const told = questions.visit(said, outcome, now, open.fix.best(), held.categories);
  const item = { kind: "visit", key: said.key, visit: told };
  const after = said.supersedes ? [said.supersedes] : [];
  const title = `${label(door)} ${t(`visit.${outcome}`)}`;
  const row = await queue.add(item, { photos: told.need ? said.photos : [], after, hold_s: HOLD_S, title, about: questions.about(told, said) });
  open.form = null;
  await recorded(open, row, said);
  window.scrollTo(0, 0);
}

/** What was just recorded, or today: undo, correct, go on. */
async function recorded(open, row, said) {
  clearInterval(open.timer);
  open.row = row;
  const told = row.about;
  const doors = standing(open.held.doors, await queue.list());
  if (open.row !== row || open.form) return; // a correction was begun meanwhile, or it is drawn as it stands by now
  const after = next(doors, open.door, Date.now());
  const words = t(told.outcome === "reached" ? "visit.done_met" : "visit.done", { outcome: t(`visit.${told.outcome}`), at: clock(told.at, Date.now()), n: told.n_met || 0 });
  const undo = el("button", { type: "button", class: "button", id: "undo", onclick: () => takeBack(open, row, said) });
  const fix = el("button", { type: "button", class: "button", id: "correct", onclick: () => correct(open, row) }, t("visit.correct"));
  const other = also(row, open.held.doors, Date.now());
  withBar(open.root,
    el("section", { class: "sheet visit" }, head(open.door),
      el("p", { class: "note note-done", role: "status", id: "recorded" }, words),
      other ? el("p", { class: "notice" }, other) : null,
      told.needed ? el("p", { class: "told" }, t("visit.need_kept")) : null,
      el("p", { class: "told", id: "row-state" }, t(`visit.state_${row.state}`)),
      el("div", { class: "acts-below" }, undo, told.outcome === "withdrawn" ? null : fix,
        el("button", { type: "button", class: "button", id: "again", onclick: () => form(open, questions.blank(uuid(), open.door.id)) }, t("visit.again")),
        el("a", { class: "button", href: "#/report" }, t("visit.report")))),
    thumbBar(after ? el("button", { type: "button", class: "button main wide", id: "next-door", onclick: () => go("visit", String(after.id)) }, t("visit.next", { door: label(after) })) : [el("p", { class: "told" }, t("visit.all_done")), home()]));
  count(open, undo, fix, row);
}

/** The seconds that are left to take it back, on its button. */
function count(open, undo, fix, row) {
  const until = row.hold_until || 0;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    undo.hidden = left <= 0 || row.state !== "waiting";
    fix.hidden = !undo.hidden; // one way to put it right at a time
    undo.textContent = t("visit.undo", { s: left });
    if (left <= 0) clearInterval(open.timer);
  };
  open.timer = setInterval(tick, 1000);
  tick();
}

async function takeBack(open, row, said) {
  clearInterval(open.timer);
  const back = { ...(said || questions.again(uuid(), row, row.about.supersedes)), key: uuid() };
  // before the row goes: its photos are named by it, and its words are not lost should the page go now
  if (!questions.isBlank(back)) await drafts.save(back.key, "visit", back);
  if (await queue.undo(row.key)) {
    toast(t("visit.undone"));
    form(open, back);
    return;
  }
  await drafts.drop(back.key);
  toast(t("visit.too_late"));
}

async function correct(open, row) {
  clearInterval(open.timer);
  const said = questions.again(uuid(), row, row.key);
  form(open, said);
  await drafts.save(said.key, "visit", said).catch(() => {}); // the next change says so
}

function home() {
  return el("a", { class: "button wide", href: "#/", id: "go-home" }, t("visit.back"));
}
