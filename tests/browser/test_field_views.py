"""What the app's views keep and say when something goes: the page, a door, a report, a photo, the words, the storage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.day import QUESTION, Day, carried
from tests.browser.field import Phone, phone
from tests.browser.kept import empty, put, sent, visit
from tests.conftest import NOW, ROOT

GONE = 987_654  # a door that this phone does not know
STEP = {"key": "6f6c1d9e-8f0e-4d0a-9d5e-1d2c3b4a5f60", "action": "note", "note": "围挡倒了", "photos": [], "version": 1}
REFUSING = """() => {
  const add = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = function () { throw new DOMException("broken", "UnknownError"); };
  return () => { IDBObjectStore.prototype.add = add; };
}"""
LOSE = """async (sha) => {
  const store = await import("/static/app/field/store.js");
  await (await store.open()).delete("blobs", sha);
}"""
MUTE = """{
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...told) {
    const asked = open.apply(this, told);
    for (const name of ["success", "upgradeneeded"]) asked.addEventListener(name, (event) => event.stopImmediatePropagation());
    return asked;
  };
}"""
N_VIEWS = len(list((ROOT / "gridsvc/web/static/field").glob("view_*.js")))
CUT = "() => [...document.querySelectorAll('.way')].filter((one) => one.scrollWidth > one.clientWidth).length"


@pytest.fixture(scope="module")
def lent(browser: Browser, whole_day: Day) -> Iterator[Phone]:
    """One worker's phone for all of them."""
    with carried(browser, whole_day) as one:
        yield one


@pytest.fixture
def held(lent: Phone, day: Day) -> Iterator[Phone]:
    """That phone with nothing in its queue and no draft; its clock goes on afterwards, whatever a test broke off."""
    lent.open("/queue")
    empty(lent)
    yield lent
    lent.context.clock.resume()


def home(held: Phone) -> Page:
    page = held.open("/")
    page.wait_for_selector("[data-door]")
    return page


def at_first_door(held: Phone) -> tuple[Page, int]:
    page = home(held)
    number = int(page.locator("[data-door]:not(:has(small))").first.get_attribute("data-door") or 0)
    page.locator(f"[data-door='{number}']").tap()
    page.wait_for_selector("[data-outcome=reached]")
    return page, number


def drafts(held: Phone) -> list[Any]:
    found: list[Any] = held.keeps()["drafts"]
    return found


def test_words_are_kept_as_the_page_goes_and_found_again_from_the_queue(held: Phone) -> None:
    page, door = at_first_door(held)
    now_ms = page.evaluate("Date.now()")
    held.context.clock.pause_at(now_ms / 1000 + 120)  # no timer keeps them
    page.get_by_label(QUESTION).fill("楼道灯")
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    held.until(lambda: len(drafts(held)) == 1)
    held.context.clock.resume()
    held.open("/queue")
    page.locator("[data-state=draft] a").tap()
    expect(page).to_have_url(re.compile(f"#/visit/{door}$"))
    expect(page.get_by_label(QUESTION)).to_have_value("楼道灯")
    held.open("/queue")
    page.locator("[data-state=draft]").get_by_role("button", name="删除").tap()
    page.get_by_role("alertdialog").get_by_role("button", name="删除").tap()
    expect(page.locator("[data-state=draft]")).to_have_count(0)
    assert drafts(held) == []


def test_what_was_taken_back_is_a_draft_until_it_is_said_again(held: Phone) -> None:
    page, _ = at_first_door(held)
    page.get_by_label(QUESTION).fill("没有")
    undo = page.evaluate_handle(REFUSING)
    page.locator("[data-outcome=reached]").tap()
    expect(page.locator("#wrong")).to_contain_text("本机未能保存")  # not only a full phone is told of
    undo.evaluate("(undo) => undo()")
    page.locator("[data-outcome=reached]").tap()
    page.locator("#undo").tap()
    held.until(lambda: [one["value"]["answers"] for one in drafts(held)] == [{QUESTION: "没有"}])


def test_a_step_begun_in_another_tab_does_not_open_over_its_report(held: Phone, day: Day) -> None:
    number = day.report("reported")
    known = "m.refresh().then(() => m.get()).then((one) => one.reports.map((row) => row.number))"
    held.until(lambda: number in held.call("data", known))
    page = held.open(f"/task/gridsvc%7C{number}%7C0")
    page.locator("[data-action=verify]").wait_for()
    step = STEP | {"report": f"gridsvc|{number}|0", "action": "verify"}
    held.call("drafts", "m.save(value.key, 'action', value)", step)
    held.call("store", "m.changed('cache')")  # and the report is drawn anew
    expect(page.locator("#left-behind")).to_contain_text("围挡倒了")
    expect(page.locator("[data-action=verify]")).to_be_visible()
    held.open("/queue")
    held.open(f"/task/gridsvc%7C{number}%7C0")  # who comes to it goes on with the step
    expect(page.get_by_role("textbox")).to_have_value("围挡倒了")


def test_words_about_a_door_or_a_report_that_went_are_sent_or_dropped(held: Phone, day: Day) -> None:
    number = day.report("reported")
    step = STEP | {"report": f"core|{number}|0"}
    home(held)
    form = held.call("questions", "m.blank('0b6d2f1c-4f9e-4c59-8e0b-3a1d5c7e9f02', value)", GONE)
    held.call("drafts", "m.save(value.key, 'visit', value)", form | {"needs": "想要扶手"})
    held.call("drafts", "m.save(value.key, 'action', value)", step)
    page = held.open("/queue")
    page.locator(f"[data-key='{form['key']}'] a").tap()
    expect(page.locator("#needs")).to_have_value("想要扶手")
    page.locator("#not-now").tap()
    page.get_by_role("alertdialog").get_by_role("button", name="删除").tap()
    expect(page.locator("#view h1")).to_contain_text("没有这扇门")
    held.open("/queue")
    page.locator(f"[data-key='{STEP['key']}'] a").tap()
    expect(page.locator("#left-behind")).to_contain_text("围挡倒了")
    page.locator("#do-step").tap()
    held.until(lambda: [(row["key"], row["code"]) for row in held.outbox()] == [(STEP["key"], "report_unknown")])
    assert drafts(held) == []
    assert held.call("queue", "m.remove(value)", STEP["key"])


def test_an_item_whose_photo_is_lost_sends_the_rest(held: Phone, day: Day) -> None:
    _, door = at_first_door(held)
    day.faults.away = True
    key = put(held, visit(door, need={"category": "0506", "description": "积水"}), photo="#456")
    held.page.evaluate(LOSE, next(row for row in held.outbox() if row["key"] == key)["photos"][0])
    day.faults.away = False
    page = held.open("/queue")
    held.call("queue", "m.flush({ force: true })")
    page.locator(f"[data-key='{key}']").get_by_role("button", name="发送其余内容").tap()
    sent(held)
    assert len(day.rows("SELECT id FROM visit WHERE client_key = CAST(:key AS uuid)", key=key)) == 1


def test_a_key_that_the_service_would_refuse_is_not_used(held: Phone) -> None:
    page = held.open("/report/abc")
    expect(page).to_have_url(re.compile("#/report/[0-9a-f-]{36}$"))


def test_the_ways_to_say_where_are_not_cut(browser: Browser, day: Day) -> None:
    with carried(browser, day, lang="en") as one:
        page = one.open("/report")
        page.set_viewport_size({"width": 320, "height": 640})
        page.evaluate("document.documentElement.toggleAttribute('data-big', true)")
        page.locator("#next").tap()
        page.locator("#unknown").tap()
        page.wait_for_selector(".way")
        assert page.evaluate(CUT) == 0


def test_every_view_opens_after_the_signal_goes_without_a_service_worker(browser: Browser, day: Day) -> None:
    with carried(browser, day, bare=True) as one:
        page = one.page
        asked: set[str] = set()
        page.on("request", lambda told: asked.add(told.url) if "/field/view_" in told.url else None)
        page.reload()
        one.settle()
        one.until(lambda: len(asked) == N_VIEWS)  # by itself
        one.call("router", "m.holdAll()")  # and now it has them whole
        day.faults.away = True
        for path, told in (("settings", "设置"), ("queue", "待发送"), ("report", "拍一张照片"), ("visit/1", "室")):
            page.evaluate("(path) => { location.hash = `#/${path}`; }", path)
            expect(page.locator("#view h1")).to_contain_text(told)
        day.faults.away = False


@pytest.mark.parametrize("what", ["words", "storage"])
def test_what_keeps_the_app_from_beginning_is_named(browser: Browser, day: Day, what: str) -> None:
    with phone(browser, day.faults.address) as one:
        if what == "words":
            one.context.route("**/field/words.json*", lambda route: route.fulfill(status=500, body="{}"))
        else:
            one.context.clock.install(time=NOW)
            one.context.add_init_script(MUTE)
        one.page.goto(f"{day.faults.address}/field")
        if what == "storage":
            one.context.clock.fast_forward(10_000)
        shown = one.page.locator("#no-words" if what == "words" else "#slow-storage")
        expect(shown).to_be_visible()
        expect(shown.get_by_role("button")).to_be_visible()
        expect(one.page.locator("#no-storage")).to_be_hidden()
