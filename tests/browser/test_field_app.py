"""The worker's app as a shell: opens offline, is updated around a draft, says what a browser lacks, keeps no person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from gridsvc.web import field_files
from tests.browser.drawer import Drawer
from tests.browser.fault_proxy import Faults
from tests.browser.field import IPHONE, PIXEL, Phone, phone
from tests.browser.kept import nobody, person, put, report, sent, unsent
from tests.conftest import Fresh
from tests.web.county import County

WECHAT = PIXEL["user_agent"] + " MicroMessenger/8.0.49.2600"
PERSON = ("李桂花", "13912345678", "370101199001011234")


@pytest.fixture
def lend(
    browser: Browser, drawer: Drawer, faults: Faults, cookies: Callable[[str], Any]
) -> Iterator[Callable[..., Phone]]:
    """`lend(profile, lang=, …)`: a phone whose worker is logged in; `own`: nobody gets it afterwards."""
    held: list[Any] = []

    def give(profile: dict[str, Any] = PIXEL, login: str | None = "worker", own: bool = False, **options: Any) -> Phone:
        way = partial(phone, browser) if own else drawer.lend
        opening = way(faults.address, profile, **options)
        one = opening.__enter__()
        held.append(opening)
        if login is not None:
            one.context.add_cookies(cookies(login))
        one.open()
        if login is not None:
            one.known()
        one.offline_ready()
        return one

    yield give
    for opening in held:
        opening.__exit__(None, None, None)


def known(held: Phone) -> Phone:
    """The phone once the service has told it something."""
    held.until(lambda: held.call("data", "m.get()")["as_of"] is not None)
    return held


@pytest.mark.parametrize("profile", [PIXEL, IPHONE], ids=["pixel", "iphone"])
def test_opens_without_a_network_after_one_visit(lend: Callable[..., Phone], faults: Faults, profile: Any) -> None:
    held = known(lend(profile))
    installable(held)
    held.clean()
    held.renew()  # what that page still asked for is no other's
    held.until(lambda: faults.n_busy == 0)
    faults.away = True
    n = len(faults.asked)
    page = held.page
    for path, words in (("queue", "待发送"), ("settings", "设置"), ("report", "")):
        page.goto(f"{faults.address}/field#/{path}")
        page.wait_for_selector("#view:not([aria-busy]) h1")
        expect(page.locator("#view h1").first).to_contain_text(words)
    page.get_by_role("link", name="今日").click()
    page.wait_for_selector("#view:not([aria-busy])")
    asked = {path.partition("?")[0] for _, path, _ in faults.asked[n:]}
    told = {path for path in asked if not path.startswith("/basemap/")}
    assert told <= {"/field.sw.js", "/field/me", "/api/v1/sync"}  # never a file of the app
    held.clean()


def installable(held: Phone) -> None:
    """Nothing; fails where the browser finds something wrong with the manifest, or it names what is not there."""
    tool = held.context.new_cdp_session(held.page)
    told = tool.send("Page.getAppManifest")
    tool.detach()
    assert (told["url"], told["errors"]) == (f"{held.address}/field.webmanifest", [])
    manifest = json.loads(told["data"])
    assert (manifest["display"], manifest["start_url"], manifest["scope"]) == ("standalone", "/field", "/field")
    assert manifest["short_name"]
    (icon,) = manifest["icons"]
    assert (icon["type"], icon["sizes"]) == ("image/svg+xml", "any")  # one that fits every size
    kept = [path for paths in held.keeps()["cached"].values() for path in paths]
    assert {icon["src"], manifest["start_url"]} <= set(kept)  # without a network too


def test_a_new_version_waits_for_the_draft_and_loses_nothing(lend: Callable[..., Phone], faults: Faults) -> None:
    held = lend(IPHONE, own=True)
    before = versions(held)
    newer = field_files.worker().replace(b'const VERSION = "', b'const VERSION = "x')
    faults.instead["/field.sw.js"] = newer
    page = held.open("/report")
    key = page.evaluate("location.hash.split('/')[2] || null") or report("")["key"]
    held.call("drafts", "m.save(value, 'report', { title: '写到一半' })", key)
    page.evaluate("window.__same = 1")
    update = "navigator.serviceWorker.getRegistration('/field').then((found) => found.update())"
    page.evaluate(update)
    waits = "navigator.serviceWorker.getRegistration('/field').then((found) => Boolean(found.waiting))"
    held.until(lambda: page.evaluate(waits))
    page.evaluate("import('/static/app/field/offline.js').then((m) => m.isReady())")
    page.wait_for_timeout(400)
    assert page.evaluate("window.__same") == 1  # the page was not taken away under the draft
    assert page.evaluate(waits)
    with page.expect_event("load"):  # nobody is in the middle of anything: it takes over, and the page loads anew
        page.get_by_role("link", name="今日").click()
    assert page.evaluate("window.__same") is None
    held.settle()
    held.until(lambda: not page.evaluate(waits))
    held.until(lambda: not versions(held) & before)
    assert len(versions(held)) == 1
    held.settle()
    assert key in [one["key"] for one in held.keeps()["drafts"]]
    assert held.call("drafts", "m.load(value)", key)["value"]["title"] == "写到一半"


def versions(held: Phone) -> set[str]:
    """The versions of the app that the phone keeps."""
    return {name for name in held.keeps()["cached"] if "-app-" in name}


def test_a_draft_of_an_older_store_is_still_there(lend: Callable[..., Phone]) -> None:
    held = lend()
    held.call("drafts", "m.save('k', 'report', { title: '旧' })")
    put(held, report("旧"), hold_s=60)
    page = held.page
    # the page lets go of the old shape by itself
    newer = """async () => new Promise((done, failed) => {
      const asked = indexedDB.open("gridsvc-field", 2);
      asked.onupgradeneeded = () => asked.result.createObjectStore("extra");
      asked.onsuccess = () => { const names = [...asked.result.objectStoreNames]; asked.result.close(); done(names); };
      asked.onerror = () => failed(asked.error); setTimeout(() => failed(new Error("blocked")), 60000);
    })"""
    assert set(page.evaluate(newer)) == {"blobs", "cache", "drafts", "extra", "meta", "outbox"}
    assert [one["key"] for one in held.keeps()["drafts"]] == ["k"]
    assert len(unsent(held)) == 1


def test_the_phone_read_raw_holds_no_person_and_nothing_after_the_logout(
    lend: Callable[..., Phone], made: Fresh, county: County, faults: Faults
) -> None:
    with made.begin() as db:
        door = db.scalar(text("SELECT min(id) FROM household"))
        db.execute(
            text("UPDATE household SET contact_name = :n, contact_phone = :p WHERE id = :id"),
            {"n": PERSON[0], "p": PERSON[1], "id": door},
        )
    held = lend(login=None)
    held.log_in()  # a device of its own, since it logs out
    known(held)
    kept = held.keeps()
    assert kept["cache"][0]["doors"] != []
    raw = json.dumps(kept, ensure_ascii=False, default=str)
    assert [one for one in (*PERSON, "password", "gridsvc_session") if one in raw] == []
    assert kept["cookies"] == "" or "session" not in kept["cookies"]
    # of what is kept for being without a network nothing is about anybody: the app's own files, and the ground
    own = {address.partition("?")[0] for address in field_files.files()}
    paths = {path for all_of in kept["cached"].values() for path in all_of if not path.startswith("/basemap/")}
    assert paths == own
    assert [path for path in own if path.startswith("/api/") or path == "/field/me"] == []
    put(held, report("已送"))
    sent(held)
    faults.away = True
    key = put(held, report("未送"))
    page = held.open("/settings")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("1 条未发送")
    page.get_by_role("alertdialog").get_by_role("button", name="退出登录").click()
    page.wait_for_url("**#/login")
    kept = held.keeps()
    assert (kept["cache"], [one["key"] for one in kept["outbox"]]) == ([], [key])
    faults.away = False
    assert held.call("net", "m.who({ again: true })") == {"known": False}  # the logout reached the service, if late
    held.clean()


def test_what_the_service_told_is_forgotten_after_three_days(lend: Callable[..., Phone], faults: Faults) -> None:
    held = known(lend())
    faults.away = True
    held.call("data", "m.refresh()")  # nothing is under way that would set the time
    person(held)
    for off_h in (71, 73):
        held.call("store", "m.setMeta('cached_at', Date.now() - value * 3600000)", off_h)
        assert (held.call("data", "m.get()")["as_of"] is None) is (off_h == 73)
    assert held.keeps()["cache"] == []
    nobody(held)


def test_in_wechat_without_the_newer_parts_it_works_and_says_how_to_do_better(
    lend: Callable[..., Phone], made: Fresh
) -> None:
    held = lend(bare=True, user_agent=WECHAT)
    page = held.page
    notice = page.locator("#notices")
    expect(notice).to_contain_text("正在微信内打开")
    notice.locator("summary").click()
    expect(notice).to_contain_text("在浏览器打开")
    expect(notice).to_contain_text("标签页")
    expect(notice).to_contain_text("自己生成编号")  # without randomUUID
    lacks = "m.lacks()"
    assert held.call("offline", lacks) == ["wechat", "worker", "locks", "random"]
    held.page.evaluate("delete Crypto.prototype.getRandomValues")
    assert held.call("offline", lacks)[-1] == "weak"
    held.page.reload()
    held.settle()
    assert page.evaluate("[navigator.serviceWorker, navigator.locks, crypto.randomUUID]") == [None, None, None]
    key = put(held, report("微信里"))
    sent(held)
    with made.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM report WHERE client_key = CAST(:k AS uuid)"), {"k": key}) == 1
    held.clean()


def test_on_an_insecure_address_it_says_so_and_still_reports(browser: Browser, faults: Faults) -> None:
    with phone(browser, faults.address.replace("127.0.0.1", "office.test")) as held:
        page = held.log_in()
        assert page.evaluate("[isSecureContext, Boolean(crypto.randomUUID)]") == [False, False]
        expect(page.locator("#notices")).to_contain_text("未加密")
        # no browser has it here: that is no reason to be told to update
        expect(page.locator("#notices")).not_to_contain_text("自己生成编号")
        put(held, report("不安全的地址"))
        sent(held)
        held.said = [one for one in held.said if "Cross-Origin-Opener-Policy" not in one]  # the browser's own remark
        held.clean()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("profile", [PIXEL, IPHONE], ids=["pixel", "iphone"])
def test_login_queue_and_settings_are_for_everybody(
    lend: Callable[..., Phone], faults: Faults, axe: str, profile: Any, lang: str
) -> None:
    held = lend(profile, lang=lang)
    # what axe looks at differs by language or by profile, what fits by both
    looks = partial(held.accessible, axe) if (profile is PIXEL) is (lang == "zh") else held.fits
    faults.away = True
    put(held, report("等待"), title="等待")
    held.call("drafts", "m.save('k', 'report', { title: '草稿' })")
    for path in ("/login", "/queue", "/settings"):
        held.open(path)
        looks()
    held.call("store", "m.setMeta('big', true)")
    held.page.reload()
    held.open("/queue")
    assert held.page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    looks()
    held.clean()


def test_who_was_never_here_is_asked_to_log_in_and_then_no_more(lend: Callable[..., Phone], faults: Faults) -> None:
    held = lend(login=None)
    notice = held.open("/queue").locator("#notices")
    expect(notice).to_contain_text("请先登录")  # nobody's login has ended
    faults.plan = lambda method, path: "error" if method == "GET" and path.startswith("/api/v1/sync") else None
    held.log_in()
    expect(notice.locator("a")).to_have_count(0)  # though the lists did not come
    held.clean()
