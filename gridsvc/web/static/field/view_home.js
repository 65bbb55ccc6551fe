// Today: what is waiting for this worker, the doors in walking order, the own grids; one big button to report a problem.
import * as data from "./data.js";
import { due, found, grouped, inside, isDone, level, progress, standing, tried } from "./doors.js";
import { el, fill as refill, inTurn, toast } from "./dom.js";
import { dismiss, notices } from "./notices.js";
import * as queue from "./queue.js";
import { clock, sameDay, span } from "./spans.js";
import { dueWords, idOf, isHandled, isLate, lists, named } from "./tasks.js";
import { t } from "./words.js";

const FEW_TASKS = 4; // shown at first
const FEW_DOORS = 40;
const OLD_MS = 12 * 60 * 60 * 1000; // older data is said to be old

/** Draws today's page and keeps it true while data and queue change; gives back what stops that. */
export async function view(root) {
  const state = { typed: "", all_tasks: false, n_doors: FEW_DOORS, busy: false };
  const draw = inTurn(async (may) => {
    const [held, rows] = [await data.get(), await queue.list()];
    const told = await notices(rows, held.doors, Date.now());
    if (may()) page(root, held, rows, told, state, draw);
  });
  const stops = [data.on(draw), queue.on(draw)];
  await draw();
  return () => {
    for (const stop of stops) stop();
  };
}

function page(root, held, rows, told, state, draw) {
  const now = Date.now();
  const there = Boolean(held.as_of);
  const doors = there ? standing(held.doors, rows) : [];
  const list = el("div", { id: "doors-list" });
  const parts = [
    el("h1", { class: "unseen" }, t("today.title")),
    age(held, there, now, state, draw),
    told.map((one) => notice(one, draw)),
    el("a", { class: "button main go-report", href: "#/report", id: "go-report" }, t("today.report")),
  ];
  if (!there) parts.push(el("p", { class: "empty" }, t("today.no_data")));
  else {
    parts.push(tasks(held, rows, now, state, draw));
    parts.push(doorsPart(held, doors, list, now, state));
    parts.push(gridsPart(held));
  }
  const focused = document.activeElement && root.contains(document.activeElement) ? document.activeElement.id : "";
  refill(root, el("section", { class: "sheet today" }, parts));
  if (there) fill(list, held, doors, now, state);
  const again = focused && document.getElementById(focused);
  if (again) again.focus({ preventScroll: true });
}

/** How old the data is, and a button for newer. */
function age(held, there, now, state, draw) {
  const at = there && held.as_of ? Date.parse(held.as_of) : null;
  const old = at !== null && now - at > OLD_MS;
  const words = at === null ? t("today.never") : t("today.as_of", { at: clock(at, now), span: span(now - at) });
  const button = el("button", { type: "button", class: "button", id: "refresh" }, t(state.busy ? "today.refreshing" : "today.refresh"));
  button.disabled = state.busy;
  button.addEventListener("click", async () => {
    state.busy = true;
    await draw();
    queue.flush({ force: true });
    const became = await data.refresh();
    state.busy = false;
    await draw();
    toast(t(`today.refresh_${became}`));
  });
  return el("div", { class: old || at === null ? "age old" : "age" }, el("p", {}, words), button);
}

function notice(one, draw) {
  const seen = el("button", { type: "button", class: "button" }, t("today.seen"));
  seen.addEventListener("click", async () => {
    await dismiss(one.mark);
    await draw();
  });
  return el("div", { class: "notice", role: "status" }, el("p", {}, one.words), seen);
}

function tasks(held, rows, now, state, draw) {
  const open = held.reports.filter((one) => !isHandled(rows, one));
  const sorted = lists(open, now);
  const n = open.length - sorted.others.length;
  const part = el("section", { class: "part", "aria-labelledby": "tasks-title" }, el("h2", { id: "tasks-title" }, t("today.tasks", { n })));
  if (!n) part.append(el("p", { class: "empty" }, t("today.no_tasks")));
  let left = state.all_tasks ? Infinity : FEW_TASKS;
  for (const name of ["overdue", "today", "verify", "check"]) {
    const some = sorted[name].slice(0, Math.max(0, left));
    left -= some.length;
    if (!some.length) continue;
    part.append(el("h3", { class: `list-name list-${name}` }, t(`today.list_${name}`, { n: sorted[name].length })));
    part.append(el("ul", { class: "day-list" }, ...some.map((one) => taskRow(held, one, now))));
  }
  if (state.all_tasks && sorted.others.length) {
    part.append(el("h3", { class: "list-name" }, t("today.list_others", { n: sorted.others.length })));
    part.append(el("ul", { class: "day-list" }, ...sorted.others.map((one) => taskRow(held, one, now))));
  }
  const tasks_left = Math.max(0, n - FEW_TASKS);
  const others = sorted.others.length;
  // what nobody here has to do anything about is no task
  const words = !tasks_left ? "today.list_others" : others ? "today.more_and_others" : "today.more_tasks";
  if (!state.all_tasks && tasks_left + others) part.append(more("more-tasks", t(words, { n: tasks_left || others, others }), () => {
    state.all_tasks = true;
    draw();
  }));
  return part;
}

function taskRow(held, report, now) {
  const about = named(held.categories, report.category);
  const due_words = dueWords(report, now);
  const late = isLate(report, now);
  const said = (report.description || report.words || "").slice(0, 80);
  return el("li", {}, el("a", { class: "task-row", href: `#/task/${encodeURIComponent(idOf(report))}` },
    el("span", { class: "row-main" }, about.name), due_words ? el("span", { class: late ? "late" : "" }, due_words) : null,
    said ? el("span", { class: "row-told" }, said) : null));
}

function doorsPart(held, doors, list, now, state) {
  const left = due(doors, now);
  const n_done = doors.filter((one) => one.row && sameDay(Date.parse(one.row.about.at), now)).length;
  const title = el("h2", { id: "doors-title" }, t("today.doors", { n: left.length }));
  const part = el("section", { class: "part", "aria-labelledby": "doors-title" }, title);
  if (n_done) part.append(el("p", { class: "told" }, t("today.n_done", { n: n_done })));
  part.append(...held.campaigns.map((one) => campaignPart(one, doors)));
  if (held.doors.length) part.append(search(list, held, doors, now, state));
  part.append(list);
  return part;
}

function campaignPart(campaign, doors) {
  const { n, of, share } = progress(campaign, doors);
  const words = t("today.progress", { n, of, percent: share === null ? "—" : `${(share * 100).toFixed(1)} %` });
  const bar = el("progress", { max: String(of || 1), value: String(n), "aria-label": words });
  const until = campaign.ends_on ? t("today.until", { day: campaign.ends_on }) : "";
  return el("div", { class: "campaign" }, el("p", {}, el("strong", {}, campaign.name), " ", el("span", { class: "until" }, until)), bar, el("p", { class: "told" }, words));
}

function search(list, held, doors, now, state) {
  const field = el("input", { type: "search", id: "find-door", class: "find", autocomplete: "off", enterkeyhint: "search", placeholder: t("today.find_hint"), "aria-label": t("today.find") });
  field.value = state.typed;
  field.addEventListener("input", () => {
    state.typed = field.value;
    state.n_doors = FEW_DOORS;
    fill(list, held, doors, now, state);
  });
  return field;
}

/** The doors that fit what is typed, or those that are left today. */
function fill(list, held, doors, now, state) {
  const searching = state.typed.trim() !== "";
  const some = searching ? found(doors, held.compounds || [], state.typed) : due(doors, now);
  refill(list);
  if (!some.length) {
    const why = searching ? "today.none_found" : held.grids.some((one) => one.own) ? "today.no_doors" : "today.no_duty";
    list.append(el("p", { class: "empty" }, t(why)));
  }
  for (const stop of grouped(some.slice(0, state.n_doors))) list.append(...stopPart(stop, now));
  const hidden = some.length - state.n_doors;
  if (hidden > 0) list.append(more("more-doors", t("today.more_doors", { n: hidden }), () => {
    state.n_doors += FEW_DOORS;
    fill(list, held, doors, now, state);
  }));
  const again = searching ? [] : tried(doors, now);
  if (again.length) list.append(el("details", { class: "folded", id: "tried" }, el("summary", {}, t("today.tried", { n: again.length })), grouped(again).map((stop) => stopPart(stop, now))));
}

function stopPart(stop, now) {
  const building = level("building", stop.building);
  const parts = [el("h3", { class: "stop" }, [stop.compound, building].filter(Boolean).join(" ") || t("today.no_address"))];
  for (const one of stop.units) {
    const unit = level("unit", one.unit);
    if (unit) parts.push(el("h4", { class: "unit" }, unit));
    parts.push(el("ul", { class: "rooms" }, ...one.doors.map((door) => el("li", {}, room(door, now)))));
  }
  return parts;
}

function room(door, now) {
  const status = door.status && door.status !== "not_visited" ? door.status : null;
  const done = isDone(door, now);
  const link = el("a", { class: done ? "room done" : "room", href: `#/visit/${door.id}`, "data-door": String(door.id) }, inside(door));
  const times = !done && door.n_visits > 1 ? ` ${door.n_visits}×` : "";
  if (status) link.append(el("small", {}, `${t(`visit.${status}`)}${times}`));
  return link;
}

function gridsPart(held) {
  const own = held.grids.filter((one) => one.own);
  const part = el("section", { class: "part", "aria-labelledby": "grids-title" }, el("h2", { id: "grids-title" }, t("today.grids")));
  if (!own.length) part.append(el("p", { class: "empty" }, t("today.no_duty")));
  const names = own.map((one) => el("li", {}, el("strong", {}, one.name || one.code), " ", el("span", { class: "told" }, `${one.code} ${one.kind ? t(`today.duty_${one.kind}`) : ""}`)));
  if (names.length) part.append(el("ul", { class: "own-grids" }, ...names));
  return part;
}

function more(id, words, fn) {
  const button = el("button", { type: "button", class: "button wide", id }, words);
  button.addEventListener("click", fn);
  return button;
}
