"""Categories, for forms and filters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from gridsvc import categories
from gridsvc.web import schemas
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["reports"])


@router.get(
    "/categories",
    operation_id="categories",
    responses={200: {"model": schemas.CategoriesOut}},
)
def many(unit: Annotated[Unit, may("read_categories")]) -> Response:
    """What a report may be about. Another word is kept as `unclassified` with what was written."""
    found = categories.listed(unit.question)
    items = [{"code": one.code, "name": one.name_zh if unit.locale == "zh" else one.name_en} for one in found]
    return JSONResponse({"items": items})
