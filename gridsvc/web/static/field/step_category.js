// The second step: what is wrong.
import { needsPhoto } from "./categories.js";
import { choice } from "./category_choice.js";
import { el, fill } from "./dom.js";
import { UNKNOWN } from "./report_draft.js";
import { showThumbs } from "./step_photo.js";
import { t } from "./words.js";

/** Draws the step; choosing leads on. */
export function draw(flow, body, foot) {
  const urls = [];
  const strip = el("ul", { class: "photo-strip small", hidden: true });
  if (flow.value.photos.length) showThumbs(strip, flow.value.photos, urls);
  fill(body, strip, choice(flow.held.categories, (code) => choose(flow, code)));
  fill(foot, el("button", { type: "button", class: "button wide", id: "unknown", onclick: () => choose(flow, UNKNOWN) }, t("report.unknown_choose")));
  flow.leave = () => urls.forEach((url) => URL.revokeObjectURL(url));
}

function choose(flow, code) {
  if (needsPhoto(flow.held.categories.find((one) => one.code === code)) && !flow.value.photos.length) {
    flow.said = t("report.photo_needed_why");
    return flow.go("photo", { category: code });
  }
  return flow.go(flow.value.settled ? "check" : "where", { category: code });
}
