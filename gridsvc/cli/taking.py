"""What every kind of import asks: the name of its source, its rule of placement, the table of its refused rows."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from geodata.layer import Kind
from gridsvc.cli import accounts, parser
from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.errors import Refused
from gridsvc.grids import Rule
from gridsvc.imports.account import Account, reasons

MOST_NEAREST_M = 10_000


def whole(
    door: Door, args: argparse.Namespace, step: Step, take: Callable[[Connection], Account], kind: Kind
) -> tuple[Account, bool]:
    """The account of a file that is held in memory, and whether it was written: wholly or not at all."""
    with door.owner() as db:
        step("check", 0, None)
        account = take(db)
        good = bool(args.commit) and (not account.n_refused or bool(args.skip_refused))
        write_errors(door, args, account, kind)
        if good:
            db.commit()
    return account, good


def rule_of(door: Door, args: argparse.Namespace) -> Rule:
    """The rule of placement of this call.

    Raises:
        Refused: nearest_out_of_range.
    """
    nearest_max_m = door.settings.nearest_max_m if args.nearest_max_m is None else args.nearest_max_m
    if not 0 <= nearest_max_m <= MOST_NEAREST_M:
        raise Refused("nearest_out_of_range", found=nearest_max_m, most=MOST_NEAREST_M)
    return Rule(nearest_max_m, door.settings.timezone)


def write_errors(door: Door, args: argparse.Namespace, account: Account, kind: Kind) -> None:
    """Writes the refused rows as the sender's own table, each with its reasons; before anything is stored, so that rows
    left out are never without their table."""
    if args.errors is None or not account.n_refused:
        return
    said = (
        (one.row, accounts.message(door, one.code, one.row, one.facts))
        for one in account.refused
        if one.row is not None
    )
    joined = reasons(said, "；" if door.locale == "zh" else "; ")
    fields = parser.fields_of(args)
    path, where = Path(args.errors), {"table": args.sheet, "header_row": args.header_row}
    write_refused = importlib.import_module("geodata.write").write_refused  # few calls write a table; it loads much
    write_refused(Path(args.file), joined, path, at=door.now, kind=kind, fields=fields, **where)
    door.say(door.word("cli.import.errors_written", file=path))
