// Photos of a form: stored one by one while the rest is written; shown from the phone's own memory, never fetched.
let picked = [];
let changed = () => {};

/** The photos as a draft keeps them. */
export const list = () => picked.filter((one) => one.state === "stored").map(({ sha256, name, place }) => ({ sha256, name, place }));

/** Whether none is on its way and none failed. */
export async function settled() {
  await Promise.all(picked.map((one) => one.way));
  return picked.every((one) => one.state === "stored");
}

/** Forgets them all. */
export function clear() {
  for (const one of picked) URL.revokeObjectURL(one.url);
  picked = [];
}

/** Begins on a form; `kept` are those of a draft, `onChange` is called whenever one came or went. */
export function begin(kept, onChange) {
  changed = onChange;
  const box = document.querySelector("[data-photos]");
  if (!box || !window.crypto?.subtle) return;
  box.hidden = false;
  if (!picked.length) picked = (kept || []).map((one) => ({ ...one, state: "stored", way: null, url: null }));
  const input = document.getElementById("photo-pick");
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  draw();
}

function add(files) {
  const words = document.getElementById("photos").dataset;
  const room = Number(words.most) - picked.length;
  say(files.length > room ? words.many : "");
  for (const file of files.slice(0, Math.max(0, room))) {
    const one = { file, name: file.name, state: "sending", share: 0, url: URL.createObjectURL(file), said: "", place: null };
    picked.push(one);
    one.way = send(one);
  }
  draw();
}

async function send(one) {
  Object.assign(one, { state: "sending", share: 0, said: "" });
  draw();
  try {
    const content = await one.file.arrayBuffer();
    const digest = await crypto.subtle.digest("SHA-256", content);
    one.sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const { status, told } = await put(one, content);
    const stored = status === 200 || status === 201;
    one.state = stored ? "stored" : "failed";
    one.said = stored ? "" : told?.message || "";
    one.place = (stored && told.position) || null;
  } catch {
    one.state = "failed";
  }
  // the same photo chosen twice is one
  if (one.state === "stored" && picked.some((other) => other !== one && other.sha256 === one.sha256)) return remove(one);
  draw();
  return changed();
}

// fetch tells nothing of how far an upload is
function put(one, content) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("PUT", `/api/v1/photos/${one.sha256}?lang=${document.documentElement.lang}`);
    const token = document.querySelector("#send-form [name=csrf_token]");
    if (token) call.setRequestHeader("X-CSRF-Token", token.value);
    call.responseType = "json";
    call.upload.addEventListener("progress", (event) => {
      one.share = event.lengthComputable ? event.loaded / event.total : 0;
      const bar = document.querySelector(`[data-bar="${picked.indexOf(one)}"]`);
      if (bar) bar.value = one.share;
    });
    call.addEventListener("load", () => resolve({ status: call.status, told: call.response }));
    call.addEventListener("error", reject);
    call.send(content);
  });
}

function remove(one) {
  URL.revokeObjectURL(one.url);
  picked = picked.filter((other) => other !== one);
  draw();
  changed();
  document.getElementById("photo-pick")?.focus();
}

function draw() {
  const holder = document.getElementById("picked");
  if (!holder) return;
  const words = document.getElementById("photos").dataset;
  holder.replaceChildren(...picked.map((one, i) => tile(one, words.n.replace("{n}", i + 1), words, i)));
  document.querySelector("label[for=photo-pick]").hidden = picked.length >= Number(words.most);
}

function tile(one, title, words, i) {
  const item = document.createElement("li");
  item.dataset.state = one.state;
  const name = document.createElement("span");
  name.textContent = title;
  if (one.url) {
    const image = document.createElement("img");
    image.alt = "";
    // a format that this browser cannot show, the service may well read
    image.addEventListener("error", () => image.remove());
    image.src = one.url;
    item.append(image);
  }
  const state = document.createElement("small");
  state.setAttribute("role", "status");
  state.textContent = one.state === "failed" ? one.said || words.lost : words[one.state];
  item.append(name, state);
  if (one.state === "sending") {
    const bar = document.createElement("progress");
    Object.assign(bar, { max: 1, value: one.share });
    bar.dataset.bar = i;
    bar.setAttribute("aria-label", title);
    item.append(bar);
  }
  if (one.state === "failed") {
    item.append(button(words.retry, title, () => {
      one.way = send(one);
    }));
  }
  item.append(button(words.remove, title, () => remove(one)));
  return item;
}

function button(text, title, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "button", textContent: text });
  made.setAttribute("aria-label", `${text} ${title}`);
  made.addEventListener("click", act);
  return made;
}

function say(text) {
  const line = document.getElementById("photos-say");
  if (line) line.textContent = text;
}
