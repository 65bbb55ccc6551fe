"""How the doors of campaigns stand: kept with every change, equal to a count of everything."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from gridsvc import grids, visited
from gridsvc.grids import Rule
from tests.conftest import NOW
from tests.verbs import recounting
from tests.verbs.test_editions import publish, square
from tests.verbs.test_stats import visit

BEGIN, END = NOW - timedelta(days=10), NOW + timedelta(days=10)


def doors(db: Connection, rule: Rule, lon: float, n: int) -> list[int]:
    """So many doors at one place, placed as the register places them."""
    point = {"p": f"SRID=4326;POINT({lon} 23.005)", "r": uuid.uuid4().hex}
    compound = db.scalar(
        text(
            "INSERT INTO compound (source, ref, name, geom) VALUES ('t', :r, '甲', CAST(:p AS geometry)) RETURNING id"
        ),
        point,
    )
    made = text(
        "INSERT INTO household (compound_id, building, unit, room, geom, registered_at) "
        "SELECT :c, '1', '无', CAST(i AS text), CAST(:p AS geometry), :at FROM generate_series(1, :n) i RETURNING id"
    )
    ids = list(db.scalars(made, point | {"c": compound, "n": n, "at": NOW - timedelta(days=20)}))
    placed = grids.place(db, lon, 23.005, NOW, rule).grid_version_id
    db.execute(text("UPDATE household SET grid_version_id = :g WHERE id = ANY (:ids)"), {"g": placed, "ids": ids})
    return sorted(ids)


def draw(db: Connection, ids: list[int], *, modes: str = "{door}", n_times: int = 1, code: str = "c") -> int:
    """A running campaign with these doors on its list."""
    made = db.scalar(
        text(
            "INSERT INTO campaign (code, name, state, kinds, starts_on, ends_on, starts_at, ends_at, n_times, modes, "
            "created_at, drawn_at) VALUES (:code, 'c', 'running', '{household}', :b, :e, :b, :e, :n, :modes, :b, :b) "
            "RETURNING id"
        ),
        {"code": code, "b": BEGIN, "e": END, "n": n_times, "modes": modes},
    )
    visited.hold(db, alone=True)
    db.execute(
        text(
            "INSERT INTO campaign_door (campaign_id, household_id, targeted) "
            "SELECT :c, id, excluded IS NULL FROM household WHERE id = ANY (:ids)"
        ),
        {"c": made, "ids": ids},
    )
    visited.recount(db, made)
    return int(made)


@pytest.fixture
def listed(db: Connection, rule: Rule) -> tuple[Connection, list[int]]:
    """Doors in two grids, on the list of a campaign that asks for two visits by any means, and of one of one visit."""
    publish(db, square(), NOW - timedelta(days=30), rule)
    ids = doors(db, rule, 110.005, 4) + doors(db, rule, 110.015, 3)
    draw(db, ids)
    draw(db, ids[2:], modes="{door,phone}", n_times=2, code="d")
    return db, ids


def test_a_list_begins_unvisited(listed: tuple[Connection, list[int]]) -> None:
    db, ids = listed
    recounting.assert_right(db)
    cells = recounting.stored_cells(db)
    assert sum(cell["not_visited"] for cell in cells.values()) == len(ids) + len(ids) - 2


def test_drawing_late_counts_what_happened_before(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW - timedelta(days=30), rule)
    ids = doors(db, rule, 110.005, 3)
    visit(db, ids[0], "reached")
    visit(db, ids[1], "absent")
    visited.refresh(db, ids, NOW)
    draw(db, ids)
    recounting.assert_right(db)
    assert [standing[0] for _, standing in sorted(recounting.stored_doors(db).items())] == [
        "reached",
        "absent",
        "not_visited",
    ]


def test_visits_are_counted(listed: tuple[Connection, list[int]]) -> None:
    db, ids = listed
    for door, outcome, days_ago in [
        (ids[0], "absent", 3),
        (ids[0], "reached", 2),
        (ids[0], "refused", 1),
        (ids[1], "vacant", 2),
        (ids[2], "not_found", 2),
        (ids[3], "reached", 30),
    ]:
        visit(db, door, outcome, days_ago)
    assert visited.refresh(db, ids[:4], NOW) == []
    recounting.assert_right(db)
    statuses = [standing[0] for (_, door), standing in sorted(recounting.stored_doors(db).items()) if door in ids[:4]]
    assert statuses[:4] == ["reached", "vacant", "not_found", "not_visited"]


def test_a_door_that_changes_is_counted_where_it_is(listed: tuple[Connection, list[int]]) -> None:
    db, ids = listed
    visit(db, ids[0], "reached")
    visited.refresh(db, [ids[0]], NOW)
    n_cells = len(recounting.stored_cells(db))
    moves = "SELECT grid_version_id FROM household WHERE id = :other"
    for change in (
        f"grid_version_id = ({moves})",
        "class_code = 'cared_for'",
        "kind = 'shop', tag = 'x'",
        "removed_at = registered_at",
        "grid_version_id = NULL, compound_id = NULL, class_code = 'ordinary', kind = 'household', building = 'z'",
    ):
        visited.before(db, ids[:1])
        db.execute(text(f"UPDATE household SET {change} WHERE id = :id"), {"id": ids[0], "other": ids[6]})
        visited.after(db, ids[:1])
        recounting.assert_right(db)
    assert len(recounting.stored_cells(db)) == n_cells + 1


def test_a_cell_without_doors_goes(listed: tuple[Connection, list[int]]) -> None:
    db, ids = listed
    visited.before(db, ids)
    db.execute(text("UPDATE household SET class_code = 'cared_for'"))
    visited.after(db, ids)
    recounting.assert_right(db)
    assert {key[3] for key in recounting.stored_cells(db)} == {"cared_for"}


def test_doors_on_no_list_cost_nothing(listed: tuple[Connection, list[int]], rule: Rule) -> None:
    db, _ = listed
    beside = doors(db, rule, 110.005, 2)
    visited.before(db, [])
    visited.after(db, [])
    visited.before(db, beside)
    visited.after(db, beside)
    visit(db, beside[0], "reached")
    visited.refresh(db, beside, NOW)
    recounting.assert_right(db)


def test_a_reaching_visit_ends_an_exclusion(listed: tuple[Connection, list[int]]) -> None:
    db, ids = listed
    account = db.scalar(
        text("INSERT INTO account (login, name, role, password_hash) VALUES ('m', 'm', 'manager', 'x') RETURNING id")
    )
    visited.before(db, ids[:2])
    for door in ids[:2]:
        values = {"d": door, "a": account, "c": NOW - timedelta(days=3), "n": NOW - timedelta(days=2)}
        db.execute(
            text(
                "INSERT INTO household_exclusion (household_id, reason, claimed_at, confirmed_by, confirmed_at, document) "
                "VALUES (:d, 'vacant', :c, :a, :n, '证明')"
            ),
            values,
        )
    db.execute(text("UPDATE household SET excluded = 'vacant' WHERE id = ANY (:ids)"), {"ids": ids[:2]})
    visited.after(db, ids[:2])
    recounting.assert_right(db)
    visit(db, ids[0], "reached", 5)  # before it was said to be vacant: nothing ends
    visit(db, ids[1], "reached", 2.5)  # after the claim, though before it was confirmed
    assert visited.refresh(db, ids[:2], NOW) == [ids[1]]
    recounting.assert_right(db)
    ended = db.scalar(text("SELECT ended_at FROM household_exclusion WHERE household_id = :d"), {"d": ids[1]})
    assert ended == NOW
