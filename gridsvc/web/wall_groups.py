"""What a live wall shows, kept per group of viewers who see the same: role and areas, filters, language.

Plain work for one thread with one transaction; the stream (`wall_stream`) decides when. A change is looked at for its
own reports alone; the whole board is counted anew where they cannot tell, seldom otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

RECOUNT_S = 10.0  # counts of a board that shows not everything lag at most so long behind a change
RENEW_S = 60.0  # and what time alone changes, as being overdue, and words from outside the log, at most so long
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
class Group:
    """A board as its viewers have it. `sent`: rows by report as last told; `places` their order."""

    key: Key
    places: tuple[wall.Place, ...] = ()
    counts: wall.Counts = field(default_factory=lambda: wall.Counts({}, 0))
    sent: dict[int, Json] = field(default_factory=dict)
    head: Json = field(default_factory=dict)
    loaded_at_s: float | None = None  # on the caller's monotonic clock
    uncertain: bool = False  # something changed that the counts do not know of
    renewed: bool = False  # the last look read the board, or so much changed that any row may have
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
        """Nothing; afterwards order and counts are those of `now`; `changed` is None where too many reports did.

        `arrived`: somebody came who was told nothing yet.

        Raises:
            NotFound: the area of the filter is no more.
        """
        is_other = self._is_other(db, clock_s, arrived=arrived)
        self.renewed = is_other or self._is_old(clock_s) or changed is None
        if changed and not self.renewed:
            self.renewed = not self._merge(db, changed, now, zone)
        if self.renewed:
            board = wall.board(db, self.key.actor, self.key.wanted, now, zone, limit=self.key.limit)
            self.places, self.counts = board.places, board.counts
            self.loaded_at_s, self.uncertain = clock_s, False

    def _is_other(self, db: Connection, clock_s: float, *, arrived: bool) -> bool:
        """Whether this reader sees the reports of other places than at the last look at that."""
        if not arrived and self.scoped_at_s is not None and clock_s - self.scoped_at_s < SCOPE_S:
            return False
        before, self.scope = self.scope, wall.scope(db, self.key.actor, self.key.wanted)
        self.scoped_at_s = clock_s
        return before != self.scope

    def _is_old(self, clock_s: float) -> bool:
        """Whether it was never read, or so long ago that what one change cannot tell has to be looked at."""
        if self.loaded_at_s is None:
            return True
        age_s = clock_s - self.loaded_at_s
        return age_s >= RENEW_S or (self.uncertain and age_s >= RECOUNT_S)

    def _merge(self, db: Connection, changed: Sequence[int], now: datetime, zone: ZoneInfo) -> bool:
        """Whether the changed reports alone told the new order."""
        is_whole = self.counts.picked == len(self.places)
        if not is_whole or self.key.wanted.standing is not None:
            self.uncertain = True  # what changed may have been counted among those that are not here
        found = wall.some(db, self.key.actor, self.key.wanted, changed, now, zone)
        gone = set(changed)
        had = [place for place in self.places if place.id in gone]
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

        All of them where the board was read anew: other words than those of the log may be others too.
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
