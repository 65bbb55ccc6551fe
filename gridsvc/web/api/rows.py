"""Rows as the API writes them: places, posts and reports, for those who log in and for those who do not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gridsvc.dossier import Dossier, Said
from gridsvc.duplicates import Similar
from gridsvc.grids import DOUBTFUL_BELOW, Placement
from gridsvc.i18n import Locale, translate
from gridsvc.listing import Listed
from gridsvc.reports import Submitted

Json = dict[str, Any]


def grid(code: str | None, name: str | None, layer: str | None) -> Json | None:
    """A grid, or nothing."""
    return None if code is None else {"code": code, "name": name, "layer": layer}


def worker(
    name: str | None, duty: str | None, grid_name: str | None, area_name: str | None, locale: Locale, *, known: bool
) -> Json | None:
    """Who has it: the person, if the reader is known, and the post; nothing where nobody has it."""
    if duty is None or duty == "nobody":
        return None
    post = translate(f"post.{duty}", locale, grid=grid_name or "", area=area_name or "")
    return {"name": name, "post": post} if known else {"post": post}


def found(
    method: str,
    distance_m: float | None,
    confidence: float | None,
    runners_up: Sequence[Sequence[Any]] | None,
    reason: str | None,
    *,
    known: bool,
) -> Json:
    """How a grid was found; for those who do not log in too coarse to tell the corrected position by."""
    digits_m, digits = (3, 4) if known else (None, 1)
    return {
        "method": method,
        "distance_m": None if distance_m is None else round(distance_m, digits_m),
        "confidence": None if confidence is None else round(confidence, digits),
        "doubtful": confidence is not None and confidence < DOUBTFUL_BELOW,
        "runners_up": [{"grid": code, "share": round(share, digits)} for code, share in runners_up or ()],
        "reason": reason,
    }


def placed(placement: Placement, locale: Locale, *, known: bool) -> Json:
    """Grid, placement and worker of a placement."""
    p = placement
    return {
        "grid": grid(p.code, p.name, p.layer),
        "placement": found(p.method, p.distance_m, p.confidence, p.runners_up, p.reason, known=known),
        "worker": worker(p.worker_name, p.duty, p.name, p.area_name, locale, known=known),
    }


def sent(stored: Submitted, zone: ZoneInfo) -> Json:
    """What else the answer to a submission says."""
    return {"due_at": moment(stored.due_at, zone), "n_similar": stored.n_similar}


def similar(one: Similar, zone: ZoneInfo) -> Json:
    """An open report near another one."""
    return {
        "number": one.number,
        "distance_m": one.distance_m,
        "received_at": moment(one.received_at, zone),
        "description": one.description,
    }


def listed(row: Listed, locale: Locale, zone: ZoneInfo) -> Json:
    """A report of a list."""
    return _said(row, locale, zone) | {
        "grid": grid(row.grid_code, row.grid_name, row.grid_layer),
        "placement": found(row.method, row.distance_m, row.confidence, row.runners_up, row.reason, known=True),
        "worker": worker(row.worker_name, row.duty, row.grid_name, row.area_name, locale, known=True),
    }


def whole(dossier: Dossier, locale: Locale, zone: ZoneInfo) -> Json:
    """A report with its log."""
    now = dossier.now
    log = [
        {
            "seq": one.seq,
            "action": one.action,
            "from_state": one.from_state,
            "to_state": one.to_state,
            "at": moment(one.at, zone),
            "actor": one.actor_name,
            "note": one.note,
            "facts": one.facts,
        }
        for one in dossier.log
    ]
    return _said(dossier.said, locale, zone) | {
        "grid": grid(now.code, now.name, now.layer),
        "placement": found(now.method, now.distance_m, now.confidence, now.runners_up, now.reason, known=True),
        "worker": worker(now.worker_name, now.duty, now.name, now.area_name, locale, known=True),
        "measured": _measured(dossier.said),
        "phone_at": moment(dossier.said.phone_at, zone),
        "version": dossier.seq,
        "log": log,
    }


def _measured(said: Said) -> Json | None:
    """The device's own fix."""
    if said.measured_lon is None:
        return None
    found: Json = {"lon": said.measured_lon, "lat": said.measured_lat, "accuracy_m": said.measured_accuracy_m}
    return found | {"crs": said.measured_crs, "raw": [said.measured_x, said.measured_y]}


def feature(report: Json) -> Json:
    """A report as a GeoJSON feature; without geometry where it has no position."""
    at = report["location"]
    geometry = None if at is None else {"type": "Point", "coordinates": [at["lon"], at["lat"]]}
    key = f"{report['source']}/{report['number']}/{report['repeat']}"
    return {"type": "Feature", "id": key, "geometry": geometry, "properties": report}


def moment(at: datetime | None, zone: ZoneInfo) -> str | None:
    """A time with the offset of the zone of the settings."""
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")


def _said(row: Listed | Said, locale: Locale, zone: ZoneInfo) -> Json:
    location: Json | None = None
    if row.lon is not None:
        location = {"lon": row.lon, "lat": row.lat, "accuracy_m": row.accuracy_m, "crs": row.crs}
        location["raw"] = [row.raw_x, row.raw_y]
    name = row.name_zh if locale == "zh" else row.name_en
    return {
        "source": row.source,
        "number": row.number,
        "repeat": row.repeat,
        "state": row.state,
        "category": {"code": row.category, "name": name, "raw": row.category_raw},
        "description": row.description,
        "channel": row.channel,
        "words": row.words,
        "compound": row.compound,
        "location": location,
        "observed_at": moment(row.observed_at, zone),
        "received_at": moment(row.received_at, zone),
        "day_only": row.day_only,
        "closed_at": moment(row.closed_at, zone),
        "due_at": moment(row.due_at, zone),
    }
