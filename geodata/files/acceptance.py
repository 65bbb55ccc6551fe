"""Which rows of a file are taken: shapes that fit their kind, codes that are whole, texts that can be stored."""

from __future__ import annotations

import re

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata import geometry
from geodata.errors import GeometryError
from geodata.files.rows import Rows
from geodata.layer import Fields, Kind, Problem

ShapeArray = NDArray[np.object_]

# What a spreadsheet (3.70102E+17) or Java (3.70102E17) makes of a long code in a number column; 2E10 may be a house.
SCIENTIFIC = re.compile(r"[0-9][.,][0-9]+[eE]\+?[0-9]{1,3}|[0-9][eE]\+[0-9]{1,3}")
_CODE_ROLES = ("code", "parent", "number", "grid", "phone")
_POINT_ID = 0
_MAX_SHOWN = 60


def check_texts(rows: Rows) -> None:
    """Refuses the rows with a text that no database stores: NUL, or bytes that were not text."""
    for column, cells in zip(rows.columns, rows.cells, strict=True):
        joined = "".join(cell for cell in cells if cell is not None)
        if "\x00" not in joined and _is_unicode(joined):
            continue
        for number, cell in zip(rows.numbers, cells, strict=True):
            if cell is None:
                continue
            if "\x00" in cell:
                rows.refuse(number, "text_has_nul", column=column)
            elif not _is_unicode(cell):
                shown = cell.encode("utf-8", "backslashreplace").decode()[:_MAX_SHOWN]
                rows.refuse(number, "text_not_unicode", column=column, found=shown)


def check_codes(rows: Rows, found: Fields, kind: Kind) -> None:
    """Refuses rows whose code has become a rounded number, and areas or grids without a code."""
    for role in _CODE_ROLES:
        column = found.given().get(role)
        if column is None:
            continue
        cells = rows.cells[rows.columns.index(column)]
        must = role == "code" and kind in ("grids", "areas")
        for number, cell in zip(rows.numbers, cells, strict=True):
            text = (cell or "").strip()
            if not text and must:
                rows.refuse(number, "code_missing", column=column)
            elif text and SCIENTIFIC.fullmatch(text):
                rows.refuse(number, "code_in_scientific_notation", column=column, found=text)


def check_shapes(rows: Rows, shapes: ShapeArray, kind: Kind) -> ShapeArray:
    """The shapes that a kind takes, repaired where nothing is lost; refuses the other rows.

    Grids and areas: MultiPolygons. Compounds: those or points. Reports: a point or none. Households: those all. Base
    map: lines and MultiPolygons. Any: all that is valid. Workers have no place of their own.
    """
    if kind == "workers":
        return np.full(len(shapes), None, dtype=object)
    refused = {problem.row for problem in rows.problems if problem.kind == "refused"}
    types = shapely.get_type_id(shapes)
    # Points that came through the reprojection are finite and in range: nothing is left to check, and there are many.
    points = (types == _POINT_ID) & ~shapely.is_empty(shapes)
    taken = shapes.copy()
    for place in np.flatnonzero(~points | (kind in ("grids", "areas", "basemap"))):
        number = rows.numbers[place]
        if number in refused:
            continue
        try:
            taken[place], changes = _fit(shapes[place], kind)
        except GeometryError as error:
            rows.refuse(number, error.code, **error.facts)
            continue
        rows.problems.extend(Problem(number, change.code, change.facts, "repaired") for change in changes)
    return taken


def _fit(shape: BaseGeometry | None, kind: Kind) -> tuple[BaseGeometry | None, tuple[geometry.Fault, ...]]:
    """A shape as its kind wants it and what was changed in it.

    Raises:
        GeometryError: what `geometry.check` and `geometry.repair` refuse.
    """
    if shape is None and kind in ("reports", "households", "any"):
        return None, ()
    if kind != "any" and shape is not None and shape.geom_type == "MultiPoint" and len(shape.geoms) == 1:
        shape = shape.geoms[0]
    of = "" if shape is None else shape.geom_type
    if kind == "reports" or (of == "Point" and kind in ("compounds", "households", "any")):
        _refuse_faults(shape, "point")
        return shape, ()
    if of in ("LineString", "MultiLineString") and kind in ("basemap", "any"):
        _refuse_faults(shape, "line")
        return shape, ()
    if kind == "any":
        return _fit_any(shape)
    repaired = geometry.repair(shape)
    return repaired.geom, repaired.changes


def _fit_any(shape: BaseGeometry | None) -> tuple[BaseGeometry | None, tuple[geometry.Fault, ...]]:
    if shape is None or shape.geom_type in ("Polygon", "MultiPolygon"):
        repaired = geometry.repair(shape)
        return (repaired.geom if repaired.changes else shape), repaired.changes
    if shape.is_empty:
        raise GeometryError("geometry_empty", found=shape.geom_type)
    for part in shapely.get_parts(shape):
        _fit_any(part) if part.geom_type not in ("Point", "LineString", "MultiPoint", "MultiLineString") else None
    return shape, ()


def _refuse_faults(shape: BaseGeometry | None, kind: geometry.Kind) -> None:
    for fault in geometry.check(shape, kind):
        raise GeometryError(fault.code, **fault.facts)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
