"""`gridsvc import compounds`, `workers` and `basemap`: files that are held in memory as a Layer."""

from __future__ import annotations

import argparse
from pathlib import Path

from geodata.read import read
from gridsvc.cli import parser
from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.cli.taking import whole
from gridsvc.imports import basemap, compounds, workers
from gridsvc.imports.account import Account, base_name, file_name


def imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account of such a file, and whether it was written."""
    path, fields = Path(args.file), parser.fields_of(args)
    required = basemap.REQUIRED if args.kind == "basemap" else ()
    how = {"crs": args.crs, "table": args.sheet, "header_row": args.header_row}
    layer = read(path, args.kind, fields=fields, required=required, **how)
    source = args.source or base_name(file_name(path))
    if args.kind == "workers":
        default, replace = args.layer, args.replace
        return whole(
            door,
            args,
            step,
            lambda db: workers.take(db, layer, file_name(path), default=default, replace=replace),
            args.kind,
        )
    take = compounds.take if args.kind == "compounds" else basemap.take
    return whole(door, args, step, lambda db: take(db, layer, file_name(path), source=source), args.kind)
