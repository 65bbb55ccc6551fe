// What runs by itself once the first view is there: sending, asking for news, notices, being there without a network.
import * as data from "./data.js";
import { el, fill } from "./dom.js";
import * as ground from "./ground.js";
import { who } from "./net.js";
import * as offline from "./offline.js";
import * as queue from "./queue.js";
import * as router from "./router.js";
import * as store from "./store.js";
import { t } from "./words.js";

const REFRESH_MS = 5 * 60 * 1000;
let mustLogIn = false;
let tellBar = () => {};

/** Begins; `bar(n)` is told how many items wait. */
export function begin(bar) {
  tellBar = bar;
  queue.on(({ became }) => {
    if (became === "login") logIn(true);
    if (became === "done") lookAfter();
    notices();
  });
  data.on(async ({ as_of }) => {
    if (as_of) logIn(false); // told since: whoever is logged in now may go on
    notices();
  });
  offline.begin(() => !router.isEditing());
  queue.begin();
  ground.begin();
  store.persist().catch(() => {}); // some browsers ask the reader, some refuse: the notice about it is in the settings
  refresh();
  setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") refresh();
  });
  window.addEventListener("online", refresh);
  arrived(router.here()[0] || "");
}

async function refresh() {
  const became = await data.refresh();
  if (became === "login") return logIn(true);
  if (became === "fresh" || became === "refused") return logIn(false); // refused: logged in, of a role without lists
  return undefined;
}

let last = 0;

// what was sent has changed what the service tells: the lists are asked for once after it
async function lookAfter() {
  const latest = Math.max(0, ...(await queue.list()).map((row) => row.sent_at || 0));
  const fresh = latest > last && last > 0;
  last = Math.max(last, latest, 1);
  if (fresh) refresh();
}

function logIn(must) {
  if (must === mustLogIn) return;
  mustLogIn = must;
  notices();
}

/** A view was drawn. */
export async function arrived(name) {
  notices();
  if (!router.isEditing()) offline.takeOver();
  if (["login", "queue", "settings"].includes(name) || (await data.get()).as_of) return;
  // nothing is held: somebody who is not logged in must be, to get it; who was logged in here may go on without it
  const me = await who();
  const nobody = me ? !me.known : !(await store.getMeta("login"));
  if (me && me.known) logIn(false); // whether or not the lists come
  if (nobody && !(name === "report" && (await store.getMeta("login"))) && (router.here()[0] || "") === name) router.go("login");
}

async function notices() {
  const lacks = offline.lacks();
  const n = await queue.unsent();
  tellBar(n);
  const { low } = await store.room();
  const said = [];
  if (mustLogIn && router.here()[0] !== "login") {
    const words = n || (await store.getMeta("login")) ? "app.log_in_again" : "queue.became_login"; // nobody's login has ended
    said.push(el("p", { class: "note note-warn" }, t(words), " ", el("a", { href: "#/login" }, t("app.log_in"))));
  }
  if (lacks.length) {
    said.push(el("details", { class: "note note-warn" }, el("summary", {}, t(`app.lacks_${lacks[0]}`)),
      lacks.map((code) => el("p", {}, t(`app.lacks_${code}_do`)))));
  }
  if (low) said.push(el("p", { class: "note note-warn" }, t("app.low_room")));
  if (n && isAppleTab()) said.push(el("details", { class: "note note-warn" }, el("summary", {}, t("app.install_first", { n })), el("p", {}, t("app.install_first_do"))));
  fill(document.getElementById("notices"), said);
}

// Safari wipes what a page that is not on the home screen keeps, after seven days without a visit
function isAppleTab() {
  return /iPhone|iPad/.test(navigator.userAgent) && !navigator.standalone && !window.matchMedia("(display-mode: standalone)").matches;
}
