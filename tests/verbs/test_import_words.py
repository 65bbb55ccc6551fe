"""What cells say: times, hours of duty, states, names; and what COPY is given."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from gridsvc.imports import copying, hours, states
from gridsvc.imports.compounds import split_names
from gridsvc.imports.hours import Hours
from gridsvc.imports.times import Times


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2026-03-01", ("2026-03-01", True)),
        ("20260301", ("2026-03-01", True)),
        ("2026/3/1", ("2026-03-01", True)),
        ("2026.3.1", ("2026-03-01", True)),
        ("2026年3月1日", ("2026-03-01", True)),
        ("2026-03-01 08:05:09", ("2026-03-01 08:05:09", False)),
        ("2026-03-01T08:05:09Z", ("2026-03-01 08:05:09+00:00", False)),
        ("2026-03-01T08:05:09.25+08:00", ("2026-03-01 08:05:09.250000+08:00", False)),
        ("2026/3/1 8:05", ("2026-03-01 08:05:00", False)),
        ("2026年3月1日 8时5分", ("2026-03-01 08:05:00", False)),
        ("2026年3月1日 下午8点05分", ("2026-03-01 20:05:00", False)),
        ("2026年3月1日 下午12时", ("2026-03-01 12:00:00", False)),
        ("2026-3-1 12:30:00 AM", ("2026-03-01 00:30:00", False)),
        ("2024-02-29 00:00:00", ("2024-02-29 00:00:00", False)),
        ("2026-02-29", None),
        ("2026-02-29 10:00:00", None),
        ("2026-13-01 10:00:00", None),
        ("2026-00-10 10:00:00", None),
        ("2026-03-01 24:00:00", None),
        ("2026-03-01 10:60:00", None),
        ("2026-03-01 10:20:30+20:00", None),
        ("2026-03-01 10:20+20", None),
        ("2026-03-01 10:20+08", ("2026-03-01 10:20:00+08:00", False)),
        ("2026-03-01 25:00", None),
        ("01/03/2026", None),
        ("42064", None),
        ("gestern", None),
        ("２０２６-03-01 08:00:00", ("2026-03-01 08:00:00", False)),
    ],
)
def test_times(cell: str, said: tuple[str, bool] | None) -> None:
    for neighbours in ([], ["2026-03-01 08:00:00"], ["2026-03-01"], [None]):
        texts, days = Times().read_all([*neighbours, cell])
        assert (texts[-1], days[-1]) == (said or (None, False))


def test_the_order_of_days_is_asked_for() -> None:
    assert Times("mdy").read("3/4/2026 5:06 PM") == ("2026-03-04 17:06:00", False)
    assert Times("dmy").read("3.4.2026") == ("2026-04-03", True)
    assert Times("mdy").read("13/4/2026") is None
    assert Times("mdy").read("2026-03-04") == ("2026-03-04", True)


usual = st.datetimes().map(lambda at: at.replace(microsecond=0).isoformat(" "))
bent = st.tuples(usual, st.integers(0, 18), st.sampled_from("0123456789-: /x")).map(
    lambda t: t[0][: t[1]] + t[2] + t[0][t[1] + 1 :]
)


@given(st.lists(st.one_of(st.none(), usual, bent), max_size=6))
def test_many_at_once_say_what_each_says(cells: list[str | None]) -> None:
    together = Times().read_all(cells)
    alone = [Times().read(cell) if cell is not None else None for cell in cells]
    for text_, day, one in zip(*together, alone, strict=True):
        assert (None if text_ is None else text_.replace("T", " "), day) == (one or (None, False))


@given(st.one_of(usual, bent))
def test_what_is_taken_for_a_time_is_one_for_postgresql(cell: str) -> None:
    said = Times().read(cell)
    if said is not None:
        moment = datetime.fromisoformat(said[0])
        offset = moment.utcoffset()
        assert offset is None or abs(offset) <= timedelta(hours=15)


def test_postgresql_reads_times_as_they_are_given(db: Connection) -> None:
    cells = [
        "2026-03-01",
        "2026-03-01T08:05:09Z",
        "2026年3月1日 下午8点05分",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59",
    ]
    texts, _ = Times().read_all(cells)
    db.execute(text("SET LOCAL timezone = 'Asia/Shanghai'"))
    read = [db.scalar(text("SELECT CAST(:t AS timestamptz)"), {"t": one}) for one in texts[:3]]
    assert [at.astimezone(UTC) for at in read] == [
        datetime(2026, 2, 28, 16, tzinfo=UTC),
        datetime(2026, 3, 1, 8, 5, 9, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 5, tzinfo=UTC),
    ]
    for one in texts[3:]:
        assert db.scalar(text("SELECT CAST(:t AS timestamptz) IS NOT NULL"), {"t": one})


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("08:00-12:00", Hours(None, time(8), time(12))),
        ("8:00 至 12:30", Hours(None, time(8), time(12, 30))),
        ("20:00-06:00", Hours(None, time(20), time(6))),
        ("18:00-24:00", Hours(None, time(18), time(0))),
        ("周一至周五", Hours((1, 2, 3, 4, 5))),
        ("周一至周五 08:00-12:00", Hours((1, 2, 3, 4, 5), time(8), time(12))),
        ("星期六、日 9:00-17:00", Hours((6, 7), time(9), time(17))),
        ("1-5 08:00-18:00", Hours((1, 2, 3, 4, 5), time(8), time(18))),
        ("Mon-Fri 08:00-18:00", Hours((1, 2, 3, 4, 5), time(8), time(18))),
        ("Saturday", Hours((6,))),
        ("周五至周一", Hours((1, 5, 6, 7))),
        ("周一至周日", Hours()),
        ("每天 08:00-12:00", Hours(None, time(8), time(12))),
        ("工作日", Hours((1, 2, 3, 4, 5))),
        ("全天", Hours()),
        ("24小时", Hours()),
        ("08:00-08:00", None),
        ("08:00-25:00", None),
        ("08:00-12:00 14:00-18:00", None),
        ("周八", None),
        ("有时", None),
    ],
)
def test_hours(cell: str, said: Hours | None) -> None:
    assert hours.read(cell) == said


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Completed", "closed"),
        ("Completed - Dup", "closed"),
        ("Open", "reported"),
        ("OPEN - DUP", "reported"),
        ("In  Progress", "reported"),
        ("已办结", "closed"),
        ("已辦結", "closed"),
        (" 结案 ", "closed"),
        ("办理中", "reported"),
        ("不予受理", "void"),
        ("ｃｌｏｓｅｄ", "closed"),
        ("closed?", None),
        ("", None),
    ],
)
def test_states(word: str, state: str | None) -> None:
    assert states.read(word) == state


def test_names_are_split_and_each_once() -> None:
    assert split_names(" 锦绣；锦绣花园、锦绣|JX; ") == ("锦绣", "锦绣花园", "JX")


@given(
    st.lists(
        st.tuples(
            *[st.one_of(st.none(), st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))] * 2
        )
    )
)
def test_copy_gives_back_what_it_was_given(db_rows: list[tuple[str | None, str | None]]) -> None:
    columns = {"a": [row[0] for row in db_rows], "b": [row[1] for row in db_rows]}
    lines = copying.block(columns).decode().split("\n")
    back = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}

    def cell(written: str) -> str | None:
        if written == "\\N":
            return None
        out, i = "", 0
        while i < len(written):
            pair = written[i : i + 2]
            out, i = (out + back[pair], i + 2) if pair in back else (out + written[i], i + 1)
        return out

    assert lines.pop() == ""
    assert [tuple(cell(part) for part in line.split("\t")) for line in lines] == [
        (a or None, b or None) for a, b in db_rows
    ]
