"""Roads, buildings and water of a file for our own base map."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection

from geodata.layer import Layer, Problem
from gridsvc import basemap
from gridsvc.basemap import Feature
from gridsvc.db.queries import load
from gridsvc.imports import rows
from gridsvc.imports.account import Account, Refusals, Tally, of_layer

REQUIRED = ("feature",)

FEATURE_WORDS = rows.meanings(
    {
        "road": ("road", "roads", "street", "streets", "highway", "道路", "路", "街道", "公路"),
        "building": ("building", "buildings", "house", "建筑", "建筑物", "楼栋", "房屋", "楼"),
        "water": ("water", "river", "lake", "waterway", "水系", "水域", "水体", "河流", "河", "湖"),
    }
)
ROAD_CLASSES = rows.meanings(
    {
        "major": (
            "major",
            "primary",
            "secondary",
            "tertiary",
            "trunk",
            "motorway",
            "主干路",
            "主干道",
            "次干路",
            "干道",
        ),
        "minor": ("minor", "residential", "service", "支路", "小路", "街巷", "巷道"),
        "path": ("path", "footway", "cycleway", "track", "steps", "步道", "人行道", "小径"),
    }
)


def take(db: Connection, layer: Layer, file: str, *, source: str) -> Account:
    """The account of a file's base map, which then stands in the place of what this source had (the caller commits)."""
    refusals = Refusals()
    refusals.add(layer.problems)
    at, said = rows.numbers(layer), rows.texts(layer, "feature")
    kinds = [rows.mean(word, FEATURE_WORDS, None) for word in said]
    unknown = ((row, word) for row, word, kind in zip(at, said, kinds, strict=True) if kind is None)
    refusals.add(Problem(row, "feature_unknown", {"found": word or ""}) for row, word in unknown)
    classes, names = rows.texts(layer, "category"), rows.texts(layer, "name")
    found = [
        Feature(kind, _class(kind, of), name, wkb)
        for row, kind, of, name, wkb in zip(at, kinds, classes, names, rows.wkbs(layer), strict=True)
        if row not in refusals.rows and kind is not None and wkb is not None
    ]
    had = Counter(
        Feature(r.kind, r.class_, r.name, bytes(r.wkb))
        for r in db.execute(load("import_basemap_had"), {"source": source})
    )
    come = Counter(found)
    same = (had & come).total()
    tally = Tally(come.total() - same, 0, same, had.total() - same)
    if tally.new or tally.removed:
        basemap.save(db, source, found)
    return of_layer(layer, "basemap", file, tally, refusals, extent=rows.ground(layer))


def _class(kind: str, word: str | None) -> str | None:
    return rows.mean(word, ROAD_CLASSES, "minor") or "minor" if kind == "road" else word
