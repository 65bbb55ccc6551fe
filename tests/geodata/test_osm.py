"""OpenStreetMap: residential areas and the base map out of small files with every fault a cut extract has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import osmium
import pytest
import shapely

from geodata.errors import FileRefused
from geodata.files.answer import Answer
from geodata.layer import Kind
from geodata.read import read
from tests.framed import as_frame
from tests.geodata import making

# Nodes by number: a square from 1 to 4, a smaller one inside it from 5 to 8, a bow tie with 9 and 10; 99 is not there.
NODES = {
    **{1: (0.0, 0.0), 2: (0.004, 0.0), 3: (0.004, 0.004), 4: (0.0, 0.004)},
    **{5: (0.001, 0.001), 6: (0.002, 0.001), 7: (0.002, 0.002), 8: (0.001, 0.002)},
    **{9: (0.003, 0.001), 10: (0.003, 0.002), 11: (0.010, 0.0), 12: (0.014, 0.004)},
}
Member = tuple[int, str]


def osm(
    path: Path,
    ways: Mapping[int, tuple[Sequence[int], dict[str, str]]],
    relations: Mapping[int, tuple[Sequence[Member], dict[str, str]]] | None = None,
) -> Path:
    """An OSM file (.osm or .osm.pbf by its name)."""
    with osmium.SimpleWriter(str(path), overwrite=True) as out:
        for number, place in NODES.items():
            out.add_node(osmium.osm.mutable.Node(id=number, version=1, location=place, tags={}))
        for number, (nodes, tags) in ways.items():
            out.add_way(osmium.osm.mutable.Way(id=number, version=1, nodes=list(nodes), tags=tags))
        for number, (members, tags) in (relations or {}).items():
            told = [("w", way, role) for way, role in members]
            out.add_relation(osmium.osm.mutable.Relation(id=number, version=1, members=told, tags=tags))
    return path


def living(**tags: str) -> dict[str, str]:
    return {"landuse": "residential", **{name.replace("_zh", ":zh"): value for name, value in tags.items()}}


def table(answer: Answer) -> dict[str, list[str | None]]:
    return dict(zip(answer.columns, answer.cells, strict=True))


@pytest.mark.parametrize("ending", [".osm", ".osm.pbf"])
def test_compounds_with_names_and_without(tmp_path: Path, ending: str) -> None:
    path = osm(
        tmp_path / f"a{ending}",
        {
            20: ((1, 2, 3, 4, 1), living(name="清华园", alt_name="Tsinghua;园", name_zh="清华园小区")),
            21: ((5, 6, 7, 8, 5), living()),
            22: ((5, 6, 7, 8, 5), {"landuse": "forest"}),
        },
    )
    layer = read(path, "compounds")
    assert layer.format == ending[1:]
    assert as_frame(layer)["osm_id"].tolist() == ["way/20", "way/21"]
    assert layer.texts("name") == ["清华园", None]
    assert layer.texts("aliases") == ["清华园小区;Tsinghua;园", None]
    assert layer.fields.code == "osm_id"
    assert as_frame(layer).geometry[0].equals(shapely.box(0, 0, 0.004, 0.004))
    assert [(note.code, note.facts["crs"]) for note in layer.notes] == [("crs_assumed", "EPSG:4326")]
    assert not layer.problems
    moved = read(path, "compounds", crs="gcj02")
    assert moved.crs_used == "gcj02"


def test_relations_with_inner_rings(tmp_path: Path) -> None:
    path = osm(
        tmp_path / "a.osm",
        {20: ((1, 2, 3), {}), 21: ((3, 4, 1), {}), 22: ((5, 6, 7, 8, 5), {})},
        {7: (((20, "outer"), (21, "outer"), (22, "inner")), {"type": "multipolygon", **living(name="大院")})},
    )
    answer = making.inside(path, tmp_path, "compounds")
    assert table(answer)["osm_id"] == ["relation/7"]
    assert answer.shapes[0].area == pytest.approx(0.004**2 - 0.001**2)
    assert not answer.problems


def test_what_is_cut_is_named_and_nothing_else_is_lost(tmp_path: Path) -> None:
    path = osm(
        tmp_path / "a.osm",
        {
            20: ((1, 2, 99, 4, 1), living()),
            21: ((1, 2, 3), living()),
            22: ((1, 2, 1), living()),
            23: ((5, 6, 7, 8, 5), living(name="好")),
            24: ((1, 2, 3), {}),
        },
        {7: (((24, "outer"), (77, "outer")), {"type": "multipolygon", **living()})},
    )
    answer = making.inside(path, tmp_path, "compounds")
    assert [(p.row, p.code, p.facts["object"]) for p in answer.problems] == [
        (1, "osm_nodes_missing", "way/20"),
        (2, "osm_way_not_closed", "way/21"),
        (3, "ring_too_few_points", "way/22"),
        (5, "osm_relation_incomplete", "relation/7"),
    ]
    assert answer.problems[0].facts == {"object": "way/20", "n_missing": 1, "n_nodes": 5}
    assert table(answer)["name"] == ["好"]
    assert answer.n_rows == 5


def test_a_ring_that_crosses_itself_goes_to_the_repair_of_shapes(tmp_path: Path) -> None:
    path = osm(tmp_path / "a.osm", {20: ((1, 3, 2, 4, 1), living(name="结"))})
    answer = making.inside(path, tmp_path, "compounds")
    assert [(p.row, p.code) for p in answer.problems] == [(1, "geometry_repair_loses")]


def test_the_base_map_has_classes(tmp_path: Path) -> None:
    path = osm(
        tmp_path / "a.osm",
        {
            20: ((1, 2), {"highway": "primary_link", "name": "中关村大街"}),
            21: ((2, 3), {"highway": "residential"}),
            22: ((3, 4), {"highway": "footway"}),
            23: ((3, 4), {"highway": "proposed"}),
            24: ((5, 6, 7, 8, 5), {"building": "school"}),
            25: ((5, 6, 7, 8, 5), {"building": "no"}),
            26: ((1, 2, 3, 4, 1), {"natural": "water", "water": "lake", "name": "未名湖"}),
            27: ((1, 11), {"waterway": "canal"}),
            28: ((1, 2, 3, 4, 1), {"highway": "pedestrian", "area": "yes"}),
            29: ((1, 99), {"highway": "primary"}),
        },
    )
    answer = making.inside(path, tmp_path, "basemap")
    told = table(answer)
    assert list(zip(told["osm_id"], told["feature"], told["class"], told["name"], strict=True)) == [
        ("way/20", "roads", "major", "中关村大街"),
        ("way/21", "roads", "minor", None),
        ("way/22", "roads", "path", None),
        ("way/24", "buildings", "school", None),
        ("way/26", "water", "lake", "未名湖"),
        ("way/27", "water", "canal", None),
        ("way/28", "roads", "path", None),
    ]
    assert [shape.geom_type for shape in answer.shapes] == [
        *(["LineString"] * 3),
        *(["MultiPolygon"] * 2),
        *(["LineString"] * 2),
    ]
    assert [(n.code, n.facts["n"], n.facts["objects"]) for n in answer.notes if n.code == "osm_objects_cut"] == [
        ("osm_objects_cut", 1, "way/29")
    ]
    assert answer.fields.given() == {"code": "osm_id", "name": "name", "feature": "feature", "category": "class"}


@pytest.mark.parametrize("kind", ["grids", "areas", "workers", "reports"])
def test_other_kinds_do_not_come_from_osm(tmp_path: Path, kind: Kind) -> None:
    path = osm(tmp_path / "a.osm", {20: ((1, 2, 3, 4, 1), living())})
    with pytest.raises(FileRefused, match="osm kind not taken"):
        making.inside(path, tmp_path, kind)


def test_a_map_without_compounds_says_so(tmp_path: Path) -> None:
    path = osm(tmp_path / "a.osm", {20: ((1, 2), {"highway": "primary"})})
    with pytest.raises(FileRefused, match="osm nothing found"):
        making.inside(path, tmp_path, "compounds")


@pytest.mark.parametrize(
    "content",
    [
        b"<osm version='0.6'><node id='x'/></osm>",
        b"<osm version='0.6'><way id='1'><nd ref='1'/>",
        b"<osm version='0.6'><node id='1' lat='100' lon='1000'/></osm>",
        b"<osm></osm>",
        b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7c" + b"\x00" * 40,
    ],
)
def test_damaged_files_are_refusals(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.osm"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refused:
        making.inside(path, tmp_path, "compounds")
    assert refused.value.code == "osm_damaged"
