"""Pages asked by hand: the form that places, addresses that are none, and a form behind a session that ended."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from gridsvc.i18n import LOCALES, Locale, translate
from gridsvc.web import errors, security
from tests.conftest import NOW, Fresh
from tests.web.conftest import Client, Serve, report
from tests.web.county import EAST, PASSWORD, WEST, County
from tests.web.live import Clock
from tests.web.test_access import SESSION_COOKIE, csrf, log_in

NUL_OR_HUGE = [
    "/reports?category=%00",
    "/reports?grid=%00",
    "/reports/%00",
    "/reports/x?source=%00",
    "/unplaced?reason=%00",
    "/maps/hotspots?table=1&category=%00",
]


def id_of(made: Fresh, number: str) -> int:
    with made.begin() as db:
        return int(db.scalar(text("SELECT id FROM report WHERE number = :n"), {"n": number}) or 0)


def test_the_form_takes_no_report_of_another_area(address: str, client: Client, made: Fresh, county: County) -> None:
    foreign = id_of(made, county.numbers["east"])
    with log_in(address) as west:
        token = csrf(west.cookies[SESSION_COOKIE])
        for seq, number in ((1, county.numbers["east"]), (2, county.numbers["west"])):
            form = {"id": str(foreign), "seq": str(seq), "how": "grid", "grid": f"{WEST}001", "csrf_token": token}
            for back in ("queue", "report"):
                answer = west.post("/unplaced/place", data=form | {"number": number, "back": back})
                assert answer.status_code in (404, 422), (seq, back)
                assert county.numbers["east"] not in re.sub('value="[^"]*"', "", answer.text).replace(number, "")
    still = client("admin").get(f"/api/v1/reports/{county.numbers['east']}").json()
    assert (still["grid"]["code"], still["version"]) == (f"{EAST}001", 1)


def test_what_is_closed_stays_where_it_is(address: str, client: Client, made: Fresh) -> None:
    number = client().post("/api/v1/reports", json=report(location={"words": "桥下"})).json()["number"]
    with made.begin() as db:
        db.execute(text("UPDATE report SET state = 'closed' WHERE number = :n"), {"n": number})
    program = client("manager_west").post(
        f"/api/v1/reports/{number}/placement", json={"grid": f"{WEST}001", "version": 1}
    )
    assert (program.status_code, program.json()["code"]) == (409, "step_not_allowed")
    with log_in(address) as west:
        form = {"id": str(id_of(made, number)), "seq": "1", "how": "grid", "grid": f"{WEST}001"}
        sent = form | {"csrf_token": csrf(west.cookies[SESSION_COOKIE])}
        assert west.post("/unplaced/place", data=sent).status_code == 409
    assert client("admin").get(f"/api/v1/reports/{number}").json()["version"] == 1


@pytest.mark.parametrize("url", NUL_OR_HUGE)
def test_an_address_that_no_row_can_have(client: Client, url: str) -> None:
    answer = client("admin").get(url)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("row_id", ["99999999999999999999999", str(2**63), "-1", "0", "x"])
def test_a_place_in_the_queue_that_is_none_begins_anew(client: Client, row_id: str) -> None:
    manager = client("manager_west")
    answer = manager.get("/unplaced", params={"after": f"2026-12-01T00:00:00~{row_id}"})
    assert answer.status_code == 200
    assert 'action="/unplaced/place"' in answer.text


def test_a_form_behind_an_ended_session_can_be_sent(serve: Serve) -> None:
    for path in ("/login", "/report"):
        clock = Clock()
        address = serve(clock, session_hours=1.0)
        with log_in(address, "planner") as browser:
            clock.now = NOW + timedelta(hours=2)
            page = browser.get(path)
            assert page.status_code == 200
            assert SESSION_COOKIE not in browser.cookies
            told = re.search('name="csrf_token" value="([0-9a-f]+)"', page.text)
            assert told is not None
            sent = {"login": "planner", "password": PASSWORD, "csrf_token": told.group(1)}
            assert browser.post("/login", data=sent).status_code == 303, path


def test_links_stay_in_the_house(address: str) -> None:
    for path in ("//evil.example/x?lang=zh", "/%5C/evil.example/x?lang=zh", "/%5Cevil.example/x"):
        answer = httpx.get(f"{address}{path}", timeout=60)
        assert answer.status_code == 404
        links = re.findall('(?:href|action|src)="([^"]*)"', answer.text)
        assert any("evil.example" in link for link in links), path
        assert [link for link in links if re.match(r"(?i)/(?:/|\\|%5c|%2f)|[a-z]+:", link)] == [], path


def test_a_too_long_way_back_leads_home(address: str) -> None:
    long = "/reports?q=" + "x" * 3000
    with httpx.Client(base_url=address, timeout=60) as browser:
        assert browser.get("/login", params={"next": long}).status_code == 200
        sent = {"login": "planner", "password": PASSWORD, "csrf_token": csrf(browser.cookies["gridsvc_visit"])}
        answer = browser.post("/login", data=sent | {"next": long})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_answers_head_like_get(client: Client, path: str) -> None:
    got, head = client().get(path), client().head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert client().head(f"{path}?x=1").status_code == 400


def test_a_program_chooses_its_language_itself(client: Client) -> None:
    def said(**headers: str) -> str:
        return client().get("/api/v1/reports", headers=headers).headers["content-language"]

    cookie = f"{security.LANG_COOKIE}=zh"
    assert said(Cookie=cookie) == "en"  # the setting of this service
    assert said(**{"Cookie": cookie, "Accept-Language": "en"}) == "en"
    assert 'lang="zh' in client().get("/login", headers={"Cookie": cookie, "Accept-Language": "en"}).text


@pytest.mark.parametrize("locale", LOCALES)
def test_too_few_items_have_words(locale: Locale) -> None:
    failure = errors.Failure(422, "request_misfit", fields=(("x", "too_short", {"min_length": 2}),))
    told = bytes(errors.as_json(failure, locale).body).decode()
    sentence = translate("field.too_short", locale, min_length=2)
    assert sentence in told
    assert "2" in sentence
