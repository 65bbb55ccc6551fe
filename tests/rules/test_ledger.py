"""The ledger's equation."""

from __future__ import annotations

from dataclasses import fields, replace

from gridsvc.rules.ledger import Line, Outcomes, total

EVEN = Line(
    opening=10, new=5, reopened=2, moved_in=3, moved_out=1, struck_off=4, void=2, not_filed=1, merged=1, closing=11
)


def test_it_adds_up() -> None:
    assert EVEN.missing == 0
    assert total([EVEN, EVEN]).missing == 0
    assert total([EVEN, EVEN]).closing == 22


def test_one_report_more_or_less_anywhere_is_seen() -> None:
    for one in fields(Line):
        assert replace(EVEN, **{one.name: getattr(EVEN, one.name) + 1}).missing in (-1, 1), one.name
    came = ("opening", "new", "reopened", "moved_in")
    assert all(replace(EVEN, **{name: getattr(EVEN, name) + 1}).missing == 1 for name in came)


def test_moves_cancel_out_at_the_whole_only() -> None:
    there, here = Line(opening=1, moved_out=1), Line(moved_in=1, closing=1)
    assert not there.moved_evenly
    assert total([there, here]).moved_evenly


def test_programme_a() -> None:
    assert Outcomes(234, 160, 24, 50, 0).missing == 0
    assert Outcomes(234, 160, 24, 49, 0).missing == 1
