"""`gridsvc export`: what is stored, as a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from sqlalchemy import Connection

from geodata.write import Format, write
from gridsvc import exports
from gridsvc.cli.door import FINE, Door
from gridsvc.cli.parser import FORMATS, LAYERS
from gridsvc.cli.progress import Step, shown
from gridsvc.errors import Conflict, NotFound, Refused

_BY_ENDING: dict[str, Format] = {"geojson": "geojson", "json": "geojson", "gpkg": "gpkg", "csv": "csv", "xlsx": "xlsx"}


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code; an existing file stays unless --overwrite."""
    path = Path(args.out)
    chosen = format_of(path, args.format)
    _refuse_foreign_options(args)
    if not path.parent.is_dir():
        raise NotFound("export_folder_missing", folder=str(path.parent))
    if path.exists() and not args.overwrite:
        raise Conflict("export_exists", file=str(path))
    with door.owner() as db, shown(door) as step:
        step("export", 0, None)
        n = _write(door, db, args, path, chosen, step)
    if door.json:
        door.tell({"kind": args.kind, "format": chosen, "file": str(path), "rows": n})
    door.say(door.word("cli.export.done", n=n, file=path))
    return FINE


def format_of(path: Path, given: str | None) -> Format:
    """The format that is asked for, else the one that the file's ending names.

    Raises:
        Refused: export_format_unknown.
    """
    ending = path.suffix.lower().removeprefix(".")
    chosen = _BY_ENDING.get(given or ending)
    if chosen is not None:
        return chosen
    raise Refused("export_format_unknown", file=path.name, formats=" / ".join(FORMATS))


def _refuse_foreign_options(args: argparse.Namespace) -> None:
    for option, value, kinds in (
        ("--layer", args.layer, ("grids",)),
        ("--draft", args.draft, ("grids",)),
        ("--source", args.source, ("compounds", "reports")),
    ):
        if value and args.kind not in kinds:
            raise Refused("option_not_for_kind", option=option, kind=args.kind)


def _write(door: Door, db: Connection, args: argparse.Namespace, path: Path, chosen: Format, step: Step) -> int:
    """How many rows were written."""
    zone = door.settings.timezone
    if args.kind == "reports" and chosen == "csv":
        # The only export that may be larger than memory.
        return exports.write_reports_csv(db, path, zone, step, args.source)
    if args.kind == "reports":
        frame = exports.reports(db, zone, args.source)
    elif args.kind == "grids":
        frame = exports.grids(db, [args.layer] if args.layer else LAYERS, draft=args.draft)
    elif args.kind == "areas":
        frame = exports.areas(db)
    else:
        frame = exports.compounds(db, args.source)
    write(frame, path, chosen, at=door.now, layer=args.kind)
    return len(frame)
