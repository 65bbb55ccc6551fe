"""Rates of a random history: SQL counts what the rules in Python count, report by report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gridsvc import ledger, performance
from gridsvc.errors import Refused
from gridsvc.rules.rates import DEFINITIONS, MEASURES, Facts, Window, measures
from gridsvc.rules.roles import Actor
from gridsvc.stats import Period
from tests.conftest import Fresh, rolled_back
from tests.through import ADMIN
from tests.verbs.test_ledger import BEGIN, play

DAY = timedelta(days=1)
PERIODS = [(0, 400, 400), (0, 7, 400), (7, 14, 400), (14, 21, 17), (21, 28, 28), (30, 60, 400)]
ROWS = text("""
SELECT r.*, g.code AS grid, a.code AS area, d.code AS department, p.from_at, p.to_at
FROM report r JOIN placement p ON p.report_id = r.id
LEFT JOIN grid_version g ON g.id = p.grid_version_id LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN department d ON d.id = r.department_id""")
LOG = text("SELECT report_id, seq, action, at, facts FROM report_log ORDER BY report_id, seq")


@pytest.fixture(scope="module")
def past(empty_schema: Fresh) -> Iterator[Connection]:
    """Played once."""
    with rolled_back(empty_schema) as db:
        yield play(db).db


def facts_of(row: Any, log: list[Any], window: Window, resident: bool) -> Facts:
    """What the rules ask of a report, put together from its row and its log."""
    told = {one.name: row[one.name] for one in fields(Facts) if one.name in row}
    told |= {"asked_at": None, "solved": None, "satisfied": None}
    for one in log:
        changed = (one.facts or {}).get("set", {})
        if changed.get("stage") in ("dispatch", "accept", "check"):
            due = changed["stage_due_at"]
            told[changed["stage"] + "_due_at"] = None if due is None else datetime.fromisoformat(due)
    closings = [one for one in log if one.action == "close" and window.holds(one.at)]
    if closings and resident:
        told["asked_at"] = closings[-1].at
        after = (one for one in log if one.seq > closings[-1].seq and one.action == "rate" and window.past(one.at))
        rating = next(after, None)
        if rating is not None:
            told |= {name: rating.facts["set"][name] for name in ("solved", "satisfied")}
    return Facts(**told)


def expected(db: Connection, by: str, period: Period, definition: Any, without: bool) -> dict[Any, Counter[str]]:
    window = Window(period.from_at, period.to_at, period.held_at)
    residents = set(db.scalars(text("SELECT report_id FROM reporter")))
    logs: dict[int, list[Any]] = {}
    for one in db.execute(LOG):
        logs.setdefault(one.report_id, []).append(one)
    counts: dict[Any, Counter[str]] = {}
    for row in db.execute(ROWS).mappings():
        here = row["from_at"] < period.held_at and (row["to_at"] is None or row["to_at"] >= period.held_at)
        elsewhere = row["source"] != "gridsvc" and row["filed_at"] is None and row["disposed_at"] is None
        if here and not (elsewhere and row["state"] in ("closed", "struck_off", "void")):
            facts = facts_of(row, logs[row["id"]], window, row["id"] in residents)
            counts.setdefault(row[by], Counter()).update(measures(facts, window, definition, without_suspended=without))
    return counts


@pytest.mark.parametrize("by", ledger.BYS)
def test_sql_counts_what_the_rules_count(past: Connection, by: ledger.By) -> None:
    seen: Counter[str] = Counter()
    for first, last, now in PERIODS:
        period = Period(BEGIN + first * DAY, BEGIN + last * DAY, BEGIN + now * DAY)
        for definition in DEFINITIONS:
            for without in (False, True):
                told = performance.rates(past, ADMIN, period, by, definition=definition, without_suspended=without)
                found = {row.code: {k: v for k, v in row.counts.items() if v} for row in told.rows}
                wanted = expected(past, by, period, definition, without)
                assert {k: v for k, v in found.items() if v} == {k: dict(v) for k, v in wanted.items() if v}
                for row in (*told.rows, told.whole):
                    assert all(one.share is None or 0 <= one.share <= 1 for one in row.figures)
                assert all(told.whole.counts[m] == sum(row.counts[m] for row in told.rows) for m in MEASURES)
                seen.update(told.whole.counts)
    assert {name for name in MEASURES if not seen[name]} <= {"on_spot"}


def test_the_definition_changes_the_figure(past: Connection) -> None:
    differ = False
    for first, last, now in PERIODS:
        period = Period(BEGIN + first * DAY, BEGIN + last * DAY, BEGIN + now * DAY)
        one, other = (performance.rates(past, ADMIN, period, "area", definition=d).whole for d in DEFINITIONS)
        differ |= one.counts["due"] != other.counts["due"]
        assert one.counts["received"] == other.counts["received"]
    assert differ


def test_a_reader_gets_the_rates_of_the_own_rows(past: Connection) -> None:
    period = Period(BEGIN, BEGIN + 60 * DAY, BEGIN + 60 * DAY)
    west = past.scalar(text("SELECT id FROM area WHERE code = 'W'"))
    mine = performance.rates(past, Actor("checker", area_ids=(west,)), period, "area")
    every = performance.rates(past, ADMIN, period, "area")
    assert mine.rows == tuple(row for row in every.rows if row.code == "W")
    assert performance.rates(past, Actor("checker"), period, "area").rows == ()


def test_what_makes_no_sense_is_refused(past: Connection) -> None:
    with pytest.raises(Refused, match="period_reversed"):
        performance.rates(past, ADMIN, Period(BEGIN, BEGIN, BEGIN), "area")
    with pytest.raises(Refused, match="weights_not_100"):
        performance.rates(past, ADMIN, Period(BEGIN, BEGIN + DAY, BEGIN), "area", weights=(1, 2, 3))
