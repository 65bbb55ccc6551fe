"""What a visit's own words are worth: when it happened by our clock, what is flagged, what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gridsvc.errors import GridsvcError, Refused

OUTCOMES = ("reached", "absent", "refused", "vacant", "moved", "not_found", "not_eligible")
WITHDRAWN = "withdrawn"  # of a correction: the visit that it supersedes did not take place
MODES = ("door", "phone", "wechat", "meeting")
FAR_M = 100.0
LATE = timedelta(hours=72)
# A phone's clock that is farther off is not put right: whoever sets it so would choose when the visit was.
MOST_OFFSET = timedelta(hours=24)
# What lies between a phone's sending and our reading: no proof that its clock is wrong.
UNDERWAY = timedelta(minutes=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MOST_PEOPLE = 1000  # met at one visit
MOST_PAPERS = 1000  # questionnaires of one visit


@dataclass(frozen=True)
class Happened:
    """When a visit happened by our clock; `phone_at` is what the phone said where its clock was wrong."""

    at: datetime
    phone_at: datetime | None


def happened(said_at: datetime, sent_at: datetime | None, now: datetime) -> Happened:
    """When a visit happened: what the phone said, put right by how wrong its clock was when it sent, never after now.

    Args:
        said_at: when it happened, by the phone.
        sent_at: what the phone's clock showed at sending; None: not told, so its clock is believed.

    >>> noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    >>> happened(noon - timedelta(hours=3), noon - timedelta(hours=2), noon).at.hour  # two hours behind
    11
    >>> happened(noon + timedelta(hours=3), None, noon) == Happened(noon, noon + timedelta(hours=3))
    True
    >>> long_ago = noon - timedelta(days=10)  # too wrong to be put right: flagged, as it was said
    >>> happened(long_ago, long_ago, noon) == Happened(long_ago, long_ago)
    True
    >>> anew = datetime(1970, 1, 1, 8, tzinfo=UTC)  # it began anew: flagged, and put right
    >>> happened(anew, anew + timedelta(hours=1), noon) == Happened(noon - timedelta(hours=1), anew)
    True
    """
    offset = now - sent_at if sent_at is not None else timedelta()
    believed = UNDERWAY < abs(offset) <= MOST_OFFSET or _began_anew(said_at, offset)
    at = min(said_at + offset if believed else said_at, now)
    return Happened(at, None if at == said_at and abs(offset) <= MOST_OFFSET else said_at)


def _began_anew(said_at: datetime, offset: timedelta) -> bool:
    """Whether the phone's clock had lost its time, which nobody chose: only what it counted since then is known."""
    return said_at < EARLIEST and abs(offset) > MOST_OFFSET


def is_late(when: Happened, recorded_at: datetime) -> bool:
    """Whether it arrived so long afterwards, by our clock or the phone's, that somebody should know.

    >>> day = datetime(2026, 11, 1)
    >>> is_late(Happened(day, None), datetime(2026, 11, 4)), is_late(Happened(day, None), datetime(2026, 11, 4, 1))
    (False, True)
    """
    return recorded_at - min(when.at, when.phone_at or when.at) > LATE


def is_far(mode: str, distance_m: float | None, accuracy_m: float | None) -> bool:
    """Whether a visit at the door was made somewhere else, as far as its position can tell.

    >>> is_far("door", 150.0, 30.0), is_far("door", 150.0, 200.0), is_far("phone", 9000.0, None)
    (True, False, False)
    """
    return mode == "door" and distance_m is not None and distance_m > max(FAR_M, accuracy_m or 0.0)


def people_met(outcome: str, n_met: int | None) -> int:
    """How many people were met; where nobody counted, one at a door that was reached.

    >>> people_met("reached", None), people_met("absent", None), people_met("reached", 4)
    (1, 0, 4)
    """
    return n_met if n_met is not None else int(outcome == "reached")


def objection(
    outcome: str,
    mode: str,
    n_met: int | None,
    papers: tuple[int, int],
    times: tuple[datetime, datetime | None],
    now: datetime,
) -> GridsvcError | None:
    """What is wrong with a visit by itself, or None.

    Args:
        papers: questionnaires issued and returned.
        times: when it happened and when it was sent, by the phone.

    >>> noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    >>> objection("reached", "door", 0, (0, 0), (noon, None), noon).code
    'visit_nobody_met'
    >>> objection("reached", "door", None, (1, 0), (noon, None), noon)
    """
    if outcome not in (*OUTCOMES, WITHDRAWN):
        return Refused("visit_outcome_unknown", outcome=outcome[:40], known=", ".join(OUTCOMES))
    if mode not in MODES:
        return Refused("visit_mode_unknown", mode=mode[:40], known=", ".join(MODES))
    if n_met is not None and not (0 <= n_met <= MOST_PEOPLE):
        return Refused("visit_count", n=n_met, most=MOST_PEOPLE)
    if outcome == "reached" and n_met == 0:
        return Refused("visit_nobody_met")
    for n in papers:
        if not 0 <= n <= MOST_PAPERS:
            return Refused("visit_count", n=n, most=MOST_PAPERS)
    for at in times:
        if at is not None and not (at.tzinfo is not None and at < LATEST):
            return Refused("visit_time_impossible", at=at.isoformat())
    said_at, sent_at = times
    backwards = sent_at is not None and sent_at < EARLIEST <= said_at  # sent before it was
    if backwards or happened(said_at, sent_at, now).at < EARLIEST:
        return Refused("visit_time_impossible", at=said_at.isoformat())
    return None
