"""Who may do what, and whose rows they see: one table, deny by default."""

from __future__ import annotations

from dataclasses import dataclass

from gridsvc.errors import Forbidden, NotAuthenticated

ROLES = ("admin", "planner", "manager", "worker")

# What may be done, by whom. "anonymous" is a resident without an account. What is not listed nobody may do.
MAY: dict[str, frozenset[str]] = {
    "submit": frozenset({"anonymous", "admin", "planner", "manager", "worker"}),
    "read_categories": frozenset({"anonymous", "admin", "planner", "manager", "worker"}),
    "locate": frozenset({"admin", "planner", "manager", "worker"}),
    "read_reports": frozenset({"admin", "planner", "manager", "worker"}),
    "read_stats": frozenset({"admin", "planner", "manager", "worker"}),
    "read_map": frozenset({"admin", "planner", "manager", "worker"}),
    "read_basemap": frozenset({"anonymous", "admin", "planner", "manager", "worker"}),
    "place": frozenset({"admin", "manager"}),
    "apply": frozenset({"admin", "manager"}),
}


@dataclass(frozen=True)
class Actor:
    """Who asks: an account, or nobody (`role` anonymous).

    `area_ids` bounds what a manager sees; a worker sees the grids of the own duty; admin and planner see everything.
    """

    role: str = "anonymous"
    account_id: int | None = None
    login: str | None = None
    name: str | None = None
    worker_id: int | None = None
    area_ids: tuple[int, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is an account behind the call."""
        return self.account_id is not None

    @property
    def sees_all(self) -> bool:
        """Whether rows of every area exist for this reader."""
        return self.role in ("admin", "planner")


ANONYMOUS = Actor()


def may(actor: Actor, deed: str) -> bool:
    """Whether the table allows it.

    >>> may(ANONYMOUS, "submit"), may(ANONYMOUS, "locate"), may(ANONYMOUS, "no such deed")
    (True, False, False)
    """
    return actor.role in MAY.get(deed, frozenset())


def require(actor: Actor, deed: str) -> None:
    """Returns where the table allows it.

    Raises:
        NotAuthenticated: nobody is logged in, and somebody would have to be.
        Forbidden: the role may not.
    """
    if may(actor, deed):
        return
    if not actor.known:
        raise NotAuthenticated("login_needed")
    raise Forbidden("not_allowed", role=actor.role, deed=deed)
