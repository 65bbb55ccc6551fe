"""Rates of a random history: SQL counts what the rules in Python count, report by report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gridsvc import ledger, performance
from gridsvc.errors import Refused
from gridsvc.grids import Rule
from gridsvc.rules.case import FIELDS, Case, replay
from gridsvc.rules.rates import DEFINITIONS, MEASURES, Asking, Facts, Window, measures
from gridsvc.rules.roles import Actor
from gridsvc.stats import Period
from tests.conftest import NOW, Fresh, rolled_back
from tests.through import ADMIN
from tests.verbs.test_editions import publish, square, submit
from tests.verbs.test_ledger import BEGIN, History, play

DAY = timedelta(days=1)
GROUND = {"responsible_grids", "covered_grids"}
PERIODS = [(0, 400, 400), (0, 7, 400), (7, 14, 400), (14, 21, 17), (21, 28, 28), (30, 60, 400)]
ROWS = text("""
SELECT r.*, g.code AS grid, a.code AS area, p.from_at, p.to_at
FROM report r JOIN placement p ON p.report_id = r.id
LEFT JOIN grid_version g ON g.id = p.grid_version_id LEFT JOIN area a ON a.id = g.area_id""")
GRIDS = text("""
SELECT a.code AS area, count(*) AS n FROM grid_version g LEFT JOIN area a ON a.id = g.area_id
WHERE g.layer = 'base' AND g.valid_from < :at AND (g.valid_to IS NULL OR g.valid_to >= :at) GROUP BY 1""")
LOG = text("SELECT report_id, seq, action, to_state, at, facts FROM report_log ORDER BY report_id, seq")


@dataclass
class Told(History):
    """A history that writes down the rates of the days before while it is being made."""

    told: list[tuple[ledger.By, Period, Any, performance.Rates]] = field(default_factory=list)
    last: datetime = BEGIN

    def before(self, at: datetime) -> None:
        if at == self.last or at < BEGIN + (1 + len(self.told) // 4) * 3 * DAY:
            return
        for i, by in enumerate(ledger.BYS):
            first = BEGIN if len(self.told) % 3 == 0 else at - 7 * DAY
            definition = DEFINITIONS[(len(self.told) // 4 + i) % 2]
            period = Period(first, at, at)
            self.told.append((by, period, definition, _rates(self.db, period, by, definition)))

    def look(self, at: datetime) -> None:
        self.last = at


def _rates(db: Connection, period: Period, by: ledger.By, definition: Any) -> performance.Rates:
    return performance.rates(db, ADMIN, period, by, definition=definition, without_suspended=by == "grid")


@pytest.fixture(scope="module")
def played(module_schema: Fresh) -> Iterator[Told]:
    """Played once, in a schema of its own: what is published there is not committed, and `db` would wait for it."""
    with rolled_back(module_schema) as db:
        told = Told(db)
        play(db, told)
        yield told


@pytest.fixture
def past(played: Told) -> Connection:
    """What was played."""
    return played.db


def facts_of(row: Any, log: list[Any], window: Window, resident: bool) -> tuple[Facts, Case, str]:
    """What the rules ask of a report, its case and its category, as its log tells them until we looked."""
    until = [one for one in log if one.seq == 1 or window.past(one.at)]
    case = replay((one.to_state, one.facts) for one in until)
    told: dict[str, Any] = {name: getattr(case, name) for name in FIELDS if name in Facts.__dataclass_fields__}
    for one in until:
        changed = (one.facts or {}).get("set", {})
        if changed.get("stage") in ("verify", "dispatch", "accept", "check"):
            due = changed["stage_due_at"]
            told[changed["stage"] + "_due_at"] = None if due is None else datetime.fromisoformat(due)
    askings: list[Asking] = []
    for one in until if resident else ():
        if one.action == "close":
            askings.append(Asking(one.at))
        elif one.action == "rate":
            given = {name: one.facts["set"][name] for name in ("solved", "satisfied")}
            askings[-1] = Asking(askings[-1].asked_at, one.at, **given)
    named = [one.facts["category"] for one in log if one.action == "recategorize"]
    n_named = sum(one.action == "recategorize" for one in until)
    category = named[n_named - 1]["to"] if n_named else named[0]["from"] if named else row["category"]
    facts = Facts(**told, received_at=row["received_at"], by_staff=row["by_staff"], askings=tuple(askings))
    return facts, case, category


def expected(db: Connection, by: str, period: Period, definition: Any, without: bool) -> dict[Any, Counter[str]]:
    window = Window(period.from_at, period.to_at, period.held_at)
    residents = set(db.scalars(text("SELECT report_id FROM reporter")))
    departments = {row.id: row.code for row in db.execute(text("SELECT id, code FROM department"))}
    logs: dict[int, list[Any]] = {}
    for one in db.execute(LOG):
        logs.setdefault(one.report_id, []).append(one)
    counts: dict[Any, Counter[str]] = {}
    covered: dict[Any, set[str]] = {}
    for row in db.execute(ROWS).mappings():
        here = row["from_at"] < period.held_at and (row["to_at"] is None or row["to_at"] >= period.held_at)
        if not here or row["received_at"] >= period.held_at:
            continue
        facts, case, category = facts_of(row, logs[row["id"]], window, row["id"] in residents)
        elsewhere = row["source"] != "gridsvc" and facts.filed_at is None and facts.disposed_at is None
        if not (elsewhere and facts.state in ("closed", "struck_off", "void")):
            keys = {"department": departments.get(case.department_id), "category": category}
            told = measures(facts, window, definition, without_suspended=without)
            if by == "area" and "received" in told and row["by_staff"]:
                covered.setdefault(row["area"], set()).add(row["grid"])
            counts.setdefault(keys.get(by, row.get(by)), Counter()).update(told)
    for row in db.execute(GRIDS, {"at": period.held_at}) if by == "area" else ():
        ground = {"responsible_grids": row.n, "covered_grids": len(covered.get(row.area, ()))}
        counts.setdefault(row.area, Counter()).update({name: n for name, n in ground.items() if n})
    return counts


def test_a_report_told_to_be_older_counts_on_its_grid(db: Connection, rule: Rule) -> None:
    # an import may put the day of a report back; its first placement is then younger than the report
    publish(db, square(), NOW - 60 * DAY, rule)
    submit(db, 110.005, 23.005, rule)
    db.execute(text("UPDATE report SET received_at = received_at - interval '30 days'"))
    found = _rates(db, Period(NOW - 31 * DAY, NOW - 29 * DAY, NOW), "grid", "due_i")
    assert {row.code: row.counts["received"] for row in found.rows if row.counts["received"]} == {"000": 1}


def test_rates_of_the_past_are_what_they_were(played: Told) -> None:
    """Whatever was done since: rework, reopening, another category, department or border, a rating."""
    assert len(played.told) > 40
    for by, period, definition, then in played.told:
        assert _rates(played.db, period, by, definition) == then, (by, period)
    seen = {name for _, _, _, then in played.told for name in MEASURES if then.whole.counts[name]}
    assert set(MEASURES) - seen <= {"on_spot"}


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
    assert {name for name in MEASURES if not seen[name]} <= {"on_spot"} | (GROUND if by != "area" else set())


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
