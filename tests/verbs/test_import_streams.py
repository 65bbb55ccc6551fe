"""What a CSV file that is read as it comes may not do: grow without end, in one line or out of a few packed bytes."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from geodata.errors import FileRefused
from geodata.layer import Fields
from gridsvc.imports import streams

HEAD = b"number,time,lon,lat\n"
ROW = b"A,2026-03-01,110.005,23.005\n"
MB = 2**20


def read(path: Path, header_row: int | None = None) -> int:
    """How many rows the file has, by open_table and slices."""
    table = streams.open_table(path, Fields(), header_row=header_row)
    return sum(len(part.rows.numbers) for part in streams.slices(table))


def refused(path: Path) -> tuple[str, dict[str, object]]:
    with pytest.raises(FileRefused) as caught:
        read(path)
    return caught.value.code, {name: value for name, value in caught.value.facts.items() if name != "file"}


def plainly(content: bytes) -> bytes:
    return content


def test_rows_begin_below_the_header_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(ROW + HEAD + ROW * 1_500)
    assert [read(path, header_row) for header_row in (None, 2, 1, 0)] == [1_500, 1_500, 1_501, 1_502]
    assert streams.open_table(path, Fields(), header_row=0).columns[0] == "column 1"


@pytest.mark.parametrize("packed", [plainly, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("n_before", [0, 5_000], ids=["at the beginning", "after good rows"])
def test_a_line_without_end_is_no_table(tmp_path: Path, packed: Callable[[bytes], bytes], n_before: int) -> None:
    path = tmp_path / "r.csv"
    csv.field_size_limit(128 * 1024)  # as a new process has it
    path.write_bytes(packed(HEAD + ROW * n_before + b"x" * (17 * MB)))
    assert refused(path) == ("csv_line_too_long", {"limit_mb": 16})
    path.write_bytes(packed(HEAD + ROW * n_before + b"x" * MB + b"\n"))
    assert read(path) == n_before + 1


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["plain", "quoted"])
@pytest.mark.parametrize("n_before", [0, 1_500], ids=["at the beginning", "after good rows"])
def test_a_cell_is_bounded_quoted_or_not(tmp_path: Path, quote: bytes, n_before: int) -> None:
    path = tmp_path / "r.csv"
    for n_over, taken in ((0, True), (1, False)):
        cell = quote + b"x" * (MB + n_over) + quote
        path.write_bytes(HEAD + ROW * n_before + cell + ROW[1:] + ROW)
        if taken:
            assert read(path) == n_before + 2
        else:
            code, facts = refused(path)
            assert (code, facts["limit_mb"]) == ("csv_cell_too_long", 1)


def test_a_gzip_that_unpacks_to_a_thousand_times_its_size_is_a_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_HARMLESS_BYTES", 4 * MB)
    path = tmp_path / "r.csv.gz"
    path.write_bytes(gzip.compress(HEAD + ROW * (8 * MB // len(ROW))))
    assert 200 * path.stat().st_size < 5 * MB
    assert refused(path) == ("gzip_packed_too_tight", {"times": 200, "limit_mb": 4})
    # as tight, and little; large, and packed as tables are
    path.write_bytes(gzip.compress(HEAD + ROW * 100_000))
    assert read(path) == 100_000
    rows = b"".join(b"%d,2026-03-01,110.%06d,23.005\n" % (i, i * 7919 % 10**6) for i in range(200_000))
    path.write_bytes(gzip.compress(HEAD + rows))
    assert len(rows) > 4 * MB
    assert read(path) == 200_000
