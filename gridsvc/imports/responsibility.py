"""Responsibility lists of a file: which department leads and which assist, by category, area and level."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from geodata.layer import Problem
from gridsvc import categories, departments, responsibility
from gridsvc.db import tables as t
from gridsvc.imports import columns, rows
from gridsvc.imports.account import Account, Refusals, Tally
from gridsvc.imports.columns import Names, Table
from gridsvc.imports.ground_words import LEVEL_WORDS
from gridsvc.responsibility import Duty

COLUMNS: dict[str, tuple[str, ...]] = {
    "list": ("清单类别", "清单类型", "清单名称", "清单", "职责类别", "list"),
    "category": (
        *("类别编码", "类别代码", "分类编码", "小类编码", "小类代码", "大类编码", "大类代码", "事项编码", "类别"),
        *("小类名称", "事项类别", "category code", "category"),
    ),
    "area": (
        *("区划编码", "区划代码", "适用区划", "所属区划", "适用范围", "社区编码", "街道编码", "辖区", "area code"),
        "area",
    ),
    "level": ("层级", "办理层级", "适用层级", "行政级别", "级别", "level"),
    "lead": (
        *("主办", "主办单位", "主办部门", "牵头单位", "牵头部门", "主责单位", "主责部门", "责任单位", "责任部门"),
        *("lead department", "lead"),
    ),
    "assist": (
        *("协办", "协办单位", "协办部门", "配合单位", "配合部门", "assisting departments", "assistants", "assist"),
    ),
}
REQUIRED = ("list", "lead")
FILED_IN = (categories.LOCAL, categories.CITY)  # categories of other taxonomies are there to count in
LIST_WORDS = rows.meanings(
    {
        "basic": ("基本履职", "基本履职清单", "基本履职事项", "基本履职事项清单", "basic", "own"),
        "assist": ("配合履职", "配合履职清单", "配合履职事项", "配合履职事项清单", "assist", "assisting"),
        "taken_back": (
            *("上级收回", "上级收回清单", "上级收回事项", "上级部门收回事项", "上级部门收回事项清单", "收回"),
            *("taken_back", "taken back"),
        ),
    }
)
_GRID_WORDS = rows.meanings({"grid": ("网格", "网格级", "grid")})
_LEVELS = _GRID_WORDS | LEVEL_WORDS | {f"{word}级": level for word, level in LEVEL_WORDS.items()}


class _Known:
    """What the cells of a file may name."""

    def __init__(self, db: Connection) -> None:
        every = [one for one in categories.listed(db, every=True) if one.active and one.taxonomy in FILED_IN]
        self.categories = Names((one.code, one.name_zh) for one in every)
        self.codes = [one.code for one in every]
        self.areas = Names((row.code, row.name) for row in db.execute(select(t.area.c.code, t.area.c.name)))
        self.departments = Names((one.code, one.name) for one in departments.listed(db))

    def category(self, number: int, cell: str, refusals: Refusals) -> str | None:
        """A category's code, or the beginning of some."""
        if any(code.startswith(cell) for code in self.codes):
            return cell
        return self.categories.need(number, "category_cell", cell, refusals)


def take(db: Connection, table: Table, file: str, *, source: str, replace: bool) -> Account:
    """The account of a file's lines, which are then stored (the caller commits or not).

    Args:
        source: the name of the list; stands beside each line.
        replace: lines of this source that the file lacks go.
    """
    refusals = columns.begin(table, ("category", "area", "lead", "assist"))
    known = _Known(db)
    found: list[tuple[int, Duty]] = []
    for number, cells in table:
        if number in refusals.rows or not cells:
            continue
        one = _duty(number, cells, known, refusals)
        if one is not None:
            found.append((number, one))
    keys: list[object] = [one.key for _, one in found]
    _refuse_repeated(keys, [number for number, _ in found], refusals)
    good = [one for number, one in found if number not in refusals.rows]
    removed = responsibility.drop_others(db, good, source) if replace else 0
    stored = responsibility.save(db, good, source)
    tally = Tally(len(stored.new), len(stored.changed), stored.n_same, removed)
    lists = {one: sum(duty.list == one for duty in good) for one in ("basic", "assist", "taken_back")}
    extra = {"lists": {name: n for name, n in lists.items() if n}}
    return table.account("responsibility", file, tally, refusals, extra=extra)


def _duty(number: int, cells: dict[str, str], known: _Known, refusals: Refusals) -> Duty | None:
    """A row as a line of the lists; None after everything that is wrong with it was refused."""
    listing = rows.mean(cells.get("list"), LIST_WORDS, None)
    if listing is None:
        refusals.add([Problem(number, "list_unknown", {"found": cells.get("list", "")[:60]})])
    level = None if columns.is_every(cells.get("level")) else _LEVELS.get(rows.plain(cells["level"]), "")
    if level == "":
        refusals.add([Problem(number, "level_word_unknown", {"found": cells["level"][:60]})])
    category = area = lead = None
    if not columns.is_every(cells.get("category")):
        category = known.category(number, cells["category"], refusals)
    if not columns.is_every(cells.get("area")):
        area = known.areas.need(number, "area_cell", cells["area"], refusals)
    if "lead" in cells:
        lead = known.departments.need(number, "department_cell", cells["lead"], refusals)
    else:
        refusals.add([Problem(number, "lead_missing", {})])
    assist = [known.departments.need(number, "department_cell", one, refusals) for one in _parts(cells, known)]
    if number in refusals.rows or listing is None or lead is None:
        return None
    if lead in assist:
        refusals.add([Problem(number, "lead_assists_too", {"department": lead}, "repaired")])
    helpers = tuple(dict.fromkeys(one for one in assist if one is not None and one != lead))
    return Duty(listing, category, area, level, lead, helpers)


def _parts(cells: dict[str, str], known: _Known) -> Iterable[str]:
    """The assistants that a cell names: a department may have a separator in its own name."""
    cell = cells.get("assist", "")
    return [cell] if cell and known.departments.find(cell) else columns.split(cell)


def _refuse_repeated(keys: list[object], at: list[int], refusals: Refusals) -> None:
    for places in rows.repeated(keys, at).values():
        told = {"rows": rows.listed(places)}
        refusals.add(Problem(number, "responsibility_repeated", dict(told)) for number in places)
