"""The live wall: one connection that listens for commits feeds every viewer of this process.

A commit tells only that something was written. What it was is looked up once for all; where a board may show it, it is
matched for each group of viewers by the same conditions as any list of theirs, and sessions are asked about again
before anything is told. Queues are bounded: who reads too slowly is told to come again, and then gets the whole board
in one request.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gridsvc import accounts, wall
from gridsvc.errors import GridsvcError, Unavailable
from gridsvc.i18n import Locale
from gridsvc.rules.roles import Actor, may
from gridsvc.web import wall_groups
from gridsvc.web.recognised import Presented
from gridsvc.web.wall_groups import Group, Key, Look
from gridsvc.web.wall_told import moment

log = logging.getLogger("gridsvc.wall")
T = TypeVar("T")
DEED = "read_worklist"
MOST_VIEWERS = 500
MOST_OWN = 20  # streams of one account
MOST_WAITING = 8  # messages that one viewer may be behind
GATHER_S = 0.25  # commits that follow one another closely are one message
BUSY_SHARE = 0.01  # looking takes no more of the time than this, as long as nobody waits the longest rest
LONGEST_REST_S = 1.25
BEAT_S = 10.0
LOOK_S = 5.0  # sessions and what their readers may see are asked about at least so often
AGAIN_S = 1.0  # only one transaction at a time tells of itself (SQL function tell_log): the others are looked for
# a proxy neither packs the stream nor gathers it
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


@dataclass(eq=False)
class Viewer:
    """One open stream. `since`: the cursor of what its page had; `group`: None until its first message is made."""

    shown: Presented
    actor: Actor
    wanted: wall.Filter
    limit: int
    locale: Locale
    since: str | None = None
    group: Key | None = None
    waiting: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING + 2))


@dataclass
class Kept:
    """What the looks of one stretch of listening keep: the groups, the last cursor, when counts may be read."""

    groups: dict[Key, Group] = field(default_factory=dict)
    cursor: str | None = None
    recount_at_s: float = 0.0  # on the monotonic clock: counting boards anew has its share of the time, no more
    asked_at_s: float = -math.inf  # when sessions, and what their readers may see, were asked about
    beaten_at_s: float = 0.0
    rests_until_s: float = 0.0


@dataclass
class Found:
    """What one look found: messages by group, first messages by viewer, why some viewers end, where the cursor is."""

    cursor: str
    is_more: bool = False  # something had changed, whoever may see it
    news: dict[Key, bytes] = field(default_factory=dict)
    first: dict[Viewer, bytes] = field(default_factory=dict)
    ended: dict[Viewer, str] = field(default_factory=dict)


class Wall:
    """The viewers of one process and what feeds them; made at start, at work only while somebody looks.

    Everything but `_look` runs on the event loop, and only one `_look` at a time.
    """

    def __init__(
        self,
        engine: Engine,
        schema: str,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        slots: asyncio.Semaphore,
    ) -> None:
        self._engine = engine
        self._channel = f"wall_{schema}"[:63]
        self._zone = zone
        self._clock = clock
        self._slots = slots
        self._viewers: set[Viewer] = set()
        self._wake = asyncio.Event()
        self._listens = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    def join(self, viewer: Viewer) -> None:
        """Nothing; afterwards the viewer gets messages.

        Raises:
            Unavailable: the service ends, or too many look already, all in all or with this account.
        """
        n_own = sum(one.actor.account_id == viewer.actor.account_id for one in self._viewers)
        if self._closed or len(self._viewers) >= MOST_VIEWERS or n_own >= MOST_OWN:
            raise Unavailable("busy")
        self._viewers.add(viewer)
        self._wake.set()
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())

    def leave(self, viewer: Viewer) -> None:
        """Nothing; afterwards nothing is kept for the viewer; with the last one the listening ends."""
        self._viewers.discard(viewer)
        if not self._viewers and self._working is not None:
            self._working.cancel()
            self._working = None

    def close(self) -> None:
        """Ends every stream, because the service does."""
        self._closed = True
        self._end_all("closing")

    @property
    def n_viewers(self) -> int:
        return len(self._viewers)

    # ---- on the event loop -------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        """Listens and feeds for as long as there are viewers; when the database is away they all end, to come again."""
        try:
            async with await psycopg.AsyncConnection.connect(**self._arguments(), autocommit=True) as listening:
                await self._feed(listening)
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            log.warning("the live wall lost the database: %s", type(error).__name__)
            self._end_all("lost")
        except Exception:
            log.exception("the live wall failed")
            self._end_all("lost")

    def _arguments(self) -> dict[str, Any]:
        _, arguments = self._engine.dialect.create_connect_args(self._engine.url)
        return {**arguments, "application_name": "gridsvc wall", "keepalives_idle": 10, "keepalives_interval": 5}

    @asynccontextmanager
    async def _told(self, listening: psycopg.AsyncConnection[Any]) -> AsyncIterator[asyncio.Task[None]]:
        """Commits are told for as long as the block lasts; the task that hears them ends only with the connection."""
        await listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
        hearing = asyncio.create_task(self._hear(listening))
        hearing.add_done_callback(lambda _: self._wake.set())
        try:
            yield hearing
            if hearing.done():
                await hearing  # raises what ended it
                raise psycopg.OperationalError("listening ended")
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        await listening.execute("UNLISTEN *")

    async def _hear(self, listening: psycopg.AsyncConnection[Any]) -> None:
        async with aclosing(listening.notifies()) as told:
            async for _ in told:
                self._wake.set()
                await self._listens.wait()

    async def _feed(self, listening: psycopg.AsyncConnection[Any]) -> None:
        """Looks when something is told; while each look finds more, it looks after each rest and has nothing told.

        Telling each commit costs writers, database and event loop more than all looks.
        """
        kept, is_more = Kept(beaten_at_s=time.monotonic()), False
        while True:
            async with self._told(listening) as hearing:
                self._wake.set()  # what was committed before it listened is told to nobody
                while not is_more and not hearing.done():
                    until_s = min(kept.asked_at_s + LOOK_S, kept.beaten_at_s + BEAT_S)
                    is_told = await self._wait(kept, until_s - time.monotonic())
                    self._listens.clear()  # until it waits again one notice more is heard, and the others together then
                    gathers = is_told and all(viewer.group for viewer in self._viewers)  # who came now does not wait
                    is_more = await self._next(kept, GATHER_S if gathers else 0.0)
            while is_more:
                is_more = await self._next(kept, 0.0)

    async def _next(self, kept: Kept, after_s: float) -> bool:
        """Whether something had changed; afterwards, when it has rested, it has looked and delivered."""
        await asyncio.sleep(max(after_s, kept.rests_until_s - time.monotonic()))
        self._wake.clear()
        viewers = list(self._viewers)
        begun_s = time.monotonic()
        found = await self._in_thread(self._look, kept, viewers)
        ended_s = time.monotonic()
        beat = ended_s >= kept.beaten_at_s + BEAT_S
        kept.beaten_at_s = ended_s if beat else kept.beaten_at_s
        self._deliver(viewers, found, beat=beat)
        kept.rests_until_s = ended_s + min(LONGEST_REST_S, (ended_s - begun_s) * (1 / BUSY_SHARE - 1))
        return found.is_more

    async def _wait(self, kept: Kept, longest_s: float) -> bool:
        """Whether something was told; it returns too when there are untold news, or after the longest wait."""
        self._listens.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, longest_s)):
                while not self._wake.is_set():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(AGAIN_S):
                            await self._wake.wait()
                    if not self._wake.is_set() and await self._in_thread(self._has_news, kept):
                        break
        return self._wake.is_set()

    async def _in_thread(self, work: Callable[..., T], *given: Any) -> T:
        """What the work gives; it waits for a connection as requests do."""
        async with self._slots:
            return await run_in_threadpool(work, *given)

    def _deliver(self, viewers: list[Viewer], found: Found, *, beat: bool) -> None:
        alive = wall_groups.event("beat", {"as_of": moment(self._clock(), self._zone)}, found.cursor)
        for viewer in viewers:
            if viewer in found.ended:
                self._end(viewer, found.ended[viewer])
                continue
            message = found.first.get(viewer) or (found.news.get(viewer.group) if viewer.group else None)
            if message is None and beat:
                message = alive
            if message is not None and viewer in self._viewers:
                self._put(viewer, message)

    def _put(self, viewer: Viewer, message: bytes) -> None:
        if viewer.waiting.qsize() >= MOST_WAITING:
            while not viewer.waiting.empty():
                viewer.waiting.get_nowait()
            self._end(viewer, "slow")
            return
        viewer.waiting.put_nowait(message)

    def _end(self, viewer: Viewer, code: str) -> None:
        """The last message, which says why; the queue has room for it."""
        if viewer in self._viewers:
            self._viewers.discard(viewer)
            viewer.waiting.put_nowait(wall_groups.event("end", {"code": code}))
            viewer.waiting.put_nowait(None)

    def _end_all(self, code: str) -> None:
        for viewer in list(self._viewers):
            self._end(viewer, code)

    # ---- in a thread, with one transaction ---------------------------------------------------------------------------

    def _look(self, kept: Kept, viewers: list[Viewer]) -> Found:
        now, clock_s = self._clock(), time.monotonic()
        with self._engine.connect() as db, db.begin():
            wall.steady(db)
            found = Found(wall.cursor(db))
            changed = [] if kept.cursor is None else wall.changed(db, kept.cursor, most=wall.MOST_CHANGED)
            found.is_more = changed != []
            look = Look(db, kept.groups, changed, now, self._zone, clock_s, wall_groups.last_line(kept.groups.values()))
            # what comes after every last line only moves the cursor and makes counts lag: most of what is submitted
            known = clock_s < kept.asked_at_s + LOOK_S and all(viewer.group for viewer in viewers)
            if known and wall_groups.untouched(kept.groups.values(), look):
                kept.cursor = found.cursor
                return found
            look.may_recount = clock_s >= kept.recount_at_s
            kept.asked_at_s = clock_s
            self._identify(db, viewers, now, found)
            arrived = self._regroup(kept.groups, [viewer for viewer in viewers if viewer not in found.ended])
            came = {viewer.group for viewer in arrived}
            broken = self._update(kept.groups, look, came)
            if look.counting_s:
                kept.recount_at_s = clock_s + look.counting_s / wall_groups.COUNTING_SHARE
            places = {place for group in kept.groups.values() for place in group.wants(changed or ())}
            rows = wall_groups.told_rows(db, places, (key.locale for key in kept.groups), self._zone)
            for key, group in kept.groups.items():
                news = group.tell(rows[key.locale], found.cursor, now, self._zone)
                if news is not None:
                    found.news[key] = news
            for viewer in viewers:
                if viewer.group in broken:
                    found.ended[viewer] = broken[viewer.group]
                elif viewer in arrived and viewer.group is not None:
                    found.first[viewer] = kept.groups[viewer.group].whole(self._missed(db, viewer))
        kept.cursor = found.cursor
        return found

    def _has_news(self, kept: Kept) -> bool:
        with self._engine.connect() as db:
            return kept.cursor is not None and wall.changed(db, kept.cursor, most=0) is None

    def _identify(self, db: Connection, viewers: list[Viewer], now: datetime, found: Found) -> None:
        """Whose sessions still hold, and what they may see now."""
        shown = [(viewer.shown.token, viewer.shown.kind) for viewer in viewers]
        for viewer, actor in zip(viewers, accounts.authenticate_all(db, shown, now), strict=True):
            if actor is None:
                found.ended[viewer] = "signed_out"
            elif not may(actor, DEED):
                found.ended[viewer] = "not_allowed"
            else:
                viewer.actor = actor

    def _regroup(self, groups: dict[Key, Group], viewers: list[Viewer]) -> set[Viewer]:
        """Those whose group is new to them: they came just now, or see other rows than before."""
        arrived = set()
        for viewer in viewers:
            key = wall_groups.key_of(viewer.actor, viewer.wanted, viewer.limit, viewer.locale)
            if key != viewer.group:
                viewer.group = key
                arrived.add(viewer)
            groups.setdefault(key, Group(key))
        needed = {viewer.group for viewer in viewers}
        for key in [key for key in groups if key not in needed]:
            del groups[key]
        return arrived

    def _update(self, groups: dict[Key, Group], look: Look, came: set[Key | None]) -> dict[Key | None, str]:
        """Why some groups cannot go on, by their key; those whose counts are the oldest have the first turn."""
        broken: dict[Key | None, str] = {}
        for key, group in sorted(groups.items(), key=lambda one: one[1].counted_at_s):
            try:
                group.follow(look, arrived=key in came)
            except GridsvcError as error:
                broken[key] = error.code
                del groups[key]
        return broken

    def _missed(self, db: Connection, viewer: Viewer) -> dict[str, object]:
        """How much became new while a viewer's page was cut off; each report is counted once."""
        since, viewer.since = viewer.since, None
        return {} if since is None else {"n_changed": wall.n_changed(db, viewer.actor, since)}


class Stream(StreamingResponse):
    """A viewer's messages as they come, until the reader leaves or is ended."""

    def __init__(self, live: Wall, viewer: Viewer) -> None:
        self._live, self._viewer = live, viewer
        super().__init__(self._messages(), headers=HEADERS, media_type="text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, and forgets the viewer whatever ends it."""
        self._live.join(self._viewer)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.leave(self._viewer)

    async def _messages(self) -> AsyncIterator[bytes]:
        while (message := await self._viewer.waiting.get()) is not None:
            yield message
