"""A page's table as a file: CSV or Excel, in which no cell is run and codes stay text."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from starlette.responses import Response

from geodata.write import guard, write_rows

Cell = str | int | float | None
FileFormat = Literal["csv", "xlsx"]
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def answer(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], file_format: FileFormat, at: datetime
) -> Response:
    """The table as a download called `name`; `at` is what an Excel file says of its making."""
    made = _csv(header, rows) if file_format == "csv" else _excel(name, header, rows, at)
    named = quote(f"{name}.{file_format}", safe="")
    plain = f"table.{file_format}"
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{named}",
        "Cache-Control": "no-store",
    }
    return Response(made, headers=headers, media_type=_TYPES[file_format])


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guard(name) for name in header])
    writer.writerows([guard(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")  # with the mark by which Excel knows it


def _excel(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], at: datetime) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        write_rows(path, "xlsx", header, rows, name, at)
        return path.read_bytes()
