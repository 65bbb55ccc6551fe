"""Me too over HTTP: what strangers learn of reports nearby, joining once, the joiner's link, the phone's last digits."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from gridsvc import cases, categories, households, joins
from gridsvc.rules.case import Given
from gridsvc.rules.cells import LEAST
from gridsvc.rules.roles import Actor
from gridsvc.web.app import create_app
from gridsvc.web.limits import Limiter
from tests.conftest import NOW, Fresh
from tests.photographs import jpeg, scene, sha256
from tests.through import ADMIN, AGREED, department, lead
from tests.web import county as counties
from tests.web.conftest import report
from tests.web.county import BEGIN, CANARY, RULE, County
from tests.web.live import Clock, serving, settings

SECRET, OTHER = "Zq3_kD-91xTtB7uWmH0aLg", "Aq3_kD-91xTtB7uWmH0aLg"
API = "/api/v1/residents"
FAR = 0.0021  # more than two squares
LONELY = (110.0377, 23.0182)  # one household, and nobody else around
PHONE = "138 1234 5678"


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def middle(n: int) -> tuple[float, float]:
    """The middle of a square far from those of other numbers up to 28."""
    return (112640 + 5 * (n % 7) + 0.5) / 1024, (23552 + 5 * (n // 7 % 4) + 0.5) / 1024


@pytest.fixture(scope="module")
def made(module_schema: Fresh) -> Fresh:
    """A schema of this file's own: more people live here than the others count on."""
    return module_schema


@pytest.fixture(scope="module")
def county(made: Fresh) -> County:
    """The county, with as many households in each square of these tests as the public map asks for; all but one."""
    with made.begin() as db:
        built = counties.build(db)
        homes = [*map(middle, range(28)), (110.004, 23.004), (110.035, 23.015)]
        doors = [
            households.Door(built.compounds["1"], f"{30 + i}幢", "无", f"{n}", *at)
            for i, at in enumerate(homes)
            for n in range(LEAST)
        ]
        households.register(
            db, [*doors, households.Door(built.compounds["1"], "99幢", "无", "1", *LONELY)], BEGIN, RULE
        )
        categories.save(
            db, [categories.Category("0777", "不公开", "Not public"), categories.Category("0778", "井盖", "Cover")]
        )
    return built


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """The numbers of the squares, each given once."""
    return iter(range(27))


@pytest.fixture(scope="module")
def service(made: Fresh, county: County, folder: Path) -> Iterator[tuple[str, Clock]]:
    clock = Clock()
    with serving(create_app(settings(made, folder, public_except="0777"), clock=clock)) as address:
        yield address, clock


@pytest.fixture
def browser(service: tuple[str, Clock]) -> Iterator[httpx.Client]:
    service[1].now = NOW
    with httpx.Client(base_url=service[0], timeout=120) as one:
        yield one


@pytest.fixture
def spot(taken: Iterator[int]) -> tuple[float, float]:
    """The middle of a square of this test's own, far from those of the others."""
    return middle(next(taken))


def send(browser: httpx.Client, spot: tuple[float, float], **changes: Any) -> str:
    where = {"lon": spot[0], "lat": spot[1], "crs": "wgs84"}
    body = report(category="0506", location=where, description=f"积水 {CANARY}", secret_sha256=hashed(SECRET))
    sent = browser.post("/api/v1/reports", json=body | changes)
    assert sent.status_code == 201, sent.text
    return str(sent.json()["number"])


def near(browser: httpx.Client, lon: float, lat: float, category: str = "0506") -> list[dict[str, Any]]:
    answer = browser.post(f"{API}/similar", json={"category": category, "lon": lon, "lat": lat, "crs": "wgs84"})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def join(
    browser: httpx.Client, handle: str, key: str | None = None, secret: str = OTHER, **more: Any
) -> httpx.Response:
    body = {"handle": handle, "client_key": key or str(uuid.uuid4()), "secret_sha256": hashed(secret)}
    return browser.post(f"{API}/join", json=body | more)


def put(browser: httpx.Client, seed: int) -> str:
    photo = jpeg(scene(seed=seed))
    assert browser.put(f"/api/v1/photos/{sha256(photo)}", content=photo).status_code in (200, 201)
    return sha256(photo)


def test_a_stranger_learns_the_square_and_nothing_else(browser: httpx.Client, spot: tuple[float, float]) -> None:
    number = send(browser, spot, contact={"name": "张三", "phone": PHONE})
    found = near(browser, *spot)
    assert set(found[0]) == {"handle", "state", "state_words", "day", "away", "away_words"}
    assert (found[0]["away"], found[0]["day"], found[0]["state"]) == ("here", "2026-11-01", "reported")
    said = json.dumps(found, ensure_ascii=False)
    assert not [one for one in (number, "积水", "张三", "5678", CANARY) if one in said]
    unsaid = browser.post(f"{API}/similar", json={"category": "0506", "lon": spot[0], "lat": spot[1]})
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "request_misfit"), "a position says its system"
    # wherever in its square one asks, the answer is the same: it cannot be narrowed down
    for x, y in ((-0.49, -0.49), (0.49, 0.49), (0, 0.49)):
        again = near(browser, spot[0] + x / 1024, spot[1] + y / 1024)
        assert [one | {"handle": ""} for one in again] == [one | {"handle": ""} for one in found]
    assert {one["away"] for one in near(browser, spot[0] + 1 / 1024, spot[1])} == {"near"}
    assert near(browser, spot[0] + FAR, spot[1]) == []
    assert near(browser, *spot, "0999") == []


def test_where_few_people_live_nothing_is_offered(browser: httpx.Client, spot: tuple[float, float]) -> None:
    """Else a stranger could go from square to square and learn whose door a report is about."""
    send(browser, LONELY)
    around = [(x / 1024, y / 1024) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    assert [near(browser, LONELY[0] + x, LONELY[1] + y) for x, y in around] == [[]] * 9
    send(browser, spot)
    assert len(near(browser, *spot)) == 1


def test_what_is_not_public_is_neither_offered_nor_joined(
    browser: httpx.Client, spot: tuple[float, float], made: Fresh
) -> None:
    number = send(browser, spot, category="0777")
    assert near(browser, *spot, "0777") == []
    with made.begin() as db:
        handle = joins.handle(joins.key(db), cases.lock(db, number).id, NOW)
    assert join(browser, handle).json()["code"] == "similar_unknown"


def test_a_handle_says_nothing_of_the_report(browser: httpx.Client, spot: tuple[float, float], made: Fresh) -> None:
    number = send(browser, spot)
    (one,) = near(browser, *spot)
    with made.begin() as db:
        named = cases.lock(db, number).id.to_bytes(8, "big")
    assert named not in base64.urlsafe_b64decode(one["handle"])
    assert join(browser, one["handle"]).json()["number"] == number


def test_the_form_looks_no_oftener_than_the_page(made: Fresh, county: County, folder: Path) -> None:
    """What is near is asked of the form too: as often as of the page's script, and no more."""
    app = create_app(settings(made, folder), clock=Clock())
    app.state.services.links = Limiter(3, 60)
    with serving(app) as address, httpx.Client(base_url=address, timeout=120) as browser:
        spot = middle(27)
        send(browser, spot)
        form = form_of(browser) | {"category": "0506", "lon": f"{spot[0]:.6f}", "lat": f"{spot[1]:.6f}", "words": ""}
        assert [browser.post("/report", data=form).status_code for _ in range(5)] == [409] * 3 + [429] * 2


def test_me_too_counts_once_and_moves_nothing(browser: httpx.Client, spot: tuple[float, float], made: Fresh) -> None:
    number, key = send(browser, spot), str(uuid.uuid4())
    (one,) = [x for x in near(browser, *spot) if x["away"] == "here"]
    first, again = join(browser, one["handle"], key, phone=PHONE), join(browser, one["handle"], key, phone=PHONE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["number"], first.json()["n_joined"]) == (number, 1)
    assert join(browser, one["handle"], key).status_code == 409  # the same key, another draft
    # one link is one resident, whatever key it comes with
    same = join(browser, one["handle"])
    assert (same.status_code, same.json()["n_joined"]) == (200, 1)
    assert join(browser, one["handle"], secret=OTHER[::-1]).json()["n_joined"] == 2
    with made.begin() as db:
        held = cases.lock(db, number)
        rows = "SELECT action, facts ->> 'n_joined' FROM report_log WHERE report_id = :r ORDER BY seq"
        assert [tuple(row) for row in db.execute(text(rows), {"r": held.id})] == [
            *(("submit", None), ("join", "1"), ("join", "2"))
        ]
        assert cases.replayed(db, held.id) == held.case
        cases.check_version(db, held, 1)  # who read it before the others joined may still act


def test_a_joiner_reads_how_it_gets_on_and_nothing_of_its_sender(
    browser: httpx.Client, spot: tuple[float, float], made: Fresh
) -> None:
    number = send(browser, spot, contact={"phone": "13900000000"})
    (one,) = [x for x in near(browser, *spot) if x["away"] == "here"]
    join(browser, one["handle"])
    with made.begin() as db:
        lead(db, number, "dispatched", NOW)
        cases.apply(db, cases.lock(db, number), "ask_resident", ADMIN, NOW, AGREED, Given(note="哪一户 的水"))

    def told(secret: str) -> httpx.Response:
        return browser.post(f"{API}/progress", json={"number": number, "secret": secret})

    mine, theirs = told(OTHER).json(), told(SECRET).json()
    assert (mine["whole"], theirs["whole"], mine["n_joined"]) == (False, True, 1)
    assert mine["state"] == theirs["state"] == "dispatched"
    assert "哪一户" in json.dumps(theirs, ensure_ascii=False)
    assert "哪一户" not in json.dumps(mine, ensure_ascii=False)
    assert (mine["description"], mine["asked"], mine["pictures"]) == ("", None, [])
    assert "dispatch" in [event["action"] for event in mine["events"]]
    body = {"number": number, "secret": OTHER, "solved": "solved", "satisfied": "satisfied"}
    with made.begin() as db:
        cases.apply(db, cases.lock(db, number), "stop_asking", ADMIN, NOW, AGREED)
        lead(db, number, "closed", NOW)
    assert browser.post(f"{API}/rating", json=body).status_code == 404
    assert told(OTHER).json()["rate_until"] is None
    assert browser.post(f"{API}/rating", json=body | {"secret": SECRET}).status_code == 200
    assert join(browser, one["handle"], secret=OTHER[::-1]).json()["code"] == "join_over"


def test_a_joiner_sees_of_the_work_what_everybody_does(
    browser: httpx.Client, spot: tuple[float, float], made: Fresh, county: County
) -> None:
    """An answer to the sender may name a door, and a photo of the work shows one, until staff released it."""
    number = send(browser, spot)
    (one,) = near(browser, *spot)
    join(browser, one["handle"])
    sha = put(browser, 31)
    with made.begin() as db:
        cases.apply(db, cases.lock(db, number), "answer", ADMIN, NOW, AGREED, Given(note="您家3幢501室已派人"))
        lead(db, number, "dispatched", NOW)
        handler = Actor("handler", department_id=department(db))
        given = Given(note="好了", photos=(sha,))
        cases.apply(db, cases.lock(db, number), "dispose", handler, NOW, AGREED, given)
        lead(db, number, "closed", NOW)

    def told(secret: str) -> dict[str, Any]:
        return dict(browser.post(f"{API}/progress", json={"number": number, "secret": secret}).json())

    theirs, mine = told(SECRET), told(OTHER)
    assert "501" in json.dumps(theirs, ensure_ascii=False)
    assert [one["kind"] for one in theirs["pictures"]] == ["after"]
    assert "501" not in json.dumps(mine, ensure_ascii=False)
    assert (mine["pictures"], mine["received_at"]) == ([], "2026-11-01")
    assert {len(event["at"]) for event in mine["events"]} == {10}
    admin = {"Authorization": f"Bearer {county.tokens['admin']}"}
    for shown in (True, False):
        body = {"number": number, "sha256": sha, "version": 1, "shown": shown}
        assert browser.post("/api/v1/releases", json=body, headers=admin).status_code == 204
        assert [one["kind"] for one in told(OTHER)["pictures"]] == ["after"] * shown


def test_who_knows_a_photos_hash_has_not_taken_it(browser: httpx.Client, spot: tuple[float, float]) -> None:
    """Listing it in a report of the own shows it to staff, and to nobody who only read its hash somewhere."""
    sha = put(browser, 32)
    first, second = (send(browser, spot, photos=[sha], secret_sha256=hashed(one)) for one in (SECRET, OTHER))

    def kinds(number: str, secret: str) -> list[str]:
        told = browser.post(f"{API}/progress", json={"number": number, "secret": secret}).json()
        return [one["kind"] for one in told["pictures"]]

    assert kinds(first, SECRET) == ["own"]
    assert kinds(second, OTHER) == []


def test_a_handle_is_ours_and_not_old(browser: httpx.Client, spot: tuple[float, float], service: Any) -> None:
    send(browser, spot)
    handle = near(browser, *spot)[0]["handle"]
    changed = ("A" if handle[0] != "A" else "B") + handle[1:]
    for wrong in (changed, handle[:-2], "x", "张"):
        assert join(browser, wrong).json()["code"] == "similar_unknown"
    service[1].now = NOW + timedelta(days=1)
    assert join(browser, handle).status_code == 201
    service[1].now = NOW + timedelta(days=2)
    assert join(browser, handle).json()["code"] == "similar_unknown"


def test_a_phones_last_digits_show_how_it_gets_on(browser: httpx.Client, spot: tuple[float, float]) -> None:
    number = send(browser, spot, contact={"phone": PHONE, "for_phone": "13900001111", "tell": "both"})
    none = {"number": "20200101-000001", "phone_tail": "5678"}
    for tail in ("5678", "1111"):
        told = browser.post(f"{API}/lookup", json={"number": number, "phone_tail": tail})
        assert (told.status_code, told.json()["whole"], told.json()["description"]) == (200, False, "")
    answers = []
    for asked in (none, {"number": number, "phone_tail": "0000"}):
        tries = [browser.post(f"{API}/lookup", json=asked) for _ in range(7)]
        assert [one.status_code for one in tries] == [404] * 5 + [429] * 2
        # how long to wait is counted from the first try on, and time goes by
        said = [json.loads(re.sub(r"in \d+ seconds", "soon", one.text)) for one in tries]
        answers.append([one | {"detail": None} for one in said])
        assert "5678" not in tries[0].text
    assert answers[0] == answers[1]
    # the right one waits as well now
    right = browser.post(f"{API}/lookup", json={"number": number, "phone_tail": "5678"})
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0


def test_the_links_picture_says_nothing_and_keeps_nothing(browser: httpx.Client) -> None:
    made = browser.post(f"{API}/qr", json={"number": "20261101-000001", "secret": SECRET})
    assert made.status_code == 200
    assert set(made.json()) == {"side", "path"}
    assert SECRET not in made.text
    assert set(made.json()["path"]) <= set("Mhvz0123456789 -")
    assert browser.post(f"{API}/qr", json={"number": "1", "secret": "short"}).status_code == 422


def test_staff_see_who_joined_and_for_whom_it_was_reported(
    browser: httpx.Client, spot: tuple[float, float], county: County
) -> None:
    concerned = {
        "name": "张三丰",
        "phone": PHONE,
        "for_name": "李奶奶",
        "for_phone": "13900002222",
        "tell": "concerned",
    }
    number = send(browser, spot, contact=concerned)
    join(browser, near(browser, *spot)[0]["handle"], phone="13700003333")
    admin = {"Authorization": f"Bearer {county.tokens['admin']}"}
    page = browser.get(f"/reports/{number}", params={"lang": "zh"}, headers=admin).text
    assert "遇到同样问题的居民：1 人" in page
    assert "又有居民遇到同样的问题" in page
    assert "李**" in page
    assert "139****2222" in page
    assert "137****3333" in page
    assert "当事人" in page
    assert not [one for one in ("李奶奶", "13900002222", "13700003333", "张三丰") if one in page]


def test_each_browser_of_a_compound_has_a_limit_of_its_own(made: Fresh, county: County, folder: Path) -> None:
    clock = Clock()
    with serving(create_app(settings(made, folder, anonymous_per_minute=2), clock=clock)) as address:
        neighbours = [httpx.Client(base_url=address, timeout=120) for _ in range(4)]
        for one in neighbours:
            assert one.get("/report").status_code == 200
        clock.now = NOW + timedelta(seconds=5)  # nobody fills in the form faster

        def post(one: httpx.Client) -> int:
            where = {"words": "桥头"}
            return one.post("/api/v1/reports", json=report(location=where)).status_code

        assert [post(one) for one in neighbours] == [201] * 4  # the address alone would have stopped at two
        assert [post(neighbours[0]) for _ in range(6)] == [201] * 5 + [429]
        assert post(neighbours[1]) == 201
        with httpx.Client(base_url=address, timeout=120) as bare:
            assert [post(bare) for _ in range(3)] == [201, 201, 429]
        forged = httpx.Client(base_url=address, timeout=120, cookies={"gridsvc_sender": "x.1.00"})
        assert post(forged) == 429
        fresh = httpx.Client(base_url=address, timeout=120)
        fresh.get("/report")
        assert post(fresh) == 429  # a proof of this very second is none yet
        for one in (*neighbours, forged, fresh):
            one.close()


def test_one_place_takes_no_flood(made: Fresh, county: County, folder: Path) -> None:
    app = create_app(settings(made, folder), clock=Clock())
    with serving(app) as address, httpx.Client(base_url=address, timeout=120) as browser:
        app.state.services.places._n = 3.0
        here = {"lon": 110.0321, "lat": 23.0171, "crs": "wgs84"}
        answers = [browser.post("/api/v1/reports", json=report(location=here)) for _ in range(4)]
        assert [one.status_code for one in answers] == [201] * 3 + [429]
        assert answers[-1].json()["code"] == "too_many_here"
        there = here | {"lon": 110.0341}
        # what is refused takes nothing from a place
        refused = [browser.post("/api/v1/reports", json=report(location=there, photos=["ab" * 32])) for _ in range(4)]
        assert [one.status_code for one in refused] == [422] * 4
        assert browser.post("/api/v1/reports", json=report(location=there)).status_code == 201
        # nor is a compound without a pin a way around it
        named = {"compound": county.compounds["1"]}
        flood = [browser.post("/api/v1/reports", json=report(location=named)).status_code for _ in range(4)]
        assert flood == [201] * 3 + [429]


def test_an_address_gets_so_many_proofs(made: Fresh, county: County, folder: Path) -> None:
    app = create_app(settings(made, folder), clock=Clock())
    app.state.services.proofs = Limiter(2, 3600)
    with serving(app) as address:
        answers = []
        for _ in range(3):
            with httpx.Client(base_url=address, timeout=120) as browser:
                answers.append(browser.get("/report"))
    assert [one.status_code for one in answers] == [200] * 3
    assert ["gridsvc_sender" in one.cookies for one in answers] == [True, True, False]


def form_of(browser: httpx.Client) -> dict[str, str]:
    page = browser.get("/report").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    return {"csrf_token": token, "client_key": str(uuid.uuid4()), "category": "0110", "words": "桥头", "secret": SECRET}


def test_a_program_that_fills_in_everything_is_told(browser: httpx.Client) -> None:
    form = form_of(browser)
    refused = browser.post("/report", data=form | {"website": "http://spam.example"})
    assert refused.status_code == 422
    assert 'id="website-wrong"' in refused.text
    assert browser.post("/report", data=form).status_code == 201


def test_a_captcha_of_the_places_own(made: Fresh, county: County, folder: Path, tmp_path: Path) -> None:
    command = tmp_path / "captcha"
    command.write_text(
        '#!/bin/sh\nif [ "$1" = ask ]; then echo \'{"id": "7", "question": "3 + 4 <b>"}\'; exit 0; fi\n'
        'read -r line || true\ncase $line in *\'"answer": "7"\'*) exit 0;; *broken*) exit 3;; esac\nexit 1\n'
    )
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    with (
        serving(create_app(settings(made, folder, captcha_command=command), clock=Clock())) as address,
        httpx.Client(base_url=address, timeout=120) as browser,
    ):
        form = form_of(browser)
        assert "3 + 4 &lt;b&gt;" in browser.get("/report").text
        assert browser.post("/report", data=form | {"captcha_id": "7", "captcha": "8"}).status_code == 422
        assert browser.post("/report", data=form | {"captcha_id": "7", "captcha": "7"}).status_code == 201
        more = form | {"client_key": str(uuid.uuid4()), "captcha": "broken"}
        assert browser.post("/report", data=more).status_code == 201


def test_without_scripts_similar_ones_come_before_it_is_sent(browser: httpx.Client, spot: tuple[float, float]) -> None:
    number = send(browser, spot)
    form = form_of(browser) | {"category": "0506", "lon": f"{spot[0]:.6f}", "lat": f"{spot[1]:.6f}", "words": ""}
    shown = browser.post("/report", data=form)
    assert shown.status_code == 409
    handle = shown.text.split('id="similar-list"')[1].split('name="join" value="')[1].split('"')[0]
    seen = shown.text.split('name="seen" value="')[1].split('"')[0]
    joined = browser.post("/report", data=form | {"join": handle, "phone": PHONE})
    assert joined.status_code == 201
    assert number in joined.text
    assert 'class="qr"' in joined.text
    assert f"/r/{number}#{SECRET}" in joined.text
    assert browser.post("/report", data=form | {"join": handle, "phone": PHONE}).status_code == 200
    other = form | {"client_key": str(uuid.uuid4())}
    assert browser.post("/report", data=other | {"seen": seen}).status_code == 201
    # seen for another place is not seen here
    assert (
        browser.post("/report", data=other | {"seen": "0506 1 1", "client_key": str(uuid.uuid4())}).status_code == 409
    )


def test_a_compound_without_a_pin_is_a_place_too(browser: httpx.Client, county: County) -> None:
    """Who names the compound is shown what others reported there, by its name or with a pin, and does not double it."""
    named = county.compounds["1"]

    def similar(**where: Any) -> list[str]:
        answer = browser.post(f"{API}/similar", json={"category": "0778"} | where)
        assert answer.status_code == 200, answer.text
        return [one["away"] for one in answer.json()["items"]]

    assert similar(compound=named) == []
    number = send(browser, (0, 0), category="0778", location={"compound": "锦绣花园"})
    assert similar(compound=named) == similar(compound="錦繡花園") == ["here"]
    assert similar(lon=110.0045, lat=23.0045, crs="wgs84") == ["here"]
    assert similar(compound="同名苑") == similar(compound="没有的") == similar(words="桥头") == []
    assert browser.post(f"{API}/similar", json={"category": "0778", "lon": 110.0, "crs": "wgs84"}).status_code == 422
    form = form_of(browser) | {"category": "0778", "compound": "锦绣花园", "words": ""}
    shown = browser.post("/report", data=form)
    assert shown.status_code == 409
    handle = shown.text.split('id="similar-list"')[1].split('name="join" value="')[1].split('"')[0]
    seen = shown.text.split('name="seen" value="')[1].split('"')[0]
    assert number in browser.post("/report", data=form | {"join": handle}).text
    assert seen == "0778 锦绣花园"  # as the page's script writes it too
    other = form | {"client_key": str(uuid.uuid4()), "seen": seen}
    # seen for another place is not seen here
    assert browser.post("/report", data=other | {"compound": "", "compound_id": str(named)}).status_code == 409
    assert browser.post("/report", data=other).status_code == 201
