// Mapbox vector tiles, read by the format's own words: layers of features with properties and rings in tile units.
const utf8 = new TextDecoder();

/** The layers of a tile by name: [{properties, parts}], each part a list of [x, y] in units of `extent` a side. */
export function layersOf(buffer) {
  const found = {};
  fields(new Uint8Array(buffer), (number, value) => {
    if (number === 3) readLayer(value, found);
  });
  return found;
}

function readLayer(bytes, found) {
  const layer = { name: "", keys: [], values: [], raw: [], extent: 4096 };
  fields(bytes, (number, value) => {
    if (number === 1) layer.name = utf8.decode(value);
    else if (number === 2) layer.raw.push(value);
    else if (number === 3) layer.keys.push(utf8.decode(value));
    else if (number === 4) layer.values.push(readValue(value));
    else if (number === 5) layer.extent = value;
  });
  found[layer.name] = { extent: layer.extent, features: layer.raw.map((one) => readFeature(one, layer)) };
}

function readFeature(bytes, { keys, values }) {
  const feature = { properties: {}, parts: [] };
  fields(bytes, (number, value) => {
    if (number === 2) {
      const tags = packed(value);
      for (let at = 0; at + 1 < tags.length; at += 2) feature.properties[keys[tags[at]]] = values[tags[at + 1]];
    } else if (number === 4) feature.parts = partsOf(packed(value));
  });
  return feature;
}

function partsOf(commands) {
  const parts = [];
  let [x, y, at] = [0, 0, 0];
  while (at < commands.length) {
    const [kind, n] = [commands[at] & 7, commands[at] >> 3];
    at += 1;
    // 1 moves, 2 draws on, 7 closes the ring
    for (let i = 0; kind !== 7 && i < n; i += 1) {
      x += zigzag(commands[at]);
      y += zigzag(commands[at + 1]);
      at += 2;
      if (kind === 1) parts.push([]);
      parts[parts.length - 1].push([x, y]);
    }
  }
  return parts;
}

function readValue(bytes) {
  let found = null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  fields(bytes, (number, value) => {
    if (number === 1) found = utf8.decode(value);
    else if (number === 2) found = view.getFloat32(1, true);
    else if (number === 3) found = view.getFloat64(1, true);
    else if (number === 6) found = zigzag(value);
    else found = number === 7 ? Boolean(value) : value;
  });
  return found;
}

const zigzag = (value) => (value >>> 1) ^ -(value & 1);

function packed(bytes) {
  const found = [];
  const at = { i: 0 };
  while (at.i < bytes.length) found.push(varint(bytes, at));
  return found;
}

function fields(bytes, each) {
  const at = { i: 0 };
  while (at.i < bytes.length) {
    const key = varint(bytes, at);
    const wire = key & 7;
    if (wire === 0) {
      each(key >>> 3, varint(bytes, at));
      continue;
    }
    const size = wire === 1 ? 8 : wire === 5 ? 4 : varint(bytes, at);
    each(key >>> 3, bytes.subarray(at.i, at.i + size));
    at.i += size;
  }
}

// up to 2^53: sums instead of shifts, which would end at 2^32
function varint(bytes, at) {
  let [value, scale] = [0, 1];
  for (;;) {
    const byte = bytes[at.i];
    at.i += 1;
    value += (byte & 127) * scale;
    if (!(byte >= 128)) return value;
    scale *= 128;
  }
}
