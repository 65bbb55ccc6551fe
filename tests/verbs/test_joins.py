"""Joining under a crowd, what retention takes of joiners, and what a reporter's fields mean to older drafts."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from gridsvc import joins, reports, retention
from gridsvc.errors import Conflict
from gridsvc.reporters import Reporter
from gridsvc.reports import Draft, Position
from gridsvc.rules.cells import LEAST, Cells, square
from gridsvc.rules.roles import ANONYMOUS
from tests.conftest import NOW, Fresh
from tests.through import lead
from tests.web import county as counties
from tests.web.county import RULE

SECRET = "ab" * 32
HERE = Position(110.0251, 23.0151, "wgs84")


def sent(made: Fresh) -> reports.Submitted:
    with made.begin() as db:
        who = Reporter(name="张三", for_name="李四", for_phone="13900000000", tell="concerned")
        return reports.submit(db, Draft(uuid.uuid4(), "0110", "垃圾", "web", HERE, reporter=who), ANONYMOUS, NOW, RULE)


def test_a_crowd_joins_at_once_and_retention_forgets_it(fresh: Fresh) -> None:
    with fresh.begin() as db:
        counties.build(db)
    report = sent(fresh)
    with fresh.begin() as db:
        lived_in = Cells({square(HERE.lon, HERE.lat): LEAST})
        (near,) = joins.near(db, "0110", (HERE.lon, HERE.lat), NOW, lived_in, ())

    def join(key: uuid.UUID) -> joins.Joined:
        with fresh.begin() as db:
            return joins.join(db, near.handle, key, key.hex * 2, "13800001111", NOW, ())

    keys = [uuid.uuid4() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(join, keys * 3))
    assert sorted(one.n_joined for one in done if one.created) == [1, 2, 3, 4]
    assert sum(not one.created for one in done) == 8
    with fresh.begin() as db:
        assert joins.count(db, report.id) == 4
        seqs = "SELECT array_agg(seq ORDER BY seq) FROM report_log WHERE report_id = :r"
        assert db.scalar(text(seqs), {"r": report.id}) == [1, 2, 3, 4, 5]
        lead(db, report.number, "void", NOW)
    with pytest.raises(Conflict, match="join_over"):
        join(uuid.uuid4())
    with fresh.begin(owner=True) as db:
        later = NOW + timedelta(days=400)
        assert retention.blank(db, later - timedelta(days=1), later, uuid.uuid4()).n_reporters == 1
        left = "SELECT count(*) FROM joined WHERE secret_hash IS NOT NULL OR phone IS NOT NULL"
        assert db.scalar(text(left)) == 0
        assert db.scalar(text("SELECT num_nonnulls(name, for_name, for_phone) FROM reporter")) == 0
        assert joins.count(db, report.id) == 4


def test_a_draft_of_before_keeps_its_fingerprint() -> None:
    """A phone that kept a draft over an update of the service sends it again as the same report."""
    before = {"secret_sha256": SECRET, "name": None, "phone": "13800001111", "address": None}
    assert Reporter(SECRET, phone="13800001111").said() == before
    assert Reporter(SECRET, phone="13800001111", tell="both").said() == before | {"tell": "both"}
