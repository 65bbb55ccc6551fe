"""Refusals: one shape on every address of the API, in the asked language, telling what is wrong and nothing more."""

from __future__ import annotations

import ast
import re
import string
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, event, text

from gridsvc.db.engine import make_engine
from gridsvc.i18n import LOCALES, catalogue
from gridsvc.web import deps, errors
from gridsvc.web.app import create_app
from tests.conftest import ROOT, Fresh
from tests.web.conftest import Client, Serve, report
from tests.web.live import Clock, serving, settings
from tests.web.test_access import ALLOWED, ask

API = [(method, path) for method, path in ALLOWED if path.startswith(("/api/", "/basemap/", "/healthz", "/readyz"))]
CHINESE = re.compile("[\u4e00-\u9fff]")


def shape(answer: httpx.Response) -> dict[str, object]:
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"
    told = dict(answer.json())
    assert list(told) == ["code", "message", "detail"]
    assert re.fullmatch("[a-z0-9_]+", str(told["code"]))
    assert told["message"] != told["code"], "the catalogue lacks this code"
    assert "{" not in str(told["message"])
    return told


@pytest.mark.parametrize(("method", "path"), API)
def test_unknown_parameters_are_refused_everywhere(client: Client, method: str, path: str) -> None:
    for name in ("bobx", "Bbox", "from_", "x[]"):
        url = path if "?" in path else f"{path}?{name}=1"
        answer = ask(client("admin"), method, url.replace("/locate?", "/locate?lon=110&lat=23&crs=wgs84&"))
        assert answer.status_code == 400, answer.text
        told = shape(answer)
        assert told["code"] == "query_unknown"
        assert name in str(told["message"])


def test_a_parameter_that_comes_twice_is_refused_where_one_would_be_left_out(client: Client) -> None:
    for url in (
        "/api/v1/locate?lon=110&lat=23&crs=wgs84&lon=1",
        "/api/v1/reports?grid=a&grid=b",
        "/api/v1/reports?lang=zh&lang=en",
    ):
        answer = ask(client("admin"), "GET", url)
        assert (answer.status_code, shape(answer)["code"]) == (400, "query_repeated")
    several = ask(client("admin"), "GET", "/api/v1/tiles/reports/0/0/0.pbf?state=reported&state=closed")
    assert several.status_code in (200, 204)


def test_each_language_is_spoken_when_asked_for(client: Client, address: str) -> None:
    def said(url: str = "/api/v1/reports", **headers: str) -> str:
        return str(shape(client().get(url, headers=headers))["message"])

    english, chinese = "Please log in first.", "请先登录。"
    assert said() == english  # the setting of this service
    assert said("/api/v1/reports?lang=zh") == chinese
    assert said(**{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}) == chinese
    assert said(Cookie="lang=zh") == english  # for pages; a program says it itself
    assert said("/api/v1/reports?lang=en", Cookie="lang=zh") == english
    assert said("/api/v1/reports?lang=fr", **{"Accept-Language": ";;q=x, *;q=y, zh;q=0.1"}) == chinese
    misfit = client().post("/api/v1/reports?lang=zh", json={"client_key": 1})
    assert all(CHINESE.search(one["message"]) for one in misfit.json()["detail"])
    assert misfit.headers["content-language"] == "zh"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/", 404, "route_unknown"),
        ("GET", "/api/v1/nothing", 404, "route_unknown"),
        ("GET", "/api/v1/categories/", 404, "route_unknown"),
        ("POST", "/api/v1/locate", 405, "method_not_allowed"),
        ("DELETE", "/api/v1/reports", 405, "method_not_allowed"),
        ("GET", "/api/v1/reports/none/placement", 404, "report_unknown"),
        ("GET", "/api/v1/reports/%00", 422, "request_misfit"),
        ("GET", "/basemap/1/2", 404, "route_unknown"),
        ("GET", "/basemap/tiles/vec/1/1/1", 404, "tiles_not_configured"),
        ("GET", "/static/app/../app.py", 404, "route_unknown"),
        ("GET", "/static/vendor/leaflet@1.9.4/package.json", 404, "route_unknown"),
        ("POST", "/static/maps/page.js", 405, "method_not_allowed"),
    ],
)
def test_addresses_that_are_none(client: Client, method: str, path: str, status: int, code: str) -> None:
    answer = client("admin").request(method, path)
    assert (answer.status_code, shape(answer)["code"]) == (status, code)


def test_allow_names_every_method_of_an_address(client: Client) -> None:
    assert client().delete("/api/v1/reports").headers["allow"] == "GET, POST"
    assert client().post("/api/v1/categories").headers["allow"] == "GET"


def test_a_page_gets_a_page(client: Client) -> None:
    answer = client("admin").get("/no/such/page")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_the_unforeseen_tells_nothing(
    made: Fresh, folder: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("password of the database")

    event.listen(engine, "before_cursor_execute", fail)
    with (
        serving(create_app(settings(made, folder), engine, Clock())) as address,
        httpx.Client(base_url=address, timeout=60) as browser,
    ):
        for path in ("/api/v1/categories", "/"):
            answer = browser.get(path, headers={"Authorization": "Bearer x"})
            assert answer.status_code == 500
            assert "password" not in answer.text
            assert "Traceback" not in answer.text
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert shape(browser.get("/api/v1/categories"))["code"] == "internal"
    assert "password of the database" in caplog.text


def broken(made: Fresh) -> Engine:
    return make_engine(made.app_url.split("?")[0] + "?host=127.0.0.1&port=1", made.schema)


def test_without_a_database(made: Fresh, folder: Path) -> None:
    with (
        serving(create_app(settings(made, folder), broken(made), Clock())) as address,
        httpx.Client(base_url=address, timeout=60) as browser,
    ):
        assert browser.get("/healthz").json() == {"status": "ok"}
        for path in ("/readyz", "/api/v1/categories"):
            answer = browser.get(path)
            assert (answer.status_code, shape(answer)["code"]) == (503, "database_down")
            assert int(answer.headers["retry-after"]) > 0
            assert "127.0.0.1" not in answer.text
        assert browser.get("/login").status_code == 200  # nothing is asked of the database yet
        page = browser.get("/reports", headers={"Authorization": "Bearer x"})
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")


def test_ready_only_with_every_migration(fresh: Fresh, folder: Path) -> None:
    with (
        serving(create_app(settings(fresh, folder), clock=Clock())) as address,
        httpx.Client(base_url=address, timeout=60) as browser,
    ):
        assert browser.get("/readyz").json() == {"status": "ready"}
        with fresh.begin(owner=True) as db:
            db.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        answer = browser.get("/readyz")
        assert (answer.status_code, shape(answer)["code"]) == (503, "migrations_missing")
        with fresh.begin(owner=True) as db:
            db.execute(text("DROP TABLE alembic_version"))
        assert browser.get("/readyz").json()["code"] == "migrations_missing"


def test_not_ready_is_logged_once_a_change(made: Fresh, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        serving(create_app(settings(made, folder), broken(made), Clock())) as address,
        httpx.Client(base_url=address, timeout=60) as browser,
    ):
        assert {browser.get("/readyz").status_code for _ in range(3)} == {503}
    told = [one for one in caplog.records if one.name == "gridsvc.web"]
    assert len(told) == 1, caplog.text
    assert told[0].exc_info is None
    message = told[0].getMessage()
    assert "database_down" in message
    assert "refused" in message
    assert "\n" not in message


def test_ready_again_is_logged_too(fresh: Fresh, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        serving(create_app(settings(fresh, folder), clock=Clock())) as address,
        httpx.Client(base_url=address, timeout=60) as browser,
        fresh.begin(owner=True) as db,
    ):
        newest = db.scalar(text("UPDATE alembic_version SET version_num = version_num || 'x' RETURNING version_num"))
        db.commit()
        assert [browser.get("/readyz").status_code for _ in range(2)] == [503, 503]
        with fresh.begin(owner=True) as again:
            again.execute(text("UPDATE alembic_version SET version_num = :was"), {"was": str(newest)[:-1]})
        assert [browser.get("/readyz").status_code for _ in range(2)] == [200, 200]
    told = [one.getMessage() for one in caplog.records if one.name == "gridsvc.web"]
    assert [line.split(" ")[1] for line in told] == ["migrations_missing", "ready"]


def test_a_slow_question_ends(serve: Serve, made: Fresh, client: Client) -> None:
    address = serve(statement_timeout_s=0.5)
    with made.begin(owner=True) as db, httpx.Client(base_url=address, timeout=120) as browser:
        db.execute(text("LOCK TABLE category IN ACCESS EXCLUSIVE MODE"))
        answer = browser.get("/api/v1/categories")
    assert (answer.status_code, shape(answer)["code"]) == (503, "too_slow")


def test_who_waits_too_long_for_a_connection_is_told(
    serve: Serve, made: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deps, "SLOT_WAIT_S", 0.3)
    address = serve(pool_size=1)
    with httpx.Client(base_url=address, timeout=120) as browser, ThreadPoolExecutor(1) as other:
        with made.begin(owner=True) as db:
            db.execute(text("LOCK TABLE category IN ACCESS EXCLUSIVE MODE"))
            first = other.submit(browser.get, "/api/v1/categories")
            waits = text("SELECT count(*) FROM pg_locks WHERE relation = CAST('category' AS regclass) AND NOT granted")
            while not db.scalar(waits):  # it has the one connection there is
                assert not first.done()
                time.sleep(0.01)
            second = browser.get("/api/v1/categories")
        assert (second.status_code, shape(second)["code"]) == (503, "busy")
        assert first.result().status_code == 200


def test_the_database_may_come_back(made: Fresh, folder: Path, engine: Engine) -> None:
    pids: list[int] = []
    event.listen(engine, "connect", lambda raw, _: pids.append(raw.info.backend_pid))
    with (
        serving(create_app(settings(made, folder), engine, Clock())) as address,
        httpx.Client(base_url=address, timeout=120) as browser,
    ):
        assert browser.post("/api/v1/reports", json=report()).status_code == 201
        with made.begin() as db:
            db.execute(text("SELECT pg_terminate_backend(p) FROM unnest(CAST(:pids AS int[])) p"), {"pids": pids})
        # the first may find the cut connection; who sends the same again is served
        body = report()
        answers = [browser.post("/api/v1/reports", json=body) for _ in range(2)]
        assert answers[1].status_code in (200, 201)
        if answers[0].status_code != 201:
            assert (answers[0].status_code, shape(answers[0])["code"]) == (503, "database_down")


def sources() -> list[ast.Module]:
    files = [path for part in ("gridsvc", "geodata") for path in (ROOT / part).rglob("*.py")]
    return [ast.parse(path.read_text(encoding="utf-8")) for path in files]


def families(trees: list[ast.Module]) -> set[str]:
    """The names of our error classes: the two roots and whatever stands below them."""
    bases = {
        node.name: {name(base) for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"GridsvcError", "GeodataError"}
    while more := {one for one, above in bases.items() if above & found} - found:
        found |= more
    return found


def name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def constants(node: ast.expr) -> set[str]:
    """The texts an expression may be: itself, or what it chooses between; what it asks about is none."""
    if isinstance(node, ast.IfExp):
        return constants(node.body) | constants(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


@cache
def raised() -> frozenset[str]:
    """Every code that one of our errors is made with anywhere in the source, and those the web adds."""
    trees = sources()
    kinds = families(trees)
    codes = set(errors.HTTP_CODES.values())
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and name(node.func) in kinds:
                codes |= constants(node.args[0])
            elif isinstance(node, ast.Call) and len(node.args) > 1 and name(node.func) == "Failure":
                codes |= constants(node.args[1])
    return frozenset(codes)


def test_the_codes_are_found() -> None:
    found = raised()
    assert {"query_unknown", "crs_unknown", "internal", "lonlat_swapped", "position_out_of_range"} <= found
    assert len(found) > 100


def test_every_code_has_words() -> None:
    for locale in LOCALES:
        missing = sorted(code for code in raised() if f"error.{code}" not in catalogue(locale))
        assert missing == [], locale


def test_words_agree_in_their_facts() -> None:
    def names(sentence: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    zh, en = catalogue("zh"), catalogue("en")
    for key in zh.keys() & en.keys():
        if key.startswith(("error.", "field.", "post.", "denominator.")):
            assert names(zh[key]) == names(en[key]), key


def test_now_is_the_clocks(client: Client) -> None:
    told = client("admin").post("/api/v1/reports", json=report()).json()
    received = client("admin").get(f"/api/v1/reports/{told['number']}").json()["received_at"]
    assert received == "2026-11-01T10:00:00+08:00"
