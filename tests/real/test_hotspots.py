"""Gi*, its permutations, smoothed rates and neighbours on real cities: as esda and libpysal say."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from esda.getisord import G_Local
from esda.smoothing import Empirical_Bayes
from esda.util import fdr
from libpysal.graph import Graph
from numpy.typing import NDArray
from scipy.sparse import coo_array

from geodata import hotspots, lattice, town, weights
from tests.conftest import NOW

MANY = 4_999


@cache
def city(shared: Path, name: str) -> tuple[NDArray[np.object_], NDArray[np.float64], float]:
    """The areas of a city in a plane, its reports' positions there, and how far apart borders still touch."""
    if name == "zurich":
        reports = pd.read_csv(shared / "zurich" / "reports.csv.gz")
        shapes = gpd.read_file(shared / "zurich" / "districts.gpkg").geometry.to_numpy()
        return shapes, reports[["e", "n"]].to_numpy(dtype=float), 0.01
    with gzip.open(shared / "chicago" / "reports.csv.gz", "rt") as file:
        reports = pd.read_csv(file, usecols=["Longitude", "Latitude"]).dropna()
    if name == "beats":
        shapes = gpd.read_file(shared / "chicago" / "police_beats.geojson").geometry.to_numpy()
    else:
        areas = gpd.read_file(shared / "chicago" / "community_areas.shp").set_crs(3435, allow_override=True)
        shapes = areas.to_crs(4326).geometry.to_numpy()
    return shapes, reports[["Longitude", "Latitude"]].to_numpy(dtype=float), weights.TOUCH_DEG


def counted(shapes: NDArray[np.object_], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    area, _ = shapely.STRtree(shapely.points(xy)).query(shapes, predicate="intersects")
    return np.bincount(area, minlength=len(shapes)).astype(float)


def zurich_cells(shared: Path) -> tuple[NDArray[np.float64], weights.Weights]:
    shapes, xy, _ = city(shared, "zurich")
    cells = lattice.cover(shapes, 500.0, 10_000)
    assert cells is not None
    at = {place: i for i, place in enumerate(zip(cells.columns.tolist(), cells.rows.tolist(), strict=True))}
    counts = np.zeros(len(at))
    np.add.at(counts, [at[place] for place in map(tuple, np.floor(xy / 500.0).astype(int).tolist())], 1)
    assert counts.sum() == len(xy)
    assert (counts == 0).any()
    return counts, weights.lattice(cells.columns, cells.rows)


def counts_and_weights(shared: Path, where: str) -> tuple[NDArray[np.float64], weights.Weights]:
    if where == "zurich by 500 m":
        return zurich_cells(shared)
    shapes, xy, touch = city(shared, where)
    return counted(shapes, xy), weights.queen(shapes, touch)


def esda_says(x: NDArray[np.float64], near: weights.Weights, n_permutations: int = 0) -> Any:
    graph = Graph.from_sparse(coo_array(near))
    return G_Local(x, graph, transform="B", star=True, permutations=n_permutations, seed=7, n_jobs=1)


PLACES = ("communities", "beats", "zurich", "zurich by 500 m")


@pytest.mark.parametrize("where", ["communities", "beats", "zurich"])
def test_neighbours_are_libpysals(shared: Path, where: str) -> None:
    shapes, _, touch = city(shared, where)
    theirs = Graph.build_contiguity(gpd.GeoSeries(shapes), rook=False).sparse
    assert (weights.queen(shapes, touch) != theirs.tocsr()).nnz == 0
    xy = shapely.get_coordinates(shapely.centroid(shapes))
    knn = Graph.build_knn(gpd.GeoSeries(shapely.points(xy)), k=8).sparse
    assert (weights.nearest(xy, 8) != knn.tocsr()).nnz == 0
    far = weights.least_band_m(xy) * 1.2
    within = Graph.build_distance_band(gpd.GeoSeries(shapely.points(xy)), far).sparse
    assert (weights.band(xy, far) != within.tocsr()).nnz == 0


@pytest.mark.parametrize("where", PLACES)
def test_z_is_esdas(shared: Path, where: str) -> None:
    x, near = counts_and_weights(shared, where)
    assert np.abs(hotspots.gi_star(x, near) - esda_says(x, near).Zs).max() < 1e-9
    per_million = x / x.sum() * 1e6
    assert np.abs(hotspots.gi_star(per_million, near) - esda_says(per_million, near).Zs).max() < 1e-9
    found = hotspots.find(x, near)
    assert found.n_tested == len(x)
    marked = [band != "none" for band in found.bands]
    assert marked == (found.p <= fdr(found.p, 0.1)).tolist()


@pytest.mark.filterwarnings("ignore:The alternative hypothesis for conditional:DeprecationWarning")
@pytest.mark.parametrize("where", PLACES)
def test_permutations_agree_with_esdas_within_chance(shared: Path, where: str) -> None:
    x, near = counts_and_weights(shared, where)
    theirs = esda_says(x, near, MANY)
    above, below = hotspots.permuted(x, near, MANY)
    tie = 1e-12
    for ours, drawn in (
        (above, (theirs.rGs >= theirs.Gs[:, None] - tie).sum(axis=1)),
        (below, (theirs.rGs <= theirs.Gs[:, None] + tie).sum(axis=1)),
    ):
        both = (ours + drawn) / (2 * MANY)
        error = np.sqrt(2 * both * (1 - both) / MANY)
        assert (np.abs(ours - drawn) / MANY <= 5 * error + 3 / MANY).all()
    # esda's own p is one-sided and, at a tie, a little less
    p = hotspots.pseudo_p(above, below, MANY)
    assert np.abs(p - np.minimum(2 * theirs.p_sim, 1)).max() < 5 * np.sqrt(2 * 0.25 / MANY) * 2
    again = hotspots.permuted(x, near, MANY)
    assert all((one == other).all() for one, other in zip((above, below), again, strict=True))


def test_smoothed_rates_of_the_town_are_esdas() -> None:
    script = town.build(NOW.date())
    shapes = script.grids.geometry.to_numpy()
    homes = counted(shapes, np.array([(door.lon, door.lat) for door in script.households]))
    reports = counted(shapes, np.array([(one.lon, one.lat) for one in script.reports if one.lon is not None]))
    assert (homes > 0).sum() > 20
    known = homes > 0
    told = hotspots.smoothed(reports, np.where(known, homes, np.nan))
    assert np.isnan(told[~known]).all()
    assert np.abs(told[known] - Empirical_Bayes(reports[known], homes[known]).r.ravel()).max() < 1e-12
    near = weights.queen(shapes)
    z, theirs = hotspots.find(told, near).z[known], esda_says(told[known], weights.kept(near, known)).Zs
    tested = np.isfinite(z)
    assert tested.sum() > 50
    assert np.abs(z[tested] - theirs[tested]).max() < 1e-9
