"""`gridsvc calendar`: fills the working calendar from the library, takes a year from a file, shows a year."""

from __future__ import annotations

import argparse
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from gridsvc import worktime
from gridsvc.cli import accounts
from gridsvc.cli.door import FINE, WRONG, Door
from gridsvc.errors import Refused
from gridsvc.imports import calendar as arrangement
from gridsvc.imports.account import file_name

_YEARS = re.compile(r"(\d{4})(?:\s*-\s*(\d{4}))?")
_MOST_YEARS = 200


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code of `calendar fill`, `calendar import` or `calendar show`."""
    return {"fill": _fill, "import": _import, "show": _show}[args.deed](door, args)


def years_of(text: str) -> list[int]:
    """The years that a command line names.

    Raises:
        Refused: `calendar_years_unreadable`.

    >>> years_of("2024-2026"), years_of("2024,2026")
    ([2024, 2025, 2026], [2024, 2026])
    """
    years: set[int] = set()
    for part in text.replace("，", ",").split(","):
        found = _YEARS.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last < first + _MOST_YEARS:
            raise Refused("calendar_years_unreadable", found=text[:60])
        years.update(range(first, last + 1))
    return sorted(years)


def _one(text: str) -> int:
    years = years_of(text)
    if len(years) > 1:
        raise Refused("calendar_years_unreadable", found=text[:60])
    return years[0]


def told(years: tuple[int, ...]) -> str:
    """Years for a sentence, runs of them drawn together.

    >>> told((2004, 2005, 2006, 2026)), told(())
    ('2004-2006, 2026', '-')
    """
    runs: list[list[int]] = []
    for year in years:
        if runs and runs[-1][1] == year - 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs) or "-"


def _fill(door: Door, args: argparse.Namespace) -> int:
    years = years_of(args.years) if args.years else None
    with door.owner() as db:
        filled = worktime.fill(db, years, door.now)
        db.commit()
    if door.json:
        door.tell({"source": worktime.SOURCE, **vars(filled)})
    for what in ("new", "changed", "same", "kept"):
        which: tuple[int, ...] = getattr(filled, what)
        if which:
            door.say(door.word(f"worktime.filled_{what}", years=told(which), source=worktime.SOURCE))
    return FINE


def _import(door: Door, args: argparse.Namespace) -> int:
    path = Path(args.file)
    year = _one(args.year)
    days, problems = arrangement.read(path, year, args.sheet)
    if not days and not problems:
        raise Refused("calendar_file_empty", file=path.name)
    wrong = [accounts.message(door, problem.code, problem.row, problem.facts) for problem in problems]
    what = None
    if not problems:
        with door.owner() as db:
            what = worktime.save(db, year, days, file_name(path), door.now, by_hand=True)
            db.commit()
    counts = {"n_off": sum(not day.works for day in days), "n_worked": sum(day.works for day in days)}
    if door.json:
        door.tell({"year": year, "stored": what, **counts, "refused": wrong})
    for sentence in wrong:
        door.warn(sentence)
    if problems:
        door.warn(door.word("worktime.import_refused", n=len(problems)))
        return WRONG
    door.say(door.word(f"worktime.imported_{what}", year=year, **counts))
    return FINE


def _show(door: Door, args: argparse.Namespace) -> int:
    zone = door.settings.timezone
    with door.owner() as db:
        calendar, years = worktime.load(db, zone), worktime.known(db)
        year = _one(args.year) if args.year else calendar.day_of(door.now).year
        found = worktime.stored(db, year)
    first, days = date(year, 1, 1), found.days if found else ()
    n_days = (date(year + 1, 1, 1) - first).days
    n_working = sum(calendar.works(first + timedelta(days=n)) for n in range(n_days))
    if door.json:
        door.tell(
            {
                "year": year,
                "known": found is not None,
                "source": found and found.source,
                "n_working_days": n_working,
                "days": [_as_json(day) for day in days],
                "known_years": years,
            }
        )
    key = "worktime.show_known" if found else "worktime.show_unknown"
    facts = {"source": found.source, "filled": found.filled_at.astimezone(calendar.tz)} if found else {}
    door.say(door.word(key, year=year, n=n_working, **facts))
    for day in days:
        word = door.word("worktime.worked" if day.works else "worktime.off")
        door.say(f"  {day.day} {door.word(f'worktime.weekday_{day.day.weekday()}')}  {word}  {day.name}")
    door.say(door.word("worktime.known_years", years=told(years)))
    return FINE


def _as_json(day: worktime.Day) -> dict[str, Any]:
    return {"day": day.day.isoformat(), "works": day.works, "name": day.name}
