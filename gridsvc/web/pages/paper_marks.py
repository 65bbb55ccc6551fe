"""The signs of a map on paper: reports, compounds' progress, doors left, as the page shows them to this reader."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely

from gridsvc import campaigns, coverage, coverage_map, report_tiles
from gridsvc.rules.rates import share
from gridsvc.rules.roles import may
from gridsvc.web.api import period
from gridsvc.web.deps import Unit
from gridsvc.web.templating import count
from maps.paper.frame import Frame
from maps.paper.sheet import SQUARES, Mark, Sign

DOORS_FROM = 16  # zoom; static/doors.js
Words = Callable[..., str]


@dataclass(frozen=True)
class Marked:
    """What is drawn, what it means, and sentences about what is not."""

    marks: tuple[Mark, ...] = ()
    signs: tuple[Sign, ...] = ()
    facts: tuple[str, ...] = ()


def outlines(words: Words) -> tuple[Sign, ...]:
    """What dashed outlines mean; the paper says it where there are some."""
    return Sign("compound", words("paper.sign_compound")), Sign("bare", words("maps.tip_no_row"))


def reports(
    unit: Unit, answer: Mapping[str, Any], category: str | None, seen: Frame, zoom: float, words: Words
) -> Marked:
    """The reports that the answer counts: as signs where the page has signs, else as squares."""
    zone = unit.mine.settings.zone
    first, last = (date.fromisoformat(answer[name]) for name in ("from", "to"))
    wanted = report_tiles.Filter(period.begins(first, zone), period.ends(last, zone), category)
    found = report_tiles.spots(unit.db, unit.actor, seen.bounds, math.floor(zoom + 0.5), wanted, unit.now)
    marks = [
        Mark(
            "square" if one.ended is None else "ended" if one.ended else "open", shapely.Point(one.lon, one.lat), one.n
        )
        for one in found
    ]
    # squares grow to the right end of the row; open ones lie over those that ended
    marks.sort(key=lambda mark: (mark.kind == "open", mark.value))
    signs = [Sign("open", words("maps.report_open")), Sign("ended", words("maps.report_ended"))]
    for place, (low, _) in enumerate(SQUARES):
        high = SQUARES[place + 1][0] - 1 if place + 1 < len(SQUARES) else None
        told = words("maps.from_up", low=count(low)) if high is None else f"{count(low)}–{count(high)}"
        signs.append(Sign("square", words("paper.sign_square", n=told) if place == 0 else told, low))
    return Marked(tuple(marks), tuple(signs))


def compounds(unit: Unit, query: coverage.Query, seen: Frame, words: Words, rule: Any) -> Marked:
    """The compounds as rings by the share of their doors that was reached."""
    found = coverage_map.compounds(
        unit.db, query, unit.actor, unit.now, unit.mine.settings.zone, box=seen.bounds, rule=rule
    )
    # of two that cover each other the larger stays
    rows = sorted(found.rows, key=lambda row: (-(row.denom or 0), row.id))
    marks = [
        Mark("ring", shapely.Point(row.lon, row.lat), share(row.n, row.denom) if row.n is not None else None)
        for row in rows
    ]
    return Marked(tuple(marks), (Sign("ring", words("paper.sign_ring"), 0.6),))


def doors(unit: Unit, code: str, seen: Frame, zoom: float, words: Words) -> Marked:
    """The doors that a campaign has still to reach, from near and for who may see doors: a square for each building."""
    held = campaigns.one(unit.db, code)
    if held.drawn_at is None or zoom < DOORS_FROM or not may(unit.actor, "read_households"):
        return Marked()
    found, n_more = coverage_map.doors(unit.db, held, unit.actor, seen.bounds)
    places = Counter((door.lon, door.lat) for door in found)
    marks = [Mark("door", shapely.Point(at), n) for at, n in places.items()]
    facts = {"n": count(len(found)), "total": count(len(found) + n_more)}
    told = (words("maps.doors_more", **facts),) if n_more else ()
    return Marked(tuple(marks), (Sign("door", words("paper.sign_door"), 3),), told)


def together(*several: Marked) -> Marked:
    """All of them, the first drawn below."""
    return Marked(
        tuple(mark for one in several for mark in one.marks),
        tuple(sign for one in several for sign in one.signs),
        tuple(fact for one in several for fact in one.facts),
    )
