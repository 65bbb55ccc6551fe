// Asking the service: never throws, and tells a refusal of the service from everything that lies between.
import { forgetTold, getMeta, holder, setMeta, takeLogin, write } from "./store.js";

const PATIENCE_MS = 45 * 1000;
const AWAY = { kind: "away", status: 0, data: null, code: "away", message: "", wait_s: 0 };
let known = null; // what /field/me said: who is logged in here, and the token that changes need

/**
 * What became of a request: {kind, status, data, code, message, wait_s}.
 * kind: "ok"; "refused" (a 4xx in the service's own words); "login" (401); "large" (413); "busy" (429 and 5xx);
 * "away" (no answer, half an answer, or one that is not the service's).
 */
export async function ask(method, path, { json, body, type, patience_ms = PATIENCE_MS } = {}) {
  if (!(await left())) return AWAY;
  const first = await once(method, path, { json, body, type, patience_ms });
  if (first.kind === "refused" && first.code === "csrf") {
    const before = known;
    const me = await who({ again: true });
    // another tab logged somebody else in, or took another role: what was begun for one is not sent for another
    if (!me || (before && before.known && (before.login !== me.login || before.role !== me.role))) return AWAY;
    return once(method, path, { json, body, type, patience_ms });
  }
  return first;
}

async function once(method, path, { json, body, type, patience_ms }) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), patience_ms);
  const headers = { Accept: "application/json" };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (type) headers["Content-Type"] = type;
  if (known && known.csrf) headers["X-CSRF-Token"] = known.csrf;
  try {
    const sent = json === undefined ? body : JSON.stringify(json);
    const answer = await fetch(withLang(path), { method, headers, body: sent, signal: control.signal, credentials: "same-origin", cache: "no-store" });
    return await read(answer);
  } catch {
    return AWAY;
  } finally {
    clearTimeout(timer);
  }
}

async function read(answer) {
  const status = answer.status;
  const wait_s = waits(answer.headers.get("Retry-After"));
  let data = null;
  try {
    data = status === 204 ? {} : await answer.json();
  } catch {
    data = null; // half a body, or a page of something in between
  }
  const own = Boolean(data) && typeof data.code === "string";
  const told = { status, data, code: own ? data.code : `http_${status}`, message: (own && data.message) || "", wait_s };
  if (answer.ok && !answer.redirected && data !== null) return { ...told, kind: "ok" };
  if (status === 413) return { ...told, kind: "large" };
  if (status === 429 || status >= 500) return { ...told, kind: "busy" };
  if (status === 401 && own) return { ...told, kind: "login" };
  if (status >= 400 && status !== 408 && own) return { ...told, kind: "refused" };
  return { ...told, kind: "away" };
}

function waits(header) {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3600) : 0;
}

function withLang(path) {
  const lang = document.documentElement.lang.slice(0, 2) === "en" ? "en" : "zh";
  return `${path}${path.includes("?") ? "&" : "?"}lang=${lang}`;
}

/** Who is logged in: {known, login, name, role, csrf, …}; null while the service cannot be reached. */
export async function who({ again = false } = {}) {
  if (known && known.known && !again) return known;
  if (!(await left())) return null;
  const before = await holder();
  const answer = await once("GET", "/field/me", { patience_ms: 15000 });
  if (answer.kind !== "ok" || typeof answer.data.known !== "boolean") return null;
  const tx = await write(["meta"]);
  const taken = await takeLogin(tx.store, answer.data.known ? answer.data.login : null, answer.data.role, before);
  await tx.done;
  if (!taken) return null;
  known = answer.data;
  return known;
}

/** Logs out: here at once; at the service now or, without a network, before anything else is asked of it. */
export async function leave() {
  const tx = await write(["meta"]);
  const { login, n_logouts } = await holder(tx.store);
  // of whom, so that the next person's login is not ended by it
  await tx.store.put(login || (known && known.login) || true, "leaving");
  await tx.store.put(n_logouts + 1, "n_logouts"); // what was asked for before is told apart by it
  await tx.store.put(null, "login");
  await tx.store.put(null, "role");
  await tx.store.put(null, "device_id");
  await tx.done;
  known = null;
  await forgetTold();
  return left();
}

/** Whether a logout that was asked for has reached the service; it ends the session and this device with it. */
async function left() {
  const leaving = await getMeta("leaving");
  if (!leaving) return true;
  const me = await once("GET", "/field/me", { patience_ms: 15000 });
  if (me.kind !== "ok") return false;
  if (me.data.known && (leaving === true || me.data.login === leaving)) {
    known = me.data;
    await once("POST", "/logout", { patience_ms: 15000 });
    known = null;
    const after = await once("GET", "/field/me", { patience_ms: 15000 });
    if (after.kind !== "ok" || (after.data.known && after.data.login === me.data.login)) return false;
  }
  await setMeta("leaving", false);
  return true;
}

/** The session is over: the next request asks anew. */
export function forget() {
  known = null;
}
