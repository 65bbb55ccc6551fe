"""Who may do what, and whose rows they see: one table, deny by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridsvc.errors import Forbidden, NotAuthenticated

# Roles that an account can have. Beside them there are callers without one: "anonymous", "resident" (who holds the
# secret link of one report, and so may rate it) and "system" (the service's own periodic work).
ROLES = ("admin", "planner", "leader", "dispatcher", "manager", "handler", "checker", "worker")
# Those who see the reports of their areas.
AREA_ROLES = frozenset({"leader", "dispatcher", "manager", "checker"})

_STAFF = frozenset(ROLES)
_DESK = frozenset({"admin", "leader", "dispatcher", "manager"})  # who keeps the reports of an area moving
_LEAD = frozenset({"admin", "leader"})
_FIELD = frozenset({"worker"})
_HANDLER = frozenset({"handler"})

# What may be done, by whom; actions on a report (rules/lifecycle.py) by their own name. What is not listed nobody may.
MAY: dict[str, frozenset[str]] = {
    "submit": _STAFF | {"anonymous"},
    "import_unsent": frozenset({"admin", "manager"}),  # of a file that a phone could not send
    "sync": _STAFF,  # what a phone kept; each item asks for its own deed
    "keep_offline": _STAFF - {"admin", "planner"},  # the lists of a phone: some grids, never all
    "read_categories": _STAFF | {"anonymous"},
    "read_basemap": _STAFF | {"anonymous"},
    "read_own_report": _STAFF | {"anonymous"},  # with the secret of its link
    "locate": _STAFF,
    "read_reports": _STAFF,
    "read_stats": _STAFF,
    "read_map": _STAFF,
    "read_worklist": _STAFF,
    "read_ledger": _STAFF,
    "read_departments": _STAFF,
    "read_responsibility": _STAFF,
    "manage_accounts": frozenset({"admin"}),
    "own_devices": _STAFF,
    "switch_role": _STAFF,  # to another one of the own account's, in a browser
    "manage_duty": frozenset({"admin", "manager"}),
    "manage_categories": frozenset({"admin"}),
    "manage_departments": frozenset({"admin"}),
    "read_audit": frozenset({"admin"}),
    # doors and visits
    "read_households": _DESK | _FIELD | {"planner"},
    "manage_households": frozenset({"admin", "planner", "manager"}),
    "unmask_household": frozenset({"manager", "leader", "worker"}),
    "record_visit": _FIELD | {"manager", "leader", "dispatcher"},
    "confirm_exclusion": _FIELD | {"manager", "leader"},
    "exclude_by_document": frozenset({"manager", "leader"}),
    "read_campaigns": _DESK | _FIELD | {"planner"},
    "manage_campaigns": frozenset({"admin", "planner"}),
    # actions before filing
    "verify": _FIELD | _DESK,
    "verify_absent": _FIELD | _DESK,
    "verify_unable": _FIELD | _DESK,
    "solve_on_spot": _FIELD,
    "file": _DESK,
    "not_file": _DESK,
    "place": _DESK,
    "recategorize": _DESK,
    "link": _DESK,
    "unlink": _DESK,
    # dispatch and disposal
    "dispatch": _DESK,
    "undo_dispatch": _DESK,
    "claim": _LEAD | _HANDLER,
    "consult": _DESK,
    "accept": _HANDLER,
    "return": _HANDLER,
    "make_safe": _HANDLER | _FIELD,  # a worker fences off what is dangerous, whoever is to mend it
    "dispose": _HANDLER,
    "ask_extension": _HANDLER,
    "approve_extension": _LEAD,
    "refuse_extension": _LEAD,
    "suspend": _LEAD,
    "resume": _LEAD | {"system"},
    "ask_resident": _DESK | _HANDLER,
    "stop_asking": _DESK | _HANDLER | {"resident", "system"},
    "watch": _DESK,
    # check and the end
    "check": frozenset({"checker", "worker", "manager"}),
    "check_failed": frozenset({"checker", "worker", "manager"}),
    "check_unable": frozenset({"checker", "worker", "manager"}),
    "answer": _DESK | _HANDLER | _FIELD,
    "close": _DESK,
    "rate": frozenset({"resident"}),
    "strike_off": _DESK | {"system"},
    "void": _LEAD,
    "reopen": _LEAD,
    # pressure and help
    "remind": _DESK,
    "supervise": _LEAD,
    "whistle": _LEAD | {"manager"},
    "whistle_arrive": _HANDLER,
    "whistle_score": _LEAD | {"manager"},
    "escalate": _DESK | {"system"},
    "note": _STAFF - {"planner"},
    "unmask": _DESK | {"handler", "worker"},
    # photos
    "send_photo": _STAFF | {"anonymous", "resident"},
    "read_photo": _STAFF,
    "read_own_photos": frozenset({"resident"}),  # what came with the report, on the page of its link
    "read_after_photos": frozenset({"resident"}),  # what was done, once somebody else has checked it
    "send_voice": _STAFF,
    "read_voice": _STAFF,
    "redact_photo": _DESK,
    "see_unredacted": frozenset({"admin"}),
    "release_to_public": frozenset({"admin", "leader", "manager"}),  # photos and words, beside what is public anyhow
    "read_public": _STAFF | {"anonymous"},  # problems from filing on: kind, state, day and a rough place
}


@dataclass(frozen=True)
class Actor:
    """Who asks: an account, or nobody (`role` anonymous, resident or system).

    `role` is the one acted in, of those that the account has (`roles`): it alone says what may be done and seen, and
    only what it uses of the account is here. `area_ids` are the account's areas (all below count too); who keeps an
    area sees its reports, a worker the grids of the own duty, a handler what the own department takes part in; admin
    and planner see everything. `device_id` is the phone's, where the login is one that can be taken back. `importer`
    takes in for this one what its phone could not send: then only what both see is there, and what is stored says so.
    `own_worker_id` is the account's worker in every role: whose second word this cannot be.
    """

    role: str = "anonymous"
    account_id: int | None = None
    login: str | None = None
    name: str | None = None
    worker_id: int | None = None
    area_ids: tuple[int, ...] = ()
    department_id: int | None = None
    device_id: int | None = None
    importer: Actor | None = None
    roles: tuple[str, ...] = ()
    own_worker_id: int | None = None

    @property
    def known(self) -> bool:
        """Whether there is an account behind the call."""
        return self.account_id is not None

    @property
    def sees_all(self) -> bool:
        """Whether rows of every area exist for this reader."""
        return self.role in ("admin", "planner", "system")


ANONYMOUS = Actor()
RESIDENT = Actor(role="resident")
SYSTEM = Actor(role="system")


def needed(role: str) -> frozenset[str]:
    """What an account of a role must name, and one without such a role must not: area, department or worker.

    >>> sorted(needed("manager") | needed("handler") | needed("worker")), needed("admin")
    (['area', 'department', 'worker'], frozenset())
    """
    named = {"area": role in AREA_ROLES, "department": role == "handler", "worker": role == "worker"}
    return frozenset(what for what, needs in named.items() if needs)


def role_on_phone(roles: Sequence[str], said: str | None = None) -> str:
    """The role in which an account of these roles, the default one first, works on a phone.

    The one it `said` where it has that one and a phone keeps its lists, else the worker's where it has that one, else
    the first whose lists a phone keeps, else the default one.

    >>> role_on_phone(["manager", "worker"]), role_on_phone(["admin", "checker"]), role_on_phone(["planner"])
    ('worker', 'checker', 'planner')
    >>> [role_on_phone(["manager", "worker", "admin"], said) for said in ("manager", "checker", "admin")]
    ['manager', 'worker', 'worker']
    """
    keeps = [role for role in roles if role in MAY["keep_offline"]]
    if said in keeps:
        return said
    return "worker" if "worker" in roles else (keeps or roles)[0]


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
    if not actor.known and actor.role == "anonymous":
        raise NotAuthenticated("login_needed")
    raise Forbidden("not_allowed", role=actor.role, deed=deed)
