"""Near reports of the same category are offered, never merged by themselves; a place that comes again is known."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from gridsvc import cases, dossier, duplicates, reports
from gridsvc.errors import Conflict, Refused
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given
from gridsvc.rules.roles import ANONYMOUS, Actor
from tests.conftest import NOW, RULE
from tests.through import ADMIN, AGREED, lead

HERE = (110.005, 23.005)
M = 1 / 110_700  # a metre northwards, in degrees of latitude


def submit(db: Connection, lonlat: tuple[float, float], category: str = "unclassified") -> reports.Submitted:
    draft = Draft(uuid4(), category, "井盖缺失", "web", Position(*lonlat, "wgs84"))
    return reports.submit(db, draft, ANONYMOUS, NOW, RULE)


def north(metres: float) -> tuple[float, float]:
    return HERE[0], HERE[1] + metres * M


def test_the_nearest_open_ones_of_the_category_are_offered(db: Connection) -> None:
    db.execute(text("INSERT INTO category (code, name_zh, name_en) VALUES ('lamp', '路灯', 'Lamp')"))
    far, near, ended = submit(db, north(45)), submit(db, north(10)), submit(db, north(5))
    submit(db, north(60))
    submit(db, HERE, "lamp")
    lead(db, ended.number, "void", NOW)
    found = duplicates.near(db, ADMIN, "unclassified", HERE, NOW)
    assert [one.number for one in found] == [near.number, far.number]
    assert found[0].distance_m == pytest.approx(10, abs=0.1)
    assert duplicates.near(db, ADMIN, "unclassified", HERE, NOW + timedelta(days=31)) == ()
    db.execute(text("UPDATE category SET dup_radius_m = 20, dup_days = 90 WHERE code = 'unclassified'"))
    found = duplicates.near(db, ADMIN, "unclassified", HERE, NOW + timedelta(days=31), but=far.id)
    assert [one.number for one in found] == [near.number]
    assert duplicates.near(db, Actor("manager"), "unclassified", HERE, NOW)[0].number == near.number  # on no grid
    assert duplicates.near(db, Actor("worker"), "unclassified", HERE, NOW) == ()


def test_a_linked_child_stays_and_can_be_taken_back(db: Connection) -> None:
    parent, child = submit(db, HERE), submit(db, north(10))
    held = cases.lock(db, child.number)
    with pytest.raises(Refused, match="input_missing"):
        cases.apply(db, held, "link", ADMIN, NOW, AGREED, Given())
    cases.apply(db, held, "link", ADMIN, NOW, AGREED, Given(parent_id=parent.id))
    assert cases.lock(db, child.number).case.parent_id == parent.id
    with pytest.raises(Conflict, match="has_children"):
        cases.apply(db, cases.lock(db, parent.number), "link", ADMIN, NOW, AGREED, Given(parent_id=child.id))
    assert duplicates.near(db, ADMIN, "unclassified", HERE, NOW, but=parent.id) == ()
    cases.apply(db, cases.lock(db, child.number), "unlink", ADMIN, NOW, AGREED, Given(note="不是同一处"))
    assert cases.lock(db, child.number).state == "reported"


def test_a_report_cannot_be_linked_to_itself_or_to_what_has_ended(db: Connection) -> None:
    one, ended = submit(db, HERE), submit(db, north(10))
    lead(db, ended.number, "void", NOW)
    with pytest.raises(Refused, match="parent_itself"):
        cases.apply(db, cases.lock(db, one.number), "link", ADMIN, NOW, AGREED, Given(parent_id=one.id))
    with pytest.raises(Conflict, match="parent_not_open"):
        cases.apply(db, cases.lock(db, one.number), "link", ADMIN, NOW, AGREED, Given(parent_id=ended.id))


def test_the_same_place_again_within_a_year_is_flagged_and_shown(db: Connection) -> None:
    first = submit(db, HERE)

    def again(lonlat: tuple[float, float], days: int) -> list[str]:
        now = NOW + timedelta(days=days)
        draft = Draft(uuid4(), "unclassified", "井盖缺失", "web", Position(*lonlat, "wgs84"))
        sent = reports.submit(db, draft, ANONYMOUS, now, RULE)
        folder = dossier.folder(db, ADMIN, dossier.load_one(db, ADMIN, sent.number), now)
        return [one.number for one in folder.related("again")]

    assert again(HERE, 0) == [], "the first is open: that is a duplicate"
    lead(db, first.number, "closed", NOW)
    assert again(north(20), 300) == [first.number]
    assert again(north(60), 300) == []
    assert again(HERE, 366) == []
