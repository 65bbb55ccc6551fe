"""Who is asking, and is it really they: sessions and bearer tokens, CSRF, and where the service may listen."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.cookies import SimpleCookie

from sqlalchemy import Connection
from starlette.requests import HTTPConnection, Request

from gridsvc import accounts, devices
from gridsvc.accounts import Phone
from gridsvc.errors import Forbidden, NotAuthenticated, Refused, TooMany
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.settings import Settings
from gridsvc.web import extras, services
from gridsvc.web.addresses import is_loopback, key
from gridsvc.web.recognised import Presented

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
API_PREFIX = "/api/"  # where no form is taken: there only a cookie makes a request dangerous
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf_token"
LANG_COOKIE = "lang"


def is_secure(request: HTTPConnection) -> bool:
    """Whether the reader's side of the connection is https."""
    return request.url.scheme in ("https", "wss")


def session_cookie(request: HTTPConnection) -> str:
    """The name of the session's cookie; over https one that no other host or path can set."""
    return "__Host-gridsvc_session" if is_secure(request) else "gridsvc_session"


def visit_cookie(request: HTTPConnection) -> str:
    """The name of the cookie that ties the forms of a reader without a session to the browser."""
    return "__Host-gridsvc_visit" if is_secure(request) else "gridsvc_visit"


def address(request: HTTPConnection) -> str:
    """The network that a caller's limits count for."""
    return key(request.client.host if request.client else "")


def presented(request: HTTPConnection) -> Presented | None:
    """The credential that the request shows; an Authorization header wins over the cookie.

    Raises:
        NotAuthenticated: the header is of another kind than Bearer.
    """
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotAuthenticated("bearer_needed")
        return Presented("bearer", token.strip())
    cookie = request.cookies.get(session_cookie(request))
    return Presented("session", cookie) if cookie else None


def recent(request: Request, shown: Presented, now: datetime) -> Actor | None:
    """Who showed this credential in the last second, if anybody did; a map asks for many tiles at once."""
    actor = services.of(request).actors.get(shown, now)
    if actor is not None:
        extras.of(request).actor = actor
    return actor


def identify(db: Connection, request: Request, shown: Presented, now: datetime) -> Actor:
    """Whom the credential stands for; nobody where an expired session only wants to read.

    Raises:
        NotAuthenticated: a bearer token that opens nothing, a session that ended while something was to be changed, or
            a phone's that asks the API: it is to know whether it was taken back.
    """
    actor = accounts.authenticate(db, shown.token, shown.kind, now)
    if actor is None:
        held = extras.of(request)
        held.ended = devices.ended(db, shown.token)
        if shown.kind == "session":
            end_session(request)
            of_api = held.ended is not None and request.url.path.startswith(API_PREFIX)
            if request.method in SAFE_METHODS and not of_api:
                return ANONYMOUS
        raise NotAuthenticated(held.ended or ("session_expired" if shown.kind == "session" else "token_unknown"))
    if actor.device_id is not None:
        devices.seen(db, actor.device_id, now)
    extras.of(request).actor = actor
    services.of(request).actors.keep(shown, actor, now)
    return actor


def log_in(
    request: Request, db: Connection, login: str, password: str, now: datetime, phone: Phone | None = None
) -> accounts.Issued | None:
    """A new session, whose cookie the answer will carry; or None: not let in. Answer with 401 and let the count commit.

    On a phone it lasts longer, and may be a bearer token, which no cookie carries.

    Raises:
        TooMany: this address failed too often, or too many are logging in at this moment.
    """
    mine = services.of(request)
    policy = accounts.Policy(
        mine.settings.login_attempts,
        timedelta(seconds=mine.settings.login_wait_s),
        timedelta(hours=mine.settings.session_hours) if phone is None else timedelta(days=mine.settings.device_days),
    )
    caller = address(request)
    mine.logins.take(caller, "login_address_wait")
    with _hashing(mine):
        issued = accounts.log_in(db, login.strip(), password, now, policy, phone)
    if issued is not None:
        mine.logins.give_back(caller)
        if phone is None or phone.kind == "session":
            _set_cookie(request, session_cookie(request), issued.token, int(policy.lasts.total_seconds()))
        extras.of(request).actor = issued.actor
    return issued


def switch(request: Request, db: Connection, role: str, now: datetime) -> None:
    """Nothing; the answer will carry the cookie of a session in this role, and the one before opens nothing any more.

    Raises:
        Refused: `role_not_own`, `role_fixed`.
    """
    shown = presented(request)
    if shown is None or shown.kind != "session":
        raise Refused("role_fixed")
    issued = accounts.switch(db, shown.token, role, now)
    lasts_s = int((issued.expires_at - now).total_seconds())
    _set_cookie(request, session_cookie(request), issued.token, lasts_s)


def log_out(request: Request, db: Connection) -> None:
    """Ends the request's session, here and in the browser."""
    token = request.cookies.get(session_cookie(request))
    if token:
        accounts.log_out(db, token)
        services.of(request).actors.forget(Presented("session", token))
    end_session(request)


def end_session(request: Request) -> None:
    """Makes the answer take the session's cookie away."""
    extras.of(request).session_ended = True
    _set_cookie(request, session_cookie(request), "", 0)


def csrf_token(request: Request) -> str:
    """The token that a form (field `csrf_token`) or a fetch (header `X-CSRF-Token`) must send back.

    It is derived from the session's secret, before a login from a cookie that this answer sets.
    """
    held = extras.of(request)
    secret = _csrf_secret(request) or held.new_visit
    if secret is None:
        secret = held.new_visit = secrets.token_urlsafe(32)
        _set_cookie(request, visit_cookie(request), secret, None)
    return derived(secret)


def derived(secret: str) -> str:
    """The token that goes with a secret which a cookie carries."""
    return hmac.new(secret.encode("utf-8", "replace"), b"gridsvc csrf", hashlib.sha256).hexdigest()


async def check_csrf(request: Request) -> None:
    """Returns where a browser could not have been tricked into this request.

    Asked of everything that changes something and comes with our cookie, or as a browser's form can come without one.

    Raises:
        Forbidden: the token is missing or wrong.
    """
    if request.method in SAFE_METHODS or "authorization" in request.headers:
        return
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = content_type in FORM_TYPES and not request.url.path.startswith(API_PREFIX)
    if not is_form and session_cookie(request) not in request.cookies:
        return
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and is_form:
        field = (await request.form()).get(CSRF_FIELD)
        sent = field if isinstance(field, str) else None
    secret = _csrf_secret(request)
    if (
        secret is None
        or sent is None
        or not hmac.compare_digest(derived(secret).encode(), sent.encode("utf-8", "replace"))
    ):
        raise Forbidden("csrf")


def set_language(request: Request, locale: str) -> None:
    """Makes the answer remember the language for a year."""
    _set_cookie(request, LANG_COOKIE, locale, 365 * 24 * 3600)


def remember(request: Request, name: str, value: str, lasts_s: int) -> None:
    """Makes the answer set a cookie that scripts cannot read."""
    _set_cookie(request, name, value, lasts_s)


def check_binding(settings: Settings, has_demo_accounts: bool) -> None:
    """Returns where the service may listen at the address of the settings.

    Raises:
        Refused: passwords would cross a network in the clear, or accounts of the demo would be open to others.
    """
    if has_demo_accounts and settings.mode == "production":
        raise Refused("binding_demo_in_production")
    if is_loopback(settings.host):
        return
    if has_demo_accounts or settings.mode == "demo":
        raise Refused("binding_demo_accounts", host=settings.host)
    if not (settings.tls_cert and settings.tls_key) and not settings.trusted_proxy:
        raise Refused("binding_without_tls", host=settings.host)


def _csrf_secret(request: HTTPConnection) -> str | None:
    session = None if extras.of(request).session_ended else request.cookies.get(session_cookie(request))
    return session or request.cookies.get(visit_cookie(request))


def _set_cookie(request: HTTPConnection, name: str, value: str, lasts_s: int | None) -> None:
    cookie: SimpleCookie = SimpleCookie()
    cookie[name] = value
    morsel = cookie[name]
    morsel["path"] = "/"
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    if is_secure(request):
        morsel["secure"] = True
    if lasts_s is not None:
        morsel["max-age"] = str(lasts_s)
    extras.of(request).set_cookies.append(morsel.OutputString())


@contextmanager
def _hashing(mine: services.Services) -> Iterator[None]:
    if not mine.hashing.acquire(timeout=10):
        raise TooMany("login_busy", retry_after_s=2)
    try:
        yield
    finally:
        mine.hashing.release()
