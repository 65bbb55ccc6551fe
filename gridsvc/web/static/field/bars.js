// What a thumb does on a page: at the bottom of the screen, above the app's own bar.
import { el, fill } from "./dom.js";

/** A page and its bar in place of what was there. */
export function withBar(root, page, bar) {
  fill(root, el("div", { class: "with-bar" }, page, bar));
}

/** The bar. */
export function thumbBar(...children) {
  return el("div", { class: "thumb-bar" }, children);
}
