"""What a server does before the first request: its connections know what phones ask of them, and nothing is changed."""

from __future__ import annotations

import errno
import tempfile
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, QueuePool, text

from gridsvc import grids
from gridsvc.web import services, warming
from gridsvc.web.app import create_app
from tests.conftest import Fresh
from tests.web.county import County
from tests.web.live import Clock, settings

PREPARED = "SELECT string_agg(statement, chr(10)) FROM pg_prepared_statements WHERE generic_plans > 0"


def test_a_connection_learns_what_phones_ask_and_changes_nothing(made: Fresh, county: County, engine: Engine) -> None:
    mine = services.make(settings(made, Path("unused")), engine, Clock())
    with engine.begin() as db:
        warming.ask(db, mine)
        known = str(db.scalar(text(PREPARED)))
        assert db.scalar(text("SELECT pg_current_xact_id_if_assigned()")) is None  # it has written nothing
    for question in ("which grid gets one point", "who else was at the doors", "brings doors in line"):
        assert question in known  # planned once, as a phone's items are


def test_all_connections_but_one_open_and_stay(made: Fresh, county: County, folder: Path) -> None:
    app = create_app(settings(made, folder, pool_size=3), clock=Clock())
    mine: services.Services = app.state.services
    with warming.warming(app):
        for begun in (thread for thread in threading.enumerate() if thread.name == "warming"):  # or it has ended
            begun.join(60)
        pool = mine.engine.pool
        assert isinstance(pool, QueuePool)
        assert (pool.checkedin(), pool.checkedout()) == (2, 0)
    mine.intake.close()
    mine.engine.dispose()


def test_it_waits_for_no_connection_that_others_hold(made: Fresh, county: County, folder: Path) -> None:
    app = create_app(settings(made, folder, pool_size=3), clock=Clock())
    engine = app.state.services.engine
    with engine.connect(), engine.connect(), warming.warming(app):
        for begun in (thread for thread in threading.enumerate() if thread.name == "warming"):
            begun.join(10)
            assert not begun.is_alive()
        assert (engine.pool.checkedin(), engine.pool.checkedout()) == (0, 2)
    app.state.services.intake.close()
    engine.dispose()


def test_no_database_and_no_room_are_no_trouble_at_the_start(
    made: Fresh, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> str:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    app = create_app(settings(made, folder, pool_size=3, database_url="postgresql+psycopg:///none?host=/nowhere"))
    with warming.warming(app):
        pass
    app.state.services.intake.close()


def test_what_somebody_publishes_is_not_waited_for(
    made: Fresh, county: County, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "LOCKED_S", 0.05)
    app = create_app(settings(made, folder, pool_size=3), clock=Clock())
    mine: services.Services = app.state.services
    with made.begin() as db:
        grids.hold(db, exclusive=True)
        with warming.warming(app):
            begun = [thread for thread in threading.enumerate() if thread.name == "warming"]
            for thread in begun:
                thread.join(60)
            assert not any(thread.is_alive() for thread in begun)
    mine.intake.close()
    mine.engine.dispose()
