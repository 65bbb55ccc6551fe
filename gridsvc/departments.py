"""Departments: the bodies that must act on a report, by the office's own code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.stored import Stored, store


@dataclass(frozen=True)
class Department:
    """A department; `area_code` is the area that it is the territory's own of, None for one of no single area.

    `active` None leaves a stored one as it is, and makes a new one active.
    """

    code: str
    name: str
    area_code: str | None = None
    active: bool | None = None


@dataclass(frozen=True)
class Listed:
    """A department as it is stored."""

    id: int
    code: str
    name: str
    area_code: str | None
    area_name: str | None
    active: bool


def save(db: Connection, departments: Sequence[Department]) -> Stored:
    """Adds departments or changes those with the same code; their areas must be stored."""
    return store(db, load("save_department"), (vars(one) for one in departments))


def listed(db: Connection, *, every: bool = False) -> list[Listed]:
    """The active departments by code; all of them with `every`."""
    d, a = t.department.c, t.area.c
    chosen = select(d.id, d.code, d.name, a.code.label("area_code"), a.name.label("area_name"), d.active)
    rows = chosen.join(t.area, a.id == d.area_id, isouter=True).order_by(d.code)
    return [Listed(*row) for row in db.execute(rows if every else rows.where(d.active))]
