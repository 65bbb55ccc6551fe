"""How a campaign went on from day to day, and when it may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gridsvc import coverage
from gridsvc.campaigns import Campaign
from gridsvc.coverage import Query
from gridsvc.db.queries import load as query
from gridsvc.rules.forecast import Forecast, forecast
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """Eligible doors first reached on a day, and all reached until its end."""

    day: date
    n_new: int
    n_sum: int


@dataclass(frozen=True)
class Progress:
    """Each day so far; `n_left` eligible doors are not reached. No forecast where none is left, or when it is over."""

    days: tuple[Day, ...]
    n_eligible: int
    n_left: int
    forecast: Forecast | None


def load(db: Connection, campaign: Campaign, actor: Actor, now: datetime, zone: ZoneInfo) -> Progress:
    """The days of a campaign whose list is drawn, as far as this reader sees it.

    The forecast of the same figures is always the same: its chance is seeded by the campaign and the day.
    """
    whole = coverage.table(db, Query((), campaign.code), actor, now, zone).counts
    if not whole:
        return Progress((), 0, 0, None)
    values = {name: value for name, value in scope(actor).items() if name != "department_id"}
    found = db.execute(query("campaign_daily"), values | {"campaign_id": campaign.id, "zone": zone.key})
    by_day = {row.day: row.n_new for row in found}
    today = now.astimezone(zone).date()
    first, last = campaign.wanted.starts_on, min(today, campaign.wanted.ends_on)
    days: list[Day] = []
    for number in range((last - first).days + 1):
        n_new = by_day.get(first + number * _DAY, 0)
        days.append(Day(first + number * _DAY, n_new, n_new + (days[-1].n_sum if days else 0)))
    n_left = whole["eligible"] - whole["reached"]
    ahead = None
    if n_left and days and campaign.state == "running" and today <= campaign.wanted.ends_on:
        daily = [(one.day, one.n_new) for one in days]
        seed = campaign.id * 100_000 + today.toordinal()
        ahead = forecast(daily, n_left, today, campaign.wanted.ends_on, seed=seed)
    return Progress(tuple(days), whole["eligible"], n_left, ahead)
