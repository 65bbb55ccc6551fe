"""The invented town keeps what it promises: exact tiling, codes, determinism, hot spots, coverage."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, datetime, time, timedelta
from functools import cache

import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame
from pyproj import Geod

from geodata import datum, town
from geodata.town import names
from geodata.town.plan import MAP
from geodata.town.rows import DAYS, ZONE, Town
from geodata.town.visits import FIRST_ROUND, TURN

UNTIL = date(2026, 1, 1)
GEOD = Geod(ellps="WGS84")
BORDER_DEG = 1e-9  # how thick a border is when grids are asked for a point


@cache
def by_seed(seed: int) -> Town:
    return town.build(UNTIL, seed)


@pytest.fixture(scope="module")
def built() -> Town:
    return by_seed(1)


def shapes(frame: GeoDataFrame) -> np.ndarray:
    return frame.geometry.to_numpy()


def canonical(made: Town) -> str:
    """A hash over every row and every coordinate."""
    digest = hashlib.sha256()
    for frame in (made.areas, made.grids, made.dedicated, made.compounds, made.roads, made.buildings, made.water):
        digest.update(frame.drop(columns="geometry").to_csv(index=False).encode())
        digest.update(b"".join(shapely.to_wkb(shapes(frame), byte_order=1)))
    for rows in (made.categories, made.workers, made.duties, made.households, made.reports, made.visits, made.spots):
        digest.update(repr(rows).encode())
    return digest.hexdigest()


def wgs84_points(made: Town) -> tuple[list[int], np.ndarray]:
    """Which reports have a position, and these positions in WGS 84."""
    rows, points = [], []
    for row, report in enumerate(made.reports):
        if report.lon is not None and report.lat is not None and report.datum is not None:
            rows.append(row)
            points.append(shapely.Point(datum.to_wgs84(report.lon, report.lat, report.datum)))
    return rows, np.array(points)


def counts_by_grid(made: Town, category: str | None = None) -> Counter[str]:
    """Reports a base grid, counted by geometry alone."""
    rows, points = wgs84_points(made)
    tree = shapely.STRtree(points)
    found: Counter[str] = Counter(dict.fromkeys(made.grids["code"], 0))
    for code, shape in zip(made.grids["code"], shapes(made.grids), strict=True):
        inside = tree.query(shape, predicate="intersects")
        found[code] += sum(1 for i in inside if category in (None, made.reports[rows[i]].category))
    return found


def distance_m(point: shapely.Point, made: Town) -> float:
    """Geodesic metres to the nearest grid, planar nearest point."""
    nearest = [shapely.shortest_line(point, shape).coords[1] for shape in shapes(made.grids)]
    lons, lats = np.array(nearest).T
    return float(GEOD.inv(np.full_like(lons, point.x), np.full_like(lats, point.y), lons, lats)[2].min())


class TestAreasAndGrids:
    def test_grids_tile_the_city_without_gap_or_overlap(self, built: Town) -> None:
        city = built.areas.geometry.iloc[0]
        grids = shapes(built.grids)
        assert shapely.coverage_is_valid(grids)
        assert shapely.union_all(grids).symmetric_difference(city).area == pytest.approx(0.0, abs=1e-16)
        assert sum(shape.area for shape in grids) == pytest.approx(city.area, rel=1e-12)
        assert all(shapely.is_valid(grids))

    @pytest.mark.parametrize("level", ["district", "subdistrict", "community"])
    def test_each_level_tiles_the_city(self, built: Town, level: str) -> None:
        level_shapes = shapes(built.areas[built.areas["level"] == level])
        assert shapely.coverage_is_valid(level_shapes)
        assert sum(shape.area for shape in level_shapes) == pytest.approx(built.areas.geometry.iloc[0].area, rel=1e-12)

    def test_grids_tile_their_own_community_and_communities_their_subdistrict(self, built: Town) -> None:
        by_code = dict(zip(built.areas["code"], built.areas.geometry, strict=True))
        for code, parent in zip(built.grids.geometry, built.grids["community_code"], strict=True):
            assert by_code[parent].buffer(1e-9).covers(code)
        for code, parent in zip(built.areas["code"], built.areas["parent_code"], strict=True):
            assert parent is None or by_code[parent].buffer(1e-9).covers(by_code[code])

    def test_codes_are_text_of_the_right_length_and_hang_together(self, built: Town) -> None:
        areas = dict(zip(built.areas["code"], built.areas["level"], strict=True))
        lengths = {"city": 6, "district": 6, "subdistrict": 9, "community": 12}
        assert all(isinstance(code, str) and len(code) == lengths[level] for code, level in areas.items())
        codes = [*built.grids["code"], *built.dedicated["code"]]
        assert len(codes) == len(set(codes))
        for code, community in zip(
            codes, [*built.grids["community_code"], *built.dedicated["community_code"]], strict=True
        ):
            assert len(code) == 15
            assert code.isdecimal()
            assert code[:12] == community
            assert areas[code[:12]] == "community"
            assert areas[code[:9]] == "subdistrict"
            assert areas[code[:6]] == "district"
            assert code.startswith("99")

    def test_the_sequence_runs_from_west_to_east_then_from_north_to_south(self, built: Town) -> None:
        first: dict[str, tuple[int, int]] = {}
        for block, code in sorted(built.owners.items()):
            first.setdefault(code, block)
        for community in set(built.grids["community_code"]):
            codes = sorted(code for code in first if code[:12] == community)
            assert [int(code[12:]) for code in codes] == list(range(1, len(codes) + 1))
            assert codes == sorted(codes, key=first.__getitem__)

    def test_one_grid_has_an_enclave_and_one_a_hole(self, built: Town) -> None:
        kinds = Counter(shape.geom_type for shape in built.grids.geometry)
        assert kinds["MultiPolygon"] == 1
        ring = [shape for shape in built.grids.geometry if shape.geom_type == "Polygon" and len(shape.interiors)]
        assert len(ring) == 1
        several = next(shape for shape in built.grids.geometry if shape.geom_type == "MultiPolygon")
        assert any(ring[0].interiors[0].equals(part.exterior) for part in several.geoms)

    def test_grids_are_as_wide_as_grids_are(self, built: Town) -> None:
        widths_m = np.sqrt(built.grids.to_crs("EPSG:4545").area)
        assert widths_m.min() > 150
        assert widths_m.max() < 400
        assert 115 <= len(built.grids) <= 125

    def test_dedicated_grids_lie_over_base_grids_of_their_community(self, built: Town) -> None:
        by_code = dict(zip(built.areas["code"], built.areas.geometry, strict=True))
        assert sorted(built.dedicated["kind"]) == ["hospital", "mall", "park", "plant", "school"]
        for shape, community in zip(built.dedicated.geometry, built.dedicated["community_code"], strict=True):
            assert by_code[community].buffer(1e-9).covers(shape)
            assert shape.is_valid
        over = [
            sum(base.intersection(shape).area > 0 for base in built.grids.geometry)
            for shape in built.dedicated.geometry
        ]
        assert max(over) > 1
        assert not any(
            one.intersects(other)
            for i, one in enumerate(built.dedicated.geometry)
            for other in built.dedicated.geometry[:i]
        )

    def test_the_town_lies_where_gcj02_applies_and_its_rows_are_well_drawn(self, built: Town) -> None:
        west, south, east, north = built.grids.total_bounds
        assert 72.1 < west < east < 135
        assert 3 < south < north < 54
        assert len({len(line) for line in MAP}) == 1
        for frame in (built.areas, built.grids, built.dedicated, built.buildings, built.roads, built.water):
            assert frame.crs.to_epsg() == 4326
            assert all(shapely.is_valid(shapes(frame)))


class TestNextEdition:
    def test_one_border_moves_one_grid_splits_one_is_merged(self, built: Town) -> None:
        old = dict(zip(built.grids["code"], built.grids.geometry, strict=True))
        frame = town.next_edition(built)
        new = dict(zip(frame["code"], frame.geometry, strict=True))
        removed, added = set(old) - set(new), set(new) - set(old)
        changed = {code for code in set(old) & set(new) if not old[code].equals(new[code])}
        assert (len(removed), len(added), len(changed)) == (2, 2, 3)
        halves = shapely.union_all([new[code] for code in sorted(added)])
        assert sum(old[code].equals(halves) for code in removed) == 1
        grown = [code for code in changed if new[code].covers(old[code])]
        assert len(grown) == 2  # the one that took a block, the one that took a grid
        assert list(frame.columns) == list(built.grids.columns)
        assert len({community[:12] for community in removed | added | changed}) > 1

    def test_it_still_tiles(self, built: Town) -> None:
        grids = shapes(town.next_edition(built))
        assert shapely.coverage_is_valid(grids)
        assert shapely.union_all(grids).symmetric_difference(built.areas.geometry.iloc[0]).area < 1e-16

    def test_it_leaves_the_town_as_it_was(self, built: Town) -> None:
        before = canonical(built)
        town.next_edition(built)
        assert canonical(built) == before


class TestBuilt:
    def test_one_name_occurs_in_two_communities_and_an_alias_is_traditional(self, built: Town) -> None:
        twice = built.compounds[built.compounds["name"] == "幸福小区"]
        assert len(set(twice["community_code"])) == 2
        assert "鳳凰花園" in [alias for aliases in built.compounds["aliases"] for alias in aliases]
        assert built.compounds["ref"].is_unique
        assert 40 <= len(built.compounds) <= 50
        assert built.compounds["n_households"].isna().any()
        assert set(built.compounds["managed"]) == {True, False}

    def test_compounds_lie_in_their_community_and_do_not_overlap(self, built: Town) -> None:
        by_code = dict(zip(built.areas["code"], built.areas.geometry, strict=True))
        for shape, kind, code in zip(
            built.compounds.geometry, built.compounds["kind"], built.compounds["community_code"], strict=True
        ):
            assert by_code[code].contains(shape)
            assert shape.geom_type == ("Point" if kind == "point" else "Polygon")
        polygons = shapes(built.compounds[built.compounds["kind"] == "polygon"])
        pairs = shapely.STRtree(polygons).query(polygons, predicate="intersects")
        assert np.array_equal(pairs[0], pairs[1])
        assert (built.compounds["kind"] == "point").sum() >= 3

    def test_buildings_stand_free_of_each_other_of_the_river_and_inside_their_compound(self, built: Town) -> None:
        houses = shapes(built.buildings)
        pairs = shapely.STRtree(houses).query(houses, predicate="intersects")
        assert pairs.shape[1] == len(houses)
        assert not shapely.intersects(houses, shapely.union_all(shapes(built.water))).any()
        fences = dict(zip(built.compounds["ref"], built.compounds.geometry, strict=True))
        for shape, ref, kind in zip(houses, built.buildings["compound_ref"], built.buildings["kind"], strict=True):
            if kind == "residential" and fences[ref].geom_type == "Polygon":
                assert fences[ref].covers(shape)

    def test_roads_and_water_are_there_and_only_main_roads_cross_the_river(self, built: Town) -> None:
        assert set(built.roads["class"]) == {"major", "minor", "path"}
        assert built.roads.loc[built.roads["class"] == "path", "name"].isna().all()
        river = built.water.loc[built.water["kind"] == "river"].geometry.iloc[0]
        crossing = set(built.roads.loc[built.roads.geometry.intersects(river), "class"])
        assert crossing == {"major"}
        lake = built.water.loc[built.water["kind"] == "lake"].geometry.iloc[0]
        assert built.dedicated.loc[built.dedicated["kind"] == "park"].geometry.iloc[0].contains(lake)

    def test_every_door_has_its_own_key_and_stands_in_the_grid_it_names(self, built: Town) -> None:
        doors = built.households
        assert 8000 <= len(doors) <= 10000
        assert len({door.key for door in doors}) == len(doors)
        assert len({(d.compound_ref, d.building, d.unit, d.room) for d in doors}) == len(doors)
        assert all(
            door.key == "-".join((door.community_code, door.compound_ref, door.building, door.unit, door.room))
            for door in doors
        )
        assert {"无"} < {door.unit for door in doors}
        grids = dict(zip(built.grids["code"], built.grids.geometry, strict=True))
        one_each = {door.building_id: door for door in doors}.values()
        assert all(grids[door.script_grid].contains(shapely.Point(door.lon, door.lat)) for door in one_each)
        special = shapely.union_all(shapes(built.dedicated))
        assert not any(special.intersects(shapely.Point(door.lon, door.lat)) for door in one_each)

    def test_a_few_doors_are_shops_along_main_roads_and_a_few_households_need_more(self, built: Town) -> None:
        shops = [door for door in built.households if door.kind == "shop"]
        assert 0.01 <= len(shops) / len(built.households) <= 0.02
        assert len({door.name for door in shops}) == len(shops)
        classes = Counter(door.class_code for door in built.households if door.kind == "household")
        assert {"cared_for", "living_alone", "in_need", "floating"} < set(classes)
        assert 0.9 < classes["ordinary"] / classes.total() < 0.96
        assert all(door.n_people == 1 for door in built.households if door.class_code == "living_alone")

    def test_every_grid_has_a_main_worker_and_some_have_no_deputy(self, built: Town) -> None:
        mains = Counter(duty.code for duty in built.duties if duty.kind == "main")
        assert set(mains) == {*built.grids["code"], *built.dedicated["code"]}
        assert set(mains.values()) == {1}
        assert max(Counter(duty.worker_code for duty in built.duties if duty.kind == "main").values()) > 1
        deputies = {duty.code for duty in built.duties if duty.kind == "deputy"}
        assert 0.7 < len(deputies) / len(mains) < 1
        leaders = {duty.code for duty in built.duties if duty.kind == "leader"}
        assert leaders == set(built.grids["community_code"])
        posts = [(duty.code, duty.layer, duty.worker_code, duty.kind) for duty in built.duties]
        assert len(posts) == len(set(posts))
        assert {duty.worker_code for duty in built.duties} == {worker.code for worker in built.workers}
        assert len({worker.name for worker in built.workers}) == len(built.workers)
        assert all(worker.invented for worker in built.workers)


class TestReports:
    def test_they_fill_the_three_months_and_nothing_is_later(self, built: Town) -> None:
        start = datetime.combine(UNTIL - timedelta(days=DAYS), time(0), ZONE)
        end = datetime.combine(UNTIL, time(0), ZONE)
        assert 2400 <= len(built.reports) <= 2700
        assert all(start <= one.observed_at <= one.received_at < end for one in built.reports)
        assert len({one.observed_at.date() for one in built.reports}) == DAYS
        assert list(built.reports) == sorted(built.reports, key=lambda one: one.number)
        assert len({one.number for one in built.reports}) == len(built.reports)
        assert len({one.client_key for one in built.reports}) == len(built.reports)
        for one in built.reports:
            assert all(one.received_at < step.at < end for step in one.steps)

    def test_the_state_is_what_the_steps_led_to(self, built: Town) -> None:
        ends = {(): "reported", ("close",): "closed", ("void",): "void"}
        assert all(ends[tuple(step.action for step in one.steps)] == one.state for one in built.reports)
        states = Counter(one.state for one in built.reports)
        assert 0.02 < states["void"] / len(built.reports) < 0.08
        assert 0.08 < states["reported"] / len(built.reports) < 0.3

    def test_categories_are_of_the_list_but_for_a_few(self, built: Town) -> None:
        codes = {category.code for category in built.categories}
        assert len(codes) == len(built.categories) >= 25
        for category in built.categories:
            assert category.code == f"{category.kind}-{category.class_code}{category.subclass_code}"
        unknown = [one.category for one in built.reports if one.category not in codes]
        assert len(unknown) == 6
        assert {one.category for one in built.reports} >= codes

    def test_every_report_says_where_in_one_way_at_least(self, built: Town) -> None:
        for one in built.reports:
            located = one.lon is not None
            assert located == (one.lat is not None) == (one.datum is not None)
            assert located or one.words or one.compound
            assert "{" not in one.description.replace("{{请尽快}}", "").replace("${谢谢}", "")
        given = {one.compound for one in built.reports if one.compound}
        known = {*built.compounds["name"], *(alias for aliases in built.compounds["aliases"] for alias in aliases)}
        assert given - known == {"運輸公司家屬院"}
        assert "幸福小区" in given
        assert sum("<b>" in one.description for one in built.reports) == 1

    def test_raw_positions_are_in_the_datum_they_name(self, built: Town) -> None:
        data = Counter(one.datum for one in built.reports)
        assert data["wgs84"] > 1500 > data["gcj02"] > 100 > data["bd09"] > 10
        city = built.areas.geometry.iloc[0].buffer(0.002)
        for one in built.reports:
            if one.datum in ("gcj02", "bd09") and one.lon and one.lat:
                lon, lat = datum.to_wgs84(one.lon, one.lat, one.datum)
                assert city.contains(shapely.Point(lon, lat))
                assert GEOD.inv(lon, lat, one.lon, one.lat)[2] > 200

    @pytest.mark.parametrize("seed", [1, 2])
    def test_border_corner_near_and_far_are_what_they_say(self, seed: int) -> None:
        made = by_seed(seed)
        seen = Counter(one.script_placing for one in made.reports)
        assert min(seen[kind] for kind in ("border", "corner", "near", "far", "words", "compound")) >= 8
        grids = shapes(made.grids)
        for one in made.reports:
            if one.script_placing not in ("border", "corner", "near", "far"):
                continue
            point = shapely.Point(one.lon, one.lat)
            touched = int((shapely.distance(grids, point) <= BORDER_DEG).sum())
            if one.script_placing == "border":
                assert touched == 2
            elif one.script_placing == "corner":
                assert touched >= 3
            else:
                metres = distance_m(point, made)
                assert touched == 0
                assert 1 < metres < 50 if one.script_placing == "near" else metres > 50

    @pytest.mark.parametrize("seed", [1, 2])
    def test_hot_spots_are_hotter_than_anything_else(self, seed: int) -> None:
        made = by_seed(seed)
        assert len(made.spots) == 4
        for spot in made.spots:
            counts = counts_by_grid(made, spot.category)
            others = [n for code, n in counts.items() if code not in spot.grid_codes]
            assert spot.grid_codes
            assert sum(counts[code] for code in spot.grid_codes) / len(spot.grid_codes) > 8 * np.mean(others)
            assert max(counts, key=lambda code: (counts[code], code)) in spot.grid_codes
        everything = counts_by_grid(made)
        hot = {code for spot in made.spots[:3] for code in spot.grid_codes}
        assert np.mean([everything[code] for code in hot]) > 2 * np.mean(list(everything.values()))

    def test_hot_spots_have_their_time(self, built: Town) -> None:
        market = [one.observed_at.hour for one in built.reports if one.script_spot == "night_market"]
        assert np.mean([hour >= 18 or hour < 2 for hour in market]) > 0.6
        floods = {one.observed_at.date() for one in built.reports if one.category == "event-0506"}
        assert len(floods) <= 6
        bicycles = [one.observed_at.date() for one in built.reports if one.script_spot == "hospital_bicycles"]
        assert min(bicycles) >= UNTIL - timedelta(days=28)
        late = [day for day in bicycles if day >= UNTIL - timedelta(days=14)]
        assert len(late) > 2 * (len(bicycles) - len(late))

    def test_workers_report_by_day_and_residents_in_the_evening(self, built: Town) -> None:
        def evening_share(channel: str) -> float:
            hours = [one.observed_at.hour for one in built.reports if one.channel == channel and not one.script_spot]
            return float(np.mean([hour >= 18 for hour in hours]))

        assert evening_share("worker") < 0.1 < 0.3 < evening_share("wechat")
        known = {worker.code for worker in built.workers}
        for one in built.reports:
            assert (one.worker_code in known) if one.channel in ("worker", "visit") else one.worker_code is None


class TestVisits:
    def test_coverage_runs_from_none_to_all(self, built: Town) -> None:
        grid_of = {door.key: door.script_grid for door in built.households}
        n_doors = Counter(grid_of.values())
        reached = Counter(grid_of[key] for key in {v.household_key for v in built.visits if v.outcome == "reached"})
        shares = np.array([reached[code] / n for code, n in n_doors.items()])
        assert (shares == 0).sum() >= 5
        assert (shares == 1).sum() >= 5
        assert np.histogram(shares, bins=5, range=(0, 1))[0].min() >= 10
        assert 90 <= len(n_doors) < len(built.grids)  # some grids have no door at all

    def test_the_first_round_went_well_and_the_second_goes_on(self, built: Town) -> None:
        turn = datetime.combine(UNTIL - timedelta(days=DAYS - TURN), time(0), ZONE)
        there = {door.key for door in built.households if door.script_grid.startswith(FIRST_ROUND)}
        met = [visit for visit in built.visits if visit.outcome == "reached"]
        first = {visit.household_key for visit in met if visit.happened_at < turn}
        assert first <= there
        assert 0.88 < len(first) / len(there) < 0.98
        second = {visit.household_key for visit in met if visit.happened_at >= turn}
        assert 0.4 < len(second) / len(built.households) < 0.6

    def test_some_doors_are_visited_again_and_all_visits_are_within_the_script(self, built: Town) -> None:
        start = datetime.combine(UNTIL - timedelta(days=DAYS), time(0), ZONE)
        end = datetime.combine(UNTIL, time(0), ZONE)
        assert all(start <= visit.happened_at <= visit.recorded_at < end for visit in built.visits)
        assert set(Counter(Counter(v.household_key for v in built.visits).values())) >= {1, 2, 3}
        assert {visit.outcome for visit in built.visits} == {"reached", "absent", "refused", "vacant", "moved"}
        assert len({visit.client_key for visit in built.visits}) == len(built.visits)
        doors = {door.key: door for door in built.households}
        offs = [
            GEOD.inv(visit.lon, visit.lat, doors[visit.household_key].lon, doors[visit.household_key].lat)[2]
            for visit in built.visits
        ]
        assert np.median(offs) < 20
        assert 0.002 < np.mean(np.array(offs) > 150) < 0.03


class TestSameAgain:
    def test_two_builds_are_alike_and_another_seed_differs(self, built: Town) -> None:
        assert canonical(town.build(UNTIL)) == canonical(built)
        other = by_seed(2)
        assert canonical(other) != canonical(built)
        assert other.grids.geometry.geom_equals_exact(built.grids.geometry, 0.0).all()

    def test_another_day_and_a_smaller_scale(self) -> None:
        small = town.build(date(2024, 3, 1), seed=5, scale=0.1)
        end = datetime.combine(date(2024, 3, 1), time(0), ZONE)
        assert 150 < len(small.reports) < 350
        assert 700 < len(small.households) < 2500
        assert max(one.received_at for one in small.reports) < end
        assert max(visit.recorded_at for visit in small.visits) < end
        assert len(small.grids) == 121

    def test_no_more_than_seven_decimals_on_the_ground(self, built: Town) -> None:
        for frame in (built.grids, built.compounds, built.buildings, built.roads, built.water):
            points = shapely.get_coordinates(shapes(frame))
            assert np.array_equal(points, np.round(points, 7))


class TestLattice:
    @pytest.mark.parametrize(("n_grids", "vertices", "seed"), [(1, 84, 1), (7, 40, 2), (137, 12, 3), (900, 84, 4)])
    def test_it_tiles_its_square(self, n_grids: int, vertices: int, seed: int) -> None:
        made = town.lattice(n_grids, vertices, seed)
        grids = shapes(made)
        west, south, east, north = made.total_bounds
        assert len(made) == n_grids
        assert made["code"].is_unique
        assert all(shapely.is_valid(grids))
        assert shapely.coverage_is_valid(grids)
        assert sum(shape.area for shape in grids) == pytest.approx((east - west) * (north - south), rel=1e-10)
        assert np.mean(shapely.get_num_coordinates(grids) - 1) == pytest.approx(vertices, rel=0.15)
        assert made["code"].str.fullmatch("990199[0-9]{9}").all()

    def test_it_is_the_same_again(self) -> None:
        one, same, other = town.lattice(100, 20, 1), town.lattice(100, 20, 1), town.lattice(100, 20, 2)
        assert one.geometry.geom_equals_exact(same.geometry, 0.0).all()
        assert not one.geometry.geom_equals_exact(other.geometry, 0.0).any()

    def test_scatter_leaves_a_few_points_outside(self) -> None:
        lon, lat = town.scatter(100_000, seed=3)
        west, south, east, north = town.lattice(4, 8).total_bounds
        out = (lon < west) | (lon > east) | (lat < south) | (lat > north)
        assert 0.0012 < out.mean() < 0.0028
        assert max(west - lon.min(), lon.max() - east) < 0.0008
        assert max(south - lat.min(), lat.max() - north) < 0.0008
        again = town.scatter(100_000, seed=3)
        assert np.array_equal(lon, again[0])
        assert np.array_equal(lat, again[1])


def test_numbers_and_letters_of_names() -> None:
    assert [names.in_words(n) for n in (1, 10, 11, 20, 99)] == ["一", "十", "十一", "二十", "九十九"]
    assert all(names.letter_of(names.community_code(letter)) == letter for letter in names.COMMUNITY_NAMES)
    with pytest.raises(KeyError):
        names.community_code("z")
