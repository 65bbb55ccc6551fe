"""What was agreed on meets the reports: limits of a class, the limit of verification, a deadline after a reopening."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from gridsvc import audit, cases, reports, terms
from gridsvc.imports import columns
from gridsvc.imports import limits as importing
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given
from gridsvc.rules.deadlines import Limit
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.terms import Agreed, StageLimit
from tests.conftest import NOW, RULE
from tests.through import WORKER

HOUR = timedelta(hours=1)
ZONE = "Asia/Shanghai"


@pytest.fixture
def db(db: Connection) -> Connection:
    db.execute(text("INSERT INTO category (code, name_zh, name_en) VALUES ('P', 'P', 'P'), ('P01', 'P', 'P'), ('P0101', 'P', 'P'), ('P0102', 'P', 'P'), ('E01', 'E', 'E')"))  # fmt: skip
    return db


def agree(db: Connection, *limits: tuple[str, str | None, int]) -> Agreed:
    terms.save(db, [StageLimit(stage, category, Limit(hours, "urgent_hour")) for stage, category, hours in limits])
    return terms.load(db, ZONE)


def send(db: Connection, who: Actor = ANONYMOUS, category: str = "P0101") -> cases.Held:
    draft = Draft(uuid.uuid4(), category, "灯不亮", "web", Position(110.005, 23.005, "wgs84"))
    sent = reports.submit(db, draft, who, NOW, RULE, lambda db: terms.load(db, ZONE))
    return cases.lock(db, sent.number)


def test_the_most_specific_limit_of_a_stage_counts(db: Connection) -> None:
    agreed = agree(
        db, ("check", None, 1), ("check", "P", 2), ("check", "P01", 3), ("check", "P0101", 4), ("accept", "P01", 5)
    )
    hours = {
        code: [limit and int(limit.amount) for limit in (agreed.of(code).stages.check, agreed.of(code).stages.accept)]
        for code in ("P0101", "P0102", "P0201", "P", "E01", "", "unclassified")
    }
    assert hours == {
        "P0101": [4, 5], "P0102": [3, 5], "P0201": [2, None], "P": [2, None],
        "E01": [1, None], "": [1, None], "unclassified": [1, None],
    }  # fmt: skip


def test_a_file_names_classes_and_verification(db: Connection, tmp_path: Path) -> None:
    file = tmp_path / "limits.csv"
    file.write_text("环节,类别,时限\n核实,,1小时\n核查,P01,2小时\n", encoding="utf-8")
    table = columns.read(file, importing.COLUMNS, importing.REQUIRED)
    account = importing.take(db, table, file.name, day_means=None, replace=True)
    assert (account.tally.new, account.n_refused) == (2, 0)
    stages = terms.load(db, ZONE).of("P0102").stages
    assert stages.verify is not None
    assert stages.check is not None


def test_verification_runs_from_the_submission(db: Connection) -> None:
    agree(db, ("verify", "P01", 2))
    held = send(db)
    assert (held.case.stage, held.case.stage_due_at, held.seq) == ("verify", NOW + 2 * HOUR, 1)
    assert cases.replayed(db, held.id) == held.case
    facts = db.scalar(text("SELECT facts FROM report_log WHERE report_id = :id"), {"id": held.id})
    assert facts["set"]["stage"] == "verify"  # type: ignore[index]
    assert audit.verify(db).sound
    done = cases.apply(db, held, "verify", WORKER, NOW + HOUR, terms.load(db, ZONE), Given())
    assert (done.case.stage, done.case.stage_due_at) == (None, None)


def test_it_runs_for_nobody_who_need_not_wait_for_it(db: Connection) -> None:
    assert send(db).case.stage is None  # no limit
    agree(db, ("verify", "E01", 2))
    assert send(db).case.stage is None  # of another class
    assert send(db, Actor("worker"), "E01").case.stage is None  # staff has seen it
    assert send(db, category="E01").case.stage == "verify"
    unable = send(db, category="E01")
    agreed = terms.load(db, ZONE)
    after = cases.apply(db, unable, "verify_unable", WORKER, NOW + HOUR, agreed, Given(note="门锁着")).case
    assert (after.stage, after.stage_due_at) == ("verify", NOW + 2 * HOUR)  # somebody has to go again
