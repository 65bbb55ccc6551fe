"""Boards kept by their changes alone are the boards that a fresh look gives, for every reader and filter."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gridsvc import wall
from gridsvc.rules.roles import Actor
from gridsvc.wall import Filter
from gridsvc.web import wall_groups
from gridsvc.web.wall_groups import RECOUNT_S, RENEW_S, SCOPE_S, Group, Key, Look, key_of, told_rows
from tests.conftest import NOW, RULE, Fresh, rolled_back
from tests.through import department, lead
from tests.verbs.test_editions import submit
from tests.verbs.test_worklist import ZONE, act, build, readers

FILTERS = (Filter(), Filter(state="filed"), Filter(standing="overdue"), Filter(area="W"))


@pytest.fixture(scope="module")
def city(empty_schema: Fresh) -> Iterator[Connection]:
    with rolled_back(empty_schema) as db:
        yield build(db, RULE)


def some_change(db: Connection, chance: random.Random) -> int:
    """The id of a report after something happened to it."""
    if chance.random() < 0.3:
        lon, lat = chance.choice((110.005, 110.015)), 23.005
        number = submit(db, lon, lat, RULE, NOW - timedelta(hours=chance.randrange(50))).number
    else:
        row: Any = db.execute(
            text("SELECT number, state FROM report WHERE state IN ('reported', 'filed', 'dispatched') ORDER BY id")
        ).all()
        number, state = chance.choice(row)
        if chance.random() < 0.2:
            lead(db, number, "void", NOW)
        elif state == "reported":
            lead(db, number, "filed", NOW)
        elif state == "filed":
            act(db, number, "dispatch", department_id=department(db))
        else:
            act(db, number, "note")
    return int(db.scalar(text("SELECT id FROM report WHERE number = :n"), {"n": number}) or 0)


def client_side(had: dict[str, Any], message: bytes) -> dict[str, Any]:
    """What a page has after a message: the same few lines as its script has."""
    data = json.loads(message.split(b"data: ")[1])
    rows = had.get("rows", {}) | {row["key"]: row for row in data["rows"]}
    return data | {"rows": {key: rows[key] for key in data["order"]}}


@pytest.mark.parametrize("limit", [50, 8])
def test_many_changes_leave_the_board_that_a_fresh_look_gives(
    city: Connection, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(wall, "LIMITS", (50, 8))
    chance = random.Random(7)  # noqa: S311  # a test's choices, the same each time
    groups = [Group(key_of(actor, one, limit, "zh")) for actor in readers(city)[:4] for one in FILTERS]
    pages: dict[int, dict[str, Any]] = {nr: {} for nr in range(len(groups))}
    clock_s, ids = 0.0, []
    with city.begin_nested() as inner:
        for turn in range(15):
            clock_s += 1.0
            for group in groups:
                group.update(city, ids, NOW, ZONE, clock_s)
            rows = told_rows(city, {place for group in groups for place in group.wants(ids)}, ["zh"], ZONE)["zh"]
            for nr, group in enumerate(groups):
                news = group.tell(rows, f"{turn + 1}:{turn + 1}:", NOW, ZONE)
                if news is not None:
                    pages[nr] = client_side(pages[nr], news)
            ids = [some_change(city, chance) for _ in range(chance.randrange(1, 4))]
            for nr, group in enumerate(groups[:4]):
                check(city, group, pages[nr], behind=ids)
        clock_s += RECOUNT_S
        for nr, group in enumerate(groups):
            group.update(city, ids, NOW, ZONE, clock_s)
            rows = told_rows(city, group.wants(ids), ["zh"], ZONE)["zh"]
            news = group.tell(rows, "99:99:", NOW, ZONE)
            if news is not None:
                pages[nr] = client_side(pages[nr], news)
            fresh = wall.board(city, group.key.actor, group.key.wanted, NOW, ZONE, limit=limit)
            assert (group.places, group.counts) == (fresh.places, fresh.counts), group.key
            wanted = told_rows(city, fresh.places, ["zh"], ZONE)["zh"]
            assert list(pages[nr].get("rows", {}).values()) == [wanted[place] for place in fresh.places]
            whole = client_side({}, group.whole({}))
            assert whole["rows"] == pages[nr].get("rows", {})
        inner.rollback()


def check(db: Connection, group: Group, page: dict[str, Any], behind: list[int]) -> None:
    """What was not touched since the last look stands as a fresh look says."""
    fresh = wall.board(db, group.key.actor, group.key.wanted, NOW, ZONE, limit=group.key.limit)
    told = [place.id for place in group.places if place.id not in behind]
    assert [place.id for place in fresh.places if place.id in set(told)] == [
        id_ for id_ in told if id_ in {place.id for place in fresh.places}
    ]
    assert list(page.get("order", [])) == list(page.get("rows", {}))


def look(
    db: Connection, groups: list[Group], changed: list[int] | None, clock_s: float, **more: Any
) -> list[dict[str, Any] | None]:
    """What a look tells each group; the clock is that of the process, the time of the reports stays."""
    for group in groups:
        group.update(db, changed, NOW, ZONE, clock_s, **more)
    places = {place for group in groups for place in group.wants(changed or ())}
    rows = told_rows(db, places, ["zh"], ZONE)["zh"]
    told = [group.tell(rows, "1:1:", NOW, ZONE) for group in groups]
    return [None if one is None else json.loads(one.split(b"data: ")[1]) for one in told]


def test_where_too_much_changed_every_row_is_told_anew(city: Connection) -> None:
    group = Group(key_of(Actor("admin"), Filter(), 100, "zh"))
    with city.begin_nested() as inner:
        look(city, [group], [], 0.0)
        ids = [place.id for place in group.places if place.standing == "overdue"]
        assert len(ids) > 1
        city.execute(text("UPDATE report SET description = 'anew' WHERE id = ANY(:ids)"), {"ids": ids})
        (news,) = look(city, [group], None, 1.0)
        assert news is not None
        assert [row["description"] for row in news["rows"]] == ["anew"] * len(ids)
        assert look(city, [group], None, 2.0) == [None]
        inner.rollback()


def together(db: Connection, groups: list[Group], changed: list[int] | None, clock_s: float, **more: Any) -> Any:
    """One look for all groups, which read together what they share."""
    made = Look(db, [group.key for group in groups], changed, NOW, ZONE, clock_s, **more)
    for group in groups:
        group.follow(made)
    return made


@pytest.fixture
def boards(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Actor, Filter, int]]:
    """Whose whole boards are read, as it happens."""
    read, found = wall.board, []

    def watched(db: Connection, actor: Actor, wanted: Filter, *rest: Any, limit: int) -> wall.Board:
        found.append((actor, wanted, limit))
        return read(db, actor, wanted, *rest, limit=limit)

    monkeypatch.setattr(wall, "board", watched)
    return found


def test_groups_that_look_together_stand_as_each_alone(
    city: Connection, monkeypatch: pytest.MonkeyPatch, boards: list[tuple[Actor, Filter, int]]
) -> None:
    monkeypatch.setattr(wall, "LIMITS", (50, 3, 6))
    monkeypatch.setattr(wall_groups, "COUNTING_S", 60.0)
    chance = random.Random(11)  # noqa: S311  # a test's choices, the same each time
    keys = [
        key_of(actor, one, limit, locale)
        for actor in readers(city)[:2]
        for one in FILTERS
        for limit, locale in ((3, "zh"), (50, "zh"), (3, "en"))
    ]
    shared, alone = [Group(key) for key in keys], [Group(key) for key in keys]
    bounded = [Group(key_of(Actor("admin"), Filter(), limit, "zh")) for limit in (3, 6)]
    clock_s, ids, n_passed = 0.0, [], 0
    with city.begin_nested() as inner:
        for turn in range(8):
            clock_s += RECOUNT_S if turn % 4 == 3 else 1.0
            boards.clear()
            together(city, shared, ids, clock_s)
            assert len(boards) == len({(actor, wanted) for actor, wanted, _ in boards})
            for group in alone:
                group.update(city, ids, NOW, ZONE, clock_s)
            for one, other in zip(shared, alone, strict=True):
                assert one.places == other.places, one.key
                assert one.counts == other.counts or (not one.uncertain and other.uncertain), one.key
                if one.key.limit == 3 and one.key.locale == "zh":  # what came in between is there
                    actor, wanted = one.key.actor, one.key.wanted
                    assert one.places == wall.board(city, actor, wanted, NOW, ZONE, limit=3).places, one.key
            made = Look(city, [one.key for one in bounded], ids, NOW, ZONE, clock_s, wall_groups.last_line(bounded))
            if turn and wall_groups.untouched(bounded, made):
                n_passed += 1
            else:
                for group in bounded:
                    group.follow(made)
            for group in bounded:
                fresh = wall.board(city, Actor("admin"), Filter(), NOW, ZONE, limit=group.key.limit)
                assert group.places == fresh.places, (turn, group.key)
            ids = [some_change(city, chance) for _ in range(chance.randrange(1, 4))]
        assert 0 < n_passed < 7
        together(city, shared, None, clock_s)
        for group in shared:
            fresh = wall.board(city, group.key.actor, group.key.wanted, NOW, ZONE, limit=group.key.limit)
            assert (group.places, group.counts) == (fresh.places, fresh.counts), group.key
        inner.rollback()


def test_what_comes_after_the_last_line_asks_nothing_of_a_bounded_board(
    city: Connection, monkeypatch: pytest.MonkeyPatch, boards: list[tuple[Actor, Filter, int]]
) -> None:
    monkeypatch.setattr(wall, "LIMITS", (50, 3))
    groups = [Group(key_of(actor, Filter(), 3, "zh")) for actor in readers(city)[:3]]
    read, asked = wall.some, []

    def watched(db: Connection, actor: Actor, wanted: Filter, ids: list[int], *rest: Any) -> list[wall.Place]:
        asked.append((actor, list(ids)))
        return read(db, actor, wanted, ids, *rest)

    monkeypatch.setattr(wall, "some", watched)
    with city.begin_nested() as inner:
        together(city, groups, [], 0.0)
        bounded = [group for group in groups if group.counts.picked > 3]
        assert bounded
        lon, lat = 110.005, 23.005
        late = submit(city, lon, lat, RULE, NOW).number
        id_ = city.scalar(text("SELECT id FROM report WHERE number = :n"), {"n": late})
        boards.clear()
        together(city, bounded, [id_], 1.0)
        assert ([ids for _, ids in asked], boards) == ([[id_]], [])  # once, for all
        assert all(group.uncertain for group in bounded)
        # of one that hangs here each is asked
        together(city, bounded, [bounded[0].places[0].id], 2.0)
        assert bounded[0].key.actor in [actor for actor, _ in asked[2:]]
        inner.rollback()


def test_what_no_board_shows_is_not_even_fetched_and_makes_counts_uncertain(
    city: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall, "LIMITS", (50, 3, 5))
    groups = [Group(key_of(Actor("admin"), Filter(), limit, "zh")) for limit in (3, 5)]
    every = wall.board(city, Actor("admin"), Filter(), NOW, ZONE, limit=50).places
    assert len(every) > 6

    def looking(*nrs: int) -> Look:
        ids = [every[nr].id for nr in nrs]
        return Look(city, [one.key for one in groups], ids, NOW, ZONE, 1.0, wall_groups.last_line(groups))

    together(city, groups, [], 0.0)
    assert wall_groups.last_line(groups) == every[4]
    later = looking(4, 5, 6)
    assert later.standing() == []  # the last line itself is looked for by its id
    assert wall_groups.untouched(groups, looking(5, 6))
    assert [group.uncertain for group in groups] == [True, True]
    assert looking(0, 3, 5).standing() == [every[0], every[3]]
    for nr in (0, 2, 4):
        assert not wall_groups.untouched(groups, looking(nr)), nr
    for group, n in zip(groups, (3, 5), strict=True):
        ids = [{every[nr].id} if nr < n else set() for nr in range(6)]
        assert [group.touched(looking(nr)) for nr in range(6)] == ids
    assert not wall_groups.untouched(groups, Look(city, [], None, NOW, ZONE, 1.0))  # too much changed to say
    # a board that shows all shows whatever is new
    groups.append(Group(key_of(Actor("admin"), Filter(), 50, "zh")))
    together(city, groups, [], 0.0)
    assert wall_groups.last_line(groups) is None
    assert not wall_groups.untouched(groups, looking(6))


def test_counts_are_read_anew_when_there_is_time_and_at_the_latest_at_the_renewal(
    city: Connection, monkeypatch: pytest.MonkeyPatch, boards: list[tuple[Actor, Filter, int]]
) -> None:
    monkeypatch.setattr(wall, "LIMITS", (50, 3))
    monkeypatch.setattr(wall_groups, "COUNTING_S", 1e-9)

    def key(state: str | None, limit: int = 3) -> Key:
        return key_of(Actor("admin"), Filter(state=state), limit, "zh")

    groups = [Group(one) for one in (key(None), key(None, 50), key("filed"))]
    for group in groups:
        group.update(city, [], NOW, ZONE, 0.0)
        group.uncertain = True
    boards.clear()
    assert together(city, groups, [], RECOUNT_S - 1).counting_s == 0
    together(city, groups, [], RECOUNT_S, may_recount=False)
    assert boards == []
    made = together(city, groups, [], RECOUNT_S)
    # the other limit comes with it; the other filter waits for its turn
    assert boards == [(Actor("admin"), Filter(), 50)]
    assert made.counting_s > 0
    assert [group.uncertain for group in groups] == [False, False, True]
    together(city, groups, [], RECOUNT_S)
    assert not groups[2].uncertain
    groups[0].uncertain = True
    together(city, groups, [], RENEW_S, may_recount=False)
    assert not groups[0].uncertain


def test_words_from_outside_the_log_are_told_at_the_next_renewal(city: Connection) -> None:
    group = Group(key_of(Actor("admin"), Filter(), 100, "zh"))
    with city.begin_nested() as inner:
        look(city, [group], [], 0.0)
        city.execute(text("UPDATE area SET name = 'renamed' WHERE code = 'W'"))
        city.execute(text("UPDATE category SET name_zh = '改名'"))
        assert look(city, [group], [], RENEW_S - 1) == [None]
        (news,) = look(city, [group], [], RENEW_S)
        assert news is not None
        assert {row["area"]["name"] for row in news["rows"] if row["area"] and row["area"]["code"] == "W"} == {
            "renamed"
        }
        assert {row["category"]["name"] for row in news["rows"]} == {"改名"}
        inner.rollback()


@pytest.mark.parametrize("arrived", [False, True])
def test_a_duty_that_ended_takes_its_rows_along(city: Connection, arrived: bool) -> None:
    worker_id = city.scalar(text("SELECT min(worker_id) FROM duty"))
    group = Group(key_of(Actor("worker", worker_id=worker_id), Filter(), 100, "zh"))
    with city.begin_nested() as inner:
        look(city, [group], [], 0.0)
        assert group.places
        city.execute(text("DELETE FROM duty WHERE worker_id = :id"), {"id": worker_id})
        # at once for who comes now, and soon for who is there
        (news,) = look(city, [group], [], 0.1 if arrived else SCOPE_S, arrived=arrived)
        assert news is not None
        assert news["order"] == []
        assert json.loads(group.whole({}).split(b"data: ")[1])["rows"] == []
        inner.rollback()


def test_grids_that_join_an_area_are_seen_by_its_readers_and_its_filter(city: Connection) -> None:
    (area_id, code) = city.execute(text("SELECT id, code FROM area WHERE code = 'W'")).one()
    theirs = Group(key_of(Actor("manager", area_ids=(area_id,)), Filter(), 100, "zh"))
    asked = Group(key_of(Actor("admin"), Filter(area=code), 100, "zh"))
    with city.begin_nested() as inner:
        look(city, [theirs, asked], [], 0.0)
        before = [len(group.places) for group in (theirs, asked)]
        city.execute(text("UPDATE grid_version SET area_id = :id"), {"id": area_id})
        assert look(city, [theirs, asked], [], SCOPE_S - 1) == [None, None]
        look(city, [theirs, asked], [], SCOPE_S)
        assert all(len(group.places) > n for group, n in zip((theirs, asked), before, strict=True))
        inner.rollback()


def test_each_group_tells_the_standing_of_its_own_board(city: Connection) -> None:
    groups = [Group(key_of(Actor("admin"), Filter(), limit, "zh")) for limit in (50, 100)]
    look(city, groups, [], 0.0)
    early, late = groups
    at = next(nr for nr, place in enumerate(early.places) if place.standing == "overdue")
    # its board was read before this one was overdue; the other's after
    early.places = (*early.places[:at], replace(early.places[at], standing="in_time"), *early.places[at + 1 :])
    id_ = early.places[at].id
    for group in groups:
        group.renewed = True
    rows = told_rows(city, [*early.wants(()), *late.wants(())], ["zh"], ZONE)["zh"]
    early.tell(rows, "1:1:", NOW, ZONE)
    late.tell(rows, "1:1:", NOW, ZONE)
    assert [group.sent[id_]["standing"] for group in groups] == ["in_time", "overdue"]


def test_colleagues_share_a_group_and_others_do_not() -> None:
    one = Actor("manager", account_id=1, login="a", name="A", area_ids=(1,))
    assert key_of(one, Filter(), 50, "zh") == key_of(Actor("manager", account_id=2, area_ids=(1,)), Filter(), 50, "zh")
    others = [
        key_of(Actor("manager", area_ids=(2,)), Filter(), 50, "zh"),
        key_of(Actor("leader", area_ids=(1,)), Filter(), 50, "zh"),
        key_of(one, Filter(state="filed"), 50, "zh"),
        key_of(one, Filter(), 50, "en"),
    ]
    assert len({key_of(one, Filter(), 50, "zh"), *others}) == 5


def test_an_event_is_one_line_whatever_people_wrote() -> None:
    made = wall_groups.event("board", {"words": "a\nb\r\n\x00data: </script>"}, "1:1:")
    assert made.count(b"\n") == 4
    assert made.startswith(b"id: 1:1:\nevent: board\ndata: {")
    assert made.endswith(b"}\n\n")
