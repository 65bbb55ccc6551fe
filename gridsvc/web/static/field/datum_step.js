// In the settings: once, at a known place, "I am here" tells in which coordinate system this phone reports.
import { decide, forget, found, keep } from "./datum.js";
import { el, fill } from "./dom.js";
import { pinMap } from "./pin_map.js";
import { position } from "./position.js";
import { clock } from "./report_draft.js";
import { t } from "./words.js";

const CLOSE_ZOOM = 18;

/** The section; it draws itself anew after each step. */
export async function datumSection(held) {
  const box = el("section", { class: "datum", "aria-labelledby": "datum-title" });
  const known = await found();
  const name = (crs) => t(`datum.name_${crs}`);
  const again = async (text) => {
    const fresh = await datumSection(held);
    box.replaceWith(fresh);
    if (text) fresh.querySelector("#datum-said").textContent = text;
    fresh.querySelector("#datum-begin").focus();
  };
  const act = el("div", {},
    el("button", { type: "button", class: "button wide", id: "datum-begin", onclick: () => check(held, act, again) }, t("datum.begin")),
    known ? el("button", { type: "button", class: "button wide", id: "datum-forget", onclick: () => forget().then(() => again("")) }, t("datum.forget")) : null);
  fill(box, el("h2", { id: "datum-title" }, t("datum.title")),
    el("p", { id: "datum-is" }, known ? t("datum.is", { crs: name(known.crs) }) : t("datum.usual")),
    known ? el("p", { class: "hint" }, t("datum.of", { at: clock(known.at), place: known.place.name, off: known.off_m, next: known.next_m })) : el("p", { class: "hint" }, t("datum.why")),
    el("p", { id: "datum-said", role: "status", class: "belongs" }), act);
  return box;
}

function check(held, act, again) {
  const places = placesOf(held);
  if (!places.length) return fill(act, el("p", { class: "told" }, t("datum.no_places")));
  const said = el("p", { role: "status", id: "datum-look", class: "belongs" });
  const box = el("div", { class: "map-box" });
  const picked = el("select", { id: "datum-place", class: "wide" }, el("option", { value: "" }, t("datum.pick")), groups(places));
  const here = el("button", { type: "button", class: "button main wide", id: "datum-here", disabled: true }, t("datum.here"));
  const at = { place: null, map: null };
  picked.addEventListener("change", async () => {
    at.place = places[Number(picked.value)] ? { ...places[Number(picked.value)] } : null;
    here.disabled = !at.place;
    if (!at.place) return;
    at.map = at.map || (await pinMap(box, { grids: held.grids, compounds: held.compounds, box: null, label: t("place.map"), credit: held.credit, onMove: (lon, lat) => Object.assign(at.place, { lon, lat }) }).catch(() => null));
    if (!at.map) return;
    at.map.look(at.place.lon, at.place.lat, CLOSE_ZOOM);
    at.map.setPin(at.place.lon, at.place.lat);
  });
  here.addEventListener("click", async () => {
    here.disabled = true;
    said.textContent = t("datum.looking");
    const { fix, code } = await position();
    here.disabled = false;
    if (!fix) {
      said.textContent = t(`place.failed_${code}`);
      return;
    }
    const decision = decide(fix, at.place);
    if (decision.code) {
      said.textContent = t(`datum.${decision.code}`, { off: decision.off_m });
      return;
    }
    await keep(decision, fix, at.place);
    if (at.map) at.map.remove();
    again(t("datum.decided", { crs: t(`datum.name_${decision.crs}`) }));
  });
  fill(act, el("label", { for: "datum-place", class: "label" }, t("datum.where")), picked, box, el("p", { class: "hint" }, t("datum.adjust")), said, here);
  picked.focus();
  return undefined;
}

function groups(places) {
  return ["compounds", "corners"].map((kind) => {
    const mine = places.map((one, i) => [one, i]).filter(([one]) => one.kind === kind);
    return mine.length ? el("optgroup", { label: t(`datum.${kind}`) }, mine.map(([one, i]) => el("option", { value: i }, one.name))) : null;
  });
}

function placesOf({ grids, compounds }) {
  const own = grids.filter((grid) => grid.own);
  const mine = new Set(own.map((grid) => grid.code));
  const gates = compounds.filter((one) => mine.has(one.grid)).map(({ name, lon, lat }) => ({ kind: "compounds", name, lon, lat }));
  return [...gates, ...[].concat(...own.map(cornersOf))];
}

// the outermost points of a grid's border towards the four corners
function cornersOf(grid) {
  const { type, coordinates } = grid.geometry;
  const points = [].concat(...(type === "Polygon" ? [coordinates[0]] : coordinates.map((polygon) => polygon[0])));
  const towards = { nw: [-1, 1], ne: [1, 1], se: [1, -1], sw: [-1, -1] };
  return Object.entries(towards).map(([code, [x, y]]) => {
    const [lon, lat] = points.reduce((best, one) => (one[0] * x + one[1] * y > best[0] * x + best[1] * y ? one : best));
    return { kind: "corners", name: t(`datum.corner_${code}`, { grid: grid.name || grid.code }), lon, lat };
  });
}
