// Taking in a phone's file: its items in their order, each person's and role's apart; photos before what shows them.
// Trouble with one person or one photo is said beside it, and keeps nothing else back.
const MOST_ITEMS = 50;
const LATER_MS = 60 * 1000; // what clocks may differ by
const TAKEN = ["created", "same", "conflict"];
const form = document.getElementById("unsent");
const words = JSON.parse(document.getElementById("unsent-words").textContent);
const said = document.getElementById("unsent-said");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  say(words.busy);
  try {
    await take(JSON.parse(await document.getElementById("unsent-file").files[0].text()));
  } catch (error) {
    console.error(error);
    say(words.not_ours);
  }
  button.disabled = false;
});

function say(text) {
  said.textContent = text;
  said.hidden = false;
}

async function take(file) {
  if (!file || file.format !== "gridsvc-unsent" || !Array.isArray(file.items)) return say(words.not_ours);
  const offMs = offOf(file);
  const told = new Map();
  const troubles = new Set();
  for (const of of new Set(file.items.map((row) => whose(row, file)))) {
    const rows = file.items.filter((row) => whose(row, file) === of);
    try {
      await takeOf(of, rows, file.files || {}, told, offMs);
    } catch (error) {
      troubles.add(because(error));
      for (const row of rows.filter((one) => !told.has(one.key))) told.set(row.key, failed(error));
    }
  }
  return show(file, told, troubles);
}

// the service's own time; this computer's says nothing of it
const here = () => Date.parse(form.dataset.now) + performance.now();

/** How far ahead the phone's clock was; 0 where it did not know, or was set since: by that the file would be of the future. */
function offOf(file) {
  const offMs = 1000 * (Number.isFinite(file.clock_off_s) ? file.clock_off_s : 0);
  return Date.parse(file.made_at) - offMs > here() + LATER_MS ? 0 : offMs;
}

const because = (error) => error.told || words.away;

// what the service did not answer may be taken in later; what it refused stays refused
const failed = (error) => ({ status: "refused", message: because(error), retry: !error.told });

/** Whose an item is, and in which role it was made; where only the file says that, it does so of its own person alone. */
function whose(row, file) {
  const login = row.login || file.login;
  const query = new URLSearchParams({ login });
  const role = row.role || (login === file.login ? file.role : null);
  if (typeof role === "string" && role) query.set("role", role);
  return String(query);
}

async function takeOf(of, rows, files, told, offMs) {
  let batch = [];
  const flush = async () => {
    if (!batch.length) return;
    for (const answer of await post(of, batch.map((row) => row.item), offMs)) told.set(answer.key, answer);
    batch = [];
  };
  for (const row of rows.filter((one) => one.stage === "text")) {
    if (row.kind === "action") {
      const error = await putAll(row, files);
      if (error) {
        told.set(row.key, failed(error));
        continue;
      }
    }
    if (batch.length >= MOST_ITEMS || batch.some((one) => (row.after || []).includes(one.key))) await flush();
    batch.push(row);
  }
  await flush();
  for (const row of rows) {
    if (row.kind === "action" || !row.attach_key) continue; // a visit's need has photos, too
    const before = told.get(row.key);
    if (before && !TAKEN.includes(before.status)) continue;
    const error = await putAll(row, files);
    if (error) {
      told.set(row.key, { ...failed(error), ...(before && { status: before.status, number: before.number }) });
      continue;
    }
    const item = { kind: "attach", key: row.attach_key, report_key: row.key, photos: row.photos, voice: row.voice };
    const [answer] = await post(of, [item], offMs);
    if (!before || !TAKEN.includes(answer.status)) told.set(row.key, { ...answer, key: row.key });
  }
}

/** Sends the files of a row; gives back the first error, or null. One that the phone had lost is left to the service to miss. */
async function putAll(row, files) {
  for (const sha of [...(row.photos || []), ...(row.voice ? [row.voice] : [])]) {
    try {
      await put(sha, files[sha], sha === row.voice);
    } catch (error) {
      return error;
    }
  }
  return null;
}

async function post(of, items, offMs) {
  const now = new Date(here() + offMs); // what the phone's clock would show
  const body = JSON.stringify({ sent_at: now.toISOString(), items });
  const answer = await ask("POST", `/api/v1/unsent?${of}`, body, "application/json");
  return answer.items;
}

async function put(sha, file, isVoice = false) {
  if (!file) return;
  const bytes = Uint8Array.from(atob(file.base64), (one) => one.charCodeAt(0));
  await ask("PUT", `/api/v1/${isVoice ? "voices" : "photos"}/${encodeURIComponent(sha)}`, bytes, file.type);
}

async function ask(method, path, body, type) {
  const headers = { "Content-Type": type, Accept: "application/json", "Accept-Language": document.documentElement.lang, "X-CSRF-Token": form.dataset.csrf };
  const answer = await fetch(path, { method, body, headers });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(data.code), { told: data.message });
  return data;
}

function show(file, told, troubles) {
  const table = document.getElementById("unsent-rows");
  const body = table.querySelector("tbody");
  const counts = { created: 0, same: 0, conflict: 0, refused: 0 };
  body.replaceChildren(...file.items.map((row) => {
    const answer = told.get(row.key);
    if (answer) counts[answer.status] += 1;
    const result = answer ? [words[`state_${answer.status}`], answer.number, answer.message].filter(Boolean).join(" ") : "";
    return line(row.title || words[`kind_${row.kind}`] || row.kind, row.login || file.login, result);
  }));
  table.hidden = false;
  let text = words.n;
  for (const [name, n] of Object.entries({ ...counts, n: file.items.length })) text = text.split(`{${name}}`).join(String(n));
  const left = [...told.values()].some((one) => one.retry) ? words.left : "";
  say([text, left, ...troubles].filter(Boolean).join(" "));
}

function line(...cells) {
  const row = document.createElement("tr");
  for (const text of cells) row.appendChild(document.createElement("td")).textContent = text || "";
  return row;
}
