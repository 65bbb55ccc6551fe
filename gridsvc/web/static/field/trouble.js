// Why something was not kept, in words.
import { isFull } from "./store.js";
import { t } from "./words.js";

const CODES = ["sent_before", "other_login"]; // what `outbox.add` refuses

/** The words for an error of the phone's own storage or queue; `full`: the key of those for a full phone. */
export function whyNotKept(error, full) {
  if (isFull(error)) return t(full);
  return t(CODES.includes(error.code) ? `report.${error.code}` : "report.not_kept");
}
