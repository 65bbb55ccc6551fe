"""Every change of an account or of duty leaves a row that says who, when and what, and that nobody can change."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gridsvc import accounts, areas, duties, passwords, staff_log, workers
from gridsvc.accounts import Policy, Wanted
from gridsvc.duties import Post
from gridsvc.rules.roles import SYSTEM, Actor
from tests.conftest import NOW, RULE, Fresh
from tests.verbs.test_editions import publish, square

LATER = NOW + timedelta(hours=3)
PASSWORD = "a long enough password"


@pytest.fixture
def chief(db: Connection) -> Actor:
    areas.save(db, [areas.Area("37", "city", "市", None, None), areas.Area("3701", "district", "区", "37", None)])
    workers.save(db, [workers.Worker("w1", "王"), workers.Worker("w2", "李")])
    staff_log.begin(db, SYSTEM, NOW)
    id_ = accounts.create(db, login="chief", name="主任", role="admin", password=PASSWORD)
    return Actor("admin", account_id=id_, login="chief")


def told(db: Connection, n: int) -> list[tuple[object, ...]]:
    return [(e.actor, e.what, e.subject, e.action, dict(e.changes)) for e in reversed(staff_log.listed(db, limit=n))]


def test_accounts_tokens_and_areas(db: Connection, chief: Actor) -> None:
    assert told(db, 9) == [
        (None, "account", "chief", "add", {"name": (None, "主任"), "role": (None, "admin"), "active": (None, True)})
    ]
    staff_log.begin(db, chief, LATER)
    accounts.create(db, login="li", name="李", role="manager", password=PASSWORD, area_codes=["37"])
    accounts.change(db, Wanted("li", "李", "manager", ("37", "3701")), active=True)
    accounts.change(db, Wanted("li", "李", "worker", worker_code="w2"), active=True)
    accounts.change(db, Wanted("li", "李", "worker", worker_code="w2", also_roles=("planner",)), active=True)
    accounts.set_password(db, "li", PASSWORD + "2")
    accounts.issue_bearer(db, "li", "周报", LATER, timedelta(days=1))
    accounts.revoke_bearer(db, "li")
    accounts.disable(db, "li")
    rows = told(db, 20)[1:]
    assert {row[0] for row in rows} == {"chief"}
    assert [row[1:] for row in rows] == [
        ("account", "li", "add", {"name": (None, "李"), "role": (None, "manager"), "active": (None, True)}),
        ("area", "li", "add", {"area": (None, "37")}),
        ("area", "li", "add", {"area": (None, "3701")}),
        ("account", "li", "change", {"role": ("manager", "worker"), "worker": (None, "w2")}),
        *(("area", "li", "end", {"area": (code, None)}) for code in ("37", "3701")),
        ("account", "li", "change", {"also_roles": (None, ["planner"])}),
        ("account", "li", "change", {"password": (None, True)}),
        ("token", "li", "add", {"label": (None, "周报"), "role": (None, "worker")}),
        ("token", "li", "end", {"label": ("周报", None), "role": ("worker", None)}),
        ("account", "li", "change", {"active": (True, False)}),
    ]
    assert {one.at for one in staff_log.listed(db)} == {NOW, LATER}
    assert [one.actor_role for one in staff_log.listed(db)] == ["admin"] * len(rows) + [None]
    assert PASSWORD not in str(db.execute(text("SELECT s::text FROM staff_log s")).all())
    assert [one.subject for one in staff_log.listed(db, words="CHI")] == ["chief"]
    last = staff_log.listed(db, limit=1)[0]
    assert last.id not in {one.id for one in staff_log.listed(db, before=last.id)}


def test_logging_in_is_no_change(db: Connection, chief: Actor) -> None:
    policy = Policy(3, timedelta(minutes=5), timedelta(hours=1))
    before = told(db, 9)
    for password in (PASSWORD + "x", PASSWORD):
        accounts.log_in(db, "chief", password, NOW, policy)
    old = passwords.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    db.execute(
        text("UPDATE account SET password_hash = :old"), {"old": old}
    )  # a new password, for all the log can tell
    assert accounts.log_in(db, "chief", PASSWORD, NOW, policy) is not None
    assert db.scalar(text("SELECT password_hash FROM account")) != old
    assert told(db, 9)[len(before) :] == [(None, "account", "chief", "change", {"password": (None, True)})]


def test_duty_in_a_grid(db: Connection, chief: Actor) -> None:
    publish(db, square(), NOW, RULE)
    n = len(told(db, 99))
    staff_log.begin(db, chief, LATER)
    duties.put(db, chief, "001", "base", [Post("w1", "main", (1, 2)), Post("w2", "deputy")])
    duties.put(db, chief, "001", "base", [Post("w1", "main", None, time(8), time(18)), Post("w2", "deputy")])
    workers.save_duties(db, [workers.Duty("w1", "base", "002", "main")])
    main = {"kind": (None, "main"), "weekdays": (None, [1, 2]), "worker": (None, "w1")}
    hours = {
        "weekdays": ([1, 2], None),
        "starts": (None, "08:00:00"),
        "ends": (None, "18:00:00"),
        "worker": ("w1", "w1"),
    }
    assert [row[1:] for row in told(db, 99)[n:]] == [
        ("duty", "base/001", "add", main),
        ("duty", "base/001", "add", {"kind": (None, "deputy"), "worker": (None, "w2")}),
        ("duty", "base/001", "change", hours),
        ("duty", "base/001", "end", {"kind": ("main", None), "starts": ("08:00:00", None), "ends": ("18:00:00", None), "worker": ("w1", None)}),
        ("duty", "base/002", "add", {"kind": (None, "main"), "worker": (None, "w1")}),
    ]  # fmt: skip


def test_the_serving_role_only_adds(fresh: Fresh) -> None:
    with fresh.begin() as db:
        accounts.create(db, login="a", name="a", role="admin", password=PASSWORD)
    for statement in ("UPDATE staff_log SET subject = 'b'", "DELETE FROM staff_log", "TRUNCATE staff_log"):
        with pytest.raises(DBAPIError, match="permission denied"), fresh.begin() as db:
            db.execute(text(statement))
    with fresh.begin() as db:
        assert [one.subject for one in staff_log.listed(db)] == ["a"]
