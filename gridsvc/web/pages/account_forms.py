"""Accounts in the browser: one added or changed by a form, many from a table; passwords are shown this once."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.responses import Response

from geodata.errors import GeodataError
from geodata.layer import Layer, Problem
from gridsvc import accounts, departments, passwords, staff_log
from gridsvc.db import tables as t
from gridsvc.errors import GridsvcError, NotFound
from gridsvc.imports import accounts as importing
from gridsvc.imports import columns
from gridsvc.imports.accounts import Taken
from gridsvc.rules.roles import ROLES, needed
from gridsvc.web import account_files, named_columns
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
    """The file that was looked at, once more: its name, its content in base64, and how it is read."""

    name: Annotated[str, Field(max_length=200)]
    content: Annotated[str, Field(max_length=2 * MOST_BYTES)]
    sheet: Annotated[str, Field(max_length=200)] = ""
    header_row: Annotated[str, Field(max_length=200)] = ""
    columns_of: Annotated[str, Field(max_length=300)] | None = None

    def bytes(self) -> bytes | None:
        """The content; None where it is none."""
        try:
            return base64.b64decode(self.content, validate=True)
        except binascii.Error:
            return None


@dataclass(frozen=True)
class Looked:
    """A file and what it says, for the page that asks before anything is stored; nothing where its columns are wrong.

    `own_columns`: as `account_files.own_columns`, of the sheet and below the header row that were said; `chosen`: the
    column of each field as the form of columns has it; `named`: those that a person has chosen.
    """

    name: str
    content: str
    sheet: str | None
    header_row: int | None
    own_columns: list[dict[str, Any]]
    chosen: dict[str, str]
    named: dict[str, str]
    notes: tuple[Problem, ...]
    taken: Taken | None = None
    refused: tuple[tuple[int | None, str], ...] = ()


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
    content = base64.b64encode(file.file.read(MOST_BYTES + 1)).decode()
    return _looked(frame_of(request), unit, Sure.model_construct(name=file.filename or "", content=content), {})


@router.post("/accounts/import/again", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def look_again(request: Request, unit: UnitDep, form: Annotated[Sure, Form()], named: named_columns.OfForm) -> Response:
    """What the same table would change with the columns that were chosen; nothing is stored."""
    return _looked(frame_of(request), unit, form, named)


@router.post("/accounts/import/store", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def store(request: Request, unit: UnitDep, form: Annotated[Sure, Form()], named: named_columns.OfForm) -> Response:
    """The passwords of the new accounts, once; the table's account again where a row is refused now."""
    return _looked(frame_of(request), unit, form, named, write=True)


def _looked(frame: Frame, unit: Unit, form: Sure, named: dict[str, str], *, write: bool = False) -> Response:
    """What a table says, its rows or columns that are wrong; the passwords where it is written and all is right."""
    content, name = form.bytes(), form.name
    if content is None:
        return _import(frame, {"f-file": frame.says("file_unreadable_form")}, 422)
    try:
        header_row = named_columns.row_said(form.header_row)
        looked, layer = _read(form, content, form.sheet or None, header_row)
    except (GeodataError, GridsvcError) as error:
        return _unread(frame, form, content, error)
    if form.columns_of in (None, named_columns.columns_of(looked.sheet, looked.header_row)):
        looked = replace(looked, chosen=named, named=named)
    named = looked.named
    try:
        own = account_files.own_columns(layer, named)
        found = {role: one["column"] for one in own for role in one["fields"]}
        looked = replace(looked, own_columns=own, chosen=found)
        taken = account_files.take(unit, name, layer, named, write=write)
    except (GeodataError, GridsvcError) as error:
        return _import(frame, _wrong_columns(frame, error, looked.chosen), 422, looked)
    if write and not taken.account.n_refused:
        return _passwords(frame, unit, taken.new, taken.changed)
    refused = tuple(
        (one.row, frame.says(one.code, **(named_columns.in_words(one.facts, frame.lang) | {"row": one.row})))
        for one in taken.account.refused
    )
    return _import(frame, {}, 422 if refused else 200, replace(looked, taken=taken, refused=refused))


def _read(form: Sure, content: bytes, sheet: str | None, header_row: int | None) -> tuple[Looked, Layer]:
    layer = account_files.read(form.name, content, header_row, sheet)
    own = account_files.own_columns(layer, {})
    found = {role: one["column"] for one in own for role in one["fields"]}
    return Looked(form.name, form.content, sheet, header_row, own, found, {}, layer.notes), layer


def _unread(frame: Frame, form: Sure, content: bytes, error: GeodataError | GridsvcError) -> Response:
    """The form with what is wrong; where it is the row or sheet that was said, or found, with the columns otherwise:
    those of the sheet without a row of titles, of the first sheet, or of that without one."""
    said = named_columns.said(frame, error.code, error.facts, {}) or frame.says(error.code, **error.facts)
    in_row, sheet = error.code.startswith("header_row_"), form.sheet or None
    if in_row or sheet:
        for one, row in ((sheet, 0), (None, None), (None, 0)):
            with suppress(GeodataError, GridsvcError):  # what is wrong is told already
                looked, _ = _read(form, content, one, row)
                at = "a-header_row" if in_row else "a-sheet"
                return _import(frame, {at: said}, 422, replace(looked, chosen={}))
    return _import(frame, {"f-file": said}, 422)


def _wrong_columns(frame: Frame, error: GeodataError | GridsvcError, chosen: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the choice of columns, at each field that it is wrong with."""
    labels = _labels(frame)
    if error.code == "columns_missing":
        usual = {role: importing.COLUMNS[role][0] for role in importing.REQUIRED if not chosen.get(role)}
        says = partial(frame.words, "pages.columns.needed")
        return {f"a-{role}": says(field=labels[role], usual=name) for role, name in usual.items()}
    at = named_columns.at(error.facts, importing.COLUMNS, "columns")
    said = named_columns.said(frame, error.code, error.facts, labels)
    return {at: said or frame.says(error.code, **error.facts)}


def _labels(frame: Frame) -> dict[str, str]:
    return {role: frame.words(f"pages.accounts.{role}") for role in importing.COLUMNS}


def _import(frame: Frame, errors: dict[str, str], status: int = 200, looked: Looked | None = None) -> Response:
    facts: dict[str, Any] = {"errors": errors, "looked": looked, "most_kb": MOST_BYTES // 1024, "most_rows": MOST_ROWS}
    facts |= {"labels": _labels(frame), "required": importing.REQUIRED}
    facts["called"] = partial(named_columns.called, locale=frame.lang)
    if looked is not None:
        facts["notes"] = [frame.says(one.code, **one.facts) for one in looked.notes]
        facts["columns_of"] = named_columns.columns_of(looked.sheet, looked.header_row)
        facts["has_sheets"] = looked.sheet or "sheets_ignored" in [one.code for one in looked.notes]
    answer = page(frame, "account_import.html", status=status, nav="accounts", **facts)
    answer.headers["Cache-Control"] = "no-store"
    return answer
