"""Shapefiles: the shapes of a .shp and the table of its .dbf, without the index, without any other file."""

from __future__ import annotations

import struct

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata import geometry
from geodata.errors import FileRefused
from geodata.files import dbf
from geodata.files.rows import Rows, bound_rows, bound_vertices
from geodata.layer import Limits, Problem

_NULL, _POINTS, _LINES, _POLYGONS, _MULTIPOINTS = {0}, {1, 11, 21}, {3, 13, 23}, {5, 15, 25}, {8, 18, 28}
_HEADER_BYTES, _RECORD_HEADER_BYTES = 100, 8


class _Cut(ValueError):
    """A record whose counts lead beyond its own end."""


def read(parts: dict[str, bytes], limits: Limits) -> Rows:
    """The records in the order of the .shp; `crs` is the text of the .prj, `encoding` that of the table.

    Raises:
        FileRefused: `shapefile_length_wrong` (the header promises more than there is), `shapefile_record_wrong`,
            `shapefile_type_unknown`, `shapefile_counts_differ`, and what `dbf.read` refuses.
    """
    bodies = _records(parts[".shp"])
    bound_rows(len(bodies), limits)
    rows = Rows("shp", [], [], list(range(1, len(bodies) + 1)), [], _prj(parts.get(".prj")))
    if ".dbf" in parts:
        table = dbf.read(parts[".dbf"], parts.get(".cpg"), limits)
        if table.n_records != len(bodies):
            raise FileRefused("shapefile_counts_differ", n_shapes=len(bodies), n_records=table.n_records)
        rows.columns, rows.cells, rows.encoding = table.columns, table.cells, table.encoding
        for row in table.deleted:
            rows.refuse(row, "row_deleted_in_table")
    else:
        rows.note("shapefile_without_table")
    shapes: list[BaseGeometry | None] = []
    n_vertices = 0
    for row, body in enumerate(bodies, start=1):
        try:
            shape = _shape(body, row, rows)
        except (_Cut, struct.error, ValueError):
            raise FileRefused("shapefile_record_wrong", row=row) from None
        n_vertices += 0 if shape is None else int(shapely.get_num_coordinates(shape))
        bound_vertices(n_vertices, limits)
        shapes.append(shape)
    rows.shapes = shapes
    return rows


def _records(content: bytes) -> list[bytes]:
    if len(content) < _HEADER_BYTES:
        raise FileRefused("shapefile_length_wrong", promised=_HEADER_BYTES, found=len(content))
    promised = struct.unpack(">i", content[24:28])[0] * 2
    if promised > len(content) or promised < _HEADER_BYTES:
        raise FileRefused("shapefile_length_wrong", promised=promised, found=len(content))
    bodies: list[bytes] = []
    at = _HEADER_BYTES
    while at + _RECORD_HEADER_BYTES <= promised:
        length = struct.unpack(">i", content[at + 4 : at + 8])[0] * 2
        end = at + _RECORD_HEADER_BYTES + length
        if length < 4 or end > promised:
            raise FileRefused("shapefile_record_wrong", row=len(bodies) + 1)
        bodies.append(content[at + _RECORD_HEADER_BYTES : end])
        at = end
    return bodies


def _shape(body: bytes, row: int, rows: Rows) -> BaseGeometry | None:
    kind = struct.unpack("<i", body[:4])[0]
    if kind in _NULL:
        return None
    if kind in _POINTS:
        return shapely.Point(*struct.unpack("<2d", body[4:20]))
    if kind in _MULTIPOINTS:
        return shapely.MultiPoint(_positions(body, 40, struct.unpack("<i", body[36:40])[0]))
    if kind not in _LINES | _POLYGONS:
        raise FileRefused("shapefile_type_unknown", row=row, found=kind)
    lines = _parts(body)
    if kind in _LINES:
        if any(len(line) < 2 for line in lines):
            rows.refuse(row, "line_too_short")
            return None
        drawn = [shapely.LineString(line) for line in lines]
        return drawn[0] if len(drawn) == 1 else shapely.MultiLineString(drawn)
    rings: list[NDArray[np.float64]] = []
    for ring in lines:
        faults = geometry.check_rings([ring.tolist()])
        for fault in faults:
            if fault.code != "ring_unclosed":
                rows.refuse(row, fault.code, **fault.facts)
                return None
            rows.problems.append(Problem(row, "ring_closed", {"ring": len(rings) + 1}, "repaired"))
        rings.append(np.vstack([ring, ring[:1]]) if faults else ring)
    return _polygon(rings)


def _parts(body: bytes) -> list[NDArray[np.float64]]:
    n_parts, n_points = struct.unpack("<2i", body[36:44])
    if n_parts < 0 or n_points < 0 or 44 + 4 * n_parts + 16 * n_points > len(body):
        raise _Cut
    starts = np.frombuffer(body, "<i4", n_parts, 44).tolist()
    if starts and (starts[0] != 0 or starts != sorted(starts) or starts[-1] > n_points):
        raise _Cut
    positions = _positions(body, 44 + 4 * n_parts, n_points)
    return [positions[a:b] for a, b in zip(starts, [*starts[1:], n_points], strict=True)]


def _positions(body: bytes, at: int, n: int) -> NDArray[np.float64]:
    if n < 0 or at + 16 * n > len(body):
        raise _Cut
    return np.frombuffer(body, "<f8", 2 * n, at).reshape(n, 2).astype(np.float64)


def _polygon(rings: list[NDArray[np.float64]]) -> BaseGeometry:
    """A polygon of each clockwise ring, with the counter-clockwise ones as holes of the smallest that holds them."""
    if not rings:
        return shapely.Polygon()
    outers = [ring for ring in rings if not _is_ccw(ring)]
    holes = [ring for ring in rings if _is_ccw(ring)]
    if not outers:
        # Written the other way round throughout, as some converters do.
        outers, holes = holes, []
    if len(outers) == 1:
        return shapely.Polygon(outers[0], holes)
    shells = sorted((shapely.Polygon(ring) for ring in outers), key=lambda shell: shell.area)
    owned: list[list[NDArray[np.float64]]] = [[] for _ in shells]
    for hole in holes:
        places = shapely.MultiPoint(hole)
        holder = next((i for i, shell in enumerate(shells) if shell.covers(places)), None)
        if holder is None:
            shells.append(shapely.Polygon(hole))
            owned.append([])
        else:
            owned[holder].append(hole)
    return shapely.MultiPolygon(
        [shapely.Polygon(shell.exterior, inner) for shell, inner in zip(shells, owned, strict=True)]
    )


def _is_ccw(ring: NDArray[np.float64]) -> bool:
    at = ring - ring[0]
    return float((at[:-1, 0] * at[1:, 1] - at[1:, 0] * at[:-1, 1]).sum()) > 0.0


def _prj(content: bytes | None) -> str | None:
    text = (content or b"").decode("utf-8", "replace").strip().lstrip("\ufeff")
    return text or None
