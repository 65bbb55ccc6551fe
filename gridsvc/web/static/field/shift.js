// WGS 84, GCJ-02 and BD-09 in degrees, as geodata/datum.py has them: the same formula, the inverse by fixed point.
const [WEST, EAST, SOUTH, NORTH] = [72.004, 137.8347, 0.8293, 55.8271];
// the formula is defined on the ellipsoid of Krasovsky, whatever the datum of the position
const AXIS_M = 6378245.0;
const ECCENTRICITY2 = 0.00669342162296594323;
const BD_WAVE = (Math.PI * 3000.0) / 180.0;
const RESIDUAL_DEG = 1e-12;
const MAX_ROUNDS = 20;

export const DATUMS = ["wgs84", "gcj02", "bd09"];

const { PI, abs, cos, sin, sqrt } = Math;
const degrees = (radians) => (radians * 180) / PI;

const inBox = (lon, lat) => lon >= WEST && lon <= EAST && lat >= SOUTH && lat <= NORTH;

function gcjOfWgs(lon, lat) {
  const [x, y] = [lon - 105.0, lat - 35.0];
  const root = sqrt(abs(x));
  const ripple = 20.0 * sin(6.0 * PI * x) + 20.0 * sin(2.0 * PI * x);
  let northM = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + (ripple * 2.0) / 3.0;
  northM += ((20.0 * sin(PI * y) + 40.0 * sin((PI * y) / 3.0)) * 2.0) / 3.0;
  northM += ((160.0 * sin((PI * y) / 12.0) + 320.0 * sin((PI * y) / 30.0)) * 2.0) / 3.0;
  let eastM = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + (ripple * 2.0) / 3.0;
  eastM += ((20.0 * sin(PI * x) + 40.0 * sin((PI * x) / 3.0)) * 2.0) / 3.0;
  eastM += ((150.0 * sin((PI * x) / 12.0) + 300.0 * sin((PI * x) / 30.0)) * 2.0) / 3.0;
  const phi = (lat * PI) / 180;
  const flat = 1.0 - ECCENTRICITY2 * sin(phi) ** 2;
  const meridianM = (AXIS_M * (1.0 - ECCENTRICITY2)) / (flat * sqrt(flat));
  const parallelM = (AXIS_M / sqrt(flat)) * cos(phi);
  return [lon + degrees(eastM / parallelM), lat + degrees(northM / meridianM)];
}

function bdOfGcj(lon, lat) {
  const radius = Math.hypot(lon, lat) + 0.00002 * sin(lat * BD_WAVE);
  const angle = Math.atan2(lat, lon) + 0.000003 * cos(lon * BD_WAVE);
  return [radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006];
}

// x <- x - (f(x) - target): converges because the shift hardly changes over its own length
function inverse(forward, lon, lat) {
  let [x, y] = [lon, lat];
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const [seenX, seenY] = forward(x, y);
    const [overX, overY] = [seenX - lon, seenY - lat];
    x -= overX;
    y -= overY;
    if (Math.max(abs(overX), abs(overY)) <= RESIDUAL_DEG) break;
  }
  return [x, y];
}

/** [lon, lat] in WGS 84 of a position in `datum`: wgs84, cgcs2000 (the same but for centimetres), gcj02 or bd09. */
export function toWgs84(lon, lat, datum) {
  if (!inBox(lon, lat) || datum === "wgs84" || datum === "cgcs2000") return [lon, lat];
  if (datum === "gcj02") return inverse(gcjOfWgs, lon, lat);
  if (datum !== "bd09") throw new Error(`unknown datum ${datum}`);
  return inverse(gcjOfWgs, ...inverse(bdOfGcj, lon, lat));
}

/** [lon, lat] in `datum` of a position in WGS 84. */
export function fromWgs84(lon, lat, datum) {
  if (!inBox(lon, lat) || datum === "wgs84" || datum === "cgcs2000") return [lon, lat];
  if (datum === "gcj02") return gcjOfWgs(lon, lat);
  if (datum !== "bd09") throw new Error(`unknown datum ${datum}`);
  return bdOfGcj(...gcjOfWgs(lon, lat));
}
