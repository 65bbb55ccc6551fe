"""A sender's plain table by what its columns mean, found by their usual names; and what a cell of it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from geodata.errors import FileRefused
from geodata.files.acceptance import SCIENTIFIC
from geodata.files.headers import finder
from geodata.layer import Kind, Layer, Limits, Problem
from geodata.read import read as read_layer
from gridsvc.errors import Refused
from gridsvc.imports import rows
from gridsvc.imports.account import Account, Refusals, Tally, of_layer
from gridsvc.rules import masking

MOST_ROWS = 100_000
# More columns than these are no table of people or doors, and each is a line of a page and of every list on it.
MOST_COLUMNS = 200
# Tables without positions are read as those of workers are: no coordinate system is asked for.
READ_AS: Kind = "workers"
_NOTHING: Mapping[str, str] = MappingProxyType({})
_EVERY = frozenset({"", "*", "全部", "所有", "不限", "all", "any"})
_BETWEEN = re.compile(r"[、，,；;|\n]+")


@dataclass(frozen=True)
class Table:
    """A file's data rows; `columns`: the sender's column of each role that has one."""

    layer: Layer
    columns: Mapping[str, str]

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Number and filled cells of each row, by role."""
        for place, number in enumerate(rows.numbers(self.layer)):
            found = {role: self.layer.columns[column][place] for role, column in self.columns.items()}
            yield number, {role: cell.strip() for role, cell in found.items() if cell and cell.strip()}

    def account(self, kind: str, file: str, tally: Tally, refusals: Refusals, **rest: object) -> Account:
        """The account of the import of this table."""
        return of_layer(self.layer, kind, file, tally, refusals, columns=dict(self.columns), **rest)


def read(
    path: Path,
    names: Mapping[str, Sequence[str]],
    required: Sequence[str] = (),
    *,
    sheet: str | None = None,
    wanted: Mapping[str, str] = _NOTHING,
    header_row: int | None = None,
) -> Table:
    """The table in a CSV or Excel file.

    Args:
        names: the usual column names of each role, best first, in Chinese and English.
        wanted: the columns that the sender names, by role; "" for a role that the file does not have.

    Raises:
        FileRefused: as `table`; what the reader refuses.
        Refused: as `find`.
    """
    layer = opened(path, sheet, header_row)
    return table(layer, find(layer, names, wanted), path.name, names, required)


def opened(path: Path, sheet: str | None = None, header_row: int | None = None) -> Layer:
    """A plain table as it stands in its file.

    Raises:
        FileRefused: what the reader refuses.
    """
    limits = Limits(n_rows=MOST_ROWS, n_columns=MOST_COLUMNS)
    return read_layer(path, READ_AS, table=sheet, header_row=header_row, limits=limits)


def find(layer: Layer, names: Mapping[str, Sequence[str]], wanted: Mapping[str, str]) -> dict[str, str]:
    """The column of each role that has one: the one that is named, else one of a usual name that is nothing else yet.

    Raises:
        FileRefused: `field_missing`.
        Refused: `field_unknown`, and as `named`.
    """
    own = list(layer.columns)
    column_of = finder(own)
    for role, name in wanted.items():
        if role not in names:
            raise Refused("field_unknown", role=role[:80], fields=", ".join(names))
        if name and not column_of(name):
            raise FileRefused("field_missing", role=role, field=name[:80], columns=", ".join(own)[:400] or "-")
    columns = {role: column for role, column in named(own, wanted).items() if column}
    for role, usual in names.items():
        free = [column for name in usual if (column := column_of(name)) and column not in columns.values()]
        if free and role not in wanted:
            columns[role] = free[0]
    return columns


def table(
    layer: Layer, columns: Mapping[str, str], file: str, names: Mapping[str, Sequence[str]], required: Sequence[str]
) -> Table:
    """A plain table with the columns of its roles.

    Raises:
        FileRefused: `columns_missing` where a required role has no column.
    """
    missing = [names[role][0] for role in required if role not in columns]
    if missing:
        own = ", ".join(layer.columns)[:400] or "-"
        raise FileRefused("columns_missing", file=file, missing=", ".join(missing), columns=own)
    return Table(layer, columns)


def told(
    samples: Mapping[str, Sequence[str]], columns: Mapping[str, str], whole: Collection[str]
) -> list[dict[str, Any]]:
    """A file's own columns, the roles of each, and some texts of it: cut short where they may be a person's.

    Args:
        samples: as a Layer has them.
        columns: the column of each role.
        whole: roles that say nothing of a person by themselves.
    """
    roles: dict[str, list[str]] = {}
    for role, column in columns.items():
        roles.setdefault(column, []).append(role)
    found = []
    for column, texts in samples.items():
        is_whole = column in roles and set(roles[column]) <= set(whole)
        told = dict.fromkeys(shown(text, is_whole) for text in texts)
        found.append({"column": column, "fields": roles.get(column, []), "samples": list(told)})
    return found


def shown(text: str, whole: bool) -> str:
    """A cell of a file as who looks at the file may see it; `whole`: it says nothing of a person by itself."""
    return masking.numbers(text) if whole else masking.cell(text)


def named(columns: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """The columns of a file that the sender names, each by field and as the file has it; "" for one that it has not.

    Raises:
        Refused: `field_twice`; `field_fixed`: the file has columns of our own making, and none can be named.
    """
    column_of, found = finder(columns), dict[str, str]()
    for role, name in wanted.items():
        if name and not columns:
            raise Refused("field_fixed", role=role)
        column = column_of(name)
        other = next((other for other, taken in found.items() if column and taken == column), None)
        if other is not None:
            raise Refused("field_twice", role=role, other=other, field=column)
        found[role] = column
    return found


def begin(table: Table, codes: Iterable[str]) -> Refusals:
    """The refusals of a table so far: what the reader refused, and codes that a spreadsheet made numbers of."""
    refusals = Refusals()
    refusals.add(table.layer.problems)
    roles = [role for role in codes if role in table.columns]
    for number, cells in table:
        for role in roles:
            if role in cells and any(SCIENTIFIC.fullmatch(part) for part in split(cells[role])):
                facts: dict[str, object] = {"column": table.columns[role], "found": cells[role][:60]}
                refusals.add([Problem(number, "code_in_scientific_notation", facts)])
    return refusals


def split(cell: str | None) -> list[str]:
    """The parts of a cell that names several, each once.

    >>> split("城管局、环卫中心，城管局;"), split(None)
    (['城管局', '环卫中心'], [])
    """
    return list(dict.fromkeys(part.strip() for part in _BETWEEN.split(cell or "") if part.strip()))


def is_every(cell: str | None) -> bool:
    """Whether a cell stands for all: it is empty, or says so.

    >>> is_every(None), is_every("全部"), is_every("P01")
    (True, True, False)
    """
    return rows.plain(cell or "") in _EVERY


class Names:
    """What cells may name: by code, or by a name that only one has."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        self._exact: set[str] = set()
        self._codes: dict[str, str] = {}
        self._named: dict[str, set[str]] = {}
        for code, name in known:
            self._exact.add(code)
            self._codes.setdefault(rows.plain(code), code)
            self._named.setdefault(rows.plain(name), set()).add(code)

    def find(self, cell: str) -> str | None:
        """The code that a cell means; None where nothing has this code or name, or several have the name."""
        word = rows.plain(cell)
        if cell in self._exact:
            return cell
        if word in self._codes:
            return self._codes[word]
        named = self._named.get(word, set())
        return next(iter(named)) if len(named) == 1 else None

    def several(self, cell: str) -> list[str]:
        """The codes of all that have this name, where there is more than one."""
        named = sorted(self._named.get(rows.plain(cell), set()))
        return named if len(named) > 1 else []

    def need(self, number: int, what: str, cell: str, refusals: Refusals) -> str | None:
        """The code that a cell means, or None after the row was refused with `what`_unknown or `what`_ambiguous."""
        code = self.find(cell)
        if code is None:
            others = self.several(cell)
            facts: dict[str, object] = {"found": cell[:60], "codes": ", ".join(others[:6])}
            refusals.add([Problem(number, f"{what}_{'ambiguous' if others else 'unknown'}", facts)])
        return code
