"""Walks over 300 stops: how long and how quick, against an independent solver (fast-tsp) that has 60 s for each."""

from __future__ import annotations

import time
from datetime import date

import fast_tsp
import numpy as np

from bench.place import machine
from geodata import streets, town, walking
from geodata.crs import FloatArray

N_STOPS = 300
PATIENCE_S = 60.0
MIDDLE = (111.3, 23.5)
# What the solver found in 60 s, metres; the tests compare with these.
REFERENCE_M = {"scattered": 27_431.7, "in yards": 15_550.8, "town, straight": 31_806.9, "town, by road": 55_092.6}


def big(name: str) -> tuple[FloatArray, FloatArray]:
    """300 stops and the metres between them, by a name of `REFERENCE_M`; a walk begins at the first."""
    rng = np.random.default_rng(sorted(REFERENCE_M).index(name))
    if name.startswith("town"):
        made = town.build(date(2026, 1, 1))
        doors = np.array(sorted({(home.lon, home.lat) for home in made.households}))
        stops = doors[rng.choice(len(doors), N_STOPS, replace=False)]
        by_road = name.endswith("road")
        return stops, streets.build(made.roads.geometry).distances_m(stops) if by_road else walking.straight_m(stops)
    stops = rng.uniform(-0.01, 0.01, (N_STOPS, 2)) + MIDDLE
    if name == "in yards":
        stops = stops[rng.integers(30, size=N_STOPS)] + rng.normal(0.0, 0.0004, (N_STOPS, 2))
    return stops, walking.straight_m(stops)


def reference_m(metres: FloatArray) -> float:
    """The length of the open walk from the first stop that the other solver finds: a round trip over one node more,
    which lies next to the first stop and equally far from all others."""
    n = len(metres)
    costs = np.full((n + 1, n + 1), 20_000)
    costs[:n, :n] = np.round(metres)
    costs[0, n] = costs[n, 0] = costs[n, n] = 0
    trip = fast_tsp.find_tour(costs, duration_seconds=PATIENCE_S)
    gap = trip.index(n)
    walk = trip[gap + 1 :] + trip[:gap]
    if walk[-1] == 0:
        walk.reverse()
    assert walk[0] == 0
    return walking.length_m(walk, metres)


def main() -> None:
    """Prints a line for each kind of place."""
    print(machine(), f"{N_STOPS} stops", sep=", ", flush=True)
    for name in REFERENCE_M:
        stops, metres = big(name)
        begin_s = time.process_time()  # the machine is shared
        walk = walking.order(stops, metres, start=0)
        took_s = time.process_time() - begin_s
        walked_m, least_m = walking.length_m(walk, metres), reference_m(metres)
        print(
            f"  {name:<16}{walked_m:9.0f} m / {least_m:9.1f} m = {walked_m / least_m:.4f} in {took_s:.2f} s", flush=True
        )


if __name__ == "__main__":
    main()
