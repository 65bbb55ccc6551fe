"""What a worker said stays theirs: records beside others' until read, corrections from what was said, photos where named."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from gridsvc.web.app import create_app
from tests.browser.day import QUESTION, Day, carried, let_go
from tests.browser.field import phone
from tests.browser.kept import key, put, report, sent
from tests.browser.test_field_visits import VISITS, first_door, reach
from tests.conftest import NOW
from tests.photographs import jpeg
from tests.through import lead
from tests.web.county import PASSWORD, WEST
from tests.web.dealing import store_sheet
from tests.web.live import Clock, serving, settings

# what was loaded when there was something to fill in
FIRST = """new MutationObserver(() => {
  if (!window.__first && document.querySelector("#view:not([aria-busy]) input") && document.querySelector("#bar a"))
    window.__first = performance.getEntriesByType("resource").map((one) => one.name);
}).observe(document, { childList: true, subtree: true, attributes: true });"""
UNDER = """() => {
  const bars = [...document.querySelectorAll("#bar, .thumb-bar")].map((one) => one.getBoundingClientRect().top);
  const wrong = [];
  for (const one of document.querySelectorAll("#view a, #view button, #view summary, #view input:not(.unseen), #view textarea")) {
    if (!one.checkVisibility() || one.closest(".thumb-bar")) continue;
    window.scrollTo(0, 0);
    one.focus();
    if (one.getBoundingClientRect().bottom > Math.min(...bars)) wrong.push(one.outerHTML.slice(0, 80));
  }
  return wrong;
}"""
PLACED = """import("/static/app/field/data.js").then((data) => data.get())
  .then((held) => m.placed({ value: { where: "here", fix: null, pin: value }, held }))"""
ASK = "m.ask('POST', '/api/v1/sync', { json: value }).then((told) => told.kind)"


def test_somebody_else_was_first_is_a_state_of_its_own_until_it_was_read(browser: Browser, day: Day) -> None:
    number = day.report()
    with carried(browser, day) as held:
        day.faults.away = True
        page = held.page
        door = first_door(page, day)
        reach(page)
        page = held.open(f"/task/gridsvc%7C{number}%7C0")
        page.locator("[data-action=verify_absent]").tap()
        page.locator(".phrases button").first.tap()
        page.locator("#do-step").tap()
        page.wait_for_selector("[data-state=waiting]")
        assert re.fullmatch("[0-9a-f]{16}", held.outbox()[-1]["item"]["uid"])  # not another one of this number
        with day.made.begin() as db:
            lead(db, number, "void", NOW)
        day.rows(
            "INSERT INTO visit (client_key, household_id, worker_id, outcome, happened_at, recorded_at) "
            "SELECT gen_random_uuid(), :door, id, 'absent', :at, :at FROM worker WHERE code = 'w2' RETURNING id",
            door=door,
            at=NOW - timedelta(hours=1),
        )
        day.faults.away = False
        let_go(held)
        sent(held)
        page = held.open("/queue")
        met = page.locator("[data-state=conflict]")
        expect(met).to_have_count(2)
        expect(page.locator(".items li").first).to_have_attribute("data-state", "conflict")  # before what is well
        for one in met.all():
            expect(one.locator(".item-state")).to_contain_text("已留作记录；期间有他人处理过")
        step = met.filter(has_text=number)
        expect(step.locator(".notice")).to_contain_text("作废了")
        expect(met.filter(has_not_text=number).locator(".notice")).to_contain_text("李大山")
        step.get_by_role("button", name="知道了").tap()
        expect(met).to_have_count(1)
        page.reload()
        held.settle()
        expect(met).to_have_count(1)
        read = page.locator("[data-state=sent]").filter(has_text=number)
        expect(read).to_contain_text("作废了")  # what it was stays to be read
        met.get_by_role("button", name="知道了").tap()
        expect(met).to_have_count(0)


def test_a_correction_begins_with_what_was_said(browser: Browser, day: Day) -> None:
    with carried(browser, day) as held:
        page = held.page
        door = first_door(page, day)
        page.get_by_role("button", name="加一人").tap()
        page.get_by_label(QUESTION).fill("买药远")
        for part in ("policies", "wishes", "mode", "need"):
            page.locator(f"#part-{part} summary").tap()
        page.get_by_label("消防安全").check()
        page.locator("#needs").fill("想装扶手")
        page.get_by_label("发了问卷").check()
        page.get_by_label("电话").check()
        page.locator("#need-category [data-category='0506']").tap()
        reach(page)
        let_go(held)
        sent(held)
        page.locator("#correct").tap()
        expect(page.locator("#view .note").first).to_contain_text("原来选的是“见到人”")
        expect(page.locator("#view .note").first).to_contain_text("不必再报")
        expect(page.locator("[data-outcome][aria-pressed=true]")).to_have_attribute("data-outcome", "reached")
        expect(page.locator("#n-met")).to_have_text("2")
        expect(page.get_by_label(QUESTION)).to_have_value("买药远")
        expect(page.locator("#needs")).to_have_value("想装扶手")
        for name in ("消防安全", "发了问卷", "电话"):
            expect(page.get_by_label(name)).to_be_checked()
        page.get_by_role("button", name="加一人").tap()
        reach(page)
        let_go(held)
        sent(held)
        held.call("store", "m.clearCache()")  # as a logout does
        assert [word for word in ("买药远", "想装扶手") if word in str(held.keeps())] == []
    first, second = day.rows(VISITS, door=door)
    said = ("outcome", "mode", "policies", "answers", "needs", "n_issued")
    assert [second[name] for name in said] == [first[name] for name in said]
    assert (first["n_met"], second["n_met"], second["supersedes_id"]) == (2, 3, first["id"])
    linked = "SELECT count(*) AS n FROM visit_report l JOIN visit v ON v.id = l.visit_id WHERE v.household_id = :door"
    assert day.rows(linked, door=door) == [{"n": 1}]  # the problem is one


def test_a_report_whose_closing_condition_names_a_photo_begins_with_one(
    browser: Browser, day: Day, tmp_path: Path
) -> None:
    picture = tmp_path / "p.jpg"
    picture.write_bytes(jpeg())
    with day.made.begin() as db:
        store_sheet(db)  # E0101: 拆除，附照片
    with carried(browser, day) as held:
        held.until(lambda: "E0101" in str(held.call("data", "m.refresh().then(() => m.get())")["categories"]))
        page = held.open("/report")
        page.locator("#next").tap()
        page.locator("[data-category=E0102]").tap()
        page.wait_for_selector("[data-step=where]")  # another kind asks for none
        page.locator("#back").tap()
        page.locator("[data-category=E0101]").tap()
        page.wait_for_selector("[data-step=photo]")
        expect(page.locator("#photo-said")).to_contain_text("结案条件")
        expect(page.locator("#next")).to_be_disabled()
        page.locator("#gallery").set_input_files(str(picture))
        page.wait_for_selector("[data-step=where]")  # where it is was not asked yet
        page.locator("#next").tap()
        page.locator("#send").tap()
        page.wait_for_selector("[data-step=done]")
        sent(held)
        wanted = held.outbox()[-1]["key"]
    query = "SELECT r.category, (SELECT count(*) FROM report_photo p WHERE p.report_id = r.id) AS n FROM report r WHERE r.client_key = CAST(:k AS uuid)"
    assert day.rows(query, k=wanted) == [{"category": "E0101", "n": 1}]


def test_how_far_outside_counts_is_the_services_word(browser: Browser, day: Day, tmp_path: Path) -> None:
    beside: dict[str, Any] = {"lon": 110.005, "lat": 22.9998}  # 22 m south of the first grid
    usual = day.faults.port
    app = create_app(settings(day.made, tmp_path, nearest_max_m=5.0), clock=Clock())
    with carried(browser, day) as held, serving(app) as address:
        try:
            for port, told in ((usual, (f"{WEST}001", "nearest")), (address.rpartition(":")[2], (None, "none"))):
                day.faults.port = int(port)
                held.log_in()
                held.told()
                found = held.call("report_place", PLACED, beside)
                assert (found["grid"], found["method"]) == told
        finally:
            held.renew()  # nothing is asked of the other service any more
            day.faults.port = usual


def test_the_file_says_how_far_off_the_phones_clock_was(browser: Browser, day: Day) -> None:
    head = "m.make().then((made) => made.blob.text()).then((text) => JSON.parse(text).clock_off_s)"
    with carried(browser, day, at=NOW + timedelta(hours=2)) as held:
        assert abs(held.call("export", head) - 7200) < 600  # every answer tells it, that with the lists too
        held.context.clock.set_system_time(NOW)
        assert held.call("export", head) is None  # set since: nothing is said of it
        put(held, report("又准了"))
        let_go(held, 0)
        sent(held)
        assert abs(held.call("export", head)) < 600
        day.faults.away = True  # what follows is of pages opened later, which hear nothing new
        for at, known in ((NOW + timedelta(hours=1), True), (NOW, False), (NOW + timedelta(hours=2), False)):
            held.renew()
            held.context.clock.install(time=at)
            held.open()
            held.call("queue", "m.flush()")  # looks at the clock
            assert (held.call("export", head) is not None) is known, at


def test_what_was_begun_for_one_person_is_not_sent_for_another(browser: Browser, day: Day) -> None:
    with day.drawer.lend(day.faults.address) as held:
        held.log_in()
        held.until(lambda: held.call("net", "m.who()")["login"] == "worker")
        held.page.evaluate("document.body.inert = true")  # nobody touches this tab
        other = held.context.new_page()
        held.context.clear_cookies()
        other.goto(f"{day.faults.address}/login")
        other.fill("#login", "manager_west")
        other.fill("#password", PASSWORD)
        other.click("main button[type=submit]")
        other.wait_for_selector(".who form")
        n = day.faults.n("/api/v1/sync", "POST")
        item = report("前一位的") | {"key": key()}
        assert held.call("net", ASK, {"sent_at": NOW.isoformat(), "items": [item]}) == "away"
        assert day.faults.n("/api/v1/sync", "POST") == n + 1  # refused once, and not said again
    assert day.rows("SELECT id FROM report WHERE client_key = CAST(:k AS uuid)", k=item["key"]) == []


def test_the_first_screen_loads_nothing_that_the_page_did_not_name(browser: Browser, day: Day) -> None:
    with phone(browser, day.faults.address, lang="en") as held:
        held.context.add_init_script(FIRST)
        with held.page.expect_response(lambda one: one.url.endswith("/field")) as told:
            held.open("/login")
        head = told.value.headers["link"]
        named = set(re.findall(r'(?:href|src)="(/[^"]+)"', told.value.text())) | set(re.findall("<([^>]+)>", head))
        loaded = {one.removeprefix(day.faults.address) for one in held.page.evaluate("window.__first")}
        assert "/field/words.json?lang=en" in loaded
        assert loaded - named == set()
        assert len(loaded) <= 12, loaded  # with six connections: two turns after the page itself
        held.clean()


TASKS = """async (n_tasks) => {
  const { changed, open } = await import("/static/app/field/store.js");
  const db = await open();
  const held = await db.get("cache", "sync");
  const [one] = held.reports;
  const number = (n, actions) => ({ ...one, number: `T${n}`, actions });
  const tasks = [...Array(n_tasks).keys()].map((n) => number(10 + n, ["verify"]));
  await db.put("cache", { ...held, reports: [...tasks, number(2, ["note"]), number(3, [])] }, "sync");
  changed("cache");
}"""


def test_the_lists_that_come_late_are_shown_where_somebody_waits_for_them(browser: Browser, day: Day) -> None:
    with carried(browser, day, ready=False) as held:
        day.faults.plan = lambda method, path: "error" if method == "GET" and path.startswith("/api/v1/sync") else None
        held.log_in()
        page = held.open("/report")
        page.locator("#next").tap()
        expect(page.locator("#view")).to_contain_text("还没有类别表")
        day.faults.calm()
        held.told()
        expect(page.locator("[data-category='0506']")).to_be_visible()
        page = held.open("/")
        page.evaluate(TASKS, 7)
        expect(page.locator("#tasks-title")).to_contain_text("7")
        expect(page.locator("#more-tasks")).to_have_text("再看 3 件，另有网格里的其他上报 2 件")
        page.evaluate(TASKS, 1)
        expect(page.locator("#tasks-title")).to_contain_text("1")
        expect(page.locator("#more-tasks")).to_have_text("网格里的其他上报 2")  # no tasks


def long_page(held: Any, path: str, wanted: str) -> Page:
    page: Page = held.open(path)
    page.set_viewport_size({"width": 360, "height": 560})
    page.wait_for_selector(wanted)
    return page


def test_what_is_gone_to_lies_above_the_bars(browser: Browser, day: Day) -> None:
    with carried(browser, day) as held:
        page = long_page(held, "/", "[data-door]")
        assert page.evaluate(UNDER) == []
        door = page.locator("[data-door]:not(:has(small))").first.get_attribute("data-door")
        page = long_page(held, f"/visit/{door}", "[data-outcome=reached]")
        for summary in page.locator("summary").all():
            summary.tap()
        assert page.evaluate(UNDER) == []
