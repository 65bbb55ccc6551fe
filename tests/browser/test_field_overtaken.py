"""What comes too late, or stands in two places, on a phone: answers after a logout, reasons beside news, words after a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from tests.browser.conftest import log_in
from tests.browser.drawer import Drawer
from tests.browser.fault_proxy import Faults
from tests.browser.field import Phone, phone
from tests.browser.kept import SHRINKS, empty, put, report, sent, visit
from tests.browser.page_checks import put_away
from tests.conftest import Fresh
from tests.photographs import jpeg, scene
from tests.web.county import CANARY, PASSWORD

# from now on the first answer to such a request comes when `release()` is called, and so do the kept tiles
HOLD = """(wanted) => {
  const [ask, open] = [window.fetch.bind(window), CacheStorage.prototype.open];
  const gate = new Promise((done) => { window.release = done; });
  window.n_held = 0;
  window.fetch = async (to, how) => {
    const answer = await ask(to, how);
    if (!`${(how && how.method) || "GET"} ${to}`.startsWith(wanted) || window.n_held) return answer;
    window.n_held += 1;
    await gate;
    return answer;
  };
  CacheStorage.prototype.open = async function (name) {
    const here = wanted === "tiles" && name === "gridsvc-field-tiles";
    if (here) { window.n_held += 1; await gate; }
    return open.call(this, name);
  };
}"""
START = "([module, words]) => {{ window.late = import(`/static/app/field/${{module}}.js`).then((m) => {}); }}"
LATE = {
    "me": ("GET /field/me", "net", "m.who({ again: true })"),
    "lists": ("GET /api/v1/sync", "data", "m.refresh()"),
    "tiles": ("tiles", "offline", "m.keepTiles(['/static/app/icon.svg'])"),
    "receipt": ("POST /api/v1/sync", "queue", "m.flush({ force: true })"),
}
CHANGE = "m.update([value.key], (row) => void Object.assign(row, value.more))"
# from now on the nth look into a store comes when `release()` is called
SLOW = """([store, nth]) => {
  const gate = new Promise((done) => { window.release = done; });
  window.n_held = 0;
  let n = 0;
  IDBRequest.prototype.addEventListener = function (name, fn, how) {
    const late = name === "success" && this.source instanceof IDBObjectStore && this.source.name === store && ++n === nth;
    if (late) window.n_held += 1;
    const told = late ? async (event) => { await gate; fn.call(this, event); } : fn;
    return EventTarget.prototype.addEventListener.call(this, name, told, how);
  };
}"""
AGO_MS = 26 * 3600 * 1000


@pytest.fixture(scope="module")
def lent(drawer: Drawer, proxied: Faults) -> Iterator[Phone]:
    """One phone for all of them."""
    with drawer.lend(proxied.address) as held:
        yield held


@pytest.fixture
def held(lent: Phone, faults: Faults) -> Iterator[Phone]:
    """The phone with its worker logged in, by a login of its own as it may end."""
    if lent.page.url.startswith("http"):
        lent.page.reload()  # nothing is held from before
    lent.log_in()
    empty(lent)
    lent.call("store", "m.setMeta('pause', null)")
    assert lent.call("data", "m.refresh()") == "fresh"
    yield lent
    lent.clean()


@pytest.fixture(scope="module")
def door(made: Fresh, proxied: Faults) -> int:
    """A door of the worker's."""
    with made.begin() as db:
        return int(db.scalar(text("SELECT min(id) FROM household")) or 0)


@pytest.mark.parametrize("what", LATE)
def test_a_logout_is_final_whatever_comes_after_it(held: Phone, faults: Faults, door: int, what: str) -> None:
    wanted, module, words = LATE[what]
    if what == "receipt":
        faults.away = True
        put(held, visit(door, needs=f"想装扶手 {CANARY}"))
        held.call("queue", "m.flush({ force: true })")
        held.call("store", "m.setMeta('pause', null)")
        faults.away = False
    held.page.evaluate(HOLD, wanted)
    held.page.evaluate(START.format(words), [module, words])
    held.until(lambda: held.page.evaluate("window.n_held") > 0)
    assert held.call("net", "m.leave()") is True
    held.page.evaluate("async () => { window.release(); await window.late; }")
    kept = held.keeps()
    assert held.call("store", "m.getMeta('login')") is None
    assert held.call("net", "m.who({ again: true }).then((me) => me.known)") is False
    assert kept["cache"] == []
    assert "gridsvc-field-tiles" not in kept["cached"]
    assert CANARY not in str(kept["outbox"])  # nor what was said at a door
    # the receipt counts, and goes too once the service says that nobody is logged in
    assert {row["state"] for row in kept["outbox"]} <= ({"sent"} if what == "receipt" else set())


def test_what_waits_does_not_go_as_the_next_person(held: Phone, faults: Faults, made: Fresh) -> None:
    faults.away = True
    first = put(held, report("先"))
    second = put(held, report("后"), after=[first])
    held.call("queue", "m.flush({ force: true })")
    held.call("store", "m.setMeta('pause', null)")
    faults.away = False
    held.page.evaluate(HOLD, "POST /api/v1/sync")
    held.page.evaluate(START.format("m.flush({ force: true })"), ["queue", None])
    held.until(lambda: held.page.evaluate("window.n_held") > 0)
    assert held.call("net", "m.leave()") is True
    page = held.context.new_page()
    page.goto(f"{faults.address}/login")
    log_in(page, "manager_west")
    page.wait_for_selector(".who form")
    put_away(page)
    assert held.call("net", "m.who({ again: true })")["login"] == "manager_west"
    held.page.evaluate("async () => { window.release(); await window.late; }")
    assert {row["key"]: row["state"] for row in held.outbox()} == {first: "sent", second: "waiting"}
    with made.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM report WHERE client_key::text = :key"), {"key": second}) == 0
    held.context.clear_cookies()


def test_lists_asked_for_by_one_person_are_not_kept_for_the_next(held: Phone) -> None:
    kept = "m.get().then((held) => [held.as_of, held.me.login])"
    before = held.call("data", kept)
    held.page.evaluate(HOLD, "GET /api/v1/sync")
    held.page.evaluate(START.format("m.refresh()"), ["data", None])
    held.until(lambda: held.page.evaluate("window.n_held") > 0)
    held.call("store", "m.setMeta('login', 'manager_west')")  # by another tab, while they are on their way
    assert held.page.evaluate("async () => { window.release(); return window.late; }") == "away"
    assert held.call("store", "m.getMeta('login')") == "manager_west"
    assert held.call("data", kept) == before


@pytest.mark.parametrize("left", ["", "report"])
def test_a_view_that_was_left_while_it_loaded_draws_nothing(held: Phone, left: str) -> None:
    page = held.open("/settings")
    page.evaluate(SLOW, ["cache", 1])
    page.evaluate("(left) => { location.hash = `#/${left}`; }", left)
    held.until(lambda: page.evaluate("window.n_held") > 0)
    page.evaluate("location.hash = '#/queue'")
    expect(page.locator("#view h1")).to_have_text("待发送")
    page.evaluate("async () => { window.release(); await new Promise((done) => setTimeout(done, 300)); }")
    expect(page.locator("#view h1")).to_have_text("待发送")
    expect(page.locator("#go-report")).to_have_count(0)
    expect(page.locator("#view")).not_to_have_attribute("aria-busy", "true")
    assert page.evaluate("location.hash") == "#/queue"  # nor is the address that of what was left


# `heard`: the app tells of the next change of its queue
HEAR = "import('/static/app/field/queue.js').then((m) => { window.heard = new Promise((done) => m.on(done)); })"


def test_what_changes_while_a_view_is_drawn_is_shown(held: Phone, faults: Faults) -> None:
    faults.away = True
    key = put(held, report("改"))
    held.tried()
    page = held.open("/settings")
    page.evaluate(SLOW, ["cache", 1])
    page.evaluate(HEAR)
    page.evaluate("location.hash = '#/queue'")
    held.until(lambda: page.evaluate("window.n_held") > 0)
    held.call("outbox", CHANGE, {"key": key, "more": {"state": "attention", "code": "photo_lost"}})
    page.evaluate("async () => { await window.heard; window.release(); }")
    expect(page.locator(f"[data-key='{key}']")).to_have_attribute("data-state", "attention")


def test_a_report_that_came_while_its_page_was_drawn_is_there(held: Phone, faults: Faults) -> None:
    faults.away = True
    page = held.open("/settings")
    report_id = "gridsvc|CAME|0"
    page.evaluate(SLOW, ["drafts", 1])
    page.evaluate("(id) => { location.hash = `#/task/${encodeURIComponent(id)}`; }", report_id)
    held.until(lambda: page.evaluate("window.n_held") > 0)
    came = """m.write(['cache']).then(async (tx) => {
      const told = await tx.store.get("sync");
      await tx.store.put({ ...told, reports: [...told.reports, { ...told.reports[0], source: "gridsvc", number: "CAME", repeat: 0 }] }, "sync");
      await tx.done;
      await new Promise((done) => { import("/static/app/field/data.js").then((data) => { data.on(done); m.changed("cache"); }); });
    })"""
    held.call("store", came)
    page.evaluate("window.release()")
    expect(page.locator("#view .told").first).to_contain_text("CAME")


def test_a_correction_begun_as_the_record_changes_stays_open(held: Phone, faults: Faults, door: int) -> None:
    faults.away = True
    page = held.page
    about = {"door": door, "outcome": "reached", "at": page.evaluate("new Date().toISOString()"), "n_met": 1}
    key = put(held, visit(door), about=about)
    held.tried()
    held.open(f"/visit/{door}")
    expect(page.locator("#correct")).to_be_visible()
    page.evaluate(SLOW, ["outbox", 4])  # the change, the notices, whether it is another state, the record drawn anew
    held.call("outbox", CHANGE, {"key": key, "more": {"state": "attention", "code": "photo_lost"}})
    held.until(lambda: page.evaluate("window.n_held") > 0)
    page.click("#correct")
    page.locator("[data-outcome=absent]").wait_for()
    page.evaluate("window.release()")
    held.call("queue", "m.list()")
    expect(page.locator("#recorded")).to_have_count(0)
    expect(page.locator("[data-outcome=absent]")).to_be_visible()


@pytest.mark.parametrize("asked", ["GET /api/v1/sync", "GET /field/me"])
@pytest.mark.parametrize("before", ["logged out", "session over"])
def test_a_refusal_asked_for_before_the_login_takes_nothing_away(held: Phone, before: str, asked: str) -> None:
    if before == "logged out":
        assert held.call("net", "m.leave()") is True
    else:  # and the same person comes back
        held.context.clear_cookies()
    held.page.reload()
    held.settle()
    held.call("data", "m.refresh()")
    held.page.evaluate(HOLD, asked)
    held.page.evaluate(START.format("m.refresh()"), ["data", None])
    held.until(lambda: held.page.evaluate("window.n_held") > 0)
    held.log_in()
    became = held.page.evaluate("async () => { window.release(); return window.late; }")
    # who is in was asked before, too: then that one ends, and the login asks once more
    assert became == ("login" if asked == "GET /field/me" else "fresh")
    held.until(lambda: held.call("data", "m.get()")["as_of"] is not None)
    expect(held.page.locator("#notices")).not_to_contain_text("重新登录")


def test_sending_refused_before_the_login_takes_no_lists_away(held: Phone, faults: Faults, door: int) -> None:
    faults.away = True
    put(held, visit(door))
    held.tried()
    faults.away = False
    held.context.clear_cookies()
    held.page.reload()
    held.settle()
    held.tried()
    held.call("store", "m.setMeta('pause', null)")
    held.page.evaluate(HOLD, "GET /field/me")
    held.page.evaluate(START.format("m.send({ force: true })"), ["sender", None])
    held.until(lambda: held.page.evaluate("window.n_held") > 0)
    held.log_in()
    held.until(lambda: held.call("data", "m.get()")["as_of"] is not None)
    assert held.page.evaluate("async () => { window.release(); return window.late; }") == "later"
    assert held.call("data", "m.get()")["as_of"] is not None
    held.call("queue", "m.flush({ force: true })")
    sent(held)


@pytest.mark.parametrize("what", ["lists", "login"])
def test_what_is_answered_late_leaves_the_view_that_was_gone_to(held: Phone, faults: Faults, what: str) -> None:
    if what == "login":
        held.context.clear_cookies()  # else the app goes home by itself
    page = held.open("/settings" if what == "lists" else "/login")
    page.evaluate(HOLD, "GET /api/v1/sync" if what == "lists" else "POST /api/v1/devices")
    if what == "lists":
        page.get_by_role("button", name=held.call("words", "m.t('settings.refresh')")).click()
    else:
        page.fill("#login-login", "worker")
        page.fill("#login-password", PASSWORD)
        page.click("main button[type=submit]")
    held.until(lambda: page.evaluate("window.n_held") > 0)
    page.evaluate("location.hash = '#/queue'")
    expect(page.locator("#view h1")).to_have_text("待发送")
    page.evaluate("document.querySelector('#view h1').id = 'mine'")
    n = faults.n("/api/v1/sync")
    page.evaluate("window.release()")
    if what == "lists":
        expect(page.locator("#toast")).to_have_text(held.call("words", "m.t('settings.refreshed')"))
    else:
        held.until(lambda: faults.n("/api/v1/sync") > n)  # what a login is followed by
    page.wait_for_selector("#view:not([aria-busy])", state="attached")
    expect(page.locator("#mine")).to_have_count(1)


def test_a_question_goes_with_the_view_that_asked_it(held: Phone) -> None:
    page = held.open("/settings")
    page.get_by_role("button", name=held.call("words", "m.t('settings.logout')")).click()
    expect(page.locator("[role=alertdialog]")).to_have_count(1)
    page.evaluate("location.hash = '#/queue'")
    expect(page.locator("[role=alertdialog]")).to_have_count(0)
    assert held.call("store", "m.getMeta('login')") == "worker"


# whether the position may be had is told when `release()` is called, and `n_watched` counts who asks for it
ASKED = """() => {
  const gate = new Promise((done) => { window.release = () => done({ state: "granted" }); });
  window.n_watched = 0;
  window.n_held = 0;
  navigator.permissions.query = () => { window.n_held += 1; return gate; };
  navigator.geolocation.watchPosition = () => { window.n_watched += 1; return 1; };
}"""


def test_nobody_is_followed_for_a_view_that_was_left(held: Phone, door: int) -> None:
    page = held.open("/queue")
    page.evaluate(ASKED)
    page.evaluate("(door) => { location.hash = `#/visit/${door}`; }", door)
    held.until(lambda: page.evaluate("window.n_held") > 0)
    page.locator("#part-need").wait_for(state="attached")
    page.evaluate("location.hash = '#/queue'")
    expect(page.locator("#view h1")).to_have_text("待发送")
    page.evaluate("async () => { window.release(); await new Promise((done) => setTimeout(done, 300)); }")
    assert page.evaluate("window.n_watched") == 0


PHOTO = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(scene(seed=51))}


def test_a_visit_waits_for_its_photo(held: Phone, faults: Faults, door: int) -> None:
    page = held.open(f"/visit/{door}")
    faults.away = True
    page.evaluate(SHRINKS)
    page.evaluate("document.getElementById('part-need').open = true")
    page.click("#need-unknown")
    page.set_input_files("#photo-gallery", PHOTO)
    held.until(lambda: page.evaluate("window.n_held") > 0)
    page.click("[data-outcome=reached]")
    assert held.outbox() == []
    page.evaluate("window.release()")
    page.wait_for_selector("#recorded")
    assert [len(row["photos"]) for row in held.outbox()] == [1]


def test_who_went_on_while_a_photo_was_made_small_is_not_taken_back_and_it_goes_along(
    held: Phone, faults: Faults
) -> None:
    page = held.open("/report")
    faults.away = True
    page.evaluate(SHRINKS)
    page.set_input_files("#gallery", PHOTO)
    held.until(lambda: page.evaluate("window.n_held") > 0)
    page.click("#next")
    page.click("#unknown")
    page.click("[data-way=words]")
    page.fill("#place-words", "桥头")
    page.click("#next")
    page.click("#send")
    assert held.outbox() == []
    page.evaluate("window.release()")
    page.wait_for_selector("[data-step=done]")
    assert [len(row["photos"]) for row in held.outbox()] == [1]


def test_words_of_another_day_go_before_anything_is_drawn(
    browser: Browser, faults: Faults, cookies: Callable[[str], Any], door: int
) -> None:
    with phone(browser, faults.address, service_workers="block") as held:
        held.context.add_cookies(cookies("worker"))
        held.open()
        held.known()
        key = put(held, visit(door, needs=f"想装扶手 {CANARY}"))
        sent(held)
        assert CANARY in str(held.outbox())  # it may have to be put right today
        ago = held.outbox()[0]["added_at"] - AGO_MS
        held.call("outbox", CHANGE, {"key": key, "more": {"added_at": ago}})
        held.page.route("**/field/running.js", lambda route: route.abort())  # what runs by itself does not
        held.page.reload()
        held.settle()
        assert [row["key"] for row in held.outbox()] == [key]
        assert CANARY not in str(held.outbox())


def test_the_queue_says_why_beside_what_others_did(held: Phone, faults: Faults, door: int, axe: str) -> None:
    faults.away = True
    also = [{"who": "李大山", "happened_at": "2026-11-01T00:30:00Z", "outcome": "absent"}]
    met = {"answer": {"status": "created", "also": also}, "stage": "photos"}
    conflict = {"status": "conflict", "code": "visit_also", "message": "旁人", "also": also}
    cases: list[tuple[dict[str, Any], str]] = [
        (met | {"state": "attention", "code": "photo_lost"}, "queue.why_photo_lost"),
        (met | {"state": "attention", "code": "x", "message": "queue.undo"}, "queue.undo"),
        (met, "queue.why_photos"),
        (met | {"answer": conflict, "code": "visit_also", "message": "旁人"}, "queue.why_photos"),
    ]
    keys = [put(held, visit(door), about={"door": door, "outcome": "reached"}) for _ in cases]
    held.call("queue", "m.flush({ force: true })")
    for key, (more, _) in zip(keys, cases, strict=True):
        held.call("outbox", CHANGE, {"key": key, "more": {"next_at": 9e15, "after": []} | more})
    page = held.open("/queue")
    for key, (more, said) in zip(keys, cases, strict=True):
        told = said if more.get("message") == said else held.call("words", "m.t(value)", said)
        shown = page.locator(f"[data-key='{key}'] p")
        expect(shown).to_have_count(2)
        expect(shown.first).to_have_text(told)
    expect(page.locator(f"[data-key='{keys[0]}'] p").last).to_contain_text("李大山")
    arrived = {"state": "sent", "stage": "done", "sent_at": page.evaluate("Date.now()")}
    held.call("outbox", CHANGE, {"key": keys[3], "more": arrived})
    unknown = {"answer": {"status": "conflict", "code": "of_tomorrow"}, "code": "of_tomorrow", "about": None}
    held.call("outbox", CHANGE, {"key": keys[2], "more": arrived | unknown})
    page.reload()
    held.settle()
    expect(page.locator("[data-state=conflict]")).to_have_count(2)
    of_tomorrow = page.locator(f"[data-key='{keys[2]}']")  # of a newer service: plain words, the code small beside them
    expect(of_tomorrow.locator(".notice")).to_contain_text(held.call("words", "m.t(value)", "task.conflict_other"))
    expect(of_tomorrow.locator(".notice")).not_to_contain_text("of_tomorrow")
    expect(of_tomorrow.locator("small.code")).to_contain_text("of_tomorrow")
    expect(page.locator("[data-state=attention]")).to_have_count(2)
    held.accessible(axe)


def test_a_door_of_two_campaigns_is_counted_at_once_where_it_was_not_reached(held: Phone) -> None:
    told = """(() => {
      const row = { about: { outcome: "reached", mode: "door" } };
      const lists = [[["A", "B"], ["B"]], [["A", "B"], ["A", "B"]], [["A", "B"], []], [["A"], null]];
      const doors = lists.map(([campaigns, unmet]) => ({ today: true, was_reached: false, campaigns, unmet, row }));
      return ["A", "B"].map((code) => m.progress({ code, n_eligible: 10, n_reached: code === "A" ? 1 : 0 }, doors).n);
    })()"""
    assert held.call("doors", told) == [3, 2]


def test_an_undone_correction_names_what_it_corrected(held: Phone, door: int) -> None:
    told = """(() => {
      const said = { household_id: value, outcome: "reached", mode: "door", n_met: 2, happened_at: "t", need: { category: "0506", description: "x" } };
      const first = { key: "a", about: m.about(said, m.blank("a", value)), photos: [], said: {} };
      const form = m.again("b", first, "a");
      const less = m.visit(form, "absent", new Date(), null, []);
      const second = { key: "b", about: m.about(less, form), photos: [], item: { visit: less } };
      return [m.again("c", second, second.about.supersedes), m.again("d", second, "b"), m.again("e", first, null)]
        .map(({ supersedes, outcome, needed }) => [supersedes, outcome, needed]);
    })()"""
    undone, corrected, alone = held.call("questions", told, door)
    assert undone == ["a", "reached", True]
    assert corrected == ["b", "absent", True]  # its problem stays told of
    assert alone[0] is None
