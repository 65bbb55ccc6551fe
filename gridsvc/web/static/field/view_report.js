// Reporting a problem: a photo, what it is, where it is, sent; one question a step, each step kept as a draft.
import { thumbBar, withBar } from "./bars.js";
import { sweep } from "./blobs.js";
import * as data from "./data.js";
import { el, icon, toast } from "./dom.js";
import * as drafts from "./drafts.js";
import * as queue from "./queue.js";
import { watch } from "./position.js";
import * as check from "./step_check.js";
import * as category from "./step_category.js";
import * as photo from "./step_photo.js";
import * as where from "./step_where.js";
import { blank, clock, reportOf, titleOf } from "./report_draft.js";
import { recipient } from "./report_place.js";
import { uuid } from "./store.js";
import { whyNotKept } from "./trouble.js";
import { t } from "./words.js";

const STEPS = ["photo", "category", "where", "check"];
const DONE = "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18z M7.5 12.5l3 3 6-6.5";
const KEY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DRAWN = { photo, category, where, check };

/** Draws a report, the one that was begun under `key` or a new one; gives back what stops the position and keeps the text. */
export async function view(root, wanted) {
  const key = KEY.test(wanted || "") ? wanted.toLowerCase() : null; // the service takes no other
  sweep().catch(() => {}); // no room is no reason not to begin
  const asked = location.hash;
  const held = await data.get();
  const kept = (await drafts.list()).filter((one) => one.kind === "report");
  if (!key && kept.length) return offer(root, held, kept);
  const mine = key || uuid();
  // a reload, or the phone waking up, comes back to this draft and not to an empty one; left meanwhile, the address is another's
  if (!key && location.hash === asked) history.replaceState(null, "", `#/report/${mine}`);
  const draft = kept.find((one) => one.key === mine);
  if (!draft && (await queue.list()).some((row) => row.key === mine)) return done(root, null);
  return begin(root, held, mine, draft ? { ...blank(), ...draft.value } : blank());
}

function offer(root, held, kept) {
  const row = (one) => el("li", {},
    el("a", { class: "pick-row", href: `#/report/${one.key}` },
      el("strong", {}, titleOf(one.value, held.categories)),
      el("span", {}, t("report.draft_of", { at: clock(one.at), n: one.value.photos ? one.value.photos.length : 0 }))));
  withBar(root, el("section", { class: "sheet report stack" }, el("h1", {}, t("report.drafts")), el("ul", { class: "pick-list" }, kept.map(row))),
    thumbBar(el("a", { class: "button main wide", href: `#/report/${uuid()}`, id: "new-report" }, t("report.new"))));
  return () => {};
}

function begin(root, held, key, value) {
  const flow = { key, value, held, stop: () => {}, leave: () => {}, onFix: () => {}, failure: null, said: "" };
  flow.change = (patch) => {
    Object.assign(flow.value, patch);
    return keep(flow);
  };
  flow.go = async (step, patch = {}) => {
    await flow.change({ ...patch, step });
    if (!flow.ended) draw(root, flow);
  };
  flow.send = () => send(root, flow);
  flow.locate = () => locate(flow);
  if (!value.fix && value.where === "here") locate(flow);
  draw(root, flow);
  const unheard = data.on((fresh) => hear(root, flow, fresh));
  return () => {
    unheard();
    flow.ended = true;
    flow.stop();
    flow.leave();
  };
}

// the lists came while somebody was at it: asked anew with them, but nothing that is being written is touched
function hear(root, flow, fresh) {
  if (!fresh.as_of || flow.ended) return;
  const bare = !flow.held.as_of;
  flow.held = fresh;
  if (bare && flow.value.step !== "check") draw(root, flow);
}

function locate(flow) {
  flow.stop();
  if (flow.ended) return;
  flow.failure = null;
  flow.stop = watch({ good_m: 20 }, ({ code, good, ...fix }) => {
    flow.failure = code;
    if (!code) flow.change({ fix });
    flow.onFix(good);
  });
}

// one after the other, so that what is kept last is what was said last
function keep(flow) {
  const save = () => drafts.save(flow.key, "report", { ...flow.value });
  flow.kept = (flow.kept || Promise.resolve()).then(save).catch((error) => toast(whyNotKept(error, "report.full")));
  return flow.kept;
}

function draw(root, flow) {
  flow.leave();
  flow.leave = () => {};
  flow.onFix = () => {};
  const at = Math.max(0, STEPS.indexOf(flow.value.step));
  const step = DRAWN[STEPS[at]];
  const back = at === 0
    ? el("a", { class: "back", href: "#/" }, t("report.home"))
    : el("button", { type: "button", class: "back", id: "back", onclick: () => flow.go(STEPS[at - 1]) }, t("report.back"));
  const heading = el("h1", { tabindex: "-1" }, t(`report.ask_${STEPS[at]}`));
  const body = el("div", { class: "asked-here" });
  const foot = thumbBar();
  withBar(root, el("section", { class: "sheet report", "data-step": STEPS[at] },
    el("div", { class: "step-head" }, back, el("span", { class: "step-n" }, t("report.step", { n: at + 1, of: STEPS.length }))),
    heading, body), foot);
  step.draw(flow, body, foot);
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

async function send(root, flow) {
  const { photos, voice, after } = flow.value;
  const title = titleOf(flow.value, flow.held.categories);
  flow.stop();
  try {
    await queue.add({ kind: "report", key: flow.key, report: reportOf(flow.value) },
      { photos: photos.map((one) => one.sha256), voice: voice ? voice.sha256 : null, after: after || [], title });
  } catch (error) {
    toast(whyNotKept(error, "report.full"));
    return;
  }
  const told = recipient(flow);
  flow.ended = true;
  flow.leave();
  flow.leave = () => {};
  done(root, told);
}

/** The report stands in the queue: said plainly, with what comes next within reach of the thumb. */
function done(root, told) {
  withBar(root, el("section", { class: "sheet report stack", "data-step": "done", role: "status" },
    el("div", { class: "done-mark" }, icon(DONE, 56)),
    el("h1", { tabindex: "-1" }, t("report.done")),
    told ? el("p", { class: "told" }, told) : null,
    el("p", {}, t("report.done_how")),
    el("p", {}, el("a", { href: "#/queue" }, t("report.to_queue")))),
  thumbBar(el("a", { class: "button wide", href: `#/report/${uuid()}` }, t("report.another")), el("a", { class: "button main wide", href: "#/" }, t("report.to_home"))));
  root.querySelector("h1").focus({ preventScroll: true });
  window.scrollTo(0, 0);
  return () => {};
}
