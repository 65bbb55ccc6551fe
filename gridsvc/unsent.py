"""What a phone could not send and the office takes in from its file: for whom it may, and who did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from gridsvc import accounts
from gridsvc.db import tables as t
from gridsvc.db.queries import ask
from gridsvc.errors import NotFound
from gridsvc.rules.roles import Actor, require, role_on_phone


def owner(db: Connection, login: str, importer: Actor, role: str | None = None) -> Actor:
    """The person who recorded the items, as whom they are taken, in the role in which the phone was logged in.

    A file that names none, or one that the account has no more, counts in the role that the account has on a phone.

    Each item asks for what that role may do.
    What is done to a report or at a door counts only where the importer sees it too.

    Raises:
        Forbidden: the importer's role takes nothing in.
        NotFound: `account_unknown`: there is no such account in use, or it is not for this importer.
    """
    require(importer, "import_unsent")
    which = {"login": login, "all_areas": importer.sees_all, "area_ids": list(importer.area_ids)}
    rows = ask(db, "unsent_owner", which)
    if not rows:
        raise NotFound("account_unknown", login=login)
    roles = (rows[0].role, *rows[0].also_roles)
    return replace(accounts.actor_of(rows[0], role_on_phone(roles, role)), importer=importer)


def keep(db: Connection, importer: Actor, whose: Actor, counts: Mapping[str, int], now: datetime) -> None:
    """Nothing; afterwards it is written down who took in how many items of whom."""
    row = {"importer_id": importer.account_id, "account_id": whose.account_id, "at": now}
    db.execute(t.unsent_import.insert(), row | {f"n_{status}": n for status, n in counts.items()})
