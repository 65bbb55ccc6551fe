// The browser's own position: the best fix within some seconds, in WGS 84.
const LONGEST_MS = 15_000;
const GOOD_ENOUGH_M = 20;

/** {lon, lat, accuracy_m}, or {failed: "denied" | "nowhere"}; errors after a first fix are ignored. */
export function findPosition() {
  if (!navigator.geolocation || !window.isSecureContext) return Promise.resolve({ failed: "nowhere" });
  return new Promise((resolve) => {
    let best = null;
    let denied = false;
    const watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        if (!best || coords.accuracy < best.accuracy_m) {
          best = { lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy };
        }
        if (best.accuracy_m <= GOOD_ENOUGH_M) finish();
      },
      (error) => {
        denied = error.code === error.PERMISSION_DENIED;
        if (denied) finish();
      },
      { enableHighAccuracy: true, maximumAge: 10_000, timeout: LONGEST_MS },
    );
    const timer = setTimeout(finish, LONGEST_MS);

    function finish() {
      clearTimeout(timer);
      navigator.geolocation.clearWatch(watch);
      resolve(best || { failed: denied ? "denied" : "nowhere" });
    }
  });
}
