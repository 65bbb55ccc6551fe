"""Residential compounds: found by id or by a name that a person says, placed by their position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice, product

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from geodata.later import later
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.names import name_key
from gridsvc.stored import Stored, store

pypinyin = later("pypinyin")  # its dictionary takes 55 MB

_MOST_READINGS = 16  # of one name


@cache
def _reader() -> Callable[[str], list[list[str]]]:
    """What reads a name's characters; a service that names no compound needs none."""
    return partial(pypinyin.pinyin, style=pypinyin.Style.FIRST_LETTER, heteronym=True)


def initials(name: str) -> str:
    """The first letters of a name's syllables, as people type them; letters and digits stay.

    A character that is read in several ways outside a known word gives several such words, divided by spaces.

    >>> initials("重慶3A"), initials("长洲"), initials("")
    ('cq3a', 'zz cz', '')
    """
    readings = _reader()(name_key(name))
    syllables = [[one for one in dict.fromkeys(_typed(part) for part in parts) if one] or [""] for parts in readings]
    return " ".join(dict.fromkeys("".join(word) for word in islice(product(*syllables), _MOST_READINGS)))


def _typed(part: str) -> str:
    return "".join(letter for letter in part if letter.isalnum())


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


def ids_like(db: Connection, words: str) -> list[int]:
    """The compounds that these words may mean in a search: part of a name (traditional characters too), or the first
    letters of the beginning of one (`jxhy`); never used to place a report."""
    key = name_key(words)
    letters = key if key.isascii() and key.isalnum() else ""
    return list(db.scalars(load("worklist_compounds"), {"key": key, "letters": letters}))


def complete_initials(db: Connection) -> int:
    """How many names got their initials now that were stored before there were any."""
    n = t.compound_name.c
    keys = list(db.scalars(select(n.key).where(n.initials.is_(None)).distinct()))
    if keys:
        change = t.compound_name.update().where(n.key == bindparam("of")).values(initials=bindparam("letters"))
        db.execute(change, [{"of": key, "letters": initials(key)} for key in keys])
    return len(keys)


def write_names(db: Connection, compounds: Sequence[tuple[int, str, Sequence[str]]]) -> None:
    """Replaces the searchable names of compounds, given as (id, name, aliases)."""
    if not compounds:
        return
    db.execute(t.compound_name.delete().where(t.compound_name.c.compound_id.in_([c[0] for c in compounds])))
    named = {(id_, name_key(n)) for id_, name, aliases in compounds for n in (name, *aliases) if n}
    rows = [{"compound_id": id_, "key": key, "initials": initials(key)} for id_, key in sorted(named)]
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
    complete_initials(db)
    return stored
