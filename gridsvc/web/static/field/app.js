// The app's beginning: words, look, the bar below, the first view. What runs by itself comes after that: it can wait.
import { el, fill, icon } from "./dom.js";
import * as router from "./router.js";
import * as store from "./store.js";
import { begin as beginWords, t } from "./words.js";

const BAR = [
  ["", "bar.home", "M4 11l8-7 8 7v9h-5v-6H9v6H4z"],
  ["report", "bar.report", "M12 5v14M5 12h14"],
  ["queue", "bar.queue", "M12 19V6M6 12l6-6 6 6M5 21h14"],
  ["settings", "bar.settings", "M4 7h10M18 7h2M4 17h2M10 17h10M14 4v6M6 14v6"],
];
const VIEWS = {
  "": () => import("./view_home.js"),
  report: () => import("./view_report.js"),
  visit: () => import("./view_visit.js"),
  task: () => import("./view_task.js"),
  queue: () => import("./view_queue.js"),
  settings: () => import("./view_settings.js"),
  login: () => import("./view_login.js"),
};
const OPEN = ["login", "queue", "settings"]; // views for somebody whom this phone does not know yet
const PATIENCE_MS = 8000;
let running = null;
let waiting = 0;

start();

async function start() {
  const words = beginWords().then(() => true, (error) => console.error(error));
  // a storage that neither opens nor fails: perhaps another tab holds it; should it open later, the app goes on
  const slow = setTimeout(() => instead("slow-storage"), PATIENCE_MS);
  try {
    await store.open();
  } catch (error) {
    console.error(error);
    return instead("no-storage");
  } finally {
    clearTimeout(slow);
  }
  if (!(await words)) return instead("no-words");
  instead(null);
  document.documentElement.toggleAttribute("data-big", Boolean(await store.getMeta("big")));
  if (!(await store.getMeta("login")) && !OPEN.includes(router.here()[0])) history.replaceState(null, "", "#/login");
  // before anything is drawn: words that were said at doors on another day
  if (await store.getMeta("login")) await import("./outbox.js").then((outbox) => outbox.sweep()).catch((error) => console.warn(error));
  await router.begin(VIEWS, arrived);
  running = await import("./running.js");
  running.begin(drawBar);
  router.holdAll();
}

/** Shows one of the page's own texts in place of the app, which cannot begin; null: none. */
function instead(id) {
  document.getElementById("starting").hidden = Boolean(id);
  for (const box of document.querySelectorAll("[data-instead]")) box.hidden = box.id !== id;
  for (const again of document.querySelectorAll("[data-again]")) again.onclick = () => location.reload();
}

function arrived(name) {
  drawBar();
  if (running) running.arrived(name);
}

/** The bar, with how many items wait; as many as before, where it is not told. */
function drawBar(n = waiting) {
  waiting = n;
  const now = router.here()[0] || "";
  const links = BAR.map(([name, key, path]) => el("a", { href: `#/${name}`, "aria-current": name === now ? "page" : null, class: name === "report" ? "main" : null },
    icon(path), el("span", {}, t(key)), name === "queue" && n ? el("b", { class: "badge" }, n, el("span", { class: "unseen" }, t("bar.unsent"))) : null));
  fill(document.getElementById("bar"), links);
  document.getElementById("bar").setAttribute("aria-label", t("bar.label"));
}
