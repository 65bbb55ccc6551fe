// The browser's own position, better and better for some seconds, in WGS 84.
const LONGEST_MS = 15_000;
const GOOD_ENOUGH_M = 20;

/**
 * Calls `found({lon, lat, accuracy_m})` for each fix that is better than the last, then `ended(failure)` once: null after
 * any fix, else "denied" or "nowhere". Errors after a first fix are ignored. Gives back what stops it without a word.
 */
export function watchPosition(found, ended) {
  if (!navigator.geolocation || !window.isSecureContext) {
    ended("nowhere");
    return () => {};
  }
  let best = null;
  let denied = false;
  const timer = setTimeout(finish, LONGEST_MS);
  const watch = navigator.geolocation.watchPosition(
    ({ coords }) => {
      if (best !== null && coords.accuracy >= best) return;
      best = coords.accuracy;
      found({ lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy });
      if (best <= GOOD_ENOUGH_M) finish();
    },
    (error) => {
      denied = error.code === error.PERMISSION_DENIED;
      if (denied) finish();
    },
    { enableHighAccuracy: true, maximumAge: 10_000, timeout: LONGEST_MS },
  );

  function stop() {
    clearTimeout(timer);
    navigator.geolocation.clearWatch(watch);
  }

  function finish() {
    stop();
    ended(best === null ? (denied ? "denied" : "nowhere") : null);
  }
  return stop;
}
