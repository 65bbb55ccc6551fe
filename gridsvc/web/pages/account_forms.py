"""Accounts in the browser: one added or changed by a form, many from a table; passwords are shown this once."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.responses import Response

from geodata.errors import GeodataError
from gridsvc import accounts, departments, passwords, staff_log
from gridsvc.db import tables as t
from gridsvc.errors import GridsvcError, NotFound
from gridsvc.imports import accounts as importing
from gridsvc.imports import columns
from gridsvc.imports.accounts import Taken
from gridsvc.rules.roles import ROLES, needed
from gridsvc.web import account_files
from gridsvc.web.account_files import MOST_BYTES, MOST_ROWS
from gridsvc.web.deps import Unit, UnitDep, may
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

MOST_CHOICES = 2000
# The field at which a refusal is told.
_FIELD_OF = {"login": "login", "area": "areas", "department": "department", "worker": "worker", "role": "role"}


class Wanted(BaseModel):
    """An account as it was typed; areas by code, with spaces or commas between; `also`: roles beside the first."""

    login: Annotated[str, Field(max_length=100)] = ""
    name: Annotated[str, Field(max_length=200)] = ""
    role: Annotated[str, Field(max_length=40)] = ""
    also: Annotated[list[str], Field(max_length=len(ROLES))] = Field(default_factory=list)
    areas: Annotated[str, Field(max_length=4000)] = ""
    department: Annotated[str, Field(max_length=120)] = ""
    worker: Annotated[str, Field(max_length=120)] = ""

    def wanted(self) -> accounts.Wanted:
        """What it is to be."""
        login = self.login.strip()
        areas = tuple(columns.split(self.areas.replace(" ", ",")))
        facts = (areas, self.department or None, self.worker.strip() or None, tuple(self.also))
        return accounts.Wanted(login, self.name.strip() or login, self.role, *facts)


class Sure(BaseModel):
    """The file that was looked at, once more: its name, and its content in base64."""

    name: Annotated[str, Field(max_length=200)]
    content: Annotated[str, Field(max_length=2 * MOST_BYTES)]


@dataclass(frozen=True)
class Looked:
    """A file and what it says, for the page that asks before anything is stored."""

    name: str
    content: str
    taken: Taken
    refused: tuple[tuple[int | None, str], ...]


# ---- one account -----------------------------------------------------------------------------------------------------


@router.get("/accounts/add", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def show(request: Request, unit: UnitDep) -> Response:
    """The empty form of an account."""
    return _form(frame_of(request), unit, Wanted(), {})


@router.post("/accounts/add", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def add(request: Request, unit: UnitDep, form: Annotated[Wanted, Form()]) -> Response:
    """The new account with its password, or the form with what is wrong."""
    frame = frame_of(request)
    password, wanted = passwords.new_password(), form.wanted()
    staff_log.begin(unit.db, unit.actor, unit.now)
    try:
        with unit.db.begin_nested():
            accounts.create(unit.db, password=password, **vars(wanted))
    except GridsvcError as error:
        return _refused(frame, unit, form, error)
    made = importing.Made(wanted.login, wanted.name, wanted.roles, password)
    return _passwords(frame, unit, (made,), ())


@router.get("/accounts/change", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def show_change(
    request: Request, unit: UnitDep, login: Annotated[str, Query(max_length=100, pattern="^[^\x00]*$")]
) -> Response:
    """The form of an account as it is."""
    one = accounts.find(unit.db, login)
    if one is None:
        raise NotFound("account_unknown", login=login)
    parts = {
        "areas": " ".join(one.area_codes),
        "department": one.department_code or "",
        "worker": one.worker_code or "",
    }
    form = Wanted(login=login, name=one.name, role=one.role, also=list(one.also_roles), **parts)
    return _form(frame_of(request), unit, form, {}, of=login)


@router.post("/accounts/change", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def change(request: Request, unit: UnitDep, form: Annotated[Wanted, Form()]) -> Response:
    """Back to the list, or the form with what is wrong."""
    wanted = form.wanted()
    before = accounts.find(unit.db, wanted.login)
    if before is None:
        raise NotFound("account_unknown", login=wanted.login)
    staff_log.begin(unit.db, unit.actor, unit.now)
    try:
        with unit.db.begin_nested():
            accounts.change(unit.db, wanted, active=before.active)
    except GridsvcError as error:
        return _refused(frame_of(request), unit, form, error, of=wanted.login)
    account_files.end(unit, (wanted.login,))
    return RedirectResponse(f"/accounts?{urlencode({'q': wanted.login, 'changed': wanted.login})}", 303)


def _refused(frame: Frame, unit: Unit, form: Wanted, error: GridsvcError, *, of: str | None = None) -> Response:
    field = next((_FIELD_OF[part] for part in _FIELD_OF if error.code.startswith(part)), "login")
    field = next((_FIELD_OF[part] for part in _FIELD_OF if error.code.endswith(f"_{part}")), field)
    field = "role" if error.code == "last_admin" else field
    status = 409 if error.code in ("login_taken", "last_admin") else 422
    return _form(frame, unit, form, {f"f-{field}": frame.says(error.code, **error.facts)}, status, of=of)


def _form(
    frame: Frame, unit: Unit, form: Wanted, errors: dict[str, str], status: int = 200, *, of: str | None = None
) -> Response:
    """`of`: the login of an account that is there already."""
    a, w = t.area.c, t.worker.c
    areas = unit.db.execute(select(a.code, a.name).order_by(a.code).limit(MOST_CHOICES)).all()
    workers = unit.db.execute(select(w.code, w.name).where(w.active).order_by(w.code).limit(MOST_CHOICES)).all()
    facts: dict[str, Any] = {"form": form, "errors": errors, "roles": ROLES, "areas": areas, "workers": workers}
    facts |= {"departments": departments.listed(unit.db), "needs": {role: needed(role) for role in ROLES}, "of": of}
    return page(frame, "account.html", status=status, nav="accounts", **facts)


def _passwords(frame: Frame, unit: Unit, made: tuple[importing.Made, ...], changed: tuple[str, ...]) -> Response:
    """The only page that ever shows these passwords."""
    answer = page(frame, "account_passwords.html", status=201, nav="accounts", made=made, changed=changed)
    answer.headers["Cache-Control"] = "no-store"
    account_files.end(unit, changed)
    return answer


# ---- many accounts ---------------------------------------------------------------------------------------------------


@router.get("/accounts/import", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def show_import(request: Request) -> Response:
    """The form for a table of accounts."""
    return _import(frame_of(request), {})


@router.post("/accounts/import", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def look(request: Request, unit: UnitDep, file: Annotated[UploadFile, File()]) -> Response:
    """What the table would change, row by row where it is refused; nothing is stored."""
    frame = frame_of(request)
    content = file.file.read(MOST_BYTES + 1)
    try:
        taken = account_files.take(unit, file.filename or "", content, write=False)
    except (GeodataError, GridsvcError) as error:
        return _import(frame, {"f-file": frame.says(error.code, **error.facts)}, 422)
    return _asked(frame, file.filename or "", content, taken)


@router.post("/accounts/import/store", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def store(request: Request, unit: UnitDep, form: Annotated[Sure, Form()]) -> Response:
    """The passwords of the new accounts, once; the table's account again where a row is refused now."""
    frame = frame_of(request)
    try:
        content = base64.b64decode(form.content, validate=True)
        taken = account_files.take(unit, form.name, content, write=True)
    except binascii.Error:
        return _import(frame, {"f-file": frame.says("file_unreadable_form")}, 422)
    except (GeodataError, GridsvcError) as error:
        return _import(frame, {"f-file": frame.says(error.code, **error.facts)}, 422)
    if taken.account.n_refused:
        return _asked(frame, form.name, content, taken)
    return _passwords(frame, unit, taken.new, taken.changed)


def _asked(frame: Frame, name: str, content: bytes, taken: Taken) -> Response:
    refused = tuple(
        (one.row, frame.says(one.code, **(dict(one.facts) | {"row": one.row}))) for one in taken.account.refused
    )
    looked = Looked(name, base64.b64encode(content).decode(), taken, refused)
    return _import(frame, {}, 422 if refused else 200, looked)


def _import(frame: Frame, errors: dict[str, str], status: int = 200, looked: Looked | None = None) -> Response:
    facts: dict[str, Any] = {"errors": errors, "looked": looked, "most_kb": MOST_BYTES // 1024, "most_rows": MOST_ROWS}
    answer = page(frame, "account_import.html", status=status, nav="accounts", **facts)
    answer.headers["Cache-Control"] = "no-store"
    return answer
