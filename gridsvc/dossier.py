"""All that is known about one report: what was said, where it belonged one after the other, what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from geodata.geometry import distance_m
from gridsvc import cases, categories, duplicates, joins, photos, voices
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import NotFound
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.reports import SOURCE
from gridsvc.rules import masking
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

LINKED_FROM = TABLE["link"].starts  # the states in which it is of use to know of similar ones
_CONDITION = t.category_condition


@dataclass(frozen=True)
class Stay:
    """One placement of a report, from `from_at` until `to_at` (None: the current one).

    `retired`: the grid version is in no current edition any more. `runners_up` are (code, share).
    """

    seq: int
    from_at: datetime
    to_at: datetime | None
    code: str | None
    name: str | None
    layer: str | None
    retired: bool
    area_name: str | None
    method: str
    distance_m: float | None
    reason: str | None
    confidence: float | None
    runners_up: list[tuple[str, float]] | None
    worker_name: str | None
    duty: str | None

    @property
    def doubtful(self) -> bool:
        """Whether a person should look at it before anybody walks there."""
        return self.confidence is not None and self.confidence < DOUBTFUL_BELOW


@dataclass(frozen=True)
class Entry:
    """One row of the log; `actor_name` is None for a resident, an import, or the service itself."""

    seq: int
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    note: str | None
    facts: dict[str, Any] | None
    actor_id: int | None
    actor_name: str | None
    actor_role: str | None


@dataclass(frozen=True)
class Said:
    """What a report says; `lon`, `lat` are EPSG:4326 degrees, `raw_x`, `raw_y` what was sent in the system `crs`.

    `hides`: numbers by which somebody could be found are left out of `description`, `words` or a note in the log.
    """

    id: int
    source: str
    number: str
    repeat: int
    source_row: int | None
    state: str
    category: str
    name_zh: str
    name_en: str
    category_raw: str | None
    description: str
    channel: str
    words: str | None
    compound: str | None
    raw_x: float | None
    raw_y: float | None
    crs: str | None
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    observed_at: datetime | None
    phone_at: datetime | None
    measured_x: float | None
    measured_y: float | None
    measured_crs: str | None
    measured_lon: float | None
    measured_lat: float | None
    measured_accuracy_m: float | None
    received_at: datetime
    day_only: bool
    closed_at: datetime | None
    due_at: datetime | None
    sender_name: str | None
    hides: bool = False

    @property
    def moved_m(self) -> float | None:
        """How far the pin lies from the device's own fix."""
        if self.lon is None or self.lat is None or self.measured_lon is None or self.measured_lat is None:
            return None
        return distance_m(self.lon, self.lat, self.measured_lon, self.measured_lat)


@dataclass(frozen=True)
class Dossier:
    """A report with its placements (the current one first) and its log (in order).

    `whole`: with all numbers in its words, for the one answer that shows them.
    """

    said: Said
    stays: tuple[Stay, ...]
    log: tuple[Entry, ...]
    whole: bool = False

    @property
    def now(self) -> Stay:
        """The placement that decides duty."""
        return self.stays[0]

    @property
    def seq(self) -> int:
        """The last row of the log, which whoever changes the report must have seen."""
        return self.log[-1].seq


@dataclass(frozen=True)
class Call:
    """A department that a whistle called: when it came (None: not yet), and the score it got (1-5)."""

    department_id: int
    code: str
    name: str
    called_at: datetime
    arrived_at: datetime | None
    score: int | None


@dataclass(frozen=True)
class Contact:
    """What is known of the person who reported; `linked`: holds the secret link, so reads what is public, and rates.

    `for_name`, `for_phone` are those of somebody else for whom it was reported; `tell` says who of the two is told
    (reporter, concerned, both). Of those who have the same problem there are `n_joined`, and `joined` are the
    phones that they left.
    """

    name: str | None = None
    phone: str | None = None
    address: str | None = None
    linked: bool = False
    for_name: str | None = None
    for_phone: str | None = None
    tell: str | None = None
    joined: tuple[str, ...] = ()
    n_joined: int = 0

    @property
    def said(self) -> bool:
        """Whether there is anything to mask."""
        return any((self.name, self.phone, self.address, self.for_name, self.for_phone, self.joined))


@dataclass(frozen=True)
class Other:
    """Another report that belongs to this one: `how` is parent, child or again (the same place within a year).

    `photos` of a parent or child: they show the same thing.
    """

    how: str
    id: int
    source: str
    number: str
    repeat: int
    state: str
    received_at: datetime
    description: str
    photos: tuple[photos.Shown, ...] = ()


@dataclass(frozen=True)
class Folder:
    """What staff work with beside the dossier: the case, its condition, people and photos, and related reports.

    `departments` and `categories` (Chinese and English name) hold the names of all that case and log mention, by id and
    by code. `own_extension`, and the departments in `own_arrivals`: what this reader's account asked for or registered,
    in whichever role. `redactions`: what was blacked out, newest first, each with the place of its photo, from 1.
    `contact` is masked; `hides`: it, or what was said, leaves something out. `similar` are near open ones of the
    category, for those who may link.
    """

    held: cases.Held
    condition: categories.Condition | None
    departments: dict[int, str]
    categories: dict[str, tuple[str, str]]
    calls: tuple[Call, ...]
    own_extension: bool
    own_arrivals: frozenset[int]
    contact: Contact | None
    hides: bool
    redactions: tuple[tuple[int, photos.Redaction], ...]
    photos: tuple[photos.Shown, ...]
    voices: tuple[voices.Voice, ...]
    others: tuple[Other, ...]
    similar: tuple[duplicates.Similar, ...]

    def department(self, department_id: int | None) -> str | None:
        """The name of a department that case or log mention."""
        return None if department_id is None else self.departments.get(department_id, str(department_id))

    def related(self, how: str) -> tuple[Other, ...]:
        """The other reports of one kind."""
        return tuple(one for one in self.others if one.how == how)


def load_one(db: Connection, actor: Actor, number: str, source: str = SOURCE, repeat: int = 0) -> Dossier:
    """The report with this number, for a reader who sees its grid; one on no grid is seen by those who place.

    Numbers by which somebody could be found are hidden in its text, its place in words and the notes of its log,
    whoever wrote them: a resident's reply, what an import replaced, a note of the staff.

    Raises:
        NotFound: there is none for this reader.
    """
    which = {"source": source, "number": number, "repeat": repeat, "sees_unplaced": may(actor, "place")}
    row = db.execute(load("dossier_report"), scope(actor) | which).mappings().one_or_none()
    if row is None:
        raise NotFound("report_unknown", number=number)
    placements = db.execute(load("dossier_placements"), {"report_id": row["id"]}).mappings()
    stays = tuple(Stay(**stay) for stay in placements)
    said, whole = masking.said(row), _log(db, row["id"])
    log = tuple(_masked_entry(entry) for entry in whole)
    hidden = log != whole or any(said[name] != row[name] for name in masking.SAID)
    return Dossier(Said(**said, hides=hidden), stays, log)


def _log(db: Connection, report_id: int) -> tuple[Entry, ...]:
    return tuple(Entry(**row) for row in db.execute(load("dossier_log"), {"report_id": report_id}).mappings())


def _masked_entry(entry: Entry) -> Entry:
    return replace(entry, note=masking.numbers(entry.note))


def unmasked(db: Connection, found: Dossier) -> Dossier:
    """The report with all that was said, notes too: only for a reader whose purpose stands in the log."""
    report_id = found.said.id
    said = replace(found.said, **_spoken(db, report_id), hides=False)
    return replace(found, said=said, log=_log(db, report_id), whole=True)


def hides(db: Connection, report_id: int) -> bool:
    """Whether something of a report is hidden from readers: of who reported, of what was said, in a note or reason."""
    raw = contact(db, report_id)
    if raw is not None and raw.said:
        return True
    spoken = _spoken(db, report_id)
    if masking.said(spoken) != spoken or any(one != _masked_entry(one) for one in _log(db, report_id)):
        return True
    return any(one.hides for _, one in _redactions(db, photos.of_report(db, report_id)))


def _spoken(db: Connection, report_id: int) -> dict[str, Any]:
    columns = [t.report.c[name] for name in masking.SAID]
    return dict(db.execute(select(*columns).where(t.report.c.id == report_id)).mappings().one())


def folder(db: Connection, actor: Actor, found: Dossier, now: datetime) -> Folder:
    """What staff work with, for a reader whom `load_one` let in."""
    said = found.said
    held = cases.read(db, said.id)
    case, condition = held.case, None
    if case.condition_id is not None:
        code = db.scalar(select(_CONDITION.c.code).where(_CONDITION.c.id == case.condition_id))
        condition = categories.limits(db, str(code), case.condition_id)[0]
    similar: tuple[duplicates.Similar, ...] = ()
    if may(actor, "link") and said.lon is not None and said.lat is not None and found.log[-1].to_state in LINKED_FROM:
        similar = duplicates.near(db, actor, said.category, (said.lon, said.lat), now, but=said.id)
    raw = contact(db, said.id)
    calls = _calls(db, said.id)
    shown = photos.of_report(db, said.id)
    redactions = _redactions(db, shown, whole=found.whole)
    return Folder(
        held=held,
        condition=condition,
        departments=_departments(db, found, held, calls),
        categories=_categories(db, found),
        calls=calls,
        own_extension=actor.account_id in _last_by(found.log, "ask_extension", apart=False).values(),
        own_arrivals=frozenset(
            office for office, who in _last_by(found.log, "whistle_arrive").items() if who == actor.account_id
        ),
        contact=raw and _masked(raw),
        hides=said.hides or (raw is not None and raw.said) or any(one.hides for _, one in redactions),
        redactions=redactions,
        photos=shown,
        voices=voices.of_report(db, said.id),
        others=_others(db, actor, said.id),
        similar=similar,
    )


def redactions(db: Connection, found: Dossier) -> tuple[tuple[int, photos.Redaction], ...]:
    """What was blacked out in the photos of a report, newest first, each with the place of its photo, from 1."""
    return _redactions(db, photos.of_report(db, found.said.id), whole=found.whole)


def _redactions(
    db: Connection, shown: Sequence[photos.Shown], *, whole: bool = False
) -> tuple[tuple[int, photos.Redaction], ...]:
    """The same of these photos; a photo that comes twice has its first place."""
    places = {bytes.fromhex(one.sha256): n for n, one in reversed(list(enumerate(shown, 1))) if one.redacted}
    told = photos.histories(db, places, whole=whole)
    found = [(places[sha256], one) for sha256, of_one in told.items() for one in of_one]
    return tuple(sorted(found, key=lambda one: (one[1].at, one[1].version), reverse=True))


def _last_by(log: Sequence[Entry], action: str, *, apart: bool = True) -> dict[Any, int | None]:
    """Whose account did an action last, for each department `apart`, or for all together."""
    return {(row.facts or {}).get("department") if apart else None: row.actor_id for row in log if row.action == action}


def _others(db: Connection, actor: Actor, report_id: int) -> tuple[Other, ...]:
    """The reports that belong to one, of those that this reader sees, with what they show."""
    seen = scope(actor) | {"report_id": report_id, "sees_unplaced": may(actor, "place")}
    found = [Other(**masking.said(row)) for row in db.execute(load("dossier_others"), seen).mappings()]
    same = [one.id for one in found if one.how != "again"]
    shown = photos.of_reports(db, same) if same else {}
    return tuple(replace(one, photos=shown.get(one.id, ()) if one.how != "again" else ()) for one in found)


def contact(db: Connection, report_id: int) -> Contact | None:
    """Who reported, unmasked: only for a reader whose purpose stands in the log."""
    c = t.reporter.c
    said = select(c.name, c.phone, c.address, c.secret_hash, c.for_name, c.for_phone, c.tell)
    row = db.execute(said.where(c.report_id == report_id)).one_or_none()
    n_joined = joins.count(db, report_id)
    if row is None and not n_joined:
        return None
    others = joins.phones(db, report_id) if n_joined else ()
    if row is None:
        return Contact(joined=others, n_joined=n_joined)
    left = (row.name, row.phone, row.address, row.secret_hash is not None, row.for_name, row.for_phone, row.tell)
    return Contact(*left, others, n_joined)


def _masked(raw: Contact) -> Contact:
    return replace(
        raw,
        name=masking.name(raw.name),
        phone=masking.phone(raw.phone),
        address=masking.address(raw.address),
        for_name=masking.name(raw.for_name),
        for_phone=masking.phone(raw.for_phone),
        joined=tuple(str(masking.phone(one)) for one in raw.joined),
    )


def _calls(db: Connection, report_id: int) -> tuple[Call, ...]:
    w, d = t.whistle_call.c, t.department.c
    rows = select(w.department_id, d.code, d.name, w.called_at, w.arrived_at, w.score)
    rows = rows.join_from(t.whistle_call, t.department, w.department_id == d.id).where(w.report_id == report_id)
    return tuple(Call(*row) for row in db.execute(rows.order_by(w.seq, d.name)))


def _departments(db: Connection, found: Dossier, held: cases.Held, calls: tuple[Call, ...]) -> dict[int, str]:
    """Names by id of the departments of the case, and of every row of its log."""
    wanted: set[Any] = {held.case.department_id, *(held.case.assist_ids or ()), *(held.case.called_ids or ())}
    wanted |= {one.department_id for one in calls}
    for entry in found.log:
        facts = entry.facts or {}
        changed = facts.get("set") or {}
        wanted |= {facts.get("department"), *(facts.get("departments") or ()), changed.get("department_id")}
        wanted |= {*(changed.get("assist_ids") or ()), *(changed.get("called_ids") or ())}
    ids = [one for one in wanted if isinstance(one, int)]
    d = t.department.c
    return {row.id: row.name for row in db.execute(select(d.id, d.name).where(d.id.in_(ids)))} if ids else {}


def _categories(db: Connection, found: Dossier) -> dict[str, tuple[str, str]]:
    """Both names by code of the categories that the log mentions."""
    moved = [(entry.facts or {}).get("category") for entry in found.log]
    codes = {code for one in moved if isinstance(one, dict) for code in one.values() if code}
    c = t.category.c
    rows = db.execute(select(c.code, c.name_zh, c.name_en).where(c.code.in_(codes))) if codes else ()
    return {row.code: (row.name_zh, row.name_en) for row in rows}
