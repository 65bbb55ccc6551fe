"""A frame as GeoJSON, GeoPackage, CSV or Excel file: codes stay text, no cell runs in a spreadsheet."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import os
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from geodata import geometry
from geodata.errors import FileRefused
from geodata.later import later
from geodata.layer import Fields, Kind, Limits
from geodata.read import read_raw

if TYPE_CHECKING:
    import geopandas as gpd
    import openpyxl
    import pandas as pd
    import pyogrio
    from openpyxl.cell import cell as cells
else:
    pd, pyogrio, openpyxl = later("pandas"), later("pyogrio"), later("openpyxl")
    cells = later("openpyxl.cell.cell")

Format = Literal["geojson", "gpkg", "csv", "xlsx"]
Value = str | int | float | bool | None

REASON_COLUMN = "错误原因"

# A cell that begins so is run by a spreadsheet; East Asian versions take the full-width forms too.
_RUNS = re.compile("^[=+\\-@\t\r＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_EXCEL_ROWS, _EXCEL_CHARS = 1_048_575, 32_767
_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms)")


def write(frame: gpd.GeoDataFrame, path: Path, file_format: Format, *, at: dt.datetime, layer: str = "layer") -> None:
    """Nothing; the file is complete or not there. The same frame and `at` give the same bytes.

    What `frame.attrs["notes"]` (a list of sentences) says of the whole goes along where the format has a place for
    it: GeoJSON's member `notes`, GeoPackage's description. Text columns stay text, also in GeoPackage and Excel.
    GeoJSON has its rings counter-clockwise and EPSG:4326. Tables have no shapes of their own: a point becomes lon,
    lat; another shape in CSV a column `wkt`, in Excel (whose cells are too small) the lon, lat of a point in it. CSV
    is UTF-8 with the mark by which Excel knows it; text that a spreadsheet would run gets an apostrophe before it,
    which `read` takes off again. Excel keeps its header in sight.

    Raises:
        FileRefused: `too_many_rows_for_excel`, `cell_too_long_for_excel`.
    """
    if frame.crs is not None and frame.crs.to_epsg() != 4326:
        raise ValueError(f"a frame to write is in EPSG:4326, not {frame.crs}")
    with _replaced(path) as part:
        if file_format == "geojson":
            part.write_text(_geojson(frame), encoding="utf-8")
        elif file_format == "gpkg":
            _write_gpkg(frame, part, layer, at)
        else:
            columns = _table_columns(frame, with_wkt=file_format == "csv")
            rows = zip(*columns.values(), strict=True) if columns else iter(())
            write_rows(part, file_format, list(columns), rows, layer, at)


def write_refused(
    source: Path,
    reasons: Mapping[int, str],
    out: Path,
    *,
    at: dt.datetime,
    kind: Kind = "any",
    fields: Fields | None = None,
    table: str | None = None,
    header_row: int | None = None,
    limits: Limits | None = None,
) -> None:
    """Nothing; `out` holds the refused rows of the sender's own table, in order, and why each was refused.

    Columns, their order and their text are those of the source, then `错误原因`. Excel where `out` ends in .xlsx, else
    CSV. The other arguments are those the source was read with.
    """
    how: dict[str, Any] = {"fields": fields, "table": table, "header_row": header_row, "limits": limits}
    header, rows = read_raw(source, sorted(reasons), kind, **how)
    told = ([*cells, reasons[number]] for number, cells in rows)
    with _replaced(out) as part:
        file_format: Format = "xlsx" if out.suffix.lower() == ".xlsx" else "csv"
        write_rows(part, file_format, [*header, REASON_COLUMN], told, "refused", at)


def guard(text: str) -> str:
    """A text as a CSV cell that no spreadsheet runs: an apostrophe before what would be a formula; numbers stay.

    >>> guard("=HYPERLINK(1)"), guard("-12.5"), guard("+86 10"), guard("地址")
    ("'=HYPERLINK(1)", '-12.5', "'+86 10", '地址')
    """
    return f"'{text}" if _RUNS.match(text) and not _PLAIN_NUMBER.fullmatch(text) else text


class _replaced:
    """A path beside `path` that takes its place when the block ends well, and vanishes when it does not."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix=self._path.suffix, dir=self._path.parent)
        os.close(handle)
        self._part = Path(name)
        return self._part

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None:
            self._part.chmod(0o644)
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)


def _values(column: pd.Series[str]) -> list[Value]:
    return [_value(value) for value in column.tolist()]


def _value(value: object) -> Value:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, np.generic):
        return _value(value.item())
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    return str(value)


def _geojson(frame: gpd.GeoDataFrame) -> str:
    names = [name for name in frame.columns if name != frame.geometry.name]
    columns = [_values(frame[name]) for name in names]
    shapes = shapely.orient_polygons(frame.geometry.to_numpy())
    lines = []
    for i, shape in enumerate(shapes):
        feature = {
            "type": "Feature",
            "properties": {name: column[i] for name, column in zip(names, columns, strict=True)},
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
        }
        lines.append(json.dumps(feature, ensure_ascii=False, allow_nan=False))
    told = json.dumps(frame.attrs["notes"], ensure_ascii=False) if "notes" in frame.attrs else None
    head = '{"type": "FeatureCollection", ' + (f'"notes": {told}, ' if told else "")
    return head + '"features": [\n' + ",\n".join(lines) + "\n]}\n"


def _write_gpkg(frame: gpd.GeoDataFrame, path: Path, layer: str, at: dt.datetime) -> None:
    # The library warns about any other ending, and the caller may want one.
    made = path.with_name(path.name + ".gpkg")
    # The library stamps the wall clock, and saves once more where a millisecond has passed since: with the caller's
    # instant, and copied out afresh, without what the file counts of its own writing, one frame gives one file.
    stamp = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    try:
        pyogrio.write_dataframe(frame, made, driver="GPKG", layer=layer)
        with closing(sqlite3.connect(made)) as db:
            with db:
                db.execute("UPDATE gpkg_contents SET last_change = ?", (stamp,))
                db.execute("UPDATE gpkg_contents SET description = ?", ("\n".join(frame.attrs.get("notes", ())),))
            db.execute("VACUUM INTO ?", (str(path),))
    finally:
        made.unlink(missing_ok=True)


def _table_columns(frame: gpd.GeoDataFrame, with_wkt: bool) -> dict[str, list[Value]]:
    columns = {str(name): _values(frame[name]) for name in frame.columns if name != frame.geometry.name}
    shapes = frame.geometry.to_numpy()
    if all(shape is None or shape.geom_type == "Point" for shape in shapes) or not with_wkt:
        if "lon" not in columns and "lat" not in columns and any(shape is not None for shape in shapes):
            places = [None if shape is None else geometry.point_on_surface(shape) for shape in shapes]
            columns["lon"] = [None if place is None else place[0] for place in places]
            columns["lat"] = [None if place is None else place[1] for place in places]
    else:
        columns["wkt"] = [None if shape is None else shape.wkt for shape in shapes]
    return columns


def write_rows(
    path: Path, file_format: Format, header: Sequence[str], rows: Iterable[Sequence[Value]], title: str, at: dt.datetime
) -> None:
    """Nothing; `path` holds the rows as CSV or Excel, in which codes stay text and no cell is run.

    Raises:
        FileRefused: `too_many_rows_for_excel`, `cell_too_long_for_excel`.
    """
    if file_format == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out, lineterminator="\r\n")
            writer.writerow([guard(name) for name in header])
            writer.writerows([_csv_cell(value) for value in row] for row in rows)
    else:
        _write_excel(path, header, rows, title, at)


def _csv_cell(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return guard(value) if isinstance(value, str) else value


def _write_excel(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]], title: str, at: dt.datetime
) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    try:
        for number, row in enumerate(_prepend(header, rows)):
            if number > _EXCEL_ROWS:
                raise FileRefused("too_many_rows_for_excel", limit=_EXCEL_ROWS)
            sheet.append([_excel_cell(sheet, value, number) for value in row])
    except BaseException:
        # Else the half-written sheet complains when it is collected.
        sheet.close()
        raise
    content = io.BytesIO()
    book.save(content)
    stamp(content, path, at)


def _prepend(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[Sequence[Value]]:
    yield header
    yield from rows


def _excel_cell(sheet: object, value: Value, number: int) -> object:
    if not isinstance(value, str):
        return value
    if len(value) > _EXCEL_CHARS:
        raise FileRefused("cell_too_long_for_excel", row=number, n_chars=len(value), limit=_EXCEL_CHARS)
    text = cells.ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
    if not (_RUNS.match(text) or text in cells.ERROR_CODES):
        return text
    cell = cells.WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    # Excel's own mark of "this is text": it stays text when somebody edits the cell.
    cell.quotePrefix = True
    return cell


def stamp(content: io.BytesIO, path: Path, at: dt.datetime) -> None:
    """Writes the workbook with the caller's instant in place of the wall clock, inside it and in the archive."""
    stamp = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    when = at.astimezone(dt.UTC).timetuple()[:6]
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", part)
            entry = zipfile.ZipInfo(name, (max(when[0], 1980), *when[1:]))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, part)
