"""Categories: what a report may be about."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from gridsvc.db import tables as t


@dataclass(frozen=True)
class Category:
    """One category and its names."""

    code: str
    name_zh: str
    name_en: str


def listed(db: Connection) -> list[Category]:
    """All categories, by code."""
    c = t.category.c
    return [Category(*row) for row in db.execute(select(c.code, c.name_zh, c.name_en).order_by(c.code))]
