"""A county of a test file's own on a running service of its own, with clients by login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
from sqlalchemy import Connection, text

from gridsvc.web.app import create_app
from tests.conftest import Fresh
from tests.web import county as counties
from tests.web.county import County
from tests.web.live import Clock, serving, settings


@dataclass
class Town:
    """The county in its schema, its service's address and clock, its doors in the west and in the east; `stack` ends
    with the service.
    """

    made: Fresh
    county: County
    address: str
    clock: Clock
    stack: ExitStack
    west: list[int] = field(init=False)
    east: list[int] = field(init=False)
    clients: dict[str | None, httpx.Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        of = text("SELECT id FROM household WHERE compound_id = :c ORDER BY id")
        with self.made.begin() as db:
            self.west, self.east = (list(db.scalars(of, {"c": self.county.compounds[ref]})) for ref in ("1", "3"))

    def client(self, login: str | None = "worker") -> httpx.Client:
        """A client with that account's bearer token; None: nobody's."""
        if login not in self.clients:
            headers = {} if login is None else {"Authorization": f"Bearer {self.county.tokens[login]}"}
            opened = httpx.Client(base_url=self.address, headers=headers, timeout=60)
            self.clients[login] = self.stack.enter_context(opened)
        return self.clients[login]


Kind = TypeVar("Kind", bound=Town)


def nothing_more(db: Connection, county: County) -> None:
    """The county as it is built."""


@contextmanager
def opened(
    kind: type[Kind], made: Fresh, folder: Path, furnish: Callable[[Connection, County], None] = nothing_more
) -> Iterator[Kind]:
    """A town of that kind, for as long as a block lasts; `furnish` adds to its county before the service starts."""
    with ExitStack() as stack:
        with made.begin() as db:
            county = counties.build(db)
            furnish(db, county)
        clock = Clock()
        address = stack.enter_context(serving(create_app(settings(made, folder), clock=clock)))
        yield kind(made, county, address, clock, stack)
