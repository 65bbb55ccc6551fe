"""What a phone kept, sent in one go: each item once, an answer for each, nobody's work overwritten."""

from __future__ import annotations

import hashlib
import json
import re
import select
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text

from gridsvc import accounts, audit, cases, journal, workers
from gridsvc.rules.roles import RESIDENT, SYSTEM
from gridsvc.web import security, services
from gridsvc.web.kept_schemas import KeptOut, SyncedOut
from tests import recordings
from tests.conftest import NOW, Fresh
from tests.photographs import jpeg, scene
from tests.through import lead
from tests.web import town as towns
from tests.web.county import PASSWORD, WEST, County

URL = "/api/v1/sync"
Json = dict[str, Any]


class Town(towns.Town):
    """A town with a deputy in the worker's grid, and what phones send to it."""

    def send(self, *items: Any, login: str | None = "worker", sent_at: str = NOW.isoformat()) -> list[Json]:
        answer = self.client(login).post(URL, json={"sent_at": sent_at, "items": items})
        assert answer.status_code == 200, answer.text
        SyncedOut.model_validate(answer.json())
        return list(answer.json()["items"])

    def report(self, number: str, login: str = "worker") -> Json:
        return dict(self.client(login).get(f"/api/v1/reports/{number}").json())

    def act(self, number: str, action: str, login: str = "manager_west", **more: Any) -> None:
        version = self.report(number, login)["version"]
        body = {"action": action, "version": version} | more
        answer = self.client(login).post(f"/api/v1/reports/{number}/actions", json=body)
        assert answer.status_code == 200, answer.text

    def photo(self, login: str = "worker") -> str:
        content = jpeg(scene(64, 48, seed=uuid.uuid4().int % 10_000))
        sha256 = hashlib.sha256(content).hexdigest()
        sent = self.client(login).put(f"/api/v1/photos/{sha256}", content=content)
        assert sent.status_code in (200, 201), sent.text
        return sha256


def deputized(db: Connection, county: County) -> None:
    """A deputy in the worker's grid, with an account."""
    workers.save(db, [workers.Worker("w3", "赵三")])
    workers.save_duties(db, [workers.Duty("w3", "base", f"{WEST}001", "deputy")])
    accounts.create(db, login="deputy", name="赵三", role="worker", password=PASSWORD, worker_code="w3")
    county.tokens["deputy"] = accounts.issue_bearer(db, "deputy", "t", NOW, timedelta(days=1)).token


@pytest.fixture(scope="module")
def town(module_schema: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with towns.opened(Town, module_schema, tmp_path_factory.mktemp("data"), deputized) as one:
        yield one


def report(**changes: Any) -> Json:
    said = {"category": "0110", "description": "垃圾", "location": {"lon": 110.005, "lat": 23.005, "crs": "wgs84"}}
    return {"kind": "report", "key": str(uuid.uuid4()), "report": said | changes}


def visit(door: int, **changes: Any) -> Json:
    said = {"household_id": door, "outcome": "reached", "happened_at": "2026-11-01T01:30:00Z"}
    return {"kind": "visit", "key": str(uuid.uuid4()), "visit": said | changes}


def action(name: str, version: int | None = None, **more: Any) -> Json:
    beside = {field: more.pop(field) for field in ("number", "report_key", "done_at") if field in more}
    said = {"action": name} | ({} if version is None else {"version": version}) | more
    return {"kind": "action", "key": str(uuid.uuid4()), "action": said} | beside


def test_all_kinds_each_once(town: Town) -> None:
    one, met = report(), visit(town.west[9], needs="要求清运", need={"category": "0110", "description": "楼道堆物"})
    items = [
        action("verify", report_key=one["key"]),  # before the report that it is about
        one,
        met,
        {"kind": "attach", "key": str(uuid.uuid4()), "report_key": one["key"], "photos": [town.photo()]},
        {"kind": "attach", "key": str(uuid.uuid4()), "report_key": met["key"], "photos": [town.photo()]},
    ]
    first = town.send(*items)
    assert [told["status"] for told in first] == ["created"] * 5, first
    assert [told["key"] for told in first] == [item["key"] for item in items]
    made = first[1]
    assert (made["grid"]["code"], made["worker"]["name"], made["state"]) == (f"{WEST}001", "王小明", "reported")
    assert (first[0]["number"], first[0]["version"], first[0]["state"]) == (made["number"], 2, "verified")
    assert (first[3]["version"], first[2]["n_reports"]) == (3, 1)
    again = town.send(*items)
    assert [told["status"] for told in again] == ["same"] * 5, again
    assert [told.get("version") for told in again] == [2, 3, None, 3, 2]
    read = town.report(made["number"])
    assert [row["action"] for row in read["log"]] == ["submit", "verify", "note"]
    assert read["log"][2]["facts"]["late"] is True
    with town.made.begin(owner=True) as db:
        assert audit.verify(db).sound


def test_a_voice_note_comes_after_the_text(town: Town) -> None:
    one, content = report(), recordings.webm()
    sha256 = hashlib.sha256(content).hexdigest()
    late = {"kind": "attach", "key": str(uuid.uuid4()), "report_key": one["key"], "voice": sha256}
    made, early = town.send(one, late | {"photos": [photo := town.photo()]})
    assert (early["status"], early["code"], early["retry"]) == ("refused", "voice_unknown", True)
    assert (len((read := town.report(made["number"]))["log"]), photo in str(read)) == (1, False), "nothing is left"
    sent = town.client().put(f"/api/v1/voices/{sha256}", content=content, headers={"Content-Type": "audio/webm"})
    assert sent.status_code in (200, 201), sent.text
    (told,) = town.send(late)
    assert (told["status"], told["number"]) == ("created", made["number"])
    assert town.report(made["number"])["log"][-1]["facts"]["voice"] == sha256
    assert town.client("manager_west").get(f"/api/v1/voices/{sha256}").status_code == 200
    nothing = {"kind": "attach", "key": str(uuid.uuid4()), "report_key": one["key"]}
    assert town.send(nothing)[0]["code"] == "attach_nothing"


def test_a_key_is_for_one_thing(town: Town) -> None:
    one, met = report(), visit(town.west[8])
    (made, _) = town.send(one, met)
    act = action("verify", 1, number=made["number"])
    town.send(act)
    changed = [
        one | {"report": one["report"] | {"description": "别的"}},
        met | {"visit": met["visit"] | {"outcome": "absent"}},
        act | {"action": act["action"] | {"note": "别的"}},
    ]
    told = town.send(*changed)
    assert [one["code"] for one in told] == ["client_key_used", "visit_key_used", "sync_key_used"]
    assert {(one["status"], one["retry"]) for one in told} == {("refused", False)}
    # nor may somebody else have it
    assert town.send(act, login="deputy")[0]["code"] == "sync_key_used"


def test_one_bad_item_costs_no_other(town: Town) -> None:
    lost, (own,) = str(uuid.uuid4()), town.send(report())
    items: list[Any] = [
        report(),
        report(location={"lon": 23.0, "lat": 110.0, "crs": "wgs84"}),
        report(category=""),
        report(observed_at="2026-11-01T00:00:00Z", photos=["ab" * 32]),
        "nothing",
        {"kind": "song", "key": lost},
        visit(10**15),
        action("verify", report_key=lost),
        action("verify", 1, number="no such"),
        {"kind": "attach", "key": str(uuid.uuid4()), "number": "x", "report_key": lost, "photos": []},
        action("file", 1, number=own["number"]),
        report(),
    ]
    told = town.send(*items)
    refused = {at: (one["code"], one["retry"]) for at, one in enumerate(told) if one["status"] == "refused"}
    assert refused == {
        1: ("lonlat_swapped", False),
        2: ("request_misfit", False),
        3: ("photo_unknown", True),
        4: ("request_misfit", False),
        5: ("request_misfit", False),
        6: ("door_unknown", False),
        7: ("report_key_unknown", True),
        8: ("report_unknown", False),
        9: ("request_misfit", False),
        10: ("not_allowed", False),
    }
    assert all("{" not in told[at]["message"] for at in refused)
    assert told[0]["status"] == told[11]["status"] == "created"
    assert town.report(own["number"])["version"] == 1


def test_what_fits_no_column_is_refused_alone(town: Town) -> None:
    huge = report(location={"words": "门口"}, measured={"lon": 110.0, "lat": 23.0, "crs": "wgs84"})
    act = action("note", 2**31 - 1, number=town.county.numbers["west"], note="x")
    told = town.send(report(), huge, act)
    assert [one["status"] for one in told] == ["created", "created", "conflict"]


def test_somebody_elses_step_is_not_overwritten(town: Town) -> None:
    (made,) = town.send(report())
    number, photo = made["number"], town.photo()
    town.act(number, "recategorize", note="先看", category="0506")
    late = action("verify", 1, number=number, note="在楼下，已看", photos=[photo], done_at="2026-11-01T01:00:00Z")
    (told,) = town.send(late)
    assert (told["status"], told["code"], told["retry"], told["state"]) == (
        "conflict",
        "version_stale",
        False,
        "reported",
    )
    (change,) = told["detail"]["changed"]
    assert (change["action"], change["who"], change["seq"]) == ("recategorize", "manager_west 某", 2)
    row = town.report(number, "manager_west")["log"][-1]
    assert (row["action"], row["note"], row["actor"]) == ("note", "在楼下，已看", "worker 某")
    assert row["facts"]["conflict"] == {"action": "verify", "code": "version_stale", "version": 1}
    assert row["facts"]["photos"] == [photo]
    assert row["facts"]["done_at"] == "2026-11-01T01:00:00+00:00"
    assert town.client("manager_west").get(f"/api/v1/photos/{photo}").status_code == 200
    (again,) = town.send(late)
    assert again == told
    assert town.report(number)["version"] == told["version"] == 3
    with town.made.begin(owner=True) as db:
        assert audit.verify(db).sound


@pytest.mark.parametrize("what", ["note", "remind", "unmask", "release", "join", "late photo", "escalate"])
def test_what_moves_nothing_stands_against_no_step(town: Town, what: str) -> None:
    (made,) = town.send(report(category="0506"))
    number, desk = made["number"], town.client("manager_west")
    with town.made.begin() as db:
        led = what in ("release", "remind", "escalate")
        held = lead(db, number, "dispatched", NOW) if led else cases.lock(db, number)
        if what == "join":
            journal.append(db, held.id, held.seq + 1, cases.JOIN, held.state, held.state, RESIDENT, NOW)
        if what == "escalate":
            up = {"set": {"level": "subdistrict"}}
            journal.append(db, held.id, held.seq + 1, "escalate", held.state, held.state, SYSTEM, NOW, None, up)
            db.execute(text("UPDATE report SET level = 'subdistrict' WHERE id = :id"), {"id": held.id})
    if what in ("note", "remind", "unmask"):
        town.act(number, what, note="看看")
    elif what == "release":
        answer = desk.post("/api/v1/releases", json={"number": number, "shown": True, "words": "已在处理"})
        assert answer.status_code == 204, answer.text
    elif what == "late photo":
        photos = {"kind": "attach", "key": str(uuid.uuid4()), "number": number, "photos": [town.photo("deputy")]}
        assert town.send(photos, login="deputy")[0]["status"] == "created"
    assert town.report(number)["version"] == held.seq + 1
    late = action("note", held.seq, number=number, note="已看") if held.seq > 1 else action("verify", 1, number=number)
    (told,) = town.send(late)
    assert (told["status"], told["version"]) == ("created", held.seq + 2), told
    assert town.send(late)[0] == told | {"status": "same"}


def test_one_key_on_two_reports_does_one_thing(town: Town) -> None:
    one, other = town.send(report(), report())
    first, second = (action("verify", 1, number=made["number"]) for made in (one, other))
    second["key"] = first["key"]
    for status in ("created", "same"):
        told = town.send(first, second)
        assert [(row["status"], row.get("code")) for row in told] == [(status, None), ("refused", "sync_key_used")]
    assert [town.report(made["number"])["version"] for made in (one, other)] == [2, 1]


def test_what_nobody_can_read_costs_no_other(town: Town) -> None:
    mars = {"lon": 110.005, "lat": 23.005, "crs": "mars"}
    odd = visit(town.west[0], answers={"住几人": [[]]})
    told = town.send(report(location=mars), report(measured=mars), odd, report())
    assert [row["status"] for row in told] == ["refused"] * 3 + ["created"]
    assert [row.get("code") for row in told[:2]] == ["crs_unknown"] * 2
    assert told[2]["detail"][0]["field"] == "visit.visit.answers.住几人"
    assert "function" not in json.dumps(told)
    body = json.dumps({"sent_at": NOW.isoformat(), "items": [{"kind": "\ud800", "key": "\ud800"}, report()]})
    answer = town.client().post(URL, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert [(row["kind"], row["status"]) for row in answer.json()["items"]] == [("?", "refused"), ("report", "created")]


def test_own_steps_stand_against_none_of_ones_own(town: Town) -> None:
    (made,) = town.send(report())
    number = made["number"]
    told = town.send(action("note", 1, number=number, note="一"), action("verify", 1, number=number))
    assert [(one["status"], one["version"]) for one in told] == [("created", 2), ("created", 3)]


def test_without_a_version_the_newest_is_meant_until_it_is_too_late(town: Town) -> None:
    one = report()
    (made,) = town.send(one)
    town.act(made["number"], "not_file", note="不属实", reason="not_ours")
    (told,) = town.send(action("verify", report_key=one["key"]))
    assert (told["status"], told["state"]) == ("conflict", "not_filed")
    assert [row["action"] for row in told["detail"]["changed"]] == ["not_file"]
    wrong = action("check", report_key=report()["key"])
    assert town.send(wrong)[0]["code"] == "report_key_unknown"


def test_two_at_one_door_know_of_each_other(town: Town) -> None:
    door = town.west[7]
    (first,) = town.send(visit(door, happened_at="2026-11-01T01:00:00Z"), login="deputy")
    assert "also" not in first
    before = kept_by(town, "deputy")
    assert also_at(before, door) is None
    mine = visit(door, outcome="absent")
    (told,) = town.send(mine)
    assert told["also"] == [{"who": "赵三", "happened_at": "2026-11-01T09:00:00+08:00", "outcome": "reached"}]
    assert town.send(mine)[0] == told | {"status": "same"}
    # and who was there first hears of it with the list
    theirs = also_at(kept_by(town, "deputy", before["cursor"]), door)
    assert [(one["who"], one["outcome"]) for one in theirs] == [("王小明", "absent")]
    assert also_at(kept_by(town, "deputy"), door) == theirs
    assert also_at(kept_by(town, "worker"), door) == told["also"]
    back = mine["visit"] | {"outcome": "withdrawn", "supersedes": mine["key"]}
    assert town.send({"kind": "visit", "key": str(uuid.uuid4()), "visit": back})[0]["status"] == "created"
    assert also_at(kept_by(town, "deputy", before["cursor"]), door) is None


def also_at(told: dict[str, Any], door: int) -> Any:
    """Who is said to have been at a door that is told of."""
    (also,) = [one["also"] for one in told["doors"] if one["id"] == door]
    return also


def kept_by(town: Town, login: str, since: str | None = None) -> dict[str, Any]:
    """What that person's phone is told to keep."""
    asked = town.client(login).get(URL, params={} if since is None else {"since": since})
    told: dict[str, Any] = asked.raise_for_status().json()
    KeptOut.model_validate(told)
    return told


def test_a_wrong_clock_is_put_right_and_kept(town: Town) -> None:
    sent_at, seen_at = NOW + timedelta(hours=3), NOW + timedelta(hours=2)
    one = report(
        observed_at=seen_at.isoformat(), measured={"lon": 110.0051, "lat": 23.005, "crs": "wgs84", "accuracy_m": 9}
    )
    act = action("verify", report_key=one["key"], done_at=seen_at.isoformat())
    answer = town.client().post(URL, json={"sent_at": sent_at.isoformat(), "items": [one, act]}).json()
    assert answer["clock_off_s"] == 10800
    read = town.report(answer["items"][0]["number"])
    assert read["observed_at"] == "2026-11-01T09:00:00+08:00"
    assert read["phone_at"] == "2026-11-01T12:00:00+08:00"
    assert read["measured"] == {
        "lon": 110.0051,
        "lat": 23.005,
        "accuracy_m": 9,
        "crs": "wgs84",
        "raw": [110.0051, 23.005],
    }
    facts = read["log"][1]["facts"]
    assert (facts["done_at"], facts["phone_at"]) == ("2026-11-01T01:00:00+00:00", "2026-11-01T04:00:00+00:00")
    # later, by a clock that was set right meanwhile, the same is the same
    assert town.send(one, act)[0]["status"] == "same"


def test_the_pages_say_what_the_phone_said(town: Town) -> None:
    one = report(measured={"lon": 110.0061, "lat": 23.005, "crs": "wgs84", "accuracy_m": 9})
    (made,) = town.send(one)
    town.act(made["number"], "recategorize", note="先看", category="0506")
    town.send(action("verify", 1, number=made["number"]))
    page = town.client("manager_west").get(f"/reports/{made['number']}", params={"lang": "en"}).text
    assert "Position of the device" in page, page[:500]
    assert "from the pin" in page
    assert re.search("Kept, not done: “[A-Z][a-z ]+”", page)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body_not_json"),
        (b"[]", 422, "request_misfit"),
        (b'{"items": []}', 422, "request_misfit"),
        (b'{"items": [], "sent_at": "now"}', 422, "request_misfit"),
        (b'{"items": {}, "sent_at": "2026-11-01T02:00:00Z"}', 422, "request_misfit"),
        (b'{"items": [], "sent_at": "2026-11-01T02:00:00Z", "x": 1}', 422, "request_misfit"),
        (b'{"sent_at": "2026-11-01T02:00:00Z", "items": [' + b"1," * 1000 + b"1]}", 422, "sync_too_many"),
    ],
)
def test_what_is_no_batch(town: Town, body: bytes, status: int, code: str) -> None:
    answer = town.client().post(URL, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_bounds_and_callers(town: Town) -> None:
    large = town.client().post(URL, json={"sent_at": NOW.isoformat(), "items": ["很" * 2000] * 1000})
    assert large.status_code == 413
    assert town.client(None).post(URL, json={"sent_at": NOW.isoformat(), "items": []}).status_code == 401
    told = town.send(visit(town.west[0]), login="planner")
    assert told[0]["code"] == "not_allowed"


def test_the_same_phone_twice_at_once(town: Town) -> None:
    items = [report() for _ in range(20)] + [visit(town.west[6])]
    items += [action("verify", report_key=one["key"]) for one in items[:20]]
    found: list[list[Json]] = []
    body = {"sent_at": NOW.isoformat(), "items": items}
    headers = {"Authorization": town.client().headers["Authorization"]}

    def send() -> None:
        for _ in range(1000):
            answer = httpx.post(town.address + URL, json=body, headers=headers, timeout=60)
            if answer.status_code != 429:
                break
            time.sleep(0.1)
        found.append(answer.json()["items"])

    both = [threading.Thread(target=send) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    statuses = sorted({told["status"] for told in answers}.pop() for answers in found)
    assert statuses == ["created", "same"]
    assert len({(told.get("number"), told.get("id")) for told in found[0]}) == 21


def test_one_account_keeps_no_connection_from_others(town: Town) -> None:
    lock = "SELECT pg_advisory_xact_lock(hashtext('gridsvc.sync' || current_schema()), hashint8(id)) FROM account WHERE login = :l"
    with town.made.begin() as db:
        db.execute(text(lock), {"l": "worker"})
        answer = town.client().post(URL, json={"sent_at": NOW.isoformat(), "items": [report()]}, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (429, "sync_running")
        assert answer.headers["retry-after"] == "3"
        assert town.send(report(), login="deputy")[0]["status"] == "created"
    assert town.send(report())[0]["status"] == "created"


def test_who_sends_a_whole_body_is_recognised_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    identify = security.identify

    def counted(*given: Any) -> Any:
        asked.append(1)
        return identify(*given)

    monkeypatch.setattr(security, "identify", counted)
    monkeypatch.setattr(security, "recent", lambda *_: None)  # as where a turn is waited for
    host, _, port = town.address.removeprefix("http://").partition(":")
    for n_late in (0, 20):
        body = json.dumps({"sent_at": NOW.isoformat(), "items": [report()]}).encode()
        head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        head += f"Authorization: Bearer {town.county.tokens['worker']}\r\nContent-Length: {len(body)}\r\n\r\n"
        whole = head.encode() + body
        with socket.create_connection((host, int(port)), timeout=120) as line:
            line.sendall(whole[: len(whole) - n_late])
            time.sleep(0.2 if n_late else 0)
            line.sendall(whole[len(whole) - n_late :])
            assert b'"status":"created"' in b"".join(iter(lambda: line.recv(65536), b""))
        assert n_late or asked == [1]  # what came late was waited for without a turn


def test_no_byte_is_read_of_nobody_and_few_bodies_of_one_account(town: Town) -> None:
    host, _, port = town.address.removeprefix("http://").partition(":")

    def begin(stack: ExitStack, token: str) -> socket.socket:
        opened = stack.enter_context(socket.create_connection((host, int(port)), timeout=60))
        opened.sendall(
            f"POST {URL} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 4000000\r\n\r\n{".encode()
        )
        return opened

    token = town.client("planner").headers["Authorization"].removeprefix("Bearer ")
    empty = {"sent_at": NOW.isoformat(), "items": []}
    with ExitStack() as stack:
        assert begin(stack, "made-up").recv(1000).startswith(b"HTTP/1.1 401")
        waiting = [begin(stack, token) for _ in range(services.BATCHES_EACH + 1)]
        (answered,), _, _ = select.select(waiting, [], [], 60)
        assert b"sync_running" in answered.recv(10_000)
        assert town.client().post(URL, json=empty).status_code == 200
    for _ in range(600):
        answer = town.client("planner").post(URL, json=empty)
        if answer.status_code == 200:
            break
        time.sleep(0.1)
    assert answer.status_code == 200  # they hung up


def test_a_report_and_the_one_it_follows_are_locked_in_one_order(town: Town) -> None:
    parent, child = town.send(report(), report())
    link = action("link", 1, number=child["number"], parent=parent["number"])
    told: list[Json] = []
    sending = threading.Thread(target=lambda: told.extend(town.send(link, login="manager_west")))
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')")
    lock = "SELECT id FROM report WHERE number = :n FOR UPDATE NOWAIT"
    with town.made.begin() as db:
        db.execute(text(lock), {"n": parent["number"]})
        sending.start()
        for _ in range(100):
            if db.scalar(waits):
                break
            time.sleep(0.1)
        db.execute(text(lock), {"n": child["number"]})  # free: who waits for the first holds none behind it
    sending.join()
    assert [(one["status"], one["state"]) for one in told] == [("created", "merged")], told


def test_a_full_batch_of_a_thousand(town: Town) -> None:
    items = [
        report(location={"lon": 110.001 + 1e-5 * n, "lat": 23.008, "crs": "wgs84", "accuracy_m": 10})
        for n in range(500)
    ]
    items += [action("verify", report_key=one["key"]) for one in items[:400]]
    items += [visit(town.west[n % 10], happened_at=f"2026-10-30T{n % 24:02d}:00:00Z") for n in range(100)]
    told = town.send(*items)
    assert {one["status"] for one in told} == {"created"}
