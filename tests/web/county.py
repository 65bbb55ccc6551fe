"""A small county for the web's tests: two subdistricts, eight grids and one dedicated one, people, doors, accounts.

West (two columns) and east (two columns) of 0.01 degree squares from 110 E, 23 N; codes begin with the community's.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import shapely
from sqlalchemy import Connection, text

from gridsvc import accounts, areas, categories, compounds, editions, households, reports, workers
from gridsvc.grids import Rule
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from tests.conftest import NOW

STEP = 0.01
WEST, EAST = "370101001001", "370101002001"
RULE = Rule(50.0, "Asia/Shanghai")
BEGIN = NOW - timedelta(days=200)
PASSWORD = "a long enough password"
CANARY = "</script><img src=x onerror=__x=1>{{7*191}}{%"
ROLES = ("admin", "planner", "manager_west", "manager_east", "worker")


def worked_out(shown: str) -> bool:
    """Whether a page did the canary's sum, which a digest, key or token in it may hold by chance."""
    return "1337" in re.sub(r"[0-9a-f-]{12,}", "", shown)


def box(west: float, south: float, east: float, north: float) -> bytes:
    return bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(west, south, east, north)])))


def base_grids() -> list[editions.Row]:
    rows = []
    for x in range(4):
        for y in range(2):
            code = f"{WEST if x < 2 else EAST}{(x % 2) * 2 + y + 1:03d}"
            shape = box(110 + x * STEP, 23 + y * STEP, 110 + (x + 1) * STEP, 23 + (y + 1) * STEP)
            rows.append((len(rows) + 1, code, f"第{len(rows) + 1}网格", shape))
    return rows


@dataclass
class County:
    """What the tests need to know of it: numbers of reports by where they are, ids of compounds, tokens by role."""

    numbers: dict[str, str] = field(default_factory=dict)
    compounds: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


def build(db: Connection) -> County:
    """Makes the county in an empty schema."""
    county = County()
    _ground(db, county)
    _people(db, county)
    _reports(db, county)
    return county


def _ground(db: Connection, county: County) -> None:
    west, east = box(110, 23, 110.02, 23.02), box(110.02, 23, 110.04, 23.02)
    areas.save(
        db,
        [
            areas.Area("370101", "district", "试验区", None, box(110, 23, 110.04, 23.02)),
            areas.Area("370101001", "subdistrict", "西街道", "370101", west),
            areas.Area("370101002", "subdistrict", "东街道", "370101", east),
            areas.Area(WEST, "community", "西社区", "370101001", west),
            areas.Area(EAST, "community", "东社区", "370101002", east),
        ],
    )
    categories.save(
        db, [categories.Category("0110", "暴露垃圾", "Litter"), categories.Category("0506", "道路积水", "Water")]
    )
    for layer, rows in (
        ("base", base_grids()),
        ("dedicated", [(1, f"{WEST}901", "商场", box(110.001, 23.001, 110.002, 23.002))]),
    ):
        editions.stage(db, rows)
        editions.draft(db, layer, BEGIN, replace=True)
        editions.publish(db, layer, BEGIN, RULE)
    park = shapely.box(110.003, 23.003, 110.006, 23.006)
    compounds.save(
        db,
        [
            compounds.Incoming("t", "1", CANARY, ("锦绣花园",), 120, 4, True, bytes(shapely.to_wkb(park))),
            compounds.Incoming(
                "t", "2", "同名苑", (), 80, 2, False, bytes(shapely.to_wkb(shapely.Point(110.015, 23.015)))
            ),
            compounds.Incoming(
                "t", "3", "同名苑", (), 60, 2, False, bytes(shapely.to_wkb(shapely.Point(110.035, 23.015)))
            ),
        ],
    )
    county.compounds = {row.ref: row.id for row in db.execute(text("SELECT ref, id FROM compound"))}
    road = "SRID=4326;LINESTRING(110 23.01, 110.04 23.01)"
    lake = "SRID=4326;POLYGON((110.021 23.001, 110.023 23.001, 110.023 23.003, 110.021 23.001))"
    house = "SRID=4326;POLYGON((110.004 23.004, 110.0042 23.004, 110.0042 23.0042, 110.004 23.004))"
    add = text("INSERT INTO basemap (source, kind, class, geom) VALUES ('t', :k, :c, ST_GeomFromEWKT(:g))")
    rows = [("road", "major", road), ("road", "path", road), ("water", None, lake), ("building", None, house)]
    db.execute(add, [{"k": kind, "c": class_, "g": geom} for kind, class_, geom in rows])


def _people(db: Connection, county: County) -> None:
    workers.save(db, [workers.Worker("w1", "王小明"), workers.Worker("w2", "李大山")])
    workers.save_duties(
        db, [workers.Duty("w1", "base", f"{WEST}001", "main"), workers.Duty("w2", "base", f"{EAST}001", "main")]
    )
    doors = [households.Door(county.compounds["1"], "1幢", "无", f"{n}01", 110.004, 23.004) for n in range(10)]
    doors += [households.Door(county.compounds["3"], "1幢", "无", f"{n}01", 110.035, 23.015) for n in range(4)]
    households.register(db, doors, BEGIN, RULE)
    ids = list(
        db.scalars(text("SELECT id FROM household WHERE compound_id = :c ORDER BY id"), {"c": county.compounds["1"]})
    )
    when = NOW - timedelta(days=5)
    seen = text(
        "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at) VALUES (:k, :h, :o, :a, :a)"
    )
    outcomes = ["reached"] * 6 + ["absent"] * 2
    db.execute(seen, [{"k": uuid.uuid4(), "h": h, "o": o, "a": when} for h, o in zip(ids, outcomes, strict=False)])
    people = {
        "admin": ("admin", {}),
        "planner": ("planner", {}),
        "manager_west": ("manager", {"area_codes": ["370101001"]}),
        "manager_east": ("manager", {"area_codes": [EAST]}),
        "worker": ("worker", {"worker_code": "w1"}),
    }
    for login, (role, more) in people.items():
        accounts.create(db, login=login, name=f"{login} 某", role=role, password=PASSWORD, **more)
        county.tokens[login] = accounts.issue_bearer(db, login, "tests", NOW, timedelta(days=30)).token


def _reports(db: Connection, county: County) -> None:
    def send(name: str, at: datetime, **more: object) -> None:
        draft = Draft(uuid.uuid4(), str(more.pop("category", "0110")), f"{name} {CANARY}", "web", **more)
        county.numbers[name] = reports.submit(db, draft, ANONYMOUS, at, RULE).number

    for place, lon in (("west", 110.005), ("west2", 110.015), ("east", 110.025), ("east2", 110.035)):
        send(place, NOW - timedelta(days=len(county.numbers) + 1), position=Position(lon, 23.005, "wgs84", 10.0))
    send("old", NOW - timedelta(days=150), position=Position(110.005, 23.005, "wgs84"), category="0506")
    send("outside", NOW - timedelta(days=3), position=Position(111, 24, "wgs84"))
    send("words", NOW - timedelta(days=2), words="菜市场北门")


def met(db: Connection, campaign: str) -> dict[str, tuple[int, int]]:
    """By grid: doors on a campaign's list where somebody was met, and doors on it; other tests go on visiting them."""
    rows = db.execute(
        text(
            "SELECT g.code, count(*) FILTER (WHERE EXISTS (SELECT FROM visit v WHERE v.household_id = d.household_id"
            " AND v.outcome = 'reached' AND v.mode = 'door' AND v.happened_at >= c.starts_on"
            " AND NOT EXISTS (SELECT FROM visit w WHERE w.supersedes_id = v.id))) AS n_met, count(*) AS n"
            " FROM campaign c JOIN campaign_door d ON d.campaign_id = c.id JOIN household h ON h.id = d.household_id"
            " JOIN grid_version g ON g.id = h.grid_version_id WHERE c.code = :c AND h.excluded IS NULL GROUP BY g.code"
        ),
        {"c": campaign},
    )
    return {row.code: (row.n_met, row.n) for row in rows}
