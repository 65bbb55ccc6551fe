"""The list of reports, one report, and the grids a reader may choose from."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from starlette.responses import Response

from gridsvc import cases, categories, dossier, listing, surroundings, terms, unplaced
from gridsvc.db.tables import REPORT_STATES
from gridsvc.errors import GridsvcError, Refused
from gridsvc.handling import NO_CONDITION
from gridsvc.reports import SOURCE
from gridsvc.rules.decisions import MAX_ASKED
from gridsvc.rules.roles import Actor
from gridsvc.settings import Settings
from gridsvc.web import answers, schemas
from gridsvc.web.api import cursors, period
from gridsvc.web.deps import ServicesDep, UnitDep, may
from gridsvc.web.pages import deeds, filters, telling
from gridsvc.web.pages.ground import place
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

PER_PAGE = 50
MOST_IN_FILE = 10_000
# Who did what nobody with an account did.
BY_ITSELF = frozenset({"escalate", "resume", "strike_off", "replace", "import"})
BY_RESIDENT = frozenset({"submit", "rate", "stop_asking"})
NOTHING_KEPT = deeds.Kept()
FILTERS = ("state", "category", "grid", "from", "to", "q", "doubtful")


@router.get("/reports", response_class=HTMLResponse, dependencies=[may("read_reports")])
def show_list(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """The reports that fit the filters of the address, newest first."""
    frame = frame_of(request)
    query = asked(request)
    errors: dict[str, str] = {}
    wanted = wanted_of(unit.db, unit.actor, frame, query, errors)
    found = listing.Page((), None)
    if not errors:
        try:
            after = cursors.read(request.query_params.get("cursor"), wanted)
        except Refused:
            after = None  # an old link: the list begins anew
        found = listing.page(unit.db, unit.actor, wanted, after=after, limit=PER_PAGE)
    return page(
        frame,
        "reports.html",
        status=422 if errors else 200,
        nav="reports",
        latest=found.items,
        next=cursors.write(found.next, wanted) if found.next else None,
        query=query,
        query_names=set(request.query_params),
        categories=categories.listed(unit.db),
        states=REPORT_STATES,
        errors=errors,
        most=MOST_IN_FILE,
    )


def asked(request: Request) -> dict[str, str]:
    """The filters as the address says them, by the names of `FILTERS`."""
    return {name: (request.query_params.get(name) or "").strip()[:200] for name in FILTERS}


def wanted_of(
    db: Connection, actor: Actor, frame: Frame, query: dict[str, str], errors: dict[str, str]
) -> listing.Filter:
    """Which reports the filters mean; what is wrong with them goes to `errors` by the id of the field."""
    first = filters.day(query["from"], "f-from", frame, errors)
    last = filters.day(query["to"], "f-to", frame, errors)
    if first and last and first > last:
        errors["f-from"] = frame.says("period_reversed", first=first.isoformat(), last=last.isoformat())
    if query["state"] and query["state"] not in REPORT_STATES:
        query["state"] = ""
    grid = None
    if query["grid"]:
        try:
            grid = unplaced.chosen(db, actor, query["grid"])
        except GridsvcError as error:
            grid = query["grid"].split()[-1]  # a grid of an earlier edition is found by its code
            if error.code == "grid_ambiguous":
                errors["f-grid"] = frame.says(error.code, **error.facts)
    return listing.Filter(
        grid=grid,
        state=query["state"] or None,
        category=query["category"] or None,
        from_at=period.begins(first, frame.zone) if first else None,
        to_at=period.ends(last, frame.zone) if last else None,
        doubtful=query["doubtful"] == "true",
        words=query["q"].replace("\x00", "") or None,
    )


@router.get("/reports/{number:path}", response_class=HTMLResponse, dependencies=[may("read_reports")])
def show_one(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    number: Annotated[schemas.Words, Path(max_length=200)],
    source: Annotated[schemas.Words, Query(max_length=200)] = SOURCE,
    repeat: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    done: Annotated[schemas.Words | None, Query(max_length=40)] = None,
) -> Response:
    """One report: what was said, how it stands, what this reader may do now, where it belongs, what happened."""
    found = dossier.load_one(unit.db, unit.actor, number, source, repeat)
    return one(frame_of(request), unit.db, mine.settings, found, done=done)


def one(
    frame: Frame,
    db: Connection,
    settings: Settings,
    found: dossier.Dossier,
    *,
    done: str | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
    kept: deeds.Kept = NOTHING_KEPT,
    seen: int | None = None,
    contact: dossier.Contact | None = None,
) -> Response:
    """The page of a report.

    Args:
        done: the action that the reader has just done.
        kept: what the reader wrote for an action that was refused.
        seen: the version that the reader had before it was refused as stale: what happened since is shown.
        contact: who reported, unmasked, for the one answer that shows it.
    """
    said = found.said
    pin = (said.lon, said.lat) if said.lon is not None and said.lat is not None else None
    folder = dossier.folder(db, frame.user, found, frame.now)
    actions = cases.actions(folder.held, frame.user, frame.now)
    log = telling.history(frame, found, folder)
    calendar = terms.load(db, **settings.agreed).general.calendar
    facts: dict[str, Any] = {
        "BY_ITSELF": BY_ITSELF,
        "BY_RESIDENT": BY_RESIDENT,
        "dossier": found,
        "folder": folder,
        "case": folder.held.case,
        "offer": deeds.offer(db, frame.user, folder, actions, frame.now, settings, kept),
        "log": log,
        "since": [one for one in log if seen is not None and one.entry.seq > seen],
        "deadline": telling.deadline(frame, folder.held.case, frame.now, calendar),
        "limit": partial(telling.limit, frame),
        "instant": telling.instant,
        "most_asked": MAX_ASKED,
        "waited": telling.waited(found.log, frame.now),
        "no_condition": NO_CONDITION,
        "nearby": telling.nearby(frame, surroundings.landmarks(db, *pin)) if pin else "",
        "place": place(db, settings, pin=pin, accuracy_m=said.accuracy_m) if pin else None,
        "done": done if done == "true" or done == found.log[-1].action else None,
        "errors": errors or {},
        "kept": kept,
        "contact": contact,
    }
    return page(frame, "report.html", status=status, nav="reports", **facts)


@router.get("/grids.json", dependencies=[may("read_reports")])
def suggest(request: Request, unit: UnitDep, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Up to twenty of the reader's grids with these words in code or name, for the fields that choose one."""
    found = unplaced.grids_like(unit.db, unit.actor, q.replace("\x00", ""))
    return answers.data(request, [{"code": one.code, "name": one.name, "area": one.area_name} for one in found])
