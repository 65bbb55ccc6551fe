"""The worker's app: its shell, service worker, manifest and words, and who is logged in on this phone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.responses import Response

from gridsvc.i18n import Locale, pick_locale
from gridsvc.web import answers, field_files
from gridsvc.web.api import devices
from gridsvc.web.deps import Unit, UnitDep, may
from gridsvc.web.templating import frame_of, page

router = APIRouter()

ASK_AGAIN = "public, no-cache"
# what the shell needs beyond the policy of every page; kept with it, so that it holds offline too
SHELL_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TAKING_IN = (
    *("busy", "not_ours", "n", "left", "away", "state_created", "state_same", "state_conflict", "state_refused"),
    *("kind_report", "kind_visit", "kind_action"),
)
# a service worker fetches under the policy that its own script came with
WORKER_CSP = "default-src 'none'; script-src 'self'; connect-src 'self'"


@router.get("/field", response_class=HTMLResponse)
def shell(request: Request) -> Response:
    """The app's page: the same for everybody, and without anything of anybody; its head names the reader's words."""
    answer = answers.body(request, field_files.shell(), "text/html; charset=utf-8", cache=ASK_AGAIN)
    answer.headers["Content-Security-Policy"] = SHELL_CSP
    # not in the page, whose bytes a phone compares: a slow phone asks for its words with the scripts, not after them
    lang = pick_locale(None, None, request.headers.get("accept-language"), "zh")
    answer.headers["Link"] = f"<{field_files.words_address(lang)}>; rel=preload; as=fetch; crossorigin"
    answer.headers["Vary"] = "Accept-Encoding, Accept-Language"
    return answer


@router.get("/field.sw.js")
def worker(request: Request) -> Response:
    """The service worker."""
    answer = answers.body(request, field_files.worker(), "text/javascript; charset=utf-8", cache="no-cache")
    answer.headers["Content-Security-Policy"] = WORKER_CSP
    return answer


@router.get("/field.webmanifest")
def manifest(request: Request) -> Response:
    """What a phone needs to install the app."""
    return answers.body(request, field_files.manifest(), "application/manifest+json", cache=ASK_AGAIN)


@router.get("/field/words.json")
def words(request: Request, lang: Annotated[Locale, Query()] = "zh") -> Response:
    """The app's words in one language."""
    return answers.body(request, field_files.words(lang), "application/json", cache=ASK_AGAIN)


@router.get("/field/import", response_class=HTMLResponse)
def take_in(request: Request, unit: Annotated[Unit, may("import_unsent")]) -> Response:
    """Where the office takes in the file of a phone that could not send."""
    frame = frame_of(request)
    said = {name: frame.words(f"unsent.{name}") for name in TAKING_IN}
    return page(frame, "field_import.html", words=said, now=unit.now.isoformat())


@router.get("/field/me")
def me(request: Request, unit: UnitDep) -> Response:
    """Who is logged in, and the token that changes need; an app asks for it before it sends."""
    return JSONResponse(devices.me(request, unit), headers={"Cache-Control": "no-store"})
