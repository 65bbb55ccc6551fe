"""Categories: what a report may be about; an unknown one becomes `unclassified`, with its raw text kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.stored import Stored, store


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


def save(db: Connection, categories: Sequence[Category]) -> Stored:
    """Adds categories or renames those with the same code."""
    return store(db, load("save_category"), (vars(category) for category in categories))
