"""The reading process: locks itself in, reads the one file in its folder, and answers on its standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from geodata import osm
from geodata.crs import parse_crs
from geodata.errors import FileRefused
from geodata.files import (
    acceptance,
    archive,
    child,
    features,
    gpkg,
    headers,
    positions,
    reprojection,
    shapefile,
    sheets,
    tables,
)
from geodata.files.answer import Answer, pack, pack_error
from geodata.files.rows import Rows, bound_columns, samples
from geodata.files.sniff import Format, sniff
from geodata.layer import Fields, Kind, Limits

_FILE_NAME = "file"  # as `geodata.read` calls it


def main() -> None:
    """Answers and ends with 0, whatever the file; another status means that a library or a limit ended the process."""
    inside = child.enter()
    content = _answer(inside)
    with os.fdopen(inside.answer_to, "wb") as out:
        out.write(content)
    # No destructors: what a hostile file has left in a library has no more say.
    os._exit(0)


def _answer(inside: child.Inside) -> bytes:
    folder, request, limits, guards = inside.folder, inside.request, inside.limits, inside.guards
    try:
        if request.get("whole"):
            return pack(sheets.to_answer(sheets.read(folder / _FILE_NAME, limits), guards))
        if request["rows"] is not None:
            return pack(as_sent(folder, request, limits, guards))
        return pack(decode(folder, request, limits, guards))
    except BaseException as error:
        return pack_error(child.refusal(error, limits))


def decode(folder: Path, request: Mapping[str, Any], limits: Limits, guards: list[str]) -> Answer:
    """The layer in a folder as `read.read` describes it.

    Raises:
        GeodataError: whatever the readers and checks refuse.
    """
    kind: Kind = request["kind"]
    wanted = Fields(**request["fields"])
    given = None if request["crs"] is None else parse_crs(request["crs"])
    found_format = sniff(folder / _FILE_NAME)
    rows = _read(folder, found_format, kind, wanted, limits, request)
    rows.format = found_format
    bound_columns(len(rows.columns), limits)
    found = headers.resolve(rows.columns, wanted, kind)
    if rows.format in ("osm", "osm.pbf"):
        found = _osm_fields(rows, kind)
    _require(rows, found, request["required"])
    n_rows = len(rows.numbers)
    if not n_rows:
        rows.note("file_has_no_rows")
    if rows.shapes is None:
        found = positions.draw(rows, found, wanted, kind, given, limits)
    has_positions = kind != "workers" and any(shape is not None for shape in rows.shapes or [])
    crs = reprojection.choose(rows, given, has_positions)
    acceptance.check_texts(rows)
    acceptance.check_codes(rows, found, kind)
    shapes = np.full(n_rows, None, dtype=object)
    raw = np.full((n_rows, 2), np.nan)
    if crs is not None:
        shapes, raw = reprojection.to_4326(rows, crs)
    shapes = acceptance.check_shapes(rows, shapes, kind)
    refused = {problem.row for problem in rows.problems if problem.kind == "refused"}
    kept = [place for place, number in enumerate(rows.numbers) if number not in refused]
    return Answer(
        rows.format,
        "" if crs is None else crs.name,
        rows.encoding,
        found,
        len(set(rows.numbers) | {row for row in refused if row is not None}),
        rows.columns,
        [[cells[place] for place in kept] for cells in rows.cells],
        sorted((p for p in rows.problems if p.kind == "refused" or p.row not in refused), key=lambda p: p.row or 0),
        rows.notes,
        guards,
        np.array([rows.numbers[place] for place in kept], dtype=np.int64),
        raw[kept] if kind == "reports" else None,
        shapes[kept],
        [] if rows.format in ("osm", "osm.pbf") else [samples(cells) for cells in rows.cells],
    )


def as_sent(folder: Path, request: Mapping[str, Any], limits: Limits, guards: list[str]) -> Answer:
    """The wanted rows of the sender's own table as they stand in the file; row 0 is its header.

    Raises:
        GeodataError: whatever the readers refuse.
    """
    kind: Kind = request["kind"]
    fields = Fields(**request["fields"])
    wanted = set(request["rows"])
    found = sniff(folder / _FILE_NAME)
    if found in ("csv", "csv.gz", "xlsx", "xls"):
        is_excel = found in ("xlsx", "xls")
        path, sheet, header_row = folder / _FILE_NAME, request["table"], request.get("header_row")
        header, picked = tables.read_as_sent(path, is_excel, fields, kind, limits, sheet, wanted, header_row)
    else:
        rows = _read(folder, found, kind, fields, limits, request)
        places = [place for place, number in enumerate(rows.numbers) if number in wanted]
        header = rows.columns
        picked = [(rows.numbers[place], [cells[place] or "" for cells in rows.cells]) for place in places]
    lines = [header, *(cells for _, cells in picked)]
    return Answer(
        format=found,
        crs_used="",
        encoding=None,
        fields=Fields(),
        n_rows=len(picked),
        columns=[str(place) for place in range(len(header))],
        cells=[list(cells) for cells in zip(*lines, strict=True)],
        problems=[],
        notes=[],
        guards=guards,
        numbers=np.array([0, *(number for number, _ in picked)], dtype=np.int64),
        raw=None,
        shapes=np.full(len(lines), None, dtype=object),
    )


def _read(folder: Path, found: Format, kind: Kind, wanted: Fields, limits: Limits, request: Mapping[str, Any]) -> Rows:
    path, table, header_row = folder / _FILE_NAME, request["table"], request.get("header_row")
    if found in ("csv", "csv.gz"):
        return tables.read_csv(path, wanted, kind, limits, header_row)
    if found in ("xlsx", "xls"):
        return tables.read_excel(path, wanted, kind, limits, table, header_row)
    if header_row is not None:
        raise FileRefused("header_row_fixed", format=found)
    if found == "geojson":
        return features.read(path, limits)
    if found == "gpkg":
        return gpkg.read(path, limits, table)
    if found == "shp.zip":
        return shapefile.read(archive.read_shapefile_parts(path, limits.unpacked_bytes), limits)
    if found == "shp":
        beside = {ending: path.with_name(_FILE_NAME + ending) for ending in (".dbf", ".prj", ".cpg")}
        parts = {ending: part.read_bytes() for ending, part in beside.items() if part.exists()}
        return shapefile.read({".shp": path.read_bytes(), **parts}, limits)
    return osm.read(path, found, kind, limits)


def _osm_fields(rows: Rows, kind: Kind) -> Fields:
    if kind == "households":
        return Fields(code="osm_id", building="name")
    if "feature" in rows.columns:
        return Fields(code="osm_id", name="name", feature="feature", category="class")
    return Fields(code="osm_id", name="name", aliases="aliases")


def _require(rows: Rows, found: Fields, required: list[str]) -> None:
    for role in required:
        if role not in found.given():
            if not rows.columns:
                raise FileRefused("file_has_no_columns", role=role, n_rows=len(rows.numbers))
            raise FileRefused("field_required", role=role, columns=", ".join(rows.columns)[:400])


if __name__ == "__main__":
    sys.exit("this module is started by geodata.files.sandbox")
