"""Duty in a grid: who is main, who is deputy, at which hours; kept by who keeps the area."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from gridsvc import duties, staff_log
from gridsvc.duties import Post
from gridsvc.web import schemas
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["people"])

Code = Annotated[schemas.Words, Field(min_length=1, max_length=120)]
Layer = Literal["base", "dedicated"]
Weekday = Annotated[schemas.Whole, Field(ge=1, le=7)]
Hour = Annotated[schemas.Words, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["08:00"])]


class PostIn(schemas.In):
    """A worker's duty; without days or hours it is every day, or the whole day. A night ends before it starts."""

    worker: Code
    kind: Literal["main", "deputy"] = "main"
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = None
    starts: Hour | None = None
    ends: Hour | None = None

    @model_validator(mode="after")
    def _whole_hours(self) -> Self:
        if (self.starts is None) != (self.ends is None) or (self.starts is not None and self.starts == self.ends):
            raise PydanticCustomError("hours_both", "starts and ends belong together")
        return self

    def post(self) -> Post:
        """The duty for the verb."""
        starts, ends = (None if one is None else time.fromisoformat(one) for one in (self.starts, self.ends))
        return Post(self.worker, self.kind, tuple(sorted(set(self.weekdays or ()))) or None, starts, ends)


class DutyIn(schemas.In):
    """All duty in one grid; what is not named ends."""

    grid: Code
    layer: Layer = "base"
    items: Annotated[list[PostIn], Field(max_length=50)]


@router.get("/duty", operation_id="read_duty", responses={200: {"model": dict[str, Any]}})
def read(
    unit: Annotated[Unit, may("manage_duty")],
    grid: Annotated[schemas.Words, Query(min_length=1, max_length=120)],
    layer: Layer = "base",
) -> Response:
    """Who is on duty in a grid of the own areas."""
    return JSONResponse(_told(grid, layer, duties.of_grid(unit.question, unit.actor, grid, layer)))


@router.put("/duty", operation_id="put_duty", responses={200: {"model": dict[str, Any]}})
def put(body: DutyIn, unit: Annotated[Unit, may("manage_duty")]) -> Response:
    """Makes these the duty in a grid of the own areas, and ends all other duty there."""
    staff_log.begin(unit.db, unit.actor, unit.now)
    duties.put(unit.db, unit.actor, body.grid, body.layer, [one.post() for one in body.items])
    return JSONResponse(_told(body.grid, body.layer, duties.of_grid(unit.db, unit.actor, body.grid, body.layer)))


def _told(grid: str, layer: str, posts: tuple[Post, ...]) -> dict[str, Any]:
    items = [
        {
            "worker": {"code": one.worker_code, "name": one.worker_name},
            "kind": one.kind,
            "weekdays": one.weekdays,
            "starts": one.starts and one.starts.strftime("%H:%M"),
            "ends": one.ends and one.ends.strftime("%H:%M"),
        }
        for one in posts
    ]
    return {"grid": grid, "layer": layer, "items": items}
