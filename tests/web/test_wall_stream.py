"""The live wall: what is committed reaches who may see it, nothing is missed or counted twice, and streams end well."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest
import uvicorn
from psycopg import sql
from sqlalchemy import Connection, Engine, make_url, text

from gridsvc import accounts, reports, wall
from gridsvc.db.engine import make_engine
from gridsvc.errors import Refused
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.web import wall_stream
from gridsvc.web.app import create_app
from gridsvc.web.recognised import Presented
from gridsvc.web.server import Server
from gridsvc.web.wall_stream import Kept, Viewer, Wall
from tests.conftest import NOW, Fresh
from tests.through import lead
from tests.web import county as counties
from tests.web.conftest import Client
from tests.web.county import RULE, County
from tests.web.live import Clock, serving, settings
from tests.web.streams import listening, until

WEST_LON, EAST_LON = 110.005, 110.025
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def made(module_schema: Fresh) -> Fresh:
    """A county of this module's own."""
    return module_schema


@pytest.fixture(scope="module")
def county(made: Fresh) -> County:
    with made.begin() as db:
        return counties.build(db)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def address(made: Fresh, county: County, folder: Path) -> Iterator[str]:
    with serving(create_app(settings(made, folder), clock=Clock())) as running:
        yield running


@pytest.fixture(scope="module")
def client(address: str, county: County) -> Iterator[Client]:
    opened: dict[str | None, httpx.Client] = {}

    def of(login: str | None = None) -> httpx.Client:
        if login not in opened:
            headers = {} if login is None else {"Authorization": f"Bearer {county.tokens[login]}"}
            opened[login] = httpx.Client(base_url=address, headers=headers, timeout=120)
        return opened[login]

    yield of
    for one in opened.values():
        one.close()


def send(made: Fresh, lon: float = WEST_LON, words: str = "新来的") -> str:
    with made.begin() as db:
        draft = Draft(uuid.uuid4(), "0110", words, "web", Position(lon, 23.005, "wgs84"))
        return reports.submit(db, draft, ANONYMOUS, NOW - timedelta(hours=1), RULE).number


@pytest.fixture
def by_commits_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is read meanwhile is told by the commit itself: the next beat or look comes when reading has failed."""
    monkeypatch.setattr(wall_stream, "BEAT_S", 300.0)
    monkeypatch.setattr(wall_stream, "LOOK_S", 300.0)


def test_what_is_committed_reaches_who_may_see_it(made: Fresh, client: Client, by_commits_only: None) -> None:
    with listening(client("admin")) as everything, listening(client("manager_east")) as east:
        first, theirs = until(everything, "board"), until(east, "board")
        assert first.id == first.data["cursor"]
        assert first.data["order"] == [row["key"] for row in first.data["rows"]]
        assert {row["area"]["code"] for row in theirs.data["rows"] if row["area"]} == {"370101002001"}
        west = send(made, WEST_LON)
        news = until(everything, "board").data
        assert [row["number"] for row in news["rows"]] == [west]
        assert len(news["order"]) == len(first.data["order"]) + 1
        assert news["total"] == first.data["total"] + 1
        assert news["counts"]["no_deadline"] == first.data["counts"]["no_deadline"] + 1
        east_number = send(made, EAST_LON)
        # their next message is about their own report: of the western one they were told nothing
        assert [row["number"] for row in until(east, "board").data["rows"]] == [east_number]
        with made.begin() as db:
            lead(db, west, "dispatched", NOW)
        changed = until(everything, "board").data
        while not any(row["number"] == west for row in changed["rows"]):
            changed = until(everything, "board").data
        (row,) = [row for row in changed["rows"] if row["number"] == west]
        assert row["step"] == "dispatched"
        assert changed["order"].index(row["key"]) < news["order"].index(row["key"])
        with made.begin() as db:
            lead(db, west, "void", NOW)
        assert row["key"] not in until(everything, "board").data["order"]


def test_a_commit_tells_its_transaction_and_not_a_word_of_it(made: Fresh) -> None:
    channel = sql.Identifier(f"wall_{made.schema}"[:63])
    with psycopg.connect(make_url(made.app_url).set(drivername="postgresql").render_as_string(False)) as ears:
        ears.autocommit = True
        ears.execute(sql.SQL("LISTEN {}").format(channel))
        number = send(made, words="谁也不该在路上听见")
        (heard,) = list(ears.notifies(timeout=60, stop_after=1))
    with made.begin() as db:
        wrote = "SELECT DISTINCT l.xid FROM report_log l JOIN report r ON r.id = l.report_id WHERE r.number = :n"
        assert heard.payload == str(db.scalar(text(wrote), {"n": number}))


def test_nothing_is_told_of_what_is_rolled_back(made: Fresh, client: Client, engine: Engine) -> None:
    with listening(client("admin")) as found:
        before = until(found, "board").data
        with engine.connect() as db:
            draft = Draft(uuid.uuid4(), "0110", "nie", "web", Position(WEST_LON, 23.005, "wgs84"))
            reports.submit(db, draft, ANONYMOUS, NOW, RULE)
            db.rollback()
        number = send(made)
        news = until(found, "board").data
        assert [row["number"] for row in news["rows"]] == [number]
        assert news["total"] == before["total"] + 1


def test_the_cursor_never_passes_an_open_transaction(made: Fresh, client: Client, engine: Engine) -> None:
    admin = client("admin")
    with engine.connect() as db:
        draft = Draft(uuid.uuid4(), "0110", "langsam", "web", Position(WEST_LON, 23.005, "wgs84"))
        slow = reports.submit(db, draft, ANONYMOUS, NOW, RULE).number  # its transaction is older, and still open
        quick = send(made)
        first = admin.get("/api/v1/wall").json()
        numbers = [row["number"] for row in first["rows"]]
        assert quick in numbers
        assert slow not in numbers
        db.commit()
    again = admin.get("/api/v1/wall", params={"since": first["cursor"]}).json()
    assert again["n_changed"] == 1  # the slow one; the quick one was seen before and is not counted twice
    assert slow in [row["number"] for row in again["rows"]]
    assert admin.get("/api/v1/wall", params={"since": again["cursor"]}).json()["n_changed"] == 0


def test_who_commits_beside_another_is_seen_though_only_one_tells(
    made: Fresh, client: Client, engine: Engine, by_commits_only: None
) -> None:
    def begun(words: str) -> tuple[Connection, str]:
        db = engine.connect()
        draft = Draft(uuid.uuid4(), "0110", words, "web", Position(WEST_LON, 23.005, "wgs84"))
        return db, reports.submit(db, draft, ANONYMOUS, NOW, RULE).number

    with listening(client("admin")) as found:
        until(found, "board")
        teller, told = begun("tells")
        quiet, untold = begun("says nothing, for the other is telling")
        teller.commit()
        assert [row["number"] for row in until(found, "board").data["rows"]] == [told]
        quiet.commit()
        assert [row["number"] for row in until(found, "board").data["rows"]] == [untold]
        for one in (teller, quiet):
            one.close()


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_who_committed_untold_is_seen_soon(
    made: Fresh, client: Client, engine: Engine, by_commits_only: None, ends: str
) -> None:
    numbers = []
    with listening(client("admin")) as found, engine.connect() as older, engine.connect() as younger:
        until(found, "board")
        time.sleep(1.5)  # whatever was open then is done: nothing is looked for again on its account
        for db in (older, younger):
            draft = Draft(uuid.uuid4(), "0110", "untold", "web", Position(WEST_LON, 23.005, "wgs84"))
            numbers.append(reports.submit(db, draft, ANONYMOUS, NOW, RULE).number)
        getattr(older, ends)()  # its snapshot ends before the younger began
        if ends == "commit":
            assert [row["number"] for row in until(found, "board").data["rows"]] == numbers[:1]
        time.sleep(1)
        younger.commit()
        assert [row["number"] for row in until(found, "board").data["rows"]] == numbers[1:]


def test_what_many_commits_changed_at_once_is_told(
    made: Fresh, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [send(made) for _ in range(4)]
    monkeypatch.setattr(wall, "MOST_CHANGED", 2)
    with listening(client("admin")) as found:
        first = until(found, "board")
        with made.begin() as db:
            for number in numbers:
                lead(db, number, "filed", NOW)
        news = until(found, "board").data
        assert {row["number"]: row["step"] for row in news["rows"]} == dict.fromkeys(numbers, "filed")
    # and how many those are nobody says, rather than something too small
    assert client("manager_east").get(f"/api/v1/wall?since={first.id}").json()["n_changed"] is None
    with listening(client("admin"), f"/api/v1/wall/stream?since={first.id}") as found:
        assert until(found, "board").data["n_changed"] is None


def test_what_changed_is_counted_only_where_that_is_bounded(made: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    with made.begin() as db:
        since = wall.cursor(db)
    numbers = [send(made), send(made)]
    with made.begin() as db:
        lead(db, numbers[0], "filed", NOW)
    with made.begin() as db:
        admin, nobody = Actor("admin"), Actor("worker")
        assert wall.n_changed(db, admin, since) == 2
        assert wall.n_changed(db, nobody, since) == 0
        n_rows = db.scalar(
            text("SELECT count(*) FROM report_log l JOIN report r ON r.id = l.report_id WHERE r.number = ANY(:n)"),
            {"n": numbers},
        )
        assert n_rows > 2
        monkeypatch.setattr(wall, "MOST_CHANGED", n_rows)
        assert wall.n_changed(db, admin, since) == 2
        monkeypatch.setattr(wall, "MOST_CHANGED", n_rows - 1)
        assert wall.n_changed(db, admin, since) is None
        assert wall.n_changed(db, nobody, since) is None  # what they see was not looked at
        monkeypatch.setattr(wall, "MOST_CHANGED", n_rows)
        behind = int(wall.cursor(db).split(":")[1]) - int(since.split(":")[0])
        monkeypatch.setattr(wall, "MOST_BEHIND", behind)
        assert wall.n_changed(db, admin, since) == 2
        monkeypatch.setattr(wall, "MOST_BEHIND", behind - 1)
        assert wall.n_changed(db, admin, since) is None
        with pytest.raises(Refused, match="cursor_invalid"):
            wall.n_changed(db, admin, "4:3:")


def test_an_account_has_so_many_streams_and_no_more(
    made: Fresh, address: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_stream, "MOST_OWN", 2)
    with made.begin() as db:  # nobody's streams of before are still being ended
        accounts.create(db, login="looks", name="l", role="admin", password="p" * 20)
        token = accounts.issue_bearer(db, "looks", "x", NOW, timedelta(days=1)).token
    with (
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as theirs,
        listening(theirs) as one,
        listening(theirs) as two,
    ):
        until(one, "board")
        until(two, "board")
        assert theirs.get("/api/v1/wall/stream").status_code == 503
        with listening(client("planner")) as other:
            until(other, "board")


def test_after_a_loss_one_request_catches_up(made: Fresh, client: Client) -> None:
    with listening(client("admin")) as found:
        first = until(found, "board")
    numbers = [send(made), send(made, EAST_LON)]
    with made.begin() as db:
        lead(db, numbers[0], "filed", NOW)  # twice changed, and one report
    path = "/api/v1/wall/stream"
    for address, headers in ((f"{path}?since={first.id}", {}), (path, {"Last-Event-ID": str(first.id)})):
        with listening(client("admin"), address, **headers) as found:
            board = until(found, "board").data
            assert board["n_changed"] == 2
            assert set(numbers) <= {row["number"] for row in board["rows"]}
            assert len(board["order"]) == len(set(board["order"])) == len(board["rows"])
    with listening(client("manager_east"), f"/api/v1/wall/stream?since={first.id}") as found:
        assert until(found, "board").data["n_changed"] == 1  # of the west they are not even told how many


def test_filters_hold_for_what_comes_later(made: Fresh, client: Client) -> None:
    with listening(client("admin"), "/api/v1/wall/stream?state=filed&limit=50") as found:
        first = until(found, "board").data
        assert {row["state"] for row in first["rows"]} <= {"filed"}
        number = send(made)
        with made.begin() as db:
            lead(db, number, "filed", NOW)
        news = until(found, "board").data
        assert [row["number"] for row in news["rows"]] == [number]
        with made.begin() as db:
            lead(db, number, "dispatched", NOW)
        assert all(number not in key for key in until(found, "board").data["order"])


def test_who_is_signed_out_is_told_and_gets_nothing_more(made: Fresh, client: Client, address: str) -> None:
    with made.begin() as db:
        accounts.create(db, login="goes", name="g", role="manager", password="p" * 20, area_codes=["370101"])
        token = accounts.issue_bearer(db, "goes", "x", NOW, timedelta(days=1)).token
    with (
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as theirs,
        listening(theirs) as found,
    ):
        until(found, "board")
        with made.begin() as db:
            accounts.revoke_bearer(db, "goes")
        send(made)
        assert until(found, "end").data == {"code": "signed_out"}
        assert list(found) == []


def test_another_area_is_another_wall(made: Fresh, address: str) -> None:
    with made.begin() as db:
        accounts.create(db, login="moves", name="m", role="manager", password="p" * 20, area_codes=["370101001"])
        token = accounts.issue_bearer(db, "moves", "x", NOW, timedelta(days=1)).token
    with (
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as theirs,
        listening(theirs) as found,
    ):
        assert {row["area"]["code"] for row in until(found, "board").data["rows"] if row["area"]} == {"370101001001"}
        with made.begin() as db:
            db.execute(
                text(
                    "UPDATE account_area SET area_id = (SELECT id FROM area WHERE code = '370101002') "
                    "WHERE account_id = (SELECT id FROM account WHERE login = 'moves')"
                )
            )
        send(made, EAST_LON)
        assert {row["area"]["code"] for row in until(found, "board").data["rows"] if row["area"]} == {"370101002001"}


def test_who_may_not_look_or_asks_nonsense_gets_no_stream(client: Client) -> None:
    assert client().get("/api/v1/wall/stream").status_code == 401
    admin = client("admin")
    for path, status in (
        ("area=nowhere", 404),
        ("state=void", 422),
        ("since=x", 400),
        ("since=9:1:", 400),
        ("x=1", 400),
    ):
        for address in ("/api/v1/wall/stream", "/api/v1/wall"):
            assert admin.get(f"{address}?{path}").status_code == status, (address, path)
    assert admin.get("/api/v1/wall?since=5:9:7,6").status_code == 400
    assert admin.get("/api/v1/wall?since=5:9:6,7").status_code == 200


def test_a_stream_that_waits_beats(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_stream, "BEAT_S", 0.5)
    with listening(client("admin")) as found:
        until(found, "board")
        assert until(found, "beat").data["as_of"].startswith("2026-11-01T10:00")


def test_a_look_at_what_no_board_shows_moves_the_cursor_and_asks_for_nobody(
    made: Fresh, county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall, "LIMITS", (50, 2))
    read, asked = accounts.authenticate_all, []

    def watched(*given: Any) -> list[Actor | None]:
        asked.append(given)
        return read(*given)

    monkeypatch.setattr(accounts, "authenticate_all", watched)
    monkeypatch.setattr(wall_stream, "LOOK_S", 3600.0)
    for _ in range(3):
        send(made)
    engine = make_engine(made.app_url, made.schema)
    live, kept = Wall(engine, made.schema, ZONE, lambda: NOW, asyncio.Semaphore(1)), Kept()
    shown = Presented("bearer", county.tokens["admin"])
    viewer, late = (Viewer(shown, Actor("admin"), wall.Filter(), 2, "en") for _ in range(2))
    assert list(live._look(kept, [viewer]).first) == [viewer]
    (group,) = kept.groups.values()
    assert (len(asked), group.uncertain) == (1, False)
    before = str(kept.cursor)
    send(made)
    found = live._look(kept, [viewer])
    assert (found.news, found.first, found.ended, found.cursor) == ({}, {}, {}, kept.cursor)
    assert (len(asked), group.uncertain) == (1, True)
    with engine.connect() as db:
        assert [wall.n_changed(db, Actor("admin"), one) for one in (before, str(kept.cursor))] == [1, 0]
    # who comes, what is shown, and time: each has every session asked about again
    assert list(live._look(kept, [viewer, late]).first) == [late]
    with made.begin() as db:
        number = db.scalar(text("SELECT number FROM report WHERE id = :id"), {"id": group.places[0].id})
        lead(db, str(number), "void", NOW)
    (news,) = live._look(kept, [viewer]).news.values()
    assert str(number).encode() not in news
    monkeypatch.setattr(wall_stream, "LOOK_S", 0.0)
    live._look(kept, [viewer])
    assert len(asked) == 4
    engine.dispose()


def test_when_the_database_goes_the_streams_end_and_come_again(made: Fresh, client: Client) -> None:
    with listening(client("admin")) as found:
        first = until(found, "board")
        engine = make_engine(made.app_url, made.schema)
        with engine.begin() as db:
            db.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE :q"),
                {"q": f'LISTEN "wall_{made.schema}%'},
            )
        engine.dispose()
        assert until(found, "end").data == {"code": "lost"}
    number = send(made)
    with listening(client("admin"), f"/api/v1/wall/stream?since={first.id}") as found:
        board = until(found, "board").data
        assert number in [row["number"] for row in board["rows"]]
        assert board["n_changed"] == 1


def test_a_server_that_stops_ends_its_streams(made: Fresh, county: County, folder: Path) -> None:
    app = create_app(settings(made, folder), clock=Clock())
    config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=60)
    server = Server(config, leaving=app.state.services.live.close)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {county.tokens['admin']}"}
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as here,
        listening(here) as found,
    ):
        until(found, "board")
        server.should_exit = True
        assert until(found, "end").data == {"code": "closing"}
    thread.join(40)
    assert not thread.is_alive(), "the server waited for its streams to be cut off"
