"""Visits on a worker's phone: two taps, no signal, undo, corrections, needs, and somebody else at the same door."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.day import GRANTED, QUESTION, Day, carried, counted, let_go
from tests.browser.fault_proxy import once
from tests.browser.field import IPHONE, PIXEL
from tests.browser.kept import sent
from tests.conftest import NOW
from tests.photographs import jpeg
from tests.web.county import CANARY

VISITS = (
    "SELECT id, outcome, mode, n_met, x, y, accuracy_m, policies, answers, n_issued, needs, supersedes_id "
    "FROM visit WHERE household_id = :door AND account_id IS NOT NULL ORDER BY id"
)
LATER = NOW + timedelta(minutes=5)


def first_door(page: Page, day: Day) -> int:
    """Taps the first door of today that no test has used; its id."""
    page.wait_for_selector("[data-door]")
    shown = page.locator("[data-door]:not(:has(small))")
    shown_ids = shown.evaluate_all("(doors) => doors.map((one) => Number(one.dataset.door))")
    number = int(next(door for door in shown_ids if door not in day.used))
    day.used.add(number)
    shown.locator(f"xpath=self::*[@data-door='{number}']").tap()
    page.wait_for_selector("[data-outcome=reached]")
    return number


def reach(page: Page) -> None:
    page.locator("[data-outcome=reached]").tap()
    page.wait_for_selector("#recorded")


@pytest.mark.parametrize(("profile", "lang"), [(PIXEL, "zh"), (IPHONE, "en")], ids=["pixel-zh", "iphone-en"])
def test_two_taps_without_a_signal_and_a_restart_make_one_row(
    browser: Browser, day: Day, tmp_path: Path, profile: dict[str, Any], lang: str
) -> None:
    before = len(day.rows("SELECT id FROM visit"))
    own: dict[str, Any] = {"folder": tmp_path} if lang == "zh" else {}  # else the tab alone goes
    with ExitStack() as stack:
        held = stack.enter_context(carried(browser, day, profile=profile, lang=lang, **own))
        day.faults.away = True
        page = held.open()
        page.wait_for_selector("[data-door]")
        done: list[int] = []

        def two() -> None:
            done.append(first_door(page, day))
            expect(page.locator("#position")).to_contain_text("±9")
            reach(page)

        expect(page.locator(".campaign")).to_contain_text("/")
        assert counted(held, two) == (2, 0)
        expect(page.locator("#next-door")).to_be_in_viewport()
        page.locator("#next-door").tap()
        page.wait_for_selector("[data-outcome=absent]")
        other = int(page.url.rpartition("/")[2])
        assert counted(held, lambda: page.locator("[data-outcome=absent]").tap()) == (1, 0)
        page.wait_for_selector("#recorded")
        page.locator("#bar a").first.tap()
        page.wait_for_selector("[data-door]")
        assert page.locator(f"[data-door='{done[0]}']").count() == 0  # at once, before sending
        expect(page.locator(f"#tried [data-door='{other}']")).to_have_count(1)  # for the evening
        expect(page.locator(f"[data-door='{other}']")).to_have_count(1)
        held.tried()
        assert held.outbox()[0]["state"] == "waiting"
        day.faults.plan = once("POST", "/api/v1/sync", "drop_after")  # received, but the phone does not hear of it
        if own:
            stack.close()
            held = stack.enter_context(carried(browser, day, profile=profile, lang=lang, at=LATER, ready=False, **own))
        else:
            held.renew()
            held.context.clock.install(time=LATER)
        held.open()
        assert [row["kind"] for row in held.outbox()] == ["visit", "visit"]
        day.faults.away = False
        let_go(held)
        let_go(held, 400)
        sent(held)
    assert len(day.rows("SELECT id FROM visit")) == before + 2  # sent twice, there once
    (met,) = day.rows(VISITS, door=done[0])
    assert (met["outcome"], met["n_met"], met["mode"]) == ("reached", 1, "door")
    assert (met["x"], met["y"], met["accuracy_m"]) == (110.0041, 23.0041, 9)
    assert day.rows(VISITS, door=other)[-1]["outcome"] == "absent"


def test_undo_within_a_minute_leaves_nothing(browser: Browser, day: Day) -> None:
    with carried(browser, day) as held:
        page = held.page
        door = first_door(page, day)
        page.get_by_role("button", name="加一人").tap()
        reach(page)
        expect(page.locator("#recorded")).to_contain_text("2 人")
        expect(page.locator("#correct")).to_be_hidden()
        held.call("queue", "m.flush({ force: true })")
        page.locator("#undo").tap()
        expect(page.locator("[data-outcome=reached]")).to_be_visible()
        expect(page.locator("#n-met")).to_have_text("2")  # what was said is there again
        held.context.clock.fast_forward(70_000)
        held.call("queue", "m.flush({ force: true })")
        assert held.outbox() == []
        assert [one["value"]["n_met"] for one in held.keeps()["drafts"]] == [2]  # should the page go now
    assert day.rows(VISITS, door=door) == []


def test_after_the_minute_a_correction_takes_its_place(browser: Browser, day: Day) -> None:
    with carried(browser, day, lang="en") as held:
        page = held.page
        door = first_door(page, day)
        reach(page)
        let_go(held)
        sent(held)
        expect(page.locator("#undo")).to_be_hidden()
        page.locator("#correct").tap()
        page.locator("[data-outcome=absent]").tap()
        expect(page.locator("#recorded")).to_contain_text("Nobody home")
        let_go(held)
        sent(held)
        page.locator("#correct").tap()
        page.locator("[data-outcome=withdrawn]").tap()
        expect(page.locator("#recorded")).to_contain_text("I was not there")
        let_go(held)
        sent(held)
        expect(page.locator("#row-state")).to_have_text("Sent.")
        page.reload()
        held.settle()
        expect(page.locator("[data-outcome=reached]")).to_be_visible()
    rows = day.rows(VISITS, door=door)
    assert [row["outcome"] for row in rows] == ["reached", "absent", "withdrawn"]
    assert [row["supersedes_id"] for row in rows] == [None, rows[0]["id"], rows[1]["id"]]


def test_a_need_becomes_one_report_with_its_photo(browser: Browser, day: Day, tmp_path: Path) -> None:
    picture = tmp_path / "p.jpg"
    picture.write_bytes(jpeg())
    with carried(browser, day) as held:
        page = held.page
        done: list[int] = []

        def say() -> None:
            done.append(first_door(page, day))
            day.faults.away = True
            page.locator("#part-need summary").tap()
            with page.expect_file_chooser() as chooser:
                page.locator("label[for=photo-gallery]").tap()
            chooser.value.set_files(str(picture))
            page.wait_for_selector(".pictures img")
            page.locator("[data-outcome=reached]").tap()
            expect(page.locator("#wrong")).to_be_visible()  # a photo of nothing would be lost
            expect(page.locator("#need-category")).to_be_focused()
            assert held.outbox() == []
            expect(page.locator("#need-category [data-category='0506'] .picture")).to_be_visible()
            page.locator("#need-category [data-category='0506']").tap()
            expect(page.locator("#need-category strong")).to_have_text("道路积水")
            expect(page.locator("#wrong")).to_be_hidden()  # it was put right
            reach(page)

        assert counted(held, say) == (6, 0)  # one of them too early
        (door,) = done
        expect(page.locator("#view")).to_contain_text("随走访上报的问题")
        day.faults.away = False
        day.faults.plan = once("POST", "/api/v1/sync", "half")
        let_go(held)
        let_go(held, 400)
        sent(held)
        assert held.keeps()["blobs"] == []
    linked = (
        "SELECT r.description, r.channel, (SELECT count(*) FROM report_photo p WHERE p.report_id = r.id) AS n_photos "
        "FROM visit v JOIN visit_report l ON l.visit_id = v.id JOIN report r ON r.id = l.report_id "
        "WHERE v.household_id = :door"
    )
    assert day.rows(linked, door=door) == [{"description": "道路积水", "channel": "visit", "n_photos": 1}]


def test_what_is_said_at_the_door_is_kept_and_stored(browser: Browser, day: Day) -> None:
    with carried(browser, day) as held:
        page = held.page
        door = first_door(page, day)
        page.get_by_label(QUESTION).fill("买菜远")
        page.locator("#part-policies summary").tap()
        page.get_by_label("消防安全").check()
        page.locator("#part-wishes summary").tap()
        page.get_by_label("发了问卷").check()
        page.locator("#part-mode summary").tap()
        page.get_by_label("电话").check()
        held.until(lambda: len(held.keeps()["drafts"]) == 1)
        held.until(lambda: held.keeps()["drafts"][0]["value"]["mode"] == "phone")
        held.renew()  # the tab goes
        page = held.open(f"/visit/{door}")
        expect(page.get_by_label(QUESTION)).to_have_value("买菜远")
        reach(page)
        let_go(held)
        sent(held)
        assert held.keeps()["drafts"] == []
        assert "买菜远" in str(held.keeps()["outbox"])  # it may have to be put right today
        held.call("outbox", "m.sweep(Date.now() + 86400000)")
        assert len(held.outbox()) == 1
        assert "买菜远" not in str(held.keeps())  # then the receipt keeps no word that was said
    (row,) = day.rows(VISITS, door=door)
    assert (row["mode"], row["policies"], row["answers"]) == ("phone", ["fire_safety"], {QUESTION: "买菜远"})
    assert (row["n_issued"], row["x"]) == (1, None)  # where the phone is says nothing of a call


FULL = """() => {
  const add = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = function () { throw new DOMException("no room", "QuotaExceededError"); };
  return () => { IDBObjectStore.prototype.add = add; };
}"""


def test_a_full_phone_says_so_and_drops_nothing(browser: Browser, day: Day) -> None:
    with carried(browser, day, lang="en") as held:
        page = held.page
        door = first_door(page, day)
        page.get_by_label(QUESTION).fill("stairs")
        undo = page.evaluate_handle(FULL)
        page.locator("[data-outcome=reached]").tap()
        expect(page.locator("#wrong")).to_contain_text("no room left")
        expect(page.get_by_label(QUESTION)).to_have_value("stairs")
        undo.evaluate("(undo) => undo()")
        reach(page)
        let_go(held)
        sent(held)
    assert [row["answers"] for row in day.rows(VISITS, door=door)][-1] == {QUESTION: "stairs"}


def test_somebody_else_at_the_door_is_told_and_nothing_overwritten(browser: Browser, day: Day) -> None:
    with carried(browser, day, lang="zh") as held:
        page = held.page
        door = first_door(page, day)
        day.rows(
            "INSERT INTO visit (client_key, household_id, worker_id, outcome, happened_at, recorded_at) "
            "SELECT gen_random_uuid(), :door, id, 'absent', :at, :at FROM worker WHERE code = 'w2' RETURNING id",
            door=door,
            at=NOW - timedelta(hours=1),
        )
        reach(page)
        let_go(held)
        sent(held)
        page.locator("#bar a").first.tap()
        notice = page.locator("#view .notice")
        expect(notice).to_contain_text("李大山")
        expect(notice).to_contain_text("敲门无人")
        notice.get_by_role("button").tap()
        expect(page.locator("#view .notice")).to_have_count(0)
        after = (
            "INSERT INTO visit (client_key, household_id, worker_id, outcome, happened_at, recorded_at) "
            "SELECT gen_random_uuid(), :door, id, 'refused', :at, :at FROM worker WHERE code = 'w2' RETURNING id"
        )
        day.rows(after, door=door, at=NOW + timedelta(minutes=3))  # whose own arrives when this one's is stored
        held.told()
        expect(notice).to_contain_text("拒访")
        held.open(f"/visit/{door}")
        expect(notice).to_contain_text("拒访")  # on the door's page too
        held.open("/queue")
        record = page.locator("[data-state=conflict]")
        expect(record).to_contain_text("拒访")
        record.get_by_role("button", name="知道了").tap()
        expect(record).to_have_count(0)
    every = day.rows("SELECT outcome FROM visit WHERE household_id = :door ORDER BY id", door=door)
    assert [row["outcome"] for row in every][-3:] == ["absent", "reached", "refused"]


@pytest.mark.parametrize(("profile", "lang"), [(PIXEL, "en"), (IPHONE, "zh")], ids=["pixel-en", "iphone-zh"])
def test_pages_are_accessible_fit_and_run_no_ones_words(
    browser: Browser, day: Day, axe: str, profile: dict[str, Any], lang: str
) -> None:
    with carried(browser, day, profile=profile, lang=lang) as held:
        page = held.page
        for big in (False, True):
            page.evaluate("(big) => document.documentElement.toggleAttribute('data-big', big)", big)
            page.set_viewport_size({"width": 360, "height": 640})
            held.accessible(axe)
        page.locator("#find-door").fill("jal 201")
        expect(page.locator("[data-door]")).to_have_count(2)  # one in each unit
        page.locator("#find-door").fill("静安里 102")
        expect(page.locator("[data-door]")).to_have_count(2)
        page.locator("#find-door").fill("没有这个")
        expect(page.locator("#doors-list .empty")).to_be_visible()
        page.locator("#find-door").fill("")
        first_door(page, day)
        for summary in page.locator("summary").all():
            summary.tap()
        assert QUESTION in page.inner_text("#view")
        box = page.locator("[data-outcome=reached]").bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["y"] + box["height"] <= 640
        held.accessible(axe)
        reach(page)
        assert CANARY in page.inner_text("#view") or CANARY in page.inner_text("#next-door")
        held.accessible(axe)
        assert page.evaluate("window.__x") is None
        assert page.locator("#view img").count() == 0


def test_a_phone_without_lists_says_so_and_still_reports(browser: Browser, day: Day) -> None:
    with day.drawer.lend(day.faults.address, clocked=True, **GRANTED) as held:
        held.context.clock.install(time=NOW)
        day.faults.plan = lambda method, path: "error" if path.startswith("/api/v1/sync") else None
        page = held.log_in()
        expect(page.locator("#view .empty")).to_be_visible()
        expect(page.locator("#go-report")).to_be_visible()
        page.locator("#refresh").tap()
        expect(page.locator("#toast")).to_contain_text("连不上")
