"""Which coordinate system is this, to lon/lat in WGS 84, and the metric system of a place.

Axis order is x before y, easting before northing, longitude before latitude, whatever a CRS itself says
(EPSG:4490 and EPSG:4326 say latitude first).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geodata import datum
from geodata.errors import CrsError

FloatArray = NDArray[np.float64]

_WORDS: dict[str, tuple[str, int | None, datum.Datum]] = {
    "wgs84": ("wgs84", 4326, "wgs84"),
    "cgcs2000": ("cgcs2000", 4490, "cgcs2000"),
    "gcj02": ("gcj02", None, "gcj02"),
    "bd09": ("bd09", None, "bd09"),
    "bd09ll": ("bd09", None, "bd09"),
    "crs84": ("wgs84", 4326, "wgs84"),
}
_NAMES = {4326: "wgs84", 4490: "cgcs2000"}
_EPSG = re.compile(
    r"^(?:epsg:{1,2}|urn:ogc:def:crs:epsg:[\d.]*:|https?://www\.opengis\.net/def/crs/epsg/[\d.]+/)?(\d{4,6})$"
)
_CRS84 = re.compile(r"^(?:ogc:|urn:ogc:def:crs:ogc:[\d.]*:|https?://www\.opengis\.net/def/crs/ogc/[\d.]+/)crs84$")
_WKT = re.compile(
    r"^\s*(?:PROJCS|PROJCRS|PROJECTEDCRS|GEOGCS|GEOGCRS|GEODCRS|GEODETICCRS|GEOGRAPHICCRS)\s*\[", re.IGNORECASE
)
_MAX_WKT_CHARS = 20_000
# People keep to the zone they know a little beyond its border: one zone of three degrees. Northwards and southwards
# a zone stays exact, and China's are said to end far north of its southernmost islands.
_BEYOND_LON_DEG = 3.0
_BEYOND_LAT_DEG = 40.0


@dataclass(frozen=True)
class CrsRef:
    """A coordinate system that positions may come in.

    `name` is the word or code to show and store ("wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:2056", or the own name of
    a WKT that has no code). `datum` is the shift still to take off once a projection is undone: "gcj02" and "bd09"
    need one; every CRS that pyproj carries to WGS 84 by itself says "wgs84", the Chinese ones "cgcs2000".
    `wkt` is set only where there is no code.
    """

    name: str
    epsg: int | None
    datum: datum.Datum
    wkt: str | None = None


def parse_crs(text: str) -> CrsRef:
    """The coordinate system that a person, a setting, a GeoJSON member or a .prj file names.

    Takes the words of the API (wgs84, cgcs2000, gcj02, bd09; case, spaces, - and _ do not matter), "EPSG:2056", "2056",
    OGC names of both, and WKT. PROJ strings are not taken: they can name files.

    Raises:
        CrsError: `crs_unknown`; `crs_not_horizontal` for heights, geocentric and engineering systems.

    >>> parse_crs("GCJ-02").datum
    'gcj02'
    >>> parse_crs("urn:ogc:def:crs:EPSG::4549")
    CrsRef(name='EPSG:4549', epsg=4549, datum='cgcs2000', wkt=None)
    """
    if _WKT.match(text):
        return _from_wkt(text)
    bare = text.strip().lower()
    word = _WORDS.get(re.sub(r"[\s_-]", "", bare)) or (_WORDS["crs84"] if _CRS84.match(bare) else None)
    if word is not None:
        return CrsRef(*word)
    match = _EPSG.match(re.sub(r"\s", "", bare))
    if match is None:
        raise CrsError("crs_unknown", crs=text[:80])
    epsg = int(match[1])
    try:
        crs = _of_epsg(epsg)
    except CRSError:
        raise CrsError("crs_unknown", crs=text[:80]) from None
    return CrsRef(_NAMES.get(epsg, f"EPSG:{epsg}"), epsg, _datum_of(crs, text))


def to_lonlat(x: FloatArray, y: FloatArray, crs: CrsRef) -> tuple[FloatArray, FloatArray]:
    """Longitudes and latitudes in WGS 84 degrees (EPSG:4326), as new arrays; GCJ-02 and BD-09 are shifted back.

    A pair that cannot be carried over, lies far outside the area that a projection is made for, or was not finite,
    becomes NaN, NaN. The range of degrees is not judged here: see `in_range`.
    """
    lon, lat = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
    if crs.datum in ("gcj02", "bd09"):
        lon, lat = datum.to_wgs84(lon, lat, crs.datum)
    elif crs.epsg != 4326:
        # Transformer gives inf where a projection has no answer; a place of a row is either a position or NaN.
        east, north = lon, lat
        lon, lat = _transformer(crs).transform(east, north)
        west_x, south_y, east_x, north_y = _reach(crs)
        outside = (east < west_x) | (east > east_x) | (north < south_y) | (north > north_y)
        lon = np.where(outside, np.nan, lon)
    bad = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(bad, np.nan, lon), np.where(bad, np.nan, lat)


def in_range(lon: FloatArray, lat: FloatArray) -> NDArray[np.bool_]:
    """True where a pair is a position on Earth in degrees (-180 to 180, -90 to 90); False for NaN."""
    return (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)


def to_pyproj(crs: CrsRef) -> CRS:
    """The pyproj CRS behind a reference, for geopandas; EPSG:4326 for the shifted ones, which count in its degrees."""
    return CRS.from_wkt(crs.wkt) if crs.wkt is not None else _of_epsg(crs.epsg or 4326)


def local_metric(lon: float, lat: float) -> CRS:
    """A projected CRS in metres for measuring around a position in WGS 84 degrees.

    In the box of China the 3-degree Gauss-Krueger zone of CGCS2000 without zone prefix (EPSG:4534 to 4554), elsewhere
    the UTM zone of WGS 84.

    Raises:
        CrsError: `position_out_of_range`, for NaN and beyond 84 N and 80 S too, where UTM ends.

    >>> local_metric(116.4, 39.9).to_epsg(), local_metric(8.54, 47.37).to_epsg(), local_metric(-70.6, -33.4).to_epsg()
    (4548, 32632, 32719)
    """
    if not (abs(lon) <= 180.0 and -80.0 <= lat <= 84.0):
        raise CrsError("position_out_of_range", lon=lon, lat=lat)
    if datum.in_china_box(np.asarray(lon), np.asarray(lat)):
        meridian = min(max(math.floor(lon / 3.0 + 0.5), 25), 45)
        return _of_epsg(4534 + meridian - 25)
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return _of_epsg((32600 if lat >= 0.0 else 32700) + zone)


def to_metres(lonlat: FloatArray, crs: CRS) -> FloatArray:
    """Easting and northing, shape (n, 2), in a projected CRS (see `local_metric`) of positions in EPSG:4326 degrees."""
    return np.column_stack(_to_metric(crs).transform(lonlat[:, 0], lonlat[:, 1]))


@lru_cache(maxsize=16)
def _to_metric(crs: CRS) -> Transformer:
    return Transformer.from_crs(_of_epsg(4326), crs, always_xy=True)


@lru_cache(maxsize=128)
def _of_epsg(epsg: int) -> CRS:
    # PROJ's database takes milliseconds to answer, and a request may ask twice.
    return CRS.from_epsg(epsg)


@lru_cache(maxsize=64)
def _transformer(crs: CrsRef) -> Transformer:
    # One per CRS: finding the operation costs milliseconds, and pyproj's transformers may be shared by threads.
    return Transformer.from_crs(to_pyproj(crs), _of_epsg(4326), always_xy=True)


@lru_cache(maxsize=64)
def _reach(crs: CrsRef) -> tuple[float, float, float, float]:
    """The least and greatest x and y that a projection takes (x, y, x, y): its area of use and some degrees around.

    Beyond it PROJ may still answer, with a place that winds around the Earth. All, where no area is known.
    """
    known = to_pyproj(crs)
    area, everywhere = known.area_of_use, (-math.inf, -math.inf, math.inf, math.inf)
    if area is None or not known.is_projected:
        return everywhere
    west, east = area.west, area.east
    if west <= east:
        west, east = max(west - _BEYOND_LON_DEG, -180.0), min(east + _BEYOND_LON_DEG, 180.0)
    south, north = max(area.south - _BEYOND_LAT_DEG, -89.0), min(area.north + _BEYOND_LAT_DEG, 89.0)
    there = Transformer.from_crs(_of_epsg(4326), known, always_xy=True)
    bounds = there.transform_bounds(west, south, east, north)
    return bounds if all(map(math.isfinite, bounds)) else everywhere


def _from_wkt(text: str) -> CrsRef:
    if len(text) > _MAX_WKT_CHARS:
        raise CrsError("crs_unknown", crs=text[:80])
    try:
        crs = CRS.from_wkt(text)
        # Only a certain match: a lesser one may be the same name with another meridian.
        epsg = crs.to_epsg(min_confidence=100)
    except CRSError:
        raise CrsError("crs_unknown", crs=text[:80]) from None
    if epsg is not None:
        return CrsRef(_NAMES.get(epsg, f"EPSG:{epsg}"), epsg, _datum_of(crs, text))
    return CrsRef(crs.name, None, _datum_of(crs, text), wkt=text)


def _datum_of(crs: CRS, text: str) -> datum.Datum:
    if crs.is_bound or not (crs.is_geographic or crs.is_projected) or len(crs.axis_info) != 2:
        raise CrsError("crs_not_horizontal", crs=text[:80])
    geodetic = crs.geodetic_crs
    name = geodetic.datum.name if geodetic is not None and geodetic.datum is not None else ""
    return "cgcs2000" if "China 2000" in name or "CGCS2000" in name or "China_2000" in name else "wgs84"
