"""What the address of a campaign's board asks for: the parameters of `/stats/coverage`, a field for each dimension."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError
from sqlalchemy import Connection

from gridsvc import coverage, household_reading
from gridsvc.campaigns import Campaign
from gridsvc.coverage import Query
from gridsvc.db import tables as t
from gridsvc.household_reading import Class
from gridsvc.web import schemas
from gridsvc.web.api import period
from gridsvc.web.pages.filters import day
from gridsvc.web.templating import Frame

COARSE: tuple[coverage.Dim, ...] = ("community",)  # where nothing else is said


def read(asked: dict[str, str], held: Campaign, frame: Frame, errors: dict[str, str]) -> Query:
    """The query; what is no day, time or number counts as not said, and `errors` has why, by the id of its field."""
    edition = asked.get("edition", "")
    is_number = edition.isascii() and edition.isdigit() and 0 < len(edition) <= 18
    if edition and not is_number:
        errors["f-by"] = frame.says("edition_unknown", edition=edition[:20])
    kind = asked.get("kind", "")
    return Query(
        by=_by(asked),
        campaign=held.code,
        from_on=day(asked.get("from", "")[:20], "f-from", frame, errors),
        to_on=day(asked.get("to", "")[:20], "f-to", frame, errors),
        class_code=asked.get("class", "").replace("\x00", "")[:100] or None,
        kind=kind if kind in t.DOOR_KINDS else None,
        edition=int(edition) if is_number else None,
        as_of=_moment(asked.get("as_of", "")[:40], frame, errors),
    )


def parameters(query: Query, zone: ZoneInfo) -> dict[str, str]:
    """The query as the address of `/stats/coverage` has it."""
    return {"by": ",".join(query.by), "campaign": query.campaign or ""} | _narrowing(query, zone)


def page(query: Query, zone: ZoneInfo) -> dict[str, str]:
    """The query as the address of a board has it."""
    return dict(zip(("by", "by2"), query.by, strict=False)) | _narrowing(query, zone)


def fields(query: Query, zone: ZoneInfo) -> dict[str, str]:
    """The query as the fields of the board have it, each there; the as-of time as a clock on the wall shows it."""
    said = dict.fromkeys(("from", "to", "class", "kind", "edition", "as_of"), "") | _narrowing(query, zone)
    if query.as_of is not None:
        said["as_of"] = query.as_of.astimezone(zone).replace(tzinfo=None).isoformat()
    return said


def classes(db: Connection, held: Campaign) -> list[Class]:
    """The classes that a campaign's doors may be told by."""
    wanted = held.wanted.class_codes
    return [
        one for one in household_reading.classes(db) if not one.sensitive and (wanted is None or one.code in wanted)
    ]


def _by(asked: dict[str, str]) -> tuple[coverage.Dim, ...]:
    """The dimensions that the address asks for; what does not fit counts as not said."""
    said = [asked.get("by", ""), asked.get("by2", "")]
    by = list(dict.fromkeys(one for name in said for one in coverage.DIMS if one == name))
    if set(coverage.TIMES) <= set(by):
        by = by[:1]
    return tuple(by) or COARSE


def _moment(said: str, frame: Frame, errors: dict[str, str]) -> datetime | None:
    if not said:
        return None
    try:
        return period.instant(schemas.moment(said), frame.zone)
    except PydanticCustomError:
        errors["f-as_of"] = frame.words("pages.campaign.moment_wrong", found=said)
        return None


def _narrowing(query: Query, zone: ZoneInfo) -> dict[str, str]:
    said = {
        "from": query.from_on and query.from_on.isoformat(),
        "to": query.to_on and query.to_on.isoformat(),
        "class": query.class_code,
        "kind": query.kind,
        "edition": query.edition and str(query.edition),
        "as_of": query.as_of and query.as_of.astimezone(zone).isoformat(),
    }
    return {name: value for name, value in said.items() if value}
