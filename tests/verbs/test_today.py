"""What there is to look at today, the unplaced queue, and one report's story: counted and shown to whom it concerns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from gridsvc import areas, cases, dossier, editions, grids, listing, today, unplaced, workers
from gridsvc.errors import Conflict, Forbidden, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.reports import Position
from gridsvc.rules.roles import Actor
from tests.conftest import NOW
from tests.through import lead
from tests.verbs.test_editions import cell, publish, square, submit

ZONE = ZoneInfo("Asia/Shanghai")
ADMIN = Actor("admin")


@pytest.fixture
def city(db: Connection, rule: Rule) -> Connection:
    """Nine grids, the western three in area W; worker w in grid 000."""
    areas.save(db, [areas.Area("W", "community", "西", None, cell(109.999, 22.999, 110.01, 23.031))])
    publish(db, square(), NOW - timedelta(days=60), rule)
    editions.link_areas(db)
    workers.save(db, [workers.Worker("w", "王")])
    workers.save_duties(db, [workers.Duty("w", "base", "000", "main"), workers.Duty("w", "base", "003", "deputy")])
    return db


def west(db: Connection) -> Actor:
    return Actor("manager", area_ids=(db.scalar(text("SELECT id FROM area WHERE code = 'W'")),))


def worker(db: Connection) -> Actor:
    return Actor("worker", worker_id=db.scalar(text("SELECT id FROM worker")))


def test_waiting_counts_what_each_reader_sees(city: Connection, rule: Rule) -> None:
    submit(city, 110.005, 23.005, rule)
    submit(city, 110.0101, 23.005, rule, accuracy_m=40.0)  # in 001, doubtful
    submit(city, 110.0099, 23.005, rule, accuracy_m=40.0)  # in 000, doubtful
    submit(city, 110.005, 23.005, rule, NOW - timedelta(days=8))
    closed = submit(city, 110.005, 23.005, rule)
    lead(city, closed.number, "closed", NOW)
    void = submit(city, 110.005, 23.005, rule)
    lead(city, void.number, "void", NOW)
    lost = submit(city, 111.0, 23.005, rule, NOW - timedelta(days=1))
    everything = today.waiting(city, ADMIN, NOW, ZONE)
    assert (everything.n_week, everything.n_before, everything.n_open) == (6, 1, 5)
    assert (everything.n_doubtful, everything.n_unplaced) == (2, 1)
    assert everything.unplaced_since == lost.received_at
    # who may place has the unplaced ones in the list, and so in the figures
    for reader, n_week, n_open in ((west(city), 5, 4), (worker(city), 4, 3), (Actor("manager"), 1, 1)):
        mine = today.waiting(city, reader, NOW, ZONE)
        assert (mine.n_week, mine.n_open, mine.n_unplaced) == (n_week, n_open, 1)
    for reader in (ADMIN, west(city), worker(city), Actor("manager")):
        told = today.waiting(city, reader, NOW, ZONE)
        begin = today.week_from(NOW, ZONE)
        before = listing.Filter(from_at=begin - timedelta(days=7), to_at=begin)
        open_, doubtful = listing.Filter(state="reported"), listing.Filter(state="reported", doubtful=True)
        lists = [
            len(listing.page(city, reader, wanted).items)
            for wanted in (listing.Filter(from_at=begin), before, open_, doubtful)
        ]
        assert [told.n_week, told.n_before, told.n_open, told.n_doubtful] == lists, reader


def test_the_week_begins_with_a_day_of_the_zone(city: Connection, rule: Rule) -> None:
    begin = datetime(2026, 10, 25, 16, 0, tzinfo=UTC)  # midnight of the 26th in Shanghai, six days before NOW's day
    assert today.week_from(NOW, ZONE) == begin
    submit(city, 110.005, 23.005, rule, begin)
    submit(city, 110.005, 23.005, rule, begin - timedelta(seconds=1))
    counted = today.waiting(city, ADMIN, NOW, ZONE)
    assert (counted.n_week, counted.n_before) == (1, 1)
    assert today.quarter(date(2026, 12, 31)) == (date(2026, 10, 1), date(2026, 12, 31))
    assert today.quarter(date(2028, 2, 29)) == (date(2028, 1, 1), date(2028, 3, 31))


def test_holdings_and_own_grids(db: Connection, city: Connection, rule: Rule) -> None:
    submit(city, 110.005, 23.005, rule)
    held = today.holdings(city)
    assert (held.n_base, held.n_dedicated, held.n_reports, held.n_workers) == (9, 0, 1, 1)
    assert (held.base_since, held.dedicated_since) == (NOW - timedelta(days=60), None)
    mine = today.own_grids(city, worker(city).worker_id)
    assert [(g.code, g.kind, g.n_open, g.n_mine) for g in mine] == [("000", "main", 1, 1), ("003", "deputy", 0, 0)]
    assert today.own_grids(city, None) == ()


def test_queue_is_oldest_first_by_reason_and_page(city: Connection, rule: Rule) -> None:
    later = submit(city, 111.0, 23.005, rule)
    first = submit(city, 111.1, 23.005, rule, NOW - timedelta(days=3))
    closed = submit(city, 111.2, 23.005, rule)
    lead(city, closed.number, "closed", NOW)
    submit(city, 110.005, 23.005, rule)
    queue = unplaced.waiting(city, 10)
    assert [item.number for item in queue] == [first.number, later.number]
    assert [item.seq for item in queue] == [1, 1]
    assert unplaced.reasons(city) == {"outside": 2}
    assert unplaced.waiting(city, 10, reason="words_only") == ()
    behind = unplaced.waiting(city, 10, after=(queue[0].received_at, queue[0].id))
    assert [item.number for item in behind] == [later.number]


def test_grids_are_offered_from_the_readers_own(city: Connection) -> None:
    assert [c.code for c in unplaced.grids_like(city, ADMIN, "网格")] == [f"{i:03d}" for i in range(9)]
    assert [c.code for c in unplaced.grids_like(city, west(city), "网格")] == ["000", "003", "006"]
    assert [c.code for c in unplaced.grids_like(city, ADMIN, "%")] == []
    assert unplaced.chosen(city, ADMIN, "网格4") == "004"
    assert unplaced.chosen(city, ADMIN, "网格4 004") == "004"
    assert unplaced.chosen(city, ADMIN, " 004 ") == "004"
    near = unplaced.grids_near(city, ADMIN, 110.0155, 22.9999)
    assert [c.code for c in near] == ["001", "002", "000"]
    assert near[0].distance_m == pytest.approx(11.1, abs=0.1)
    with pytest.raises(NotFound, match="grid_unknown"):
        unplaced.chosen(city, west(city), "004")
    with pytest.raises(Conflict, match="grid_ambiguous"):
        unplaced.chosen(city, ADMIN, "网格")
    with pytest.raises(Refused, match="grid_missing"):
        unplaced.chosen(city, ADMIN, "  ")


def test_placing_by_hand_stays_in_the_own_area_and_sees_others(city: Connection, rule: Rule) -> None:
    lost = submit(city, 111.0, 23.005, rule)
    with pytest.raises(Forbidden, match="grid_not_yours"), city.begin_nested():
        unplaced.place(city, unplaced.lock(city, west(city), lost.id, 1), "004", west(city), NOW, rule)
    pin = Position(110.015, 23.005, "wgs84")
    with pytest.raises(Forbidden, match="grid_not_yours"), city.begin_nested():
        unplaced.place(city, unplaced.lock(city, west(city), lost.id, 1), pin, west(city), NOW, rule)
    assert unplaced.reasons(city) == {"outside": 1}
    placed = unplaced.place(city, unplaced.lock(city, west(city), lost.id, 1), "003", west(city), NOW, rule)
    assert (placed.code, placed.method) == ("003", "manual")
    assert unplaced.reasons(city) == {}
    with pytest.raises(Conflict, match="version_stale") as late:
        unplaced.lock(city, west(city), lost.id, 1)
    assert [(one["seq"], one["action"]) for one in late.value.facts["changed"]] == [(2, "place")]
    with pytest.raises(NotFound):
        unplaced.lock(city, west(city), 10**9, 1)


def test_only_who_sees_an_open_report_can_take_it(city: Connection, rule: Rule) -> None:
    foreign, lost = submit(city, 110.015, 23.005, rule), submit(city, 111.0, 23.005, rule)
    own, closed = submit(city, 110.005, 23.005, rule), submit(city, 111.0, 23.005, rule)
    lead(city, closed.number, "closed", NOW)
    for report_id, seq in ((foreign.id, 1), (foreign.id, 2), (10**9, 1)):  # the seq tells nothing of a foreign one
        with pytest.raises(NotFound) as refused:
            unplaced.lock(city, west(city), report_id, seq)
        assert (refused.value.code, refused.value.facts) == ("report_unknown", {"number": report_id})
    for reader in (worker(city), Actor("manager"), Actor()):
        with pytest.raises(NotFound):
            unplaced.lock(city, reader, foreign.id, 1)
    assert unplaced.lock(city, ADMIN, foreign.id, 1).seq == 1
    assert [unplaced.lock(city, west(city), one.id, 1).id for one in (own, lost)] == [own.id, lost.id]
    with pytest.raises(Conflict, match="step_not_allowed"):
        unplaced.lock(city, west(city), closed.id, cases.lock(city, closed.number).seq)


def test_dossier_tells_the_story_to_those_it_concerns(city: Connection, rule: Rule) -> None:
    sent = submit(city, 111.0, 23.005, rule, NOW - timedelta(hours=2))
    with pytest.raises(NotFound):
        dossier.load_one(city, worker(city), sent.number)
    unplaced.place(city, unplaced.lock(city, west(city), sent.id, 1), "003", west(city), NOW, rule)
    for reader in (ADMIN, west(city), worker(city)):
        told = dossier.load_one(city, reader, sent.number)
        assert [(s.code, s.method, s.to_at) for s in told.stays] == [("003", "manual", None), (None, "none", NOW)]
        assert [entry.action for entry in told.log] == ["submit", "place"]
        assert (told.now.code, told.seq, told.said.lon) == ("003", 2, 111.0)
    inside = submit(city, 110.015, 23.005, rule)
    for reader in (west(city), worker(city)):
        with pytest.raises(NotFound):
            dossier.load_one(city, reader, inside.number)
    assert dossier.load_one(city, ADMIN, inside.number).now.area_name is None


def test_a_stay_is_doubtful_below_the_limit_and_not_without_accuracy() -> None:
    def stay(confidence: float | None) -> dossier.Stay:
        rest = (None, None, confidence, None, None, None)
        return dossier.Stay(1, NOW, None, "1", "1", "base", False, None, "covers", *rest)

    assert [stay(c).doubtful for c in (None, 0.0, grids.DOUBTFUL_BELOW - 0.001, grids.DOUBTFUL_BELOW)] == [
        False,
        True,
        True,
        False,
    ]
