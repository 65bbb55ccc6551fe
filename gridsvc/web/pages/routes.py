"""All pages, and the page of a refusal."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from gridsvc.web.errors import Failure
from gridsvc.web.pages import (
    account_forms,
    accounts,
    acting,
    board,
    campaigns,
    devices,
    docs,
    door_import,
    doors,
    field,
    figures,
    home,
    login,
    look_alikes,
    map_paper,
    maps,
    mop_up,
    progress,
    public,
    report_files,
    reports,
    responsibility,
    send,
    several,
    trust,
    unplaced,
    visit_list,
    visiting,
    wall,
    wall_paper,
    worklist,
)
from gridsvc.web.templating import frame_of, page

router = APIRouter(include_in_schema=False)
for part in (
    home,
    login,
    map_paper,
    maps,
    unplaced,
    send,
    progress,
    public,
    docs,
    acting,
    report_files,
    reports,
    responsibility,
    account_forms,
    accounts,
    devices,
    trust,
    worklist,
    wall,
    wall_paper,
    several,
    figures,
    campaigns,
    board,
    look_alikes,
    door_import,
    doors,
    mop_up,
    visiting,
    visit_list,
    field,
):
    router.include_router(part.router)

TOLD = (401, 403, 404, 409, 413, 422, 429, 503)


def error_page(request: Request, failure: Failure) -> Response:
    """The page for a refusal: what happened and what to do now; a reader who must log in first gets the form."""
    frame = frame_of(request)
    if failure.status == 401 and request.method == "GET":
        return RedirectResponse(f"/login?{urlencode({'next': frame.here(lang=None)})}", 303)
    kind = failure.status if failure.status in TOLD else 400 if failure.status < 500 else 500
    said = frame.says(failure.code, **failure.facts)
    answer = page(frame, "error.html", status=failure.status, kind=kind, said=said, code=failure.code)
    answer.headers.update(failure.headers)
    return answer
