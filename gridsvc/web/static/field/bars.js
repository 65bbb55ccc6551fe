// What a thumb does on a page: at the bottom of the screen, above the app's own bar.
import { el, fill } from "./dom.js";

// how high the bar is, so that what is scrolled to comes to lie above it; nothing once it is gone
const measured = typeof ResizeObserver === "undefined" ? null : new ResizeObserver((told) => {
  const bar = told[told.length - 1].target;
  document.documentElement.style.setProperty("--thumb-h", `${bar.isConnected ? bar.offsetHeight : 0}px`);
});

/** A page and its bar in place of what was there. */
export function withBar(root, page, bar) {
  fill(root, el("div", { class: "with-bar" }, page, bar));
  if (!measured) return;
  measured.disconnect();
  measured.observe(bar);
}

/** The bar. */
export function thumbBar(...children) {
  return el("div", { class: "thumb-bar" }, children);
}
