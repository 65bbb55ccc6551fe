// Logging in: this phone becomes a device of its own, which the worker or an admin can revoke.
import { el, fill } from "./dom.js";
import { ask, who } from "./net.js";
import { go, here } from "./router.js";
import { getMeta, open, setMeta } from "./store.js";
import { t } from "./words.js";

export async function view(root) {
  const n = (await (await open()).getAll("outbox")).filter((row) => row.state !== "sent").length;
  const login = field("login", "text", "username", (await getMeta("login")) || "");
  const password = field("password", "password", "current-password", "");
  const device = field("device", "text", "off", (await getMeta("device_name")) || guess());
  const said = el("p", { class: "note note-warn", role: "alert", hidden: true });
  const button = el("button", { class: "button main wide", type: "submit" }, t("login.send"));
  const form = el("form", { class: "stack", novalidate: true }, login.row, password.row, device.row, said, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const wrong = await enter(login.input.value.trim(), password.input.value, device.input.value.trim());
    button.disabled = false;
    said.hidden = !wrong;
    said.textContent = wrong || "";
    if (!wrong) leave();
  });
  fill(root, el("section", { class: "sheet narrow" }, el("h1", {}, t("login.title")),
    n ? el("p", { class: "note note-done" }, t("login.kept", { n })) : null, el("p", { class: "hint" }, t("login.about")), form));
  known();
}

function field(name, type, autocomplete, value) {
  const id = `login-${name}`;
  const input = el("input", { id, name, type, autocomplete, value, class: "wide", autocapitalize: "none", maxlength: 200 });
  return { input, row: el("div", { class: "field" }, el("label", { for: id }, t(`login.${name}`)), input) };
}

/** What went wrong, in words; "" when the reader is in. */
async function enter(login, password, name) {
  if (!login || !password) return t("login.both");
  await who({ again: true }); // the token that a change needs, should an old session's cookie still be here
  const answer = await ask("POST", "/api/v1/devices", { json: { login, password, name: name || guess(), as: "cookie" } });
  if (answer.kind === "away" || answer.kind === "busy") return answer.message || t("login.away");
  if (answer.kind !== "ok") return answer.message || t("login.wrong");
  await setMeta("device_name", name);
  if (answer.data.device_id) await setMeta("device_id", answer.data.device_id);
  const me = await who({ again: true });
  return me && me.known ? "" : t("login.away");
}

async function leave() {
  const [data, queue] = await Promise.all([import("./data.js"), import("./queue.js")]);
  data.refresh({ anew: true });
  queue.flush({ force: true });
  if (here()[0] === "login") go(); // else gone on meanwhile
}

// who logged in on the service's other pages is known to the app, too
async function known() {
  const me = await who({ again: true });
  if (me && me.known && here()[0] === "login" && !document.activeElement.matches("input")) leave();
}

function guess() {
  const found = ["iPhone", "iPad", "Android", "Windows", "Macintosh"].find((name) => navigator.userAgent.includes(name));
  return found || t("login.browser");
}
