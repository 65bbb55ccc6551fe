"""What coverage counts and divides: the one place of its definitions; None over zero, never 0 % or 100 %.

`counts_of` says in Python for which figures one door counts; the SQL that counts millions says the same, and a test
compares them. The sentences that every page and export prints are `coverage.count.*` and `coverage.rate.*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gridsvc.rules.rates import Figure, Rate, percent, share

NOT_VISITED = "not_visited"
WITHDRAWN = "withdrawn"
# How a door stands; these divide the doors on the list.
STATUSES = ("reached", "absent", "refused", "vacant", "moved", "not_found", "not_eligible", NOT_VISITED)
COUNTS = (
    *("enumerated", "targeted", "eligible", "attempted", "found", "reached", "reached_enumerated", "completed"),
    *("absent", "refused", "vacant", "moved", "not_found", "not_eligible", "not_visited", "removed"),
    *("n_visits", "n_met", "most_met"),
)
# Counts that stay as they are whatever was visited: of the list, and of what is known of its doors.
STANDING = ("enumerated", "targeted", "eligible", "removed")
RATES = (
    Rate("coverage", "reached", "eligible"),  # 按应访户
    Rate("coverage_all", "reached_enumerated", "enumerated"),  # 按总户数
    Rate("attempted_share", "attempted", "eligible"),
    Rate("completed_share", "completed", "eligible"),
    Rate("coverage_found", "reached", "found"),  # of those found: a second figure only
)
# The four counts that are never mixed, and what each of them is here.
FOUR = {"doors": "reached", "visits": "n_visits", "people": "most_met", "person_times": "n_met"}


@dataclass(frozen=True)
class Visit:
    """What coverage asks of one visit; `supersedes_id` names the one that it corrects."""

    id: int
    outcome: str
    happened_at: datetime
    recorded_at: datetime
    mode: str = "door"
    n_met: int = 0
    supersedes_id: int | None = None


@dataclass(frozen=True)
class Window:
    """Visits that happened from `starts_at` (inclusive) to `ends_at` (exclusive) count, in these modes.

    What was recorded after `as_of` is not known yet; None: everything is.
    """

    starts_at: datetime
    ends_at: datetime
    modes: frozenset[str] = frozenset({"door"})
    as_of: datetime | None = None


@dataclass(frozen=True)
class Status:
    """How a door stands: `n_met` people met in all, `most_met` the most at one visit, `reached_at` the first time."""

    status: str = NOT_VISITED
    n_visits: int = 0
    n_reached: int = 0
    n_met: int = 0
    most_met: int = 0
    reached_at: datetime | None = None


@dataclass(frozen=True)
class Door:
    """A door on a list: not excluded when it was drawn (`targeted`), excluded now, removed from the register now."""

    status: Status
    targeted: bool = True
    excluded: bool = False
    removed: bool = False


def counted(visits: Iterable[Visit], window: Window) -> tuple[Visit, ...]:
    """The visits of one door that count, in order; a corrected or withdrawn one does not."""
    known = [one for one in visits if window.as_of is None or one.recorded_at <= window.as_of]
    gone = {one.supersedes_id for one in known}
    told = (
        one
        for one in known
        if one.id not in gone
        and one.outcome != WITHDRAWN
        and one.mode in window.modes
        and window.starts_at <= one.happened_at < window.ends_at
    )
    return tuple(sorted(told, key=lambda one: (one.happened_at, one.recorded_at, one.id)))


def status_of(visits: Iterable[Visit], window: Window) -> Status:
    """How a door with these visits stands: reached if ever, else as the latest counted visit found it.

    >>> from datetime import UTC
    >>> day = [datetime(2026, 11, d, tzinfo=UTC) for d in (1, 2, 3, 4)]
    >>> met, missed = (Visit(1, "reached", day[0], day[0], n_met=2), Visit(2, "absent", day[1], day[1]))
    >>> status_of([missed, met], Window(day[0], day[3])).status, status_of([], Window(day[0], day[3])).status
    ('reached', 'not_visited')
    """
    counts = counted(visits, window)
    if not counts:
        return Status()
    reached = [one for one in counts if one.outcome == "reached"]
    return Status(
        "reached" if reached else counts[-1].outcome,
        n_visits=len(counts),
        n_reached=len(reached),
        n_met=sum(one.n_met for one in reached),
        most_met=max((one.n_met for one in reached), default=0),
        reached_at=reached[0].happened_at if reached else None,
    )


def counts_of(door: Door, n_times: int = 1) -> dict[str, int]:
    """One door's part in each of `COUNTS`; `n_times` is how often it is to be reached."""
    stands = door.status
    eligible = not door.excluded
    attempted = eligible and stands.n_visits > 0
    reached = stands.status == "reached"
    told = {
        "enumerated": True,
        "targeted": door.targeted,
        "eligible": eligible,
        "attempted": attempted,
        "found": attempted and stands.status != "not_found",
        "reached": eligible and reached,
        "reached_enumerated": reached,
        "completed": eligible and stands.n_reached >= n_times,
        **{status: stands.status == status for status in STATUSES if status != "reached"},
        "removed": door.removed,
        "n_visits": stands.n_visits,
        "n_met": stands.n_met,
        "most_met": stands.most_met,
    }
    return {name: int(told[name]) for name in COUNTS}


def total(rows: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sum of counts.

    >>> total([])["enumerated"], total([{name: 1 for name in COUNTS}] * 2)["reached"]
    (0, 2)
    """
    every: Sequence[Mapping[str, int]] = list(rows)
    return {name: sum(one[name] for one in every) for name in COUNTS}


def figures(counts: Mapping[str, int]) -> tuple[Figure, ...]:
    """Every rate of these counts, in the order of `RATES`, each with what it was made from."""
    told = []
    for rate in RATES:
        n, of = counts[rate.n], counts[rate.of]
        told.append(Figure(rate.id, n, of, share(n, of), percent(n, of)))
    return tuple(told)
