"""Every exception as a status, a code and words: one table, one shape `{code, message, detail}`, or a page."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from geodata.errors import GeodataError
from gridsvc.errors import (
    Conflict,
    Forbidden,
    GridsvcError,
    NotAuthenticated,
    NotFound,
    Refused,
    TooMany,
    Unavailable,
)
from gridsvc.i18n import Locale, error_text, field_text
from gridsvc.web.deps import locale_of

log = logging.getLogger("gridsvc.web")

# The first class that fits decides.
STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 422),
    (NotAuthenticated, 401),
    (Forbidden, 403),
    (TooMany, 429),
    (Unavailable, 503),
    (GeodataError, 422),
)
# Codes that say more exactly than their class what is wrong with the request.
STATUS_OF_CODE = {
    "query_repeated": 400,
    "query_unknown": 400,
    "rating_over": 410,
    "cursor_invalid": 400,
    "voice_digest": 400,
    "voice_hash_mismatch": 400,
    "voice_too_large": 413,
    "voice_type": 415,
    "photo_digest": 400,
    "photo_hash_mismatch": 400,
    "photo_too_large": 413,
    "photo_type": 415,
    "photo_polyglot": 415,
    "door_import_large": 413,
}
HTTP_CODES = {
    400: "body_unreadable",
    404: "route_unknown",
    405: "method_not_allowed",
    413: "body_too_large",
}
# two changed the same rows crosswise, and this one gave way: deadlock_detected, serialization_failure
CROSSED = frozenset({"40P01", "40001"})
STATEMENT_CANCELLED = "57014"  # PostgreSQL's query_canceled: the statement timeout
# What no column can hold: a NUL (refused by the driver already, without a code), letters, numbers, times out of range.
UNFIT = ("", "22003", "22008", "22021")
API_PREFIXES = ("/api/", "/basemap/", "/static/", "/healthz", "/readyz", "/openapi.json")
MAX_FIELDS = 20
_KIND = re.compile(r"(function-\w+|nullable|list|dict|tuple)\[|(constrained-\w+|str|int|float|bool|uuid)$")


@dataclass(frozen=True)
class Failure:
    """What went wrong, for any rendering: `fields` are (where, kind, facts) of a body or query that does not fit."""

    status: int
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[tuple[str, str, Mapping[str, object]], ...] = ()


PageOf = Callable[[Request, Failure], Response]


def describe(error: Exception, request: Request) -> Failure:
    """The failure behind an exception; `internal` for one that nobody foresaw."""
    if isinstance(error, GridsvcError | GeodataError):
        return refusal(error)
    if isinstance(error, RequestValidationError):
        return _misfit(error, request)
    if isinstance(error, HTTPException):
        code = HTTP_CODES.get(error.status_code, f"http_{error.status_code}")
        headers = {"Allow": _allowed(request)} if error.status_code == 405 else dict(error.headers or {})
        return Failure(error.status_code, code, headers=headers)
    if isinstance(error, PoolTimeout):
        return Failure(503, "busy", headers={"Retry-After": "5"})
    if isinstance(error, DBAPIError):
        return _database(error)
    return Failure(500, "internal")


def message(failure: Failure, locale: Locale) -> str:
    """The sentence for a failure."""
    return error_text(failure.code, locale, **failure.facts)


def content(failure: Failure, locale: Locale) -> dict[str, Any]:
    """What the API says of a failure: code, message and detail."""
    detail: Any = dict(failure.facts) or None
    if failure.fields:
        detail = [
            {"field": where, "code": kind, "message": field_text(kind, locale, **facts)}
            for where, kind, facts in failure.fields
        ]
    return {"code": failure.code, "message": message(failure, locale), "detail": _plain(detail)}


def as_json(failure: Failure, locale: Locale) -> JSONResponse:
    """The one shape of an error on the API."""
    headers = {"Cache-Control": "no-store", "Content-Language": locale} | dict(failure.headers)
    return JSONResponse(content(failure, locale), failure.status, headers)


def answer(request: Request, error: Exception, page_of: PageOf) -> Response:
    """The answer to a request that raised: JSON on the API's addresses, a page elsewhere."""
    failure = describe(error, request)
    if failure.status >= 500:
        foreseen = isinstance(error, GridsvcError)  # busy, nothing published: our own words say all there is
        log.error("%s %s: %s", request.method, request.url.path, failure.code, exc_info=None if foreseen else error)
    if request.url.path.startswith(API_PREFIXES):
        return as_json(failure, locale_of(request))
    return page_of(request, failure)


def install(app: FastAPI, page_of: PageOf) -> None:
    """Nothing; afterwards every foreseen exception of a route becomes an answer. The edge catches the rest."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer(request, error, page_of)

    for kind in (GridsvcError, GeodataError, RequestValidationError, HTTPException, SQLAlchemyError):
        app.add_exception_handler(kind, handle)


def refusal(error: GridsvcError | GeodataError) -> Failure:
    """The failure behind a refusal of our own."""
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    status = STATUS_OF_CODE.get(error.code, status)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = str(error.facts.get("retry_after_s", 5))
    return Failure(status, error.code, error.facts, headers)


def _allowed(request: Request) -> str:
    """The methods of an address: of all routes there, not only of the first."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.path_regex.match(request.url.path):
            methods |= route.methods
    return ", ".join(sorted(methods))


def _database(error: DBAPIError) -> Failure:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == STATEMENT_CANCELLED:
        return Failure(503, "too_slow", headers={"Retry-After": "30"})
    if state in CROSSED:
        return Failure(503, "busy", headers={"Retry-After": "1"})
    if isinstance(error, DataError) and state in UNFIT:
        return Failure(422, "value_unfit")
    # no SQLSTATE: the connection could not be made; 08: it broke; 53: too many; 57P: the server is stopping or starting
    cut = isinstance(error, OperationalError | InterfaceError) and not state
    if error.connection_invalidated or cut or state.startswith(("08", "53", "57P")):
        return Failure(503, "database_down", headers={"Retry-After": "5"})
    return Failure(500, "internal")


def _misfit(error: RequestValidationError, request: Request) -> Failure:
    errors = error.errors()
    if any(one["type"] == "json_invalid" for one in errors):
        return Failure(400, "body_not_json")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    whole_body = any(tuple(one["loc"]) == ("body",) for one in errors)
    if whole_body and content_type != "application/json" and not content_type.endswith("+json"):
        return Failure(415, "body_type", {"found": content_type[:80] or "-", "wanted": "application/json"})
    fields = tuple((_place(one["loc"]), str(one["type"]), _small(one.get("ctx", {}))) for one in errors[:MAX_FIELDS])
    named = ", ".join(dict.fromkeys(where for where, _, _ in fields))
    return Failure(422, "request_misfit", {"fields": named}, fields=fields)


def _place(loc: tuple[int | str, ...]) -> str:
    # where one of several kinds would do, the last part names a kind in the words of our own code
    parts = loc[1:-1] if _KIND.match(str(loc[-1])) else loc[1:]
    # names of unknown fields are the sender's own words: short, and nothing that cannot be encoded
    return ".".join(str(part)[:60] for part in parts).encode("utf-8", "replace").decode() or str(loc[0])


def _small(ctx: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in ctx.items() if isinstance(value, str | int | float)}


def _plain(value: Any) -> Any:
    """The same for JSON: what is not a number, text, list or mapping becomes text; NaN becomes null."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    return str(value).encode("utf-8", "replace").decode()
