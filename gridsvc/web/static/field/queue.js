// The queue as the views see it: put something in, see how each item stands, send now. It sends by itself, too.
import * as outbox from "./outbox.js";
import { watch } from "./phone_clock.js";
import { send } from "./sender.js";
import { getMeta, on as onStore } from "./store.js";

const EVERY_MS = 30 * 1000;
const SWEEP_MS = 10 * 60 * 1000;
const heard = new Set();
let running = null;
let wanted = null;
let timer = 0;

/** Puts an item into the queue; see `outbox.add`. Throws where the phone has no room: then the draft is still there. */
export async function add(item, options) {
  const row = await outbox.add(item, options);
  if (row.hold_until > Date.now()) plan();
  else flush();
  return row;
}

/**
 * All rows, the oldest first, each with `mine`: false for what another person recorded on this phone; and `astray`: the own role
 * in which it does not go, as it was made in another one. It waits, and goes by itself once that is the role again.
 */
export async function list() {
  const [login, role] = [(await getMeta("login")) || null, await getMeta("role")];
  return (await outbox.all()).map((row) => {
    const mine = row.login === null || row.login === login;
    const astray = mine && row.state === "waiting" && outbox.isAstray(row, role) ? role : null;
    return { ...row, mine, astray };
  });
}

/** Lets an item go in the role that the person has now, as they said. */
export async function sendAs(key, role) {
  await outbox.update([key], (row) => {
    if (row.state !== "sending") row.role = role;
  });
  return flush({ force: true });
}

/** How many items are not sent yet, of whomever. */
export async function unsent() {
  return (await outbox.all()).filter((row) => row.state !== "sent").length;
}

/** Calls `fn({became})` after each change and each try; gives the way to stop. */
export function on(fn) {
  heard.add(fn);
  return () => heard.delete(fn);
}

function tell(change) {
  for (const fn of heard) fn(change);
}

/** Sends what can be sent; one at a time, a second call waits for one more turn. `force`: a person pressed the button. */
export function flush({ force = false } = {}) {
  if (running) {
    wanted = { force: force || Boolean(wanted && wanted.force) };
    return running;
  }
  running = turn(force).then((became) => {
    running = null;
    tell({ became });
    if (wanted) {
      const next = wanted;
      wanted = null;
      return flush(next);
    }
    plan();
    return became;
  });
  return running;
}

async function turn(force) {
  try {
    await watch();
    return await send({ force });
  } catch (error) {
    console.error(error); // of this phone's own storage: nothing was dropped, and it is tried again
    return "later";
  }
}

/** Tries an item again that needed attention. */
export async function retry(key) {
  await outbox.update([key], (row) => {
    if (row.state !== "attention") return;
    row.state = "waiting";
    row.next_at = 0;
    row.hold_until = 0;
  });
  return flush({ force: true });
}

/** Takes an item away for good; who calls asks first. Never one that is just being sent. */
export async function remove(key) {
  return Boolean(await outbox.takeOut(key, (row) => row.state !== "sending"));
}

/** Takes an item back while it is held; the row, so that a draft can be made of it again; null: too late. */
export function undo(key) {
  return outbox.takeOut(key, (row) => row.state === "waiting" && row.n_tries === 0 && outbox.isHeld(row));
}

/** Begins to send by itself: now, when the network or the app comes back, and every half minute or so. */
export function begin() {
  let soon = 0;
  onStore((what) => {
    if (what !== "outbox") return;
    clearTimeout(soon);
    soon = setTimeout(() => tell({ became: null }), 40); // one drawing for many rows
  });
  window.addEventListener("online", () => flush({ force: true }));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    outbox.sweep();
    flush();
  });
  outbox.sweep();
  setInterval(() => outbox.sweep(), SWEEP_MS);
  flush();
}

// the next try: when a held item is let go, else in about half a minute
async function plan() {
  const now = Date.now();
  const held = (await outbox.all()).filter((row) => row.state === "waiting" && outbox.isHeld(row, now)).map((row) => row.hold_until - now);
  const usual = EVERY_MS * (0.75 + Math.random() / 2);
  clearTimeout(timer);
  timer = setTimeout(() => flush(), Math.min(usual, ...held.map((ms) => ms + 50)));
}
