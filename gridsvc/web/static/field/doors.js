// Doors: grouped as one walks past them, found by number or by a compound's initials, standing as this phone knows them.
import { sameDay } from "./spans.js";
import { lang, t } from "./words.js";

const NONE = "无";
// What a door may be said to be, in the order in which it happens most.
export const OUTCOMES = ["reached", "absent", "refused", "vacant", "moved", "not_found", "not_eligible"];
const AGAIN = ["absent", "refused"]; // worth another try
export const MODES = ["door", "phone", "wechat"];

/** The last visit of this phone at each door, by the door's id: rows of the queue, those taken back left out. */
export function lastVisits(rows) {
  const visits = rows.filter((row) => row.kind === "visit" && row.about && row.mine !== false && row.state !== "attention");
  const replaced = new Set(visits.map((row) => row.about.supersedes).filter(Boolean));
  const last = new Map();
  for (const row of visits) {
    if (replaced.has(row.key) || row.about.outcome === "withdrawn") continue;
    const before = last.get(row.about.door);
    if (!before || before.about.at <= row.about.at) last.set(row.about.door, row);
  }
  return last;
}

/** The doors as they stand with what this phone recorded, sent or not: `status`, `visited_at`, `row` (of the queue). */
export function standing(doors, rows) {
  const last = lastVisits(rows);
  return doors.map((door) => {
    const row = last.get(door.id);
    const was_reached = door.status === "reached";
    if (!row) return { ...door, was_reached };
    const later = door.visited_at && Date.parse(door.visited_at) > Date.parse(row.about.at) + 1000;
    if (later && row.state === "sent") return { ...door, was_reached, row };
    return { ...door, was_reached, status: row.about.outcome, visited_at: row.about.at, row };
  });
}

/** Whether nothing is left to do at a door for now: somebody was met today, or this phone was there today. */
export function isDone(door, now) {
  const today = (at) => Boolean(at) && sameDay(Date.parse(at), now);
  return Boolean(door.row && today(door.row.about.at)) || (door.status === "reached" && today(door.visited_at));
}

/** Today's doors where this phone was, and met nobody: for the evening. */
export function tried(doors, now) {
  return doors.filter((door) => door.today && isDone(door, now) && AGAIN.includes(door.status)).sort(inOrder);
}

/** Today's doors that are still to be visited, in walking order. */
export function due(doors, now) {
  return doors.filter((door) => door.today && !isDone(door, now)).sort(inOrder);
}

function inOrder(one, other) {
  return (one.order ?? Infinity) - (other.order ?? Infinity) || one.id - other.id;
}

/** The door to go to after this one: the next of today in walking order, else the first that is left. */
export function next(doors, door, now) {
  const left = due(doors, now).filter((one) => one.id !== door.id);
  return left.find((one) => inOrder(one, door) > 0) || left[0] || null;
}

/**
 * Doors as stops: `[{compound, building, units: [{unit, doors}]}]`, in the order in which the doors come.
 * A building that comes twice is one stop, where it came first.
 */
export function grouped(doors) {
  const stops = new Map();
  for (const door of doors) {
    const key = `${door.compound_id} ${door.building}`;
    if (!stops.has(key)) stops.set(key, { compound: door.compound, building: door.building, units: new Map() });
    const units = stops.get(key).units;
    if (!units.has(door.unit)) units.set(door.unit, { unit: door.unit, doors: [] });
    units.get(door.unit).doors.push(door);
  }
  return [...stops.values()].map((stop) => ({ ...stop, units: [...stop.units.values()] }));
}

/** The doors that every word of a search fits: a room, a building, a compound's name or the initials of it. */
export function found(doors, compounds, typed) {
  const words = folded(typed).split(/\s+/).filter(Boolean);
  if (!words.length) return doors;
  const initials = new Map(compounds.map((one) => [one.id, folded(one.initials || "").split(" ").filter(Boolean)]));
  return doors.filter((door) => {
    const names = [door.compound, door.label && door.label.zh, door.label && door.label.en].map((one) => folded(one || ""));
    const short = initials.get(door.compound_id) || [];
    const levels = [door.building, door.unit, door.room].map((one) => folded(one || ""));
    const number = levels.filter((one) => one && one !== NONE).join("-");
    return words.every(
      (word) => short.some((one) => one.startsWith(word)) || levels.includes(word) || number.includes(word) ||
        names.some((name) => name.includes(word)),
    );
  });
}

function folded(text) {
  return text.normalize("NFKC").toLowerCase().trim();
}

/** A building, a unit or a room as people read it; "" where the address has no such level. */
export function level(kind, text) {
  if (!text || text === NONE) return "";
  if (lang() !== "zh") return /^[\x20-\x7e]+$/.test(text) ? t(`today.${kind}`, { n: text }) : text;
  const last = text[text.length - 1];
  if (!/[\x21-\x7e甲乙丙丁戊己庚辛壬癸]/.test(last)) return text;
  return kind === "building" && !/[0-9]/.test(last) ? `${text}座` : t(`today.${kind}`, { n: text });
}

/** The whole door: compound, building, unit, room. */
export function label(door) {
  const said = (door.label && door.label[lang()]) || "";
  return [door.compound, said === NONE ? "" : said].filter(Boolean).join(" ");
}

/** The door inside its building: unit and room, or whatever name it has. */
export function inside(door) {
  return level("room", door.room) || level("unit", door.unit) || label({ ...door, compound: "" }) || `${className(door)} ${door.id}`.trim();
}

/** A class of doors in this language; "" where none is told. */
export function className(door) {
  const one = door.class;
  if (!one) return "";
  return typeof one === "string" ? one : one[lang()] || one.zh || "";
}

/** What a campaign has reached, this phone's own visits among it: `{n, of, share}`; share null over zero. */
export function progress(campaign, doors) {
  // counted are doors that the service did not know as reached on this list when it told its number
  const fresh = doors.filter((door) => door.today && isOf(door, campaign) && door.row && counts(door) && wasUnmet(door, campaign)).length;
  const n = Math.min(campaign.n_eligible, campaign.n_reached + fresh);
  return { n, of: campaign.n_eligible, share: campaign.n_eligible ? n / campaign.n_eligible : null };
}

/** Whether a door is on the list of a campaign; of one that this phone does not know nothing is ruled out. */
export function isOf(door, campaign) {
  return !door.campaigns || door.campaigns.includes(campaign.code);
}

// of one on several lists `status` says how it stands on one of them, `unmet` on which of them nobody was met yet
function wasUnmet(door, campaign) {
  return door.campaigns && door.campaigns.length > 1 ? Boolean(door.unmet && door.unmet.includes(campaign.code)) : !door.was_reached;
}

function counts(door) {
  return door.row.about.outcome === "reached" && door.row.about.mode === "door";
}
