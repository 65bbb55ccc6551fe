"""Visits: record one or many, read them; doors that leave the denominator."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from gridsvc import exclusions, household_reading, visit_reading, visits
from gridsvc.errors import Refused
from gridsvc.rules import addresses
from gridsvc.web import answers, batches, errors, schemas
from gridsvc.web.api import cursors, period, rows
from gridsvc.web.deps import ServicesDep, Unit, may

router = APIRouter(prefix="/api/v1", tags=["visits"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Outcome = Literal[
    "reached", "absent", "refused", "vacant", "moved", "not_found", "not_eligible", "withdrawn",
]  # fmt: skip
Mode = Literal["door", "phone", "wechat", "meeting"]
DoorId = Annotated[schemas.Whole, Field(ge=1, le=2**63 - 1)]
Count = Annotated[schemas.Whole, Field(ge=0, le=1000)]
Words = Annotated[schemas.Words, Field(min_length=1, max_length=4000)]
Code = Annotated[schemas.Words, Field(min_length=1, max_length=100)]
Question = Annotated[schemas.Words, Field(max_length=500)]
Said = Annotated[schemas.Words, Field(max_length=500)] | schemas.Whole | bool | None
MOST_ANSWERS = 200  # a visit answers the questions of every campaign that has its door


class NeedIn(schemas.In):
    """What was asked for at the door: it becomes a report, linked to the visit."""

    category: Code
    description: Words


class VisitSaid(schemas.In):
    """What is said of a visit. `happened_at` is the phone's time.

    `x` and `y` are longitude and latitude, or easting and northing, in the system that `crs` names.
    `supersedes` is the key or id of a visit that this one corrects; with outcome `withdrawn`, that one did not happen.
    """

    household_id: DoorId
    outcome: Outcome
    happened_at: schemas.Moment
    mode: Mode = "door"
    n_met: Count | None = None
    x: schemas.Number | None = None
    y: schemas.Number | None = None
    crs: schemas.Crs | None = None
    accuracy_m: Annotated[schemas.Number, Field(ge=0, le=schemas.MAX_ACCURACY_M)] | None = None
    needs: Words | None = None
    policies: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    answers: Annotated[dict[Question, Said], Field(max_length=MOST_ANSWERS)] | None = None
    n_issued: Count = 0
    n_returned: Count = 0
    supersedes: schemas.Key | DoorId | None = None
    need: NeedIn | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if len({self.x is None, self.y is None, self.crs is None}) > 1:
            raise PydanticCustomError("position_parts", "x, y and crs belong together")
        return self

    def said(self, zone: ZoneInfo) -> dict[str, Any]:
        """The fields of a draft but for its key; times without a zone are in this one."""
        told = {name: getattr(self, name) for name in VisitSaid.model_fields}
        told["happened_at"] = period.instant(self.happened_at, zone)
        told["answers"] = self.answers or None
        told["need"] = None if self.need is None else visits.Need(self.need.category, self.need.description)
        return told


class VisitIn(VisitSaid):
    """A visit. `client_key` makes a repeat harmless: the same key with the same body is the same visit.

    `sent_at`, the phone's clock at sending, puts `happened_at` right, and may differ in a repeat.
    """

    client_key: schemas.Key
    sent_at: schemas.Moment | None = None

    def draft(self, mine: ServicesDep) -> visits.Draft:
        """The visit as the verbs take it."""
        zone = mine.settings.zone
        sent_at = None if self.sent_at is None else period.instant(self.sent_at, zone)
        return visits.Draft(client_key=self.client_key, sent_at=sent_at, **self.said(zone))


class ExclusionIn(schemas.In):
    """`confirm` what somebody else found, or what a `document` says; `decline` what was found; `end` an exclusion."""

    act: Literal["confirm", "decline", "end"]
    reason: Literal["vacant", "not_eligible"] | None = None
    document: Annotated[schemas.Words, Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _has_reason(self) -> Self:
        if (self.act == "confirm") != (self.reason is not None):
            raise PydanticCustomError("missing", "confirm names a reason, and nothing else does")
        return self


@router.post(
    "/visits",
    status_code=201,
    operation_id="record_visit",
    responses={
        200: {"model": dict[str, Any], "description": "The same visit came before"},
        201: {"model": dict[str, Any]},
        404: {"model": schemas.ErrorOut},
        409: {"model": schemas.ErrorOut},
    },
)
def record(body: VisitIn, unit: Annotated[Unit, may("record_visit")]) -> Response:
    """Stores a visit to a door of the own grids or area; a need at the door becomes a report."""
    answer = visits.record(unit.db, body.draft(unit.mine), unit.actor, unit.now, unit.mine.rule)
    return JSONResponse(_answered(answer), 201 if answer.status == "created" else 200)


@router.post(
    "/visits/batch",
    operation_id="record_visits",
    responses={200: {"model": dict[str, Any]}, 413: {"model": schemas.ErrorOut}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["visits"],
                        "additionalProperties": False,
                        "properties": {
                            "visits": {"type": "array", "maxItems": visits.MOST, "items": {"type": "object"}}
                        },
                    }
                }
            },
        }
    },
)
def record_many(request: Request, body: batches.Body, unit: Annotated[Unit, may("record_visit")]) -> Response:
    """Stores up to 1,000 visits (each as for one), and answers each: created, same, or refused and why.

    One that is refused stops no other. A correction may name a visit of the same batch by its key.
    """
    told: list[rows.Json] = []
    drafts: dict[int, visits.Draft] = {}
    for index, item in enumerate(_listed(body)):
        told.append({})
        try:
            drafts[index] = VisitIn.model_validate(item).draft(unit.mine)
        except ValidationError as error:
            told[index] = _refused(_key_of(item), batches.misfit(error), request, unit)
    stored = visits.record_all(unit.db, list(drafts.values()), unit.actor, unit.now, unit.mine.rule)
    for index, answer in zip(drafts, stored, strict=True):
        told[index] = _answered(answer)
        if answer.error is not None:
            told[index] = _refused(str(answer.client_key), answer.error, request, unit)
    counts = {status: sum(one["status"] == status for one in told) for status in ("created", "same", "refused")}
    return JSONResponse({"counts": counts, "visits": told})


def _listed(body: bytes) -> list[object]:
    """The list of a batch.

    Raises:
        RequestValidationError: the body is not JSON, or no list of visits.
        Refused: `visits_too_many`.
    """
    items = batches.listed(batches.loaded(body, {"visits"}), "visits")
    if len(items) > visits.MOST:
        raise Refused("visits_too_many", n=len(items), most=visits.MOST)
    return items


def _key_of(item: object) -> str | None:
    """The key as it was sent, so that its sender finds the visit again."""
    return batches.word_of(item, "client_key")


def _refused(key: str | None, error: Exception, request: Request, unit: Unit) -> rows.Json:
    why = errors.content(errors.describe(error, request), unit.locale)
    return {"client_key": key, "status": "refused"} | why


def wanted(
    mine: ServicesDep,
    household: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="a door's id")] = None,
    worker: Annotated[schemas.Words | None, Query(min_length=1, max_length=200, description="a worker's code")] = None,
    first: Annotated[schemas.When | None, Query(alias="from", description="a day, or a time; of the visit")] = None,
    last: Annotated[schemas.When | None, Query(alias="to", description="a day (included), or a time (not)")] = None,
    flag: Annotated[Literal["far", "late", "clock"] | None, Query()] = None,
) -> visit_reading.Filter:
    """The filters of the list; whatever is given must hold."""
    from_at, to_at = period.bound(first, mine.settings.zone), period.bound(last, mine.settings.zone, after_day=True)
    if from_at is not None and to_at is not None and from_at >= to_at:
        raise Refused("period_reversed", first=str(first), last=str(last))
    return visit_reading.Filter(household, worker, from_at, to_at, flag)


Wanted = Annotated[visit_reading.Filter, Depends(wanted)]
Cursor = Annotated[schemas.Words | None, Query(max_length=300, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=visit_reading.MAX_PAGE)]


@router.get("/visits", operation_id="visits", responses={200: {"model": dict[str, Any]}})
def many(
    request: Request,
    unit: Annotated[Unit, may("read_households")],
    chosen: Wanted,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The visits at doors that a reader sees, the latest first; corrected ones name what stands in their place."""
    after = None
    if cursor is not None:
        at, row_id = cursors.opened(cursor, chosen)
        after = (cursors.moment(at), row_id)
    page = visit_reading.page(unit.db, unit.actor, chosen, after=after, limit=limit)
    following = None if page.next is None else cursors.sealed([cursors.micros(page.next[0]), page.next[1]], chosen)
    return answers.data(request, {"items": [told(one, unit) for one in page.items], "next": following})


@router.get(
    "/households/{household_id}/visits",
    operation_id="visits_of_household",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}},
)
def of_door(request: Request, household_id: Id, unit: Annotated[Unit, may("read_households")]) -> Response:
    """The history of a door, the latest first."""
    household_reading.read(unit.db, unit.actor, household_id, unit.now, unit.mine.settings.zone)
    found = visit_reading.of_door(unit.db, household_id, unit.actor)
    return answers.data(request, {"items": [told(one, unit) for one in found]})


@router.post(
    "/households/{household_id}/exclusion",
    operation_id="exclude_household",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}, 409: {"model": schemas.ErrorOut}},
)
def exclude(household_id: Id, body: ExclusionIn, unit: Annotated[Unit, may("confirm_exclusion")]) -> Response:
    """Takes a door out of the denominator (a second person or a document), declines that, or brings it back."""
    if body.act == "confirm" and body.reason is not None:
        exclusions.confirm(unit.db, household_id, body.reason, unit.actor, unit.now, body.document)
    elif body.act == "decline":
        exclusions.decline(unit.db, household_id, unit.actor, unit.now)
    else:
        exclusions.end(unit.db, household_id, unit.actor, unit.now)
    excluded = body.reason if body.act == "confirm" else None
    return JSONResponse({"household_id": household_id, "excluded": excluded})


@router.get("/exclusion-claims", operation_id="exclusion_claims", responses={200: {"model": dict[str, Any]}})
def claims(request: Request, unit: Annotated[Unit, may("confirm_exclusion")]) -> Response:
    """The doors that wait for somebody else: found vacant or not eligible at a visit, or (`visit_id` null)
    entries that a campaign lists and that were said to be the same door as another one."""
    zone = unit.mine.settings.zone
    names = ("visit_id", "household_id", "reason", "kind", "worker_name", "own")
    items = [
        {name: getattr(one, name) for name in names}
        | {"claimed_at": rows.moment(one.claimed_at, zone), "compound": one.compound_name, "grid": one.grid_code}
        | {"door": addresses.label(one.building, one.unit, one.room, unit.locale)}
        for one in exclusions.waiting(unit.db, unit.actor)
    ]
    return answers.data(request, {"items": items})


def told(one: visit_reading.Visit, unit: Unit) -> rows.Json:
    """A visit as it is sent."""
    zone = unit.mine.settings.zone
    same = (
        *("id", "household_id", "outcome", "mode", "n_met", "needs", "answers", "n_issued", "n_returned"),
        *("accuracy_m", "compound", "kind", "superseded_by", "own", "role"),
    )
    return {
        "client_key": str(one.client_key),
        **{name: getattr(one, name) for name in same},
        **{name: rows.moment(getattr(one, name), zone) for name in ("happened_at", "recorded_at", "phone_at")},
        "position": None if one.lon is None else {"lon": one.lon, "lat": one.lat},
        "distance_m": None if one.distance_m is None else round(one.distance_m, 1),
        "door": one.label(unit.locale),
        "grid": one.grid_code,
        "worker": None if one.worker_code is None else {"code": one.worker_code, "name": one.who},
        "who": one.who,
        "supersedes": one.supersedes_id,
        "policies": list(one.policies),
        "flags": list(one.flags),
        "reports": list(one.reports),
    }


def _answered(answer: visits.Answer) -> rows.Json:
    return {
        "client_key": str(answer.client_key),
        "status": answer.status,
        "id": answer.visit_id,
        "n_reports": answer.n_reports,
        "flags": list(answer.flags),
    }
