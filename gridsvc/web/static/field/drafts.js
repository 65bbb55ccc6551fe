// Drafts: kept at every step, gone when the finished item stands in the outbox (queue.add does both at once).
import { changed, getMeta, open, write } from "./store.js";

/** Keeps the draft as it is now, for who began it; `value` must be plain data, its photos are named by sha256. */
export async function save(key, kind, value) {
  const tx = await write(["drafts", "outbox", "meta"]);
  const sent = await tx.objectStore("outbox").index("key").getKey(key);
  if (sent === undefined) {
    const before = await tx.objectStore("drafts").get(key);
    const login = (before && before.login) || (await tx.objectStore("meta").get("login")) || null;
    await tx.objectStore("drafts").put({ key, kind, value, login, at: Date.now() });
  }
  await tx.done;
  changed("drafts");
}

/** What was kept under the key: {key, kind, value, at}; undefined where nothing is. */
export async function load(key) {
  return (await open()).get("drafts", key);
}

/** All drafts of the person logged in here, the newest first. */
export async function list() {
  const login = (await getMeta("login")) || null;
  const all = await (await open()).getAll("drafts");
  return all.filter((one) => one.login === null || one.login === login).sort((a, b) => b.at - a.at);
}

export async function drop(key) {
  await (await open()).delete("drafts", key);
  changed("drafts");
}
