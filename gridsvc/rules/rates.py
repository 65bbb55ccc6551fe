"""Every published rate: what is counted, what it is divided by, None over zero.

A rate is a share of one set of reports, so its numerator counts rows of its denominator. `measures` says in Python for
which figures one report counts in a period; the SQL that counts millions says the same, and a test compares them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, get_args

from gridsvc.errors import Refused

PER_HOUSEHOLDS = 1000
DONE_STATES = frozenset({"closed", "struck_off"})
GONE_STATES = frozenset({"void", "not_filed", "merged"})

# What was due for closing (应结案数) in a period. `due_i`: filed reports whose deadline falls in it, and those overdue
# when it began. `due_ii`: filed reports disposed of in it, and those overdue and not disposed of when it ended;
# suspended ones that are not disposed of are left out.
Definition = Literal["due_i", "due_ii"]
DEFINITIONS: tuple[Definition, ...] = get_args(Definition)
# Response, solved, satisfaction; they differ from place to place and from year to year.
THREE_RATE_WEIGHTS = (30, 35, 35)


def share(n: int, of: int | None) -> float | None:
    """`n / of`, between 0 and 1; None where the denominator is unknown or zero, never 0 % or 100 %.

    >>> share(3, 4), share(0, 0), share(0, None)
    (0.75, None, None)
    """
    return n / of if of else None


def per_thousand(n: int, of: int | None) -> float | None:
    """Reports per 1,000 households; None where the number of households is unknown or zero.

    >>> per_thousand(3, 600), per_thousand(3, 0)
    (5.0, None)
    """
    return PER_HOUSEHOLDS * n / of if of else None


def percent(n: int, of: int | None) -> Decimal | None:
    """`n` of `of` in per cent with two decimals, halves up, by whole numbers; None over zero.

    >>> percent(43523, 52434), percent(1, 16000), percent(1, 0)
    (Decimal('83.01'), Decimal('0.01'), None)
    """
    if not of:
        return None
    return Decimal((20000 * n + of) // (2 * of)).scaleb(-2)


@dataclass(frozen=True)
class Rate:
    """A published rate: its id, and which figures it divides."""

    id: str
    n: str
    of: str
    by_definition: bool = False  # whether it depends on what "due" means


RATES = (
    Rate("filing", "filed_of_received", "received"),
    Rate("effective", "effective", "received"),
    Rate("missed", "found_by_others", "received"),
    Rate("on_spot", "on_spot", "received"),
    Rate("verification", "verified", "to_verify"),
    Rate("timely_verification", "verified_in_time", "verify_due"),
    Rate("area_coverage", "covered_grids", "responsible_grids"),  # by area alone: of grids, not of reports
    Rate("dispatch", "dispatched", "filed"),
    Rate("correct_dispatch", "right_dispatched", "filed"),
    Rate("timely_dispatch", "dispatched_in_time", "dispatch_due"),
    Rate("response", "accepted_in_time", "accept_due"),
    Rate("disposal", "disposed", "due", True),
    Rate("timely_disposal", "disposed_in_time", "due", True),
    Rate("closing", "closed", "due", True),
    Rate("timely_closing", "closed_in_time", "due", True),
    Rate("overdue_closing", "closed_overdue", "due", True),
    Rate("rework", "reworked", "due", True),
    Rate("extension", "extended", "due", True),
    Rate("timely_check", "checked_in_time", "check_due"),
    Rate("participation", "answered", "asked"),
    Rate("solved", "solved", "rated"),
    Rate("satisfaction", "satisfied", "rated"),
)
MEASURES = tuple(dict.fromkeys(name for rate in RATES for name in (rate.of, rate.n)))


@dataclass(frozen=True)
class Figure:
    """A rate with what it was made from: `share` 0-1 or None, `percent` with two decimals or None."""

    id: str
    n: int
    of: int
    share: float | None
    percent: Decimal | None


def figures(counts: Mapping[str, int]) -> tuple[Figure, ...]:
    """Every rate of these counts (by the names of `MEASURES`), in the order of `RATES`."""
    told = []
    for rate in RATES:
        n, of = counts[rate.n], counts[rate.of]
        told.append(Figure(rate.id, n, of, share(n, of), percent(n, of)))
    return tuple(told)


def three_rate_score(
    response: Decimal | None,
    solved: Decimal | None,
    satisfaction: Decimal | None,
    weights: tuple[int, int, int] = THREE_RATE_WEIGHTS,
) -> Decimal | None:
    """The weighted mean of three rates in per cent (三率), two decimals, halves up; None where one has no denominator.

    Raises:
        Refused: the weights are negative or do not add up to 100.

    >>> three_rate_score(Decimal("98.01"), Decimal("96.20"), Decimal("95.99"))
    Decimal('96.67')
    """
    if sum(weights) != 100 or min(weights) < 0:
        raise Refused("weights_not_100", weights=", ".join(str(one) for one in weights))
    rates = (response, solved, satisfaction)
    if response is None or solved is None or satisfaction is None:
        return None
    whole = sum((rate * weight for rate, weight in zip(rates, weights, strict=True) if rate is not None), Decimal(0))
    return (whole / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Asking:
    """A closing of a report with a resident behind it, and the rating that followed it, if one did."""

    asked_at: datetime
    rated_at: datetime | None = None
    solved: str | None = None
    satisfied: str | None = None


@dataclass(frozen=True)
class Facts:
    """What a rate asks of one report as it stood when we looked; the `*_due_at` of stages: the last limits."""

    received_at: datetime
    state: str
    by_staff: bool = False
    outcome: str | None = None
    verified: str | None = None
    verified_at: datetime | None = None
    verify_due_at: datetime | None = None
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    dispatch_due_at: datetime | None = None
    accepted_at: datetime | None = None
    accept_due_at: datetime | None = None
    due_at: datetime | None = None
    disposed_at: datetime | None = None
    checked_at: datetime | None = None
    check_due_at: datetime | None = None
    closed_at: datetime | None = None
    suspended_at: datetime | None = None
    n_returns: int = 0
    n_rework: int = 0
    n_extensions: int = 0
    askings: tuple[Asking, ...] = ()


@dataclass(frozen=True)
class Window:
    """A period from `begin` (inclusive) to `end` (exclusive), looked at at `held_at`, not later than `end`."""

    begin: datetime
    end: datetime
    held_at: datetime

    def holds(self, at: datetime | None) -> bool:
        """Whether an instant falls in the period and was past when we looked."""
        return at is not None and self.begin <= at < min(self.end, self.held_at)

    def past(self, at: datetime | None) -> bool:
        """Whether an instant was past when we looked."""
        return at is not None and at < self.held_at


def measures(
    facts: Facts, window: Window, definition: Definition = "due_i", *, without_suspended: bool = False
) -> Counter[str]:
    """How often a report counts for each figure: once, or once per closing and rating; the others are not in it.

    `without_suspended` takes suspended ones out of what was due (缓办).
    """
    f, past = facts, window.past
    counted = _of_received(f, window) | _of_stages(f, window)
    if is_due(f, window, definition) and not (without_suspended and f.suspended_at is not None):
        counted["due"] = True
        counted["disposed"] = past(f.disposed_at)
        in_time = f.disposed_at is not None and (f.due_at is None or f.disposed_at <= f.due_at)
        counted["disposed_in_time"] = past(f.disposed_at) and in_time
        counted["closed"] = f.state in DONE_STATES and past(f.closed_at)
        counted["closed_in_time"] = counted["closed"] and in_time
        counted["closed_overdue"] = counted["closed"] and not in_time
        counted["reworked"] = f.n_rework > 0
        counted["extended"] = f.n_extensions > 0
    told = Counter(name for name, yes in counted.items() if yes)
    for one in f.askings:
        told.update(name for name, yes in _of_asking(one, window).items() if yes)
    return told


def is_due(facts: Facts, window: Window, definition: Definition) -> bool:
    """Whether a report was due for closing in the period; what was overdue is judged at the end of disposal."""
    f = facts
    if f.filed_at is None or not window.past(f.filed_at) or f.state in GONE_STATES:
        return False
    if definition == "due_i":
        if f.due_at is None:
            return False
        carried = f.due_at < window.begin and (f.disposed_at is None or f.disposed_at >= window.begin)
        return carried or window.begin <= f.due_at < window.end
    if window.holds(f.disposed_at):
        return True
    open_still = f.disposed_at is None or not window.past(f.disposed_at)
    late = f.due_at is not None and f.due_at < min(window.end, window.held_at)
    return open_still and late and f.suspended_at is None


def _of_received(f: Facts, window: Window) -> dict[str, bool]:
    if not window.holds(f.received_at):
        return {}
    filed = window.past(f.filed_at)
    on_spot = f.outcome == "on_spot" and window.past(f.disposed_at)
    looked = f.verified_at if f.verified in ("exists", "absent") else None
    timely = _in_time("verify_due", "verified_in_time", looked, f.verify_due_at, window) if not f.by_staff else {}
    return timely | {
        "received": True,
        "filed_of_received": filed,
        "effective": f.state not in ("void", "not_filed") and (filed or on_spot or f.state == "merged"),
        "found_by_others": not f.by_staff,
        "on_spot": on_spot,
        "to_verify": not f.by_staff,
        "verified": not f.by_staff and window.past(f.verified_at),
    }


def _of_asking(one: Asking, window: Window) -> dict[str, bool]:
    """A rating counts when it is given, as it was given, whatever became of the report."""
    asked, rated = window.holds(one.asked_at), window.holds(one.rated_at)
    return {
        "asked": asked,
        "answered": asked and window.past(one.rated_at),
        "rated": rated,
        "solved": rated and one.solved == "solved",
        "satisfied": rated and one.satisfied in ("satisfied", "basically"),
    }


def _of_stages(f: Facts, window: Window) -> dict[str, bool]:
    told: dict[str, bool] = {}
    if window.holds(f.filed_at):
        sent = window.past(f.dispatched_at)
        told |= {"filed": True, "dispatched": sent, "right_dispatched": sent and f.n_returns == 0}
        told |= _in_time("dispatch_due", "dispatched_in_time", f.dispatched_at, f.dispatch_due_at, window)
    if window.holds(f.dispatched_at):
        told |= _in_time("accept_due", "accepted_in_time", f.accepted_at, f.accept_due_at, window)
    if window.holds(f.disposed_at):
        told |= _in_time("check_due", "checked_in_time", f.checked_at, f.check_due_at, window)
    return told


def _in_time(due: str, met: str, done: datetime | None, limit: datetime | None, window: Window) -> dict[str, bool]:
    """Of what had to be done by now: what was done in time."""
    if limit is None or not (window.past(done) or window.past(limit)):
        return {}
    return {due: True, met: done is not None and window.past(done) and done <= limit}
