"""The structure of GeoJSON: what is wrong is said with its place, and only sound features are drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.errors import FileRefused
from geodata.files import geojson
from geodata.files.answer import Answer
from tests.geodata import making

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def refusal(content: bytes) -> tuple[str, str]:
    """Code and place of the refusal of a document."""
    with pytest.raises(FileRefused) as refused:
        geojson.check(geojson.parse(content))
    return refused.value.code, str(refused.value.facts.get("where", refused.value.facts.get("line", "")))


def drawn(tmp_path: Path, *features: dict[str, Any], kind: Any = "any", **members: Any) -> Answer:
    """The answer to a collection."""
    return making.inside(making.as_json(tmp_path / "a.json", making.collection(*features, **members)), tmp_path, kind)


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ('{"type": "FeatureCollection", "features": [}', "json_syntax", "1"),
        ('{"type":\n "FeatureCollection",\n', "json_syntax", "3"),
        ("[" * 100_000, "json_too_deep", ""),
        ('{"a":' * 100_000, "json_too_deep", ""),
        ("[1, 2]", "geojson_member_wrong", "$"),
        ("3" * 5000, "json_syntax", "0"),
        ('{"type": "Point", "type": "Point", "coordinates": [1, 2]}', "json_key_twice", "$"),
        ('{"type": "Feature", "properties": {"a": 1, "a": 2}, "geometry": null}', "json_key_twice", "properties"),
        ('{"type": "Point", "coordinates": [NaN, 2]}', "json_not_a_number", "coordinates[0]"),
        ('{"type": "Feature", "properties": {"a": -Infinity}, "geometry": null}', "json_not_a_number", "properties.a"),
        ('{"type": "Point", "coordinates": [1e999, 2]}', "geojson_member_wrong", "coordinates"),
        ('{"type": "Point", "coordinates": [true, 2]}', "geojson_member_wrong", "coordinates"),
        ('{"type": "Point", "coordinates": [1]}', "geojson_member_wrong", "coordinates"),
        ('{"type": "Point", "coordinates": {}}', "geojson_member_wrong", "coordinates"),
        ('{"type": "Topology", "objects": {}}', "geojson_type_unknown", "type"),
        ('{"type": ["Point"], "coordinates": [1, 2]}', "geojson_type_unknown", "type"),
        ('{"type": "Feature", "geometry": null, "properties": null, "id": true}', "geojson_member_wrong", "id"),
        ('{"type": "FeatureCollection", "features": [], "bbox": [1, 2]}', "geojson_member_wrong", "bbox"),
    ],
)
def test_a_wrong_document_is_refused_with_its_place(text: str, code: str, where: str) -> None:
    assert refusal(text.encode()) == (code, where)


def test_the_place_leads_to_the_member() -> None:
    good = making.feature(making.point(1, 2))
    wrong = making.feature({"type": "MultiPolygon", "coordinates": [[SQUARE], [[[0, 0], [1, "x"]]]]})
    content = json.dumps(making.collection(good, good, good, wrong)).encode()
    assert refusal(content) == ("geojson_member_wrong", "features[3].geometry.coordinates[1][0][1]")
    unknown = making.feature({"type": "Circle", "coordinates": [1, 2]})
    assert refusal(json.dumps(making.collection(good, unknown)).encode()) == (
        "geojson_type_unknown",
        "features[1].geometry.type",
    )


def test_bytes_that_are_not_utf_8_are_refused_and_a_mark_is_not() -> None:
    text = json.dumps(making.feature(making.point(1, 2), 名称="网格"), ensure_ascii=False)
    assert refusal(text.encode("gb18030")) == ("json_not_utf8", "")
    assert refusal(text.encode("utf-16")) == ("json_not_utf8", "")
    assert geojson.parse(text.encode("utf-8-sig"))["properties"] == {"名称": "网格"}


def test_collections_in_collections_end_somewhere() -> None:
    shape: dict[str, Any] = making.point(1, 2)
    for _ in range(9):
        shape = {"type": "GeometryCollection", "geometries": [shape]}
    assert refusal(json.dumps(shape).encode())[0] == "geojson_too_nested"
    assert len(geojson.check(shape["geometries"][0])) == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ("type", "features", "geometry", "coordinates", "properties", "geometries", "bbox", "crs", "id")
                ),
                inner | st.sampled_from(("Feature", "FeatureCollection", "Point", "Polygon", "GeometryCollection")),
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_json_is_checked_or_refused_and_nothing_else(document: Any) -> None:
    content = json.dumps(document).encode("utf-8", "surrogatepass")
    try:
        features = geojson.check(geojson.parse(content))
    except FileRefused:
        return
    assert all(feature["type"] == "Feature" for feature in features)


def test_values_become_text_as_they_stand(tmp_path: Path) -> None:
    properties = {"code": "01", "n": 61, "f": 61.5, "whole": 61.0, "big": 370102013006008123, "b": True, "no": None}
    answer = drawn(tmp_path, making.feature(making.point(1, 2), **properties, list=[1, "二"], empty=""))
    told = dict(zip(answer.columns, (cells[0] for cells in answer.cells), strict=True))
    assert told == {
        **{"code": "01", "n": "61", "f": "61.5", "whole": "61", "big": "370102013006008123", "b": "true", "no": None},
        **{"list": '[1, "二"]', "empty": None},
    }


def test_columns_are_those_of_all_features_and_the_id(tmp_path: Path) -> None:
    first = making.feature(making.point(1, 2), a="1")
    second = {**making.feature(making.point(1, 2), b="2"), "id": 7}
    answer = drawn(tmp_path, first, second)
    assert answer.columns == ["a", "b", "id"]
    assert answer.cells == [["1", None], [None, "2"], [None, "7"]]


def test_rings_are_closed_and_counted(tmp_path: Path) -> None:
    answer = drawn(
        tmp_path,
        making.feature(polygon(SQUARE[:4])),
        making.feature(polygon([[0, 0], [1, 1], [0, 0]])),
        making.feature(polygon(SQUARE[::-1])),
        making.feature(polygon(SQUARE, [[0.2, 0.2], [0.2, 0.4], [0.4, 0.4], [0.2, 0.2]])),
    )
    told = [(p.row, p.code, p.kind) for p in answer.problems]
    assert told == [(1, "ring_closed", "repaired"), (2, "ring_too_few_points", "refused")]
    assert answer.numbers.tolist() == [1, 3, 4]
    assert all(shape.equals(shapely.box(0, 0, 1, 1)) for shape in answer.shapes[:2])
    assert answer.shapes[2].area == pytest.approx(0.98)
    assert ("geojson_ring_order_ignored", 1) in [
        (note.code, note.facts["n"]) for note in answer.notes if "n" in note.facts
    ]


def test_grids_take_polygons_only_and_the_rest_is_refused_by_row(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    mixed = {"type": "GeometryCollection", "geometries": [polygon(SQUARE), line]}
    pure = {"type": "GeometryCollection", "geometries": [polygon(SQUARE), polygon([[x + 5, y] for x, y in SQUARE])]}
    shapes = [polygon(SQUARE), making.point(1, 2), line, mixed, pure, None, {"type": "Polygon", "coordinates": []}]
    answer = drawn(tmp_path, *(making.feature(shape) for shape in shapes), kind="grids")
    assert [(p.row, p.code) for p in answer.problems] == [
        *(
            (2, "geometry_wrong_type"),
            (3, "geometry_wrong_type"),
            (4, "geometry_wrong_type"),
            (5, "geometry_unwrapped"),
        ),
        *((6, "geometry_missing"), (7, "geometry_missing")),
    ]
    assert [shape.geom_type for shape in answer.shapes] == ["MultiPolygon", "MultiPolygon"]
    assert answer.n_rows == 7


def test_heights_times_and_wrong_boxes_are_left_out_with_a_note(tmp_path: Path) -> None:
    high = polygon([[*place, 5.0] for place in SQUARE])
    timed = polygon([[*place, 5.0, 99.0] for place in SQUARE])
    boxed = {**making.feature(polygon(SQUARE)), "bbox": [5, 5, 6, 6]}
    answer = drawn(tmp_path, making.feature(high), making.feature(timed), boxed, bbox=[0, 0, 1, 1])
    noted = {note.code: note.facts.get("n") for note in answer.notes}
    assert (noted["heights_dropped"], noted["geojson_axes_ignored"], noted["geojson_bbox_ignored"]) == (1, 1, 1)
    assert not shapely.has_z(answer.shapes).any()


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((116.3, 95.0), "lat_out_of_range"),
        ((39.9, 116.3), "lonlat_swapped"),
        ((-190.0, 10.0), "lon_out_of_range"),
    ],
)
def test_positions_that_cannot_be_are_named(tmp_path: Path, place: tuple[float, float], code: str) -> None:
    answer = drawn(tmp_path, making.feature(making.point(*place)), making.feature(making.point(1, 2)))
    assert [(p.row, p.code, p.facts) for p in answer.problems] == [(1, code, {"lon": place[0], "lat": place[1]})]


def test_a_link_to_a_crs_is_not_followed(tmp_path: Path) -> None:
    link = {"type": "link", "properties": {"href": "http://127.0.0.1:1/x", "type": "proj4"}}
    with pytest.raises(FileRefused) as refused:
        drawn(tmp_path, making.feature(making.point(1, 2)), crs=link)
    assert refused.value.code == "geojson_crs_not_named"


def test_texts_that_no_database_stores_refuse_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    one = '{"type":"Feature","properties":{"a":"%s"},"geometry":null}'
    document = '{"type":"FeatureCollection","features":[%s]}'
    path.write_text(document % ",".join(one % text for text in (r"x\u0000y", r"\ud800", r"\ud83d\ude00", "好")))
    answer = making.inside(path, tmp_path)
    assert [(p.row, p.code) for p in answer.problems] == [(1, "text_has_nul"), (2, "text_not_unicode")]
    assert answer.cells == [["😀", "好"]]
