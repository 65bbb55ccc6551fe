"""The list of accounts, and shutting or opening one of them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import accounts
from gridsvc.errors import GridsvcError
from gridsvc.web.deps import Unit, UnitDep, may
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()


class Sent(BaseModel):
    """Which account, and whether it is to be open."""

    login: Annotated[str, Field(max_length=64)]
    active: bool
    q: Annotated[str, Field(max_length=100)] = ""


@router.get("/accounts", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def show(request: Request, unit: UnitDep) -> Response:
    """The accounts with the words in login or name; for one of them, the question before it is shut or opened."""
    query = {name: (request.query_params.get(name) or "").replace("\x00", "")[:100] for name in ("q", "ask", "done")}
    return _page(frame_of(request), unit, query["q"].strip(), ask=query["ask"], done=query["done"])


def _page(
    frame: Frame, unit: Unit, q: str, *, ask: str = "", done: str = "", error: str | None = None, status: int = 200
) -> Response:
    return page(
        frame,
        "accounts.html",
        status=status,
        nav="accounts",
        items=accounts.listed(unit.db, q),
        q=q,
        asked=accounts.find(unit.db, ask) if ask else None,
        done=accounts.find(unit.db, done) if done else None,
        errors={} if error is None else {"f-q": error},
    )


@router.post("/accounts/state", response_class=HTMLResponse, dependencies=[may("manage_accounts")])
def change(request: Request, unit: UnitDep, form: Annotated[Sent, Form()]) -> Response:
    """Back to the list, or there with what stands against it."""
    try:
        with unit.db.begin_nested():
            (accounts.enable if form.active else accounts.disable)(unit.db, form.login)
    except GridsvcError as error:
        frame = frame_of(request)
        return _page(frame, unit, form.q, error=frame.says(error.code, **error.facts), status=409)
    unit.end(well=True)
    unit.mine.actors.forget_account(form.login)
    told = {"done": form.login} | ({"q": form.q} if form.q else {})
    return RedirectResponse(f"/accounts?{urlencode(told)}", 303)
