"""Names as they are compared: of compounds, and of the shops and firms that share a door."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from opencc import OpenCC

from gridsvc.rules import addresses


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def name_key(name: str) -> str:
    """A name as it is compared: simplified characters, full-width forms folded, no case, no spaces.

    >>> name_key("錦繡 花園Ａ區")
    '锦绣花园a区'
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(str(_simplifier().convert(folded)).split())


def door_tag(kind: str, name: str | None, levels: Sequence[str], ref: str) -> str:
    """What tells doors with the same levels apart: a shop's or firm's name; without any level the source's own code.

    >>> door_tag("shop", "老张 面馆", ("3", "无", "101"), ""), door_tag("household", None, ("无", "无", "无"), "way/7")
    ('老张面馆', 'way/7')
    >>> door_tag("household", "王家", ("3", "2", "501"), "way/7")
    ''
    """
    if kind != "household" and name:
        return name_key(name)
    return ref if all(level == addresses.NONE for level in levels) else ""
