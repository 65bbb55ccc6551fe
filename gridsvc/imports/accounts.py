"""Accounts of a file: who logs in, as what, and where; new ones get a random password each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from geodata.layer import Problem
from gridsvc import accounts, departments, passwords
from gridsvc.accounts import Wanted
from gridsvc.db import tables as t
from gridsvc.errors import GridsvcError
from gridsvc.imports import columns, rows
from gridsvc.imports.account import Account, Refusals, Tally
from gridsvc.imports.columns import Names, Table
from gridsvc.imports.fields import ACCOUNT_FIELDS

_USUAL: tuple[tuple[str, ...], ...] = (
    ("登录名", "账号", "用户名", "登录账号", "login", "user name", "username", "account"),
    ("姓名", "名称", "name", "full name"),
    ("角色", "岗位", "role", "roles"),
    ("辖区", "辖区编码", "区划编码", "所属区划", "负责区划", "areas", "area", "area codes"),
    ("所属单位", "单位编码", "单位", "部门", "部门编码", "department"),
    ("网格员工号", "工号", "网格员编号", "网格员", "worker code", "worker"),
)
COLUMNS = dict(zip(ACCOUNT_FIELDS, _USUAL, strict=True))
REQUIRED = ("login", "role")
WHOLE = ("role", "areas", "department")  # fields that say nothing of a person by themselves
ROLE_WORDS = rows.meanings(
    {
        "admin": ("admin", "管理员", "系统管理员", "administrator"),
        "planner": ("planner", "规划员", "规划"),
        "leader": ("leader", "领导", "分管领导", "负责人"),
        "dispatcher": ("dispatcher", "派遣员", "调度员", "坐席", "派单员"),
        "manager": ("manager", "网格管理员", "网格长", "网格主管", "grid manager"),
        "handler": ("handler", "经办人", "单位经办人", "部门经办人", "处置人员", "department handler"),
        "checker": ("checker", "核查员", "核查"),
        "worker": ("worker", "网格员", "grid worker"),
    }
)


@dataclass(frozen=True)
class Made:
    """A new account and its password, which is stored nowhere else; none where the account was not stored."""

    login: str
    name: str
    roles: tuple[str, ...]
    password: str

    @property
    def role(self) -> str:
        """The default one."""
        return self.roles[0]


@dataclass(frozen=True)
class Taken:
    """The account of a file, the new accounts, and the logins of those that change."""

    account: Account
    new: tuple[Made, ...]
    changed: tuple[str, ...]


def take(
    db: Connection, table: Table, file: str, *, write: bool, skip_refused: bool, shown: Callable[[int, int], None]
) -> Taken:
    """What a file says, which is then stored (the caller commits or not); passwords are made where `write` says so.

    An account that is there already is changed where the file says otherwise; its password stays, its sessions end.

    Args:
        write: False only looks.
        skip_refused: rows that are right are stored though others are wrong.
        shown: told how many of how many are stored; a password takes a while.
    """
    refusals = columns.begin(table, ("areas", "department", "worker"))
    known = _Known(db)
    found: list[tuple[int, Wanted]] = []
    for number, cells in table:
        if number in refusals.rows or not cells:
            continue
        one = _wanted(db, number, cells, known, refusals)
        if one is not None:
            found.append((number, one))
    rows.refuse_repeated([one.login for _, one in found], [number for number, _ in found], "account_repeated", refusals)
    n_same = 0
    made: list[Made] = []
    changed: list[str] = []
    # new ones first: one of them may be the admin who makes it possible that another one goes
    good = [(number, one) for number, one in found if number not in refusals.rows]
    good.sort(key=lambda pair: accounts.find(db, pair[1].login) is not None)
    writes = write and (skip_refused or not refusals.rows)
    for place, (number, one) in enumerate(good, start=1):
        try:
            with db.begin_nested():
                what, password = _store(db, one, writes)
        except GridsvcError as error:  # the last admin, or somebody was quicker
            refusals.add([Problem(number, error.code, error.facts)])
            continue
        if what == "new":
            made.append(Made(one.login, one.name, one.roles, password or ""))
        elif what == "changed":
            changed.append(one.login)
        n_same += what == "same"
        shown(place, len(good))
    tally = Tally(len(made), len(changed), n_same)
    return Taken(table.account("accounts", file, tally, refusals), tuple(made), tuple(changed))


def _store(db: Connection, one: Wanted, writes: bool) -> tuple[str, str | None]:
    """What it is (new, changed or same), and its password where one was made."""
    before = accounts.find(db, one.login)
    if before is not None:
        return ("changed" if accounts.change(db, one, active=before.active) else "same"), None
    password = passwords.new_password() if writes else None
    accounts.create(db, password=password, **vars(one))
    return "new", password


class _Known:
    """What the cells of a file may name."""

    def __init__(self, db: Connection) -> None:
        self.areas = Names((row.code, row.name) for row in db.execute(select(t.area.c.code, t.area.c.name)))
        self.departments = Names((one.code, one.name) for one in departments.listed(db))
        self.workers = Names((row.code, row.name) for row in db.execute(select(t.worker.c.code, t.worker.c.name)))


def _wanted(db: Connection, number: int, cells: dict[str, str], known: _Known, refusals: Refusals) -> Wanted | None:
    """A row as an account that can be; None after everything that is wrong with it was refused."""
    missing = (COLUMNS[needed][0] for needed in REQUIRED if needed not in cells)
    refusals.add(Problem(number, "account_incomplete", {"column": column}) for column in missing)
    roles: list[str] = []
    for word in columns.split(cells.get("role")):  # the first one is the default
        role = rows.mean(word, ROLE_WORDS, None)
        if role is None:
            refusals.add([Problem(number, "role_word_unknown", {"found": word[:60]})])
        else:
            roles.append(role)
    areas = [known.areas.need(number, "area_cell", one, refusals) for one in columns.split(cells.get("areas"))]
    department = worker = None
    if "department" in cells:
        department = known.departments.need(number, "department_cell", cells["department"], refusals)
    if "worker" in cells:
        worker = known.workers.need(number, "worker_cell", cells["worker"], refusals)
    if number in refusals.rows or not roles:
        return None
    codes = tuple(dict.fromkeys(code for code in areas if code is not None))
    login = cells["login"]
    one = Wanted(login, cells.get("name", login), roles[0], codes, department, worker, tuple(roles[1:]))
    try:
        accounts.check(db, one)
    except GridsvcError as error:
        refusals.add([Problem(number, error.code, error.facts)])
        return None
    return one
