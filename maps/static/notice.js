// One visible notice at a time, and the words for screen readers.
import { word } from "./words.js";

// data before ground: a failed base map must not hide that figures are missing
const RANK = { stats: 3, shapes: 2, reports: 1, compounds: 1, choices: 1, rings: 1, days: 1, doors: 1, find: 1, ground: 0 };
const open = new Map();
const box = document.getElementById("map-notice");
const [retry, dismiss] = ["retry", "dismiss"].map((name) => box.querySelector(`[data-does=${name}]`));
let shown = null;

/** Tells of a failure of one of `RANK`; `again` runs on retry, if given. */
export function tell(subject, text, again = null) {
  open.set(subject, { text, again });
  draw();
}

/** The subject works again. */
export function settle(subject) {
  if (open.delete(subject)) draw();
}

/** The notice for an error of `getJson`: signed out, the server's own sentence, or our general one. */
export function tellError(subject, error, again) {
  const text = error.status === 401 ? word("signed_out") : [word(`failed_${subject}`), error.said].filter(Boolean).join(" ");
  tell(subject, text, again);
}

/** Says it to screen readers. */
export function announce(text) {
  const live = document.getElementById("map-live");
  live.textContent = "";
  // a reader hears a change only when the text has been away for a moment
  setTimeout(() => (live.textContent = text), 30);
}

function draw() {
  const subjects = [...open.keys()].sort((a, b) => RANK[b] - RANK[a]);
  shown = subjects.length ? subjects[0] : null;
  box.hidden = shown === null;
  if (shown !== null) {
    box.firstElementChild.textContent = open.get(shown).text;
    retry.hidden = !open.get(shown).again;
  }
  // the page below makes room
  document.dispatchEvent(new Event("map-notice"));
}

retry.addEventListener("click", () => {
  const { again } = open.get(shown);
  open.delete(shown);
  draw();
  again();
});
dismiss.addEventListener("click", () => {
  open.delete(shown);
  draw();
});
