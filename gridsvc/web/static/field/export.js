// Unsent items as one file that the office can take in: JSON with the photos inside.
import * as outbox from "./outbox.js";
import { getMeta, open } from "./store.js";

/** Saves the file through the browser; how many items are in it. The items stay in the queue. */
export async function save() {
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
  const rows = (await outbox.all()).filter((row) => row.state !== "sent");
  const login = (await getMeta("login")) || null;
  const head = { format: "gridsvc-unsent", version: 1, made_at: new Date().toISOString(), login, device_id: (await getMeta("device_id")) || null };
  const parts = [`${JSON.stringify(head, null, 1).slice(0, -2)},\n "items": ${JSON.stringify(rows.map(told), null, 1)},\n "files": {`];
  const names = new Set(rows.reduce((all, row) => all.concat(row.photos, row.voice || []), []));
  let begun = false;
  for (const sha of names) {
    const kept = await (await open()).get("blobs", sha);
    if (!kept) continue;
    parts.push(new Blob([`${begun ? "," : ""}\n  ${JSON.stringify(sha)}: {"type": ${JSON.stringify(kept.type || kept.blob.type)}, "base64": "`, await base64(kept.blob), '"}']));
    begun = true;
  }
  parts.push("\n }\n}\n");
  return { blob: new Blob(parts, { type: "application/json" }), n: rows.length, name: `unsent-${(login || "phone").replace(/[^\w-]/g, "_")}-${head.made_at.slice(0, 10)}.json` };
}

function told({ key, login, kind, title, item, photos, voice, after, stage, attach_key, added_at, state, code, message, number }) {
  return { key, login, kind, title, item, photos, voice, after, stage, attach_key, added_at: new Date(added_at).toISOString(), state, code, message, number };
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).slice(String(reader.result).indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
