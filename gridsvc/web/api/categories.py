"""Categories, for forms and filters, and the conditions that reports are filed under."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from starlette.responses import Response

from gridsvc import categories
from gridsvc.categories import Category, Condition
from gridsvc.i18n import Locale
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
    return JSONResponse({"items": [_named(one, unit.locale) for one in found]})


# Conditions name who supervises and who must act, so whoever may read that reads them.
@router.get(
    "/categories/{code}",
    operation_id="category",
    responses={200: {"model": schemas.CategoryFullOut}, 404: {"model": schemas.ErrorOut}},
)
def one(
    code: Annotated[schemas.Words, Path(max_length=100)], unit: Annotated[Unit, may("read_responsibility")]
) -> Response:
    """A category with the filing conditions of its sheet as it is now; `file` and `recategorize` take a condition's id.

    Several conditions have their own limits: one of them is to be chosen.
    """
    found = categories.find(unit.question, code)
    told = _named(found, unit.locale) | {"kind": found.kind, "class": found.parent_code, "active": found.active}
    conditions = [_condition(each) for each in categories.limits(unit.question, code)]
    return JSONResponse(told | {"conditions": conditions})


def _named(category: Category, locale: Locale) -> dict[str, Any]:
    return {"code": category.code, "name": category.name_zh if locale == "zh" else category.name_en}


def _condition(condition: Condition) -> dict[str, Any]:
    filing = condition.filing
    return {
        "id": condition.id,
        "version": condition.version,
        "name": filing.name,
        "text": filing.text,
        "limit": filing.limit_raw,
        "limit_problem": filing.limit_problem,
        "milestones": [dict(step) for step in filing.milestones],
        "closing": filing.closing,
        "supervisors": list(filing.supervisors),
        "responsibles": list(filing.responsibles),
    }
