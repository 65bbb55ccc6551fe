// Being there without a network: the service worker, new versions, kept map tiles, and what this browser cannot do.
import * as store from "./store.js";

const AT_ONCE = 4;

/** What this browser lacks, as codes of `app.lacks_…`: "wechat", "insecure", "worker", "locks", "weak", "random", "newer". */
export function lacks() {
  const found = [];
  if (/MicroMessenger/i.test(navigator.userAgent)) found.push("wechat");
  if (window.isSecureContext === false) found.push("insecure");
  else if (!navigator.serviceWorker) found.push("worker");
  if (!navigator.locks) found.push("locks");
  store.uuid();
  if (store.isWeak()) found.push("weak");
  // over plain http no browser has it, and that is told already
  else if (window.isSecureContext !== false && !window.crypto.randomUUID) found.push("random");
  if (store.isOlder()) found.push("newer");
  return found;
}

/**
 * Registers the service worker. A new version waits until `isIdle()` says that nobody is in the middle of something and this
 * is the only tab; then it takes over and the page loads anew. Drafts lie in the database, so none is ever in its way.
 */
export async function begin(isIdle) {
  if (!navigator.serviceWorker) return;
  try {
    const found = await navigator.serviceWorker.register("/field.sw.js", { scope: "/field", updateViaCache: "none" });
    let had = Boolean(navigator.serviceWorker.controller);
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      if (had && isIdle()) location.reload();
      had = true;
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") found.update().catch(() => {}); // offline: the next time
    });
  } catch (error) {
    console.warn("no service worker", error);
  }
}

/** Lets a new version that waits take over; the service worker refuses while another tab is open. */
export async function takeOver() {
  if (!navigator.serviceWorker) return false;
  const found = await navigator.serviceWorker.getRegistration("/field");
  if (!found || !found.waiting) return false;
  found.waiting.postMessage("take over");
  return true;
}

/** True when the app opens without a network: its files are kept and the service worker answers. */
export async function isReady() {
  if (!navigator.serviceWorker) return false;
  const found = await navigator.serviceWorker.getRegistration("/field");
  return Boolean(found && found.active);
}

/**
 * Keeps these map tiles for offline and lets others go: {n_kept, n_missing, full}. Stops where the phone is full, and where
 * whoever they are for logs out or nothing is held any more: then none of them stays.
 */
export async function keepTiles(urls) {
  const told = { n_kept: 0, n_missing: 0, full: false };
  const whose = await store.getMeta("login");
  if (!window.caches || !whose) return { ...told, n_missing: urls.length };
  const isGone = async () => (await store.getMeta("login")) !== whose || (await store.getMeta("cached_at")) === undefined;
  const cache = await caches.open(store.TILES);
  const wanted = new Set(urls.map((url) => new URL(url, location.href).href));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  const held = new Set((await cache.keys()).map((request) => request.url));
  const left = [...wanted].filter((url) => !held.has(url));
  told.n_kept = wanted.size - left.length;
  const work = async () => {
    while (left.length && !told.full) {
      const one = left.pop();
      if (await isGone()) return;
      try {
        await cache.add(one);
        told.n_kept += 1;
      } catch (error) {
        if (store.isFull(error)) told.full = true;
        else if (told.n_missing > 2 * AT_ONCE) return; // no network: another time
        told.n_missing += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (await isGone()) {
    await store.dropTiles();
    return { ...told, n_kept: 0, n_missing: wanted.size };
  }
  told.n_missing = wanted.size - told.n_kept;
  return told;
}
