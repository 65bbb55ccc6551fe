"""The invented town's case loop: its departments and people, and everything they did, played through the verbs."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from geodata.pictures.shapes import Rules
from geodata.pictures.studio import Studio
from geodata.town import Report, Town, pictures
from geodata.town.loop import DEPARTMENTS, Deed, deeds, pictured
from gridsvc import cases, departments, periodic, photos, reports, residents, responsibility, terms
from gridsvc.db import tables as t
from gridsvc.errors import Conflict
from gridsvc.grids import Rule
from gridsvc.photo_files import Files
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given
from gridsvc.rules.deadlines import Limit
from gridsvc.rules.roles import RESIDENT, Actor
from gridsvc.terms import Agreed, StageLimit

Progress = Callable[[str, int, int], None]
SOURCE = "职责清单（演示）"
_LOOKS_AT = time(6, 0)  # when the service looks, each day of the play, at what is overdue
_LIMITS = (
    StageLimit("verify", None, Limit(1, "working_day")),
    StageLimit("dispatch", None, Limit(4, "working_hour")),
    StageLimit("accept", None, Limit(4, "working_hour")),
    StageLimit("dispose", None, Limit(5, "working_day")),
    StageLimit("check", None, Limit(1, "working_day")),
    StageLimit("dispose", "event-0506", Limit(24, "urgent_hour")),
    StageLimit("dispose", "event-0501", Limit(24, "urgent_hour")),
    StageLimit("dispose", "event-0496", Limit(1, "working_day")),
)
_PICTURES = Rules(side=640)  # they are drawn small
_DESK = (("leader", "周建国"), ("dispatcher", "何敏"), ("checker", "方文"))


@dataclass(frozen=True)
class Cast:
    """Who plays: an actor per worker's code, per department's id, and the three of the desk by role."""

    workers: dict[str, Actor]
    handlers: dict[int, Actor]
    desk: dict[str, Actor]
    any_worker: Actor


def settle(db: Connection) -> Cast:
    """Departments, responsibility lists, limits of stages, and accounts without a password for everybody who plays."""
    departments.save(db, [departments.Department(code, name) for code, name, _ in DEPARTMENTS])
    lines = [
        responsibility.Duty("basic", category=prefix, area_code=None, level=None, lead_code=code, assist_codes=())
        for code, _, prefixes in DEPARTMENTS
        for prefix in prefixes
    ]
    responsibility.save(db, lines, SOURCE)
    terms.save(db, _LIMITS)
    ids = {row.code: row.id for row in db.execute(select(t.department.c.code, t.department.c.id))}
    w = t.worker.c
    workers = {
        row.code: _actor(db, f"demo-{row.code}", row.name, "worker", worker_id=row.id)
        for row in db.execute(select(w.id, w.code, w.name).order_by(w.code)).all()
    }
    handlers = {
        ids[code]: _actor(db, f"demo-{code}", f"{name}承办人", "handler", department_id=ids[code])
        for code, name, _ in DEPARTMENTS
    }
    desk = {role: _actor(db, f"demo-{role}", name, role) for role, name in _DESK}
    return Cast(workers, handlers, desk, next(iter(workers.values())))


def _actor(
    db: Connection, login: str, name: str, role: str, worker_id: int | None = None, department_id: int | None = None
) -> Actor:
    """An account that nobody can log in with: it is inactive and its password has no hash."""
    row = {"login": login, "name": name, "role": role, "password_hash": "-", "active": False, "demo": True}
    row |= {"worker_id": worker_id, "department_id": department_id}
    made = db.execute(t.account.insert().returning(t.account.c.id), row).scalar_one()
    return Actor(role, made, login, name, worker_id, (), department_id)


Move = tuple[datetime, Report | None, Deed | None]


def _script(town: Town, zone: ZoneInfo) -> Iterator[Move]:
    """What happens, in the order it happens: a report comes in, a deed, or (neither) the service looks around."""
    rows: list[tuple[datetime, int, int, Move]] = []
    for i, report in enumerate(town.reports):
        rows.append((report.received_at, 0, i, (report.received_at, report, None)))
    for i, (report, deed) in enumerate(deeds(town)):
        rows.append((deed.at, 1, i, (deed.at, report, deed)))
    day = min(report.received_at for report in town.reports).astimezone(zone).date()
    while day < town.until:
        at = datetime.combine(day, _LOOKS_AT, zone)
        rows.append((at, 2, 0, (at, None, None)))
        day += timedelta(days=1)
    for *_, move in sorted(rows, key=lambda row: row[:3]):
        yield move


@dataclass(frozen=True)
class Stage:
    """What the play is played with: the town, the rules of the place, who plays, and where pictures are made.

    `ids`: of the reports that came in so far, by client key. `leads`: the department that the lists name, as looked up.
    """

    town: Town
    rule: Rule
    cast: Cast
    agreed: Agreed
    files: Files
    studio: Studio
    ids: dict[UUID, int] = field(default_factory=dict)
    leads: dict[tuple[str, int | None, str], int | None] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the place."""
        return ZoneInfo(self.rule.zone)


Together = dict[UUID, tuple[Report, Deed]]  # deeds that can be done in one go, by the report's client key


def play(db: Connection, town: Town, rule: Rule, cast: Cast, files: Files, progress: Progress) -> None:
    """Everything that happened to the town's reports, each step by the verb that serves a person who does it."""
    script = list(_script(town, ZoneInfo(rule.zone)))
    together: Together = {}
    with Studio(1, _PICTURES) as studio:
        stage = Stage(town, rule, cast, terms.load(db, rule.zone), files, studio)
        for i, (at, report, deed) in enumerate(script):
            if i % 200 == 0:
                progress("reports", i, len(script))
            if _comes_after(together, report, deed):
                _do(db, stage, together)
                together.clear()
            if report is None:
                _look_around(db, at, stage.agreed)
            elif deed is None:
                stage.ids[report.client_key] = _submit(db, stage, report, at)
            else:
                together[report.client_key] = (report, deed)
        _do(db, stage, together)
    progress("reports", len(script), len(script))


def _comes_after(together: Together, report: Report | None, deed: Deed | None) -> bool:
    """Whether a move sees what others have done before it, so that those have to be done first.

    A deed sees its own report, one that links it to another sees that one too; a submission looks for ended reports of
    its category; who looks around sees everything.
    """
    if report is None:
        return True
    if deed is None:
        return any(other.category == report.category for other, _ in together.values())
    return report.client_key in together or deed.parent is not None


def _look_around(db: Connection, at: datetime, agreed: Agreed) -> None:
    after = 0
    while True:
        done = periodic.batch(db, at, agreed, after)
        if not done.more:
            return
        after = done.last_id


def _do(db: Connection, stage: Stage, together: Together) -> None:
    ids = {key: stage.ids[key] for key in together}
    held = cases.lock_all(db, list(ids.values()))
    maybe = {ids[key]: deed.maybe for key, (_, deed) in together.items()}
    asked = [
        _asked(db, stage, report, deed, held[ids[key]])
        for key, (report, deed) in together.items()
        if held[ids[key]].case.sampled or not deed.if_sampled
    ]
    for id_, error in cases.apply_all(db, asked, stage.agreed).items():  # what is refused has written nothing
        over = maybe[id_] or held[id_].state in ("struck_off", "void")
        if not (over and isinstance(error, Conflict)):
            raise error


def _asked(db: Connection, stage: Stage, report: Report, deed: Deed, held: cases.Held) -> cases.Asked:
    actor = _who(deed, report, held, stage.cast)
    given = Given(
        note=deed.note, until=deed.until, card=deed.card, solved=deed.solved, satisfied=deed.satisfied, reason=None
    )
    if deed.action == "dispatch" and _lead(db, stage, held) is None:
        given = replace(given, department_id=min(stage.cast.handlers))
    if deed.parent is not None:
        given = replace(given, parent_id=stage.ids[deed.parent])
    if deed.shows or (deed.action == "dispose" and pictured(report, stage.town)):
        given = replace(given, photos=(_picture(db, stage, report, actor, deed.at, after=True),))
    return cases.Asked(held, deed.action, actor, deed.at, given)


def _picture(db: Connection, stage: Stage, report: Report, actor: Actor, at: datetime, *, after: bool) -> str:
    """The hash of a picture of the report, drawn, sent and stored as a phone's is."""
    sent = pictures.draw(report.category, str(report.client_key), after=after)
    digest = hashlib.sha256(sent).digest()
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(sent)
        file.flush()
        made = stage.studio.render(Path(file.name))
    photos.save(db, stage.files, digest, made, len(sent), actor, at, stage.zone)
    return digest.hex()


def _lead(db: Connection, stage: Stage, held: cases.Held) -> int | None:
    """The department that the lists, which stay as they are, name for a case; or None."""
    key = held.category, held.area_id, held.case.level or "grid"
    if key not in stage.leads:
        stage.leads[key] = responsibility.find(db, *key, fallback=stage.agreed.fallback).lead_id
    return stage.leads[key]


def _who(deed: Deed, report: Report, held: cases.Held, cast: Cast) -> Actor:
    if deed.role == "resident":
        return RESIDENT
    if deed.role == "worker":
        return cast.workers.get(report.worker_code or "", cast.any_worker)
    if deed.role == "handler":
        return cast.handlers[held.case.department_id or min(cast.handlers)]
    return cast.desk[deed.role]


def _submit(db: Connection, stage: Stage, report: Report, at: datetime) -> int:
    position = None
    if report.lon is not None and report.lat is not None and report.datum is not None:
        position = Position(report.lon, report.lat, report.datum, report.accuracy_m)
    sender = stage.cast.workers[report.worker_code] if report.worker_code else Actor()
    seen = (_picture(db, stage, report, sender, at, after=False),) if pictured(report, stage.town) else ()
    draft = Draft(
        report.client_key,
        report.category,
        report.description,
        report.channel,
        position,
        report.compound,
        report.words,
        report.observed_at,
        photos=seen,
    )
    try:
        made = reports.submit(db, draft, sender, at, stage.rule, lambda _: stage.agreed)
    except Conflict:  # a name that fits several compounds: the sender could only say it in words
        words = draft.words or str(draft.compound)
        draft = replace(draft, compound=None, words=words)
        made = reports.submit(db, draft, sender, at, stage.rule, lambda _: stage.agreed)
    if report.channel in ("wechat", "web"):
        residents.register(db, made.id, residents.hashed(secret(report)))
    return made.id


def secret(report: Report) -> str:
    """The secret of the resident's link, which the phone would have made: here from the report's own key."""
    return base64.urlsafe_b64encode(report.client_key.bytes).decode("ascii").rstrip("=")
