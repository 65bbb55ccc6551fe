"""Saved queries: each person's own, parameters of a coverage and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from gridsvc import saved_queries
from gridsvc.errors import NotFound, Refused
from gridsvc.rules.roles import Actor
from tests.conftest import NOW


def person(db: Connection, login: str) -> Actor:
    made = text("INSERT INTO account (login, name, role, password_hash) VALUES (:l, :l, 'planner', 'x') RETURNING id")
    return Actor("planner", db.scalar(made, {"l": login}), login)


def test_a_query_is_kept_replaced_and_deleted_by_its_owner(db: Connection) -> None:
    mine, other = person(db, "a"), person(db, "b")
    first = saved_queries.save(db, mine, " 周报 ", "by=grid,week&campaign=2026-autumn", NOW)
    assert (first.name, first.campaign, first.page_query) == ("周报", "2026-autumn", "by=grid&by2=week")
    later = NOW + timedelta(hours=1)
    again = saved_queries.save(db, mine, "周报", "?by=class&from=2026-10-01", later)
    assert (again.id, again.query, again.saved_at) == (first.id, "by=class&from=2026-10-01", later)
    assert again.page_query == "by=class&from=2026-10-01"
    assert saved_queries.save(db, other, "周报", "campaign=c", NOW).page_query == "by=grid"
    saved_queries.save(db, other, "周报", "by=day", NOW)
    assert [one.query for one in saved_queries.listed(db, mine)] == [again.query]
    with pytest.raises(NotFound, match="saved_query_unknown"):
        saved_queries.delete(db, other, first.id)
    saved_queries.delete(db, mine, first.id)
    assert saved_queries.listed(db, mine) == ()


def test_what_is_no_query_is_refused(db: Connection) -> None:
    mine = person(db, "a")
    for name, query, why in (
        ("", "by=grid", "saved_query_name"),
        ("x" * 101, "by=grid", "saved_query_name"),
        ("x", "by=grid&next=https://example.org", "saved_query_not_allowed"),
        ("x", "by=" + "g" * 1000, "saved_query_name"),
    ):
        with pytest.raises(Refused, match=why):
            saved_queries.save(db, mine, name, query, NOW)
    for i in range(saved_queries.MOST):
        saved_queries.save(db, mine, f"{i}", "by=grid", NOW)
    saved_queries.save(db, mine, "7", "by=day", NOW)
    with pytest.raises(Refused, match="saved_queries_full"):
        saved_queries.save(db, mine, "more", "by=grid", NOW)
