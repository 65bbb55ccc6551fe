"""Levels of addresses as they come, and as the register keeps them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridsvc.rules import addresses
from gridsvc.rules.addresses import NONE, Levels, building, is_floor, label, near, room, split, unit

BUILDINGS = {
    "3": ("3", "3号楼", "3幢", "3栋", "3#", "3#楼", "三号楼", "第三幢", "３号楼", " 3 号楼 ", "Building 3", "bldg. 3"),
    "12": ("12栋", "十二幢", "十二号楼", "12號樓"),
    "A": ("A座", "ａ座", "Ａ栋", "Block A"),
    "B1": ("B1栋", "b1幢"),
    "3-1": ("3-1幢", "３－１幢", "3－1"),
    "03": ("03幢",),
    "3号": ("3号",),
    "甲": ("甲座",),
    "南区3": ("南区3号楼", "南区三幢"),
    "东楼": ("东楼", "東樓"),
    "槐安街12号": ("槐安街12号", "槐安街１２号"),
    NONE: ("无", "不详", "", " ", None, "-", "——", "N/A", "未知", "　"),
}
UNITS = {
    "3": ("3", "3单元", "三单元", "第三单元", "3梯", "3门", "3门洞", "单元3", "Unit 3", "３单元 "),
    "甲": ("甲单元",),
    "东单元": ("东单元",),
    NONE: ("无", "无单元", "不详", None),
}
ROOMS = {
    "501": ("501", "501室", "501号", "501户", "501房", "５０１", "5楼501室", "五层501", "Room 501", "Apt. 501", "501 "),
    "0501": ("0501",),
    "502-1": ("502-1室",),
    "5B": ("5B", "Flat 5B", "5b室"),
    "东户": ("东户",),
    NONE: ("无", "空", "不详", None),
}
ADDRESSES = {
    "3-2-501": Levels("3", "2", "501"),
    "３－２－５０１": Levels("3", "2", "501"),
    "3/2/501": Levels("3", "2", "501"),
    "3-501": Levels("3", NONE, "501"),
    "幸福小区3-2-501": Levels("3", "2", "501", "幸福小区"),
    "幸福小区A-501": Levels("A", NONE, "501", "幸福小区"),
    "3号楼2单元5-1": Levels("3", "2", "5-1"),
    "3#2-501": Levels("3", "2", "501"),
    "3栋501": Levels("3", NONE, "501"),
    "3号楼2单元5层501室": Levels("3", "2", "501"),
    "幸福小区3幢2单元501室": Levels("3", "2", "501", "幸福小区"),
    "文化路5号锦绣花园3幢2单元501": Levels("3", "2", "501", "文化路5号锦绣花园"),
    "十二幢三单元301": Levels("12", "3", "301"),
    "3幢东户": Levels("3", NONE, "东户"),
    "A座1801": Levels("A", NONE, "1801"),
    "3幢18层": Levels("3", NONE, "18层"),
    "12号3单元501": Levels("12号", "3", "501"),
    "2单元501": Levels(NONE, "2", "501"),
    "槐安街12号": Levels("槐安街12号"),
    "幸福小区": Levels(before="幸福小区"),
    "Happy Garden, Building 3, Unit 2, Room 501": Levels("3", "2", "501", "Happy Garden"),
    "Building 3 Room 501": Levels("3", NONE, "501"),
    "不详": Levels(),
    None: Levels(),
}


@pytest.mark.parametrize(("reads", "table"), [(building, BUILDINGS), (unit, UNITS), (room, ROOMS)])
def test_levels_are_kept_without_their_word(reads: object, table: dict[str, tuple[str | None, ...]]) -> None:
    assert callable(reads)
    for kept, words in table.items():
        assert {word: reads(word) for word in words} == dict.fromkeys(words, kept)


@pytest.mark.parametrize(("text", "levels"), ADDRESSES.items())
def test_addresses_split_into_levels(text: str | None, levels: Levels) -> None:
    assert split(text) == levels


@pytest.mark.parametrize(
    ("text", "floor"),
    [("18层", True), ("二楼", True), ("5F", True), ("Floor 3", True), ("1801", False), ("5层东户", False)],
)
def test_a_floor_is_no_room(text: str, floor: bool) -> None:
    assert is_floor(text) is floor


@given(st.sampled_from([one for words in (BUILDINGS, UNITS, ROOMS) for many in words.values() for one in many]))
def test_what_is_kept_stays(text: str | None) -> None:
    for reads in (building, unit, room):
        assert reads(reads(text)) == reads(text)


@given(st.text(alphabet="0123456789AB-/#号楼幢单元室层三十百第 ３Ａ", max_size=14))
def test_any_text_is_read_and_stays(text: str) -> None:
    found = split(text)
    assert all((found.building, found.unit, found.room))
    for reads in (building, unit, room):
        assert reads(text)


def test_what_is_shown_is_read_back() -> None:
    for key in (("3", "2", "501"), ("A", NONE, "1801"), ("12", "甲", "5B"), ("3", NONE, "东户")):
        for lang in ("zh", "en") if key[1] != "甲" and key[2] != "东户" else ("zh",):
            found = split(label(*key, lang))
            assert (found.building, found.unit, found.room) == key, label(*key, lang)


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        (("3", "2", "0501"), ("3", "2", "501"), True),
        (("3号", "2", "501"), ("3", "2", "501"), True),
        (("3", "2", "5O1"), ("3", "2", "501"), True),
        (("3", NONE, "501"), ("3", "2", "501"), True),
        (("3", "1", "501"), ("3", "2", "501"), False),
        (("3", "2", "501"), ("3", "2", "502"), False),
        (("3", "2", "501"), ("3", "2", "501"), False),
        (("3", NONE, NONE), ("3", "2", NONE), False),
    ],
)
def test_doors_that_look_like_one(a: tuple[str, str, str], b: tuple[str, str, str], alike: bool) -> None:
    assert near(a, b) is alike
    assert near(b, a) is alike
    assert not alike or addresses.is_odd(*a) or addresses.is_odd(*b)


def test_a_room_of_none_is_not_like_every_room() -> None:
    assert addresses.skeleton("000") == ""
    assert not near(("3", "2", NONE), ("3", "2", "0"))


@pytest.mark.parametrize("text", ["一" * 5000, "1" * 5000, "百" * 250 + "号楼", "TOWERUNITROOM" * 400, "\ufdfa" * 30])
def test_a_text_too_long_for_an_address_is_read_no_further(text: str) -> None:
    kept = addresses.folded(text)
    assert (building(text), unit(text), room(text), split(text)) == (kept, kept, kept, Levels(kept))
    assert not is_floor(text + "层")


@pytest.mark.parametrize(
    "text", ["一" * 200, "1" * 200, "一" * 197 + "号楼", "TOWERUNITROOM" * 15, "1楼" * 100, "A-" * 100]
)
def test_the_longest_address_is_read_at_once(text: str) -> None:
    begun = time.process_time()
    for read in (building, unit, room, split, is_floor):
        read(text)
    assert time.process_time() - begun < 0.2
