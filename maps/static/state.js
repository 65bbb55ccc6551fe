// State in the address: filters as query (the server reads them too), what is looked at in the hash.

/** The filters of these names that the address states. */
export function readFilters(names) {
  const query = new URLSearchParams(location.search);
  const filters = {};
  for (const name of names) {
    const value = query.get(name);
    if (value) filters[name] = value;
  }
  return filters;
}

/** Puts the filters into the address as a new step of the history; other parameters (lang) stay. */
export function writeFilters(names, filters) {
  const query = new URLSearchParams(location.search);
  for (const name of names) {
    if (filters[name]) query.set(name, filters[name]);
    else query.delete(name);
  }
  query.delete("table");
  const text = query.toString();
  if (`?${text}` === location.search || (!text && !location.search)) return;
  history.pushState(null, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
}

const LOOK = ["sel", "show", "sort", "breaks", "layers", "reports", "day", "list", "rings", "doors"];

/** What the hash says: {map: {zoom, lat, lon} | null, sel, show, sort, breaks, layers}; what is malformed is absent. */
export function readLook() {
  const hash = new URLSearchParams(location.hash.replace(/^#/, ""));
  const [zoom, lat, lon] = (hash.get("map") || "").split("/").map(Number);
  const fits = [zoom, lat, lon].every(Number.isFinite) && zoom >= 0 && Math.abs(lat) <= 85 && Math.abs(lon) <= 180;
  return {
    map: hash.get("map") && fits ? { zoom, lat, lon } : null,
    ...Object.fromEntries(LOOK.map((name) => [name, hash.get(name)])),
  };
}

/** The limits that `breaks` of the hash sets: rising numbers above zero, at most four; else null. */
export function readLimits(text) {
  if (!/^\d{1,9}(\.\d{1,6})?(,\d{1,9}(\.\d{1,6})?){0,3}$/.test(text ?? "")) return null;
  const limits = text.split(",").map(Number);
  return limits.every((limit, at) => limit > (limits[at - 1] ?? 0)) ? limits : null;
}

/** Replaces the hash; empty values are left out. */
export function writeLook(look) {
  const parts = [];
  if (look.map) parts.push(`map=${look.map.zoom}/${look.map.lat.toFixed(5)}/${look.map.lon.toFixed(5)}`);
  for (const name of LOOK) {
    if (look[name]) parts.push(`${name}=${encodeURIComponent(look[name]).replaceAll("%2C", ",")}`);
  }
  history.replaceState(null, "", `${location.pathname}${location.search}#${parts.join("&")}`);
}

/** Links to this page in the other language take filters and hash along. */
export function keepOnLanguageLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href*='lang=']") : null;
    if (!link || link.origin !== location.origin) return;
    const query = new URLSearchParams(location.search);
    query.set("lang", new URL(link.href).searchParams.get("lang"));
    if (new URL(link.href).pathname !== location.pathname) return;
    link.href = `${location.pathname}?${query}${location.hash}`;
  });
}

/** Lets the links to files ask for what the screen shows: the filters of these names, the map's part, and this look. */
export function keepFiles(map, names, look) {
  const { x, y } = map.getSize();
  for (const link of document.querySelectorAll("[data-file]")) {
    const asked = new URLSearchParams({ ...readFilters(names), lang: document.documentElement.lang });
    for (const [name, value] of Object.entries(look)) if (value) asked.set(name, value);
    if (x > 9 && y > 9) asked.set("px", `${Math.round(x)}x${Math.round(y)}`);
    link.href = `${link.pathname}?${asked}`;
  }
}
