"""The features of a GeoJSON file as rows, their shapes drawn; a ring that is wrong refuses or repairs its row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geodata import geometry
from geodata.errors import FileRefused
from geodata.files import geojson
from geodata.files.rows import Cell, Rows, bound_rows, bound_vertices, by_column, number_as_text
from geodata.layer import Limits, Problem

_BBOX_TOLERANCE = 1e-6
# Notes on what a file holds and nobody needs.
_IGNORED = ("geojson_ring_order_ignored", "geojson_axes_ignored", "geojson_bbox_ignored", "heights_dropped")


def read(path: Path, limits: Limits) -> Rows:
    """The features as rows; `crs` from the old "crs" member, EPSG:4326 by custom.

    Raises:
        FileRefused: as `geojson.parse` and `geojson.check`, and `geojson_crs_not_named`.
    """
    document = geojson.parse(path.read_bytes())
    features = geojson.check(document)
    bound_rows(len(features), limits)
    crs = _crs(document)
    # A collection that says "crs": null says that nothing may be assumed.
    silent = not ("crs" in document and document["crs"] is None)
    rows = Rows("geojson", [], [], list(range(1, len(features) + 1)), [], crs, "EPSG:4326" if silent else None)
    if document["type"] not in ("FeatureCollection", "Feature"):
        rows.note("geojson_not_wrapped", found=document["type"])
    rows.columns, rows.cells = by_column([_record(feature) for feature in features])
    _draw(features, document, rows, limits)
    return rows


def _crs(document: dict[str, Any]) -> str | None:
    member = document.get("crs")
    if member is None:
        return None
    named = member.get("properties") if isinstance(member, dict) and member.get("type") == "name" else None
    name = named.get("name") if isinstance(named, dict) else None
    if not isinstance(name, str):
        # The other kind is a link: an address to be fetched. Nothing is fetched here.
        raise FileRefused("geojson_crs_not_named", found=geojson.shown(member))
    return name


def _record(feature: dict[str, Any]) -> dict[str, Cell]:
    record = {str(key): _cell(value) for key, value in (feature["properties"] or {}).items()}
    if "id" in feature:
        record.setdefault("id", _cell(feature["id"]))
    return record


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_as_text(value)
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)


def _draw(features: list[dict[str, Any]], document: dict[str, Any], rows: Rows, limits: Limits) -> None:
    shapes: list[BaseGeometry | None] = []
    n_vertices, seen = 0, dict.fromkeys(_IGNORED, 0)
    for row, feature in enumerate(features, start=1):
        shape = _shape(feature["geometry"], row, rows, seen)
        shapes.append(shape)
        n_vertices += 0 if shape is None else int(shapely.get_num_coordinates(shape))
        bound_vertices(n_vertices, limits)
        seen["geojson_bbox_ignored"] += not _bbox_fits(feature, shape)
    rows.shapes = shapes
    if document["type"] == "FeatureCollection":
        seen["geojson_bbox_ignored"] += not _bbox_fits(
            document, shapely.GeometryCollection([s for s in shapes if s is not None])
        )
    for what, n in seen.items():
        if n:
            rows.note(what, n=n)


def _shape(member: dict[str, Any] | None, row: int, rows: Rows, seen: dict[str, int]) -> BaseGeometry | None:
    # RFC 7946, 3.1: a shape of nothing may be taken for no shape.
    if member is None or member.get("coordinates") == [] or member.get("geometries") == []:
        return None
    kind = member["type"]
    if kind == "GeometryCollection":
        parts = [_shape(part, row, rows, seen) for part in member["geometries"]]
        return shapely.GeometryCollection([part for part in parts if part is not None])
    coordinates = member["coordinates"]
    axes = _axes(coordinates)
    seen["heights_dropped"] += axes == 3
    seen["geojson_axes_ignored"] += axes > 3
    if kind in ("Polygon", "MultiPolygon"):
        return _polygons(coordinates, kind, row, rows, seen)
    if kind in ("LineString", "MultiLineString"):
        lines = [coordinates] if kind == "LineString" else coordinates
        if any(len({tuple(place[:2]) for place in line}) < 2 for line in lines):
            rows.refuse(row, "line_too_short")
            return None
        drawn = [shapely.LineString([place[:2] for place in line]) for line in lines]
        return drawn[0] if kind == "LineString" else shapely.MultiLineString(drawn)
    if kind == "MultiPoint":
        return shapely.MultiPoint([place[:2] for place in coordinates])
    return shapely.Point(coordinates[:2])


def _polygons(coordinates: Any, kind: str, row: int, rows: Rows, seen: dict[str, int]) -> BaseGeometry | None:
    polygons = []
    turned = False
    for rings in [coordinates] if kind == "Polygon" else coordinates:
        closed = []
        for fault in geometry.check_rings(rings):
            if fault.code != "ring_unclosed":
                rows.refuse(row, fault.code, **fault.facts)
                return None
            # Nothing is lost: the missing position is the first one again.
            rows.problems.append(Problem(row, "ring_closed", fault.facts, "repaired"))
        for ring in rings:
            flat = [place[:2] for place in ring]
            closed.append(flat if flat[0] == flat[-1] else [*flat, flat[0]])
        turned |= any(_is_ccw(ring) != (i == 0) for i, ring in enumerate(closed))
        polygons.append(shapely.Polygon(closed[0], closed[1:]) if closed else shapely.Polygon())
    seen["geojson_ring_order_ignored"] += turned
    return polygons[0] if kind == "Polygon" else shapely.MultiPolygon(polygons)


def _is_ccw(ring: list[list[float]]) -> bool:
    at = np.asarray(ring, dtype=np.float64)
    at = at - at[0]
    return float((at[:-1, 0] * at[1:, 1] - at[1:, 0] * at[:-1, 1]).sum()) >= 0.0


def _axes(coordinates: Any) -> int:
    """How many numbers the first position has."""
    while isinstance(coordinates[0], list):
        if not coordinates[0]:
            return 2
        coordinates = coordinates[0]
    return len(coordinates)


def _bbox_fits(holder: dict[str, Any], shape: BaseGeometry | None) -> bool:
    bbox = holder.get("bbox")
    if bbox is None or shape is None or shape.is_empty:
        return True
    west, south, east, north = bbox[0], bbox[1], bbox[len(bbox) // 2], bbox[len(bbox) // 2 + 1]
    x0, y0, x1, y1 = shape.bounds
    # West greater than east is how RFC 7946 writes a box across 180 E.
    if west > east:
        return True
    return bool(
        west - _BBOX_TOLERANCE <= x0
        and south - _BBOX_TOLERANCE <= y0
        and x1 <= east + _BBOX_TOLERANCE
        and y1 <= north + _BBOX_TOLERANCE
    )
