"""The legend says what is drawn: every row is on one of its lines."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from maps import legend, palette
from tests.maps import town


def _row(n: int, denom: int | None, measure: str = "rate", per: int = 1000) -> dict[str, Any]:
    return {"code": "a", "name": "a", "n": n, "denom": denom, measure: None if not denom else n / denom * per}


@pytest.mark.parametrize(
    ("view", "measure", "rows"),
    [
        ("hotspots", "rate", town.hotspot_rows()),
        ("hotspots", "n", town.hotspot_rows()),
        ("hotspots", "n", town.cell_rows(500)),
        ("hotspots", "rate", town.cell_rows(500)),
        ("coverage", "share", town.coverage_rows()),
        ("coverage", "share", []),
        ("hotspots", "rate", []),
        ("hotspots", "n", [_row(0, 10)] * 3),
    ],
)
def test_every_row_is_counted_once(view: legend.View, measure: legend.Measure, rows: list[dict[str, Any]]) -> None:
    made = legend.build(view, measure, rows)
    assert sum(swatch.n_rows for swatch in made.swatches) == len(rows)
    shades = [swatch.color for swatch in made.swatches]
    assert len(set(shades)) == len(shades) > 0
    classes = [swatch for swatch in made.swatches if swatch.kind == "class"]
    assert all(one.high == two.low for one, two in pairwise(classes))


def test_zero_is_its_own_line_and_no_denominator_too() -> None:
    rows = [_row(0, 100), _row(5, None), _row(5, 100)]
    kinds = {swatch.kind: swatch for swatch in legend.build("hotspots", "rate", rows).swatches}
    assert kinds["zero"].color == palette.ZERO
    assert kinds["zero"].n_rows == 1
    assert kinds["no_data"].color == palette.NO_DATA
    assert kinds["no_data"].n_rows == 1
    assert "no_data" not in {swatch.kind for swatch in legend.build("hotspots", "n", rows).swatches}


def test_few_households_make_no_limits() -> None:
    rows = [_row(n, 1000) for n in range(1, 21)]
    alone = legend.build("hotspots", "rate", rows)
    with_few = legend.build("hotspots", "rate", [*rows, _row(9, 12)])
    assert with_few.n_few == 1
    assert [swatch.low for swatch in with_few.swatches] == [swatch.low for swatch in alone.swatches]
    assert with_few.swatches[-2].n_rows == alone.swatches[-2].n_rows + 1
    assert not legend.is_few(_row(9, legend.FEW_HOUSEHOLDS))
    assert legend.is_few(_row(9, legend.FEW_HOUSEHOLDS - 1))
    assert not legend.is_few(_row(9, None))
    # where all are few, they make the limits all the same
    assert legend.build("hotspots", "rate", [_row(9, 12)]).method == "quantile"


def test_coverage_limits_are_the_same_for_every_period() -> None:
    some = legend.build("coverage", "share", town.coverage_rows())
    none = legend.build("coverage", "share", [])
    assert [(swatch.low, swatch.high, swatch.color) for swatch in some.swatches] == [
        (swatch.low, swatch.high, swatch.color) for swatch in none.swatches
    ]
    assert some.method == "fixed"
    assert [swatch.low for swatch in some.swatches if swatch.kind == "class"] == [0.0, 0.5, 0.7, 0.85, 0.95]


@pytest.mark.parametrize(("top", "digits"), [(0.4, 3), (4.0, 2), (40.0, 1), (4000.0, 1)])
def test_decimals_follow_the_largest_rate(top: float, digits: int) -> None:
    rows = [{"n": 1, "denom": 1000, "rate": top * part / 9} for part in range(1, 10)]
    assert legend.build("hotspots", "rate", rows).digits == digits


def test_all_of_a_view_goes_into_json() -> None:
    made = json.loads(json.dumps(legend.legends("hotspots", town.hotspot_rows())))
    assert set(made) == {"rate", "n"}
    assert set(legend.legends("hotspots", town.tested(town.hotspot_rows()))) == set(legend.MEASURES["hotspots"])
    assert set(legend.legends_fixed("hotspots", [])) == set(legend.MEASURES["hotspots"])
    assert set(legend.legends("coverage", town.coverage_rows())) == {"share"}
    assert made["n"]["swatches"][0]["kind"] == "zero"


def test_a_test_has_seven_classes_and_those_not_tested() -> None:
    rows = town.tested(town.hotspot_rows())
    made = legend.build("hotspots", "significance", rows)
    assert [swatch.band for swatch in made.swatches] == [*palette.SIGNIFICANCE, None]
    assert [swatch.color for swatch in made.swatches] == [*palette.SIGNIFICANCE.values(), palette.NO_DATA]
    assert made.method == "gi_star"
    for swatch in made.swatches:
        assert swatch.n_rows == sum(row["band"] == swatch.band for row in rows)
    # the colours of a test say the same in every answer, also where nothing was tested
    blank = legend.build("hotspots", "significance", [])
    assert [swatch.color for swatch in blank.swatches] == [swatch.color for swatch in made.swatches]


@pytest.mark.parametrize("measure", ["rate", "smoothed", "n"])
def test_limits_that_are_kept_do_not_depend_on_the_figures(measure: legend.Measure) -> None:
    august = town.tested(town.hotspot_rows())
    september = town.tested(town.hotspot_rows("waste"))
    limits = legend.round_limits(measure, august)
    assert 1 < len(limits) <= 5
    text = ",".join(f"{limit:g}" for limit in limits[1:])
    one, other = (legend.chosen("hotspots", measure, rows, text) for rows in (august, september))
    assert one.method == other.method == "fixed"
    facts = [[(swatch.low, swatch.high, swatch.color) for swatch in made.swatches] for made in (one, other)]
    assert facts[0] == facts[1]
    assert [swatch.n_rows for swatch in one.swatches] != [swatch.n_rows for swatch in other.swatches]
    assert sum(swatch.n_rows for swatch in other.swatches) == len(september)
    assert legend.chosen("hotspots", measure, august, "fixed") == one
    assert legend.chosen("hotspots", measure, august, "nonsense") == legend.build("hotspots", measure, august)


def test_kept_limits_are_printed_as_they_are() -> None:
    made = legend.chosen("hotspots", "rate", [_row(1, 1000), _row(900, 1000)], "0.125,300")
    assert made.digits == 3
    assert [swatch.high for swatch in made.swatches if swatch.kind == "class"] == [0.125, 300.0, None]


@pytest.mark.parametrize("text", ["", "5,4", "0,5", "1,2,3,4,5", "-1", "1e9", "nan", "5,", "\u0661", "1" * 99])
def test_what_sets_no_limits_sets_none(text: str) -> None:
    assert legend.limits_of(text) == ()
