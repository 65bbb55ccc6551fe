"""One box over the maps: grids, compounds and reports by what somebody types."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridsvc import finding
from gridsvc.finding import Found
from gridsvc.i18n import Locale
from gridsvc.web import answers, schemas
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, may
from gridsvc.web.templating import report_path

router = APIRouter(prefix="/api/v1", tags=["maps"])


@router.get("/find", operation_id="find", responses={200: {"model": dict[str, Any]}})
def find(
    request: Request,
    unit: Annotated[Unit, may("read_map")],
    q: Annotated[schemas.Words, Query(max_length=100, description="part of a code, name or number; first letters")],
) -> Response:
    """At most twenty of the reader's grids (code or name), compounds (name or pinyin initials), reports (number)."""
    found = finding.find(unit.db, unit.actor, q)
    return answers.data(request, {"results": [_told(one, unit.locale) for one in found]})


def _told(one: Found, lang: Locale) -> rows.Json:
    told: rows.Json = {"kind": one.kind, "label": one.label, "note": one.note[0 if lang == "zh" else 1]}
    told |= {"lon": one.lon, "lat": one.lat, "bbox": one.box}
    if one.kind == "grid":
        return told | {"code": one.code, "layer": one.layer}
    if one.ref is None:
        return told | {"id": one.id}
    source, number, repeat = one.ref
    return told | {"number": number, "href": report_path(SimpleNamespace(source=source, number=number, repeat=repeat))}
