"""Personal words as those see them who do not need them whole."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, overload

# What a report says in its sender's words: its text, and its place.
SAID = ("description", "words")

# A building and what follows it: 3幢2单元501室, 12号楼1204, Building 5 Unit 2.
_BELOW_BUILDING = re.compile(
    r"(?<=[幢栋座])\S.*$|(?<=号楼)\S.*$|\d+\s*(?:单元|梯|门|层|楼(?!栋)|室|户).*$|(?i:,?\s*\b(?:unit|room|apt|flat)\b.*$)"
)

# Digits as people write them where a programme should not read them, too.
OTHER_DIGITS = "〇○零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖⓪①②③④⑤⑥⑦⑧⑨"
_DIGITS = rf"\d{OTHER_DIGITS}"
# Seven of them or more with up to four signs, spaces or line ends between: a phone number, an identity number, an
# account. A day or a time of day stays, before it and after it; neither begins as a phone number does.
_DAY = r"(?<!\d)20\d\d[-./](?:1[0-2]|0?[1-9])[-./](?:3[01]|[12]\d|0?[1-9])(?!\d)"
_COLON = "[:：∶]"
_MINUTE = rf"{_COLON} ?[0-5０-５]\d"
_TIME = rf"(?<!\d)(?<!\d{_COLON})(?:[01０１]?\d|[2２][0-4０-４]){_MINUTE}(?:{_MINUTE})?(?!\d|{_COLON}\d)"
_DOOR = r"\d{1,3}\s*[幢栋座号楼单室层户]"  # the number of the next thing, not the end of this one
_NEXT_DAY = rf"(?<!^\d{{6}}[\W_])(?<!\D\d{{6}}[\W_]){_DAY}"  # after six digits it is the birthday of an identity number
_NEXT = rf"(?:[\W_]{{1,4}}(?!{_DOOR}|{_NEXT_DAY}|{_TIME}))?"
# A report's own number, as `reports` gives them: the day, and how many came before. Nobody is found by it.
_OWN = r"(?<!\d)(?<!\d[\W_])20[2-9]\d(?:1[0-2]|0[1-9])(?:3[01]|[12]\d|0[1-9])-00\d{4}(?![\W_]{0,4}\d)"
LEAST_DIGITS = 7
_INNER = rf"(?:{_NEXT}[{_DIGITS}]){{{LEAST_DIGITS - 2},}}{_NEXT}"
_AROUND = rf"(?:[\W_]{{1,4}}(?!{_DOOR}|{_DAY}))?"
_AROUND_TIMES = re.compile(rf"\d(?:{_AROUND}\d){{10,}}")  # eleven digits or more, times of day among them
_BESIDE_TIMES = re.compile(rf"(?P<time>{_TIME})|\d(?:{_NEXT}\d)*")
_NUMBER = re.compile(rf"(?P<when>{_DAY}|{_TIME}|{_OWN})|[{_DIGITS}]{_INNER}[{_DIGITS}Xx]")
# Rooms one after the other, a building and a stair before each or not: 301/302/303, 5-1-301、5-1-302.
_ROOM = re.compile(r"(?:[1-9]\d{0,2}-){0,3}[1-9]\d{2,3}", re.ASCII)
_BETWEEN_ROOMS = re.compile(r" ?[、,;/] ?")
_TIMES = re.compile(_TIME)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_MOST_OF_A_ROOM = 6  # digits
_SHORT_NUMBER = re.compile(r"\d{0,4}")
_BEGINNING = re.compile(r"\d{1,3}|.?", re.DOTALL)


def name(text: str | None) -> str | None:
    """A name with its first character alone.

    >>> name("张小明"), name("Li Lei"), name(""), name(None)
    ('张**', 'L**', '', None)
    """
    return text if not text else text[0] + "**"


def phone(text: str | None) -> str | None:
    """A phone number with its first three and last four digits; one too short for that is hidden whole.

    >>> phone("13812345678"), phone("0774-382 1234"), phone("12345"), phone(None)
    ('138****5678', '077****1234', '****', None)
    """
    if not text:
        return text
    digits = re.sub(r"\D", "", text)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) > len("1381234") else "****"


def address(text: str | None) -> str | None:
    """An address down to the building.

    >>> address("幸福小区3幢2单元501室"), address("长洲路8号"), address("Oak Court 5, Unit 2"), address(None)
    ('幸福小区3幢**', '长洲路8号', 'Oak Court 5**', None)
    """
    if not text:
        return text
    short = _BELOW_BUILDING.sub("**", text, count=1)
    return short


def cell(text: str) -> str:
    """What a cell of a sender's table begins with: enough to know its column by, not whose it is.

    >>> cell("王二"), cell("501"), cell("4人"), cell("13812345678"), cell("+86 138"), cell("")
    ('王**', '501', '4**', '138**', '+**', '')
    """
    return text if _SHORT_NUMBER.fullmatch(text) else f"{_BEGINNING.match(text)[0]}**"  # type: ignore[index]


@overload
def numbers(text: str) -> str: ...
@overload
def numbers(text: str | None) -> str | None: ...
def numbers(text: str | None) -> str | None:
    """A text without the numbers in it by which somebody could be found.

    >>> numbers("打 138-1234 5678，3幢501室"), numbers("证 44040119900101123X"), numbers("2026-11-01 起"), numbers(None)
    ('打 ****，3幢501室', '证 ****', '2026-11-01 起', None)
    >>> numbers("138 / 1234 / 5678"), numbers("一三八，一二三四，五六七八"), numbers("三楼二单元")
    ('****', '****', '三楼二单元')
    >>> numbers("2026-11-01 22:00-23:30"), numbers("8：30—17：30"), numbers("5-1-301、5-1-302"), numbers("301/302/303")
    ('2026-11-01 22:00-23:30', '8：30—17：30', '5-1-301、5-1-302', '301/302/303')
    >>> numbers("见 20261101-000123。"), numbers("20261101-138123 45678"), numbers("20261101-000123 4567890")
    ('见 20261101-000123。', '****', '****')
    """
    return text if not text else _NUMBER.sub(_shown, _AROUND_TIMES.sub(_without_mobiles, text))


def _without_mobiles(run: re.Match[str]) -> str:
    """Times stay, and what makes them part of a phone number does not: 13:51-23:45-678."""
    if not _TIMES.search(run[0]) or not _has_mobile(unicodedata.normalize("NFKC", run[0])):
        return run[0]
    return _BESIDE_TIMES.sub(lambda found: found["time"] or "****", run[0])


def _shown(found: re.Match[str]) -> str:
    return found[0] if found["when"] or _are_rooms(found[0]) else "****"


def _are_rooms(run: str) -> bool:
    """Whether digits with signs between are a list of rooms and certainly no number cut into groups."""
    plain = unicodedata.normalize("NFKC", run)
    rooms = _BETWEEN_ROOMS.split(plain)
    if any(_ROOM.fullmatch(room) is None or len(room.replace("-", "")) > _MOST_OF_A_ROOM for room in rooms):
        return False
    if re.search(r"\d{4}", plain):  # 1301/1302: of one floor; 138/1234/5678 is a phone
        return len({room[:-2] for room in rooms}) == 1
    return re.match(r"1[3-9]\d\b", plain) is None and not _has_mobile(plain)


def _has_mobile(plain: str) -> bool:
    """Whether neighbouring groups of digits together are a mobile phone's number."""
    groups = re.findall(r"\d+", plain)
    starts = [place for place, group in enumerate(groups) if len(group) > 1]  # 1 8:30 is a day and a time
    joins = ("".join(groups[start:end]) for start in starts for end in range(start + 1, start + 11))
    return any(map(_MOBILE.fullmatch, joins))


def said(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A report's row without such numbers in what it says.

    >>> said({"number": "20261101000123", "description": "打13812345678"})
    {'number': '20261101000123', 'description': '打****'}
    """
    return dict(row) | {name: numbers(row[name]) for name in SAID if name in row}
