"""A worker's day in a county of its own: a running campaign, reports to verify and to check, a phone that may go offline."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import shapely
from playwright.sync_api import Browser
from sqlalchemy import text

from gridsvc import campaigns, compounds, households, reports
from gridsvc.campaigns import Wanted
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.web.app import create_app
from tests.browser.drawer import Drawer
from tests.browser.fault_proxy import Faults
from tests.browser.field import Phone, phone
from tests.conftest import NOW, Fresh
from tests.through import ADMIN, lead
from tests.web import county as counties
from tests.web.county import CANARY, RULE
from tests.web.live import Clock, serving, settings

HERE = {"latitude": 23.0041, "longitude": 110.0041, "accuracy": 9}
GRANTED: dict[str, Any] = {"geolocation": HERE, "permissions": ["geolocation"]}
QUESTION = f"有什么困难？{CANARY}"
HELD_S = 60


@dataclass
class Day:
    """The county's schema, the proxy before its service, its clock, phones, the cookies of its worker, and doors that
    a test has used: what one leaves there is no other's concern.
    """

    made: Fresh
    faults: Faults
    clock: Clock
    drawer: Drawer
    cookies: list[Any] = field(default_factory=list)
    used: set[int] = field(default_factory=set)

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What the database says."""
        with self.made.begin() as db:
            return [dict(row) for row in db.execute(text(query), values).mappings()]

    def report(self, state: str = "reported", category: str = "0110", **more: Any) -> str:
        """The number of a new report in the worker's grid, led to a state."""
        with self.made.begin() as db:
            where = Position(110.005, 23.005, "wgs84", 10.0)
            draft = Draft(uuid.uuid4(), category, f"堆物 {CANARY}", "web", position=where)
            made = reports.submit(db, draft, ANONYMOUS, more.pop("at", NOW - timedelta(minutes=30)), RULE)
            if state != "reported":
                lead(db, made.number, state, NOW)
            return made.number


@contextmanager
def begun(made: Fresh, folder: Path, faults: Faults, drawer: Drawer) -> Iterator[Day]:
    """The county with sixteen more doors in two units of the worker's grid and a campaign, behind a proxy."""
    with made.begin() as db:
        built = counties.build(db)
        named = compounds.Incoming("t", "4", f"静安里{CANARY}", (), 90, 3, False, point(110.0045, 23.0045))
        compounds.save(db, [named])
        place = db.scalar(text("SELECT id FROM compound WHERE ref = '4'"))
        doors = [
            households.Door(place, "2", unit, f"{floor}0{n}", 110.0041, 23.0041)
            for unit in ("1", "2")
            for floor in (4, 3, 2, 1)
            for n in (1, 2)
        ]
        households.register(db, doors, NOW - timedelta(days=100), RULE)
        wanted = Wanted(
            name=f"秋季走访{CANARY}", starts_on=date(2026, 10, 1), ends_on=date(2026, 12, 20), questions=(QUESTION,)
        )
        campaigns.create(db, "autumn", wanted, ADMIN, NOW, ZoneInfo("Asia/Shanghai"))
        campaigns.draw(db, "autumn", NOW)
        assert built.compounds
    clock = Clock()
    with serving(create_app(settings(made, folder), clock=clock)) as address:
        yield Day(made, faults.before(address), clock, drawer)


def point(lon: float, lat: float) -> bytes:
    """A point as compounds are given."""
    return bytes(shapely.to_wkb(shapely.Point(lon, lat)))


@contextmanager
def carried(browser: Browser, day: Day, *, at: datetime = NOW, ready: bool = True, **options: Any) -> Iterator[Phone]:
    """A phone whose worker is logged in, its clock the service's; with its lists, and able to open without a network.

    Args:
        options: as for `phone`; with a `folder` it is a browser of its own.
    """
    wanted = GRANTED | options
    where = day.faults.address
    own = "folder" in options
    with phone(browser, where, **wanted) if own else day.drawer.lend(where, clocked=True, **wanted) as held:
        held.context.clock.install(time=at)
        if ready:
            if day.cookies:
                held.context.add_cookies(day.cookies)
                held.open()
                held.known()
            else:
                held.log_in()
                day.cookies.extend(held.context.cookies())
            held.offline_ready()
            held.until(lambda: held.call("data", "m.get().then((one) => one.doors.length)") > 0)
        yield held
        held.clean()


def counted(held: Phone, does: Callable[[], None]) -> tuple[int, int]:
    """Taps and typed characters that something takes."""
    taps, typed = held.counted()
    does()
    more_taps, more_typed = held.counted()
    return more_taps - taps, more_typed - typed


def let_go(held: Phone, seconds: int = HELD_S + 5) -> None:
    """The phone's clock goes on past the minute of undo, and what waits is sent."""
    held.context.clock.fast_forward(seconds * 1000)
    held.call("queue", "m.flush({ force: true })")
