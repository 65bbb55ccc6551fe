"""Names and codes of the invented town: no place, road or person of it exists, and no county code begins with 99."""

from __future__ import annotations

from typing import Literal, NamedTuple

from geodata.town.plan import Block

Style = Literal["old", "mid", "new", "village"]

CITY = ("990100", "栖澜市")
DISTRICT = ("990101", "澄棠区")
# code, name, letters of its communities on the plan
SUBDISTRICTS = (
    ("990101001", "澜桥街道", "abcd"),
    ("990101002", "望榆街道", "efg"),
    ("990101003", "柏渡街道", "hij"),
)
COMMUNITY_NAMES = {
    "a": "北苑社区",
    "b": "鼓槐社区",
    "c": "榆荫社区",
    "d": "湖心社区",
    "e": "老闸社区",
    "f": "学苑社区",
    "g": "南渡社区",
    "h": "东岗社区",
    "i": "柏渡社区",
    "j": "新圩社区",
}
N_GRIDS = {"a": 11, "b": 11, "c": 11, "d": 11, "e": 10, "f": 9, "g": 10, "h": 15, "i": 16, "j": 17}
# A ring of eight blocks and, in its middle, a block that belongs to the grid of the block to the east of the ring.
ENCLAVE: Block = (9, 21)
ENCLAVE_OWNER: Block = (9, 23)

RIVER = "栖澜河"
LAKE = "棠湖"
UNDERPASS = "望榆大道下穿通道"
NIGHT_MARKET = "鼓槐夜市"


class CompoundName(NamedTuple):
    """A residential compound as it shall be built: its size in blocks is (rows, columns)."""

    letter: str
    name: str
    style: Style
    size: tuple[int, int]
    managed: bool
    aliases: tuple[str, ...] = ()
    point_only: bool = False


COMPOUNDS = (
    CompoundName("a", "北苑新村", "old", (1, 2), False, ("北苑一村",)),
    CompoundName("a", "金穗花园", "mid", (1, 1), True),
    CompoundName("a", "云杉里", "new", (2, 1), True, ("云杉里一期", "云杉公馆")),
    CompoundName("b", "鼓槐小区", "old", (1, 1), False),
    CompoundName("b", "槐香苑", "mid", (1, 2), True),
    CompoundName("b", "天和公寓", "new", (1, 1), True, ("天和广场公寓",)),
    CompoundName("b", "邮电宿舍", "old", (1, 1), False, ("邮电局家属院",), True),
    CompoundName("c", "榆荫一村", "old", (1, 2), False),
    CompoundName("c", "榆荫二村", "old", (1, 1), False),
    CompoundName("c", "幸福小区", "mid", (1, 1), True, ("幸福里",)),
    CompoundName("c", "翠屏华府", "new", (2, 2), True, ("翠屏府",)),
    CompoundName("d", "湖心家园", "mid", (1, 2), True),
    CompoundName("d", "凤凰花园", "new", (1, 2), True, ("鳳凰花園",)),
    CompoundName("d", "园丁楼", "old", (1, 1), False, ("教师楼",)),
    CompoundName("e", "老闸大院", "old", (1, 1), False),
    CompoundName("e", "糖厂宿舍", "old", (1, 1), False, ("老糖厂宿舍", "糖厂家属院")),
    CompoundName("e", "闸口新村", "old", (1, 2), False),
    CompoundName("e", "运输公司家属院", "old", (1, 1), False, ("运司家属院",), True),
    CompoundName("f", "学苑小区", "mid", (1, 2), True),
    CompoundName("f", "书香门第", "new", (1, 1), True),
    CompoundName("f", "桃李苑", "mid", (1, 1), True, ("师专新家属院",)),
    CompoundName("g", "南渡花园", "mid", (1, 2), True),
    CompoundName("g", "渡口人家", "mid", (1, 1), False),
    CompoundName("g", "河畔春天", "new", (2, 1), True, ("河畔春天一期",)),
    CompoundName("h", "东岗小区", "mid", (1, 2), True),
    CompoundName("h", "医苑新村", "old", (1, 1), False, ("医院家属院",)),
    CompoundName("h", "阳光里", "new", (2, 2), True),
    CompoundName("h", "松岗雅居", "new", (1, 1), True),
    CompoundName("i", "柏渡新城", "new", (2, 2), True, ("柏渡新城一期", "柏渡新城二期")),
    CompoundName("i", "机械厂宿舍", "old", (1, 1), False),
    CompoundName("i", "渡苑小区", "mid", (1, 2), True),
    CompoundName("i", "和顺园", "mid", (1, 1), True),
    CompoundName("j", "新圩花园", "mid", (1, 2), True),
    CompoundName("j", "幸福小区", "mid", (1, 1), True, ("新圩幸福小区",)),
    CompoundName("j", "产业园公寓", "new", (1, 1), True),
    CompoundName("j", "绿洲庭院", "new", (2, 2), True),
)
VILLAGE_SUFFIX = "平房片区"  # the scattered one-storey houses of a community, unmanaged, known by a point only

# kind, name, letter, (first row, last row, first column, last column), metres by which it stays inside these blocks
DEDICATED = (
    ("park", "棠湖公园专属网格", "d", (7, 8, 9, 10), 0.0),
    ("mall", "天和商场专属网格", "b", (3, 3, 10, 11), 9.0),
    ("school", "学苑学校专属网格", "f", (15, 15, 6, 7), 9.0),
    ("hospital", "东岗医院专属网格", "h", (4, 4, 17, 18), 9.0),
    ("plant", "新圩产业园专属网格", "j", (14, 15, 21, 22), 0.0),
)

# North-south lines from the west; the two at the river are embankments and drawn beside it.
COLUMN_ROADS = (
    "金柳路", "北榉街", "西园路", "织锦街", "鼓槐大道", "杏坞路", "青檐街", "望山路", "磨坊街", "澜桥大道",
    "棠湖路", "书院街", "竹篁路", "晒网街", "沿河东路", "东埠街", "柏荫路", "船厂街", "松岗路", "柏渡大道",
    "瓦窑路", "银杉街", "圩东路", "盐栈街", "东环路",
)  # fmt: skip
# East-west lines from the north.
ROW_ROADS = (
    "北环路", "云杉路", "金穗街", "天和路", "槐香街", "集贤路", "澄棠大道", "湖心街", "翠屏路", "榆荫街",
    "凤鸣路", "石闸街", "望榆大道", "糖坊路", "纺织街", "学苑路", "桃李街", "南渡路", "渡口街", "机耕路", "南环路",
)  # fmt: skip
EMBANKMENTS = ("沿河西路", "沿河东路")

SURNAMES = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余")
TRADES = ("记面馆", "家粮油", "记五金", "家理发", "记水果", "家药房", "记早点", "家文具")
GIVEN_NAMES = (
    "建国", "秀兰", "志强", "丽华", "海燕", "文博", "晓梅", "国栋", "玉珍", "子涵", "永康", "春霞", "明远", "雪琴",
    "立新", "慧敏", "思源", "桂芳", "振宇", "佳宁", "德胜", "淑贤", "俊杰", "红霞", "启航", "凤英", "一鸣", "素云",
)  # fmt: skip

_DIGITS = "零一二三四五六七八九"


def in_words(n: int) -> str:
    """A number from 1 to 99 in Chinese digits.

    >>> in_words(7), in_words(10), in_words(21)
    ('七', '十', '二十一')
    """
    tens, ones = divmod(n, 10)
    return (_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (_DIGITS[ones] if ones else "")


def grid_name(community: str, sequence: int) -> str:
    """A base grid's name: 北苑社区第一网格."""
    return f"{community}第{in_words(sequence)}网格"


def community_code(letter: str) -> str:
    """The 12 digits of a community.

    >>> community_code("b"), community_code("j")
    ('990101001002', '990101003003')
    """
    for code, _, letters in SUBDISTRICTS:
        if letter in letters:
            return f"{code}{letters.index(letter) + 1:03d}"
    raise KeyError(letter)


def letter_of(code: str) -> str:
    """The plan's letter of a community, from its code or from that of one of its grids."""
    return next(letter for letter in COMMUNITY_NAMES if community_code(letter) == code[:12])
