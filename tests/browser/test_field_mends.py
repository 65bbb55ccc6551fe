"""What once kept a phone's records from the service, or let go of what was to be kept: each is tried on one phone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from gridsvc import accounts
from tests.browser.conftest import log_in
from tests.browser.drawer import Drawer
from tests.browser.fault_proxy import Faults
from tests.browser.field import Phone, at_hand
from tests.browser.kept import empty, key, put, report, sent, unsent, visit
from tests.browser.page_checks import put_away
from tests.conftest import Fresh
from tests.web.county import CANARY, PASSWORD, WEST

FORCE = "m.flush({ force: true })"
SYNC = "/api/v1/sync"
# a row as it lies in the store, changed behind the app's back
CHANGE = "m.update([value.key], (row) => void Object.assign(row, value.more))"
# from now on the browser cannot read the bytes of what it keeps, as when the file under a blob is gone
UNREADABLE = """() => {
  window.whole = [Blob.prototype.arrayBuffer, window.fetch];
  const gone = () => Promise.reject(new DOMException("gone", "NotReadableError"));
  Blob.prototype.arrayBuffer = gone;
  window.fetch = (to, how) => (how && how.body instanceof Blob ? gone() : window.whole[1].call(window, to, how));
}"""
READABLE = "() => { [Blob.prototype.arrayBuffer, window.fetch] = window.whole; }"

ADD = "m.add(value).then(() => 'kept', (error) => error.code)"
LOGIN = "m.setMeta('login', value)"
SAVE = "m.save(value, 'report', { text: 'x' })"
NEWER = """async () => {
  const last = (await indexedDB.databases()).find((one) => one.name === "gridsvc-field").version;
  await new Promise((done, no) => {
    const asked = indexedDB.open("gridsvc-field", last + 1);
    asked.onsuccess = () => { asked.result.close(); done(); };
    asked.onerror = no;
  });
}"""


@pytest.fixture(scope="module")
def lent(drawer: Drawer, proxied: Faults, cookies: Callable[[str], Any]) -> Iterator[Phone]:
    """One phone for all of them, whose worker is logged in."""
    with at_hand(drawer.lend(proxied.address), cookies("worker")) as held:
        yield held


@pytest.fixture
def held(lent: Phone, faults: Faults) -> Iterator[Phone]:
    """The phone with nothing in its queue and no draft, and a network."""
    yield lent
    faults.calm()
    lent.call("store", "m.setMeta('pause', null)")
    empty(lent)
    lent.clean()


def stored(made: Fresh, client_key: str) -> int:
    """How many photos a report under this key has; -1 where there is none."""
    query = "SELECT (SELECT count(*) FROM report_photo p WHERE p.report_id = r.id) FROM report r WHERE r.client_key = CAST(:k AS uuid)"
    with made.begin() as db:
        n = db.scalar(text(query), {"k": client_key})
        return -1 if n is None else int(n)


def states(held: Phone) -> dict[str, str]:
    """The rows of the outbox: key -> state."""
    return {row["key"]: row["state"] for row in held.outbox()}


def test_an_unreadable_photo_keeps_nothing_else_back(held: Phone, faults: Faults, made: Fresh) -> None:
    faults.away = True
    broken = put(held, report("照片坏了"), photo="#111")
    held.call("queue", FORCE)
    held.page.evaluate(UNREADABLE)
    faults.away = False
    try:
        after = put(held, report("其后"))
        held.call("queue", FORCE)
        assert states(held) == {broken: "attention", after: "sent"}
        assert held.call("export", "m.make().then((made) => made.n)") == 1
    finally:
        held.page.evaluate(READABLE)
    assert (stored(made, broken), stored(made, after)) == (0, 0)
    assert held.outbox()[0]["code"] == "photo_lost"
    held.call("queue", "m.retry(value)", broken)  # readable again
    sent(held)
    assert stored(made, broken) == 1


def test_photos_that_never_go_up_stop_no_text(held: Phone, faults: Faults, made: Fresh) -> None:
    faults.plan = lambda method, path: "error" if method == "PUT" else None
    faults.away = True
    with made.begin() as db:
        number = db.scalar(text("SELECT min(number) FROM report WHERE state = 'received'"))
    action = {"action": "note", "version": 1, "note": CANARY, "photos": ["0" * 64]}
    step = {"kind": "action", "key": key(), "number": number, "done_at": "2026-11-01T01:00:00Z", "action": action}
    put(held, step, photo="#222")
    first = put(held, report("有照片"), photo="#333")
    texts = [put(held, report(f"其后 {i}")) for i in range(3)]
    held.call("queue", FORCE)
    faults.away = False
    held.call("queue", FORCE)
    held.until(lambda: [states(held)[one] for one in texts] == ["sent"] * 3)
    assert stored(made, first) == 0
    assert set(unsent(held)) == {step["key"], first}
    late = put(held, report("再其后"))  # and no pause is left for what comes
    held.until(lambda: states(held)[late] == "sent")


def test_a_clock_set_back_strands_nothing(held: Phone, faults: Faults) -> None:
    faults.away = True
    one, two, still = (put(held, report(f"时钟 {i}"), hold_s=3600 if i != 1 else 0) for i in range(3))
    held.tried()  # no pause comes after this
    ahead = "m.find(value).then((row) => row.added_at + 5 * 86400000)"
    later = held.call("outbox", ahead, one)
    held.call("outbox", CHANGE, {"key": one, "more": {"added_at": later, "hold_until": later + 3600000}})
    held.call("outbox", CHANGE, {"key": two, "more": {"next_at": later}})
    held.call("store", "m.setMeta('pause', null)")
    faults.away = False
    held.call("queue", "m.flush()")
    held.until(lambda: states(held) == {one: "sent", two: "sent", still: "waiting"})


def test_what_was_taken_away_at_the_last_moment_is_not_sent(held: Phone, faults: Faults, made: Fresh) -> None:
    faults.away = True
    gone, stays = put(held, report("删掉")), put(held, report("留下"))
    held.call("queue", FORCE)
    faults.away = False
    bodies: list[str] = []
    held.page.on("request", lambda asked: bodies.append(asked.post_data or "") if SYNC in asked.url else None)
    # between what was read from the store and what is marked as being sent lies another tab's tap
    meddle = """async (gone) => {
      const queue = await import("/static/app/field/queue.js");
      const read = IDBObjectStore.prototype.getAll;
      let done = null;
      let n = 0;
      IDBObjectStore.prototype.getAll = function (...given) {
        const asked = read.apply(this, given);
        if (this.name === "outbox" && this.transaction.mode === "readonly") {
          n += 1;
          if (n === 4) done = queue.remove(gone);
        }
        return asked;
      };
      await queue.flush({ force: true });
      IDBObjectStore.prototype.getAll = read;
      return { n, removed: await done };
    }"""
    told = held.page.evaluate(meddle, gone)
    assert told["removed"] is True, told
    sent(held)
    assert [gone in body for body in bodies if '"items"' in body] == [False], told
    assert (stored(made, gone), stored(made, stays)) == (-1, 0)


def test_a_draft_stays_with_whom_it_began(held: Phone, faults: Faults) -> None:
    faults.away = True
    item = report("甲的")
    held.call("drafts", SAVE, item["key"])
    held.call("store", LOGIN, "manager_west")
    try:
        held.call("drafts", SAVE, item["key"])
        assert held.call("outbox", ADD, item) == "other_login"
        assert [one["login"] for one in held.keeps()["drafts"]] == ["worker"]
        held.call("store", LOGIN, None)
        assert held.call("outbox", ADD, item) == "kept"
        assert [row["login"] for row in held.outbox()] == ["worker"]
    finally:
        held.call("store", LOGIN, "worker")


def test_other_words_under_a_key_are_not_lost_without_a_word(held: Phone, faults: Faults) -> None:
    faults.away = True
    item = report("先写的")
    assert [held.call("outbox", ADD, item) for _ in range(2)] == ["kept", "kept"]  # a second tap
    other = item | {"report": item["report"] | {"description": "后写的"}}
    assert held.call("outbox", ADD, other) == "sent_before"
    assert [row["item"]["report"]["description"] for row in held.outbox()] == ["先写的"]


def test_a_file_holds_the_own_items_alone(held: Phone, faults: Faults) -> None:
    faults.away = True
    mine = put(held, report("自己的"), title="自己的标题")
    theirs = put(held, report(f"别人的 {CANARY}"), photo="#444")
    held.call("outbox", CHANGE, {"key": theirs, "more": {"login": "manager_west"}})
    told = held.call("export", "m.make().then(async (made) => [made.n, await made.blob.text(), await m.others()])")
    assert (told[0], told[2], mine in told[1], theirs in told[1], CANARY in told[1]) == (1, 1, True, False, False)
    assert '"base64"' not in told[1]
    assert json.loads(told[1])["role"] == "worker"  # as the service said at the login
    page = held.open("/queue")
    page.get_by_role("button", name="导出未发送内容").click()
    expect(page.locator("#toast")).to_contain_text("已导出 1 条")
    expect(page.locator("#toast")).to_contain_text("另有他人的 1 条未导出")
    held.call("store", LOGIN, None)
    try:
        assert held.call("export", "m.save()") == 0
        expect(held.page).to_have_url(re.compile("#/login$"))
        page = held.open("/queue")
        page.get_by_role("button", name="导出未发送内容").click()
        expect(page.locator("#toast")).to_contain_text("请先登录")
    finally:
        held.call("store", LOGIN, "worker")


SWITCH = """async (role) => {
  const me = await (await fetch("/field/me")).json();
  const body = new URLSearchParams({ role, csrf_token: me.csrf });
  return (await fetch("/role", { method: "POST", body })).ok;
}"""

THERE = "m.list().then(async (rows) => (await import('/static/app/field/doors.js')).lastVisits(rows).has(value))"


def test_what_was_made_in_another_role_waits_for_it(held: Phone, faults: Faults, made: Fresh) -> None:
    with made.begin() as db:
        two: dict[str, Any] = {"role": "manager", "also_roles": ["worker"], "area_codes": [WEST], "worker_code": "w1"}
        accounts.create(db, login="two_roles", name="双 某", password=PASSWORD, **two)
    cookies = held.context.cookies()
    held.context.clear_cookies()
    desk = held.context.new_page()
    desk.goto(f"{faults.address}/login")
    log_in(desk, "two_roles")
    desk.wait_for_selector(".who form")
    held.call("store", LOGIN, None)
    try:
        assert held.call("net", "m.who({ again: true })")["role"] == "manager"
        faults.away = True
        first, second, third = (put(held, report(words)) for words in ("先前身份", "改以现在身份", "等换回来"))
        about = {"door": 7, "outcome": "reached", "at": "2026-11-01T01:00:00Z", "supersedes": None}
        met = put(held, visit(7), about=about)
        held.call("queue", FORCE)  # no try is under way when the network comes back
        faults.calm()
        assert desk.evaluate(SWITCH, "worker")  # the app still believes what it was told before
        held.call("store", "m.setMeta('pause', null)")
        held.call("queue", FORCE)  # "later", or "done" where the app has tried by itself meanwhile
        assert [stored(made, one) for one in (first, second, third)] == [-1] * 3
        fourth = put(held, report("现在的身份"))
        held.call("store", "m.setMeta('pause', null)")
        held.call("queue", FORCE)
        held.until(lambda: states(held)[fourth] == "sent")
        assert held.call("queue", THERE, 7)  # recorded is recorded: nobody is sent to that door again
        assert held.call("queue", "m.remove(value)", met)
        assert (
            held.call(
                "export",
                "m.make().then((made) => made.blob.text()).then((t) => JSON.parse(t).items.map((i) => i.role))",
            )
            == ["manager"] * 3
        )
        page = held.open("/queue")
        row = page.locator(f"[data-key='{second}']")
        expect(row).to_have_attribute("data-state", "attention")
        expect(row).to_contain_text("切换回原身份后会自动发送")
        row.get_by_role("button", name="身份发送").tap()
        held.until(lambda: stored(made, second) == 0)
        assert desk.evaluate(SWITCH, "manager")
        held.call("queue", FORCE)  # it looks itself who it is now
        held.until(lambda: (stored(made, first), stored(made, third)) == (0, 0))
        by = "SELECT l.facts ->> 'role' FROM report r JOIN report_log l ON l.report_id = r.id WHERE r.client_key = CAST(:k AS uuid)"
        with made.begin() as db:
            roles = [db.scalar(text(by), {"k": one}) for one in (first, second, third, fourth)]
        assert roles == ["manager", "worker", "manager", "worker"]
    finally:
        desk.close()
        held.context.clear_cookies()
        held.context.add_cookies(cookies)
        held.call("store", LOGIN, "worker")
        held.call("net", "m.who({ again: true })")


def test_a_clock_set_back_keeps_no_old_data(held: Phone, faults: Faults) -> None:
    faults.away = True
    held.call("data", "m.refresh()")  # nothing is under way that would set the time
    held.call("store", "m.setMeta('cached_at', Date.now())")
    for off_h, stale in ((-0.5, False), (-2, True), (71, False), (73, True)):
        asked = "m.getMeta('cached_at').then((at) => m.isStale(at + value * 3600000))"
        assert held.call("store", asked, off_h) is stale, off_h


def test_a_store_made_by_a_newer_app_is_used_all_the_same(held: Phone) -> None:
    first = put(held, report("旧版写的"))
    sent(held)
    held.page.evaluate(NEWER)
    page = held.open("/queue")
    page.reload()
    held.settle()
    assert [row["key"] for row in held.outbox()] == [first]
    put(held, report("新版之后"))
    sent(held)
    expect(page.locator("#notices")).to_contain_text("更新版本")


def test_a_logout_takes_along_where_somebody_works_and_ends_no_other_login(held: Phone, faults: Faults) -> None:
    cookies = held.context.cookies()
    held.until(lambda: bool(held.call("store", "m.getMeta('ground')")))
    held.call("store", "m.dropTiles()")  # as a browser does that runs short
    faults.away = True
    held.page.reload()  # tried without a network: it is not there, whatever a cache is there for it
    held.until(lambda: held.call("store", "m.getMeta('ground')") is None)
    faults.away = False
    held.log_in()  # a login of its own, since it ends
    held.call("store", "m.setMeta('datum', { crs: 'gcj02', place: { name: value, lon: 110, lat: 23 } })", CANARY)
    for name in ("notices_seen", "recent_categories"):
        held.call("store", f"m.setMeta('{name}', ['x'])")
    held.until(lambda: "gridsvc-field-tiles" in held.keeps()["cached"])
    faults.away = True
    assert held.call("net", "m.leave()") is False
    kept = held.keeps()
    assert CANARY not in str(kept["meta"])
    assert held.call("data", "m.refresh()") == "away"  # and nothing that was under way brings them back
    held.until(lambda: "gridsvc-field-tiles" not in held.keeps()["cached"])
    left = "Promise.all(['ground', 'notices_seen', 'recent_categories'].map((name) => m.getMeta(name)))"
    assert held.call("store", left) == [None] * 3
    assert held.call("store", "m.getMeta('datum')")["crs"] == "gcj02"
    held.context.clear_cookies()
    faults.away = False
    login = {"login": "manager_west", "password": PASSWORD}
    at = f"{faults.address}/login"
    page = held.context.new_page()  # the next person comes in by the site's own form
    page.goto(at)
    page.fill("#login", login["login"])
    page.fill("#password", login["password"])
    page.click("main button[type=submit]")
    page.wait_for_selector(".who form")
    put_away(page)
    assert held.call("net", "m.who({ again: true })")["login"] == "manager_west"
    held.context.clear_cookies()
    held.context.add_cookies(cookies)
    held.call("store", LOGIN, "worker")
    assert held.call("net", "m.who({ again: true })")["login"] == "worker"
