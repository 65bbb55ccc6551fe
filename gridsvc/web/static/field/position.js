// The phone's own position, better and better until it is good; in the coordinate system that this phone was found to report.
import { datumOf } from "./datum.js";

const PATIENCE_S = 15;
const LONGEST_S = 180;
const DENIED = 1;
const NO_FIX = 2;
const ONCE_S = 20;

/**
 * Calls `onFix(fix)` for each fix better than the last: {lon, lat, crs, accuracy_m, at, good, code: null}; `good` once it is
 * within `good_m`, after which nothing more comes. With no fix it is called with {code}: "insecure" (plain http),
 * "unavailable", "denied", or, after `patience_s` seconds, "timeout", while it goes on looking. Errors after a first fix are
 * ignored. Gives back what stops it.
 */
export function watch({ good_m: goodM = 20, patience_s: patienceS = PATIENCE_S, longest_s: longestS = LONGEST_S } = {}, onFix) {
  const failed = (code) => onFix({ code, good: false });
  if (!window.isSecureContext || !navigator.geolocation) {
    const code = window.isSecureContext ? "unavailable" : "insecure";
    const timer = setTimeout(failed, 0, code);
    return () => clearTimeout(timer);
  }
  let [best, ended, lost] = [null, false, null];
  let watching = null;
  const timers = [
    setTimeout(() => best || failed(lost || "timeout"), patienceS * 1000),
    setTimeout(stop, longestS * 1000),
  ];
  datumOf().then((crs) => {
    if (ended) return;
    watching = navigator.geolocation.watchPosition(({ coords, timestamp }) => {
      if (ended || (best !== null && coords.accuracy >= best)) return;
      best = coords.accuracy;
      const good = best <= goodM;
      if (good) stop();
      onFix({ lon: coords.longitude, lat: coords.latitude, crs, accuracy_m: best, at: new Date(timestamp).toISOString(), good, code: null });
    }, (error) => {
      // "not now" may pass: only a no is final
      lost = error.code === NO_FIX ? "unavailable" : "timeout";
      if (error.code !== DENIED || best !== null || ended) return;
      stop();
      failed("denied");
    }, { enableHighAccuracy: true, maximumAge: 10_000, timeout: patienceS * 1000 });
  });

  function stop() {
    ended = true;
    timers.forEach(clearTimeout);
    if (watching !== null) navigator.geolocation.clearWatch(watching);
    watching = null;
  }
  return stop;
}

/** The best fix of some seconds: {fix} or {code}; at once when it is within `goodM`. */
export function position(goodM = 15) {
  return new Promise((resolve) => {
    let [fix, code] = [null, "timeout"];
    const end = () => {
      stop();
      clearTimeout(timer);
      resolve(fix ? { fix } : { code });
    };
    const stop = watch({ good_m: goodM, patience_s: ONCE_S }, ({ code: failed, good, ...told }) => {
      if (failed) code = failed;
      else fix = told;
      if (good || (failed && failed !== "timeout")) end();
    });
    const timer = setTimeout(end, ONCE_S * 1000 + 500);
  });
}
