"""`gridsvc import`: reads a file, tells its account, and with --commit makes it so, wholly or not at all."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from geodata.errors import GeodataError
from gridsvc.cli import accounts, parser
from gridsvc.cli.door import FINE, WRONG, Door
from gridsvc.cli.progress import shown
from gridsvc.errors import GridsvcError, Refused
from gridsvc.imports.account import Account

# The module of each kind, loaded when a file of it comes: a table of departments needs no science of shapes.
MODULES = {
    **dict.fromkeys(("areas", "grids"), "gridsvc.cli.import_ground"),
    **dict.fromkeys(("compounds", "workers", "basemap"), "gridsvc.cli.import_layers"),
    **dict.fromkeys(parser.TABLES, "gridsvc.cli.import_tables"),
    **dict.fromkeys(("categories", "taxonomy"), "gridsvc.cli.import_sheets"),
    "reports": "gridsvc.cli.import_reports",
    "households": "gridsvc.cli.import_households",
}


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code: that of the same call with --commit, whether or not it was given."""
    refuse_foreign_options(args)
    try:
        with shown(door) as step:
            step("read", 0, None)
            kind = importlib.import_module(MODULES[args.kind])
            account, committed = kind.imported(door, args, step)
    except (GeodataError, GridsvcError) as error:
        error.facts.setdefault("file", Path(args.file).name)
        raise
    _tell(door, args, account, committed)
    return FINE if not account.n_refused or args.skip_refused else WRONG


def refuse_foreign_options(args: argparse.Namespace) -> None:
    """Returns when every given option means something for the kind.

    Raises:
        Refused: option_not_for_kind; columns_unnamed: nothing is known of the columns.
    """
    given = {name for name, value in vars(args).items() if value is not None and value is not False}
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
    if args.header_row == 0:  # then somebody has to say which column is what
        if not parser.FIELDS_OF[args.kind]:
            raise Refused("option_not_for_kind", option="--header-row 0", kind=args.kind)
        if not any(name.endswith("_field") and value for name, value in vars(args).items()):
            raise Refused("columns_unnamed", option=f"--{parser.FIELDS_OF[args.kind][0]}-field")


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
