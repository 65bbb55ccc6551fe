"""One box over the maps: by code, name, first letters, number; the reader's own only; by index where it can be many."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from sqlalchemy import Connection, text

from gridsvc import areas, compounds, finding, workers
from gridsvc.db.queries import load
from gridsvc.finding import Found
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from tests.conftest import NOW, Fresh
from tests.verbs.test_editions import cell, publish, square, submit

ADMIN = Actor("admin", 1)
CANARY = '{{7*191}}${window.__x=1}<img src=x onerror="window.__x=1">'


@pytest.fixture
def city(db: Connection, rule: Rule) -> Connection:
    return built(db, rule)


def built(db: Connection, rule: Rule) -> Connection:
    """Nine grids, the western three in community W with worker w on 000; compounds in 000, 001 and nowhere."""
    areas.save(db, [areas.Area("W", "community", "西社区", None, cell(109.999, 22.999, 110.01, 23.031))])
    publish(db, square(), NOW, rule)
    db.execute(text("UPDATE grid_version SET area_id = (SELECT id FROM area) WHERE code IN ('000', '003', '006')"))
    db.execute(text("UPDATE grid_version SET name = '花园一区' WHERE code = '001'"))
    workers.save(db, [workers.Worker("w", "甲")])
    workers.save_duties(db, [workers.Duty("w", "base", "000", "main")])
    spots = {"锦绣花园": (110.005, 23.005), "长洲小区": (110.015, 23.005), CANARY: (111.5, 23.5)}
    compounds.save(
        db,
        [
            compounds.Incoming("t", str(nr), name, (), None, None, None, shapely.to_wkb(shapely.Point(at)))
            for nr, (name, at) in enumerate(spots.items())
        ],
    )
    return db


def told(found: tuple[Found, ...]) -> list[tuple[str, str]]:
    return [(one.kind, one.code or one.label) for one in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("001", [("grid", "001")]),
        ("花园", [("grid", "001"), ("compound", "锦绣花园")]),
        ("花園", [("grid", "001"), ("compound", "锦绣花园")]),
        ("锦绣", [("compound", "锦绣花园")]),
        ("jxhy", [("compound", "锦绣花园")]),
        ("JX", [("compound", "锦绣花园")]),
        ("czx", [("compound", "长洲小区")]),  # 长 has two readings
        ("zzx", [("compound", "长洲小区")]),
        ("<img", [("compound", CANARY)]),
        ("%", []),
        ("_", [("compound", CANARY)]),
        ("  ", []),
        ("' OR 1=1 --", []),
    ],
)
def test_what_is_typed_finds(city: Connection, words: str, expected: list[tuple[str, str]]) -> None:
    assert told(finding.find(city, ADMIN, words)) == expected


def test_a_place_comes_with_where_it_is(city: Connection) -> None:
    grid, compound = finding.find(city, ADMIN, "花园")
    assert (grid.layer, grid.note) == ("base", ("001", "001"))
    assert grid.box == pytest.approx((110.01, 23.0, 110.02, 23.01))
    assert (compound.lon, compound.lat, compound.note[0]) == (110.005, 23.005, "西社区")
    assert compound.id == city.scalar(text("SELECT id FROM compound WHERE ref = '0'"))


def test_a_report_by_its_number_or_the_beginning_of_it(city: Connection, rule: Rule) -> None:
    numbers = [submit(city, 110.005, 23.005, rule).number, submit(city, 110.015, 23.005, rule).number]
    (one,) = finding.find(city, ADMIN, numbers[0])
    assert (one.kind, one.code, one.ref) == ("report", numbers[0], ("gridsvc", numbers[0], 0))
    assert (one.lon, one.lat) == (110.005, 23.005)
    assert "网格0" in one.note[0]
    assert [one.code for one in finding.find(city, ADMIN, numbers[0][:8])] == sorted(numbers, reverse=True)
    city.execute(text("UPDATE report SET source = 'hotline' WHERE number = :n"), {"n": numbers[0]})
    assert finding.find(city, ADMIN, numbers[0])[0].ref == ("hotline", numbers[0], 0)


def test_nothing_of_other_readers_is_found(city: Connection, rule: Rule) -> None:
    own, other = submit(city, 110.005, 23.005, rule).number, submit(city, 110.015, 23.005, rule).number
    area, worker = city.scalar(text("SELECT id FROM area")), city.scalar(text("SELECT id FROM worker"))
    for who in (Actor("manager", 2, area_ids=(area,)), Actor("worker", 3, worker_id=worker)):
        assert told(finding.find(city, who, "花园")) == [("compound", "锦绣花园")]
        assert told(finding.find(city, who, "001")) == []
        assert told(finding.find(city, who, "zzx")) == told(finding.find(city, who, "<img")) == []
        assert told(finding.find(city, who, own[:8])) == [("report", own)]
        assert finding.find(city, who, other) == ()
    nobody = Actor("manager", 4)
    assert [finding.find(city, nobody, words) for words in ("0", "花园", "jx", own)] == [()] * 4
    # a handler sees what the own department takes part in, wherever that is
    made = text("INSERT INTO department (code, name) VALUES ('D', '局') RETURNING id")
    department = city.scalar(made)
    city.execute(text("UPDATE report SET department_id = :d WHERE number = :n"), {"d": department, "n": other})
    assert told(finding.find(city, Actor("handler", 5, department_id=department), other[:8])) == [("report", other)]


def test_at_most_twenty_and_each_kind_has_room(city: Connection, rule: Rule) -> None:
    spot = shapely.to_wkb(shapely.Point(110.005, 23.005))
    many = [compounds.Incoming("m", str(nr), f"网格{nr}村", (), None, None, None, spot) for nr in range(30)]
    compounds.save(city, many)
    found = finding.find(city, ADMIN, "网格")
    assert len(found) == finding.MOST
    kinds = [one.kind for one in found]
    assert (kinds.count("grid"), kinds.count("compound")) == (8, 12)
    for _ in range(25):
        submit(city, 110.005, 23.005, rule)
    assert len(finding.find(city, ADMIN, f"{NOW:%Y}")) == finding.MOST


def test_what_can_be_many_is_found_by_index(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin() as db:
        number = submit(built(db, rule), 110.005, 23.005, rule).number
        for rows in (
            "INSERT INTO report (source, number, state, category, channel, received_at) "
            "SELECT 'gridsvc', 'n' || i, 'reported', r.category, r.channel, r.received_at "
            "FROM report r, generate_series(1, 5000) i",
            "INSERT INTO compound_name (compound_id, key, initials) "
            "SELECT (SELECT min(id) FROM compound), 'k' || i, 'k' || i FROM generate_series(1, 3000) i",
            "INSERT INTO grid_version (layer, code, name, geom) "
            "SELECT layer, 'g' || i, name, geom FROM grid_version, generate_series(1, 1000) i WHERE code = '000'",
        ):
            db.execute(text(rows))
    # the serving role may not count tables: else the planner goes by what it was told of them last
    with fresh.begin(owner=True) as db:
        db.execute(text("ANALYZE report, compound_name, grid_version"))
    with fresh.begin() as db:
        found_by_index(db, number)


def found_by_index(db: Connection, number: str) -> None:
    mine: dict[str, Any] = {"all_areas": True, "area_ids": [], "worker_id": None, "n": 20}
    more = {"low": number, "high": number + "\U0010ffff", "most": 200, "sees_unplaced": True, "department_id": None}
    assert "report_source_number_repeat_key" in _plan(db, "find_reports", mine | more)
    assert "Seq Scan on report " not in _plan(db, "find_reports", mine | more)
    more = {"low": "k77", "high": "k77\U0010ffff", "letters": "k77", "letters_high": "k77\U0010ffff"}
    plan = _plan(db, "find_compounds", mine | more)
    assert "compound_name_key_idx" in plan or "compound_name_pkey" in plan
    assert "compound_name_initials_idx" in plan
    more = {"low": "g77", "high": "g77\U0010ffff", "words": "g77", "key": "g77"}
    assert "grid_version_code_idx" in _plan(db, "find_grids", mine | more)


def _plan(db: Connection, name: str, values: dict[str, Any]) -> str:
    # whether an index can serve, not whether so small a table is worth it
    db.execute(text("SET LOCAL enable_seqscan = off"))
    return "\n".join(db.scalars(text(f"EXPLAIN {load(name).text}"), values))
