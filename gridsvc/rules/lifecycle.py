"""States of a report and the steps between them, as one table."""

from __future__ import annotations

from gridsvc.errors import Conflict

# action -> (states it starts from, state it ends in)
STEPS: dict[str, tuple[frozenset[str], str]] = {
    "close": (frozenset({"reported"}), "closed"),
    "void": (frozenset({"reported"}), "void"),
}
OPEN = frozenset({"reported"})


def step(state: str, action: str) -> str:
    """The state that `action` leads to.

    Raises:
        Conflict: the action does not start from this state; `allowed` names those that do.

    >>> step("reported", "close")
    'closed'
    """
    starts, end = STEPS.get(action, (frozenset[str](), ""))
    if state not in starts:
        allowed = sorted(name for name, (froms, _) in STEPS.items() if state in froms)
        raise Conflict("step_not_allowed", state=state, action=action, allowed=", ".join(allowed) or "-")
    return end
