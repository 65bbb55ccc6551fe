// Open reports of the same kind nearby, shown before another one is sent: by the category and the place that are chosen.
const SQUARES = 1024; // of the service's squares to a degree: within one of them the answer is the same
const KEY_LENGTH = 80; // of what the form's `seen` holds
const READ_MS = 1500; // a list that came into view a moment ago was not read yet

let asked = "";
let way = Promise.resolve();
let seenAt = Infinity; // when the list came into view

const watch = new IntersectionObserver((entries) => {
  if (entries.some((one) => one.isIntersecting)) seenAt = Math.min(seenAt, Date.now());
}, { threshold: 0.5 });

/** Begins on a form; `join` is called with the handle of the report that the sender has the same problem as. */
export function begin(form, join) {
  asked = "";
  if (!document.getElementById("similar")) return;
  watch.disconnect();
  watch.observe(document.getElementById("similar"));
  form.addEventListener("input", (event) => {
    if (event.target.name !== "compound") look(form); // a name is asked about when it is whole
  });
  form.addEventListener("change", () => look(form));
  document.getElementById("similar").addEventListener("click", (event) => {
    const button = event.target.closest("button[name=join]");
    if (!button) return;
    event.preventDefault();
    join(button.value);
  });
  look(form);
}

/** Whether to stop here because there are similar reports that were not read yet; they are in view then. */
export async function unread(form) {
  const box = document.getElementById("similar");
  if (!box) return false;
  look(form);
  await way;
  if (box.hidden || Date.now() - seenAt > READ_MS) return false;
  seenAt = -Infinity;
  box.scrollIntoView({ block: "center" });
  box.focus({ preventScroll: true });
  return true;
}

/** Whether the question about the place is behind: its list was in view then, and stands in nobody's way any more. */
export function isBehind(behind) {
  const box = document.getElementById("similar");
  if (box) box.classList.toggle("behind", behind);
}

function wanted(form) {
  const [category, lon, lat, name] = ["category", "lon", "lat", "compound"].map((field) => form.elements[field].value.trim());
  const id = form.querySelector("input[name=compound_id]:checked");
  if (!category || !((lon && lat) || id || name)) return null;
  if (lon && lat) {
    const where = { lon: Number(lon), lat: Number(lat), crs: form.elements.crs.value };
    return { category, where, key: `${category} ${Math.floor(lon * SQUARES)} ${Math.floor(lat * SQUARES)}` };
  }
  const key = `${category} ${id ? `#${id.value}` : name}`.slice(0, KEY_LENGTH);
  return { category, where: { compound: id ? Number(id.value) : name }, key };
}

function look(form) {
  const now = wanted(form);
  if ((now?.key || "") === asked) return;
  asked = now?.key || "";
  form.elements.seen.value = "";
  if (now) way = ask(form, now);
  else document.getElementById("similar").hidden = true;
}

async function ask(form, { category, where, key }) {
  try {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": form.elements.csrf_token.value };
    const body = JSON.stringify({ category, ...where });
    const answer = await fetch(`/api/v1/residents/similar?lang=${document.documentElement.lang}`, { method: "POST", headers, body, referrerPolicy: "no-referrer" });
    const { items } = answer.ok ? await answer.json() : {};
    if (key !== asked || !items) return;
    show(items);
    form.elements.seen.value = key;
  } catch {
    // without an answer the service looks when the report is sent
  }
}

function show(items) {
  const box = document.getElementById("similar");
  document.getElementById("similar-list").replaceChildren(...items.map(line));
  if (items.length) seenAt = Infinity;
  box.classList.remove("behind"); // of another place or kind
  box.hidden = !items.length;
}

function line(one) {
  const made = document.getElementById("similar-one").content.cloneNode(true);
  for (const part of made.querySelectorAll("[data-near]")) {
    const said = one[part.dataset.near];
    part.textContent = part.textContent.includes("{day}") ? part.textContent.replace("{day}", said) : said;
  }
  made.querySelector("button").value = one.handle;
  return made;
}
