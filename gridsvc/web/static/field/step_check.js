// The last step: what was said so far, a few words or a voice note if somebody likes, and the button that sends.
import { labelOf, picture } from "./categories.js";
import { el, fill, icon, toast } from "./dom.js";
import { beforeLeaving } from "./leaving.js";
import { titleOf } from "./report_draft.js";
import { recipient } from "./report_place.js";
import { showThumbs } from "./step_photo.js";
import { isFull, open } from "./store.js";
import { LONGEST_S, canRecord, keep, record } from "./voice.js";
import { t } from "./words.js";

const TYPED_MS = 400;
const MICROPHONE = "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3z M6 11a6 6 0 0 0 12 0 M12 17v4 M8 21h8";

/** Draws the step. */
export function draw(flow, body, foot) {
  const { value, held } = flow;
  const urls = [];
  const strip = el("ul", { class: "photo-strip small", hidden: true });
  if (value.photos.length) showThumbs(strip, value.photos, urls);
  const category = held.categories.find((one) => one.code === value.category);
  const typed = el("textarea", { id: "words", maxlength: "4000", rows: "3", placeholder: t("report.words_hint"), value: value.text });
  let timer = 0;
  typed.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => flow.change({ text: typed.value }), TYPED_MS);
  });
  const kept = () => {
    clearTimeout(timer);
    return typed.value === flow.value.text ? null : flow.change({ text: typed.value });
  };
  typed.addEventListener("change", kept);
  const stop = beforeLeaving(kept);
  const voice = voiceBox(flow, urls);
  fill(body,
    el("dl", { class: "said-so-far" },
      part(flow, "photo", t("report.photos"), value.photos.length ? strip : t("report.no_photo")),
      part(flow, "category", t("report.what"), category ? [picture(category, 28), " ", labelOf(category)] : titleOf(value, held.categories)),
      part(flow, "where", t("report.where"), placeOf(flow))),
    el("div", { class: "field" }, el("label", { for: "words" }, t("report.words")), typed),
    voice.box);
  const button = el("button", { type: "button", class: "button main wide", id: "send" }, t("report.send"));
  button.addEventListener("click", async () => {
    button.disabled = true; // one tap sends once, however often the thumb comes down
    await flow.taken; // a photo that is still made small goes along
    await voice.finish();
    await kept();
    await flow.send();
    button.disabled = false;
  });
  fill(foot, button);
  flow.leave = () => {
    stop();
    kept();
    voice.finish();
    urls.forEach((url) => URL.revokeObjectURL(url));
  };
}

function part(flow, step, name, value) {
  return [el("dt", {}, name), el("dd", {}, el("div", {}, value),
    el("button", { type: "button", class: "change", "data-change": step, onclick: () => flow.go(step), "aria-label": `${t("report.change")} ${name}` }, t("report.change")))];
}

function placeOf(flow) {
  const { value, held } = flow;
  const compound = value.where === "compound" ? held.compounds.find((one) => one.id === value.compound) : null;
  const first = compound ? compound.name : value.where === "words" ? value.words : t(value.pin ? "place.at_pin_short" : "place.at_fix", { m: value.fix ? Math.round(value.fix.accuracy_m) : "" });
  return [el("strong", {}, first), el("br"), recipient(flow)];
}

function voiceBox(flow, urls) {
  const box = el("div", { class: "voice", id: "voice" });
  if (!canRecord()) return { box: null, finish: async () => {} };
  let recording = null;
  const finish = async () => {
    if (!recording) return;
    const mine = recording;
    recording = null;
    mine.stop();
    const note = await mine.note;
    if (note) await stored(flow, note);
    paint();
  };
  const begin = async () => {
    try {
      recording = await record((seconds) => {
        const shown = box.querySelector(".seconds");
        if (shown) shown.textContent = t("report.voice_seconds", { n: seconds, of: LONGEST_S });
      });
    } catch (error) {
      toast(t(`report.voice_${error.code}`));
      return;
    }
    paint();
    // the minute is over by itself
    recording.note.then(finish);
  };
  const paint = async () => {
    const { voice } = flow.value;
    if (recording) {
      fill(box, el("p", { class: "seconds", role: "status" }, t("report.voice_seconds", { n: 0, of: LONGEST_S })),
        el("button", { type: "button", class: "button wide recording", id: "voice-stop", onclick: finish }, t("report.voice_stop")));
    } else if (voice) {
      const row = await (await open()).get("blobs", voice.sha256);
      const url = row ? URL.createObjectURL(row.blob) : null;
      if (url) urls.push(url);
      fill(box, el("p", { class: "label" }, t("report.voice_kept", { n: voice.seconds })),
        url ? el("audio", { controls: true, src: url, "aria-label": t("report.voice_play") }) : null,
        el("button", { type: "button", class: "button", id: "voice-drop", onclick: () => drop(flow, paint) }, t("report.voice_drop")));
    } else {
      fill(box, el("button", { type: "button", class: "button wide", id: "voice-start", onclick: begin }, icon(MICROPHONE, 22), " ", t("report.voice_start", { n: LONGEST_S })));
    }
  };
  paint();
  return { box, finish };
}

async function stored(flow, note) {
  try {
    await keep(note);
    await flow.change({ voice: { sha256: note.sha256, seconds: note.seconds } });
  } catch (error) {
    toast(t(isFull(error) ? "report.full" : "report.not_kept"));
  }
}

async function drop(flow, paint) {
  await flow.change({ voice: null });
  await paint();
}
