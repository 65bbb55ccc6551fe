"""`gridsvc users`: accounts, by the operator who has the machine."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import timedelta

from sqlalchemy import Connection

from gridsvc import accounts
from gridsvc.accounts import Account
from gridsvc.cli.door import FINE, Door
from gridsvc.errors import NotFound, Refused


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code of one deed."""
    with door.owner() as db:
        if args.deed == "list":
            _list(door, accounts.listed(db))
            return FINE
        answer, told = _change(door, db, args)
        db.commit()
    if door.json:
        door.tell({"login": args.login, **answer})
    for line in told:
        door.say(line)
    return FINE


def _change(door: Door, db: Connection, args: argparse.Namespace) -> tuple[dict[str, object], list[str]]:
    """What `--json` answers, and what is said."""
    login = args.login
    if args.deed == "add":
        accounts.create(
            db,
            login=login,
            name=args.name or login,
            role=args.role[0],
            also_roles=args.role[1:],
            password=_password(door, args),
            area_codes=args.areas,
            department_code=args.department,
            worker_code=args.worker,
        )
        return _told(db, login), [door.word("cli.users.added", login=login, role=", ".join(args.role))]
    if args.deed == "change":
        return _altered(door, db, args)
    if args.deed == "token":
        issued = accounts.issue_bearer(db, login, args.label, door.now, timedelta(days=args.days), args.role)
        expires_at = issued.expires_at.isoformat()
        # With --json the token is in the answer; it must not stand on the terminal, or in a log of it, as well.
        said = [door.word("cli.users.issued", login=login)] + ([] if door.json else [issued.token])
        return {"token": issued.token, "expires_at": expires_at, "role": issued.actor.role}, said
    if args.deed == "password":
        accounts.set_password(db, login, _password(door, args))
        return {}, [door.word("cli.users.changed", login=login)]
    if args.deed == "disable":
        accounts.disable(db, login)
        return {"active": False}, [door.word("cli.users.disabled", login=login)]
    accounts.enable(db, login)
    return {"active": True}, [door.word("cli.users.enabled", login=login)]


def _altered(door: Door, db: Connection, args: argparse.Namespace) -> tuple[dict[str, object], list[str]]:
    """What was not named stays, unless no role has a use for it any more."""
    before = accounts.find(db, args.login)
    if before is None:
        raise NotFound("account_unknown", login=args.login)
    said = {"name": args.name, "area_codes": args.areas and tuple(args.areas)}
    said |= {"department_code": args.department, "worker_code": args.worker}
    if args.role:
        said |= {"role": args.role[0], "also_roles": tuple(args.role[1:])}
    wanted = accounts.altered(before, **{name: value for name, value in said.items() if value is not None})
    word = "altered" if accounts.change(db, wanted, active=before.active) else "same"
    return _told(db, args.login), [door.word(f"cli.users.{word}", login=args.login, role=", ".join(wanted.roles))]


def _told(db: Connection, login: str) -> dict[str, object]:
    account = accounts.find(db, login)
    return {} if account is None else {"role": account.role, "roles": list(account.roles)}


def _password(door: Door, args: argparse.Namespace) -> str:
    """The password: the first line of standard input, or typed twice; never an argument, which others could read."""
    if args.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = getpass.getpass(door.word("cli.users.ask", login=args.login))
        if getpass.getpass(door.word("cli.users.ask_again")) != password:
            raise Refused("passwords_differ")
    else:
        password = ""
    if not password:
        raise Refused("password_missing")
    return password


def _list(door: Door, found: list[Account]) -> None:
    if door.json:
        door.tell([vars(account) | {"roles": account.roles} for account in found])
        return
    if not found:
        door.say(door.word("cli.users.none"))
        return
    rows = [tuple(door.word("cli.users.columns").split("|"))]
    for one in found:
        state = door.word("cli.users.state_active" if one.active else "cli.users.state_disabled")
        where = " ".join(part for part in (*one.area_codes, one.department_code, one.worker_code) if part) or "-"
        rows.append((one.login, ", ".join(one.roles), one.name, where, state))
    for row in rows:
        door.say("\t".join(row))
