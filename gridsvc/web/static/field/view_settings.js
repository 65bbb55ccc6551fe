// Settings: language, big characters, this device, what is kept here, logging out.
import * as data from "./data.js";
import { datumSection } from "./datum_step.js";
import { ask, el, fill, toast } from "./dom.js";
import { leave as logOut } from "./net.js";
import * as offline from "./offline.js";
import * as queue from "./queue.js";
import { draw, go, here } from "./router.js";
import { clock } from "./spans.js";
import { getMeta, persist, room, setMeta } from "./store.js";
import { lang, setLang, t } from "./words.js";

export async function view(root) {
  const [held, ready, space, safe, n] = [await data.get(), await offline.isReady(), await room(), await kept(), await queue.unsent()];
  const login = await getMeta("login");
  const big = Boolean(await getMeta("big"));
  fill(root, el("section", { class: "sheet narrow stack" }, el("h1", {}, t("settings.title")),
    row(t("settings.language"), choice("zh", "中文"), choice("en", "English")),
    row(t("settings.big"), el("button", { type: "button", class: "button", "aria-pressed": String(big), onclick: () => setBig(!big) }, t(big ? "settings.on" : "settings.off"))),
    el("dl", { class: "facts" },
      fact("settings.who", login ? [login, held.me ? t(`role.${held.me.role}`) : ""].filter(Boolean).join(" · ") : t("settings.nobody")),
      fact("settings.device", (await getMeta("device_name")) || "—"),
      fact("settings.data", held.as_of ? t("settings.data_of", { at: clock(Date.parse(held.as_of), Date.now()) }) : t("settings.data_none")),
      fact("settings.offline", t(ready ? "settings.offline_ready" : "settings.offline_not")),
      fact("settings.room", space.free === null ? t("settings.room_unknown") : t("settings.room_free", { n: Math.floor(space.free / 1048576) })),
      fact("settings.safe", t(safe ? "settings.safe_yes" : "settings.safe_no")),
      fact("settings.version", document.documentElement.dataset.version || "—")),
    el("div", { id: "settings-more" }, await datumSection(held)),
    el("button", { type: "button", class: "button wide", onclick: () => again() }, t("settings.refresh")),
    login ? [el("a", { class: "button wide", href: "/devices" }, t("settings.devices")),
      el("button", { type: "button", class: "button wide", onclick: () => leave(n) }, t("settings.logout"))]
      : el("a", { class: "button main wide", href: "#/login" }, t("app.log_in")),
    el("p", { class: "hint" }, t("settings.about"))));
}

function row(label, ...children) {
  return el("div", { class: "choices", role: "group", "aria-label": label }, el("span", { class: "label" }, label), children);
}

function choice(code, name) {
  return el("button", { type: "button", class: "button", lang: code, "aria-pressed": String(lang() === code), onclick: () => change(code) }, name);
}

function fact(key, value) {
  return [el("dt", {}, t(key)), el("dd", {}, value)];
}

async function kept() {
  return navigator.storage && navigator.storage.persisted ? navigator.storage.persisted() : false;
}

async function change(code) {
  try {
    await setLang(code);
  } catch {
    toast(t("app.away"));
  }
  draw();
}

async function setBig(on) {
  await setMeta("big", on);
  document.documentElement.toggleAttribute("data-big", on);
  draw();
}

async function again() {
  await persist();
  const became = await data.refresh();
  toast(t(became === "fresh" ? "settings.refreshed" : became === "login" ? "app.log_in_again" : "app.away"));
  if (here()[0] === "settings") draw(); // the answer may take long, and somebody be writing elsewhere
}

async function leave(n) {
  const sure = n ? t("settings.logout_unsent", { n }) : t("settings.logout_sure");
  if (!(await ask(sure, t("settings.logout")))) return;
  await logOut();
  await data.drop();
  go("login");
}
