"""That two entries of the register are one door, taken back: each has what was its own, and what happened since stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from gridsvc import (
    coverage,
    door_merges,
    exclusions,
    household_reading,
    household_retention,
    households,
    visit_reading,
    visited,
)
from gridsvc.db.engine import make_engine
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from gridsvc.visits import Need
from tests.conftest import NOW, Fresh
from tests.verbs import recounting
from tests.verbs.test_door_merges import LATER, Pair
from tests.verbs.test_visited import draw
from tests.verbs.test_visits import BEFORE

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
Told = tuple[list[tuple[str, int]], list[tuple[int, ...]]]


@pytest.fixture
def pair(db: Any, rule: Rule) -> Pair:
    return Pair(db, rule)


def undo(pair: Pair, gone: int | None = None, at: datetime = LATER + 2 * HOUR) -> door_merges.Merged:
    undone = door_merges.undo(pair.db, gone or pair.gone, " 其实是两户 ", pair.planner, at)
    recounting.assert_right(pair.db)
    return undone


def figures(pair: Pair, codes: Iterable[str], as_of: datetime | None = None) -> list[tuple[int, ...]]:
    found = []
    for code in codes:
        query = coverage.Query(campaign=code, as_of=as_of)
        told = coverage.table(pair.db, query, Actor("system"), LATER + timedelta(days=1), ZONE, rule=pair.rule).counts
        found.append(tuple(told[name] for name in ("enumerated", "eligible", "reached", "removed")))
    return found


def lists(pair: Pair) -> list[tuple[str, int]]:
    query = "SELECT c.code, d.household_id FROM campaign_door d JOIN campaign c ON c.id = d.campaign_id ORDER BY 1, 2"
    return [(row.code, row.household_id) for row in pair.db.execute(text(query))]


def held(pair: Pair, household_id: int) -> dict[str, visit_reading.Visit]:
    found = visit_reading.of_door(pair.db, household_id, pair.worker)
    return {visit.outcome: visit for visit in found if not visit.superseded}


def test_each_has_its_visits_again_and_those_recorded_since_stay(pair: Pair) -> None:
    pair.record(pair.draft(household_id=pair.gone, n_met=2, need=Need("0110", "楼道堆物")))
    wrong = pair.draft("absent", household_id=pair.gone, happened_at=BEFORE - HOUR)
    pair.record(wrong)
    own = pair.record(pair.draft("moved", household_id=pair.kept, happened_at=BEFORE - 2 * HOUR))
    before = figures(pair, "c")
    pair.merge()
    pair.record(pair.draft("refused", household_id=pair.gone, supersedes=wrong.client_key), now=LATER)
    since = pair.record(pair.draft("not_found", household_id=pair.gone, happened_at=LATER), now=LATER)
    assert (held(pair, pair.kept)["reached"].carried, held(pair, pair.kept)["reached"].returned) == (True, False)
    undone = undo(pair)
    assert (undone.n_visits, undone.n_reports) == (2, 1)
    gone, kept = held(pair, pair.gone), held(pair, pair.kept)
    assert (sorted(gone), len(gone["reached"].reports)) == (["reached", "refused"], 1), "as it was corrected since"
    assert {visit.returned for visit in gone.values()} == {True}, "they come from no other entry"
    old = [visit for visit in visit_reading.of_door(pair.db, pair.gone, pair.worker) if visit.superseded]
    assert [(visit.carried_away, visit.came_back) for visit in old] == [(True, True)] * 2
    away = [visit for visit in visit_reading.of_door(pair.db, pair.kept, pair.worker) if visit.carried_away]
    assert [visit.came_back for visit in away] == [False] * 2, "what was at the entry that stayed is at the other now"
    assert {visit.carried or visit.returned for visit in kept.values()} == {False}
    assert {name: visit.id for name, visit in kept.items()} == {"moved": own.visit_id, "not_found": since.visit_id}
    assert (pair.status(pair.gone), pair.status(pair.kept)) == ("reached", "not_found")
    assert figures(pair, "c") == before
    # what a phone sends for it from now on is its own
    late = pair.record(pair.draft("absent", household_id=pair.gone), now=LATER + 3 * HOUR)
    assert pair.row(late)["household_id"] == pair.gone


def test_what_was_only_corrected_to_the_other_entry_came_back_from_no_merge(pair: Pair) -> None:
    wrong = pair.draft(household_id=pair.kept)
    pair.record(wrong)
    pair.record(pair.draft(household_id=pair.gone, supersedes=wrong.client_key))
    pair.merge()
    assert (held(pair, pair.kept)["reached"].carried, held(pair, pair.kept)["reached"].returned) == (True, False)


def test_what_is_merged_again_is_told_as_it_is_now(pair: Pair) -> None:
    pair.record(pair.draft(household_id=pair.gone))
    pair.merge()
    undo(pair)
    assert held(pair, pair.gone)["reached"].returned
    pair.merge(at=LATER + 4 * HOUR)
    assert (held(pair, pair.kept)["reached"].carried, held(pair, pair.kept)["reached"].returned) == (True, False)
    for door in (pair.gone, pair.kept):
        assert not any(visit.came_back for visit in visit_reading.of_door(pair.db, door, pair.worker))
    undo(pair, at=LATER + 6 * HOUR)
    assert held(pair, pair.gone)["reached"].returned
    old = [visit for visit in visit_reading.of_door(pair.db, pair.gone, pair.worker) if visit.superseded]
    assert [visit.came_back for visit in old] == [True] * 2


def test_each_has_what_the_register_said_of_it(pair: Pair) -> None:
    for id_, said in (
        (pair.gone, {"n_people": 4, "class_code": "cared_for", "registered_elsewhere": True, "contact_name": "李四"}),
        (pair.kept, {"room": "1"}),
    ):
        households.change(pair.db, id_, said, pair.planner, NOW, pair.rule)
    assert pair.merge().fields == ("class_code", "contact_name", "n_people", "registered_elsewhere")
    households.change(pair.db, pair.kept, {"n_people": 5}, pair.planner, LATER, pair.rule)
    assert undo(pair).fields == ("class_code", "contact_name", "registered_elsewhere")
    query = text("SELECT * FROM household WHERE id = :id")
    gone, kept = (pair.db.execute(query, {"id": id_}).mappings().one() for id_ in (pair.gone, pair.kept))
    names = ("n_people", "class_code", "registered_elsewhere", "contact_name", "removed_at", "same_as_id")
    assert tuple(gone[name] for name in names) == (4, "cared_for", True, "李四", None, None)
    assert tuple(kept[name] for name in names) == (5, "ordinary", False, None, None, None), (
        "what was changed since stays"
    )
    for id_, action, other in ((pair.kept, "gave_back", pair.gone), (pair.gone, "returned", pair.kept)):
        told = household_reading.log(pair.db, pair.planner, id_)[0]
        assert (told.action, told.other_id, told.note, told.at) == (action, other, "其实是两户", LATER + 2 * HOUR)
    assert household_reading.near_duplicates(pair.db, pair.planner) != [], "they are offered again"


def test_lists_and_figures_are_right_at_every_instant_however_often(pair: Pair) -> None:
    pair.record(pair.draft(household_id=pair.gone))
    draw(pair.db, [pair.gone, pair.third], code="e")
    draw(pair.db, [pair.kept, pair.gone], code="k")
    two: Told = (lists(pair), figures(pair, "cek"))
    one: Told | None = None
    for n in range(2):
        pair.merge(at=LATER + 2 * n * HOUR)
        assert one in (None, (lists(pair), figures(pair, "cek")))
        one = (lists(pair), figures(pair, "cek"))
        undo(pair, at=LATER + (2 * n + 1) * HOUR)
        assert (lists(pair), figures(pair, "cek")) == two
    assert one is not None
    assert one != two
    for as_of, told in (
        (NOW, two),
        (LATER, one),
        (LATER + HOUR, two),
        (LATER + 2 * HOUR, one),
        (LATER + 3 * HOUR, two),
    ):
        assert figures(pair, "cek", as_of) == told[1], as_of


def test_the_later_of_two_is_undone_first(pair: Pair) -> None:
    """1 goes into 01, and that into 001."""
    pair.db.execute(text("UPDATE household SET room = '001' WHERE id = :id"), {"id": pair.third})
    draw(pair.db, [pair.kept], code="one")
    pair.record(pair.draft(household_id=pair.kept))
    pair.merge(pair.gone, pair.kept, LATER)
    pair.merge(pair.third, pair.gone, LATER + HOUR)
    with pytest.raises(Conflict, match="merge_went_on") as early, pair.db.begin_nested():
        undo(pair, pair.kept)
    assert early.value.facts["id"] == pair.third
    for gone, pointing, at in ((pair.gone, [pair.gone, None, None], 2), (pair.kept, [None, None, None], 3)):
        undo(pair, gone, LATER + at * HOUR)
        assert [pair.read(id_).same_as_id for id_ in (pair.kept, pair.gone, pair.third)] == pointing
        assert [id_ for code, id_ in lists(pair) if code == "one"] == [gone]
        assert sorted(held(pair, gone)) == ["reached"]
        assert [figures(pair, ["one"], as_of)[0][:3] for as_of in (NOW, LATER, LATER + HOUR, None)] == [(1, 1, 1)] * 4


def test_an_entry_that_left_the_denominator_as_none_of_its_own_is_in_again(pair: Pair) -> None:
    second = Actor("planner", pair.manager.account_id)
    pair.record(pair.draft("vacant", household_id=pair.gone))
    pair.merge()
    exclusions.confirm(pair.db, pair.gone, "not_eligible", second, LATER)
    assert figures(pair, "c") == [(5, 4, 0, 1)]
    undo(pair)
    assert (figures(pair, "c"), pair.read(pair.gone).excluded) == ([(5, 5, 0, 0)], None)
    (claim,) = exclusions.waiting(pair.db, second)
    assert (claim.household_id, claim.reason, claim.claimed_at) == (pair.gone, "vacant", BEFORE), "it waits again"
    pair.merge(at=LATER + 3 * HOUR)
    waiting = [claim.household_id for claim in exclusions.waiting(pair.db, second)]
    assert sorted(waiting) == sorted([pair.gone, pair.kept]), "each once"


def test_what_was_confirmed_of_the_door_and_ended_by_the_other_ones_visits_holds_again(pair: Pair) -> None:
    second = Actor("planner", pair.manager.account_id)
    pair.record(pair.draft("vacant", household_id=pair.kept, happened_at=BEFORE - HOUR))
    exclusions.confirm(pair.db, pair.kept, "vacant", second, NOW)
    pair.record(pair.draft(household_id=pair.gone))
    before = figures(pair, "c")
    pair.merge()
    assert pair.read(pair.kept).excluded is None
    undo(pair)
    assert (pair.read(pair.kept).excluded, figures(pair, "c")) == ("vacant", before)
    told = [figures(pair, "c", as_of)[0][1] for as_of in (NOW, LATER, LATER + 2 * HOUR)]
    assert told == [4, 5, 4]
    # a person has ended it since: it stays ended
    pair.merge(at=LATER + 3 * HOUR)
    pair.record(pair.draft("vacant", household_id=pair.kept, happened_at=LATER), now=LATER + 3 * HOUR)
    undo(pair, at=LATER + 4 * HOUR)
    assert pair.read(pair.kept).excluded == "vacant"


def test_why_it_cannot_be_undone(pair: Pair) -> None:
    with pytest.raises(Conflict, match="merge_none"), pair.db.begin_nested():
        undo(pair)
    with pytest.raises(NotFound), pair.db.begin_nested():
        undo(pair, 2**40)
    pair.merge()
    with pytest.raises(Refused, match="door_reason_missing"), pair.db.begin_nested():
        door_merges.undo(pair.db, pair.gone, " ", pair.planner, LATER)
    with pytest.raises(NotFound), pair.db.begin_nested():
        door_merges.undo(pair.db, pair.gone, "两户", replace(pair.manager, area_ids=()), LATER)


@pytest.fixture
def owned(empty_schema: Fresh, rule: Rule) -> Iterator[Pair]:
    """The same in the owning role, which alone deletes; undone like the others."""
    engine = make_engine(empty_schema.owner_url, empty_schema.schema)
    with engine.connect() as db:
        yield Pair(db, rule)
        db.rollback()
    engine.dispose()


def test_what_was_deleted_before_the_merge_stands_in_no_way(owned: Pair) -> None:
    soon = NOW + timedelta(minutes=5)
    households.change(owned.db, owned.gone, {"n_people": 3}, owned.planner, NOW, owned.rule)
    households.remove(owned.db, owned.gone, "误录", owned.planner, NOW)
    assert household_retention.blank(owned.db, soon, NOW, soon, uuid4()).n_contacts == 1
    visited.before(owned.db, [owned.gone])
    owned.db.execute(text("UPDATE household SET removed_at = NULL WHERE id = :id"), {"id": owned.gone})  # it came back
    visited.after(owned.db, [owned.gone])
    owned.merge()
    undo(owned)
    assert owned.read(owned.gone).same_as_id is None


def test_what_was_deleted_after_its_time_cannot_be_given_back(owned: Pair) -> None:
    after = LATER + timedelta(days=1)
    households.change(owned.db, owned.gone, {"n_people": 3}, owned.planner, NOW, owned.rule)
    owned.merge()
    assert household_retention.blank(owned.db, after, NOW, after, uuid4()).n_contacts == 1
    with pytest.raises(Conflict, match="merge_blanked"):
        undo(owned, at=after)


def four(pair: Pair) -> list[int]:
    """Four entries that look alike, on no list."""
    pair.db.execute(text("DELETE FROM campaign_cell"))
    pair.db.execute(text("DELETE FROM campaign_door"))
    pair.db.execute(text("DELETE FROM campaign"))
    pair.db.execute(text("UPDATE household SET room = '001' WHERE id = :id"), {"id": pair.third})
    beside = (
        "UPDATE household e SET room = '0001', compound_id = w.compound_id, geom = w.geom, "
        "grid_version_id = w.grid_version_id FROM household w WHERE e.id = :e AND w.id = :w"
    )
    pair.db.execute(text(beside), {"e": pair.east[0], "w": pair.kept})
    return [pair.kept, pair.gone, pair.third, pair.east[0]]


def test_merged_the_other_way_round_since_each_has_its_own_visits_again(pair: Pair) -> None:
    pair.record(pair.draft(household_id=pair.gone))
    pair.record(pair.draft("absent", household_id=pair.kept, happened_at=BEFORE - HOUR))
    pair.merge()
    undo(pair)
    pair.merge(kept=pair.gone, gone=pair.kept, at=LATER + 3 * HOUR)
    undo(pair, pair.kept, LATER + 4 * HOUR)
    assert [sorted(held(pair, one)) for one in (pair.gone, pair.kept)] == [["reached"], ["absent"]]


def test_what_had_become_an_entry_through_others_follows_it(pair: Pair) -> None:
    kept, gone, third, fourth = four(pair)
    pair.merge(kept=third, gone=fourth, at=LATER)
    pair.merge(kept=gone, gone=third, at=LATER + HOUR)
    pair.merge(kept=kept, gone=gone, at=LATER + 2 * HOUR)
    undo(pair, gone, LATER + 3 * HOUR)
    assert [pair.read(one).same_as_id for one in (gone, third, fourth)] == [None, gone, gone]
    undo(pair, third, LATER + 4 * HOUR)
    undo(pair, fourth, LATER + 5 * HOUR)
    assert [pair.read(one).same_as_id for one in (gone, third, fourth)] == [None, None, None]


def test_what_is_still_the_other_entry_is_on_its_lists_as_that_one(pair: Pair) -> None:
    kept, first, second, _ = four(pair)
    draw(pair.db, [first, second], code="list")
    draw(pair.db, [kept], code="own")
    listed = lists(pair)
    pair.record(pair.draft(household_id=second))
    reached = figures(pair, ["list", "own"])
    pair.merge(kept=kept, gone=first, at=LATER)
    pair.merge(kept=kept, gone=second, at=LATER + HOUR)
    undo(pair, first, LATER + 2 * HOUR)
    assert lists(pair) == [("list", kept), ("list", first), ("own", kept)]
    assert [counts[2] for counts in figures(pair, ["list"])] == [1], "the second is met at the entry that it is"
    undo(pair, second, LATER + 3 * HOUR)
    assert (lists(pair), figures(pair, ["list", "own"])) == (listed, reached)
    assert figures(pair, ["list", "own"], as_of=NOW) == reached


def test_a_stale_form_undoes_no_other_merge(pair: Pair) -> None:
    pair.merge()
    with pytest.raises(Conflict, match="doors_changed"):
        door_merges.undo(pair.db, pair.gone, "x", pair.planner, LATER, of=pair.third)
    door_merges.undo(pair.db, pair.gone, "x", pair.planner, LATER, of=pair.kept)


def test_one_half_of_a_contact_is_not_left_alone(pair: Pair) -> None:
    both = {"contact_name": "李四", "contact_phone": "13800000001"}
    households.change(pair.db, pair.gone, both, pair.planner, NOW, pair.rule)
    pair.merge()
    households.change(pair.db, pair.kept, {"contact_phone": "13900000009"}, pair.planner, LATER, pair.rule)
    undo(pair)
    said = text("SELECT contact_name, contact_phone FROM household WHERE id = :id")
    assert tuple(pair.db.execute(said, {"id": pair.kept}).one()) == ("李四", "13900000009")


def test_what_was_left_out_before_somebody_was_met_stays_counted(pair: Pair) -> None:
    second = Actor("planner", pair.manager.account_id)
    pair.record(pair.draft("vacant", household_id=pair.kept, happened_at=BEFORE - HOUR))
    exclusions.confirm(pair.db, pair.kept, "vacant", second, NOW)
    pair.record(pair.draft(household_id=pair.gone))
    pair.merge()
    pair.record(pair.draft(household_id=pair.kept, happened_at=LATER), now=LATER + HOUR)
    undo(pair)
    assert pair.read(pair.kept).excluded is None
    assert [one.declined for one in exclusions.of_door(pair.db, pair.kept)] == [False]


def test_a_second_word_on_two_doors_that_were_one_is_asked_again(pair: Pair) -> None:
    """Nobody knows at which of the two the second person was; until it is said again both count."""
    second = Actor("planner", pair.manager.account_id)
    pair.record(pair.draft("vacant", household_id=pair.gone))
    pair.merge()
    exclusions.confirm(pair.db, pair.kept, "vacant", second, LATER)
    undo(pair)
    assert [pair.read(one).excluded for one in (pair.kept, pair.gone)] == [None, None]
    assert [claim.household_id for claim in exclusions.waiting(pair.db, second)] == [pair.gone]


@pytest.mark.parametrize("declines", [True, False])
def test_what_a_person_declined_or_ended_stays_so(pair: Pair, declines: bool) -> None:
    second = Actor("planner", pair.manager.account_id)
    pair.record(pair.draft("vacant", household_id=pair.kept, happened_at=BEFORE - HOUR))
    exclusions.confirm(pair.db, pair.kept, "vacant", second, NOW)
    exclusions.end(pair.db, pair.kept, second, LATER)
    pair.record(pair.draft("vacant", household_id=pair.gone))
    pair.merge(at=LATER)  # at that very instant
    if declines:
        exclusions.decline(pair.db, pair.kept, second, LATER + HOUR)
    undo(pair)
    assert pair.read(pair.kept).excluded is None, "ended by a person and not by the merge"
    waits = [claim.household_id for claim in exclusions.waiting(pair.db, second)]
    assert waits == ([] if declines else [pair.gone]), "declined at the other entry, which it was then"


def test_a_door_that_is_its_own_again_stands_beside_a_list_drawn_before(pair: Pair) -> None:
    draw(pair.db, [pair.kept], code="own")
    pair.merge()
    undo(pair)
    beside = []
    for as_of in (NOW, LATER + 3 * HOUR, None):
        query = coverage.Query(campaign="own", as_of=as_of)
        told = coverage.table(pair.db, query, Actor("system"), LATER + timedelta(days=1), ZONE, rule=pair.rule)
        beside.append(told.added)
    assert beside == [0, 1, 1]
