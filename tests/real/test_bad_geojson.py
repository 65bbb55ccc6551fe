"""What becomes of each of the 74 files of faults, as any layer and as grids: refused, repaired or taken, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from geodata.errors import FileRefused
from geodata.read import read
from tests.framed import as_frame
from tests.geodata import making

# A wrong structure refuses the file whatever it should be: code and place of the member.
STRUCTURE = {
    "invalid_feature_geometry_is_string": ("geojson_member_wrong", "geometry"),
    "invalid_feature_id_type": ("geojson_member_wrong", "id"),
    "invalid_feature_no_properties": ("geojson_member_missing", "$"),
    "invalid_feature_properties_is_array": ("geojson_member_wrong", "properties"),
    "invalid_feature_properties_is_int": ("geojson_member_wrong", "properties"),
    "invalid_feature_wrong_geometry_key": ("geojson_member_missing", "$"),
    "invalid_featurecollection_feature_nullfeature": ("geojson_member_wrong", "features[0]"),
    "invalid_featurecollection_features_is_object": ("geojson_member_wrong", "features"),
    "invalid_featurecollection_no_features_member": ("geojson_member_missing", "$"),
    "invalid_featurecollection_nulltype": ("geojson_type_unknown", "type"),
    "invalid_featurecollection_type_lowercase": ("geojson_type_unknown", "type"),
    "invalid_featurecollection_unknown_type": ("geojson_type_unknown", "type"),
    "invalid_geometry_bbox_not4or6": ("geojson_member_wrong", "bbox"),
    "invalid_geometry_bbox_not_list": ("geojson_member_wrong", "bbox"),
    "invalid_geometry_bbox_not_numbers": ("geojson_member_wrong", "bbox"),
    "invalid_geometry_coordinates_1d": ("geojson_member_wrong", "coordinates[0]"),
    "invalid_geometry_coordinates_empty_position": ("geojson_member_wrong", "coordinates[0][2]"),
    "invalid_geometry_coordinates_missing": ("geojson_member_missing", "$"),
    "invalid_geometry_coordinates_string": ("geojson_member_wrong", "coordinates"),
    "invalid_geometry_depth_deep_point": ("geojson_member_wrong", "coordinates"),
    "invalid_geometry_depth_deep_polygon": ("geojson_member_wrong", "coordinates[0][0]"),
    "invalid_geometry_depth_shallow_linestring": ("geojson_member_wrong", "coordinates[0]"),
    "invalid_geometry_depth_shallow_multipolygon": ("geojson_member_wrong", "coordinates[0][0][0]"),
    "invalid_geometry_depth_shallow_polygon": ("geojson_member_wrong", "coordinates[0][0]"),
    "invalid_geometry_geometrycollection_null_geometry": ("geojson_member_wrong", "geometries[0]"),
    "invalid_geometry_mislabeled_point": ("geojson_member_wrong", "coordinates[0]"),
    "invalid_geometry_missing_type": ("geojson_member_missing", "$"),
    "invalid_geometry_wrong_geometry_type": ("geojson_type_unknown", "type"),
    # Filed under geometries; coordinates of a polygon under the name of a line are a wrong structure all the same.
    "invalid_incorrect_geometry_data_type": ("geojson_member_wrong", "features[0].geometry.coordinates[0]"),
}

# Per file: as any layer, as grids. A word per row in order: "taken", "repaired: code" or "refused: code".
TAKEN, WRONG_TYPE, MISSING = "taken", "refused: geometry_wrong_type", "refused: geometry_missing"
CLOSED, REPAIRED, LOSES = "repaired: ring_closed", "repaired: geometry_repaired", "refused: geometry_repair_loses"
ROWS: dict[str, tuple[list[str], list[str]]] = {
    "invalid_exterior_not_ccw": ([TAKEN], [TAKEN]),
    "invalid_interior_not_cw": ([TAKEN], [TAKEN]),
    "invalid_less_three_unique_nodes": (["refused: ring_too_few_points"], ["refused: ring_too_few_points"]),
    "invalid_unclosed": ([CLOSED], [CLOSED]),
    "problematic_3d_coordinates": ([TAKEN], [TAKEN]),
    "problematic_4d_coordinates": ([TAKEN], [TAKEN]),
    "problematic_crosses_antimeridian": (["refused: geometry_spans_antimeridian"],) * 2,
    "problematic_duplicate_nodes": ([TAKEN], [TAKEN]),
    "problematic_excessive_coordinate_precision": ([TAKEN], [TAKEN]),
    "problematic_excessive_vertices": ([TAKEN], [TAKEN]),
    "problematic_feature_null_geometry": ([TAKEN], [MISSING]),
    "problematic_holes": ([TAKEN], [TAKEN]),
    "problematic_inner_and_exterior_ring_intersect": ([LOSES], [LOSES]),
    "problematic_multitype_geometry_with_just_one_geometry": ([TAKEN], [TAKEN]),
    "problematic_outside_lat_lon_boundaries": (["refused: lon_out_of_range"], ["refused: lon_out_of_range"]),
    "problematic_self_intersection_large": ([LOSES], [LOSES]),
    "problematic_self_intersection_small": ([REPAIRED], [REPAIRED]),
    "problematic_wrong_bbox_coordinate_order": ([TAKEN], [TAKEN]),
    "problematic_zero_length_linestring": (["refused: line_too_short"], ["refused: line_too_short"]),
    "problematic_crs_defined": ([TAKEN], [TAKEN]),
    "problematic_geometry_not_wrapped": ([TAKEN], [TAKEN]),
    "problematic_geometrycollection_single": ([TAKEN], [WRONG_TYPE]),
    "problematic_nested_geometrycollection": ([TAKEN], [WRONG_TYPE]),
    "valid_feature": ([TAKEN], [WRONG_TYPE]),
    "valid_feature_null_geometry": ([TAKEN], [MISSING]),
    "valid_feature_null_properties": ([TAKEN], [TAKEN]),
    "valid_feature_with_bbox": ([TAKEN], [WRONG_TYPE]),
    "valid_feature_with_id": ([TAKEN], [WRONG_TYPE]),
    "valid_feature_with_string_id": ([TAKEN], [WRONG_TYPE]),
    "valid_featurecollection": ([TAKEN], [TAKEN]),
    "valid_featurecollection_bboxes": ([TAKEN] * 2, [TAKEN] * 2),
    "valid_featurecollection_empty_features": ([], []),
    "valid_featurecollection_multiple_feature_types": ([TAKEN] * 4, [TAKEN, TAKEN, WRONG_TYPE, WRONG_TYPE]),
    "valid_featurecollection_with_geometrycollection": ([TAKEN], [WRONG_TYPE]),
    "valid_geometry": ([TAKEN], [WRONG_TYPE]),
    "valid_geometry_3d_coordinates": ([TAKEN], [WRONG_TYPE]),
    "valid_geometry_bbox": ([TAKEN], [TAKEN]),
    "valid_geometry_geometrycollection": ([TAKEN], [WRONG_TYPE]),
    "valid_geometry_geometrycollection_empty_geometries": ([TAKEN], [MISSING]),
    "valid_geometry_linestring": ([TAKEN], [WRONG_TYPE]),
    "valid_geometry_multilinestring": ([TAKEN], [WRONG_TYPE]),
    "valid_geometry_multipoint": ([TAKEN], [WRONG_TYPE]),
    "valid_geometry_multipolygon": ([TAKEN], [TAKEN]),
    "valid_geometry_point": ([TAKEN], [WRONG_TYPE]),
    "valid_geometry_polygon": ([TAKEN], [TAKEN]),
}
# Remarks that a taken file comes with, beside that it counts as EPSG:4326.
NOTES = {
    "invalid_exterior_not_ccw": {"geojson_ring_order_ignored"},
    "invalid_interior_not_cw": {"geojson_ring_order_ignored"},
    "problematic_3d_coordinates": {"heights_dropped"},
    "problematic_4d_coordinates": {"geojson_axes_ignored"},
    "problematic_crs_defined": {"crs_from_file"},
    "problematic_wrong_bbox_coordinate_order": {"geojson_bbox_ignored"},
    "problematic_geometry_not_wrapped": {"geojson_not_wrapped"},
    "valid_featurecollection_empty_features": {"file_has_no_rows"},
}


def files(shared: Path) -> dict[str, Path]:
    return {path.stem: path for path in (shared / "bad_geojson").rglob("*.geojson")}


def test_the_table_names_every_file(shared: Path) -> None:
    found = files(shared)
    assert len(found) == 74
    assert set(found) == set(STRUCTURE) | set(ROWS)
    assert not set(STRUCTURE) & set(ROWS)
    assert {name for name in found if found[name].parent.name == "invalid_structure"} <= set(STRUCTURE)


@pytest.mark.parametrize("kind", ["any", "grids"])
@pytest.mark.parametrize("name", STRUCTURE)
def test_a_wrong_structure_is_refused_whole(shared: Path, tmp_path: Path, name: str, kind: Literal["any"]) -> None:
    with pytest.raises(FileRefused) as refused:
        making.inside(files(shared)[name], tmp_path, kind)
    assert (refused.value.code, refused.value.facts["where"]) == STRUCTURE[name]


@pytest.mark.parametrize("kind", ["any", "grids"])
@pytest.mark.parametrize("name", ROWS)
def test_every_row_gets_its_answer(shared: Path, tmp_path: Path, name: str, kind: Literal["any"]) -> None:
    answer = making.inside(files(shared)[name], tmp_path, kind)
    expected = ROWS[name][0 if kind == "any" else 1]
    told = dict.fromkeys(answer.numbers.tolist(), TAKEN)
    told |= {p.row: f"{p.kind}: {p.code}" for p in answer.problems if p.row is not None}
    assert [told[row] for row in sorted(told)] == expected
    assert answer.n_rows == len(expected)
    if name in NOTES:
        assert NOTES[name] <= {note.code for note in answer.notes}


def test_the_same_through_the_walls(shared: Path) -> None:
    found = files(shared)
    with pytest.raises(FileRefused) as refused:
        read(found["invalid_featurecollection_features_is_object"], "grids")
    assert refused.value.facts == {
        **{"file": "invalid_featurecollection_features_is_object.geojson", "where": "features"},
        **{"wanted": "array", "found": "{}"},
    }
    layer = read(found["problematic_crs_defined"], "grids")
    assert layer.crs_used == "EPSG:32632"
    lon, lat = as_frame(layer).geometry[0].centroid.coords[0]
    assert 13.0 < lon < 14.0
    assert 52.0 < lat < 53.0
