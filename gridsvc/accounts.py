"""Accounts: who may log in, with which roles and areas; sessions and bearer tokens, of which only hashes are stored.

An account may have several roles. A session or token acts in one of them, and nobody ever in two at once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Select, any_, delete, exists, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert

from gridsvc import passwords, staff_log
from gridsvc.db import tables as t
from gridsvc.db.queries import ask, load
from gridsvc.errors import Conflict, NotAuthenticated, NotFound, Refused, TooMany
from gridsvc.rules.roles import ROLES, Actor, needed, role_on_phone

Kind = Literal["session", "bearer"]
MAX_LOGIN_CHARS = 64


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
    """A device on which somebody logs in for weeks: its name, and what it keeps, a cookie or a token.

    `role` is the one it is to act in; without it the account's own for a phone (`rules.roles.role_on_phone`).
    """

    name: str
    kind: Kind
    role: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What an account is to be: who keeps areas names some, a handler the own department, a worker the own post.

    Everybody else has none of them: what no role uses would only look as if it counted. `role` is the default one, in
    which a login begins; it may act in `also_roles` too.
    """

    login: str
    name: str
    role: str
    area_codes: tuple[str, ...] = ()
    department_code: str | None = None
    worker_code: str | None = None
    also_roles: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """The default one, and the others in their usual order."""
        others = {role for role in self.also_roles if role != self.role}
        return (self.role, *sorted(others, key=lambda role: (ROLES.index(role) if role in ROLES else -1, role)))


@dataclass(frozen=True)
class Account(Wanted):
    """An account as it is, and as `gridsvc users` lists it."""

    active: bool = True
    demo: bool = False


@dataclass(frozen=True)
class _Ids:
    """The rows that a wanted account names."""

    areas: tuple[int, ...]
    department: int | None
    worker: int | None


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
    also_roles: Sequence[str] = (),
    demo: bool = False,
) -> int:
    """The id of a new account; without a password nobody can log in until one is set.

    Raises:
        Refused: an unknown role, area, department or worker, a bad login or password, a role without what it needs or
            with what it does not use.
        Conflict: the login is taken.
    """
    wanted = Wanted(login, name, role, tuple(area_codes), department_code, worker_code, tuple(also_roles))
    ids = check(db, wanted)
    row: dict[str, object] = {"login": login, "name": name, "demo": demo} | _as_stored(wanted.roles)
    row["password_hash"] = passwords.NO_HASH if password is None else passwords.hashed(password)
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
    for role in wanted.roles:
        if role not in ROLES:
            raise Refused("role_unknown", role=role, known=", ".join(ROLES))
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
        using = next((role for role in wanted.roles if what in needed(role)), None)
        if (using is not None) != given:
            raise Refused(f"role_{'takes_no' if given else 'needs'}_{what}", role=using or ", ".join(wanted.roles))
    return ids


def altered(account: Account, **changes: Any) -> Wanted:
    """What an account is to be where only some of it changes: what no role uses any more goes by itself.

    >>> li = Account("li", "Li", "manager", ("37",))
    >>> altered(li, role="worker", also_roles=(), worker_code="w1").area_codes, altered(li, name="L").area_codes
    ((), ('37',))
    """
    now = replace(_as_wanted(account), **changes)
    used = set().union(*(needed(role) for role in now.roles))
    parts = {"area_codes": "area", "department_code": "department", "worker_code": "worker"}
    idle: dict[str, Any] = {name: None for name, what in parts.items() if name not in changes and what not in used}
    return replace(now, **(idle | {"area_codes": ()} if "area_codes" in idle else idle))


def change(db: Connection, wanted: Wanted, *, active: bool) -> bool:
    """Whether the account with this login was another one before; then its sessions end, and tokens in a role it lost.

    Shut, all its tokens end.

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
    if "admin" in before.roles and before.active and ("admin" not in wanted.roles or not active):
        _keep_one_admin(db, wanted.login)
    account_id = _account_id(db, wanted.login, active=False)
    values: dict[str, object] = {"name": wanted.name, "active": active} | _as_stored(wanted.roles)
    values |= {"worker_id": ids.worker, "department_id": ids.department}
    if active and not before.active:
        values |= {"n_failed": 0, "locked_until": None}
    db.execute(update(t.account).where(t.account.c.id == account_id).values(values))
    c = t.account_area.c
    db.execute(delete(t.account_area).where((c.account_id == account_id) & c.area_id.not_in(ids.areas)))
    _give_areas(db, account_id, ids.areas)
    _end_credentials(db, account_id, *(("session",) if active else ("session", "bearer")))
    lost = t.credential.c.role.not_in(wanted.roles)
    db.execute(delete(t.credential).where((t.credential.c.account_id == account_id) & lost))
    return True


def is_as(account: Account, wanted: Wanted) -> bool:
    """Whether an account is what is wanted already."""
    asked = replace(wanted, area_codes=tuple(sorted(set(wanted.area_codes))), also_roles=wanted.roles[1:])
    return _as_wanted(account) == asked


def _as_wanted(account: Account) -> Wanted:
    return Wanted(**{one.name: getattr(account, one.name) for one in fields(Wanted)})


def _as_stored(roles: tuple[str, ...]) -> dict[str, object]:
    return {"role": roles[0], "also_roles": list(roles[1:])}


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
    this transaction: commit it. It acts in the account's default role, on a phone in that of the phone.

    Raises:
        Refused: `role_not_own`: the phone's role is none of the account's.
        TooMany: somebody else is just logging in to the same account.
    """
    known = _is_login(login) and len(password) <= passwords.MAX_CHARS
    if known and not db.scalar(_LOCK_LOGIN, {"login": login}):
        raise TooMany("login_busy", retry_after_s=1)
    a = t.account.c
    row = db.execute(select(t.account).where((a.login == login) & a.active)).one_or_none() if known else None
    right = passwords.matches(row.password_hash if row else passwords.nobodys_hash(), password if known else "")
    if row is None or (row.locked_until is not None and row.locked_until > now):
        return None
    mine = update(t.account).where(a.id == row.id)
    if not right:
        n_failed = row.n_failed + 1
        waits = {"n_failed": 0, "locked_until": now + policy.wait} if n_failed >= policy.attempts else {}
        db.execute(mine.values({"n_failed": n_failed} | waits))
        return None
    db.execute(mine.values(n_failed=0, locked_until=None))
    anew = passwords.hashed_anew(row.password_hash, password)
    if anew is not None:
        staff_log.same_password(db, begins=True)
        db.execute(mine.values(password_hash=anew))
        staff_log.same_password(db, begins=False)
    c = t.credential.c
    db.execute(delete(t.credential).where((c.account_id == row.id) & (c.expires_at <= now)))
    if phone is None:
        return _issue(db, row.id, "session", "", now, policy.lasts, row.role)
    roles = (row.role, *row.also_roles)
    role = _own(phone.role or role_on_phone(roles), roles)
    return _issue(db, row.id, phone.kind, "", now, policy.lasts, role, phone)


def switch(db: Connection, token: str, role: str, now: datetime) -> Issued:
    """A new session in another role of the same account, until the old one would end, which opens nothing any more.

    So no form of a page that was drawn in the one role can be sent in the other.

    Raises:
        Refused: `role_not_own`: the account has no such role. `role_fixed`: it is no browser's session, but a phone's.
    """
    actor = authenticate(db, token, "session", now)
    if actor is None or actor.account_id is None or actor.device_id is not None:
        raise Refused("role_fixed")
    role = _own(role, actor.roles)
    c = t.credential.c
    until = db.scalar(delete(t.credential).where(c.token_hash == digest(token)).returning(c.expires_at))
    if until is None:  # another request was quicker
        raise NotAuthenticated("session_expired")
    return _issue(db, actor.account_id, "session", "", now, until - now, role)


def log_out(db: Connection, token: str) -> None:
    """Ends the session that this token opened; afterwards it opens nothing."""
    db.execute(delete(t.credential).where(t.credential.c.token_hash == digest(token)))


def issue_bearer(
    db: Connection, login: str, label: str, now: datetime, lasts: timedelta, role: str | None = None
) -> Issued:
    """A bearer token for programs, which acts in this role; without one in the account's default role.

    Raises:
        NotFound: no active account has this login.
        Refused: `role_not_own`: the account has no such role.
    """
    account_id, account = _account_id(db, login), find(db, login)
    roles = () if account is None else account.roles
    return _issue(db, account_id, "bearer", label, now, lasts, _own(role or roles[0], roles))


def _own(role: str, roles: Sequence[str]) -> str:
    """The role, where it is one of these."""
    if role not in roles:
        raise Refused("role_not_own", role=role, known=", ".join(roles))
    return role


def revoke_bearer(db: Connection, login: str, label: str | None = None) -> int:
    """How many bearer tokens of the account were ended; only those with this label where one is given."""
    c = t.credential.c
    mine = (c.account_id == _account_id(db, login, active=False)) & (c.kind == "bearer")
    return db.execute(delete(t.credential).where(mine if label is None else mine & (c.label == label))).rowcount


def authenticate(db: Connection, token: str, kind: Kind, now: datetime) -> Actor | None:
    """Who the token stands for, or None: unknown, expired, revoked, or the account was disabled."""
    rows = ask(db, "account_by_credential", {"token_hash": digest(token), "kind": kind, "now": now})
    return _actor(rows[0]) if rows else None


def authenticate_all(db: Connection, shown: Sequence[tuple[str, Kind]], now: datetime) -> list[Actor | None]:
    """The same for many tokens at once, in their order."""
    values = {"token_hashes": [digest(token) for token, _ in shown], "kinds": [kind for _, kind in shown], "now": now}
    found: list[Actor | None] = [None] * len(shown)
    for row in db.execute(load("account_by_credentials"), values):
        found[row.nr - 1] = _actor(row)
    return found


def actor_of(row: Any, role: str) -> Actor:
    """The account of a row in one of its roles, with only what this one uses: areas, worker or department."""
    uses = needed(role)
    return Actor(
        role,
        row.id,
        row.login,
        row.name,
        row.worker_id if "worker" in uses else None,
        tuple(row.area_ids) if "area" in uses else (),
        row.department_id if "department" in uses else None,
        roles=(row.role, *row.also_roles),
        own_worker_id=row.worker_id,
    )


def _actor(row: Any) -> Actor:
    return replace(actor_of(row, row.acted), device_id=row.device_id)


def set_password(db: Connection, login: str, password: str) -> None:
    """Gives the account a new password, ends its sessions and its waiting."""
    account_id = _account_id(db, login, active=False)
    values = {"password_hash": passwords.hashed(password), "n_failed": 0, "locked_until": None}
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
    codes = (tuple(sorted(row.codes or ())), row.department_code, row.worker_code)
    return Account(row.login, row.name, row.role, *codes, tuple(row.also_roles), row.active, row.demo)


_LISTED = (
    select(
        *(t.account.c.login, t.account.c.name, t.account.c.role, t.account.c.also_roles),
        *(t.account.c.active, t.account.c.demo),
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
_HAS_ADMIN = (t.account.c.role == "admin") | (literal("admin") == any_(t.account.c.also_roles))
_IS_ADMIN = _HAS_ADMIN & t.account.c.active
# Two admins who shut each other at once wait for each other, so that the second one sees what the first did.
_LOCK_ADMINS = text("SELECT pg_advisory_xact_lock(hashtext('gridsvc.admins'), hashtext(current_schema()))")
_LOCK_LOGIN = text("SELECT pg_try_advisory_xact_lock(hashtext('gridsvc.login'), hashtext(current_schema() || :login))")


def _issue(
    db: Connection,
    account_id: int,
    kind: Kind,
    label: str,
    now: datetime,
    lasts: timedelta,
    role: str,
    phone: Phone | None = None,
) -> Issued:
    token = secrets.token_urlsafe(32)
    row: dict[str, Any] = {"token_hash": digest(token), "kind": kind, "account_id": account_id}
    row |= {"created_at": now, "expires_at": now + lasts}
    if phone is not None:  # before its credential: what is logged of that names it
        staff_log.begin(db, Actor(role, account_id), now)
        db.execute(t.device.insert(), row | {"name": phone.name, "seen_at": now})
    db.execute(t.credential.insert(), row | {"label": label, "role": role})
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


def digest(token: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
