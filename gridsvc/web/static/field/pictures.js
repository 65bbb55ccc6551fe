// Photos of a step: taken or chosen, made small at once, shown, taken away again.
import { el, fill } from "./dom.js";
import { keep, shrink } from "./photos.js";
import { open } from "./store.js";
import { t } from "./words.js";

const MOST = 12;
const working = new WeakMap(); // by form: the photos that are just made small

/** Resolves when no photo of a form is on its way: what is recorded in between would go without it. */
export const settled = (form) => working.get(form);

/** A chooser that keeps `form.photos` (names of blobs); `changed()` is called after each change. */
export function chooser(form, changed, words) {
  const shown = el("ul", { class: "pictures" });
  const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
  const draw = async () => {
    const db = await open();
    const items = await Promise.all(form.photos.map(async (sha, i) => item(await db.get("blobs", sha), i, () => {
      form.photos = form.photos.filter((one) => one !== sha);
      changed();
      draw();
    })));
    fill(shown, items);
  };
  const take = async (input) => {
    wrong.hidden = true;
    for (const file of [...input.files].slice(0, MOST - form.photos.length)) {
      try {
        const sha = await keep(await shrink(file));
        if (!form.photos.includes(sha)) form.photos = [...form.photos, sha];
      } catch (error) {
        wrong.hidden = false;
        wrong.textContent = t(error.code === "photo_unreadable" ? "task.photo_unreadable" : "task.no_room");
      }
    }
    input.value = "";
    changed();
    await draw();
  };
  const taken = (input) => working.set(form, Promise.all([working.get(form), take(input)]));
  draw();
  return el("div", { class: "field pictures-field" }, el("p", { class: "label" }, words), shown, wrong,
    el("div", { class: "picture-acts" }, source("camera", { capture: "environment" }, taken), source("gallery", { multiple: true }, taken)));
}

function source(name, more, take) {
  const input = el("input", { type: "file", accept: "image/*", class: "unseen", id: `photo-${name}`, ...more });
  input.addEventListener("change", () => take(input));
  return el("label", { class: "button", for: `photo-${name}` }, t(`task.${name}`), input);
}

function item(kept, i, drop) {
  const image = el("img", { alt: t("task.photo_n", { n: i + 1 }), width: "96", height: "96" });
  if (kept) {
    const url = URL.createObjectURL(kept.blob);
    image.addEventListener("load", () => URL.revokeObjectURL(url));
    image.src = url;
  }
  return el("li", {}, image, el("button", { type: "button", class: "button", "aria-label": t("task.photo_drop", { n: i + 1 }), onclick: drop }, "×"));
}
