// Unsent items as one file that the office can take in: JSON with the photos inside.
import { read } from "./blobs.js";
import * as outbox from "./outbox.js";
import { off_s } from "./phone_clock.js";
import { getMeta } from "./store.js";

/** How many unsent items of others lie here: they go into no file of this person's. */
export async function others() {
  const login = (await getMeta("login")) || null;
  return (await outbox.all()).filter((row) => row.state !== "sent" && !isOwn(row, login)).length;
}

function isOwn(row, login) {
  return row.login === null || row.login === login;
}

/**
 * Saves the own items through the browser; how many are in the file. The items stay in the queue.
 * Nobody logged in: no file, and the way to the login, as it would be readable for whoever holds the phone.
 */
export async function save() {
  if (!(await getMeta("login"))) {
    location.hash = "#/login";
    return 0;
  }
  const { blob, n, name } = await make();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  return n;
}

/** {blob, n, name}. Photos are written one after the other, so that not all are in memory at once. */
export async function make() {
  const login = (await getMeta("login")) || null;
  const rows = (await outbox.all()).filter((row) => row.state !== "sent" && isOwn(row, login));
  const head = { format: "gridsvc-unsent", version: 1, made_at: new Date().toISOString(), login, role: (await getMeta("role")) || null, device_id: (await getMeta("device_id")) || null, clock_off_s: await off_s() };
  const parts = [`${JSON.stringify(head, null, 1).slice(0, -2)},\n "items": ${JSON.stringify(rows.map(told), null, 1)},\n "files": {`];
  const names = new Set(rows.reduce((all, row) => all.concat(row.photos, row.voice || []), []));
  let begun = false;
  for (const sha of names) {
    const kept = await read(sha);
    if (!kept) continue; // one lost photo keeps no other item back
    parts.push(new Blob([`${begun ? "," : ""}\n  ${JSON.stringify(sha)}: {"type": ${JSON.stringify(kept.type)}, "base64": "`, await base64(new Blob([kept.bytes])), '"}']));
    begun = true;
  }
  parts.push("\n }\n}\n");
  return { blob: new Blob(parts, { type: "application/json" }), n: rows.length, name: `unsent-${(login || "phone").replace(/[^\w-]/g, "_")}-${head.made_at.slice(0, 10)}.json` };
}

function told({ key, login, role, kind, title, item, photos, voice, after, stage, attach_key, added_at, state, code, message, number }) {
  return { key, login, role, kind, title, item, photos, voice, after, stage, attach_key, added_at: new Date(added_at).toISOString(), state, code, message, number };
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).slice(String(reader.result).indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
