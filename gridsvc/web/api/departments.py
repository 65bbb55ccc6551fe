"""Departments, for forms, filters and programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from gridsvc import departments
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["people"])


@router.get("/departments", operation_id="departments", responses={200: {"model": dict[str, Any]}})
def many(unit: Annotated[Unit, may("read_departments")], every: bool = False) -> Response:
    """The departments that may be named in an action; with `every` those that are closed too."""
    items = [
        {
            "code": one.code,
            "name": one.name,
            "area": None if one.area_code is None else {"code": one.area_code, "name": one.area_name},
            "active": one.active,
        }
        for one in departments.listed(unit.question, every=every)
    ]
    return JSONResponse({"items": items})
