"""The list of reports as a file: everything that is stored of each, with headers and words in the page's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from gridsvc import categories, exports, listing
from gridsvc.web.deps import Unit, UnitDep, may
from gridsvc.web.pages import files, reports
from gridsvc.web.templating import Frame, frame_of

router = APIRouter()

# Columns whose codes have words; the catalogue has them under the column's name.
LABELLED = frozenset(
    (
        "method",
        "reason",
        "state",
        "channel",
        "duty",
        "routing",
        "level",
        "verified",
        "outcome",
        "card",
        "solved",
        "satisfied",
    )
)
_DAYS = ("reported_at", "observed_at", "closed_at")  # known to the day alone where `day_only` says so


@router.get("/reports/table.{file_format}", dependencies=[may("read_reports")])
def table(request: Request, unit: UnitDep, file_format: files.FileFormat) -> Response:
    """The reports that fit the filters of the address, newest first, as CSV or Excel; the first ones of many."""
    frame = frame_of(request)
    query, errors = reports.asked(request), dict[str, str]()
    wanted = reports.wanted_of(unit.db, unit.actor, frame, query, errors)
    if errors:
        return RedirectResponse(f"/reports?{request.url.query}", 303)  # where what is wrong is told
    header = [frame.words(f"pages.export.{name}") for name in exports.REPORT_COLUMNS]
    known = categories.listed(unit.db, every=True)
    names = {one.code: one.name_zh if frame.lang == "zh" else one.name_en for one in known}
    rows = (cells(frame, row, names) for row in _rows(unit, wanted))
    return files.answer(frame.words("pages.reports.file"), header, rows, file_format, unit.now)


def _rows(unit: Unit, wanted: listing.Filter) -> Iterator[dict[str, Any]]:
    after, n = None, 0
    while n < reports.MOST_IN_FILE:
        found = listing.page(unit.db, unit.actor, wanted, after=after, limit=listing.MAX_PAGE)
        told = exports.some_reports(unit.db, [one.id for one in found.items])
        yield from (told[one.id] for one in found.items)
        n += len(found.items)
        after = found.next
        if after is None:
            return


def cells(frame: Frame, row: Mapping[str, Any], categories_: Mapping[str, str]) -> list[files.Cell]:
    """One report by `exports.REPORT_COLUMNS`: times in the zone of the settings, codes as people call them."""
    return [_cell(frame, name, row[name], row, categories_) for name in exports.REPORT_COLUMNS]


def _cell(frame: Frame, name: str, value: Any, row: Mapping[str, Any], categories_: Mapping[str, str]) -> files.Cell:
    if value is None:
        return None
    if isinstance(value, datetime):
        return frame.minute(value, day_only=row["day_only"] and name in _DAYS)
    if name in LABELLED:
        return frame.label(name, value)
    if name == "category":
        return categories_.get(value, str(value))
    plain: files.Cell = value  # a text or a number, as the column has it
    return plain
