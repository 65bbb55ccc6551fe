"""The outermost layer of the app, as plain ASGI: whose address and scheme count, security headers, the last catch."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridsvc.web import extras
from gridsvc.web.addresses import Network, is_loopback, within
from gridsvc.web.extras import Extras

API_CSP = "default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(self)",
}
HSTS = "max-age=31536000"


def page_csp(nonce: str | None) -> str:
    """The policy of a page: our own files and what carries this answer's nonce; no other host, no inline code."""
    own = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    return (
        f"default-src 'none'; script-src {own}; style-src {own}; style-src-attr 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'"
    )


class Edge:
    """Wraps the app; `failed` turns an exception that nobody handled into the answer for it.

    `bounds_itself` tells the requests whose handler bounds the body, which is larger than any other's.

    Forwarded headers count only when they come from a trusted proxy. Where one is configured, nobody but the proxy and
    this machine itself is answered: they would speak to us in the clear.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        proxies: tuple[Network, ...],
        max_body_bytes: int,
        bounds_itself: Callable[[Scope], bool],
        failed: Callable[[Request, Exception], Response],
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._max_body_bytes = max_body_bytes
        self._bounds_itself = bounds_itself
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        carried = extras.of_scope(scope)
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _write_headers(message, carried, secure=scope["scheme"] == "https")
            await send(message)

        if self._proxies and not self._from_proxy(scope):
            refusal = Response("Only through the proxy.\n", 403, media_type="text/plain")
            await refusal(scope, receive, guarded)
            return
        try:
            await self._app(scope, self._limited(scope, receive), guarded)
        except ClientDisconnect:
            return  # who asked has gone: there is nobody to answer, and nothing went wrong here
        except Exception as error:
            if started:
                raise
            await self._failed(Request(scope, receive), error)(scope, receive, guarded)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """The request's body, until it is too large; at once where it says so itself."""
        if self._bounds_itself(scope):
            return receive
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdecimal() and int(told) > self._max_body_bytes:
            raise HTTPException(413)
        n_bytes = 0

        async def limited() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > self._max_body_bytes:
                raise HTTPException(413)
            return message

        return limited

    def _from_proxy(self, scope: Scope) -> bool:
        """Whether the caller may speak to us; takes over what a trusted proxy says of the reader."""
        host = scope["client"][0] if scope.get("client") else ""
        if not within(host, self._proxies):
            return is_loopback(host)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        # the list grows at its right end: the last address that is no proxy of ours is the reader's
        chain = [part.strip() for part in headers.get(b"x-forwarded-for", "").split(",") if part.strip()]
        reader = next((part for part in reversed(chain) if not within(part, self._proxies)), None)
        if reader is not None:
            scope["client"] = (reader[:64], 0)
        scheme = headers.get(b"x-forwarded-proto", "").split(",")[-1].strip().lower()
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        return True


def _write_headers(message: Message, carried: Extras, *, secure: bool) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("Content-Security-Policy", page_csp(carried.nonce if carried.has_nonce else None))
    else:
        headers.setdefault("Content-Security-Policy", API_CSP)
    headers.setdefault("Cache-Control", "no-store")
    if secure:
        headers.setdefault("Strict-Transport-Security", HSTS)
    for line in carried.set_cookies:
        headers.append("Set-Cookie", line)
