"""`gridsvc import departments`, `responsibility` and `stagelimits`: plain tables."""

from __future__ import annotations

import argparse
from pathlib import Path

from sqlalchemy import Connection

from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.cli.taking import whole
from gridsvc.imports import columns, departments, limits, responsibility
from gridsvc.imports.account import Account, base_name, file_name
from gridsvc.imports.columns import Table


def imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account of such a table, and whether it was written."""
    module = {"departments": departments, "responsibility": responsibility, "stagelimits": limits}[args.kind]
    table = columns.read(Path(args.file), module.COLUMNS, module.REQUIRED, sheet=args.sheet, header_row=args.header_row)
    return whole(door, args, step, lambda db: _take_table(db, args, table), columns.READ_AS)


def _take_table(db: Connection, args: argparse.Namespace, table: Table) -> Account:
    """The account of a plain table."""
    file = file_name(args.file)
    if args.kind == "departments":
        return departments.take(db, table, file)
    if args.kind == "stagelimits":
        return limits.take(db, table, file, day_means=args.day_means, replace=args.replace)
    return responsibility.take(db, table, file, source=args.source or base_name(file), replace=args.replace)
