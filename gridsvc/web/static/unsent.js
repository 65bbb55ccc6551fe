// Taking in a phone's file: its items in their order, each person's apart; photos before what shows them.
const MOST_ITEMS = 50;
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
    say(error instanceof SyntaxError ? words.not_ours : error.told || words.away);
  }
  button.disabled = false;
});

function say(text) {
  said.textContent = text;
  said.hidden = false;
}

async function take(file) {
  if (!file || file.format !== "gridsvc-unsent" || !Array.isArray(file.items)) return say(words.not_ours);
  const told = new Map();
  for (const login of new Set(file.items.map((row) => row.login || file.login))) {
    await takeOf(login, file.items.filter((row) => (row.login || file.login) === login), file.files || {}, told);
  }
  return show(file, told);
}

async function takeOf(login, rows, files, told) {
  let batch = [];
  const flush = async () => {
    if (!batch.length) return;
    for (const answer of await post(login, batch.map((row) => row.item))) told.set(answer.key, answer);
    batch = [];
  };
  for (const row of rows.filter((one) => one.stage === "text")) {
    if (row.kind === "action") for (const sha of row.photos) await put(sha, files[sha]);
    if (batch.length >= MOST_ITEMS || batch.some((one) => row.after.includes(one.key))) await flush();
    batch.push(row);
  }
  await flush();
  for (const row of rows) {
    if (row.kind !== "report" || !row.attach_key) continue;
    const before = told.get(row.key);
    if (before && !TAKEN.includes(before.status)) continue;
    for (const sha of [...row.photos, ...(row.voice ? [row.voice] : [])]) await put(sha, files[sha], sha === row.voice);
    const item = { kind: "attach", key: row.attach_key, report_key: row.key, photos: row.photos, voice: row.voice };
    const [answer] = await post(login, [item]);
    if (!before || !TAKEN.includes(answer.status)) told.set(row.key, { ...answer, key: row.key });
  }
}

async function post(login, items) {
  const body = JSON.stringify({ sent_at: new Date().toISOString(), items });
  const answer = await ask("POST", `/api/v1/unsent?login=${encodeURIComponent(login)}`, body, "application/json");
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
  const data = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(data.code), { told: data.message });
  return data;
}

function show(file, told) {
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
  say([...told.values()].some((one) => one.retry) ? `${text} ${words.left}` : text);
}

function line(...cells) {
  const row = document.createElement("tr");
  for (const text of cells) row.appendChild(document.createElement("td")).textContent = text || "";
  return row;
}
