"""Accounts: who may log in, with which role and areas; sessions and bearer tokens, of which only hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Select, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from gridsvc import staff_log
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, NotFound, Refused, TooMany
from gridsvc.rules.roles import AREA_ROLES, ROLES, Actor

Kind = Literal["session", "bearer"]
MIN_PASSWORD_CHARS = 8
MAX_PASSWORD_CHARS = 256
MAX_LOGIN_CHARS = 64
_NO_HASH = "!"  # what no password has
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # 31 of them, without i, l, o, 0, 1


@dataclass(frozen=True)
class Policy:
    """How patient a login is: after so many wrong passwords the account waits; and how long a session lasts."""

    attempts: int
    wait: timedelta
    lasts: timedelta


@dataclass(frozen=True)
class Issued:
    """A new credential; `token` is shown this once and cannot be had again."""

    token: str
    expires_at: datetime
    actor: Actor


@dataclass(frozen=True)
class Phone:
    """A device on which somebody logs in for weeks: its name, and what it keeps, a cookie or a token."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Account:
    """An account as `gridsvc users` lists it."""

    login: str
    name: str
    role: str
    active: bool
    demo: bool
    area_codes: tuple[str, ...]
    worker_code: str | None
    department_code: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What an account is to be: who keeps areas names some, a handler the own department, a worker the own post.

    Everybody else has none of them: what a role does not use would only look as if it counted.
    """

    login: str
    name: str
    role: str
    area_codes: tuple[str, ...] = ()
    department_code: str | None = None
    worker_code: str | None = None


@dataclass(frozen=True)
class _Ids:
    """The rows that a wanted account names."""

    areas: tuple[int, ...]
    department: int | None
    worker: int | None


@cache
def _hasher() -> PasswordHasher:
    # argon2id with 32 MiB: some 50 ms on an office server, and little enough memory for a few logins at a time
    return PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(32))


def new_password() -> str:
    """A random password of 74 bits that can be read from paper: no letter looks like another one."""
    letters = ["".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3)]
    return "-".join(letters)


def create(
    db: Connection,
    *,
    login: str,
    name: str,
    role: str,
    password: str | None,
    area_codes: Sequence[str] = (),
    department_code: str | None = None,
    worker_code: str | None = None,
    demo: bool = False,
) -> int:
    """The id of a new account; without a password nobody can log in until one is set.

    Raises:
        Refused: an unknown role, area, department or worker, a bad login or password, a role without what it needs or
            with what it does not use.
        Conflict: the login is taken.
    """
    wanted = Wanted(login, name, role, tuple(area_codes), department_code, worker_code)
    ids = check(db, wanted)
    row = {"login": login, "name": name, "role": role, "demo": demo}
    row["password_hash"] = _NO_HASH if password is None else _hash(password)
    unless_taken = insert(t.account).on_conflict_do_nothing(index_elements=["login"]).returning(t.account.c.id)
    account_id = db.scalar(unless_taken, row | {"worker_id": ids.worker, "department_id": ids.department})
    if account_id is None:
        raise Conflict("login_taken", login=login)
    _give_areas(db, account_id, ids.areas)
    return int(account_id)


def check(db: Connection, wanted: Wanted) -> _Ids:
    """What the account would name, where it can be.

    Raises:
        Refused: as `create`.
    """
    if wanted.role not in ROLES:
        raise Refused("role_unknown", role=wanted.role, known=", ".join(ROLES))
    if not _is_login(wanted.login):
        raise Refused("login_malformed", max=MAX_LOGIN_CHARS)
    areas = _area_ids(db, wanted.area_codes)
    d, w = t.department.c, t.worker.c
    department, worker = wanted.department_code, wanted.worker_code
    ids = _Ids(
        tuple(areas),
        _one_id(db, select(d.id).where((d.code == department) & d.active), department=department),
        _one_id(db, select(w.id).where(w.code == worker), worker=worker),
    )
    has = {"area": bool(ids.areas), "department": ids.department is not None, "worker": ids.worker is not None}
    for what, given in has.items():
        needs = what in needed(wanted.role)
        if needs != given:
            raise Refused(f"role_{'needs' if needs else 'takes_no'}_{what}", role=wanted.role)
    return ids


def needed(role: str) -> frozenset[str]:
    """What an account of a role must name, and no other may: area, department or worker.

    >>> sorted(needed("manager") | needed("handler") | needed("worker")), needed("admin")
    (['area', 'department', 'worker'], frozenset())
    """
    named = {"area": role in AREA_ROLES, "department": role == "handler", "worker": role == "worker"}
    return frozenset(what for what, needs in named.items() if needs)


def change(db: Connection, wanted: Wanted, *, active: bool) -> bool:
    """Whether the account with this login was another one before; then its sessions end, and shut, its tokens too.

    Raises:
        NotFound: no account has the login.
        Refused: as `create`.
        Conflict: `last_admin`: nobody could make accounts any more.
    """
    db.execute(_LOCK_ADMINS)
    before = find(db, wanted.login)
    if before is None:
        raise NotFound("account_unknown", login=wanted.login)
    ids = check(db, wanted)
    if is_as(before, wanted) and before.active == active:
        return False
    if before.role == "admin" and before.active and (wanted.role != "admin" or not active):
        _keep_one_admin(db, wanted.login)
    account_id = _account_id(db, wanted.login, active=False)
    values = {"name": wanted.name, "role": wanted.role, "active": active}
    values |= {"worker_id": ids.worker, "department_id": ids.department}
    if active and not before.active:
        values |= {"n_failed": 0, "locked_until": None}
    db.execute(update(t.account).where(t.account.c.id == account_id).values(values))
    c = t.account_area.c
    db.execute(delete(t.account_area).where((c.account_id == account_id) & c.area_id.not_in(ids.areas)))
    _give_areas(db, account_id, ids.areas)
    _end_credentials(db, account_id, *(("session",) if active else ("session", "bearer")))
    return True


def is_as(account: Account, wanted: Wanted) -> bool:
    """Whether an account is what is wanted already."""
    codes = (account.area_codes, account.department_code, account.worker_code)
    asked = replace(wanted, area_codes=tuple(sorted(set(wanted.area_codes))))
    return Wanted(account.login, account.name, account.role, *codes) == asked


def _give_areas(db: Connection, account_id: int, areas: Sequence[int]) -> None:
    if areas:
        rows = [{"account_id": account_id, "area_id": area_id} for area_id in areas]
        db.execute(insert(t.account_area).on_conflict_do_nothing(), rows)


def _one_id(db: Connection, question: Select[Any], **named: str | None) -> int | None:
    """The id of what is named by its code; None where nothing is."""
    ((what, code),) = named.items()
    if code is None:
        return None
    found = db.scalar(question)
    if found is None:
        raise Refused(f"{what}_unknown", **{what: code})
    return int(found)


def _keep_one_admin(db: Connection, login: str) -> None:
    """Returns where another active admin remains."""
    if not db.scalar(select(exists().where(_IS_ADMIN & (t.account.c.login != login)))):
        raise Conflict("last_admin", login=login)


def log_in(
    db: Connection, login: str, password: str, now: datetime, policy: Policy, phone: Phone | None = None
) -> Issued | None:
    """A new session, or None: login or password is wrong, or the account waits after too many wrong ones.

    On a phone it is one that can be taken back (`gridsvc.devices`).

    None does not say which, and takes as long for a login that does not exist. The count of wrong passwords is part of
    this transaction: commit it.

    Raises:
        TooMany: somebody else is just logging in to the same account.
    """
    known = _is_login(login) and len(password) <= MAX_PASSWORD_CHARS
    if known and not db.scalar(_LOCK_LOGIN, {"login": login}):
        raise TooMany("login_busy", retry_after_s=1)
    a = t.account.c
    row = db.execute(select(t.account).where((a.login == login) & a.active)).one_or_none() if known else None
    right = _matches(row.password_hash if row else _nobodys_hash(), password if known else "")
    if row is None or (row.locked_until is not None and row.locked_until > now):
        return None
    mine = update(t.account).where(a.id == row.id)
    if not right:
        n_failed = row.n_failed + 1
        waits = {"n_failed": 0, "locked_until": now + policy.wait} if n_failed >= policy.attempts else {}
        db.execute(mine.values({"n_failed": n_failed} | waits))
        return None
    fresh = (
        {"password_hash": _hasher().hash(_bytes(password))} if _hasher().check_needs_rehash(row.password_hash) else {}
    )
    if fresh:
        staff_log.same_password(db, begins=True)
    db.execute(mine.values({"n_failed": 0, "locked_until": None} | fresh))
    if fresh:
        staff_log.same_password(db, begins=False)
    c = t.credential.c
    db.execute(delete(t.credential).where((c.account_id == row.id) & (c.expires_at <= now)))
    return _issue(db, row.id, "session" if phone is None else phone.kind, "", now, policy.lasts, phone)


def log_out(db: Connection, token: str) -> None:
    """Ends the session that this token opened; afterwards it opens nothing."""
    db.execute(delete(t.credential).where(t.credential.c.token_hash == digest(token)))


def issue_bearer(db: Connection, login: str, label: str, now: datetime, lasts: timedelta) -> Issued:
    """A bearer token for programs.

    Raises:
        NotFound: no active account has this login.
    """
    return _issue(db, _account_id(db, login), "bearer", label, now, lasts)


def revoke_bearer(db: Connection, login: str, label: str | None = None) -> int:
    """How many bearer tokens of the account were ended; only those with this label where one is given."""
    c = t.credential.c
    mine = (c.account_id == _account_id(db, login, active=False)) & (c.kind == "bearer")
    return db.execute(delete(t.credential).where(mine if label is None else mine & (c.label == label))).rowcount


def authenticate(db: Connection, token: str, kind: Kind, now: datetime) -> Actor | None:
    """Who the token stands for, or None: unknown, expired, revoked, or the account was disabled."""
    row = db.execute(
        load("account_by_credential"), {"token_hash": digest(token), "kind": kind, "now": now}
    ).one_or_none()
    return None if row is None else _actor(row)


def authenticate_all(db: Connection, shown: Sequence[tuple[str, Kind]], now: datetime) -> list[Actor | None]:
    """The same for many tokens at once, in their order."""
    values = {"token_hashes": [digest(token) for token, _ in shown], "kinds": [kind for _, kind in shown], "now": now}
    found: list[Actor | None] = [None] * len(shown)
    for row in db.execute(load("account_by_credentials"), values):
        found[row.nr - 1] = _actor(row)
    return found


def _actor(row: Any) -> Actor:
    of = (row.worker_id, tuple(row.area_ids), row.department_id, row.device_id)
    return Actor(row.role, row.id, row.login, row.name, *of)


def set_password(db: Connection, login: str, password: str) -> None:
    """Gives the account a new password, ends its sessions and its waiting."""
    account_id = _account_id(db, login, active=False)
    values = {"password_hash": _hash(password), "n_failed": 0, "locked_until": None}
    db.execute(update(t.account).where(t.account.c.id == account_id).values(values))
    _end_credentials(db, account_id, "session")


def disable(db: Connection, login: str) -> None:
    """Shuts the account: no login, and every session and token of it ends.

    Raises:
        NotFound: no account has the login.
        Conflict: `last_admin`.
    """
    db.execute(_LOCK_ADMINS)
    account_id = _account_id(db, login, active=False)
    if db.scalar(select(t.account.c.id).where((t.account.c.id == account_id) & _IS_ADMIN)) is not None:
        _keep_one_admin(db, login)
    db.execute(update(t.account).where(t.account.c.id == account_id).values(active=False))
    _end_credentials(db, account_id, "session", "bearer")


def enable(db: Connection, login: str) -> None:
    """Opens a disabled account again, with its old password."""
    account_id = _account_id(db, login, active=False)
    db.execute(update(t.account).where(t.account.c.id == account_id).values(active=True, n_failed=0, locked_until=None))


def has_demo(db: Connection) -> bool:
    """Whether an account of the demo, whose password was printed on a screen, can still log in."""
    return bool(db.scalar(select(exists().where(t.account.c.demo & t.account.c.active))))


def listed(db: Connection, words: str | None = None) -> list[Account]:
    """Every account, by login; those with the words in login or name where some are given."""
    a, told = t.account.c, (words or "").lower()
    has = (func.strpos(func.lower(a.login), told) > 0) | (func.strpos(func.lower(a.name), told) > 0)
    return [_account(row) for row in db.execute(_LISTED.where(has) if told else _LISTED)]


def find(db: Connection, login: str) -> Account | None:
    """The account with this login; None where there is none."""
    row = db.execute(_LISTED.where(t.account.c.login == login)).one_or_none()
    return None if row is None else _account(row)


def _account(row: Any) -> Account:
    codes = (tuple(sorted(row.codes or ())), row.worker_code, row.department_code)
    return Account(row.login, row.name, row.role, row.active, row.demo, *codes)


_LISTED = (
    select(
        *(t.account.c.login, t.account.c.name, t.account.c.role, t.account.c.active, t.account.c.demo),
        select(func.array_agg(t.area.c.code))
        .join(t.account_area, t.account_area.c.area_id == t.area.c.id)
        .where(t.account_area.c.account_id == t.account.c.id)
        .scalar_subquery()
        .label("codes"),
        *(t.worker.c.code.label("worker_code"), t.department.c.code.label("department_code")),
    )
    .join(t.worker, t.worker.c.id == t.account.c.worker_id, isouter=True)
    .join(t.department, t.department.c.id == t.account.c.department_id, isouter=True)
    .order_by(t.account.c.login)
)
_IS_ADMIN = (t.account.c.role == "admin") & t.account.c.active
# Two admins who shut each other at once wait for each other, so that the second one sees what the first did.
_LOCK_ADMINS = text("SELECT pg_advisory_xact_lock(hashtext('gridsvc.admins'), hashtext(current_schema()))")
_LOCK_LOGIN = text("SELECT pg_try_advisory_xact_lock(hashtext('gridsvc.login'), hashtext(current_schema() || :login))")


def _issue(
    db: Connection, account_id: int, kind: Kind, label: str, now: datetime, lasts: timedelta, phone: Phone | None = None
) -> Issued:
    token = secrets.token_urlsafe(32)
    row: dict[str, Any] = {"token_hash": digest(token), "kind": kind, "account_id": account_id}
    row |= {"created_at": now, "expires_at": now + lasts}
    if phone is not None:  # before its credential: what is logged of that names it
        staff_log.begin(db, Actor(account_id=account_id), now)
        db.execute(t.device.insert(), row | {"name": phone.name, "seen_at": now})
    db.execute(t.credential.insert(), row | {"label": label})
    actor = authenticate(db, token, kind, now)
    if actor is None:
        raise Refused("credential_lasts_nothing")
    return Issued(token, now + lasts, actor)


def _end_credentials(db: Connection, account_id: int, *kinds: Kind) -> None:
    c, d = t.credential.c, t.device.c
    of_phones = c.token_hash.in_(select(d.token_hash).where(d.account_id == account_id))
    db.execute(delete(t.credential).where((c.account_id == account_id) & (c.kind.in_(kinds) | of_phones)))


def _account_id(db: Connection, login: str, *, active: bool = True) -> int:
    found = select(t.account.c.id).where(t.account.c.login == login)
    account_id = db.scalar(found.where(t.account.c.active) if active else found)
    if account_id is None:
        raise NotFound("account_unknown", login=login)
    return int(account_id)


def _area_ids(db: Connection, codes: Sequence[str]) -> list[int]:
    rows = db.execute(select(t.area.c.code, t.area.c.id).where(t.area.c.code.in_(codes))).all() if codes else []
    known = {row.code: row.id for row in rows}
    for code in codes:
        if code not in known:
            raise Refused("area_unknown", area=code)
    return sorted(set(known.values()))


def _is_login(login: str) -> bool:
    return 0 < len(login) <= MAX_LOGIN_CHARS and login.isprintable() and not any(c.isspace() for c in login)


def _hash(password: str) -> str:
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise Refused("password_length", min=MIN_PASSWORD_CHARS, max=MAX_PASSWORD_CHARS)
    return _hasher().hash(_bytes(password))


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher().verify(stored, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    # half a character is no UTF-8, yet somebody may send one: it is a wrong password, not an error
    return password.encode("utf-8", "surrogatepass")


def digest(token: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
