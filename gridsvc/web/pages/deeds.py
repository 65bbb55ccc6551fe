"""What a page lets a person do with a report: the actions that are possible now, what each asks for, the choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, select

from gridsvc import categories, dossier, responsibility
from gridsvc.categories import Category, Condition
from gridsvc.db import tables as t
from gridsvc.rules.case import Case
from gridsvc.rules.deadlines import LADDER
from gridsvc.rules.decisions import unanswered
from gridsvc.rules.effects import why_up
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import Actor
from gridsvc.settings import Settings

ASKED_ONCE = frozenset(
    {"strike_off"}
)  # what ends a report for good is asked about before it is done, here and in lists

GROUPS: dict[str, tuple[str, ...]] = {
    "before": (
        *("verify", "verify_absent", "verify_unable", "solve_on_spot", "file", "not_file", "recategorize"),
        *("link", "unlink"),
    ),
    "dispatch": (
        *("dispatch", "claim", "consult", "undo_dispatch", "accept", "return", "make_safe", "dispose"),
        *("ask_extension", "approve_extension", "refuse_extension", "suspend", "resume", "ask_resident"),
        *("stop_asking", "watch"),
    ),
    "pressure": ("remind", "supervise", "whistle", "whistle_arrive", "whistle_score", "escalate"),
    "end": ("check", "check_failed", "check_unable", "answer", "close", "strike_off", "void", "reopen"),
    "other": ("note", "unmask"),
}
# What is likely next, the likeliest first; two of those that are possible become the main buttons.
NEXT: dict[str, tuple[str, ...]] = {
    "reported": ("file", "solve_on_spot", "verify", "verify_absent"),
    "verified": ("file", "solve_on_spot", "not_file"),
    "filed": ("resume", "stop_asking", "dispatch", "claim"),
    "dispatched": (
        *("approve_extension", "refuse_extension", "undo_dispatch", "accept", "resume", "stop_asking"),
        *("whistle_arrive", "dispose", "make_safe", "remind"),
    ),
    "disposed": ("check", "check_failed", "close", "whistle_arrive"),
    "checked": ("close",),
    "closed": ("strike_off",),
}
MAIN = 2

# What the words of an action are; where nothing stands here, they are the reason for it.
WORDS = {
    "solve_on_spot": "done",
    "dispose": "done",
    "make_safe": "done",
    "ask_resident": "question",
    "answer": "answer",
    "close": "answer",
    "note": "words",
    "escalate": "words",
    "remind": "words",
    "consult": "words",
    "check": "words",
    "dispatch": "words",
    "approve_extension": "words",
    "stop_asking": "words",
    "unmask": "purpose",
}
OPTIONAL_WORDS = frozenset({"check", "dispatch", "approve_extension", "escalate"})
FIELDS: dict[str, tuple[str, ...]] = {
    "solve_on_spot": ("photos",),
    "verify_absent": ("photos",),
    "verify_unable": ("photos",),
    "file": ("condition",),
    "recategorize": ("category", "condition"),
    "link": ("parent",),
    "dispatch": ("department", "assist"),
    "claim": ("department",),
    "make_safe": ("at", "photos"),
    "dispose": ("photos",),
    "suspend": ("until",),
    "check": ("photos",),
    "check_failed": ("photos",),
    "check_unable": ("photos",),
    "supervise": ("card",),
    "whistle": ("departments",),
    "whistle_score": ("department", "score"),
    "escalate": ("reason",),
    "note": ("photos",),
}
# The field that a refusal is about; what stands nowhere is about the action as a whole.
FIELD_OF = {
    "note_missing": "note",
    "answer_missing": "note",
    "until_impossible": "until",
    "time_impossible": "at",
    "department_unknown": "department",
    "not_called": "department",
    "condition_unknown": "condition",
    "condition_missing": "condition",
    "condition_only": "condition",
    "category_unknown": "category",
    "report_unknown": "parent",
    "parent_not_open": "parent",
    "parent_itself": "parent",
    "card_unknown": "card",
    "reason_unknown": "reason",
    "not_overdue": "reason",
    "not_whistled": "reason",
    "score_impossible": "score",
}


@dataclass(frozen=True)
class Deed:
    """An action that is possible now: the kind of words it takes (None: none), whether it must, its further fields."""

    action: str
    words: str | None
    required: bool
    public: bool
    fields: tuple[str, ...]

    @property
    def direct(self) -> bool:
        """Whether one press is all there is to it."""
        return self.words is None and not self.fields and not self.asks

    @property
    def asks(self) -> bool:
        """Whether it is asked about once more."""
        return self.action in ASKED_ONCE


@dataclass(frozen=True)
class Choice:
    """A department that may be chosen."""

    code: str
    name: str


@dataclass(frozen=True)
class Choices:
    """What the fields of the possible actions may be filled with.

    `lead` says who the responsibility lists would have act, and why; `conditions` are those of the report's category,
    `conditions_of` those of the category that somebody just chose; `reasons` those for which it may go up a level.
    """

    departments: tuple[Choice, ...] = ()
    lead: responsibility.Answer | None = None
    lead_code: str | None = None
    assist_codes: frozenset[str] = frozenset()
    conditions: Sequence[Condition] = ()
    conditions_of: Sequence[Condition] = ()
    categories: Sequence[Category] = ()
    called: tuple[dossier.Call, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """What somebody sent for an action that was refused: fields by name, so that the form still holds them."""

    action: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, action: str, name: str) -> str:
        """What was written in a field of an action."""
        return self.values.get(name, "") if action == self.action else ""

    def all_of(self, action: str, name: str) -> tuple[str, ...]:
        """What was ticked in a field of an action."""
        return self.several.get(name, ()) if action == self.action else ()


@dataclass(frozen=True)
class Offer:
    """Everything a person may do now: the main ones, the rest by group, and the choices of their forms."""

    main: tuple[Deed, ...]
    groups: tuple[tuple[str, tuple[Deed, ...]], ...]
    choices: Choices
    actions: tuple[str, ...]

    @property
    def n_more(self) -> int:
        """How many stand under "more"."""
        return sum(len(deeds) for _, deeds in self.groups)


def offer(
    db: Connection,
    actor: Actor,
    folder: dossier.Folder,
    actions: tuple[str, ...],
    now: datetime,
    settings: Settings,
    kept: Kept,
) -> Offer:
    """What the page shows of the possible actions.

    `place` has its own form beside the map, `unmask` stands with the contact; what has nothing to act on is left out.
    """
    held = folder.held
    actions = tuple(one for one in actions if one not in idle(actor, folder))
    shown = tuple(one for one in actions if one not in ("place", "unmask"))
    choices = replace(_choices(db, actor, folder, shown, settings, kept), reasons=why_up(held.case, now))
    deeds = {one: _deed(one, actor, held.case, choices) for one in shown}
    main = [one for one in _next(held.case) if one in deeds][:MAIN]
    rest = {
        name: tuple(deeds[one] for one in group if one in deeds and one not in main) for name, group in GROUPS.items()
    }
    groups = tuple((name, found) for name, found in rest.items() if found)
    return Offer(tuple(deeds[one] for one in main), groups, choices, actions)


def idle(actor: Actor, folder: dossier.Folder) -> frozenset[str]:
    """The actions with nothing to act on: nothing hidden to unmask, no whistle for this department, nobody to score.

    What this person said in another role, somebody else decides on: an extension asked for, an arrival to score.
    """
    mine = any(one.department_id == actor.department_id and one.arrived_at is None for one in folder.calls)
    found = {
        "unmask": folder.hides,
        "whistle_arrive": mine,
        "whistle_score": bool(_to_score(folder)),
        "approve_extension": not folder.own_extension,
    }
    return frozenset(action for action, there in found.items() if not there)


def _to_score(folder: dossier.Folder) -> tuple[dossier.Call, ...]:
    return tuple(
        one for one in folder.calls if one.arrived_at is not None and one.department_id not in folder.own_arrivals
    )


def _next(case: Case) -> tuple[str, ...]:
    likely = NEXT.get(case.state, ())
    if case.state == "reported" and case.verified == "absent":
        return ("not_file", *likely)
    if case.state == "dispatched" and case.accepted_at is None:
        return tuple("return" if one == "dispose" else one for one in likely)  # accepting comes first
    return likely


def _deed(action: str, actor: Actor, case: Case, choices: Choices) -> Deed:
    row = TABLE[action]
    fields = FIELDS.get(action, ())
    if action == "file" and not choices.conditions:
        fields = ()
    if action == "claim" and actor.role == "handler":
        fields = ()  # for the own department
    required = row.note or (action == "close" and unanswered(case))
    takes = required or action == "close" or action in OPTIONAL_WORDS
    words = WORDS.get(action, "reason") if takes else None
    return Deed(action, words, required, row.public or action == "close", fields)


def _choices(
    db: Connection, actor: Actor, folder: dossier.Folder, actions: tuple[str, ...], settings: Settings, kept: Kept
) -> Choices:
    """What the possible actions need, and nothing that none of them asks for."""
    held, asked = folder.held, frozenset(actions)
    departments: tuple[Choice, ...] = ()
    lead, lead_code, assist = None, None, frozenset[str]()
    if asked & {"dispatch", "whistle"} or ("claim" in asked and actor.role != "handler"):
        d = t.department.c
        rows = db.execute(select(d.id, d.code, d.name).where(d.active).order_by(d.name, d.code)).all()
        departments = tuple(Choice(row.code, row.name) for row in rows)
        codes = {row.id: row.code for row in rows}
        level = held.case.level or LADDER[0]
        fallback = settings.territorial_fallback
        lead = responsibility.find(db, held.category, held.area_id, level, fallback=fallback)
        lead_code = codes.get(lead.lead_id) if lead.lead_id is not None else None
        assist = frozenset(codes[one] for one in lead.assist_ids if one in codes)
    chosen = kept.of("recategorize", "category")
    return Choices(
        departments=departments,
        lead=lead,
        lead_code=lead_code,
        assist_codes=assist,
        conditions=categories.limits(db, held.category) if asked & {"file", "recategorize"} else (),
        conditions_of=categories.limits(db, chosen) if chosen and "recategorize" in asked else (),
        categories=categories.listed(db) if "recategorize" in asked else (),
        called=_to_score(folder),
    )


def field_of(deed: str, code: str, facts: Mapping[str, object]) -> str:
    """The id of what a refusal of an action is about: one of its fields, or the action itself."""
    name = FIELD_OF.get(code)
    if code == "input_missing":
        name = str(facts.get("missing", "")).partition(",")[0]
    elif code.startswith(("photo_", "photos_")):
        name = "photos"
    if name == "department" and deed == "whistle":
        name = "departments"
    known = {*FIELDS.get(deed, ()), "note"}
    return f"act-{deed}-{name}" if name in known else f"act-{deed}"
