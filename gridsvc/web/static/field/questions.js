// What is asked and told at a door beside its outcome: persons, questions, policies, papers, wishes, a problem, the way.
import { labelOf, picture } from "./categories.js";
import { choice } from "./category_choice.js";
import { MODES, isOf } from "./doors.js";
import { el, fill } from "./dom.js";
import { chooser } from "./pictures.js";
import { UNKNOWN } from "./report_draft.js";
import { t } from "./words.js";

const POLICIES = ["anti_fraud", "fire_safety", "medical", "pension", "employment", "waste_sorting", "legal"];
const MOST_MET = 1000;
const MOST_ANSWER = 500;
const MOST_WORDS = 2000;

/** A form without a word in it. */
export function blank(key, door_id) {
  const said = { n_met: 1, mode: "door", policies: [], answers: {}, needs: "", issued: false, returned: false };
  return { key, door: door_id, ...said, need: { category: "", words: "" }, photos: [], supersedes: null };
}

/** A form that says what a row of the queue says, as far as the phone still knows it; another key, which corrects it or not. */
export function again(key, row, supersedes) {
  const form = { ...blank(key, row.about.door), supersedes };
  form.mode = row.about.mode;
  form.n_met = row.about.n_met || 1;
  const said = row.item ? row.item.visit : row.said || null;
  form.lost = !said;
  if (supersedes) Object.assign(form, supersedes === row.key ? { outcome: row.about.outcome, needed: hasNeed(row.about) } : row.about.was);
  if (!said) return form;
  form.policies = said.policies || [];
  form.answers = said.answers || {};
  form.needs = said.needs || "";
  form.issued = Boolean(said.n_issued);
  form.returned = Boolean(said.n_returned);
  if (supersedes !== row.key && said.need) {
    form.need = { category: said.need.category, words: said.need.description };
    form.photos = row.photos;
  }
  return form;
}

// a problem told of stays told of, however often the visit is corrected
function hasNeed({ needed, was }) {
  return needed || Boolean(was && was.needed);
}

/** What the phone keeps of a visit as long as of its receipt; `was`: what it corrects. No word that was said: see `said`. */
export function about(visit, { outcome: before, needed } = {}) {
  const { household_id: door, outcome, mode, n_met: n_met = null, happened_at: at, supersedes = null } = visit;
  return { door, outcome, mode, n_met, at, supersedes, needed: Boolean(visit.need), was: supersedes ? { outcome: before, needed: Boolean(needed) } : null };
}

/** The visit that a form and an outcome say; `fix` is the best position of the phone, or null. */
export function visit(form, outcome, at, fix, categories) {
  const told = { household_id: form.door, outcome, happened_at: at.toISOString(), mode: form.mode };
  if (outcome === "reached") told.n_met = form.n_met;
  if (fix && form.mode === "door") Object.assign(told, { x: fix.lon, y: fix.lat, crs: fix.crs || "wgs84", accuracy_m: fix.accuracy_m });
  if (form.policies.length) told.policies = POLICIES.concat(form.policies).filter((one, i, all) => form.policies.includes(one) && all.indexOf(one) === i);
  const answers = Object.entries(form.answers).map(([question, said]) => [question, String(said).trim()]).filter(([, said]) => said);
  if (answers.length) told.answers = Object.fromEntries(answers);
  if (form.needs.trim()) told.needs = form.needs.trim();
  if (form.issued) told.n_issued = 1;
  if (form.returned) told.n_returned = 1;
  if (form.supersedes) told.supersedes = form.supersedes;
  if (form.need.category) told.need = { category: form.need.category, description: form.need.words.trim() || categoryName(categories, form.need.category) };
  return told;
}

function categoryName(categories, code) {
  if (code === UNKNOWN) return t("report.unknown");
  const one = (categories || []).find((category) => category.code === code);
  return one ? labelOf(one) : code;
}

/** Whether nothing was said in it yet. */
export function isBlank(form) {
  return !form.supersedes && JSON.stringify({ ...form, lost: undefined }) === JSON.stringify(blank(form.key, form.door));
}

/** Whether a problem was begun but nobody can tell what it is about: nothing of it may be lost silently. */
export function isHalfNeed(form) {
  return !form.need.category && Boolean(form.need.words.trim() || form.photos.length);
}

/** How many people were met, with a thumb. */
export function persons(form, keep) {
  const shown = el("output", { id: "n-met", "aria-live": "polite" }, String(form.n_met));
  const step = (by) => {
    form.n_met = Math.min(MOST_MET, Math.max(1, form.n_met + by));
    shown.textContent = String(form.n_met);
    keep();
  };
  const button = (by, sign, told) => el("button", { type: "button", class: "button step", "aria-label": told, onclick: () => step(by) }, sign);
  return el("div", { class: "persons" }, el("span", { class: "label" }, t("visit.n_met")),
    button(-1, "−", t("visit.fewer")), shown, button(1, "+", t("visit.more")));
}

/** Everything that may be said beside the outcome; `keep()` is called after every change. Asked is what the door's campaigns ask. */
export function beside(form, held, door, keep) {
  return [
    questions(form, held.campaigns.filter((one) => isOf(door, one) && one.questions.length), keep),
    problem(form, held.categories || [], keep),
    policies(form, keep),
    wishes(form, keep),
    ways(form, keep),
  ];
}

/** The questions of these campaigns; one that two of them ask is asked once. */
function questions(form, campaigns, keep) {
  const asked = new Set();
  return campaigns.map((campaign, n) => {
    const fresh = campaign.questions.filter((words) => !asked.has(words));
    fresh.forEach((words) => asked.add(words));
    const name = campaigns.length > 1 ? `${t("visit.questions")} · ${campaign.name}` : t("visit.questions");
    return fresh.length ? el("fieldset", { class: "asked" }, el("legend", {}, name), fresh.map((words, i) => question(form, words, `q-${n}-${i}`, keep))) : null;
  });
}

function question(form, words, id, keep) {
  const field = el("input", { type: "text", id, maxlength: MOST_ANSWER, autocomplete: "off", value: form.answers[words] || "" });
  field.addEventListener("input", () => {
    form.answers[words] = field.value;
    keep();
  });
  return el("div", { class: "field" }, el("label", { for: id }, words), field);
}

function policies(form, keep) {
  const choices = POLICIES.map((code) => {
    const box = el("input", { type: "checkbox", value: code, checked: form.policies.includes(code) });
    box.addEventListener("change", () => {
      form.policies = box.checked ? [...form.policies, code] : form.policies.filter((other) => other !== code);
      keep();
    });
    return el("label", { class: "choice" }, box, " ", t(`visit.policy_${code}`));
  });
  return folded("policies", t("visit.policies"), form.policies.length > 0, el("div", { class: "choices" }, choices));
}

function problem(form, categories, keep) {
  const words = el("textarea", { id: "need-words", maxlength: MOST_WORDS, rows: "2", value: form.need.words });
  words.addEventListener("input", () => {
    form.need.words = words.value;
    keep();
  });
  return folded("need", t("visit.need"), Boolean(form.need.category || form.need.words), el("p", { class: "hint" }, t("visit.need_told")),
    aboutWhat(form, categories, keep),
    el("div", { class: "field" }, el("label", { for: "need-words" }, t("visit.need_words")), words),
    chooser(form, keep, t("task.photo_may")));
}

/** What the problem is: chosen as in a report, or the one that was, with the way to another or none. */
function aboutWhat(form, categories, keep) {
  const box = el("div", { id: "need-category", class: "field", role: "group", "aria-label": t("visit.need_category"), tabindex: "-1" });
  const say = (code) => {
    form.need.category = code;
    keep();
    paint();
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: "nearest" });
  };
  const paint = () => {
    const code = form.need.category;
    const known = categories.find((one) => one.code === code);
    if (!code) {
      fill(box, choice(categories, say),
        el("button", { type: "button", class: "button wide", id: "need-unknown", onclick: () => say(UNKNOWN) }, t("report.unknown_choose")));
      return;
    }
    fill(box, el("p", { class: "chosen" }, known ? picture(known, 32) : null, el("strong", {}, categoryName(categories, code)),
      el("button", { type: "button", class: "change", onclick: () => say("") }, t("report.change"))));
  };
  paint();
  return box;
}

function wishes(form, keep) {
  const field = el("textarea", { id: "needs", maxlength: MOST_WORDS, rows: "2", "aria-label": t("visit.needs"), value: form.needs });
  field.addEventListener("input", () => {
    form.needs = field.value;
    keep();
  });
  const paper = (name) => {
    const box = el("input", { type: "checkbox", checked: form[name] });
    box.addEventListener("change", () => {
      form[name] = box.checked;
      keep();
    });
    return el("label", { class: "choice" }, box, " ", t(`visit.${name}`));
  };
  const open = Boolean(form.needs || form.issued || form.returned);
  return folded("wishes", t("visit.needs"), open, el("p", { class: "hint" }, t("visit.needs_told")), field, el("div", { class: "choices" }, paper("issued"), paper("returned")));
}

function ways(form, keep) {
  const choices = MODES.map((mode) => {
    const one = el("input", { type: "radio", name: "mode", value: mode, checked: form.mode === mode });
    one.addEventListener("change", () => {
      form.mode = mode;
      keep();
    });
    return el("label", { class: "choice" }, one, " ", t(`visit.mode_${mode}`));
  });
  return folded("mode", t("visit.mode"), form.mode !== "door", el("div", { class: "choices", role: "radiogroup", "aria-label": t("visit.mode") }, choices));
}

function folded(id, name, open, ...inside) {
  return el("details", { id: `part-${id}`, class: "folded", open: open || null }, el("summary", {}, name), ...inside);
}
