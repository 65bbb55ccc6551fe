"""Gaps and overlaps put there on purpose are found, with their square metres and where they are; noise is not."""

from __future__ import annotations

import string

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import Point, Polygon

from geodata import partition
from geodata.errors import CrsError, GeodataError, GeometryError
from geodata.geometry import area_m2, length_m
from geodata.partition import TOLERANCE_M2, check
from gridsvc.i18n import LOCALES, catalogue

WEST, SOUTH, STEP = 111.3, 23.5, 0.002


def frame(shapes, codes=None) -> gpd.GeoDataFrame:
    """Grids with the codes 000, 001, … unless others are given."""
    shapes = list(shapes)
    return gpd.GeoDataFrame(
        {"code": codes or [f"{number:03d}" for number in range(len(shapes))]}, geometry=shapes, crs="EPSG:4326"
    )


def lattice(n: int, seed: int = 0, noise_deg: float = 0.0, n_per_edge: int = 6, jitter: float = 0.3) -> list[Polygon]:
    """n x n cells with moved corners and wavy borders, column by column; `noise_deg` moves each cell's own vertices."""
    rng = np.random.default_rng(seed)
    corner = np.stack(np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij"), axis=-1)
    corner[1:-1, 1:-1] += rng.uniform(-jitter, jitter, (n - 1, n - 1, 2))
    share = np.linspace(0, 1, n_per_edge + 1)[:-1, None]

    def edge(a, b, wavy: bool):
        aside = (b - a)[::-1] * (-1, 1) * 0.05 * wavy
        return a + share * (b - a) + aside * np.sin(np.pi * share) * rng.uniform(-1, 1, share.shape)

    along = {(i, j): edge(corner[i, j], corner[i + 1, j], 0 < j < n) for i in range(n) for j in range(n + 1)}
    up = {(i, j): edge(corner[i, j], corner[i, j + 1], 0 < i < n) for i in range(n + 1) for j in range(n)}
    cells = []
    for i in range(n):
        for j in range(n):
            top = np.vstack([along[i, j + 1][1:], corner[i + 1, j + 1]])[::-1]
            left = np.vstack([up[i, j][1:], corner[i, j + 1]])[::-1]
            ring = np.vstack([along[i, j], up[i + 1, j], top, left])
            ring = ring * STEP + (WEST, SOUTH) + rng.uniform(-noise_deg, noise_deg, ring.shape)
            cells.append(Polygon(ring))
    return cells


def box(west: float, south: float, east: float, north: float) -> Polygon:
    """A rectangle in steps from the corner of the lattice."""
    return shapely.box(WEST + west * STEP, SOUTH + south * STEP, WEST + east * STEP, SOUTH + north * STEP)


@pytest.mark.parametrize("noise_deg", [0.0, 1e-14, 1e-12])
def test_a_whole_partition_is_clean(noise_deg: float) -> None:
    cells = lattice(12, noise_deg=noise_deg)
    for areas in (None, frame([box(0, 0, 12, 12)])):
        account = check(frame(cells), areas)
        assert account.clean
        assert account.n_grids == 144
        assert account.against_areas == (areas is not None)
        # Rounding of borders is not even a sliver.
        assert account.overlap_slivers.n <= account.n_grids * (noise_deg > 1e-13)
        assert account.gap_slivers.m2 < 1e-2
    assert account.sizes is not None
    sizes = sorted(area_m2(cell) for cell in cells)
    assert account.sizes.smallest_m2 == pytest.approx(sizes[0])
    assert account.sizes.largest_m2 == pytest.approx(sizes[-1])
    assert area_m2(cells[int(account.sizes.largest_code)]) == pytest.approx(sizes[-1])
    assert account.sizes.median_m2 == pytest.approx(np.median(sizes))


@settings(deadline=None, max_examples=40)
@given(data=st.data(), against=st.booleans(), noise_deg=st.sampled_from([0.0, 1e-14, 1e-12]))
def test_gaps_and_overlaps_put_there_are_found(data: st.DataObject, against: bool, noise_deg: float) -> None:
    n = 6
    cells = lattice(n, data.draw(st.integers(0, 2**32 - 1)), noise_deg)
    # Faults lie in cells that do not touch one another: each is one gap or one pair, and is known exactly.
    gaps, overlaps = {}, {}
    for place in (i * n + j for i in (1, 4) for j in (1, 4)):
        what = data.draw(st.sampled_from(["nothing", "missing", "hole", "over", "sliver"]))
        cell = cells[place]
        if what == "missing":
            gaps[place], cells[place] = cell, None
        if what == "hole":
            gaps[place] = cell.centroid.buffer(data.draw(st.floats(1e-4, 0.2)) * STEP)
            cells[place] = cell.difference(gaps[place])
        if what == "sliver":
            # One side was drawn a little inside: several thin pieces, that may or may not hang together.
            moved = affinity.translate(cell, data.draw(st.floats(1e-6, 1e-4)) * STEP)
            gaps[place], cells[place] = cell.difference(moved), cell.intersection(moved)
        if what == "over":
            # Into the neighbour above, which stays whole.
            patch = cells[place + 1].centroid.buffer(data.draw(st.floats(1e-4, 0.2)) * STEP)
            overlaps[f"{place:03d}", f"{place + 1:03d}"] = patch
            cells[place] = shapely.union(cell, patch)
    codes = [f"{number:03d}" for number, cell in enumerate(cells) if cell is not None]
    grids = frame([cell for cell in cells if cell is not None], codes)
    account = check(grids.sample(frac=1, random_state=1), frame([box(0, 0, n, n)]) if against else None)
    assert not account.outside
    near = 1e-9
    for patch in account.gaps:
        assert patch.codes
        assert not grids.geometry.contains(Point(patch.lon, patch.lat)).any()
        assert any(gap.distance(Point(patch.lon, patch.lat)) < near for gap in gaps.values())
    for gap in gaps.values():
        found_m2 = sum(patch.m2 for patch in account.gaps if gap.distance(Point(patch.lon, patch.lat)) < near)
        named_m2 = sum(m2 for m2 in map(area_m2, shapely.get_parts(gap)) if m2 >= TOLERANCE_M2)
        assert named_m2 * 0.999 - 0.01 <= found_m2 <= area_m2(gap) * 1.001 + 0.01
    assert {patch.codes for patch in account.overlaps} == {
        pair for pair, patch in overlaps.items() if area_m2(patch) >= TOLERANCE_M2
    }
    for patch in account.overlaps:
        assert patch.m2 == pytest.approx(area_m2(overlaps[patch.codes]), rel=1e-3, abs=1e-2)
        assert grids.geometry.contains(Point(patch.lon, patch.lat)).sum() == 2


def test_a_crack_along_a_rim_does_not_hide_a_missing_grid() -> None:
    # The cell above the missing one begins a tenth of a micrometre late: the hole opens to the outside by that much.
    cells = [box(i, j, i + 1, j + 1) for i in range(3) for j in range(3)]
    cells[5] = box(1 + 5e-10, 2, 2, 3)
    missing = cells.pop(4)
    (gap,) = check(frame(cells)).gaps
    assert gap.m2 == pytest.approx(area_m2(missing), rel=1e-6)
    assert missing.contains(Point(gap.lon, gap.lat))
    assert len(gap.codes) == 8


def test_an_overlap_by_hand() -> None:
    account = check(frame([box(0, 0, 1, 1), box(0.9, 0, 2, 1), box(2, 0, 3, 1)], ["b", "a", "c"]))
    (patch,) = account.overlaps
    expected = box(0.9, 0, 1, 1)
    assert patch.codes == ("a", "b")
    assert patch.m2 == pytest.approx(area_m2(expected), rel=1e-9)
    assert patch.width_m == pytest.approx(2 * area_m2(expected) / length_m(expected))
    assert expected.contains(Point(patch.lon, patch.lat))
    assert not account.clean


def test_many_small_pieces_of_one_pair_count_together() -> None:
    # 40 teeth of 0.4 m2: none reaches the tolerance, the border between the two is still wrong by 16 m2.
    teeth = [box(0.99, 0.01 + k / 50, 1.0 + 1e-3, 0.01 + k / 50 + 0.01) for k in range(40)]
    account = check(frame([box(0, 0, 1, 1), shapely.union_all([box(1, 0, 2, 1), *teeth])]))
    (patch,) = account.overlaps
    assert patch.m2 == pytest.approx(sum(area_m2(tooth.intersection(box(0, 0, 1, 1))) for tooth in teeth), rel=1e-6)
    assert any(tooth.contains(Point(patch.lon, patch.lat)) for tooth in teeth)


def test_the_tolerance_divides_named_from_slivers() -> None:
    thin = box(0.5, 1, 1.5, 1 + 1e-4)  # 200 m x 2 cm
    m2 = area_m2(thin)
    assert 1.0 < m2 < 10.0
    grids = frame([box(0, 0, 2, 1), shapely.difference(box(0, 1, 2, 2), thin)])
    named = check(grids, tolerance_m2=m2 * 0.999)
    assert [patch.m2 for patch in named.gaps] == pytest.approx([m2])
    assert named.gaps[0].codes == ("000", "001")
    assert named.gaps[0].width_m == pytest.approx(0.022, abs=1e-3)
    assert named.gap_slivers.n == 0
    counted = check(grids, tolerance_m2=m2 * 1.001)
    assert counted.gaps == ()
    assert counted.clean
    assert (counted.gap_slivers.n, counted.gap_slivers.m2) == (1, pytest.approx(m2, rel=1e-6))


def test_what_sticks_out_of_the_areas() -> None:
    areas = frame([box(0, 0, 1, 1), box(1, 0, 2, 1)], ["west", "east"])
    account = check(frame([box(0, 0, 1, 1), box(1, 0, 1.5, 1.2)]), areas)
    (out,) = account.outside
    assert out.codes == ("001",)
    assert out.m2 == pytest.approx(area_m2(box(1, 1, 1.5, 1.2)), rel=1e-9)
    (gap,) = account.gaps
    assert (gap.area, gap.codes) == ("east", ("001",))
    assert gap.m2 == pytest.approx(area_m2(box(1.5, 0, 2, 1)), rel=1e-9)


def test_a_gap_names_the_smallest_area_it_lies_in() -> None:
    areas = frame([box(0, 0, 4, 4), box(0, 0, 2, 2), box(0, 0, 4, 2)], ["city", "community", "street"])
    account = check(frame([shapely.difference(box(0, 0, 4, 4), box(0.5, 0.5, 1, 1))]), areas)
    assert [patch.area for patch in account.gaps] == ["community"]
    nameless = check(frame([box(0, 0, 1, 1)]), areas.drop(columns="code"))
    assert nameless.gaps[0].area is None


def test_without_areas_only_holes_are_gaps() -> None:
    ring = shapely.difference(box(0, 0, 4, 4), box(1, 1, 3, 3))
    island = box(1.8, 1.8, 2.2, 2.2)
    bay = box(6, 0, 7, 1)
    account = check(frame([ring, island, bay]))
    (hole,) = account.gaps
    assert hole.m2 == pytest.approx(area_m2(box(1, 1, 3, 3)) - area_m2(island), rel=1e-9)
    assert hole.codes == ("000", "001")
    # The gap between the blocks opens to the outside: areas are needed to see it.
    assert not account.outside
    with_area = check(frame([ring, island, bay]), frame([box(0, 0, 7, 4)]))
    assert len(with_area.gaps) == 2


def test_one_gap_across_many_tiles_is_one() -> None:
    # A road of 5 m between 60 cells on each side, closed at its ends.
    width = 0.025
    low = [box(i / 10, 0, (i + 1) / 10, 1) for i in range(60)]
    high = [box(i / 10, 1 + width, (i + 1) / 10, 2) for i in range(60)]
    ends = [box(-1, 0, 0, 2), box(6, 0, 7, 2)]
    account = check(frame([*low, *high, *ends]))
    (road,) = account.gaps
    assert road.m2 == pytest.approx(area_m2(shapely.segmentize(box(0, 1, 6, 1 + width), STEP / 10)), rel=1e-6)
    assert len(road.codes) == 122
    assert road.width_m == pytest.approx(5.5, abs=0.1)


def test_crowded_and_repeated_grids() -> None:
    # Tiles cannot part what lies at one place; a hundred tiny cells beside giants are no trouble either.
    twins = check(frame([box(0, 0, 1, 1)] * 12))
    assert len(twins.overlaps) == 66
    assert twins.gaps == ()
    tiny = [box(i / 1000, j / 1000, (i + 1) / 1000, (j + 1) / 1000) for i in range(20) for j in range(20)]
    giants = [shapely.difference(box(-50, -50, 50, 50), box(0, 0, 0.02, 0.02))]
    account = check(frame([*tiny[:-21], *tiny[-20:], *giants]))
    assert account.overlaps == ()
    assert [patch.m2 for patch in check(frame([*tiny[:-30], *tiny[-29:], *giants]), tolerance_m2=0.01).gaps] == [
        pytest.approx(area_m2(tiny[-30]), rel=1e-6)
    ]


def test_areas_smaller_than_the_grids() -> None:
    grids = frame(lattice(8))
    account = check(grids, frame([box(1, 1, 2, 2)]))
    assert account.gaps == ()
    assert len(account.outside) > 50


def test_nothing_to_check() -> None:
    empty = frame([])
    account = check(empty)
    assert account.clean
    assert (account.n_grids, account.sizes) == (0, None)
    account = check(empty, frame([box(0, 0, 1, 1)]))
    assert [patch.m2 for patch in account.gaps] == [pytest.approx(area_m2(box(0, 0, 1, 1)))]
    assert account.gaps[0].codes == ()
    assert check(frame([box(0, 0, 1, 1)]), empty).against_areas is False


BAD = [
    (frame([box(0, 0, 1, 1)]).to_crs(3857), CrsError, "crs_mismatch"),
    (gpd.GeoDataFrame({"code": ["1"]}, geometry=[box(0, 0, 1, 1)]), CrsError, "crs_mismatch"),
    (frame([box(0, 0, 1, 1), None]), GeometryError, "partition_needs_valid"),
    (frame([box(0, 0, 1, 1), Polygon()]), GeometryError, "partition_needs_valid"),
    (frame([Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]), GeometryError, "partition_needs_valid"),
]


@pytest.mark.parametrize(("grids", "kind", "code"), BAD)
def test_what_cannot_be_checked(grids: gpd.GeoDataFrame, kind: type[GeodataError], code: str) -> None:
    for arguments in ((grids, None), (frame([box(0, 0, 1, 1)]), grids)):
        with pytest.raises(kind) as caught:
            check(*arguments)
        assert caught.value.code == code
        for locale in LOCALES:
            words = string.Formatter().parse(catalogue(locale)[f"error.{code}"])
            assert {name for _, name, _, _ in words if name} <= caught.value.facts.keys()


def test_the_quick_areas_are_the_exact_ones() -> None:
    # The approximate area only sorts out what is far from the tolerance; it must be close.
    shapes = np.array(
        [*lattice(3), box(0, 0, 0.01, 5), shapely.box(8, 47, 8.01, 47.01), shapely.box(0, -0.01, 0.01, 0)]
    )
    exact = [area_m2(shape) for shape in shapes]
    np.testing.assert_allclose(partition._approximate_m2(shapes), exact, rtol=1e-5)
