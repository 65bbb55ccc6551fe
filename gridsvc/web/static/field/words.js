// The app's words in both languages; served as a file, so that they are there offline.
const LANGS = ["zh", "en"];
const PLACE = "gridsvc.field.lang";
let words = {};
let code = "zh";

/** The text of a key such as "report.send", with its {facts}; the key itself where the catalogue has none. */
export function t(key, facts = {}) {
  const text = words[key];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? String(facts[name]) : whole));
}

export function lang() {
  return code;
}

/** Loads the words of the language chosen before, else of the browser's. */
export async function begin() {
  let chosen = null;
  try {
    chosen = localStorage.getItem(PLACE);
  } catch {
    // forbidden here
  }
  const asked = chosen || (navigator.language || "zh").slice(0, 2);
  await load(LANGS.includes(asked) ? asked : "zh");
}

/** Changes the language of everything that is drawn from now on. */
export async function setLang(wanted) {
  await load(wanted);
  try {
    localStorage.setItem(PLACE, wanted);
  } catch {
    // forbidden here: until the app is closed
  }
}

async function load(wanted) {
  const answer = await fetch(`/field/words.json?lang=${wanted}`);
  if (!answer.ok) throw new Error(`words: ${answer.status}`);
  words = await answer.json();
  code = wanted;
  document.documentElement.lang = wanted;
  document.title = t("app.title");
}
