"""The nearest door on the ground, against every distance there is."""

from __future__ import annotations

import numpy as np
import pytest

from geodata import matching
from geodata.geometry import distance_m


@pytest.mark.parametrize(("lon", "lat"), [(111.3, 23.5), (28.1, -14.9), (8.5, 69.0), (179.9999, -17.0), (10.0, 89.99)])
def test_nearest_is_the_least_of_all_distances(lon: float, lat: float) -> None:
    rng = np.random.default_rng(7)
    doors = rng.normal((lon, lat), 0.002, (60, 2))
    doors[::7] = doors[1::7]  # some at one place
    points = rng.normal((lon, lat), 0.003, (80, 2))
    doors[:, 1], points[:, 1] = np.clip(doors[:, 1], -90, 90), np.clip(points[:, 1], -90, 90)
    doors[:, 0] = (doors[:, 0] + 180) % 360 - 180  # across the date line
    index, metres = matching.nearest(points, doors, 150.0)
    n_near = 0
    for point, found, metre in zip(points, index, metres, strict=True):
        told = [distance_m(*point, *door) for door in doors]
        if min(told) > 150.0:
            assert (found, np.isnan(metre)) == (-1, True)
        else:
            n_near += 1
            assert metre == pytest.approx(min(told), abs=1e-6)
            assert found == int(np.argmin(told))
    assert n_near > 5


def test_reach_and_gaps() -> None:
    doors = np.array([[np.nan, 23.5], [111.3, 23.5]])
    points = np.array([[111.3, 23.501], [111.3, np.inf], [111.3, 23.5]])
    just_m = distance_m(111.3, 23.501, 111.3, 23.5)
    assert matching.nearest(points, doors, just_m)[0].tolist() == [1, -1, 1]
    assert matching.nearest(points, doors, just_m - 0.001)[0].tolist() == [-1, -1, 1]
    assert matching.nearest(points, doors[:1], 1e9)[0].tolist() == [-1, -1, -1]
    index, metres = matching.nearest(np.empty((0, 2)), np.empty((0, 2)), 10.0)
    assert (len(index), len(metres)) == (0, 0)
