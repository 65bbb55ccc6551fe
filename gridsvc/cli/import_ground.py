"""`gridsvc import areas` and `grids`: shapes that are checked for gaps and overlaps."""

from __future__ import annotations

import argparse
from pathlib import Path

from geodata.read import read
from gridsvc.cli import parser
from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.cli.taking import whole
from gridsvc.imports import areas, grids
from gridsvc.imports.account import Account, file_name


def imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account of such a file, and whether it was written."""
    path, fields = Path(args.file), parser.fields_of(args)
    required = areas.REQUIRED if args.kind == "areas" else grids.REQUIRED
    where = {"crs": args.crs, "table": args.sheet, "header_row": args.header_row}
    layer = read(path, args.kind, fields=fields, required=required, **where)
    if args.kind == "areas":
        return whole(door, args, step, lambda db: areas.take(db, layer, file_name(path), level=args.level), "areas")
    how = {"default": args.layer or "base", "replace": args.replace, "by_column": bool(args.layer_field)}
    return whole(door, args, step, lambda db: grids.take(db, layer, file_name(path), door.now, **how), "grids")
