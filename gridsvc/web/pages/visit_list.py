"""What a manager looks through: doors said to be vacant or not eligible, visits far from the door or recorded late."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from gridsvc import exclusions, visit_reading
from gridsvc.rules import addresses
from gridsvc.web.deps import UnitDep, may
from gridsvc.web.templating import frame_of, page

router = APIRouter()

PER_PAGE = 50


@router.get("/visits", response_class=HTMLResponse, dependencies=[may("read_households")])
def show(request: Request, unit: UnitDep) -> Response:
    """The claims that wait for a second person, and the visits of the reader's area, all or the flagged ones."""
    frame = frame_of(request)
    said = dict(frame.query)
    flag = said.get("flag") if said.get("flag") in visit_reading.FLAGS else None
    after = _cursor(said.get("after", ""))
    found = visit_reading.page(unit.db, unit.actor, visit_reading.Filter(flag=flag), after=after, limit=PER_PAGE)
    more = None if found.next is None else f"{found.next[0].isoformat()}_{found.next[1]}"
    claims = exclusions.waiting(unit.db, unit.actor) if after is None else []
    facts: dict[str, Any] = {"flag": flag, "flags": visit_reading.FLAGS, "found": found, "more": more, "claims": claims}
    return page(frame, "visit_list.html", nav="campaigns", label=addresses.label, **facts)


def _cursor(text: str) -> tuple[datetime, int] | None:
    """Behind which visit the page begins; None for anything that is no such place."""
    at, _, number = text.partition("_")
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return None
    fits = when.tzinfo is not None and number.isascii() and number.isdigit() and len(number) < 18
    return (when, int(number)) if fits else None
