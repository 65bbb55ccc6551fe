// What the phone keeps: drafts, what is still to be sent, photos; and, apart from them, what the service told.
import { openDB } from "../../vendor/idb@8.0.4/build/index.js";

const NAME = "gridsvc-field";
const VERSION = 1;
export const TILES = "gridsvc-field-tiles"; // a cache of map tiles, as the service worker reads it
const KEPT_MS = 72 * 3600 * 1000; // told by the service, forgotten after that
const SAFE = { durability: "strict" }; // on the disk before anybody is told that it is kept
const LOW_BYTES = 30 * 1024 * 1024;

let opened = null;
let weak = false;
let older = false;

/** The database; made or brought to the newest version by steps that never drop a draft or an unsent row. */
export function open() {
  opened = opened || openDB(NAME, VERSION, { upgrade, blocking, terminated }).catch(asItIs).catch((error) => {
    opened = null;
    throw error;
  });
  return opened;
}

// a newer app was here and made it newer: its steps only add, so this one goes on with what it knows
function asItIs(error) {
  if (error.name !== "VersionError") throw error;
  older = true;
  return openDB(NAME, undefined, { blocking, terminated });
}

/** Whether the database was made by a newer app than this one. */
export function isOlder() {
  return older;
}

function upgrade(db, from) {
  if (from < 1) {
    db.createObjectStore("drafts", { keyPath: "key" });
    db.createObjectStore("outbox", { keyPath: "n", autoIncrement: true }).createIndex("key", "key", { unique: true });
    db.createObjectStore("blobs", { keyPath: "sha256" });
    db.createObjectStore("cache");
    db.createObjectStore("meta");
  }
}

// a newer version of the app waits for this tab to let go of the old shape; the next use opens it again
function blocking(now, wanted, event) {
  event.target.close();
  opened = null;
}

function terminated() {
  opened = null;
}

/** A transaction that is on the disk when its `done` resolves. */
export async function write(names) {
  return (await open()).transaction(names, "readwrite", SAFE);
}

export async function getMeta(name) {
  return (await open()).get("meta", name);
}

export async function setMeta(name, value) {
  return (await open()).put("meta", value, name);
}

/** Whose this phone is now: compared with what it was before something was asked. */
export async function holder(meta = null) {
  meta = meta || (await open()).transaction("meta").store;
  return { login: (await meta.get("login")) || null, n_logouts: (await meta.get("n_logouts")) || 0 };
}

/**
 * Takes over who is logged in and in which role, as an answer said that was asked for while the phone was `before`'s; whether
 * it did. An answer that a logout or another login overtook counts for nothing: a logout is final.
 */
export async function takeLogin(meta, login, role, before) {
  const now = await holder(meta);
  if (now.n_logouts !== before.n_logouts || (now.login !== before.login && now.login !== login)) return false;
  if (login && now.login !== login) await meta.put(login, "login");
  if (login && (role || now.login !== login)) await meta.put(role || null, "role");
  return true;
}

/** A version 4 uuid; where the browser cannot even give random bytes, a weaker one, and `isWeak()` says so. */
export function uuid() {
  const source = window.crypto;
  if (source && source.randomUUID) return source.randomUUID();
  const bytes = new Uint8Array(16);
  if (source && source.getRandomValues) source.getRandomValues(bytes);
  else {
    weak = true;
    for (let i = 0; i < 16; i += 1) bytes[i] = Math.floor(Math.random() * 256);
  }
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function isWeak() {
  return weak;
}

/** Forgets what the service told. Drafts, unsent rows and their photos stay. */
export async function clearCache() {
  const tx = await write(["cache", "outbox", "meta"]);
  await tx.objectStore("cache").clear();
  await tx.objectStore("meta").delete("cached_at");
  for (let at = await tx.objectStore("outbox").openCursor(); at; at = await at.continue()) {
    if (at.value.state === "sent") await at.delete(); // a receipt is the service's word too
  }
  await tx.done;
  changed("cache");
}

// what tells of the person beside the cache: where the own grids are, what was used and read
async function forgetPerson() {
  const tx = await write(["meta"]);
  for (const name of ["ground", "notices_seen", "recent_categories"]) await tx.store.delete(name);
  const datum = await tx.store.get("datum");
  if (datum) await tx.store.put({ ...datum, place: { name: "—" } }, "datum"); // the phone's, not the person's: but not where
  await tx.done;
}

/** Lets go of all kept map tiles: they show where somebody works. */
export async function dropTiles() {
  if (!window.caches) return;
  try {
    await caches.delete(TILES);
  } catch (error) {
    console.warn("tiles stay", error); // forbidden here, and so there are none
  }
}

/** All of it, the ground under the own grids too: at a logout, at a 401, after 72 hours. */
export async function forgetTold() {
  await clearCache();
  await forgetPerson();
  await dropTiles(); // last: what keeps them looks whether anything is held
}

/** Whether what is held is older than it may be; a clock that was set back does not keep it longer. */
export async function isStale(now = Date.now()) {
  const at = await getMeta("cached_at");
  return at !== undefined && (now - at > KEPT_MS || at - now > 3600 * 1000);
}

/** Whether an error means that the phone has no more room. */
export function isFull(error) {
  return Boolean(error) && (error.name === "QuotaExceededError" || (error.inner && error.inner.name === "QuotaExceededError"));
}

/** {free, low}: bytes the browser still gives, null where it does not say; low: better send before taking photos. */
export async function room() {
  if (!navigator.storage || !navigator.storage.estimate) return { free: null, low: false };
  const { quota, usage } = await navigator.storage.estimate();
  const free = Math.max(0, (quota || 0) - (usage || 0));
  return { free, low: free < LOW_BYTES };
}

/** Asks the browser not to wipe this storage when the phone runs short; true, false, or null: cannot be asked. */
export async function persist() {
  if (!navigator.storage || !navigator.storage.persist) return null;
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}

// What one tab changes the others hear of: a storage event, which every browser of the floor has.
const heard = new Set();
const PING = "gridsvc.field.changed";

/** Calls `fn(what)` when this or another tab changed "outbox", "cache" or "drafts"; gives the way to stop. */
export function on(fn) {
  heard.add(fn);
  return () => heard.delete(fn);
}

export function changed(what) {
  for (const fn of heard) fn(what);
  try {
    localStorage.setItem(PING, `${what} ${Date.now()} ${Math.random()}`);
  } catch {
    // forbidden here: the other tab finds out when it looks again
  }
}

window.addEventListener("storage", (event) => {
  if (event.key === PING && event.newValue) for (const fn of heard) fn(event.newValue.split(" ")[0]);
});
