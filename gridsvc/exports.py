"""Areas, grids, compounds and reports as files: EPSG:4326, lon before lat, no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import shapely
from sqlalchemy import Connection

from geodata.later import later
from geodata.write import guard
from gridsvc import editions
from gridsvc.db.queries import load
from gridsvc.errors import NotFound, Unavailable
from gridsvc.rules import masking

if TYPE_CHECKING:
    import geopandas as gpd
else:
    gpd = later("geopandas")

Progress = Callable[[str, int, int | None], None]
Cell = str | int | float | bool | None

REPORT_COLUMNS = (
    *("source", "number", "repeat", "source_row", "grid_code", "grid_name", "grid_layer", "method", "distance_m"),
    *("confidence", "reason", "lon", "lat", "category", "category_raw", "state", "reported_at", "observed_at"),
    *("closed_at", "description", "words", "compound", "channel", "crs", "x", "y", "accuracy_m", "worker_code", "duty"),
    *("department_code", "department_name", "routing", "level", "verified", "verified_at", "filed_at", "dispatched_at"),
    *(
        "accepted_at",
        "interim_at",
        "due_at",
        "due_original_at",
        "disposed_at",
        "outcome",
        "checked_at",
        "struck_off_at",
    ),
    *("suspended_at", "n_returns", "n_rework", "n_extensions", "n_suspensions", "card", "answered_at", "rated_at"),
    *("solved", "satisfied", "merged_into"),
)
_BATCH = 5_000
_TIMES = tuple(place for place, name in enumerate(REPORT_COLUMNS) if name.endswith("_at"))
_DAYS = tuple(REPORT_COLUMNS.index(name) for name in ("reported_at", "observed_at", "closed_at"))
_SAID = tuple(REPORT_COLUMNS.index(name) for name in masking.SAID)
_DAY_ONLY = len(REPORT_COLUMNS)


def areas(db: Connection) -> gpd.GeoDataFrame:
    """All areas by level and code, with the code of the one above."""
    return _frame(db, "export_areas", {}, ("code", "name", "level", "parent_code"))


def grids(db: Connection, layers: Sequence[str], *, draft: bool = False) -> gpd.GeoDataFrame:
    """The grids of the published editions of these layers (or of their drafts) by layer and code.

    Raises:
        Unavailable: no_published_edition.
        NotFound: no_draft.
    """
    state = "draft" if draft else "published"
    ids = [id_ for layer in layers if (id_ := editions.edition_id(db, layer, state)) is not None]
    if not ids:
        raise NotFound("no_draft", layer=" / ".join(layers)) if draft else Unavailable("no_published_edition")
    return _frame(db, "export_grids", {"ids": ids}, ("code", "name", "layer", "area_code"))


def compounds(db: Connection, source: str | None = None) -> gpd.GeoDataFrame:
    """All compounds (of one source) by source and code; other names with ； between them."""
    columns = ("source", "code", "name", "aliases", "households", "buildings", "managed")
    return _frame(db, "export_compounds", {"source": source}, columns)


def _frame(db: Connection, query: str, values: dict[str, object], columns: Sequence[str]) -> gpd.GeoDataFrame:
    rows = db.execute(load(query), values).all()
    geoms = [None if row.geom is None else shapely.from_wkb(bytes(row.geom)) for row in rows]
    data = {name: [getattr(row, name) for row in rows] for name in columns}
    return gpd.GeoDataFrame(data, geometry=geoms, crs="EPSG:4326")


def report_rows(db: Connection, zone: str, source: str | None = None) -> Iterator[tuple[Cell, ...]]:
    """The cells of `REPORT_COLUMNS` of each report (of one source), where it belongs now, in the order of storing.

    Times are ISO 8601 in `zone`, a bare day where only that is known; numbers by which somebody could be found are
    hidden in what was said, as on every page: files travel. Rows are fetched a batch at a time.
    """
    tz = ZoneInfo(zone)
    # For this statement only: options set on the connection would stay there.
    streamed = {"stream_results": True, "yield_per": _BATCH}
    for row in db.execute(load("export_reports"), {"source": source, "ids": None}, execution_options=streamed):
        cells = list(row[:_DAY_ONLY])
        for place in _SAID:
            cells[place] = masking.numbers(cells[place])
        for place in _TIMES:
            cells[place] = _time(cells[place], tz, day_only=row[_DAY_ONLY] and place in _DAYS)
        yield tuple(cells)


def some_reports(db: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What `REPORT_COLUMNS` and `day_only` say of each of these reports, by id; times as instants."""
    return {
        row["id"]: masking.said(row)
        for row in db.execute(load("export_reports"), {"source": None, "ids": ids}).mappings()
    }


def _time(at: datetime | None, tz: ZoneInfo, *, day_only: bool) -> str | None:
    if at is None:
        return None
    local = at.astimezone(tz)
    midnight = local.hour == local.minute == local.second == 0
    return local.date().isoformat() if day_only and midnight else local.isoformat()


def reports(db: Connection, zone: str, source: str | None = None) -> gpd.GeoDataFrame:
    """All reports as a frame; no shape where a report has no position."""
    rows = list(report_rows(db, zone, source))
    data = {name: [row[place] for row in rows] for place, name in enumerate(REPORT_COLUMNS)}
    pairs = zip(data["lon"], data["lat"], strict=True)
    points = [None if lon is None else shapely.Point(lon, lat) for lon, lat in pairs]
    return gpd.GeoDataFrame(data, geometry=points, crs="EPSG:4326")


def write_reports_csv(db: Connection, path: Path, zone: str, progress: Progress, source: str | None = None) -> int:
    """How many reports were written, in the form that `geodata.write` gives a CSV; a half-written file never stays."""
    n = 0
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8-sig", newline="", dir=path.parent, prefix=".writing-", delete=False
    ) as out:
        part = Path(out.name)
        try:
            writer = csv.writer(out, lineterminator="\r\n")
            writer.writerow(REPORT_COLUMNS)
            for n, row in enumerate(report_rows(db, zone, source), start=1):
                writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in row])
                if n % _BATCH == 0:
                    progress("export", n, None)
            out.close()
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return n
