"""Few persons of a class are not told to readers of other areas, whichever way they ask; those of the area see them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from sqlalchemy import Connection, text

from gridsvc import campaigns, coverage, history, small_cells
from gridsvc.campaigns import Wanted
from gridsvc.coverage import Query, Table
from gridsvc.errors import Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from tests.conftest import NOW, RULE
from tests.verbs.test_coverage import DAY, ZONE
from tests.verbs.test_editions import publish, square
from tests.verbs.test_visited import doors

PLANNER = Actor("planner")
# doors by community and class; cared_for is small in C0, in_need in C1, floating is all in C2
DOORS = {
    "C0": {"ordinary": 9, "cared_for": 2, "in_need": 4, "business": 1},
    "C1": {"ordinary": 8, "cared_for": 6, "in_need": 1},
    "C2": {"ordinary": 12, "cared_for": 5, "in_need": 7, "floating": 4},
}
GRIDS = {"C0": "000", "C1": "001", "C2": "002"}


@pytest.fixture
def city(db: Connection, rule: Rule) -> Connection:
    history.begin(db, NOW - 30 * DAY)  # what is made here has been so for long
    publish(db, square(), NOW - 30 * DAY, rule)
    for code, lon in zip(DOORS, (110.005, 110.015, 110.025), strict=True):
        made = text("INSERT INTO area (level, code, name) VALUES ('community', :c, :c) RETURNING id")
        area = db.scalar(made, {"c": code})
        db.execute(text("UPDATE grid_version SET area_id = :a WHERE code = :g"), {"a": area, "g": GRIDS[code]})
        for class_code, n in DOORS[code].items():
            stand(db, doors(db, rule, lon, n), class_code)
    start(db, "c")
    return db


def stand(db: Connection, ids: list[int], class_code: str) -> None:
    kind = "shop" if class_code == "business" else "household"
    told = text("UPDATE household SET class_code = :c, kind = :k WHERE id = ANY (:ids)")
    db.execute(told, {"c": class_code, "k": kind, "ids": ids})


def start(db: Connection, code: str, classes: tuple[str, ...] | None = None) -> None:
    wanted = Wanted(code, date(2026, 10, 25), date(2026, 11, 8), ("household", "shop"), classes)
    campaigns.create(db, code, wanted, PLANNER, NOW, ZONE)
    campaigns.draw(db, code, NOW)


def ask(db: Connection, by: tuple[Any, ...], actor: Actor = PLANNER, campaign: str | None = "c", **more: Any) -> Table:
    return coverage.table(db, Query(by, campaign, **more), actor, NOW, ZONE, rule=RULE)


def seen(table: Table) -> dict[tuple[str | None, ...], int | None]:
    return {tuple(key.code for key in row.keys): row.counts.get("enumerated") for row in table.rows}


def ranges(cells: dict[tuple[str | None, ...], int | None], answers: list[Table]) -> dict[Any, tuple[int, int]]:
    """What each hidden cell can be to a reader who adds up: at least 1, and in sum what the other answers show."""
    keys = [keys for keys, n in cells.items() if n is None]
    rows, sums = [], []
    for answer in answers:
        named = [(dict(zip(answer.query.by, keys, strict=True)), n) for keys, n in seen(answer).items()]
        named.append(({"class": answer.query.class_code}, answer.counts.get("enumerated")))
        for place, n in named:
            whole = {place.get("community"), place.get("class")} - {None}
            if n is not None:
                rows.append([float(whole.issubset(key)) for key in keys])
                sums.append(n - sum(n or 0 for key, n in cells.items() if whole.issubset(key)))
    held = LinearConstraint(np.array(rows), sums, sums)
    found = {}
    for index, key in enumerate(keys):
        goal = np.eye(len(keys))[index]
        ends = [
            milp(sign * goal, constraints=held, integrality=np.ones(len(keys)), bounds=Bounds(1, 999))
            for sign in (1, -1)
        ]
        assert all(end.success for end in ends)
        found[key] = round(ends[0].fun), round(-ends[1].fun)
    return found


@pytest.mark.parametrize("more", [{}, {"as_of": NOW}, {"campaign": None}])
def test_no_hidden_cell_is_solved_for_from_all_answers(city: Connection, more: dict[str, Any]) -> None:
    cells = seen(ask(city, ("community", "class"), **more))
    hidden = {keys for keys, n in cells.items() if n is None}
    small = {(place, name) for place, its in DOORS.items() for name, n in its.items() if n < 3 and name != "business"}
    assert small == {("C0", "cared_for"), ("C1", "in_need")} <= hidden
    assert len(hidden) < 8
    assert cells["C0", "business"] == 1
    true: dict[Any, int] = {(place, name): n for place, its in DOORS.items() for name, n in its.items()}
    assert all(n == true[keys] for keys, n in cells.items() if n is not None)
    persons = {key: n for key, n in cells.items() if key[1] != "business"}
    whole = [ask(city, by, kind="household", **more) for by in ((), ("community",))]
    whole += [ask(city, (), class_code=name, **more) for name in ("ordinary", "cared_for", "in_need", "floating")]
    found = ranges(persons, whole)
    for key in small:
        assert found[key][0] < 3 <= found[key][1], (key, found[key])


def test_every_answer_about_classes_hides_the_same(city: Connection, rule: Rule) -> None:
    stand(city, doors(city, rule, 110.015, 2), "living_alone")
    both = seen(ask(city, ("class", "community"), campaign=None))
    alone = seen(ask(city, ("class",), campaign=None))
    weeks = ask(city, ("class", "week"), campaign=None, from_on=date(2026, 10, 26))
    assert alone["living_alone",] is None, "two in all"
    assert {row.keys[0].code for row in weeks.rows if row.values is None} == {
        k for (k,), n in alone.items() if n is None
    }
    for name in ("ordinary", "cared_for", "in_need", "floating", "living_alone", "business"):
        one = ask(city, ("community",), campaign=None, class_code=name)
        assert seen(one) == {(place,): n for (of, place), n in both.items() if of == name}
        assert one.counts.get("enumerated") == alone[name,]
        assert ask(city, (), campaign=None, class_code=name).counts.get("enumerated") == alone[name,]


def test_neighbouring_periods_and_instants_hide_the_same(city: Connection) -> None:
    """What is hidden goes by the doors, never by the visits of a period: no difference of two periods shows a door."""
    days = [date(2026, 10, 26), date(2026, 10, 27), date(2026, 10, 31)]
    spans: list[dict[str, Any]] = [{}, {"as_of": NOW}, *({"from_on": days[0], "to_on": day} for day in days)]
    for campaign in ("c", None):
        for by in (("community", "class"), ("class",)):
            answers = [seen(ask(city, by, campaign=campaign, **span)) for span in spans]
            assert all(answer == answers[0] for answer in answers)
            assert (None in answers[0].values()) == ("community" in by)


@pytest.mark.parametrize("place", ["grid", "compound", "subdistrict"])
def test_classes_are_told_by_no_finer_place(city: Connection, place: str) -> None:
    asked: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        ((place, "class"), {}),
        ((place,), {"class_code": "cared_for"}),
        (("class", place), {"kind": "household"}),
    ]
    for by, more in asked:
        with pytest.raises(Refused, match=f"coverage_class_place.*{place}"):
            ask(city, by, **more)
    assert ask(city, (place, "class"), Actor("manager")).rows == ()


def test_a_sensitive_class_is_ordinary_to_who_may_not_unmask(city: Connection) -> None:
    area = city.scalar(text("SELECT id FROM area WHERE code = 'C2'"))
    manager = Actor("manager", 1, area_ids=(area,))
    before = [ask(city, ("class",), campaign=campaign) for campaign in ("c", None)]
    city.execute(text("UPDATE household SET class_code = 'correction' WHERE class_code = 'ordinary' AND id % 2 = 0"))
    city.execute(text("UPDATE campaign_cell SET class_code = 'correction' WHERE class_code = 'ordinary'"))
    for old in before:
        assert ask(city, ("class",), campaign=old.query.campaign).rows == old.rows
        assert "correction" in {key for (key,) in seen(ask(city, ("class",), manager, old.query.campaign))}
    assert (
        ask(city, ("class",), Actor("leader", 2, area_ids=(area,))).rows
        != ask(city, ("class",), Actor("dispatcher", 3, area_ids=(area,))).rows
    )
    for actor in (PLANNER, Actor("dispatcher", 3, area_ids=(area,))):
        with pytest.raises(Refused, match="class_unknown"):
            ask(city, (), actor, class_code="correction")
    assert ask(city, (), manager, class_code="correction").counts["enumerated"] > 0


def test_a_campaign_of_one_class_is_hidden_by_place(city: Connection) -> None:
    start(city, "d", ("cared_for",))
    got = ask(city, ("grid",), campaign="d")
    assert seen(got)["000",] is None
    assert sum(n is None for n in seen(got).values()) == 2
    assert got.counts["enumerated"] == 13
    assert seen(ask(city, ("grid",), Actor("system"), campaign="d"))["000",] == 2


def test_a_small_whole_is_hidden(city: Connection) -> None:
    city.execute(text("UPDATE household SET class_code = 'living_alone' WHERE id = (SELECT min(id) FROM household)"))
    got = ask(city, (), campaign=None, class_code="living_alone")
    assert (got.values, got.counts, got.added) == (None, {}, None)


def test_who_keeps_the_area_sees_its_doors(city: Connection) -> None:
    areas = tuple(city.scalars(text("SELECT id FROM area")))
    got = seen(ask(city, ("grid", "class"), Actor("manager", 1, area_ids=areas)))
    assert got == {(GRIDS[place], name): n for place, its in DOORS.items() for name, n in its.items()}
    assert None not in seen(ask(city, ("grid",))).values()
    assert None not in seen(ask(city, ("grid", "class"), kind="shop")).values()


def test_too_fine_is_refused() -> None:
    cells = (small_cells.Cell((str(i),), name, 1) for i in range(400) for name in "abcdef")
    with pytest.raises(Refused, match="coverage_too_fine"):
        small_cells.Hidden(cells)
