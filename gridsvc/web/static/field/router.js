// From the hash of the address to a view. A view module gives `async function view(root, ...params)` and gets back to clean up.
import { el, fill } from "./dom.js";
import { t } from "./words.js";

const EDITS = ["report", "visit", "task", "login"]; // while one of these is open a new version of the app waits

let views = {}; // by name: what loads its module
let clean = null;
let turn = 0;
let told = () => {};

/** Goes to a view: go("report", key). */
export function go(...parts) {
  const hash = `#/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
  if (location.hash === hash) return draw();
  location.hash = hash;
  return undefined;
}

/** The parts of the address: ["task", "web|G1|0"]; empty: home. */
export function here() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  return parts.map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

/** Whether somebody may be in the middle of something. */
export function isEditing() {
  return EDITS.includes(here()[0]);
}

/** Begins with these views, by name what loads the module; `after(name)` hears of every view that was drawn. */
export function begin(known, after) {
  views = known;
  told = after;
  window.addEventListener("hashchange", draw);
  return draw();
}

/** Has every view here before the network goes, where no service worker keeps them. */
export async function holdAll() {
  if (navigator.serviceWorker && navigator.serviceWorker.controller) return;
  await Promise.all(Object.values(views).map((load) => load().catch(() => null)));
}

/** Draws the view of the address anew. */
export async function draw() {
  turn += 1;
  const mine = turn;
  const [name = "", ...params] = here();
  if (clean) {
    const last = clean;
    clean = null;
    try {
      last();
    } catch (error) {
      console.error(error);
    }
  }
  const root = document.getElementById("view");
  root.setAttribute("aria-busy", "true");
  try {
    const module = await (views[name] || views[""])();
    if (mine !== turn) return;
    const place = el("div"); // the view's own: one that is left while it still loads goes on drawing where nobody looks
    fill(root, place);
    const done = await module.view(place, ...params);
    if (mine !== turn) {
      if (typeof done === "function") done();
      return;
    }
    clean = typeof done === "function" ? done : null;
  } catch (error) {
    console.error(error);
    if (mine === turn) fill(root, broken());
  }
  root.removeAttribute("aria-busy");
  const heading = root.querySelector("h1");
  if (heading && !root.contains(document.activeElement)) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  window.scrollTo(0, 0);
  told(name);
}

function broken() {
  return el("section", { class: "sheet" }, el("h1", {}, t("app.broken")), el("p", {}, t("app.broken_kept")),
    el("button", { type: "button", class: "button main wide", onclick: () => location.reload() }, t("app.reload")));
}
