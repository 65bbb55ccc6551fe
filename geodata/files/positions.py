"""Positions in the columns of a table as points in the CRS they are written in."""

from __future__ import annotations

import re

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.crs import CrsRef, to_pyproj
from geodata.errors import CrsError, FileRefused
from geodata.files.rows import Cell, Rows, bound_vertices
from geodata.layer import Fields, Kind, Limits

FloatArray = NDArray[np.float64]

# What Python's float() takes beyond this (1_000, Infinity, digits of other scripts) is a mistake in a table.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_MAX_SHOWN = 60
_MUST_HAVE: tuple[Kind, ...] = ("grids", "areas", "compounds", "basemap")


def draw(rows: Rows, found: Fields, wanted: Fields, kind: Kind, crs: CrsRef | None, limits: Limits) -> Fields:
    """Gives a table its shapes; the fields without the position columns that were not used.

    Reads `wkt`, else the pair that fits the CRS: lon/lat for degrees, x/y for a projection; the pair that the sender
    named goes first. A row without any position keeps None; one with half of it, or with a text in it, is refused.

    Raises:
        FileRefused: `position_columns_missing` where a kind needs shapes, or has nothing else to find a place by.
        CrsError: `crs_missing`: nothing is assumed for a table.
    """
    pair = _pair(found, wanted, crs)
    if kind == "workers" or (found.wkt is None and pair is None):
        if kind in _MUST_HAVE or (kind == "reports" and found.words is None and found.compound is None):
            raise FileRefused("position_columns_missing", columns=", ".join(rows.columns)[:400])
        return _without(found, ("lon", "lat", "x", "y", "wkt"))
    if crs is None:
        raise CrsError("crs_missing", format=rows.format)
    if found.wkt is not None and (pair is None or wanted.wkt is not None):
        _draw_wkt(rows, found.wkt, limits)
        return _without(found, ("lon", "lat", "x", "y"))
    assert pair is not None  # noqa: S101 - the two cases without a pair have returned
    x, y = (_numbers(rows, column) for column in pair)
    _refuse_halves(rows, pair, x, y)
    shapes = np.full(len(rows.numbers), None, dtype=object)
    both = np.isfinite(x) & np.isfinite(y)
    shapes[both] = shapely.points(x[both], y[both])
    rows.shapes = shapes.tolist()
    degrees = pair == (found.lon, found.lat)
    return _without(found, ("x", "y", "wkt") if degrees else ("lon", "lat", "wkt"))


def _pair(found: Fields, wanted: Fields, crs: CrsRef | None) -> tuple[str, str] | None:
    degrees = (found.lon, found.lat) if found.lon and found.lat else None
    metres = (found.x, found.y) if found.x and found.y else None
    if wanted.lon and wanted.lat and not (wanted.x and wanted.y):
        return degrees
    if wanted.x and wanted.y and not (wanted.lon and wanted.lat):
        return metres
    is_projected = crs is not None and crs.datum not in ("gcj02", "bd09") and to_pyproj(crs).is_projected
    return (metres or degrees) if is_projected else (degrees or metres)


def _without(found: Fields, roles: tuple[str, ...]) -> Fields:
    return Fields(**{role: column for role, column in found.given().items() if role not in roles})


def _draw_wkt(rows: Rows, column: str, limits: Limits) -> None:
    cells = rows.cells[rows.columns.index(column)]
    shapes = shapely.from_wkt(np.array(cells, dtype=object), on_invalid="ignore")
    for number, cell, shape in zip(rows.numbers, cells, shapes, strict=True):
        if cell is not None and shape is None:
            rows.refuse(number, "geometry_unreadable", column=column, found=cell[:_MAX_SHOWN])
    bound_vertices(int(shapely.get_num_coordinates(shapes).sum()), limits)
    rows.shapes = list(shapes)


def _numbers(rows: Rows, column: str) -> FloatArray:
    """The numbers of a column; NaN where a cell is empty or refused."""
    values = np.full(len(rows.numbers), np.nan)
    for place, cell in enumerate(rows.cells[rows.columns.index(column)]):
        text = (cell or "").strip()
        if not text:
            continue
        if _NUMBER.fullmatch(text):
            values[place] = float(text)
            if np.isfinite(values[place]):
                continue
        code = "coordinate_not_finite" if _is_endless(text) else "coordinate_not_a_number"
        rows.refuse(rows.numbers[place], code, column=column, found=text[:_MAX_SHOWN])
        values[place] = np.nan
    return values


def _is_endless(text: str) -> bool:
    return _NOT_FINITE.fullmatch(text) is not None or _NUMBER.fullmatch(text) is not None


def _refuse_halves(rows: Rows, pair: tuple[str, str], x: FloatArray, y: FloatArray) -> None:
    filled = [[_is_filled(cell) for cell in rows.cells[rows.columns.index(column)]] for column in pair]
    for number, has_x, has_y in zip(rows.numbers, *filled, strict=True):
        if has_x != has_y:
            rows.refuse(number, "position_half_missing", column=pair[1] if has_x else pair[0])


def _is_filled(cell: Cell) -> bool:
    return cell is not None and bool(cell.strip())
