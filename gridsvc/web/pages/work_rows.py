"""A report in a worklist: until when, what is odd about it, its tick box, its cells in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from gridsvc.rules import deadlines
from gridsvc.rules.deadlines import Limit, is_overdue
from gridsvc.rules.decisions import UNDO
from gridsvc.terms import Agreed
from gridsvc.web.pages import telling
from gridsvc.web.pages.files import Cell
from gridsvc.web.templating import Frame
from gridsvc.worklist import Row

COLUMNS = (
    *("number", "deadline", "until", "due", "state", "category", "what", "compound", "grid_code", "grid", "area"),
    *("worker", "department", "level", "card", "flags", "received", "updated"),
)


@dataclass(frozen=True)
class Flag:
    """Something odd about a report: a kind for its shape and colour, and the words."""

    kind: str
    words: str


def until(row: Row) -> datetime | None:
    """The instant that a row's deadline state is about."""
    return deadlines.until(row.state, row.stage, row.due_at, row.stage_due_at)


def standing(row: Row) -> str | None:
    """The code of its deadline state, of which waiting for the resident is one; None where it waits for nobody."""
    return "waiting" if row.deadline == "suspended" and row.waiting_at is not None else row.deadline


def kept(row: Row) -> str | None:
    """Once disposed of: whether the deadline was `kept` or `missed`, for good; None before, or where there was none."""
    if row.disposed_at is None or row.due_at is None:
        return None
    return "missed" if is_overdue(row.disposed_at, row.due_at) else "kept"


def distance(agreed: Agreed, frame: Frame, row: Row) -> str | None:
    """How long until then or since, in words, counted as the limit counts it; None where no clock runs."""
    at = until(row)
    if at is None or row.deadline == "suspended":
        return None
    late = at < frame.now
    begin, end = (at, frame.now) if late else (frame.now, at)
    span = telling.span_words(frame, begin, end, _unit(agreed, row), agreed.general.calendar)
    return frame.words("pages.left.late" if late else "pages.left.left", span=span)


def _unit(agreed: Agreed, row: Row) -> str | None:
    """The unit that the limit counts in which `until` is about: the deadline's, or its stage's."""
    if until(row) == row.due_at:
        return row.due_unit
    limit = getattr(agreed.of(row.category).stages, row.stage or "", None)
    return limit.unit if isinstance(limit, Limit) else None


def undoable(row: Row, now: datetime) -> bool:
    """Whether its dispatch can still be taken back."""
    waits = row.state == "dispatched" and row.accepted_at is None
    return waits and row.dispatched_at is not None and now <= row.dispatched_at + UNDO


def flags(frame: Frame, row: Row) -> list[Flag]:
    """What is odd about a row, the most pressing first."""
    found: list[Flag] = []
    if row.card in ("red", "yellow"):
        found.append(Flag(f"card-{row.card}", frame.label("card", row.card)))
    if row.n_called:
        found.append(Flag("called", frame.words("pages.worklist.flag.whistle", n=row.n_called)))
    if row.routing == "consultation" and row.state == "filed":
        found.append(Flag("asked", frame.words("pages.worklist.flag.consultation")))
    if row.extension_asked_at is not None:
        found.append(Flag("asked", frame.words("pages.worklist.flag.extension")))
    if row.n_rework:
        found.append(Flag("again", frame.words("pages.report.rework", n=row.n_rework)))
    if row.n_returns:
        found.append(Flag("again", frame.words("pages.report.returned", n=row.n_returns)))
    if frame.doubtful(row.confidence):
        found.append(Flag("doubt", frame.words("pages.doubtful")))
    if row.interim_at is not None:
        found.append(Flag("plain", frame.words("pages.worklist.flag.interim")))
    if row.n_extensions:
        found.append(Flag("plain", frame.words("pages.report.n_extensions", n=row.n_extensions)))
    if row.outcome in ("on_spot", "watched"):
        found.append(Flag("plain", frame.label("outcome", row.outcome)))
    return found


def pick(row: Row) -> str:
    """What a row's tick box sends: which report, and the version of it that the page shows."""
    return urlencode({"version": row.version, "repeat": row.repeat, "source": row.source, "number": row.number})


def cells(frame: Frame, row: Row) -> list[Cell]:
    """The row in a file, by `COLUMNS`."""
    code = standing(row)
    told: dict[str, Cell] = {
        "number": row.number,
        "deadline": frame.label("deadline", code) if code else "",
        "until": _minute(frame, until(row)),
        "due": _minute(frame, row.due_at),
        "state": frame.label("state", row.state),
        "category": row.name_zh if frame.lang == "zh" else row.name_en,
        "what": row.description,
        "compound": row.compound or "",
        "grid_code": row.grid_code or "",
        "grid": row.grid_name or "",
        "area": row.area_name or "",
        "worker": row.worker_name or "",
        "department": row.department_name or "",
        "level": frame.label("level", row.level) if row.level else "",
        "card": frame.label("card", row.card) if row.card not in (None, "none") else "",
        "flags": ("、" if frame.lang == "zh" else ", ").join(one.words for one in flags(frame, row)),
        "received": frame.minute(row.received_at, day_only=row.day_only),
        "updated": _minute(frame, row.updated_at),
    }
    return [told[name] for name in COLUMNS]


def _minute(frame: Frame, at: datetime | None) -> str:
    return "" if at is None else frame.minute(at)


def telling_of(agreed: Agreed) -> Mapping[str, Any]:
    """What templates that show rows need; `agreed`: the calendar and the limits by which time is counted."""
    return {
        "until": until,
        "standing": standing,
        "kept": kept,
        "distance": partial(distance, agreed),
        "flags": flags,
        "pick_of": pick,
    }
