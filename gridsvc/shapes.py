"""Grids and compounds as the maps draw them: GeoJSON text, cut down to what a reader may see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, RowMapping, select

from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope

TOLERANCE_DEG = 1e-5  # about a metre: under a pixel at zoom 16


def grids_geojson(db: Connection, actor: Actor) -> bytes:
    """A FeatureCollection of the published grids of both layers (code, name, layer), EPSG:4326."""
    rows = db.execute(load("map_grids"), scope(actor) | {"tolerance_deg": TOLERANCE_DEG}).mappings()
    return _collection([_feature(row, {name: row[name] for name in ("code", "name", "layer")}) for row in rows])


def communities_geojson(db: Connection, actor: Actor) -> bytes:
    """A FeatureCollection of the areas that published base grids belong to, each the union of its grids that the
    reader sees (code, name, layer "community"), EPSG:4326."""
    rows = db.execute(load("map_communities"), scope(actor) | {"tolerance_deg": TOLERANCE_DEG}).mappings()
    return _collection([_feature(row, {name: row[name] for name in ("code", "name", "layer")}) for row in rows])


def compounds_geojson(db: Connection, actor: Actor) -> bytes:
    """A FeatureCollection of the compounds (id, name, kind polygon or point), EPSG:4326."""
    rows = db.execute(load("map_compounds"), scope(actor) | {"tolerance_deg": TOLERANCE_DEG}).mappings()
    return _collection([_feature(row, {name: row[name] for name in ("id", "name", "kind")}) for row in rows])


@dataclass(frozen=True)
class Drawn:
    """An area to be printed: `shape` is GeoJSON text in EPSG:4326."""

    code: str
    name: str | None
    layer: str
    shape: str


def drawn(db: Connection, actor: Actor, question: Literal["map_grids", "map_communities"] = "map_grids") -> list[Drawn]:
    """The very areas that the page's map draws for this reader: published grids, or communities."""
    rows = db.execute(load(question), scope(actor) | {"tolerance_deg": TOLERANCE_DEG}).mappings()
    return [Drawn(row["code"], row["name"], row.get("layer", "community"), row["shape"]) for row in rows]


@dataclass(frozen=True)
class Compound:
    """A compound to be printed: `shape` is GeoJSON text in EPSG:4326, a point where no outline is known."""

    name: str
    shape: str


def compounds(db: Connection, actor: Actor) -> list[Compound]:
    """The very compounds that the page's map draws for this reader."""
    rows = db.execute(load("map_compounds"), scope(actor) | {"tolerance_deg": TOLERANCE_DEG})
    return [Compound(row.name, row.shape) for row in rows]


def editions(db: Connection) -> dict[str, int]:
    """The id of the published edition of each layer that has one; while it stands, its grids stay as they are."""
    chosen = select(t.edition.c.layer, t.edition.c.id).where(t.edition.c.state == "published")
    return {row.layer: row.id for row in db.execute(chosen)}


def _feature(row: RowMapping, properties: Mapping[str, object]) -> str:
    # the shape is GeoJSON already: PostGIS wrote it
    told = json.dumps(properties, ensure_ascii=False, separators=(",", ":"))
    return f'{{"type":"Feature","properties":{told},"geometry":{row["shape"]}}}'


def _collection(features: list[str]) -> bytes:
    return ('{"type":"FeatureCollection","features":[' + ",".join(features) + "]}").encode()
