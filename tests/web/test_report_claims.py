"""What a department may claim, how often a resident is asked, what is asked about once more, why a report goes up."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from gridsvc import cases, reports, residents
from gridsvc.reports import Draft, Position, Reporter
from gridsvc.rules.case import Given
from gridsvc.rules.roles import ANONYMOUS, RESIDENT
from gridsvc.web import schemas
from tests import photographs
from tests.conftest import NOW, Maker
from tests.through import ADMIN, AGREED, lead
from tests.web.county import CANARY, RULE
from tests.web.dealing import (
    PHONE,
    WEST_PIN,
    actor_of,
    at_state,
    deeds_on,
    id_of,
    log_of,
    new,
    page_of,
    send,
    store_sheet,
    version,
    words,
)
from tests.web.offices import Offices, opened


@pytest.fixture(scope="module")
def offices(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """The county's offices."""
    with opened(maker, tmp_path_factory.mktemp("data")) as found:
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


def test_a_report_that_the_territory_took_says_so_and_one_of_its_place_what_was_before(offices: Offices) -> None:
    corner = Position(110.008, 23.008, "wgs84", 10.0)
    before = at_state(offices, "closed", category="0506", position=corner)
    number = at_state(offices, "filed", category="0506", position=corner)  # no list names it
    with offices.made.begin() as db:
        held = cases.lock(db, number)
        cases.apply(db, held, "dispatch", ADMIN, NOW, replace(AGREED, fallback=True), Given())
    shown = page_of(offices, "dispatcher", number, "?lang=en")
    assert re.search(r"西街道办.{0,80}territory takes it", words(shown), re.DOTALL)
    last = shown.text[shown.text.index("Last time") :]
    assert f'href="/reports/{before}"' in last[: last.index("</ul>")]
    assert "Last time" not in page_of(offices, "dispatcher", before, "?lang=en").text


def test_the_slip_has_a_place_in_words_and_a_drawing(offices: Offices) -> None:
    number = at_state(offices, "dispatched")
    limit = words(offices.clients["dispatcher"].get(f"/reports/{number}/slip?lang=en"))
    assert "3 working days" in limit
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
    with httpx.Client(base_url=offices.address, timeout=120) as plain:
        page = plain.get("/r").text
        token = re.search(r'name="csrf_token" value="([^"]*)"', page)
        assert token is not None
        shown = plain.post("/r", data=link | {"csrf_token": token[1]}).text
    assert shown.count('src="data:image/jpeg;base64,') == 2


def test_numbers_in_what_was_said_are_hidden_until_a_purpose_is_given(offices: Offices) -> None:
    spaced = "138-1234-5678"
    with offices.made.begin() as db:

        def sent(begin: str = "请打 ", **where: Any) -> str:
            draft = Draft(uuid.uuid4(), "0506", f"{begin}{spaced}，3幢501室 {CANARY}", "web", **where)
            return reports.submit(db, draft, ANONYMOUS, NOW, RULE).number

        number, near = (sent(position=WEST_PIN, words=f"门口 {PHONE}") for _ in range(2))
        sent(words=f"某处 {PHONE}")
        for one in (
            near,
            *(sent("长" * n, position=WEST_PIN) for n in (115, 195)),
        ):  # lists cut there, within the number
            lead(db, one, "filed", NOW)  # which the wall begins with
    client = offices.clients["admin"]
    pages = ("/", "/reports", "/worklist", "/unplaced", "/wall", f"/reports/{number}", f"/reports/{number}/slip")
    files = ("/reports/table.csv", "/worklist/table.csv")
    api = ("reports", "reports.geojson", f"reports/{number}", "worklist", "wall")
    for path in (*pages, *files, *(f"/api/v1/{one}" for one in api)):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "138-1" not in answer.text, path
        assert PHONE not in answer.text, path
        assert "****" in answer.text or path in ("/", "/wall"), path  # whose rows come by a script, or not at all
    shown = page_of(offices, "dispatcher", number)
    assert "请打 ****，3幢501室" in words(shown)
    assert near in shown.text, "the text of a similar report stands there too"
    assert "unmask" in deeds_on(shown)
    # who searches for the number still finds it, but nobody reads it digit by digit
    whole, pieces = (spaced, "501", "3幢501"), ("138", "138-12", "5678", "打 1", "打 138")
    for sought, known in [(one, True) for one in whole] + [(one, False) for one in pieces]:
        for which in ("", "&state=all"):
            answer = client.get(f"/api/v1/worklist?words={sought}&limit=100{which}")
            assert (answer.status_code, number in answer.text) == (200, known), (sought, which)
    told = send(offices, "dispatcher", number, "unmask", note="回访")
    assert spaced in told.text
    assert PHONE in told.text
    assert log_of(offices, number)[-1] == ("unmask", "回访")
    assert spaced not in page_of(offices, "dispatcher", number, "?done=unmask").text
    body = {"action": "unmask", "version": version(offices, number), "note": "回访"}
    again = offices.clients["dispatcher"].post(f"/api/v1/reports/{number}/actions", json=body).json()
    assert (again["words"], again["contact"]) == (f"门口 {PHONE}", None)
    assert spaced in again["description"]


def test_numbers_in_replies_and_notes_are_hidden_until_a_purpose_is_given(offices: Offices) -> None:
    client = offices.clients["admin"]
    asked = at_state(offices, "dispatched", linked=True)
    for deed, told_whom in (("ask_resident", "居民"), ("note", "同事")):
        assert send(offices, "dispatcher", asked, deed, note=f"{told_whom}请回电 {PHONE}").status_code == 303
        for answer in (page_of(offices, "dispatcher", asked), client.get(f"/api/v1/reports/{asked}/log")):
            assert f"{told_whom}请回电 ****" in answer.text
            assert PHONE not in answer.text
    with offices.made.begin() as db:
        given = Given(note=f"我是 {PHONE}")
        cases.apply(db, cases.lock(db, asked), "stop_asking", RESIDENT, NOW, AGREED, given)
    for answer in (page_of(offices, "dispatcher", asked), client.get(f"/api/v1/reports/{asked}/log")):
        assert "我是 ****" in answer.text
        assert PHONE not in answer.text
    assert 'id="numbers-hidden"' in page_of(offices, "dispatcher", asked).text, "nothing but the notes has a number"
    assert "unmask" in client.get(f"/api/v1/reports/{asked}/actions").json()["actions"]
    whole_page = send(offices, "dispatcher", asked, "unmask", note="回电").text
    assert all(f"{said} {PHONE}" in whole_page for said in ("我是", "居民请回电", "同事请回电"))
    body = {"action": "unmask", "version": version(offices, asked), "note": "回电"}
    replied = offices.clients["dispatcher"].post(f"/api/v1/reports/{asked}/actions", json=body).json()
    assert {f"我是 {PHONE}", f"同事请回电 {PHONE}"} <= {one["note"] for one in replied["log"]}
    assert PHONE not in page_of(offices, "dispatcher", asked).text


def test_the_api_tells_the_conditions_that_it_files_under(offices: Offices) -> None:
    with offices.made.begin() as db:
        store_sheet(db)
    client = offices.clients["dispatcher"]
    told = client.get("/api/v1/categories/E0101").json()
    schemas.CategoryFullOut.model_validate(told)
    assert (told["kind"], told["class"], told["active"]) == ("event", "E01", True)
    staged, urgent = told["conditions"]
    assert (staged["text"], staged["closing"], staged["version"]) == ("私搭乱建", "拆除，附照片", 1)
    assert staged["milestones"][-1] == {"name": "拆除", "amount": 20, "unit": "working_day"}
    assert (urgent["limit"], urgent["limit_problem"], urgent["milestones"]) == (
        "2紧急工作日",
        "limit_unit_not_known",
        [],
    )
    number = new(offices, category="E0101", at=NOW - timedelta(minutes=1))
    send(offices, "worker", number, "verify")
    body = {"action": "file", "version": version(offices, number)}
    silent = client.post(f"/api/v1/reports/{number}/actions", json=body)
    assert (silent.status_code, silent.json()["code"]) == (422, "condition_missing")
    offered = [{name: one[name] for name in ("id", "text", "milestones")} for one in (staged, urgent)]
    assert silent.json()["detail"] == {"n": 2, "conditions": offered}
    for odd in ("any", True, 1.0, str(staged["id"]), float(staged["id"])):
        unread = client.post(f"/api/v1/reports/{number}/actions", json=body | {"condition": odd})
        assert (unread.status_code, unread.json()["code"]) == (422, "request_misfit"), odd
    neither = new(offices, category="E0101", at=NOW - timedelta(minutes=1))
    send(offices, "worker", neither, "verify")
    none = client.post(f"/api/v1/reports/{neither}/actions", json=body | {"condition": "none"})
    assert (none.status_code, none.json()["state"]) == (200, "filed"), none.text
    told = "Filing conditions of the category: 2; none was chosen"
    assert told in words(page_of(offices, "dispatcher", neither, "?lang=en"))
    body |= {"condition": staged["id"]}
    filed = client.post(f"/api/v1/reports/{number}/actions", json=body)
    assert filed.status_code == 200, filed.text
    with offices.made.begin() as db:
        assert cases.read(db, id_of(db, number)).case.condition_id == staged["id"]
    assert client.get("/api/v1/categories/0110").json()["conditions"] == []
    unknown = client.get("/api/v1/categories/E9")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "category_unknown")


def test_an_answer_from_before_the_work_was_done_does_not_close_it(offices: Offices) -> None:
    early, late = at_state(offices, "dispatched"), at_state(offices, "disposed")
    assert send(offices, "dispatcher", early, "answer", note="已派人去看").status_code == 303
    with offices.made.begin() as db:
        for action, who in (("dispose", "handler"), ("check", "manager")):
            given = Given(note="换了灯泡")
            held, actor = cases.lock(db, early), actor_of(offices, who)
            cases.apply(db, held, action, actor, NOW + timedelta(minutes=5), AGREED, given)
    assert send(offices, "dispatcher", late, "answer", note="灯泡换好了").status_code == 303
    assert send(offices, "manager", late, "check").status_code == 303
    empty_is_well = "There is an answer already"
    for number, well in ((early, False), (late, True)):
        assert (empty_is_well in words(page_of(offices, "dispatcher", number, "?lang=en"))) is well, number
        assert send(offices, "dispatcher", number, "close").status_code == (303 if well else 422), number


def reasons(offices: Offices, number: str, lang: str) -> dict[str, str]:
    """The reasons that the page offers for passing a report up, with their words."""
    form = page_of(offices, "dispatcher", number, f"?lang={lang}").text
    return dict(re.findall(r'name="reason" value="(\w+)"[^>]*> ([^<]*)<', form))


def test_a_report_goes_up_for_a_reason_that_is_true_and_its_history_names_it(offices: Offices) -> None:
    number = at_state(offices, "filed")
    assert [*reasons(offices, number, "en")] == ["out_of_competence"]
    api, path = offices.clients["dispatcher"], f"/api/v1/reports/{number}/actions"
    body = {"action": "escalate", "version": version(offices, number), "note": "x"}
    for reason, code in (("tired", "reason_unknown"), ("overdue", "not_overdue"), ("whistle", "not_whistled")):
        for lang, said in (("en", "may be chosen now: out_of_competence"), ("zh", "现在可选：out_of_competence")):
            refused = api.post(path, params={"lang": lang}, json=body | {"reason": reason}).json()
            assert (refused["code"], refused["detail"]["known"]) == (code, "out_of_competence")
            assert said in refused["message"]
        page = send(offices, "dispatcher", number, "escalate", reason=reason)
        assert page.status_code == 422
        assert "may be chosen now: out of competence" in words(page)
    assert send(offices, "leader", number, "whistle", note="一起来", departments=["D1"]).status_code == 303
    assert "随吹哨升到" in words(page_of(offices, "dispatcher", number, "?lang=zh"))
    with offices.made.begin() as db:
        store_sheet(db)
    late = new(offices, category="E0102", at=NOW - timedelta(days=30))
    send(offices, "worker", late, "verify")
    assert send(offices, "dispatcher", late, "file").status_code == 303
    for report, reason in ((number, "out_of_competence"), (number, "whistle"), (late, "overdue")):
        offered = {lang: reasons(offices, report, lang) for lang in ("en", "zh")}
        assert reason in offered["en"]
        assert not any("_" in label for found in offered.values() for label in found.values()), offered
        assert send(offices, "dispatcher", report, "escalate", reason=reason).status_code == 303
        for lang, told in (("en", "Reason: "), ("zh", "原因：")):
            assert told + offered[lang][reason].strip() in words(
                page_of(offices, "dispatcher", report, f"?lang={lang}")
            )
    log = offices.clients["dispatcher"].get(f"/api/v1/reports/{number}/log").json()["items"]
    assert [one["action"] for one in log][-3:] == ["whistle", "escalate", "escalate"]
