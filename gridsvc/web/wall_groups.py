"""What a live wall shows, kept per group of viewers who see the same: role and areas, filters, language.

Plain work for one thread with one transaction; the stream (`wall_stream`) decides when. A change is looked at for its
own reports alone; the whole board is counted anew where they cannot tell, seldom otherwise. What several groups need is
read once (`Look`), and what was read for one limit or language serves the others.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic_core import to_json
from sqlalchemy import Connection

from gridsvc import wall
from gridsvc.i18n import Locale
from gridsvc.rules.roles import Actor
from gridsvc.web import wall_told
from gridsvc.web.wall_told import Json

RECOUNT_S = 10.0  # counts of a board that shows not everything lag so long behind a change where the next bound allows
COUNTING_S, COUNTING_SHARE = 0.05, 0.01  # or longer: no more of one look, and of the time, goes into counting anew
RENEW_S = 60.0  # what time alone changes, as being overdue, and words from outside the log, lag at most so long
SCOPE_S = 4.0  # whose rows a reader sees, as duties and grids say: nothing tells of those, so it is looked at


@dataclass(frozen=True)
class Key:
    """What decides the messages: `actor` without its account, so that colleagues share a group."""

    actor: Actor
    wanted: wall.Filter
    limit: int
    locale: Locale


def key_of(actor: Actor, wanted: wall.Filter, limit: int, locale: Locale) -> Key:
    """The group of a viewer."""
    scope = Actor(actor.role, None, None, None, actor.worker_id, actor.area_ids, actor.department_id)
    return Key(scope, wanted, limit, locale)


@dataclass
class Look:
    """What one look at everything reads, once for all groups that need it.

    `groups`: all that look, so that a board is read for the longest. `changed`: reports, None where too many did.
    `last`: what changed and comes after it is shown on no board, whoever sees it; None where some board shows all.
    `may_recount`: whether a board may be counted anew only because its counts lag.
    """

    db: Connection
    groups: Collection[Key]
    changed: Sequence[int] | None
    now: datetime
    zone: ZoneInfo
    clock_s: float
    last: wall.Place | None = None
    may_recount: bool = True
    counting_s: float = 0.0  # what counting anew took
    _standing: list[wall.Place] | None = None
    _boards: dict[tuple[Actor, wall.Filter], wall.Board] = field(default_factory=dict)

    def standing(self) -> list[wall.Place]:
        """The changed reports as far as they stand on any wall before the last line of all, whoever may see them."""
        if self._standing is None:
            self._standing = wall.standing(self.db, self.changed or (), self.now, self.zone, self.last)
        return self._standing

    def some(self, key: Key, ids: Iterable[int]) -> list[wall.Place]:
        """Those of these reports that this group sees."""
        return wall.some(self.db, key.actor, key.wanted, sorted(ids), self.now, self.zone)

    def recounts(self, key: Key, *, due: bool) -> bool:
        """Whether this group's board was read already, or is due and was read now: for as long as there is time."""
        if (key.actor, key.wanted) in self._boards:
            return True
        if not (due and self.may_recount and self.counting_s < COUNTING_S):
            return False
        begun_s = time.perf_counter()
        self.board(key)
        self.counting_s += time.perf_counter() - begun_s
        return True

    def board(self, key: Key) -> wall.Board:
        """The whole board of this group, read for the longest that shares it."""
        whose = (key.actor, key.wanted)
        if whose not in self._boards:
            limit = max(one.limit for one in self.groups if (one.actor, one.wanted) == whose)
            self._boards[whose] = wall.board(self.db, *whose, self.now, self.zone, limit=limit)
        read = self._boards[whose]
        return wall.Board(read.places[: key.limit], read.counts)


@dataclass
class Group:
    """A board as its viewers have it. `sent`: rows by report as last told; `places` their order."""

    key: Key
    places: tuple[wall.Place, ...] = ()
    counts: wall.Counts = field(default_factory=lambda: wall.Counts({}, 0))
    sent: dict[int, Json] = field(default_factory=dict)
    head: Json = field(default_factory=dict)
    counted_at_s: float = -math.inf  # on the caller's monotonic clock, as the next
    renewed_at_s: float = -math.inf
    uncertain: bool = False  # something changed that the counts do not know of
    renewed: bool = False  # the last look asked for all rows too, since any may be another
    scope: str = ""  # `wall.scope` of this reader
    scoped_at_s: float | None = None

    def update(
        self,
        db: Connection,
        changed: Sequence[int] | None,
        now: datetime,
        zone: ZoneInfo,
        clock_s: float,
        *,
        arrived: bool = False,
    ) -> None:
        """The same as `follow`, of this group alone."""
        self.follow(Look(db, [self.key], changed, now, zone, clock_s), arrived=arrived)

    def follow(self, look: Look, *, arrived: bool = False) -> None:
        """Nothing; afterwards order and counts are those of the look.

        `arrived`: somebody came who was told nothing yet.

        Raises:
            NotFound: the area of the filter is no more.
        """
        is_other = self._is_other(look, arrived=arrived)
        self.renewed = is_other or look.changed is None or look.clock_s - self.renewed_at_s >= RENEW_S
        if self.renewed:
            self.renewed_at_s = look.clock_s
        elif not (look.changed and not self._merge(look)) and not self._recounts(look):
            return
        board = look.board(self.key)
        self.places, self.counts = board.places, board.counts
        self.counted_at_s, self.uncertain = look.clock_s, False

    def _is_other(self, look: Look, *, arrived: bool) -> bool:
        """Whether this reader sees the reports of other places than at the last look at that."""
        if not arrived and self.scoped_at_s is not None and look.clock_s - self.scoped_at_s < SCOPE_S:
            return False
        before, self.scope = self.scope, wall.scope(look.db, self.key.actor, self.key.wanted)
        self.scoped_at_s = look.clock_s
        return before != self.scope

    def _recounts(self, look: Look) -> bool:
        """Whether the counts are to be read anew, because something changed so long ago that they do not know of."""
        return self.uncertain and look.recounts(self.key, due=look.clock_s - self.counted_at_s >= RECOUNT_S)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.counts.picked == len(self.places)

    def touched(self, look: Look) -> set[int]:
        """The changed reports that are shown here, or would be if this reader sees them.

        Afterwards it is known too whether the counts may lag.
        """
        gone = set(look.changed or ())
        if gone and (not self.is_whole or self.key.wanted.standing is not None):
            self.uncertain = True  # what changed may have been counted among those that are not here
        # what would come after the last one here is left out, whoever sees it
        n_before = None if self.is_whole else bisect_left(look.standing(), self.places[-1])
        return {place.id for place in look.standing()[:n_before]} | {one.id for one in self.places if one.id in gone}

    def _merge(self, look: Look) -> bool:
        """Whether the changed reports alone told the new order."""
        asked = self.touched(look)
        if not asked:
            return True
        is_whole = self.is_whole
        gone = set(look.changed or ())
        had = [place for place in self.places if place.id in gone]
        found = look.some(self.key, asked)
        if not found and not had:
            return True
        if is_whole:
            self.counts = self._recounted(had, found)
        else:
            found = [place for place in found if place < self.places[-1]]
            if len(found) < len(had):
                return False  # one of those that are left out moves up, and which is not known here
        kept = [place for place in self.places if place.id not in gone]
        self.places = tuple(sorted([*kept, *found])[: self.key.limit])
        return True

    def _recounted(self, had: Sequence[wall.Place], found: Sequence[wall.Place]) -> wall.Counts:
        standings = dict(self.counts.standings)
        for places, n in ((had, -1), (found, 1)):
            for place in places:
                standings[place.standing] += n
        return wall.Counts(standings, self.counts.picked + len(found) - len(had))

    def wants(self, changed: Iterable[int]) -> list[wall.Place]:
        """The places whose rows have to be read: new on the board, changed, or standing otherwise than last told.

        All of them at a renewal: other words than those of the log may be others too.
        """
        if self.renewed:
            return list(self.places)
        fresh = set(changed)
        return [
            place
            for place in self.places
            if place.id in fresh or self.sent.get(place.id, {}).get("standing") != place.standing
        ]

    def tell(self, rows: dict[wall.Place, Json], cursor: str, now: datetime, zone: ZoneInfo) -> bytes | None:
        """The message with what is new since the last one; None where nothing is, but the time."""
        # a row of its own place: another group's board may have been read when the same report stood otherwise
        told = {place.id: rows[place] for place in self.places if place in rows}
        news = [row for id_, row in told.items() if row != self.sent.get(id_)]
        before = (self._order(), self.head.get("counts"), self.head.get("total"))
        known = self.sent | told
        self.sent = {place.id: known[place.id] for place in self.places}
        self.head = wall_told.head(wall.Board(self.places, self.counts), now, zone) | {"cursor": cursor}
        if not news and before == (self._order(), self.head["counts"], self.head["total"]):
            return None
        return event("board", self.head | {"order": self._order(), "rows": news}, cursor)

    def whole(self, since: Json) -> bytes:
        """The message for who has nothing yet, or may have missed something: every row; `since` goes with it."""
        content = self.head | {"order": self._order(), "rows": list(self.sent.values())} | since
        return event("board", content, str(self.head["cursor"]))

    def _order(self) -> list[str]:
        return [row["key"] for row in self.sent.values()]


def last_line(groups: Iterable[Group]) -> wall.Place | None:
    """The last place that any of these boards shows; None where one shows all that there is."""
    boards = list(groups)
    return None if not boards or any(one.is_whole for one in boards) else max(one.places[-1] for one in boards)


def untouched(groups: Iterable[Group], look: Look) -> bool:
    """Whether what changed is shown on none of these boards: but for counts, which may lag, they stand as told."""
    return look.changed is not None and not any(group.touched(look) for group in groups)


def told_rows(
    db: Connection, places: Iterable[wall.Place], locales: Iterable[Locale], zone: ZoneInfo
) -> dict[Locale, dict[wall.Place, Json]]:
    """The rows of these places as they are sent, by language and place; read once for all groups."""
    asked: dict[tuple[int, str, datetime | None], wall.Place] = {
        (place.id, place.standing, place.until_at): place for place in places
    }
    found = [(asked[one.id, one.standing, one.until_at], one) for one in wall.rows(db, sorted(asked.values()))]
    return {locale: {place: wall_told.row(one, locale, zone) for place, one in found} for locale in set(locales)}


def event(name: str, content: Json, cursor: str | None = None) -> bytes:
    """A server-sent event; its id is the cursor that a browser gives back when it comes again."""
    head = b"" if cursor is None else b"id: %s\n" % cursor.encode()
    return head + b"event: %s\ndata: %s\n\n" % (name.encode(), to_json(content))
