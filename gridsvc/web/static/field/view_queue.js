// The queue: every item with its state and why, send now, try again, take away, unsent items as a file.
import * as data from "./data.js";
import { ask, el, fill, inTurn, toast } from "./dom.js";
import { others, save } from "./export.js";
import * as drafts from "./drafts.js";
import { also, codeOf, dismiss, meanwhile, notices } from "./notices.js";
import * as outbox from "./outbox.js";
import * as queue from "./queue.js";
import { getMeta, open } from "./store.js";
import { t } from "./words.js";

// where a draft is gone on with: a visit at its door, a step at its report
const ROUTES = { report: (one) => ["report", one.key], visit: (one) => ["visit", one.value.door], action: (one) => ["task", one.value.report] };

export async function view(root) {
  const list = el("ul", { class: "items" });
  const head = el("p", { class: "hint", role: "status" });
  const send = el("button", { type: "button", class: "button main wide" }, t("queue.send"));
  const file = el("button", { type: "button", class: "button wide" }, t("queue.export"));
  const about = el("p", { class: "hint" }, t("queue.export_about"));
  fill(root, el("section", { class: "sheet" }, el("h1", {}, t("queue.title")), head, send, list, file, about));
  send.addEventListener("click", async () => {
    send.disabled = true;
    head.textContent = t("queue.sending_now");
    const became = await queue.flush({ force: true });
    send.disabled = false;
    await draw();
    toast(t(`queue.became_${became}`));
  });
  file.addEventListener("click", intoFile);

  const draw = inTurn(async (may) => {
    const [rows, begun, { doors }] = [await queue.list(), await drafts.list(), await data.get()];
    const unread = new Map((await notices(rows, doors, Date.now())).map((one) => [one.key, one.mark]));
    if (!may()) return;
    const left = rows.filter((row) => row.state !== "sent");
    head.textContent = left.length ? t("queue.n", { n: left.length }) : t("queue.none");
    file.hidden = !left.length;
    send.hidden = !left.length;
    about.hidden = !left.length;
    const sent = rows.filter((row) => row.state === "sent").reverse();
    // what somebody else did meanwhile stands before what merely arrived, until it was read
    const met = sent.filter((row) => unread.has(row.key));
    const rest = sent.filter((row) => !unread.has(row.key));
    fill(list, begun.map((one) => draft(one, draw)), met.map((row) => record(row, doors, () => dismiss(unread.get(row.key)).then(draw))), left.map((row) => item(row, rows, doors)), rest.map((row) => item(row, rows, doors)));
  });

  const stop = queue.on(draw); // before it is drawn: what changes meanwhile is heard of
  await draw();
  return stop;
}

/** Saves the own items, and says whose stay: nobody is to think that the file has them all. */
async function intoFile() {
  const login = await getMeta("login");
  const n = await save();
  if (!login) return toast(t("queue.export_login"));
  const rest = await others();
  return toast(t("queue.exported", { n }) + (rest ? ` ${t("queue.exported_others", { n: rest })}` : ""));
}

function draft(one, draw) {
  const path = (ROUTES[one.kind] || (() => null))(one);
  const [, number] = one.kind === "action" ? one.value.report.split("|") : [];
  const href = path ? `#/${path.map(encodeURIComponent).join("/")}` : null;
  const drop = async () => {
    if (await ask(t("queue.draft_sure"), t("queue.remove"))) await drafts.drop(one.key).then(draw);
  };
  return el("li", { "data-state": "draft", "data-key": one.key }, el("strong", {}, number ? `${t(`task.${one.value.action}`)} ${number}` : t(`queue.kind_${one.kind}`)),
    el("span", { class: "item-state" }, t("queue.state_draft")),
    el("div", { class: "item-acts" }, href ? el("a", { class: "button", href }, t("queue.go_on")) : null, button("queue.remove", drop)));
}

/** What was kept as a record beside somebody else's, until the worker has read it. */
function record(row, doors, read) {
  return el("li", { "data-state": "conflict", "data-key": row.key }, el("strong", {}, row.title || t(`queue.kind_${row.kind}`)),
    el("span", { class: "item-state" }, t("queue.state_conflict"), numberOf(row)), el("small", {}, when(row.sent_at)),
    el("p", { class: "notice" }, said(row, doors)), codeOf(row), el("div", { class: "item-acts" }, button("today.seen", read)));
}

// a step's title has it already
const numberOf = ({ number, title }) => (number && !(title || "").includes(number) ? ` ${number}` : "");

const said = (row, doors) => meanwhile(row) || also(row, doors, Date.now());

function item(row, rows, doors) {
  const acts = [];
  const state = row.astray ? "attention" : row.state; // here alone: elsewhere it is recorded, and not to be done again
  if (row.astray) acts.push(button("queue.send_as", () => queue.sendAs(row.key, row.astray), { role: t(`role.${row.astray}`) }));
  else if (row.mine && row.state === "attention") {
    acts.push(row.code === "photo_lost" ? button("queue.without_lost", () => withoutLost(row)) : button("queue.retry", () => queue.retry(row.key)));
  }
  if (row.mine && (row.state === "attention" || row.state === "waiting")) acts.push(button("queue.remove", () => away(row)));
  return el("li", { "data-state": state, "data-key": row.key }, el("strong", {}, row.mine ? row.title || t(`queue.kind_${row.kind}`) : t("queue.other", { login: row.login })),
    el("span", { class: "item-state" }, t(`queue.state_${state}`), numberOf(row)),
    el("small", {}, when(row.sent_at || row.added_at)), why(row, rows, doors), acts.length ? el("div", { class: "item-acts" }, acts) : null);
}

/** Why it stands as it does; what is still to be done about it comes before what others did meanwhile. */
function why(row, rows, doors) {
  const met = row.mine ? said(row, doors) : "";
  const reason = row.state === "sent" && met ? "" : reasonOf(row, rows);
  return [reason ? el("p", { class: row.astray || row.state === "attention" ? "wrong" : "hint" }, reason) : null, met ? el("p", { class: "hint" }, met) : null, met ? codeOf(row) : null];
}

function reasonOf(row, rows) {
  if (row.astray) return t("queue.why_role", { role: t(`role.${row.role}`), now: t(`role.${row.astray}`) });
  // what the text met is told by `said`, and keeps its photos from nothing
  const is_met = row.state !== "sent" && row.answer && row.answer.status === "conflict" && row.code === (row.answer.code || "conflict");
  if (!is_met && row.message) return row.message;
  if (!is_met && row.code && row.code !== "no_answer") {
    const text = t(`queue.why_${row.code}`);
    return text.startsWith("queue.why_") ? t("queue.why_code", { code: row.code }) : text;
  }
  if (row.state !== "waiting") return "";
  if (row.stage !== "text") return t("queue.why_photos");
  if (rows.some((one) => row.after.includes(one.key) && one.state !== "sent")) return t("queue.why_after");
  return row.hold_until > Date.now() ? t("queue.why_held") : "";
}

function button(key, does, facts = {}) {
  return el("button", { type: "button", class: "button", onclick: does }, t(key, facts));
}

async function away(row) {
  if (!(await ask(t("queue.remove_sure"), t("queue.remove")))) return;
  if (!(await queue.remove(row.key))) return toast(t("queue.busy"));
  // what corrected it has nothing to correct any more, and stands for itself; what only took it back goes with it
  const after = (await queue.list()).filter((one) => one.item && one.item.visit && one.item.visit.supersedes === row.key && one.state !== "sending");
  await outbox.update(after.map((one) => one.key), (one) => {
    if (one.item.visit.outcome === "withdrawn") return null;
    delete one.item.visit.supersedes;
    one.about = one.about && { ...one.about, supersedes: null, was: null };
    Object.assign(one, { state: "waiting", next_at: 0, code: null, message: null });
    return one;
  });
  return undefined;
}

/** Sends what is left of an item whose photo or voice this phone has no more. */
async function withoutLost(row) {
  const db = await open();
  const lost = [];
  for (const sha of [...row.photos, ...(row.voice ? [row.voice] : [])]) if (!(await db.get("blobs", sha))) lost.push(sha);
  await outbox.update([row.key], (one) => {
    one.photos = one.photos.filter((sha) => !lost.includes(sha));
    if (lost.includes(one.voice)) one.voice = null;
    if (one.item && one.item.action && one.item.action.photos) one.item.action.photos = one.photos;
    const none = !one.photos.length && !one.voice;
    if (none) one.attach_key = null;
    return none && one.stage === "photos" ? null : one; // its text has arrived, and nothing else is left
  });
  await queue.retry(row.key);
}

function when(ms) {
  const at = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
