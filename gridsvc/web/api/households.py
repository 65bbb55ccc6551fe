"""The register of doors: list, read, add, change, remove, show a contact, look at look-alikes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy import select
from starlette.responses import Response

from geodata.crs import parse_crs
from gridsvc import compounds, door_merges, exclusions, household_reading, households, reports
from gridsvc.db import tables as t
from gridsvc.errors import Refused
from gridsvc.household_reading import Filter, Pair, Row
from gridsvc.households import Door
from gridsvc.rules.addresses import MOST_CHARS
from gridsvc.web import answers, schemas
from gridsvc.web.api import cursors, rows
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1/households", tags=["households"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Kind = Literal["household", "shop", "firm"]
Text = Annotated[schemas.Words | None, Query(min_length=1, max_length=200)]
Level = Annotated[schemas.Words, Field(max_length=MOST_CHARS)]
Compound = Annotated[schemas.Whole, Field(ge=1, le=2**63 - 1)] | Annotated[schemas.Words, Field(max_length=200)]
DoorId = Annotated[schemas.Whole, Field(ge=1, le=2**63 - 1)]
Why = Annotated[schemas.Words, Field(min_length=1, max_length=MOST_CHARS)]


class PlaceIn(schemas.In):
    """Where a door is, with its coordinate system."""

    lon: schemas.Number
    lat: schemas.Number
    crs: schemas.Crs

    def lonlat(self) -> tuple[float, float]:
        """The position in EPSG:4326."""
        return reports.to_wgs84(reports.Position(self.lon, self.lat, parse_crs(self.crs).name))


class ChangeIn(schemas.In):
    """What is to be another one; null empties a field. Levels may be written as people write them (3号楼, 三单元)."""

    kind: Kind | None = None
    compound: Compound | None = Field(None, description="id or name")
    community: Annotated[schemas.Words, Field(max_length=40)] | None = Field(None, description="code")
    building: Level | None = None
    unit: Level | None = None
    room: Level | None = None
    name: Level | None = Field(None, description="of a shop or firm")
    class_code: Annotated[schemas.Words, Field(max_length=40)] | None = None
    n_people: Annotated[schemas.Whole, Field(ge=0, le=999)] | None = None
    registered_elsewhere: bool | None = None
    contact_name: Level | None = None
    contact_phone: Level | None = None
    location: PlaceIn | None = Field(None, description="without one: the building's or the compound's")

    def values(self, unit: Unit) -> dict[str, Any]:
        """The fields of a `Door` that were sent."""
        sent = self.model_dump(exclude_unset=True)
        found = {name: value for name, value in sent.items() if name not in ("compound", "community", "location")}
        if "kind" in sent and self.kind is None:
            del found["kind"]
        if "compound" in sent:
            found["compound_id"] = None if self.compound is None else _compound(unit, self.compound)
        if "community" in sent:
            found["community_id"] = None if self.community is None else _community(unit, self.community)
        if "location" in sent:
            found["lon"], found["lat"] = (None, None) if self.location is None else self.location.lonlat()
        return found


class DoorIn(ChangeIn):
    """A new door."""

    def door(self, unit: Unit) -> Door:
        """What `households.add` takes."""
        levels: dict[str, Any] = {"compound_id": None, "building": None, "unit": None, "room": None}
        return Door(**levels | self.values(unit))


class PurposeIn(schemas.In):
    """What a contact is needed for; it stays in the door's log."""

    purpose: Why


class ApartIn(schemas.In):
    """Two doors that look alike and are two, and how one knows; it stays in the logs of both."""

    doors: Annotated[
        list[Annotated[schemas.Whole, Field(ge=1, le=2**63 - 1)]],
        Field(min_length=2, max_length=2, description="ids"),
    ]
    reason: Why


class MergeIn(schemas.In):
    """Why two doors that look alike are one, and the version of what was read of them."""

    reason: Why
    version: Annotated[schemas.Words, Field(min_length=1, max_length=40)]


class UnmergeIn(schemas.In):
    """Why an entry is a door of its own; it stays in the logs of both. `same_as_id`: which one it is said to be."""

    reason: Why
    same_as_id: schemas.Whole | None = Field(None, ge=1, le=2**62)


@router.get("", operation_id="list_households", responses={200: {"model": dict[str, Any]}})
def many(
    request: Request,
    unit: Annotated[Unit, may("read_households")],
    grid: Text = None,
    compound: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="id")] = None,
    q: Annotated[schemas.Words, Query(max_length=200, description="levels (3-2-501), a compound, a shop's name")] = "",
    kind: Annotated[Kind | None, Query()] = None,
    class_code: Annotated[schemas.Words | None, Query(alias="class", min_length=1, max_length=40)] = None,
    due: Annotated[schemas.Day | None, Query(description="the next visit is due on this day or before")] = None,
    excluded: Annotated[bool | None, Query(description="vacant or not eligible, confirmed")] = None,
    removed: Annotated[bool, Query(description="those taken off the register")] = False,
    cursor: Annotated[schemas.Words | None, Query(max_length=300, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=household_reading.MAX_PAGE)] = 100,
) -> Response:
    """The doors of the own grids or areas, page by page; contacts are masked."""
    wanted = Filter(grid, compound, q, kind, class_code, due, excluded, removed)
    after = 0 if cursor is None else cursors.opened(cursor, wanted)[1]
    zone = unit.mine.settings.zone
    page = household_reading.find(unit.db, unit.actor, wanted, unit.now, zone, after=after, limit=limit)
    following = None if page.next is None else cursors.sealed([0, page.next], wanted)
    return answers.data(request, {"items": [told(row, unit) for row in page.items], "next": following})


@router.post(
    "",
    status_code=201,
    operation_id="add_household",
    responses={201: {"model": dict[str, Any]}, 409: {"model": schemas.ErrorOut}},
)
def add(body: DoorIn, unit: Annotated[Unit, may("manage_households")]) -> Response:
    """Registers a door; one that was removed comes back under its own id. A door that is there already gets 409."""
    household_id = households.add(unit.db, body.door(unit), unit.actor, unit.now, unit.mine.rule)
    content = one_told(unit, household_id)
    return JSONResponse(content, 201, {"Location": f"/api/v1/households/{household_id}"})


@router.get("/near-duplicates", operation_id="near_duplicates", responses={200: {"model": dict[str, Any]}})
def near(
    request: Request,
    unit: Annotated[Unit, may("manage_households")],
    grid: Text = None,
    compound: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="id")] = None,
    apart: Annotated[bool, Query(description="those that somebody said are two, instead of the others")] = False,
    limit: Annotated[int, Query(ge=1, le=household_reading.MOST_PAIRS)] = household_reading.MOST_PAIRS,
) -> Response:
    """Pairs of doors of one compound, or of one community in no compound, that look alike (0501 and 501, 3号 and 3号楼,
    O and 0); nothing is merged."""
    only = None if compound is None else [compound]
    found = household_reading.near_duplicates(
        unit.db, unit.actor, grid=grid, compound_ids=only, apart=apart, limit=limit
    )
    return answers.data(request, {"items": [_pair(one, unit) for one in found]})


@router.post(
    "/near-duplicates",
    operation_id="set_apart",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}, 409: {"model": schemas.ErrorOut}},
)
def set_apart(body: ApartIn, unit: Annotated[Unit, may("manage_households")]) -> Response:
    """Says that two doors that look alike are two: they are not offered again."""
    one, other = body.doors
    households.set_apart(unit.db, one, other, body.reason, unit.actor, unit.now)
    return JSONResponse({"doors": body.doors, "apart": True})


@router.delete(
    "/near-duplicates/{household_id}/{other_id}",
    operation_id="offer_again",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}, 409: {"model": schemas.ErrorOut}},
)
def offer_again(household_id: Id, other_id: Id, unit: Annotated[Unit, may("manage_households")]) -> Response:
    """Takes back that two doors are two: they are offered again."""
    households.offer_again(unit.db, household_id, other_id, unit.actor, unit.now)
    return JSONResponse({"doors": [household_id, other_id], "apart": False})


@router.get(
    "/near-duplicates/{household_id}/{other_id}",
    operation_id="compare_doors",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}},
)
def compare(
    household_id: Id, other_id: Id, request: Request, unit: Annotated[Unit, may("manage_households")]
) -> Response:
    """Two doors that look alike, with what is recorded at each; `version` is for saying that they are one."""
    zone = unit.mine.settings.zone
    both = door_merges.compare(unit.db, household_id, other_id, unit.actor, unit.now, zone)
    sides = [
        told(side.row, unit)
        | {"n_visits": side.n_visits, "n_reports": side.n_reports, "campaigns": list(side.campaigns)}
        | {"visited_at": rows.moment(side.visited_at, zone)}
        for side in both.sides
    ]
    return answers.data(request, {"doors": sides, "version": both.version})


@router.post(
    "/near-duplicates/{keep_id}/{gone_id}",
    operation_id="merge_doors",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}, 409: {"model": schemas.ErrorOut}},
)
def merge(keep_id: Id, gone_id: Id, body: MergeIn, unit: Annotated[Unit, may("manage_households")]) -> Response:
    """Says that two doors that look alike are one: the first entry stays, the second is taken off the register, and
    what is recorded at it is at the first. 409 where something happened since `version` was read."""
    zone = unit.mine.settings.zone
    done = door_merges.merge(unit.db, keep_id, gone_id, body.reason, body.version, unit.actor, unit.now, zone)
    moved = {"n_visits": done.n_visits, "n_reports": done.n_reports, "fields": list(done.fields)}
    return JSONResponse(one_told(unit, keep_id) | {"merged": {"id": gone_id} | moved})


@router.post(
    "/{household_id}/unmerge",
    operation_id="unmerge_door",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}, 409: {"model": schemas.ErrorOut}},
)
def unmerge(household_id: Id, body: UnmergeIn, unit: Annotated[Unit, may("manage_households")]) -> Response:
    """Takes back that this entry is the same door as another one: it is on the register again, with what was recorded
    at it; what was recorded since stays where it is. 409 where it cannot be undone (any more)."""
    done = door_merges.undo(unit.db, household_id, body.reason, unit.actor, unit.now, of=body.same_as_id)
    moved = {"n_visits": done.n_visits, "n_reports": done.n_reports, "fields": list(done.fields)}
    return JSONResponse(one_told(unit, household_id) | {"given_back": moved})


@router.get("/classes", operation_id="list_household_classes", responses={200: {"model": dict[str, Any]}})
def classes(request: Request, unit: Annotated[Unit, may("read_households")]) -> Response:
    """The classes that doors may have, each with its cycle of visits in days."""
    items = [
        {
            "code": one.code,
            "name": one.name_zh if unit.locale == "zh" else one.name_en,
            "cycle_days": one.cycle_days,
            "sensitive": one.sensitive,
        }
        for one in household_reading.classes(unit.db)
    ]
    return answers.data(request, {"items": items})


@router.get(
    "/{household_id}",
    operation_id="read_household",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}},
)
def one(household_id: Id, request: Request, unit: Annotated[Unit, may("read_households")]) -> Response:
    """One door with what was done to it by hand; removed ones too."""
    return answers.data(request, one_told(unit, household_id))


@router.patch(
    "/{household_id}",
    operation_id="change_household",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}, 409: {"model": schemas.ErrorOut}},
)
def change(household_id: Id, body: ChangeIn, unit: Annotated[Unit, may("manage_households")]) -> Response:
    """Changes what is sent and nothing else; the log names the fields."""
    changes = body.values(unit)
    households.change(unit.db, household_id, changes, unit.actor, unit.now, unit.mine.rule)
    return JSONResponse(one_told(unit, household_id))


@router.delete(
    "/{household_id}",
    operation_id="remove_household",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}},
)
def remove(
    household_id: Id,
    unit: Annotated[Unit, may("manage_households")],
    reason: Annotated[schemas.Words, Query(min_length=1, max_length=MOST_CHARS)],
) -> Response:
    """Takes a door off the register, with the reason; its history and its place on lists of campaigns stay."""
    households.remove(unit.db, household_id, reason, unit.actor, unit.now)
    return JSONResponse(one_told(unit, household_id))


@router.post(
    "/{household_id}/contact",
    operation_id="unmask_household",
    responses={200: {"model": dict[str, Any]}, 404: {"model": schemas.ErrorOut}},
)
def contact(household_id: Id, body: PurposeIn, unit: Annotated[Unit, may("unmask_household")]) -> Response:
    """The contact of a door, whole, for a purpose that stays in the log with who asked; its log and exclusions too."""
    found = households.unmask(unit.db, household_id, body.purpose, unit.actor, unit.now)
    return JSONResponse({"name": found.name, "phone": found.phone} | _written(unit, household_id, whole=True))


def one_told(unit: Unit, household_id: int) -> rows.Json:
    """A door with its log, its exclusions and the entries that were said to be the same door, as it is sent."""
    zone = unit.mine.settings.zone
    row = household_reading.read(unit.db, unit.actor, household_id, unit.now, zone)
    same = household_reading.entries_of(unit.db, unit.actor, household_id, unit.now, zone)
    entries = [{"id": entry.id, "label": entry.label(unit.locale)} for entry in same]
    return told(row, unit) | {"entries": entries} | _written(unit, household_id)


def _written(unit: Unit, household_id: int, *, whole: bool = False) -> rows.Json:
    """The log and the exclusions of a door."""
    zone = unit.mine.settings.zone
    log = [
        {
            "at": rows.moment(entry.at, zone),
            "action": entry.action,
            "note": entry.note,
            "fields": list(entry.fields),
            "by": entry.account,
            "role": entry.role,
            "other": entry.other_id and {"id": entry.other_id, "label": entry.other_label(unit.locale)},
        }
        for entry in household_reading.log(unit.db, unit.actor, household_id, whole=whole)
    ]
    left_out = [
        {
            "reason": one.reason,
            "claimed_at": rows.moment(one.claimed_at, zone),
            "claimed_by": one.claimed_by,
            "confirmed_at": None if one.declined else rows.moment(one.confirmed_at, zone),
            "confirmed_by": None if one.declined else one.confirmed_by,
            "document": one.document,
            "ended_at": one.ended_at and rows.moment(one.ended_at, zone),
            "ended_by": one.ended_by,
            "declined": one.declined,
        }
        for one in exclusions.of_door(unit.db, household_id, whole=whole)
    ]
    return {"log": log, "exclusions": left_out}


def told(row: Row, unit: Unit) -> rows.Json:
    """A door as it is sent."""
    zone = unit.mine.settings.zone
    zh = unit.locale == "zh"
    plain = (
        "id",
        "same_as_id",
        "kind",
        "building",
        "unit",
        "room",
        "name",
        "n_people",
        "registered_elsewhere",
        "excluded",
        "source",
    )
    named = {"code": row.class_code, "name": row.class_zh if zh else row.class_en}
    at = {name: rows.moment(getattr(row, name), zone) for name in ("registered_at", "removed_at", "reached_at")}
    return {
        **{name: getattr(row, name) for name in plain},
        "label": row.label(unit.locale),
        "compound": row.compound and {"id": row.compound_id, "name": row.compound},
        "community": row.community_code and {"code": row.community_code, "name": row.community_name},
        "grid": rows.grid(row.grid_code, row.grid_name, row.grid_layer),
        "class": named if row.class_code else None,
        "contact": {"name": row.contact_name, "phone": row.contact_phone},
        "location": {"lon": row.lon, "lat": row.lat, "source": row.position_source},
        "due_on": row.due_on and row.due_on.isoformat(),
        **at,
    }


def _pair(one: Pair, unit: Unit) -> rows.Json:
    both = zip((one.id, one.other_id), (one.key, one.other_key), one.labels(unit.locale), strict=True)
    return {
        "compound": one.compound and {"id": one.compound_id, "name": one.compound},
        "community": one.community,
        "kind": one.kind,
        "name": one.name,
        "doors": [{"id": id_, "label": label, "key": "-".join(key)} for id_, key, label in both],
        "apart": one.said_at
        and {"reason": one.reason, "at": rows.moment(one.said_at, unit.mine.settings.zone), "by": one.said_by},
    }


def _compound(unit: Unit, ref: int | str) -> int:
    found = compounds.find(unit.db, ref)
    if len(found) != 1:
        code = "door_compound_ambiguous" if found else "door_compound_unknown"
        raise Refused(code, found=str(ref)[:60])
    return found[0].id


def _community(unit: Unit, code: str) -> int:
    a = t.area.c
    area_id = unit.db.scalar(select(a.id).where(a.code == code, a.level == "community"))
    if area_id is None:
        raise Refused("door_community_unknown", found=code)
    return int(area_id)
