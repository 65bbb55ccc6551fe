"""Does a set of grids tile its area? Overlaps, gaps, slivers and what sticks out, in square metres and with places.

Set operations run in the plane of EPSG:4326, areas are geodesic. A border that two grids share was computed twice, and
rounding leaves overlaps and gaps of about 1e-7 m2 along it: below `NOISE_M2` nothing is counted, from there to the
tolerance a piece counts as a sliver, from the tolerance on it is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import CrsError, GeometryError
from geodata.geometry import area_m2, length_m, point_on_surface, polygons_in

if TYPE_CHECKING:
    import geopandas as gpd

TOLERANCE_M2 = 1.0
NOISE_M2 = 1e-4
# Grids that lie this close to a gap (a centimetre) count as the ones around it.
_BESIDE_DEG = 1e-7
# Without areas the search goes this far around the grids.
_FRAME_DEG = 1e-3
# A crack up to twice this wide (a centimetre) does not make a gap a part of the outside.
_CRACK_DEG = 5e-8
# A tile of the search for gaps is cut in two while more grids than this have their middle in it.
_MAX_GRIDS_PER_TILE = 3
_AXIS_M, _ECCENTRICITY2 = 6378137.0, 0.0066943799901413165

Shapes = NDArray[np.object_]
Box = tuple[float, ...]  # west, south, east, north
Coded = list[tuple[tuple[str, ...], BaseGeometry]]


@dataclass(frozen=True)
class Patch:
    """One overlap, gap or piece outside.

    `lon`, `lat` lie in it (in its largest piece). `codes`: the two grids of an overlap, all grids around a gap, the
    grid that sticks out. `area`: the code of the smallest imported area there, where areas have codes. `width_m` is the
    mean width: a border drawn twice shows as some m2 with a width of centimetres.
    """

    m2: float
    width_m: float
    lon: float
    lat: float
    codes: tuple[str, ...]
    area: str | None = None


@dataclass(frozen=True)
class Slivers:
    """How many pieces are above the noise of rounding but below the tolerance, and their square metres in all."""

    n: int
    m2: float


@dataclass(frozen=True)
class Sizes:
    """The areas of the grids themselves."""

    smallest_m2: float
    smallest_code: str
    median_m2: float
    largest_m2: float
    largest_code: str


@dataclass(frozen=True)
class PartitionAccount:
    """What a partition check found; the patches of each kind largest first, then by codes.

    `against_areas` is False when gaps are only the holes of the grids' union: a gap that opens to the outside by more
    than a centimetre is not seen then, and `outside` is empty.
    """

    n_grids: int
    sizes: Sizes | None
    tolerance_m2: float
    against_areas: bool
    overlaps: tuple[Patch, ...]
    gaps: tuple[Patch, ...]
    outside: tuple[Patch, ...]
    overlap_slivers: Slivers
    gap_slivers: Slivers
    outside_slivers: Slivers

    @property
    def clean(self) -> bool:
        """True when nothing reaches the tolerance."""
        return not (self.overlaps or self.gaps or self.outside)


def check(
    grids: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None = None, tolerance_m2: float = TOLERANCE_M2
) -> PartitionAccount:
    """The account of one layer of grids (a dedicated grid lies over base grids: check each layer by itself).

    Args:
        grids: EPSG:4326, valid polygons, a column `code`.
        areas: EPSG:4326, valid polygons that the grids should cover; levels may lie over one another; a column `code`
            names them. Without areas only the holes of the union count as gaps.
        tolerance_m2: From how many square metres on a patch is named. An overlap counts per pair of grids, and what
            sticks out per grid, all pieces together; a gap counts per piece.

    Raises:
        CrsError: `crs_mismatch`.
        GeometryError: `partition_needs_valid` for a missing, empty or invalid shape.
    """
    shapes, codes = _checked(grids, "grids")
    tree = shapely.STRtree(shapes)
    area_shapes, area_codes = (np.empty(0, dtype=object), []) if areas is None else _checked(areas, "areas")
    named_areas = sorted(zip(area_shapes, area_codes, strict=True), key=lambda named: (named[0].area, named[1]))
    against_areas = bool(named_areas)
    target = shapely.union_all(area_shapes) if against_areas else _frame(shapes)
    bare = _bare(target, shapes, tree)
    if not against_areas:
        bare = _enclosed(bare, target)
    overlaps, overlap_slivers = _sorted_out(_overlaps(shapes, codes, tree), tolerance_m2)
    outside, outside_slivers = _sorted_out(_sticking_out(shapes, codes, target) if against_areas else [], tolerance_m2)
    gaps, gap_slivers = _sorted_out([((), piece) for piece in bare], tolerance_m2)
    return PartitionAccount(
        n_grids=len(shapes),
        sizes=_sizes(shapes, codes),
        tolerance_m2=tolerance_m2,
        against_areas=against_areas,
        overlaps=_patches(overlaps),
        gaps=_patches([(_beside(piece, tree, codes), piece) for _, piece in gaps], named_areas),
        outside=_patches(outside),
        overlap_slivers=overlap_slivers,
        gap_slivers=gap_slivers,
        outside_slivers=outside_slivers,
    )


def _checked(frame: gpd.GeoDataFrame, what: str) -> tuple[Shapes, list[str]]:
    if frame.crs is None or frame.crs.to_epsg() != 4326:
        raise CrsError("crs_mismatch", what=what, found=str(frame.crs), wanted="EPSG:4326")
    shapes: Shapes = frame.geometry.to_numpy()
    codes = [str(code) for code in frame["code"]] if "code" in frame.columns else [""] * len(shapes)
    unfit = shapely.is_missing(shapes) | shapely.is_empty(shapes) | ~shapely.is_valid(shapes)
    if unfit.any():
        raise GeometryError("partition_needs_valid", what=what, grid=codes[int(np.argmax(unfit))], n=int(unfit.sum()))
    return shapes, codes


def _overlaps(shapes: Shapes, codes: Sequence[str], tree: shapely.STRtree) -> Coded:
    one, other = tree.query(shapes, predicate="intersects")
    once = one < other
    one, other = one[once], other[once]
    common: Shapes = shapely.intersection(shapes[one], shapes[other])
    # Neighbours share a line, which has no area.
    found = np.flatnonzero(shapely.area(common) > 0.0)
    return [(tuple(sorted((codes[int(one[i])], codes[int(other[i])]))), common[i]) for i in found]


def _sticking_out(shapes: Shapes, codes: Sequence[str], target: BaseGeometry) -> Coded:
    shapely.prepare(target)
    crossing = np.flatnonzero(~shapely.covers(target, shapes))
    return [((codes[int(i)],), shapely.difference(shapes[i], target)) for i in crossing]


def _frame(shapes: Shapes) -> Polygon:
    west, south, east, north = shapely.total_bounds(shapes) if len(shapes) else (0.0, 0.0, 0.0, 0.0)
    return shapely.box(west - _FRAME_DEG, south - _FRAME_DEG, east + _FRAME_DEG, north + _FRAME_DEG)


def _bare(target: BaseGeometry, shapes: Shapes, tree: shapely.STRtree) -> Shapes:
    """The pieces of `target` that no shape covers.

    One union of ten thousand grids whose borders differ in their last bits takes minutes and comes out with a hundred
    thousand hairline holes. So the target is cut into tiles of few grids, each tile is emptied grid by grid, and what
    was cut by a tile's edge is put together again.
    """
    whole: list[Shapes] = []
    cut: list[Shapes] = []
    for tile, (west, south, east, north) in _tiles(target, shapes):
        for index in tree.query(tile):
            tile = shapely.difference(tile, shapes[index])
            if tile.is_empty:
                break
        pieces = shapely.get_parts(polygons_in(tile)) if not tile.is_empty else np.empty(0, dtype=object)
        # Noise is most of them, and no gap is made of it.
        pieces = pieces[_approximate_m2(pieces) > NOISE_M2]
        bounds = shapely.bounds(pieces).reshape(-1, 4)
        inner = ((bounds[:, :2] > (west, south)) & (bounds[:, 2:] < (east, north))).all(axis=1)
        whole.append(pieces[inner])
        cut.append(pieces[~inner])
    joined = shapely.get_parts(shapely.union_all(np.concatenate(cut)))
    return np.concatenate([*whole, joined])


def _tiles(target: BaseGeometry, shapes: Shapes) -> Iterator[tuple[BaseGeometry, Box]]:
    # Halved at the median of the grids' middles, so that small grids get small tiles; each with the box it was cut by.
    # The first box holds all middles and so each of its parts does: only a middle on the very edge gives no cut.
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2.0
    todo: list[tuple[BaseGeometry, Box, NDArray[np.intp]]] = [
        (target, tuple(shapely.total_bounds([target, *shapes])), np.arange(len(shapes)))
    ]
    while todo:
        tile, box, members = todo.pop()
        if tile.is_empty:
            continue
        spread = np.ptp(middles[members], axis=0) if len(members) > _MAX_GRIDS_PER_TILE else np.zeros(2)
        axis = int(np.argmax(spread))
        if spread[axis] == 0.0:
            yield tile, box
            continue
        values = middles[members, axis]
        at = float(np.median(values))
        below = values < at if (values < at).any() else values <= at
        if not (box[axis] < at < box[axis + 2]):
            todo.append((tile, box, members[below]))
            continue
        low: Box = (*box[: axis + 2], at, *box[axis + 3 :])
        high: Box = (*box[:axis], at, *box[axis + 1 :])
        todo.append((shapely.intersection(tile, shapely.box(*low)), low, members[below]))
        todo.append((shapely.intersection(tile, shapely.box(*high)), high, members[~below]))


def _enclosed(bare: Shapes, frame: Polygon) -> Shapes:
    """The pieces between the grids, without what lies around them as far as the frame.

    Borders that differ in their last bits leave cracks of a nanometre. One may run all along an edge at the rim, and
    would make a missing grid behind it a part of the outside: so the outside is cut apart where only a crack holds it.
    """
    around = shapely.distance(bare, frame.exterior) < _FRAME_DEG / 2.0
    found = [bare[~around]]
    for outside in bare[around]:
        cores = shapely.get_parts(shapely.buffer(outside, -_CRACK_DEG, join_style="mitre"))
        cores = cores[shapely.distance(cores, frame.exterior) > _FRAME_DEG / 2.0]
        found.append(shapely.intersection(shapely.buffer(cores, 1.01 * _CRACK_DEG, join_style="mitre"), outside))
    return np.concatenate(found)


def _sorted_out(pieces: Coded, tolerance_m2: float) -> tuple[Coded, Slivers]:
    # The named ones, and the rest as a count. The exact area is only asked where it can matter: there may be many.
    about_m2 = _approximate_m2(np.array([piece for _, piece in pieces], dtype=object))
    named = [i for i in np.flatnonzero(about_m2 >= 0.99 * tolerance_m2) if area_m2(pieces[i][1]) >= tolerance_m2]
    small_m2 = np.delete(about_m2, named)
    small_m2 = small_m2[small_m2 > NOISE_M2]
    return [pieces[i] for i in named], Slivers(len(small_m2), float(small_m2.sum()))


def _approximate_m2(pieces: Shapes) -> NDArray[np.float64]:
    # Square degrees times what one of them measures at the middle latitude: right to a millionth for a few kilometres.
    bounds = shapely.bounds(pieces).reshape(-1, 4)
    phi = np.radians((bounds[:, 1] + bounds[:, 3]) / 2.0)
    flat = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    m2_per_rad2 = _AXIS_M**2 * (1.0 - _ECCENTRICITY2) / flat**2 * np.cos(phi)
    # A shape without extent has no bounds.
    about_m2: NDArray[np.float64] = shapely.area(pieces) * np.radians(1.0) ** 2 * np.nan_to_num(m2_per_rad2)
    return about_m2


def _beside(piece: BaseGeometry, tree: shapely.STRtree, codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({codes[index] for index in tree.query(piece, predicate="dwithin", distance=_BESIDE_DEG)}))


def _patches(named: Coded, areas: Sequence[tuple[BaseGeometry, str]] = ()) -> tuple[Patch, ...]:
    # `areas`: smallest first.
    patches = []
    for codes, piece in named:
        whole = polygons_in(piece)
        m2 = area_m2(whole)
        lon, lat = point_on_surface(max(whole.geoms, key=lambda part: part.area))
        area = next((code for shape, code in areas if shapely.intersects_xy(shape, lon, lat)), None)
        patches.append(Patch(m2, 2.0 * m2 / length_m(whole), lon, lat, codes, area or None))
    return tuple(sorted(patches, key=lambda patch: (-patch.m2, patch.codes, patch.lon, patch.lat)))


def _sizes(shapes: Shapes, codes: Sequence[str]) -> Sizes | None:
    if not len(shapes):
        return None
    by_m2 = sorted((area_m2(shape), code) for shape, code in zip(shapes, codes, strict=True))
    return Sizes(*by_m2[0], float(np.median([m2 for m2, _ in by_m2])), *by_m2[-1])
