"""One county, one running service for the reading tests, and clients by role."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from gridsvc.db.engine import make_engine
from gridsvc.web.app import create_app
from gridsvc.web.security import LANG_COOKIE
from tests.conftest import Fresh, Maker
from tests.web import county as counties
from tests.web.county import County
from tests.web.live import Clock, serving, settings

Client = Callable[..., httpx.Client]
Serve = Callable[..., str]


@pytest.fixture(scope="module")
def made(maker: Maker) -> Iterator[Fresh]:
    """The county's schema, a file's own: what its tests write is no other's concern."""
    with maker() as one:
        yield one


@pytest.fixture(scope="module")
def county(made: Fresh) -> County:
    """The county, committed; tests add reports to it and take none away."""
    with made.begin() as db:
        return counties.build(db)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def address(made: Fresh, county: County, folder: Path) -> Iterator[str]:
    """A running service, at NOW."""
    with serving(create_app(settings(made, folder), clock=Clock())) as running:
        yield running


@pytest.fixture(autouse=True)
def no_language_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test's pages are in a language that one before it chose with a client of the whole file."""
    yield
    for value in request.node.funcargs.values():
        clients = value if isinstance(value, dict) else getattr(value, "clients", {None: value})
        for one in clients.values():
            if isinstance(one, httpx.Client) and LANG_COOKIE in one.cookies:
                one.cookies.delete(LANG_COOKIE)


@pytest.fixture(scope="module")
def known() -> dict[str | None, httpx.Client]:
    """The clients that `client` has made."""
    return {}


@pytest.fixture(scope="module")
def client(address: str, county: County, known: dict[str | None, httpx.Client]) -> Iterator[Client]:
    """`client("admin")`: a client with that account's bearer token; `client()`: nobody's."""
    with ExitStack() as stack:

        def of(login: str | None = None) -> httpx.Client:
            if login not in known:
                headers = {} if login is None else {"Authorization": f"Bearer {county.tokens[login]}"}
                known[login] = stack.enter_context(httpx.Client(base_url=address, headers=headers, timeout=120))
            return known[login]

        yield of


@pytest.fixture
def serve(made: Fresh, county: County, folder: Path) -> Iterator[Serve]:
    """`serve(clock, **settings)`: another service on the same county, for this test."""
    with ExitStack() as stack:

        def start(clock: Clock | None = None, **changes: Any) -> str:
            app = create_app(settings(made, folder, **changes), clock=clock or Clock())
            return stack.enter_context(serving(app))

        yield start


@pytest.fixture
def engine(made: Fresh) -> Iterator[Engine]:
    """A pool of the test's own, to listen to; closed whatever happens, or nobody could drop the schema."""
    own = make_engine(made.app_url, made.schema, pool_size=2)
    yield own
    own.dispose()


def report(**changes: Any) -> dict[str, Any]:
    """The body of a report inside the first western grid."""
    body = {
        "client_key": str(uuid.uuid4()),
        "category": "0110",
        "description": "路灯不亮",
        "location": {"lon": 110.005, "lat": 23.005, "crs": "wgs84"},
    }
    return body | changes
