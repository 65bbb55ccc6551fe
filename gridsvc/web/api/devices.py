"""Phones on which somebody stays logged in: logging in on one, which there are, taking one back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import devices
from gridsvc.accounts import Kind, Phone
from gridsvc.devices import Device
from gridsvc.rules.roles import Actor, require
from gridsvc.web import errors, extras, schemas, security
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, UnitDep, may

router = APIRouter(prefix="/api/v1/devices", tags=["people"])

MOST_NAME_CHARS = 80
KINDS: dict[str, Kind] = {"cookie": "session", "bearer": "bearer"}


class DeviceIn(schemas.In):
    """A login on a phone: with a cookie for the app in a browser, or with a token for another one."""

    login: Annotated[schemas.Words, Field(max_length=200)]
    password: Annotated[schemas.Words, Field(max_length=1000)]
    name: Annotated[schemas.Words, Field(min_length=1, max_length=MOST_NAME_CHARS, pattern=r"\S")]
    as_: Annotated[Literal["cookie", "bearer"], Field(alias="as")] = "cookie"
    role: Annotated[schemas.Words, Field(max_length=40)] | None = Field(
        None,
        description="one of the account's, in which the phone acts until it is taken back; without it the worker's, "
        "else the first whose lists a phone keeps, else the account's default one",
    )


class MeOut(BaseModel):
    """Who is logged in; `csrf` belongs into the header X-CSRF-Token of whatever comes with the cookie.

    `role` is the one acted in, of the account's `roles`.
    """

    known: bool
    login: str
    name: str
    role: str
    roles: list[str]
    csrf: str | None
    lang: str
    expires_at: datetime | None
    device_id: int | None


class IssuedOut(BaseModel):
    """The new login; `token` stands in this answer alone, and only where no cookie carries it."""

    device_id: int
    expires_at: datetime
    token: str | None = None
    me: MeOut


class DeviceOut(BaseModel):
    """A phone; `state` is active, revoked or expired, `current` whether this request comes from it.

    `role` is the one that it acts in, null once it has ended.
    """

    id: int
    login: str
    name: str
    as_: Annotated[str, Field(serialization_alias="as")]
    state: str
    role: str | None
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None
    ended_at: datetime | None
    current: bool


class DevicesOut(BaseModel):
    """Those that open something, then those that ended within the last 30 days."""

    items: list[DeviceOut]


@router.post(
    "",
    status_code=201,
    operation_id="log_in_on_device",
    responses={201: {"model": IssuedOut}, 429: {"model": schemas.ErrorOut}},
)
def add(body: DeviceIn, request: Request, unit: UnitDep) -> Response:
    """Logs in on a phone, for as long as the service is set to (30 days unless it says otherwise).

    A wrong login or password is 401 `login_wrong`, too many of them 429 with Retry-After; a role that the account does
    not have is 422 `role_not_own`.
    """
    phone = Phone(body.name.strip(), KINDS[body.as_], body.role)
    issued = security.log_in(request, unit.db, body.login, body.password, unit.now, phone)
    if issued is None:  # an answer and no exception: the count of wrong passwords is to be kept
        return errors.as_json(errors.Failure(401, "login_wrong"), unit.locale)
    cookie = phone.kind == "session"
    me = told_of(issued.actor, issued.expires_at, security.derived(issued.token) if cookie else None, unit)
    answer = {"device_id": issued.actor.device_id, "expires_at": me["expires_at"], "me": me}
    return JSONResponse(answer | ({} if cookie else {"token": issued.token}), 201, {"Cache-Control": "no-store"})


@router.get("", operation_id="devices", responses={200: {"model": DevicesOut}})
def many(
    unit: Annotated[Unit, may("own_devices")],
    login: Annotated[schemas.Words | None, Query(max_length=64, description="of this account; for admins")] = None,
) -> Response:
    """The caller's own, newest first."""
    whose = unit.actor.login or "" if login is None else login
    if whose != unit.actor.login:
        require(unit.actor, "manage_accounts")
    return JSONResponse({"items": [_told(one, unit) for one in devices.listed(unit.question, whose, unit.now)]})


@router.delete(
    "/{device_id}", operation_id="revoke_device", status_code=204, responses={404: {"model": schemas.ErrorOut}}
)
def revoke(unit: Annotated[Unit, may("own_devices")], device_id: Annotated[int, Path(ge=1, le=2**62)]) -> Response:
    """Takes it back: from its next request on it is told `device_revoked`. For an admin anybody's."""
    taken_back(unit, device_id)
    return Response(status_code=204)


def taken_back(unit: Unit, device_id: int) -> Device:
    """The device that was taken back, for good when this returns."""
    one = devices.revoke(unit.db, device_id, unit.actor, unit.now)
    unit.end(well=True)
    unit.mine.actors.forget_account(one.login)
    return one


def me(request: Request, unit: Unit) -> dict[str, Any]:
    """Who asks: `{"known": false}`, with a `code` where it is a phone's login that ended, or what the app must know."""
    if not unit.actor.known:
        why = extras.of(request).ended
        return {"known": False} | ({} if why is None else {"code": why})
    shown = security.presented(request)
    until = None if shown is None else devices.lasts_until(unit.question, shown.token)
    csrf = security.csrf_token(request) if shown is not None and shown.kind == "session" else None
    return told_of(unit.actor, until, csrf, unit)


def told_of(actor: Actor, until: datetime | None, csrf: str | None, unit: Unit) -> dict[str, Any]:
    """What the app is told of who is logged in."""
    return {
        "known": True,
        "login": actor.login,
        "name": actor.name,
        "role": actor.role,
        "roles": list(actor.roles),
        "csrf": csrf,
        "lang": unit.locale,
        "expires_at": rows.moment(until, unit.mine.settings.zone),
        "device_id": actor.device_id,
    }


def _told(one: Device, unit: Unit) -> dict[str, Any]:
    zone = unit.mine.settings.zone
    return {
        "id": one.id,
        "login": one.login,
        "name": one.name,
        "as": next(told for told, kind in KINDS.items() if kind == one.kind),
        "state": one.state(unit.now),
        "role": one.role,
        "created_at": rows.moment(one.created_at, zone),
        "expires_at": rows.moment(one.expires_at, zone),
        "seen_at": rows.moment(one.seen_at, zone),
        "ended_at": rows.moment(one.ended_at, zone),
        "current": one.id == unit.actor.device_id,
    }
