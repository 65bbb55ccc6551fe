"""`gridsvc import categories` and `taxonomy`: files that are read sheet by sheet."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from geodata.errors import FileRefused
from geodata.files.sheets import Workbook, bound_width
from geodata.read import read_sheets
from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.cli.taking import whole
from gridsvc.imports import categories, taxonomies
from gridsvc.imports.account import Account, file_name


def imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account of such a file, and whether it was written."""
    book = _sheets(Path(args.file), args)
    return whole(door, args, step, lambda db: _take_sheets(door, db, args, book), "any")


def _sheets(path: Path, args: argparse.Namespace) -> Workbook:
    """All worksheets of the file, or the one that is asked for."""
    book = read_sheets(path, categories.READING)
    asked = tuple(sheet for sheet in book.sheets if args.sheet in (None, sheet.name))
    if not asked and args.sheet is not None:
        names = ", ".join(sheet.name for sheet in book.sheets)[:200]
        raise FileRefused("sheet_missing", file=path.name, sheet=args.sheet[:80], found=names)
    for sheet in asked:
        bound_width(sheet, categories.READING)
    return book if args.sheet is None else replace(book, sheets=asked, hidden=())


def _take_sheets(door: Door, db: Connection, args: argparse.Namespace, book: Workbook) -> Account:
    """The account of a file that is read sheet by sheet."""
    file = file_name(args.file)
    if args.kind == "taxonomy":
        return taxonomies.take(db, book, file, taxonomy=args.taxonomy)
    return categories.take(db, book, file, door.now, day_means=args.day_means, kind=args.category_kind)
