"""Boards kept by their changes alone are the boards that a fresh look gives, for every reader and filter."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gridsvc import wall
from gridsvc.rules.roles import Actor
from gridsvc.wall import Filter
from gridsvc.web import wall_groups
from gridsvc.web.wall_groups import RECOUNT_S, Group, key_of, told_rows
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
            assert list(pages[nr].get("rows", {}).values()) == [wanted[place.id] for place in fresh.places]
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
