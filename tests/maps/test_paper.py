"""A map on paper: its size, its words as text, its colours, and that no word is ever taken for markup."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import pypdfium2
import pytest
import shapely
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from maps.paper import board, layout, pins, places, words
from maps.paper import frame as frames
from maps.paper.rooms import Rooms
from maps.paper.sheet import (
    SIZES,
    Area,
    Board,
    Ground,
    Key,
    Line,
    Mark,
    MarkKind,
    PaperName,
    Pin,
    Place,
    Ranked,
    Sheet,
    Sign,
    Standing,
)
from maps.wall import COLORS
from tests.maps import town

BOX = frames.Box(0, 0, 600, 400)
CANARY = "<b>粗&amp;</b> <img src='x'/> {{7*191}} 😀"


def _square(column: int, *, color: str | None, name: str = "") -> Area:
    west = 117 + column * 0.01
    return Area(f"c{column}", name or f"第{column}格", shapely.box(west, 36, west + 0.01, 36.01), color, figure="12.5")


SHEET = Sheet(
    lang="zh",
    title="问题热点",
    filters=f"2026-08-01 至 2026-10-31 · {CANARY}",
    legend="每千户上报数",
    unit="件/千户",
    keys=(Key("#fdae49", None, "5.0–17.3", "3 格"), Key("#bdbdbd", "dots", "无分母", "1 格")),
    method="分级：按本次数据的分位数",
    few=Key("#fdae49", "lines", "斜线：不足 30 户", ""),
    facts=("数据时间 2026-11-21 14:05", "合计 802 件 + 未定位 17 件 = 819 件"),
    notes=("上报不等于问题。",),
    ranking="每千户上报数最高的",
    columns=("件数 / 户数", "走访"),
    ranked=tuple(Ranked(f"网格{n}", f"{40 - n}.0", f"{n} / 100", "#fdae49", None, f"{n}次") for n in range(100)),
    credit="© 测试图源 · 审图号 GS(2026)0000号",
    north="北",
    areas=(
        _square(0, color="#fdae49"),
        _square(1, color="#80062a"),
        replace(_square(2, color="#bdbdbd"), texture="dots"),
        replace(_square(3, color="#fdae49"), texture="lines"),
        _square(4, color=None),
    ),
    ground=(
        Ground("major", shapely.LineString([(117, 36.002), (117.05, 36.002)])),
        Ground("water", shapely.box(117.001, 36.004, 117.002, 36.005)),
    ),
    selected="c1",
)


def _around(paper: PaperName) -> frames.Frame:
    return frames.around((117, 36, 117.05, 36.01), layout.plan(paper).map)


def _text(made: bytes) -> str:
    document = pypdfium2.PdfDocument(made)
    page = document[0]
    text = page.get_textpage()
    read = str(text.get_text_range())
    text.close()
    page.close()
    document.close()
    return read


def _picture(made: bytes) -> Image.Image:
    return Image.open(io.BytesIO(layout.png(made, "a4"))).convert("RGB")


def _pixel(picture: Image.Image, lon: float, lat: float) -> tuple[int, ...]:
    """The colour of a place on the A4 picture."""
    (point,) = _around("a4").on_paper([shapely.Point(lon, lat)])
    scale = layout.DPI["a4"] / 72
    found = picture.getpixel((int(point.x * scale), picture.height - 1 - int(point.y * scale)))
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("paper", SIZES)
def test_one_page_of_the_right_size_with_every_word_as_text(vendor: None, paper: PaperName) -> None:
    made = layout.pdf(SHEET, paper, _around(paper))
    document = pypdfium2.PdfDocument(made)
    assert len(document) == 1
    assert document.get_page_size(0) == pytest.approx(SIZES[paper], abs=0.01)
    wide_mm, high_mm = (edge / 72 * 25.4 for edge in document.get_page_size(0))
    assert (round(wide_mm), round(high_mm)) == {"a4": (297, 210), "a3": (420, 297), "a0": (1189, 841)}[paper]
    assert document.get_metadata_dict()["Title"].startswith("问题热点")
    document.close()
    read = _text(made)
    said = [SHEET.title, SHEET.legend, SHEET.unit, *SHEET.facts, *SHEET.notes, SHEET.credit, SHEET.ranking, "北"]
    said += [part for key in SHEET.keys for part in (key.meaning, key.n)]
    said += [
        "第0格",
        "第1格",
        "12.5",
        "网格0",
        "0 / 100",
        "0次",
        *SHEET.columns,
        SHEET.method,
        "斜线：不足 30 户",
        "500 m",
    ]
    for text in said:
        assert text in read, text
    # words of users are printed, not obeyed
    assert "<b>粗&amp;</b> <img src='x'/> {{7*191}}" in read
    assert layout.pdf(SHEET, paper, _around(paper)) == made


def test_the_list_is_as_long_as_there_is_room(vendor: None) -> None:
    shown = {}
    papers: tuple[PaperName, ...] = ("a4", "a0")
    for paper in papers:
        read = _text(layout.pdf(SHEET, paper, _around(paper)))
        shown[paper] = sum(f"网格{n} " in read for n in range(100))
    assert 15 < shown["a4"] < shown["a0"] < 100
    long = replace(SHEET, notes=("很长的一句话。" * 300,))
    assert SHEET.ranking not in _text(layout.pdf(long, "a4", _around("a4")))


def test_colours_textures_ground_and_ring(vendor: None) -> None:
    picture = _picture(layout.pdf(SHEET, "a4", _around("a4")))
    assert _pixel(picture, 117.002, 36.008) == (0xFD, 0xAE, 0x49)
    assert _pixel(picture, 117.012, 36.008) == (0x80, 0x06, 0x2A)
    assert _pixel(picture, 117.045, 36.008) == (0xF4, 0xF5, 0xF6)  # an area without a figure is an outline
    water = _pixel(picture, 117.0015, 36.0045)
    assert water[2] > 0x49 + 50  # more blue than the area under it
    road = _pixel(picture, 117.005, 36.002)
    assert sum(road) < sum((0xFD, 0xAE, 0x49))
    assert sum(_pixel(picture, 117.01, 36.006)) < 150  # the ring around the chosen area

    def colours(west: float) -> set[tuple[int, ...]]:
        return {_pixel(picture, west + 0.0001 * n, 36.008 + 0.00003 * m) for n in range(2, 40) for m in range(20)}

    assert (0xBD, 0xBD, 0xBD) in colours(117.02)
    assert min(sum(one) for one in colours(117.02)) < 400  # dots
    assert (0xFD, 0xAE, 0x49) in colours(117.03)
    assert any(one[2] > 0xC0 for one in colours(117.03))  # the pale ground between the lines


def test_the_frame_shows_what_it_says() -> None:
    fitted = frames.around((117, 36, 117.05, 36.01), BOX)
    west, south, east, north = fitted.bounds
    assert west < 117 < 117.05 < east
    assert south < 36 < 36.01 < north
    (edge,) = fitted.on_paper([shapely.Point(west, north)])
    assert (edge.x, edge.y) == pytest.approx((0, 400), abs=1e-6)
    # a screen at zoom 14 shows 256 pixels of a tile; a pixel is 3/4 of a point
    seen = frames.at(117.02, 36.005, 14, BOX)
    assert seen.zoom == pytest.approx(14)
    assert seen.metres_of_point == pytest.approx(7.7304 / 0.75, rel=1e-3)
    assert frames.at(117.02, 36.005, 14, BOX, 2).zoom == pytest.approx(15)
    one = frames.around((117, 36, 117, 36), BOX)
    assert one.metres_of_point < 1


def test_the_scale_bar_is_true(vendor: None) -> None:
    seen = _around("a4")
    (left, right) = seen.on_paper([shapely.Point(117, 36.005), shapely.Point(117.01, 36.005)])
    metres = (right.x - left.x) * seen.metres_of_point
    assert metres == pytest.approx(0.01 * 111_320 * 0.8090, rel=1e-3)  # cosine of 36 degrees


def test_nothing_to_show_and_everything_far_away(vendor: None) -> None:
    empty = replace(SHEET, areas=(), ground=(), keys=(), facts=(), ranked=(), few=None, credit="", selected="gone")
    assert "问题热点" in _text(layout.pdf(empty, "a4", _around("a4")))
    far = frames.at(10, 50, 19, layout.plan("a4").map)
    assert "第0格" not in _text(layout.pdf(SHEET, "a4", far))
    near = frames.at(117.025, 36.005, 19, layout.plan("a4").map)
    assert len(layout.pdf(SHEET, "a4", near)) < 200_000  # textures stop at the frame


def test_names_stay_inside_their_areas(vendor: None) -> None:
    long = "一个长得无论如何也放不进自己格子的名字" * 3
    sheet = replace(SHEET, areas=(_square(0, color="#fdae49", name=long), _square(1, color="#fdae49")), ranked=())
    read = _text(layout.pdf(sheet, "a4", _around("a4")))
    assert long[:20] not in read
    assert "第1格" in read
    # a name that fits in two lines only is written in two
    two = _text(
        layout.pdf(
            replace(sheet, areas=(_square(0, color="#fdae49", name="东岗社区第十四网格及集市"),)),
            "a4",
            _around("a4"),
        )
    )
    assert "东岗社区第十四网格" in two.replace("\r\n", "")


def test_roads_waters_and_compounds_are_named_where_there_is_room(vendor: None) -> None:
    lines = {"街": [(117.002, 36.0095), (117.018, 36.0095)], "短": [(117, 36.001), (117.0001, 36.001)]}
    lines["大道"] = [(117.0215, 36), (117.0215, 36.01)]
    roads = [Ground("major", shapely.LineString(line), f"{name}路\n{CANARY[:8]}") for name, line in lines.items()]
    lake = Ground("water", shapely.box(117.03, 36.006, 117.039, 36.009), "湖")
    homes = (
        Place("轮廓小区", shapely.box(117.006, 36.003, 117.012, 36.005)),
        Place("同处小区", shapely.box(117.006, 36.003, 117.012, 36.005)),
        Place("一点小区", shapely.Point(117.045, 36.004)),
        Place("外面小区", shapely.Point(117.5, 36.5)),
    )
    sheet = replace(SHEET, areas=(), ranked=(), ground=(*roads, lake), compounds=homes)
    near = frames.around((117, 36, 117.05, 36.01), layout.plan("a0").map)
    read = _text(layout.pdf(sheet, "a0", near))
    assert near.zoom > 15.5
    for text in (f"街路 {CANARY[:8]}", f"大道路 {CANARY[:8]}", "湖", "轮廓小区", "一点小区"):
        assert text in read, text
    for text in ("短路", "同处小区", "外面小区"):
        assert text not in read, text
    far = _text(layout.pdf(sheet, "a4", frames.around((116.9, 35.9, 117.15, 36.11), layout.plan("a4").map)))
    assert "轮廓小区" not in far

    def dark(shown: Sheet) -> int:
        picture = _picture(layout.pdf(replace(shown, ground=(), compounds=shown.compounds), "a4", _around("a4")))
        line = [_pixel(picture, 117.006 + 0.00005 * n, 36.003) for n in range(120)]
        return sum(sum(one) < 600 for one in line)

    assert dark(replace(sheet, compounds=())) == 0
    assert 10 < dark(sheet) < 110  # dashes


def test_signs_are_drawn_and_told_where_there_are_some(vendor: None) -> None:
    at = {"ring": 117.004, "door": 117.014, "open": 117.023, "ended": 117.033, "square": 117.043}
    marks = tuple(Mark(kind, shapely.Point(lon, 36.004), 1) for kind, lon in at.items())
    kinds: tuple[MarkKind, ...] = (*at, "compound", "bare")
    home = (Place("园", shapely.box(117.006, 36.003, 117.012, 36.005)),)
    sheet = replace(SHEET, marks=marks, compounds=home, signs=tuple(Sign(kind, f"是{kind}", 1) for kind in kinds))
    made = layout.pdf(sheet, "a4", _around("a4"))
    assert all(f"是{kind}" in _text(made) for kind in kinds)
    picture = _picture(made)
    assert _pixel(picture, at["door"], 36.004) == (0x8A, 0x2F, 0x00)
    assert _pixel(picture, at["open"], 36.004) == (0xB3, 0x26, 0x1E)
    assert _pixel(picture, at["ended"], 36.004) == (0xFF, 0xFF, 0xFF)
    assert _pixel(picture, at["square"], 36.004) == (0x1B, 0x27, 0x33)
    none = _text(layout.pdf(replace(sheet, marks=(), compounds=(), areas=SHEET.areas[:4]), "a4", _around("a4")))
    assert "是" not in none

    def rings(step: float, share: float | None) -> int:
        many = tuple(Mark("ring", shapely.Point(117.002 + step * n, 36.004), share) for n in range(9))
        drawn = replace(sheet, marks=many, areas=(), compounds=())
        return _text(layout.pdf(drawn, "a4", _around("a4"))).count("是ring")

    # where they would cover each other there are none, and nothing is said of them
    assert (rings(0.005, 0.4), rings(0.005, None), rings(0.0001, 0.4)) == (1, 1, 0)


def test_narrow_water_that_crosses_itself_is_named_all_the_same(vendor: None) -> None:
    """What a straightened river looks like: twice the same water, and each crosses itself."""
    steps = [117 + 0.0005 * n for n in range(100)]
    waters = []
    for off in (0.0, 0.00003):
        there = [(lon, 36.003 + off + 0.0008 * (n % 2)) for n, lon in enumerate(steps)]
        back = [(lon, 36.0032 + off + 0.0005 * (n % 3)) for n, lon in enumerate(steps)]
        waters.append(Ground("water", shapely.Polygon([*there, *reversed(back)]), "小清河"))
    with pytest.raises(shapely.GEOSException):
        shapely.union_all([one.geom for one in waters])
    square = Ground("major", shapely.box(117.02, 36.007, 117.04, 36.009), "广场路")  # no line: it has no name along it
    dot = Ground("minor", shapely.LineString([(117.01, 36.005), (117.01, 36.005)]), "一点路")
    near = frames.around((117, 36, 117.05, 36.01), layout.plan("a0").map)
    read = _text(layout.pdf(replace(SHEET, areas=(), ranked=(), ground=(*waters, square, dot)), "a0", near))
    assert "小清河" in read
    assert "广场路" not in read
    assert "一点路" not in read


def test_names_of_very_many_cost_each_the_same(vendor: None) -> None:
    """Ten thousand compounds on one paper: each is held against its neighbours alone."""
    box, side = frames.Box(0, 0, 3370, 2384), range(100)
    homes = [(Place("园", None), shapely.Point(20 + x * 33, 30 + y * 23)) for x in side for y in side]
    canvas, taken = Canvas(io.BytesIO()), Rooms(20)
    begun = time.process_time()
    places.write(canvas, [], homes, taken, box, 16.0, 1.0)
    assert time.process_time() - begun < 7  # about 2; against each other 10 and more
    assert not taken.take(homes[0][1].buffer(10))
    assert taken.take(shapely.box(20 + 12, 30 - 3, 20 + 20, 30 + 3))  # between two names


def test_lines_break_where_they_may(vendor: None) -> None:
    text = "Classes: quantiles of these figures, 每级含下限、不含上限；averyveryverylongwordwithoutanyblank"
    lines = words.wrapped(text, 8, 90)
    assert all(words.width(line, 8) <= 90 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line[0] in words.NOT_FIRST for line in lines)
    assert words.wrapped("", 8, 90) == []
    assert words.cut("网格名字很长", 8, 30) == "网格…"
    assert words.cut("网", 8, 1) == ""


def test_a_town_fits_on_every_paper(vendor: None) -> None:
    areas = tuple(
        Area(one["properties"]["code"], one["properties"]["name"], shapely.geometry.shape(one["geometry"]), "#fdae49")
        for one in town.grids()["features"]
    )
    for paper in SIZES:
        seen = frames.around(town.BOUNDS, layout.plan(paper).map)
        assert "花园6网格" in _text(layout.pdf(replace(SHEET, areas=areas), paper, seen))


def _line(nr: int, standing: str = "in_time", words_of: str = "路灯不亮") -> Line:
    cells = ((f"路灯  {words_of}{nr}号", "花园社区"), ("城管局",), ("王小明", "网格员"), ("期限内", "2026-11-21 14:05"))
    return Line(nr, standing, (*cells, ("已派遣", "●●●○○○○○"), ("—",)))


WALL = Board(
    lang="zh",
    title="挂图作战",
    filters="筛选：全部",
    facts=("数据时间 2026-11-21 14:05",),
    credit="© 测试图源",
    north="北",
    areas=(_square(0, color="#ffffff"), _square(1, color="#ffffff")),
    about="按紧急程度编号。",
    standings=tuple(Standing(name, f"是{name}", "7") for name in COLORS),
    heads=("编号", "问题", "责任单位", "责任人", "时限", "进展", "销号"),
    lines=tuple(_line(nr) for nr in range(1, 101)),
    empty="没有。",
    page="第 {n} 页，共 {of} 页",
    pins=tuple(Pin(nr, standing, shapely.Point(117.001 + nr * 0.002, 36.008)) for nr, standing in enumerate(COLORS, 1)),
)


def _wall(paper: PaperName) -> frames.Frame:
    return frames.around((117, 36, 117.02, 36.01), board.map_box(paper))


def _texts(made: bytes) -> list[str]:
    """The words of each page, without blanks, as far as they lie between its margins."""
    document = pypdfium2.PdfDocument(made)
    texts = []
    for nr in range(len(document)):
        page = document[nr]
        part = page.get_textpage()
        wide, high = page.get_size()
        edge = 26 * (wide / 841.89) ** 0.8
        inside = {"left": edge, "bottom": edge * 0.8, "right": wide - edge, "top": high - edge}
        texts.append("".join(part.get_text_bounded(**inside).split()))
        part.close()
        page.close()
    document.close()
    return texts


@pytest.mark.parametrize("paper", SIZES)
def test_a_board_takes_as_many_pages_as_it_needs(vendor: None, paper: PaperName) -> None:
    made = board.pdf(WALL, paper, _wall(paper))
    pages = _texts(made)
    assert len(pages) > 1
    for nr, page in enumerate(pages, 1):
        for said in ("挂图作战", "筛选：全部", "©测试图源", f"第{nr}页，共{len(pages)}页", *WALL.heads):
            assert said in page, said
    # every line once, in order, none lost between two pages
    told = "".join(pages)
    at = [told.find(f"{nr}路灯路灯不亮{nr}号花园社区城管局") for nr in range(1, 101)]
    assert -1 not in at
    assert at == sorted(at)
    assert [told.count(f"不亮{nr}号") for nr in range(1, 101)] == [1] * 100
    assert all(f"是{name}7" in pages[0] for name in COLORS)
    assert board.pdf(WALL, paper, _wall(paper)) == made
    (alone,) = _texts(board.pdf(replace(WALL, lines=(), pins=()), paper, _wall(paper)))
    assert "没有。" in alone
    assert "责任单位" not in alone


def test_a_long_line_keeps_its_words_and_a_nuisance_does_not_break_the_paper(vendor: None) -> None:
    long = "很长的描述" * 24
    told = "".join(_texts(board.pdf(replace(WALL, lines=(_line(1, words_of=long), _line(2))), "a3", _wall("a3"))))
    assert long in told
    endless = "无穷尽" * 3000
    pages = _texts(board.pdf(replace(WALL, lines=(_line(1, words_of=endless), _line(2))), "a3", _wall("a3")))
    assert "…" in pages[0]
    assert "不亮2号" in "".join(pages)
    assert len(pages) <= 2


def test_each_standing_has_its_colour_on_map_and_board(vendor: None) -> None:
    lines = tuple(_line(nr, name) for nr, name in enumerate(COLORS, 1))
    made = board.pdf(replace(WALL, lines=lines), "a4", _wall("a4"))
    picture, scale = _picture(made), layout.DPI["a4"] / 72
    hung = pins.hung(_wall("a4"), WALL.pins, layout.plan("a4").fine)
    assert len(hung) == len(COLORS)
    for (pin, _, at), color in zip(hung, COLORS.values(), strict=True):
        own = tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))
        near = [(x, y) for x in range(-7, 8) for y in range(-7, 8)]
        seen = {
            picture.getpixel((round((at.x + x) * scale), picture.height - 1 - round((at.y + y) * scale)))
            for x, y in near
        }
        assert own in seen, pin.standing


def test_the_picture_has_all_pages_below_each_other(vendor: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = board.pdf(replace(WALL, lines=WALL.lines[:40]), "a4", _wall("a4"))
    n = len(_texts(made))
    assert n > 1
    whole = _picture(made)
    assert whole.size == pytest.approx((2339, 1654 * n), abs=n)
    first = _picture(board.pdf(replace(WALL, lines=()), "a4", _wall("a4")))
    shown = (0, 0, round(first.width * board.MAP_SHARE["a4"]), first.height * 9 // 10)  # the map of the first page
    assert whole.crop(shown).tobytes() == first.crop(shown).tobytes()
    for nr in range(n):
        page = whole.crop((0, nr * first.height, whole.width, (nr + 1) * first.height))
        assert len(page.getcolors(1_000_000)) > 2  # no page stayed empty
    monkeypatch.setattr(layout, "MOST_PIXELS", 500_000)
    small = _picture(made)
    assert small.width * small.height == pytest.approx(500_000, rel=0.02)
    assert small.width / small.height == pytest.approx(whole.width / whole.height, rel=0.01)


def test_the_selected_row_is_ringed_on_the_map_and_on_the_board(vendor: None) -> None:
    ring = tuple(int(pins.RING[i : i + 2], 16) for i in (1, 3, 5))
    ground = tuple(int(board.RINGED[i : i + 2], 16) for i in (1, 3, 5))
    seen, k, scale = _wall("a4"), layout.plan("a4").fine, layout.DPI["a4"] / 72
    for chosen in (None, 2):
        hung = tuple(replace(pin, ringed=pin.nr == chosen) for pin in WALL.pins)
        lines = tuple(replace(line, ringed=line.nr == chosen) for line in WALL.lines[:7])
        picture = _picture(board.pdf(replace(WALL, pins=hung, lines=lines), "a4", seen))
        found = {nr for _, nr in picture.getcolors(1_000_000)}
        assert (ring in found, ground in found) == (chosen is not None, chosen is not None)
        for pin, _, at in pins.hung(seen, hung, k):
            out = (pins.RING_WIDE - 3.6) / 2 * k
            above = picture.getpixel((round(at.x * scale), picture.height - 1 - round((at.y + out) * scale)))
            assert (above == ring) == pin.ringed, pin.nr


def test_pins_hang_apart_and_names_keep_away_from_them(vendor: None) -> None:
    crowd = tuple(Pin(nr, "overdue", shapely.Point(117.005, 36.005)) for nr in range(1, 60))
    seen, k = _wall("a3"), layout.plan("a3").fine
    hung = pins.hung(seen, crowd, k)
    middles = [at for _, _, at in hung]
    apart = min(one.distance(other) for nr, one in enumerate(middles) for other in middles[:nr])
    assert apart >= pins.WIDE * k * pins.APART * 0.999
    box = seen.box
    assert all(box.x < at.x < box.x + box.wide and box.y < at.y < box.y + box.high for at in middles)
    # the second covers the middle of an area, and touches the first
    east, west = (117.005 - step * pins.WIDE * k * seen.metres_of_point / 90_050 for step in (1.9, 1.0))
    # as wide as high, so that its name has one best place
    square = replace(
        WALL, areas=(replace(WALL.areas[0], geom=shapely.box(117, 36.00095, 117.01, 36.00905)), WALL.areas[1])
    )
    beside = tuple(Pin(nr, "overdue", shapely.Point(lon, 36.005)) for nr, lon in enumerate((east, west), 1))
    assert "第0格" in _texts(board.pdf(replace(square, pins=beside[:1]), "a3", seen))[0]
    (first, *_) = _texts(board.pdf(replace(square, pins=beside), "a3", seen))
    assert "第0格" not in first
    assert "第1格" in first
    far = (Pin(1, "overdue", shapely.Point(118, 36)),)
    assert (pins.hung(seen, far, k), pins.n_off(seen, far), pins.n_off(seen, crowd)) == ([], 1, 0)


def test_what_the_font_lacks_is_no_empty_box(vendor: None) -> None:
    assert words.written("灯😀\n𠮷 ok") == "灯〓 〓 ok"
    sheet = replace(SHEET, title="😀题", areas=(_square(0, color="#fdae49", name="😀格"),), ranked=())
    read = _text(layout.pdf(sheet, "a4", _around("a4")))
    assert "〓题" in read
    assert "〓格" in read
