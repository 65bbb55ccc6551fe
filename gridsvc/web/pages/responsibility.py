"""Who would get a report of a category at a place, and why: the page that lists and their gaps are checked with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, select
from starlette.responses import Response

from gridsvc import categories, responsibility
from gridsvc.categories import Category
from gridsvc.db import tables as t
from gridsvc.errors import Conflict, GridsvcError, NotFound
from gridsvc.rules.deadlines import LADDER
from gridsvc.web.deps import ServicesDep, UnitDep, may
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

FIELDS = ("category", "place", "level")
MOST_AREAS = 300  # a field suggests no more; every area can be typed


@router.get("/responsibility", response_class=HTMLResponse, dependencies=[may("read_responsibility")])
def show(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """The form and, once a category is chosen, the answer."""
    frame, db = frame_of(request), unit.question
    asked = {name: (request.query_params.get(name) or "").replace("\x00", "").strip()[:120] for name in FIELDS}
    level = asked["level"] if asked["level"] in LADDER else LADDER[0]
    every = categories.listed(db, every=True)
    errors: dict[str, str] = {}
    facts: dict[str, Any] = {"found": None, "at": None, "chosen": None}
    if asked["category"]:
        facts |= _answer(frame, db, asked, level, every, errors, fallback=mine.settings.territorial_fallback)
    names = {one.code: one.name_zh if frame.lang == "zh" else one.name_en for one in every}
    return page(
        frame,
        "responsibility.html",
        status=422 if errors else 200,
        nav="responsibility",
        asked=asked | {"level": level},
        levels=LADDER,
        names=names,
        categories=categories.listed(db),
        areas=db.execute(select(t.area.c.code, t.area.c.name).order_by(t.area.c.code).limit(MOST_AREAS)).all(),
        has_lines=db.scalar(select(t.responsibility.c.id).limit(1)) is not None,
        errors=errors,
        **facts,
    )


def _answer(
    frame: Frame,
    db: Connection,
    asked: dict[str, str],
    level: str,
    every: Sequence[Category],
    errors: dict[str, str],
    *,
    fallback: bool,
) -> dict[str, Any]:
    chosen = at = None
    try:
        chosen = category_of(asked["category"], every)
    except GridsvcError as error:
        errors["f-category"] = frame.says(error.code, **error.facts)
    try:
        at = responsibility.place(db, asked["place"]) if asked["place"] else None
    except GridsvcError as error:
        errors["f-place"] = frame.says(error.code, **error.facts)
    if chosen is None or errors:
        return {"at": at, "chosen": chosen}
    found = responsibility.explain(db, chosen.code, None if at is None else at.area_id, level, fallback=fallback)
    return {"at": at, "chosen": chosen, "found": found}


def category_of(words: str, every: Sequence[Category]) -> Category:
    """The category that a person means by its code, its name, or "name code" as the field offers it.

    Raises:
        NotFound: `category_unknown`.
        Conflict: `category_several`: several have the name.
    """
    by_code = {one.code.casefold(): one for one in every}
    told = words.casefold()
    for word in (told, told.split()[-1]):
        if word in by_code:
            return by_code[word]
    named = [one for one in every if told in (one.name_zh.casefold(), one.name_en.casefold())]
    if not named:
        raise NotFound("category_unknown", category=words[:60])
    if len(named) > 1:
        raise Conflict("category_several", category=words[:60], candidates=", ".join(one.code for one in named[:8]))
    return named[0]
