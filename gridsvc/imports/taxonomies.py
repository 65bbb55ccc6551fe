"""A table of a taxonomy's categories: what counts as which in another one, how near and how recent a duplicate is."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from geodata.files.headers import plain
from geodata.files.sheets import Sheet, Workbook
from geodata.layer import Problem
from gridsvc import categories
from gridsvc.categories import CITY, LOCAL, Category
from gridsvc.errors import Refused
from gridsvc.imports.account import Account, Refusals, Tally
from gridsvc.imports.sheet import clean

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "taxonomy": ("分类体系", "体系", "taxonomy"),
    "code": ("代码", "编码", "编号", "code"),
    "name": ("名称", "类别", "name"),
    "name_en": ("英文名称", "英文", "name_en", "english name"),
    "parent": ("上级代码", "上级编码", "上级", "parent"),
    "maps_to": ("对应代码", "归入", "对应", "maps_to"),
    "maps_from": ("包含代码", "包含", "maps_from"),
    "dup_radius_m": ("查重半径", "查重半径米", "重复半径", "dup_radius_m", "duplicate radius", "duplicate radius m"),
    "dup_days": ("查重天数", "重复天数", "dup_days", "duplicate days"),
}
# The largest that a cell may say; the least is 1.
_MOST = {"dup_radius_m": 5_000, "dup_days": 3_650}
_WHOLE = re.compile(r"[1-9][0-9]{0,5}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_BETWEEN = re.compile(r"[\s、，；,;|]+")


def take(db: Connection, book: Workbook, file: str, *, taxonomy: str | None) -> Account:
    """The account of a file's categories and maps, which are then stored (the caller commits or not).

    Taxonomies number freely, so a category is stored as `taxonomy:code`; those of `local` as they are written. Maps
    name stored codes (P0101, P01 for all below it, ledger:3). What a file no longer says stays. Categories of `city`
    come from their sheets: a row of theirs says only within which radius and days a report of theirs is a duplicate.

    Raises:
        Refused: `taxonomy_columns_missing`, `taxonomy_missing`, `taxonomy_name_wrong`, `taxonomy_of_sheets`.
    """
    sheet, at, columns = _table(book)
    if "taxonomy" not in columns and taxonomy is None:
        raise Refused("taxonomy_missing")
    refusals = Refusals()
    found: dict[str, Category] = {}
    said: list[tuple[int, str, str]] = []
    known = {one.code: one for one in categories.listed(db, every=True)}
    n_read = 0
    for i, cells in enumerate(sheet.rows[at + 1 :], start=at + 2):
        row = {role: cells[j].strip() for role, j in columns.items() if cells[j].strip()}
        if not row:
            continue
        n_read += 1
        own = _taxonomy(row.get("taxonomy", taxonomy), limits_only=bool(_MOST.keys() & columns.keys()))
        one = _category(row, own, i, known, found, refusals)
        if one is not None:
            found[one.code] = one
            said += [(i, one.code, _full(code, own, found)) for code in _codes(row.get("maps_to"))]
            said += [(i, _full(code, own, found), one.code) for code in _codes(row.get("maps_from"))]
    stored = categories.save(db, sorted(found.values(), key=lambda one: (one.parent_code is not None, one.code)))
    maps = _maps(db, said, refusals)
    mapped = categories.save_maps(db, maps)
    tally = Tally(len(stored.new), len(stored.changed), stored.n_same)
    extra = {"maps": {"new": len(mapped.new), "changed": len(mapped.changed), "same": mapped.n_same}}
    whole: Mapping[str, object] = refusals.account()
    facts: dict[str, object] = {"columns": {role: sheet.rows[at][j] for role, j in columns.items()}, "extra": extra}
    return Account("taxonomy", file, book.format, book.encoding, "", n_read, tally, **facts, **whole)  # type: ignore[arg-type]  # its fields


def _table(book: Workbook) -> tuple[Sheet, int, dict[str, int]]:
    for sheet in book.sheets:
        for at, cells in enumerate(sheet.rows[:12]):
            by_name = {plain(cell): j for j, cell in reversed(list(enumerate(cells)))}
            columns = {
                role: next(by_name[plain(name)] for name in names if plain(name) in by_name)
                for role, names in _SYNONYMS.items()
                if any(plain(name) in by_name for name in names)
            }
            if "code" in columns and "name" in columns:
                return sheet, at, columns
    raise Refused("taxonomy_columns_missing")


def _taxonomy(name: str | None, *, limits_only: bool) -> str:
    own = (name or "").casefold()
    if not _NAME.fullmatch(own):
        raise Refused("taxonomy_name_wrong", found=own[:60])
    if own == CITY and not limits_only:
        raise Refused("taxonomy_of_sheets", found=own)
    return own


def _codes(cell: str | None) -> list[str]:
    return [code for code in _BETWEEN.split(cell or "") if code]


def _own(code: str, taxonomy: str) -> str:
    return code if taxonomy in (LOCAL, CITY) else f"{taxonomy}:{code}"


def _full(code: str, taxonomy: str, found: Mapping[str, Category]) -> str:
    """The stored form of a code that a map names: the file's own category where it has one of that number."""
    return _own(code, taxonomy) if _own(code, taxonomy) in found else code


def _category(
    row: Mapping[str, str],
    taxonomy: str,
    at: int,
    known: Mapping[str, Category],
    found: Mapping[str, Category],
    refusals: Refusals,
) -> Category | None:
    name = clean(row.get("name", ""))
    if "code" not in row or not name:
        refusals.add([Problem(at, "taxonomy_row_incomplete", {})])
        return None
    code = _own(row["code"], taxonomy)
    limits = _limits(row, at, refusals)
    if limits is None:
        return None
    facts: dict[str, object] = {"category": code, "found": name}
    if code in known and known[code].taxonomy != taxonomy:
        refusals.add([Problem(at, "category_code_taken", facts | {"taxonomy": known[code].taxonomy})])
        return None
    if taxonomy == CITY:
        if code not in known:
            refusals.add([Problem(at, "category_unknown", facts)])
            return None
        return replace(found.get(code, known[code]), **limits)
    if code in found and found[code].name_zh != name:
        refusals.add([Problem(at, "category_other_name", facts | {"first": found[code].name_zh})])
        return None
    parent = _own(row["parent"], taxonomy) if "parent" in row else None
    if parent is not None and (parent == code or (parent not in found and parent not in known)):
        refusals.add([Problem(at, "category_unknown", {"category": parent})])
        return None
    kept = known[code].name_en if code in known and known[code].name_en != known[code].name_zh else name
    one = Category(code, name, clean(row.get("name_en", "")) or kept, taxonomy, None, parent)
    return replace(one, **limits) if code not in found else replace(one, **_said(found[code]) | limits)


def _said(one: Category) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _MOST}


def _limits(row: Mapping[str, str], at: int, refusals: Refusals) -> dict[str, Any] | None:
    """The radius and days that a row says; None after a cell that says no whole number in bounds was refused."""
    found: dict[str, Any] = {}
    for name, most in _MOST.items():
        if name not in row:
            continue
        cell = unicodedata.normalize("NFKC", row[name]).removesuffix(".0")
        if not _WHOLE.fullmatch(cell) or int(cell) > most:
            refusals.add([Problem(at, "category_limit_wrong", {"found": row[name][:40], "most": most})])
            return None
        found[name] = int(cell)
    return found


def _maps(db: Connection, said: Sequence[tuple[int, str, str]], refusals: Refusals) -> list[tuple[str, str, str]]:
    """The maps (from, taxonomy, to) of good rows: both categories exist, in two taxonomies, and one answer each."""
    taxonomy_of = {one.code: one.taxonomy for one in categories.listed(db, every=True)}
    answers: dict[tuple[str, str], str] = {}
    for at, source, target in said:
        missing = next((code for code in (source, target) if code not in taxonomy_of), None)
        if missing is not None:
            refusals.add([Problem(at, "category_unknown", {"category": missing})])
        elif taxonomy_of[source] == taxonomy_of[target]:
            refusals.add([Problem(at, "category_maps_within", {"category": source, "target": target})])
        elif answers.setdefault((source, taxonomy_of[target]), target) != target:
            first = answers[source, taxonomy_of[target]]
            refusals.add([Problem(at, "category_maps_twice", {"category": source, "target": target, "first": first})])
    good = Counter(source for at, source, _ in said if at not in refusals.rows)
    return [(source, taxonomy, target) for (source, taxonomy), target in answers.items() if good[source]]
