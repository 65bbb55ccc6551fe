"""What one row of a table of doors says by itself: levels, kind, class, who lives there; which words were read anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from geodata.layer import DOOR_ROLES, Problem
from gridsvc.imports import rows
from gridsvc.imports.report_rows import FloatArray, Slice, Texts
from gridsvc.names import door_tag, name_key
from gridsvc.rules import addresses
from gridsvc.rules.addresses import NONE

LEVELS = ("building", "unit", "room")  # of the register
_LEVEL_ROLES = ("building", "entrance", "room")  # of a table
KIND_WORDS = rows.meanings(
    {
        "household": ("household", "home", "户", "住户", "居民", "居民户", "家庭", "家庭户", "常住户", "出租户"),
        "shop": ("shop", "商户", "商铺", "店铺", "门店", "沿街商户", "个体户", "个体工商户"),
        "firm": ("firm", "company", "企业", "公司", "单位", "工厂", "机构"),
    }
)
_YES_NO = rows.meanings(
    {
        "true": ("是", "有", "人户分离", "y", "yes", "true", "1", "√"),
        "false": ("否", "无", "没有", "人户一致", "人在户在", "n", "no", "false", "0", "×"),
    }
)
_OF_FIRMS = ("企业", "公司", "单位", "firm", "company")
_CLASS_END = re.compile("(?:家庭|户|家)$")
_STREET = re.compile(r"^.*?(?:大街|路|街|道|巷|弄)(?:[0-9]+号)?(?=.)")
_TAG_OF_A_MAP = re.compile("[a-z_]+")  # building=yes, building=house: no number of a building
_WORD_OF_LEVEL = re.compile("[幢栋座#]|号楼|单元|BUILDING")
_NO_LEVEL = frozenset({"", "无", "-", "/"})
MOST_PEOPLE = 999


COLUMNS = (
    *("row", "home", "kind", *LEVELS, "tag", "name", "odd", "class_code", "lon", "lat", "n_people"),
    *("registered_elsewhere", "contact_name", "contact_phone"),
)


# What a row says of where it is: key and name of a compound, as both came, and the community; None: nothing.
Home = tuple[str | None, str | None, int | None]


@dataclass(frozen=True)
class Words:
    """What words of a file mean here: communities by name and code, classes by name and code with whether they are on.

    `kind`: of rows that do not say one; None: a row with a shop's name is a shop. `of_map`: the rows are shapes of a
    map, told apart by their code.
    """

    communities: Mapping[str, int]
    classes: Mapping[str, tuple[str, bool]]
    kind: str | None = None
    name_column: str = ""
    of_map: bool = False


@dataclass
class Reader:
    """Reads slices of one file and remembers what it has looked up; `homes` are numbered as they come."""

    words: Words
    columns: Mapping[str, str]
    homes: dict[Home, int] = field(default_factory=dict)
    _levels: dict[tuple[str, str | None], tuple[str, bool]] = field(default_factory=dict)
    _odd_levels: dict[str, bool] = field(default_factory=dict)
    _homes: dict[tuple[str | None, str | None], int | None] = field(default_factory=dict)

    def read(self, part: Slice) -> dict[str, Sequence[str | None]]:
        """The good rows as columns of `door_row`; reasons of the others, and repairs, go to `part.problems`."""
        empty: Texts = [None] * len(part.numbers)
        cells = {role: part.cells.get(role, empty) for role in DOOR_ROLES}
        placed = np.isfinite(part.lon) & np.isfinite(part.lat)
        levels, befores = self._all_levels(part, cells)
        kinds = self._kinds(part, cells)
        names = [None if kind == "household" else name for kind, name in zip(kinds, cells["name"], strict=True)]
        homes = self._all_homes(part, cells, befores, placed.tolist())
        columns: dict[str, Sequence[str | None]] = {
            "row": list(map(str, part.numbers)),
            "home": homes,
            "kind": kinds,
            **dict(zip(LEVELS, levels, strict=True)),
            "tag": self._tags(part, cells, levels, kinds, names),
            "name": names,
            "odd": self._odd(levels),
            "class_code": self._classes(part, cells["category"]),
            "lon": _floats(part.lon),
            "lat": _floats(part.lat),
            "n_people": self._people(part, cells["people"]),
            "registered_elsewhere": self._elsewhere(part, cells["elsewhere"]),
            "contact_name": [None if cell in addresses.UNSAID else cell for cell in cells["contact"]],
            "contact_phone": [None if cell in addresses.UNSAID else cell for cell in cells["phone"]],
        }
        self._refuse_long(part, columns)
        bad = {problem.row for problem in part.problems if problem.kind == "refused"}
        if not bad:
            return columns
        kept = [place for place, row in enumerate(part.numbers) if row not in bad]
        return {name: [values[place] for place in kept] for name, values in columns.items()}

    def rest(self) -> list[list[object]]:
        """The homes in the order of their numbers: key and name of the compound, community."""
        return [list(home) for home in self.homes]

    def _all_levels(self, part: Slice, cells: Mapping[str, Texts]) -> tuple[list[list[str]], list[str]]:
        """The three levels of each row, and what stands before them in an address."""
        reads: tuple[Callable[[str | None], str], ...] = (addresses.building, addresses.unit, addresses.room)
        found = [
            self._level_column(part, role, cells[role], read) for role, read in zip(_LEVEL_ROLES, reads, strict=True)
        ]
        befores = [""] * len(part.numbers)
        buildings, units, rooms = found
        for place, (building, unit, room) in enumerate(zip(buildings, units, rooms, strict=True)):
            if building != NONE and unit != NONE and room != NONE and not _is_joined(room):
                continue
            whole = _whole(building, unit, room)
            if whole is None and building == NONE and room == NONE:
                whole = cells["words"][place]
            if whole is not None and (split := addresses.split(whole)) != addresses.Levels():
                befores[place] = split.before
                self._take_split(part, place, found, split, whole)
        for place, room in enumerate(rooms):
            if addresses.is_floor(room):
                found_text = cells["room"][place] or cells["words"][place] or room
                part.problems.append(Problem(part.numbers[place], "door_room_is_floor", {"found": found_text[:60]}))
        return found, befores

    def _take_split(self, part: Slice, place: int, found: list[list[str]], split: addresses.Levels, whole: str) -> None:
        levels = (split.building, split.unit, split.room)
        kept = [one if one != NONE else column[place] for one, column in zip(levels, found, strict=True)]
        if split.room != NONE or split.unit != NONE:
            facts: dict[str, object] = {"found": whole[:60], "building": kept[0], "unit": kept[1], "room": kept[2]}
            part.problems.append(Problem(part.numbers[place], "door_address_split", facts, "repaired"))
            if split.room == NONE and found[2][place] == whole:
                kept[2] = NONE
        for column, level in zip(found, kept, strict=True):
            column[place] = level

    def _level_column(self, part: Slice, role: str, cells: Texts, read: Callable[[str | None], str]) -> list[str]:
        known = self._levels
        for cell in set(cells):
            if (role, cell) not in known:
                if self.words.of_map and cell and _TAG_OF_A_MAP.fullmatch(cell):
                    known[role, cell] = (NONE, False)
                else:
                    kept = read(cell)
                    known[role, cell] = (kept, _is_read_anew(cell, kept))
        read_all = [known[role, cell] for cell in cells]
        for place, (kept, anew) in enumerate(read_all):
            if anew:
                facts: dict[str, object] = {
                    "column": self.columns[role],
                    "found": (cells[place] or "")[:60],
                    "kept": kept,
                }
                part.problems.append(Problem(part.numbers[place], "door_level_read", facts, "repaired"))
        return [kept for kept, _ in read_all]

    def _kinds(self, part: Slice, cells: Mapping[str, Texts]) -> list[str]:
        named = "firm" if any(word in self.words.name_column.lower() for word in _OF_FIRMS) else "shop"
        if self.words.of_map:
            named = "household"
        if not part.cells.keys() & {"target", "name"}:
            return [self.words.kind or "household"] * len(part.numbers)
        found: list[str] = []
        for row, word, name in zip(part.numbers, cells["target"], cells["name"], strict=True):
            default = self.words.kind or (named if name else "household")
            kind = rows.mean(word, KIND_WORDS, default)
            if kind is None:
                part.problems.append(Problem(row, "door_kind_unknown", {"found": (word or "")[:60]}))
            found.append(kind or default)
        return found

    def _all_homes(
        self, part: Slice, cells: Mapping[str, Texts], befores: Sequence[str], placed: Sequence[bool]
    ) -> list[str]:
        found: list[str] = []
        known = self._homes
        for place, (compound, community) in enumerate(zip(cells["compound"], cells["community"], strict=True)):
            said = compound if compound not in addresses.UNSAID else None
            if said is None and befores[place] and not placed[place]:
                said = _STREET.sub("", befores[place], count=1)
            key = (said, community)
            if key not in known:
                known[key] = self._home(said, community)
            home = known[key]
            if home is None:
                facts: dict[str, object] = {"found": (community or "")[:60]}
                part.problems.append(Problem(part.numbers[place], "door_community_unknown", facts))
            found.append(str(home))
        return found

    def _home(self, compound: str | None, community: str | None) -> int | None:
        """The number of a home; None where nobody knows the community."""
        area_id = None
        if community not in addresses.UNSAID:
            area_id = self.words.communities.get(rows.plain(community or ""))
            if area_id is None:
                return None
        key = None if compound is None else name_key(compound)
        return self.homes.setdefault((key, compound, area_id), len(self.homes))

    def _tags(
        self,
        part: Slice,
        cells: Mapping[str, Texts],
        levels: Sequence[Sequence[str]],
        kinds: Sequence[str],
        names: Texts,
    ) -> list[str | None]:
        if self.words.of_map:
            given = zip(cells["code"], part.lon.tolist(), part.lat.tolist(), strict=True)
            return [code or f"{lon:.6f},{lat:.6f}" for code, lon, lat in given]
        if "code" not in part.cells and set(kinds) == {"household"}:
            tags = [""] * len(part.numbers)
        else:
            by_row = zip(kinds, names, zip(*levels, strict=True), cells["code"], strict=True)
            tags = [door_tag(kind, name, of_row, code or "") for kind, name, of_row, code in by_row]
        for place, (building, unit, room) in enumerate(zip(*levels, strict=True)):
            if building == unit == room == NONE and not tags[place]:
                part.problems.append(Problem(part.numbers[place], "door_levels_missing", {}))
        return list(tags)

    def _odd(self, levels: Sequence[Sequence[str]]) -> list[str]:
        known = self._odd_levels
        for level in {level for column in levels for level in column} - known.keys():
            known[level] = addresses.skeleton(level) != level
        return [
            "t" if unit == NONE or known[building] or known[unit] or known[room] else "f"
            for building, unit, room in zip(*levels, strict=True)
        ]

    def _classes(self, part: Slice, cells: Texts) -> list[str | None]:
        known: dict[str | None, str | None] = {None: None}
        for word in set(cells) - {None}:
            plain = rows.plain(word or "")
            code, on = self.words.classes.get(plain) or self.words.classes.get(class_stem(plain)) or (None, False)
            known[word] = code if on else None
            if not on:
                what = "door_class_off" if code else "door_class_unknown"
                part.problems += [
                    Problem(row, what, {"found": cell[:60]})
                    for row, cell in zip(part.numbers, cells, strict=True)
                    if cell is not None and cell == word
                ]
        return [known[cell] for cell in cells]

    def _people(self, part: Slice, cells: Texts) -> Sequence[str | None]:
        if "people" not in part.cells:
            return cells
        found: list[str | None] = []
        for row, cell in zip(part.numbers, cells, strict=True):
            plain = rows.plain(cell).rstrip("人口位名 ") if cell not in addresses.UNSAID and cell else None
            if plain is not None and not (plain.isascii() and plain.isdigit() and int(plain) <= MOST_PEOPLE):
                facts: dict[str, object] = {"column": self.columns["people"], "found": (cell or "")[:60]}
                part.problems.append(Problem(row, "count_wrong", facts))
                plain = None
            found.append(plain)
        return found

    def _elsewhere(self, part: Slice, cells: Texts) -> Sequence[str | None]:
        if "elsewhere" not in part.cells:
            return cells
        found: list[str | None] = []
        for row, cell in zip(part.numbers, cells, strict=True):
            said = rows.mean(cell, _YES_NO, "")
            if said is None:
                facts: dict[str, object] = {"column": self.columns["elsewhere"], "found": (cell or "")[:60]}
                part.problems.append(Problem(row, "door_yes_no", facts))
            found.append(said or None)
        return found

    def _refuse_long(self, part: Slice, columns: Mapping[str, Sequence[str | None]]) -> None:
        for name in (*LEVELS, "tag", "name", "contact_name", "contact_phone"):
            if max(map(len, filter(None, columns[name])), default=0) <= addresses.MOST_CHARS:
                continue
            facts: dict[str, object] = {"field": name, "limit": addresses.MOST_CHARS}
            part.problems += [
                Problem(row, "door_text_long", facts)
                for row, cell in zip(part.numbers, columns[name], strict=True)
                if cell is not None and len(cell) > addresses.MOST_CHARS
            ]


def class_stem(name: str) -> str:
    """A class's name without what every such name ends with.

    >>> class_stem("空巢老人家庭"), class_stem("困难户")
    ('空巢老人', '困难')
    """
    return _CLASS_END.sub("", name)


def _is_read_anew(cell: str | None, kept: str) -> bool:
    """Whether a level is kept in other characters than the cell has: digits of another script, a word for nothing."""
    text = (cell or "").strip()
    return text not in _NO_LEVEL if kept == NONE else any(letter not in text.upper() for letter in kept)


def _is_joined(room: str) -> bool:
    return _n_joints(room) > 0


def _whole(building: str, unit: str, room: str) -> str | None:
    """The text of the one level that holds several; None where each holds its own.

    >>> _whole("无", "无", "3-2-501"), _whole("3", "2", "3-2-501"), _whole("3-1", "无", "无"), _whole("3", "无", "东户")
    ('3-2-501', '3-2-501', None, None)
    """
    if building == NONE and unit == NONE and (_is_joined(room) or _WORD_OF_LEVEL.search(room)):
        return room
    if unit == NONE and room == NONE and _n_joints(building) == 2:
        return building
    if _n_joints(room) == 2 and addresses.split(room).building == building:
        return room
    return room if unit == NONE and "单元" in room else None


def _n_joints(level: str) -> int:
    return level.count("-") + level.count("/")


def _floats(values: FloatArray) -> list[str | None]:
    return [None if value != value else repr(value) for value in values.tolist()]
