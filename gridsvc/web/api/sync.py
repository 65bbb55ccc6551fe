"""What a phone kept while it had no signal: all of it in one request, an answer for each item."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from geodata.errors import GeodataError
from gridsvc import duplicates, reports, sync, sync_acts, sync_changes, terms, visits
from gridsvc.errors import GridsvcError, Refused
from gridsvc.photos import MOST_PHOTOS
from gridsvc.web import batches, errors, kept_schemas, schemas
from gridsvc.web.api import cursors, kept_rows, period, rows
from gridsvc.web.api.actions import ActionSaid, Sha256
from gridsvc.web.api.visits import VisitSaid
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["sync"])

MOST_COMPARED = 20  # reports of one request that are told which open ones are like them
STATUSES = ("created", "same", "conflict", "refused")
Number = Annotated[schemas.Words, Field(min_length=1, max_length=200)]
Source = Annotated[schemas.Words, Field(min_length=1, max_length=200)]


class ReportItem(schemas.In):
    """A report, as for `submit_report`."""

    kind: Literal["report"]
    key: schemas.Key
    report: schemas.ReportSaid


class VisitItem(schemas.In):
    """A visit, as for `record_visit`."""

    kind: Literal["visit"]
    key: schemas.Key
    visit: VisitSaid


class ActionWanted(ActionSaid):
    """An action; `version` may be missing where the report has no number yet: then the newest is meant."""

    version: Annotated[schemas.Whole, Field(ge=1, le=2**31 - 1)] | None = None


class _OfReport(schemas.In):
    """Something about a report: by number, or by the key of a report or a visit with a need of the same account.

    `done_at` is when the phone kept it, by its clock: the log has it, what counts is when it came in, but for when a
    danger was taken away (`make_safe`). `uid` is what `read_kept` told of the report: where another has the number now,
    as after a restored backup, it is refused.
    """

    key: schemas.Key
    number: Number | None = None
    report_key: schemas.Key | None = None
    source: Source = reports.SOURCE
    repeat: Annotated[schemas.Whole, Field(ge=0, le=2**31 - 1)] = 0
    uid: Annotated[schemas.Words, Field(max_length=40)] | None = None
    done_at: schemas.Moment | None = None

    @model_validator(mode="after")
    def _one_report(self) -> Self:
        if (self.number is None) == (self.report_key is None):
            raise PydanticCustomError("number_or_key", "a number or a key")
        return self

    def target(self) -> sync_acts.Target:
        """The report that is meant."""
        if self.number is None:
            return sync_acts.Target(report_key=self.report_key)
        return sync_acts.Target(self.number, self.source, self.repeat)


class ActionItem(_OfReport):
    """An action on a report, as for `act`."""

    kind: Literal["action"]
    action: ActionWanted

    @model_validator(mode="after")
    def _has_version(self) -> Self:
        if self.number is not None and self.action.version is None:
            raise PydanticCustomError("missing", "version")
        return self


class AttachItem(_OfReport):
    """Photos that come after the text; `send_photo` stored them before."""

    kind: Literal["attach"]
    photos: Annotated[tuple[Sha256, ...], Field(max_length=MOST_PHOTOS)] = ()
    voice: Sha256 | None = None


Item = Annotated[ReportItem | VisitItem | ActionItem | AttachItem, Field(discriminator="kind")]
_ITEM: TypeAdapter[ReportItem | VisitItem | ActionItem | AttachItem] = TypeAdapter(Item)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(schemas.Moment)


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without references, since it stands in the description as it is."""
    parts = schema.pop("$defs", {})

    def inside(one: Any) -> Any:
        if isinstance(one, list):
            return [inside(part) for part in one]
        if not isinstance(one, dict):
            return one
        if "$ref" in one:
            return inside(parts[one["$ref"].rpartition("/")[2]])
        return {name: inside(part) for name, part in one.items() if name != "discriminator"}

    return {name: inside(part) for name, part in schema.items() if name != "discriminator"}


BODY: dict[str, Any] = {
    "type": "object",
    "required": ["sent_at", "items"],
    "additionalProperties": False,
    "properties": {
        "sent_at": {"type": "string", "description": "the phone's clock at sending, ISO 8601 with a zone"},
        "items": {"type": "array", "maxItems": sync.MOST, "items": _plain(_ITEM.json_schema())},
    },
}


_LIST = "kept list"  # what a cursor is for


@router.get("/sync", operation_id="read_kept", responses={200: {"model": kept_schemas.KeptOut}})
def kept(
    unit: Annotated[Unit, may("keep_offline")],
    since: Annotated[schemas.Words | None, Query(max_length=4000, description="`cursor` of the answer before")] = None,
) -> Response:
    """What a phone keeps for work without signal: own grids and those beside them, compounds, doors, open reports.

    Without `since` all of it; with it what changed, and what is `gone`. Where a duty, an edition, a campaign or the
    day is another, all of it again: `reset`. A door that comes without `order` keeps the one it had. Nothing that the
    register knows of anybody is in it, no name, phone or identity number; of what somebody wrote in a report such
    numbers are hidden, but a name in these words comes as it was typed.
    """
    found = sync_changes.load(unit.db, unit.actor, _since(since), unit.now, unit.mine.settings.zone)
    return JSONResponse(kept_rows.told(unit, found) | {"cursor": _cursor(found.cursor)})


def _cursor(at: sync_changes.Since) -> str:
    return cursors.sealed([f"{at.snapshot} {at.key}", 0], _LIST)


def _since(cursor: str | None) -> sync_changes.Since | None:
    if cursor is None:
        return None
    value, _ = cursors.opened(cursor, _LIST)
    parts = value.split(" ") if isinstance(value, str) else []
    if len(parts) != 2:
        raise Refused("cursor_invalid")
    return sync_changes.Since(*parts)


@router.post(
    "/sync",
    operation_id="send_kept",
    responses={200: {"model": kept_schemas.SyncedOut}, 413: {"model": schemas.ErrorOut}},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": BODY}}}},
)
def send(request: Request, body: batches.Body, unit: Annotated[Unit, may("sync")]) -> Response:
    """Takes up to 1,000 items that a phone kept, each once, and answers each in the order sent.

    `created` and `same` are stored; `conflict` is kept as a row of the report's log, `detail` says what happened
    meanwhile; `refused` is not stored, and `retry` says whether the same item may be taken later. One that is refused
    stops no other but those that name it.
    """
    answer = JSONResponse(received(request, body, unit))
    unit.end(well=True)  # here, where the thread is: the way to another one costs as much as a statement
    return answer


def received(request: Request, body: bytes, unit: Unit) -> rows.Json:
    """What `send_kept` answers to a body, for the actor of the unit.

    Raises:
        RequestValidationError, Refused, TooMany: nothing of it is looked at.
    """
    said = batches.loaded(body, {"items", "sent_at"})
    sent_at = _sent_at(said["sent_at"], unit)
    listed = batches.listed(said, "items")
    if len(listed) > sync.MOST:
        raise Refused("sync_too_many", n=len(listed), most=sync.MOST)
    told: list[rows.Json] = []
    items: dict[int, sync.Item] = {}
    for at, one in enumerate(listed):
        told.append({"key": batches.word_of(one, "key"), "kind": batches.word_of(one, "kind", most=20)})
        try:
            items[at] = _read(_ITEM.validate_python(one), sent_at, unit)
        except ValidationError as error:
            told[at] |= {"status": "refused", "retry": False} | _why(batches.misfit(error), request, unit)
        except (GridsvcError, GeodataError) as error:  # a system of coordinates that nobody knows
            told[at] |= {"status": "refused", "retry": False} | _why(error, request, unit)
    agreed = partial(terms.load, **unit.mine.settings.agreed)
    taken = sync.receive(unit.db, items, unit.actor, unit.now, unit.mine.rule, agreed)
    n_compared = 0
    for at, answer in taken.items():
        told[at] |= {"status": answer.status, "retry": answer.retry} | _answered(answer, unit)
        if answer.error is not None:
            told[at] |= _why(answer.error, request, unit)
        if answer.report is not None and answer.report.n_similar and n_compared < MOST_COMPARED:
            n_compared += 1
            told[at]["similar"] = _similar(answer.report, unit)
    counts = {status: sum(one["status"] == status for one in told) for status in STATUSES}
    off_s = round((sent_at - unit.now).total_seconds(), 1)
    now = rows.moment(unit.now, unit.mine.settings.zone)
    return {"now": now, "clock_off_s": off_s, "counts": counts, "items": told}


def _sent_at(value: object, unit: Unit) -> datetime:
    try:
        return period.instant(_MOMENT.validate_python(value), unit.mine.settings.zone)
    except ValidationError as error:
        found = [one | {"loc": ("body", "sent_at")} for one in error.errors(include_url=False)]
        raise RequestValidationError(found) from None


def _read(one: ReportItem | VisitItem | ActionItem | AttachItem, sent_at: datetime, unit: Unit) -> sync.Item:
    """The item as the verbs take it."""
    zone = unit.mine.settings.zone
    if isinstance(one, ReportItem):
        return one.report.draft(one.key, zone, sent_at)
    if isinstance(one, VisitItem):
        return visits.Draft(client_key=one.key, sent_at=sent_at, **one.visit.said(zone))
    # of what was said alone: a later version of this service, which knows more members, finds the same
    digest = hashlib.sha256(one.model_dump_json(exclude_unset=True).encode()).digest()
    done_at = None if one.done_at is None else period.instant(one.done_at, zone)
    if isinstance(one, ActionItem):
        wish = one.action.wished(one.action.version or sync_acts.NEWEST, zone)
        return sync_acts.Act(one.key, one.target(), digest, wish, done_at=done_at, sent_at=sent_at, uid=one.uid)
    return sync_acts.Act(one.key, one.target(), digest, None, one.photos, one.voice, done_at, sent_at, one.uid)


def _answered(answer: sync.Answer, unit: Unit) -> rows.Json:
    """What is told of an item that was taken."""
    zone = unit.mine.settings.zone
    if answer.report is not None:
        made = answer.report
        p = made.placement
        told: rows.Json = {"number": made.number, "state": made.state, "version": made.version}
        told |= {"grid": rows.grid(p.code, p.name, p.layer)} | rows.sent(made, zone)
        return told | {"worker": rows.worker(p.worker_name, p.duty, p.name, p.area_name, unit.locale, known=True)}
    if answer.visit is not None and answer.error is None:
        told = {"id": answer.visit.visit_id, "n_reports": answer.visit.n_reports, "flags": list(answer.visit.flags)}
        return told | ({"also": kept_rows.beside(answer.also, zone)} if answer.also else {})
    if answer.act is not None:
        done = answer.act
        told = {"number": done.number, "version": done.version, "state": done.state}
        return told | {"due_at": rows.moment(done.due_at, zone)}
    return {}


def _similar(made: reports.Submitted, unit: Unit) -> list[rows.Json]:
    if made.lonlat is None:
        return []
    found = duplicates.near(unit.db, unit.actor, made.category, made.lonlat, unit.now, but=made.id)
    return [rows.similar(one, unit.mine.settings.zone) for one in found]


def _why(error: Exception, request: Request, unit: Unit) -> rows.Json:
    return errors.content(errors.describe(error, request), unit.locale)
