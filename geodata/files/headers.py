"""Which column of a table plays which role: the sender's word for it, else the usual names in Chinese and English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence

from geodata.errors import FileRefused
from geodata.files.rows import Cell, nameless
from geodata.layer import DOOR_ROLES, REPORT_ROLES, Fields, Kind

# Usual column names, best first. Compared without case, blanks, _, - and what stands in brackets.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "code": (
        *("网格编码", "网格编号", "网格代码", "单元网格编码", "区划代码", "区划编码", "社区编码", "小区编码", "编码"),
        *("代码", "编号", "grid_code", "gridcode", "grid_no", "code"),
    ),
    "name": (
        *("网格名称", "单元网格名称", "小区名称", "社区名称", "区划名称", "姓名", "名称", "grid_name", "gridname"),
        *("name:zh", "name", "名字"),
    ),
    "layer": ("网格类型", "网格类别", "图层", "layer"),
    "parent": ("上级编码", "上级代码", "所属社区编码", "所属街道编码", "上级", "parent_code", "parent"),
    "level": ("行政级别", "级别", "层级", "level"),
    "lon": ("经度", "lon", "lng", "long", "longitude"),
    "lat": ("纬度", "lat", "latitude"),
    "x": ("横坐标", "东坐标", "x坐标", "x", "x_coordinate", "x_coord", "xcoord", "point_x", "easting", "e"),
    "y": ("纵坐标", "北坐标", "y坐标", "y", "y_coordinate", "y_coord", "ycoord", "point_y", "northing", "n"),
    "wkt": ("wkt", "几何", "空间数据", "geometry (2)", "the_geom", "geom", "shape"),
    "number": (
        *("工单编号", "受理编号", "案卷编号", "案件编号", "上报编号", "任务号", "流水号", "编号", "report_number"),
        *("service_request_number", "service_request_id", "request_number", "case_number", "case_id", "number"),
    ),
    "time": (
        *("上报时间", "受理时间", "发生时间", "反映时间", "来电时间", "采集时间", "登记时间", "创建时间", "上报日期"),
        *("时间", "日期", "reported_at", "observed_at", "created_at", "creation_date", "created_date"),
        *("requested_datetime", "time", "date"),
    ),
    "category": (
        *("问题分类", "问题类型", "问题类别", "小类名称", "小类", "类别", "类型", "大类", "category", "service_code"),
        *("type_of_service_request", "service_name", "type"),
    ),
    "state": ("案卷状态", "办理状态", "工单状态", "状态", "state", "status"),
    "closed": (
        *("结案时间", "办结时间", "完成时间", "办结日期", "closed_at", "closed_date", "completion_date"),
        *("closed_datetime", "closed"),
    ),
    "words": (
        *("事发地址", "事发地点", "发生地址", "发生地点", "位置描述", "详细地址", "地址", "地点", "location_words"),
        *("street_address", "address", "place", "words"),
    ),
    "text": ("问题描述", "主要内容", "诉求内容", "描述", "内容", "description", "text", "details"),
    "accuracy": ("定位精度", "精度", "accuracy_m", "accuracy"),
    "compound": ("所属小区", "小区点位", "小区名称", "小区", "compound"),
    "households": ("总户数", "户数", "households", "n_households"),
    "buildings": ("楼栋数", "楼幢数", "栋数", "幢数", "buildings", "n_buildings"),
    "aliases": ("别名", "曾用名", "aliases", "alias", "alt_name"),
    "managed": ("物业公司", "物业", "managed"),
    "grid": ("所属网格编码", "负责网格编码", "网格编码", "负责网格", "所属网格", "grid_code", "grid"),
    "duty": ("职责", "角色", "岗位", "duty", "role"),
    "hours": ("值班时间", "班次", "hours", "shift"),
    "phone": ("手机号码", "手机号", "联系电话", "手机", "电话", "phone", "mobile"),
    "feature": ("feature", "图层", "layer"),
    "community": ("所属社区", "社区名称", "社区", "村居", "村(社区)", "村", "居委会", "community"),
    "building": (
        "楼栋号",
        "楼幢号",
        "楼栋",
        "楼幢",
        "栋号",
        "幢号",
        "幢",
        "栋",
        "楼号",
        "门牌号",
        "building",
        "building_no",
    ),
    "entrance": ("单元号", "单元", "梯号", "unit", "entrance"),
    "room": ("房间号", "房号", "室号", "门户号", "户室号", "户号", "房室", "室", "room", "room_no", "flat"),
    "target": ("走访对象类型", "对象类型", "住户类型", "kind"),
    "contact": (
        "户主姓名",
        "户主",
        "联系人姓名",
        "联系人",
        "经营者",
        "法定代表人",
        "负责人",
        "contact",
        "head",
        "occupant",
    ),
    "people": ("家庭人口", "常住人口数", "常住人口", "人口数", "人口", "人数", "people", "n_people", "members"),
    "elsewhere": ("人户分离", "是否人户分离", "registered_elsewhere"),
}
# Where the same word means something else.
_OTHERWISE: dict[tuple[Kind, str], tuple[str, ...]] = {
    ("workers", "code"): ("工号", "人员编号", "网格员编号", "编号", "worker_no", "worker_code", "code"),
    ("workers", "name"): ("姓名", "网格员姓名", "网格员", "名称", "name"),
    ("reports", "code"): (),
    ("reports", "name"): (),
    ("areas", "code"): (
        "区划代码",
        "区划编码",
        "社区编码",
        "街道编码",
        "行政区划代码",
        "编码",
        "代码",
        "code",
        "adcode",
    ),
    ("compounds", "name"): ("小区名称", "小区", "名称", "name:zh", "name"),
    ("basemap", "code"): (),
    ("households", "code"): (
        *(
            "住户编号",
            "户编号",
            "房屋编码",
            "门牌编码",
            "编号",
            "编码",
            "osm_id",
            "hh_id",
            "household_id",
            "id",
            "code",
        ),
    ),
    ("households", "name"): (
        *(
            "店铺名称",
            "商户名称",
            "商铺名称",
            "店名",
            "字号",
            "企业名称",
            "公司名称",
            "单位名称",
            "shop_name",
            "firm_name",
        ),
        *("company", "shop", "name"),
    ),
    ("households", "category"): (
        *("户类别", "户类型", "家庭类别", "家庭类型", "重点类别", "人群类别", "类别", "household_class", "class"),
    ),
    ("households", "compound"): ("所属小区", "小区名称", "小区", "楼院", "院落", "compound"),
    ("households", "words"): ("详细地址", "家庭住址", "经营地址", "住址", "地址", "address"),
}
_PLACES = ("lon", "lat", "x", "y", "wkt")
_ROLES: dict[Kind, tuple[str, ...]] = {
    "grids": ("code", "name", "layer", "parent", "households", *_PLACES),
    "areas": ("code", "name", "parent", "level", *_PLACES),
    "compounds": ("code", "name", "aliases", "households", "buildings", "managed", *_PLACES),
    "workers": ("code", "name", "grid", "duty", "hours", "phone"),
    "reports": (*REPORT_ROLES, *_PLACES),
    "basemap": ("feature", "category", "name", *_PLACES),
    "households": (*DOOR_ROLES, *_PLACES),
    "any": ("code", "name", *_PLACES),
}
# The last row that the sender may say to be the header; 0 says that there is none.
MOST_HEADER_ROW = 50
# The header is looked for among the first rows alone.
_LOOKED_AT = 12
# Fields that one column may be at once: of what has no code of its own, the name is the code.
_SHARED = frozenset(("code", "name"))
_SHARING: tuple[Kind, ...] = ("grids", "areas", "compounds", "workers")
# Numbers by which somebody could be found: mobile and landline phones, identity numbers with the day of birth.
_MOBILE = r"(?:\+?86[ -]?)?1[3-9]\d(?:[ .-]?\d{4}){2}"
_LANDLINE = r"(?:\(0\d{2,3}\) ?|0\d{2,3}[ -]?)[2-9]\d{6,7}"
_IDENTITY = r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
_PERSONAL = re.compile(rf"(?<!\d)(?:{_MOBILE}|{_LANDLINE}|{_IDENTITY})(?!\d)", re.ASCII)
_LONG_NUMBER = re.compile(r"(?!20\d{6}$)\d{7,}[Xx]?", re.ASCII)  # a bare day may be a column's name
_BRACKETS = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]\s*$")
_SEPARATORS = re.compile(r"[\s_\-\ufeff\u200b]+")


def plain(name: str) -> str:
    """A column name for comparing: NFKC, no case, blanks, _ and -, no unit in brackets at its end.

    >>> plain(" Grid_Code "), plain("经度（°）")
    ('gridcode', '经度')
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _SEPARATORS.sub("", _BRACKETS.sub("", folded) or folded)


def resolve(columns: Sequence[str], wanted: Fields, kind: Kind) -> Fields:
    """The columns that play the roles of a kind; None for a role that no column plays, or that is wanted without one.

    A column that the sender names is no other field by its usual name. None is named for two, but where the name is
    the code: an area, grid, compound or worker without codes.

    Raises:
        FileRefused: `field_missing` when the sender names a column that is not there; `field_twice`.
    """
    column_of, given = finder(columns), wanted.given()
    found: dict[str, str] = {}
    for role in dict.fromkeys((*(role for role in _ROLES[kind] if role in given), *given)):
        name = given[role]
        column = column_of(name)
        if name and not column:
            raise FileRefused("field_missing", role=role, field=name[:80], columns=", ".join(columns)[:400] or "-")
        for other, taken in found.items():
            if column and column == taken and not (kind in _SHARING and {role, other} == _SHARED):
                raise FileRefused("field_twice", role=role, other=other, field=column[:80])
        found[role] = column
    named = set(found.values())
    for role in _ROLES[kind]:
        if role not in found:
            of_other = {found.get(other, "") for other in _SHARED} if kind in _SHARING and role in _SHARED else set()
            mine = (column for column in map(column_of, _names_of(role, kind)) if column)
            usual = (column for column in mine if column not in named or column in of_other)
            found[role] = next(usual, "")
    return Fields(**{role: column for role, column in found.items() if column})


def finder(columns: Sequence[str]) -> Callable[[str], str]:
    """What gives the column that a word names, "" for none.

    >>> [finder(["户主", "Phone No"])(word) for word in ("phone_no", "户主", "电话", "")]
    ['Phone No', '户主', '', '']
    """
    exact, by_plain = frozenset(columns), dict[str, str]()
    for column in columns:
        by_plain.setdefault(plain(column), column)
    return lambda word: word if word in exact else by_plain.get(plain(word), "") if word else ""


def header(
    head: Sequence[Sequence[Cell]],
    wanted: Fields,
    kind: Kind,
    said: int | None,
    merged: Collection[tuple[int, int, int, int]] = (),
) -> tuple[int, list[str]]:
    """The place (from 0) of the row of column names among the first rows of a table, and its cells.

    Args:
        head: MOST_HEADER_ROW rows, where there are so many.
        said: the row that the sender says it is, counted from 1 as a spreadsheet does. With 0 there is none: then the
            place is -1, and the columns are called by theirs.
        merged: blocks (top, left, bottom, right, from 0); a name that begins in a row above reaches down to this one.

    Raises:
        FileRefused: `header_row_range`; `header_row_missing`: there is nothing; `header_row_is_data`: it is somebody's
            row, and would be shown as the names of columns.
    """
    if said is not None and not 0 <= said <= MOST_HEADER_ROW:
        raise FileRefused("header_row_range", found=said, limit=MOST_HEADER_ROW)
    if said == 0:
        return -1, [nameless(place) for place in range(1, max(map(len, head), default=0) + 1)]
    place = header_row(head[:_LOOKED_AT], wanted, kind) if said is None else said - 1
    first = place
    if said is None:  # names that are merged down tell that others stand below them
        downs = (bottom for top, _, bottom, _ in merged if top == place and bottom <= min(place + 2, len(head) - 1))
        place = max([place, *(bottom for bottom in downs if _goes_on(head, place, bottom, merged))])
    cells = [cell or "" for cell in head[place]] if place < len(head) else []
    if place > first:  # a name that stands alone above an empty cell is that column's too
        above = [*head[first], *[None] * len(cells)]
        cells = [cell or above[at] or "" for at, cell in enumerate(cells)]
    for top, left, bottom, right in merged:
        for at in range(left, min(right + 1, len(cells))) if top < place <= bottom else ():
            cells[at] = cells[at] or head[top][left] or ""
    if said is not None and not any(cell.strip() for cell in cells):
        raise FileRefused("header_row_missing", header_row=said)
    if _is_data(cells, wanted, kind):
        raise FileRefused("header_row_is_data", header_row=place + 1)
    return place, cells


def _goes_on(
    head: Sequence[Sequence[Cell]], top: int, bottom: int, merged: Collection[tuple[int, int, int, int]]
) -> bool:
    """Whether the names go on in a row further down: what stands there has no name of its own column above it."""
    across = {at for row, left, _, right in merged if row == top and left < right for at in range(left, right + 1)}
    names = head[top]
    return all(
        at in across or at >= len(names) or not names[at]
        for at, cell in enumerate(head[bottom])
        if cell and cell.strip()
    )


def _is_data(cells: Sequence[str], wanted: Fields, kind: Kind) -> bool:
    """Whether a row is plainly no header: a cell is a person's number; or holds one, and no name is known or wanted.

    A name may tell an example: 手机（如13800000000）.
    """
    texts = [unicodedata.normalize("NFKC", cell).strip().strip("='\"") for cell in cells]
    if any(_PERSONAL.fullmatch(text) for text in texts):
        return True
    names = {plain(cell) for cell in cells if cell}
    if names & _asked(wanted) or any(not _is_letter(name) for name in names & _known(kind)):
        return False
    return any(_PERSONAL.search(text) or _LONG_NUMBER.fullmatch(text) for text in texts)


def _is_letter(name: str) -> bool:
    """x, y, n, e: names of columns, and answers in their cells."""
    return len(name) == 1 and name.isascii()


def header_row(head: Sequence[Sequence[Cell]], wanted: Fields, kind: Kind) -> int:
    """The place (from 0) of the row of column names among the first rows of a table: titles may stand above it.

    It is the first row, unless that one has no known name at all and a later one has two, or one that the sender named;
    one or a few cells above a row of more than twice as many are a title whatever the names.
    """
    names, asked = _known(kind), _asked(wanted)
    words = [{plain(cell) for cell in row if cell} - {""} for row in head]
    n_cells = [sum(bool(cell and plain(cell)) for cell in row) for row in head]
    filled = [place for place, n in enumerate(n_cells) if n]
    if not filled:
        return 0
    for place in filled:
        cells = words[place]
        known = cells & names if place == filled[0] else {name for name in cells & names if not _is_letter(name)}
        if cells & asked or len(known) >= (1 if place == filled[0] else 2):
            return place
    widest = max(n_cells)
    broad = [place for place in filled if n_cells[place] > 1 and widest <= 2 * n_cells[place]]
    return broad[0] if broad else filled[0]


def _known(kind: Kind) -> set[str]:
    return {plain(name) for role in _ROLES[kind] for name in _names_of(role, kind)}


def _asked(wanted: Fields) -> set[str]:
    return {plain(name) for name in wanted.given().values()} - {""}


def _names_of(role: str, kind: Kind) -> tuple[str, ...]:
    return _OTHERWISE.get((kind, role), _SYNONYMS[role])
