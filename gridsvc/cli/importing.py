"""`gridsvc import`: reads a file, tells its account, and with --commit makes it so, wholly or not at all."""

from __future__ import annotations

import argparse
from pathlib import Path

from sqlalchemy import Connection

from geodata.errors import GeodataError
from geodata.layer import Kind, Layer
from geodata.read import read
from gridsvc.cli import accounts, parser
from gridsvc.cli.door import FINE, WRONG, Door
from gridsvc.cli.progress import Step, shown
from gridsvc.errors import GridsvcError, Refused
from gridsvc.imports import grids
from gridsvc.imports.account import Account

REQUIRED: dict[str, tuple[str, ...]] = {"grids": grids.REQUIRED}


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code: that of the same call with --commit, whether or not it was given."""
    refuse_foreign_options(args)
    try:
        return _run(door, args)
    except (GeodataError, GridsvcError) as error:
        error.facts.setdefault("file", Path(args.file).name)
        raise


def _run(door: Door, args: argparse.Namespace) -> int:
    with shown(door) as step:
        layer = None if _streams(args) else _read(args, step)
        with door.owner() as db:
            account = _take(door, db, args, layer, step)
            good = not account.n_refused or args.skip_refused
            committed = bool(args.commit and good)
            if committed:
                db.commit()
    _tell(door, args, account, committed)
    return FINE if good else WRONG


def refuse_foreign_options(args: argparse.Namespace) -> None:
    """Returns when every given option means something for the kind.

    Raises:
        Refused: option_not_for_kind.
    """
    given = {name for name, value in vars(args).items() if value not in (None, False)}
    for option, kinds in parser.ONLY_FOR.items():
        if option in given and args.kind not in kinds:
            raise Refused("option_not_for_kind", option=f"--{option.replace('_', '-')}", kind=args.kind)
    for name in sorted(given):
        role = name.removesuffix("_field")
        if role != name and role not in parser.FIELDS_OF[args.kind]:
            raise Refused("option_not_for_kind", option=f"--{role}-field", kind=args.kind)


def _streams(args: argparse.Namespace) -> bool:
    return False


def _read(args: argparse.Namespace, step: Step) -> Layer:
    step("read", 0, None)
    kind: Kind = args.kind
    fields = parser.fields_of(args)
    return read(
        Path(args.file), kind, crs=args.crs, fields=fields, required=REQUIRED.get(args.kind, ()), table=args.sheet
    )


def _take(door: Door, db: Connection, args: argparse.Namespace, layer: Layer | None, step: Step) -> Account:
    step("check", 0, None)
    assert layer is not None  # noqa: S101
    name = Path(args.file).name
    options = {"default": args.layer or "base", "replace": args.replace, "by_column": args.layer_field is not None}
    return grids.take(db, layer, name, door.now, **options)


def _tell(door: Door, args: argparse.Namespace, account: Account, committed: bool) -> None:
    if door.json:
        door.tell(accounts.as_json(door, account, committed=committed))
    accounts.tell(door, account)
    if committed:
        door.say(door.word("cli.import.committed"))
        if account.kind == "grids":
            door.say(door.word("cli.import.publish_hint"))
    elif account.n_refused and not args.skip_refused:
        key = "cli.import.refused_all" if args.commit else "cli.import.refused_hint"
        door.warn(door.word(key, n=account.n_refused))
    else:
        door.say(door.word("cli.import.not_committed"))
