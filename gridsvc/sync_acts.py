"""What a phone did to reports without signal: actions, and photos that come after the text; each once, nothing lost.

What somebody else did meanwhile is never overwritten: the action is kept as a row of the report's log that moves
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from gridsvc import cases, handling, photos, reports, voices
from gridsvc.db.queries import ask, ask_each, guarded
from gridsvc.errors import Conflict, GridsvcError, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.handling import Wish
from gridsvc.reports import PHOTO_KIND
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import Actor, may, require
from gridsvc.rules.visiting import happened
from gridsvc.stats import scope
from gridsvc.terms import Agreed
from gridsvc.visits import need_key

NEWEST = 0  # as a version: whatever the report's is
# Pressure and help: they change what is told of a report, and nobody's step is less possible for it.
_BESIDE = ("remind", "supervise", "whistle", "whistle_arrive", "whistle_score", "escalate")


@dataclass(frozen=True)
class Target:
    """The report that is meant: by number, source and repeat, or by the key of a draft of the same account."""

    number: str | None = None
    source: str = ""
    repeat: int = 0
    report_key: UUID | None = None


@dataclass(frozen=True)
class Act:
    """An action (`wish`), or photos and a voice note that come after the text (no wish); `digest` of all that was sent.

    `done_at` is when the phone kept it, by its clock; `sent_at` that clock at sending; `uid` (`reports.uid`, or None):
    what the phone knows the report by beside its number.
    """

    key: UUID
    target: Target
    digest: bytes
    wish: Wish | None = None
    photos: tuple[str, ...] = ()
    voice: str | None = None
    done_at: datetime | None = None
    sent_at: datetime | None = None
    uid: str | None = None

    @property
    def kind(self) -> str:
        """`action` or `attach`."""
        return "attach" if self.wish is None else "action"


@dataclass(frozen=True)
class Done:
    """What became of an act: `created`, `same` or `conflict`, the report, and the row of its log (`version`).

    `error` says of a conflict what happened meanwhile.
    """

    status: str
    report_id: int
    number: str
    version: int
    state: str
    due_at: datetime | None = None
    error: GridsvcError | None = None


@dataclass
class _Desk:
    """What the acts of one batch work on: the reports by id, locked; whom the reader may act on; what was stored."""

    db: Connection
    actor: Actor
    now: datetime
    rule: Rule
    held: dict[int, cases.Held]
    seen: frozenset[int]
    own: frozenset[int]
    told: dict[int, Done | GridsvcError] = field(default_factory=dict)
    rows: dict[UUID, dict[str, Any]] = field(default_factory=dict)


def perform(
    db: Connection,
    acts: Mapping[int, Act],
    actor: Actor,
    now: datetime,
    rule: Rule,
    agreed: Callable[[Connection], Agreed],
) -> dict[int, Done | GridsvcError]:
    """What became of each act, by its place: done, here before, kept as a conflict, or why it is refused."""
    if not acts:
        return {}
    known = {row.key: row for row in ask(db, "sync_known", {"keys": [one.key for one in acts.values()]})}
    ids, own, uids = _targets(db, acts, actor)
    wanted = {ids[one.target] for one in acts.values() if one.target in ids} | {row.report_id for row in known.values()}
    # and the reports that others are to follow: whoever needs two of them locks them in one order
    parents = {one.wish.parent for one in acts.values() if one.wish is not None and one.wish.parent}
    held = cases.lock_all(db, list(wanted.union(handling.named(db, parents))))
    seen = _seen(db, actor, list(held))
    if actor.importer is not None:  # only what both see
        theirs = _seen(db, actor.importer, list(held))
        seen, own = seen & theirs, own & theirs
    desk = _Desk(db, actor, now, rule, held, seen, own)
    left: dict[int, tuple[int, Act]] = {}
    for at, act in acts.items():
        row = known.get(act.key)
        report_id = ids.get(act.target)
        if row is not None:
            desk.told[at] = _again(desk, act, row)
        elif report_id is None or not (report_id in seen or (act.wish is None and report_id in own)):
            desk.told[at] = _unknown(act)
        elif act.uid is not None and act.uid != uids[report_id]:
            desk.told[at] = Refused("report_other", number=held[report_id].number)
        else:
            left[at] = (report_id, act)
    terms = agreed(db) if any(act.wish for _, act in left.values()) else None
    for turn in _rounds(left):
        _turn(desk, turn, terms)
    ask_each(db, "sync_store", list(desk.rows.values()))
    return desk.told


def _seen(db: Connection, reader: Actor, ids: list[int]) -> frozenset[int]:
    """Those of these reports that somebody sees."""
    which = scope(reader) | {"sees_unplaced": may(reader, "place"), "ids": ids}
    return frozenset(row.id for row in ask(db, "sees_reports", which)) if ids else frozenset()


def _unknown(act: Act) -> GridsvcError:
    if act.target.report_key is not None:
        return NotFound("report_key_unknown", key=str(act.target.report_key))
    return NotFound("report_unknown", number=act.target.number)


def _targets(
    db: Connection, acts: Mapping[int, Act], actor: Actor
) -> tuple[dict[Target, int], frozenset[int], dict[int, str | None]]:
    """The reports that are meant, by how they are named; which of these the account itself sent; what tells each from
    all others."""
    targets = {one.target for one in acts.values()}
    named = [one for one in targets if one.report_key is None]
    keyed = {one.report_key: one for one in targets if one.report_key is not None}
    # the key of a visit stands for the report of its need
    both = keyed | {need_key(key): one for key, one in keyed.items()}
    values = {
        "sources": [one.source for one in named],
        "numbers": [one.number for one in named],
        "repeats": [one.repeat for one in named],
        "keys": list(both),
        "account_id": actor.account_id,
    }
    found: dict[Target, int] = {}
    own: set[int] = set()
    uids: dict[int, str | None] = {}
    for row in ask(db, "sync_targets", values):
        target = both[row.client_key] if row.client_key else Target(row.number, row.source, row.repeat)
        found[target] = row.id
        uids[row.id] = reports.uid(row.sent_key)
        if row.own:
            own.add(row.id)
    return found, frozenset(own), uids


def _rounds(left: Mapping[int, tuple[int, Act]]) -> Iterator[dict[int, tuple[int, Act]]]:
    """The acts in their order, no report and no key twice in one round."""
    rest = dict(left)
    while rest:
        turn: dict[int, tuple[int, Act]] = {}
        reports: set[int] = set()
        keys: set[UUID] = set()
        for at, (report_id, act) in rest.items():
            if report_id not in reports and act.key not in keys:
                turn[at] = (report_id, act)
            # what has to wait keeps its place: nothing of the same report or key overtakes it
            reports.add(report_id)
            keys.add(act.key)
        yield turn
        rest = {at: one for at, one in rest.items() if at not in turn}


def _turn(desk: _Desk, turn: Mapping[int, tuple[int, Act]], terms: Agreed | None) -> None:
    """Answers these, each on a report of its own."""
    asked: dict[int, tuple[int, Act, Wish]] = {}
    for at, (report_id, act) in turn.items():
        row = desk.rows.get(act.key)
        if row is not None:
            desk.told[at] = _again(desk, act, _Row(**row))
        elif act.wish is None:
            _store(desk, at, act, report_id, _attached(desk, act, report_id))
        else:
            wish = _timed(desk, act, act.wish)
            stale = _stale(desk, report_id, wish.version)
            if stale is not None:
                _store(desk, at, act, report_id, _conflict(desk, act, report_id, stale))
            else:
                asked[report_id] = (at, act, replace(wish, version=desk.held[report_id].seq))
    if not asked or terms is None:
        return
    both = [(desk.held[report_id], wish) for report_id, (_, _, wish) in asked.items()]
    done = handling.act_together(desk.db, desk.actor, both, desk.now, terms, desk.rule)
    for report_id, (at, act, _) in asked.items():
        after = done[report_id]
        overtaken = _overtaken(desk, act, report_id) if isinstance(after, Conflict) else None
        _store(desk, at, act, report_id, _conflict(desk, act, report_id, overtaken) if overtaken else after)


def _timed(desk: _Desk, act: Act, wish: Wish) -> Wish:
    """The wish with the time at which the phone kept it, put right by its clock."""
    if act.done_at is None:
        return wish
    when = happened(act.done_at, act.sent_at, desk.now)
    return replace(wish, done_at=when.at, phone_at=when.phone_at)


def _stale(desk: _Desk, report_id: int, version: int) -> Conflict | None:
    """What somebody else moved of the report since this version; words stand against no step, nor do own acts."""
    held = desk.held[report_id]
    if version in (NEWEST, held.seq):
        return None
    changed = _changed(desk, report_id, version, held.seq + 1)
    if version < held.seq and not changed:
        return None
    return _meanwhile(held.number, held.seq, changed)


def _changed(desk: _Desk, report_id: int, after: int, before: int) -> list[Any]:
    """The rows between two others of a report's log in which somebody else moved it."""
    values = {"report_id": report_id, "after": after, "before": before, "beside": list(_BESIDE)}
    return [row for row in ask(desk.db, "sync_since", values) if row.actor_id != desk.actor.account_id]


def _overtaken(desk: _Desk, act: Act, report_id: int) -> Conflict | None:
    """What others did to a report whose version the phone could not know, where an action is not possible now."""
    if act.wish is None or act.wish.version != NEWEST:
        return None
    held = desk.held[report_id]
    changed = _changed(desk, report_id, NEWEST, held.seq + 1)
    return _meanwhile(held.number, held.seq, changed) if changed else None


def _meanwhile(number: str, version: int, changed: list[Any]) -> Conflict:
    told = [
        {"seq": row.seq, "action": row.action, "to_state": row.to_state, "at": row.at.isoformat(), "who": row.who}
        for row in changed
    ]
    return Conflict("version_stale", number=number, version=version, changed=told)


def _conflict(desk: _Desk, act: Act, report_id: int, error: Conflict) -> tuple[cases.Held, Conflict] | GridsvcError:
    """The report with a row of its log that says what was wanted, and moves nothing; or why not even that is kept."""
    wish = act.wish
    if wish is None or wish.action not in TABLE:
        return Refused("action_unknown", action=(wish.action if wish else "")[:60], known=", ".join(TABLE))
    timed = _timed(desk, act, wish)
    said: dict[str, Any] = {"action": wish.action, "code": error.code}
    if wish.version != NEWEST:
        said["version"] = wish.version
    facts: dict[str, Any] = {"conflict": said} | ({"photos": list(wish.photos)} if wish.photos else {})
    facts |= {"done_at": timed.done_at.isoformat()} if timed.done_at else {}
    facts |= {"phone_at": timed.phone_at.isoformat()} if timed.phone_at else {}
    try:
        require(desk.actor, wish.action)
        with guarded(desk.db):
            after = cases.remark(desk.db, desk.held[report_id], desk.actor, desk.now, facts, wish.note)
            photos.link(desk.db, report_id, after.seq, wish.photos, PHOTO_KIND, desk.actor)
    except GridsvcError as refusal:
        return refusal
    return after, error


def _attached(desk: _Desk, act: Act, report_id: int) -> cases.Held | GridsvcError:
    """The report with a row of its log that brings what came after the text."""
    facts: dict[str, Any] = {"late": True, "photos": list(act.photos)}
    facts |= {"voice": act.voice} if act.voice else {}
    if act.done_at is not None:
        when = happened(act.done_at, act.sent_at, desk.now)
        facts |= {"done_at": when.at.isoformat()} | ({"phone_at": when.phone_at.isoformat()} if when.phone_at else {})
    try:
        if report_id not in desk.own:
            require(desk.actor, "note")
        if not act.photos and act.voice is None:
            raise Refused("attach_nothing")
        wanted = photos.listable(desk.db, act.photos, desk.actor)
        # photos are refused before a row is written, so that only a voice note asks for the way to a savepoint and back
        with guarded(desk.db) if act.voice is not None else nullcontext():
            after = cases.remark(desk.db, desk.held[report_id], desk.actor, desk.now, facts)
            photos.show(desk.db, report_id, after.seq, wanted, PHOTO_KIND)
            if act.voice is not None:
                voices.link(desk.db, report_id, act.voice, desk.actor)
    except GridsvcError as refusal:
        return refusal
    return after


def _store(
    desk: _Desk, at: int, act: Act, report_id: int, after: cases.Held | tuple[cases.Held, Conflict] | GridsvcError
) -> None:
    """Answers an act, and remembers it where it left a row in a log."""
    if isinstance(after, GridsvcError):
        desk.told[at] = after
        return
    held, error = after if isinstance(after, tuple) else (after, None)
    status = "created" if error is None else "conflict"
    desk.held[report_id] = held
    desk.rows[act.key] = {
        **{"key": act.key, "account_id": desk.actor.account_id, "kind": act.kind, "digest": act.digest},
        **{"status": status, "report_id": report_id, "seq": held.seq, "received_at": desk.now},
    }
    desk.told[at] = Done(status, report_id, held.number, held.seq, held.state, held.case.due_at, error)


@dataclass(frozen=True)
class _Row:
    """A stored act."""

    key: UUID
    account_id: int
    kind: str
    digest: bytes
    status: str
    report_id: int
    seq: int
    received_at: datetime


def _again(desk: _Desk, act: Act, row: Any) -> Done | GridsvcError:
    """What was answered when the act came first."""
    if (row.account_id, row.kind, bytes(row.digest)) != (desk.actor.account_id, act.kind, act.digest):
        return Conflict("sync_key_used", key=str(act.key))
    held = desk.held[row.report_id]
    done = Done("same", held.id, held.number, row.seq, held.state, held.case.due_at)
    if row.status == "created":
        return done
    after = act.wish.version if act.wish is not None else NEWEST
    changed = _changed(desk, held.id, after, row.seq)
    return replace(done, status="conflict", error=_meanwhile(held.number, row.seq - 1, changed))
