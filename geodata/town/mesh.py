"""Many irregular grids and points for measurements and tests: invented, outside the town and any real county."""

from __future__ import annotations

from random import Random

import numpy as np
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from geodata.town import dice

FloatArray = NDArray[np.float64]

# A square of about 25 km in the desert.
WEST, SOUTH, EAST, NORTH = 103.0, 40.0, 103.2926, 40.225
OUTSIDE_SHARE = 0.002
OUTSIDE_M = 60.0
COUNTY = "990199"
DECIMALS = 7
# Slopes of borders that cannot meet twice: at most WAVE for lines across, LEAN for lines up, and WAVE * LEAN < 1.
_WAVE, _LEAN = 0.75, 0.8
_STEEPEST = 8.0  # slope of _wave a turn, where it is steepest


def lattice(n_grids: int, vertices: int = 84, seed: int = 1) -> GeoDataFrame:
    """`n_grids` polygons of about so many vertices each that tile the square exactly; EPSG:4326.

    Columns: code (15 digits), name, layer ("base"), geometry. Rows of the lattice hold equally many cells (give or
    take one) whose corners are not aligned, so that three cells meet at a corner; all borders are wavy and shared to
    the last digit; the square's own sides are straight.
    """
    rng = dice.stream(seed, "lattice")
    n_rows = max(1, round(n_grids**0.5))
    counts = [n_grids * (row + 1) // n_rows - n_grids * row // n_rows for row in range(n_rows)]
    side = max(2, vertices // 4)
    fine = max(counts) * side  # pieces of a line across the square
    lines = [_across(rng, k, n_rows, fine, max(counts)) for k in range(n_rows + 1)]
    polygons: list[shapely.Polygon] = []
    for row, count in enumerate(counts):
        polygons += _row(rng, lines[row], lines[row + 1], count, side)
    codes = [f"{COUNTY}{1 + i // 10_000:03d}{1 + i // 100 % 100:03d}{1 + i % 100:03d}" for i in range(n_grids)]
    columns = {"code": codes, "name": [f"网格{i}" for i in range(1, n_grids + 1)], "layer": ["base"] * n_grids}
    return GeoDataFrame(columns, geometry=polygons, crs="EPSG:4326")


def _across(rng: Random, k: int, n_rows: int, fine: int, n_cols: int) -> FloatArray:
    # Points (fine + 1, 2) of the k-th line from the north, from west to east.
    share = np.linspace(0.0, 1.0, fine + 1)
    height = (NORTH - SOUTH) / n_rows
    lat = np.full(fine + 1, NORTH - height * k)
    if 0 < k < n_rows:
        for waves, weight in ((0.31, 0.45), (0.83, 0.3), (1.57, 0.25)):
            # The steepest point of all waves together stays below _WAVE cell heights a cell width.
            size = 0.9 * _WAVE * weight / (_STEEPEST * waves)
            lat += height * size * _wave(waves * n_cols * share + rng.random())
    return np.round(np.column_stack([WEST + (EAST - WEST) * share, lat]), DECIMALS)


def _row(rng: Random, north: FloatArray, south: FloatArray, count: int, side: int) -> list[shapely.Polygon]:
    # The row's corners are points of its two lines; walls join them.
    fine = len(north) - 1
    step = fine / count
    tops, bottoms = (np.rint(step * np.arange(count + 1)).astype(int) for _ in range(2))
    jitter = int(step * 0.12)
    for ends in (tops, bottoms):
        ends[1:-1] += np.array([dice.below(rng, 2 * jitter + 1) - jitter for _ in range(count - 1)], dtype=int)
    walls = [_wall(rng, north[tops[0]], south[bottoms[0]], side, 0.0)]
    for top, bottom in zip(tops[1:-1], bottoms[1:-1], strict=True):
        walls.append(_wall(rng, north[top], south[bottom], side, 1.0))
    walls.append(_wall(rng, north[-1], south[-1], side, 0.0))
    polygons = []
    for i in range(count):
        base, roof = south[bottoms[i] : bottoms[i + 1] + 1], north[tops[i] : tops[i + 1] + 1]
        # Counter-clockwise: along the south, up the eastern wall, back along the north, down the western one.
        ring = np.concatenate([base, walls[i + 1][::-1], roof[::-1], walls[i]])
        polygons.append(shapely.Polygon(ring))
    return polygons


def _wall(rng: Random, top: FloatArray, bottom: FloatArray, side: int, wavy: float) -> FloatArray:
    # The points between the two ends, from north to south.
    share = np.linspace(0.0, 1.0, side + 1)[1:-1]
    lat = top[1] + (bottom[1] - top[1]) * share
    lon = top[0] + (bottom[0] - top[0]) * share
    size = abs(bottom[1] - top[1]) * (EAST - WEST) / (NORTH - SOUTH)
    for waves, weight in ((0.7, 0.35), (1.9, 0.2)):
        phase = rng.random()
        first, last = _wave(np.array([phase, phase + waves]))
        # Each wave is tied to zero at both ends by the straight line between its end values.
        bend = _wave(waves * share + phase) - (first + (last - first) * share)
        lon += wavy * size * _LEAN * weight / (_STEEPEST * waves) * bend
    return np.round(np.column_stack([lon, lat]), DECIMALS)


def _wave(turns: FloatArray) -> FloatArray:
    # Nearly a sine, of two parabolas: sums and products come out the same on every machine, np.sin does not.
    phase = 2.0 * (turns - np.floor(turns)) - 1.0
    return -4.0 * phase * (1.0 - np.abs(phase))


def scatter(n: int, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """Lon and lat of `n` points spread evenly over the square of `lattice`; about 0.2 % lie up to 60 m outside it."""
    # Raw bits of a bit generator are promised to stay the same, the numbers of a numpy Generator are not.
    bits = np.random.PCG64([seed, n])

    def uniform() -> FloatArray:
        return np.asarray(bits.random_raw(n) >> np.uint64(11), dtype=np.float64) * 2.0**-53

    lon, lat = WEST + (EAST - WEST) * uniform(), SOUTH + (NORTH - SOUTH) * uniform()
    out, side = uniform() < OUTSIDE_SHARE, np.floor(4.0 * uniform())
    off = OUTSIDE_M * (0.02 + 0.98 * uniform())
    off_lat, off_lon = off / 111_036.0, off / 85_200.0
    lon = np.where(out & (side == 0), WEST - off_lon, np.where(out & (side == 1), EAST + off_lon, lon))
    lat = np.where(out & (side == 2), SOUTH - off_lat, np.where(out & (side == 3), NORTH + off_lat, lat))
    return np.round(lon, DECIMALS), np.round(lat, DECIMALS)
