"""Is a shape what it should be, its repair where nothing is lost, and its measures on the ground.

Shapes are shapely geometries in EPSG:4326 (longitude, latitude). Measures are geodesic on the ellipsoid of WGS 84,
never planar: EPSG:3857 would call a place at 49.45 N 2.4 times as large as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry import LineString, MultiPolygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import GeometryError

WGS84_ELLIPSOID = Geod(ellps="WGS84")

# A repair may move the area by this share at most: real digitising faults (a ring that touches or nicks itself) move it
# by under 0.02 %, while a wrong order of vertices moves it by tenths.
MAX_CHANGE_SHARE = 0.001

Kind = Literal["polygon", "line", "point"]
_TYPES: dict[Kind, tuple[str, ...]] = {
    "polygon": ("Polygon", "MultiPolygon"),
    "line": ("LineString", "MultiLineString"),
    "point": ("Point",),
}
# What GEOS says -> our code; the position in brackets that follows is kept as a fact.
_VALIDITY_CODES = {
    "Self-intersection": "geometry_self_crossing",
    "Ring Self-intersection": "geometry_self_crossing",
    "Hole lies outside shell": "geometry_hole_outside",
    "Holes are nested": "geometry_parts_overlap",
    "Nested shells": "geometry_parts_overlap",
    "Duplicate Rings": "geometry_parts_overlap",
    "Interior is disconnected": "geometry_interior_split",
    "Too few points in geometry component": "geometry_too_few_points",
}
_REASON = re.compile(r"^(?P<words>[^\[]+)\[(?P<lon>\S+) (?P<lat>\S+?)\]?$")
_REPAIRABLE = frozenset(_VALIDITY_CODES.values()) - {"geometry_too_few_points"}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a shape, or that was changed in it."""

    code: str
    facts: dict[str, object]


@dataclass(frozen=True)
class Repaired:
    """A shape ready to store; `changes` is empty where nothing had to be changed.

    `before_m2` of a ring that crosses itself is what its signed area says (lobes run backwards count against it).
    """

    geom: MultiPolygon
    changes: tuple[Fault, ...]
    before_m2: float
    after_m2: float


@dataclass(frozen=True)
class Extent:
    """A bounding box in degrees and its size on the ground: across its middle, and along a meridian."""

    west: float
    south: float
    east: float
    north: float
    width_m: float
    height_m: float


def check(geom: BaseGeometry | None, kind: Kind = "polygon") -> tuple[Fault, ...]:
    """What is wrong with a shape, worst first; empty when it can be stored as it is.

    Codes: geometry_missing, geometry_empty, geometry_wrong_type, geometry_not_finite, geometry_out_of_range,
    geometry_spans_antimeridian, geometry_too_few_points, geometry_self_crossing, geometry_hole_outside,
    geometry_parts_overlap, geometry_interior_split, geometry_invalid. What makes the rest meaningless stops the search.

    >>> check(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))[0].code
    'geometry_self_crossing'
    >>> check(None)
    (Fault(code='geometry_missing', facts={}),)
    """
    if geom is None:
        return (Fault("geometry_missing", {}),)
    if geom.is_empty:
        return (Fault("geometry_empty", {"found": geom.geom_type}),)
    if geom.geom_type not in _TYPES[kind]:
        return (Fault("geometry_wrong_type", {"found": geom.geom_type, "wanted": " / ".join(_TYPES[kind])}),)
    where = shapely.get_coordinates(geom)
    if not np.isfinite(where).all():
        return (Fault("geometry_not_finite", {"n_positions": int((~np.isfinite(where)).any(axis=1).sum())}),)
    beyond = (np.abs(where[:, 0]) > 180.0) | (np.abs(where[:, 1]) > 90.0)
    if beyond.any():
        lon, lat = (float(value) for value in where[beyond][0])
        return (Fault("geometry_out_of_range", {"lon": lon, "lat": lat}),)
    faults = []
    width_deg = float(np.ptp(where[:, 0]))
    if kind != "point" and width_deg > 180.0:
        # A ring across 180 E that was written without being cut there: in the plane it runs around the whole Earth.
        faults.append(Fault("geometry_spans_antimeridian", {"width_deg": round(width_deg, 3)}))
    if not shapely.is_valid(geom):
        faults.append(_validity_fault(geom))
    return tuple(faults)


def check_rings(rings: Sequence[Sequence[Sequence[float]]]) -> tuple[Fault, ...]:
    """What is wrong with the rings of a polygon as a file writes them, before a library closes or rejects them.

    Codes: ring_unclosed (first and last position differ), ring_too_few_points (fewer than four positions, or fewer than
    three different ones). `ring` counts from 1; 1 is the outer one.
    """
    faults = []
    for number, ring in enumerate(rings, start=1):
        places = [tuple(position[:2]) for position in ring]
        if len(places) < 4 or len(set(places)) < 3:
            faults.append(Fault("ring_too_few_points", {"ring": number, "n_positions": len(places)}))
        elif places[0] != places[-1]:
            faults.append(Fault("ring_unclosed", {"ring": number}))
    return tuple(faults)


def repair(geom: BaseGeometry | None, max_change_share: float = MAX_CHANGE_SHARE) -> Repaired:
    """The shape as a valid MultiPolygon in two dimensions, and what was changed to get there.

    Changes: geometry_unwrapped (a collection of polygons only), geometry_heights_dropped, geometry_repaired (with its
    cause, areas and where). Refused is what would lose something: a shape whose area moves by more than
    `max_change_share`, or for which the two readings of crossing rings (by their lines, by their structure) differ by
    that.

    Raises:
        GeometryError: a code of `check` that has no repair, geometry_collapsed, geometry_repair_loses.
    """
    changes: list[Fault] = []
    if geom is not None and geom.geom_type == "GeometryCollection" and not geom.is_empty:
        geom = to_multipolygon(geom)
        changes.append(Fault("geometry_unwrapped", {"n_parts": len(geom.geoms)}))
    faults = check(geom)
    for fault in faults:
        if fault.code not in _REPAIRABLE:
            raise GeometryError(fault.code, **fault.facts)
    flat = to_multipolygon(geom) if geom is not None else MultiPolygon()
    if geom is not None and (shapely.has_z(geom) or shapely.has_m(geom)):
        changes.append(Fault("geometry_heights_dropped", {}))
    before_m2 = area_m2(flat)
    if not faults:
        if before_m2 == 0.0:
            raise GeometryError("geometry_collapsed", before_m2=0.0)
        return Repaired(flat, tuple(changes), before_m2, before_m2)
    sound = polygons_in(shapely.make_valid(flat, method="structure", keep_collapsed=False))
    after_m2 = area_m2(sound)
    if after_m2 == 0.0:
        raise GeometryError("geometry_collapsed", before_m2=round(before_m2, 2))
    # Planar here: cutting an edge in two moves the geodesic area of a large shape without changing the shape.
    readings = (flat.area, sound.area, polygons_in(shapely.make_valid(flat)).area)
    change_share = (max(readings) - min(readings)) / max(readings)
    cause = faults[0]
    facts = {"cause": cause.code, "before_m2": round(before_m2, 2), "after_m2": round(after_m2, 2), **_where(cause)}
    if change_share > max_change_share:
        raise GeometryError("geometry_repair_loses", **facts, change_share=round(change_share, 6))
    changes.append(Fault("geometry_repaired", facts))
    return Repaired(sound, tuple(changes), before_m2, after_m2)


def to_multipolygon(geom: BaseGeometry) -> MultiPolygon:
    """The polygons of a Polygon, MultiPolygon or collection of nothing else, in two dimensions; validity is not judged.

    Raises:
        GeometryError: `geometry_wrong_type` where something is not a polygon.
    """
    parts = _leaves(shapely.force_2d(geom))
    for part in parts:
        if part.geom_type != "Polygon":
            raise GeometryError("geometry_wrong_type", found=part.geom_type, wanted=" / ".join(_TYPES["polygon"]))
    return MultiPolygon([part for part in parts if not part.is_empty])


def polygons_in(geom: BaseGeometry) -> MultiPolygon:
    """The polygons among the parts of any shape; lines and points, which have no area, are left out."""
    return MultiPolygon([part for part in _leaves(geom) if part.geom_type == "Polygon" and not part.is_empty])


def area_m2(geom: BaseGeometry) -> float:
    """Square metres on the ellipsoid; edges count as geodesics, orientation does not matter; 0 for lines and points.

    >>> round(area_m2(shapely.box(111.0, 23.5, 111.001, 23.501)))
    11312
    >>> area_m2(shapely.Polygon())
    0.0
    """
    total_m2 = 0.0
    for part in _leaves(geom):
        if part.geom_type == "Polygon" and not part.is_empty:
            total_m2 += _ring_area_m2(part.exterior)
            total_m2 -= sum(_ring_area_m2(ring) for ring in part.interiors)
    return total_m2


def length_m(geom: BaseGeometry) -> float:
    """Metres along lines on the ellipsoid; of polygons all their rings; 0 for points."""
    total_m = 0.0
    for part in _leaves(geom):
        lines = [part] if part.geom_type in ("LineString", "LinearRing") else []
        if part.geom_type == "Polygon":
            lines = [*shapely.get_rings(part)]
        for line in lines:
            where = shapely.get_coordinates(line)
            total_m += float(WGS84_ELLIPSOID.line_length(where[:, 0], where[:, 1]))
    return total_m


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Metres between two positions on the ellipsoid."""
    return float(WGS84_ELLIPSOID.inv(lon, lat, other_lon, other_lat)[2])


def point_on_surface(geom: BaseGeometry) -> tuple[float, float]:
    """A (lon, lat) that lies in the shape, well inside where it has an inside.

    Raises:
        GeometryError: `geometry_empty`.
    """
    point = shapely.point_on_surface(geom)
    if point is None or point.is_empty:
        raise GeometryError("geometry_empty", found=geom.geom_type)
    return float(point.x), float(point.y)


def extent(geoms: Iterable[BaseGeometry | None]) -> Extent | None:
    """The box around shapes and its size on the ground; None when there is nothing in it."""
    where: NDArray[np.float64] = shapely.get_coordinates([geom for geom in geoms if geom is not None])
    if not len(where):
        return None
    (west, south), (east, north) = where.min(axis=0).tolist(), where.max(axis=0).tolist()
    middle = (south + north) / 2.0
    # Two halves: one geodesic over more than 180 degrees would take the short way round.
    centre = (west + east) / 2.0
    width_m = distance_m(west, middle, centre, middle) + distance_m(centre, middle, east, middle)
    return Extent(west, south, east, north, width_m, distance_m(west, south, west, north))


def _validity_fault(geom: BaseGeometry) -> Fault:
    reason = str(shapely.is_valid_reason(geom))
    match = _REASON.match(reason)
    if match is None:
        return Fault("geometry_invalid", {"reason": reason})
    code = _VALIDITY_CODES.get(match["words"].strip(), "geometry_invalid")
    facts: dict[str, object] = {"lon": round(float(match["lon"]), 7), "lat": round(float(match["lat"]), 7)}
    return Fault(code, {"reason": match["words"].strip(), **facts} if code == "geometry_invalid" else facts)


def _where(fault: Fault) -> dict[str, object]:
    return {name: fault.facts[name] for name in ("lon", "lat") if name in fault.facts}


def _leaves(geom: BaseGeometry) -> list[BaseGeometry]:
    # Collections may hold collections: take them apart until only single shapes are left.
    parts = shapely.get_parts(geom)
    while any(part.geom_type.startswith(("Multi", "GeometryCollection")) for part in parts):
        parts = shapely.get_parts(parts)
    return list(parts)


def _ring_area_m2(ring: LineString) -> float:
    where = shapely.get_coordinates(ring)
    return abs(float(WGS84_ELLIPSOID.polygon_area_perimeter(where[:, 0], where[:, 1])[0]))
