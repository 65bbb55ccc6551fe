"""Reports on a worker's phone: verify, check, solve on the spot without a signal; what happened meanwhile is said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from gridsvc.rules.lifecycle import TABLE
from tests.browser.day import Day, carried, counted
from tests.browser.field import IPHONE, PIXEL, Phone
from tests.browser.kept import SHRINKS, sent
from tests.conftest import NOW
from tests.photographs import jpeg
from tests.through import lead
from tests.web.county import CANARY


def state(day: Day, number: str) -> str:
    (row,) = day.rows("SELECT state FROM report WHERE number = :n", n=number)
    return str(row["state"])


def said(day: Day, number: str, action: str) -> list[dict[str, Any]]:
    """The rows of the log for an action."""
    query = (
        "SELECT l.note, l.facts FROM report_log l JOIN report r ON r.id = l.report_id "
        "WHERE r.number = :n AND l.action = :a"
    )
    return day.rows(query, n=number, a=action)


def listed(held: Phone, number: str) -> Page:
    """The list of today with the report in it."""
    page = held.open()
    if page.locator("#more-tasks").count():
        page.locator("#more-tasks").tap()
    page.locator(f".task-row[href*='{number}']").wait_for()
    return page


def opened(held: Phone, number: str) -> Page:
    """The report's page on the phone, from the list of today."""
    page = listed(held, number)
    show(page, number)
    return page


def show(page: Page, number: str) -> None:
    """Taps the report in the list."""
    page.locator(f".task-row[href*='{number}']").tap()
    page.wait_for_selector(".facts")


def send_all(held: Phone) -> None:
    held.call("queue", "m.flush({ force: true })")
    sent(held)


@pytest.mark.parametrize(("profile", "lang"), [(PIXEL, "en"), (IPHONE, "zh")], ids=["pixel-en", "iphone-zh"])
def test_verifies_without_a_signal_in_three_taps(
    browser: Browser, day: Day, profile: dict[str, Any], lang: str
) -> None:
    number = day.report()
    with carried(browser, day, profile=profile, lang=lang) as held:
        day.faults.away = True
        page = listed(held, number)
        row = page.locator(f".task-row[href*='{number}']")

        def three() -> None:
            row.tap()
            page.locator("[data-action=verify]").tap()
            page.locator("#do-step").tap()
            page.wait_for_selector("[data-state=waiting]")

        assert counted(held, three) == (3, 0)
        expect(page.locator("[data-action=verify]")).to_have_count(0)  # done is done, also before it is sent
        day.faults.away = False
        send_all(held)
        expect(page.locator("[data-state=sent]")).to_be_visible()
    assert state(day, number) == "verified"
    assert len(said(day, number, "verify")) == 1


def not_now_while_its_photo_is_made_small(held: Phone, number: str, picture: Path) -> None:
    """A step that was sent and taken back before its photo was small is not recorded, and leaves no draft."""
    page = opened(held, number)
    page.locator("[data-action=solve_on_spot]").tap()
    page.get_by_role("button", name="已当场清理干净。").tap()
    page.evaluate(SHRINKS)
    page.set_input_files("#photo-gallery", picture)
    held.until(lambda: bool(page.evaluate("window.n_held")))
    page.locator("#do-step").tap()
    page.locator("#not-now").tap()
    page.wait_for_selector(".facts")
    page.evaluate("window.release()")
    held.until(lambda: len(held.keeps()["blobs"]) == 1)
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    assert (held.outbox(), held.keeps()["drafts"]) == ([], [])


def test_solves_on_the_spot_with_a_photo_and_no_typing(browser: Browser, day: Day, tmp_path: Path) -> None:
    number = day.report()
    picture = tmp_path / "after.jpg"
    picture.write_bytes(jpeg())
    with carried(browser, day) as held:
        day.faults.away = True
        not_now_while_its_photo_is_made_small(held, number, picture)
        page = listed(held, number)

        def say() -> None:
            show(page, number)
            page.locator("[data-action=solve_on_spot]").tap()
            page.locator("#do-step").tap()
            expect(page.locator("#wrong")).to_have_text("这一步要有照片。")
            with page.expect_file_chooser() as chooser:
                page.locator("label[for=photo-camera]").tap()
            chooser.value.set_files(str(picture))
            page.wait_for_selector(".pictures img")
            expect(page.locator("#wrong")).to_be_hidden()
            page.locator("#do-step").tap()
            expect(page.locator("#wrong")).to_contain_text("说明")
            page.get_by_role("button", name="已当场清理干净。").tap()

        assert counted(held, say) == (6, 0)  # two of them too early
        held.until(lambda: any(one["value"]["note"] for one in held.keeps()["drafts"]))
        held.renew()  # the tab goes
        page = held.open(f"/task/gridsvc%7C{number}%7C0")
        expect(page.locator("#note")).to_have_value("已当场清理干净。")
        expect(page.locator(".pictures img")).to_have_count(1)
        assert counted(held, lambda: page.locator("#do-step").tap()) == (1, 0)
        page.wait_for_selector("[data-state=waiting]")
        assert held.keeps()["drafts"] == []
        day.faults.away = False
        send_all(held)
        assert held.keeps()["blobs"] == []
    assert state(day, number) == "disposed"
    (row,) = said(day, number, "solve_on_spot")
    assert row["note"] == "已当场清理干净。"
    assert len(row["facts"]["photos"]) == 1


def test_checks_what_was_disposed_and_makes_safe_what_was_not(browser: Browser, day: Day, tmp_path: Path) -> None:
    picture = tmp_path / "as_it_is.jpg"
    picture.write_bytes(jpeg())
    taps = {"check": 3, "check_failed": 4, "make_safe": 4}  # the report, the step, ready-made words, do it
    ends = {"check": "checked", "check_failed": "dispatched", "make_safe": "dispatched"}
    numbers = {action: day.report("dispatched" if action == "make_safe" else "disposed") for action in ends}
    with carried(browser, day, lang="en") as held:
        day.faults.away = True
        for action, number in numbers.items():
            page = listed(held, number)

            def do(page: Page = page, action: str = action, number: str = number) -> None:
                show(page, number)
                page.locator(f"[data-action={action}]").tap()
                if action == "check":
                    page.set_input_files("#photo-camera", str(picture))
                    page.wait_for_selector(".pictures img")
                else:
                    page.locator(".phrases button").first.tap()
                page.locator("#do-step").tap()
                page.wait_for_selector("[data-state=waiting]")

            assert counted(held, do) == (taps[action], 0), action
        held.context.clock.fast_forward(600_000)
        day.faults.away = False
        send_all(held)
    assert {action: state(day, number) for action, number in numbers.items()} == ends
    (checked,) = said(day, numbers["check"], "check")
    assert len(checked["facts"]["photos"]) == 1
    (safe,) = day.rows("SELECT interim_at FROM report WHERE number = :n", n=numbers["make_safe"])
    ago = NOW - safe["interim_at"]  # when it was done, not when it was sent
    assert timedelta(minutes=9) < ago < timedelta(minutes=30)


def test_closed_meanwhile_is_said_on_both_sides(browser: Browser, day: Day) -> None:
    number = day.report()
    with carried(browser, day) as held:
        day.faults.away = True
        page = opened(held, number)
        page.locator("[data-action=verify_absent]").tap()
        page.locator(".phrases button").nth(1).tap()
        page.locator("#do-step").tap()
        page.wait_for_selector("[data-state=waiting]")
        with day.made.begin() as db:
            lead(db, number, "void", NOW)
        day.faults.away = False
        send_all(held)
        notice = page.locator("#view .notice")
        expect(notice).to_contain_text("没有做成：现场没有")
        expect(notice).to_contain_text("作废了")  # what happened, and who did it
        page.goto(f"{held.address}/field#/")
        held.settle()
        expect(page.locator("#view .notice")).to_contain_text(number)
        held.page.goto(f"{held.address}/field#/queue")
        held.settle()
        expect(page.locator("#view")).to_contain_text(number)
    assert state(day, number) == "void"
    log = (
        "SELECT l.action, l.note FROM report_log l JOIN report r ON r.id = l.report_id WHERE r.number = :n ORDER BY seq"
    )
    rows = day.rows(log, n=number)
    assert any("问题已经自行消除。" in str(row["note"]) for row in rows), rows  # who voided it reads what was found


@pytest.mark.parametrize(("profile", "lang"), [(PIXEL, "zh"), (IPHONE, "en")], ids=["pixel-zh", "iphone-en"])
def test_pages_are_accessible_fit_and_run_no_ones_words(
    browser: Browser, day: Day, axe: str, profile: dict[str, Any], lang: str
) -> None:
    number = day.report()
    with carried(browser, day, profile=profile, lang=lang) as held:
        page = opened(held, number)
        assert CANARY in page.inner_text("#view")
        expect(page.locator("#distance")).to_contain_text(
            "150 m to the north-east" if lang == "en" else "在您东北边约 150 米"
        )
        for big in (False, True):
            page.evaluate("(big) => document.documentElement.toggleAttribute('data-big', big)", big)
            page.set_viewport_size({"width": 360, "height": 640})
            held.accessible(axe)
        page.locator("[data-action=solve_on_spot]").tap()
        held.accessible(axe)
        assert page.evaluate("window.__x") is None
        page.locator("#not-now").tap()
        expect(page.locator("[data-action=verify]")).to_be_visible()
        assert held.keeps()["drafts"] == []


def test_a_report_that_left_the_list_says_so_and_words_are_asked_for_as_the_rules_do(
    browser: Browser, day: Day
) -> None:
    with carried(browser, day, lang="en") as held:
        page = held.open("/task/gridsvc%7Cnone%7C0")
        expect(page.locator("#view h1")).to_have_text("This report is no longer on your list")
        offered, noted, public = held.call("tasks", "[m.ACTIONS, m.NOTED, m.PUBLIC]")
        # late with what is next, though the whole is not due yet; lists of before have the one of the whole alone
        told = {"due_at": "2026-11-03T00:00:00Z", "actions": ["check"]}
        words = "(one) => [m.dueWords(one, now), m.isLate(one, now), m.lists([one], now).overdue.length]"
        asked = f"((now) => value.map({words}))(Date.parse('2026-11-01T00:00:00Z'))"
        assert held.call("tasks", asked, [told | {"until_at": "2026-10-31T23:00:00Z"}, told]) == [
            ["Overdue by 1 hour", True, 1],
            ["2 days left", False, 0],
        ]
    assert set(noted) == {action for action in offered if TABLE[action].note}
    assert set(public) == {action for action in offered if TABLE[action].public}
