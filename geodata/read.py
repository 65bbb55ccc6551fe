"""A file of any accepted format as a Layer in EPSG:4326, read in a process that can do nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from geodata.crs import parse_crs
from geodata.errors import CrsError, FileRefused
from geodata.files import sandbox, sheets
from geodata.files.answer import Answer, unpack
from geodata.layer import KINDS, ROLES, Fields, Kind, Layer, Limits

_SHP_MAGIC = b"\x00\x00\x27\x0a"
_BESIDE = (".dbf", ".prj", ".cpg")
_NO_FIELDS = Fields()
_NO_LIMITS = Limits()


def read(
    path: Path,
    kind: Kind = "any",
    *,
    crs: str | None = None,
    fields: Fields = _NO_FIELDS,
    required: Sequence[str] = (),
    table: str | None = None,
    header_row: int | None = None,
    limits: Limits = _NO_LIMITS,
) -> Layer:
    """The rows of a file, their shapes in EPSG:4326, and all that was wrong with them.

    The format is told by the content: GeoJSON, GeoPackage, Shapefile (with its .dbf, .prj, .cpg beside it, or zipped),
    CSV (plain or gzipped), Excel (.xlsx, .xls), OpenStreetMap (.pbf, .osm). Rows that are wrong are left out and listed
    in `Layer.problems`; a file that is wrong as a whole is refused.

    Args:
        path: the file; never opened in this process by anything but a copy of its bytes.
        kind: what it holds; decides which shapes are taken and which columns are looked for.
        crs: EPSG code or wgs84, cgcs2000, gcj02, bd09. Without it the file's own counts; GeoJSON and OpenStreetMap are
            EPSG:4326 unless they say otherwise (a note says so); a table or a file without one is refused.
        fields: columns named by the sender.
        required: roles of `Fields` without which the file is refused (`field_required`, `file_has_no_columns`).
        table: sheet of a workbook or layer of a GeoPackage, where there are several.
        header_row: the row of a table's column names, as `headers.header` takes it; None: it is looked for.
        limits: what reading may cost.

    Raises:
        FileRefused: any code of the readers; `facts["file"]` is the name of the file.
        CrsError: `crs_missing`, `crs_conflict`, `crs_unknown`, `crs_not_horizontal`, with the same fact.
    """
    if kind not in KINDS or not set(required) <= ROLES:
        raise ValueError(f"no such kind or role: {kind!r}, {required!r}")
    if crs is not None:
        parse_crs(crs)
    wanted = {"kind": kind, "crs": crs, "fields": fields.given(), "required": list(required)}
    where = {"table": table, "header_row": header_row, "rows": None}
    return _layer(_ask(path, {**wanted, **where}, limits))


def read_raw(
    path: Path,
    rows: Sequence[int],
    kind: Kind = "any",
    *,
    fields: Fields | None = None,
    table: str | None = None,
    header_row: int | None = None,
    limits: Limits | None = None,
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of the sender's own table and some of its data rows (number, cells), text as it stands in the file.

    Of a file with shapes: its attributes. The other arguments are those of `read`.

    Raises:
        FileRefused: as `read`.
    """
    named = (fields or _NO_FIELDS).given()
    wanted: dict[str, object] = {
        "kind": kind,
        "crs": None,
        "fields": named,
        "required": [],
        "table": table,
        "header_row": header_row,
        "rows": list(rows),
    }
    answer = _ask(path, wanted, limits or _NO_LIMITS)
    lines = [[cell or "" for cell in line] for line in zip(*answer.cells, strict=True)]
    return lines[0] if lines else [], list(zip(answer.numbers[1:].tolist(), lines[1:], strict=True))


def read_sheets(path: Path, limits: Limits = _NO_LIMITS) -> sheets.Workbook:
    """Every visible worksheet of a workbook, or the one table of a CSV file, cell by cell, with its merged blocks.

    Read in the same locked process as `read`, for tables that are no plain list of rows.

    Raises:
        FileRefused: as `read`; `format_not_a_table`, `workbook_too_many_sheets`. Who takes a sheet asks for its width:
            `sheets.bound_width`.
    """
    return sheets.from_answer(_ask(path, {"whole": True, "rows": None}, limits))


def _ask(path: Path, wanted: dict[str, object], limits: Limits) -> Answer:
    try:
        return unpack(sandbox.run({**wanted, "limits": asdict(limits)}, _files(path), limits))
    except (FileRefused, CrsError) as error:
        raise type(error)(error.code, **{"file": path.name, **error.facts}) from None


def _files(path: Path) -> dict[str, Path]:
    """The file and, for a shapefile, the known parts beside it, whatever the case of their endings."""
    files = {"file": path}
    try:
        # Opening a pipe would wait for somebody to write into it.
        is_shapefile = path.is_file() and _begin(path) == _SHP_MAGIC
    except OSError:
        # `sandbox` opens it again and says what is wrong with it.
        return files
    if path.with_name(path.name + "-wal").exists() and path.with_name(path.name + "-wal").stat().st_size:
        raise FileRefused("gpkg_open_elsewhere", file=path.name)
    if is_shapefile:
        for part in sorted(path.parent.glob("*")):
            if part.stem == path.stem and part.suffix.lower() in _BESIDE:
                files.setdefault("file" + part.suffix.lower(), part)
    return files


def _begin(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_SHP_MAGIC))


def _layer(answer: Answer) -> Layer:
    return Layer(
        answer.numbers,
        dict(zip(answer.columns, answer.cells, strict=True)),
        answer.shapes,
        answer.raw,
        tuple(answer.problems),
        answer.format,
        answer.crs_used,
        answer.fields,
        answer.n_rows,
        tuple(answer.notes),
        answer.encoding,
        tuple(answer.guards),
        dict(zip(answer.columns, answer.samples, strict=False)),
    )
