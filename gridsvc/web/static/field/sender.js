// Sending: texts first and in order, then photos, then what ties them together or needs them. A row goes only after the service's receipt.
import { read } from "./blobs.js";
import { alone } from "./lock.js";
import { ask, forget, who } from "./net.js";
import * as outbox from "./outbox.js";
import { measure } from "./phone_clock.js";
import { forgetTold, getMeta, holder, setMeta } from "./store.js";

const MOST_ITEMS = 20; // a lost answer costs little, and still far fewer trips than one each
const MOST_BYTES = 1024 * 1024;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 5 * 60 * 1000;
const PHOTO_PATIENCE_MS = 90 * 1000;

/**
 * Sends what may be sent now. Gives "done", "login" (who is logged in here must do so again), "later" (the service is away
 * or busy), "other" (another tab is at it). `force`: also what was to be tried later, as a person pressed the button.
 */
export async function send({ force = false } = {}) {
  let became = "done";
  const mine = await alone(async () => {
    became = await work(force);
  });
  return mine ? became : "other";
}

async function work(force) {
  await recover();
  const pause = (await getMeta("pause")) || { until: 0, n: 0, firm: false };
  if (pause.until > Date.now() && pause.until - Date.now() < 3600 * 1000 && (pause.firm || !force)) return "later";
  if (force) await hurry();
  if (!(await sendable()).length) return "done";
  let me = await who();
  // another tab took another role since, or went back to the one that something waits for
  const isOther = async () => me.role !== (await getMeta("role")) || (await sendable()).some((row) => outbox.isAstray(row, me.role));
  if (me && me.known && (await isOther())) me = await who({ again: true });
  if (!me) return stop({ wait_s: 0 });
  if (!me.known) return out();
  const turn = { tried: new Set(), rest: false, stuck: false };
  for (;;) {
    const rows = (await sendable()).filter((row) => (row.login === null || row.login === me.login) && !outbox.isAstray(row, me.role));
    if ((await holder()).login !== me.login) return "done"; // nobody's work goes out under the next person's login
    const became = await round(rows, turn);
    if (became !== "on") return became;
  }
}

// what a closed tab left as "sending" was perhaps received: it is sent again under its key, and counts once
async function recover() {
  const left = (await outbox.all()).filter((row) => row.state === "sending");
  if (left.length) await outbox.update(left.map((row) => row.key), (row) => void (row.state = "waiting"));
}

async function hurry() {
  const late = (await outbox.all()).filter((row) => row.state === "waiting" && row.next_at > 0);
  if (late.length) await outbox.update(late.map((row) => row.key), (row) => void (row.next_at = 0));
}

/** Rows whose time has come, the oldest first; those they come after have their receipts. */
async function sendable(now = Date.now()) {
  const rows = await outbox.all();
  const unsent = new Set(rows.filter((row) => row.state !== "sent" && row.stage === "text").map((row) => row.key));
  return rows.filter((row) => row.state === "waiting" && !outbox.isHeld(row, now) && isDue(row, now)
    && (row.stage !== "text" || !row.after.some((key) => unsent.has(key))));
}

// a wait longer than any that is given means that the clock was set back
function isDue(row, now) {
  return row.next_at <= now || row.next_at - now > LONGEST_WAIT_MS;
}

/** One request or the photos of one row: "on" while there is more to do, else as `send`. */
async function round(rows, turn) {
  const texts = rows.filter((row) => row.stage === "text" && !(row.kind === "action" && row.photos.length));
  if (texts.length) return batch(fitting(texts.slice(0, MOST_ITEMS)));
  // photos go last: one that never goes up keeps no word back, and those that failed least are tried first
  const [row] = rows.filter((one) => !turn.tried.has(one.key)).sort((a, b) => a.n_tries - b.n_tries);
  if (!row || turn.rest) return turn.stuck ? "later" : "done";
  turn.tried.add(row.key);
  const became = await photosOf(row, turn);
  if (became !== "on") return became === "next" ? "on" : became;
  return row.stage === "text" ? batch([row]) : attach(row);
}

function fitting(rows) {
  let bytes = 0;
  const taken = rows.filter((row) => {
    bytes += JSON.stringify(row.item).length * 3;
    return bytes < MOST_BYTES;
  });
  return taken.length ? taken : rows.slice(0, 1);
}

async function batch(wanted) {
  const rows = await outbox.claim(wanted.map((row) => row.key)); // not what was taken away or back meanwhile
  if (!rows.length) return "on";
  const keys = rows.map((row) => row.key);
  const asked_ms = Date.now();
  const answer = await ask("POST", "/api/v1/sync", { json: { sent_at: new Date().toISOString(), items: rows.map((row) => row.item) } });
  if (answer.kind === "ok" && Array.isArray(answer.data.items)) return receipts(keys, answer.data, asked_ms);
  if (answer.kind === "large" || answer.kind === "refused") {
    if (rows.length > 1) {
      await outbox.update(keys, (row) => void (row.state = "waiting"));
      return batch(rows.slice(0, Math.ceil(rows.length / 2)));
    }
    await outbox.update(keys, (row) => unwanted(row, answer));
    return "on";
  }
  await outbox.update(keys, (row) => void (row.state = "waiting"));
  return answer.kind === "login" ? out() : stop(answer);
}

async function receipts(keys, { items, now }, asked_ms) {
  const told = new Map(items.filter((one) => one && one.key).map((one) => [one.key, one]));
  await outbox.update(keys, (row, login) => receive(row, told.get(row.key), login));
  await measure(now, asked_ms);
  await setMeta("pause", { until: 0, n: 0, firm: false });
  return "on";
}

function receive(row, answer, login) {
  row.state = "waiting";
  if (!answer || (answer.status === "refused" && answer.retry)) {
    later(row, answer ? answer.code : "no_answer", answer ? answer.message : null);
  } else if (answer.status === "refused") {
    attention(row, answer.code, answer.message);
  } else if (["created", "same", "conflict"].includes(answer.status)) {
    row.number = answer.number || row.number;
    row.answer = { ...answer, similar: (answer.similar || []).map(({ number, distance_m }) => ({ number, distance_m })) };
    row.code = answer.status === "conflict" ? answer.code || "conflict" : null;
    row.message = answer.status === "conflict" ? answer.message || null : null;
    row.n_tries = 0;
    row.next_at = 0;
    if (row.kind !== "action" && row.attach_key) row.stage = "photos";
    else sent(row, login);
  } else later(row, "no_answer", null);
}

function later(row, code, message, wait_s = 0) {
  row.n_tries += 1;
  row.next_at = Date.now() + Math.min(LONGEST_WAIT_MS, Math.max(wait_s * 1000, backoff(row.n_tries)));
  row.code = code;
  row.message = message || null;
}

// refused for good is for a person to look at; what was too large may fit another day, as what lies between was set too narrow
function unwanted(row, { kind, code, message }) {
  if (kind === "refused") return attention(row, code, message);
  row.state = "waiting";
  return later(row, code, message);
}

function attention(row, code, message) {
  row.state = "attention";
  row.code = code;
  row.message = message || null;
}

// the receipt keeps no word and no place of what was sent; but what was said at a door stays for the day, as it may have to
// be put right by who said it: not where they have logged out meanwhile
function sent(row, login) {
  row.state = "sent";
  row.stage = "done";
  row.sent_at = Date.now();
  row.n_photos = row.photos.length;
  row.said = row.kind === "visit" && row.item && login && row.login === login ? saidAt(row.item.visit) : null;
  row.item = null;
  row.photos = [];
  row.voice = null;
}

function saidAt({ policies, answers, needs, n_issued, n_returned }) {
  return { policies, answers, needs, n_issued, n_returned };
}

async function attach(wanted) {
  const [row] = await outbox.claim([wanted.key]);
  if (!row) return "on";
  const item = { kind: "attach", key: row.attach_key, report_key: row.key, photos: row.photos, voice: row.voice };
  const answer = await ask("POST", "/api/v1/sync", { json: { sent_at: new Date().toISOString(), items: [item] } });
  if (answer.kind === "ok" && Array.isArray(answer.data.items)) {
    const told = answer.data.items.find((one) => one.key === row.attach_key);
    await outbox.update([row.key], (one, login) => {
      one.state = "waiting";
      if (told && ["created", "same", "conflict"].includes(told.status)) sent(one, login);
      else if (told && told.status === "refused" && !told.retry) attention(one, told.code, told.message);
      else later(one, told ? told.code : "no_answer", told ? told.message : null);
    });
    return "on";
  }
  if (answer.kind === "large" || answer.kind === "refused") {
    await outbox.update([row.key], (one) => unwanted(one, answer));
    return "on";
  }
  await outbox.update([row.key], (one) => void (one.state = "waiting"));
  return answer.kind === "login" ? out() : stop(answer);
}

/** Sends the photos and the voice of a row. "on": all are there; "next": this row must wait; else as `send`. */
async function photosOf(row, turn) {
  const files = row.photos.map((sha) => [`/api/v1/photos/${sha}`, sha, "image/jpeg"]);
  if (row.voice) files.push([`/api/v1/voices/${row.voice}`, row.voice, "audio/webm"]);
  for (const [path, sha, usual] of files) {
    const kept = await read(sha);
    if (!kept) {
      await outbox.update([row.key], (one) => attention(one, "photo_lost", null));
      return "next";
    }
    const answer = await ask("PUT", path, { body: kept.bytes, type: kept.type || usual, patience_ms: PHOTO_PATIENCE_MS });
    if (answer.kind === "ok") continue;
    if (answer.kind === "login") return out();
    if (answer.kind === "refused" || answer.kind === "large") {
      await outbox.update([row.key], (one) => unwanted(one, answer));
      return "next";
    }
    // only this row waits; without an answer, or where the service asks for time, so do the other photos
    turn.stuck = true;
    turn.rest = answer.kind === "away" || answer.wait_s > 0;
    await outbox.update([row.key], (one) => later(one, "no_answer", null, answer.wait_s));
    return "next";
  }
  return "on";
}

async function out() {
  const me = await who({ again: true });
  if (me && me.known) return stop({ wait_s: 0 }); // it was asked before the same person logged in again
  forget();
  await forgetTold();
  return "login";
}

async function stop({ wait_s }) {
  const before = (await getMeta("pause")) || { n: 0 };
  const n = before.n + 1;
  const wait_ms = Math.max(wait_s * 1000, backoff(n));
  await setMeta("pause", { until: Date.now() + wait_ms, n, firm: wait_s > 0 });
  return "later";
}

/** Twice as long each time, at most five minutes, and not all phones at once. */
function backoff(n) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(n - 1, 10)) * (0.5 + Math.random() / 2);
}
