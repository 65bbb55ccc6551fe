"""Reports: submitted once, placed, changed only by `apply`, never lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DataError, IntegrityError

from geodata import crs as geocrs
from geodata.errors import GeodataError
from gridsvc import compounds, grids, journal, photos
from gridsvc.db import tables as t
from gridsvc.db.queries import ask, ask_all, guarded
from gridsvc.duplicates import AGAIN_DAYS, DAYS, MOST, RADIUS_M, n_near
from gridsvc.errors import Conflict, GridsvcError, Refused
from gridsvc.grids import Placement, Rule
from gridsvc.placements import current
from gridsvc.reporters import Reporter, register
from gridsvc.rules import clock
from gridsvc.rules.case import Terms, to_json
from gridsvc.rules.roles import ROLES, Actor
from gridsvc.rules.visiting import happened
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
    """A report as its sender made it: at least one of position, compound (id or name) and words.

    `measured` is the device's own fix where a person moved the pin; it places nothing. `sent_at` is the device's clock
    at sending, and no part of what was said: a repeat has another. Told, it puts `observed_at` right.
    """

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
    measured: Position | None = None
    sent_at: datetime | None = None

    def fingerprint(self) -> bytes:
        """SHA-256 over every field: two drafts with one key are the same report only if this is equal."""
        said = vars(self) | {"position": vars(self.position) if self.position else None}
        # where there is none, the hash is that of the time before they came
        del said["photos"], said["reporter"], said["measured"], said["sent_at"]
        if self.photos:
            said["photos"] = self.photos
        if self.reporter:
            said["reporter"] = self.reporter.said()
        if self.measured:
            said["measured"] = vars(self.measured)
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
    version: int = 1  # the last row of its log


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
    return _settle(db, draft, lonlat, placed, at, rule)


def _settle(
    db: Connection,
    draft: Draft,
    lonlat: tuple[float, float] | None,
    placed: Placement | None,
    at: datetime,
    rule: Rule,
) -> _Located:
    """The same, where the placement by the point is known."""
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
    check(draft, now)
    (begun,) = ask(db, "submit_begin", {"category": draft.category, "client_key": draft.client_key})
    if begun.sent is not None:
        return _same_again(db, draft, actor, now)
    row = _row(draft, begun, locate(db, draft, _placed_at(begun, now), rule), actor, now, rule)
    if agreed is not None and begun.timed and not row.written["by_staff"]:
        row.written.update(_verifying(agreed(db).of(str(row.written["category"])), now))
    stored = ask(db, "submit_store", row.written)
    if not stored:
        return _same_again(db, draft, actor, now)
    _beside(db, stored[0].id, draft, actor)
    return row.submitted(stored[0])


def submit_all(
    db: Connection, drafts: Sequence[Draft], actor: Actor, now: datetime, rule: Rule
) -> list[Submitted | GridsvcError]:
    """What became of each, in order; one that is refused stops no other. For staff: no verification begins to run.

    Those that bring nothing but themselves go together, without an answer awaited in between; those with photos or a
    reporter, and all where one could not be stored, one by one.
    """
    told: dict[int, Submitted | GridsvcError] = {}
    plain = [index for index, one in enumerate(drafts) if not (one.photos or one.reporter)]
    try:
        with guarded(db):
            told = _submit_plain(db, {index: drafts[index] for index in plain}, actor, now, rule)
    except (DataError, IntegrityError):  # one does not fit a column: which of them, each has to say by itself
        told = {}
    for index, draft in enumerate(drafts):
        if index not in told:
            told[index] = _submit_alone(db, draft, actor, now, rule)
    return [told[index] for index in range(len(drafts))]


def _submit_alone(db: Connection, draft: Draft, actor: Actor, now: datetime, rule: Rule) -> Submitted | GridsvcError:
    try:
        with guarded(db):
            return submit(db, draft, actor, now, rule)
    except GridsvcError as error:
        return error
    except (DataError, IntegrityError):
        return Refused("value_unfit")


def _submit_plain(
    db: Connection, drafts: Mapping[int, Draft], actor: Actor, now: datetime, rule: Rule
) -> dict[int, Submitted | GridsvcError]:
    told: dict[int, Submitted | GridsvcError] = {}
    good: list[int] = []
    for index, draft in drafts.items():
        try:
            check(draft, now)
            good.append(index)
        except GridsvcError as error:
            told[index] = error
    asked = [{"category": drafts[index].category, "client_key": drafts[index].client_key} for index in good]
    begun = dict(zip(good, (rows[0] for rows in ask_all(db, "submit_begin", asked)), strict=True))
    new = [index for index in good if begun[index].sent is None]
    rows: dict[int, _Row] = {}
    for index, located in _locate_all(db, {index: drafts[index] for index in new}, begun, now, rule).items():
        if isinstance(located, GridsvcError):
            told[index] = located
        else:
            rows[index] = _row(drafts[index], begun[index], located, actor, now, rule)
    for index, stored in zip(rows, ask_all(db, "submit_store", [one.written for one in rows.values()]), strict=True):
        if stored:
            told[index] = rows[index].submitted(stored[0])
    for index in good:
        if index not in told:  # it was there before, or comes twice
            try:
                told[index] = _same_again(db, drafts[index], actor, now)
            except GridsvcError as error:
                told[index] = error
    return told


def _locate_all(
    db: Connection, drafts: Mapping[int, Draft], begun: Mapping[int, Any], now: datetime, rule: Rule
) -> dict[int, _Located | GridsvcError]:
    """Where each of them belongs."""
    lonlats: dict[int, tuple[float, float]] = {}
    told: dict[int, _Located | GridsvcError] = {}
    for index, draft in drafts.items():
        try:
            if draft.position is not None:
                lonlats[index] = to_wgs84(draft.position)
        except Refused as error:
            told[index] = error
    points: list[grids.Point] = []
    for index, lonlat in lonlats.items():
        said = drafts[index].position
        points.append(grids.Point(*lonlat, _placed_at(begun[index], now), said.accuracy_m if said else None))
    placed = dict(zip(lonlats, grids.place_many(db, points, rule), strict=True))
    for index, draft in drafts.items():
        if index not in told:
            at = _placed_at(begun[index], now)
            try:
                told[index] = _settle(db, draft, lonlats.get(index), placed.get(index), at, rule)
            except GridsvcError as error:
                told[index] = error
    return told


def uid(client_key: UUID | None) -> str | None:
    """What tells a report from every other, whatever number it got; None where its source names it, in an import.

    A number alone may be given again: what came after a backup is gone when it is restored. Nobody can guess the key
    from it.

    >>> uid(UUID(int=1)), uid(None)
    ('7c3ccd10bb7ec37b', None)
    """
    return None if client_key is None else hashlib.sha256(client_key.bytes).hexdigest()[:16]


def is_stored(db: Connection, client_key: UUID) -> bool:
    """Whether a report with this key is stored: what comes with it again makes no other one."""
    return bool(db.scalar(select(select(t.report.c.id).where(t.report.c.client_key == client_key).exists())))


def compound_of(db: Connection, report_id: int) -> int | None:
    """The id of the compound that a report names, where it names one that is known."""
    return db.scalar(select(t.report.c.compound_id).where(t.report.c.id == report_id))


def check(draft: Draft, now: datetime) -> None:
    """Returns where a draft can be, as far as it tells by itself.

    Raises:
        Refused: observed too far ahead, an impossible time or fix, nothing that says where.
    """
    if draft.observed_at is not None and draft.sent_at is None and draft.observed_at > now + AHEAD:
        raise Refused("observed_ahead", observed_at=draft.observed_at.isoformat())
    if draft.measured is not None:
        to_wgs84(draft.measured)
    if draft.position is None and draft.compound is None and not (draft.words or "").strip():
        raise Refused("location_missing")


def _placed_at(begun: Any, now: datetime) -> datetime:
    """The instant whose editions place a report."""
    overtaken = begun.published_at is not None and now < begun.published_at <= now + OVERTAKEN
    return begun.published_at if overtaken else now


@dataclass(frozen=True)
class _Row:
    """A report on its way: what the statement that stores it takes, and where it was placed."""

    written: dict[str, object]
    located: _Located
    received_at: datetime

    def submitted(self, stored: Any) -> Submitted:
        """The report as it was stored."""
        number, category = str(self.written["number"]), str(self.written["category"])
        placed, n_similar = self.located.placement, int(stored.n_similar)
        told = (None, category, self.located.lonlat)
        return Submitted(stored.id, number, "reported", placed, self.received_at, True, n_similar, *told)


def _row(draft: Draft, begun: Any, located: _Located, actor: Actor, now: datetime, rule: Rule) -> _Row:
    lon, lat = located.lonlat or (None, None)
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
        "received_at": now,
        "client_key": draft.client_key,
        "body_hash": draft.fingerprint(),
        "sender_id": actor.account_id,
        "by_staff": actor.role in ROLES,
    }
    row |= _placed(located.placement) | _observed(draft, now) | _measured(draft.measured)
    if actor.known:
        row["facts"] = json.dumps(journal.acted(actor))
    return _Row(_UNTIMED | _LIKE_IT | row, located, now)


def _observed(draft: Draft, now: datetime) -> dict[str, object]:
    """When it was seen by our clock, and by the device's where that was wrong."""
    if draft.observed_at is None or draft.sent_at is None:
        return {"observed_at": draft.observed_at, "phone_at": None}
    when = happened(draft.observed_at, draft.sent_at, now)
    return {"observed_at": when.at, "phone_at": when.phone_at}


def _measured(fix: Position | None) -> dict[str, object]:
    """The device's own fix, as it was sent and in EPSG:4326."""
    lon, lat = to_wgs84(fix) if fix else (None, None)
    return {
        "measured_x": fix.lon if fix else None,
        "measured_y": fix.lat if fix else None,
        "measured_crs": fix.crs if fix else None,
        "measured_lon": lon,
        "measured_lat": lat,
        "measured_accuracy_m": fix.accuracy_m if fix else None,
    }


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
        concerned = (who.for_name, who.for_phone)
        register(db, report_id, secret_hash, who.name, who.phone, who.address, concerned=concerned, tell=who.tell)


def _same_again(db: Connection, draft: Draft, actor: Actor, now: datetime) -> Submitted:
    r, log = t.report.c, t.report_log.c
    of_key = r.client_key == draft.client_key
    row = db.execute(
        select(
            *(r.id, r.number, r.state, r.received_at, r.body_hash, r.sender_id, r.due_at, r.category),
            *(func.ST_X(r.geom).label("lon"), func.ST_Y(r.geom).label("lat")),
            select(func.max(log.seq)).where(log.report_id == r.id).scalar_subquery().label("seq"),
        ).where(of_key)
    ).one()
    if row.body_hash != draft.fingerprint() or row.sender_id != actor.account_id:
        raise Conflict("client_key_used")
    lonlat = None if row.lon is None else (row.lon, row.lat)
    n_similar = 0 if lonlat is None else n_near(db, row.category, lonlat, now, but=row.id)
    placed = current(db, row.id)
    told = (row.received_at, False, n_similar, row.due_at, row.category, lonlat, row.seq)
    return Submitted(row.id, row.number, row.state, placed, *told)
