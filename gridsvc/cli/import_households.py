"""`gridsvc import households`: the register of doors."""

from __future__ import annotations

import argparse
from pathlib import Path

from geodata.errors import FileRefused
from geodata.layer import Fields
from geodata.read import read
from gridsvc.cli import parser
from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.cli.taking import rule_of, write_errors
from gridsvc.imports import households
from gridsvc.imports.account import Account, base_name, file_name
from gridsvc.imports.source import Source, is_book, is_table


def imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account of a file of doors, and whether it was written."""
    path, fields = Path(args.file), parser.fields_of(args)
    source = _doors(path, fields, args)
    how = households.Options(
        file=file_name(path),
        source=args.source or base_name(file_name(path)),
        kind=args.category_kind,
        skip_refused=args.skip_refused,
        write=args.commit,
        keep_refused=args.errors is not None,
    )
    with door.owner() as db:
        account, written = households.take(db, source, how, door.now, rule_of(door, args), step)
        write_errors(door, args, account, "households")
        if written:
            db.commit()
    return account, written


def _doors(path: Path, fields: Fields, args: argparse.Namespace) -> Source:
    if is_table(path):
        return households.from_csv(path, fields, args.crs, args.header_row)
    if is_book(path):
        try:
            return households.from_workbook(path, fields, args.crs, args.sheet, header_row=args.header_row)
        except FileRefused as error:
            if error.code != "format_not_a_table":  # a zip may hold shapes too
                raise
    return households.from_layer(
        read(path, "households", crs=args.crs, fields=fields, table=args.sheet, header_row=args.header_row)
    )
