"""Personal words as those see them who do not need them whole."""

from __future__ import annotations

import re

# A building and what follows it: 3幢2单元501室, 12号楼1204, Building 5 Unit 2.
_BELOW_BUILDING = re.compile(
    r"(?<=[幢栋座])\S.*$|(?<=号楼)\S.*$|\d+\s*(?:单元|梯|门|层|楼(?!栋)|室|户).*$|(?i:,?\s*\b(?:unit|room|apt|flat)\b.*$)"
)

# Seven digits or more, whatever stands between them, and no day: a phone number, an identity number, an account.
_NUMBER = re.compile(r"(?<!\d)(?!\d{4}[-./]\d{1,2}[-./]\d{1,2}(?!\d))(?:\d[ \u3000.\-–—()（）]{0,2}){6,}[\dXx]")


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
    """
    return text if not text else _NUMBER.sub("****", text)
