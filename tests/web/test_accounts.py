"""Accounts: made, logged in to, locked, changed, disabled; what is stored opens nothing."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from sqlalchemy import Connection, text

from gridsvc import accounts, areas, passwords, workers
from gridsvc.accounts import Policy
from gridsvc.errors import Conflict, NotFound, Refused, TooMany
from tests.conftest import NOW, Fresh

POLICY = Policy(attempts=3, wait=timedelta(minutes=5), lasts=timedelta(hours=12))
PASSWORD = "correct horse battery"


@pytest.fixture
def db(db: Connection) -> Connection:
    areas.save(db, [areas.Area("37", "city", "市", None, None), areas.Area("3701", "district", "区", "37", None)])
    workers.save(db, [workers.Worker("w1", "王")])
    accounts.create(db, login="li", name="李", role="manager", password=PASSWORD, area_codes=["37", "3701"])
    return db


def enter(db: Connection, password: str = PASSWORD, now: datetime = NOW, login: str = "li") -> accounts.Issued | None:
    return accounts.log_in(db, login, password, now, POLICY)


def test_who_logs_in_is_known_with_role_and_areas(db: Connection) -> None:
    issued = enter(db)
    assert issued is not None
    assert issued.expires_at == NOW + POLICY.lasts
    actor = accounts.authenticate(db, issued.token, "session", NOW)
    assert actor is not None
    assert (actor.role, actor.login, actor.name, len(actor.area_ids)) == ("manager", "li", "李", 2)
    accounts.create(db, login="w", name="w", role="worker", password=PASSWORD, worker_code="w1")
    worker = enter(db, login="w")
    assert worker is not None
    assert worker.actor.worker_id == db.scalar(text("SELECT id FROM worker"))


def test_neither_password_nor_token_is_stored(db: Connection) -> None:
    issued = enter(db)
    assert issued is not None
    assert len(issued.token) >= 43  # 256 bits
    again = enter(db)
    assert again is not None
    assert again.token != issued.token
    everything = str(db.execute(text("SELECT a::text, c::text FROM account a, credential c")).all())
    assert PASSWORD not in everything
    assert issued.token not in everything
    assert hashlib.sha256(issued.token.encode()).hexdigest() in everything
    assert "$argon2id$" in everything


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, slow_hasher: Callable[[], PasswordHasher]) -> Iterator[None]:
    """Passwords are hashed as in the service."""
    passwords.nobodys_hash.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", slow_hasher)
    yield
    passwords.nobodys_hash.cache_clear()


def test_guessing_a_password_costs_memory_and_time(slow_hasher: Callable[[], PasswordHasher]) -> None:
    cost = extract_parameters(slow_hasher().hash(PASSWORD))
    assert (cost.type, cost.time_cost, cost.memory_cost, cost.parallelism) == (Type.ID, 2, 32 * 1024, 1)


def test_a_credential_ends(db: Connection) -> None:
    issued = enter(db)
    assert issued is not None
    almost, over = issued.expires_at - timedelta(seconds=1), issued.expires_at
    assert accounts.authenticate(db, issued.token, "session", almost) is not None
    assert accounts.authenticate(db, issued.token, "session", over) is None
    assert accounts.authenticate(db, issued.token, "bearer", NOW) is None
    assert accounts.authenticate(db, issued.token + "x", "session", NOW) is None
    assert accounts.authenticate(db, "\ud800\x00", "session", NOW) is None
    accounts.log_out(db, issued.token)
    assert accounts.authenticate(db, issued.token, "session", NOW) is None
    # what has ended is cleared away at the next login
    enter(db)
    enter(db, now=NOW + timedelta(days=1))
    assert db.scalar(text("SELECT count(*) FROM credential")) == 1


def test_an_account_waits_after_too_many_wrong_passwords(db: Connection) -> None:
    for _ in range(2):
        assert enter(db, "wrong") is None
    assert enter(db) is not None  # the right one begins the count anew
    for _ in range(3):
        assert enter(db, "wrong") is None
    assert enter(db) is None
    assert enter(db, now=NOW + POLICY.wait - timedelta(seconds=1)) is None
    # wrong ones while it waits do not make it wait longer
    assert enter(db, "wrong", NOW + POLICY.wait - timedelta(seconds=1)) is None
    assert enter(db, now=NOW + POLICY.wait) is not None


@pytest.mark.parametrize("login", ["nobody", "", " li", "LI", "li\x00", "\ud800", "x" * 5000, "li' OR 1=1 --"])
def test_logins_of_nobody(db: Connection, login: str) -> None:
    assert enter(db, login=login) is None


@pytest.mark.parametrize("password", ["", "\x00", "x" * 100_000, "\ud800", PASSWORD + "\x00", PASSWORD.upper()])
def test_passwords_that_are_not_it(db: Connection, password: str) -> None:
    assert enter(db, password) is None
    assert enter(db) is not None


def test_an_unknown_login_takes_as_long(db: Connection, slow: None) -> None:
    def seconds(login: str, password: str) -> float:
        took = []
        for _ in range(3):
            begin = time.thread_time()
            enter(db, password, login=login)
            took.append(time.thread_time() - begin)
        return min(took)

    accounts.create(db, login="patient", name="p", role="planner", password=PASSWORD)
    policy_proof = Policy(attempts=1000, wait=POLICY.wait, lasts=POLICY.lasts)
    assert accounts.log_in(db, "patient", "wrong", NOW, policy_proof) is None
    known, unknown = seconds("patient", "wrong password"), seconds("nobody", "wrong password")
    assert 0.5 < known / unknown < 2
    assert unknown > 0.01


def test_two_at_once_count_one_after_the_other(fresh: Fresh) -> None:
    with fresh.begin() as db:
        accounts.create(db, login="li", name="李", role="admin", password=PASSWORD)
    said: list[str] = []
    inside, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with fresh.begin() as db:
            said.append(str(enter(db, "wrong")))
            inside.set()
            go_on.wait(60)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(60)
    with pytest.raises(TooMany) as busy, fresh.begin() as db:
        enter(db, "wrong")
    assert busy.value.code == "login_busy"
    go_on.set()
    thread.join(60)
    with fresh.begin() as db:
        assert db.scalar(text("SELECT n_failed FROM account")) == 1


def test_bearer_tokens_are_issued_and_revoked(db: Connection) -> None:
    one = accounts.issue_bearer(db, "li", "phone", NOW, timedelta(days=30))
    two = accounts.issue_bearer(db, "li", "script", NOW, timedelta(days=1))
    assert accounts.authenticate(db, one.token, "bearer", NOW + timedelta(days=29)) is not None
    assert accounts.authenticate(db, two.token, "bearer", NOW + timedelta(days=1)) is None
    assert accounts.revoke_bearer(db, "li", "phone") == 1
    assert accounts.authenticate(db, one.token, "bearer", NOW) is None
    assert accounts.revoke_bearer(db, "li") == 1
    with pytest.raises(NotFound):
        accounts.issue_bearer(db, "nobody", "", NOW, timedelta(days=1))
    with pytest.raises(Refused):
        accounts.issue_bearer(db, "li", "", NOW, timedelta(0))


def test_a_new_password_ends_sessions_and_waiting(db: Connection) -> None:
    session = enter(db)
    bearer = accounts.issue_bearer(db, "li", "phone", NOW, timedelta(days=30))
    assert session is not None
    for _ in range(3):
        enter(db, "wrong")
    accounts.set_password(db, "li", "another good one")
    assert accounts.authenticate(db, session.token, "session", NOW) is None
    assert accounts.authenticate(db, bearer.token, "bearer", NOW) is not None
    assert enter(db) is None
    assert enter(db, "another good one") is not None


def test_a_disabled_account_opens_nothing(db: Connection) -> None:
    session = enter(db)
    bearer = accounts.issue_bearer(db, "li", "phone", NOW, timedelta(days=30))
    assert session is not None
    accounts.disable(db, "li")
    assert enter(db) is None
    assert accounts.authenticate(db, session.token, "session", NOW) is None
    assert accounts.authenticate(db, bearer.token, "bearer", NOW) is None
    with pytest.raises(NotFound):
        accounts.issue_bearer(db, "li", "", NOW, timedelta(days=1))
    accounts.enable(db, "li")
    assert enter(db) is not None
    assert accounts.authenticate(db, session.token, "session", NOW) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "king"}, "role_unknown"),
        ({"role": "manager"}, "role_needs_area"),
        ({"role": "manager", "area_codes": ["99"]}, "area_unknown"),
        ({"worker_code": "w9"}, "worker_unknown"),
        ({"password": "short"}, "password_length"),
        ({"password": "x" * 257}, "password_length"),
        ({"login": ""}, "login_malformed"),
        ({"login": "a b"}, "login_malformed"),
        ({"login": "a\x00"}, "login_malformed"),
        ({"login": "x" * 65}, "login_malformed"),
    ],
)
def test_accounts_that_cannot_be(db: Connection, changes: dict[str, Any], code: str) -> None:
    wanted: dict[str, Any] = {"login": "new", "name": "n", "role": "admin", "password": PASSWORD} | changes
    with pytest.raises(Refused) as refused:
        accounts.create(db, **wanted)
    assert refused.value.code == code
    assert db.scalar(text("SELECT count(*) FROM account")) == 1


def test_a_login_is_given_once(db: Connection) -> None:
    with pytest.raises(Conflict):
        accounts.create(db, login="li", name="x", role="admin", password=PASSWORD)
    for change in (accounts.disable, accounts.enable):
        with pytest.raises(NotFound):
            change(db, "nobody")


def test_demo_accounts_are_known_as_such(db: Connection) -> None:
    assert not accounts.has_demo(db)
    accounts.create(db, login="demo", name="d", role="planner", password=PASSWORD, demo=True)
    assert accounts.has_demo(db)
    listed = accounts.listed(db)
    assert [(one.login, one.role, one.area_codes, one.demo) for one in listed] == [
        ("demo", "planner", (), True),
        ("li", "manager", ("37", "3701"), False),
    ]
    accounts.disable(db, "demo")
    assert not accounts.has_demo(db)
