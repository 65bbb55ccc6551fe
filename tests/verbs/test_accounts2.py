"""Accounts of all roles: what each needs, what a change ends, and the one admin who stays."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from gridsvc import accounts, areas, departments, workers
from gridsvc.accounts import Account, Policy, Wanted
from gridsvc.errors import Conflict, GridsvcError, NotFound, Refused
from gridsvc.rules.roles import ROLES
from tests.conftest import NOW, Fresh

PASSWORD = "correct horse battery"
POLICY = Policy(attempts=3, wait=timedelta(minutes=5), lasts=timedelta(hours=12))
PARTS: dict[str, dict[str, object]] = {
    "area": {"area_codes": ("37",)},
    "department": {"department_code": "D1"},
    "worker": {"worker_code": "w1"},
}


@pytest.fixture
def db(db: Connection) -> Connection:
    areas.save(db, [areas.Area("37", "city", "市", None, None), areas.Area("3701", "district", "区", "37", None)])
    workers.save(db, [workers.Worker("w1", "王")])
    departments.save(db, [departments.Department("D1", "局"), departments.Department("D2", "旧局", active=False)])
    return db


def make(db: Connection, login: str, role: str, **more: object) -> Account:
    accounts.create(db, login=login, name=login, role=role, password=PASSWORD, **more)  # type: ignore[arg-type]
    found = accounts.find(db, login)
    assert found is not None
    return found


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_what_it_needs_and_nothing_else(db: Connection, role: str) -> None:
    needed = accounts.needed(role)
    right: dict[str, object] = {}
    for what in needed:
        right |= PARTS[what]
    assert make(db, "right", role, **right).role == role
    for what, part in PARTS.items():
        wrong = {key: value for key, value in right.items() if key not in part} if what in needed else right | part
        with pytest.raises(Refused) as refused:
            make(db, "wrong", role, **wrong)
        assert refused.value.code == f"role_{'needs' if what in needed else 'takes_no'}_{what}"


def test_a_closed_department_takes_nobody(db: Connection) -> None:
    with pytest.raises(Refused, match="department_unknown"):
        make(db, "a", "handler", department_code="D2")


def test_a_change_ends_sessions_and_shutting_ends_tokens(db: Connection) -> None:
    before = make(db, "li", "manager", area_codes=("3701", "37"))
    session = accounts.log_in(db, "li", PASSWORD, NOW, POLICY)
    token = accounts.issue_bearer(db, "li", "t", NOW, timedelta(days=1))
    assert session is not None
    same = Wanted("li", "li", "manager", ("37", "3701"))
    assert accounts.is_as(before, same)
    assert not accounts.change(db, same, active=True)
    assert accounts.authenticate(db, session.token, "session", NOW) is not None
    assert accounts.change(db, Wanted("li", "李", "handler", department_code="D1"), active=True)
    assert accounts.authenticate(db, session.token, "session", NOW) is None
    actor = accounts.authenticate(db, token.token, "bearer", NOW)
    assert actor is not None
    assert (actor.role, actor.name, actor.area_ids, actor.department_id is None) == ("handler", "李", (), False)
    assert accounts.change(db, Wanted("li", "李", "handler", department_code="D1"), active=False)
    assert accounts.authenticate(db, token.token, "bearer", NOW) is None
    assert accounts.log_in(db, "li", PASSWORD, NOW, POLICY) is None
    with pytest.raises(NotFound):
        accounts.change(db, Wanted("nobody", "x", "planner"), active=True)
    with pytest.raises(Refused):
        accounts.change(db, Wanted("li", "李", "king"), active=True)


def test_the_last_active_admin_stays(db: Connection) -> None:
    make(db, "a", "admin")
    make(db, "b", "admin")
    accounts.disable(db, "b")
    accounts.disable(db, "b")  # it is no active one any more
    for change in (
        lambda: accounts.disable(db, "a"),
        lambda: accounts.change(db, Wanted("a", "a", "planner"), active=True),
        lambda: accounts.change(db, Wanted("a", "a", "admin"), active=False),
    ):
        with pytest.raises(Conflict, match="last_admin"):
            change()
    assert accounts.change(db, Wanted("a", "甲", "admin"), active=True)
    accounts.enable(db, "b")
    accounts.disable(db, "a")


def test_of_two_admins_who_shut_each_other_at_once_one_stays(fresh: Fresh) -> None:
    with fresh.begin() as db:
        make(db, "a", "admin")
        make(db, "b", "admin")
    inside, go_on = threading.Event(), threading.Event()
    said: list[str] = []

    def first() -> None:
        with fresh.begin() as db:
            accounts.disable(db, "a")
            inside.set()
            go_on.wait(20)

    def second() -> None:
        try:
            with fresh.begin() as db:
                accounts.change(db, Wanted("b", "b", "planner"), active=True)
        except GridsvcError as error:
            said.append(error.code)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert inside.wait(20)
    threads[1].start()
    threads[1].join(1)
    assert threads[1].is_alive()  # it waits for the first
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert said == ["last_admin"]
    with fresh.begin() as db:
        assert {one.login: (one.role, one.active) for one in accounts.listed(db)} == {
            "a": ("admin", False),
            "b": ("admin", True),
        }


def test_without_a_password_nobody_logs_in(db: Connection) -> None:
    accounts.create(db, login="new", name="n", role="planner", password=None)
    for guess in ("", "!", "None", PASSWORD):
        assert accounts.log_in(db, "new", guess, NOW, POLICY) is None
    accounts.set_password(db, "new", PASSWORD)
    assert accounts.log_in(db, "new", PASSWORD, NOW, POLICY) is not None


def test_accounts_are_found_by_words(db: Connection) -> None:
    make(db, "Zhang", "planner")
    make(db, "li_100%", "admin")
    assert [one.login for one in accounts.listed(db, "zHA")] == ["Zhang"]
    assert [one.login for one in accounts.listed(db, "100%")] == ["li_100%"]
    assert [one.login for one in accounts.listed(db, "%")] == ["li_100%"]
    assert len(accounts.listed(db, "")) == 2


def test_random_passwords_differ_and_are_long_enough() -> None:
    made = {accounts.new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == 17 and not set(one) & set("ilo01") for one in made)
