// What the service told this worker: kept merged, forgotten after 72 hours, at logout and at a 401.
import { ask, forget, who } from "./net.js";
import { measure } from "./phone_clock.js";
import { changed, clearCache, forgetTold, holder, isStale, on as onStore, open, takeLogin, write } from "./store.js";

const KEPT = "sync";
const KEYED = { grids: (one) => one.code, compounds: (one) => one.id, doors: (one) => one.id, reports: nameOf };
const EMPTY = { grids: [], compounds: [], doors: [], reports: [], categories: [], campaigns: [], me: null, day: null, credit: "", as_of: null };
const heard = new Set();
let running = null;

function nameOf(report) {
  return `${report.source}|${report.number}|${report.repeat || 0}`;
}

/** {grids, compounds, doors, reports, categories, campaigns, me, day, as_of}; empty lists and as_of null before the first answer. */
export async function get() {
  if (await isStale()) await forgetTold();
  return { ...EMPTY, ...(await (await open()).get("cache", KEPT)) };
}

/** Calls `fn(data)` when something came or went; gives the way to stop. */
export function on(fn) {
  heard.add(fn);
  return () => heard.delete(fn);
}

onStore(async (what) => {
  if (what !== "cache" || !heard.size) return;
  const data = await get();
  for (const fn of heard) fn(data);
});

/**
 * Asks the service what changed: "fresh", "same", "login", "refused" (this role has no such list) or "away". `anew`: somebody
 * has just logged in; what was asked for before may end in a refusal, and then it is asked for once more.
 */
export function refresh({ anew = false } = {}) {
  if (anew && running) return running.then((became) => (became === "fresh" ? became : refresh()), () => refresh());
  running = running || fetchChanges().finally(() => {
    running = null;
  });
  return running;
}

async function fetchChanges(again = false) {
  const before = await (await open()).get("cache", KEPT);
  const whose = await holder();
  const asked_ms = Date.now();
  const since = before && before.cursor ? `?since=${encodeURIComponent(before.cursor)}` : "";
  const answer = await ask("GET", `/api/v1/sync${since}`);
  if (answer.kind === "login") {
    if ((await holder()).login !== whose.login) return fetchChanges(); // it was asked before somebody logged in
    const me = again ? null : await who({ again: true });
    if (me && me.known) return fetchChanges(true); // or before the same person did
    forget();
    await forgetTold();
    return "login";
  }
  if (answer.kind === "refused" && since) {
    await clearCache(); // a cursor that the service does not know: everything anew
    return fetchChanges();
  }
  if (answer.kind !== "ok" || !answer.data.cursor) return answer.kind === "refused" ? "refused" : "away";
  const merged = merge(before, answer.data);
  await measure(answer.data.now, asked_ms);
  const tx = await write(["cache", "meta"]);
  const now = await tx.objectStore("cache").get(KEPT);
  const asked = before ? before.cursor : undefined;
  const me = answer.data.me || { login: whose.login };
  const left = !(await takeLogin(tx.objectStore("meta"), me.login, me.role, whose)); // logged out while it was asked
  if (!left && (now ? now.cursor : undefined) === asked) {
    await tx.objectStore("cache").put(merged, KEPT); // else another tab was quicker, or a logout
    await tx.objectStore("meta").put(Date.now(), "cached_at");
  }
  await tx.done;
  if (left) return "away";
  changed("cache");
  return "fresh";
}

/** What is held after an answer: what it names replaces, what it calls gone goes, a reset drops all first. */
export function merge(before, told) {
  const from = told.reset || !before || (told.me && before.me && told.me.login !== before.me.login) ? EMPTY : before;
  const held = { ...EMPTY, ...from, cursor: told.cursor, as_of: told.now };
  for (const name of ["day", "me", "credit", "nearest_max_m", "categories", "campaigns"]) if (told[name] !== undefined) held[name] = told[name];
  for (const [name, keyOf] of Object.entries(KEYED)) {
    const gone = new Set(((told.gone || {})[name] || []).map(String));
    const old = new Map(from[name].map((one) => [String(keyOf(one)), one]));
    // what an answer does not say of a thing stays: a door's place in walking order
    const fresh = new Map((told[name] || []).map((one) => [String(keyOf(one)), { ...old.get(String(keyOf(one))), ...one }]));
    if (name === "doors") for (const old of from.doors) keepOrder(fresh.get(String(old.id)), old);
    const kept = from[name].filter((one) => !gone.has(String(keyOf(one))) && !fresh.has(String(keyOf(one))));
    held[name] = [...kept, ...fresh.values()];
  }
  return held;
}

// a door that changed alone is told without its place in the walk
function keepOrder(door, old) {
  if (door && (door.order === undefined || door.order === null)) door.order = old.order;
}

/** Forgets all of it, as a logout does. */
export async function drop() {
  forget();
  await forgetTold();
}
