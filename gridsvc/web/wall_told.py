"""The wall as it is sent, by the API and by its live stream: places and rows as plain values in a reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gridsvc import wall
from gridsvc.i18n import Locale

Json = dict[str, Any]


def row(one: wall.Row, locale: Locale, zone: ZoneInfo) -> Json:
    """A row; `key` names the report for as long as it exists."""
    located = None if one.lon is None else {"lon": one.lon, "lat": one.lat, "from": one.located}
    return {
        "key": key(one),
        **{name: getattr(one, name) for name in ("source", "number", "repeat", "state", "standing", "step", "card")},
        "category": {"code": one.category, "name": one.name_zh if locale == "zh" else one.name_en},
        "description": one.description,
        "grid": _named(one.grid_code, one.grid_name),
        "area": _named(one.area_code, one.area_name),
        "department": _named(one.department_code, one.department_name),
        "owner": None if one.owner is None else {"name": one.owner, "as": one.owner_kind},
        "until": moment(one.until_at, zone),
        "due_at": moment(one.due_at, zone),
        "updated_at": moment(one.updated_at, zone),
        "struck_at": moment(one.struck_at, zone),
        "rework": one.n_rework,
        "location": located,
    }


def head(board: wall.Board, now: datetime, zone: ZoneInfo) -> Json:
    """What stands over the rows: as of when, how many by standing, how many are left out."""
    return {
        "as_of": moment(now, zone),
        "day_ends_at": moment(wall.day_ends_at(now, zone), zone),
        "counts": board.counts.standings,
        "total": board.counts.picked,
        "left_out": board.left_out,
    }


def numbered(rows: Iterable[Json]) -> list[Json]:
    """The rows with their numbers on board and map, from 1."""
    return [{"nr": nr, **one} for nr, one in enumerate(rows, 1)]


def key(one: wall.Row) -> str:
    """What names a report: source, number and repeat."""
    return f"{one.source}/{one.number}/{one.repeat}"


def moment(at: datetime | None, zone: ZoneInfo) -> str | None:
    """An instant with the offset of the zone of the settings."""
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")


def _named(code: str | None, name: str | None) -> Json | None:
    return None if code is None else {"code": code, "name": name}
