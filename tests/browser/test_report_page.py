"""The page of one report in a browser: accessible in both languages on desk and phone, photos, keys, undo, paper."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from gridsvc import reports, residents
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from tests.browser.conftest import PHONE, Visitor
from tests.browser.page_checks import OVER, violations
from tests.conftest import NOW, Fresh
from tests.photographs import jpeg
from tests.through import lead
from tests.web.county import CANARY, RULE
from tests.web.test_report_page import id_of


def new(made: Fresh, state: str) -> str:
    with made.begin() as db:
        where = Position(110.005, 23.005, "wgs84", 10.0)
        draft = Draft(uuid.uuid4(), "0110", f"垃圾成堆 {CANARY}", "web", where, words=f"水塔旁 {CANARY}")
        number = reports.submit(db, draft, ANONYMOUS, NOW - timedelta(minutes=5), RULE).number
        residents.register(db, id_of(db, number), bytes(32), "欧阳", "13812345678", "锦绣花园3幢2单元501室")
        if state != "reported":
            lead(db, number, state, NOW)
        return number


# who opens what in which language, and the form that is open while it is looked at
LOOKS: dict[str, tuple[str, str, str, str | None]] = {
    "a worker solves": ("worker", "zh", "reported", "solve_on_spot"),
    "a dispatcher dispatches": ("dispatcher", "en", "filed", "dispatch"),
    "a handler sends back": ("handler", "zh", "dispatched", "return"),
    "a leader whistles": ("leader", "en", "dispatched", "whistle"),
    "a dispatcher recategorizes": ("dispatcher", "zh", "verified", "recategorize"),
    "a dispatcher merges": ("dispatcher", "en", "reported", "link"),
    "a leader suspends": ("leader", "zh", "filed", "suspend"),
    "a planner reads": ("planner", "en", "closed", None),
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_is_accessible_and_fits(visitor: Visitor, made: Fresh, axe: str, look: str) -> None:
    who, lang, state, action = LOOKS[look]
    visit = visitor(who, lang)
    page = visit.open(f"/reports/{new(made, state)}")
    if page.locator("#more").count():
        page.evaluate("document.getElementById('more').open = true")
    if action is not None:
        page.locator(f"#act-{action} > summary").click()
        expect(page.locator(f"#act-{action} .deed-form")).to_be_visible()
    assert "pages." not in page.inner_text("body"), "a text is missing from the catalogue"
    visit.accessible(axe)
    assert page.locator("main img").count() == 0
    assert CANARY in (page.text_content("main") or "")
    visit.clean()


@pytest.mark.parametrize("lang", ["en"])
def test_the_slip_is_accessible_and_prints_alone(visitor: Visitor, made: Fresh, axe: str, lang: str) -> None:
    visit = visitor("dispatcher", lang)
    page = visit.open(f"/reports/{new(made, 'dispatched')}/slip")
    assert violations(page, axe) == []
    expect(page.locator("[data-does=print]")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(OVER) == 0
    page.emulate_media(media="print")
    for hidden in (".bar", ".foot", ".slip .acts"):
        expect(page.locator(hidden)).to_be_hidden()
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 1
    visit.clean()


def test_a_wrong_dispatch_is_undone_at_once(visitor: Visitor, made: Fresh) -> None:
    number = new(made, "filed")
    visit = visitor("dispatcher", "zh")
    page = visit.open(f"/reports/{number}")
    page.click("#act-dispatch > summary")
    assert page.locator("#act-dispatch-department").input_value() == "D1"
    page.fill("#act-dispatch-note", "请今天去看")
    page.click("#act-dispatch .button.main[type=submit], #act-dispatch form > .button.main")
    page.wait_for_url("**done=dispatch")
    expect(page.locator(".note-done")).to_contain_text("已完成：派遣给城管局")
    page.click("#undo")
    page.wait_for_url("**done=undo_dispatch")
    expect(page.locator(".head .state")).to_have_text("已立案")
    assert "请今天去看" in page.inner_text(".log")
    visit.clean()


def test_a_refusal_leads_to_its_field_and_keeps_the_words(visitor: Visitor, made: Fresh) -> None:
    visit = visitor("leader", "zh")
    page = visit.open(f"/reports/{new(made, 'filed')}")
    page.evaluate("document.getElementById('more').open = true")
    page.click("#act-supervise > summary")
    page.fill("#act-supervise-note", f"抓紧 {CANARY}")
    page.click("#act-supervise form > .button.main")
    expect(page.locator("#summary")).to_be_focused()
    page.click("#summary a")
    expect(page.locator("#act-supervise-card")).to_be_in_viewport()
    assert page.input_value("#act-supervise-note") == f"抓紧 {CANARY}"
    page.check("#act-supervise-card input[value=red]")
    page.click("#act-supervise form > .button.main")
    page.wait_for_url("**done=supervise")
    expect(page.locator(".standing")).to_contain_text("红牌督办")
    page.click("a[data-keeps-state]")
    page.wait_for_url("**lang=en**")
    visit.clean(expected=422)


def test_a_worker_solves_on_the_spot_with_a_photo(visitor: Visitor, made: Fresh, tmp_path: Path) -> None:
    number = new(made, "reported")
    picture = tmp_path / "after.jpg"
    picture.write_bytes(jpeg())
    options: dict[str, Any] = PHONE
    visit = visitor("worker", "zh", **options)
    page = visit.open(f"/reports/{number}")
    page.click("#act-solve_on_spot > summary")
    page.fill("#act-solve_on_spot-note", "清走了")
    page.set_input_files("#act-solve_on_spot-photos", str(picture))
    expect(page.locator("#act-solve_on_spot [data-says]")).to_contain_text("已上传 after.jpg")
    expect(page.locator("#act-solve_on_spot input[name=photos]")).to_have_count(1)
    page.click("#act-solve_on_spot form > .button.main")
    page.wait_for_url("**done=solve_on_spot")
    expect(page.locator(".head .state")).to_have_text("已处置")
    shown = page.locator(".at-photos img")
    expect(shown).to_have_count(1)
    assert shown.evaluate("one => one.decode().then(() => one.naturalWidth)") == 320
    assert page.evaluate(OVER) == 0
    visit.clean()


def test_a_file_that_is_no_photo_is_told(visitor: Visitor, made: Fresh, tmp_path: Path) -> None:
    other = tmp_path / "</script><img src=x onerror=alert(1)>.jpg".replace("/", "_")
    other.write_bytes(b"not a photo at all" * 100)
    page = visitor("worker", "en").open(f"/reports/{new(made, 'reported')}")
    page.click("#act-solve_on_spot > summary")
    page.set_input_files("#act-solve_on_spot-photos", str(other))
    expect(page.locator("#act-solve_on_spot [data-says]")).to_contain_text("was not sent: A photo must be")
    expect(page.locator("#act-solve_on_spot input[name=photos]")).to_have_count(0)


def test_everything_but_photos_works_without_a_script(visitor: Visitor, made: Fresh) -> None:
    number = new(made, "dispatched")
    visit = visitor("handler", "en", java_script_enabled=False)
    page = visit.page
    page.goto(f"{visit.address}/reports/{number}")
    page.click("#act-accept button")
    expect(page.locator(".note-done")).to_contain_text("Done: Accepted")
    page.click("#act-dispose > summary")
    page.fill("#act-dispose-note", "fixed")
    page.click("#act-dispose form > .button.main")
    expect(page.locator(".head .state")).to_have_text("disposed of")
