"""Reports without an account: the place's question is asked of everybody, a repeat is no report, proofs are few."""

from __future__ import annotations

import hashlib
import stat
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gridsvc import households
from gridsvc.rules.cells import LEAST
from gridsvc.web import captcha, services
from gridsvc.web.app import create_app
from gridsvc.web.limits import Limiter
from tests.conftest import Fresh
from tests.photographs import jpeg, scene, sha256
from tests.web import county as counties
from tests.web.conftest import report
from tests.web.county import BEGIN, RULE, County
from tests.web.live import Clock, serving, settings

API = "/api/v1/residents"
REPORTS = "/api/v1/reports"
SPOT = (110.0042, 23.0042)
WHERE = {"lon": SPOT[0], "lat": SPOT[1], "crs": "wgs84"}
SECRETS = ("Zq3_kD-91xTtB7uWmH0aLg", "Aq3_kD-91xTtB7uWmH0aLg")


@pytest.fixture(scope="module")
def made(module_schema: Fresh) -> Fresh:
    """A schema of this file's own: people live around the spot of its reports."""
    return module_schema


@pytest.fixture(scope="module")
def county(made: Fresh) -> County:
    with made.begin() as db:
        built = counties.build(db)
        homes = [(30, SPOT), (31, (110.035, 23.015))]
        doors = [
            households.Door(built.compounds["1"], f"{at}幢", "无", f"{n}", *spot)
            for at, spot in homes
            for n in range(LEAST)
        ]
        households.register(db, doors, BEGIN, RULE)
    return built


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """A captcha whose right answer is 7; each one that is looked at leaves a line beside it."""
    command = tmp_path / "captcha"
    command.write_text(
        '#!/bin/sh\nif [ "$1" = ask ]; then echo \'{"id": "7", "question": "3 + 4"}\'; exit 0; fi\n'
        f'read -r line || true\necho "$line" >> {tmp_path}/answers\n'
        'case $line in *\'"answer": "7"\'*) exit 0;; esac\nexit 1\n'
    )
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return command


@pytest.fixture
def app(made: Fresh, county: County, folder: Path) -> Any:
    return create_app(settings(made, folder), clock=Clock())


@pytest.fixture
def browser(app: Any) -> Iterator[httpx.Client]:
    """A browser whose proof is old enough to count."""
    with serving(app) as address, httpx.Client(base_url=address, timeout=120) as one:
        one.get("/report")
        app.state.services.clock.now += timedelta(seconds=5)
        yield one


def form_of(browser: httpx.Client) -> dict[str, str]:
    token = browser.get("/report").text.split('name="csrf_token" value="')[1].split('"')[0]
    return {"csrf_token": token, "client_key": str(uuid.uuid4()), "category": "0110", "words": "桥头"}


def joining(handle: str) -> dict[str, str]:
    hashed = hashlib.sha256(SECRETS[1].encode()).hexdigest()
    return {"handle": handle, "client_key": str(uuid.uuid4()), "secret_sha256": hashed}


@contextmanager
def taken(places: threading.BoundedSemaphore, n: int) -> Iterator[None]:
    """All of these places are somebody's."""
    for _ in range(n):
        assert places.acquire(timeout=120)
    try:
        yield
    finally:
        places.release(n)


def test_no_report_of_a_stranger_comes_past_the_question(
    made: Fresh, county: County, folder: Path, question: Path
) -> None:
    app = create_app(settings(made, folder, captcha_command=question), clock=Clock())
    with serving(app) as address, httpx.Client(base_url=address, timeout=120) as browser:
        told = browser.post(REPORTS, json=report(location=WHERE))
        assert (told.status_code, told.json()["code"]) == (403, "captcha_form")
        assert "/report" in told.json()["message"]
        told = browser.post(f"{API}/join", json=joining("x"))
        assert (told.status_code, told.json()["code"]) == (403, "captcha_form")
        staff = {"Authorization": f"Bearer {county.tokens['worker']}"}
        assert browser.post(REPORTS, json=report(location=WHERE), headers=staff).status_code == 201
        # the form asks, and one answer is enough for one report, however often it is sent
        form = form_of(browser) | {"captcha_id": "7", "captcha": "8"}
        assert browser.post("/report", data=form).status_code == 422
        assert browser.post("/report", data=form | {"join": "x"}).status_code == 422
        # few processes at once: who opens the form meanwhile is not asked yet, an answer is to come again
        with taken(captcha.ASKING, captcha.AT_ONCE):
            assert "3 + 4" not in browser.get("/report").text
            told = browser.post("/report", data=form | {"captcha_id": "", "captcha": ""})
            assert (told.status_code, told.headers["Retry-After"]) == (429, "2")  # nobody is told a wrong answer
        told = browser.post("/report", data=form | {"captcha_id": "", "captcha": ""})
        assert (told.status_code, "3 + 4" in told.text) == (422, True)
        assert "答案不对" not in told.text
        assert "3 + 4" in browser.get("/report").text
        with taken(captcha.CHECKING, captcha.AT_ONCE):
            told = browser.post("/report", data=form | {"captcha": "7"})
            assert (told.status_code, told.headers["Retry-After"]) == (429, "2")
        assert browser.post("/report", data=form | {"captcha": "7"}).status_code == 201
        assert browser.post("/report", data=form).status_code == 200
        assert len((question.parent / "answers").read_text().splitlines()) == 5
        described = browser.get("/openapi.json").json()["paths"]
        for path in (REPORTS, f"{API}/join"):
            assert "captcha_form" in described[path]["post"]["responses"]["403"]["description"]


def test_answers_are_limited_before_they_are_looked_at(
    made: Fresh, county: County, folder: Path, question: Path
) -> None:
    app = create_app(settings(made, folder, captcha_command=question), clock=Clock())
    app.state.services.links = Limiter(2, 60)
    with serving(app) as address, httpx.Client(base_url=address, timeout=120) as browser:
        form = form_of(browser) | {"captcha_id": "7", "captcha": "8"}
        assert [browser.post("/report", data=form).status_code for _ in range(4)] == [422] * 2 + [429] * 2
    assert len((question.parent / "answers").read_text().splitlines()) == 2


def test_a_repeat_is_no_report(browser: httpx.Client, app: Any) -> None:
    """Whose answer was lost on the way sends the same again, and has its limit still."""
    body, form = report(location=WHERE), form_of(browser)
    assert [browser.post(REPORTS, json=body).status_code for _ in range(10)] == [201] + [200] * 9
    assert [browser.post("/report", data=form).status_code for _ in range(10)] == [201] + [200] * 9
    others = [browser.post(REPORTS, json=report(location=WHERE)).status_code for _ in range(5)]
    assert others == [201] * (services.SENDER_REPORTS - 2) + [429]
    # who has nothing left gets the answer to what was stored, and a changed one under its key stays refused
    assert browser.post(REPORTS, json=body).status_code == 200
    assert browser.post("/report", data=form).status_code == 200
    assert browser.post(REPORTS, json=body | {"description": "另一件"}).json()["code"] == "client_key_used"
    # nor can it be asked without end
    app.state.services.links = Limiter(2, 60)
    assert [browser.post(REPORTS, json=body).status_code for _ in range(3)] == [200, 200, 429]


def test_a_repeated_joining_is_none(browser: httpx.Client) -> None:
    hashed = hashlib.sha256(SECRETS[0].encode()).hexdigest()
    sent = browser.post(REPORTS, json=report(category="0506", location=WHERE, secret_sha256=hashed))
    assert sent.status_code == 201
    asked = {"category": "0506", "lon": SPOT[0], "lat": SPOT[1], "crs": "wgs84"}
    near = browser.post(f"{API}/similar", json=asked).json()["items"]
    body = joining(near[0]["handle"])
    assert [browser.post(f"{API}/join", json=body).status_code for _ in range(10)] == [201] + [200] * 9
    assert browser.post(REPORTS, json=report(location=WHERE)).status_code == 201


def test_proofs_that_were_collected_have_one_limit_together(made: Fresh, county: County, folder: Path) -> None:
    app = create_app(settings(made, folder, anonymous_per_minute=1), clock=Clock())
    at, crowds = [0.0], app.state.services.crowds
    crowds._clock = lambda: at[0]
    with serving(app) as address:
        browsers = [httpx.Client(base_url=address, timeout=120) for _ in range(services.PROOFS)]
        for one in browsers:
            one.get("/report")
        app.state.services.clock.now += timedelta(seconds=5)

        def round_of_all() -> list[int]:
            return [one.post(REPORTS, json=report(location=WHERE)).status_code for one in browsers]

        assert [round_of_all() for _ in range(5)] == [[201] * 4] * 5
        assert round_of_all() == [429] * 4
        at[0] += 60  # a minute later there is a tenth of it
        assert sorted(round_of_all()) == [201, 201, 429, 429]
        for one in browsers:
            one.close()


def test_photos_of_neighbours_are_counted_by_browser(made: Fresh, county: County, folder: Path) -> None:
    app = create_app(settings(made, folder, anonymous_photos_per_minute=1), clock=Clock())
    mine = app.state.services
    mine.sender_photos = Limiter(2, services.SENDER_S)
    photo = jpeg(scene(seed=88))
    with serving(app) as address, ExitStack() as stack:
        bare, *proven = [stack.enter_context(httpx.Client(base_url=address, timeout=120)) for _ in range(4)]
        for one in proven:
            one.get("/report")
        mine.clock.now += timedelta(seconds=5)

        def put(browser: httpx.Client) -> int:
            return browser.put(f"/api/v1/photos/{sha256(photo)}", content=photo).status_code

        assert [put(bare) for _ in range(2)] == [201, 429]  # the address has no more without a proof
        assert [put(proven[0]) for _ in range(3)] == [200, 200, 429]
        # a form without scripts counts as they do
        files = [("files", ("IMG.jpg", photo, "image/jpeg"))]
        sent = [proven[1].post("/report", data=form_of(proven[1]), files=files).status_code for _ in range(3)]
        assert sent == [201, 201, 429]
        assert bare.post("/report", data=form_of(bare), files=files).status_code == 429
        # proofs that were collected have one limit together
        mine.crowd_photos = Limiter(1, services.CROWD_S)
        assert [put(proven[2]) for _ in range(2)] == [200, 429]


def test_many_browsers_of_one_address_are_not_as_many_limits(app: Any) -> None:
    with serving(app) as address:
        browsers = [httpx.Client(base_url=address, timeout=120) for _ in range(8)]
        proven = ["gridsvc_sender" in one.get("/report").cookies for one in browsers]
        for one in browsers:
            one.close()
    assert proven == [True] * services.PROOFS + [False] * (8 - services.PROOFS)
