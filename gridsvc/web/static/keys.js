// Keys: "/" searches, arrows move in lists, Escape leaves a list or the search field, "down" goes from it to the list.

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target instanceof Element && event.target.closest("input, select, textarea, [contenteditable]");
    const search = document.querySelector("[data-slash]");
    if (event.key === "/" && !typing && search) {
      event.preventDefault();
      openAround(search);
      search.focus();
    }
    if (search && event.target === search && !event.isComposing) leave(event, search);
  });
  for (const list of document.querySelectorAll("[data-moves]")) {
    list.addEventListener("keydown", (event) => move(event, list));
  }
}

/** From the search field: Escape, and arrow down to the first of the list; an input method's own keys are its own. */
function leave(event, search) {
  if (event.key === "Escape") {
    event.preventDefault(); // a browser would clear the field
    search.blur();
  }
  const first = document.querySelector("[data-moves] tbody th a");
  if (event.key === "ArrowDown" && first) {
    event.preventDefault();
    first.focus();
  }
}

function openAround(field) {
  const around = field.closest("details");
  if (around) around.open = true;
}

function move(event, list) {
  const links = [...list.querySelectorAll("tbody th a")];
  const here = links.indexOf(document.activeElement);
  const steps = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: links.length - 1 };
  if (event.key === "Escape" && here >= 0) document.activeElement.blur();
  if (here < 0 || !(event.key in steps)) return;
  event.preventDefault();
  const target = links[steps[event.key]];
  if (target) target.focus();
}
