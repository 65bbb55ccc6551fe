"""Visits: once by their key, flagged and not refused, corrected by others, handed on to the case loop."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gridsvc import visits, workers
from gridsvc.errors import Conflict, Forbidden, GridsvcError, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from gridsvc.visits import Draft, Need
from tests.conftest import NOW, RULE
from tests.verbs import recounting
from tests.verbs.conftest import taken_back
from tests.verbs.test_editions import publish, square
from tests.verbs.test_visited import doors, draw

BEFORE = NOW - timedelta(hours=2)


class Street:
    """Three doors in grid 1 and two in grid 2 of the square, on a list; a worker of grid 1, one of grid 2, a manager."""

    def __init__(self, db: Connection, rule: Rule) -> None:
        self.db, self.rule = db, rule
        publish(db, square(), NOW - timedelta(days=30), rule)
        self.west, self.east = doors(db, rule, 110.005, 3), doors(db, rule, 110.015, 2)
        self.campaign = draw(db, self.west + self.east)
        grid = text("SELECT g.code FROM household h JOIN grid_version g ON g.id = h.grid_version_id WHERE h.id = :id")
        codes = [str(db.scalar(grid, {"id": some[0]})) for some in (self.west, self.east)]
        workers.save(db, [workers.Worker("w1", "甲"), workers.Worker("w2", "乙")])
        duties = [workers.Duty(w, "base", code, "main") for w, code in zip(("w1", "w2"), codes, strict=True)]
        workers.save_duties(db, duties)
        self.worker, self.colleague = self._actor("worker", "w1"), self._actor("worker", "w2")
        area = db.scalar(text("SELECT min(area_id) FROM grid_version"))
        self.manager = replace(self._actor("manager"), area_ids=(area,) if area else ())

    def _actor(self, role: str, worker: str | None = None) -> Actor:
        worker_id = self.db.scalar(text("SELECT id FROM worker WHERE code = :c"), {"c": worker})
        made = text(
            "INSERT INTO account (login, name, role, password_hash, worker_id) "
            "VALUES (:l, :l, :r, 'x', :w) RETURNING id"
        )
        login = f"{role}-{worker}"
        account_id = self.db.scalar(made, {"l": login, "r": role, "w": worker_id})
        return Actor(role, account_id, login, login, worker_id)

    def draft(self, outcome: str = "reached", **more: Any) -> Draft:
        more = {"client_key": uuid.uuid4(), "household_id": self.west[0], "happened_at": BEFORE} | more
        return Draft(outcome=outcome, **more)

    def record(self, draft: Draft, actor: Actor | None = None, now: datetime = NOW) -> visits.Answer:
        return visits.record(self.db, draft, actor or self.worker, now, self.rule)

    def row(self, answer: visits.Answer) -> Any:
        return self.db.execute(text("SELECT * FROM visit WHERE id = :id"), {"id": answer.visit_id}).mappings().one()

    def status(self, door: int) -> str:
        of = text("SELECT status FROM campaign_door WHERE household_id = :d AND campaign_id = :c")
        return str(self.db.scalar(of, {"d": door, "c": self.campaign}))


@pytest.fixture(scope="module")
def built(ground_db: Connection) -> Street:
    return Street(ground_db, RULE)


@pytest.fixture
def street(built: Street) -> Iterator[Street]:
    with taken_back(built.db):
        yield copy(built)


def refused(
    street: Street, draft: Draft, kind: type[GridsvcError], code: str, actor: Actor | None = None
) -> GridsvcError:
    with pytest.raises(kind) as caught, street.db.begin_nested():
        street.record(draft, actor)
    assert caught.value.code == code
    return caught.value


def test_a_visit_counts_at_once(street: Street) -> None:
    made = street.record(street.draft(n_met=3, policies=("医保",), answers={"几口人": 4}, n_issued=1))
    assert (made.status, made.flags, made.n_reports) == ("created", (), 0)
    row = street.row(made)
    assert (row["n_met"], row["policies"], row["answers"], row["n_issued"]) == (3, ["医保"], {"几口人": 4}, 1)
    assert (row["worker_id"], row["account_id"]) == (street.worker.worker_id, street.worker.account_id)
    assert (row["happened_at"], row["recorded_at"], row["phone_at"], row["role"]) == (BEFORE, NOW, None, "worker")
    assert street.status(street.west[0]) == "reached"
    recounting.assert_right(street.db)


def test_the_same_again_is_the_same(street: Street) -> None:
    draft = street.draft(sent_at=NOW)
    first = street.record(draft)
    again = street.record(replace(draft, sent_at=NOW + timedelta(minutes=5)), now=NOW + timedelta(minutes=5))
    assert (again.status, again.visit_id) == ("same", first.visit_id)
    refused(street, replace(draft, n_met=2), Conflict, "visit_key_used")
    refused(street, replace(draft, outcome="absent"), Conflict, "visit_key_used")
    recounting.assert_right(street.db)


def test_a_repeat_is_the_same_after_the_door_has_gone_elsewhere(street: Street) -> None:
    draft = street.draft()
    street.record(draft)
    street.db.execute(text("DELETE FROM duty"))
    assert street.record(draft).status == "same"
    refused(street, street.draft(), NotFound, "door_unknown")


@pytest.mark.parametrize(
    ("lon", "accuracy_m", "mode", "is_far"),
    [
        (110.005, None, "door", False),
        (110.0058, None, "door", False),  # 82 m
        (110.0062, None, "door", True),  # 123 m
        (110.0062, 130.0, "door", False),
        (110.0062, 120.0, "door", True),
        (110.2, None, "phone", False),
    ],
)
def test_far_is_flagged_and_stored(
    street: Street, lon: float, accuracy_m: float | None, mode: str, is_far: bool
) -> None:
    made = street.record(street.draft(x=lon, y=23.005, crs="wgs84", accuracy_m=accuracy_m, mode=mode))
    row = street.row(made)
    assert (row["far"], made.flags) == (is_far, ("far",) if is_far else ())
    metres = street.db.scalar(
        text(
            "SELECT ST_Distance(v.geom::geography, h.geom::geography) FROM visit v "
            "JOIN household h ON h.id = v.household_id WHERE v.id = :id"
        ),
        {"id": made.visit_id},
    )
    assert row["distance_m"] == pytest.approx(metres, abs=0.001)


def test_a_shifted_position_is_put_right_and_kept_as_sent(street: Street) -> None:
    plain = street.row(street.record(street.draft(x=110.005, y=23.005, crs="wgs84")))
    shifted = street.row(street.record(street.draft(x=110.005, y=23.005, crs="GCJ-02")))
    assert (shifted["x"], shifted["y"], shifted["crs"]) == (110.005, 23.005, "gcj02")
    assert plain["distance_m"] == pytest.approx(0, abs=0.01)
    assert 200 < shifted["distance_m"] < 900
    assert shifted["far"]


def test_late_is_flagged_and_counts_on_its_day(street: Street) -> None:
    late = street.record(street.draft(happened_at=NOW - timedelta(hours=72, seconds=1)))
    just = street.record(street.draft(happened_at=NOW - timedelta(hours=72), household_id=street.west[1]))
    assert (late.flags, just.flags) == (("late",), ())
    first = text("SELECT reached_at FROM campaign_door WHERE household_id = :d")
    assert street.db.scalar(first, {"d": street.west[0]}) == NOW - timedelta(hours=72, seconds=1)


@pytest.mark.parametrize(
    ("said", "sent", "at"),
    [
        (-timedelta(hours=5), -timedelta(hours=3), -timedelta(hours=2)),  # three hours behind
        (timedelta(hours=20), timedelta(hours=21), -timedelta(hours=1)),  # most of a day ahead
        (
            timedelta(days=400),
            timedelta(days=400, hours=1),
            timedelta(),
        ),  # a year ahead: not put right, never after now
        (-timedelta(hours=1), -timedelta(seconds=40), -timedelta(hours=1)),  # only underway
        (timedelta(hours=1), None, timedelta()),  # not told: never after now
        (timedelta(hours=2), timedelta(hours=1), timedelta()),  # after it was sent
    ],
)
def test_the_phone_s_clock_is_put_right(street: Street, said: timedelta, sent: timedelta | None, at: timedelta) -> None:
    made = street.record(street.draft(happened_at=NOW + said, sent_at=None if sent is None else NOW + sent))
    row = street.row(made)
    assert row["happened_at"] == NOW + at
    assert row["phone_at"] == (None if said == at else NOW + said)
    assert ("clock" in made.flags) == (said != at)


def test_a_clock_set_back_hides_no_late_visit(street: Street) -> None:
    long_ago = NOW - timedelta(days=10)
    made = street.record(street.draft(happened_at=long_ago, sent_at=long_ago))
    assert (street.row(made)["happened_at"], made.flags) == (long_ago, ("late", "clock"))
    behind = timedelta(hours=23)
    there = street.draft(happened_at=NOW - timedelta(hours=80), sent_at=NOW - behind, household_id=street.west[1])
    made = street.record(there)
    assert street.row(made)["happened_at"] == NOW - timedelta(hours=80) + behind
    assert made.flags == ("late", "clock")


def test_a_clock_moves_no_visit_before_the_first_day(street: Street) -> None:
    first = datetime(2000, 1, 1, tzinfo=NOW.tzinfo)
    refused(street, street.draft(happened_at=first, sent_at=NOW + timedelta(hours=5)), Refused, "visit_time_impossible")
    far_ahead = street.draft(happened_at=first, sent_at=datetime(2199, 1, 1, tzinfo=NOW.tzinfo))
    assert street.row(street.record(far_ahead))["happened_at"] == first


@pytest.mark.parametrize("year", [1, 1970, 1999])
def test_a_clock_that_began_anew_is_put_right_and_flagged(street: Street, year: int) -> None:
    said = datetime(year, 1, 2, 8, tzinfo=NOW.tzinfo)
    made = street.record(street.draft(happened_at=said, sent_at=said + timedelta(hours=2)))
    assert street.row(made)["happened_at"] == NOW - timedelta(hours=2)
    assert "clock" in made.flags
    sound = street.draft(happened_at=said, sent_at=NOW, household_id=street.west[1])
    refused(street, sound, Refused, "visit_time_impossible")  # put right before it sent: when it was nobody knows


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"outcome": "gone"}, "visit_outcome_unknown"),
        ({"mode": "letter"}, "visit_mode_unknown"),
        ({"n_met": 0}, "visit_nobody_met"),
        ({"n_met": -1}, "visit_count"),
        ({"n_issued": 70000}, "visit_count"),
        ({"outcome": "withdrawn"}, "visit_withdraws_nothing"),
        ({"happened_at": NOW.replace(tzinfo=None)}, "visit_time_impossible"),
        ({"happened_at": datetime.min.replace(tzinfo=NOW.tzinfo)}, "visit_time_impossible"),
        ({"x": 110.0}, "visit_position_parts"),
        ({"x": 23.0, "y": 110.0, "crs": "wgs84"}, "position_out_of_range"),
        ({"x": float("nan"), "y": 23.0, "crs": "wgs84"}, "position_out_of_range"),
        ({"x": 110.0, "y": 23.0, "crs": "mars"}, "crs_unknown"),
    ],
)
def test_what_cannot_be_is_refused(street: Street, more: dict[str, Any], code: str) -> None:
    refused(street, street.draft(**({"outcome": "reached"} | more)), Refused, code)


def test_a_worker_visits_doors_of_the_own_grids_only(street: Street) -> None:
    refused(street, street.draft(household_id=street.east[0]), NotFound, "door_unknown")
    refused(street, street.draft(household_id=10**12), NotFound, "door_unknown")
    street.record(street.draft(household_id=street.east[0]), street.colleague)
    refused(street, street.draft(), NotFound, "door_unknown", Actor("manager", 1, area_ids=()))


def test_a_visit_made_before_the_border_moved_is_not_lost(street: Street) -> None:
    grids = list(
        street.db.scalars(
            text("SELECT grid_version_id FROM household WHERE id = ANY (:ids)"),
            {"ids": [street.west[0], street.east[0]]},
        )
    )
    move = text("UPDATE household SET grid_version_id = :g WHERE id = ANY (:ids)")
    street.db.execute(move, {"g": max(grids), "ids": street.west})
    refused(street, street.draft(), NotFound, "door_unknown")
    ended = text("UPDATE grid_version SET valid_to = :at WHERE id = :g")
    street.db.execute(ended, {"at": NOW - timedelta(days=40), "g": min(grids)})
    refused(street, street.draft(), NotFound, "door_unknown")
    street.db.execute(ended, {"at": NOW - timedelta(days=3), "g": min(grids)})
    assert street.record(street.draft()).status == "created"


def test_a_correction_supersedes(street: Street) -> None:
    first = street.record(street.draft())
    second = street.record(street.draft("absent", supersedes=first.visit_id))
    assert street.status(street.west[0]) == "absent"
    error = refused(street, street.draft("refused", supersedes=first.visit_id), Conflict, "visit_corrected")
    assert error.facts == {"by": second.visit_id, "outcome": "absent", "recorded_at": NOW.isoformat()}
    third = street.draft("withdrawn", supersedes=second.visit_id)
    made = street.record(third)
    assert street.record(third) == replace(made, status="same")
    assert street.status(street.west[0]) == "not_visited"
    recounting.assert_right(street.db)
    assert street.db.scalar(text("SELECT count(*) FROM visit")) == 3


def test_a_correction_may_name_another_door(street: Street) -> None:
    first = street.record(street.draft())
    street.record(street.draft(household_id=street.west[1], supersedes=first.visit_id))
    assert [street.status(door) for door in street.west] == ["not_visited", "reached", "not_visited"]
    recounting.assert_right(street.db)


def test_who_may_correct(street: Street) -> None:
    first = street.record(street.draft())
    correction = street.draft("absent", supersedes=first.visit_id)
    refused(street, correction, NotFound, "visit_unknown", street.colleague)  # does not see the door
    refused(street, street.draft("absent", supersedes=10**12), NotFound, "visit_unknown")
    mate = replace(street.colleague, worker_id=None)
    both = text(
        "INSERT INTO duty (worker_id, layer, grid_code, kind) SELECT :w, layer, grid_code, 'deputy' FROM duty WHERE worker_id = :o"
    )
    street.db.execute(both, {"w": street.colleague.worker_id, "o": street.worker.worker_id})
    refused(street, correction, Forbidden, "correction_not_yours", street.colleague)
    refused(street, correction, NotFound, "visit_unknown", mate)
    street.db.execute(text("DELETE FROM duty"))  # no longer the worker's grid, but still the own visit
    refused(street, replace(correction, household_id=street.west[1]), NotFound, "door_unknown")
    assert street.record(correction).status == "created"


def test_a_manager_corrects_in_the_own_area(street: Street) -> None:
    first = street.record(street.draft())
    area = text(
        "INSERT INTO area (level, code, name, geom) SELECT 'community', 'c1', 'c', ST_Multi(ST_Union(geom)) FROM grid_version RETURNING id"
    )
    area_id = street.db.scalar(area)
    street.db.execute(text("UPDATE grid_version SET area_id = :a"), {"a": area_id})
    manager = replace(street.manager, area_ids=(area_id,))
    assert street.record(street.draft("absent", supersedes=first.visit_id), manager).status == "created"
    assert street.status(street.west[0]) == "absent"


def test_a_need_becomes_a_report(street: Street) -> None:
    draft = street.draft(need=Need("0110", "楼道堆物"), x=110.0051, y=23.005, crs="wgs84", accuracy_m=10.0)
    made = street.record(draft)
    assert (made.status, made.n_reports) == ("created", 1)
    assert street.record(draft) == replace(made, status="same")
    report = (
        street.db.execute(
            text(
                "SELECT r.*, ST_X(r.geom) AS lon FROM report r JOIN visit_report v ON v.report_id = r.id WHERE v.visit_id = :v"
            ),
            {"v": made.visit_id},
        )
        .mappings()
        .one()
    )
    assert (report["channel"], report["description"], report["observed_at"]) == ("visit", "楼道堆物", BEFORE)
    assert (report["lon"], report["accuracy_m"], report["sender_id"]) == (110.0051, 10.0, street.worker.account_id)
    far = street.record(street.draft(need=Need("0110", "别处"), x=110.1, y=23.005, crs="wgs84"))
    lon = text("SELECT ST_X(r.geom) FROM report r JOIN visit_report v ON v.report_id = r.id WHERE v.visit_id = :v")
    assert street.db.scalar(lon, {"v": far.visit_id}) == 110.005  # the door: the phone was elsewhere by then


@pytest.mark.parametrize("n", [0, 1, 2])
def test_of_one_key_in_a_batch_the_first_wins(street: Street, n: int) -> None:
    key = uuid.uuid4()
    need = street.draft(client_key=key, need=Need("0110", "路灯不亮"))
    three = [need, street.draft("absent", client_key=key), street.draft("refused", client_key=key)]
    three = three[n:] + three[:n]
    answers = visits.record_all(street.db, [*three, three[0]], street.worker, NOW, street.rule)
    said = [a.error.code if a.error else a.status for a in answers]
    assert said == ["created", "visit_key_used", "visit_key_used", "same"]
    assert street.row(answers[0])["outcome"] == three[0].outcome
    assert answers[0].n_reports == int(three[0] is need)
    recounting.assert_right(street.db)


def test_a_refused_first_leaves_its_key_to_the_next(street: Street) -> None:
    key = uuid.uuid4()
    wrong = street.draft(client_key=key, supersedes=10**9)
    answers = visits.record_all(
        street.db, [wrong, street.draft("absent", client_key=key)], street.worker, NOW, street.rule
    )
    assert [a.status for a in answers] == ["refused", "created"], answers


def test_a_batch_answers_each(street: Street) -> None:
    w = street.west
    stored = street.draft(household_id=w[2])
    street.record(stored)
    first, other = street.draft(), street.draft("absent", household_id=w[1])
    fix = street.draft("absent", supersedes=first.client_key)
    again = street.draft("refused", supersedes=fix.client_key)
    drafts = [
        again,
        fix,
        first,
        other,
        other,
        replace(other, outcome="vacant"),
        street.draft("no such"),
        street.draft(household_id=street.east[0]),
        stored,
        street.draft(x=999.0, y=1.0, crs="wgs84"),
        street.draft(household_id=w[2], need=Need("0110", "路灯不亮")),
        street.draft("absent", supersedes=uuid.uuid4()),
        street.draft("vacant", supersedes=stored.client_key, household_id=w[2]),
        street.draft("moved", supersedes=stored.client_key, household_id=w[2]),
    ]
    answers = visits.record_all(street.db, drafts, street.worker, NOW, street.rule)
    assert [a.client_key for a in answers] == [d.client_key for d in drafts]
    told = [a.error.code if a.error else a.status for a in answers]
    assert told == [
        *("created", "created", "created", "created", "same", "visit_key_used", "visit_outcome_unknown"),
        *(
            "door_unknown",
            "same",
            "position_out_of_range",
            "created",
            "visit_unknown",
            "created",
            "visit_corrected",
        ),
    ]
    assert answers[10].n_reports == 1
    assert [street.status(door) for door in w] == ["refused", "absent", "reached"]
    recounting.assert_right(street.db)
    with pytest.raises(Refused, match="visits_too_many"):
        visits.record_all(street.db, drafts * 72, street.worker, NOW, street.rule)


def test_corrections_in_a_circle_are_refused(street: Street) -> None:
    one, two = uuid.uuid4(), uuid.uuid4()
    drafts = [street.draft(client_key=one, supersedes=two), street.draft(client_key=two, supersedes=one)]
    drafts.append(street.draft(client_key=(own := uuid.uuid4()), supersedes=own))
    answers = visits.record_all(street.db, drafts, street.worker, NOW, street.rule)
    assert {a.error.code for a in answers if a.error} == {"visit_unknown"}


def test_a_refused_need_takes_its_visit_along(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = street.draft(need=Need("0110", "x"))
    # somebody else has sent a report under the key that this visit's report would have
    key = uuid.uuid5(draft.client_key, "need")
    street.db.execute(
        text(
            "INSERT INTO report (source, number, state, category, channel, received_at, client_key, body_hash) "
            "VALUES ('gridsvc', 'x', 'reported', 'unclassified', 'web', :n, :k, '\\x00')"
        ),
        {"n": NOW, "k": key},
    )
    answers = visits.record_all(
        street.db, [draft, street.draft(household_id=street.west[1])], street.worker, NOW, street.rule
    )
    assert [a.error.code if a.error else a.status for a in answers] == ["client_key_used", "created"]
    assert street.db.scalar(text("SELECT count(*) FROM visit")) == 1
    recounting.assert_right(street.db)


def test_visits_of_another_time(street: Street) -> None:
    past = [
        visits.Past(
            street.draft(happened_at=NOW - timedelta(days=d)), street.worker.worker_id, NOW - timedelta(days=d - 4)
        )
        for d in (6, 5)
    ]
    assert visits.load(street.db, past) == 2
    assert visits.load(street.db, past) == 0
    assert visits.load(street.db, []) == 0
    rows = street.db.execute(text("SELECT recorded_at, late FROM visit ORDER BY id")).all()
    assert [tuple(r) for r in rows] == [(NOW - timedelta(days=2), True), (NOW - timedelta(days=1), True)]
    recounting.assert_right(street.db)
    with pytest.raises(NotFound, match="door_unknown"):
        visits.load(street.db, [visits.Past(street.draft(household_id=10**12), None, NOW)])
