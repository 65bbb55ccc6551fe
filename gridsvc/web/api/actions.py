"""Actions: what a person does to a report, to one or to several at once; what may be done now; the log."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from geodata.crs import parse_crs
from gridsvc import cases, dossier, handling, reports, terms
from gridsvc.web import errors, schemas
from gridsvc.web.api import period, rows
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1/reports", tags=["actions"])

Number = Annotated[schemas.Words, Path(max_length=200, description="the report's number")]
Source = Annotated[schemas.Words, Query(max_length=200, description="where the number comes from; imports name theirs")]
Repeat = Annotated[int, Query(ge=0, le=2**31 - 1, description="1, 2 and so on where an import let a number recur")]
Code = Annotated[schemas.Words, Field(min_length=1, max_length=100)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PinIn(schemas.In):
    """A point that a person put on the map, with its coordinate system."""

    lon: schemas.Number
    lat: schemas.Number
    crs: schemas.Crs

    def position(self) -> reports.Position:
        """What `cases.place_by_hand` takes."""
        return reports.Position(self.lon, self.lat, parse_crs(self.crs).name)


class ActionSaid(schemas.In):
    """What is said of an action."""

    action: Annotated[schemas.Words, Field(max_length=40)]
    note: Annotated[schemas.Words, Field(max_length=4000)] | None = None
    reason: Annotated[schemas.Words, Field(max_length=100)] | None = Field(
        None,
        description="a code; of `escalate`: out_of_competence, whistle (departments were called by one) or overdue "
        "(it is); another is refused with those that may be chosen now",
    )
    department: Code | None = Field(None, description="code of the department that is to act")
    assist: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    departments: Annotated[tuple[Code, ...], Field(max_length=20)] = Field(
        (), description="of `whistle`: those that are called; the first whistle takes the report up a level"
    )
    category: Code | None = None
    condition: Annotated[schemas.Whole, Field(ge=1)] | Literal["none"] | None = Field(
        None,
        description="filing condition of the category, for `file` and `recategorize`; of several one is to be "
        "chosen, or `none` (none fits: the general limit counts), else 422 `condition_missing` lists them; "
        "the only one of a category counts by itself, and `none` is refused with it (`condition_only`)",
    )
    parent: Code | None = Field(None, description="number of the report that this one repeats")
    until: schemas.Moment | None = None
    at: schemas.Moment | None = None
    card: Annotated[schemas.Words, Field(max_length=10)] | None = None
    score: Annotated[schemas.Whole, Field(ge=1, le=5)] | None = None
    grid: Code | None = None
    location: PinIn | None = None
    photos: Annotated[tuple[Sha256, ...], Field(max_length=12)] = ()

    def wished(self, version: int, zone: ZoneInfo) -> handling.Wish:
        """What `handling.act` takes, with the version that the caller saw; times without a zone are in this one."""
        return handling.Wish(
            action=self.action,
            version=version,
            note=self.note,
            reason=self.reason,
            department=self.department,
            assist=self.assist,
            departments=self.departments,
            category=self.category,
            condition=self.condition,
            parent=self.parent,
            until=period.instant(self.until, zone) if self.until else None,
            at=period.instant(self.at, zone) if self.at else None,
            card=self.card,
            score=self.score,
            grid=self.grid,
            position=self.location.position() if self.location else None,
            photos=self.photos,
        )


class ActionIn(ActionSaid):
    """One action. `version` is the report's version that the caller saw; a stale one is refused with what changed."""

    version: Annotated[schemas.Whole, Field(ge=1, le=2**31 - 1)]


class OneOfSeveral(schemas.In):
    """A report of a common action."""

    number: Code
    version: Annotated[schemas.Whole, Field(ge=1, le=2**31 - 1)]
    source: Code = reports.SOURCE
    repeat: Annotated[schemas.Whole, Field(ge=0, le=2**31 - 1)] = 0


class SeveralIn(schemas.In):
    """The same action on several reports; each is done or refused by itself."""

    action: Annotated[schemas.Words, Field(max_length=40)]
    reports: Annotated[list[OneOfSeveral], Field(min_length=1, max_length=handling.MOST_AT_ONCE)]
    note: Annotated[schemas.Words, Field(max_length=4000)] | None = None
    department: Code | None = None


def told(unit: Unit, held: cases.Held) -> dict[str, Any]:
    """A case as the API gives it, with what this person may do next."""
    zone = unit.mine.settings.zone
    case = held.case
    return {
        "number": held.number,
        "source": held.source,
        "state": case.state,
        "version": held.seq,
        "due_at": rows.moment(case.due_at, zone),
        "due_original_at": rows.moment(case.due_original_at, zone),
        "stage": case.stage,
        "stage_due_at": rows.moment(case.stage_due_at, zone),
        "level": case.level,
        "card": case.card,
        "outcome": case.outcome,
        "actions": _possible(unit, held),
    }


def _possible(unit: Unit, held: cases.Held) -> list[str]:
    """What this person may do now; `unmask` only where something is hidden, nothing that decides on the own word."""
    found = cases.offered(unit.db, [held], unit.actor, unit.now)[held.id]
    return [one for one in found if one != "unmask" or dossier.hides(unit.db, held.id)]


@router.post("/actions", operation_id="act_on_several", responses={200: {"model": dict[str, Any]}})
def several(body: SeveralIn, unit: Annotated[Unit, may("read_reports")]) -> Response:
    """One action on several reports: each is done or refused by itself, and named with what became of it.

    A refusal says what a request for the one report would: code, message and detail, of a stale version what happened.
    """
    wishes = [
        (
            one.source,
            one.number,
            one.repeat,
            handling.Wish(body.action, one.version, note=body.note, department=body.department),
        )
        for one in body.reports
    ]
    agreed = terms.load(unit.db, **unit.mine.settings.agreed)
    done = handling.act_on_several(unit.db, unit.actor, wishes, unit.now, agreed, unit.mine.rule)
    items: list[dict[str, Any]] = []
    for one in done:
        if one.held is not None:
            items.append(told(unit, one.held))
        elif one.refusal is not None:
            items.append({"number": one.number, "error": errors.content(errors.refusal(one.refusal), unit.locale)})
    return JSONResponse({"items": items})


@router.post("/{number:path}/actions", operation_id="act", responses={409: {"model": schemas.ErrorOut}})
def act(
    number: Number,
    body: ActionIn,
    unit: Annotated[Unit, may("read_reports")],
    source: Source = reports.SOURCE,
    repeat: Repeat = 0,
) -> Response:
    """Does one action. The report is locked; a version that is not the newest gets 409 with what happened since.

    The answer to `unmask`, and no other, has what is hidden elsewhere: the contact, the text, the place in words, the
    log with its notes and the reasons for blacking out (`photo`: its place, from 1).
    """
    agreed = terms.load(unit.db, **unit.mine.settings.agreed)
    held = handling.hold(
        unit.db, unit.actor, number, source, repeat, placing=body.action == "place", parent=body.parent
    )
    after = handling.act(
        unit.db, unit.actor, held, body.wished(body.version, unit.mine.settings.zone), unit.now, agreed, unit.mine.rule
    )
    answer = told(unit, after)
    if body.action == "unmask":
        answer |= _unmasked(unit, number, source, repeat)
    return JSONResponse(answer)


def _unmasked(unit: Unit, number: str, source: str, repeat: int) -> dict[str, Any]:
    found = dossier.unmasked(unit.db, dossier.load_one(unit.db, unit.actor, number, source, repeat))
    said = found.said
    contact = dossier.contact(unit.db, said.id)
    names = ("name", "phone", "address", "for_name", "for_phone", "joined")
    return {
        "description": said.description,
        "words": said.words,
        "log": rows.whole(found, unit.locale, unit.mine.settings.zone)["log"],
        "redactions": [
            {"photo": place, "version": one.version, "reason": one.reason}
            for place, one in dossier.redactions(unit.db, found)
        ],
        "contact": contact and {name: getattr(contact, name) for name in names},
    }


@router.get("/{number:path}/actions", operation_id="read_actions")
def possible(
    number: Number,
    unit: Annotated[Unit, may("read_reports")],
    source: Source = reports.SOURCE,
    repeat: Repeat = 0,
) -> Response:
    """Where the case stands, and what the caller may do with it now."""
    found = dossier.load_one(unit.db, unit.actor, number, source, repeat)
    return JSONResponse(told(unit, cases.read(unit.db, found.said.id)))


@router.get("/{number:path}/log", operation_id="read_log")
def log(
    number: Number,
    unit: Annotated[Unit, may("read_reports")],
    source: Source = reports.SOURCE,
    repeat: Repeat = 0,
) -> Response:
    """The report's log, in order; `version` is its last row."""
    found = dossier.load_one(unit.db, unit.actor, number, source, repeat)
    whole = rows.whole(found, unit.locale, unit.mine.settings.zone)
    return JSONResponse({"number": number, "version": whole["version"], "items": whole["log"]})
