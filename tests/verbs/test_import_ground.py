"""Areas, grids, compounds, workers and base map of files: what is stored, what is refused, what is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import time
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from geodata.layer import Fields, Kind, Layer
from geodata.read import read
from gridsvc import compounds as verbs
from gridsvc import editions
from gridsvc.areas import Area, save
from gridsvc.errors import Refused
from gridsvc.imports import areas, basemap, compounds, grids, workers
from gridsvc.imports.account import MOST_TOLD, Account, Refusals, Tally, as_facts, of_layer
from tests.conftest import NOW, Fresh

AREAS = {
    "990100": shapely.box(110.0, 23.0, 110.4, 23.4),
    "990101": shapely.box(110.0, 23.0, 110.2, 23.4),
    "990102": shapely.box(110.2, 23.0, 110.4, 23.4),
    "990101001": shapely.box(110.0, 23.0, 110.2, 23.2),
    "990101001001": shapely.box(110.0, 23.0, 110.1, 23.2),
    "990101001002": shapely.box(110.1, 23.0, 110.2, 23.2),
}


def features(path: Path, rows: Sequence[tuple[Mapping[str, object], shapely.Geometry]]) -> Path:
    found = [{"type": "Feature", "properties": dict(p), "geometry": shapely.geometry.mapping(g)} for p, g in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": found}), encoding="utf-8")
    return path


def layer(path: Path, kind: Kind, **fields: str) -> Layer:
    return read(path, kind, crs=None if path.suffix == ".geojson" else "wgs84", fields=Fields(**fields))


def table(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def reasons(account: Account) -> list[tuple[int | None, str]]:
    return [(p.row, p.code) for p in account.refused]


# ---- areas -------------------------------------------------------------------------------------------------------


def area_file(path: Path, **more: Any) -> Path:
    return features(
        path / "areas.geojson", [({"code": c, "name": f"N{c}"} | more.get(c, {}), g) for c, g in AREAS.items()]
    )


def stored_areas(db: Connection) -> dict[str, tuple[str, str | None]]:
    query = text("SELECT a.code, a.level, p.code AS parent FROM area a LEFT JOIN area p ON p.id = a.parent_id")
    return {row.code: (row.level, row.parent) for row in db.execute(query)}


def test_areas_get_level_and_parent_from_their_codes(db: Connection, tmp_path: Path) -> None:
    file = area_file(tmp_path)
    account = areas.take(db, layer(file, "areas"), "a", level=None)
    assert (account.tally, account.n_refused) == (Tally(6, 0, 0, 0), 0)
    assert stored_areas(db) == {
        "990100": ("city", None),
        "990101": ("district", "990100"),
        "990102": ("district", "990100"),
        "990101001": ("subdistrict", "990101"),
        "990101001001": ("community", "990101001"),
        "990101001002": ("community", "990101001"),
    }
    assert areas.take(db, layer(file, "areas"), "a", level=None).tally == Tally(0, 0, 6, 0)
    assert sorted(account.partitions) == ["city", "community", "district", "subdistrict"]
    assert account.partitions["district"].clean


def test_areas_get_their_parent_from_a_column_or_by_place(db: Connection, tmp_path: Path) -> None:
    rows: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"code": "T", "level": "市"}, AREAS["990100"]),
        ({"code": "U", "level": "区县"}, AREAS["990101"]),
        ({"code": "V", "level": "社区", "parent_code": "T"}, AREAS["990101001001"]),
        ({"code": "W", "level": "社区"}, AREAS["990101001002"]),
    ]
    file = features(tmp_path / "a.geojson", rows)
    assert areas.take(db, layer(file, "areas"), "a", level=None).n_refused == 0
    assert stored_areas(db) == {
        "T": ("city", None),
        "U": ("district", "T"),
        "V": ("community", "T"),
        "W": ("community", "U"),
    }


def test_areas_that_are_wrong(db: Connection, tmp_path: Path) -> None:
    box = AREAS["990101"]
    rows: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"code": "12345"}, box),
        ({"code": "A", "level": "Kiez"}, box),
        ({"code": "990101", "parent_code": "nobody"}, box),
        ({"code": "990102", "parent_code": "990103001001"}, box),
        ({"code": "990103001001"}, box),
        ({"code": "990104"}, box),
        ({"code": "990104"}, box),
    ]
    account = areas.take(db, layer(features(tmp_path / "a.geojson", rows), "areas"), "a", level=None)
    assert reasons(account) == [
        (1, "level_unknown"),
        (2, "level_word_unknown"),
        (3, "parent_unknown"),
        (4, "parent_not_above"),
        (6, "area_code_repeated"),
        (7, "area_code_repeated"),
    ]
    assert sorted(stored_areas(db)) == ["990103001001"]


def test_areas_make_no_circle_with_what_is_stored(db: Connection, tmp_path: Path) -> None:
    box = AREAS["990101"]
    first: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"code": "A", "level": "市"}, box),
        ({"code": "B", "level": "区县", "parent_code": "A"}, box),
    ]
    areas.take(db, layer(features(tmp_path / "a.geojson", first), "areas"), "a", level=None)
    before = stored_areas(db)
    turned: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"code": "A", "level": "社区", "parent_code": "B"}, box),
        ({"code": "C", "level": "街道", "parent_code": "A"}, box),
    ]
    account = areas.take(db, layer(features(tmp_path / "b.geojson", turned), "areas"), "b", level=None)
    # A would be below B, which stays below A; nor does C lie below what the file says of A
    assert reasons(account) == [(1, "area_not_above"), (2, "parent_not_above")]
    (first_problem, _) = account.refused
    assert first_problem.facts == {"found": "B", "level": "district", "own": "community"}
    assert stored_areas(db) == before
    # turned round whole, it is a hierarchy
    turned = [({"code": "A", "level": "社区", "parent_code": "B"}, box), ({"code": "B", "level": "市"}, box)]
    areas.take(db, layer(features(tmp_path / "c.geojson", turned), "areas"), "c", level=None)
    assert stored_areas(db) == {"A": ("community", "B"), "B": ("city", None)}


def test_areas_are_stored_below_higher_levels_alone(db: Connection) -> None:
    def area(code: str, level: str, above: str | None) -> Area:
        return Area(code, level, code, above, None)

    save(db, [area("A", "city", None), area("B", "district", "A")])
    before = stored_areas(db)
    for wrong in (
        [area("C", "district", "D"), area("D", "district", "C")],
        [area("C", "district", "B")],
        [area("C", "city", "C"), area("C", "city", "C")],
        [area("A", "community", "B")],
    ):
        with pytest.raises(Refused, match="area_above_wrong") as refusal, db.begin_nested():
            save(db, wrong)
        assert refusal.value.facts["area"] in ("B", "C", "D")
        assert stored_areas(db) == before


def test_a_shape_drawn_the_other_way_round_changes_no_area_and_no_compound(db: Connection) -> None:
    shapes = [AREAS["990101"], AREAS["990101"].reverse(), AREAS["990102"]]
    told = []
    for shape in shapes:
        wkb = bytes(shapely.to_wkb(shapely.MultiPolygon([shape])))
        area = save(db, [Area("990101", "district", "N", None, wkb)])
        compound = verbs.save(db, [verbs.Incoming("s", "1", "锦绣花园", (), None, None, None, wkb)])
        told.append((len(area.new), len(area.changed), len(compound.new), len(compound.changed)))
    assert told == [(1, 0, 1, 0), (0, 0, 0, 0), (0, 1, 0, 1)]


def test_areas_are_stored_one_after_the_other(fresh: Fresh) -> None:
    with fresh.begin() as first, fresh.begin() as second:
        save(first, [Area("A", "district", "A", None, None)])
        second.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"), second.begin_nested():
            save(second, [Area("B", "district", "B", None, None)])


def test_overlapping_areas_of_a_level_are_told(db: Connection, tmp_path: Path) -> None:
    two: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"code": "1"}, shapely.box(110, 23, 110.01, 23.01)),
        ({"code": "2"}, shapely.box(110.009, 23, 110.02, 23.01)),
    ]
    account = areas.take(db, layer(features(tmp_path / "a.geojson", two), "areas"), "a", level="district")
    (overlap,) = account.partitions["district"].overlaps
    assert overlap.codes == ("1", "2")


def test_imported_areas_become_the_grids_communities_and_what_gaps_are_measured_by(
    db: Connection, tmp_path: Path
) -> None:
    shapes = [
        ({"code": "G1"}, shapely.box(110.0, 23.0, 110.1, 23.2)),
        ({"code": "G2"}, shapely.box(110.1, 23.0, 110.2, 23.19)),
    ]
    file = layer(features(tmp_path / "g.geojson", shapes), "grids")
    before = grids.take(db, file, "g", NOW, default="base", replace=False)
    assert not before.partitions["base"].against_areas
    assert before.partitions["base"].gaps == ()
    areas.take(db, layer(area_file(tmp_path), "areas"), "a", level=None)
    found = db.execute(
        text("SELECT g.code, a.code AS area FROM grid_version g JOIN area a ON a.id = g.area_id ORDER BY 1")
    )
    assert [tuple(row) for row in found] == [("G1", "990101001001"), ("G2", "990101001002")]
    after = grids.take(db, file, "g", NOW, default="base", replace=False)
    (gap,) = after.partitions["base"].gaps
    assert after.partitions["base"].against_areas
    assert (gap.area, round(gap.lat, 3)) == ("990101001002", 23.195)
    assert gap.m2 == pytest.approx(11_315_000, rel=0.01)


# ---- grids -------------------------------------------------------------------------------------------------------


def test_grids_of_both_layers_in_one_file(db: Connection, tmp_path: Path) -> None:
    rows: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"code": "1", "网格类型": "基础网格"}, shapely.box(110, 23, 110.01, 23.01)),
        ({"code": "1", "网格类型": "专属"}, shapely.box(110, 23, 110.005, 23.005)),
        ({"code": "2", "网格类型": None}, shapely.box(110.01, 23, 110.02, 23.01)),
        ({"code": "3", "网格类型": "?"}, shapely.box(110.02, 23, 110.03, 23.01)),
    ]
    file = layer(features(tmp_path / "g.geojson", rows), "grids")
    account = grids.take(db, file, "g", NOW, default="base", replace=False)
    assert reasons(account) == [(4, "layer_unknown")]
    assert account.tally == Tally(3, 0, 0, 0)
    for name, codes in (("base", ["1", "2"]), ("dedicated", ["1"])):
        draft = editions.edition_id(db, name, "draft")
        assert draft is not None
        assert list(editions.edition_frame(db, draft)["code"]) == codes
    assert grids.take(db, file, "g", NOW, default="base", replace=False).tally == Tally(0, 0, 3, 0)


def test_a_column_called_layer_that_means_something_else(db: Connection, tmp_path: Path) -> None:
    rows: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"code": "1", "layer": "districts_2019"}, AREAS["990101"])
    ]
    path = features(tmp_path / "g.geojson", rows)
    assert grids.take(db, layer(path, "grids"), "g", NOW, default="dedicated", replace=False).n_refused == 0
    assert editions.edition_id(db, "dedicated", "draft") is not None
    named = grids.take(db, layer(path, "grids", layer="layer"), "g", NOW, default="base", replace=False, by_column=True)
    assert reasons(named) == [(1, "layer_unknown")]


def test_sizes_and_repairs_are_told(db: Connection, tmp_path: Path) -> None:
    bow = shapely.Polygon([(110, 23), (110.01, 23), (110.01, 23.01), (110.005, 23), (110, 23.01)])
    rows: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"code": "1", "name": "甲"}, shapely.box(110.1, 23, 110.11, 23.01)),
        ({"code": "2"}, bow),
    ]
    account = grids.take(
        db, layer(features(tmp_path / "g.geojson", rows), "grids"), "g", NOW, default="base", replace=False
    )
    assert account.n_repaired == 1
    assert account.repaired[0].row == 2
    sizes = account.partitions["base"].sizes
    assert sizes is not None
    assert (sizes.smallest_code, sizes.largest_code) == ("2", "1")
    assert account.extent is not None
    assert account.extent.west == 110
    facts = json.loads(json.dumps(as_facts(account)))
    assert facts["partition"]["base"]["sizes"]["largest_code"] == "1"
    assert facts["rows"] == {"read": 2, "new": 2, "changed": 0, "same": 0, "removed": 0, "refused": 0, "repaired": 1}


# ---- compounds ---------------------------------------------------------------------------------------------------


def test_compounds_with_names_and_counts(db: Connection, tmp_path: Path) -> None:
    header = "小区编码,小区名称,别名,户数,楼栋数,物业公司,经度,纬度"
    file = table(
        tmp_path / "c.csv",
        header,
        "C1,锦绣花园,锦绣；JX花园,320,12,有,110.001,23.001",
        "C2,东苑,,80户,,无,110.002,23.001",
        ",西苑,,,,某某物业公司,110.003,23.001",
        "C4,北苑,,many,,,110.004,23.001",
        "C5,南苑,,1,,,110.005,23.001",
        "C5,南苑二期,,1,,,110.006,23.001",
        ",,,,,,110.007,23.001",
    )
    account = compounds.take(db, layer(file, "compounds"), "c", source="office")
    assert reasons(account) == [
        (4, "count_wrong"),
        (5, "compound_repeated"),
        (6, "compound_repeated"),
        (7, "compound_nameless"),
    ]
    query = "SELECT ref, name, aliases, n_households AS n, n_buildings AS b, managed FROM compound ORDER BY ref"
    assert [tuple(row) for row in db.execute(text(query))] == [
        ("C1", "锦绣花园", ["锦绣", "JX花园"], 320, 12, True),
        ("C2", "东苑", [], 80, None, False),
        ("西苑", "西苑", [], None, None, True),
    ]
    assert [c.name for c in verbs.find(db, "錦繡花園")] == ["锦绣花园"]
    assert [c.name for c in verbs.find(db, "ＪＸ花园")] == ["锦绣花园"]
    assert compounds.take(db, layer(file, "compounds"), "c", source="office").tally == Tally(0, 0, 3, 0)
    assert compounds.take(db, layer(file, "compounds"), "c", source="other").tally.new == 3


# ---- workers -----------------------------------------------------------------------------------------------------

PEOPLE = "工号,姓名,网格编码,职责,值班时间"


def duties(db: Connection) -> list[tuple[object, ...]]:
    query = "SELECT w.code, d.layer, d.grid_code, d.kind, d.weekdays, d.starts, d.ends FROM duty d JOIN worker w ON w.id = d.worker_id ORDER BY 1, 3, 4"
    return [tuple(row) for row in db.execute(text(query))]


def draft(db: Connection, tmp_path: Path, *codes: str, name: str = "base") -> None:
    shapes = [({"code": c}, shapely.box(110 + i / 100, 23, 110.01 + i / 100, 23.01)) for i, c in enumerate(codes)]
    grids.take(
        db, layer(features(tmp_path / f"{name}.geojson", shapes), "grids"), "g", NOW, default=name, replace=False
    )


def test_workers_and_their_duty(db: Connection, tmp_path: Path) -> None:
    draft(db, tmp_path, "001", "002", "003")
    draft(db, tmp_path, "D1", name="dedicated")
    file = table(
        tmp_path / "w.csv",
        PEOPLE,
        "W1,甲,001；002,主,周一至周五 08:00-12:00",
        "W2,乙,001,副,20:00-06:00",
        "W1,甲,D1,,",
        "W3,丙,,,",
    )
    account = workers.take(db, layer(file, "workers"), "w", default=None, replace=False)
    assert account.n_refused == 0
    assert duties(db) == [
        ("W1", "base", "001", "main", [1, 2, 3, 4, 5], time(8), time(12)),
        ("W1", "base", "002", "main", [1, 2, 3, 4, 5], time(8), time(12)),
        ("W1", "dedicated", "D1", "main", None, None, None),
        ("W2", "base", "001", "deputy", None, time(20), time(6)),
    ]
    assert account.extra["workers"] == {"new": 3, "changed": 0, "same": 0}
    again = workers.take(db, layer(file, "workers"), "w", default=None, replace=False)
    assert again.tally == Tally(0, 0, 4, 0)
    fewer = table(tmp_path / "w2.csv", PEOPLE, "W1,甲,001,主,")
    assert workers.take(db, layer(fewer, "workers"), "w", default=None, replace=False).tally == Tally(0, 1, 0, 2)
    assert workers.take(db, layer(fewer, "workers"), "w", default=None, replace=True).tally == Tally(0, 0, 1, 1)
    assert [row[:3] for row in duties(db)] == [("W1", "base", "001")]


def test_workers_that_are_wrong(db: Connection, tmp_path: Path) -> None:
    draft(db, tmp_path, "001", "002")
    file = table(
        tmp_path / "w.csv",
        PEOPLE,
        "W1,甲,001,主,",
        "W1,乙,002,主,",
        "W2,丙,009,主,",
        "W3,丁,001,组长,",
        "W4,戊,001,主,有时",
        "W1,甲,001,主,08:00-12:00",
        ",,001,主,",
    )
    account = workers.take(db, layer(file, "workers"), "w", default=None, replace=False)
    assert reasons(account) == [
        (2, "worker_other_name"),
        (3, "duty_grid_unknown"),
        (4, "duty_unknown"),
        (5, "hours_unreadable"),
        (6, "duty_repeated"),
        (7, "worker_nameless"),
    ]
    assert len(duties(db)) == 1


# ---- base map ----------------------------------------------------------------------------------------------------


def test_the_base_map_of_a_source_is_replaced(db: Connection, tmp_path: Path) -> None:
    line, house = shapely.LineString([(110, 23), (110.01, 23.01)]), shapely.box(110, 23, 110.0001, 23.0001)
    rows: list[tuple[Mapping[str, object], shapely.Geometry]] = [
        ({"feature": "道路", "type": "主干路", "name": "人民路"}, line),
        ({"feature": "road", "type": "whatever"}, line),
        ({"feature": "建筑", "type": "school"}, house),
        ({"feature": "sky"}, house),
    ]
    file = layer(features(tmp_path / "b.geojson", rows), "basemap", category="type")
    account = basemap.take(db, file, "b", source="office")
    assert (reasons(account), account.tally) == ([(4, "feature_unknown")], Tally(3, 0, 0, 0))
    query = text("SELECT kind, class, name FROM basemap ORDER BY id")
    assert [tuple(row) for row in db.execute(query)] == [
        ("road", "major", "人民路"),
        ("road", "minor", None),
        ("building", "school", None),
    ]
    assert basemap.take(db, file, "b", source="office").tally == Tally(0, 0, 3, 0)
    fewer = layer(features(tmp_path / "b2.geojson", rows[:1]), "basemap", category="type")
    assert basemap.take(db, fewer, "b", source="office").tally == Tally(0, 0, 1, 2)
    assert basemap.take(db, fewer, "b", source="other").tally == Tally(1, 0, 0, 0)


# ---- accounts ----------------------------------------------------------------------------------------------------


def test_an_account_counts_rows_once_and_lists_only_the_first(tmp_path: Path) -> None:
    from_file = layer(features(tmp_path / "g.geojson", [({"code": "1"}, AREAS["990101"])]), "grids")
    problems = [type(p)(row, "some_code", {}, "refused") for row in range(1, 9) for p in from_file.notes[:1]]
    few = Refusals(most=3)
    few.add([*problems, problems[0]])
    account = of_layer(from_file, "grids", "g", Tally(), few)
    assert (account.n_refused, len(account.refused), account.refused_by_code) == (8, 3, {"some_code": 8})
    every = Refusals()
    every.add(problems)
    assert len(of_layer(from_file, "grids", "g", Tally(), every).refused) == 8
    assert MOST_TOLD == 10_000
