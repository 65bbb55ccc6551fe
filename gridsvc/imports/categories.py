"""A city's category sheets: classes, subclasses, filing conditions and their limits, as a new version of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from geodata.files.sheets import Workbook
from geodata.layer import Limits, Problem
from gridsvc import categories
from gridsvc.categories import CITY, KIND_LETTERS, Category, Filing
from gridsvc.errors import Refused
from gridsvc.imports import rows as words
from gridsvc.imports import sheet
from gridsvc.imports.account import MOST_TOLD, Account, Tally
from gridsvc.imports.sheet import Fault, Place, Reading, Row
from gridsvc.rules.limits import DayMeans, Parsed, parse

# A sheet has hundreds of rows; a file of millions is none.
READING = Limits(n_rows=100_000)
_KINDS = words.meanings({"part": ("部件", "part", "parts", "p"), "event": ("事件", "event", "events", "e")})


@dataclass
class _Found:
    """What the sheets of one kind come to."""

    categories: dict[str, Category] = field(default_factory=dict)
    filings: list[Filing] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    has_bare_day: bool = False


@dataclass
class _Work:
    """What is gathered on the way through a file."""

    file: str
    day_means: DayMeans | None
    kinds: dict[str, _Found] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unread: list[tuple[Place, str | None, str, str]] = field(default_factory=list)  # limit, problem, category
    bare_days: list[tuple[Place, str]] = field(default_factory=list)
    other_names: set[tuple[str, str]] = field(default_factory=set)
    first_row: dict[str, Place] = field(default_factory=dict)
    at_text: dict[tuple[str, str], tuple[Place, Filing]] = field(default_factory=dict)

    def refuse(self, place: Place, code: str, **facts: object) -> None:
        self.faults.append(Fault(place, code, facts))


def take(
    db: Connection, book: Workbook, file: str, now: datetime, *, day_means: DayMeans | None, kind: str | None
) -> Account:
    """The account of a file's sheets, which are then stored (the caller commits or not).

    Limits that cannot be read are noted row by row and stored without milestones; they refuse nothing. The tally counts
    codes, of classes and of what is below them.

    Args:
        day_means: what a bare 天 or 日 in a limit is.
        kind: part or event, for what neither a column nor the sheet's or file's name or title says.

    Raises:
        Refused: `category_sheet_missing`, `category_columns_missing`, `category_kind_missing`, `category_kind_differs`,
            `day_means_missing`.
    """
    readings, ignored = _readings(book)
    work = _Work(file, day_means)
    taken = {one.code: one.taxonomy for one in categories.listed(db, every=True)}
    for reading in readings:
        said = _kind_of(reading, file, kind, alone=len(readings) == 1)
        work.faults += reading.faults
        for row in reading.rows:
            own = (_KINDS.get(words.plain(row.kind)) if row.kind else None) or said
            if own is None:
                if row.kind is None:
                    raise Refused("category_kind_missing", sheet=reading.name or file)
                work.refuse(row.place, "category_kind_unknown", found=row.kind[:60])
                continue
            found = work.kinds.setdefault(own, _Found())
            if reading.title or reading.name:
                found.names = list(dict.fromkeys([*found.names, reading.title or reading.name]))
            _row(work, found, own, row, taken)
    if work.bare_days:
        raise _day_means_missing(work)
    stored = {own: _stored(db, work, own, found, now) for own, found in sorted(work.kinds.items()) if found.categories}
    tally = Tally(
        sum(len(one.new) for one in stored.values()),
        sum(len(one.changed) for one in stored.values()),
        sum(one.n_same for one in stored.values()),
        sum(len(one.removed) for one in stored.values()),
    )
    versions = {f"version_{own}": one.version for own, one in stored.items()}
    return _account(work, book, readings, ignored, tally, versions)


def _stored(db: Connection, work: _Work, kind: str, found: _Found, now: datetime) -> categories.SheetStored:
    return categories.store_sheet(
        db,
        kind,
        _classes_first(found.categories.values()),
        found.filings,
        name="；".join(found.names)[:500] or work.file,
        file=work.file,
        day_means=work.day_means if found.has_bare_day else None,
        now=now,
    )


def _readings(book: Workbook) -> tuple[list[Reading], list[str]]:
    """The sheets that are category sheets, and the names of those that are not."""
    readings, ignored = [], list(book.hidden)
    for one in book.sheets:
        reading = sheet.read(one)
        if reading is not None:
            readings.append(reading)
        elif one.rows:
            ignored.append(one.name)
    if not readings:
        raise Refused("category_sheet_missing", sheets=", ".join(ignored)[:200])
    return readings, ignored


def _kind_of(reading: Reading, file: str, asked: str | None, *, alone: bool) -> str | None:
    """What the sheet's name or title says, or the file's name where it has one sheet, else what the sender says."""
    said = reading.kind or (sheet.kind_said([file]) if alone else None)
    if said and asked and said != asked:
        raise Refused("category_kind_differs", sheet=reading.name or file, said=said, asked=asked)
    return said or asked


def _row(work: _Work, found: _Found, kind: str, row: Row, taken: dict[str, str]) -> None:
    """Takes one filing condition, and the class and subclass it belongs to."""
    class_code = KIND_LETTERS[kind] + row.class_code
    levels = [(class_code, row.class_name, None), (class_code + row.code, row.name, class_code)]
    if row.third is not None:
        levels.append((class_code + row.code + row.third[0], row.third[1], class_code + row.code))
    for at, (code, name, _) in enumerate(levels):
        if taken.get(code, CITY) != CITY:
            work.refuse(row.place, "category_code_taken", category=code, taxonomy=taken[code])
            return
        known = found.categories.get(code)
        if known is not None and known.name_zh != name:
            facts = {"category": code, "found": name, "first": known.name_zh, "first_row": work.first_row[code].row}
            if at > 0:
                # The number decides the limit of a report: two things under one number are not sorted out here.
                work.refuse(row.place, "category_other_name", **facts)
                return
            if (code, name) not in work.other_names:
                work.faults.append(Fault(row.place, "category_class_other_name", facts, "repaired"))
            work.other_names.add((code, name))
    for code, name, parent in levels:
        if code not in found.categories:
            found.categories[code] = Category(code, name, name, CITY, kind, parent)
            work.first_row[code] = row.place
    _condition(work, found, row, levels[-1][0], found.categories[class_code].name_zh)


def _condition(work: _Work, found: _Found, row: Row, code: str, class_name: str) -> None:
    read: Parsed = parse(row.limit, work.day_means)
    problem = read.problem
    if problem == "day_means_missing":
        work.bare_days.append((row.place, row.limit or ""))
    filing = Filing(
        code=code,
        class_name=class_name,
        name=found.categories[code].name_zh,
        text=row.condition,
        limit_raw=row.limit,
        limit_problem=problem,
        milestones=tuple(one.to_json() for one in read.milestones),
        closing=row.closing,
        supervisors=row.supervisors,
        responsibles=row.responsibles,
        legal_basis=row.legal_basis,
        clauses=row.clauses,
        notes=row.notes,
    )
    first = work.at_text.get((code, row.condition))
    if first is not None:
        same = (first[1].milestones, first[1].limit_raw, first[1].closing) == (
            filing.milestones,
            row.limit,
            row.closing,
        )
        facts = {"category": code, "found": row.condition[:60], "first_row": first[0].row}
        which = ("category_condition_repeated", "repaired") if same else ("category_condition_twice", "refused")
        work.faults.append(Fault(row.place, which[0], facts, which[1]))
        return
    work.at_text[code, row.condition] = (row.place, filing)
    found.has_bare_day = found.has_bare_day or read.has_bare_day
    found.filings.append(filing)
    if problem is not None:
        work.unread.append((row.place, row.limit, problem, code))


def _day_means_missing(work: _Work) -> Refused:
    """The refusal of a file with bare days that nobody has given a meaning, with where they stand."""
    by_sheet: dict[str, list[int]] = {}
    for place, _ in work.bare_days:
        by_sheet.setdefault(place.sheet, []).append(place.row)
    at = "; ".join(f"{name} {words.listed(rows)}".strip() for name, rows in by_sheet.items())
    common = Counter(limit for _, limit in work.bare_days).most_common(5)
    return Refused(
        "day_means_missing",
        n=len(work.bare_days),
        rows=at,
        found=", ".join(f"{limit} ({n})" for limit, n in common),
        rows_by_sheet={name or work.file: rows for name, rows in by_sheet.items()},
    )


def _classes_first(found: Iterable[Category]) -> list[Category]:
    return sorted(found, key=lambda one: (len(one.code), one.code))


def _account(
    work: _Work,
    book: Workbook,
    readings: Sequence[Reading],
    ignored: Sequence[str],
    tally: Tally,
    versions: dict[str, int],
) -> Account:
    order = {reading.name: at for at, reading in enumerate(readings)}
    work.faults.sort(key=lambda fault: (order[fault.place.sheet], fault.place.row))
    refused = [fault for fault in work.faults if fault.kind == "refused"]
    bad = {fault.place for fault in refused}
    repaired = [fault for fault in work.faults if fault.kind == "repaired" and fault.place not in bad]
    codes = [code for found in work.kinds.values() for code in found.categories]
    filings = [filing for found in work.kinds.values() for filing in found.filings]
    notes = [Problem(None, "category_sheet_ignored", {"sheet": name}, "note") for name in ignored]
    notes += [
        Problem(None, problem, _at(place, work.file) | {"found": (raw or "")[:60], "category": code}, "note")
        for place, raw, problem, code in work.unread
    ]
    extra = {
        "sheets": {"read": len(readings), "ignored": len(ignored)} | versions,
        "categories": {
            "classes": sum(len(code) == 3 for code in codes),
            "subclasses": sum(len(code) == 5 for code in codes),
            "thirds": sum(len(code) == 7 for code in codes),
            "conditions": len(filings),
        },
        "limits": {
            "with_limit": sum(bool(filing.milestones) for filing in filings),
            "without_limit": sum(not filing.milestones for filing in filings),
            "staged": sum(len(filing.milestones) > 1 for filing in filings),
        },
        "filled": {
            "carried": sum(reading.n_carried for reading in readings),
            "merged": sum(reading.n_merged for reading in readings),
        },
    }
    return Account(
        kind="categories",
        file=work.file,
        format=book.format,
        encoding=book.encoding,
        crs="",
        n_read=sum(reading.n_read for reading in readings),
        tally=tally,
        n_refused=len(bad),
        n_repaired=len({fault.place for fault in repaired}),
        refused=_problems(refused, work.file),
        repaired=_problems(repaired, work.file),
        refused_by_code=dict(Counter(fault.code for fault in refused).most_common()),
        notes=tuple(notes),
        extra=extra,
        columns=readings[0].columns,
    )


def _at(place: Place, file: str) -> dict[str, object]:
    return {"sheet": place.sheet or file, "at": place.row}


def _where(place: Place) -> str:
    """What a sentence about a row begins with: the sheet, where there are several."""
    return f"{place.sheet} · " if place.sheet else ""


def _problems(faults: Sequence[Fault], file: str) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            fault.place.row,
            fault.code,
            {"sheet": fault.place.sheet or file, "where": _where(fault.place), **fault.facts},
            "refused" if fault.kind == "refused" else "repaired",
        )
        for fault in faults[:MOST_TOLD]
    )
