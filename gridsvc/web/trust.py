"""How a phone comes to trust the office's own certificate: a page, the authority's certificate, plain http for both.

A phone that does not trust yet cannot open https without a warning that nobody should learn to click away. So a second
port speaks plain http, hands out these two, and sends whoever wants anything else to https. No password and no report
ever goes over it; what could be changed on the way is the certificate, and therefore its fingerprint is compared with
the one on the server's own screen.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gridsvc import certificates
from gridsvc.errors import GridsvcError, NotFound
from gridsvc.lan import Lan
from gridsvc.web import edge, qr, services
from gridsvc.web.templating import frame_of, page

log = logging.getLogger("gridsvc.web")

AUTHORITY_PATH = "/trust/gridsvc-authority.crt"
AUTHORITY_TYPE = "application/x-x509-ca-cert"  # by it phones and Windows know what to do with the file
LOOK_EVERY_S = 6 * 3600.0
MOST_BODY_BYTES = 4096


def shown(request: Request) -> Response:
    """The page that explains how to trust, with a QR code for the next phone.

    Raises:
        NotFound: `trust_unused`: the service was not started for its network.
    """
    lan = _lan(request)
    frame = frame_of(request)
    return page(
        frame,
        "trust.html",
        lan=lan,
        address=lan.address("/field", request.url.hostname),
        qr=qr.drawn(lan.trust_address),
        certificate=AUTHORITY_PATH,
    )


def authority(request: Request) -> Response:
    """The authority's certificate.

    Raises:
        NotFound: there is none: `trust_unused`, or the office brought its own.
    """
    lan = _lan(request)
    if lan.served.authority is None:
        raise NotFound("trust_unused")
    return Response(lan.served.authority, media_type=AUTHORITY_TYPE, headers={"Cache-Control": "no-store"})


def _lan(request: Request) -> Lan:
    lan = services.of(request).lan
    if lan is None:
        raise NotFound("trust_unused")
    return lan


# ---- plain http ------------------------------------------------------------------------------------------------------


def helper(mine: services.Services) -> Starlette:
    """The app of the plain port: the page, the certificate, and the way to https."""
    app = Starlette(
        routes=[
            Route("/trust", _answered(shown), methods=["GET"]),
            Route(AUTHORITY_PATH, _answered(authority), methods=["GET"]),
        ],
        middleware=[
            Middleware(
                edge.Edge,
                proxies=(),
                max_body_bytes=MOST_BODY_BYTES,
                bounds_itself=lambda scope: False,
                failed=_failed,
            )
        ],
        exception_handlers={404: _to_https, 405: _to_https},
    )
    app.router.redirect_slashes = False
    app.state.services = mine
    return app


def _answered(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def one(request: Request) -> Response:
        try:
            return answer(request)
        except NotFound:  # nothing to hand out: the office's own certificate is trusted already
            return _to_https(request, None)

    return one


def _to_https(request: Request, _: Exception | None) -> Response:
    """The same address over https; what was to be changed is not sent a second time."""
    lan = _lan(request)
    asked = request.method in ("GET", "HEAD")
    path = request.scope.get("raw_path", b"/").decode("latin-1") if asked else "/"
    query = request.scope["query_string"].decode("latin-1") if asked else ""
    target = lan.address(path if path.startswith("/") else "/", request.url.hostname)
    return RedirectResponse(f"{target}?{query}" if query else target, 307 if asked else 303)


def _failed(request: Request, error: Exception) -> Response:
    log.error("%s %s on the plain port", request.method, request.url.path, exc_info=error)
    return PlainTextResponse("This did not work.\n", 500)


# ---- renewal ---------------------------------------------------------------------------------------------------------


@contextmanager
def renewing(lan: Lan, context: ssl.SSLContext, clock: Callable[[], datetime]) -> Iterator[None]:
    """A block during which the certificate is renewed before it ends, for connections that begin after that."""
    if lan.served.authority is None:
        yield
        return
    leaving = threading.Event()

    def look() -> None:
        while not leaving.wait(LOOK_EVERY_S):
            renew(lan, context, clock())

    thread = threading.Thread(target=look, name="certificate", daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join(5)


def renew(lan: Lan, context: ssl.SSLContext, now: datetime) -> bool:
    """Whether there is a new certificate, which the context shows from now on."""
    try:
        made = certificates.ensure(lan.served.cert.parent, lan.hosts, now)
        if made.new:
            context.load_cert_chain(made.cert, made.key)
    except (OSError, GridsvcError) as error:
        log.warning("the certificate could not be looked after, and will be tried again: %s", type(error).__name__)
        return False
    if made.new_authority:
        log.warning("the office's authority was made anew: phones must trust it again, see /trust")
    return made.new
