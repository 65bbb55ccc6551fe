// The service worker; before this text stand `VERSION` and `FILES`, pairs of address and SHA-256.
// Each version has a cache of its own, filled whole and checked before it is used: never half an old and half a new app.
/* global VERSION, FILES */
const SHELL = "/field";
const MINE = "gridsvc-field-app-";
const CACHE = MINE + VERSION;
const TILES = "gridsvc-field-tiles";

self.addEventListener("install", (event) => event.waitUntil(fillCache()));
self.addEventListener("activate", (event) => event.waitUntil(begin()));
self.addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(takeOver());
});
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  const isShell = url.pathname === SHELL || url.pathname === `${SHELL}/`;
  if (event.request.mode === "navigate") {
    if (isShell) event.respondWith(kept(SHELL, event.request));
    return;
  }
  const path = url.pathname + url.search;
  if (FILES.some(([address]) => address === path)) event.respondWith(kept(path, event.request));
  else if (url.pathname.startsWith("/basemap/")) event.respondWith(tile(event.request));
});

async function fillCache() {
  const cache = await caches.open(CACHE);
  await Promise.all(FILES.map(async ([address, wanted]) => {
    if (await cache.match(address)) return;
    const answer = await fetch(address, { cache: "no-cache", credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error(`${answer.status} ${address}`);
    const bytes = await answer.arrayBuffer();
    if ((await sha256(bytes)) !== wanted) throw new Error(`another version of ${address}`);
    await cache.put(address, new Response(bytes, { headers: headersOf(answer) }));
  }));
}

async function sha256(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function headersOf(answer) {
  const held = {};
  for (const name of ["Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy"]) {
    const value = answer.headers.get(name);
    if (value) held[name] = value;
  }
  return held;
}

async function begin() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(MINE) && name !== CACHE);
  if (!old.length) await self.clients.claim(); // the very first: the page that is open is of this version
  else if (taking) await self.clients.claim();
  await Promise.all(old.map((name) => caches.delete(name)));
}

let taking = false;

// only where a single tab is open: another one may be in the middle of something, with modules of its own version
async function takeOver() {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (open.filter((one) => new URL(one.url).pathname.startsWith(SHELL)).length > 1) return;
  taking = true;
  await self.skipWaiting();
}

async function kept(address, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(address)) || fetch(request);
}

async function tile(request) {
  return (await caches.match(request.url, { cacheName: TILES })) || fetch(request);
}
