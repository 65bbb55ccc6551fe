"""The levels of a door's address (building, unit, room) as the register keeps them, and as people read them.

Kept is what tells doors apart, without the word of the level: 3号楼, 三幢 and Building 3 are all "3". A level that an
address does not have is the literal 无.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

NONE = "无"
MOST_CHARS = 200  # of a level, a name, a contact
MOST_LETTERS = 200  # of an address; a longer text is kept as it is and read no further
_MISSING = frozenset(
    {"", "无", "没有", "空", "空白", "不详", "未知", "不清楚", "待定", "暂无", "-", "--", "/", "\\", "*", "?"}
    | {"NONE", "NULL", "NIL", "N/A", "NA", "NAN", "UNKNOWN"}
)
# What a cell says that says nothing; the cells of a table are trimmed.
UNSAID: frozenset[str | None] = frozenset({None, *_MISSING, *(word.lower() for word in _MISSING)})
# Traditional characters of the words of levels; names of places are not for this module.
_SIMPLIFIED = str.maketrans("號樓單戶無詳棟門層東", "号楼单户无详栋门层东")
_DASHES = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63~", "-")
)  # NFKC keeps them apart
_DIGIT = {digit: value for value, digits in enumerate(("零〇○", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
          for digit in digits}  # fmt: skip
_NUMERALS = "零〇○一二两三四五六七八九十百"
_NUMERAL = rf"[{_NUMERALS}]+"
_STEM = "[甲乙丙丁戊己庚辛壬癸]"

_BUILDING_WORD = r"(?:号楼|号栋|号幢|号座|幢|栋|座|楼|#楼?|号楼栋)"
_BUILDING = re.compile(rf"(.*?(?:[0-9A-Z]|{_STEM}|[{_NUMERALS}])){_BUILDING_WORD}")
_BUILDING_EN = re.compile(r"(?:BUILDING|BLDG\.?|BLOCK|BLK\.?|TOWER|HOUSE|NO\.?)\s*#?([0-9A-Z]+(?:-[0-9A-Z]+)*)")
_UNIT = re.compile(rf"(?:第)?([0-9A-Z]+|{_NUMERAL}|{_STEM})(?:单元|梯口?|门洞?|#)")
_UNIT_EN = re.compile(r"(?:UNIT|单元|ENTRANCE|STAIR(?:CASE)?)\s*#?([0-9A-Z]+)")
_FLOOR_ONLY = re.compile(rf"(?:第)?(?:-?[0-9]+|{_NUMERAL})(?:层|楼|F)|(?:FLOOR|LEVEL)\s*[0-9]+")
# A number is looked at from its beginning only: from each of its digits it would take the square of its length.
_FLOOR_BEFORE = re.compile(
    rf"(?:第)?(?:-?(?<![0-9])[0-9]+|(?<![{_NUMERALS}]){_NUMERAL})(?:层|楼)(?=[^层楼]*[0-9]{{3}})"
)
_ROOM = re.compile(r"#?([0-9A-Z]+(?:-[0-9A-Z]+)*)(?:号?室|号房?|户|房间?|#)")
_ROOM_EN = re.compile(r"(?:ROOM|RM\.?|APT\.?|APARTMENT|FLAT)\s*#?([0-9A-Z]+(?:-[0-9A-Z]+)*)")

_PLAIN = r"[0-9A-Z]{1,6}"
_SIDE = "[东西南北中左右]{1,2}户"
_DASHED = re.compile(rf"(?:(.*[^0-9A-Z/-]))??({_PLAIN})[-/]({_PLAIN})(?:[-/]({_PLAIN}))?(?:室|号)?")
_IS_LEVEL = re.compile(rf".*{_BUILDING_WORD}|.*(?:单元|梯|门洞?)")
# Words before the building, then the levels that carry their word; a room is what is left at the end.
_WORDED = re.compile(
    rf"(?P<before>.*?)(?P<building>(?:[0-9]+[A-Z]?|[A-Z][0-9]*|{_NUMERAL}|{_STEM}){_BUILDING_WORD})?-?"
    rf"(?:(?P<unit>(?:第)?(?:[0-9A-Z]+|{_NUMERAL}|{_STEM})(?:单元|梯口?|门洞?))-?)?"
    rf"(?P<room>(?:(?:[0-9]+|{_NUMERAL})(?:层|楼))?(?:{_PLAIN}(?:-{_PLAIN})?(?:号?室|户|房)?|{_SIDE})?)"
)
_ENGLISH = re.compile(
    r"(?:(?P<before>.*?),?\s*)??(?:(?P<building>(?:BUILDING|BLDG\.?|BLOCK|TOWER)\s*#?[0-9A-Z-]+)[,\s]*)"
    r"(?:(?P<unit>UNIT\s*#?[0-9A-Z]+)[,\s]*)?(?:(?P<room>(?:ROOM|RM\.?|APT\.?|FLAT)\s*#?[0-9A-Z-]+))?"
)


@dataclass(frozen=True)
class Levels:
    """The levels of one address, normalised; `before`: what stands before the building (a compound, a street)."""

    building: str = NONE
    unit: str = NONE
    room: str = NONE
    before: str = ""


def folded(text: str | None) -> str:
    """A text with full-width forms folded, dashes alike, capitals, simplified level words, no blanks.

    >>> folded(" ３－２－５０１ "), folded("ａ座"), folded(None)
    ('3-2-501', 'A座', '')
    """
    plain = unicodedata.normalize("NFKC", text or "").translate(_SIMPLIFIED).upper()
    return "".join(plain.translate(_DASHES).split())


def is_missing(text: str | None) -> bool:
    """Whether a cell says that there is no such level, or that nobody knows it.

    >>> is_missing("不详"), is_missing(" "), is_missing("3")
    (True, True, False)
    """
    return folded(text) in _MISSING


def building(text: str | None) -> str:
    """The building as it is kept; a house number of a street stays what it is.

    >>> building("三幢"), building("Ａ座"), building("Building 3"), building("槐安街12号"), building(" ")
    ('3', 'A', '3', '槐安街12号', '无')
    """
    plain = folded(text)
    if plain in _MISSING:
        return NONE
    if len(plain) > MOST_LETTERS:
        return plain
    english = _BUILDING_EN.fullmatch(plain)
    if english:
        return english[1]
    worded = _BUILDING.fullmatch(plain)
    core = worded[1] if worded else plain
    return _numbered(core.removeprefix("第") if worded else core)


def unit(text: str | None) -> str:
    """The unit (单元, 梯, 门) as it is kept.

    >>> unit("三单元"), unit("2单元"), unit("2"), unit("Unit 2"), unit("不详"), unit(None)
    ('3', '2', '2', '2', '无', '无')
    """
    plain = folded(text)
    if plain in _MISSING or plain == "无单元":
        return NONE
    if len(plain) > MOST_LETTERS:
        return plain
    english = _UNIT_EN.fullmatch(plain)
    worded = english or _UNIT.fullmatch(plain)
    return _numbered(worded[1] if worded else plain)


def room(text: str | None) -> str:
    """The room as it is kept; a floor before it goes, since the number says it too.

    >>> room("501室"), room("5楼501室"), room("东户"), room("Room 501"), room("无")
    ('501', '501', '东户', '501', '无')
    """
    plain = folded(text)
    if plain in _MISSING:
        return NONE
    if len(plain) > MOST_LETTERS:
        return plain
    plain = _FLOOR_BEFORE.sub("", plain, count=1)
    english = _ROOM_EN.fullmatch(plain)
    worded = english or _ROOM.fullmatch(plain)
    return worded[1] if worded else plain


def is_floor(text: str | None) -> bool:
    """Whether a cell for the room names a floor, which is no room.

    >>> is_floor("18层"), is_floor("二楼"), is_floor("1801"), is_floor(None)
    (True, True, False, False)
    """
    plain = folded(text)
    return len(plain) <= MOST_LETTERS and _FLOOR_ONLY.fullmatch(plain) is not None


def split(text: str | None) -> Levels:
    """The levels of an address written as one.

    >>> split("3-2-501")
    Levels(building='3', unit='2', room='501', before='')
    >>> split("幸福小区3幢五单元501室")
    Levels(building='3', unit='5', room='501', before='幸福小区')
    >>> split("槐安街12号").building, split("3-501").unit, split("幸福小区").before, split("不详") == Levels()
    ('槐安街12号', '无', '幸福小区', True)
    """
    plain = folded(text)
    if plain in _MISSING:
        return Levels()
    if len(text or "") > MOST_LETTERS or len(plain) > MOST_LETTERS:
        return Levels(plain)
    dashed = _DASHED.fullmatch(plain)
    if dashed and not _IS_LEVEL.fullmatch(dashed[1] or ""):
        before, first, second, third = dashed.groups()
        return Levels(building(first), unit(second) if third else NONE, room(third or second), before or "")
    english = _ENGLISH.fullmatch(" ".join(unicodedata.normalize("NFKC", text or "").upper().split()))
    if english:
        before = (unicodedata.normalize("NFKC", text or "").strip()[: len(english["before"] or "")]).strip(", ")
        return Levels(building(english["building"]), unit(english["unit"]), room(english["room"]), before)
    worded = _WORDED.fullmatch(plain)
    if worded and (worded["building"] or worded["unit"]):
        return _worded(worded)
    return Levels(building(plain)) if re.search("[0-9]", plain) else Levels(before=plain)


def _worded(found: re.Match[str]) -> Levels:
    before, inside = found["before"], found["room"] or ""
    if not found["building"]:
        # 12号3单元501: the house number stands where a building would.
        return Levels(building(before), unit(found["unit"]), _room_or_floor(inside))
    if "-" in inside and not found["unit"]:
        first, _, last = inside.partition("-")
        return Levels(building(found["building"]), unit(first), _room_or_floor(last), before)
    return Levels(building(found["building"]), unit(found["unit"]), _room_or_floor(inside), before)


def _room_or_floor(text: str) -> str:
    return text if is_floor(text) else room(text)


def label(building: str, unit: str, room: str, lang: str) -> str:
    """The levels as people read them, in zh or en.

    >>> label("3", "2", "501", "zh"), label("3", "2", "501", "en"), label("A", NONE, "东户", "zh")
    ('3号楼2单元501室', 'Building 3, Unit 2, Room 501', 'A座东户')
    >>> label("槐安街12号", NONE, NONE, "zh"), label(NONE, NONE, NONE, "en")
    ('槐安街12号', '无')
    """
    said = [(word, level) for word, level in (("b", building), ("u", unit), ("r", room)) if level != NONE]
    if lang == "zh":
        return "".join(_zh(word, level) for word, level in said) or NONE
    names = {"b": "Building", "u": "Unit", "r": "Room"}
    return ", ".join(f"{names[word]} {level}" if level.isascii() else level for word, level in said) or NONE


def _zh(word: str, level: str) -> str:
    last = level[-1]
    if not (last.isascii() or re.fullmatch(_STEM, last)):
        return level
    if word == "b":
        return f"{level}号楼" if last.isdigit() else f"{level}座"
    return f"{level}{'单元' if word == 'u' else '室'}"


def skeleton(level: str) -> str:
    """A level with what people mix up made alike: O and 0, I, L and 1, zeros in front, 号; as SQL's door_skeleton.

    >>> skeleton("0501"), skeleton("5O1"), skeleton("3号"), skeleton("000"), skeleton(NONE)
    ('501', '501', '3', '', '无')
    """
    return level.upper().replace("号", "").translate(str.maketrans("OIL", "011")).lstrip("0")


def is_odd(building: str, unit: str, room: str) -> bool:
    """Whether a key may look like another one: of two that do, one is odd.

    >>> is_odd("3", "2", "501"), is_odd("3", "2", "0501"), is_odd("3", "无", "501")
    (False, True, True)
    """
    return unit == NONE or any(skeleton(level) != level for level in (building, unit, room))


def near(a: tuple[str, str, str], b: tuple[str, str, str]) -> bool:
    """Whether two different keys (building, unit, room) of one compound look like one door.

    Alike but for what people mix up, or one of them without the unit that the other names.

    >>> near(("3", "2", "0501"), ("3", "2", "501")), near(("3号", NONE, "1"), ("3", "2", "1"))
    (True, True)
    >>> near(("3", "2", "501"), ("3", "1", "501")), near(("3", "2", "501"), ("3", "2", "501"))
    (False, False)
    """
    if a == b or skeleton(a[0]) != skeleton(b[0]) or skeleton(a[2]) != skeleton(b[2]):
        return False
    alike = skeleton(a[1]) == skeleton(b[1])
    return alike or (NONE in (a[1], b[1]) and a[2] != NONE)


def _numbered(text: str) -> str:
    """A text whose Chinese numeral, where it is one as a whole or at its end, stands in digits."""
    before = text.rstrip(_NUMERALS)
    numeral = text[len(before) :]
    return before + str(_value(numeral)) if numeral and not before.endswith("第") else text


def _value(numeral: str) -> int:
    """A Chinese numeral up to 999, or digits one after the other.

    >>> _value("十二"), _value("二十"), _value("一百零三"), _value("五〇一")
    (12, 20, 103, 501)
    """
    if not set(numeral) & set("十百"):
        return int("".join(str(_DIGIT[one]) for one in numeral))
    total = ones = 0
    for one in numeral:
        if one in "十百":
            total += (ones or 1) * (10 if one == "十" else 100)
            ones = 0
        else:
            ones = _DIGIT[one]
    return total + ones
