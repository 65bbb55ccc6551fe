"""What the worklist keeps beside each report and placement is what a recount gives, after every kind of write."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from gridsvc import cases, rewriting, worklist, worklist_filter
from gridsvc.grids import Rule
from gridsvc.rules.case import Given
from gridsvc.rules.deadlines import until
from gridsvc.rules.lifecycle import OPEN, STATES
from gridsvc.rules.roles import Actor
from gridsvc.worklist import Filter, Order
from tests.conftest import NOW
from tests.through import ADMIN, AGREED, CHECKER, department, lead
from tests.verbs.report_files import row, table, take
from tests.verbs.test_editions import cell, publish, square, submit

DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
GONE = set(STATES) - set(OPEN)
# The rules once more, word by word, over everything that is stored.
DIFFERENT = """
  SELECT r.number, 'step' FROM report r WHERE r.step IS DISTINCT FROM CASE
    WHEN NOT r.open THEN NULL
    WHEN r.state = 'checked' OR (r.state = 'disposed' AND r.outcome = 'on_spot' AND coalesce(NOT r.sampled, false))
      THEN 'to_close'
    WHEN r.state = 'disposed' THEN 'to_check'
    WHEN r.state = 'dispatched' AND r.accepted_at IS NULL THEN 'to_accept'
    WHEN r.state = 'dispatched' THEN 'in_work'
    WHEN r.state = 'filed' THEN 'to_dispatch'
    WHEN r.state = 'verified' OR r.by_staff OR coalesce(r.verified, 'unable') IN ('exists', 'absent') THEN 'to_file'
    ELSE 'to_verify' END
  UNION ALL
  SELECT r.number, 'until_at' FROM report r WHERE r.until_at IS DISTINCT FROM CASE
    WHEN NOT r.open THEN NULL
    WHEN r.state IN ('disposed', 'checked') THEN r.stage_due_at
    WHEN r.stage = 'dispose' THEN r.due_at
    WHEN r.due_at IS NULL OR r.stage_due_at < r.due_at THEN r.stage_due_at
    ELSE r.due_at END
  UNION ALL
  SELECT r.number, 'said' FROM report r WHERE r.said IS DISTINCT FROM CASE
    WHEN r.open AND octet_length(concat(r.description, r.words)) <= 600
      THEN concat_ws(chr(31), r.description, coalesce(r.words, '')) END
  UNION ALL
  SELECT r.number, 'flags' FROM report r WHERE r.flags IS DISTINCT FROM CASE WHEN r.open THEN
    CAST(num_nonnulls(r.suspended_at, r.waiting_at) > 0 AS integer)
    + 2 * CAST(coalesce(r.routing, '') = 'consultation' AS integer)
    + 4 * num_nonnulls(r.extension_asked_at) + 8 * least(r.n_rework, 1) END
  UNION ALL
  SELECT r.number, 'first placement' FROM report r JOIN placement p ON p.report_id = r.id AND p.seq = 1
  WHERE p.from_at > r.updated_at
  UNION ALL
  SELECT r.number, 'updated_at' FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
  WHERE greatest(r.updated_at, p.from_at)
    IS DISTINCT FROM (SELECT l.at FROM report_log l WHERE l.report_id = r.id ORDER BY l.seq DESC LIMIT 1)
  UNION ALL
  SELECT r.number, 'ended' FROM report r LEFT JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
  WHERE p.report_id IS NULL OR p.ended IS DISTINCT FROM CASE WHEN NOT r.open THEN r.state END
    OR p.received_at IS DISTINCT FROM CASE WHEN NOT r.open THEN r.received_at END
"""


def same(db: Connection) -> int:
    """How many reports there are, of which nothing that is kept differs from its recount."""
    assert db.execute(text(DIFFERENT)).all() == []
    steps = db.execute(text("SELECT state, stage, due_at, stage_due_at, until_at FROM report")).all()
    assert [until(*step[:4]) for step in steps] == [step.until_at for step in steps], "the same rule in plain Python"
    return int(db.scalar(text("SELECT count(*) FROM report")) or 0)


def act(db: Connection, number: str, action: str, at: datetime = NOW, who: Actor = ADMIN, **given: Any) -> None:
    cases.apply(db, cases.lock(db, number), action, who, at, AGREED, Given(note="说明", **given))


def test_each_step_of_a_case(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW - 9 * DAY, rule)
    sent = [submit(db, 110.005, 23.005, rule, NOW - 8 * DAY) for _ in range(6)]
    numbers = [one.number for one in sent]
    assert same(db) == 6
    for i, state in enumerate(("verified", "filed", "dispatched", "disposed", "checked", "closed", "struck_off")):
        lead(db, numbers[0], state, NOW - (7 - i) * DAY)
        same(db)
    act(db, numbers[0], "note")
    same(db)
    act(db, numbers[0], "reopen", NOW + DAY)
    assert db.scalar(text("SELECT open FROM report WHERE number = :n"), {"n": numbers[0]})
    same(db)
    lead(db, numbers[1], "dispatched", NOW)
    act(db, numbers[1], "accept", who=Actor("handler", department_id=department(db)))
    same(db)
    for action, given in (
        ("suspend", {"until": NOW + 9 * DAY}),
        ("resume", {}),
        ("whistle", {"department_ids": (department(db, "D2"),)}),
        ("remind", {}),
        ("supervise", {"card": "yellow"}),
        ("note", {}),
    ):
        act(db, numbers[1], action, NOW + DAY, **given)
        same(db)
    act(db, numbers[1], "return", NOW + DAY, Actor("handler", department_id=department(db)))
    same(db)
    lead(db, numbers[2], "disposed", NOW)
    act(db, numbers[2], "check_failed", NOW + DAY, CHECKER)
    same(db)
    lead(db, numbers[3], "void", NOW)
    act(db, numbers[4], "link", NOW, parent_id=sent[2].id)
    act(db, numbers[5], "verify_unable", NOW)
    assert same(db) == 6
    assert ended(db) == {"void": 1, "merged": 1}


def ended(db: Connection) -> dict[str, int]:
    """How many current placements say that their report ended so."""
    found = text("SELECT ended, count(*) AS n FROM placement WHERE to_at IS NULL AND ended IS NOT NULL GROUP BY 1")
    return {one.ended: one.n for one in db.execute(found)}


@pytest.mark.parametrize("large", [False, True])
def test_published_borders_and_places_by_hand(
    db: Connection, rule: Rule, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(rewriting, "LEAST_ROWS", 1)
    publish(db, square(), NOW - 9 * DAY, rule)
    sent = [submit(db, 110.0102 + 0.0001 * i, 23.005, rule, NOW - 8 * DAY) for i in range(8)]
    lead(db, sent[0].number, "closed", NOW - 7 * DAY)
    lead(db, sent[1].number, "struck_off", NOW - 7 * DAY)
    cases.place_by_hand(db, cases.lock(db, sent[2].number), "008", ADMIN, NOW - 6 * DAY, rule)
    assert same(db) == 8
    rows = square()
    rows[0] = (0, "000", "网格0", cell(110, 23, 110.012, 23.01))
    rows[1] = (1, "001", "网格1", cell(110.012, 23, 110.02, 23.01))
    assert publish(db, rows, NOW - 5 * DAY, rule).n_reports_moved == 5
    assert same(db) == 8
    lead(db, sent[3].number, "closed", NOW - 4 * DAY)  # it ends in the grid that it was moved to
    assert same(db) == 8
    assert ended(db) == {"closed": 2, "struck_off": 1}


def test_imported_files_and_what_they_change(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, square(), NOW - 9 * DAY, rule)
    done = {"state": "已办结", "closed_at": "2026-03-02T10:00:00Z"}
    first = (row("A"), row("B", **done), row("C", lon=None, lat=None), row("D", **done), row("E", **done))
    take(db, table(tmp_path / "r.csv", *first), rule)
    assert same(db) == 5
    assert ended(db) == {"closed": 3}
    second = (row("A", **done), row("B"), row("C", state="void"), row("D", lon=110.015, **done))
    late = row("E", reported_at="2026-02-01 08:00:00", **done)
    take(db, table(tmp_path / "r.csv", *second, late), rule, now=NOW + DAY)
    assert same(db) == 5
    worker = text("INSERT INTO worker (code, name) VALUES ('w', '王')")
    db.execute(worker)
    on_duty = "INSERT INTO duty (worker_id, layer, grid_code, kind) SELECT id, 'base', '000', 'main' FROM worker"
    db.execute(text(on_duty))
    take(db, table(tmp_path / "s.csv", row("F"), row("G", **done)), rule, now=NOW + DAY)
    assert same(db) == 7


def listed(db: Connection, reader: Actor, wanted: Filter) -> list[int]:
    found: list[int] = []
    after = None
    while True:
        page = worklist.page(db, reader, wanted, NOW, ZONE, order=Order("received"), after=after, limit=100)
        found += [one.id for one in page.items]
        after = page.next
        if after is None:
            return found


def test_other_questions_take_the_long_way(db: Connection) -> None:
    manager = Actor("manager", area_ids=(1,))
    for reader, wanted in (
        (ADMIN, Filter(states=("closed",))),
        (manager, Filter(states=("closed", "filed"))),
        (manager, Filter(states=tuple(OPEN))),
        (manager, Filter()),
        (manager, Filter(states=("closed",), words="x")),
        (manager, Filter(states=("closed",), category="x")),
        (Actor("handler", department_id=1), Filter(states=("closed",))),
    ):
        assert worklist_filter.ended_places(db, reader, wanted) is None, wanted
