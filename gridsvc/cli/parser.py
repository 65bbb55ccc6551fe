"""The command line as one table: every command, its options, and the module that does it (loaded when called).

Where one deed of a command needs much that the others do not, its module is named `apart`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from geodata.layer import Fields
from gridsvc import __version__
from gridsvc.cli.words import Parser
from gridsvc.i18n import LOCALES, Locale, translate
from gridsvc.imports import fields as choices
from gridsvc.rules.limits import DAY_MEANS
from gridsvc.rules.roles import ROLES

# Plain tables without positions, whose columns are found by their usual names alone.
TABLES = ("departments", "responsibility", "stagelimits")
KINDS = (
    *("areas", "grids", "compounds", "workers", "basemap", "reports", "households", "categories", "taxonomy"),
    *TABLES,
)
EXPORTS = ("areas", "grids", "compounds", "reports")
FORMATS = ("geojson", "gpkg", "csv", "xlsx")
LAYERS = ("base", "dedicated")

# Which columns of the sender's table mean something for which kind of import; those of the sheets of another shape are
# found by their usual names alone.
FIELDS_OF = {kind: choices.FIELDS_OF.get(kind, ()) for kind in KINDS}
_LAYERED = tuple(kind for kind, roles in FIELDS_OF.items() if roles)
# Options of `import` beside the fields, with the kinds they are for; no entry: every kind.
ONLY_FOR: dict[str, tuple[str, ...]] = {
    "layer": ("grids", "workers"),
    "level": ("areas",),
    "replace": ("grids", "workers", "responsibility", "stagelimits"),
    "source": ("compounds", "basemap", "reports", "households", "responsibility"),
    "timezone": ("reports",),
    "date_order": ("reports",),
    "nearest_max_m": ("reports", "households"),
    "allow_repeats": ("reports",),
    "crs": ("areas", "grids", "compounds", "basemap", "reports", "households"),
    "errors": (*_LAYERED, *TABLES),
    "header_row": (*_LAYERED, *TABLES),
    "day_means": ("categories", "stagelimits"),
    "category_kind": ("categories", "households"),
    "taxonomy": ("taxonomy",),
}
# Options that are not called like what they set.
FLAGS = {"category_kind": "--kind"}


def build(locale: Locale) -> Parser:
    """The parser of the whole command line, its words in one language; loads nothing that a command needs."""
    say = _in(locale)
    top = Parser(locale=locale, prog="gridsvc", description=say("cli.about"), epilog=say("cli.more"))
    top.add_argument("--version", action="version", version=f"gridsvc {__version__}", help=say("cli.version"))
    top.add_argument("--lang", choices=LOCALES, help=say("cli.lang"))
    commands = _commands(top, locale, "command", "COMMAND")
    for name, fill in _COMMANDS.items():
        about = say(f"cli.{name}.about")
        one = commands.add_parser(
            name, help=about, description=about, epilog=say(f"cli.{name}.more"), usage=_USAGES.get(name)
        )
        one.add_argument("--lang", choices=LOCALES, default=argparse.SUPPRESS, help=say("cli.lang"))
        fill(one, locale)
    return top


_USAGES = {"import": "gridsvc import KIND FILE [--crs CRS] [--commit] [--json] [OPTIONS]"}


def _commands(one: Parser, locale: Locale, name: str, shown: str) -> argparse._SubParsersAction[Parser]:
    # typeshed wants a class here; argparse only calls it.
    inner = cast(type[Parser], partial(Parser, locale=locale))
    title = translate("cli.commands", locale)
    return one.add_subparsers(title=title, metavar=shown, dest=name, required=True, parser_class=inner)


def _in(locale: Locale) -> Callable[[str], str]:
    # argparse formats help with %, so a plain one is doubled.
    return lambda key: translate(key, locale).replace("%", "%%")


def _json(one: argparse._ActionsContainer, locale: Locale) -> None:
    one.add_argument("--json", action="store_true", help=translate("cli.json", locale))


def _demo(one: Parser, locale: Locale) -> None:
    one.set_defaults(module="gridsvc.cli.demo")
    _where(one, locale)


def _serve(one: Parser, locale: Locale) -> None:
    one.set_defaults(module="gridsvc.cli.serve")
    _where(one, locale)
    one.add_argument("--lan", action="store_true", help=translate("cli.serve.lan", locale))


def _where(one: Parser, locale: Locale) -> None:
    one.add_argument("--host", help=translate("cli.serve.host", locale))
    one.add_argument("--port", type=int, help=translate("cli.serve.port", locale))


def _db(one: Parser, locale: Locale) -> None:
    one.set_defaults(module="gridsvc.cli.dbadmin", apart={"status": "gridsvc.cli.dbstatus"})
    one.add_argument("deed", choices=("init", "upgrade", "status"), help=translate("cli.db.deed", locale))
    _json(one, locale)


def _import(one: Parser, locale: Locale) -> None:
    say = _in(locale)
    one.set_defaults(module="gridsvc.cli.importing")
    one.add_argument("kind", choices=KINDS, metavar="KIND", help=say("cli.import.kind"))
    one.add_argument("file", metavar="FILE", help=say("cli.import.file"))
    flags: tuple[tuple[str, dict[str, Any]], ...] = (
        ("--commit", {"action": "store_true"}),
        ("--crs", {"metavar": "CRS"}),
        ("--skip-refused", {"action": "store_true"}),
        ("--errors", {"metavar": "FILE"}),
        ("--json", {"action": "store_true"}),
        ("--sheet", {"metavar": "NAME"}),
        ("--header-row", {"type": int, "metavar": "N"}),
        ("--layer", {"choices": LAYERS}),
        ("--level", {"choices": ("city", "district", "subdistrict", "community")}),
        ("--replace", {"action": "store_true"}),
        ("--source", {"metavar": "NAME"}),
        ("--timezone", {"metavar": "ZONE"}),
        ("--date-order", {"choices": ("ymd", "mdy", "dmy")}),
        ("--nearest-max-m", {"type": float, "metavar": "M"}),
        ("--allow-repeats", {"action": "store_true"}),
        ("--day-means", {"choices": DAY_MEANS}),
        ("--kind", {"choices": ("part", "event", "household", "shop", "firm"), "dest": "category_kind"}),
        ("--taxonomy", {"metavar": "NAME"}),
    )
    for flag, kind in flags:
        key = kind.get("dest", flag.removeprefix("--").replace("-", "_"))
        kinds = f" [{', '.join(ONLY_FOR[key])}]" if key in ONLY_FOR else ""
        one.add_argument(flag, help=say("cli.json" if key == "json" else f"cli.import.{key}") + kinds, **kind)
    fields = one.add_argument_group(say("cli.import.fields"), say("cli.import.fields_about"))
    for role in dict.fromkeys(role for roles in FIELDS_OF.values() for role in roles):
        kinds = ", ".join(kind for kind, roles in FIELDS_OF.items() if role in roles)
        text = f"{say(f'cli.field.{role}')} [{kinds}]"
        fields.add_argument(f"--{role}-field", metavar="COLUMN", dest=f"{role}_field", help=text)


def fields_of(args: argparse.Namespace) -> Fields:
    """The columns that the command line names, by role."""
    named = {role: args.__dict__[f"{role}_field"] for role in FIELDS_OF[args.kind]}
    return choices.chosen(args.kind, {role: column for role, column in named.items() if column is not None})


def _publish(one: Parser, locale: Locale) -> None:
    say = _in(locale)
    one.set_defaults(module="gridsvc.cli.publish")
    one.add_argument("--layer", choices=LAYERS, help=say("cli.publish.layer"))
    one.add_argument("--strict", action="store_true", help=say("cli.publish.strict"))
    one.add_argument("--dry-run", action="store_true", help=say("cli.publish.dry_run"))
    _json(one, locale)


def _export(one: Parser, locale: Locale) -> None:
    say = _in(locale)
    one.set_defaults(module="gridsvc.cli.exporting")
    one.add_argument("kind", choices=EXPORTS, metavar="KIND", help=say("cli.export.kind"))
    one.add_argument("--format", choices=FORMATS, help=say("cli.export.format"))
    one.add_argument("--out", required=True, metavar="FILE", help=say("cli.export.out"))
    one.add_argument("--layer", choices=LAYERS, help=say("cli.export.layer"))
    one.add_argument("--draft", action="store_true", help=say("cli.export.draft"))
    one.add_argument("--source", metavar="NAME", help=say("cli.export.source"))
    one.add_argument("--overwrite", action="store_true", help=say("cli.export.overwrite"))
    _json(one, locale)


def _users(one: Parser, locale: Locale) -> None:
    say = _in(locale)
    one.set_defaults(module="gridsvc.cli.users", apart={"import": "gridsvc.cli.passwords"})
    deeds = _commands(one, locale, "deed", "DEED")
    made = {}
    for deed in ("add", "change", "import", "list", "disable", "enable", "password", "token"):
        about = say(f"cli.users.{deed}")
        made[deed] = deeds.add_parser(deed, help=about, description=about)
        if deed not in ("list", "import"):
            made[deed].add_argument("login", metavar="LOGIN", help=say("cli.users.login"))
        made[deed].add_argument("--lang", choices=LOCALES, default=argparse.SUPPRESS, help=say("cli.lang"))
        _json(made[deed], locale)
    for deed in ("add", "change"):
        add, new = made[deed], deed == "add"
        add.add_argument("--role", choices=ROLES, action="append", required=new, help=say("cli.users.role"))
        add.add_argument("--name", help=say("cli.users.name" if new else "cli.users.new_name"))
        nothing: list[str] | None = [] if new else None
        add.add_argument("--areas", "--area", nargs="+", default=nothing, metavar="CODE", help=say("cli.users.areas"))
        add.add_argument("--department", metavar="CODE", help=say("cli.users.department"))
        add.add_argument("--worker", metavar="CODE", help=say("cli.users.worker"))
    bulk = made["import"]
    bulk.add_argument("file", metavar="FILE", help=say("cli.users.import_file"))
    bulk.add_argument("--commit", action="store_true", help=say("cli.users.import_commit"))
    bulk.add_argument("--out", metavar="FILE", help=say("cli.users.import_out"))
    bulk.add_argument("--skip-refused", action="store_true", help=say("cli.import.skip_refused"))
    bulk.add_argument("--errors", metavar="FILE", help=say("cli.import.errors"))
    bulk.add_argument("--sheet", metavar="NAME", help=say("cli.import.sheet"))
    bulk.add_argument("--header-row", type=int, metavar="N", help=say("cli.import.header_row"))
    fields = bulk.add_argument_group(say("cli.import.fields"), say("cli.import.fields_about"))
    for role in choices.ACCOUNT_FIELDS:
        fields.add_argument(f"--{role}-field", metavar="COLUMN", help=say(f"cli.users.{role}"))
    for deed in ("add", "password"):
        made[deed].add_argument("--password-stdin", action="store_true", help=say("cli.users.password_stdin"))
    made["token"].add_argument("--label", default="", help=say("cli.users.label"))
    made["token"].add_argument("--role", choices=ROLES, help=say("cli.users.token_role"))
    made["token"].add_argument("--days", type=int, default=365, help=say("cli.users.days"))


def _calendar(one: Parser, locale: Locale) -> None:
    say = _in(locale)
    one.set_defaults(module="gridsvc.cli.calendar")
    deeds = _commands(one, locale, "deed", "DEED")
    made = {}
    for deed in ("fill", "import", "show"):
        about = say(f"cli.calendar.{deed}")
        made[deed] = deeds.add_parser(deed, help=about, description=about)
        made[deed].add_argument("--lang", choices=LOCALES, default=argparse.SUPPRESS, help=say("cli.lang"))
        _json(made[deed], locale)
    made["fill"].add_argument("--years", metavar="YEARS", help=say("cli.calendar.years"))
    made["import"].add_argument("file", metavar="FILE", help=say("cli.calendar.file"))
    made["import"].add_argument("--year", required=True, metavar="YEAR", help=say("cli.calendar.year_of_file"))
    made["import"].add_argument("--sheet", metavar="NAME", help=say("cli.calendar.sheet"))
    made["show"].add_argument("--year", metavar="YEAR", help=say("cli.calendar.year"))


def _escalate(one: Parser, locale: Locale) -> None:
    one.set_defaults(module="gridsvc.cli.escalate")
    _json(one, locale)


def _photos(one: Parser, locale: Locale) -> None:
    say = _in(locale)
    one.set_defaults(module="gridsvc.cli.photos")
    about = say("cli.photos.clean")
    clean = _commands(one, locale, "deed", "DEED").add_parser("clean", help=about, description=about)
    clean.add_argument("--dry-run", action="store_true", help=say("cli.photos.dry_run"))
    clean.add_argument("--lang", choices=LOCALES, default=argparse.SUPPRESS, help=say("cli.lang"))
    _json(clean, locale)


def _households(one: Parser, locale: Locale) -> None:
    say = _in(locale)
    one.set_defaults(module="gridsvc.cli.households")
    deeds = _commands(one, locale, "deed", "DEED")
    made = {}
    for deed in ("retain", "classes"):
        about = say(f"cli.households.{deed}")
        made[deed] = deeds.add_parser(deed, help=about, description=about)
        made[deed].add_argument("--lang", choices=LOCALES, default=argparse.SUPPRESS, help=say("cli.lang"))
        _json(made[deed], locale)
    days = say("cli.households.older_than_days")
    made["retain"].add_argument("--older-than-days", type=int, default=365, metavar="N", help=days)
    words = say("cli.households.words_older_than_days")
    made["retain"].add_argument("--words-older-than-days", type=int, default=1095, metavar="N", help=words)
    made["retain"].add_argument("--commit", action="store_true", help=say("cli.households.commit"))
    made["classes"].add_argument("--on", metavar="CODE", help=say("cli.households.switch_on"))
    made["classes"].add_argument("--off", metavar="CODE", help=say("cli.households.switch_off"))


def _audit(one: Parser, locale: Locale) -> None:
    say = _in(locale)
    one.set_defaults(module="gridsvc.cli.audit")
    deeds = _commands(one, locale, "deed", "DEED")
    made = {}
    for deed in ("verify", "anchor", "retain"):
        about = say(f"cli.audit.{deed}")
        made[deed] = deeds.add_parser(deed, help=about, description=about)
        made[deed].add_argument("--lang", choices=LOCALES, default=argparse.SUPPRESS, help=say("cli.lang"))
        _json(made[deed], locale)
    made["verify"].add_argument("--anchor", metavar="FILE", help=say("cli.audit.with_anchor"))
    made["anchor"].add_argument("out", metavar="FILE", help=say("cli.audit.out"))
    until = made["retain"].add_mutually_exclusive_group(required=True)
    until.add_argument("--before", metavar="DATE", help=say("cli.audit.before"))
    until.add_argument("--days", type=int, metavar="N", help=say("cli.audit.days"))
    made["retain"].add_argument("--dry-run", action="store_true", help=say("cli.audit.dry_run"))


_COMMANDS = {
    "demo": _demo,
    "serve": _serve,
    "db": _db,
    "import": _import,
    "publish": _publish,
    "export": _export,
    "users": _users,
    "calendar": _calendar,
    "escalate": _escalate,
    "photos": _photos,
    "audit": _audit,
    "households": _households,
}
