// The first step: photos from the camera or the gallery, or none.
import { needsPhoto } from "./categories.js";
import { el, fill, icon, toast } from "./dom.js";
import { keep, shrink } from "./photos.js";
import { isFull, open, room } from "./store.js";
import { t } from "./words.js";

export const MOST = 9;
const CAMERA = "M4 8h4l2-3h4l2 3h4v11H4z M12 10a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7";
const GALLERY = "M3 5h18v14H3z M3 16l5-5 4 4 3-3 6 5 M15.5 8a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3";

/** Draws the step; the first photo leads on by itself. */
export function draw(flow, body, foot) {
  const strip = el("ul", { class: "photo-strip" });
  const said = el("p", { class: "told", role: "status", id: "photo-said" }, flow.said);
  flow.said = "";
  const urls = [];
  const paint = () => {
    const { photos, category } = flow.value;
    showThumbs(strip, photos, urls, (sha) => remove(flow, sha, paint));
    const needed = !photos.length && needsPhoto(flow.held.categories.find((one) => one.code === category));
    fill(foot, el("button", { type: "button", class: photos.length ? "button main wide" : "button wide", id: "next", disabled: needed, onclick: () => flow.go(after(flow)) },
      t(needed ? "report.photo_needed" : photos.length ? "report.next" : "report.skip")));
  };
  const take = (event) => {
    const made = add(flow, [...event.target.files], event.target, said, paint);
    flow.taken = Promise.all([flow.taken, made]); // what is sent waits for it
  };
  fill(body, strip,
    picker("camera", t("report.camera"), CAMERA, { accept: "image/*", capture: "environment", onchange: take }),
    picker("gallery", t("report.gallery"), GALLERY, { accept: "image/*", multiple: true, onchange: take }),
    said, el("p", { class: "hint" }, t("report.photo_hint")));
  paint();
  flow.leave = () => urls.forEach((url) => URL.revokeObjectURL(url));
  room().then(({ low }) => low && !said.textContent && (said.textContent = t("report.low")));
}

/** Thumbnails of kept photos; with a button each where `remove` is given. */
export async function showThumbs(list, photos, urls, remove = null) {
  const db = await open();
  const rows = await Promise.all(photos.map((one) => db.get("blobs", one.sha256)));
  fill(list, rows.map((row, i) => {
    const name = t("report.photo_n", { n: i + 1 });
    const url = row ? URL.createObjectURL(row.blob) : null;
    if (url) urls.push(url);
    return el("li", {}, url ? el("img", { src: url, alt: name }) : el("span", { class: "lost" }, t("report.photo_lost")),
      remove ? el("button", { type: "button", class: "remove", "aria-label": `${t("report.remove")} ${name}`, onclick: () => remove(photos[i].sha256) }, "×") : null);
  }));
  list.hidden = !photos.length;
}

function picker(id, label, path, attrs) {
  const input = el("input", { type: "file", id, class: "unseen", ...attrs });
  return el("div", { class: `pick pick-${id}` }, input, el("label", { for: id, class: id === "camera" ? "big-button main" : "big-button" }, icon(path, 28), el("span", {}, label)));
}

async function add(flow, files, input, said, paint) {
  if (!files.length) return;
  const first = !flow.value.photos.length;
  const left = MOST - flow.value.photos.length;
  said.textContent = t("report.photo_working");
  let told = files.length > left ? t("report.photo_most", { n: MOST }) : "";
  for (const file of files.slice(0, Math.max(0, left))) {
    try {
      const made = await shrink(file);
      await keep(made);
      const known = flow.value.photos.some((one) => one.sha256 === made.sha256);
      if (!known) await flow.change({ photos: [...flow.value.photos, { sha256: made.sha256, width: made.width, height: made.height }] });
    } catch (error) {
      told = t(isFull(error) ? "report.full" : `report.${error.code === "photo_too_large" ? error.code : "photo_unreadable"}`);
    }
  }
  input.value = "";
  said.textContent = told;
  if (told) toast(told);
  if (flow.value.step !== "photo") return undefined; // gone on meanwhile: it goes along, and nobody is taken back
  if (first && flow.value.photos.length && !told) return flow.go(after(flow));
  return input.isConnected ? paint() : flow.go("photo");
}

// back from a later step, on to where it came from; what was not asked yet is asked
const after = ({ value }) => (!value.category ? "category" : value.settled ? "check" : "where");

async function remove(flow, sha, paint) {
  await flow.change({ photos: flow.value.photos.filter((one) => one.sha256 !== sha) });
  paint();
  document.getElementById("camera").focus();
}
