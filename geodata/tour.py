"""The shortest open path over places: a local search of our own.

It begins with nearest neighbours, goes on with 2-opt and Or-opt moves over short neighbour lists, then kicks the path
with double bridges and keeps what is not longer (iterated local search; Johnson and McGeoch, "Experimental analysis of
heuristics for the STSP", 2002). Its length is bounded by rounds and its dice are seeded, so the same places give the
same path on every machine.
"""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_N_NEAR = 16
_ROUNDS_PER_PLACE = 6
# Kicks within so many places in turn: the short ones mend a street, the long ones the order of whole yards.
_KICKS = (10, 30, 100, 1000)
_GAIN_M = 1e-6  # less is rounding, and could go round in circles

_Rows = list[list[float]]


def path(metres: FloatArray, start: int | None) -> list[int]:
    """The places of a symmetric matrix (at least one) in their order, from `start` or from wherever it is shortest.

    A path is a round trip with one more node, which lies next to everything; a start is a bond to it that is too dear
    to break.
    """
    n = len(metres)
    if n < 3:
        return [start or 0, *(index for index in range(n) if index != (start or 0))]
    costs = np.zeros((n + 1, n + 1))
    costs[:n, :n] = (metres + metres.T) / 2.0
    if start is not None:
        costs[n, start] = costs[start, n] = -1.0 - n * float(metres.max())
    ranked = np.argsort(costs + np.diag(np.full(n + 1, np.inf)), axis=1, kind="stable")
    near: list[list[int]] = ranked[:, : _N_NEAR + 1].tolist()
    trip = _search([n, *_nearest_first(metres, start or 0)], costs.tolist(), near)
    gap = trip.index(n)
    path = trip[gap + 1 :] + trip[:gap]
    return path[::-1] if start is not None and path[0] != start else path


def _nearest_first(metres: FloatArray, start: int) -> list[int]:
    left = np.ones(len(metres), dtype=np.bool_)
    path = [start]
    left[start] = False
    while left.any():
        path.append(int(np.argmin(np.where(left, metres[path[-1]], np.inf))))
        left[path[-1]] = False
    return path


def _search(trip: list[int], costs: _Rows, near: list[list[int]]) -> list[int]:
    """A round trip after descent and kicks, none of which made it longer."""
    rng = Random(len(trip))  # noqa: S311 - dice for a search, not a secret
    n = len(trip)
    _descend(trip, costs, near, list(trip))
    for number in range(_ROUNDS_PER_PLACE * n if n > 4 else 0):
        before = trip.copy()
        reach = min(_KICKS[number % len(_KICKS)], n - 1)
        one, two, three = sorted(rng.sample(range(reach + 1), 3))
        turn = rng.randrange(n)
        trip = trip[turn:] + trip[:turn]
        ends = [trip[at - 1] for at in (one, two, three)] + [trip[at % n] for at in (one, two, three)]
        cost = sum(costs[a][b] for a, b in ((ends[0], ends[4]), (ends[2], ends[3]), (ends[1], ends[5])))
        cost -= sum(costs[a][b] for a, b in zip(ends[:3], ends[3:], strict=True))
        trip[one:three] = trip[two:three] + trip[one:two]
        if _descend(trip, costs, near, ends) < cost:
            trip = before
    return trip


def _descend(trip: list[int], costs: _Rows, near: list[list[int]], dirty: list[int]) -> float:
    """How much shorter the trip became (changed in place) by moves around the dirty nodes, until none helps."""
    at = [0] * len(trip)
    for index, node in enumerate(trip):
        at[node] = index
    total = 0.0
    waiting = set(dirty)
    while dirty:
        node = dirty.pop()
        waiting.discard(node)
        gain, touched = _reverse(node, trip, at, costs, near)
        if not touched:
            gain, touched = _insert(node, trip, at, costs, near)
        total += gain
        for one in touched:
            if one not in waiting:
                waiting.add(one)
                dirty.append(one)
    return total


def _reverse(
    node: int, trip: list[int], at: list[int], costs: _Rows, near: list[list[int]]
) -> tuple[float, tuple[int, ...]]:
    """2-opt: the gain of turning round a stretch so that the node comes beside a near one, and the ends touched."""
    n = len(trip)
    here = at[node]
    for step in (1, -1):
        after = trip[(here + step) % n]
        open_m = costs[node][after]
        for other in near[node]:
            gain = open_m - costs[node][other]
            if gain <= _GAIN_M:
                break
            beyond = trip[(at[other] + step) % n]
            gain += costs[other][beyond] - costs[after][beyond]
            if gain > _GAIN_M:
                low, high = sorted((here, at[other]))
                first, last = (low + 1, high) if step == 1 else (low, high - 1)
                trip[first : last + 1] = trip[first : last + 1][::-1]
                for index in range(first, last + 1):
                    at[trip[index]] = index
                return gain, (node, after, other, beyond)
    return 0.0, ()


def _insert(
    node: int, trip: list[int], at: list[int], costs: _Rows, near: list[list[int]]
) -> tuple[float, tuple[int, ...]]:
    """Or-opt: the gain of moving one to three nodes beside one near to the first of them, and the ends touched."""
    n = len(trip)
    here = at[node]
    for step in (1, -1):
        before = trip[(here - step) % n]
        for length in range(1, min(3, n - 3) + 1):
            last = trip[(here + step * (length - 1)) % n]
            after = trip[(here + step * length) % n]
            open_m = costs[before][node] + costs[last][after] - costs[before][after]
            for other in near[node]:
                if open_m - costs[node][other] <= _GAIN_M:
                    break
                if (at[other] - here) * step % n < length:
                    continue  # within the stretch that moves
                for side in (1, -1):
                    beyond = trip[(at[other] + side) % n]
                    if (at[beyond] - here) * step % n < length:
                        continue
                    gain = open_m - costs[node][other] - costs[last][beyond] + costs[other][beyond]
                    if gain > _GAIN_M:
                        moved = [trip[(here + step * k) % n] for k in range(length)]
                        _move(trip, at, moved, other, side)
                        return gain, (before, after, node, last, other, beyond)
    return 0.0, ()


def _move(trip: list[int], at: list[int], moved: list[int], other: int, side: int) -> None:
    """Takes nodes out of the trip and puts them beside `other`, the first of them next to it."""
    rest = [node for node in trip if node not in moved]
    index = rest.index(other)
    trip[:] = rest[: index + 1] + moved + rest[index + 1 :] if side == 1 else rest[:index] + moved[::-1] + rest[index:]
    for index, node in enumerate(trip):
        at[node] = index
