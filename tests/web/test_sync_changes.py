"""What a phone keeps: all of it, then what changed, what went, and nothing of what nobody may keep."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import text

from gridsvc import accounts, campaigns, households, reports, visits, workers
from gridsvc.db.engine import make_engine
from gridsvc.db.queries import ask
from gridsvc.grids import Rule
from gridsvc.reporters import Reporter
from gridsvc.rules.deadlines import Limit, StageLimits
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.terms import Agreed
from gridsvc.web.kept_schemas import KeptOut
from tests.conftest import NOW, Fresh, Maker
from tests.through import AGREED, lead
from tests.web import town as towns
from tests.web.county import EAST, WEST

URL = "/api/v1/sync"
RULE = Rule(50.0, "Asia/Shanghai")
RULE_ZONE = ZoneInfo(RULE.zone)
NAME, PHONE, ADDRESS, IDENTITY = "欧阳某某丁", "13912340000", "3幢2单元501室", "44040119900101123X"
Json = dict[str, Any]


class Town(towns.Town):
    """A town, what its worker's phone is told, and what happens meanwhile."""

    @cached_property
    def worker(self) -> Actor:
        with self.made.begin() as db:
            row = db.execute(text("SELECT id, worker_id FROM account WHERE login = 'worker'")).one()
        return Actor("worker", row.id, "worker", "worker 某", row.worker_id)

    def get(self, since: str | None = None) -> Json:
        answer = self.client().get(URL, params={} if since is None else {"since": since})
        assert answer.status_code == 200, answer.text
        KeptOut.model_validate(answer.json())
        return dict(answer.json())

    def submit(self, lon: float = 110.005, **more: Any) -> str:
        with self.made.begin() as db:
            draft = reports.Draft(uuid.uuid4(), "0110", "垃圾", "web", reports.Position(lon, 23.005, "wgs84"), **more)
            return reports.submit(db, draft, ANONYMOUS, NOW, RULE).number

    def visit(self, door: int, outcome: str = "reached") -> None:
        with self.made.begin() as db:
            visits.record(db, visits.Draft(uuid.uuid4(), door, outcome, NOW), self.worker, NOW, RULE)


@pytest.fixture(scope="module")
def town(module_schema: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with towns.opened(Town, module_schema, tmp_path_factory.mktemp("data")) as one:
        yield one


@pytest.fixture
def new_town(maker: Maker, tmp_path: Path) -> Iterator[Town]:
    """A town that no other test has been to, or that no other test goes to."""
    with maker() as made, towns.opened(Town, made, tmp_path) as one:
        yield one


def named(told: Json) -> set[str]:
    return {one["number"] for one in told["reports"]}


def test_all_of_it(new_town: Town) -> None:
    town = new_town
    number = town.submit()
    told = town.get()
    assert (told["reset"], told["day"], told["credit"]) == (True, "2026-11-01", "")
    assert told["nearest_max_m"] == 50.0  # the setting's
    assert told["me"] == {
        "login": "worker", "name": "worker 某", "role": "worker", "worker": {"code": "w1", "name": "王小明"},
    }  # fmt: skip
    own = [one for one in told["grids"] if one["own"]]
    assert [(one["code"], one["kind"], one["worker"]) for one in own] == [(f"{WEST}001", "main", "王小明")]
    assert own[0]["geometry"]["type"] == "MultiPolygon"
    beside = {one["code"] for one in told["grids"] if not one["own"]}
    assert beside == {f"{WEST}002", f"{WEST}003", f"{WEST}004", f"{WEST}901"}
    (compound,) = told["compounds"]
    assert (compound["id"], compound["grid"]) == (town.county.compounds["1"], f"{WEST}001")
    assert [one["id"] for one in told["doors"]] == town.west
    door = told["doors"][9]
    assert (door["today"], door["status"], door["label"]["zh"], door["class"]["code"]) == (
        True, "not_visited", "1号楼901室", "ordinary",
    )  # fmt: skip
    assert sorted(one["order"] for one in told["doors"] if one["today"]) == list(range(1, 11))
    one = next(one for one in told["reports"] if one["number"] == number)
    assert (one["state"], one["grid"], one["version"], one["key"]) == ("reported", f"{WEST}001", 1, None)
    assert {"verify", "solve_on_spot", "note"} <= set(one["actions"])
    assert (one["needs_photo"], one["standing"]) == (["solve_on_spot"], "no_deadline")
    assert {one["code"] for one in told["categories"]} >= {"0110", "0506"}
    assert next(one["initials"] for one in told["categories"] if one["code"] == "0506") == "dljs dlzs"
    assert told["gone"] == {"grids": [], "compounds": [], "doors": [], "reports": []}


def test_what_changed_and_nothing_else(town: Town) -> None:
    first = town.get()
    assert first["cursor"] != ""
    quiet = town.get(first["cursor"])
    assert (quiet["reset"], quiet["doors"], quiet["reports"], quiet["grids"]) == (False, [], [], [])
    assert "categories" not in quiet
    number, far = town.submit(), town.submit(110.035)
    town.visit(town.west[9], "absent")
    told = town.get(quiet["cursor"])
    assert named(told) == {number}
    assert far not in json.dumps(told)
    (door,) = told["doors"]
    assert (door["id"], door["status"], door["n_visits"]) == (town.west[9], "absent", 1)
    assert "order" not in door
    assert town.get(told["cursor"])["reports"] == []


def test_a_correction_tells_of_both_doors(town: Town) -> None:
    left, right = town.west[6:8]
    draft = visits.Draft(uuid.uuid4(), left, "reached", NOW)
    with town.made.begin() as db:
        visits.record(db, draft, town.worker, NOW, RULE)
    since = town.get()["cursor"]
    with town.made.begin() as db:
        mended = visits.Draft(uuid.uuid4(), right, "reached", NOW, supersedes=draft.client_key)
        visits.record(db, mended, town.worker, NOW, RULE)
    told = town.get(since)
    assert [(one["id"], one["status"]) for one in told["doors"]] == [(left, "not_visited"), (right, "reached")]


def test_what_goes(town: Town) -> None:
    moved, ended = town.submit(), town.submit()
    since = town.get()["cursor"]
    desk = {"Authorization": f"Bearer {town.county.tokens['admin']}"}
    for number, action in (
        (moved, {"action": "place", "version": 1, "grid": f"{EAST}001"}),
        (ended, {"action": "not_file", "version": 1, "note": "不属实", "reason": "not_ours"}),
    ):
        done = httpx.post(f"{town.address}/api/v1/reports/{number}/actions", json=action, headers=desk, timeout=60)
        assert done.status_code == 200, done.text
    with town.made.begin() as db:
        db.execute(text("UPDATE household SET removed_at = :now WHERE id = :id"), {"now": NOW, "id": town.west[0]})
        east = text("SELECT g.id FROM grid_version g WHERE g.code = :c")
        away = db.scalar(east, {"c": f"{EAST}001"})
        db.execute(text("UPDATE household SET grid_version_id = :g WHERE id = :id"), {"g": away, "id": town.west[1]})
    told = town.get(since)
    assert not told["reset"]
    assert set(told["gone"]["reports"]) == {f"gridsvc|{moved}|0", f"gridsvc|{ended}|0"}
    assert told["gone"]["doors"] == town.west[:2]
    assert named(told) == set()
    assert town.get(told["cursor"])["gone"]["doors"] == []


def test_a_slow_commit_beside_a_fast_one(town: Town) -> None:
    """What began before the cursor was made and commits after it is told, though a later one had committed before."""
    slow, fast = (make_engine(town.made.app_url, town.made.schema, pool_size=1) for _ in range(2))
    try:
        with slow.connect() as late:
            draft = reports.Draft(uuid.uuid4(), "0110", "慢", "web", reports.Position(110.006, 23.006, "wgs84"))
            number = reports.submit(late, draft, ANONYMOUS, NOW, RULE).number
            visit = visits.Draft(uuid.uuid4(), town.west[8], "refused", NOW)
            visits.record(late, visit, town.worker, NOW, RULE)
            with fast.begin() as quick:
                draft = reports.Draft(uuid.uuid4(), "0110", "快", "web", reports.Position(110.006, 23.006, "wgs84"))
                early = reports.submit(quick, draft, ANONYMOUS, NOW, RULE).number
            between = town.get()
            assert early in named(between)
            assert number not in named(between)
            late.commit()
        told = town.get(between["cursor"])
        assert named(told) == {number}
        assert [(one["id"], one["status"]) for one in told["doors"]] == [(town.west[8], "refused")]
        assert named(town.get(told["cursor"])) == set()
    finally:
        slow.dispose()
        fast.dispose()


def test_another_duty_day_campaign_or_compound_begins_anew(town: Town) -> None:
    since = town.get()["cursor"]
    with town.made.begin() as db:
        workers.save_duties(db, [workers.Duty("w1", "base", f"{WEST}00{n}", "main") for n in (1, 2)])
    told = town.get(since)
    assert told["reset"]
    assert {one["code"] for one in told["grids"] if one["own"]} >= {f"{WEST}002"}
    town.clock.now = NOW + timedelta(days=1)
    assert town.get(told["cursor"])["reset"]
    town.clock.now = NOW
    with town.made.begin() as db:
        wanted = campaigns.Wanted("入户", NOW.date(), NOW.date() + timedelta(days=30), questions=("几口人",))
        campaigns.create(db, "door-2026", wanted, Actor("admin"), NOW, RULE_ZONE)
        campaigns.draw(db, "door-2026", NOW)
    begun = town.get(told["cursor"])
    assert begun["reset"]
    (one,) = [each for each in begun["campaigns"] if each["code"] == "door-2026"]
    assert one["questions"] == ["几口人"]
    town.visit(town.west[3])
    after = town.get(begun["cursor"])
    (now,) = [each for each in after["campaigns"] if each["code"] == "door-2026"]
    assert (after["reset"], now["n_reached"]) == (False, one["n_reached"] + 1)
    assert [(one["status"], one["today"]) for one in after["doors"]] == [("reached", False)]
    with town.made.begin() as db:
        db.execute(text("UPDATE compound SET name = '新名' WHERE id = :id"), {"id": town.county.compounds["1"]})
    assert town.get(after["cursor"])["compounds"][0]["name"] == "新名"


def test_of_several_campaigns_each_door_has_its_own(new_town: Town) -> None:
    town = new_town
    with town.made.begin() as db:
        shop = households.Door(
            town.county.compounds["1"], "1幢", "无", "底商", 110.004, 23.004, "shop", name="老张面馆"
        )
        households.register(db, [shop], NOW, RULE)
        plans = (
            ("homes", 40, ("household",), 2),
            ("shops", 5, ("household", "shop"), 1),
            ("some", 20, ("household",), 1),
        )
        for code, days, kinds, n_times in plans:
            wanted = campaigns.Wanted(code, NOW.date(), NOW.date() + timedelta(days=days), kinds=kinds, n_times=n_times)
            campaigns.create(db, code, wanted, Actor("admin"), NOW, RULE_ZONE)
            campaigns.draw(db, code, NOW)
    told = town.get()
    own = ["shops", "some", "homes"]  # the first to end first
    assert [one["code"] for one in told["campaigns"] if one["code"] in own] == own
    assert told["campaign"] == told["campaigns"][0]  # for those who know of one only
    doors = {one["id"]: one for one in told["doors"]}
    (shop_id,) = [id_ for id_, one in doors.items() if one["room"] == "底商"]
    assert (doors[shop_id]["campaigns"], doors[shop_id]["unmet"], doors[shop_id]["today"]) == (["shops"], None, True)
    assert [code for code in doors[town.west[6]]["campaigns"] if code in own] == own
    due = [one["order"] for one in doors.values() if one["today"]]
    assert sorted(due) == list(range(1, len(due) + 1))  # each has one place
    since = told["cursor"]
    town.visit(shop_id)
    town.visit(town.west[6])
    changed = {one["id"]: one for one in town.get(since)["doors"]}
    assert (changed[shop_id]["today"], changed[shop_id]["status"]) == (False, "reached")
    assert changed[town.west[6]]["today"]  # one campaign wants it met twice
    assert doors[town.west[6]]["unmet"] == doors[town.west[6]]["campaigns"]  # so a phone counts it for each at once
    assert changed[town.west[6]]["unmet"] == []


def test_very_many_doors_at_once_begin_anew(town: Town) -> None:
    since = town.get()["cursor"]
    rows = [households.Door(town.county.compounds["1"], "9幢", "无", f"{n}", 110.004, 23.004) for n in range(1200)]
    with town.made.begin() as db:
        last = db.scalar(text("SELECT max(id) FROM household"))
        households.register(db, rows, NOW - timedelta(days=400), RULE)
    told = town.get(since)
    assert told["reset"]
    assert len(told["doors"]) > 1200
    with town.made.begin() as db:  # many rows, in nothing that a phone is told
        db.execute(text("UPDATE household SET reached_at = reached_at"))
    quiet = town.get(told["cursor"])
    assert (quiet["reset"], quiet["doors"]) == (False, [])
    with town.made.begin() as db:
        db.execute(text("UPDATE household SET removed_at = :now WHERE id > :last"), {"now": NOW, "last": last})
    assert town.get(told["cursor"])["reset"]


def test_nothing_that_no_phone_may_keep(town: Town) -> None:
    told_of = Reporter(None, NAME, PHONE, ADDRESS)
    with town.made.begin() as db:
        spot = reports.Position(110.005, 23.005, "wgs84")
        said = f"请打{PHONE}，证件{IDENTITY}，139 1234 0000"
        draft = reports.Draft(uuid.uuid4(), "0110", said, "web", spot, words=f"门口 {PHONE}", reporter=told_of)
        number = reports.submit(db, draft, ANONYMOUS, NOW, RULE).number
        person = "UPDATE household SET contact_name = :n, contact_phone = :p, name = :n, class_code = 'correction' WHERE id = :id"
        db.execute(text(person), {"n": NAME, "p": PHONE, "id": town.west[4]})
    answer = town.client().get(URL)
    raw = answer.text + json.dumps(answer.json(), ensure_ascii=False)
    assert number in raw
    for canary in (NAME, PHONE, "139 1234", "12340000", ADDRESS, IDENTITY, "correction", "矫正"):
        assert canary not in raw, canary
    door = next(one for one in answer.json()["doors"] if one["id"] == town.west[4])
    assert door["class"]["code"] == "ordinary"


def test_a_town_brought_back_from_a_dump_begins_anew(town: Town) -> None:
    told = town.get()
    with town.made.begin(owner=True) as db:  # as the table of a dump is another table with the same rows
        db.execute(text("ALTER TABLE report RENAME TO report_before"))
        db.execute(text("CREATE TABLE report (LIKE report_before INCLUDING ALL)"))
        try:
            key = ask(db, "sync_key", {"own": [], "worker_id": None})[0].key
        finally:
            db.execute(text("DROP TABLE report"))
            db.execute(text("ALTER TABLE report_before RENAME TO report"))
        assert ask(db, "sync_key", {"own": [], "worker_id": None})[0].key != key
    assert not town.get(told["cursor"])["reset"]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "Z" * 200])
def test_what_is_no_cursor(town: Town, cursor: str) -> None:
    answer = town.client().get(URL, params={"since": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


def test_a_cursor_of_somebody_else_begins_anew(town: Town) -> None:
    since = town.get()["cursor"]
    with town.made.begin() as db:
        token = accounts.issue_bearer(db, "manager_west", "t", NOW, timedelta(days=1)).token
    other = httpx.get(
        town.address + URL, params={"since": since}, headers={"Authorization": f"Bearer {token}"}, timeout=60
    ).json()
    assert (other["reset"], other["me"]["worker"]) == (True, None)
    assert {one["code"] for one in other["grids"] if one["own"]} == {f"{WEST}00{n}" for n in range(1, 5)} | {
        f"{WEST}901"
    }


def test_who_sees_everything_has_no_list(town: Town) -> None:
    for login in ("admin", "planner"):
        headers = {"Authorization": f"Bearer {town.county.tokens[login]}"}
        answer = httpx.get(town.address + URL, headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_report_says_until_when_what_is_next_is_to_be_done(town: Town) -> None:
    number = town.submit()
    stages = StageLimits(dispose=Limit(Decimal(3), "working_day"), check=Limit(Decimal(1), "working_hour"))
    with town.made.begin() as db:
        lead(db, number, "disposed", NOW, agreed=Agreed(replace(AGREED.general, stages=stages), {}))
        until = db.scalar(text("SELECT until_at FROM report WHERE number = :n"), {"n": number})
    one = next(one for one in town.get()["reports"] if one["number"] == number)
    assert datetime.fromisoformat(one["until_at"]) == until
    assert one["until_at"] != one["due_at"]  # of the whole
