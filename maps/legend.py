"""The legend of a map: what is counted, in which unit, by which limits and colours, and how many grids fall where.

Made from the rows of a statistics answer and sent along with them (`legends`), so that the page draws by the very
limits the reader sees. Codes only: the page has the words, and the time of the data and the denominator's source
are in the answer itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from maps import palette
from maps.classify import ZERO_CLASS, Classes, class_of, fixed, quantile

View = Literal["hotspots", "coverage"]
Measure = Literal["n", "rate", "share"]
Unit = Literal["reports", "per_1000_households", "share_of_doors"]

MEASURES: dict[View, tuple[Measure, ...]] = {"hotspots": ("rate", "n"), "coverage": ("share",)}
UNITS: dict[Measure, Unit] = {"n": "reports", "rate": "per_1000_households", "share": "share_of_doors"}

# shares of doors that city rules score coverage by (at least 95, 85 %…), and two more for the beginning of a round
COVERAGE_LIMITS = (0.0, 0.5, 0.7, 0.85, 0.95)

# a rate over fewer households than this jumps with every single report: such grids are hatched and take no part
# in making the limits
FEW_HOUSEHOLDS = 30


@dataclass(frozen=True)
class Swatch:
    """One line of the legend; `low` is in the class, `high` is not (the last class has both)."""

    kind: Literal["zero", "class", "no_data"]
    low: float | None
    high: float | None
    color: str
    n_rows: int


@dataclass(frozen=True)
class Legend:
    """Everything a page needs to draw a measure and to say how it was drawn; `digits` are its decimals."""

    measure: Measure
    unit: Unit
    method: Literal["quantile", "fixed", "none"]
    digits: int
    swatches: tuple[Swatch, ...]
    few_below: int | None
    n_few: int


def build(view: View, measure: Measure, rows: Iterable[Mapping[str, Any]]) -> Legend:
    """The legend of one measure over these rows (`n`, `denom` and `rate` or `share`, each maybe None).

    Counts and rates: quantile classes over these rows ("where to look"). Shares: fixed limits (months compare).
    Nothing above zero: the line for zero, and for no data where the measure has a denominator.
    """
    rows = list(rows)
    values = [row[measure] for row in rows]
    few = [measure == "rate" and is_few(row) for row in rows]
    steady = [value for value, unsteady in zip(values, few, strict=True) if not unsteady]
    digits = _digits(measure, values)
    if measure == "share":
        classes = fixed(COVERAGE_LIMITS, top=1.0)
    else:
        classes = quantile(steady if any(steady) else values, digits=digits)
    counted = Counter(class_of(value, classes) for value in values)
    swatches = _classes(view, classes, counted)
    # square cells come only where something happened: a line for zero would say there are none of them
    if counted[ZERO_CLASS] or classes.method != "quantile":
        swatches.insert(0, Swatch("zero", 0, 0, palette.ZERO, counted[ZERO_CLASS]))
    if measure != "n":
        swatches.append(Swatch("no_data", None, None, palette.NO_DATA, counted[None]))
    few_below = FEW_HOUSEHOLDS if measure == "rate" else None
    return Legend(measure, UNITS[measure], classes.method, digits, tuple(swatches), few_below, sum(few))


def legends(view: View, rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """For each measure of the view its legend, ready for JSON: `{"rate": {…}, "n": {…}}`."""
    rows = list(rows)
    return {measure: asdict(build(view, measure, rows)) for measure in MEASURES[view]}


def is_few(row: Mapping[str, Any]) -> bool:
    """Whether the row has a rate, but over so few households that it says little."""
    return row["denom"] is not None and row["rate"] is not None and row["denom"] < FEW_HOUSEHOLDS


def _digits(measure: Measure, values: list[float | None]) -> int:
    # one number of decimals for the whole column: three significant digits at the top of it
    if measure != "rate":
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
