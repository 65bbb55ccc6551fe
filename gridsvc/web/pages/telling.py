"""A report's log and deadline in words: what each row did, with names instead of codes, and how much time is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gridsvc.dossier import Dossier, Entry, Folder
from gridsvc.photos import Shown
from gridsvc.rules.calendar import Calendar
from gridsvc.rules.case import MAX_WAITING, Case
from gridsvc.rules.deadlines import WORKING, is_overdue, state_of, worked
from gridsvc.rules.lifecycle import ENDED
from gridsvc.surroundings import Landmark
from gridsvc.web.templating import DASH, Frame

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """A row of the log: what happened, what it changed, a line each, and the photos it brought."""

    entry: Entry
    what: str
    lines: tuple[str, ...]
    public: bool
    photos: tuple[Shown, ...]


@dataclass(frozen=True)
class Deadline:
    """How a case stands against its due time: a code (see `deadline` of the catalogue) and the time left, in words."""

    state: str
    left: str | None
    due_at: datetime | None
    original_at: datetime | None


def history(frame: Frame, found: Dossier, folder: Folder) -> tuple[Told, ...]:
    """The whole log in words, in order."""
    told: list[Told] = []
    due: datetime | None = None
    for entry in found.log:
        facts = entry.facts or {}
        changed = facts.get("set") or {}
        lines, due = _lines(frame, folder, entry, facts, changed, due)
        what = _what(frame, folder, entry, facts, changed)
        pictures = tuple(one for one in folder.photos if one.seq == entry.seq)
        told.append(Told(entry, what, tuple(lines), bool(facts.get("public")), pictures))
    return tuple(told)


def _what(frame: Frame, folder: Folder, entry: Entry, facts: Json, changed: Json) -> str:
    department = folder.department(changed.get("department_id") or facts.get("department"))
    if entry.action == "watch":  # once more, and it is watched no longer
        return frame.label("action", "watch" if changed.get("outcome") == "watched" else "unwatch")
    key = f"pages.action.{entry.action}"
    found = frame.words(
        key,
        **{name: facts.get(name) or DASH for name in ("grid", "from", "to")}
        | {
            "department": department or DASH,
            "level": frame.label("level", changed.get("level")),
            "card": frame.label("card", facts.get("card") or changed.get("card")),
            "score": facts.get("score") or DASH,
        },
    )
    return entry.action if found == key else found


def _lines(
    frame: Frame, folder: Folder, entry: Entry, facts: Json, changed: Json, due: datetime | None
) -> tuple[list[str], datetime | None]:
    """What a row changed, a line each, and the due time after it."""
    lines: list[str] = []

    def say(name: str, **values: object) -> None:
        lines.append(frame.words(f"pages.told.{name}", **values))

    moved = facts.get("category")
    if isinstance(moved, dict):
        say("category", old=_category(frame, folder, moved.get("from")), new=_category(frame, folder, moved.get("to")))
    lines.extend(_corrected(frame, entry, facts))
    if changed.get("assist_ids"):
        say("assist", names=_names(frame, folder, changed["assist_ids"]))
    if facts.get("departments"):
        say("called", names=_names(frame, folder, facts["departments"]))
    if changed.get("routing"):
        say("routing", how=frame.label("routing", changed["routing"]))
    if "due_at" in changed:
        after = instant(changed["due_at"])
        if after is None:
            say("due_none")
        elif due is None or due == after:
            say("due", at=frame.minute(after))
        else:
            say("due_moved", old=frame.minute(due), at=frame.minute(after))
        due = after
    if changed.get("stage_due_at") and changed.get("stage") and changed["stage"] != "dispose":
        stage = frame.label("stage", changed["stage"])
        say("stage", stage=stage, at=frame.minute(instant(changed["stage_due_at"])))
    if changed.get("suspended_until"):
        say("until", at=frame.minute(instant(changed["suspended_until"])))
    if changed.get("interim_at"):
        say("interim", at=frame.minute(instant(changed["interim_at"])))
    if changed.get("solved") and changed.get("satisfied"):
        say(
            "rated", solved=frame.label("solved", changed["solved"]), how=frame.label("satisfied", changed["satisfied"])
        )
    if entry.action == "whistle" and changed.get("level"):
        say("up", level=frame.label("level", changed["level"]))
    if facts.get("passed"):
        say("passed", levels=_listed(frame, [frame.label("level", one) for one in facts["passed"]]))
    if facts.get("n_joined"):
        say("joined", n=facts["n_joined"])
    if facts.get("conditions"):
        say("conditions", n=facts["conditions"])
    if facts.get("struck"):
        say("struck", how=frame.label("struck", facts["struck"]))
    if changed.get("sampled") is not None and entry.action == "solve_on_spot":
        say("sampled" if changed["sampled"] else "not_sampled")
    if facts.get("reason"):
        say("reason", reason=frame.label("reason", str(facts["reason"])))
    lines.extend(_kept(frame, facts))
    if facts.get("unknown_years"):
        lines.append(frame.words("worktime.unknown_years", years=", ".join(map(str, facts["unknown_years"]))))
    return lines, due


def _corrected(frame: Frame, entry: Entry, facts: Json) -> list[str]:
    """What an import said otherwise than the one before."""
    told: list[str] = []
    was = facts.get("received_at")
    if isinstance(was, dict):
        old, new = (frame.minute(instant(was.get(name))) for name in ("from", "to"))
        told.append(frame.words("pages.told.received", old=old, new=new))
    if entry.action == "import" and entry.note:
        told.append(frame.words("pages.told.described"))
    return told


def _kept(frame: Frame, facts: Json) -> list[str]:
    """What a row says of the phone that kept it while there was no signal."""
    told: list[str] = []
    refused = facts.get("conflict")
    if isinstance(refused, dict):
        told.append(frame.words("pages.told.conflict", what=frame.label("deed", str(refused.get("action")))))
    importer = facts.get("imported_by")
    if importer:  # the account's id, in rows from before it was the login
        named = isinstance(importer, str)
        told.append(frame.words("pages.told.imported_by" if named else "pages.told.imported", who=importer))
    if facts.get("late"):
        told.append(frame.words("pages.told.late"))
    for name in ("done_at", "phone_at"):
        at = instant(facts.get(name))
        if at is not None:
            told.append(frame.words(f"pages.told.{name}", at=frame.minute(at)))
    return told


def _names(frame: Frame, folder: Folder, ids: list[int]) -> str:
    return _listed(frame, [folder.department(one) or DASH for one in ids])


def _listed(frame: Frame, names: list[str]) -> str:
    return ("、" if frame.lang == "zh" else ", ").join(names)


def _category(frame: Frame, folder: Folder, code: str | None) -> str:
    names = folder.categories.get(code or "")
    return (code or DASH) if names is None else names[0 if frame.lang == "zh" else 1]


def nearby(frame: Frame, found: Sequence[Landmark]) -> str:
    """A place in words: the compound that it is in or near, and the road; nothing where neither is near."""
    said = []
    for one in found:
        m = round(one.distance_m / 10) * 10
        if m == 0 or one.direction is None:
            said.append(frame.words(f"pages.nearby.{one.kind}_here", name=one.name))
        else:
            where = frame.words(f"pages.nearby.{one.direction}")
            said.append(frame.words("pages.nearby.off", name=one.name, direction=where, m=m))
    return _listed(frame, said)


def instant(text: str | None) -> datetime | None:
    """A time of the log or of a milestone; None where there is none."""
    return datetime.fromisoformat(text) if text else None


def deadline(frame: Frame, case: Case, now: datetime, calendar: Calendar) -> Deadline:
    """How the case stands now; once it is disposed of, how it stood then."""
    due = case.due_at
    if due is None or (case.state in ENDED and case.disposed_at is None):
        return Deadline("none", None, None, None)
    if case.disposed_at is not None:
        state = "missed" if is_overdue(case.disposed_at, due) else "kept"
        return Deadline(state, None, due, case.due_original_at)
    state = state_of(due, now, calendar, suspended=case.suspended_at is not None, waiting=case.waiting_at is not None)
    if case.stopped:
        return Deadline(state, None, due, case.due_original_at)
    late = now > due
    span = span_words(frame, *((due, now) if late else (now, due)), (case.due_limit or {}).get("unit"), calendar)
    return Deadline(
        state, frame.words(f"pages.left.{'late' if late else 'left'}", span=span), due, case.due_original_at
    )


def waited(log: Iterable[Entry], now: datetime) -> timedelta:
    """How long the clock stood still for the resident's answers, in all."""
    total, since = timedelta(0), None
    for entry in log:
        changed = (entry.facts or {}).get("set") or {}
        if "waiting_at" in changed:
            total += min(entry.at - since, MAX_WAITING) if since else timedelta(0)
            since = entry.at if changed["waiting_at"] else None
    return total + (min(now - since, MAX_WAITING) if since else timedelta(0))


def span_words(frame: Frame, begin: datetime, end: datetime, unit: str | None, calendar: Calendar) -> str:
    """The time between two instants as a limit in this unit counts it: working days and hours, or all of it."""
    if unit not in WORKING:
        return frame.lasted(end - begin)
    span = worked(begin, end, calendar, unit)
    days, rest = divmod(span, calendar.day_length)
    hours, minutes = rest // timedelta(hours=1), rest % timedelta(hours=1) // timedelta(minutes=1)
    parts = [("working_day", days), ("hour", hours), ("minute", 0 if days or hours else minutes)]
    said = [frame.words(f"pages.left.{name}_{'one' if n == 1 else 'many'}", n=n) for name, n in parts if n]
    return " ".join(said) or frame.words("pages.time.moment")


def limit(frame: Frame, milestones: Any) -> str:
    """A limit in words: its milestones in order, the deadline last."""
    said = []
    for one in milestones:
        length = frame.words(f"pages.limit.{one['unit']}_{'one' if one['amount'] == 1 else 'many'}", n=one["amount"])
        name = one.get("name")
        said.append(f"{frame.label('milestone', name)} {length}" if name else length)
    return (("，" if frame.lang == "zh" else ", ").join(said)) or frame.words("pages.limit.none")
