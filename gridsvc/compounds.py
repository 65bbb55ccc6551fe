"""Residential compounds: found by id or by a name that a person says, placed by their position."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from opencc import OpenCC
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.stored import Stored, store


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def name_key(name: str) -> str:
    """A name as it is compared: simplified characters, full-width forms folded, no case, no spaces.

    >>> name_key("錦繡 花園Ａ區")
    '锦绣花园a区'
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(str(_simplifier().convert(folded)).split())


@dataclass(frozen=True)
class Compound:
    """A compound with the point (EPSG:4326) that stands for it, inside its polygon."""

    id: int
    name: str
    area_name: str | None
    lon: float
    lat: float


def find(db: Connection, ref: int | str) -> list[Compound]:
    """The compounds with this id, or with this name or alias (traditional characters too), by id; maybe none."""
    key = "" if isinstance(ref, int) else name_key(ref)
    rows = db.execute(load("find_compound"), {"id": ref if isinstance(ref, int) else None, "key": key})
    return [Compound(row.id, row.name, row.area_name, row.lon, row.lat) for row in rows]


def named(db: Connection, n: int) -> list[Compound]:
    """All compounds by name, without their areas; none where there are more than `n`, too many to choose from."""
    rows = db.execute(load("compound_points"), {"n": n})
    return [Compound(row.id, row.name, row.area_name, row.lon, row.lat) for row in rows]


def write_names(db: Connection, compounds: Sequence[tuple[int, str, Sequence[str]]]) -> None:
    """Replaces the searchable names of compounds, given as (id, name, aliases)."""
    if not compounds:
        return
    db.execute(t.compound_name.delete().where(t.compound_name.c.compound_id.in_([c[0] for c in compounds])))
    rows = [{"compound_id": id_, "key": name_key(n)} for id_, name, aliases in compounds for n in (name, *aliases) if n]
    db.execute(insert(t.compound_name).on_conflict_do_nothing(), rows)


@dataclass(frozen=True)
class Incoming:
    """A compound as it comes in, known by (source, ref); `geom` is the WKB of a point or (multi)polygon, EPSG:4326."""

    source: str
    ref: str
    name: str
    aliases: tuple[str, ...]
    n_households: int | None
    n_buildings: int | None
    managed: bool | None
    geom: bytes


def save(db: Connection, incoming: Sequence[Incoming]) -> Stored:
    """Adds compounds or changes those with the same source and ref, and makes their names searchable."""
    stored = store(db, load("save_compound"), (vars(c) | {"aliases": list(c.aliases)} for c in incoming))
    by_ref = {(c.source, c.ref): c for c in incoming}
    c = t.compound.c
    found = db.execute(select(c.id, c.source, c.ref).where(c.source.in_({s for s, _ in by_ref}))).all()
    named = [(row.id, by_ref[row.source, row.ref]) for row in found if (row.source, row.ref) in by_ref]
    write_names(db, [(id_, one.name, one.aliases) for id_, one in named])
    return stored
