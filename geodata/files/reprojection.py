"""From the CRS of a file to EPSG:4326, with the rows refused whose position cannot be one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata import crs as systems
from geodata import geometry
from geodata.crs import CrsRef
from geodata.errors import CrsError
from geodata.files.rows import Rows

FloatArray = NDArray[np.float64]
ShapeArray = NDArray[np.object_]

# Positions farther than this from where a projection is meant to be used are a wrong CRS, wrong units or a wrong order.
_BEYOND_AREA_DEG = 5.0
# Two systems count as one when no position of the file moves by more than this between them.
_SAME_M = 1.0
_N_SAMPLES = 200


def choose(rows: Rows, given: CrsRef | None, has_positions: bool) -> CrsRef | None:
    """The CRS of a file: what the caller says, else what the file says, else what its format means; and a note on it.

    What the caller says wins over a file that says other degrees (Chinese GeoJSON that calls itself WGS 84 and is
    GCJ-02); a projection that contradicts is an error.

    Raises:
        CrsError: `crs_missing`, `crs_conflict`, `crs_unknown` and `crs_not_horizontal` of the file's own.
    """
    if not has_positions:
        return None
    if given is not None:
        if rows.crs is not None:
            _compare(rows, given)
        else:
            rows.note("crs_given", crs=given.name)
        return given
    if rows.crs is not None:
        found = systems.parse_crs(rows.crs)
        rows.note("crs_from_file", crs=found.name)
        return found
    if rows.crs_by_custom is not None:
        rows.note("crs_assumed", crs=rows.crs_by_custom, format=rows.format)
        return systems.parse_crs(rows.crs_by_custom)
    raise CrsError("crs_missing", format=rows.format)


def _compare(rows: Rows, given: CrsRef) -> None:
    assert rows.crs is not None  # noqa: S101 - asked by the only caller
    try:
        found = systems.parse_crs(rows.crs)
    except CrsError:
        rows.note("crs_overrides_file", crs=given.name, file_crs=rows.crs[:60])
        return
    if found == given or _moved_m(rows, found, given) <= _SAME_M:
        rows.note("crs_given", crs=given.name)
    elif _in_degrees(found) and _in_degrees(given):
        rows.note("crs_overrides_file", crs=given.name, file_crs=found.name)
    else:
        raise CrsError("crs_conflict", crs=given.name, file_crs=found.name)


def _moved_m(rows: Rows, one: CrsRef, other: CrsRef) -> float:
    """How far apart two systems put the same numbers, at most, over a sample of the file."""
    places = shapely.get_coordinates([shape for shape in rows.shapes or [] if shape is not None])
    sample = places[:: max(1, len(places) // _N_SAMPLES)]
    if not len(sample):
        return 0.0
    a_lon, a_lat = systems.to_lonlat(sample[:, 0], sample[:, 1], one)
    b_lon, b_lat = systems.to_lonlat(sample[:, 0], sample[:, 1], other)
    if not (systems.in_range(a_lon, a_lat) & systems.in_range(b_lon, b_lat)).all():
        return np.inf
    return float(np.max(geometry.WGS84_ELLIPSOID.inv(a_lon, a_lat, b_lon, b_lat)[2]))


def _in_degrees(crs: CrsRef) -> bool:
    return crs.datum in ("gcj02", "bd09") or bool(systems.to_pyproj(crs).is_geographic)


def to_4326(rows: Rows, crs: CrsRef) -> tuple[ShapeArray, FloatArray]:
    """The shapes in EPSG:4326 without heights, and the first position of each as it came (NaN for none).

    Refuses the rows with a position that cannot be: lat_out_of_range, lon_out_of_range, lonlat_swapped,
    position_outside_crs, position_swapped. Their shape becomes None.
    """
    shapes: ShapeArray = np.full(len(rows.numbers), None, dtype=object)
    shapes[:] = rows.shapes
    n_high = int(shapely.has_z(shapes).sum())
    if n_high:
        rows.note("heights_dropped", n=n_high)
    shapes = shapely.force_2d(shapes)
    places, owner = shapely.get_coordinates(shapes, return_index=True)
    raw = np.full((len(shapes), 2), np.nan)
    firsts = np.unique(owner, return_index=True)
    raw[firsts[0]] = places[firsts[1]]
    x, y = places[:, 0], places[:, 1]
    judge = _judge_degrees if _in_degrees(crs) else _judge_projected
    lon, lat = systems.to_lonlat(x, y, crs)
    bad, explain = judge(x, y, lon, lat, crs)
    for place in np.unique(owner[bad], return_index=True)[1]:
        at = int(np.flatnonzero(bad)[place])
        code, facts = explain(at)
        rows.refuse(rows.numbers[owner[at]], code, **facts)
    moved = shapely.set_coordinates(shapes, np.column_stack([np.where(bad, 0.0, lon), np.where(bad, 0.0, lat)]))
    moved[np.unique(owner[bad])] = None
    return moved, raw


Explain = Callable[[int], tuple[str, dict[str, object]]]


def _judge_degrees(
    x: FloatArray, y: FloatArray, lon: FloatArray, lat: FloatArray, crs: CrsRef
) -> tuple[NDArray[np.bool_], Explain]:
    # The numbers as they came are judged: a shift may turn a latitude of 95 into anything.
    bad = ~(systems.in_range(x, y) & systems.in_range(lon, lat))

    def explain(at: int) -> tuple[str, dict[str, object]]:
        facts: dict[str, object] = {"lon": float(x[at]), "lat": float(y[at])}
        if abs(y[at]) > 90.0 and abs(x[at]) <= 90.0 and abs(y[at]) <= 180.0:
            return "lonlat_swapped", facts
        return ("lat_out_of_range" if abs(y[at]) > 90.0 else "lon_out_of_range"), facts

    return bad, explain


def _judge_projected(
    x: FloatArray, y: FloatArray, lon: FloatArray, lat: FloatArray, crs: CrsRef
) -> tuple[NDArray[np.bool_], Explain]:
    bad = ~_near_area(lon, lat, crs)

    def explain(at: int) -> tuple[str, dict[str, object]]:
        facts: dict[str, object] = {"x": float(x[at]), "y": float(y[at]), "crs": crs.name}
        swapped = _near_area(*systems.to_lonlat(y[at : at + 1], x[at : at + 1], crs), crs)
        return ("position_swapped" if swapped[0] else "position_outside_crs"), facts

    return bad, explain


def _near_area(lon: FloatArray, lat: FloatArray, crs: CrsRef) -> NDArray[np.bool_]:
    inside = systems.in_range(lon, lat)
    area = systems.to_pyproj(crs).area_of_use
    if area is None or area.west > area.east:
        return inside
    near: NDArray[np.bool_] = (
        inside
        & (lon >= area.west - _BEYOND_AREA_DEG)
        & (lon <= area.east + _BEYOND_AREA_DEG)
        & (lat >= area.south - _BEYOND_AREA_DEG)
        & (lat <= area.north + _BEYOND_AREA_DEG)
    )
    return near
