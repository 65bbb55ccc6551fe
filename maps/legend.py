"""The legend of a map: what is counted, in which unit, by which limits and colours, and how many grids fall where.

Made from the rows of a statistics answer and sent along with them (`legends`), so that the page draws by the very
limits the reader sees. Codes only: the page has the words, and the time of the data and the denominator's source
are in the answer itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from maps import palette, targets
from maps.classify import N_CLASSES, ZERO_CLASS, Classes, class_of, fixed, quantile, rounded

View = Literal["hotspots", "coverage"]
Measure = Literal["n", "rate", "smoothed", "significance", "share"]
Unit = Literal["reports", "per_1000_households", "gi_star", "share_of_doors"]
Rows = Sequence[Mapping[str, Any]]

MEASURES: dict[View, tuple[Measure, ...]] = {
    "hotspots": ("rate", "smoothed", "n", "significance"),
    "coverage": ("share",),
}
# the key of a row that holds a measure, where it is not the measure's own name
KEYS: dict[Measure, str] = {"significance": "band"}
UNITS: dict[Measure, Unit] = {
    "n": "reports",
    "rate": "per_1000_households",
    "smoothed": "per_1000_households",
    "significance": "gi_star",
    "share": "share_of_doors",
}
RATES: tuple[Measure, ...] = ("rate", "smoothed")

# shares of doors that city rules score coverage by (at least 95, 85 %…), and two more for the beginning of a round
COVERAGE_LIMITS = (0.0, 0.5, 0.7, 0.85, 0.95)

# a rate over fewer households than this jumps with every single report: such grids are hatched and take no part
# in making the limits
FEW_HOUSEHOLDS = 30

# what an address may set as limits: plain numbers with commas
LIMITS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?(,[0-9]{1,9}(\.[0-9]{1,6})?)*")


@dataclass(frozen=True)
class Swatch:
    """One line of the legend; `low` is in the class, `high` is not (the last class has both; None: it is open above).

    `band`: the class of a test, for which there are no limits.
    """

    kind: Literal["zero", "class", "no_data", "band"]
    low: float | None
    high: float | None
    color: str
    n_rows: int
    band: str | None = None


@dataclass(frozen=True)
class Legend:
    """Everything a page needs to draw a measure and to say how it was drawn; `digits` are its decimals.

    `target`: the share that the classes of method `target` lie around.
    """

    measure: Measure
    unit: Unit
    method: Literal["quantile", "fixed", "none", "target", "gi_star"]
    digits: int
    swatches: tuple[Swatch, ...]
    few_below: int | None
    n_few: int
    target: float | None = None


def build(view: View, measure: Measure, rows: Rows, *, limits: Sequence[float] = ()) -> Legend:
    """The legend of one measure over these rows (`n`, `denom`, and by the measure `rate`, `smoothed`, `share`, `band`).

    Counts and rates: quantile classes over these rows ("where to look"), or the `limits` given, which rise from 0 and
    stay the same for every period (months compare). Shares: fixed limits. A test's classes have none. Nothing above
    zero: the line for zero, and for no data where the measure has a denominator.
    """
    if measure == "significance":
        return _tested(rows)
    values = [row[measure] for row in rows]
    few = [measure in RATES and is_few(row) for row in rows]
    digits = max(_digits(measure, values), *(_decimals(limit) for limit in limits), 0)
    if measure == "share":
        classes = fixed(COVERAGE_LIMITS, top=1.0)
    elif limits:
        classes = fixed(limits, top=None)
    else:
        classes = _quantile(values, few, digits)
    counted = Counter(class_of(value, classes) for value in values)
    swatches = _classes(view, classes, counted)
    # square cells come only where something happened: a line for zero would say there are none of them
    if counted[ZERO_CLASS] or classes.method != "quantile":
        swatches.insert(0, Swatch("zero", 0, 0, palette.ZERO, counted[ZERO_CLASS]))
    if measure != "n":
        swatches.append(Swatch("no_data", None, None, palette.NO_DATA, counted[None]))
    few_below = FEW_HOUSEHOLDS if measure in RATES else None
    return Legend(measure, UNITS[measure], classes.method, digits, tuple(swatches), few_below, sum(few))


def legends(view: View, rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """For each measure of the view that these rows have its legend, ready for JSON: `{"rate": {…}, "n": {…}}`."""
    rows = list(rows)
    return {measure: asdict(build(view, measure, rows)) for measure in _there(view, rows)}


def legends_fixed(view: View, rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same with round limits near the quantiles of these rows, to be kept for the other periods of a comparison."""
    rows = list(rows)
    return {
        measure: asdict(build(view, measure, rows, limits=round_limits(measure, rows)))
        for measure in _there(view, rows)
    }


def chosen(view: View, measure: Measure, rows: Rows, breaks: str = "") -> Legend:
    """The legend for `breaks` as an address says them: "fixed" (round limits near these rows'), or inner limits set
    before ("50,100,200"); anything else means quantiles."""
    limits = round_limits(measure, rows) if breaks == "fixed" else limits_of(breaks)
    return build(view, measure, rows, limits=limits)


def round_limits(measure: Measure, rows: Rows) -> tuple[float, ...]:
    """Round limits from 0 near the quantiles of these rows; none where nothing is above zero, or for shares and tests.

    >>> round_limits("n", [{"n": n} for n in (12, 47, 103, 260, 1200)])
    (0, 50, 100, 300, 1000)
    """
    if measure in ("share", "significance"):
        return ()
    values = [row[measure] for row in rows]
    few = [measure in RATES and is_few(row) for row in rows]
    return rounded(_quantile(values, few, _digits(measure, values)))


def limits_of(text: str) -> tuple[float, ...]:
    """The limits that an address sets, with 0 before them; none where it sets none or something else.

    >>> limits_of("50,100.5"), limits_of("100,50"), limits_of("quantile")
    ((0, 50.0, 100.5), (), ())
    """
    if not LIMITS.fullmatch(text):
        return ()
    inner = [float(part) for part in text.split(",")]
    rises = all(low < high for low, high in pairwise([0.0, *inner]))
    return (0, *inner) if rises and len(inner) < N_CLASSES else ()


def against(target: float, rows: Iterable[Mapping[str, Any]]) -> Legend:
    """The legend of these rows' shares against a target, a share of whole per cents; zero stays a line of its own."""
    classes = targets.limits(target)
    counted = Counter(class_of(row["share"], classes) for row in rows)
    highs = [*classes.lows[1:], 1.0]
    lines = zip(classes.lows, highs, targets.colors(target), strict=True)
    swatches = [Swatch("zero", 0, 0, palette.ZERO, counted[ZERO_CLASS])]
    swatches += [Swatch("class", low, high, shade, counted[nr]) for nr, (low, high, shade) in enumerate(lines, start=1)]
    swatches.append(Swatch("no_data", None, None, palette.NO_DATA, counted[None]))
    return Legend("share", UNITS["share"], "target", 3, tuple(swatches), None, 0, target)


def is_few(row: Mapping[str, Any]) -> bool:
    """Whether the row has a rate, but over so few households that it says little."""
    return row["denom"] is not None and row["rate"] is not None and row["denom"] < FEW_HOUSEHOLDS


def _there(view: View, rows: Rows) -> list[Measure]:
    # an answer may have no test, or no smoothed rates
    return [one for one in MEASURES[view] if not rows or KEYS.get(one, one) in rows[0]]


def _tested(rows: Rows) -> Legend:
    counted = Counter(row.get("band") for row in rows)
    swatches = [Swatch("band", None, None, color, counted[band], band) for band, color in palette.SIGNIFICANCE.items()]
    swatches.append(Swatch("no_data", None, None, palette.NO_DATA, counted[None]))
    return Legend("significance", UNITS["significance"], "gi_star", 0, tuple(swatches), None, 0)


def _quantile(values: Sequence[float | None], few: Sequence[bool], digits: int) -> Classes:
    # a rate over a handful of households makes no limits, unless there are no others
    steady = [value for value, unsteady in zip(values, few, strict=True) if not unsteady]
    return quantile(steady if any(steady) else values, digits=digits)


def _decimals(limit: float) -> int:
    return 0 if limit == int(limit) else len(f"{limit:.6f}".rstrip("0").split(".")[1])


def _digits(measure: Measure, values: Sequence[float | None]) -> int:
    # one number of decimals for the whole column: three significant digits at the top of it
    if measure not in RATES:
        return 0 if measure == "n" else 3
    top = max((value for value in values if value is not None), default=0)
    return 1 if top >= 10 or top == 0 else 2 if top >= 1 else 3


def _classes(view: View, classes: Classes, counted: Mapping[int | None, int]) -> list[Swatch]:
    ramp: palette.RampName = "coverage" if view == "coverage" else "problems"
    if not classes.lows:
        return []
    highs = [*classes.lows[1:], classes.top]
    shades = palette.colors(ramp, len(classes.lows))
    return [
        Swatch("class", low, high, shade, counted.get(place, 0))
        for place, (low, high, shade) in enumerate(zip(classes.lows, highs, shades, strict=True), start=1)
    ]
