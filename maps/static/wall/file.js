// The board as rows of a file, as it hangs on the wall now.
import { when, word } from "../words.js";

const COLUMNS = ["nr", "number", "problem", "words", "area", "grid", "body", "owner", "deadline", "until", "progress", "changed", "rework", "struck"];

/** A head and a line for each row, in the order of their numbers. */
export function linesOf(rows) {
  return [COLUMNS.map((name) => word(`col_${name}`)), ...rows.map(line)];
}

function line(row) {
  const named = (one) => one?.name || one?.code || "";
  const at = (instant) => (instant ? when(instant) : "");
  return [
    row.nr, row.number, row.category.name, row.description, named(row.area), named(row.grid), named(row.department), named(row.owner),
    word(`standing_${row.standing}`), at(row.until), word(`step_${row.step}`), at(row.updated_at), row.rework, at(row.struck_at),
  ];
}
