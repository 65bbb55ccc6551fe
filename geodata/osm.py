"""Compounds, buildings and base map out of OpenStreetMap files (.pbf, .osm)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.errors import FileRefused
from geodata.files.rows import Cell, Rows, bound_rows, bound_vertices
from geodata.layer import Kind, Limits

_MAJOR = ("motorway", "trunk", "primary", "secondary", "tertiary")
_ROADS = (
    dict.fromkeys((*_MAJOR, *(f"{name}_link" for name in _MAJOR)), "major")
    | dict.fromkeys(("residential", "unclassified", "living_street", "service", "road"), "minor")
    | dict.fromkeys(("footway", "path", "cycleway", "pedestrian", "steps", "track", "bridleway"), "path")
)
_WATERWAYS = ("river", "canal", "stream", "drain")
_WATER_USES = ("reservoir", "basin", "salt_pond")
_N_NAMED = 10
# The names of the files in the reader's folder; the ending tells osmium which decoder to take, and no other.
_ENDINGS = {"osm.pbf": "pbf", "osm": "osm"}


@dataclass
class _Found:
    """An object that was asked for: its tags, its shape once there is one, why there is none."""

    tags: dict[str, str]
    feature: str
    of_class: str
    shape: BaseGeometry | None = None
    fault: str = ""
    facts: dict[str, object] = field(default_factory=dict)


def read(path: Path, file_format: str, kind: Kind, limits: Limits) -> Rows:
    """Residential areas (kind "compounds", "any"), buildings ("households") or roads, buildings and water ("basemap").

    In file order. Columns: osm_id ("way/1", "relation/2"), name (None where the map has none), aliases; of the
    base map: osm_id, feature ("roads", "buildings", "water"), class ("major", "minor", "path" of roads, else the tag),
    name. An object whose outline is incomplete in the file (extracts are cut) is named: a compound or building is
    refused by row, pieces of the base map are left out with one note.

    Raises:
        FileRefused: `osm_damaged`, `osm_kind_not_taken`, `osm_nothing_found`.
    """
    if kind not in _WANTED:
        raise FileRefused("osm_kind_not_taken", kind=kind)
    wanted, keys = _WANTED[kind]
    found: dict[str, _Found] = {}
    try:
        _collect(osmium.io.File(str(path), _ENDINGS[file_format]), keys, wanted, found, limits)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise FileRefused("osm_damaged", cause=str(error)[:120]) from None
    if not found:
        raise FileRefused("osm_nothing_found", kind=kind)
    cut = [identity for identity, entry in found.items() if entry.fault] if kind == "basemap" else []
    rows = _rows({identity: entry for identity, entry in found.items() if identity not in cut}, file_format, kind)
    if cut:
        rows.note("osm_objects_cut", n=len(cut), objects=", ".join(cut[:_N_NAMED]))
    return rows


def _collect(file: Any, keys: tuple[str, ...], wanted: Any, found: dict[str, _Found], limits: Limits) -> None:
    shapes = osmium.geom.WKBFactory()
    chosen = osmium.filter.KeyFilter(*keys)
    areas: dict[str, BaseGeometry] = {}
    n_vertices = 0
    objects: Iterable[Any] = osmium.FileProcessor(file).with_areas(chosen).with_filter(chosen)
    for thing in objects:
        kind = wanted(thing.tags)
        if kind is None or thing.is_node():
            continue
        if thing.is_area():
            # An area without rings: osmium could not assemble it.
            if not thing.num_rings()[0]:
                continue
            # Assembled by osmium: parts grouped, inner rings that touch one another merged, so valid where it exists.
            # It may come before the object that it is the area of.
            area = areas[_of(thing)] = shapely.from_wkb(bytes.fromhex(shapes.create_multipolygon(thing)))
            n_vertices += int(shapely.get_num_coordinates(area))
        elif thing.is_way():
            entry = found[f"way/{thing.id}"] = _Found(dict(_names(thing.tags)), *kind)
            _way(thing, entry)
            n_vertices += len(thing.nodes)
        elif thing.tags.get("type") == "multipolygon":
            entry = found[f"relation/{thing.id}"] = _Found(dict(_names(thing.tags)), *kind)
            entry.fault, entry.facts = "osm_relation_incomplete", {"n_members": len(thing.members)}
        bound_vertices(n_vertices, limits)
        bound_rows(len(found), limits)
    for identity, entry in found.items():
        if identity in areas and not _is_line(entry):
            entry.shape, entry.fault = areas[identity], ""


def _way(way: Any, entry: _Found) -> None:
    """Draws a way as a line (roads, rivers) or, until its area comes, as the polygon of its nodes."""
    places = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
    missing = len(way.nodes) - len(places)
    as_line = _is_line(entry)
    if missing:
        entry.fault, entry.facts = "osm_nodes_missing", {"n_missing": missing, "n_nodes": len(way.nodes)}
    elif as_line and len(set(places)) >= 2:
        entry.shape = shapely.LineString(places)
    elif as_line:
        entry.fault = "line_too_short"
    elif not way.is_closed():
        entry.fault = "osm_way_not_closed"
    elif len(places) < 4 or len(set(places)) < 3:
        entry.fault, entry.facts = "ring_too_few_points", {"ring": 1, "n_positions": len(places)}
    else:
        # Kept only when osmium makes no area of it (a ring that crosses itself): the repair of shapes then decides.
        entry.shape = shapely.Polygon(places)


def _of(area: Any) -> str:
    return f"{'way' if area.from_way() else 'relation'}/{area.orig_id()}"


def _is_line(entry: _Found) -> bool:
    return entry.feature == "roads" or (entry.feature == "water" and entry.of_class in _WATERWAYS)


def _compound(tags: Any) -> tuple[str, str] | None:
    return ("compounds", "residential") if tags.get("landuse") == "residential" else None


def _basemap(tags: Any) -> tuple[str, str] | None:
    road = _ROADS.get(tags.get("highway", ""))
    if road is not None:
        return "roads", road
    building = tags.get("building", "no")
    if building != "no":
        return "buildings", building
    if tags.get("natural") == "water":
        return "water", tags.get("water", "water")
    waterway = tags.get("waterway", "")
    if waterway in _WATERWAYS or waterway == "riverbank":
        return "water", waterway
    return ("water", tags["landuse"]) if tags.get("landuse") in _WATER_USES else None


def _building(tags: Any) -> tuple[str, str] | None:
    of_class = tags.get("building", "no")
    return None if of_class == "no" else ("buildings", of_class)


# What is looked for, and by which keys.
_WANTED: dict[Kind, tuple[Any, tuple[str, ...]]] = {
    "compounds": (_compound, ("landuse",)),
    "any": (_compound, ("landuse",)),
    "households": (_building, ("building",)),
    "basemap": (_basemap, ("highway", "building", "natural", "waterway", "landuse")),
}


def _names(tags: Any) -> Iterator[tuple[str, str]]:
    for key in ("name", "name:zh", "alt_name", "old_name", "short_name", "name:en"):
        if key in tags:
            yield key, tags[key]


def _rows(found: Mapping[str, _Found], file_format: str, kind: Kind) -> Rows:
    rows = Rows(file_format, [], [], list(range(1, len(found) + 1)), [], None, "EPSG:4326")
    cells: dict[str, list[Cell]] = {"osm_id": list(found)}
    if kind == "basemap":
        cells["feature"] = [entry.feature for entry in found.values()]
        cells["class"] = [entry.of_class for entry in found.values()]
    cells["name"] = [entry.tags.get("name") or entry.tags.get("name:zh") for entry in found.values()]
    if kind != "basemap":
        cells["aliases"] = [_aliases(entry.tags) for entry in found.values()]
    rows.columns, rows.cells = list(cells), list(cells.values())
    rows.shapes = [entry.shape for entry in found.values()]
    for row, (identity, entry) in enumerate(found.items(), start=1):
        if entry.fault:
            rows.refuse(row, entry.fault, object=identity, **entry.facts)
    return rows


def _aliases(tags: Mapping[str, str]) -> Cell:
    """Other names of a place, each once, with the separator that OSM itself uses."""
    others = [part.strip() for key, value in tags.items() if key != "name" for part in value.split(";")]
    return ";".join(dict.fromkeys(name for name in others if name and name != tags.get("name"))) or None
