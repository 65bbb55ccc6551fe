"""Small cells: which counts of a table of persons are not shown, so that nobody can be told from it.

A count of 1 to `below` - 1 is hidden (a primary cell), and so are totals that small. Since a hidden cell is its row's
total less the rest of the row, others are hidden with it, until for each primary cell there is a table of whole numbers
that agrees with everything shown and in which that cell is at least `below`: no sum tells it, nor that it is small.
That a count is 0 counts as known (a list without the row says so), and so does that a hidden one is at least 1: cells
of 0 are never hidden, they help nobody. Such tables differ along closed ways over hidden cells (a rise, a fall in the
same column, a rise in that row ...), which are flows in a graph with a node for each row and column; the complementary
cells are those of the cheapest ways (Castro, "Network flows heuristics for complementary cell suppression", 2002).

How to use it: print `Suppressed.shown(key)`, and "<3" or "-" for None; with a hidden count leave out the share that it
is the numerator or the denominator of, colours and bars made from it, and its place in any ranking by it. A table is
protected by itself: two that overlap in part (two dates, two cuts of areas) can be subtracted, so give out one.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

BELOW = 3

# Where a cell stands: its name, or one for each dimension; None in the place of a dimension is the total over it.
Key = tuple[str | None, ...]

# What it costs to hide a cell that need not be hidden, before its share of the whole (small ones go first). Totals are
# what people look for: they are hidden where nothing else is left.
_OF_CELL, _OF_TOTAL, _OF_ALL = 1.0, 200.0, 20_000.0


@dataclass(frozen=True)
class Suppressed:
    """A table with its totals: all counts by key, and the keys that are not to be shown (totals among them)."""

    counts: Mapping[Key, int]
    hidden: frozenset[Key]

    def shown(self, key: Key) -> int | None:
        """The count to print, or None where it is hidden; 0 for a cell that the table does not have."""
        return None if key in self.hidden else self.counts.get(key, 0)


def suppress(table: Mapping[tuple[str, ...], int], *, below: int = BELOW) -> Suppressed:
    """What of a table of one dimension, `{("a",): 5}`, or two, `{("a", "x"): 5}`, may be shown, its totals included.

    Combinations that the table of two dimensions does not have count as 0. The same table gives the same answer.

    Raises:
        ValueError: keys of more than two parts or of different lengths; counts below 0.

    >>> told = suppress({("north",): 2, ("east",): 7, ("south",): 9, ("west",): 0})
    >>> sorted(told.hidden), told.shown(("south",)), told.shown((None,))
    ([('east',), ('north',)], 9, 18)
    >>> suppress({}).hidden
    frozenset()
    """
    graph = _graph(_with_totals(table))
    primary = [key for key, n in graph.counts.items() if 0 < n < below]
    hidden = set(primary)
    changes = {key: _protect(graph, hidden, key, below) for key in primary}
    # Hidden for one cell, another may do for it too: what is still needed stays.
    for spare in sorted(hidden.difference(primary), key=graph.costs.__getitem__, reverse=True):
        fewer = hidden - {spare}
        again = {key: _changes(graph, fewer, key, below, False) for key, used in changes.items() if spare in used}
        found = {key: used for key, used in again.items() if used is not None}
        if len(found) == len(again):
            hidden, changes = fewer, changes | found
    return Suppressed(graph.counts, frozenset(hidden))


def _with_totals(table: Mapping[tuple[str, ...], int]) -> dict[Key, int]:
    lengths = {len(key) for key in table}
    if lengths - {1, 2} or len(lengths) > 1:
        raise ValueError("keys of one or two parts, all alike")
    if min(table.values(), default=0) < 0:
        raise ValueError("counts below 0")
    counts: dict[Key, int] = {}
    parts = [sorted({key[place] for key in table}) for place in range(max(lengths, default=0))]
    if len(parts) == 2:
        counts = {(row, column): 0 for row in parts[0] for column in parts[1]}
        counts |= {(row, None): 0 for row in parts[0]} | {(None, column): 0 for column in parts[1]}
    for key in sorted(table):
        counts[key] = table[key]
        for total in {(*key[:-1], None), (None, *key[1:]), (None,) * len(key)}:
            counts[total] = counts.get(total, 0) + table[key]
    return counts


@dataclass(frozen=True)
class _Graph:
    """Rows and columns as nodes (numbered, rows even, columns odd), the cells as edges between them.

    A table changes and stays consistent where, along a closed way, cells rise from row to column and fall from column
    to row; the totals over one dimension, whose `sign` is -1, do so the other way round. A table of one dimension has
    one row and one column and all its cells between them.
    """

    counts: Mapping[Key, int]
    ends: Mapping[Key, tuple[int, int]]
    edges: Mapping[int, list[tuple[Key, int]]]
    signs: Mapping[Key, int]
    costs: Mapping[Key, float]


def _graph(counts: dict[Key, int]) -> _Graph:
    rows = {name: 2 * number for number, name in enumerate(dict.fromkeys(key[:-1] for key in counts))}
    columns = {name: 2 * number + 1 for number, name in enumerate(dict.fromkeys(key[1:] for key in counts))}
    ends: dict[Key, tuple[int, int]] = {}
    edges: dict[int, list[tuple[Key, int]]] = defaultdict(list)
    costs: dict[Key, float] = {}
    whole = max(counts.values(), default=0) + 1
    for key, n in counts.items():
        row, column = (rows[key[:-1]], columns[key[1:]]) if len(key) == 2 else (0, 1)
        ends[key] = row, column
        if n == 0:
            continue
        edges[row].append((key, column))
        edges[column].append((key, row))
        base = (_OF_CELL, _OF_TOTAL, _OF_ALL)[key.count(None) + (len(key) == 1 and None in key)]
        costs[key] = base + n / whole
    signs = {key: 1 - 2 * (key.count(None) % 2) for key in counts}
    return _Graph(counts, ends, edges, signs, costs)


def _protect(graph: _Graph, hidden: set[Key], key: Key, below: int) -> set[Key]:
    """Adds to `hidden` what a primary cell needs; the cells whose changes protect it."""
    used = _changes(graph, hidden, key, below, True)
    assert used is not None  # noqa: S101 - a cell and its totals can all rise together
    hidden |= used
    return used


def _changes(graph: _Graph, hidden: set[Key], key: Key, below: int, may_hide: bool) -> set[Key] | None:
    """The cells that change where a cell rises to `below`, step by step by the cheapest way; None where it cannot."""
    change: dict[Key, int] = defaultdict(int)
    hidden = set(hidden)
    row, column = graph.ends[key]
    start, end = (column, row) if graph.signs[key] == 1 else (row, column)
    for _ in range(below - graph.counts[key]):
        # Mostly what is hidden already does, and is quickly looked through.
        way = _way(graph, hidden, change, key, start, end, False)
        if way is None and may_hide:
            way = _way(graph, hidden, change, key, start, end, True)
        if way is None:
            return None
        for one, step in [*way, (key, 1)]:
            change[one] += step
            hidden.add(one)
    return set(change)


def _way(
    graph: _Graph, hidden: set[Key], change: Mapping[Key, int], barred: Key, start: int, end: int, may_hide: bool
) -> list[tuple[Key, int]] | None:
    """The cells of the cheapest way between two nodes, each with +1 or -1, or None; hidden cells cost nothing."""
    reached: dict[int, tuple[Key, int, int]] = {}
    settled: set[int] = set()
    serial = count()  # equal ways in the order they were found
    waiting = [(0.0, 0, next(serial), start, start, barred, 0)]
    while waiting:
        cost, n_cells, _, node, before, by, step = heapq.heappop(waiting)
        if node in settled:
            continue
        settled.add(node)
        reached[node] = by, step, before
        if node == end:
            break
        for key, other in graph.edges[node]:
            if key == barred or other in settled or not (may_hide or key in hidden):
                continue
            move = graph.signs[key] if node % 2 == 0 else -graph.signs[key]
            if move == 1 or graph.counts[key] + change.get(key, 0) > 1:
                price = 0.0 if key in hidden else graph.costs[key]
                if other == end and cost + price == 0.0:
                    reached[end] = key, move, node
                    waiting.clear()
                    break
                heapq.heappush(waiting, (cost + price, n_cells + 1, next(serial), other, node, key, move))
    if end not in reached:
        return None
    way = []
    node = end
    while node != start:
        by, step, node = reached[node]
        way.append((by, step))
    return way
