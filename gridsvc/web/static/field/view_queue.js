// The queue: every item with its state and why, send now, try again, take away, unsent items as a file.
import { ask, el, fill, toast } from "./dom.js";
import { save } from "./export.js";
import * as drafts from "./drafts.js";
import * as queue from "./queue.js";
import { t } from "./words.js";

const PATHS = { report: "report", visit: "visit", task: "task" };

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
  file.addEventListener("click", async () => toast(t("queue.exported", { n: await save() })));

  async function draw() {
    const [rows, open] = [await queue.list(), await drafts.list()];
    const left = rows.filter((row) => row.state !== "sent");
    head.textContent = left.length ? t("queue.n", { n: left.length }) : t("queue.none");
    file.hidden = !left.length;
    send.hidden = !left.length;
    about.hidden = !left.length;
    const sent = rows.filter((row) => row.state === "sent").reverse();
    fill(list, open.map(draft), left.map((row) => item(row, rows)), sent.map((row) => item(row, rows)));
  }

  await draw();
  const stop = queue.on(draw);
  return stop;
}

function draft(one) {
  const to = PATHS[one.kind];
  return el("li", { "data-state": "draft", "data-key": one.key }, el("strong", {}, (one.value && one.value.title) || t(`queue.kind_${one.kind}`)),
    el("span", { class: "item-state" }, t("queue.state_draft")),
    to ? el("a", { class: "button", href: `#/${to}/${encodeURIComponent((one.value && one.value.route) || one.key)}` }, t("queue.go_on")) : null);
}

function item(row, rows) {
  const acts = [];
  if (row.mine && row.state === "attention") acts.push(button("queue.retry", () => queue.retry(row.key)));
  if (row.mine && (row.state === "attention" || row.state === "waiting")) acts.push(button("queue.remove", () => away(row)));
  return el("li", { "data-state": row.state, "data-key": row.key }, el("strong", {}, row.mine ? row.title || t(`queue.kind_${row.kind}`) : t("queue.other", { login: row.login })),
    el("span", { class: "item-state" }, t(`queue.state_${row.state}`), row.number ? ` ${row.number}` : ""),
    el("small", {}, when(row.sent_at || row.added_at)), why(row, rows), acts.length ? el("div", { class: "item-acts" }, acts) : null);
}

function why(row, rows) {
  let text = row.message || (row.code && row.code !== "no_answer" ? t(`queue.why_${row.code}`) : "");
  if (text.startsWith("queue.why_")) text = t("queue.why_code", { code: row.code });
  const before = rows.find((one) => row.after.includes(one.key) && one.state !== "sent");
  if (!text && row.state === "waiting" && row.stage !== "text") text = t("queue.why_photos");
  else if (!text && row.state === "waiting" && before) text = t("queue.why_after");
  else if (!text && row.state === "waiting" && row.hold_until > Date.now()) text = t("queue.why_held");
  return text ? el("p", { class: row.state === "attention" ? "wrong" : "hint" }, text) : null;
}

function button(key, does) {
  return el("button", { type: "button", class: "button", onclick: does }, t(key));
}

async function away(row) {
  if (!(await ask(t("queue.remove_sure"), t("queue.remove")))) return;
  if (!(await queue.remove(row.key))) toast(t("queue.busy"));
}

function when(ms) {
  const at = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
