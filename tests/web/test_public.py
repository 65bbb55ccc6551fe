"""What everybody sees: rough places, no person, no words and no photo before staff released them; and the release."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from sqlalchemy import text

from gridsvc import cases, households, releases, reports
from gridsvc.i18n import LOCALES
from gridsvc.rules.cells import LEAST
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.web.api.public import PER_PAGE
from gridsvc.web.app import create_app
from tests.conftest import NOW, Fresh, Maker
from tests.photographs import jpeg, scene, sha256
from tests.through import lead
from tests.web import county as counties
from tests.web.conftest import report
from tests.web.county import BEGIN, CANARY, RULE, County
from tests.web.live import Clock, serving, settings
from tests.web.test_map_pages import MOST_BYTES

# 25 households beside the county's ten, so that a cell forms there; nobody lives around the other spot
HOME, PARK, ALONE = (110.0042, 23.0042), (110.0122, 23.0012), (110.0351, 23.0151)
API = "/api/v1/public"
WORDS = f"三楼张三家漏水 {CANARY}"


@dataclass
class Open:
    """A county of this file's own with its service."""

    address: str
    made: Fresh
    county: County
    clock: Clock

    def client(self, login: str | None = None) -> httpx.Client:
        headers = {} if login is None else {"Authorization": f"Bearer {self.county.tokens[login]}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=120)

    def send(self, spot: tuple[float, float], state: str, **more: Any) -> str:
        where = {"lon": spot[0], "lat": spot[1], "crs": "wgs84"}
        contact = {"name": "张三丰", "phone": "13812345678"}
        with self.client() as browser:
            body = report(location=where, description=WORDS, contact=contact, category="0506") | more
            sent = browser.post("/api/v1/reports", json=body)
        assert sent.status_code == 201, sent.text
        number = str(sent.json()["number"])
        if state != "reported":
            with self.made.begin() as db:
                lead(db, number, state, self.clock.now)
        self.clock.now += timedelta(minutes=6)  # what was counted before is old by then
        return number

    def get(self, path: str, login: str | None = None, **params: Any) -> httpx.Response:
        with self.client(login) as browser:
            return browser.get(path, params=params)


@contextmanager
def opened(made: Fresh, folder: Path) -> Iterator[Open]:
    with made.begin() as db:
        county = counties.build(db)
        doors = [households.Door(county.compounds["1"], "2幢", "无", f"{n}02", *HOME) for n in range(25)]
        households.register(db, doors, BEGIN, RULE)
    clock = Clock()
    with serving(create_app(settings(made, folder, public_except="0110"), clock=clock)) as address:
        yield Open(address, made, county, clock)


@pytest.fixture(scope="module")
def here(module_schema: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with opened(module_schema, tmp_path_factory.mktemp("data")) as one:
        yield one


@pytest.fixture
def new(maker: Maker, tmp_path: Path) -> Iterator[Open]:
    """One where no other test has sent anything."""
    with maker() as made, opened(made, tmp_path) as one:
        yield one


def test_places_are_rough_and_people_are_not_there(new: Open) -> None:
    here = new
    numbers = [here.send(spot, "dispatched") for spot in (HOME, PARK, ALONE)]
    here.send(HOME, "reported")  # nobody has looked at it yet
    here.send(HOME, "dispatched", category="0110")  # not public in this place
    cells, rows = here.get(f"{API}/cells").json(), here.get(f"{API}/problems").json()
    assert sum(cell["n"] for cell in cells["cells"]) + cells["n_unplaced"] == len(rows["items"]) == 3
    bounds = {cell["code"]: cell["bounds"] for cell in cells["cells"]}
    doors = [HOME] * 25 + [(110.004, 23.004)] * 10 + [(110.035, 23.015)] * 4
    for spot, row in zip((ALONE, PARK, HOME), rows["items"], strict=True):
        west, south, east, north = bounds[row["cell"]]
        assert west <= spot[0] < east
        assert south <= spot[1] < north
        assert sum(west <= x < east and south <= y < north for x, y in doors) >= LEAST
    texts = [here.get(path).text for path in (f"{API}/cells", f"{API}/problems")]
    texts += [here.get("/public", lang=lang, table=1).text for lang in LOCALES]
    assert all(text.count("<tr>") == 4 for text in texts[2:])
    told = [*numbers, "张三", "13812345678", "漏水", "onerror", "<img src=x", "110.0042", "23.0012", "110.0351"]
    assert not [(what, text[:80]) for what in told for text in texts if what in text]
    assert set(rows["items"][0]) == {
        *("category", "category_words", "state", "state_words", "day", "closed_on", "cell", "words", "photos")
    }
    assert not re.search(r"\d\d:\d\d:\d\d", json.dumps(rows))  # a day, and no hour
    one = next(row["cell"] for row in rows["items"])
    alone = here.get(f"{API}/problems", cell=one).json()["items"]
    assert {row["cell"] for row in alone} == {one}
    assert here.get(f"{API}/problems", cell="1.2.3.4").json()["items"] == []
    assert here.get(f"{API}/problems", category="0110").json()["items"] == []
    assert here.get(f"{API}/problems", page=2).json() == {"items": [], "more": False}


def test_each_cell_lists_what_it_counts(here: Open) -> None:
    n_done = sum(cell["n_done"] for cell in here.get(f"{API}/cells").json()["cells"])
    here.send(HOME, "closed")
    cells = here.get(f"{API}/cells").json()["cells"]
    for cell in cells:
        n_listed = 0
        for page in range(1, 9):
            listed = here.get(f"{API}/problems", cell=cell["code"], page=page).json()
            n_listed += len(listed["items"])
            if not listed["more"]:
                break
        assert n_listed == cell["n"]
    assert sum(cell["n_done"] for cell in cells) == n_done + 1
    assert sum(cell["n"] for cell in here.get(f"{API}/cells", category="0506").json()["cells"]) > 0
    assert here.get(f"{API}/cells", category="no such").json()["cells"] == []


def photographed(here: Open, seed: int, state: str = "dispatched") -> tuple[str, str]:
    photo = jpeg(scene(seed=seed))
    with here.client() as browser:
        assert browser.put(f"/api/v1/photos/{sha256(photo)}", content=photo).status_code in (200, 201)
    return here.send(HOME, state, photos=[sha256(photo)]), sha256(photo)


def test_a_photo_is_held_until_a_manager_releases_it(here: Open) -> None:
    number, sha = photographed(here, 71)
    assert here.get(f"{API}/photos/{sha}").status_code == 404
    assert sha not in here.get(f"{API}/problems").text
    (one,) = [row for row in here.get("/api/v1/releases", "manager_west").json()["items"] if row["number"] == number]
    assert (one["sha256"], one["version"], one["kind"]) == (sha, 1, "reference")
    assert number not in here.get("/api/v1/releases", "manager_east").text
    body = {"number": number, "sha256": sha, "version": 1, "shown": True}

    def decide(login: str | None, **changes: Any) -> int:
        with here.client(login) as client:
            return client.post("/api/v1/releases", json=body | changes).status_code

    assert [decide(login) for login in (None, "worker", "planner", "manager_east")] == [401, 403, 403, 404]
    assert decide("manager_west", version=2) == 409
    assert decide("manager_west", sha256="ab" * 32) == 404
    assert decide("manager_west") == 204
    shown = here.get(f"{API}/photos/{sha}")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert sha in here.get(f"{API}/problems").text
    assert f"/api/v1/public/photos/{sha}" in here.get("/public", table=1).text
    assert number not in here.get("/api/v1/releases", "manager_west").text
    # kept back again, it is gone at once
    assert decide("manager_west", shown=False) == 204
    assert here.get(f"{API}/photos/{sha}").status_code == 404
    with here.made.begin() as db:
        held = cases.lock(db, number)
        cases.check_version(db, held, held.seq - 2)  # a decision about the public changes nothing of the case
        assert cases.replayed(db, held.id) == held.case


def test_words_are_those_that_staff_wrote(here: Open) -> None:
    number = here.send(HOME, "filed")
    with here.client("manager_west") as manager:
        said = {"number": number, "shown": True, "words": f"积水已安排疏通 {CANARY}"}
        assert manager.post("/api/v1/releases", json=said).status_code == 204
        assert manager.post("/api/v1/releases", json=said | {"words": " "}).status_code == 422
        assert manager.post("/api/v1/releases", json=said | {"words": "长" * 201}).status_code == 422
    page = here.get("/public", lang="zh", table=1).text
    assert "积水已安排疏通" in page
    assert "漏水" not in page
    assert CANARY not in page


def test_the_page_that_releases(here: Open) -> None:
    number, sha = photographed(here, 72)
    with here.client() as browser:
        page = browser.get("/login").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        form = {"csrf_token": token[1], "login": "manager_west", "password": counties.PASSWORD}
        assert browser.post("/login", data=form).status_code == 303
        shown = browser.get("/releases?lang=zh").text
        assert number in shown
        assert CANARY not in shown
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown)
        assert token is not None
        wish = {"csrf_token": token[1], "number": number, "sha256": sha, "version": "1", "does": "show"}
        assert browser.post("/releases", data=wish | {"version": "3"}).status_code == 409
        assert here.get(f"{API}/photos/{sha}").status_code == 404
        assert browser.post("/releases", data=wish).status_code == 303
    assert here.get(f"{API}/photos/{sha}").status_code == 200
    assert "决定是否对外公开" in here.get(f"/reports/{number}", "manager_west", lang="zh").text


def test_what_ended_long_ago_is_public_no_more(here: Open) -> None:
    here.send(HOME, "closed")
    assert here.get(f"{API}/problems").json()["items"]
    before = here.clock.now
    here.clock.now = NOW + timedelta(days=92)
    assert here.get(f"{API}/problems").json()["items"] == []
    assert here.get(f"{API}/cells").json()["cells"] == []
    here.clock.now = before


def test_the_page_is_small_however_much_was_released(here: Open) -> None:
    """As many problems as a page of the list has, each with the longest words that there can be."""
    empty = {lang: len(here.get("/public", lang=lang).content) for lang in LOCALES}
    with here.made.begin() as db:
        for n in range(PER_PAGE + 1):
            spot = reports.Position(HOME[0], HOME[1], "wgs84")
            draft = reports.Draft(uuid.uuid4(), "0506", "积水", "web", spot)
            number = reports.submit(db, draft, ANONYMOUS, here.clock.now, RULE).number
            lead(db, number, "dispatched", here.clock.now)
            words = ("'" * 199 + f"{n}")[-releases.MAX_WORDS :]
            release = (
                "INSERT INTO released (report_id, words, shown, actor_id, at) SELECT r.id, :words, true, a.id, :at"
            )
            whose = "FROM report r, account a WHERE r.number = :number AND a.login = 'admin'"
            db.execute(text(f"{release} {whose}"), {"words": words, "at": here.clock.now, "number": number})
    here.clock.now += timedelta(minutes=6)
    listed = here.get(f"{API}/problems").json()
    assert (len(listed["items"]), listed["more"]) == (PER_PAGE, True)
    for lang in LOCALES:
        page = here.get("/public", lang=lang)
        assert page.status_code == 200
        assert len(page.content) == pytest.approx(empty[lang], abs=100)
        assert len(page.content) <= MOST_BYTES
        # who has no scripts is led to the same address with the list in it
        to = re.search(r'<noscript><meta http-equiv="refresh" content="0; url=([^"]+)"></noscript>', page.text)
        assert to is not None
        asked = dict(parse_qsl(urlsplit(html.unescape(to[1])).query))
        whole = here.get("/public", **asked, lang=lang)
        assert whole.text.count("<tr>") == PER_PAGE + 1
        assert "http-equiv" not in whole.text
        assert "table=1&amp;page=2#problems" in whole.text
