"""Queries that a person keeps under a name."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from gridsvc import saved_queries
from gridsvc.saved_queries import MOST_NAME_CHARS, MOST_QUERY_CHARS, Saved
from gridsvc.web import schemas
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["stats"])


class SavedIn(schemas.In):
    """A query as the address of `/stats/coverage` has it after the question mark; the same name replaces it."""

    name: Annotated[schemas.Words, Field(min_length=1, max_length=MOST_NAME_CHARS, pattern=r"\S")]
    query: Annotated[schemas.Words, Field(max_length=MOST_QUERY_CHARS)]


@router.get("/saved-queries", operation_id="saved_queries", responses={200: {"model": dict[str, Any]}})
def many(unit: Annotated[Unit, may("read_stats")]) -> Response:
    """The caller's own, by name."""
    return JSONResponse({"items": [_told(one, unit) for one in saved_queries.listed(unit.question, unit.actor)]})


@router.post("/saved-queries", operation_id="save_query", status_code=201, responses={201: {"model": dict[str, Any]}})
def save(body: SavedIn, unit: Annotated[Unit, may("read_stats")]) -> Response:
    """Keeps a query of a coverage under a name; the board of the campaign that it names lists it too."""
    return JSONResponse(_told(saved_queries.save(unit.db, unit.actor, body.name, body.query, unit.now), unit), 201)


@router.delete("/saved-queries/{query_id}", operation_id="delete_query", status_code=204)
def delete(unit: Annotated[Unit, may("read_stats")], query_id: Annotated[int, Path(ge=1, le=2**62)]) -> Response:
    """Deletes one of the caller's own."""
    saved_queries.delete(unit.db, unit.actor, query_id)
    return Response(status_code=204)


def _told(one: Saved, unit: Unit) -> rows.Json:
    at = rows.moment(one.saved_at, unit.mine.settings.zone)
    return {"id": one.id, "name": one.name, "query": one.query, "saved_at": at}
