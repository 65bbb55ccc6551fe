// A resident's form: what is typed survives a closed tab and a lost network; the same key makes a repeat harmless.
import { begin as beginAsking } from "./asking.js";
import * as photos from "./photos.js";
import { put as putPin, refresh as refreshMap, start as startMap } from "./pin.js";
import * as similar from "./similar.js";

const KEPT = "gridsvc.draft";
const NOT_KEPT = ["csrf_token", "compound_id", "photos", "secret", "secret_sha256", "seen", "website", "captcha", "captcha_id"];
const SECRET_BYTES = 16;
const KEPT_MS = 7 * 24 * 3600 * 1000;
const PHOTOS_KEPT_MS = 24 * 3600 * 1000; // the service removes what no report shows after two days

let secret = null;

start();
offerLink();
// there a page is soon closed, and some phones give it no position
document.getElementById("send-wechat")?.toggleAttribute("hidden", !/MicroMessenger/i.test(navigator.userAgent));

async function start() {
  const form = document.getElementById("send-form");
  if (!form) return;
  const kept = draft();
  secret = secret || kept?.secret || newSecret();
  const source = window.crypto;
  if (!restore(form, kept) && source?.randomUUID) form.elements.client_key.value = source.randomUUID();
  const recent = kept && Date.now() - kept.at < PHOTOS_KEPT_MS;
  photos.begin(recent ? kept.photos : [], () => changed(form));
  form.addEventListener("input", () => keep(form));
  let looking = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (looking) return; // a second tap while the first still asks for what is to be read
    looking = true;
    const stays = await similar.unread(form);
    looking = false;
    if (!stays) send(form);
  });
  form.querySelector("[data-does=photo-place]")?.addEventListener("click", () => usePlace(form));
  const { onward } = beginAsking(form, {
    onShow: (shown) => {
      if (shown.contains(document.getElementById("pin-map"))) refreshMap();
      similar.isBehind(Boolean(form.querySelector("#place").compareDocumentPosition(shown) & Node.DOCUMENT_POSITION_FOLLOWING));
    },
    stays: (shown) => (shown.contains(document.getElementById("place")) ? similar.unread(form) : false),
  });
  // a kind that was pressed is an answer: the next question comes by itself (with arrow keys people still look around)
  form.querySelector(".kinds")?.addEventListener("click", (event) => {
    if (event.target.name === "category" && event.detail > 0) onward();
  });
  similar.begin(form, (handle) => send(form, handle));
  joinsOther(form);
  changed(form, { quiet: true });
}

/** The secret of the link: made here, and only its hash is sent, where the browser can hash. */
function newSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function giveSecret(form) {
  if (!form.elements.secret) return; // who has an account needs no link
  if (!crypto.subtle) {
    form.elements.secret.value = secret;
    return;
  }
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  form.elements.secret.value = "";
  form.elements.secret_sha256.value = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Who fills in somebody else's name reports for somebody else. */
function joinsOther(form) {
  const box = document.getElementById("other-person");
  box?.addEventListener("toggle", () => {
    form.elements.for_other.checked = box.open;
    keep(form);
  });
}

function changed(form, { quiet = false } = {}) {
  const stored = photos.list();
  if (!form.isConnected) return;
  form.querySelector("input[name=photos]").value = stored.map((one) => one.sha256).join(",");
  document.getElementById("photo-place").hidden = !stored.some((one) => one.place);
  if (!quiet) keep(form);
}

function usePlace(form) {
  const { lon, lat } = photos.list().filter((one) => one.place).pop().place;
  if (document.getElementById("pin-map")) return putPin(lon, lat);
  Object.assign(form.elements.lon, { value: lon });
  Object.assign(form.elements.lat, { value: lat });
  return keep(form);
}

function draft() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    return kept && Date.now() - kept.at < KEPT_MS ? kept : null;
  } catch {
    return null; // no storage here, or not ours
  }
}

function keep(form) {
  const typed = Object.fromEntries([...new FormData(form)].filter(([name]) => !NOT_KEPT.includes(name)));
  try {
    localStorage.setItem(KEPT, JSON.stringify({ at: Date.now(), typed, secret, photos: photos.list() }));
  } catch {
    // full or forbidden: the form itself still holds it
  }
}

function forget() {
  try {
    localStorage.removeItem(KEPT);
  } catch {
    // as above
  }
  photos.clear();
  secret = null;
}

// Only into a form that came empty: one that the service sent back holds what was typed already.
function restore(form, kept) {
  if (!kept || form.elements.description.value || document.getElementById("summary")) return Boolean(kept);
  for (const [name, value] of Object.entries(kept.typed)) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  const chosen = form.querySelector("input[name=category]:checked")?.closest("details");
  if (chosen) chosen.open = true;
  const other = document.getElementById("other-person");
  if (other) form.elements.for_other.checked = other.open = Boolean(kept.typed.for_other);
  refreshMap();
  return true;
}

async function send(form, handle = "") {
  const button = form.querySelector(".ask-nav [type=submit]");
  if (button.disabled) return; // on its way already: its answer alone is drawn, with the link
  const label = button.textContent;
  const offline = document.getElementById("send-offline");
  keep(form);
  offline.hidden = true;
  button.disabled = true;
  button.textContent = button.dataset.busy;
  try {
    if (handle || (await photos.settled())) {
      changed(form, { quiet: true });
      await giveSecret(form);
      const body = new URLSearchParams(new FormData(form));
      if (handle) body.set("join", handle);
      const answer = await fetch(form.action, { method: "POST", body, referrerPolicy: "no-referrer" });
      show(answer, await answer.text());
    } else {
      stop(form);
    }
  } catch {
    offline.hidden = false;
    offline.scrollIntoView({ block: "center" });
  }
  button.disabled = false;
  button.textContent = label;
}

/** A photo failed: nothing is sent before somebody decides about it. */
function stop(form) {
  const box = document.getElementById("photos");
  box.closest("[data-ask]").hidden = false;
  document.getElementById("photos-say").textContent = box.dataset.failed;
  box.scrollIntoView({ block: "start" });
  form.querySelector("#picked [data-state=failed] button")?.focus();
}

function show(answer, text) {
  // the form is older than its cookie: a new one takes what was typed along
  if (answer.status === 403) return location.reload();
  const page = new DOMParser().parseFromString(text, "text/html");
  const main = page.querySelector("main");
  if (!main) throw new Error("no page");
  document.title = page.title;
  document.querySelector("main").replaceChildren(...main.childNodes);
  if (answer.ok) {
    giveLink();
    forget();
    offerLink();
  }
  startMap();
  start();
  (document.getElementById("summary") || document.querySelector("main h1")).focus();
  window.scrollTo(0, 0);
  return undefined;
}

/** The link of a report that was sent: the service knows only the hash, so it is put together here. */
function giveLink() {
  const box = document.getElementById("sent-link");
  if (!box || !box.hidden || !secret) return;
  const link = document.getElementById("link");
  link.href = `/r/${encodeURIComponent(box.dataset.number)}#${secret}`;
  link.textContent = link.href;
  box.hidden = false;
}

function offerLink() {
  const link = document.getElementById("link");
  if (!link) return;
  const does = (name, act) => {
    const button = document.querySelector(`[data-does=${name}]`);
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  };
  if (navigator.clipboard) does("copy-link", copy);
  if (document.getElementById("qr-box").hidden) does("show-qr", drawQr);
  does("print-link", async () => {
    await drawQr(document.querySelector("[data-does=show-qr]"));
    window.print();
  });
}

async function copy(button) {
  const said = document.getElementById("copied");
  try {
    await navigator.clipboard.writeText(document.getElementById("link").href);
    said.textContent = button.dataset.copied;
  } catch {
    said.textContent = button.dataset.not;
  }
}

/** The link as a picture, which the service draws: only then, because somebody asks for it, is it told the secret. */
async function drawQr(button) {
  const box = document.getElementById("qr-box");
  if (!box.hidden) return;
  const link = document.getElementById("link");
  try {
    const body = JSON.stringify({ number: document.getElementById("sent-link").dataset.number, secret: link.hash.slice(1) });
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": button.dataset.csrf };
    const answer = await fetch("/api/v1/residents/qr", { method: "POST", headers, body, referrerPolicy: "no-referrer" });
    if (!answer.ok) throw new Error(answer.status);
    const { side, path } = await answer.json();
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", `0 0 ${Number(side)} ${Number(side)}`);
    svg.setAttribute("class", "qr");
    svg.setAttribute("aria-hidden", "true");
    drawn.setAttribute("d", path);
    svg.append(drawn);
    box.prepend(svg);
    box.hidden = false;
    button.hidden = true;
  } catch {
    document.getElementById("copied").textContent = button.dataset.lost;
  }
}
