// The rows of the outbox: what is to be sent, in the order it was made. Only `sender.js` lets a row go, after a receipt.
import { sameDay } from "./spans.js";
import { changed, open, uuid, write } from "./store.js";

export const RECEIPT_MS = 3 * 24 * 3600 * 1000;

/** Whether a row was made in another role than this one; one of neither is known goes in any. */
export function isAstray(row, role) {
  return Boolean(row.role && role) && row.role !== role;
}

/** Whether a row may still be taken back; a clock that was set back lengthens no hold. */
export function isHeld(row, now = Date.now()) {
  return row.hold_until > now && now >= row.added_at;
}

/**
 * Puts an item into the outbox and takes its draft away, both or neither. The same twice is one row. Throws an Error with code
 * "sent_before" where something else stands there under its key already, "other_login" where another person began its draft.
 * `photos`: what `photos.keep` put into the phone's store; a report's or a visit's need's follow its text, an action's go before it.
 * `voice`: the same for a voice note of a report. `after`: keys that must be sent before. `hold_s`: for undo.
 * `about`: codes and ids that a view needs after the receipt too, when the item's words are gone; no word of anybody. (What was
 * said at a door stays beside it until the day is over or who said it logs out: `said`, see `sender.js` and `sweep`.)
 */
export async function add(item, { photos = [], voice = null, after = [], title = "", hold_s = 0, about = null } = {}) {
  const now = Date.now();
  const tx = await write(["outbox", "drafts", "meta"]);
  const here = (await tx.objectStore("meta").get("login")) || null;
  const role = (await tx.objectStore("meta").get("role")) || null;
  const draft = await tx.objectStore("drafts").get(item.key);
  const login = (draft && draft.login) || here;
  if (here && login !== here) throw refused("other_login"); // it stays a draft of who began it
  const outbox = tx.objectStore("outbox");
  const known = await outbox.index("key").get(item.key);
  if (known) {
    // the same again is a second tap; other words under this key would be lost without a word
    if (JSON.stringify(known.item) !== JSON.stringify(item)) throw refused("sent_before");
    await tx.objectStore("drafts").delete(item.key);
    await tx.done;
    return known;
  }
  const before = new Set(after.filter(Boolean));
  const mine = targets(item);
  for (const row of await outbox.getAll()) {
    // two steps of the same report, or a second visit that corrects the first: one after the other
    if (row.state !== "sent" && targets(row.item).some((one) => mine.includes(one))) before.add(row.key);
  }
  const row = {
    key: item.key, login, role, kind: item.kind, item, title, about, photos, voice, after: [...before], state: "waiting", stage: "text",
    attach_key: photos.length || voice ? uuid() : null, added_at: now, hold_until: hold_s > 0 ? now + hold_s * 1000 : 0,
    n_tries: 0, next_at: 0, code: null, message: null, number: null, answer: null, sent_at: null,
  };
  try {
    row.n = await outbox.add(row);
    await tx.objectStore("drafts").delete(item.key);
    await tx.done;
  } catch (error) {
    await tx.done.catch(() => {}); // its words are the first error's
    throw error;
  }
  changed("outbox");
  return row;
}

function refused(code) {
  return Object.assign(new Error(code), { code });
}

/** What a row is about, as words that are equal for the same thing. */
function targets(item) {
  if (!item) return [];
  if (item.kind === "report") return [`report ${item.key}`];
  if (item.kind === "visit") return [`visit ${item.key}`, ...(item.visit.supersedes ? [`visit ${item.visit.supersedes}`] : [])];
  if (item.report_key) return [`report ${item.report_key}`];
  return [`number ${item.source || ""}|${item.number}|${item.repeat || 0}`];
}

/** All rows, the oldest first. */
export async function all() {
  return (await open()).getAll("outbox");
}

export async function find(key) {
  return (await open()).getFromIndex("outbox", "key", key);
}

/** Changes rows by key in one transaction: `change(row, login)` alters the row, or gives null: it goes, with its photos. */
export async function update(keys, change) {
  const tx = await write(["outbox", "blobs", "drafts", "meta"]);
  const outbox = tx.objectStore("outbox");
  const login = (await tx.objectStore("meta").get("login")) || null;
  const gone = [];
  for (const key of keys) {
    const row = await outbox.index("key").get(key);
    if (!row) continue;
    const held = pictures(row);
    const goes = change(row, login) === null;
    await (goes ? outbox.delete(row.n) : outbox.put(row));
    const left = goes ? [] : pictures(row);
    gone.push(...held.filter((sha) => !left.includes(sha)));
  }
  if (gone.length) await drop(tx, gone);
  await tx.done;
  changed("outbox");
}

function pictures(row) {
  return row.state === "sent" ? [] : [...row.photos, ...(row.voice ? [row.voice] : [])];
}

// a photo goes when no row and no draft names it any more
async function drop(tx, names) {
  const rows = await tx.objectStore("outbox").getAll();
  const drafts = JSON.stringify(await tx.objectStore("drafts").getAll());
  const held = new Set(rows.reduce((found, row) => found.concat(pictures(row)), []));
  for (const sha of names) {
    if (!held.has(sha) && !drafts.includes(sha)) await tx.objectStore("blobs").delete(sha);
  }
}

/** Takes a row away for good where `may(row)` is so, with photos that nothing else needs; the row, or null. */
export async function takeOut(key, may) {
  let gone = null;
  await update([key], (row) => {
    if (!may(row)) return undefined;
    gone = { ...row };
    return null;
  });
  return gone;
}

/** Marks as being sent what still stands there and waits; those rows, as they are now. */
export async function claim(keys) {
  const claimed = [];
  await update(keys, (row) => {
    if (row.state !== "waiting" || isHeld(row)) return;
    row.state = "sending";
    claimed.push({ ...row });
  });
  return claimed;
}

/** Receipts older than three days go; and, once the day is over, the words of a visit, which is put right that day. */
export async function sweep(now = Date.now()) {
  const sent = (await all()).filter((row) => row.state === "sent");
  const old = sent.filter((row) => now - row.sent_at > RECEIPT_MS);
  if (old.length) await update(old.map((row) => row.key), () => null);
  const said = sent.filter((row) => row.said && !sameDay(row.added_at, now));
  if (said.length) await update(said.map((row) => row.key), (row) => void (row.said = null));
}
