"""Small files of reports for tests, and how a test imports one."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy import Connection, text

from geodata.layer import Fields
from gridsvc import editions
from gridsvc.grids import Rule
from gridsvc.imports import reports as importing
from gridsvc.imports.account import Account
from gridsvc.imports.reports import Options
from tests.conftest import NOW

STEP = 0.01
LATER = NOW + timedelta(days=1)
HEADER = ("number", "reported_at", "category", "state", "closed_at", "description", "lon", "lat", "address")


def grids(n: int = 3) -> list[editions.Row]:
    return [
        (i, f"{i:03d}", f"Grid {i}", bytes(shapely.to_wkb(shapely.MultiPolygon([box]))))
        for i in range(n * n)
        for box in [
            shapely.box(110 + i % n * STEP, 23 + i // n * STEP, 110 + (i % n + 1) * STEP, 23 + (i // n + 1) * STEP)
        ]
    ]


def publish(db: Connection, rule: Rule, n: int = 3) -> None:
    editions.stage(db, grids(n))
    editions.draft(db, "base", NOW, replace=True)
    editions.publish(db, "base", NOW, rule)


def table(path: Path, *rows: Sequence[object], header: Sequence[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def row(number: str, **more: object) -> list[object]:
    cells = {"number": number, "reported_at": "2026-03-01 08:00:00", "lon": 110.005, "lat": 23.005} | more
    return [cells.get(name) for name in HEADER]


def quiet(key: str, done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


def take(
    db: Connection, path: Path, rule: Rule, *, crs: str = "wgs84", write: bool = True, now: datetime = NOW, **more: Any
) -> Account:
    fields = more.pop("fields", Fields())
    source = more.pop("layer", None) or importing.from_csv(path, fields, crs)
    how = Options(file=path.name, source="s", zone=rule.zone, far_m=100_000.0, write=write, **more)
    return importing.take(db, source, how, now, rule, quiet)[0]


def one(db: Connection, query: str, **values: object) -> Any:
    return db.execute(text(query), values).one()
