"""What a phone keeps, as the API writes it: nothing that the register knows of anybody who lives there.

Numbers by which somebody could be found are hidden in the words of reports; a name in these is told as it was typed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from gridsvc import categories, reports, sync, sync_changes
from gridsvc.campaigns import Campaign
from gridsvc.rules import addresses, masking
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit

Json = dict[str, Any]


def told(unit: Unit, found: sync_changes.Kept) -> Json:
    """The list, or its changes; what is left out is as it was."""
    settings, actor = unit.mine.settings, unit.actor
    zone = settings.zone
    campaigns = [_campaign(*one) for one in found.campaigns]
    me: Json = {"login": actor.login, "name": actor.name, "role": actor.role, "worker": None}
    if found.worker is not None:
        me["worker"] = dict(zip(("code", "name"), found.worker, strict=True))
    answer: Json = {
        "reset": found.reset,
        "now": rows.moment(unit.now, zone),
        "day": found.day.isoformat(),
        "credit": " · ".join(part for part in (settings.tile_attribution, settings.map_review_number) if part),
        "nearest_max_m": settings.nearest_max_m,
        "me": me,
        "grids": [_grid(one) for one in found.grids or ()],
        "compounds": [_compound(one) for one in found.compounds or ()],
        "doors": [_door(unit, one, found) for one in found.doors],
        "campaign": campaigns[0] if campaigns else None,
        "campaigns": campaigns,
        "reports": [_report(unit, one) for one in found.reports],
        "gone": {
            "grids": [],
            "compounds": [],
            "doors": found.gone_doors,
            "reports": ["|".join(map(str, one)) for one in found.gone_reports],
        },
    }
    if found.categories is not None:
        answer["categories"] = [_category(*one) for one in found.categories]
    return answer


def _grid(one: Any) -> Json:
    same = {name: getattr(one, name) for name in ("code", "name", "layer", "own", "kind", "worker")}
    return same | {"geometry": json.loads(one.geometry)}


def _compound(one: Any) -> Json:
    return {name: getattr(one, name) for name in ("id", "name", "initials", "lon", "lat", "grid")}


def _door(unit: Unit, one: Any, found: sync_changes.Kept) -> Json:
    label = {lang: addresses.label(one.building, one.unit, one.room, lang) for lang in ("zh", "en")}
    same = ("id", "compound_id", "compound", "building", "unit", "room", "lon", "lat", "grid", "today", "status")
    door = {name: getattr(one, name) for name in same} | {"label": label, "n_visits": one.n_visits}
    door |= {"class": {"code": one.class_code, "zh": one.class_zh, "en": one.class_en}}
    door |= {"campaigns": list(one.campaigns), "visited_at": rows.moment(one.visited_at, unit.mine.settings.zone)}
    # of a door on one list its status says it
    door["unmet"] = list(one.unmet or ()) if len(one.campaigns) > 1 else None
    others = found.also.get(one.id)
    door["also"] = None if others is None else beside(others, unit.mine.settings.zone)
    return door if found.orders is None else door | {"order": found.orders.get(one.id)}


def beside(others: Sequence[sync.Beside], zone: ZoneInfo) -> list[Json]:
    """Visits of others at a door."""
    return [
        {"who": one.who, "happened_at": rows.moment(one.happened_at, zone), "outcome": one.outcome} for one in others
    ]


def _campaign(one: Campaign, n_eligible: int, n_reached: int) -> Json:
    told: Json = {"code": one.code, "name": one.wanted.name, "ends_on": one.wanted.ends_on.isoformat()}
    return told | {"questions": list(one.wanted.questions), "n_eligible": n_eligible, "n_reached": n_reached}


def _category(one: categories.Category, of: categories.Category | None, photo: bool, initials: str) -> Json:
    above = None if of is None else {"code": of.code, "zh": of.name_zh, "en": of.name_en}
    # a closing condition that names a photo compares it with one of before
    photo_at = ["report", "solve_on_spot", "dispose"] if photo else ["solve_on_spot"]
    same = {"code": one.code, "zh": one.name_zh, "en": one.name_en, "initials": initials, "kind": one.kind}
    return same | {"class": above, "photo_at": photo_at}


def _report(unit: Unit, one: sync_changes.Report) -> Json:
    held, said, zone = one.held, one.said, unit.mine.settings.zone
    return {
        "number": held.number,
        "source": held.source,
        "repeat": said.repeat,
        "key": None if said.key is None else str(said.key),
        "uid": reports.uid(said.sent_key),
        "version": held.seq,
        "state": held.state,
        "category": held.category,
        "description": masking.numbers(said.description),
        "words": masking.numbers(said.words),
        "lon": said.lon,
        "lat": said.lat,
        "grid": said.grid,
        "received_at": rows.moment(said.received_at, zone),
        "due_at": rows.moment(held.case.due_at, zone),
        "standing": one.standing,
        "until_at": rows.moment(one.until_at, zone),
        "actions": list(one.actions),
        "needs_photo": list(one.needs_photo),
        "n_photos": said.n_photos,
    }
