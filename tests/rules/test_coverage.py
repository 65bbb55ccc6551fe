"""Coverage: what counts, what it is divided by, and that each definition has its sentence in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridsvc.db.tables import campaigns, doors
from gridsvc.i18n import LOCALES, catalogue
from gridsvc.rules.coverage import (
    COUNTS,
    FOUR,
    RATES,
    STANDING,
    STATUSES,
    Door,
    Status,
    Visit,
    Window,
    counted,
    counts_of,
    figures,
    status_of,
    total,
)

DAY = datetime(2026, 11, 1, tzinfo=UTC)
WINDOW = Window(DAY, DAY + timedelta(days=10))


def visit(n: int, outcome: str, day: float, **more: object) -> Visit:
    at = DAY + timedelta(days=day)
    return Visit(n, outcome, **({"happened_at": at, "recorded_at": at} | more))  # type: ignore[arg-type]


def test_the_latest_outcome_stands_unless_somebody_was_met() -> None:
    absent, refused, met = visit(1, "absent", 3), visit(2, "refused", 2), visit(3, "reached", 1, n_met=3)
    assert status_of([absent, refused], WINDOW).status == "absent"
    again = visit(4, "reached", 5, n_met=2)
    assert status_of([absent, refused, again, met], WINDOW) == Status("reached", 4, 2, 5, 3, DAY + timedelta(days=1))


def test_what_lies_outside_does_not_count() -> None:
    early, late, edge = visit(1, "reached", -0.1), visit(2, "reached", 10), visit(3, "absent", 0)
    by_phone = visit(4, "reached", 1, mode="phone")
    assert status_of([early, late, edge, by_phone], WINDOW).status == "absent"
    every = Window(DAY, DAY + timedelta(days=10), frozenset({"door", "phone"}))
    assert status_of([edge, by_phone], every).status == "reached"


def test_a_correction_takes_the_place_and_a_withdrawal_leaves_nothing() -> None:
    first = visit(1, "reached", 1, n_met=1)
    mended = visit(2, "refused", 1, supersedes_id=1, recorded_at=DAY + timedelta(days=3))
    gone = visit(3, "withdrawn", 1, supersedes_id=2, recorded_at=DAY + timedelta(days=5))
    every = [first, mended, gone]
    assert status_of(every, WINDOW).status == "not_visited"

    def as_of(day: float) -> str:
        return status_of(every, Window(DAY, WINDOW.ends_at, as_of=DAY + timedelta(days=day))).status

    assert [as_of(day) for day in (0, 1, 2.9, 3, 4.9, 5)] == [
        *("not_visited", "reached", "reached"),
        *("refused", "refused", "not_visited"),
    ]


def test_an_excluded_door_leaves_one_denominator_and_stays_in_the_other() -> None:
    reached = counts_of(Door(Status("reached", 1, 1, 2, 2), excluded=True))
    assert (reached["eligible"], reached["reached"], reached["reached_enumerated"]) == (0, 0, 1)
    vacant = counts_of(Door(Status("vacant", 1), excluded=True))
    assert (vacant["enumerated"], vacant["eligible"], vacant["attempted"], vacant["vacant"]) == (1, 0, 0, 1)


def test_an_attempt_is_no_coverage_and_not_found_is_not_found() -> None:
    made = total(
        [
            counts_of(Door(Status("absent", 2))),
            counts_of(Door(Status("not_found", 1))),
            counts_of(Door(Status("reached", 1, 1, 2, 2)), n_times=2),
            counts_of(Door(Status("reached", 2, 2, 4, 3)), n_times=2),
            counts_of(Door(Status(), removed=True)),
        ]
    )
    by_id = {one.id: (one.n, one.of, one.percent) for one in figures(made)}
    assert by_id == {
        "coverage": (2, 5, Decimal("40.00")),
        "coverage_all": (2, 5, Decimal("40.00")),
        "attempted_share": (4, 5, Decimal("80.00")),
        "completed_share": (1, 5, Decimal("20.00")),
        "coverage_found": (2, 3, Decimal("66.67")),
    }
    assert [made[name] for name in FOUR.values()] == [2, 6, 5, 6]
    assert made["removed"] == 1


def test_nothing_is_divided_by_zero() -> None:
    assert [(one.n, one.of, one.share, one.percent) for one in figures(total([]))] == [(0, 0, None, None)] * len(RATES)


OUTCOME = st.sampled_from([*STATUSES[:-1], "withdrawn"])


@given(
    st.lists(st.tuples(OUTCOME, st.floats(-2, 12), st.floats(0, 20), st.booleans(), st.integers(0, 4)), max_size=8),
    st.booleans(),
    st.integers(1, 3),
)
def test_counts_of_a_door_agree_with_one_another(
    rows: list[tuple[str, float, float, bool, int]], excluded: bool, n_times: int
) -> None:
    visits = [
        visit(
            *(n, outcome, day),
            recorded_at=DAY + timedelta(days=day + delay),
            n_met=n_met,
            supersedes_id=n - 1 if n and (corrects or outcome == "withdrawn") else None,
        )
        for n, (outcome, day, delay, corrects, n_met) in enumerate(rows)
    ]
    counts = counts_of(Door(status_of(visits, WINDOW), excluded=excluded), n_times)
    assert tuple(counts) == COUNTS
    assert sum(counts[name] for name in STATUSES if name != "reached") + counts["reached_enumerated"] == 1
    assert counts["completed"] <= counts["reached"] <= counts["found"] <= counts["attempted"] <= counts["eligible"]
    assert counts["most_met"] <= counts["n_met"]
    assert counts["n_visits"] == len(counted(visits, WINDOW))
    for one in figures(counts):
        assert one.share is None or 0 <= one.share <= 1


def test_the_database_keeps_the_same_counts() -> None:
    assert campaigns.CELL_COUNTS == COUNTS
    assert campaigns.DOOR_STATUSES == STATUSES
    assert (*doors.OUTCOMES, "not_visited") == STATUSES
    assert set(STANDING) < set(COUNTS)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_figure_has_its_words(locale: str) -> None:
    texts = catalogue(locale)  # type: ignore[arg-type]
    wanted = [f"coverage.count.{name}" for name in (*COUNTS, "added", "outside")]
    wanted += [f"coverage.{kind}.{rate.id}" for rate in RATES for kind in ("rate", "definition")]
    wanted += [f"coverage.status.{name}" for name in STATUSES] + [f"coverage.four.{name}" for name in FOUR]
    assert [key for key in wanted if not texts.get(key)] == []
