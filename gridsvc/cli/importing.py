"""`gridsvc import`: reads a file, tells its account, and with --commit makes it so, wholly or not at all."""

from __future__ import annotations

import argparse
import gc
from dataclasses import replace
from pathlib import Path
from zoneinfo import available_timezones

from sqlalchemy import Connection

from geodata.errors import FileRefused, GeodataError
from geodata.files.sheets import Workbook
from geodata.files.sniff import sniff
from geodata.layer import Kind, Layer
from geodata.read import read, read_sheets
from geodata.write import write_refused
from gridsvc.cli import accounts, parser
from gridsvc.cli.door import FINE, WRONG, Door
from gridsvc.cli.progress import Step, shown
from gridsvc.errors import GridsvcError, Refused
from gridsvc.grids import Rule
from gridsvc.imports import (
    areas,
    basemap,
    categories,
    columns,
    compounds,
    departments,
    grids,
    households,
    limits,
    reports,
    responsibility,
    streams,
    taxonomies,
    workers,
)
from gridsvc.imports.account import Account
from gridsvc.imports.columns import Table

REQUIRED: dict[str, tuple[str, ...]] = {
    "areas": areas.REQUIRED,
    "grids": grids.REQUIRED,
    "basemap": basemap.REQUIRED,
    "reports": reports.REQUIRED,
}
MOST_NEAREST_M = 10_000
_ENDINGS = (".gz", ".zip", ".csv", ".geojson", ".json", ".gpkg", ".shp", ".xlsx", ".xls", ".osm", ".pbf")


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code: that of the same call with --commit, whether or not it was given."""
    refuse_foreign_options(args)
    try:
        with shown(door) as step:
            account, committed = _imported(door, args, step)
    except (GeodataError, GridsvcError) as error:
        error.facts.setdefault("file", Path(args.file).name)
        raise
    _tell(door, args, account, committed)
    return FINE if not account.n_refused or args.skip_refused else WRONG


def _imported(door: Door, args: argparse.Namespace, step: Step) -> tuple[Account, bool]:
    """The account, and whether the file was written: with --commit, and wholly or not at all."""
    path = Path(args.file)
    step("read", 0, None)
    if args.kind == "reports":
        # Millions of cells come and go, none in a cycle: what is loaded by now need not be looked through for one.
        gc.freeze()
        source = _reports(path, args)
        with door.owner() as db:
            account, written = reports.take(db, source, _options(door, args, path), door.now, _rule(door, args), step)
            _write_errors(door, args, account)
            if written:
                db.commit()
        return account, written
    if args.kind == "households":
        return _households(door, args, path, step)
    content = _content(path, args)
    with door.owner() as db:
        step("check", 0, None)
        if isinstance(content, Workbook):
            account = _take_sheets(door, db, args, content)
        elif isinstance(content, Table):
            account = _take_table(db, args, content)
        else:
            account = _take(door, db, args, content)
        good = bool(args.commit) and (not account.n_refused or bool(args.skip_refused))
        _write_errors(door, args, account)
        if good:
            db.commit()
    return account, good


def _households(door: Door, args: argparse.Namespace, path: Path, step: Step) -> tuple[Account, bool]:
    """The account of a file of doors, and whether it was written."""
    fields = parser.fields_of(args)
    if streams.is_csv(path):
        gc.freeze()
        source = households.from_csv(path, fields, args.crs)
    elif sniff(path) in ("xlsx", "xls"):
        source = households.from_workbook(path, fields, args.crs, args.sheet)
    else:
        source = households.from_layer(_read(path, args))
    how = households.Options(
        file=path.name,
        source=args.source or base_name(path.name),
        kind=args.category_kind,
        skip_refused=args.skip_refused,
        write=args.commit,
        keep_refused=args.errors is not None,
    )
    with door.owner() as db:
        account, written = households.take(db, source, how, door.now, _rule(door, args), step)
        _write_errors(door, args, account)
        if written:
            db.commit()
    return account, written


def _content(path: Path, args: argparse.Namespace) -> Layer | Workbook | Table:
    if args.kind in parser.TABLES:
        module = {"departments": departments, "responsibility": responsibility, "stagelimits": limits}[args.kind]
        return columns.read(path, module.COLUMNS, module.REQUIRED, sheet=args.sheet)
    return _read(path, args) if parser.FIELDS_OF[args.kind] else _sheets(path, args)


def _reports(path: Path, args: argparse.Namespace) -> reports.Source:
    fields = parser.fields_of(args)
    if streams.is_csv(path):
        return reports.from_csv(path, fields, args.crs)
    return reports.from_layer(_read(path, args))


def _options(door: Door, args: argparse.Namespace, path: Path) -> reports.Options:
    return reports.Options(
        file=path.name,
        source=args.source or base_name(path.name),
        zone=_zone(door, args),
        far_m=door.settings.far_m,
        date_order=args.date_order or "ymd",
        allow_repeats=args.allow_repeats,
        skip_refused=args.skip_refused,
        write=args.commit,
        keep_refused=args.errors is not None,
    )


def base_name(file: str) -> str:
    """A file's name without the endings of its format: the same for a table and the gzipped table.

    >>> base_name("reports.2026.csv.gz"), base_name("reports.2026.csv"), base_name("投诉.xlsx")
    ('reports.2026', 'reports.2026', '投诉')
    """
    shorter = next((file[: -len(e)] for e in _ENDINGS if file.lower().endswith(e) and len(file) > len(e)), file)
    return shorter if shorter == file else base_name(shorter)


def _zone(door: Door, args: argparse.Namespace) -> str:
    zone = args.timezone or door.settings.timezone
    if zone not in available_timezones():
        raise Refused("timezone_unknown", zone=zone)
    return zone


def _rule(door: Door, args: argparse.Namespace) -> Rule:
    nearest_max_m = door.settings.nearest_max_m if args.nearest_max_m is None else args.nearest_max_m
    if not 0 <= nearest_max_m <= MOST_NEAREST_M:
        raise Refused("nearest_out_of_range", found=nearest_max_m, most=MOST_NEAREST_M)
    return Rule(nearest_max_m, door.settings.timezone)


def refuse_foreign_options(args: argparse.Namespace) -> None:
    """Returns when every given option means something for the kind.

    Raises:
        Refused: option_not_for_kind.
    """
    given = {name for name, value in vars(args).items() if value not in (None, False)}
    for option, kinds in parser.ONLY_FOR.items():
        if option in given and args.kind not in kinds:
            flag = parser.FLAGS.get(option, f"--{option.replace('_', '-')}")
            raise Refused("option_not_for_kind", option=flag, kind=args.kind)
    of_categories = args.category_kind in ("part", "event")
    if args.category_kind is not None and of_categories != (args.kind == "categories"):
        raise Refused("option_not_for_kind", option=f"--kind {args.category_kind}", kind=args.kind)
    for name in sorted(given):
        role = name.removesuffix("_field")
        if role != name and role not in parser.FIELDS_OF[args.kind]:
            raise Refused("option_not_for_kind", option=f"--{role}-field", kind=args.kind)


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


def _take_table(db: Connection, args: argparse.Namespace, table: Table) -> Account:
    """The account of a plain table."""
    file = Path(args.file).name
    if args.kind == "departments":
        return departments.take(db, table, file)
    if args.kind == "stagelimits":
        return limits.take(db, table, file, day_means=args.day_means, replace=args.replace)
    return responsibility.take(db, table, file, source=args.source or base_name(file), replace=args.replace)


def _sheets(path: Path, args: argparse.Namespace) -> Workbook:
    """All worksheets of the file, or the one that is asked for."""
    book = read_sheets(path, categories.READING)
    if args.sheet is None:
        return book
    asked = tuple(sheet for sheet in book.sheets if sheet.name == args.sheet)
    if not asked:
        names = ", ".join(sheet.name for sheet in book.sheets)[:200]
        raise FileRefused("sheet_missing", file=path.name, sheet=args.sheet[:80], found=names)
    return replace(book, sheets=asked, hidden=())


def _take_sheets(door: Door, db: Connection, args: argparse.Namespace, book: Workbook) -> Account:
    """The account of a file that is read sheet by sheet."""
    file = Path(args.file).name
    if args.kind == "taxonomy":
        return taxonomies.take(db, book, file, taxonomy=args.taxonomy)
    return categories.take(db, book, file, door.now, day_means=args.day_means, kind=args.category_kind)


def _write_errors(door: Door, args: argparse.Namespace, account: Account) -> None:
    """Writes the refused rows as the sender's own table, each with its reasons; before anything is stored, so that rows
    left out are never without their table."""
    if args.errors is None or not account.n_refused:
        return
    reasons: dict[int, list[str]] = {}
    for problem in account.refused:
        if problem.row is not None:
            told = reasons.setdefault(problem.row, [])
            told.append(accounts.message(door, problem.code, problem.row, problem.facts))
    between = "；" if door.locale == "zh" else "; "
    joined = {row: between.join(dict.fromkeys(told)) for row, told in reasons.items()}
    kind: Kind = columns.READ_AS if args.kind in parser.TABLES else args.kind
    fields = parser.fields_of(args)
    path = Path(args.errors)
    write_refused(Path(args.file), joined, path, at=door.now, kind=kind, fields=fields, table=args.sheet)
    door.say(door.word("cli.import.errors_written", file=path))


def _tell(door: Door, args: argparse.Namespace, account: Account, committed: bool) -> None:
    if door.json:
        door.tell(accounts.as_json(door, account, committed=committed))
    accounts.tell(door, account)
    if committed:
        door.say(door.word("cli.import.committed"))
        if account.kind == "grids" and (account.tally.new or account.tally.changed or account.tally.removed):
            door.say(door.word("cli.import.publish_hint"))
    elif account.n_refused and not args.skip_refused:
        key = "cli.import.refused_all" if args.commit else "cli.import.refused_hint"
        door.warn(door.word(key, n=account.n_refused))
    else:
        door.say(door.word("cli.import.not_committed"))
