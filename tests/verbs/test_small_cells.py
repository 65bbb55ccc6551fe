"""Few persons of a class are not told to readers of other areas, whichever way they ask; those of the area see them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gridsvc import campaigns, coverage, small_cells
from gridsvc.campaigns import Wanted
from gridsvc.coverage import Query, Table
from gridsvc.errors import Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from tests.conftest import NOW
from tests.verbs.test_coverage import DAY, ZONE
from tests.verbs.test_editions import publish, square
from tests.verbs.test_visited import doors

PLANNER = Actor("planner")
# doors by grid and class; cared_for is small in 000, in_need in 001
DOORS = {
    "000": {"ordinary": 9, "cared_for": 2, "in_need": 4, "business": 1},
    "001": {"ordinary": 8, "cared_for": 6, "in_need": 1},
    "002": {"ordinary": 12, "cared_for": 5, "in_need": 7},
}


@pytest.fixture
def city(db: Connection, rule: Rule) -> Connection:
    publish(db, square(), NOW - 30 * DAY, rule)
    area = db.scalar(text("INSERT INTO area (level, code, name) VALUES ('community', 'C', 'C') RETURNING id"))
    db.execute(text("UPDATE grid_version SET area_id = :a"), {"a": area})
    for lon, its in zip((110.005, 110.015, 110.025), DOORS.values(), strict=True):
        for class_code, n in its.items():
            ids = doors(db, rule, lon, n)
            kind = "shop" if class_code == "business" else "household"
            db.execute(
                text("UPDATE household SET class_code = :c, kind = :k WHERE id = ANY (:ids)"),
                {"c": class_code, "k": kind, "ids": ids},
            )
    start(db, "c")
    return db


def start(db: Connection, code: str, classes: tuple[str, ...] | None = None) -> None:
    wanted = Wanted(code, date(2026, 10, 25), date(2026, 11, 8), ("household", "shop"), classes)
    campaigns.create(db, code, wanted, PLANNER, NOW, ZONE)
    campaigns.draw(db, code, NOW)


def ask(db: Connection, by: tuple[Any, ...], actor: Actor = PLANNER, campaign: str | None = "c", **more: Any) -> Table:
    return coverage.table(db, Query(by, campaign, **more), actor, NOW, ZONE)


def seen(table: Table) -> dict[tuple[str | None, ...], int | None]:
    return {tuple(key.code for key in row.keys): row.counts.get("enumerated") for row in table.rows}


@pytest.mark.parametrize("more", [{}, {"as_of": NOW}, {"campaign": None}])
def test_a_small_cell_is_hidden_with_what_gives_it_back(city: Connection, more: dict[str, Any]) -> None:
    got = seen(ask(city, ("grid", "class"), **more))
    hidden = {keys for keys, n in got.items() if n is None}
    assert {("000", "cared_for"), ("001", "in_need")} <= hidden
    for index in (0, 1):  # each hidden one has company in its row and column
        assert all(sum(one[index] == keys[index] for one in hidden) > 1 for keys in hidden)
    assert got["000", "business"] == 1
    assert len(hidden) < 8
    assert all(n == DOORS[grid][name] for (grid, name), n in got.items() if n is not None and grid in DOORS)


def test_one_class_alone_hides_the_same(city: Connection) -> None:
    whole = seen(ask(city, ("grid", "class")))
    for name in ("ordinary", "cared_for", "in_need", "business"):
        alone = seen(ask(city, ("grid",), class_code=name))
        assert alone == {(grid,): n for (grid, one), n in whole.items() if one == name}
    by_week = ask(city, ("grid", "week"), class_code="cared_for")
    assert {row.keys[0].code for row in by_week.rows if row.values is None} == {
        grid for (grid, one), n in whole.items() if one == "cared_for" and n is None
    }


def test_a_campaign_of_one_class_is_hidden_by_place(city: Connection) -> None:
    start(city, "d", ("cared_for",))
    got = ask(city, ("grid",), campaign="d")
    assert seen(got)["000",] is None
    assert sum(n is None for n in seen(got).values()) == 2
    assert got.counts["enumerated"] == 13
    assert seen(ask(city, ("grid",), Actor("system"), campaign="d"))["000",] == 2


def test_a_small_whole_is_hidden(city: Connection) -> None:
    city.execute(text("UPDATE household SET class_code = 'floating' WHERE id = (SELECT min(id) FROM household)"))
    got = ask(city, (), campaign=None, class_code="floating")
    assert (got.values, got.counts, got.added) == (None, {}, None)


def test_who_keeps_the_area_sees_its_doors(city: Connection) -> None:
    area = city.scalar(text("SELECT id FROM area"))
    got = seen(ask(city, ("grid", "class"), Actor("manager", 1, area_ids=(area,))))
    assert got == {(grid, name): n for grid, its in DOORS.items() for name, n in its.items()}
    assert None not in seen(ask(city, ("grid",))).values()
    assert None not in seen(ask(city, ("grid", "class"), kind="shop")).values()


def test_too_fine_is_refused() -> None:
    cells = (small_cells.Cell((str(i),), name, 1) for i in range(400) for name in "abcdef")
    with pytest.raises(Refused, match="coverage_too_fine"):
        small_cells.Hidden(cells)
