"""What a person means who types a few letters over a map: a grid, a compound or a report of those they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.names import name_key
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

Kind = Literal["grid", "compound", "report"]

MOST = 20
MOST_REPORTS = 8  # of them, unless there is nothing else
_CANDIDATES = 200  # numbers of a source that are looked at, the latest ones
_LAST = chr(0x10FFFF)  # behind every other character: codes compare by code point


@dataclass(frozen=True)
class Found:
    """A place or a report: `code` of a grid or the number of a report, `id` of a compound; `note` says more about it.

    `note` is a pair in zh and en. A report's `ref` is (source, number, repeat), its position None where it has none;
    `box`: (west, south, east, north) of a place, degrees, EPSG:4326.
    """

    kind: Kind
    label: str
    note: tuple[str, str]
    lon: float | None
    lat: float | None
    code: str | None = None
    layer: str | None = None
    id: int | None = None
    ref: tuple[str, str, int] | None = None
    box: tuple[float, float, float, float] | None = None


def find(db: Connection, actor: Actor, words: str) -> tuple[Found, ...]:
    """At most `MOST` of this reader's grids (code or name), compounds (name or first letters) and reports (number).

    What is called exactly so comes first; then grids, compounds, reports. No words find nothing.
    """
    typed = words.strip()
    if not typed:
        return ()
    low = typed.lower()
    own = scope(actor)
    seen = {name: value for name, value in own.items() if name != "department_id"}
    key = name_key(typed)
    letters = key if key.isascii() and key.isalnum() else ""
    asked = {"low": typed, "high": typed + _LAST, "words": low, "key": key or low, "n": MOST}
    grids = [_grid(row) for row in db.execute(load("find_grids"), seen | asked)]
    compounds = []
    if key:
        asked = {"low": key, "high": key + _LAST, "letters": letters, "letters_high": letters + _LAST, "n": MOST}
        compounds = [_compound(row) for row in db.execute(load("find_compounds"), seen | asked)]
    asked = {"low": typed, "high": typed + _LAST, "most": _CANDIDATES, "n": MOST}
    may_place = {"sees_unplaced": may(actor, "place")}
    reports = [_report(row) for row in db.execute(load("find_reports"), own | asked | may_place)]
    exact = [one for one in (*grids, *compounds, *reports) if low in (one.label.lower(), (one.code or "").lower())]
    room = max(MOST_REPORTS, MOST - len(grids) - len(compounds))
    places = [*grids[: max(MOST // 2, MOST - len(compounds))], *compounds][: MOST - min(len(reports), room)]
    return tuple(dict.fromkeys([*exact, *places, *reports[:room]]))[:MOST]


def _grid(row: Any) -> Found:
    label = row.name or row.code
    return Found("grid", label, (row.code, row.code), row.lon, row.lat, row.code, row.layer, box=_box(row))


def _compound(row: Any) -> Found:
    note = row.community or ""
    return Found("compound", row.name, (note, note), row.lon, row.lat, id=row.id, box=_box(row))


def _report(row: Any) -> Found:
    notes = [" · ".join(part for part in (name, row.grid_name) if part) for name in (row.name_zh, row.name_en)]
    ref = (row.source, row.number, row.repeat)
    return Found("report", row.number, (notes[0], notes[1]), row.lon, row.lat, row.number, ref=ref)


def _box(row: Any) -> tuple[float, float, float, float]:
    return row.west, row.south, row.east, row.north
