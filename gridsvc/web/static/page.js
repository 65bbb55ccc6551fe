// What every page does: the language link keeps the state, errors get the focus, keys move, fields suggest grids.
import { suggestGrids } from "./grids.js";
import { listenToKeys } from "./keys.js";

keepStateOnLanguageLinks();
focusErrors();
closeFiltersOnPhones();
document.querySelector(".bar nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
listenToKeys();
for (const field of document.querySelectorAll("input[data-grids]")) suggestGrids(field);

/** The other language's link leads to this very page: filters as they are in the address now, and the hash. */
function keepStateOnLanguageLinks() {
  for (const link of document.querySelectorAll("a[data-keeps-state]")) {
    link.addEventListener("click", () => {
      const here = new URL(location.href);
      here.searchParams.set("lang", link.hreflang);
      link.href = here.href;
    });
  }
}

function focusErrors() {
  const summary = document.getElementById("summary");
  if (summary && !document.querySelector("main [autofocus]")) summary.focus();
}

function closeFiltersOnPhones() {
  const filters = document.getElementById("filters");
  if (filters && window.matchMedia("(max-width: 760px)").matches && !filters.querySelector(".summary")) filters.open = false;
}
