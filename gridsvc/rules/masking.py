"""Personal words as those see them who do not need them whole."""

from __future__ import annotations

import re

# A building and what follows it: 3幢2单元501室, 12号楼1204, Building 5 Unit 2.
_BELOW_BUILDING = re.compile(
    r"(?<=[幢栋座])\S.*$|(?<=号楼)\S.*$|\d+\s*(?:单元|梯|门|层|楼(?!栋)|室|户).*$|(?i:,?\s*\b(?:unit|room|apt|flat)\b.*$)"
)

# Digits as people write them where a programme should not read them, too.
_DIGITS = r"\d〇○零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖⓪①②③④⑤⑥⑦⑧⑨"
# Seven of them or more with up to four signs, spaces or line ends between: a phone number, an identity number, an
# account. A day before it stays; it begins as no phone number and no identity number does.
_DAY = r"(?<!\d)20\d\d[-./](?:1[0-2]|0?[1-9])[-./](?:3[01]|[12]\d|0?[1-9])(?!\d)"
_DOOR = r"\d{1,3}\s*[幢栋座号楼单室层户]"  # the number of the next thing, not the end of this one
_NEXT = rf"(?:[\W_]{{1,4}}(?!{_DOOR}))?"
_NUMBER = re.compile(rf"(?P<day>{_DAY})|[{_DIGITS}](?:{_NEXT}[{_DIGITS}]){{5,}}{_NEXT}[{_DIGITS}Xx]")


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


def numbers(text: str | None) -> str | None:
    """A text without the numbers in it by which somebody could be found.

    >>> numbers("打 138-1234 5678，3幢501室"), numbers("证 44040119900101123X"), numbers("2026-11-01 起"), numbers(None)
    ('打 ****，3幢501室', '证 ****', '2026-11-01 起', None)
    >>> numbers("138 / 1234 / 5678"), numbers("一三八，一二三四，五六七八"), numbers("三楼二单元")
    ('****', '****', '三楼二单元')
    """
    return text if not text else _NUMBER.sub(lambda found: found["day"] or "****", text)
