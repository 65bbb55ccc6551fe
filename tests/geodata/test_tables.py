"""CSV and Excel: encodings, delimiters, headers, codes that stay text, positions that are wrong by row."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely

from geodata.errors import CrsError, FileRefused
from geodata.files.answer import Answer
from geodata.files.sheets import bound_width
from geodata.files.tables import sniff_table, unguard
from geodata.layer import Fields, Limits
from geodata.read import read, read_raw, read_sheets
from tests.framed import as_frame
from tests.geodata import making

HEADER = ("工单编号", "上报时间", "问题类型", "经度", "纬度", "地址")
GOOD = ("001", "2026-08-01 10:00", "道路破损", "116.3", "39.9", "科技路1号")


def reports(tmp_path: Path, *rows: tuple[object, ...], crs: str | None = "wgs84", **how: Any) -> Answer:
    """The answer to a table of reports."""
    path = making.as_csv(tmp_path / "r.csv", [HEADER, *rows], **how)
    return making.inside(path, tmp_path, "reports", crs)


def told(answer: Answer) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.code) for problem in answer.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_chinese_tables_in_their_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    answer = reports(tmp_path, GOOD, encoding=encoding, delimiter=delimiter)
    assert answer.columns == list(HEADER)
    assert [cells[0] for cells in answer.cells] == list(GOOD)
    assert answer.encoding == {"utf-8-sig": "utf-8", "gbk": "gb18030"}.get(encoding, encoding)
    assert answer.fields.given() == {
        **{"number": "工单编号", "time": "上报时间", "category": "问题类型", "lon": "经度", "lat": "纬度"},
        "words": "地址",
    }
    head = sniff_table(tmp_path / "r.csv", kind="reports")
    assert (head.delimiter, head.header, head.n_above, head.gzipped) == (delimiter, HEADER, 0, False)


def test_a_gzipped_table_and_one_with_titles(tmp_path: Path) -> None:
    rows = [("某市上报清单",), ("",), HEADER, GOOD]
    path = making.as_csv(tmp_path / "r.csv.gz", rows)
    answer = making.inside(path, tmp_path, "reports", "wgs84")
    assert answer.numbers.tolist() == [1]
    assert [(n.code, n.facts["n"]) for n in answer.notes if n.code == "rows_above_header"] == [("rows_above_header", 2)]
    head = sniff_table(path, Fields(), "reports")
    assert (head.n_above, head.gzipped, head.header) == (2, True, HEADER)


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        ("116.3", "north", "coordinate_not_a_number"),
        ("116°18′", "39.9", "coordinate_not_a_number"),
        ("116,3", "39.9", "row_too_long"),
        ("1_16.3", "39.9", "coordinate_not_a_number"),
        ("１１６", "39.9", "coordinate_not_a_number"),
        ("116.3", "95", "lat_out_of_range"),
        ("200", "39.9", "lon_out_of_range"),
        ("39.9", "116.3", "lonlat_swapped"),
        ("NaN", "39.9", "coordinate_not_finite"),
        ("116.3", "-inf", "coordinate_not_finite"),
        ("1e999", "39.9", "coordinate_not_finite"),
        ("116.3", "", "position_half_missing"),
        ("", "39.9", "position_half_missing"),
    ],
)
def test_a_wrong_position_refuses_its_row_and_no_other(tmp_path: Path, lon: str, lat: str, code: str) -> None:
    answer = reports(tmp_path, GOOD, (*GOOD[:3], lon, lat, "x"), GOOD)
    assert told(answer) == [(2, code)]
    assert answer.numbers.tolist() == [1, 3]
    assert answer.n_rows == 3


def test_what_was_found_is_told(tmp_path: Path) -> None:
    answer = reports(tmp_path, (*GOOD[:3], "116.3", "north", ""))
    assert answer.problems[0].facts == {"column": "纬度", "found": "north"}


def test_no_position_is_no_fault_of_a_report(tmp_path: Path) -> None:
    answer = reports(tmp_path, GOOD, (*GOOD[:3], "", " ", "某小区门口"))
    assert not answer.problems
    assert answer.shapes[1] is None
    assert answer.raw is not None
    assert answer.raw[0].tolist() == [116.3, 39.9]


def test_a_table_of_words_alone_needs_no_crs(tmp_path: Path) -> None:
    path = making.as_csv(tmp_path / "w.csv", [("编号", "地址"), ("1", "科技路")])
    answer = making.inside(path, tmp_path, "reports")
    assert answer.crs_used == ""
    assert answer.fields.given() == {"number": "编号", "words": "地址"}
    with pytest.raises(FileRefused, match="position columns missing"):
        making.inside(making.as_csv(tmp_path / "n.csv", [("编号", "数"), ("1", "2")]), tmp_path, "reports")
    with pytest.raises(FileRefused, match="position columns missing"):
        making.inside(path, tmp_path, "grids", "wgs84")


def test_no_crs_no_positions(tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="crs missing"):
        reports(tmp_path, GOOD, crs=None)


def test_the_pair_of_columns_fits_the_crs(tmp_path: Path) -> None:
    rows = [("x", "y", "lon", "lat"), ("442000", "4418000", "116.3", "39.9")]
    path = making.as_csv(tmp_path / "p.csv", rows)
    in_degrees = making.inside(path, tmp_path, "any", "gcj02")
    assert in_degrees.fields.given() == {"lon": "lon", "lat": "lat"}
    in_metres = making.inside(path, tmp_path, "any", "EPSG:4548")
    assert in_metres.fields.given() == {"x": "x", "y": "y"}
    assert in_metres.shapes[0].distance(shapely.Point(116.32, 39.89)) < 0.01
    named = making.inside(path, tmp_path, "any", "EPSG:4326", lon="lat", lat="lon")
    assert told(named) == [(1, "lonlat_swapped")]


def test_eastings_and_northings_in_the_wrong_place(tmp_path: Path) -> None:
    rows = [("x", "y"), ("4418000", "442000"), ("442000", "4418000"), ("9e9", "9e9")]
    answer = making.inside(making.as_csv(tmp_path / "p.csv", rows), tmp_path, "any", "EPSG:4548")
    assert told(answer) == [(1, "position_swapped"), (3, "position_outside_crs")]


def test_blank_rows_count_and_slipped_rows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("lon,lat,name\r\n1,2,a\r\n\r\n,,\r\n1,2\r\n1,2,b,\r\n1,2,b,c\r\n3,4,d\r\n")
    answer = making.inside(path, tmp_path, "any", "wgs84")
    assert told(answer) == [(4, "row_too_short"), (6, "row_too_long")]
    assert answer.numbers.tolist() == [1, 5, 7]
    assert answer.n_rows == 5


def test_quotes_that_do_not_match_refuse_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text('lon,lat,name\r\n1,2,"a\r\n3,4,b\r\n')
    with pytest.raises(FileRefused) as refused:
        making.inside(path, tmp_path, "any", "wgs84")
    assert refused.value.code == "csv_quote_wrong"
    path.write_text('lon,lat,name\r\n1,2,"a ""b""\nc, d"\r\n')
    assert making.inside(path, tmp_path, "any", "wgs84").cells[2] == ['a "b"\nc, d']


def test_codes_are_text_and_rounded_ones_are_refused(tmp_path: Path) -> None:
    rows = [
        ("网格编码", "wkt"),
        *((code, f'"{making.WEST.wkt}"') for code in ("01", "1", "3.70102E+17", "", "3.7e17", "E+7", "4e+17", "2E10")),
    ]
    answer = making.inside(making.as_csv(tmp_path / "g.csv", rows), tmp_path, "grids", "wgs84")
    assert answer.cells[0] == ["01", "1", "E+7", "2E10"]
    assert told(answer) == [
        (3, "code_in_scientific_notation"),
        (4, "code_missing"),
        (5, "code_in_scientific_notation"),
        (7, "code_in_scientific_notation"),
    ]
    assert answer.problems[0].facts == {"column": "网格编码", "found": "3.70102E+17"}


def test_shapes_as_text(tmp_path: Path) -> None:
    shapes = [making.WEST.wkt, "POLYGON((0 0, 1 1", "", "POINT (1 2)"]
    rows = [("网格编码", "几何"), *((str(i), f'"{wkt}"') for i, wkt in enumerate(shapes))]
    answer = making.inside(making.as_csv(tmp_path / "g.csv", rows), tmp_path, "grids", "wgs84")
    assert told(answer) == [(2, "geometry_unreadable"), (3, "geometry_missing"), (4, "geometry_wrong_type")]


def test_our_own_apostrophes_come_off_and_others_stay(tmp_path: Path) -> None:
    answer = reports(tmp_path, ("'=1+1", *GOOD[1:5], "'s-Gravenhage"), ("'-x", *GOOD[1:5], "'"))
    assert answer.cells[0] == ["=1+1", "-x"]
    assert answer.cells[5] == ["'s-Gravenhage", "'"]
    assert unguard("'＝x") == "＝x"


def test_excel_cells_as_they_are_written(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 8, 1, 10, 2, 3)  # noqa: DTZ001 - Excel has no zones
    rows = [
        ("网格编码", "名称", "户数", "时间", "日", "有", "经度", "纬度"),
        ("0370102", 12, 61.0, moment, dt.date(2026, 8, 1), True, 116.3, 39.9),
        (370102013006008, "a", 1.5, None, None, False, "116.3", "39.9"),
        (370102013006008123, "b", None, None, None, None, 116.3, 39.9),
    ]
    answer = making.inside(making.as_xlsx(tmp_path / "a.xlsx", rows), tmp_path, "any", "wgs84")
    assert told(answer) == [(3, "code_in_scientific_notation")]
    told_cells = [list(row) for row in zip(*answer.cells, strict=True)]
    assert told_cells[0] == ["0370102", "12", "61", "2026-08-01 10:02:03", "2026-08-01", "TRUE", "116.3", "39.9"]
    assert told_cells[1][:3] == ["370102013006008", "a", "1.5"]


def test_sheets_titles_and_hidden_ones(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "藏"
    book.active.append(["不", "要"])
    book.active.sheet_state = "hidden"
    book.create_sheet("空")
    for name, lat in (("甲", 39.9), ("乙", 39.8)):
        sheet = book.create_sheet(name)
        for row in (["清单"], HEADER, [*GOOD[:4], lat, "x"]):
            sheet.append(list(row))
    book.save(tmp_path / "a.xlsx")
    layer = read(tmp_path / "a.xlsx", "reports", crs="wgs84")
    assert {note.code: note.facts for note in layer.notes} == {
        "rows_above_header": {"n": 1},
        "sheet_read": {"sheet": "甲"},
        "sheets_ignored": {"sheets": "乙"},
        "crs_given": {"crs": "wgs84"},
    }
    assert as_frame(layer).geometry[0].y == 39.9
    other = as_frame(read(tmp_path / "a.xlsx", "reports", crs="wgs84", table="乙"))
    assert other.geometry[0].y == 39.8
    with pytest.raises(FileRefused, match="sheet missing"):
        read(tmp_path / "a.xlsx", "reports", crs="wgs84", table="丙")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_header_row_that_the_sender_says(tmp_path: Path, kind: str) -> None:
    """Rows are counted from the one below it, in what is taken, what is refused, and the table of the refused."""
    rows = [("编号", "事发地址", ""), ("", "", ""), HEADER, GOOD, (*GOOD[:4], "x", "y")]
    path = (making.as_csv if kind == "csv" else making.as_xlsx)(tmp_path / f"a.{kind}", rows)
    assert making.inside(path, tmp_path, "reports").fields.given().keys() == {"number", "words"}, "it looks like one"
    layer = read(path, "reports", crs="wgs84", header_row=3)
    assert ([*layer.columns], layer.numbers.tolist()) == ([*HEADER], [1])
    assert [(one.row, one.code) for one in layer.problems] == [(2, "coordinate_not_a_number")]
    assert read_raw(path, [2], "reports", header_row=3) == ([*HEADER], [(2, [*map(str, GOOD[:4]), "x", "y"])])
    none = read(path, "any", crs="wgs84", header_row=0, fields=Fields(lon="column 4", lat="column 5"))
    assert [*none.columns] == [f"column {place}" for place in range(1, 7)]
    assert (none.numbers.tolist()[-1:], none.n_rows) == ([4], 4), "the first row is a row, and a blank one counts"


def test_the_delimiter_is_that_of_the_rows_below_the_titles(tmp_path: Path) -> None:
    """Lines of prose have commas, and the rows below may have something else between their cells."""
    prose = [("填表说明，见下", "one, two, three, four, five, six, seven")] * 14
    path = making.as_csv(tmp_path / "a.csv", prose)
    below = making.as_csv(tmp_path / "b.csv", [HEADER, GOOD], delimiter=";")
    path.write_bytes(path.read_bytes() + below.read_bytes())
    layer = read(path, "reports", crs="wgs84", header_row=15)
    assert ([*layer.columns], layer.n_rows) == ([*HEADER], 1)
    with pytest.raises(FileRefused, match="header row missing"):
        read(path, "reports", crs="wgs84", header_row=40)


def test_a_wide_sheet_is_refused_where_it_is_taken(tmp_path: Path) -> None:
    """Those beside it cost what they hold; what stands beyond the columns that may be read is not left out unseen."""
    book = openpyxl.Workbook()
    book.active.title = "窄"
    book.active.append(["a", "b"])
    for name, place in (("宽", 12), ("刚好", 10), ("空得宽", 2)):
        sheet = book.create_sheet(name)
        sheet.append(["a"])
        sheet.cell(2, place).value = "x"
        sheet.cell(3, 300).value = ""
    book.save(tmp_path / "a.xlsx")
    limits = Limits(n_columns=10)
    found = {sheet.name: sheet for sheet in read_sheets(tmp_path / "a.xlsx", limits).sheets}
    for name in ("窄", "刚好", "空得宽"):
        assert bound_width(found[name], limits) is found[name]
    with pytest.raises(FileRefused, match="sheet too wide") as refused:
        bound_width(found["宽"], limits)
    assert refused.value.facts == {"sheet": "宽", "limit": 10}
    assert max(len(sheet.rows[0]) for sheet in found.values()) == 11, "no sheet is answered wider for another's sake"


def test_a_map_has_no_header_row(tmp_path: Path) -> None:
    path = making.as_json(tmp_path / "a.geojson", making.collection(making.feature(making.point(1, 2), a="1")))
    with pytest.raises(FileRefused, match="header row fixed"):
        read(path, header_row=1)


def test_an_old_workbook(tmp_path: Path) -> None:
    path = making.as_xls(tmp_path / "a.xls", [HEADER, GOOD, (2.0, *GOOD[1:3], 116.3, 39.9, "")])
    answer = making.inside(path, tmp_path, "reports", "wgs84")
    assert answer.cells[0] == ["001", "2"]
    assert answer.format == "xls"


def test_a_table_without_rows_and_one_without_anything(tmp_path: Path) -> None:
    answer = reports(tmp_path)
    assert answer.n_rows == 0
    assert "file_has_no_rows" in [note.code for note in answer.notes]
    with pytest.raises(FileRefused, match="file empty"):
        making.inside(making.as_xlsx(tmp_path / "e.xlsx", []), tmp_path)


def test_a_bomb_in_a_gzip_is_bounded_while_it_is_sniffed(tmp_path: Path) -> None:
    path = tmp_path / "b.csv.gz"
    path.write_bytes(gzip.compress(b"lon,lat\n" + b"1,2\n" * 1_000_000))
    with pytest.raises(FileRefused, match="unpacks too large"):
        sniff_table(path, limit_bytes=1_000_000)
    with pytest.raises(FileRefused, match="unpacks too large"):
        read(path, crs="wgs84", limits=Limits(unpacked_bytes=1_000_000))
