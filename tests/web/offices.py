"""The county's offices: departments, responsibility lists and an account of every role, on a service of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import Connection

from gridsvc import accounts, departments, responsibility
from gridsvc.departments import Department
from gridsvc.responsibility import Duty
from gridsvc.rules.roles import ROLES
from gridsvc.web.app import create_app
from tests.conftest import NOW, Fresh, Maker
from tests.web import county as counties
from tests.web.county import CANARY, EAST, PASSWORD, WEST, County
from tests.web.live import Clock, serving, settings

STREET = "370101001"
MORE = {
    "leader": {"area_codes": ["370101"]},
    "dispatcher": {"area_codes": ["370101"]},
    "manager": {"area_codes": [STREET]},
    "handler": {"department_code": "D1"},
    "checker": {"area_codes": [EAST]},
}
LINES = (
    Duty("assist", "01", None, None, "D1", ("D2",)),
    Duty("basic", "0110", STREET, None, "D2"),
    Duty("taken_back", "0110", "370101", None, "D1"),
    Duty("basic", "0110", WEST, "grid", "D3", ("D1", "D2")),
    Duty("basic", "0110", WEST, None, "D1"),
)


@dataclass
class Offices:
    """A running service on the county; `clients[role]`: a client with that role's token, `clients[None]`: nobody's."""

    made: Fresh
    county: County
    address: str
    clients: dict[str | None, httpx.Client]


def furnish(db: Connection, county: County) -> None:
    """Departments and lists, and an account of each role, named like it."""
    departments.save(
        db,
        [
            Department("D1", "城管局"),
            Department("D2", "环卫中心", "370101"),
            Department("D3", f"西街道办 {CANARY}", STREET),
        ],
    )
    responsibility.save(db, LINES, "county")
    for role, more in MORE.items():
        accounts.create(db, login=role, name=role, role=role, password=PASSWORD, **more)  # type: ignore[arg-type]
        county.tokens[role] = accounts.issue_bearer(db, role, "tests", NOW, timedelta(days=30)).token


@contextmanager
def opened(maker: Maker, folder: Path, **changes: object) -> Iterator[Offices]:
    """The offices, for as long as a block lasts."""
    with ExitStack() as stack:
        made = stack.enter_context(maker())
        with made.begin() as db:
            county = counties.build(db)
            furnish(db, county)
        address = stack.enter_context(serving(create_app(settings(made, folder, **changes), clock=Clock())))
        clients: dict[str | None, httpx.Client] = {}
        for role in (None, *ROLES):
            headers = {} if role is None else {"Authorization": f"Bearer {county.tokens[role]}"}
            clients[role] = stack.enter_context(httpx.Client(base_url=address, headers=headers, timeout=120))
        yield Offices(made, county, address, clients)
