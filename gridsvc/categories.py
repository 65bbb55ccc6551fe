"""Categories: what a report may be about; an unknown one becomes `unclassified`, with its raw text kept.

Codes of a city's sheets are the letter of the kind, class and subclass: P0101 (部件), E0101 (事件), because the two
sheets use the same numbers. Their filing conditions live in versions of a sheet; a report keeps the version it was
filed under, so a stored condition never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, bindparam, func, insert, select, update

from gridsvc.compounds import initials
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import NotFound
from gridsvc.stored import Stored, store

LOCAL, CITY = "local", "city"
# Taxonomies that reports are filed in; the others are there to count in.
_FILED_IN = (LOCAL, CITY)
KIND_LETTERS = {"part": "P", "event": "E"}


@dataclass(frozen=True)
class Category:
    """One category and its names, below the class `parent_code`; one that is not `active` takes no new reports.

    A report within `dup_radius_m` metres and `dup_days` days may be the same thing; None: as `duplicates` says for all.
    """

    code: str
    name_zh: str
    name_en: str
    taxonomy: str = LOCAL
    kind: str | None = None
    parent_code: str | None = None
    active: bool = True
    dup_radius_m: float | None = None
    dup_days: int | None = None


@dataclass(frozen=True)
class Filing:
    """One filing condition of a category as a sheet states it.

    `milestones` ([{name, amount, unit}], the last one being the deadline) is empty where `limit_problem` says why.
    """

    code: str
    class_name: str
    name: str
    text: str
    limit_raw: str | None
    limit_problem: str | None
    milestones: tuple[Mapping[str, object], ...]
    closing: str | None
    supervisors: tuple[str, ...]
    responsibles: tuple[str, ...]
    legal_basis: str | None = None
    clauses: str | None = None
    notes: str | None = None


@dataclass(frozen=True)
class Condition:
    """A stored filing condition; `current` is False where a newer version of the sheet has replaced its own."""

    id: int
    version: int
    current: bool
    filing: Filing


@dataclass(frozen=True)
class Sheet:
    """One version of the sheet of a kind."""

    id: int
    kind: str
    version: int
    current: bool
    name: str
    file: str
    day_means: str | None
    imported_at: datetime


@dataclass(frozen=True)
class SheetStored:
    """What storing a sheet did: its version (the current one where nothing differs), and what became of which code."""

    version: int
    is_new: bool
    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    n_same: int


def listed(db: Connection, *, every: bool = False) -> list[Category]:
    """The categories a report may be filed under, by code: active ones without others below them; all with `every`."""
    c = t.category.c
    below = t.category.alias("below")
    rows = select(*_columns()).order_by(c.code)
    if not every:
        has_more = select(below.c.code).where(below.c.parent_code == c.code, below.c.active).exists()
        rows = rows.where(c.active, c.taxonomy.in_(_FILED_IN), ~has_more)
    return [Category(*row) for row in db.execute(rows)]


def find(db: Connection, code: str) -> Category:
    """The category of a code, active or not.

    Raises:
        NotFound: `category_unknown`.
    """
    row = db.execute(select(*_columns()).where(t.category.c.code == code)).one_or_none()
    if row is None:
        raise NotFound("category_unknown", category=code)
    return Category(*row)


def _columns() -> list[Column[Any]]:
    return [t.category.c[name] for name in Category.__dataclass_fields__]


def save(db: Connection, categories: Sequence[Category]) -> Stored:
    """Adds categories or changes those with the same code; a code of another taxonomy is left as it is.

    A radius or days that are None leave what is stored.
    """
    done = store(db, load("save_category"), (vars(category) for category in categories))
    complete_initials(db)
    return done


def complete_initials(db: Connection) -> int:
    """How many names got their initials now, having had none: new ones, and those from before there were any."""
    c = t.category.c
    names = list(db.execute(select(c.code, c.name_zh).where(c.initials.is_(None))))
    if names:
        change = t.category.update().where(c.code == bindparam("of")).values(initials=bindparam("letters"))
        db.execute(change, [{"of": code, "letters": initials(name)} for code, name in names])
    return len(names)


def initials_by_code(db: Connection) -> dict[str, str]:
    """The first letters of the syllables of each category's Chinese name, by code."""
    c = t.category.c
    return {row.code: row.initials for row in db.execute(select(c.code, c.initials).where(c.initials.is_not(None)))}


def save_maps(db: Connection, maps: Sequence[tuple[str, str, str]]) -> Stored:
    """Says what categories count as: (code, taxonomy, the code there), one answer for each code and taxonomy."""
    names = ("from_code", "to_taxonomy", "to_code")
    return store(db, load("save_category_map"), (dict(zip(names, one, strict=True)) for one in maps))


def mapped(db: Connection, code: str, taxonomy: str) -> str | None:
    """The category of a taxonomy that a category counts as: itself in its own, else its map or its class's; or None."""
    found = db.execute(load("category_mapping"), {"taxonomy": taxonomy, "code": code}).one_or_none()
    return None if found is None else str(found.to_code)


def mapping(db: Connection, taxonomy: str) -> dict[str, str]:
    """What every category counts as in a taxonomy; one that counts as nothing there is missing."""
    rows = db.execute(load("category_mapping"), {"taxonomy": taxonomy, "code": None})
    return {row.code: row.to_code for row in rows}


def sheets(db: Connection) -> list[Sheet]:
    """All versions of the sheets, the newest first."""
    c = t.category_sheet.c
    columns = (c.id, c.kind, c.version, c.current, c.name, c.file, c.day_means, c.imported_at)
    return [Sheet(*row) for row in db.execute(select(*columns).order_by(c.kind, c.version.desc()))]


def limits(db: Connection, code: str, condition_id: int | None = None) -> list[Condition]:
    """The filing conditions of a category in the current version of its sheet, in the sheet's order.

    Args:
        condition_id: only this one, of whatever version it is.

    Raises:
        NotFound: `condition_unknown` when the category has no such condition.
    """
    c, s = t.category_condition.c, t.category_sheet.c
    rows = select(t.category_condition, s.version, s.current).join(t.category_sheet).where(c.code == code)
    rows = rows.where(s.current) if condition_id is None else rows.where(c.id == condition_id)
    found = [_condition(row) for row in db.execute(rows.order_by(c.seq)).mappings()]
    if condition_id is not None and not found:
        raise NotFound("condition_unknown", category=code, condition=condition_id)
    return found


def _condition(row: Mapping[Any, Any]) -> Condition:
    told = {name: row[name] for name in Filing.__dataclass_fields__}
    for name in ("milestones", "supervisors", "responsibles"):
        told[name] = tuple(told[name])
    return Condition(row["id"], row["version"], row["current"], Filing(**told))


def store_sheet(
    db: Connection,
    kind: str,
    categories: Sequence[Category],
    filings: Sequence[Filing],
    *,
    name: str,
    file: str,
    day_means: str | None,
    now: datetime,
) -> SheetStored:
    """Makes a new version of the sheet of a kind, unless the current one says the same.

    Categories that the sheet lacks are kept, no longer active.

    Args:
        categories: classes before what is below them; their English name is kept where it is stored already.
        filings: in the order of the sheet.
        day_means: what a bare 天 was taken for; None where none occurs.
    """
    c, s = t.category.c, t.category_sheet.c
    known = {one.code: one for one in listed(db, every=True) if one.taxonomy == CITY and one.kind == kind}
    last = db.execute(select(t.category_sheet).where(s.kind == kind, s.current)).one_or_none()
    before = _by_code(_of_sheet(db, last.id)) if last else {}
    after = _by_code(filings)
    wanted = {one.code: _with_kept(one, known.get(one.code)) for one in categories}
    new = tuple(sorted(code for code in wanted if code not in known or not known[code].active))
    changed = tuple(
        sorted(
            code
            for code, one in wanted.items()
            if code not in new and (one != known[code] or before.get(code) != after.get(code))
        )
    )
    removed = tuple(sorted(code for code, one in known.items() if one.active and code not in wanted))
    told = (new, changed, removed, len(wanted) - len(new) - len(changed))
    if last is not None and not (new or changed or removed):
        return SheetStored(last.version, False, *told)
    save(db, list(wanted.values()))
    db.execute(update(t.category).where(c.code.in_(removed)).values(active=False))
    db.execute(update(t.category_sheet).where(s.kind == kind, s.current).values(current=False))
    version = 1 + (db.scalar(select(func.max(s.version)).where(s.kind == kind)) or 0)
    values: dict[str, object] = {"kind": kind, "version": version, "current": True, "name": name, "file": file}
    values |= {"day_means": day_means, "imported_at": now}
    sheet_id = db.scalar(insert(t.category_sheet).values(values).returning(s.id))
    if filings:
        rows = [
            {name: list(value) if isinstance(value, tuple) else value for name, value in vars(one).items()}
            | {"sheet_id": sheet_id, "seq": seq}
            for seq, one in enumerate(filings, start=1)
        ]
        db.execute(insert(t.category_condition), rows)
    return SheetStored(version, True, *told)


def _with_kept(one: Category, known: Category | None) -> Category:
    """The category with what is stored and no sheet says: its limits of duplicates, and an English name that is more
    than the Chinese one again."""
    if known is None:
        return one
    name_en = one.name_en if known.name_en == known.name_zh else known.name_en
    return replace(one, name_en=name_en, dup_radius_m=known.dup_radius_m, dup_days=known.dup_days)


def _of_sheet(db: Connection, sheet_id: int) -> list[Filing]:
    c, s = t.category_condition.c, t.category_sheet.c
    rows = select(t.category_condition, s.version, s.current).join(t.category_sheet).where(c.sheet_id == sheet_id)
    return [_condition(row).filing for row in db.execute(rows.order_by(c.seq)).mappings()]


def _by_code(filings: Sequence[Filing]) -> dict[str, list[Filing]]:
    found: dict[str, list[Filing]] = {}
    for one in filings:
        found.setdefault(one.code, []).append(one)
    return found
