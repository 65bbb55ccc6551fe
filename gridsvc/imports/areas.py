"""Areas of a file: which level each is on, which one lies above it, and whether those of a level overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import shapely
from sqlalchemy import Connection, func, select

from geodata import partition
from geodata.layer import Layer, Problem
from geodata.partition import PartitionAccount
from gridsvc import areas, editions
from gridsvc.areas import Area
from gridsvc.db import tables as t
from gridsvc.db.tables import AREA_LEVELS
from gridsvc.imports import rows
from gridsvc.imports.account import Account, Refusals, Tally, of_layer
from gridsvc.imports.ground_words import LEVEL_WORDS

REQUIRED = ("code",)

# The national scheme: 6 digits county, 9 subdistrict, 12 community; a city is 4 digits, or 6 that end in 00.
_LEVEL_OF_CHARS = {4: "city", 6: "district", 9: "subdistrict", 12: "community"}
# How long the code of the area above is, longest first.
_PREFIXES = (9, 6, 4)


@dataclass(frozen=True)
class Known:
    """An area that may lie above another one."""

    code: str
    level: str
    geom: shapely.Geometry | None
    parent: str | None = None  # the one that is stored


def take(db: Connection, layer: Layer, file: str, *, level: str | None) -> Account:
    """The account of a file's areas, which are then stored (the caller commits or not).

    Args:
        level: of all rows; without it a column says it, else the length of the code.
    """
    refusals = Refusals()
    refusals.add(layer.problems)
    at, codes = rows.numbers(layer), rows.texts(layer, "code")
    rows.refuse_repeated(codes, at, "area_code_repeated", refusals)
    levels = _levels(layer, level, refusals)
    wkbs = rows.wkbs(layer)
    stored_before, said = _stored(db), rows.texts(layer, "parent")
    while True:  # until what is left fits together: a row that is refused lies above no other, and what is stored stays
        n_refused = len(refusals.rows)
        own = {
            code: Known(code, of, shape)
            for row, code, of, shape in zip(at, codes, levels, layer.shapes, strict=True)
            if row not in refusals.rows and code and of
        }
        parents = _parents(at, codes, said, stored_before | own, refusals)
        left = [one for code, one in stored_before.items() if code not in own]
        _refuse_under(at, codes, own, left, refusals)
        if len(refusals.rows) == n_refused:
            break
    names = rows.texts(layer, "name")
    found = [
        Area(code, of, name or code, parent, wkb)
        for row, code, of, name, parent, wkb in zip(at, codes, levels, names, parents, wkbs, strict=True)
        if row not in refusals.rows and code and of
    ]
    stored = areas.save(db, found)
    editions.link_areas(db)
    tally = Tally(len(stored.new), len(stored.changed), stored.n_same)
    partitions = _overlaps(layer, {area.code: area.level for area in found})
    return of_layer(layer, "areas", file, tally, refusals, extent=rows.ground(layer), partitions=partitions)


def level_of(code: str) -> str | None:
    """The level that the length of a code says.

    >>> level_of("990100"), level_of("990101"), level_of("990101001"), level_of("990101001002"), level_of("7")
    ('city', 'district', 'subdistrict', 'community', None)
    """
    if len(code) == 6 and code.endswith("00"):
        return "city"
    return _LEVEL_OF_CHARS.get(len(code)) if code.isdigit() else None


def _levels(layer: Layer, level: str | None, refusals: Refusals) -> list[str | None]:
    at, codes = rows.numbers(layer), rows.texts(layer, "code")
    if level is not None:
        return [level] * len(at)
    levels: list[str | None] = []
    for row, code, word in zip(at, codes, rows.texts(layer, "level"), strict=True):
        said = rows.mean(word, LEVEL_WORDS, level_of(code or ""))
        if said is None:
            code_of = "level_word_unknown" if word else "level_unknown"
            refusals.add([Problem(row, code_of, {"found": word or code})])
        levels.append(said)
    return levels


def _stored(db: Connection) -> dict[str, Known]:
    a, above = t.area.c, t.area.alias("above")
    asked = select(a.code, a.level, func.ST_AsBinary(a.geom).label("wkb"), above.c.code.label("parent"))
    found = db.execute(asked.select_from(t.area.outerjoin(above, a.parent_id == above.c.id))).all()
    return {
        row.code: Known(row.code, row.level, row.wkb and shapely.from_wkb(bytes(row.wkb)), row.parent) for row in found
    }


def _refuse_under(
    at: Sequence[int],
    codes: Sequence[str | None],
    own: Mapping[str, Known],
    left: Sequence[Known],
    refusals: Refusals,
) -> None:
    """Refuses rows that would take an area to the level of one that stays below it, or lower: a circle could follow."""
    under: dict[str, Known] = {}
    for one in sorted(left, key=lambda one: one.code, reverse=True):
        me = own.get(one.parent or "")
        if me is not None and not _is_above(me, one):
            under[me.code] = one
    for row, code in zip(at, codes, strict=True):
        below = under.get(code or "")
        if code is not None and below is not None and row not in refusals.rows:
            facts: dict[str, object] = {"found": below.code, "level": below.level, "own": own[code].level}
            refusals.add([Problem(row, "area_not_above", facts)])


def _parents(
    at: Sequence[int],
    codes: Sequence[str | None],
    said: Sequence[str | None],
    known: Mapping[str, Known],
    refusals: Refusals,
) -> list[str | None]:
    """The code of the area above each: the one the file names, else the longest prefix of its code, else by place."""
    parents: list[str | None] = []
    for row, code, above in zip(at, codes, said, strict=True):
        me = known.get(code or "")
        parents.append(None)
        if me is None or row in refusals.rows:
            continue
        if above is None:
            parents[-1] = _by_prefix(me, known) or _by_place(me, known)
        elif above not in known:
            refusals.add([Problem(row, "parent_unknown", {"found": above})])
        elif not _is_above(known[above], me):
            facts: dict[str, object] = {"found": above, "level": known[above].level, "own": me.level}
            refusals.add([Problem(row, "parent_not_above", facts)])
        else:
            parents[-1] = above
    return parents


def _is_above(one: Known, other: Known) -> bool:
    return AREA_LEVELS.index(one.level) < AREA_LEVELS.index(other.level)


def _by_prefix(me: Known, known: Mapping[str, Known]) -> str | None:
    for n_chars in _PREFIXES:
        above = known.get(me.code[:n_chars]) or known.get(me.code[:n_chars] + "00")
        if n_chars < len(me.code) and above is not None and _is_above(above, me):
            return above.code
    return None


def _by_place(me: Known, known: Mapping[str, Known]) -> str | None:
    """The lowest area above this one that covers a point inside it."""
    if me.geom is None:
        return None
    point = shapely.point_on_surface(me.geom)
    over = [
        one for one in known.values() if one.geom is not None and _is_above(one, me) and shapely.covers(one.geom, point)
    ]
    return min(over, key=lambda one: (-AREA_LEVELS.index(one.level), one.code)).code if over else None


def _overlaps(layer: Layer, levels: Mapping[str, str]) -> dict[str, PartitionAccount]:
    """Overlaps among, and holes between, the areas of each level in the file."""
    codes = rows.texts(layer, "code")
    found: dict[str, PartitionAccount] = {}
    for level in AREA_LEVELS:
        shapes = [(c, g) for c, g in zip(codes, layer.shapes, strict=True) if c and levels.get(c) == level]
        if shapes:
            columns = {"code": [code for code, _ in shapes]}
            frame = gpd.GeoDataFrame(columns, geometry=[shape for _, shape in shapes], crs="EPSG:4326")
            found[level] = partition.check(frame)
    return found
