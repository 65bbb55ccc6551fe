"""How to trust the office's own certificate, for those who are here already."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from gridsvc.web import trust

router = APIRouter()


@router.get("/trust", response_class=HTMLResponse)
def show(request: Request) -> Response:
    """The page, and a QR code for the next phone."""
    return trust.shown(request)


@router.get(trust.AUTHORITY_PATH)
def authority(request: Request) -> Response:
    """The authority's certificate."""
    return trust.authority(request)
