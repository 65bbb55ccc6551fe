// The phone's position beside what somebody does: asked for in the background, never waited for, said in one line.
import { el } from "./dom.js";
import { watch } from "./position.js";
import { t } from "./words.js";

const WORST_M = 2000; // a position that may be anywhere in the district says nothing

/** `{best(), said(), on(fn), stop()}`: begins by itself where the browser has leave already, else at a tap. */
export function alongside() {
  let fix = null;
  let ended = false;
  let stop = () => {};
  let heard = () => {};
  const words = el("span", { id: "position" }, t("visit.position_none"));
  const button = el("button", { type: "button", class: "button slim", id: "attach-position", hidden: true, onclick: begin }, t("visit.position_ask"));
  const line = el("p", { class: "position", role: "status" }, words, button);

  function begin() {
    button.hidden = true;
    words.textContent = t("visit.position_waiting");
    stop = watch({ good_m: 20 }, (told) => {
      if (told.code) {
        if (!fix) words.textContent = t(`visit.position_${told.code}`);
        return;
      }
      fix = told;
      words.textContent = t(told.accuracy_m > WORST_M ? "visit.position_vague" : "visit.position_on", { m: Math.round(told.accuracy_m) });
      heard(told);
    });
  }

  leave().then((state) => {
    if (ended) return; // the view was left first: nobody would stop it
    if (state === "granted") begin();
    else if (state === "denied") words.textContent = t("visit.position_denied");
    else button.hidden = false;
  });
  return {
    best: () => (fix && fix.accuracy_m <= WORST_M ? fix : null),
    said: () => line,
    on: (fn) => {
      heard = fn;
      if (fix) fn(fix);
    },
    stop: () => {
      ended = true;
      stop();
    },
  };
}

/** Whether the browser gives the position without asking: granted, denied, or prompt (also where it does not say). */
async function leave() {
  if (!window.isSecureContext || !navigator.geolocation) return "granted"; // the watch says what is wrong
  try {
    return (await navigator.permissions.query({ name: "geolocation" })).state;
  } catch {
    return "prompt";
  }
}
