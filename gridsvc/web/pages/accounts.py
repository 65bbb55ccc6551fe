"""The list of accounts, shutting or opening one of them, and what was changed by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import accounts, staff_log
from gridsvc.accounts import Account
from gridsvc.errors import GridsvcError
from gridsvc.staff_log import Entry
from gridsvc.web.deps import Unit, UnitDep, may
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

LATEST = 30  # changes under the list


class Sent(BaseModel):
    """Which account, and whether it is to be open."""

    login: Annotated[str, Field(max_length=64)]
    active: bool
    q: Annotated[str, Field(max_length=100)] = ""


@router.get("/accounts", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def show(request: Request, unit: UnitDep) -> Response:
    """The accounts with the words in login or name; for one of them, the question before it is shut or opened."""
    asked = request.query_params
    query = {name: (asked.get(name) or "").replace("\x00", "")[:100] for name in ("q", "ask", "done", "changed")}
    told = {name: query[name] for name in ("ask", "done", "changed")}
    return _page(frame_of(request), unit, query["q"].strip(), told)


def _page(
    frame: Frame,
    unit: Unit,
    q: str,
    told: Mapping[str, str],
    *,
    error: str | None = None,
    status: int = 200,
) -> Response:
    """`told`: which account is to be shut or opened (`ask`), was (`done`), or was changed (`changed`)."""
    return page(
        frame,
        "accounts.html",
        status=status,
        nav="accounts",
        items=accounts.listed(unit.db, q),
        q=q,
        asked=_named(unit, told.get("ask")),
        done=_named(unit, told.get("done")),
        changed=_named(unit, told.get("changed")),
        errors={} if error is None else {"f-q": error},
        log=staff_log.listed(unit.db, words=q, limit=LATEST),
        changes=changes,
    )


def _named(unit: Unit, login: str | None) -> Account | None:
    return accounts.find(unit.db, login) if login else None


def changes(frame: Frame, entry: Entry) -> list[str]:
    """What was changed, field by field, as before -> after."""
    told = []
    for name, (before, after) in entry.changes.items():
        label = frame.words(f"pages.staff.field.{name}")
        if name == "password":
            told.append(label)
        elif before == after:
            told.append(f"{label} {_value(frame, name, after)}")
        else:
            told.append(f"{label} {_value(frame, name, before)} → {_value(frame, name, after)}")
    return told


def _value(frame: Frame, name: str, value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return frame.words("pages.accounts.active" if value else "pages.accounts.shut")
    if isinstance(value, list):
        return " ".join(_value(frame, name, one) for one in value)
    kind = {"role": "role", "also_roles": "role", "kind": "duty"}.get(name)
    return frame.label(kind, str(value)) if kind else str(value)


@router.post("/accounts/state", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def change(request: Request, unit: UnitDep, form: Annotated[Sent, Form()]) -> Response:
    """Back to the list, or there with what stands against it."""
    staff_log.begin(unit.db, unit.actor, unit.now)
    try:
        with unit.db.begin_nested():
            (accounts.enable if form.active else accounts.disable)(unit.db, form.login)
    except GridsvcError as error:
        frame = frame_of(request)
        return _page(frame, unit, form.q, {}, error=frame.says(error.code, **error.facts), status=409)
    unit.end(well=True)
    unit.mine.actors.forget_account(form.login)
    told = {"done": form.login} | ({"q": form.q} if form.q else {})
    return RedirectResponse(f"/accounts?{urlencode(told)}", 303)
