"""Rates: the published figures again, None over zero, and never a numerator outside its denominator."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridsvc.errors import Refused
from gridsvc.rules.lifecycle import STATES
from gridsvc.rules.rates import (
    DEFINITIONS,
    MEASURES,
    RATES,
    Asking,
    Facts,
    Window,
    figures,
    measures,
    percent,
    share,
    three_rate_score,
)

DAY = timedelta(days=1)
BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
WEEK = Window(BEGIN, BEGIN + 7 * DAY, BEGIN + 7 * DAY)

# 郑州 2019-04-08 to 14: all, routine ones, 金水区; 天门 2016-12: all, events, parts.
PUBLISHED = [
    (51229, 51571, "99.34"), (49151, 51229, "95.94"), (43523, 52434, "83.01"), (40394, 52434, "77.04"),
    (276, 52434, "0.53"), (104, 52434, "0.20"),
    (16570, 16754, "98.90"), (14673, 16570, "88.55"), (10225, 18086, "56.54"), (8765, 18086, "48.46"),
    (274, 18086, "1.51"), (101, 18086, "0.56"),
    (1912, 1935, "98.81"), (1855, 1935, "95.87"),
    (911, 972, "93.72"), (737, 972, "75.82"), (902, 956, "94.35"), (9, 16, "56.25"),
]  # fmt: skip


@pytest.mark.parametrize(("n", "of", "told"), PUBLISHED)
def test_published_figures(n: int, of: int, told: str) -> None:
    assert percent(n, of) == Decimal(told)
    assert str(percent(n, of)) == told


def test_rework_is_a_share_of_what_was_due_and_not_of_what_was_closed() -> None:
    counts = dict.fromkeys(MEASURES, 0) | {"due": 18086, "closed": 10225, "reworked": 274, "extended": 101}
    told = {one.id: one for one in figures(counts)}
    assert (told["rework"].n, told["rework"].of, told["rework"].percent) == (274, 18086, Decimal("1.51"))
    assert told["closing"].percent == Decimal("56.54")
    assert told["filing"] == replace(told["filing"], n=0, of=0, share=None, percent=None)


def test_zero_denominator_is_none_and_halves_go_up() -> None:
    assert (percent(0, 0), percent(5, None), share(0, 0)) == (None, None, None)
    assert [percent(n, 20000) for n in (1, 3, 5, 20000)] == [Decimal(x) for x in ("0.01", "0.02", "0.03", "100.00")]
    assert percent(1, 3) == Decimal("33.33")
    assert percent(2, 3) == Decimal("66.67")


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_percent_is_the_nearest_of_two_decimals(n: int, of: int) -> None:
    told = percent(n, of)
    assert told is not None
    assert told == round(told, 2)
    off = told * of - 100 * n  # in units of 1/of per cent
    assert -of <= 200 * off <= of or abs(200 * off) == of
    assert 200 * off != -of  # an exact half never goes down


def test_three_rates() -> None:
    assert three_rate_score(Decimal("98.01"), Decimal("96.20"), Decimal("95.99"), (10, 45, 45)) == Decimal("96.29")
    assert three_rate_score(Decimal(100), None, Decimal(100)) is None
    for weights in ((30, 35, 34), (110, -5, -5)):
        with pytest.raises(Refused, match="weights_not_100"):
            three_rate_score(None, None, None, weights)


def filed(due: float, disposed: float | None = None, closed: float | None = None, **more: object) -> Facts:
    """A filed report: due, disposed of, closed so many days after the week began."""
    at = [None if days is None else BEGIN + days * DAY for days in (due, disposed, closed)]
    facts = Facts(BEGIN - 30 * DAY, "closed" if closed is not None else "dispatched", filed_at=BEGIN - 29 * DAY)
    return replace(facts, due_at=at[0], disposed_at=at[1], closed_at=at[2], **more)


@pytest.mark.parametrize(
    ("facts", "due_i", "due_ii"),
    [
        (filed(3, 1, 2), {"due", "disposed", "disposed_in_time", "closed", "closed_in_time"}, None),
        (filed(3, 4, 5), {"due", "disposed", "closed", "closed_overdue"}, None),
        (filed(3), {"due"}, None),
        (filed(-3), {"due"}, None),  # carried over
        (filed(-3, -1, 1), set(), set()),  # disposed of before, though late: a matter of that week
        (filed(-3, 1), {"due", "disposed"}, None),
        (filed(9), set(), set()),  # still in time
        (filed(9, 1, 2), set(), {"due", "disposed", "disposed_in_time", "closed", "closed_in_time"}),
        (filed(3, -1, 0.5), {"due", "disposed", "disposed_in_time", "closed", "closed_in_time"}, set()),
        (filed(3, suspended_at=BEGIN), {"due"}, set()),
        (filed(3, 8, 9), {"due"}, None),  # disposed of after the week: not of this week
        (filed(0), {"due"}, None),
        (filed(7), set(), set()),
        (filed(3, 3, 4), {"due", "disposed", "disposed_in_time", "closed", "closed_in_time"}, None),  # at the very end
        (replace(filed(3, 1), state="void"), set(), set()),
        (replace(filed(3, 1), filed_at=None), set(), set()),
        (
            filed(3, 1, n_rework=2, n_extensions=1),
            {"due", "disposed", "disposed_in_time", "reworked", "extended"},
            None,
        ),
    ],
)
def test_what_was_due_by_both_definitions(facts: Facts, due_i: set[str], due_ii: set[str] | None) -> None:
    names = {
        "due",
        "disposed",
        "disposed_in_time",
        "closed",
        "closed_in_time",
        "closed_overdue",
        "reworked",
        "extended",
    }
    assert measures(facts, WEEK, "due_i").keys() & names == due_i
    assert measures(facts, WEEK, "due_ii").keys() & names == (due_i if due_ii is None else due_ii)


def test_suspended_ones_can_be_taken_out() -> None:
    stopped = filed(3, suspended_at=BEGIN)
    assert "due" in measures(stopped, WEEK)
    assert "due" not in measures(stopped, WEEK, without_suspended=True)
    assert "due" in measures(filed(3), WEEK, without_suspended=True)


GIVEN = Asking(BEGIN + DAY, BEGIN + 2 * DAY, "solved", "satisfied")


@pytest.mark.parametrize(
    ("askings", "told"),
    [
        ((Asking(BEGIN),), {"asked": 1}),
        ((GIVEN,), {"asked": 1, "answered": 1, "rated": 1, "solved": 1, "satisfied": 1}),
        ((replace(GIVEN, solved="partly", satisfied="basically"),), {"asked": 1, "answered": 1, "rated": 1, "satisfied": 1}),
        # not satisfied, done again, and then satisfied: two ratings
        (
            (replace(GIVEN, solved="not", satisfied="not"), replace(GIVEN, asked_at=BEGIN + 3 * DAY)),
            {"asked": 2, "answered": 2, "rated": 2, "solved": 1, "satisfied": 1},
        ),
        # closed in the week before, rated in this one; and closed in this one, rated in the next
        ((replace(GIVEN, asked_at=BEGIN - DAY),), {"rated": 1, "solved": 1, "satisfied": 1}),
        ((replace(GIVEN, rated_at=BEGIN + 7 * DAY),), {"asked": 1}),
    ],
)  # fmt: skip
def test_a_rating_counts_when_and_as_it_was_given(askings: tuple[Asking, ...], told: dict[str, int]) -> None:
    names = {"asked", "answered", "rated", "solved", "satisfied"}
    found = measures(Facts(BEGIN - 30 * DAY, "closed", askings=askings), WEEK)
    assert {name: n for name, n in found.items() if name in names} == told


MOMENTS = st.none() | st.integers(-400, 400).map(lambda hours: BEGIN + timedelta(hours=hours))
CERTAIN = MOMENTS.filter(lambda at: at is not None)
ASKING = st.builds(
    Asking,
    asked_at=CERTAIN,
    rated_at=MOMENTS,
    solved=st.sampled_from(("solved", "partly", "not")),
    satisfied=st.sampled_from(("satisfied", "basically", "not")),
)
FACTS = st.builds(
    Facts,
    received_at=CERTAIN,
    state=st.sampled_from(STATES),
    by_staff=st.booleans(),
    outcome=st.sampled_from((None, "on_spot", "by_deadline", "watched")),
    verified=st.sampled_from((None, "exists", "absent", "unable")),
    n_returns=st.integers(0, 2),
    n_rework=st.integers(0, 2),
    n_extensions=st.integers(0, 2),
    askings=st.lists(ASKING, max_size=3).map(tuple),
    **{name: MOMENTS for name in Facts.__dataclass_fields__ if name.endswith("_at") and name != "received_at"},
)


@given(FACTS, st.sampled_from(DEFINITIONS), st.booleans(), st.integers(1, 7 * 24))
def test_a_numerator_counts_rows_of_its_denominator(facts: Facts, definition: str, without: bool, held: int) -> None:
    window = replace(WEEK, held_at=BEGIN + timedelta(hours=held))
    counted = measures(facts, window, definition, without_suspended=without)
    assert counted.keys() <= set(MEASURES)
    for rate in RATES:
        assert counted[rate.n] <= counted[rate.of], rate.id
    assert not {"closed_in_time", "closed_overdue"} <= counted.keys()


@given(st.lists(FACTS, max_size=30))
def test_every_share_lies_between_nothing_and_everything(every: list[Facts]) -> None:
    several = [measures(facts, WEEK) for facts in every]
    counts = {name: sum(one[name] for one in several) for name in MEASURES}
    for one in figures(counts):
        assert (one.share is None) == (one.of == 0)
        assert one.share is None or 0 <= one.share <= 1
        assert one.percent is None or 0 <= one.percent <= 100
