"""A coverage as a file: as an office prints it (Excel), as CSV, and by place as GeoJSON, GeoPackage or GeoParquet."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import urlencode

from starlette.responses import Response

from geodata.later import later
from geodata.write import Value, write
from gridsvc import campaigns, coverage_frames, editions
from gridsvc.coverage import Key, Query, Row, Table
from gridsvc.i18n import Locale, translate
from gridsvc.rules import rates
from gridsvc.rules.coverage import COUNTS, RATES, figures
from gridsvc.rules.suppression import BELOW
from gridsvc.web.deps import Unit

if TYPE_CHECKING:
    from geodata import sheet as sheets
else:
    sheets = later("geodata.sheet")

FileFormat = Literal["xlsx", "csv", "geojson", "gpkg", "parquet"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
MEDIA: dict[FileFormat, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "parquet": "application/vnd.apache.parquet",
}
# What is printed beside the rates under every table, in this order.
NOTES = (*(rate.id for rate in RATES), "enumerated", "targeted", "eligible", "status", "counted", "added", "four")
# And beside a map, which shows the first two rates.
MAP_NOTES = ("coverage", "coverage_all", "enumerated", "eligible", "counted")


def answer(unit: Unit, table: Table, file_format: FileFormat) -> Response:
    """The file, to be kept under a name that says what it is."""
    name = "-".join(("coverage", *([table.campaign.code] if table.campaign else []), *table.query.by))
    day = table.as_of.astimezone(unit.mine.settings.zone).date().isoformat()
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{day}.{file_format}"',
        "Cache-Control": "no-store",
    }
    return Response(_content(unit, table, file_format), headers=headers, media_type=MEDIA[file_format])


def _content(unit: Unit, table: Table, file_format: FileFormat) -> bytes:
    if file_format == "csv":
        return sheets.csv_text(sheet(table, unit)).encode()
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        path = Path(folder) / f"coverage.{file_format}"
        if file_format == "xlsx":
            sheets.write_excel(sheet(table, unit), path, at=unit.now)
            return path.read_bytes()
        frame = coverage_frames.frame(unit.db, table)
        frame.attrs["notes"] = _under(table, unit)
        if file_format == "parquet":
            frame.to_parquet(path, index=False)  # attrs go along in its metadata
        else:
            write(frame, path, file_format, at=unit.now, layer="coverage")
        return path.read_bytes()


def sheet(table: Table, unit: Unit) -> sheets.Sheet:
    """The table as it is printed, with its unit, period, definitions and as-of time."""
    lang = unit.locale
    columns: list[sheets.Column] = []
    for dim in table.query.by:
        name = translate(f"coverage.by.{dim}", lang)
        if dim != "day":
            columns.append(sheets.Column(f"{name} {translate('coverage.by.code', lang)}", "text"))
        columns.append(sheets.Column(name, "text"))
    columns = columns or [sheets.Column("", "text")]
    total = (translate("coverage.total", lang), *("" for _ in columns[1:]), *_numbers(table.counts))
    columns += [sheets.Column(translate(f"coverage.count.{name}", lang)) for name in COUNTS]
    columns += [sheets.Column(translate(f"coverage.rate.{rate.id}", lang), "percent") for rate in RATES]
    rows = [_cells(row, table, lang) for row in table.rows]
    title, unit_row = _title(table, lang), translate("coverage.unit", lang)
    under = _under(table, unit)
    return sheets.Sheet(title, unit_row, _aside(table, unit), tuple(columns), rows, total, under)


def notes(table: Table, unit: Unit, names: Sequence[str] = NOTES, *, late: Sequence[str] = ()) -> list[str]:
    """What stands under every coverage: its period, its doors, what stands beside it, the definitions by name."""
    lang, window, campaign = unit.locale, table.window, table.campaign
    told = [translate("coverage.period", lang, first=window.first.isoformat(), last=window.last.isoformat())]
    if campaign is None or campaign.drawn_at is None:
        told.append(translate("coverage.registered", lang))
    else:
        told.append(translate("coverage.frozen", lang, at=_minute(campaign.drawn_at, unit)))
    edition = table.query.edition
    of_edition = "coverage.edition_current" if edition is None else "coverage.edition_given"
    told.append(translate(of_edition, lang, edition=edition))
    if table.added is not None:
        told += [translate("coverage.added", lang, n=table.added), translate("coverage.outside", lang, n=table.outside)]
    if any(row.values is None for row in table.rows) or table.values is None:
        told.append(f"—：{translate('coverage.suppressed', lang, below=BELOW)}")
    told.append(translate("coverage.definitions", lang))
    told += [translate(f"coverage.definition.{name}", lang) for name in names if name != "added" or table.campaign]
    if {"day", "week"} & set(table.query.by):
        told.append(translate("coverage.definition.time", lang))
    told.append(translate("coverage.over_zero", lang))
    told += late
    past = "coverage.as_of_past" if table.past else "coverage.as_of"
    told.append(translate(past, lang, at=_minute(table.as_of, unit)))
    if table.unknown_before is not None:
        told.append(translate("coverage.unknown_before", lang, since=_minute(table.unknown_before, unit)))
    return told


def again(unit: Unit, table: Table) -> dict[str, str]:
    """What asks for the same figures later, beside what was asked for: the instant, and the edition of the grids.

    The instant to the last digit, for its second may have seen another visit; in the zone of the settings.
    """
    edition = table.query.edition or editions.edition_id(unit.db, "base", "published")
    told = {"as_of": table.as_of.astimezone(unit.mine.settings.zone).replace(tzinfo=None).isoformat()}
    return told if edition is None else told | {"edition": str(edition)}


def _under(table: Table, unit: Unit) -> list[str]:
    """What stands under a file: the notes, how many visits came late, and how to have the same figures again."""
    query = urlencode(again(unit, table), safe=":")
    told = notes(table, unit, late=_late(table, unit))
    return [*told, translate("coverage.again", unit.locale, query=query)]


def _late(table: Table, unit: Unit) -> list[str]:
    """How many of a campaign's visits came late; nothing where the table is of a part of it, or its whole is hidden."""
    campaign = table.campaign
    if campaign is None or table.values is None or replace(table.query, by=()) != Query((), campaign.code):
        return []
    papers = campaigns.papers(unit.db, campaign, unit.actor)
    percent = rates.percent(papers.n_late, papers.n_visits)
    facts = {"n": papers.n_late, "of": papers.n_visits, "share": "—" if percent is None else f"{percent} %"}
    return [translate("coverage.late", unit.locale, **facts)]


def name_of(key: Key, dim: str, lang: Locale) -> str:
    """What a row is about, in words."""
    if key.code is None:
        return translate(f"coverage.none_{dim}", lang)
    return (key.name_en if lang == "en" and key.name_en else key.name) or key.code


def _title(table: Table, lang: Locale) -> str:
    if table.campaign is None:
        return translate("coverage.title", lang)
    return translate("coverage.title_campaign", lang, name=table.campaign.wanted.name)


def _aside(table: Table, unit: Unit) -> str:
    return translate("coverage.as_of", unit.locale, at=_minute(table.as_of, unit))


def _minute(at: datetime, unit: Unit) -> str:
    return f"{at.astimezone(unit.mine.settings.zone):%Y-%m-%d %H:%M}"


def _cells(row: Row, table: Table, lang: Locale) -> tuple[Value, ...]:
    told: list[Value] = []
    for key, dim in zip(row.keys, table.query.by, strict=True):
        if dim != "day":
            told.append(key.code)
        told.append(name_of(key, dim, lang))
    return (*told, *_numbers(row.counts))


def _numbers(counts: dict[str, int]) -> tuple[Value, ...]:
    if not counts:
        return (None,) * (len(COUNTS) + len(RATES))
    percents = (None if one.percent is None else float(one.percent) for one in figures(counts))
    return (*(counts[name] for name in COUNTS), *percents)
