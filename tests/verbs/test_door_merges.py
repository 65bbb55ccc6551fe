"""Two entries of the register that are one door: what was recorded is at the one that stays, and nothing comes back as new."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from geodata.layer import Fields
from gridsvc import coverage, door_merges, exclusions, household_reading, households, visit_reading, visited, visits
from gridsvc.errors import Conflict, Forbidden, GridsvcError, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.household_reading import Filter, Row
from gridsvc.households import Door
from gridsvc.imports import households as imports
from gridsvc.imports.households import Options
from gridsvc.rules.roles import Actor
from gridsvc.visits import Draft, Need
from tests.conftest import NOW, RULE, Fresh
from tests.verbs import recounting
from tests.verbs.conftest import taken_back
from tests.verbs.test_visited import draw
from tests.verbs.test_visits import BEFORE, Street

ZONE = ZoneInfo("Asia/Shanghai")
LATER = NOW + timedelta(hours=1)


class Pair(Street):
    """The first two doors of the street look alike: rooms 1 and 01. A planner looks after the register."""

    def __init__(self, db: Any, rule: Rule) -> None:
        super().__init__(db, rule)
        self.kept, self.gone, self.third = self.west
        db.execute(text("UPDATE household SET room = '01' WHERE id = :id"), {"id": self.gone})
        self.planner = self._actor("planner")

    def version(self, one: int | None = None, other: int | None = None) -> str:
        ids = (one or self.kept, other or self.gone)
        return door_merges.compare(self.db, *ids, self.planner, LATER, ZONE).version

    def merge(self, kept: int | None = None, gone: int | None = None, at: datetime = LATER) -> door_merges.Merged:
        kept, gone = kept or self.kept, gone or self.gone
        version = self.version(kept, gone)
        merged = door_merges.merge(self.db, kept, gone, "门牌多写一个0", version, self.planner, at, ZONE)
        recounting.assert_right(self.db)
        return merged

    def read(self, household_id: int) -> Row:
        return household_reading.read(self.db, self.planner, household_id, LATER, ZONE)

    def counts(self, as_of: datetime | None = None) -> tuple[int, ...]:
        query = coverage.Query(campaign="c", as_of=as_of)
        told = coverage.table(self.db, query, Actor("system"), LATER + timedelta(days=1), ZONE, rule=self.rule).counts
        return tuple(told[name] for name in ("enumerated", "eligible", "reached", "reached_enumerated", "removed"))


@pytest.fixture(scope="module")
def built(ground_db: Connection) -> Pair:
    return Pair(ground_db, RULE)


@pytest.fixture
def pair(built: Pair) -> Iterator[Pair]:
    with taken_back(built.db):
        yield copy(built)


def test_visits_reports_and_answers_are_at_the_entry_that_stays(pair: Pair) -> None:
    said = pair.draft(household_id=pair.gone, n_met=2, answers={"几口人": 4}, need=Need("0110", "楼道堆物"))
    there = pair.record(said)
    wrong = pair.record(pair.draft("absent", household_id=pair.gone, happened_at=BEFORE - timedelta(hours=1)))
    pair.record(pair.draft("withdrawn", household_id=pair.gone, supersedes=wrong.visit_id))
    before = pair.counts()
    merged = pair.merge()
    assert (merged.n_visits, merged.n_reports) == (1, 1)
    assert (pair.status(pair.kept), pair.status(pair.gone)) == ("reached", "not_visited")
    (visit,) = visit_reading.of_door(pair.db, pair.kept, pair.worker)
    assert (visit.outcome, visit.happened_at, visit.recorded_at, visit.carried) == ("reached", BEFORE, LATER, True)
    assert (visit.n_met, visit.answers, visit.supersedes_id, visit.own) == (2, {"几口人": 4}, there.visit_id, True)
    assert visit.role == "worker"
    (number,) = visit.reports
    old = {v.id: v for v in visit_reading.of_door(pair.db, pair.gone, pair.worker)}
    assert (len(old), old[there.visit_id or 0].reports, old[there.visit_id or 0].superseded_by) == (
        3,
        (number,),
        visit.id,
    )
    # one door: the entry that went is told as removed, and counts until a second person confirms; what was published stays
    assert (before, pair.counts()) == ((5, 5, 1, 1, 0), (5, 5, 1, 1, 1))
    assert pair.counts(NOW) == before
    assert pair.read(pair.kept).reached_at == BEFORE


def test_how_far_is_told_of_the_door_and_how_late_of_the_phone(pair: Pair) -> None:
    """It was too far from the entry that went and within its accuracy; it came in after four days."""
    at = {"x": 110.0062, "y": 23.005, "crs": "wgs84", "household_id": pair.gone}  # 123 m
    vague = pair.record(pair.draft(accuracy_m=130.0, happened_at=NOW - timedelta(days=4), **at))
    sharp = pair.record(pair.draft(accuracy_m=20.0, **at))
    assert [(pair.row(one)["far"], pair.row(one)["late"]) for one in (vague, sharp)] == [(False, True), (True, False)]
    pair.merge()
    carried = {v.supersedes_id: v for v in visit_reading.of_door(pair.db, pair.kept, pair.worker)}
    told = [(carried[one.visit_id].far, carried[one.visit_id].late) for one in (vague, sharp)]
    assert told == [(False, True), (True, False)]


def test_both_logs_say_who_and_why_and_the_address_leads_to_the_door(pair: Pair) -> None:
    pair.merge()
    gone, kept = pair.read(pair.gone), pair.read(pair.kept)
    assert (gone.removed_at, gone.same_as_id, gone.excluded) == (LATER, pair.kept, None)
    assert (kept.removed_at, kept.same_as_id, kept.excluded) == (None, None, None)
    for id_, action, other in ((pair.kept, "kept", pair.gone), (pair.gone, "merged", pair.kept)):
        entry = household_reading.log(pair.db, pair.planner, id_)[0]
        assert (entry.action, entry.note, entry.other_id, entry.at) == (action, "门牌多写一个0", other, LATER)
        assert entry.account == "planner-None"
    found = household_reading.find(pair.db, pair.planner, Filter(q="1-01"), LATER, ZONE).items
    assert [row.id for row in found] == [pair.kept]
    assert household_reading.near_duplicates(pair.db, pair.planner) == []
    assert [row.id for row in household_reading.entries_of(pair.db, pair.planner, pair.kept, LATER, ZONE)] == [
        pair.gone
    ]
    hidden = replace(pair.manager, area_ids=())
    assert household_reading.entries_of(pair.db, hidden, pair.kept, LATER, ZONE) == []


def test_what_the_entry_that_stays_does_not_say_is_taken_over(pair: Pair) -> None:
    told = {
        pair.gone: {
            "n_people": 4,
            "class_code": "cared_for",
            "registered_elsewhere": True,
            "contact_phone": "13800000002",
        },
        pair.kept: {"n_people": 3, "contact_name": "王三"},
    }
    for id_, said in told.items():
        households.change(pair.db, id_, said, pair.planner, NOW, pair.rule)
    assert pair.merge().fields == ("class_code", "registered_elsewhere")
    row = pair.db.execute(text("SELECT * FROM household WHERE id = :id"), {"id": pair.kept}).mappings().one()
    assert (row["n_people"], row["class_code"], row["registered_elsewhere"]) == (3, "cared_for", True)
    assert (row["contact_name"], row["contact_phone"]) == ("王三", None)  # two persons never become one
    assert household_reading.log(pair.db, pair.planner, pair.kept)[0].fields == ("class_code", "registered_elsewhere")


def test_it_takes_the_place_on_lists_that_have_the_other_alone(pair: Pair) -> None:
    pair.record(pair.draft(household_id=pair.gone))
    draw(pair.db, [pair.gone, pair.third], code="e")
    draw(pair.db, [pair.kept], code="k")
    counts = {code: _counts(pair, code) for code in ("e", "k")}
    assert counts == {"e": (2, 2, 1), "k": (1, 1, 0)}
    pair.merge()
    assert {code: _counts(pair, code) for code in ("e", "k")} == {"e": (2, 2, 1), "k": (1, 1, 1)}
    assert {code: _counts(pair, code, NOW) for code in ("e", "k")} == counts
    listed = text(
        "SELECT c.code, d.household_id FROM campaign_door d JOIN campaign c ON c.id = d.campaign_id "
        "WHERE c.code <> 'c' ORDER BY 1, 2"
    )
    rows = [tuple(row) for row in pair.db.execute(listed)]
    assert rows == [("e", pair.kept), ("e", pair.third), ("k", pair.kept)]


def _counts(pair: Pair, code: str, as_of: datetime | None = None) -> tuple[int, ...]:
    query = coverage.Query(campaign=code, as_of=as_of)
    told = coverage.table(pair.db, query, Actor("system"), LATER + timedelta(days=1), ZONE, rule=pair.rule).counts
    return told["enumerated"], told["eligible"], told["reached"]


def test_one_after_the_other(pair: Pair) -> None:
    """1 goes into 01, and that into 001: both lead to the last, and lists are as they were at each instant."""
    pair.db.execute(text("UPDATE household SET room = '001' WHERE id = :id"), {"id": pair.third})
    draw(pair.db, [pair.kept], code="one")
    said = pair.draft(household_id=pair.kept)
    pair.record(said)
    for kept, gone, at in ((pair.gone, pair.kept, LATER), (pair.third, pair.gone, LATER + timedelta(hours=1))):
        pair.merge(kept, gone, at)
        now = [pair.read(id_).same_as_id for id_ in (pair.kept, pair.gone, pair.third)]
        assert now == [kept, None if kept == pair.gone else kept, None]
        assert _counts(pair, "one") == (1, 1, 1)
    for as_of in (NOW, LATER, LATER + timedelta(minutes=1), LATER + timedelta(hours=2)):
        assert _counts(pair, "one", as_of) == (1, 1, 1), as_of
    # the worker's own visit is corrected by the key that the phone knows, wherever its door went
    fix = pair.record(pair.draft("refused", household_id=pair.kept, supersedes=said.client_key), now=LATER)
    assert (pair.row(fix)["household_id"], _counts(pair, "one")) == (pair.third, (1, 1, 0))
    assert pair.row(fix)["outcome"] == "refused"
    recounting.assert_right(pair.db)


def test_a_phone_that_does_not_know_yet_reaches_the_door(pair: Pair) -> None:
    early = pair.draft(household_id=pair.gone)
    first = pair.record(early)
    pair.merge()
    assert pair.record(early, now=LATER).visit_id == first.visit_id
    late = pair.record(pair.draft("absent", household_id=pair.gone, x=110.005, y=23.005, crs="wgs84"), now=LATER)
    assert (late.status, late.flags, pair.row(late)["household_id"]) == ("created", (), pair.kept)
    stranger = pair.draft(household_id=pair.gone)
    with pytest.raises(NotFound):
        pair.record(stranger, pair.colleague, LATER)
    withdrawn = pair.draft("withdrawn", household_id=pair.gone, supersedes=early.client_key)
    assert pair.record(withdrawn, now=LATER).status == "created"
    assert pair.status(pair.kept) == "absent"
    recounting.assert_right(pair.db)


def test_a_phone_reaches_the_door_where_it_lies_in_another_grid(pair: Pair) -> None:
    """Who visited at the entry that went could do so: what the phone still sends is not lost."""
    households.change(pair.db, pair.kept, {"lon": 110.015, "lat": 23.005}, pair.planner, NOW, pair.rule)
    late = pair.draft(household_id=pair.gone)
    pair.merge()
    made = pair.record(late, now=LATER)
    assert (made.status, pair.row(made)["household_id"]) == ("created", pair.kept)
    with pytest.raises(NotFound):
        pair.record(pair.draft(household_id=pair.kept), now=LATER)
    recounting.assert_right(pair.db)


def test_an_entry_leaves_the_denominator_when_a_second_person_says_so(pair: Pair) -> None:
    pair.merge()
    second = replace(pair.planner, account_id=pair.manager.account_id)
    for who, own in ((pair.planner, True), (second, False)):
        (claim,) = exclusions.waiting(pair.db, who)
        told = (claim.visit_id, claim.household_id, claim.reason, claim.claimed_at, claim.own)
        assert told == (None, pair.gone, "not_eligible", LATER, own)
    for deed in (
        lambda: exclusions.confirm(pair.db, pair.gone, "not_eligible", pair.planner, LATER),
        lambda: exclusions.decline(pair.db, pair.gone, pair.planner, LATER),
    ):
        with pytest.raises(Forbidden, match="exclusion_second"), pair.db.begin_nested():
            deed()
    assert pair.counts()[:2] == (5, 5)
    exclusions.confirm(pair.db, pair.gone, "not_eligible", second, LATER)
    assert (pair.counts(), exclusions.waiting(pair.db, second)) == ((5, 4, 0, 0, 1), [])
    visited.refresh(pair.db, [pair.gone], LATER)
    assert pair.read(pair.gone).excluded == "not_eligible", "no visit claims it, and none ends it"
    recounting.assert_right(pair.db)


def test_an_entry_of_which_the_second_person_says_otherwise_counts_and_one_on_no_list_asks_nobody(pair: Pair) -> None:
    pair.merge()
    second = replace(pair.planner, account_id=pair.manager.account_id)
    exclusions.decline(pair.db, pair.gone, second, LATER)
    assert (pair.counts()[:2], exclusions.waiting(pair.db, second)) == ((5, 5), [])
    pair.db.execute(text("UPDATE household SET room = '001' WHERE id = :id"), {"id": pair.third})
    taken = text("DELETE FROM campaign_door WHERE household_id = :id RETURNING campaign_id")
    visited.recount(pair.db, pair.db.scalars(taken, {"id": pair.third}).one())
    pair.merge(pair.kept, pair.third)
    assert exclusions.waiting(pair.db, second) == []


def test_what_a_document_said_of_the_other_entry_answers_no_claim(pair: Pair) -> None:
    everywhere = Actor("planner", pair.manager.account_id)
    pair.record(pair.draft("vacant", household_id=pair.kept))
    ended = text(
        "INSERT INTO household_exclusion (household_id, reason, claimed_at, confirmed_by, confirmed_at, document, ended_at, ended_by) "
        "VALUES (:id, 'vacant', :at, :by, :at, '街道文 3 号', :at, :by)"
    )
    pair.db.execute(ended, {"id": pair.gone, "at": NOW, "by": pair.manager.account_id})
    pair.merge()
    claims = [claim for claim in exclusions.waiting(pair.db, everywhere) if claim.visit_id is not None]
    assert [(claim.household_id, claim.reason) for claim in claims] == [(pair.kept, "vacant")]


def test_an_answered_claim_is_not_asked_again(pair: Pair) -> None:
    leader = replace(pair.manager, area_ids=())
    pair.record(pair.draft("vacant", household_id=pair.gone))
    everywhere = Actor("planner", leader.account_id)
    exclusions.decline(pair.db, pair.gone, everywhere, NOW)
    pair.merge()
    assert [claim.household_id for claim in exclusions.waiting(pair.db, everywhere)] == [pair.gone], "as an entry"


def test_an_entry_that_had_left_the_denominator_stays_out_and_its_claim_is_asked_of_the_door(pair: Pair) -> None:
    everywhere = Actor("planner", pair.manager.account_id)
    pair.record(pair.draft("vacant", household_id=pair.gone))
    exclusions.confirm(pair.db, pair.gone, "vacant", everywhere, NOW)
    before = pair.counts()
    pair.merge()
    # one person's word takes no door out, and puts none back
    assert (before, pair.counts(NOW), pair.counts()) == ((5, 4, 0, 0, 0), (5, 4, 0, 0, 0), (5, 4, 0, 0, 1))
    (claim,) = exclusions.waiting(pair.db, everywhere)
    assert (claim.household_id, claim.reason, claim.claimed_at) == (pair.kept, "vacant", BEFORE)
    assert exclusions.confirm(pair.db, pair.kept, "vacant", everywhere, LATER)
    assert pair.counts() == (5, 3, 0, 0, 1)
    # who lives there is met: the door is in again, the other entry was none
    pair.record(pair.draft(household_id=pair.gone, happened_at=LATER), now=LATER)
    assert (pair.counts(), pair.read(pair.gone).excluded) == ((5, 4, 1, 1, 1), "vacant")
    recounting.assert_right(pair.db)


def test_an_entry_that_a_document_took_out_stays_out(pair: Pair) -> None:
    area_id = pair.db.scalar(text("INSERT INTO area (code, name, level) VALUES ('s', 's', 'community') RETURNING id"))
    pair.db.execute(text("UPDATE grid_version SET area_id = :id"), {"id": area_id})
    manager = replace(pair.manager, area_ids=(area_id,))
    exclusions.confirm(pair.db, pair.gone, "not_eligible", manager, NOW, "街道文 3 号")
    pair.merge()
    everywhere = Actor("planner", pair.manager.account_id)
    assert (pair.counts(), exclusions.waiting(pair.db, everywhere)) == ((5, 4, 0, 0, 1), [])


REFUSALS: list[tuple[str, Callable[[Pair], object], type[GridsvcError]]] = [
    ("doors_changed", lambda p: p.record(p.draft("absent", household_id=p.gone)), Conflict),
    ("doors_changed", lambda p: households.change(p.db, p.kept, {"n_people": 3}, p.planner, NOW, p.rule), Conflict),
    ("doors_changed", lambda p: p.merge(), Conflict),
    ("doors_changed", lambda p: draw(p.db, [p.gone], code="z"), Conflict),
    ("doors_apart", lambda p: households.set_apart(p.db, p.kept, p.gone, "两户", p.planner, NOW), Conflict),
    ("door_unknown", lambda p: households.remove(p.db, p.gone, "拆除", p.planner, NOW), NotFound),
    ("doors_not_alike", lambda p: households.change(p.db, p.gone, {"room": "9"}, p.planner, NOW, p.rule), Refused),
]


@pytest.mark.parametrize(("code", "happens", "kind"), REFUSALS)
def test_what_happened_since_is_not_run_over(
    pair: Pair, code: str, happens: Callable[[Pair], object], kind: type[GridsvcError]
) -> None:
    version = pair.version()
    happens(pair)
    with pytest.raises(kind) as caught:
        door_merges.merge(pair.db, pair.kept, pair.gone, "同一户", version, pair.planner, LATER, ZONE)
    assert caught.value.code == code


def test_a_reason_and_a_register_that_one_looks_after(pair: Pair) -> None:
    version = pair.version()
    with pytest.raises(Refused, match="door_reason_missing"):
        door_merges.merge(pair.db, pair.kept, pair.gone, "  ", version, pair.planner, LATER, ZONE)
    stranger = replace(pair.manager, area_ids=())
    with pytest.raises(NotFound):
        door_merges.merge(pair.db, pair.kept, pair.gone, "同一户", version, stranger, LATER, ZONE)
    with pytest.raises(NotFound):
        door_merges.compare(pair.db, pair.kept, pair.gone, stranger, LATER, ZONE)


def _import(pair: Pair, tmp_path: Any, *rows: str, header: str = "小区,楼栋,单元,房号,人口") -> tuple[Any, bool]:
    named = text("INSERT INTO compound_name (key, compound_id) VALUES ('乙苑', :id) ON CONFLICT DO NOTHING")
    pair.db.execute(named, {"id": pair.read(pair.gone).compound_id})
    file = tmp_path / "doors.csv"
    file.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    source = imports.from_csv(file, Fields(), None)
    how = Options("doors.csv", "register", write=True)
    return imports.take(pair.db, source, how, LATER, pair.rule, lambda *_: None)


def test_a_file_with_its_levels_means_the_door_that_stays(pair: Pair, tmp_path: Any) -> None:
    pair.merge()
    account, written = _import(pair, tmp_path, "乙苑,1,,01,5")
    tally = account.tally
    assert (written, tally.new, tally.changed, account.n_refused) == (True, 0, 1, 0)
    assert [note.code for note in account.notes if note.code.startswith("door_")] == ["door_alias"]
    assert (pair.read(pair.kept).n_people, pair.read(pair.gone).removed_at) == (5, LATER)
    # both in one file: the row with the door's own levels counts, wherever it stands
    account, written = _import(pair, tmp_path, "乙苑,1,,01,7", "乙苑,1,,1,6")
    assert (written, account.tally.new, account.tally.changed, account.n_refused) == (True, 0, 1, 0)
    assert (pair.read(pair.kept).n_people, pair.read(pair.gone).n_people) == (6, None)
    # taken off the register: either of them brings the door back, never the entry
    households.remove(pair.db, pair.kept, "拆除", pair.planner, LATER)
    _import(pair, tmp_path, "乙苑,1,,01,8")
    assert (pair.read(pair.kept).removed_at, pair.read(pair.gone).removed_at) == (None, LATER)
    recounting.assert_right(pair.db)


def test_the_old_address_says_no_community_of_a_door_that_moved_on(pair: Pair, tmp_path: Any) -> None:
    made = text("INSERT INTO area (level, code, name) VALUES ('community', :c, :c) RETURNING id")
    old, new = (pair.db.scalar(made, {"c": code}) for code in ("旧社区", "新社区"))
    pair.merge()
    pair.db.execute(text("UPDATE household SET community_id = :c WHERE id = :id"), {"c": new, "id": pair.kept})
    header = "小区,楼栋,单元,房号,人口,社区"
    _import(pair, tmp_path, "乙苑,1,,01,5,旧社区", header=header)
    there = text("SELECT community_id FROM household WHERE id = :id")
    assert pair.db.scalar(there, {"id": pair.kept}) == old, "in the compound still: it is said of this door"
    moved = (
        "INSERT INTO compound (source, ref, name, geom) SELECT 'x', 'x', '丙苑', geom FROM compound WHERE id = "
        "(SELECT compound_id FROM household WHERE id = :id) RETURNING id"
    )
    away = {"id": pair.kept, "k": pair.db.scalar(text(moved), {"id": pair.kept}), "c": new}
    pair.db.execute(text("UPDATE household SET compound_id = :k, community_id = :c WHERE id = :id"), away)
    account, _ = _import(pair, tmp_path, "乙苑,1,,01,5,旧社区", header=header)
    assert (account.tally.changed, account.tally.same, pair.db.scalar(there, {"id": pair.kept})) == (0, 1, new)
    _import(pair, tmp_path, "乙苑,1,,01,6,旧社区", header=header)
    assert (pair.read(pair.kept).n_people, pair.db.scalar(there, {"id": pair.kept})) == (6, new)


def test_by_hand_its_levels_are_those_of_the_door_that_stays(pair: Pair) -> None:
    pair.merge()
    compound = pair.read(pair.kept).compound_id
    with pytest.raises(Conflict) as there:
        households.add(pair.db, Door(compound, "1", None, "01"), pair.planner, LATER, pair.rule)
    assert there.value.facts["id"] == pair.kept
    with pytest.raises(Conflict):
        households.change(pair.db, pair.third, {"room": "01"}, pair.planner, LATER, pair.rule)
    # the door may take them: then the others are found by the address that it had
    assert households.change(pair.db, pair.kept, {"room": "01"}, pair.planner, LATER, pair.rule) == ("room",)
    assert [(pair.read(id_).room) for id_ in (pair.kept, pair.gone)] == ["01", "1"]
    with pytest.raises(Conflict) as still:
        households.add(pair.db, Door(compound, "1", None, "1"), pair.planner, LATER, pair.rule)
    assert still.value.facts["id"] == pair.kept


def test_a_visit_that_waits_for_the_merge_is_at_the_entry_that_stays(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin() as db:
        pair = Pair(db, rule)
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")

    def record(draft: Draft, actor: Actor) -> int:
        with fresh.begin() as mine:
            made = visits.record(mine, draft, actor, LATER, rule)
            assert (made.status, made.error) == ("created", None)
            return int(mine.scalar(text("SELECT household_id FROM visit WHERE id = :id"), {"id": made.visit_id}) or 0)

    with fresh.begin(owner=True) as db:
        made = text("INSERT INTO area (level, code, name) VALUES ('community', 'c1', 'c') RETURNING id")
        everywhere = (int(db.scalar(made) or 0),)
        db.execute(text("UPDATE grid_version SET area_id = :a"), {"a": everywhere[0]})
        first = visits.record(db, pair.draft(household_id=pair.gone), pair.worker, NOW, rule)
    drafts = [
        pair.draft(household_id=pair.gone),
        pair.draft("refused", household_id=pair.gone, supersedes=first.visit_id),
    ]
    with ThreadPoolExecutor(2) as threads:
        with fresh.begin() as db:
            pair.db = db
            pair.merge()
            # the correction is of somebody else, who has to see where the visit is
            actors = (pair.worker, replace(pair.manager, area_ids=everywhere))
            told = [threads.submit(record, draft, actor) for draft, actor in zip(drafts, actors, strict=True)]
            until = time.monotonic() + 60
            while (db.scalar(waiting) or 0) < len(drafts) and time.monotonic() < until:
                time.sleep(0.01)
            assert db.scalar(waiting) == len(drafts)
        assert [one.result(60) for one in told] == [pair.kept] * 2
    with fresh.begin() as db:
        recounting.assert_right(db)


def test_the_counts_follow_an_entry_whose_levels_the_door_takes_from_elsewhere(pair: Pair) -> None:
    pair.merge()
    home = pair.read(pair.kept).compound_id
    away = pair.read(pair.east[0]).compound_id
    households.change(pair.db, pair.kept, {"compound_id": away, "room": "77"}, pair.planner, LATER, pair.rule)
    households.change(pair.db, pair.kept, {"compound_id": home, "room": "01"}, pair.planner, LATER, pair.rule)
    assert [pair.read(id_).compound_id for id_ in (pair.kept, pair.gone)] == [home, away]
    recounting.assert_right(pair.db)
