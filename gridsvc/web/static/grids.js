// A field that suggests the reader's own grids while something is typed.
const WAIT_MS = 150;

/** Fills the field's datalist from the service; the value is "name code", which the service understands. */
export function suggestGrids(field) {
  let timer = 0;
  let asking = null;
  const list = field.list;

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(`/grids.json?q=${encodeURIComponent(field.value.trim())}`, { signal: asking.signal });
      if (!answer.ok) return;
      list.replaceChildren(...(await answer.json()).map(option));
    } catch (error) {
      // without suggestions the code can still be typed
      if (error.name !== "AbortError") list.replaceChildren();
    }
  }

  field.addEventListener("focus", () => list.children.length || ask());
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
}

function option({ code, name, area }) {
  const made = document.createElement("option");
  made.value = name && name !== code ? `${name} ${code}` : code;
  if (area) made.label = `${made.value} (${area})`;
  return made;
}
