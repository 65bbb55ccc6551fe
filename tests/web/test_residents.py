"""The resident's side over HTTP: what a submission takes besides the report, and the link that needs no account."""

from __future__ import annotations

import hashlib
import logging
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from gridsvc import cases
from gridsvc.rules.case import Given
from gridsvc.web import schemas
from gridsvc.web.api.residents import ProgressOut
from gridsvc.web.app import create_app
from tests.conftest import NOW, Fresh
from tests.photographs import jpeg, scene, sha256
from tests.through import ADMIN, AGREED, lead
from tests.web.conftest import Client, Serve, report
from tests.web.county import CANARY, County
from tests.web.live import Clock, serving, settings

SECRET = "Zq3_kD-91xTtB7uWmH0aLg"
HASH = hashlib.sha256(SECRET.encode()).hexdigest()
CONTACT = {"name": "张三丰", "phone": "13812345678", "address": "锦绣花园 1 栋 101"}
URL, LINK = "/api/v1/reports", "/api/v1/residents"


@dataclass
class Mine:
    """A report of a resident's, and the client that may ask for it."""

    number: str
    browser: httpx.Client
    made: Fresh
    clock: Clock

    def ask(self, what: str = "progress", **more: Any) -> httpx.Response:
        """The answer to a call of the resident's API with the right number and secret."""
        return self.browser.post(f"{LINK}/{what}", json={"number": self.number, "secret": SECRET} | more)

    def lead(self, to: str, **given: Any) -> None:
        """Nothing; afterwards the report is in that state, or the action was done."""
        with self.made.begin() as db:
            if given:
                cases.apply(db, cases.lock(db, self.number), to, ADMIN, self.clock(), AGREED, Given(**given))
            else:
                lead(db, self.number, to, self.clock())


@pytest.fixture(scope="module")
def service(made: Fresh, county: County, folder: Path) -> Iterator[tuple[str, Clock]]:
    clock = Clock()
    with serving(create_app(settings(made, folder), clock=clock)) as address:
        yield address, clock


@pytest.fixture
def mine(service: tuple[str, Clock], made: Fresh) -> Iterator[Mine]:
    address, clock = service
    clock.now = NOW
    with httpx.Client(base_url=address, timeout=120) as browser:
        body = report(description=f"路灯不亮 {CANARY}", secret_sha256=HASH, contact=CONTACT)
        sent = browser.post(URL, json=body)
        assert sent.status_code == 201, sent.text
        yield Mine(sent.json()["number"], browser, made, clock)


def test_a_draft_that_comes_again_gets_the_same_answer(client: Client, made: Fresh) -> None:
    photo = jpeg(scene(seed=81))
    assert client().put(f"/api/v1/photos/{sha256(photo)}", content=photo).status_code == 201
    body = report(secret_sha256=HASH, contact=CONTACT, photos=[sha256(photo)])
    first, again = client().post(URL, json=body), client().post(URL, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    schemas.SubmittedOut.model_validate(first.json())
    with ThreadPoolExecutor(8) as pool:
        more = list(pool.map(lambda _: client().post(URL, json=body), range(8)))
    assert {one.status_code for one in more} == {200}
    for other in (
        {"secret_sha256": "0" * 64},
        {"contact": CONTACT | {"phone": "13812345679"}},
        {"photos": []},
        {"contact": None},
    ):
        assert client().post(URL, json=body | other).status_code == 409
    # the same hash in capital letters is the same draft
    assert client().post(URL, json=body | {"secret_sha256": HASH.upper()}).status_code == 200
    with made.begin() as db:
        rows = "SELECT count(*) FROM {} x JOIN report r ON r.id = x.report_id WHERE r.client_key = :k"
        key = {"k": body["client_key"]}
        assert [db.scalar(text(rows.format(name)), key) for name in ("reporter", "report_photo")] == [1, 1]
    progress = client().post(f"{LINK}/progress", json={"number": first.json()["number"], "secret": SECRET})
    assert progress.status_code == 200


def test_a_photo_that_never_came_is_refused_and_nothing_is_stored(client: Client, made: Fresh) -> None:
    body = report(photos=["ab" * 32], secret_sha256=HASH)
    answer = client().post(URL, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "photo_unknown")
    assert "ab" * 32 in answer.json()["message"]
    twice = client().post(URL, json=body | {"photos": ["ab" * 32] * 2})
    assert (twice.status_code, twice.json()["code"]) == (422, "photo_twice")
    with made.begin() as db:
        found = db.scalar(text("SELECT count(*) FROM report WHERE client_key = :k"), {"k": body["client_key"]})
    assert found == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"photos": ["ab" * 32] * 13}, "photos"),
        ({"photos": ["xyz"]}, "photos.0"),
        ({"photos": "ab"}, "photos"),
        ({"secret_sha256": SECRET}, "secret_sha256"),
        ({"secret": SECRET}, "secret"),
        ({"contact": {"phone": "call me"}}, "contact.phone"),
        ({"contact": {"name": " "}}, "contact.name"),
        ({"contact": {"mail": "x"}}, "contact.mail"),
        ({"contact": {"address": "x" * 301}}, "contact.address"),
    ],
)
def test_what_comes_beside_must_fit_too(client: Client, changes: dict[str, Any], field: str) -> None:
    answer = client().post(URL, json=report(**changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "request_misfit")
    assert [one["field"] for one in answer.json()["detail"]] == [field]


def test_similar_ones_are_named_to_staff_and_only_counted_to_others(client: Client, made: Fresh) -> None:
    def at(lon: float) -> dict[str, Any]:
        # a corner where no other test sends anything; the first in the west, then one 11 m and one 22 m from it
        return report(category="0506", location={"lon": lon, "lat": 23.0171, "crs": "wgs84"})

    first = client().post(URL, json=at(110.0081)).json()
    second = client().post(URL, json=at(110.0082)).json()
    assert (first["n_similar"], second["n_similar"]) == (0, 1)
    assert "similar" not in second
    assert first["number"] not in str(second)
    body = at(110.0083)
    told = client("manager_west").post(URL, json=body).json()
    schemas.SubmittedOut.model_validate(told)
    assert [one["number"] for one in told["similar"]] == [second["number"], first["number"]]
    assert [round(one["distance_m"]) for one in told["similar"]] == [10, 20]
    assert set(told["similar"][0]) == {"number", "distance_m", "received_at", "description"}
    assert client("manager_west").post(URL, json=body).json() == told
    # who keeps the east sees none of them
    east = client("manager_east").post(URL, json=at(110.0084)).json()
    assert east["similar"] == []


def test_progress_says_everything_in_both_languages(mine: Mine) -> None:
    mine.lead("dispatched")
    mine.lead("answer", note=f"明天修 {CANARY}")
    for lang, words in (("zh", "正在办理"), ("en", "Being dealt with")):
        answer = mine.browser.post(f"{LINK}/progress?lang={lang}", json={"number": mine.number, "secret": SECRET})
        told = answer.json()
        ProgressOut.model_validate(told)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert (told["state"], told["state_words"], told["n_done"]) == ("dispatched", words, 2)
        assert told["due_words"]
        assert [one["note"] for one in told["events"] if one["kind"] == "answer"] == [f"明天修 {CANARY}"]
        assert not [word for word in str(told).split() if word.startswith("resident.")]
        assert "{" not in "".join(one["words"] for one in told["events"])
        # nothing of what was left, and no person's name
        assert not [one for one in (*CONTACT.values(), "王小明") if one in answer.text]


def test_due_time_appears_when_it_is_filed(mine: Mine, client: Client) -> None:
    path = f"{URL}/{mine.number}"
    assert client("admin").get(path).json()["due_at"] is None
    mine.lead("filed")
    due = client("admin").get(path).json()["due_at"]
    assert due == mine.ask().json()["due_at"] is not None
    rows = client("admin").get(URL, params={"state": "filed", "limit": 1000}).json()["items"]
    assert [one["due_at"] for one in rows if one["number"] == mine.number] == [due]


def test_every_state_is_a_filter(client: Client) -> None:
    for state in ("reported", "merged", "not_filed", "struck_off", "disposed"):
        assert client("admin").get(URL, params={"state": state}).status_code == 200
    assert client("admin").get(URL, params={"state": "open"}).status_code == 422


def test_twenty_ratings_at_once_are_one(mine: Mine) -> None:
    mine.lead("closed")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: mine.ask("rating", solved="solved", satisfied="satisfied"), range(20)))
    assert sorted(one.status_code for one in answers) == [200] + [409] * 19
    assert {one.json().get("code") for one in answers} == {None, "rated_already"}
    with mine.made.begin() as db:
        row = text("SELECT count(*) FROM report_log l JOIN report r ON r.id = l.report_id "
                   "WHERE r.number = :n AND l.action = 'rate'")  # fmt: skip
        assert db.scalar(row, {"n": mine.number}) == 1


def test_not_satisfied_sends_it_back(mine: Mine) -> None:
    mine.lead("closed")
    told = mine.ask("rating", solved="not", satisfied="not", note=f"还是不亮 {CANARY}").json()
    assert (told["state"], told["rating"], told["satisfied"]) == ("dispatched", "given", "not")
    with mine.made.begin() as db:
        held = cases.lock(db, mine.number)
    assert (held.state, held.case.n_rework) == ("dispatched", 1)
    assert mine.ask("rating", solved="not", satisfied="not").json()["code"] == "rated_already"


def test_rating_ends_and_progress_stays(mine: Mine) -> None:
    mine.lead("closed")
    assert mine.ask().json()["rate_until"] == "2026-11-15T10:00:00+08:00"
    mine.clock.now = NOW + timedelta(days=14, seconds=1)
    late = mine.ask("rating", solved="solved", satisfied="satisfied")
    assert (late.status_code, late.json()["code"]) == (410, "rating_over")
    mine.clock.now = NOW + timedelta(days=300)
    told = mine.ask().json()
    assert (told["rating"], told["state"]) == ("over", "closed")


@pytest.mark.parametrize(
    ("what", "more", "status"),
    [
        ("rating", {"solved": "yes", "satisfied": "satisfied"}, 422),
        ("rating", {"solved": "solved"}, 422),
        ("rating", {"solved": "solved", "satisfied": "satisfied", "note": "x" * 1001}, 422),
        ("rating", {"solved": "solved", "satisfied": "satisfied", "note": "a\x00b"}, 422),
        ("rating", {"solved": "solved", "satisfied": "satisfied"}, 409),
        ("reply", {"words": ""}, 422),
        ("reply", {"words": "x"}, 409),
        ("progress", {"secret": "x"}, 422),
        ("progress", {"secret": "x" * 30}, 404),
        ("progress", {"number": "20991231-000001"}, 404),
        ("progress", {"number": "x\x00"}, 422),
    ],
)
def test_what_cannot_be_is_refused(mine: Mine, what: str, more: dict[str, Any], status: int) -> None:
    answer = mine.ask(what, **more)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"code", "message", "detail"}
    assert SECRET not in answer.text


def test_unknown_number_and_wrong_secret_get_the_same_answer(mine: Mine) -> None:
    told = [mine.ask(secret="A" * 22), mine.ask(number="20991231-000001"), mine.ask(number="x", secret="B" * 40)]
    assert len({(one.status_code, one.text) for one in told}) == 1
    assert told[0].json()["code"] == "link_unknown"


def test_a_question_and_its_reply(mine: Mine) -> None:
    mine.lead("dispatched")
    mine.lead("ask_resident", note="哪一盏？")
    asked = mine.ask().json()
    assert (asked["asked"], asked["events"][-1]["kind"]) == ("哪一盏？", "question")
    told = mine.ask("reply", words=f"门口那盏 {CANARY}").json()
    assert told["asked"] is None
    assert told["events"][-1]["action"] == "stop_asking"


def test_opening_the_link_tells_nothing_and_changes_nothing(mine: Mine) -> None:
    def rows() -> Any:
        with mine.made.begin() as db:
            return db.execute(text("SELECT xmin, * FROM report WHERE number = :n"), {"n": mine.number}).all()

    before = rows()
    pages = [mine.browser.get(f"/r/{number}") for number in (mine.number, "20991231-000001")]
    assert {one.status_code for one in pages} == {200}
    assert mine.browser.head(f"/r/{mine.number}").status_code in (200, 405)
    texts = {one.text.replace(mine.number, "N").replace("20991231-000001", "N") for one in pages}
    for page in pages:
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "nonce-" in page.headers["content-security-policy"]
    # but for the nonce, which differs with every answer, and the token, which is that of one browser
    assert len({text_.count("<") for text_ in texts}) == 1
    for what in ("progress", "rating", "reply"):
        assert mine.browser.get(f"{LINK}/{what}", params={"number": mine.number}).status_code == 405
    assert rows() == before


def test_secrets_are_not_to_be_guessed(serve: Serve, mine: Mine) -> None:
    with httpx.Client(base_url=serve(links_per_minute=6), timeout=60) as guesser:
        body = {"number": mine.number, "secret": "A" * 22}
        answers = [guesser.post(f"{LINK}/progress", json=body) for _ in range(9)]
        assert [one.status_code for one in answers] == [404] * 6 + [429] * 3
        assert answers[-1].json()["code"] == "too_many_links"
        assert int(answers[-1].headers["retry-after"]) >= 1
        right = guesser.post(f"{LINK}/progress", json=body | {"secret": SECRET})
        assert right.status_code == 429


def test_no_log_holds_a_secret_or_a_contact(mine: Mine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = report(secret_sha256=HASH, contact=CONTACT, photos=["cd" * 32])
    assert mine.browser.post(URL, json=body).status_code == 422
    assert mine.browser.post(URL, json=report(secret_sha256=HASH, contact=CONTACT)).status_code == 201
    for what, more in (
        ("progress", {}),
        ("rating", {"solved": "solved", "satisfied": "not"}),
        ("reply", {"words": "x"}),
    ):
        mine.ask(what, **more)
    with mine.made.begin() as db:  # the database goes away under a request
        db.execute(text("SELECT 1"))
    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert not [one for one in (SECRET, *CONTACT.values()) if one in logged]
    with mine.made.begin() as db:
        stored = db.scalar(text("SELECT string_agg(l::text, ' ') FROM report_log l")) or ""
    assert not [one for one in (SECRET, HASH, *CONTACT.values()) if one in stored]


def test_a_reader_who_is_logged_in_needs_the_pages_token(client: Client, mine: Mine, county: County) -> None:
    cookie = {"gridsvc_session": uuid.uuid4().hex}
    with httpx.Client(base_url=mine.browser.base_url, cookies=cookie, timeout=60) as browser:
        answer = browser.post(f"{LINK}/progress", json={"number": mine.number, "secret": SECRET})
    assert answer.status_code in (401, 403)


def test_a_form_with_a_photo_that_never_came_stores_nothing(mine: Mine) -> None:
    page = mine.browser.get("/report").text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)"(?: id="[\w-]+")? value="([^"]*)"', page))
    assert len(hidden["secret"]) == 22
    typed = {"category": "0110", "description": f"丢照片 {uuid.uuid4()}", "words": "桥头", "photos": "ef" * 32}
    gone = mine.browser.post("/report", data=hidden | typed)
    assert (gone.status_code, 'href="#photos"' in gone.text) == (422, True)
    # the form that comes back keeps the secret, so that a repeat gives the same link
    assert f'name="secret" value="{hidden["secret"]}"' in gone.text
    with mine.made.begin() as db:
        found = "SELECT count(*) FROM report WHERE description = :d"
        assert db.scalar(text(found), {"d": typed["description"]}) == 0
    sent = [mine.browser.post("/report", data=hidden | typed | {"photos": ""}) for _ in range(2)]
    assert [one.status_code for one in sent] == [201, 200]
    links = [re.findall(r'href="([^"]*/r/[^"]*#[^"]*)"', one.text) for one in sent]
    assert links[0] == links[1]
    assert links[0][0].endswith("#" + hidden["secret"])
    assert {one.headers["referrer-policy"] for one in sent} == {"no-referrer"}


def test_words_of_others_are_never_markup(mine: Mine) -> None:
    mine.lead("dispatched")
    mine.lead("answer", note=CANARY)
    page = mine.browser.get("/r").text
    hidden = dict(re.findall(r'<input type="hidden" name="(csrf_token)" value="([^"]*)"', page))
    told = mine.browser.post("/r", data=hidden | {"number": mine.number, "secret": SECRET})
    assert told.status_code == 200
    assert told.text.count(escape(CANARY)) == 2
    assert "<img src=x" not in told.text
    wrong = mine.browser.post("/r", data=hidden | {"number": CANARY[:60], "secret": "A" * 22})
    assert wrong.status_code == 404
    assert "<img src=x" not in wrong.text
