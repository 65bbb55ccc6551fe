// A resident's link: the fragment's secret goes to the service in a body; every word comes in by textContent.
const API = "/api/v1/residents/";

const box = document.getElementById("progress");
const told = document.getElementById("told");
const form = document.getElementById("link-form");
const waits = document.getElementById("progress-waits");
let link = null;
let turn = 0; // of what was asked for: an answer that a later question overtook is not drawn

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const number = form.elements.number.value.trim();
  const secret = form.elements.secret.value.trim().split("#").pop();
  if (number && secret) return open({ number, secret }, { keep: true });
  return complain({ [number ? "secret" : "number"]: box.dataset.both });
});
document.getElementById("phone-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [number, tail] = [document.getElementById("phone-number").value.trim(), document.getElementById("phone_tail").value.trim()];
  if (!/^[0-9]{4}$/.test(tail)) return complain({ phone_tail: box.dataset.tail });
  const mine = ++turn;
  waits.hidden = true;
  form.hidden = false;
  const answer = await ask("lookup", { number, phone_tail: tail });
  if (mine !== turn) return undefined;
  if (!answer.ok) return complain({ phone_tail: answer.message });
  complain({});
  fill(answer.body);
  return document.querySelector("h1").focus();
});
onSubmit("reply-form", "reply", (fields) => (fields.words.value.trim() ? { words: fields.words.value } : missing("words")));
onSubmit("rating-form", "rating", (fields) => {
  const [solved, satisfied] = [fields.solved.value, fields.satisfied.value];
  if (!solved || !satisfied) return missing(solved ? "satisfied" : "solved");
  return { solved, satisfied, note: fields.note.value.trim() || null };
});
window.addEventListener("hashchange", fromAddress);
if (told.hidden) fromAddress();
else link = { number: form.elements.number.value, secret: document.querySelector("#rating-form [name=secret]").value };

function fromAddress() {
  const number = location.pathname.startsWith("/r/") ? decoded(location.pathname.slice(3)) : "";
  const secret = location.hash.slice(1);
  if (number && secret && secret !== "main") open({ number, secret }, {});
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function open(wanted, { keep = false }) {
  const mine = ++turn;
  form.hidden = true;
  waits.hidden = false;
  const answer = await ask("progress", wanted);
  if (mine !== turn) return undefined;
  waits.hidden = true;
  if (!answer.ok) {
    form.hidden = false;
    form.elements.number.value = wanted.number;
    return complain({ secret: answer.message });
  }
  link = wanted;
  // the address is then the link itself, to be kept
  if (keep) history.replaceState(null, "", `/r/${encodeURIComponent(wanted.number)}${location.search}#${wanted.secret}`);
  complain({});
  return fill(answer.body);
}

/** The service's answer; where there is none, or it is a refusal, a sentence. */
async function ask(what, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": box.dataset.csrf };
  try {
    const answer = await fetch(`${API}${what}?lang=${box.dataset.lang}`, { method: "POST", headers, body: JSON.stringify(body), referrerPolicy: "no-referrer" });
    const found = await answer.json();
    return { ok: answer.ok, status: answer.status, body: found, message: found.message };
  } catch {
    return { ok: false, status: 0, message: box.dataset.offline };
  }
}

function onSubmit(id, what, read) {
  const own = document.getElementById(id);
  own.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = read(own.elements);
    if (!said) return;
    const button = own.querySelector("[type=submit]");
    const mine = turn;
    button.disabled = true;
    const answer = await ask(what, { ...link, ...said });
    button.disabled = false;
    if (mine !== turn) return;
    if (answer.ok) {
      own.reset();
      complain({});
      fill(answer.body);
      (what === "rating" ? document.getElementById("rating") : document.querySelector("h1")).focus();
      return;
    }
    // it may have been rated or struck off meanwhile: what is shown is no longer true
    if (answer.status === 409 || answer.status === 410) {
      const now = await ask("progress", link);
      if (now.ok) fill(now.body);
    }
    complain({ [own.hidden ? "standing" : what === "rating" ? "solved" : "words"]: answer.message });
  });
}

function missing(field) {
  complain({ [field]: field === "words" ? box.dataset.both : box.dataset.choose });
  return null;
}

function fill(found) {
  for (const one of told.querySelectorAll("[data-says]")) one.textContent = found[one.dataset.says] ?? "";
  for (const one of told.querySelectorAll("[data-when]")) one.textContent = minute(found[one.dataset.when]);
  for (const one of told.querySelectorAll("[data-if]")) one.hidden = !found[one.dataset.if];
  for (const name of ["rating", "solved", "satisfied"]) {
    for (const one of told.querySelectorAll(`[data-if-${name}]`)) one.hidden = one.getAttribute(`data-if-${name}`) !== found[name];
  }
  document.getElementById("not-whole").hidden = found.whole;
  document.getElementById("keep").hidden = !found.whole;
  document.getElementById("by-phone").hidden = true;
  track(found.n_done);
  document.getElementById("happened").hidden = !found.events.length;
  document.getElementById("events").replaceChildren(...found.events.map(line).reverse());
  const pictures = document.getElementById("pictures");
  pictures.hidden = !found.pictures.length;
  pictures.querySelector("ul").replaceChildren(...found.pictures.map(picture));
  told.hidden = false;
  form.hidden = true;
}

function picture(one) {
  const made = document.getElementById("picture").content.cloneNode(true);
  const image = made.querySelector("img");
  image.alt = one.words;
  // a picture of our own making, and never another address
  if (one.src.startsWith("data:image/jpeg;base64,")) image.src = one.src;
  made.querySelector("small").textContent = one.words;
  return made;
}

function track(done) {
  const steps = document.getElementById("track");
  steps.hidden = done === null;
  [...steps.children].forEach((step, i) => {
    step.className = i < done ? "done" : i === done ? "now" : "";
    step.lastElementChild.textContent = step.className ? steps.dataset[step.className] : "";
    if (i === done) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
}

function line(event) {
  const made = document.getElementById("event").content.cloneNode(true);
  const time = made.querySelector("time");
  time.dateTime = event.at;
  time.textContent = minute(event.at);
  made.querySelector("[data-event=words]").textContent = event.words;
  const note = made.querySelector("blockquote");
  note.textContent = event.note ?? "";
  note.dataset.kind = event.kind ?? "";
  note.hidden = !event.note;
  return made;
}

// the service writes times in the zone of the place
const minute = (at) => (at ?? "").slice(0, 16).replace("T", " ");

/** Shows what is wrong, each sentence a link to its field; nothing where all is well. */
function complain(errors) {
  const holder = document.getElementById("progress-errors");
  const all = Object.entries(errors);
  holder.replaceChildren();
  for (const field of box.querySelectorAll(".has-wrong")) field.classList.remove("has-wrong");
  for (const field of box.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  if (!all.length) return;
  const summary = document.createElement("div");
  Object.assign(summary, { className: "summary", id: "summary", tabIndex: -1 });
  summary.setAttribute("role", "alert");
  const title = document.createElement("h2");
  title.textContent = box.dataset.wrong;
  const list = document.createElement("ul");
  for (const [name, said] of all) {
    const entry = document.createElement("a");
    entry.href = `#${name}`;
    entry.textContent = said;
    // the fragment is the secret's place
    entry.addEventListener("click", (event) => {
      event.preventDefault();
      const field = document.getElementById(name);
      (field.matches("input, textarea, [tabindex]") ? field : field.querySelector("input"))?.focus();
    });
    const item = document.createElement("li");
    item.append(entry);
    list.append(item);
    const field = document.getElementById(name);
    field?.closest(".field")?.classList.add("has-wrong");
    if (field?.matches("input, textarea")) field.setAttribute("aria-invalid", "true");
  }
  summary.append(title, list);
  holder.append(summary);
  summary.focus();
}
