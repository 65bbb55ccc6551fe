"""Accounts: who may log in, as what and where. Passwords come in, or go out once; hashes never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, File, Path, Query, UploadFile
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from gridsvc import accounts, passwords, staff_log
from gridsvc.accounts import Account, Wanted
from gridsvc.errors import NotFound, Refused
from gridsvc.i18n import error_text
from gridsvc.imports.account import as_facts
from gridsvc.imports.fields import ACCOUNT_FIELDS
from gridsvc.rules.roles import ROLES
from gridsvc.web import account_files, named_columns, schemas
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, may
from gridsvc.web.named_columns import Naming, with_fields

router = APIRouter(prefix="/api/v1/accounts", tags=["people"])

Code = Annotated[schemas.Words, Field(min_length=1, max_length=120)]
Name = Annotated[schemas.Words, Field(min_length=1, max_length=200)]
Role = Annotated[schemas.Words, Field(max_length=40)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(ROLES))]
Areas = Annotated[list[Code], Field(max_length=200)]


class AccountIn(schemas.In):
    """A new account. Leader, dispatcher, manager and checker have areas, a handler a department, a worker a worker.

    `roles` are those that it may act in, one at a time, the first one by default; `role` is short for one alone.
    """

    login: Annotated[schemas.Words, Field(max_length=64)]
    name: Name | None = None
    role: Role | None = None
    roles: Roles | None = None
    areas: Areas = Field(default_factory=list)
    department: Code | None = None
    worker: Code | None = None
    password: Annotated[schemas.Words, Field(max_length=256)] | None = Field(
        None, description="without one a random one is made and stands in this answer alone"
    )


class TableBase(Naming):
    """What is done with a table; the columns that are named come with the fields that there are."""

    commit: Annotated[bool, Field(description="make the changes; without it they are only told")] = False
    sheet: Annotated[schemas.Words | None, Field(min_length=1, max_length=200, description="of a workbook")] = None
    header_row: named_columns.HeaderRow = None


if TYPE_CHECKING:
    Table = TableBase
else:
    Table = with_fields(TableBase, ACCOUNT_FIELDS, "cli.users")


class AccountChangeIn(schemas.In):
    """What changes; what is not named stays, unless no role has a use for it any more.

    `roles` are all that it is to have, the first one by default; `role` is short for one alone.
    """

    name: Name | None = None
    role: Role | None = None
    roles: Roles | None = None
    areas: Areas | None = None
    department: Code | None = None
    worker: Code | None = None
    active: bool | None = None


@router.get("", operation_id="accounts", responses={200: {"model": dict[str, Any]}})
def many(
    unit: Annotated[Unit, may("manage_accounts")],
    q: Annotated[schemas.Words | None, Query(max_length=100)] = None,
    state: Literal["active", "disabled"] | None = None,
) -> Response:
    """The accounts by login, those with the words in login or name."""
    found = accounts.listed(unit.question, q and q.strip())
    items = [_told(one) for one in found if state is None or one.active == (state == "active")]
    return JSONResponse({"items": items})


@router.get("/log", operation_id="account_log", responses={200: {"model": dict[str, Any]}})
def log(
    unit: Annotated[Unit, may("manage_accounts")],
    q: Annotated[schemas.Words | None, Query(max_length=100, description="words in the login or grid")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="only older ones than this entry")] = None,
) -> Response:
    """The last changes of accounts, tokens and duty, newest first: who, when, and each field before and after."""
    found = staff_log.listed(unit.question, words=(q or "").strip(), before=before)
    zone = unit.mine.settings.zone
    return JSONResponse({"items": [vars(one) | {"at": rows.moment(one.at, zone)} for one in found]})


@router.post("", status_code=201, operation_id="add_account", responses={409: {"model": schemas.ErrorOut}})
def add(body: AccountIn, unit: Annotated[Unit, may("manage_accounts")]) -> Response:
    """A new account; the password is in the answer where it was made here."""
    roles = _roles(body)
    if roles is None:
        raise Refused("role_missing")
    password = body.password if body.password is not None else passwords.new_password()
    staff_log.begin(unit.db, unit.actor, unit.now)
    accounts.create(
        unit.db,
        login=body.login,
        name=body.name or body.login,
        role=roles[0],
        also_roles=roles[1:],
        password=password,
        area_codes=body.areas,
        department_code=body.department,
        worker_code=body.worker,
    )
    told = _told(_found(unit, body.login))
    answer = told if body.password is not None else told | {"password": password}
    return JSONResponse(answer, 201, {"Cache-Control": "no-store"})


@router.post("/import", operation_id="import_accounts", responses={200: {"model": dict[str, Any]}})
def take(
    file: Annotated[
        UploadFile, File(description="an .xlsx, .xls or .csv table, a row an account, as the command reads it")
    ],
    unit: Annotated[Unit, may("manage_accounts")],
    asked: Annotated[Table, Query()],
) -> Response:
    """What a table of accounts changes; with `commit` it does, wholly or not at all.

    Only then new accounts have passwords, which stand in this answer alone. Columns of other names than the usual ones
    are named by the parameters that end in `_field`.
    """
    name, commit = file.filename or "", asked.commit
    content = file.file.read(account_files.MOST_BYTES + 1)
    layer = account_files.read(name, content, asked.header_row, asked.sheet)
    taken = account_files.take(unit, name, layer, asked.named(), write=commit)
    told: dict[str, Any] = {"committed": commit, **as_facts(taken.account)}
    for one in (*told["refused"], *told["repaired"], *told["notes"]):
        one["message"] = error_text(one["code"], unit.locale, **(one["detail"] | {"row": one["row"]}))
    if commit and taken.account.n_refused:
        raise Refused("accounts_refused", n=taken.account.n_refused, refused=told["refused"])
    secret = ("login", "name", "role", "roles", *(("password",) if commit else ()))
    told["new"] = [{name: getattr(one, name) for name in secret} for one in taken.new]
    told["changed"] = list(taken.changed)
    if commit:
        account_files.end(unit, taken.changed)
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


@router.patch("/{login:path}", operation_id="change_account", responses={409: {"model": schemas.ErrorOut}})
def change(
    login: Annotated[schemas.Words, Path(max_length=64)],
    body: AccountChangeIn,
    unit: Annotated[Unit, may("manage_accounts")],
) -> Response:
    """Changes an account and ends its sessions at once, and tokens in a role that it lost; a disabled one's all.

    One active admin always stays.
    """
    before = _found(unit, login)
    staff_log.begin(unit.db, unit.actor, unit.now)
    given = body.model_fields_set
    active = before.active if body.active is None else body.active
    if given <= {"active"}:
        if active != before.active:
            (accounts.enable if active else accounts.disable)(unit.db, login)
    else:
        accounts.change(unit.db, _wanted(before, body), active=active)
    told = _told(_found(unit, login))
    unit.end(well=True)
    unit.mine.actors.forget_account(login)
    return JSONResponse(told)


def _wanted(before: Account, body: AccountChangeIn) -> Wanted:
    said: dict[str, Any] = {} if body.name is None else {"name": body.name}
    roles = _roles(body)
    if roles is not None:
        said |= {"role": roles[0], "also_roles": tuple(roles[1:])}
    if "areas" in body.model_fields_set:
        said["area_codes"] = tuple(body.areas or ())
    if "department" in body.model_fields_set:
        said["department_code"] = body.department
    if "worker" in body.model_fields_set:
        said["worker_code"] = body.worker
    return accounts.altered(before, **said)


def _roles(body: AccountIn | AccountChangeIn) -> list[str] | None:
    if body.role is not None and body.roles is not None:
        raise Refused("role_and_roles")
    return body.roles if body.role is None else [body.role]


def _found(unit: Unit, login: str) -> Account:
    found = accounts.find(unit.db, login)
    if found is None:
        raise NotFound("account_unknown", login=login)
    return found


def _told(one: Account) -> dict[str, Any]:
    return {
        "login": one.login,
        "name": one.name,
        "role": one.role,
        "roles": list(one.roles),
        "active": one.active,
        "demo": one.demo,
        "areas": list(one.area_codes),
        "department": one.department_code,
        "worker": one.worker_code,
    }
