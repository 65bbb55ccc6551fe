"""The sample files of the town: small files that a reader can open and import. Always the same (Excel: by content)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import shapely
from geopandas import GeoDataFrame
from openpyxl import Workbook

from geodata.town import build, names
from geodata.town.editions import next_edition
from geodata.town.rows import Report, Town

UNTIL = date(2026, 1, 1)
N_ROWS, N_GCJ_ROWS, N_EXCEL_ROWS = 60, 30, 40
EXCEL = "reports.xlsx"

STATES = {"reported": "已上报", "closed": "已结案", "void": "作废"}
CHANNELS = {"worker": "网格员", "wechat": "微信", "hotline": "热线", "web": "网页", "visit": "走访"}
DUTIES = {"main": "主网格员", "deputy": "副网格员"}
REPORT_HEADER = (
    "工单编号", "上报时间", "问题类别", "类别名称", "问题描述", "经度", "纬度", "定位精度(米)",
    "渠道", "小区", "位置描述", "状态", "结案时间",
)  # fmt: skip
WORKER_HEADER = ("工号", "姓名", "网格编码", "图层", "职责", "值班时间")

Row = Sequence[str]


def write(folder: Path) -> list[Path]:
    """The sample files, written into a folder that exists."""
    town = build(UNTIL)
    for name, text in texts(town).items():
        (folder / name).write_bytes(text)
    workbook(town).save(folder / EXCEL)
    return [folder / name for name in (*texts(town), EXCEL)]


def texts(town: Town) -> dict[str, bytes]:
    """Every sample but the workbook, by file name."""
    return {
        "areas.geojson": _geojson(town.areas),
        "grids.geojson": _geojson(town.grids),
        "grids_next.geojson": _geojson(next_edition(town)),
        "dedicated.geojson": _geojson(town.dedicated),
        "compounds.geojson": _geojson(town.compounds),
        "workers.csv": _csv(WORKER_HEADER, worker_rows(town)),
        "reports.csv": _csv(REPORT_HEADER, report_rows(town, chosen(town, N_ROWS))),
        "reports_gcj02.csv": _csv(REPORT_HEADER, report_rows(town, _with_datum(town, "gcj02")[:N_GCJ_ROWS])),
        "reports_with_errors.csv": _csv(REPORT_HEADER, wrong_rows(town)),
    }


def workbook(town: Town) -> Workbook:
    """The Excel sample: one sheet, every cell text but the numbers of positions."""
    book = Workbook()
    sheet = book.active
    sheet.title = "问题上报"
    sheet.append(REPORT_HEADER)
    for row in report_rows(town, chosen(town, N_EXCEL_ROWS, first=7)):
        sheet.append([float(cell) if cell and 5 <= column <= 7 else cell or None for column, cell in enumerate(row)])
    return book


def chosen(town: Town, n: int, first: int = 0) -> list[Report]:
    """Reports in WGS 84 or without a position, spread over the time and over the ways in which they are placed."""
    usable = [report for report in town.reports if report.datum in (None, "wgs84")]
    rare: list[Report] = []
    for placing, some in (("border", 3), ("corner", 2), ("near", 3), ("far", 2), ("words", 3), ("compound", 4)):
        rare += [report for report in usable if report.script_placing == placing][first : first + some]
    inside = [report for report in usable if report.script_placing == "inside"]
    step = len(inside) // (n - len(rare))
    picked = inside[first::step][: n - len(rare)] + rare
    return sorted(picked, key=lambda report: report.number)


def _with_datum(town: Town, datum: str) -> list[Report]:
    return [report for report in town.reports if report.datum == datum]


def report_rows(town: Town, reports: Iterable[Report]) -> list[list[str]]:
    """Rows under `REPORT_HEADER`; times are local wall clock, positions as they came in."""
    labels = {category.code: category.name_zh for category in town.categories}
    rows = []
    for one in reports:
        closed_at = one.steps[-1].at if one.state == "closed" else None
        rows.append(
            [
                one.number, _time(one.received_at), one.category, labels.get(one.category, ""), one.description,
                _number(one.lon), _number(one.lat), _number(one.accuracy_m), CHANNELS[one.channel],
                one.compound or "", one.words or "", STATES[one.state], _time(closed_at),
            ]
        )  # fmt: skip
    return rows


def worker_rows(town: Town) -> list[list[str]]:
    """Rows under `WORKER_HEADER`: one a duty at a grid. Leaders are duties of communities and not in the file."""
    people = {worker.code: worker.name for worker in town.workers}
    return [
        [
            duty.worker_code, people[duty.worker_code], duty.code, duty.layer, DUTIES[duty.kind],
            f"{duty.weekdays[0]}-{duty.weekdays[-1]} {duty.starts:%H:%M}-{duty.ends:%H:%M}",
        ]
        for duty in town.duties
        if duty.kind in DUTIES
    ]  # fmt: skip


def wrong_rows(town: Town) -> list[list[str]]:
    """Twenty rows of which most are wrong on purpose; the README of the samples lists them."""
    plain = [one for one in town.reports if one.script_placing == "inside" and one.datum == "wgs84" and one.accuracy_m]
    rows = report_rows(town, plain[:: len(plain) // 20][:20])
    at = {name: column for column, name in enumerate(REPORT_HEADER)}

    def spoil(row: int, **cells: str) -> None:
        for name, cell in cells.items():
            rows[row - 1][at[name]] = cell

    spoil(2, 纬度="四十度")
    spoil(3, 纬度="95.0912")
    spoil(4, 经度=rows[3][at["纬度"]], 纬度=rows[3][at["经度"]])
    spoil(5, 工单编号="2.02510E+15")
    spoil(6, 工单编号=rows[0][at["工单编号"]])
    spoil(7, 上报时间="")
    spoil(8, 上报时间="2025-02-30 10:00:00")
    spoil(9, 状态=STATES["closed"], 结案时间="2025-06-01 08:00:00")
    spoil(10, 问题类别="飞线充电", 类别名称="")
    spoil(11, 经度="", 纬度="", 位置描述=f"{names.ROW_ROADS[4]}公交站后面那条小路")
    spoil(12, 经度="116.397", 纬度="39.909")
    spoil(13, 纬度="")
    spoil(14, 状态="大概好了")
    spoil(15, 问题描述='=HYPERLINK("http://example.invalid","点这里")')
    spoil(16, 经度=rows[15][at["经度"]].replace(".", ","))
    spoil(17, 经度="0", 纬度="0")
    spoil(18, 工单编号="")
    spoil(19, 上报时间="2025-12-20", 状态=STATES["reported"], 结案时间="")
    return rows


def _geojson(frame: GeoDataFrame) -> bytes:
    # One feature a line, so that a difference between two editions can be read.
    plain = frame.drop(columns="geometry").astype(object)
    records = plain.where(plain.notna(), None).to_dict("records")
    features = [
        json.dumps(
            {"type": "Feature", "properties": _properties(record), "geometry": shapely.geometry.mapping(shape)},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for record, shape in zip(records, frame.geometry, strict=True)
    ]
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n").encode()


def _properties(record: dict[str, object]) -> dict[str, object]:
    # Under the names that the reader of files looks for.
    called = {"ref": "code", "community_code": "parent_code"}
    return {called.get(name, name): "、".join(at) if isinstance(at, tuple) else at for name, at in record.items()}


def _csv(header: Row, rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode("utf-8-sig")


def _number(value: float | None) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
