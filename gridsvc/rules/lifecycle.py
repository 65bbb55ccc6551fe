"""The life of a report as one table: state x action -> state, and what an action asks for.

Who may do an action stands in `rules.roles.MAY`; what it does to the case in `rules.case.decide`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gridsvc.errors import Conflict

# Families of states: what waits for somebody's work, what waits for the resident, what has left the ledger.
OPEN = frozenset({"reported", "verified", "filed", "dispatched", "disposed", "checked"})
ON_LEDGER = OPEN | {"closed"}
ENDED = frozenset({"struck_off", "void", "not_filed", "merged"})
STATES = ("reported", "verified", "filed", "dispatched", "disposed", "checked", "closed", *sorted(ENDED))

STAYS = ""  # the end of an action that leaves the state as it is


@dataclass(frozen=True)
class Edge:
    """Where an action starts, the states it can end in (`STAYS`: the one it started from), and what must come with it.

    `note`: words are required (a reason, a question, what was done). `public`: those words are read by the resident.
    `needs`: names of the further inputs without which the action is refused.
    """

    starts: frozenset[str]
    ends: tuple[str, ...]
    note: bool = False
    public: bool = False
    needs: tuple[str, ...] = ()


def _from(*states: str) -> frozenset[str]:
    return frozenset(states)


_BEFORE_FILING = _from("reported", "verified")
_IN_WORK = _from("filed", "dispatched")

TABLE: dict[str, Edge] = {
    # before filing: verify (核实) is a look at whether it exists
    "verify": Edge(_from("reported"), ("verified",)),
    "verify_absent": Edge(_from("reported"), (STAYS,), note=True),
    "verify_unable": Edge(_from("reported"), (STAYS,), note=True),
    "solve_on_spot": Edge(_BEFORE_FILING, ("disposed",), note=True, public=True, needs=("photos",)),
    "file": Edge(_BEFORE_FILING, ("filed",)),
    "not_file": Edge(_BEFORE_FILING, ("not_filed",), note=True, public=True),
    "link": Edge(_BEFORE_FILING | {"filed"}, ("merged",), needs=("parent",)),
    "unlink": Edge(_from("merged"), ("reported", "verified", "filed"), note=True),
    "recategorize": Edge(_BEFORE_FILING | _IN_WORK, (STAYS,), note=True, needs=("category",)),
    # dispatch and disposal
    "dispatch": Edge(_from("filed"), ("dispatched",), needs=("department",)),
    "claim": Edge(_from("filed"), ("dispatched",), needs=("department",)),
    "consult": Edge(_from("filed"), (STAYS,), note=True),
    "undo_dispatch": Edge(_from("dispatched"), ("filed",)),
    "accept": Edge(_from("dispatched"), (STAYS,)),
    "return": Edge(_from("dispatched"), ("filed",), note=True),
    "make_safe": Edge(_from("dispatched"), (STAYS,), note=True),
    "dispose": Edge(_from("dispatched"), ("disposed",), note=True),
    "ask_extension": Edge(_from("dispatched"), (STAYS,), note=True),
    "approve_extension": Edge(_from("dispatched"), (STAYS,)),
    "refuse_extension": Edge(_from("dispatched"), (STAYS,), note=True),
    "suspend": Edge(_IN_WORK, (STAYS,), note=True, needs=("until",)),
    "resume": Edge(_IN_WORK, (STAYS,)),
    "ask_resident": Edge(_IN_WORK, (STAYS,), note=True, public=True),
    "stop_asking": Edge(_IN_WORK, (STAYS,)),
    "watch": Edge(_IN_WORK, (STAYS,), note=True),
    # check (核查) is a look at whether it is fixed, by somebody else
    "check": Edge(_from("disposed"), ("checked",)),
    "check_failed": Edge(_from("disposed"), ("dispatched", "filed"), note=True),
    "check_unable": Edge(_from("disposed"), (STAYS,), note=True),
    # the end
    "answer": Edge(ON_LEDGER, (STAYS,), note=True, public=True),
    "close": Edge(_from("checked", "disposed"), ("closed",)),
    "rate": Edge(_from("closed"), (STAYS, "dispatched", "filed"), needs=("solved", "satisfied")),
    "strike_off": Edge(_from("closed"), ("struck_off",)),
    "void": Edge(OPEN, ("void",), note=True, public=True),
    "reopen": Edge(_from("struck_off", "void", "not_filed"), ("filed", "reported"), note=True),
    # pressure and help; none of these moves the report
    "remind": Edge(_from("reported", "verified", "filed", "dispatched", "disposed"), (STAYS,), note=True),
    "supervise": Edge(_from("filed", "dispatched", "disposed"), (STAYS,), note=True, needs=("card",)),
    "whistle": Edge(_IN_WORK, (STAYS,), note=True, needs=("departments",)),
    "whistle_arrive": Edge(_from("filed", "dispatched", "disposed"), (STAYS,)),
    "whistle_score": Edge(ON_LEDGER, (STAYS,), needs=("department", "score")),
    "escalate": Edge(OPEN, (STAYS,), needs=("reason",)),
    "place": Edge(OPEN, (STAYS,), needs=("where",)),
    "note": Edge(frozenset(STATES), (STAYS,), note=True),
    "unmask": Edge(frozenset(STATES), (STAYS,), note=True),
}


def edge(state: str, action: str) -> Edge:
    """The row of the table for an action that starts from this state.

    Raises:
        Conflict: the action does not start here; `allowed` names those that do.

    >>> edge("checked", "close").ends
    ('closed',)
    """
    found = TABLE.get(action)
    if found is None or state not in found.starts:
        allowed = ", ".join(action for action, row in TABLE.items() if state in row.starts)
        raise Conflict("step_not_allowed", state=state, action=action, allowed=allowed or "-")
    return found
