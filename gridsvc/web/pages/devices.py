"""The phones on which an account stays logged in, and taking one back."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import accounts, devices
from gridsvc.errors import NotFound
from gridsvc.rules.roles import require
from gridsvc.web.api.devices import taken_back
from gridsvc.web.deps import UnitDep, may
from gridsvc.web.templating import frame_of, page

router = APIRouter()


class Sent(BaseModel):
    """Which one."""

    device: Annotated[int, Field(ge=1, le=2**62)]


@router.get("/devices", response_class=HTMLResponse, dependencies=[may("own_devices")])
def show(request: Request, unit: UnitDep) -> Response:
    """One's own phones, for an admin those of ?login; for one of them (?ask) the question before it is taken back."""
    query = {name: (request.query_params.get(name) or "").replace("\x00", "")[:64] for name in ("login", "ask", "done")}
    whose = query["login"] or unit.actor.login or ""
    if whose != unit.actor.login:
        require(unit.actor, "manage_accounts")
    account = accounts.find(unit.db, whose)
    if account is None:
        raise NotFound("account_unknown", login=whose)
    items = devices.listed(unit.db, whose, unit.now)
    named = {str(one.id): one for one in items}
    return page(
        frame_of(request),
        "devices.html",
        nav="accounts" if whose != unit.actor.login else "devices",
        account=account,
        own=whose == unit.actor.login,
        items=items,
        current=unit.actor.device_id,
        asked=named.get(query["ask"]),
        done=named.get(query["done"]),
    )


@router.post("/devices/end", response_class=HTMLResponse, dependencies=[may("own_devices")])
def end(unit: UnitDep, form: Annotated[Sent, Form()]) -> Response:
    """Back to the list; the phone opens nothing any more."""
    one = taken_back(unit, form.device)
    told = {"done": str(one.id)} | ({} if one.login == unit.actor.login else {"login": one.login})
    return RedirectResponse(f"/devices?{urlencode(told)}", 303)
