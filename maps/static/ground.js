// What lies under and over the colours: the provider's raster tiles, our own roads, and compounds.
const FAILURES_ENOUGH = 3;
const INK = { major: "#3c4a58", minor: "#5d6b78", path: "#7b8792" };

const line = (color, weight, opacity) => ({ stroke: true, fill: false, color, weight, opacity, lineCap: "round" });

/**
 * Raster layers where a provider is configured, else our own lines; those also take over when the provider fails.
 * `failed` is called once, when several tiles in a row could not be had. `named` is called with the names of roads, water
 * and buildings each time others come into view: [{text, kind, at, angle, room}], `room` in pixels of zoom 0.
 */
export function addGround(shell, failed, named = () => {}) {
  const told = once(failed);
  const raster = Object.values(shell.layers).filter((layer) => layer.name.startsWith("tiles-"));
  const { roads } = shell.layers;
  const addOwn = once(() => roads && addRoads(shell.map, roads, told, named));
  for (const layer of raster) {
    addTiles(shell.map, layer, () => {
      told();
      addOwn();
    });
  }
  if (!raster.length) addOwn();
}

/** Outlines of compounds; gives back the Leaflet layer. */
export function compoundLayer(shell, shapes) {
  const { pane } = shell.layers.compounds;
  return L.geoJSON(shapes, {
    pane,
    renderer: L.canvas({ pane, padding: 0.3 }),
    interactive: false,
    style: { color: "#27425f", weight: 1, opacity: 0.75, dashArray: "3 3", fill: false },
    pointToLayer: (feature, at) =>
      L.circleMarker(at, { pane, radius: 3, interactive: false, color: "#27425f", weight: 1, fillColor: "#fff", fillOpacity: 1 }),
  });
}

function addTiles(map, layer, failed) {
  const tiles = L.tileLayer(layer.address, {
    pane: layer.pane, maxNativeZoom: layer.max_native_zoom, maxZoom: map.getMaxZoom(),
  });
  watch(tiles, failed);
  tiles.addTo(map);
}

function addRoads(map, layer, failed, named) {
  const labels = new Map();
  const Lines = L.VectorGrid.Protobuf.extend({
    // the stock method leaves a refused fetch unhandled and takes an error status for an empty tile,
    // which it marks by a list where a parsed tile has an object
    _getVectorTilePromise(coords) {
      const lost = () => {
        this.fire("tileerror", { coords });
        return { layers: {} };
      };
      const tile = L.VectorGrid.Protobuf.prototype._getVectorTilePromise.call(this, coords);
      const kept = (read) => {
        labels.set(this._tileCoordsToKey(coords), labelsOf(map, read, coords));
        return read;
      };
      return tile.then((read) => (Array.isArray(read.layers) ? lost() : kept(read))).catch(lost);
    },
  });
  const lines = new Lines(layer.address, {
    pane: layer.pane, maxNativeZoom: layer.max_native_zoom, maxZoom: map.getMaxZoom(),
    rendererFactory: sharpTile,
    vectorTileLayerStyles: { roads: road, water, buildings: building, labels: [] },
  });
  lines.on("tileunload", ({ coords }) => labels.delete(lines._tileCoordsToKey(coords)));
  lines.on("load", () => {
    const shown = [...labels.values()].filter((tile) => tile.zoom === lines._tileZoom);
    named(shown.flatMap((tile) => tile.labels));
  });
  watch(lines, failed);
  lines.addTo(map);
}

// where a tile's names stand; what is not as expected has no name
function labelsOf(map, tile, { x, y, z }) {
  const { features = [], extent = 4096 } = tile.layers.labels ?? {};
  const labels = features.filter(({ properties, geometry }) => properties.name && geometry[0]?.[0]).map(({ properties, geometry }) => {
    const [[point]] = geometry;
    const at = map.unproject([(x + point.x / extent) * 256, (y + point.y / extent) * 256], z);
    const angle = properties.angle === undefined ? null : Number(properties.angle);
    return { text: String(properties.name), kind: String(properties.kind), at, angle, room: (Number(properties.long) / extent) * 256 / 2 ** z };
  });
  return { zoom: z, labels };
}

function road({ class: kind }, zoom) {
  if (kind === "path") return zoom >= 16 ? line(INK.path, 0.8, 0.45) : [];
  if (kind === "major") return line(INK.major, zoom >= 15 ? 2.4 : 1.4, 0.55);
  return zoom >= 13 ? line(INK.minor, zoom >= 16 ? 1.5 : 0.8, 0.45) : [];
}

const water = () => ({ ...line("#3d7ea6", 1, 0.7), fill: true, fillColor: "#9cc7de", fillOpacity: 0.6 });
const building = (properties, zoom) => (zoom >= 16 ? line("#4d5a66", 0.6, 0.35) : []);

/** A tile canvas with the screen's own pixels; the stock one is blurred on phones. */
function sharpTile(coords, size, options) {
  const tile = new L.Canvas.Tile(coords, size, options);
  const canvas = tile.getContainer();
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  canvas.width = size.x * ratio;
  canvas.height = size.y * ratio;
  canvas.getContext("2d").scale(ratio, ratio);
  return tile;
}

function watch(layer, failed) {
  let failures = 0;
  layer.on("tileload", () => (failures = 0));
  layer.on("tileerror", () => {
    failures += 1;
    if (failures < FAILURES_ENOUGH) return;
    // no endless retries: every move of the map would ask again
    layer.off("tileerror");
    setTimeout(() => layer.remove(), 0);
    failed();
  });
}

function once(call) {
  let done = false;
  return () => {
    if (!done) call();
    done = true;
  };
}
