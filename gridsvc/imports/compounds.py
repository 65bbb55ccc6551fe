"""Residential compounds of a file, with the names people call them by and the households they state."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from geodata.layer import Layer, Problem
from gridsvc import compounds
from gridsvc.compounds import Incoming
from gridsvc.imports import rows
from gridsvc.imports.account import Account, Refusals, Tally, of_layer

_BETWEEN_NAMES = re.compile(r"[；;、|]")
_NO = frozenset({"无", "否", "没有", "没", "无物业", "no", "n", "false", "none", "0", "無"})
_MOST = 2**31 - 1


def take(db: Connection, layer: Layer, file: str, *, source: str) -> Account:
    """The account of a file's compounds, which are then stored (the caller commits or not).

    A compound is known by `source` and its code (of OpenStreetMap: way/1), else by its name; one without a name is
    shown by its code.
    """
    refusals = Refusals()
    refusals.add(layer.problems)
    at, codes, names = rows.numbers(layer), rows.texts(layer, "code"), rows.texts(layer, "name")
    refs = [code or name for code, name in zip(codes, names, strict=True)]
    refusals.add(Problem(row, "compound_nameless", {}) for row, ref in zip(at, refs, strict=True) if ref is None)
    rows.refuse_repeated(refs, at, "compound_repeated", refusals)
    households, buildings = _counts(layer, "households", refusals), _counts(layer, "buildings", refusals)
    managed = [None if word is None else rows.plain(word) not in _NO for word in rows.texts(layer, "managed")]
    aliases = [split_names(cell) for cell in rows.texts(layer, "aliases")]
    columns = zip(at, refs, names, aliases, households, buildings, managed, rows.wkbs(layer), strict=True)
    found = [
        Incoming(source, ref, name or ref, others, n_households, n_buildings, has, wkb)
        for row, ref, name, others, n_households, n_buildings, has, wkb in columns
        if row not in refusals.rows and ref is not None and wkb is not None
    ]
    stored = compounds.save(db, found)
    tally = Tally(len(stored.new), len(stored.changed), stored.n_same)
    return of_layer(layer, "compounds", file, tally, refusals, extent=rows.ground(layer))


def split_names(cell: str | None) -> tuple[str, ...]:
    """The other names in a cell, each once.

    >>> split_names("锦绣花园；锦绣 | 锦绣"), split_names(None)
    (('锦绣花园', '锦绣'), ())
    """
    parts = (part.strip() for part in _BETWEEN_NAMES.split(cell or ""))
    return tuple(dict.fromkeys(part for part in parts if part))


def _counts(layer: Layer, role: str, refusals: Refusals) -> list[int | None]:
    found: list[int | None] = []
    for row, cell in zip(rows.numbers(layer), rows.texts(layer, role), strict=True):
        value = None
        if cell is not None:
            digits = cell.removesuffix("户").removesuffix("栋").removesuffix("幢").strip()
            if digits.isascii() and digits.isdigit() and int(digits) <= _MOST:
                value = int(digits)
            else:
                refusals.add([Problem(row, "count_wrong", {"column": layer.fields.given()[role], "found": cell[:60]})])
        found.append(value)
    return found
