"""`gridsvc import areas`, `grids`, `compounds`, `workers` and `basemap`: files that are held in memory as a Layer."""

from __future__ import annotations

import argparse
from pathlib import Path

from sqlalchemy import Connection

from geodata.layer import Kind, Layer
from geodata.read import read
from gridsvc.cli import parser
from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.cli.taking import base_name, whole
from gridsvc.imports import areas, basemap, compounds, grids, workers
from gridsvc.imports.account import Account

REQUIRED: dict[str, tuple[str, ...]] = {
    "areas": areas.REQUIRED,
    "grids": grids.REQUIRED,
    "basemap": basemap.REQUIRED,
}


def imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account of such a file, and whether it was written."""
    layer = _read(Path(args.file), args)
    return whole(door, args, step, lambda db: _take(door, db, args, layer), args.kind)


def _read(path: Path, args: argparse.Namespace) -> Layer:
    kind: Kind = args.kind
    required = REQUIRED.get(args.kind, ())
    return read(path, kind, crs=args.crs, fields=parser.fields_of(args), required=required, table=args.sheet)


def _take(door: Door, db: Connection, args: argparse.Namespace, layer: Layer) -> Account:
    """The account of a file that is held in memory."""
    path = Path(args.file)
    source = args.source or base_name(path.name)
    if args.kind == "grids":
        default, named = args.layer or "base", args.layer_field is not None
        return grids.take(db, layer, path.name, door.now, default=default, replace=args.replace, by_column=named)
    if args.kind == "areas":
        return areas.take(db, layer, path.name, level=args.level)
    if args.kind == "workers":
        return workers.take(db, layer, path.name, default=args.layer, replace=args.replace)
    if args.kind == "compounds":
        return compounds.take(db, layer, path.name, source=source)
    return basemap.take(db, layer, path.name, source=source)
