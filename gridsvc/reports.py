"""Reports: submitted once, placed, changed only by `apply`, never lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, func, select

from geodata import crs as geocrs
from geodata.errors import GeodataError
from gridsvc import compounds, grids, photos
from gridsvc.db import tables as t
from gridsvc.db.queries import ask
from gridsvc.duplicates import AGAIN_DAYS, DAYS, MOST, RADIUS_M, n_near
from gridsvc.errors import Conflict, Refused
from gridsvc.grids import Placement, Rule
from gridsvc.placements import current
from gridsvc.reporters import Reporter, register
from gridsvc.rules import clock
from gridsvc.rules.case import Terms, to_json
from gridsvc.rules.roles import ROLES, Actor
from gridsvc.terms import Agreed

SOURCE = "gridsvc"  # the source of reports that were submitted here, beside the names of imported ones
UNCLASSIFIED = "unclassified"
PHOTO_KIND = "reference"  # of a photo that comes with the report
AHEAD = timedelta(minutes=10)
# A report that waited while an edition was published goes by that edition: nobody would move it afterwards.
OVERTAKEN = timedelta(minutes=1)


_UNTIMED: dict[str, object] = {"stage": None, "stage_due_at": None, "facts": None}
_LIKE_IT: dict[str, object] = {"radius_m": RADIUS_M, "days": DAYS, "again_days": AGAIN_DAYS, "most": MOST}


@dataclass(frozen=True)
class Position:
    """A position as it was sent: x/lon first, in the system `crs` names (wgs84, cgcs2000, gcj02, bd09, EPSG:n)."""

    lon: float
    lat: float
    crs: str
    accuracy_m: float | None = None


@dataclass(frozen=True)
class Draft:
    """A report as its sender made it: at least one of position, compound (id or name) and words."""

    client_key: UUID
    category: str
    description: str
    channel: str
    position: Position | None = None
    compound: int | str | None = None
    words: str | None = None
    observed_at: datetime | None = None
    photos: tuple[str, ...] = ()  # SHA-256 of what was sent, in hexadecimal
    reporter: Reporter | None = None

    def fingerprint(self) -> bytes:
        """SHA-256 over every field: two drafts with one key are the same report only if this is equal."""
        said = vars(self) | {"position": vars(self.position) if self.position else None}
        del said["photos"], said["reporter"]  # where there is none, the hash is that of the time before they came
        if self.photos:
            said["photos"] = self.photos
        if self.reporter:
            said["reporter"] = vars(self.reporter)
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).digest()


@dataclass(frozen=True)
class Submitted:
    """A stored report and its current placement; `created` is False where the same draft came before.

    `n_similar`: how many open reports of its category are near (`duplicates.MOST` at most); `lonlat` in EPSG:4326.
    """

    id: int
    number: str
    state: str
    placement: Placement
    received_at: datetime
    created: bool
    n_similar: int = 0
    due_at: datetime | None = None
    category: str = UNCLASSIFIED
    lonlat: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Located:
    placement: Placement
    lonlat: tuple[float, float] | None
    compound_id: int | None
    words: str | None


def to_wgs84(position: Position) -> tuple[float, float]:
    """The position as (lon, lat) in EPSG:4326.

    Raises:
        Refused: the system is unknown, or the result is no place on earth.
    """
    try:
        lons, lats = geocrs.to_lonlat(
            np.array([position.lon]), np.array([position.lat]), geocrs.parse_crs(position.crs)
        )
    except GeodataError as error:
        raise Refused(error.code, **error.facts) from error
    lon, lat = float(lons[0]), float(lats[0])
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        swapped = -180 <= lat <= 180 and -90 <= lon <= 90
        raise Refused("lonlat_swapped" if swapped else "position_out_of_range", lon=position.lon, lat=position.lat)
    return lon, lat


def locate(db: Connection, draft: Draft, at: datetime, rule: Rule) -> _Located:
    """Where a draft belongs: by its point, or by the compound it names when the point is missing or doubtful."""
    lonlat = to_wgs84(draft.position) if draft.position else None
    accuracy_m = draft.position.accuracy_m if draft.position else None
    placed = grids.place(db, *lonlat, at, rule, accuracy_m=accuracy_m) if lonlat else None
    named = compounds.find(db, draft.compound) if draft.compound is not None else []
    if len(named) > 1 and (placed is None or placed.method == "none"):
        candidates = [{"id": c.id, "name": c.name, "area": c.area_name} for c in named]
        raise Conflict("compound_ambiguous", compound=draft.compound, candidates=candidates)
    doubtful = placed is None or placed.method != "covers" or placed.doubtful
    if len(named) == 1 and doubtful:
        found = grids.place(db, named[0].lon, named[0].lat, at, rule)
        if found.grid_version_id is not None:
            return _Located(replace(found, method="compound", distance_m=None), lonlat, named[0].id, draft.words)
    words = draft.words or (str(draft.compound) if draft.compound is not None and not named else None)
    compound_id = named[0].id if len(named) == 1 else None
    if placed is None:
        reason = "compound_outside" if named else "compound_unknown" if draft.compound is not None else "words_only"
        placed = grids.unplaced(reason)
    return _Located(placed, lonlat, compound_id, words)


def submit(
    db: Connection,
    draft: Draft,
    actor: Actor,
    now: datetime,
    rule: Rule,
    agreed: Callable[[Connection], Agreed] | None = None,
) -> Submitted:
    """The stored report: a new one, or the one that the same sender's same draft made before.

    Args:
        agreed: the terms, asked for only where verification has a limit, which begins to run then.

    Raises:
        Refused: observed too far ahead, an impossible position, nothing that says where; or, when the report itself is
            stored already and to be rolled back, as `photos.link`.
        Conflict: the key belongs to another draft or sender, or the compound's name fits several.
    """
    if draft.observed_at is not None and draft.observed_at > now + AHEAD:
        raise Refused("observed_ahead", observed_at=draft.observed_at.isoformat())
    if draft.position is None and draft.compound is None and not (draft.words or "").strip():
        raise Refused("location_missing")
    (begun,) = ask(db, "submit_begin", {"category": draft.category, "client_key": draft.client_key})
    if begun.sent is not None:
        return _same_again(db, draft, actor, now)
    overtaken = begun.published_at is not None and now < begun.published_at <= now + OVERTAKEN
    located = locate(db, draft, begun.published_at if overtaken else now, rule)
    placed, (lon, lat) = located.placement, located.lonlat or (None, None)
    row: dict[str, object] = {
        "source": SOURCE,
        "number": f"{now.astimezone(ZoneInfo(rule.zone)):%Y%m%d}-{begun.serial:06d}",
        "category": draft.category if begun.known else UNCLASSIFIED,
        "category_raw": None if begun.known else draft.category,
        "description": draft.description,
        "channel": draft.channel,
        "words": located.words,
        "compound_id": located.compound_id,
        "raw_x": draft.position.lon if draft.position else None,
        "raw_y": draft.position.lat if draft.position else None,
        "crs": draft.position.crs if draft.position else None,
        "lon": lon,
        "lat": lat,
        "accuracy_m": draft.position.accuracy_m if draft.position else None,
        "observed_at": draft.observed_at,
        "received_at": now,
        "client_key": draft.client_key,
        "body_hash": draft.fingerprint(),
        "sender_id": actor.account_id,
        "by_staff": actor.role in ROLES,
    }
    row |= _placed(placed)
    if agreed is not None and begun.timed and not row["by_staff"]:
        row |= _verifying(agreed(db).of(str(row["category"])), now)
    stored = ask(db, "submit_store", _UNTIMED | row | _LIKE_IT)
    if not stored:
        return _same_again(db, draft, actor, now)
    report_id, number, category = stored[0].id, str(row["number"]), str(row["category"])
    _beside(db, report_id, draft, actor)
    n_similar = int(stored[0].n_similar)
    return Submitted(report_id, number, "reported", placed, now, True, n_similar, None, category, located.lonlat)


def _placed(placed: Placement) -> dict[str, object]:
    """A placement as the statement that stores it wants it."""
    return {
        "grid_version_id": placed.grid_version_id,
        "method": placed.method,
        "distance_m": placed.distance_m,
        "confidence": placed.confidence,
        "runners_up": json.dumps(placed.runners_up) if placed.runners_up else None,
        "reason": placed.reason,
        "worker_id": placed.worker_id,
        "duty": placed.duty,
    }


def _verifying(terms: Terms, now: datetime) -> dict[str, object]:
    """The stage of verification, as the report and its first log row have it; nothing where it has no limit."""
    begun = clock.stage("verify", now, terms)
    if begun.changes["stage_due_at"] is None:
        return _UNTIMED
    facts: dict[str, object] = {"set": to_json(begun.changes)}
    if begun.unknown_years:
        facts["unknown_years"] = list(begun.unknown_years)
    return begun.changes | {"facts": json.dumps(facts)}


def _beside(db: Connection, report_id: int, draft: Draft, actor: Actor) -> None:
    """The rows beside a new report: its photos, and who sent it."""
    photos.link(db, report_id, 1, draft.photos, PHOTO_KIND, actor)
    if draft.reporter is not None:
        who = draft.reporter
        secret_hash = bytes.fromhex(who.secret_sha256) if who.secret_sha256 else None
        register(db, report_id, secret_hash, who.name, who.phone, who.address)


def _same_again(db: Connection, draft: Draft, actor: Actor, now: datetime) -> Submitted:
    r = t.report.c
    of_key = r.client_key == draft.client_key
    row = db.execute(
        select(
            *(r.id, r.number, r.state, r.received_at, r.body_hash, r.sender_id, r.due_at, r.category),
            *(func.ST_X(r.geom).label("lon"), func.ST_Y(r.geom).label("lat")),
        ).where(of_key)
    ).one()
    if row.body_hash != draft.fingerprint() or row.sender_id != actor.account_id:
        raise Conflict("client_key_used")
    lonlat = None if row.lon is None else (row.lon, row.lat)
    n_similar = 0 if lonlat is None else n_near(db, row.category, lonlat, now, but=row.id)
    placed = current(db, row.id)
    told = (row.received_at, False, n_similar, row.due_at, row.category, lonlat)
    return Submitted(row.id, row.number, row.state, placed, *told)
