"""The ledger (对账) and the rates of a period as pages and files: each figure with what it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from gridsvc import ledger, performance
from gridsvc.errors import Refused
from gridsvc.rules.ledger import Line
from gridsvc.rules.rates import DEFINITIONS, RATES, THREE_RATE_WEIGHTS, Definition, Rate
from gridsvc.web.api import period
from gridsvc.web.deps import Unit, UnitDep, may
from gridsvc.web.pages import files, filters
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

MOST_ROWS = 500  # a page shows no more; a file has them all
LINE = tuple(one.name for one in fields(Line))
CAME = ("new", "reopened", "moved_in")
WENT = ("moved_out", "struck_off", "void", "not_filed", "merged")
Group = Literal["found", "sent", "done", "asked"]
GROUPS: dict[Group, tuple[str, ...]] = {
    "found": ("filing", "effective", "missed", "on_spot", "verification", "timely_verification", "area_coverage"),
    "sent": ("dispatch", "correct_dispatch", "timely_dispatch", "response"),
    "done": ("disposal", "timely_disposal", "closing", "timely_closing", "overdue_closing", "rework", "extension"),
    "asked": ("timely_check", "participation", "solved", "satisfaction"),
}
_BY_ID: dict[str, Rate] = {one.id: one for one in RATES}


@dataclass
class Asked:
    """A period and what its rows are about, as the address asks for them; `days` is the default where that is wrong."""

    days: period.Days
    by: ledger.By
    values: dict[str, str]
    errors: dict[str, str]


def _asked(unit: Unit, frame: Frame) -> Asked:
    said = dict(frame.query)
    values = {name: said.get(name, "").strip()[:40] for name in ("from", "to")}
    errors: dict[str, str] = {}
    first = filters.day(values["from"], "f-from", frame, errors)
    last = filters.day(values["to"], "f-to", frame, errors)
    try:
        days = period.chosen(first, last, unit.now, frame.zone)
    except Refused as error:
        errors["f-from"] = frame.says(error.code, **error.facts)
        days = period.chosen(None, None, unit.now, frame.zone)
    by: ledger.By = next((one for one in ledger.BYS if one == said.get("by")), "area")
    shown = {"from": days.first.isoformat(), "to": days.last.isoformat()}
    kept = {name: "" if f"f-{name}" in errors and name == "to" else values[name] or shown[name] for name in shown}
    return Asked(days, by, kept, errors)


def named(frame: Frame, row: ledger.Row | performance.Row, by: ledger.By) -> str:
    """What a row is about, in the page's language."""
    if row.code is None:
        return frame.words(f"ledger.none.{by}")
    own = row.name_en if frame.lang != "zh" and row.name_en else row.name
    return own or row.code


# ---- the ledger ------------------------------------------------------------------------------------------------------


@router.get("/ledger", response_class=HTMLResponse, dependencies=[may("read_ledger")])
def reconciled(request: Request, unit: UnitDep) -> Response:
    """What was on the ledger, came and went in a period, and whether that adds up, line by line."""
    frame = frame_of(request)
    asked = _asked(unit, frame)
    found = None if asked.errors else _ledger(unit, asked)
    facts: dict[str, Any] = {"asked": asked, "found": found, "errors": asked.errors, "bys": ledger.BYS}
    facts |= {"line": LINE, "came": CAME, "went": WENT, "named": named, "most": MOST_ROWS}
    return page(frame, "ledger.html", status=422 if asked.errors else 200, nav="ledger", **facts)


def _ledger(unit: Unit, asked: Asked) -> ledger.Ledger:
    bounds = asked.days.bounds
    return ledger.load_period(unit.db, unit.actor, asked.by, bounds.from_at, bounds.to_at)


@router.get("/ledger/table.{file_format}", dependencies=[may("read_ledger")])
def ledger_file(request: Request, unit: UnitDep, file_format: files.FileFormat) -> Response:
    """The ledger as CSV or Excel, its sum last."""
    frame = frame_of(request)
    asked = _asked(unit, frame)
    if asked.errors:
        return RedirectResponse(f"/ledger?{request.url.query}", 303)
    found = _ledger(unit, asked)
    header = [frame.words("pages.figures.code"), frame.words(f"pages.figures.by.{asked.by}")]
    header += [frame.words(f"ledger.line.{name}") for name in LINE] + [frame.words("pages.ledger.missing")]
    rows = [_line(row.code or "", named(frame, row, asked.by), row.line) for row in found.rows]
    rows.append(_line("", frame.words("pages.figures.whole"), found.whole))
    return files.answer(_file_name(frame, "ledger", asked), header, rows, file_format, unit.now)


def _line(code: str, name: str, line: Line) -> list[files.Cell]:
    return [code, name, *asdict(line).values(), line.missing]


def _file_name(frame: Frame, name: str, asked: Asked) -> str:
    return f"{frame.words(f'pages.{name}.file')} {asked.days.first} {asked.days.last}"


# ---- the rates -------------------------------------------------------------------------------------------------------


@router.get("/rates", response_class=HTMLResponse, dependencies=[may("read_stats")])
def rates(request: Request, unit: UnitDep) -> Response:
    """The rates of a period: all of them for the whole, some of them by place, department or category."""
    frame = frame_of(request)
    asked = _asked(unit, frame)
    said = dict(frame.query)
    group: Group = next((one for one in get_args(Group) if one == said.get("group")), "done")
    definition, without = _definition(said)
    found = None if asked.errors else _rates(unit, asked, definition, without_suspended=without)
    facts: dict[str, Any] = {"asked": asked, "found": found, "errors": asked.errors, "bys": ledger.BYS}
    facts |= {"definition": definition, "definitions": DEFINITIONS, "without": without, "weights": THREE_RATE_WEIGHTS}
    facts |= {"group": group, "groups": GROUPS, "rates": _BY_ID, "named": named, "most": MOST_ROWS}
    return page(frame, "rates.html", status=422 if asked.errors else 200, nav="rates", **facts)


def _definition(said: dict[str, str]) -> tuple[Definition, bool]:
    definition: Definition = next((one for one in DEFINITIONS if one == said.get("definition")), "due_i")
    return definition, said.get("without_suspended") == "true"


def _rates(unit: Unit, asked: Asked, definition: Definition, *, without_suspended: bool) -> performance.Rates:
    return performance.rates(
        unit.db,
        unit.actor,
        asked.days.bounds,
        asked.by,
        definition=definition,
        without_suspended=without_suspended,
    )


@router.get("/rates/table.{file_format}", dependencies=[may("read_stats")])
def rates_file(request: Request, unit: UnitDep, file_format: files.FileFormat) -> Response:
    """Every rate of every row as CSV or Excel: per cent, numerator and denominator in columns of their own."""
    frame = frame_of(request)
    asked = _asked(unit, frame)
    if asked.errors:
        return RedirectResponse(f"/rates?{request.url.query}", 303)
    definition, without = _definition(dict(frame.query))
    found = _rates(unit, asked, definition, without_suspended=without)
    header = [frame.words("pages.figures.code"), frame.words(f"pages.figures.by.{asked.by}")]
    for one in RATES:
        name = frame.words(f"rates.{one.id}")
        header += [frame.words(f"pages.rates.file_{part}", name=name) for part in ("percent", "n", "of")]
    header.append(frame.words("pages.rates.score"))
    whole = frame.words("pages.figures.whole")
    rows = [_figures(row.code or "", named(frame, row, asked.by), row) for row in found.rows]
    rows.append(_figures("", whole, found.whole))
    rows.append(_definition_row(frame, definition, len(header)))
    return files.answer(_file_name(frame, "rates", asked), header, rows, file_format, unit.now)


def _figures(code: str, name: str, row: performance.Row) -> list[files.Cell]:
    told: list[files.Cell] = [code, name]
    for one in row.figures:
        told += [None if one.percent is None else float(one.percent), one.n, one.of]
    return [*told, None if row.score is None else float(row.score)]


def _definition_row(frame: Frame, definition: Definition, n_columns: int) -> list[files.Cell]:
    """The last row of a file says what was due."""
    told: Sequence[files.Cell] = ["", frame.words(f"rates.definition.{definition}")]
    return [*told, *[None] * (n_columns - len(told))]
