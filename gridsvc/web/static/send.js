// A resident's form: what is typed survives a reload and a lost network; the same key makes a repeat harmless.
import { start as startMap } from "./pin.js";

const KEPT = "gridsvc.draft";
const NOT_KEPT = ["csrf_token", "compound_id"];

start();

function start() {
  const form = document.getElementById("send-form");
  if (!form) return;
  if (!restore(form) && window.crypto?.randomUUID) form.elements.client_key.value = crypto.randomUUID();
  form.addEventListener("input", () => keep(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

function keep(form) {
  const typed = Object.fromEntries([...new FormData(form)].filter(([name]) => !NOT_KEPT.includes(name)));
  sessionStorage.setItem(KEPT, JSON.stringify(typed));
}

// Only into a form that came empty: one that the service sent back holds what was typed already.
function restore(form) {
  const kept = sessionStorage.getItem(KEPT);
  if (!kept || form.elements.description.value || document.getElementById("summary")) return Boolean(kept);
  for (const [name, value] of Object.entries(JSON.parse(kept))) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  const [lon, lat, accuracy] = ["lon", "lat", "accuracy_m"].map((name) => form.elements[name].value);
  const box = document.getElementById("pin-map");
  if (lon && lat && box) {
    box.dataset.place = JSON.stringify({ ...JSON.parse(box.dataset.place), pin: [Number(lon), Number(lat)], accuracy_m: Number(accuracy) || null });
    startMap();
  }
  return true;
}

async function send(form) {
  const button = form.querySelector("[type=submit]");
  const label = button.textContent;
  const offline = document.getElementById("send-offline");
  keep(form);
  offline.hidden = true;
  button.disabled = true;
  button.textContent = button.dataset.busy;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    show(answer, await answer.text());
  } catch {
    offline.hidden = false;
    offline.scrollIntoView({ block: "center" });
  }
  button.disabled = false;
  button.textContent = label;
}

function show(answer, text) {
  // the form is older than its cookie: a new one takes what was typed along
  if (answer.status === 403) return location.reload();
  const page = new DOMParser().parseFromString(text, "text/html");
  const main = page.querySelector("main");
  if (!main) throw new Error("no page");
  if (answer.ok) sessionStorage.removeItem(KEPT);
  document.title = page.title;
  document.querySelector("main").replaceChildren(...main.childNodes);
  startMap();
  start();
  (document.getElementById("summary") || document.querySelector("main h1")).focus();
  window.scrollTo(0, 0);
  return undefined;
}
