"""Which line of the responsibility lists decides: the SQL against plain Python on random lists; and what words mean."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from gridsvc import areas, categories, departments, responsibility
from gridsvc.categories import Category
from gridsvc.departments import Department
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.responsibility import Duty

# child -> parent, from the city down
ABOVE = {"C": None, "C1": "C", "C11": "C1", "C12": "C1", "C2": "C", "C21": "C2"}
CATEGORIES = ("P", "P01", "P0101", "P0102", "E0101")
LEVELS = ("grid", "community", "district")
DUTIES = st.lists(
    st.builds(
        Duty,
        st.sampled_from(("basic", "assist", "taken_back")),
        st.sampled_from((None, *CATEGORIES)),
        st.sampled_from((None, *ABOVE)),
        st.sampled_from((None, *LEVELS)),
        st.sampled_from(("D0", "D1", "D2", "CLOSED")),
    ),
    max_size=12,
    unique_by=lambda duty: duty.key,
)


@pytest.fixture
def db(db: Connection) -> Connection:
    levels = {1: "city", 2: "district", 3: "subdistrict"}
    areas.save(db, [areas.Area(code, levels[len(code)], f"名{code}", up, None) for code, up in ABOVE.items()])
    areas.save(
        db, [areas.Area("X1", "community", "同名", "C11", None), areas.Area("X2", "community", "同名", "C12", None)]
    )
    categories.save(db, [Category(code, code, code) for code in CATEGORIES])
    departments.save(db, [Department(f"D{n}", f"局{n}") for n in range(3)])
    departments.save(db, [Department("CLOSED", "撤", None, active=False), Department("OWN", "街办", "C1")])
    return db


def up(area: str | None) -> list[str]:
    """An area and all above it, the nearest first."""
    found = []
    while area is not None:
        found.append(area)
        area = ABOVE[area]
    return found


def oracle(duties: Sequence[Duty], category: str, area: str | None, level: str) -> list[Duty]:
    """The lines that fit, the most specific first."""
    over = up(area)

    def rank(one: Duty) -> tuple[int, int, bool]:
        height = over.index(one.area_code) if one.area_code in over else len(over)
        return -len(one.category or ""), height, one.level is None

    fit = [
        one
        for one in duties
        if one.lead_code != "CLOSED"
        and (one.category is None or category.startswith(one.category))
        and (one.area_code is None or one.area_code in over)
        and one.level in (None, level)
    ]
    return sorted(fit, key=rank)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    DUTIES,
    st.sampled_from(CATEGORIES),
    st.sampled_from((None, *ABOVE)),
    st.sampled_from(LEVELS),
    st.booleans(),
)
def test_the_most_specific_line_decides(
    db: Connection, duties: list[Duty], category: str, area: str | None, level: str, fallback: bool
) -> None:
    with db.begin_nested() as tried:
        responsibility.save(db, duties, "t")
        area_id = db.scalar(text("SELECT id FROM area WHERE code = :c"), {"c": area})
        found = responsibility.explain(db, category, area_id, level, fallback=fallback)
        tried.rollback()
    wanted = oracle(duties, category, area, level)
    assert [(one.category, one.area_code, one.level, one.lead.code) for one in found.lines] == [
        (one.category, one.area_code, one.level, one.lead_code) for one in wanted
    ]
    if wanted:
        assert (found.routing, found.lead and found.lead.code) == ("list", wanted[0].lead_code)
    else:
        falls = fallback and "C1" in up(area)
        assert (found.routing, found.lead and found.lead.code) == (
            ("fallback", "OWN") if falls else ("consultation", None)
        )
    # what a line lost by is what the winner is more specific in
    over = up(area)
    for one, told in zip(wanted[1:], found.lines[1:], strict=True):
        first = wanted[0]
        if told.lost_by == "category":
            assert len(one.category or "") < len(first.category or "")
        elif told.lost_by == "area":
            assert first.area_code in over
            assert one.category == first.category
        else:
            assert (told.lost_by, one.level, first.level) == ("level", None, level)
            assert (one.category, one.area_code) == (first.category, first.area_code)


def test_words_mean_one_place(db: Connection) -> None:
    assert responsibility.place(db, " C11 ").name == "名C11"
    assert responsibility.place(db, "名C11").code == "C11"
    assert responsibility.place(db, "名C11 C11").code == "C11"
    assert responsibility.place(db, "同名 X2").code == "X2"
    with pytest.raises(Conflict) as several:
        responsibility.place(db, "同名")
    assert several.value.facts["candidates"] == "X1, X2"
    for words, kind in (("nowhere", None), ("C11", "grid"), ("同名 X9", "area")):
        with pytest.raises(NotFound):
            responsibility.place(db, words, kind=kind)
    with pytest.raises(Refused):
        responsibility.place(db, "  ")


def test_a_closed_department_assists_no_more(db: Connection) -> None:
    responsibility.save(db, [Duty("basic", "P01", None, None, "D0", ("D2", "CLOSED", "D1"))], "t")
    found = responsibility.find(db, "P0101", None, "grid")
    codes = {one.id: one.code for one in departments.listed(db)}
    assert [codes[one] for one in found.assist_ids] == ["D2", "D1"]


def test_an_unknown_category_is_said(db: Connection) -> None:
    with pytest.raises(NotFound) as unknown:
        responsibility.explain(db, "P0", None, "grid")
    assert unknown.value.code == "category_unknown"
