"""What a department may claim, how often a resident is asked, and what is asked about once more."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from gridsvc import residents
from gridsvc.reports import Reporter
from tests import photographs
from tests.conftest import NOW
from tests.through import lead
from tests.web.county import CANARY
from tests.web.dealing import at_state, deeds_on, log_of, new, page_of, send, words
from tests.web.offices import Offices, opened


@pytest.fixture(scope="module")
def offices(cluster_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """The county's offices."""
    with opened(cluster_urls, tmp_path_factory.mktemp("data")) as found:
        yield found


def test_an_end_is_asked_about_once_as_in_the_list(offices: Offices) -> None:
    number = new(offices)
    with offices.made.begin() as db:
        lead(db, number, "closed", NOW - timedelta(days=1))
    shown = page_of(offices, "dispatcher", number, "?lang=en").text
    form = shown[shown.index('id="act-strike_off"') :]
    form = form[: form.index("</details>")]
    assert 'name="sure" value="true"' in form
    refused = send(offices, "dispatcher", number, "strike_off")
    assert refused.status_code == 422
    assert log_of(offices, number)[-1][0] == "close"
    assert send(offices, "dispatcher", number, "strike_off", sure="true").status_code == 303
    assert log_of(offices, number)[-1][0] == "strike_off"


def test_a_handler_claims_what_waits_in_categories_of_the_own_department(offices: Offices) -> None:
    number = at_state(offices, "filed")
    foreign = new(offices, category="0506")
    with offices.made.begin() as db:
        lead(db, foreign, "filed", NOW - timedelta(hours=1))
    early = new(offices)
    taken = at_state(offices, "filed")
    assert send(offices, "dispatcher", taken, "dispatch", department="D2").status_code == 303
    for unseen in (foreign, early, taken):
        assert page_of(offices, "handler", unseen).status_code == 404
        assert send(offices, "handler", unseen, "claim").status_code == 404
    client = offices.clients["handler"]
    listed = client.get("/worklist?claimable=true").text
    assert number in listed
    assert not [one for one in (foreign, early, taken) if one in listed]
    tile = re.search(r'data-tile="claimable"><span class="big">(\d+)<', client.get("/").text)
    assert tile is not None
    assert int(tile[1]) == listed.count('<th scope="row">')
    assert number not in client.get("/worklist").text  # the own inbox is what the department takes part in
    assert number not in offices.clients["dispatcher"].get("/worklist?claimable=false&state=void").text
    offered = deeds_on(page_of(offices, "handler", number))
    assert "claim" in offered
    assert not {"unmask", "dispose", "accept", "dispatch", "ask_resident"} & offered
    assert send(offices, "handler", number, "unmask", note="好奇").status_code == 403
    assert send(offices, "handler", number, "claim").status_code == 303
    assert log_of(offices, number)[-1][0] == "claim"
    assert number in client.get("/worklist").text


def test_a_department_with_an_area_claims_there_alone(offices: Offices) -> None:
    number = at_state(offices, "filed")
    with offices.made.begin() as db:
        change = text("UPDATE department SET area_id = (SELECT id FROM area WHERE code = :area) WHERE code = 'D1'")
        db.execute(change, {"area": "370101002"})
    assert page_of(offices, "handler", number).status_code == 404
    with offices.made.begin() as db:
        db.execute(change, {"area": "370101"})
    assert page_of(offices, "handler", number).status_code == 200
    with offices.made.begin() as db:
        db.execute(text("UPDATE department SET area_id = NULL WHERE code = 'D1'"))


def test_the_resident_is_asked_three_times_at_most(offices: Offices) -> None:
    number = new(offices, linked=True)
    with offices.made.begin() as db:
        lead(db, number, "dispatched", NOW - timedelta(hours=1))
    for _ in range(3):
        assert send(offices, "dispatcher", number, "ask_resident", note="哪一栋？").status_code == 303
        assert send(offices, "dispatcher", number, "stop_asking").status_code == 303
    shown = page_of(offices, "dispatcher", number, "?lang=en")
    assert "3 times, at most 3" in words(shown)
    assert "ask_resident" not in deeds_on(shown)
    assert send(offices, "dispatcher", number, "ask_resident", note="哪一栋？").status_code == 409
    assert [one for one, _ in log_of(offices, number)].count("ask_resident") == 3


def test_the_slip_has_a_place_in_words_and_a_drawing(offices: Offices) -> None:
    number = at_state(offices, "dispatched")
    with offices.made.begin() as db:
        road = (
            "INSERT INTO basemap (source, kind, class, name, geom) "
            "VALUES ('t', 'road', 'major', :n, ST_GeomFromText(:g, 4326))"
        )
        db.execute(text(road), {"n": f"解放路{CANARY}", "g": "LINESTRING(110.004 23, 110.004 23.01)"})
    slip = offices.clients["dispatcher"].get(f"/reports/{number}/slip?lang=zh").text
    # the pin is at 110.005: 0.001 degrees of longitude are about 102 m there
    assert f"解放路{CANARY}以东约 100 米" in html.unescape(slip)
    drawing = slip[slip.index('<svg class="extract"') : slip.index("</svg>")]
    assert drawing.count('class="x-own"') == 1
    assert 'class="x-road x-major"' in drawing
    assert "<img" not in drawing
    paths = re.findall(r' d="([^"]*)"', drawing)
    assert all(re.fullmatch(r"[MLHVZhlvaz0-9 .\-]+", path) for path in paths), paths
    assert "解放路" in words(page_of(offices, "dispatcher", number, "?lang=zh"))


def test_an_undone_dispatch_is_not_told_to_the_resident(offices: Offices) -> None:
    number = new(offices, linked=True)
    with offices.made.begin() as db:
        lead(db, number, "filed", NOW - timedelta(hours=1))
    for action, more in (("dispatch", {"department": "D2"}), ("undo_dispatch", {}), ("dispatch", {"department": "D1"})):
        assert send(offices, "dispatcher", number, action, **more).status_code == 303
    with offices.made.begin() as db:
        mine = "UPDATE reporter SET secret_hash = :h WHERE report_id = (SELECT id FROM report WHERE number = :n)"
        db.execute(text(mine), {"h": residents.hashed("s" * 22), "n": number})
        told = residents.progress(db, number, "s" * 22, NOW)
    assert [one.department for one in told.events if one.action == "dispatch"] == ["城管局"]


def test_the_resident_sees_the_own_photos_and_what_was_done_once_it_is_checked(offices: Offices) -> None:
    photo = [photographs.jpeg(photographs.scene(seed=seed)) for seed in (1, 2)]
    hashes = [photographs.sha256(one) for one in photo]
    for content, sha256 in zip(photo, hashes, strict=True):
        sent = offices.clients["worker"].put(f"/api/v1/photos/{sha256}", content=content)
        assert sent.status_code == 201
    number = new(offices, photos=(hashes[0],), reporter=Reporter(secret_sha256=hashlib.sha256(b"s" * 22).hexdigest()))
    link = {"number": number, "secret": "s" * 22}

    def kinds() -> list[str]:
        answer = offices.clients[None].post("/api/v1/residents/progress", json=link)
        assert answer.status_code == 200, answer.text
        pictures = answer.json()["pictures"]
        for one in pictures:
            content = base64.b64decode(one["src"].removeprefix("data:image/jpeg;base64,"), validate=True)
            assert max(Image.open(BytesIO(content)).size) <= 320
        return [one["kind"] for one in pictures]

    assert kinds() == ["own"]
    assert send(offices, "worker", number, "solve_on_spot", note="扫了", photos=[hashes[1]]).status_code == 303
    assert kinds() == ["own"]  # nobody has looked at what was done
    assert send(offices, "manager", number, "check").status_code == 303
    assert kinds() == ["own", "after"]
    with httpx.Client(base_url=offices.address, timeout=30) as plain:
        page = plain.get("/r").text
        token = re.search(r'name="csrf_token" value="([^"]*)"', page)
        assert token is not None
        shown = plain.post("/r", data=link | {"csrf_token": token[1]}).text
    assert shown.count('src="data:image/jpeg;base64,') == 2
