// One tab sends. Web Locks where there are any; else a lease in the database that its holder keeps renewing.
import { uuid, write } from "./store.js";

const NAME = "gridsvc-field-send";
const LEASE_MS = 15000;
const BEAT_MS = 4000;
const me = uuid();

/** Runs `work` if no other tab is at it; false where one is. A tab that dies gives the lock or, soon, its lease back. */
export async function alone(work) {
  if (navigator.locks && navigator.locks.request) {
    return navigator.locks.request(NAME, { ifAvailable: true }, async (lock) => {
      if (!lock) return false;
      await work();
      return true;
    });
  }
  if (!(await lease())) return false;
  const beat = setInterval(lease, BEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(beat);
    await release();
  }
  return true;
}

async function lease() {
  const tx = await write(["meta"]);
  const held = await tx.store.get("lease");
  const now = Date.now();
  const free = !held || held.owner === me || held.until < now || held.until > now + 2 * LEASE_MS;
  if (free) await tx.store.put({ owner: me, until: now + LEASE_MS }, "lease");
  await tx.done;
  return free;
}

async function release() {
  const tx = await write(["meta"]);
  const held = await tx.store.get("lease");
  if (held && held.owner === me) await tx.store.delete("lease");
  await tx.done;
}
