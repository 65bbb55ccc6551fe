"""`gridsvc import reports`."""

from __future__ import annotations

import argparse
from pathlib import Path
from zoneinfo import available_timezones

from geodata.read import read
from gridsvc.cli import parser
from gridsvc.cli.door import Door
from gridsvc.cli.progress import Step
from gridsvc.cli.taking import rule_of, write_errors
from gridsvc.errors import Refused
from gridsvc.imports import reports
from gridsvc.imports.account import Account, base_name, file_name
from gridsvc.imports.source import Source, is_table


def imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account of a file of reports, and whether it was written."""
    path = Path(args.file)
    source = _reports(path, args)
    with door.owner() as db:
        account, written = reports.take(db, source, _options(door, args, path), door.now, rule_of(door, args), step)
        write_errors(door, args, account, "reports")
        if written:
            db.commit()
    return account, written


def _reports(path: Path, args: argparse.Namespace) -> Source:
    fields = parser.fields_of(args)
    if is_table(path):
        return reports.from_csv(path, fields, args.crs, args.header_row)
    how = {"crs": args.crs, "table": args.sheet, "header_row": args.header_row}
    return reports.from_layer(read(path, "reports", fields=fields, required=reports.REQUIRED, **how))


def _options(door: Door, args: argparse.Namespace, path: Path) -> reports.Options:
    return reports.Options(
        file=file_name(path),
        source=args.source or base_name(file_name(path)),
        zone=_zone(door, args),
        far_m=door.settings.far_m,
        date_order=args.date_order or "ymd",
        allow_repeats=args.allow_repeats,
        skip_refused=args.skip_refused,
        write=args.commit,
        keep_refused=args.errors is not None,
    )


def _zone(door: Door, args: argparse.Namespace) -> str:
    zone = args.timezone or door.settings.timezone
    if zone not in available_timezones():
        raise Refused("timezone_unknown", zone=zone)
    return zone
