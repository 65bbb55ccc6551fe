"""`gridsvc import households`: the register of doors."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

from geodata.files.sniff import sniff
from geodata.read import read
from gridsvc.cli import parser
from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.cli.taking import base_name, rule_of, write_errors
from gridsvc.imports import households, streams
from gridsvc.imports.account import Account


def imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account of a file of doors, and whether it was written."""
    path, fields = Path(args.file), parser.fields_of(args)
    if streams.is_csv(path):
        gc.freeze()
        source = households.from_csv(path, fields, args.crs)
    elif sniff(path) in ("xlsx", "xls"):
        source = households.from_workbook(path, fields, args.crs, args.sheet)
    else:
        source = households.from_layer(read(path, "households", crs=args.crs, fields=fields, table=args.sheet))
    how = households.Options(
        file=path.name,
        source=args.source or base_name(path.name),
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
