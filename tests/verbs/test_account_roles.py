"""Accounts of all roles: what each needs, what a change ends, and the one admin who stays."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gridsvc import accounts, areas, departments, devices, passwords, workers
from gridsvc.accounts import Account, Phone, Policy, Wanted
from gridsvc.errors import Conflict, GridsvcError, NotFound, Refused
from gridsvc.imports import accounts as importing
from gridsvc.imports import columns
from gridsvc.rules.roles import ROLES, Actor, needed
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
    uses = needed(role)
    right: dict[str, object] = {}
    for what in uses:
        right |= PARTS[what]
    assert make(db, "right", role, **right).role == role
    for what, part in PARTS.items():
        wrong = {key: value for key, value in right.items() if key not in part} if what in uses else right | part
        with pytest.raises(Refused) as refused:
            make(db, "wrong", role, **wrong)
        assert refused.value.code == f"role_{'needs' if what in uses else 'takes_no'}_{what}"


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
    # a token in the role that it lost ends with that: in another one it would do what nobody gave it
    assert accounts.authenticate(db, token.token, "bearer", NOW) is None
    token = accounts.issue_bearer(db, "li", "t", NOW, timedelta(days=1))
    actor = accounts.authenticate(db, token.token, "bearer", NOW)
    assert actor is not None
    assert (actor.role, actor.name, actor.area_ids, actor.department_id is None) == ("handler", "李", (), False)
    assert accounts.change(db, Wanted("li", "李二", "handler", department_code="D1"), active=True)
    assert accounts.authenticate(db, token.token, "bearer", NOW) is not None
    assert accounts.change(db, Wanted("li", "李", "handler", department_code="D1"), active=False)
    assert accounts.authenticate(db, token.token, "bearer", NOW) is None
    assert accounts.log_in(db, "li", PASSWORD, NOW, POLICY) is None
    with pytest.raises(NotFound):
        accounts.change(db, Wanted("nobody", "x", "planner"), active=True)
    with pytest.raises(Refused):
        accounts.change(db, Wanted("li", "李", "king"), active=True)


MANY: dict[str, object] = {"area_codes": ("37",), "department_code": "D1", "worker_code": "w1"}


def test_several_roles_name_what_each_of_them_needs(db: Connection) -> None:
    also = ("worker", "checker", "handler", "worker", "manager")
    assert make(db, "li", "manager", also_roles=also, **MANY).roles == ("manager", "handler", "checker", "worker")
    for lacks, told in (
        ("area_codes", ("role_needs_area", "manager")),
        ("department_code", ("role_needs_department", "handler")),
        ("worker_code", ("role_needs_worker", "worker")),
    ):
        with pytest.raises(Refused) as refused:
            make(db, "x", "manager", also_roles=also, **{key: value for key, value in MANY.items() if key != lacks})
        assert (refused.value.code, refused.value.facts["role"]) == told
    with pytest.raises(Refused) as refused:
        make(db, "x", "manager", also_roles=("checker",), **MANY)
    assert (refused.value.code, refused.value.facts["role"]) == ("role_takes_no_department", "manager, checker")
    with pytest.raises(Refused, match="role_unknown"):
        make(db, "x", "admin", also_roles=("king",))
    for wrong in ("'{king}'", "ARRAY[role]"):
        with pytest.raises(IntegrityError, match="account_also_roles_check"), db.begin_nested():
            db.execute(text(f"UPDATE account SET also_roles = {wrong}"))


def entered(db: Connection, phone: Phone | None = None) -> accounts.Issued:
    issued = accounts.log_in(db, "li", PASSWORD, NOW, POLICY, phone)
    assert issued is not None
    return issued


def facts_of(actor: Actor) -> tuple[object, ...]:
    return (actor.role, len(actor.area_ids), actor.worker_id is not None, actor.department_id is not None)


def test_one_role_is_acted_in_and_only_what_it_uses_is_there(db: Connection) -> None:
    make(db, "li", "manager", also_roles=("handler", "worker"), **MANY)
    session, phone = entered(db), entered(db, Phone("a", "session"))
    assert facts_of(session.actor) == ("manager", 1, False, False)
    assert facts_of(phone.actor) == ("worker", 0, True, False)  # what is carried from door to door
    assert facts_of(entered(db, Phone("b", "bearer", "handler")).actor) == ("handler", 0, False, True)
    assert facts_of(accounts.issue_bearer(db, "li", "", NOW, timedelta(days=1)).actor)[0] == "manager"
    token = accounts.issue_bearer(db, "li", "", NOW, timedelta(days=1), "worker")
    assert facts_of(token.actor) == ("worker", 0, True, False)
    assert {one.actor.roles for one in (session, phone, token)} == {("manager", "handler", "worker")}
    for wrong in ("admin", "king", ""):
        with pytest.raises(Refused, match="role_not_own"):
            accounts.switch(db, session.token, wrong, NOW)
    with pytest.raises(Refused, match="role_not_own"):
        accounts.issue_bearer(db, "li", "", NOW, timedelta(days=1), "checker")
    with pytest.raises(Refused, match="role_not_own"):
        entered(db, Phone("c", "session", "admin"))
    later = NOW + timedelta(hours=5)
    switched = accounts.switch(db, session.token, "worker", later)
    assert facts_of(switched.actor) == ("worker", 0, True, False)
    assert switched.expires_at == session.expires_at  # a switch makes no session longer
    assert accounts.authenticate(db, session.token, "session", later) is None
    assert accounts.authenticate_all(db, [(switched.token, "session")], later) == [switched.actor]
    for fixed in (phone.token, token.token, session.token, "nonsense"):
        with pytest.raises(Refused, match="role_fixed"):
            accounts.switch(db, fixed, "manager", later)


def test_a_lost_role_opens_nothing_at_once(db: Connection) -> None:
    make(db, "li", "manager", also_roles=("worker",), **(PARTS["area"] | PARTS["worker"]))
    kept = accounts.issue_bearer(db, "li", "kept", NOW, timedelta(days=1), "manager")
    lost = accounts.issue_bearer(db, "li", "lost", NOW, timedelta(days=1), "worker")
    phone = entered(db, Phone("a", "bearer"))
    account = accounts.find(db, "li")
    assert account is not None
    assert accounts.change(db, accounts.altered(account, also_roles=()), active=True)
    assert accounts.authenticate(db, kept.token, "bearer", NOW) is not None
    for gone in (lost, phone):
        assert accounts.authenticate(db, gone.token, "bearer", NOW) is None
    assert devices.ended(db, phone.token) == "device_revoked"
    assert db.scalars(text("SELECT label FROM credential")).all() == ["kept"]
    # whichever way it went: a role that the account does not have is no role of its tokens
    db.execute(text("UPDATE account SET role = 'planner' WHERE login = 'li'"))
    assert accounts.authenticate(db, kept.token, "bearer", NOW) is None
    assert accounts.authenticate_all(db, [(kept.token, "bearer")], NOW) == [None]


def test_an_admin_beside_another_role_is_an_admin(db: Connection) -> None:
    make(db, "a", "admin")
    make(db, "b", "planner", also_roles=("admin",))
    accounts.disable(db, "a")
    for change in (
        lambda: accounts.disable(db, "b"),
        lambda: accounts.change(db, Wanted("b", "b", "planner"), active=True),
        lambda: accounts.change(db, Wanted("b", "b", "planner", also_roles=("admin",)), active=False),
    ):
        with pytest.raises(Conflict, match="last_admin"):
            change()
    assert accounts.change(db, Wanted("b", "b", "admin", also_roles=("planner",)), active=True)


TABLE = """登录名,姓名,角色,辖区,工号
li,李,网格员、网格管理员,37,w1
wang,王,管理员；规划员;admin,,
zhao,赵,"worker, leader",37,
zhou,周,网格员、站长,,w1
"""


def test_a_cell_names_several_roles(db: Connection, tmp_path: Path) -> None:
    path = tmp_path / "账号.csv"
    path.write_text(TABLE, encoding="utf-8")

    def take() -> importing.Taken:
        table = columns.read(path, importing.COLUMNS, importing.REQUIRED)
        return importing.take(db, table, path.name, write=True, skip_refused=True, shown=lambda done, of: None)

    taken = take()
    assert {one.login: one.roles for one in taken.new} == {"li": ("worker", "manager"), "wang": ("admin", "planner")}
    assert [(one.row, one.code, dict(one.facts)) for one in taken.account.refused] == [
        (3, "role_needs_worker", {"role": "worker"}),
        (4, "role_word_unknown", {"found": "站长"}),
    ]
    again = take()
    assert (again.new, again.changed, again.account.tally.same) == ((), (), 2)
    path.write_text(TABLE.replace("网格员、网格管理员", "网格管理员、网格员"), encoding="utf-8")
    assert take().changed == ("li",)
    account = accounts.find(db, "li")
    assert account is not None
    assert account.roles == ("manager", "worker")


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
            go_on.wait(60)

    def second() -> None:
        try:
            with fresh.begin() as db:
                accounts.change(db, Wanted("b", "b", "planner"), active=True)
        except GridsvcError as error:
            said.append(error.code)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert inside.wait(60)
    threads[1].start()
    threads[1].join(1)
    assert threads[1].is_alive()  # it waits for the first
    go_on.set()
    for thread in threads:
        thread.join(60)
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
    made = {passwords.new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == 17 and not set(one) & set("ilo01") for one in made)
