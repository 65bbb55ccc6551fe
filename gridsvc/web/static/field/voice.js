// A voice note of a minute at most, recorded on the phone, where the browser can.
import { sha256 } from "./hash.js";

export { keep } from "./blobs.js";

export const LONGEST_S = 60;
const BITS_PER_S = 24_000; // a minute is 180 kB
const KINDS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

/** Whether this browser can record. */
export function canRecord() {
  return Boolean(window.isSecureContext && window.MediaRecorder && navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
}

/**
 * Begins to record: {stop, note}. `note` resolves to {sha256, blob, seconds}, when `stop()` is called or the minute is
 * over, or to null where nothing was heard. `onSecond(n)` is called each second. Throws an Error with code denied or unavailable.
 */
export async function record(onSecond = () => {}) {
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  } catch (error) {
    throw Object.assign(new Error("microphone"), { code: error.name === "NotAllowedError" ? "denied" : "unavailable" });
  }
  const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one));
  const recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: BITS_PER_S });
  const parts = [];
  let [seconds, began] = [0, Date.now()];
  const ticking = setInterval(() => {
    seconds = Math.min(LONGEST_S, Math.round((Date.now() - began) / 1000));
    onSecond(seconds);
    if (seconds >= LONGEST_S) stop();
  }, 1000);
  recorder.addEventListener("dataavailable", ({ data }) => data.size && parts.push(data));
  const note = new Promise((resolve) => {
    recorder.addEventListener("stop", async () => {
      clearInterval(ticking);
      stream.getTracks().forEach((track) => track.stop());
      // the service tells a sound by its content and type alone: codecs left out
      const blob = new Blob(parts, { type: (recorder.mimeType || kind || "audio/webm").split(";")[0] });
      seconds = Math.min(LONGEST_S, Math.max(1, Math.round((Date.now() - began) / 1000)));
      resolve(blob.size ? { sha256: await sha256(blob), blob, seconds } : null);
    });
  });
  recorder.start(1000);
  began = Date.now();

  function stop() {
    if (recorder.state !== "inactive") recorder.stop();
  }
  return { stop, note };
}
