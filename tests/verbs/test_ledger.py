"""The ledger reconciles on random histories: against an oracle that looked at every report after every single event."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from gridsvc import areas, cases, editions, ledger, reports, terms
from gridsvc.errors import Conflict, Refused
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given, Terms
from gridsvc.rules.deadlines import Limit, StageLimits
from gridsvc.rules.ledger import Line
from gridsvc.rules.lifecycle import ENDED
from gridsvc.rules.roles import ANONYMOUS, RESIDENT, Actor
from gridsvc.terms import Agreed
from tests.conftest import NOW, RULE, Fresh, rolled_back
from tests.through import ADMIN, AGREED, CALENDAR, CHECKER, department, lead
from tests.verbs.test_editions import cell, publish, square, submit

BEGIN = NOW - timedelta(days=60)
STAGES = StageLimits(
    accept=Limit(20, "urgent_hour"),
    dispatch=Limit(30, "urgent_hour"),
    dispose=Limit(8, "working_day"),
    check=Limit(90, "urgent_hour"),
    verify=Limit(15, "urgent_hour"),
)
TERMS = Agreed(Terms(CALENDAR, stages=STAGES), {})
SNAPSHOT = text("""
SELECT r.id, r.state, g.code AS grid, a.code AS area, d.code AS department, r.category
FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
LEFT JOIN grid_version g ON g.id = p.grid_version_id LEFT JOIN area a ON a.id = g.area_id
LEFT JOIN department d ON d.id = r.department_id""")
IMPORT = text("""
WITH made AS (INSERT INTO report (source, number, state, category, channel, received_at)
  VALUES ('old', :number, :state, 'x', 'import', :at) RETURNING id),
logged AS (INSERT INTO report_log (report_id, seq, action, to_state, at, digest)
  SELECT id, 1, 'import', :state, :now, sha256('') FROM made)
INSERT INTO placement (report_id, seq, from_at, method, reason) SELECT id, 1, :at, 'none', 'outside' FROM made""")
RESIDENT_OF = text("INSERT INTO reporter (report_id, secret_hash, linked) VALUES (:id, :hash, true)")
WHO = {"check": CHECKER, "check_failed": CHECKER, "rate": RESIDENT}
OF_DEPARTMENT = ("dispose", "accept", "return", "ask_extension")
# Often enough to get somewhere, and often enough back.
LIKELY = (
    *("verify", "file", "dispatch", "dispose", "check", "close", "strike_off") * 4,
    *("file", "dispatch", "return", "undo_dispatch", "check_failed", "not_file", "link", "unlink", "recategorize"),
    *("void", "reopen", "reopen", "accept", "suspend", "resume"),
    *("rate", "rate", "rate", "ask_extension", "ask_extension", "approve_extension", "approve_extension") * 3,
)


@dataclass
class History:
    """A city that something happened in, and what every report was after each event."""

    db: Connection
    seen: list[tuple[datetime, dict[int, Any]]] = field(default_factory=list)

    def before(self, at: datetime) -> None:
        """Called when something is about to happen at `at`, and everything before is stored."""

    def look(self, at: datetime) -> None:
        self.seen.append((at, {row.id: row for row in self.db.execute(SNAPSHOT)}))


def given(db: Connection, rng: random.Random, action: str, now: datetime, ids: list[int]) -> Given:
    more: dict[str, Any] = {}
    if action == "dispatch":
        more["department_id"] = department(db, rng.choice(("D1", "D2", "D3")))
    if action == "recategorize":
        more["category"] = rng.choice(("x", "y", "z"))
    if action == "link":
        more["parent_id"] = rng.choice(ids)
    if action == "suspend":
        more["until"] = now + timedelta(days=3)
    if action == "rate":
        more |= {"solved": rng.choice(("solved", "not")), "satisfied": rng.choice(("satisfied", "not"))}
    return Given(note="说明", **more)


def borders(db: Connection, shift: float, now: datetime) -> None:
    rows = square()
    rows[0] = (0, "000", "网格0", cell(110, 23, 110.01 + shift, 23.01))
    rows[1] = (1, "001", "网格1", cell(110.01 + shift, 23, 110.02, 23.01))
    publish(db, rows, now, RULE)
    editions.link_areas(db)


def play(db: Connection, past: History | None = None) -> History:
    rng, past, now = random.Random(9), past or History(db), BEGIN  # noqa: S311
    west, east = cell(109.99, 22.99, 110.0115, 23.04), cell(110.0115, 22.99, 110.04, 23.04)
    areas.save(db, [areas.Area("W", "community", "西", None, west), areas.Area("E", "community", "东", None, east)])
    borders(db, 0.0, now)
    add = text("INSERT INTO category (code, name_zh, name_en) VALUES ('x', 'x', 'x'), ('y', 'y', 'y'), ('z', 'z', 'z')")
    db.execute(add)
    for i, state in enumerate(("closed", "void", "reported", "closed")):
        at = BEGIN + timedelta(days=i)
        db.execute(IMPORT, {"number": str(i), "state": state, "at": at, "now": BEGIN + timedelta(days=15)})
    terms.save(db, [terms.StageLimit("verify", None, STAGES.verify or Limit(1, "urgent_hour"))])
    past.look(BEGIN)
    ids = list(db.scalars(text("SELECT id FROM report")))
    for turn in range(600):
        now += timedelta(minutes=rng.randint(0, 200))
        past.before(now)
        if turn in (200, 400):
            borders(db, 0.004 if turn == 200 else 0.001, now)
        elif turn % 15 == 0:
            place = Position(rng.choice((110.005, 110.0105, 110.0112, 110.013, 112.0)), 23.005, "wgs84")
            draft = Draft(UUID(int=turn), "x", "积水", "web", place)
            who = Actor("worker") if turn % 45 == 0 else ANONYMOUS
            sent = reports.submit(db, draft, who, now, RULE, lambda _: TERMS)
            ids.append(sent.id)
            if turn % 2:
                db.execute(RESIDENT_OF, {"id": sent.id, "hash": bytes(32)})
        elif turn % 23 == 0:
            held = cases.lock_id(db, rng.choice(ids))
            if held.state not in (*ENDED, "closed"):
                cases.place_by_hand(db, held, rng.choice(("000", "001", "004")), ADMIN, now, RULE)
        else:
            one_step(db, rng, now, ids)
        past.look(now)
    return past


def one_step(db: Connection, rng: random.Random, now: datetime, ids: list[int]) -> None:
    for _ in range(25):
        held, action = cases.lock_id(db, rng.choice(ids)), rng.choice(LIKELY)
        own = Actor("handler", department_id=held.case.department_id)
        who = own if action in OF_DEPARTMENT else WHO.get(action, ADMIN)
        try:
            cases.apply(db, held, action, who, now, TERMS, given(db, rng, action, now, ids))
        except (Conflict, Refused):
            continue
        return


@pytest.fixture(scope="module")
def past(module_schema: Fresh) -> Iterator[History]:
    """Played once, in a schema of its own: what is published there is not committed, and `db` would wait for it."""
    with rolled_back(module_schema) as db:
        yield play(db)


def oracle(past: History, by: str, begin: datetime, end: datetime) -> dict[str | None, Counter[str]]:
    """The lines by key, from the looks alone."""
    lines: dict[str | None, Counter[str]] = {}

    def count(key: str | None, what: str) -> None:
        lines.setdefault(key, Counter())[what] += 1

    born = dict(past.db.execute(text("SELECT id, received_at FROM report")).all())
    before: dict[int, tuple[bool, Any]] = {}
    opened = False
    for at, look in [*past.seen, (end, {})]:
        if at >= begin and not opened:
            opened = True
            for on, key in before.values():
                if on:
                    count(key, "opening")
        if at >= end:
            break
        for id_, row in look.items():
            was, was_key = before.get(id_, (False, None))
            on = was if row.state == "closed" else row.state not in ENDED
            key = getattr(row, by)
            before[id_] = (on, key)
            when = born[id_] if not was and on and row.state == "reported" and id_ not in came_back(past) else at
            if not begin <= when < end:
                continue
            if on and not was:
                count(key, "new" if (id_, at) not in reopened(past) else "reopened")
            elif was and not on:
                count(was_key, row.state)
            elif on and key != was_key:
                count(key, "moved_in")
                count(was_key, "moved_out")
    for on, key in before.values():
        if on:
            count(key, "closing")
    return lines


def came_back(past: History) -> set[int]:
    return {id_ for id_, _ in reopened(past)}


def reopened(past: History) -> set[tuple[int, datetime]]:
    rows = past.db.execute(text("SELECT report_id, at FROM report_log WHERE action IN ('reopen', 'unlink')"))
    return {(row.report_id, row.at) for row in rows}


PERIODS = [(0, 400), (0, 5), (5, 30), (10, 11), (20, 45), (45, 60), (100, 101)]


@pytest.mark.parametrize("by", ledger.BYS)
def test_every_line_is_what_was_seen(past: History, by: ledger.By) -> None:
    for first, last in PERIODS:
        begin, end = BEGIN + timedelta(days=first), BEGIN + timedelta(days=last)
        told = ledger.load_period(past.db, ADMIN, by, begin, end)
        found = {row.code: {k: v for k, v in asdict(row.line).items() if v} for row in told.rows}
        assert found == {key: dict(line) for key, line in oracle(past, by, begin, end).items() if line}, (first, last)
        assert told.reconciles
        assert told.whole.moved_evenly
        assert told.whole.missing == 0


def test_the_history_had_everything(past: History) -> None:
    whole = Line(**dict.fromkeys(asdict(Line()), 0))
    for by in ledger.BYS:
        whole = ledger.load_period(past.db, ADMIN, by, BEGIN, BEGIN + timedelta(days=400)).whole
        assert all(v for k, v in asdict(whole).items() if k != "opening"), (by, whole)
    done = Counter(past.db.scalars(text("SELECT action FROM report_log")))
    assert (
        min(done[one] for one in ("return", "recategorize", "dispatch", "replace", "place", "check_failed", "unlink"))
        > 0
    )


def test_a_period_begins_where_the_one_before_ended(past: History) -> None:
    for by in ledger.BYS:
        for day in range(0, 60, 9):
            one, other = (
                ledger.load_period(past.db, ADMIN, by, BEGIN + timedelta(days=d), BEGIN + timedelta(days=d + 9))
                for d in (day, day + 9)
            )
            closing = {row.code: row.line.closing for row in one.rows if row.line.closing}
            assert closing == {row.code: row.line.opening for row in other.rows if row.line.opening}


def test_every_reader_gets_a_ledger_that_reconciles(past: History) -> None:
    db = past.db
    areas_ = {row.code: row.id for row in db.execute(text("SELECT code, id FROM area"))}
    for reader in (
        Actor("manager", area_ids=(areas_["W"],)),
        Actor("checker", area_ids=(areas_["E"],)),
        Actor("handler", department_id=department(db, "D1")),
        Actor("leader"),
    ):
        for by in ledger.BYS:
            told = ledger.load_period(db, reader, by, BEGIN + timedelta(days=4), BEGIN + timedelta(days=40))
            assert all(row.line.missing == 0 for row in told.rows)
    west = ledger.load_period(db, Actor("checker", area_ids=(areas_["W"],)), "area", BEGIN, BEGIN + timedelta(days=40))
    every = ledger.load_period(db, ADMIN, "area", BEGIN, BEGIN + timedelta(days=40))
    assert [row for row in west.rows if row.code == "W"] == [row for row in every.rows if row.code == "W"]
    assert {row.code for row in west.rows} == {"W"}


def test_a_department_is_told_of_what_it_leads_alone(past: History) -> None:
    """Flows and outcomes are of the same reports, whoever assists or was called."""
    db, begin, end = past.db, BEGIN, BEGIN + timedelta(days=400)
    own = department(db, "D1")
    with db.begin_nested() as inner:
        before = ledger.load_period(db, Actor("handler", department_id=own), "department", begin, end)
        asked = text("UPDATE report SET assist_ids = ARRAY[:own], called_ids = ARRAY[:own] WHERE department_id <> :own")
        assert db.execute(asked.bindparams(own=own)).rowcount > 0
        assert ledger.load_period(db, Actor("handler", department_id=own), "department", begin, end) == before
        leads = db.scalar(text("SELECT count(*) FROM report WHERE department_id = :own").bindparams(own=own))
        assert before.outcomes.received == leads
        assert {row.code for row in before.rows} == {"D1"}
        inner.rollback()


def test_the_last_closing_is_what_stands_on_the_ledger_now(past: History) -> None:
    whole = ledger.load_period(past.db, ADMIN, "grid", BEGIN, BEGIN + timedelta(days=400)).whole
    ends = "('struck_off', 'void', 'not_filed', 'merged')"
    imported = "r.source = 'old' AND r.state = 'closed' AND NOT EXISTS (SELECT FROM report_log l WHERE l.report_id = r.id AND l.to_state NOT IN ('closed', 'void'))"
    asked = text(f"SELECT count(*) FROM report r WHERE r.state NOT IN {ends} AND NOT ({imported})")
    assert whole.closing == past.db.scalar(asked)


def test_a_reversed_period_is_refused(db: Connection) -> None:
    with pytest.raises(Refused, match="period_reversed"):
        ledger.load_period(db, ADMIN, "grid", NOW, NOW)


def test_programme_a_adds_up(past: History) -> None:
    """234 collected on a reception day, 160 solved on the spot, 24 coordinated, so 50 open."""
    with past.db.begin_nested() as inner:
        reception_day(past.db, BEGIN + timedelta(days=500))
        inner.rollback()


def reception_day(db: Connection, day: datetime) -> None:
    worker, sha = Actor("worker"), bytes(32)
    db.execute(
        text(
            "INSERT INTO photo (sha256, file_sha256, width, height, n_bytes, sent_format, sent_bytes, received_at) "
            "VALUES (:sha, :sha, 1, 1, 1, 'jpeg', 1, :at)"
        ),
        {"sha": sha, "at": day},
    )
    for i in range(234):
        sent = submit(db, 110.005, 23.005, RULE, day)
        if i < 160:
            held = cases.lock(db, sent.number)
            cases.apply(db, held, "solve_on_spot", worker, day, AGREED, Given(note="当场解决", photos=(sha.hex(),)))
        elif i < 184:
            lead(db, sent.number, "disposed", day)
    told = ledger.load_period(db, ADMIN, "grid", day, day + timedelta(days=1))
    assert asdict(told.outcomes) == {"received": 234, "on_spot": 160, "coordinated": 24, "open": 50, "dropped": 0}
    assert told.reconciles
    assert (told.whole.new, told.whole.closing - told.whole.opening) == (234, 234)
