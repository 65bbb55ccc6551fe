"""The register of doors as pages: the list, one door's file with its history, registering, changing, removing."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import areas, compounds, door_merges, exclusions, household_reading, households, reports, visit_reading
from gridsvc.db import tables as t
from gridsvc.errors import Conflict, Forbidden, GridsvcError, NotFound, Refused
from gridsvc.rules.roles import require
from gridsvc.web.deps import RuleDep, Unit, UnitDep, may
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

PER_PAGE = 100
NAMES = 1000  # more compounds than this are typed, not chosen
SYSTEMS = ("wgs84", "cgcs2000", "gcj02", "bd09")  # in which a position may be typed
Id = Annotated[int, Path(ge=1, le=2**62)]
Text = Annotated[str, Field(max_length=400)]


@router.get("/households", response_class=HTMLResponse, dependencies=[may("read_households")])
def listed(request: Request, unit: UnitDep) -> Response:
    """The doors that this reader sees, as the address filters them."""
    frame = frame_of(request)
    asked = {name: (request.query_params.get(name) or "").replace("\x00", "").strip()[:100] for name in _FILTERS}
    known = [one for one in household_reading.classes(unit.db) if not one.sensitive]
    wanted = household_reading.Filter(
        grid=asked["grid"].split()[-1] if asked["grid"] else None,
        q=asked["q"],
        kind=asked["kind"] if asked["kind"] in t.DOOR_KINDS else None,
        class_code=asked["class"] if asked["class"] in {one.code for one in known} else None,
        due_by=frame.now.astimezone(frame.zone).date() if asked["due"] else None,
    )
    after = int(asked["after"]) if asked["after"].isascii() and asked["after"].isdigit() else 0
    found = household_reading.find(
        unit.db, unit.actor, wanted, unit.now, frame.zone, after=min(after, 2**62), limit=PER_PAGE
    )
    facts: dict[str, Any] = {"asked": asked, "found": found, "classes": known, "kinds": t.DOOR_KINDS}
    facts["filtered"] = any(asked[name] for name in _FILTERS if name != "after")
    return page(frame, "households.html", nav="campaigns", today=_today(frame), **facts)


_FILTERS = ("q", "grid", "kind", "class", "due", "after")


def _today(frame: Frame) -> Any:
    return frame.now.astimezone(frame.zone).date()


class Sent(BaseModel):
    """What the form of a door sends, as it was typed."""

    compound: Text = ""
    building: Text = ""
    unit: Text = ""
    room: Text = ""
    kind: Text = "household"
    name: Text = ""
    class_code: Text = ""
    n_people: Text = ""
    registered_elsewhere: bool = False
    contact_name: Text = ""
    contact_phone: Text = ""
    community: Text = ""
    lon: Text = ""
    lat: Text = ""
    crs: Text = SYSTEMS[0]


@router.get("/households/new", response_class=HTMLResponse, dependencies=[may("manage_households")])
def blank(request: Request, unit: UnitDep) -> Response:
    """The form of a new door."""
    return _form(frame_of(request), unit, Sent(), {}, None)


@router.post("/households/new", response_class=HTMLResponse, dependencies=[may("manage_households")])
def add(request: Request, unit: UnitDep, rule: RuleDep, form: Annotated[Sent, Form()]) -> Response:
    """To the new door's file; or the form with what is wrong."""
    frame = frame_of(request)
    errors: dict[str, str] = {}
    values = _values(frame, unit, form, errors)
    if not errors:
        try:
            with unit.db.begin_nested():
                made = households.add(unit.db, households.Door(**values), unit.actor, unit.now, rule)
        except GridsvcError as error:
            return _form(frame, unit, form, _told(frame, error), None, _status(error))
        return RedirectResponse(f"/households/{made}?done=saved", 303)
    return _form(frame, unit, form, errors, None, 422)


@router.get("/households/{household_id}", response_class=HTMLResponse, dependencies=[may("read_households")])
def show(request: Request, unit: UnitDep, household_id: Id) -> Response:
    """One door's file: what is known of it, whether it counts, and every visit."""
    return _file(frame_of(request), unit, household_id, {})


@router.get("/households/{household_id}/change", response_class=HTMLResponse, dependencies=[may("manage_households")])
def changing(request: Request, unit: UnitDep, household_id: Id) -> Response:
    """The form of a door that is there. Its contact is not shown: what is left empty stays."""
    frame = frame_of(request)
    door = household_reading.read(unit.db, unit.actor, household_id, unit.now, frame.zone)
    return _form(frame, unit, _typed(door), {}, door)


def _typed(door: household_reading.Row) -> Sent:
    own = door.position_source == "door"
    return Sent(
        compound=door.compound or "",
        building="" if door.building == "无" else door.building,
        unit="" if door.unit == "无" else door.unit,
        room="" if door.room == "无" else door.room,
        kind=door.kind,
        name=door.name or "",
        class_code=door.class_code or "",
        n_people="" if door.n_people is None else str(door.n_people),
        registered_elsewhere=door.registered_elsewhere,
        community=f"{door.community_name} {door.community_code}" if door.community_code else "",
        lon=f"{door.lon:.7f}" if own else "",
        lat=f"{door.lat:.7f}" if own else "",
    )


@router.post("/households/{household_id}/change", response_class=HTMLResponse, dependencies=[may("manage_households")])
def change(request: Request, unit: UnitDep, rule: RuleDep, household_id: Id, form: Annotated[Sent, Form()]) -> Response:
    """To the file; or the form with what is wrong."""
    frame = frame_of(request)
    door = household_reading.read(unit.db, unit.actor, household_id, unit.now, frame.zone)
    errors: dict[str, str] = {}
    values = _values(frame, unit, form, errors)
    if form.class_code in ("", door.class_code):  # not chosen anew; a reader may see another than the door has
        del values["class_code"]
    if form.compound.strip() == (door.compound or ""):
        values["compound_id"] = door.compound_id
    had = _typed(door)
    typed = form.lon.strip() or form.lat.strip()  # without them the system of coordinates says nothing
    if (form.lon, form.lat) == (had.lon, had.lat) and (form.crs == had.crs or not typed):
        # untouched: its centimetres would be rounded away
        del values["lon"], values["lat"]
    if form.community == had.community:
        del values["community_id"]
    values = {name: value for name, value in values.items() if value or not name.startswith("contact_")}
    if not errors:
        try:
            with unit.db.begin_nested():
                households.change(unit.db, household_id, values, unit.actor, unit.now, rule)
        except GridsvcError as error:
            return _form(frame, unit, form, _told(frame, error), door, _status(error))
        return RedirectResponse(f"/households/{household_id}?done=saved", 303)
    return _form(frame, unit, form, errors, door, 422)


class Said(BaseModel):
    """What the small forms of a door's file send."""

    act: Annotated[str, Field(max_length=20)]
    words: Text = ""
    reason: Annotated[str, Field(max_length=20)] = ""
    # the entries that went and that stayed, where a merge is undone
    gone: Annotated[int, Field(ge=0, le=2**62)] = 0
    kept: Annotated[int, Field(ge=0, le=2**62)] = 0


@router.post("/households/{household_id}", response_class=HTMLResponse, dependencies=[may("read_households")])
def act(request: Request, unit: UnitDep, household_id: Id, form: Annotated[Said, Form()]) -> Response:
    """Shows the contact, removes the door, undoes a merge, confirms or ends that it is left out; then its file."""
    frame, words = frame_of(request), form.words.strip()
    contact = None
    try:
        with unit.db.begin_nested():
            if form.act == "unmask":
                require(unit.actor, "unmask_household")
                contact = households.unmask(unit.db, household_id, words, unit.actor, unit.now)
            elif form.act == "remove":
                require(unit.actor, "manage_households")
                households.remove(unit.db, household_id, words, unit.actor, unit.now)
            elif form.act == "undo":
                require(unit.actor, "manage_households")
                door_merges.undo(unit.db, form.gone, words, unit.actor, unit.now, of=form.kept)
            elif form.act == "confirm":
                require(unit.actor, "confirm_exclusion")
                exclusions.confirm(unit.db, household_id, form.reason, unit.actor, unit.now, document=words or None)
            elif form.act == "decline":
                require(unit.actor, "confirm_exclusion")
                exclusions.decline(unit.db, household_id, unit.actor, unit.now)
            elif form.act == "end":
                require(unit.actor, "confirm_exclusion")
                exclusions.end(unit.db, household_id, unit.actor, unit.now)
            else:
                raise Refused("action_unknown", action=form.act)
    except GridsvcError as error:
        field = f"f-undo-{form.gone}" if form.act == "undo" else f"f-{form.act}"
        wrong = {field: frame.says(error.code, **error.facts)}
        return _file(frame, unit, household_id, wrong, status=_status(error))
    if contact is not None:
        return _file(frame, unit, household_id, {}, contact=contact)
    return RedirectResponse(f"/households/{household_id}?done={form.act}", 303)


def _file(
    frame: Frame,
    unit: Unit,
    household_id: int,
    errors: dict[str, str],
    *,
    contact: households.Contact | None = None,
    status: int = 200,
) -> Response:
    door = household_reading.read(unit.db, unit.actor, household_id, unit.now, frame.zone)
    facts: dict[str, Any] = {"door": door, "errors": errors, "contact": contact, "today": _today(frame)}
    facts["visits"] = visit_reading.of_door(unit.db, household_id, unit.actor)
    facts["log"] = household_reading.log(unit.db, unit.actor, household_id, whole=contact is not None)
    facts["entries"] = household_reading.entries_of(unit.db, unit.actor, household_id, unit.now, frame.zone)
    facts["stays"] = _stays(frame, unit, door)
    facts["undoable"] = _undoable(door, facts["entries"], facts["log"])
    waiting = exclusions.waiting(unit.db, unit.actor, household_id=household_id)
    facts["claim"] = waiting[0] if waiting else None
    facts["exclusions"] = exclusions.of_door(unit.db, household_id, whole=contact is not None)
    facts["done"] = (dict(frame.query).get("done") or "")[:20] if not errors and contact is None else ""
    return page(frame, "household.html", status=status, nav="campaigns", **facts)


def _undoable(
    door: household_reading.Row, entries: list[household_reading.Row], log: list[household_reading.Entry]
) -> dict[int, int]:
    """The entry that went, by the place in the log of each merge that still holds: the latest that tells of it."""
    told: dict[str, dict[int | None, int]] = {"kept": {entry.id: entry.id for entry in entries}}
    told["merged"] = {door.same_as_id: door.id} if door.same_as_id is not None else {}
    found: dict[int, int] = {}
    for place in reversed(range(len(log))):
        gone = told.get(log[place].action, {}).get(log[place].other_id)
        if gone is not None:
            found = {at: id_ for at, id_ in found.items() if id_ != gone} | {place: gone}
    return found


def _stays(frame: Frame, unit: Unit, door: household_reading.Row) -> household_reading.Row | None:
    """The entry that stays of the same door, where this reader sees it."""
    if door.same_as_id is None:
        return None
    try:
        return household_reading.read(unit.db, unit.actor, door.same_as_id, unit.now, frame.zone)
    except NotFound:
        return None


def _form(
    frame: Frame,
    unit: Unit,
    form: Sent,
    errors: dict[str, str],
    door: household_reading.Row | None,
    status: int = 200,
) -> Response:
    facts: dict[str, Any] = {"form": form, "errors": errors, "door": door, "kinds": t.DOOR_KINDS}
    facts["classes"] = household_reading.classes(unit.db)
    facts["compounds"] = compounds.named(unit.db, NAMES)
    facts |= {"communities": areas.communities(unit.db), "systems": SYSTEMS}
    return page(frame, "household_form.html", status=status, nav="campaigns", **facts)


def _values(frame: Frame, unit: Unit, form: Sent, errors: dict[str, str]) -> dict[str, Any]:
    people = form.n_people.strip()
    if people and not (people.isascii() and people.isdigit() and len(people) < 4):
        errors["f-n_people"] = frame.words("pages.campaigns.number_wrong", found=people[:20])
    compound_id = None
    if form.compound.strip():
        found = compounds.find(unit.db, form.compound.strip())
        if len(found) == 1:
            compound_id = found[0].id
        else:
            key = "compound_ambiguous" if found else "compound_not_found"
            errors["f-compound"] = frame.words(f"pages.households.{key}", found=form.compound[:60])
    lon, lat = _position(frame, form, errors) or (None, None)
    return {
        "compound_id": compound_id,
        "community_id": _community(frame, unit, form, errors),
        "lon": lon,
        "lat": lat,
        **{name: getattr(form, name).strip() or None for name in ("building", "unit", "room")},
        "kind": form.kind if form.kind in t.DOOR_KINDS else "household",
        **{
            name: getattr(form, name).strip() or None
            for name in ("name", "class_code", "contact_name", "contact_phone")
        },
        "n_people": int(people) if people and "f-n_people" not in errors else None,
        "registered_elsewhere": form.registered_elsewhere,
    }


def _position(frame: Frame, form: Sent, errors: dict[str, str]) -> tuple[float, float] | None:
    """The typed position in EPSG:4326; None where there is none, or a wrong one: then `errors` has it."""
    typed = {name: getattr(form, name).strip() for name in ("lon", "lat")}
    if not any(typed.values()):
        return None
    numbers = {}
    for name, words in typed.items():
        try:
            numbers[name] = float(words)
        except ValueError:
            numbers[name] = math.nan
        if not math.isfinite(numbers[name]):
            errors[f"f-{name}"] = frame.words("pages.campaigns.number_wrong", found=words[:20])
    if not all(math.isfinite(number) for number in numbers.values()):
        return None
    try:
        return reports.to_wgs84(reports.Position(numbers["lon"], numbers["lat"], form.crs))
    except Refused as error:
        errors["f-lon"] = frame.says(error.code, **error.facts)
    return None


def _community(frame: Frame, unit: Unit, form: Sent, errors: dict[str, str]) -> int | None:
    """The community whose code stands last in the field, as its choices have it."""
    words = form.community.split()
    if not words:
        return None
    for one in areas.communities(unit.db):
        if one.code == words[-1]:
            return one.id
    errors["f-community"] = frame.says("door_community_unknown", found=form.community[:60])
    return None


def _status(error: GridsvcError) -> int:
    return 409 if isinstance(error, Conflict) else 403 if isinstance(error, Forbidden) else 422


def _told(frame: Frame, error: GridsvcError) -> dict[str, str]:
    """A refusal at the field that it is about."""
    at = {"door_room_is_floor": "f-room", "class_off": "f-class_code", "class_unknown": "f-class_code"}
    at |= {"door_place_missing": "f-lon"}
    return {at.get(error.code, "f-building"): frame.says(error.code, **error.facts)}
