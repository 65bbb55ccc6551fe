"""Editions of the grids: drafted from files, compared, checked for gaps and overlaps, published, never overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import shapely
from sqlalchemy import Connection, func, select, text

from geodata import partition
from geodata.later import later
from gridsvc import grids, households, placements
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.grids import Rule

if TYPE_CHECKING:
    import geopandas as gpd
else:
    gpd = later("geopandas")

Row = tuple[int, str, str, bytes]  # data row, code, name, WKB of a MultiPolygon in EPSG:4326


@dataclass(frozen=True)
class Changes:
    """Codes by what happens to them, each tuple in code order."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]
    removed: tuple[str, ...]


def stage(db: Connection, rows: Sequence[Row]) -> None:
    """Puts the grids of a file into the temporary table `incoming_grid`."""
    db.execute(text("DROP TABLE IF EXISTS pg_temp.incoming_grid"))
    db.execute(load("incoming_grid_make"))
    if rows:
        values = [{"row": row, "code": code, "name": name, "geom": wkb} for row, code, name, wkb in rows]
        db.execute(load("incoming_grid_add"), values)
    db.execute(text("ANALYZE incoming_grid"))


def edition_id(db: Connection, layer: str, state: str) -> int | None:
    """The layer's edition in this state (draft or published; there is at most one), or None."""
    e = t.edition.c
    return db.scalar(select(e.id).where((e.layer == layer) & (e.state == state)))


def _changes(rows: Sequence[tuple[str, str]]) -> Changes:
    kinds: dict[str, list[str]] = {"added": [], "changed": [], "same": [], "removed": []}
    for code, kind in rows:
        kinds[kind].append(code)
    return Changes(*(tuple(kinds[k]) for k in ("added", "changed", "same", "removed")))


def compare_staged(db: Connection, layer: str, *, replace: bool) -> Changes:
    """What drafting the staged grids would do to the layer's draft, or to its published edition where no draft is."""
    against = edition_id(db, layer, "draft") or edition_id(db, layer, "published")
    rows = db.execute(load("compare_staged"), {"edition_id": against, "replace": replace}).all()
    return _changes([(row.code, row.kind) for row in rows])


def draft(db: Connection, layer: str, now: datetime, *, replace: bool) -> int:
    """The id of the layer's draft edition, with the staged grids in it and all others carried over unless `replace`.

    A staged grid that equals the published one keeps that one's row.
    """
    _hold_drafts(db)
    grids.hold(db)
    draft_id = edition_id(db, layer, "draft")
    if draft_id is None:
        new = {"layer": layer, "state": "draft", "created_at": now}
        draft_id = int(db.execute(t.edition.insert().returning(t.edition.c.id), new).scalar_one())
        published = edition_id(db, layer, "published")
        db.execute(load("draft_carry_over"), {"draft_id": draft_id, "published_id": published})
    values = {"draft_id": draft_id, "layer": layer}
    db.execute(load("draft_drop"), values | {"replace": replace})
    db.execute(load("draft_drop_versions"), {"layer": layer})
    db.execute(load("draft_add_versions"), values)
    db.execute(load("draft_add"), values)
    link_areas(db)
    return draft_id


def _hold_drafts(db: Connection) -> None:
    db.execute(text("SELECT pg_advisory_xact_lock(hashtext('gridsvc.draft'), hashtext(current_schema()))"))


def link_areas(db: Connection) -> int:
    """How many grids got another area: the lowest one that covers a point inside the grid."""
    return db.execute(load("link_areas")).rowcount


@dataclass(frozen=True)
class Preview:
    """What publishing a layer's draft would do."""

    draft_id: int
    changes: Changes
    account: partition.PartitionAccount


def preview(db: Connection, layer: str) -> Preview:
    """The draft against the published edition, and whether it tiles; nobody drafts until the transaction ends.

    Raises:
        NotFound: the layer has no draft.
    """
    _hold_drafts(db)
    draft_id, changes = _planned(db, layer)
    account = partition.check(edition_frame(db, draft_id), area_frame(db) if layer == "base" else None)
    return Preview(draft_id, changes, account)


def _planned(db: Connection, layer: str) -> tuple[int, Changes]:
    draft_id = edition_id(db, layer, "draft")
    if draft_id is None:
        raise NotFound("no_draft", layer=layer)
    published = edition_id(db, layer, "published")
    rows = db.execute(load("compare_editions"), {"draft_id": draft_id, "published_id": published}).all()
    return draft_id, _changes([(row.code, row.kind) for row in rows])


def edition_frame(db: Connection, edition: int) -> gpd.GeoDataFrame:
    """The grids of an edition with code, name and layer, in EPSG:4326, by code."""
    rows = db.execute(load("edition_grids"), {"edition_id": edition}).all()
    geoms = shapely.from_wkb([bytes(row.geom) for row in rows])
    columns = {name: [getattr(row, name) for row in rows] for name in ("code", "name", "layer")}
    return gpd.GeoDataFrame(columns, geometry=list(geoms), crs="EPSG:4326")


def area_frame(db: Connection) -> gpd.GeoDataFrame | None:
    """The areas of the lowest level that has shapes, in EPSG:4326, or None where no area has one."""
    rows = db.execute(load("lowest_areas")).all()
    if not rows:
        return None
    geoms = shapely.from_wkb([bytes(row.geom) for row in rows])
    return gpd.GeoDataFrame({"code": [row.code for row in rows]}, geometry=list(geoms), crs="EPSG:4326")


@dataclass(frozen=True)
class Published:
    """What publishing did: the edition, its changes, and how many reports and doors moved to another grid version."""

    edition_id: int
    changes: Changes
    n_reports_moved: int
    n_households_moved: int


def require_tiling(layer: str, planned: Preview) -> None:
    """Returns when the draft has neither gaps nor overlaps.

    Raises:
        Refused: edition_not_tiling.
    """
    account = planned.account
    if account.overlaps or account.gaps:
        raise Refused("edition_not_tiling", layer=layer, overlaps=len(account.overlaps), gaps=len(account.gaps))


def publish(db: Connection, layer: str, now: datetime | None, rule: Rule) -> Published:
    """Makes the layer's draft current, retires the one before, and re-places the open reports in or near what changed.

    Args:
        now: when it becomes current; None: the instant at which nobody is placing any more, which is what a door wants.

    Raises:
        NotFound: the layer has no draft.
        Conflict: the edition before was published at or after `now`, or an import goes on placing.
    """
    grids.hold(db, exclusive=True)
    now = now or db.execute(select(func.clock_timestamp())).scalar_one()
    # What was drafted a moment ago is not in the statistics, without which whole editions are compared row by row.
    db.execute(text("ANALYZE edition_grid, grid_version"))
    draft_id, changes = _planned(db, layer)
    e = t.edition.c
    before = edition_id(db, layer, "published")
    if before is not None:
        since = db.scalar(select(e.published_at).where(e.id == before))
        if since is not None and since >= now:
            raise Conflict("edition_newer", layer=layer, published_at=since.isoformat())
        db.execute(t.edition.update().where(e.id == before).values(state="retired", retired_at=now))
    versions = {"draft_id": draft_id, "published_id": before, "now": now}
    gone = list(db.scalars(load("publish_end"), versions))
    come = list(db.scalars(load("publish_begin"), versions | {"first": before is None}))
    db.execute(t.edition.update().where(e.id == draft_id).values(state="published", published_at=now))
    link_areas(db)
    db.execute(text("ANALYZE grid_version"))
    if not (changed := gone + come):
        return Published(draft_id, changes, placements.replace_retired(db, now, rule), 0)
    n_reports = placements.replace_near(db, changed, now, rule)
    return Published(draft_id, changes, n_reports, households.replace_near(db, changed, now, rule))
