// Making elements. Text becomes text nodes only: nothing that anybody wrote is ever read as markup.
import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element: el("button", {class: "big", onclick: fn, "aria-label": "…"}, "text", child, …); null children are left out. */
export function el(tag, attrs, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "hidden") made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  add(made, children);
  return made;
}

function add(to, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(to, child);
    else if (child instanceof Node) to.appendChild(child);
    else if (child !== null && child !== undefined && child !== false) to.appendChild(document.createTextNode(String(child)));
  }
}

/** A drawing of 24 by 24 of our own: icon("M4 12h16") */
export function icon(path, size = 24) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true", focusable: "false" })) {
    svg.setAttribute(name, value);
  }
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", path);
  svg.appendChild(drawn);
  return svg;
}

/** Puts a view in place of the one before; its heading gets the focus, so that a screen reader begins there. */
export function show(...children) {
  const root = document.getElementById("view");
  while (root.firstChild) root.removeChild(root.firstChild);
  add(root, children);
  const heading = root.querySelector("h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  window.scrollTo(0, 0);
  return root;
}

/** Empties an element and fills it anew. */
export function fill(root, ...children) {
  while (root.firstChild) root.removeChild(root.firstChild);
  add(root, children);
  return root;
}

const LONGEST_MS = 5000; // a storage that has not answered by then may never do

/**
 * What draws one after the other: no drawing comes over a later one, and what it gives resolves when something is there.
 * However often it is called while it draws, it draws once more: one that has not begun sees all that was until then.
 * A drawing whose storage does not answer holds up the next for some seconds; `drawn(may)` asks `may()` as it begins to
 * put something on the page: not once a later one has.
 */
export function inTurn(drawn) {
  let free = Promise.resolve(); // when the next may begin
  let waits = null;
  let turn = 0;
  let last = 0; // the latest that is on the page
  const begin = () => {
    waits = null;
    turn += 1;
    const mine = turn;
    const done = drawn(() => {
      if (mine < last) return false;
      last = mine;
      return true;
    });
    free = Promise.race([done.catch(() => null), new Promise((over) => setTimeout(over, LONGEST_MS))]);
    return done;
  };
  return () => {
    if (!waits) waits = free.then(begin);
    return waits;
  };
}

let fading = 0;

/** Says something for some seconds, to eyes and ears. */
export function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.classList.add("on");
  clearTimeout(fading);
  fading = setTimeout(() => box.classList.remove("on"), 6000);
}

/** Asks before something that cannot be taken back: a promise of true or false. Words by default: yes, no. */
export function ask(question, yes = t("app.yes"), no = t("app.no")) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const close = (answer) => {
      cover.remove();
      document.removeEventListener("keydown", keys);
      window.removeEventListener("hashchange", gone);
      if (before && before.focus) before.focus();
      resolve(answer);
    };
    const first = el("button", { type: "button", class: "button", onclick: () => close(false) }, no);
    const last = el("button", { type: "button", class: "button main", onclick: () => close(true) }, yes);
    const box = el("div", { class: "ask", role: "alertdialog", "aria-modal": "true", "aria-labelledby": "ask-text" },
      el("p", { id: "ask-text" }, question), el("div", { class: "ask-acts" }, first, last));
    const cover = el("div", { class: "cover" }, box);
    const keys = (event) => {
      if (event.key === "Escape") close(false);
      if (event.key === "Tab") {
        event.preventDefault();
        (document.activeElement === first ? last : first).focus();
      }
    };
    const gone = () => close(false); // "back" leaves the question with the view that asked it
    document.addEventListener("keydown", keys);
    window.addEventListener("hashchange", gone);
    document.body.appendChild(cover);
    first.focus();
  });
}
