"""Departments of a file: code, name, and the area of which each is the territory's own."""

from __future__ import annotations

from sqlalchemy import Connection, select

from geodata.layer import Problem
from gridsvc import departments
from gridsvc.db import tables as t
from gridsvc.departments import Department
from gridsvc.imports import columns, rows
from gridsvc.imports.account import Account, Refusals, Tally
from gridsvc.imports.columns import Names, Table

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": (
        *("单位编码", "部门编码", "单位代码", "部门代码", "机构编码", "机构代码", "编码", "代码", "编号"),
        *("department code", "dept code", "department_no", "code"),
    ),
    "name": (
        *("单位名称", "部门名称", "机构名称", "单位", "部门", "名称", "department name", "department", "dept name"),
        "name",
    ),
    "area": (
        *("所属区划", "所属区划编码", "区划编码", "区划代码", "辖区编码", "辖区", "所属街道", "area code", "area_code"),
        "area",
    ),
    "active": ("是否启用", "启用", "状态", "active", "state", "status"),
}
REQUIRED = ("code", "name")
ACTIVE_WORDS = rows.meanings(
    {
        "yes": ("启用", "在用", "正常", "有效", "是", "1", "yes", "true", "active"),
        "no": ("停用", "撤销", "注销", "无效", "否", "0", "no", "false", "inactive", "closed"),
    }
)


def take(db: Connection, table: Table, file: str) -> Account:
    """The account of a file's departments, which are then stored (the caller commits or not)."""
    refusals = columns.begin(table, ("code", "area"))
    found: list[tuple[int, Department]] = []
    areas = Names((row.code, row.name) for row in db.execute(select(t.area.c.code, t.area.c.name)))
    for number, cells in table:
        if number in refusals.rows or not cells:
            continue
        one = _department(number, cells, areas, refusals)
        if one is not None:
            found.append((number, one))
    codes = [one.code for _, one in found]
    rows.refuse_repeated(codes, [number for number, _ in found], "department_repeated", refusals)
    stored = departments.save(db, [one for number, one in found if number not in refusals.rows])
    return table.account("departments", file, Tally(len(stored.new), len(stored.changed), stored.n_same), refusals)


def _department(number: int, cells: dict[str, str], areas: Names, refusals: Refusals) -> Department | None:
    missing = next((role for role in REQUIRED if role not in cells), None)
    if missing is not None:
        refusals.add([Problem(number, "department_incomplete", {"column": COLUMNS[missing][0]})])
        return None
    area = areas.need(number, "area_cell", cells["area"], refusals) if "area" in cells else None
    active = rows.mean(cells.get("active"), ACTIVE_WORDS, "")
    if active is None:
        refusals.add([Problem(number, "department_state_unknown", {"found": cells["active"][:60]})])
    if number in refusals.rows:
        return None
    return Department(cells["code"], cells["name"], area, None if not active else active == "yes")
