"""A city's category sheet as rows: which column is which, what a merged or blank cell stands for, what is no row.

Codes and names of class and subclass hold until the next one, bodies and law until the next subclass. A condition,
its limit and its closing condition are those of their own row, or of the block of cells that was merged over it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from geodata.files.headers import plain
from geodata.files.sheets import Sheet
from gridsvc.errors import Refused

_HEAD_ROWS = 20
# Role -> usual column names, best first, compared like those of every other import.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "kind": ("部件事件", "部件/事件", "问题类型", "类型", "kind"),
    "class_code": ("大类代码", "大类编码", "大类编号", "class code", "main class code"),
    "class_name": ("大类名称", "大类", "class name", "class", "main class"),
    "code": ("小类代码", "小类编码", "小类编号", "subclass code", "subcategory code", "code"),
    "name": ("小类名称", "小类", "subclass name", "subclass", "subcategory", "name"),
    "third_code": ("细类代码", "细类编码", "细类编号", "detail code"),
    "third_name": ("细类名称", "细类", "detail name", "detail"),
    "condition": ("立案条件", "立案标准", "立案规范", "filing condition", "condition"),
    "limit": ("处置时限", "处置期限", "处理时限", "办理时限", "整改时限", "时限", "time limit", "limit", "deadline"),
    "closing": ("结案条件", "结案标准", "结案规范", "closing condition", "closing"),
    "supervisors": ("监管主体", "主管部门", "主管单位", "监管单位", "监管部门", "supervising bodies", "supervisor"),
    "responsibles": (
        *("责任主体", "处置单位", "责任单位", "处置主体", "处置部门", "责任部门", "responsible bodies"),
        *("responsible body", "responsible"),
    ),
    "legal_basis": ("法律法规依据", "法律依据", "法规依据", "legal basis"),
    "clauses": ("法律法规具体条款", "具体条款", "法律条款", "clauses"),
    "notes": ("采集要求", "采集说明", "备注", "collecting notes", "notes"),
}
REQUIRED = ("class_code", "class_name", "code", "name", "condition", "limit")
_OF_SUBCLASS = ("supervisors", "responsibles", "legal_basis", "clauses", "notes")
_OF_ROW = ("condition", "limit", "closing")
_KIND_WORDS = {
    "part": re.compile(r"部件|\bparts?\b|\bcomponents?\b", re.IGNORECASE),
    "event": re.compile(r"事件|\bevents?\b", re.IGNORECASE),
}
_LAST_BRACKET = re.compile(r"[(（【\[]([^()（）【】\[\]]*)[)）】\]]\s*$")
_BETWEEN_BODIES = re.compile(r"[、，；,;\n]+")
_CODE = re.compile(r"[0-9]{1,2}")


@dataclass(frozen=True)
class Place:
    """Where in a file: the sheet ("" in a CSV file) and its row as a spreadsheet counts."""

    sheet: str
    row: int


@dataclass(frozen=True)
class Row:
    """One filing condition with all that holds for it. Codes have two digits; `third` is a code and a name or None."""

    place: Place
    kind: str | None
    class_code: str
    class_name: str
    code: str
    name: str
    third: tuple[str, str] | None
    condition: str
    limit: str | None
    closing: str | None
    supervisors: tuple[str, ...]
    responsibles: tuple[str, ...]
    legal_basis: str | None
    clauses: str | None
    notes: str | None


@dataclass(frozen=True)
class Fault:
    """A row that is refused ("refused"), or was taken after a change or with a word to the sender ("repaired")."""

    place: Place
    code: str
    facts: Mapping[str, object]
    kind: str = "refused"


@dataclass
class Reading:
    """What one sheet gave. `columns`: its header by role; `n_carried`: rows that a cell further up speaks for."""

    name: str
    title: str
    kind: str | None
    columns: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    n_read: int = 0
    n_carried: int = 0
    n_merged: int = 0


def read(sheet: Sheet) -> Reading | None:
    """The rows of a sheet; None where it has no header of a category sheet.

    Raises:
        Refused: `category_columns_missing`.
    """
    head = _header(sheet)
    if head is None:
        return None
    at, columns = head
    missing = [role for role in REQUIRED if role not in columns]
    if missing:
        raise Refused(
            "category_columns_missing",
            sheet=sheet.name,
            missing=", ".join(f"{role} ({SYNONYMS[role][0]})" for role in missing),
            found=", ".join(sheet.rows[at])[:300],
        )
    titles = [cell.strip() for row in sheet.rows[:at] for cell in row if cell.strip()]
    said = kind_said([sheet.name, *titles])
    reading = Reading(
        sheet.name, titles[0] if titles else "", said, {role: sheet.rows[at][j] for role, j in columns.items()}
    )
    _Walk(reading, sheet, at, columns).all()
    return reading


def kind_said(texts: Iterable[str]) -> str | None:
    """Part or event, as the first of the texts says that names one of them; None where none does.

    >>> kind_said(["Sheet1", "部件事件类结案标准(事件类)"]), kind_said(["部件和事件"]), kind_said(["标准"])
    ('event', None, None)
    """
    for text in texts:
        bracket = _LAST_BRACKET.search(text)
        for part in (text, bracket[1] if bracket else ""):
            found = [kind for kind, words in _KIND_WORDS.items() if words.search(part)]
            if len(found) == 1:
                return found[0]
    return None


def bodies(cell: str | None) -> tuple[str, ...]:
    """The bodies in a cell, each once.

    >>> bodies("节水中心、园林中心\\n城管局，及各产权单位")
    ('节水中心', '园林中心', '城管局', '各产权单位')
    """
    parts = [clean(part) for part in _BETWEEN_BODIES.split(cell or "")]
    return tuple(dict.fromkeys(part.removeprefix("及") if at else part for at, part in enumerate(parts) if part))


def clean(text: str) -> str:
    """A text on one line; blanks and line breaks beside a Chinese character go, as they only wrap it.

    >>> clean(" 烟头收集器\\n或灭烟处 "), clean("street  light")
    ('烟头收集器或灭烟处', 'street light')
    """
    return re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) | (?=[\u3000-\u9fff\uff00-\uffef])", "", " ".join(text.split()))


def _header(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """The row of column names and the column of each role: the first row that has a code or name of a subclass, and
    at least three roles."""
    for at, row in enumerate(sheet.rows[:_HEAD_ROWS]):
        by_name: dict[str, int] = {}
        for j, cell in enumerate(row):
            by_name.setdefault(plain(cell), j)
        columns: dict[str, int] = {}
        for role, names in SYNONYMS.items():
            places = [by_name[plain(name)] for name in names if plain(name) in by_name]
            free = [j for j in places if j not in columns.values()]
            if free:
                columns[role] = free[0]
        if len(columns) >= 3 and ("code" in columns or "name" in columns):
            return at, columns
    return None


class _Walk:
    """Goes down a sheet once and remembers what holds."""

    def __init__(self, reading: Reading, sheet: Sheet, at: int, columns: Mapping[str, int]) -> None:
        self.reading, self.sheet, self.at, self.columns = reading, sheet, at, columns
        self.held: dict[str, str] = {}
        self.refused: set[str] = set()
        self.from_above = self._merged_downwards()
        self.place = Place(sheet.name, 0)

    def _merged_downwards(self) -> dict[tuple[int, int], int]:
        """Cells under the first row of a merged block -> that row. Blocks over several columns are headings."""
        found = {}
        for block in self.sheet.merged:
            if block.top > self.at and block.left == block.right:
                found.update({(i, block.left): block.top for i in range(block.top + 1, block.bottom + 1)})
        return found

    def all(self) -> None:
        """Fills the reading."""
        header = self.sheet.rows[self.at]
        for i in range(self.at + 1, len(self.sheet.rows)):
            row = self.sheet.rows[i]
            if not any(cell.strip() for cell in row) or row == header:
                continue
            self.place = Place(self.sheet.name, i + 1)
            self.reading.n_read += 1
            own = {role: row[j].strip() for role, j in self.columns.items() if row[j].strip()}
            self._row(i, own)

    def _row(self, i: int, own: Mapping[str, str]) -> None:
        values = dict(own)
        for role in (*_OF_ROW, *_OF_SUBCLASS):
            top = self.from_above.get((i, self.columns.get(role, -1)))
            if top is not None and role not in own and self.sheet.rows[top][self.columns[role]].strip():
                values[role] = self.sheet.rows[top][self.columns[role]].strip()
                self.reading.n_merged += role in _OF_ROW
        heads = {
            role: own[role]
            for role in ("kind", "class_code", "class_name", "code", "name", "third_code", "third_name")
            if role in own
        }
        if not heads and not any(role in own for role in (*_OF_ROW, *_OF_SUBCLASS)):
            return
        if set(own) <= {"class_code"} and not _CODE.fullmatch(_digits(own.get("class_code", "0"))):
            self._fault("category_heading_left_out", {"found": own["class_code"][:60]}, "repaired")
            return
        if not self._head(own):
            return
        self._condition(own, values, bool(heads))

    def _head(self, own: Mapping[str, str]) -> bool:
        """Whether it is known which subclass the row is about."""
        for level, (code, name) in enumerate(
            (("class_code", "class_name"), ("code", "name"), ("third_code", "third_name"))
        ):
            if not self._level(level, code, name, own):
                return False
        if "kind" in own:
            self.held["kind"] = own["kind"]
        if self.refused:
            self._fault("category_above_refused", {"found": own.get("condition", "")[:60]})
            return False
        missing = next((role for role in ("class_code", "class_name", "code", "name") if role not in self.held), None)
        if missing:
            self._fault("category_cell_missing", {"column": self.reading.columns[missing]})
            return False
        return True

    def _level(self, level: int, code_role: str, name_role: str, own: Mapping[str, str]) -> bool:
        """Takes the code and name of one level from a row that has them; False where they cannot be understood."""
        below = ("class_code", "class_name", "code", "name", "third_code", "third_name")[2 * level :]
        name = clean(own[name_role]) if name_role in own else None
        if code_role not in own:
            if name is None or name == self.held.get(name_role):
                return True
            self._drop(below, code_role)
            self._fault(
                "category_cell_missing", {"column": self.reading.columns.get(code_role, code_role), "beside": name}
            )
            return False
        code = _digits(own[code_role])
        if len(code) == 4 and code_role == "code" and code[:2] == self.held.get("class_code"):
            code = code[2:]
        if not _CODE.fullmatch(code):
            self._drop(below, code_role)
            self._fault(
                "category_code_unreadable", {"column": self.reading.columns[code_role], "found": own[code_role][:60]}
            )
            return False
        if len(code) == 1:
            code = "0" + code
            self._fault("category_code_padded", {"found": own[code_role], "taken_as": code}, "repaired")
        if code == self.held.get(code_role) and name in (None, self.held.get(name_role)):
            return True
        if name is None:
            self._drop(below, code_role)
            self._fault(
                "category_cell_missing", {"column": self.reading.columns.get(name_role, name_role), "beside": code}
            )
            return False
        if level == 0 and code == self.held.get(code_role):
            self.held[name_role] = name  # another name for the class that holds: its subclass goes on
            return True
        if name != own[name_role]:
            self._fault("category_name_on_one_line", {"name": name}, "repaired")
        self._drop(below, None)
        self.held[code_role], self.held[name_role] = code, name
        self.refused.discard(code_role)
        return True

    def _drop(self, roles: Sequence[str], refused: str | None) -> None:
        """What holds no more; `refused`: rows below are about something that was not understood."""
        for role in (*roles, *_OF_SUBCLASS):
            self.held.pop(role, None)
            self.refused.discard(role)
        if refused:
            self.refused.add(refused)

    def _condition(self, own: Mapping[str, str], values: Mapping[str, str], has_head: bool) -> None:
        for role in _OF_SUBCLASS:
            if role in values:
                self.held[role] = values[role]
        if "condition" not in own:
            if "limit" not in own and "closing" not in own and not ("code" in own or "name" in own):
                self.reading.n_carried += 1  # the rest of a block, or of a subclass's bodies and law
                return
            if not ("code" in own or "name" in own):
                self._fault("category_condition_missing", {"found": own.get("limit", own.get("closing", ""))[:60]})
                return
        if not has_head or "class_code" not in own:
            self.reading.n_carried += 1
        h = self.held
        third = (h["third_code"], h["third_name"]) if "third_code" in h and "third_name" in h else None
        self.reading.rows.append(
            Row(
                self.place,
                h.get("kind"),
                h["class_code"],
                h["class_name"],
                h["code"],
                h["name"],
                third,
                clean(own.get("condition", "")),
                values.get("limit"),
                clean(values["closing"]) if "closing" in values else None,
                bodies(h.get("supervisors")),
                bodies(h.get("responsibles")),
                h.get("legal_basis"),
                h.get("clauses"),
                h.get("notes"),
            )
        )

    def _fault(self, code: str, facts: Mapping[str, object], kind: str = "refused") -> None:
        self.reading.faults.append(Fault(self.place, code, facts, kind))


def _digits(cell: str) -> str:
    """The digits of a code, full-width forms folded.

    >>> _digits("０1 "), _digits("1.0")
    ('01', '1.0')
    """
    return unicodedata.normalize("NFKC", cell).strip()
