"""GeoPackage by its own tables: one feature table, read as data; views, triggers and virtual tables never run."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import shapely
from shapely.geometry.base import BaseGeometry

from geodata.errors import FileRefused
from geodata.files import curves
from geodata.files.rows import Cell, Rows, bound_rows, bound_vertices, number_as_text, unique_names
from geodata.layer import Limits

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_MOST_NAMES = 200  # of layers among which one is chosen
_SYSTEM_TABLES = ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys")


def read(path: Path, limits: Limits, table: str | None = None) -> Rows:
    """The rows of the only feature table, or of `table`, in the order they are stored.

    Raises:
        FileRefused: `sqlite_damaged`, `gpkg_without_layers`, `gpkg_several_layers`, `gpkg_layer_missing`,
            `gpkg_layer_not_a_table` (a view or a virtual table: code that the sender wrote).
    """
    # immutable: no lock, no journal, no write-ahead log is looked for or made beside the file.
    try:
        db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
        try:
            _harden(db)
            return _read(db, limits, table)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise FileRefused("sqlite_damaged", cause=str(error)[:120]) from None


def _harden(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")
    db.execute("PRAGMA query_only = ON")
    # Text that is not UTF-8 keeps its bytes as lone surrogates; the checks of the rows refuse those by row.
    db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")

    def allow(action: int, first: str | None, _second: str | None, _base: str | None, inner: str | None) -> int:
        # `inner` names the view or trigger on whose behalf something is read.
        plain_read = action == sqlite3.SQLITE_READ and inner is None
        return sqlite3.SQLITE_OK if plain_read or action == sqlite3.SQLITE_SELECT else sqlite3.SQLITE_DENY

    db.set_authorizer(allow)


def _read(db: sqlite3.Connection, limits: Limits, table: str | None) -> Rows:
    tables = _plain_tables(db)
    if any(name not in tables for name in _SYSTEM_TABLES):
        raise FileRefused("gpkg_without_layers")
    listed = [name for (name,) in db.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")]
    if not listed:
        raise FileRefused("gpkg_without_layers")
    if table is None and len(listed) > 1:
        raise FileRefused("gpkg_several_layers", **_names(listed))
    name = table if table is not None else str(listed[0])
    if name not in listed:
        raise FileRefused("gpkg_layer_missing", layer=name[:80], **_names(listed))
    if name not in tables:
        raise FileRefused("gpkg_layer_not_a_table", layer=name[:80])
    shape_column, srs_id = _geometry_column(db, name)
    # S608: a name that this file lists as one of its plain tables, quoted; there is no other way to name a table.
    quoted = name.replace('"', '""')
    cursor = db.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608
    header = [column[0] for column in cursor.description]
    if shape_column not in header:
        raise FileRefused("gpkg_without_layers")
    records: list[tuple[Any, ...]] = []
    for record in cursor:
        records.append(record)
        bound_rows(len(records), limits)
    return _rows(header, records, shape_column, _crs(db, srs_id), limits)


def _names(listed: list[Any]) -> dict[str, Any]:
    """The layers of a file, as a sentence tells them and as they can be chosen: those whose names are Unicode."""
    names = [name for name in map(str, listed) if name == name.encode("utf-8", "replace").decode()]
    return {"found": ", ".join(names)[:200], "names": names[:_MOST_NAMES]}


def _plain_tables(db: sqlite3.Connection) -> set[str]:
    found = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return {str(name) for name, sql in found if not str(sql).lstrip().upper().startswith("CREATE VIRTUAL")}


def _geometry_column(db: sqlite3.Connection, table: str) -> tuple[str, int]:
    found = db.execute(
        "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
    ).fetchone()
    if found is None or not isinstance(found[1], int):
        raise FileRefused("gpkg_without_layers")
    return str(found[0]), found[1]


def _crs(db: sqlite3.Connection, srs_id: int) -> str | None:
    # -1 and 0 are the standard's undefined systems.
    if srs_id in (-1, 0):
        return None
    question = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
    found = db.execute(question, (srs_id,)).fetchone()
    if found is None:
        return None
    organization, number, definition = found
    if str(organization).upper() == "EPSG" and isinstance(number, int):
        return f"EPSG:{number}"
    return str(definition)


def _rows(
    header: list[str], records: list[tuple[Any, ...]], shape_column: str, crs: str | None, limits: Limits
) -> Rows:
    at = header.index(shape_column)
    names = [name for i, name in enumerate(header) if i != at]
    rows = Rows("gpkg", unique_names(names), [], list(range(1, len(records) + 1)), [], crs)
    rows.cells = [[_cell(record[i]) for record in records] for i in range(len(header)) if i != at]
    binary = [
        name for i, name in enumerate(header) if i != at and any(isinstance(record[i], bytes) for record in records)
    ]
    if binary:
        rows.note("columns_binary_ignored", columns=", ".join(binary)[:200])
    n_curved = sum(isinstance(record[at], bytes) and _is_curved(record[at]) for record in records)
    if n_curved:
        rows.note("curves_flattened", n=n_curved, step_deg=curves.STEP_DEG)
    shapes: list[BaseGeometry | None] = []
    n_vertices = 0
    for row, record in enumerate(records, start=1):
        shape = None
        if record[at] is not None:
            shape = _shape(record[at])
            if shape is None:
                rows.refuse(row, "geometry_unreadable")
            else:
                n_vertices += int(shapely.get_num_coordinates(shape))
                bound_vertices(n_vertices, limits)
        shapes.append(shape)
    rows.shapes = shapes
    return rows


def _shape(blob: Any) -> BaseGeometry | None:
    """The shape in a GeoPackage blob: a header with an optional envelope, then well-known binary."""
    wkb = _wkb(blob)
    if wkb is None:
        return None
    try:
        shape: BaseGeometry | None = curves.flatten(wkb) if curves.has_curves(wkb) else shapely.from_wkb(wkb)
    except (ValueError, shapely.errors.ShapelyError, NotImplementedError):
        return None
    return shape


def _wkb(blob: Any) -> bytes | None:
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP" or blob[2] != 0:
        return None
    flags = blob[3]
    envelope = (flags >> 1) & 0b111
    if flags & 0b100000 or envelope > 4:
        return None
    return blob[8 + _ENVELOPE_BYTES[envelope] :]


def _is_curved(blob: bytes) -> bool:
    wkb = _wkb(blob)
    return wkb is not None and curves.has_curves(wkb)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, bytes):
        return None
    if isinstance(value, float):
        return number_as_text(value)
    return str(value) or None
