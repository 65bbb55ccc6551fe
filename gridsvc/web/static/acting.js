// The page of a report: photos are sent as soon as they are chosen, links open what they lead to, the slip prints.
const DIGITS = 16;

for (const box of document.querySelectorAll("[data-photos]")) takePhotos(box);
for (const button of document.querySelectorAll("[data-does='print']")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
window.addEventListener("hashchange", openTarget);
openTarget();

/** A link to an action or to the form of the map opens it, and whatever it stands in. */
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  for (let one = target; one; one = one.parentElement) {
    if (one.tagName === "DETAILS") one.open = true;
  }
  if (target) target.scrollIntoView({ block: "nearest" });
}

function takePhotos(box) {
  const field = box.querySelector("input[type=file]");
  const form = box.closest("form");
  const list = box.querySelector("[data-list]");
  const says = box.querySelector("[data-says]");
  let waiting = 0;
  field.hidden = false; // without a script another field sends files with the form
  for (const item of list.children) item.append(dropper(item, box));
  field.addEventListener("change", async () => {
    const files = [...field.files];
    field.value = "";
    for (const file of files) {
      waiting += 1;
      says.textContent = box.dataset.sending.replace("{name}", file.name);
      try {
        const sha256 = await send(file, form.elements.csrf_token.value);
        if (!list.querySelector(`input[value="${sha256}"]`)) list.append(itemOf(sha256, file, box));
        says.textContent = box.dataset.sent.replace("{name}", file.name);
      } catch (error) {
        const why = error instanceof TypeError ? box.dataset.offline : error.message;
        says.textContent = box.dataset.failed.replace("{name}", file.name).replace("{why}", why);
      }
      waiting -= 1;
    }
  });
  form.addEventListener("submit", (event) => {
    if (!waiting) return;
    event.preventDefault();
    says.textContent = box.dataset.wait;
  });
}

async function send(file, token) {
  const bytes = await file.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = [...digest].map((one) => one.toString(DIGITS).padStart(2, "0")).join("");
  const lang = document.documentElement.lang;
  const answer = await fetch(`/api/v1/photos/${sha256}?lang=${lang}`, {
    method: "PUT",
    headers: { "X-CSRF-Token": token, "Content-Type": file.type || "application/octet-stream" },
    body: bytes,
  });
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(told.message || String(answer.status));
  }
  return sha256;
}

function itemOf(sha256, file, box) {
  const item = document.createElement("li");
  const hidden = document.createElement("input");
  Object.assign(hidden, { type: "hidden", name: "photos", value: sha256 });
  const picture = document.createElement("img");
  Object.assign(picture, { src: `/api/v1/photos/${sha256}/thumb`, alt: file.name, width: 80, height: 80 });
  item.append(hidden, picture, dropper(item, box));
  return item;
}

function dropper(item, box) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button", textContent: box.dataset.drop });
  button.addEventListener("click", () => item.remove());
  return button;
}
