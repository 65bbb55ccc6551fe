// Photos and voice notes on the phone, by SHA-256, until they are sent.
import { open, write } from "./store.js";

const YOUNG_MS = 3600 * 1000;

/** Keeps {sha256, blob}; gives back its name. */
export async function keep({ sha256, blob }) {
  const tx = await write(["blobs"]);
  await tx.store.put({ sha256, blob, type: blob.type, at: Date.now() });
  await tx.done;
  return sha256;
}

/** {bytes, type} of a photo or a voice note; null where the phone lost it: a blob can be there and be unreadable. */
export async function read(sha) {
  const db = await open();
  try {
    const kept = await db.get("blobs", sha);
    return kept ? { bytes: await kept.blob.arrayBuffer(), type: kept.type || kept.blob.type } : null;
  } catch (error) {
    if (["NotFoundError", "NotReadableError", "DataError", "UnknownError"].includes(error.name)) return null;
    throw error; // of the database itself: another time
  }
}

/** Lets go of what no draft and no row of the outbox names: taken away again, or of a draft that was dropped. */
export async function sweep(now = Date.now()) {
  const db = await open();
  // one that was kept just now is perhaps not named yet
  const old = (await db.getAll("blobs")).filter((one) => !(now - one.at < YOUNG_MS)).map((one) => one.sha256);
  if (!old.length) return 0;
  const tx = await write(["blobs", "drafts", "outbox"]);
  const named = JSON.stringify([await tx.objectStore("drafts").getAll(), await tx.objectStore("outbox").getAll()]);
  const gone = old.filter((sha) => !named.includes(sha));
  for (const sha of gone) await tx.objectStore("blobs").delete(sha);
  await tx.done;
  return gone.length;
}
