"""What was said at doors goes after a while; the visits stay and count."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gridsvc import visit_retention
from gridsvc.errors import Refused
from gridsvc.grids import Rule
from tests.conftest import NOW, Fresh
from tests.verbs import recounting
from tests.verbs.test_visits import Street


def test_the_words_go_and_the_visit_stays(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin() as db:
        street = Street(db, rule)
        old = street.draft(needs="想装充电桩", answers={"几口人": 4}, n_met=2)
        plain = street.draft("absent", household_id=street.west[1])
        new = street.draft(household_id=street.west[2], needs="路灯")
        for draft, at in ((old, NOW), (plain, NOW), (new, NOW + timedelta(days=5))):
            street.record(draft, now=at)
        carried = text(  # what was said long ago is no younger because its door became another entry
            "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, n_met, needs, supersedes_id, "
            "carried) SELECT gen_random_uuid(), household_id, outcome, happened_at, :at, n_met, needs, id, true FROM visit "
            "WHERE client_key = :k"
        )
        db.execute(carried, {"k": old.client_key, "at": NOW + timedelta(days=5)})
    before, now, batch = NOW + timedelta(days=1), NOW + timedelta(days=10), uuid.uuid4()
    with pytest.raises(DBAPIError, match="permission denied"), fresh.begin() as db:
        visit_retention.blank(db, before, now, batch)
    with fresh.begin(owner=True) as db:
        with pytest.raises(Refused, match="retention_ahead"):
            visit_retention.blank(db, now + timedelta(days=1), now, batch)
        assert visit_retention.blank(db, before, now, batch) == 2
        assert visit_retention.blank(db, before, now, batch) == 0
    with fresh.begin() as db:
        said = {row.client_key: row for row in db.execute(text("SELECT * FROM visit"))}
        assert (said[old.client_key].needs, said[old.client_key].answers, said[old.client_key].digest) == (
            None,
            None,
            None,
        )
        assert said[old.client_key].n_met == 2
        assert said[plain.client_key].digest is not None
        assert said[new.client_key].needs == "路灯"
        recounting.assert_right(db)
        records = db.execute(text("SELECT household_id, what, batch, at FROM deletion_record")).all()
        assert [tuple(row) for row in records] == [(street.west[0], "visit", batch, now)] * 2
        street.db = db
        assert street.record(old).status == "same"
