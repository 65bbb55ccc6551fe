"""Login, the role that a session acts in, logout."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from gridsvc import staff_log
from gridsvc.errors import TooMany
from gridsvc.web import security
from gridsvc.web.deps import ServicesDep, Unit, UnitDep, may
from gridsvc.web.services import Services
from gridsvc.web.templating import frame_of, page

router = APIRouter()

MAX_NEXT = 2000


def local(address: str) -> str:
    """The address, if it is a path of ours, not too long; else the home page: a login must not send anybody elsewhere.

    >>> local("/reports?state=closed"), local("//elsewhere"), local("https://elsewhere/"), local("/\\\\elsewhere")
    ('/reports?state=closed', '/', '/', '/')
    """
    plain = address.isprintable() and "\\" not in address and address.startswith("/") and not address.startswith("//")
    if not plain or len(address) > MAX_NEXT:
        return "/"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    return address if not parts.scheme and not parts.netloc and parts.path != "/login" else "/"


@router.get("/login", response_class=HTMLResponse)
def show(request: Request, unit: UnitDep, next_: Annotated[str, Query(alias="next")] = "/") -> Response:
    """The login form; who is logged in already goes where they wanted to."""
    if unit.actor.known:
        return RedirectResponse(local(next_), 303)
    return page(frame_of(request), "login.html", nav="login", next=local(next_), login="", said=None)


@router.post("/login", response_class=HTMLResponse)
def log_in(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next_: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """To where the reader wanted to go, or the form again with what is wrong."""
    try:
        issued = security.log_in(request, unit.db, login, password, unit.now)
    except TooMany as error:
        told = _waits(request, mine, error)
        answer = page(
            frame_of(request), "login.html", status=429, nav="login", next=local(next_), login=login, said=told
        )
        answer.headers["Retry-After"] = str(error.facts.get("retry_after_s", 5))
        return answer
    if issued is not None:
        return RedirectResponse(local(next_), 303)
    frame = frame_of(request)
    facts = {"n": mine.settings.login_attempts, "span": frame.lasted_s(mine.settings.login_wait_s)}
    said = frame.words("pages.login.wrong", **facts)
    return page(frame, "login.html", status=401, nav="login", next=local(next_), login=login, said=said)


def _waits(request: Request, mine: Services, error: TooMany) -> str:
    frame = frame_of(request)
    wait_s = int(str(error.facts.get("retry_after_s", 5)))
    if error.code == "login_address_wait":
        return frame.words("pages.login.wait", span=frame.lasted_s(wait_s), at=frame.minute_after(wait_s))
    return frame.says(error.code, **error.facts)


@router.post("/role")
def switch(
    request: Request,
    unit: Annotated[Unit, may("switch_role")],
    role: Annotated[str, Form(max_length=40)],
) -> Response:
    """Home, in another role of the own account's; no form drawn in the one before can be sent any more."""
    shown = security.presented(request)
    security.switch(request, unit.db, role, unit.now)
    unit.end(well=True)
    if shown is not None:
        unit.mine.actors.forget(shown)
    return RedirectResponse("/", 303)


@router.post("/logout")
def log_out(request: Request, unit: UnitDep) -> Response:
    """To the login form; the session is over."""
    staff_log.begin(unit.db, unit.actor, unit.now)
    security.log_out(request, unit.db)
    return RedirectResponse("/login", 303)
