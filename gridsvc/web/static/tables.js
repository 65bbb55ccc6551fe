// A button that offers the table of this page as a file for spreadsheets.
import { offer } from "/static/maps/download.js";

export function offerTables() {
  for (const button of document.querySelectorAll("[data-does='table-file']")) {
    const table = document.getElementById(button.dataset.table)?.querySelector("table");
    if (!table) continue;
    button.hidden = false;
    button.addEventListener("click", () => offer(`${button.dataset.name}.csv`, rowsOf(table)));
  }
}

function rowsOf(table) {
  return [...table.rows].map((row) => [...row.cells].map(textOf));
}

// what only phones show would be there twice
function textOf(cell) {
  const copy = cell.cloneNode(true);
  for (const part of copy.querySelectorAll(".on-phone")) part.remove();
  return copy.textContent.replace(/\s+/g, " ").trim();
}
