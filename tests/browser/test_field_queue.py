"""What a phone recorded reaches the service exactly once: over closed tabs, lost answers, two tabs, ended logins."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from tests.browser.conftest import Visitor
from tests.browser.drawer import Drawer
from tests.browser.fault_proxy import Faults, once
from tests.browser.field import IPHONE, PIXEL, Phone, at_hand, phone
from tests.browser.kept import nobody, person, put, report, sent, unsent, visit
from tests.conftest import Fresh
from tests.web.county import CANARY, County

FORCE = "m.flush({ force: true })"
SYNC = "/api/v1/sync"
ADD_LARGE = """async (item) => {
  const [queue, store] = await Promise.all(["queue", "store"].map((name) => import(`/static/app/field/${name}.js`)));
  const large = { ...item, report: { ...item.report, description: "x".repeat(6000000) } };
  try { await queue.add(large); return "kept"; } catch (error) { return store.isFull(error) ? "full" : String(error); }
}"""


@pytest.fixture
def worker(
    request: pytest.FixtureRequest, drawer: Drawer, faults: Faults, cookies: Callable[[str], Any]
) -> Iterator[Phone]:
    """A Pixel, or the phone of a test's parameter, whose worker is logged in, and whose app is there without a network."""
    profile = getattr(request, "param", PIXEL)
    with at_hand(drawer.lend(faults.address, profile), cookies("worker")) as held:
        yield held
        held.clean()


def stored(made: Fresh, key: str) -> list[Any]:
    """The reports under a key: number, words, photos."""
    query = text(
        "SELECT r.number, r.description, (SELECT count(*) FROM report_photo p WHERE p.report_id = r.id) AS n_photos "
        "FROM report r WHERE r.client_key = CAST(:key AS uuid)"
    )
    with made.begin() as db:
        return list(db.execute(query, {"key": key}))


@pytest.mark.parametrize("profile", [PIXEL, IPHONE], ids=["pixel", "iphone"])
def test_a_report_with_a_photo_survives_the_closed_browser(
    browser: Browser, faults: Faults, made: Fresh, tmp_path: Path, profile: dict[str, Any]
) -> None:
    with phone(browser, faults.address, profile, folder=tmp_path / "phone") as first:
        first.log_in()
        first.offline_ready()
        faults.away = True
        key = put(first, report(f"楼道灯坏 {CANARY}"), photo="#c00", title=f"灯 {CANARY}")
        first.page.close()
    assert stored(made, key) == []
    with phone(browser, faults.address, profile, folder=tmp_path / "phone") as again:
        page = again.open("/queue")
        expect(page.locator(f"[data-key='{key}']")).to_have_attribute("data-state", "waiting")
        assert page.evaluate("window.__x") is None
        faults.away = False
        page.click("text=立即发送")
        sent(again)
        (row,) = stored(made, key)
        assert (row.description, row.n_photos) == (f"楼道灯坏 {CANARY}", 1)
        shown = page.locator(f"[data-key='{key}']")
        expect(shown).to_contain_text(row.number)
        expect(shown).to_contain_text("已发送")
        kept = again.keeps()
        assert kept["blobs"] == []  # the photo goes with the receipt, and so do the words
        assert [one["item"] for one in kept["outbox"]] == [None]
        again.clean()


@pytest.mark.parametrize(
    ("fault", "worker"),
    [("drop_after", PIXEL), ("half", IPHONE), ("drop_before", PIXEL), ("error", IPHONE), ("busy", PIXEL)],
    indirect=["worker"],
    ids=["drop_after-pixel", "half-iphone", "drop_before-pixel", "error-iphone", "busy-pixel"],
)
def test_a_lost_answer_is_asked_for_again_and_counts_once(
    worker: Phone, faults: Faults, made: Fresh, fault: str
) -> None:
    faults.plan = once("POST", SYNC, fault)
    n = faults.n(SYNC, "POST")
    key = put(worker, report(fault))
    until_sent(worker)
    assert faults.n(SYNC, "POST") >= n + 2
    (row,) = stored(made, key)
    assert [one["number"] for one in worker.outbox() if one["key"] == key] == [row.number]


def until_sent(phone: Phone, n_left: int = 0) -> None:
    """Presses the button until nothing more waits than that."""
    phone.until(lambda: bool(phone.call("queue", FORCE)) and len(unsent(phone)) <= n_left)


def test_it_goes_by_itself_when_the_network_comes_back(worker: Phone, faults: Faults, made: Fresh) -> None:
    faults.away = True
    key = put(worker, report("自动"))
    worker.tried()
    assert unsent(worker) == [key]
    faults.away = False
    worker.page.evaluate("dispatchEvent(new Event('online'))")
    sent(worker)
    assert len(stored(made, key)) == 1


def n_let_through(faults: Faults) -> int:
    """How many requests of the queue the service got."""
    return sum((method, fault) == ("POST", None) and path.startswith(SYNC) for method, path, fault in faults.asked)


@pytest.mark.parametrize("worker", [PIXEL, IPHONE], indirect=True, ids=["pixel", "iphone"])
def test_two_tabs_send_it_once(worker: Phone, faults: Faults, made: Fresh) -> None:
    other = worker.context.new_page()
    other.goto(f"{faults.address}/field#/queue")
    other.wait_for_selector("#view:not([aria-busy])")
    faults.away = True
    n = n_let_through(faults)
    key = put(worker, report("两个标签页"), photo="#0a0")
    faults.away = False
    go = "import('/static/app/field/queue.js').then((m) => Promise.all([1, 2, 3].map(() => m.flush({ force: true }))))"
    worker.page.evaluate(f"window.going = {go}; null")
    other.evaluate(go)
    worker.page.evaluate("window.going")
    sent(worker)
    assert [row.n_photos for row in stored(made, key)] == [1]
    assert n_let_through(faults) == n + 2  # the text, and what ties the photo to it: neither tab repeated the other's
    expect(other.locator(f"[data-key='{key}']")).to_have_attribute("data-state", "sent")  # it heard of it


def test_a_visit_goes_before_its_need(worker: Phone, faults: Faults, made: Fresh, county: County) -> None:
    with made.begin() as db:
        door = db.scalar(text("SELECT min(id) FROM household"))
    faults.away = True
    first = visit(door)
    put(worker, first, title="101")
    need = put(worker, report("需要维修"), after=[first["key"]])
    held = put(worker, report("可撤销"), hold_s=3600)
    bodies: list[str] = []  # of what was answered: the phone may have tried before
    worker.page.on("response", lambda one: bodies.append(one.request.post_data or "") if SYNC in one.url else None)
    faults.away = False
    until_sent(worker, 1)
    keys = [body for body in bodies if '"items"' in body]
    assert [first["key"] in body for body in keys] == [True, False]
    assert [need in body for body in keys] == [False, True]
    assert unsent(worker) == [held]
    assert worker.call("queue", "m.undo(value)", held)["key"] == held
    assert worker.outbox()[-1]["key"] == need
    assert stored(made, held) == []
    assert len(stored(made, need)) == 1


def test_what_the_service_refuses_waits_for_a_person_with_the_reason(worker: Phone, made: Fresh) -> None:
    good, bad = put(worker, report("好")), put(worker, report("坏", location={}))
    worker.until(lambda: [row["state"] for row in worker.outbox()] == ["sent", "attention"])
    assert len(stored(made, good)) == 1
    page = worker.open("/queue")
    shown = page.locator(f"[data-key='{bad}']")
    expect(shown).to_contain_text("需要处理")
    expect(shown.locator(".wrong")).not_to_be_empty()
    shown.get_by_text("删除").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("无法找回")
    page.get_by_role("alertdialog").get_by_role("button", name="取消").click()
    assert unsent(worker) == [bad]
    shown.get_by_text("删除").click()
    page.get_by_role("alertdialog").get_by_role("button", name="删除").click()
    expect(shown).to_have_count(0)
    assert unsent(worker) == []


@pytest.mark.parametrize("worker", [IPHONE], indirect=True, ids=["iphone"])
def test_a_login_that_ended_in_mid_queue_loses_nothing(
    worker: Phone, faults: Faults, made: Fresh, address: str, county: County
) -> None:
    worker.log_in()  # a device of its own, whose end is nobody else's
    faults.away = True
    keys = [put(worker, report(f"登录 {i}"), photo="#00c" if i == 1 else None) for i in range(3)]
    worker.call("store", "m.write(['cache']).then((tx) => tx.store.put({ doors: ['101'] }, 'told'))")
    assert worker.call("queue", FORCE) == "later"
    with httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {county.tokens['admin']}"}, timeout=60
    ) as admin:
        held = admin.get("/api/v1/devices", params={"login": "worker"}).json()["items"]
        for one in held:
            if one["state"] == "active":
                assert admin.delete(f"/api/v1/devices/{one['id']}").status_code == 204
    faults.away = False
    for contact, module in ((FORCE, "queue"), ("m.refresh()", "data")):
        person(worker)
        worker.call("store", "caches.open(m.TILES).then((tiles) => tiles.put('/basemap/1/1/1.pbf', new Response('x')))")
        assert worker.call(module, contact) == "login"
        nobody(worker)
        assert "gridsvc-field-tiles" not in worker.keeps()["cached"]  # where somebody works
    assert unsent(worker) == keys
    kept = worker.keeps()
    assert kept["cache"] == []  # what the service told is gone at the first contact
    assert len(kept["blobs"]) == 1
    page = worker.open("/queue")
    expect(page.locator("#notices")).to_contain_text("重新登录")
    page.click("#notices a")
    expect(page.locator("main")).to_contain_text("3 条未发送")
    worker.log_in()
    sent(worker)
    assert [len(stored(made, key)) for key in keys] == [1, 1, 1]


def test_another_person_on_the_same_phone_sends_only_the_own(worker: Phone, faults: Faults, made: Fresh) -> None:
    worker.log_in()
    faults.away = True
    mine = put(worker, report("前一位的"), title="前一位的标题")
    assert worker.call("queue", FORCE) == "later"
    faults.away = False
    worker.call("net", "m.leave()")
    worker.call("data", "m.drop()")
    worker.log_in("manager_west")
    theirs = put(worker, report("后一位的"))
    until_sent(worker, 1)
    assert (len(stored(made, mine)), len(stored(made, theirs))) == (0, 1)
    page = worker.open("/queue")
    shown = page.locator(f"[data-key='{mine}']")
    expect(shown).to_contain_text("worker 的内容")
    assert "前一位" not in shown.inner_text()
    assert shown.locator("button").count() == 0
    worker.call("net", "m.leave()")
    worker.log_in("worker")
    sent(worker)
    assert len(stored(made, mine)) == 1


def test_a_full_phone_says_so_before_anything_is_dropped(
    drawer: Drawer, faults: Faults, cookies: Callable[[str], Any]
) -> None:
    with drawer.lend(faults.address, IPHONE) as held:
        held.context.add_cookies(cookies("worker"))
        tool = held.context.new_cdp_session(held.page)
        tool.send("Storage.overrideQuotaForOrigin", {"origin": faults.address, "quotaSize": 3_000_000})
        held.open()
        held.known()
        held.offline_ready()
        faults.away = True
        first = put(held, report("先"))
        draft = report("x")
        held.call("drafts", "m.save(value, 'report', { title: '草稿' })", draft["key"])
        told = held.page.evaluate(ADD_LARGE, draft)
        assert told == "full"
        assert unsent(held) == [first]
        assert [one["key"] for one in held.keeps()["drafts"]] == [draft["key"]]
        held.page.evaluate("navigator.storage.estimate = async () => ({ quota: 9000000, usage: 8000000 })")
        held.open("/queue")
        expect(held.page.locator("#notices")).to_contain_text("存储空间不足")  # told while there is still some room
        tool.send("Storage.overrideQuotaForOrigin", {"origin": faults.address})
        assert held.call("queue", "m.add(value)", draft)["key"] == draft["key"]
        assert held.keeps()["drafts"] == []


def put_off(phone: Phone, key: str) -> None:
    """Nothing; fails where an item does not wait for another try with the reason beside it. It then waits for minutes."""
    (row,) = [one for one in phone.outbox() if one["key"] == key]
    assert (row["state"], row["code"]) == ("waiting", "http_413")
    assert row["next_at"] > row["added_at"]
    phone.call("outbox", "m.update([value], (row) => void (row.next_at = Date.now() + 240000))", key)


def in_time(phone: Phone, key: str) -> None:
    """The time until an item's next try goes by, and the app sends by itself."""
    phone.call("outbox", "m.update([value], (row) => void (row.next_at = Date.now()))", key)
    phone.call("queue", "m.flush()")


def test_what_is_too_large_together_goes_in_parts_and_alone_is_tried_again(
    worker: Phone, faults: Faults, made: Fresh
) -> None:
    faults.away = True
    keys = [put(worker, report(f"{i} " + "长" * 300)) for i in range(5)]
    worst = put(worker, report("长" * 3000), photo="#066")
    assert worker.call("queue", FORCE) == "later"
    faults.away, faults.most_bytes = False, 4000
    until_sent(worker, 1)
    assert [len(stored(made, key)) for key in keys] == [1] * 5
    put_off(worker, worst)
    worker.open("/queue")
    expect(worker.page.locator(f"[data-key='{worst}']")).to_contain_text("过大")
    faults.most_bytes = 10**9
    faults.plan = once("PUT", "/api/v1/photos", "large")
    in_time(worker, worst)
    put_off(worker, worst)  # its text is there, its photo was too large
    faults.plan = once("POST", SYNC, "large")
    in_time(worker, worst)
    put_off(worker, worst)  # and so was what ties the photo to it
    in_time(worker, worst)
    assert [row.n_photos for row in stored(made, worst)] == [1]


def test_the_office_takes_in_what_a_phone_could_not_send(
    worker: Phone, faults: Faults, made: Fresh, visitor: Visitor, tmp_path: Path
) -> None:
    with made.begin() as db:
        door = db.scalar(text("SELECT min(id) FROM household"))
    faults.away = True
    first = visit(door, need={"category": "0506", "description": f"积水 {CANARY}"})
    put(worker, first, title="101", photo="#088")
    keys = [
        put(worker, report(f"导出 {CANARY}"), photo="#808", title=CANARY),
        put(worker, report("其后"), after=[first["key"]]),
    ]
    assert worker.call("queue", FORCE) == "later"
    page = worker.open("/queue")
    with page.expect_download() as saving:
        page.get_by_role("button", name="导出未发送内容").click()
    file = tmp_path / saving.value.suggested_filename
    saving.value.save_as(file)
    assert len(worker.outbox()) == 3  # a file is no receipt
    whole = json.loads(file.read_text(encoding="utf-8"))
    whole["items"].insert(0, report("别人") | {"login": "nobody_here", "stage": "text", "photos": [], "after": []})
    file.write_text(json.dumps(whole), encoding="utf-8")
    for login, told in (
        ("manager_east", "没有账号"),
        ("manager_west", "共 4 条：新增 3，已有 0"),  # one person's trouble is nobody else's
        ("manager_west", "共 4 条：新增 0，已有 3"),
    ):
        office = visitor(login)
        desk = office.open("/field/import")
        desk.set_input_files("#unsent-file", file)
        desk.get_by_role("button", name="导入").click()
        expect(desk.locator("#unsent-said")).to_contain_text(told)
        assert desk.evaluate("window.__x") is None
    assert [[row.n_photos for row in stored(made, key)] for key in keys] == [[1], [0]]
    of_need = text(
        "SELECT count(p.*) FROM visit v JOIN visit_report l ON l.visit_id = v.id JOIN report_photo p "
        "ON p.report_id = l.report_id WHERE v.client_key = CAST(:k AS uuid)"
    )
    with made.begin() as db:
        assert db.scalar(of_need, {"k": first["key"]}) == 1  # the photo of a visit's need comes with the file, too
    query = text(
        "SELECT i.login, w.login, u.n_created FROM unsent_import u JOIN account i ON i.id = u.importer_id "
        "JOIN account w ON w.id = u.account_id ORDER BY u.id"
    )
    sent_by = text(
        "SELECT a.login FROM visit v JOIN account a ON a.id = v.account_id WHERE v.client_key = CAST(:k AS uuid)"
    )
    with made.begin() as db:
        kept = [tuple(row) for row in db.execute(query)]
        assert db.scalar(sent_by, {"k": first["key"]}) == "worker"
    assert {row[:2] for row in kept} == {("manager_west", "worker")}
    assert sum(row[2] for row in kept) == 5  # two texts, the visit, and what ties the photos to two reports
    faults.away = False
    until_sent(worker)  # the phone itself finds out that all of it is there
    assert [[row.n_photos for row in stored(made, key)] for key in keys] == [[1], [0]]
