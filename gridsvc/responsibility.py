"""Responsibility lists: which department leads, which assist; what no line names goes to consultation (会商)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gridsvc import grids
from gridsvc.db import tables as t
from gridsvc.db.queries import ask, load
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.stored import Stored, store

_MOST_NAMED = 8


@dataclass(frozen=True)
class Duty:
    """A line as it comes in, by codes: `list` is basic, assist or taken_back; None means every one, or everywhere.

    `category` may be the beginning of codes: P01 is the class and all below it.
    """

    list: str
    category: str | None
    area_code: str | None
    level: str | None
    lead_code: str
    assist_codes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What no two lines may share."""
        return "|".join((self.category or "", self.area_code or "", self.level or ""))


@dataclass(frozen=True)
class Line:
    """A line of a list that fits; empty `category`, `area_id`, `level` mean every one."""

    id: int
    list: str
    category: str | None
    area_id: int | None
    area_name: str | None
    level: str | None
    lead_id: int
    lead_name: str
    assist_ids: tuple[int, ...]
    source: str


@dataclass(frozen=True)
class Answer:
    """Who gets it and why: `routing` is list, fallback (the territory's own department) or consultation (nobody).

    `lines` are all that fit, the one that decided first.
    """

    routing: str
    lead_id: int | None
    lead_name: str | None
    assist_ids: tuple[int, ...]
    lines: tuple[Line, ...]


def find(db: Connection, category: str, area_id: int | None, level: str, *, fallback: bool = False) -> Answer:
    """The department that must act on a category in an area, by the most specific line.

    A longer category code beats a shorter one, then a smaller area a larger one, then a named level an empty one.

    Args:
        level: who has the case now, `grid` to `city`.
        fallback: whether the territory takes what no line names (属地兜底).
    """
    which = {"category": category, "area_id": area_id, "level": level}
    rows = ask(db, "responsible", which)
    lines = tuple(Line(**(row._asdict() | {"assist_ids": tuple(row.assist_ids)})) for row in rows)
    if lines:
        first = lines[0]
        return Answer("list", first.lead_id, first.lead_name, first.assist_ids, lines)
    own = db.execute(load("territorial"), {"area_id": area_id}).one_or_none() if fallback else None
    if own is not None:
        return Answer("fallback", own.id, own.name, (), ())
    return Answer("consultation", None, None, (), ())


def why_not(first: Line, other: Line) -> str:
    """What decided against a line that fits too: `category`, `area` or `level`, by which the first is more specific."""
    if len(first.category or "") != len(other.category or ""):
        return "category"
    return "area" if first.area_id != other.area_id else "level"


@dataclass(frozen=True)
class Body:
    """A department as people know it."""

    code: str
    name: str


@dataclass(frozen=True)
class Told:
    """A line that fits; `lost_by` is None for the one that decided, else what it was less specific in."""

    list: str
    category: str | None
    area_code: str | None
    area_name: str | None
    level: str | None
    lead: Body
    assistants: tuple[Body, ...]
    source: str
    lost_by: str | None


@dataclass(frozen=True)
class Explained:
    """An answer with names: who leads, who assists, and the lines that fit, the deciding one first."""

    routing: str
    lead: Body | None
    assistants: tuple[Body, ...]
    lines: tuple[Told, ...]


def explain(db: Connection, category: str, area_id: int | None, level: str, *, fallback: bool = False) -> Explained:
    """What `find` answers, in words that a person can check.

    Raises:
        NotFound: `category_unknown`.
    """
    if db.scalar(select(t.category.c.code).where(t.category.c.code == category)) is None:
        raise NotFound("category_unknown", category=category)
    answer = find(db, category, area_id, level, fallback=fallback)
    bodies = {row.id: Body(row.code, row.name) for row in db.execute(select(t.department))}
    areas = [line.area_id for line in answer.lines if line.area_id is not None]
    codes = {row.id: row.code for row in db.execute(select(t.area.c.id, t.area.c.code).where(t.area.c.id.in_(areas)))}
    lines = tuple(
        Told(
            line.list,
            line.category,
            None if line.area_id is None else codes[line.area_id],
            line.area_name,
            line.level,
            bodies[line.lead_id],
            tuple(bodies[one] for one in line.assist_ids if one in bodies),
            line.source,
            None if line is answer.lines[0] else why_not(answer.lines[0], line),
        )
        for line in answer.lines
    )
    lead = None if answer.lead_id is None else bodies[answer.lead_id]
    return Explained(answer.routing, lead, tuple(bodies[one] for one in answer.assist_ids if one in bodies), lines)


def save(db: Connection, duties: Sequence[Duty], source: str) -> Stored:
    """Adds lines, or changes those for the same category, area and level; what they name must be stored."""
    rows = (vars(one) | {"assist_codes": list(one.assist_codes), "source": source, "key": one.key} for one in duties)
    return store(db, load("save_responsibility"), rows)


def drop_others(db: Connection, duties: Sequence[Duty], source: str) -> int:
    """How many lines of a source went because its new list does not have them."""
    values = {"source": source, "keys": [one.key for one in duties]}
    return len(db.execute(load("drop_other_responsibilities"), values).all())


@dataclass(frozen=True)
class Place:
    """An area, or a published grid, that words mean; `area_id` is its own, or that of the grid (None: in no area)."""

    kind: str
    code: str
    name: str
    area_id: int | None
    area_name: str | None


def at(db: Connection, lon: float, lat: float, now: datetime, rule: Rule) -> Place | None:
    """The grid that gets a point (EPSG:4326 degrees); None outside every grid."""
    found = grids.place(db, lon, lat, now, rule)
    if found.grid_version_id is None or found.code is None:
        return None
    area_id = db.scalar(select(t.grid_version.c.area_id).where(t.grid_version.c.id == found.grid_version_id))
    return Place("grid", found.code, found.name or found.code, area_id, found.area_name)


def place(db: Connection, words: str, *, kind: str | None = None) -> Place:
    """The one area or grid that a person means by its code, its name, or "name code" as fields offer it.

    Args:
        kind: `area` or `grid`, where only that is meant.

    Raises:
        Refused: `place_missing`.
        NotFound: `place_unknown`.
        Conflict: `place_ambiguous`: several have the name, and none of them the code.
    """
    told = words.strip()
    if not told:
        raise Refused("place_missing")
    values = {"words": told, "last": told.split()[-1], "kind": kind}
    rows = db.execute(load("places_named"), values).mappings().all()
    best = min((row["rank"] for row in rows), default=None)
    found = [row for row in rows if row["rank"] == best]
    if not found:
        raise NotFound("place_unknown", place=told[:60])
    if len(found) > 1 and best != 0:
        codes = ", ".join(row["code"] for row in found[:_MOST_NAMED])
        raise Conflict("place_ambiguous", place=told[:60], candidates=codes)
    first = found[0]
    return Place(first["kind"], first["code"], first["name"], first["area_id"], first["area_name"])
