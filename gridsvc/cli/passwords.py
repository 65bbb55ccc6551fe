"""`gridsvc users import`: many accounts from one table, and the one sheet with the passwords of the new ones."""

from __future__ import annotations

import argparse
import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

import openpyxl
from openpyxl.cell import WriteOnlyCell

from geodata.write import guard, write_refused
from gridsvc.cli import accounts as told
from gridsvc.cli.door import FINE, WRONG, Door
from gridsvc.cli.progress import Step, shown
from gridsvc.errors import Conflict, Refused
from gridsvc.imports import accounts, columns
from gridsvc.imports.account import Account
from gridsvc.imports.accounts import Made

_ENDINGS = (".xlsx", ".csv")
_COLUMNS = ("login", "name", "role", "password")


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code: that of the same call with --commit, whether or not it was given."""
    out = None if args.out is None else Path(args.out)
    if out is not None:
        check(out)
    with shown(door) as step:
        account, made, committed = _imported(door, args, out, step)
    if door.json:
        answer = told.as_json(door, account, committed=committed)
        if committed and out is None:
            answer["passwords"] = [vars(one) | {"role": one.role} for one in made]
        door.tell(answer)
    told.tell(door, account)
    if committed:
        door.say(door.word("cli.import.committed"))
        _hand_over(door, made, out)
    elif account.n_refused and not args.skip_refused:
        key = "cli.import.refused_all" if args.commit else "cli.import.refused_hint"
        door.warn(door.word(key, n=account.n_refused))
    else:
        door.say(door.word("cli.import.not_committed"))
    return FINE if not account.n_refused or args.skip_refused else WRONG


def _imported(door: Door, args: argparse.Namespace, out: Path | None, step: Step) -> tuple[Account, list[Made], bool]:
    path = Path(args.file)
    step("read", 0, None)
    named = {role: args.__dict__[f"{role}_field"] for role in accounts.COLUMNS}
    wanted = {role: column for role, column in named.items() if column is not None}
    how = {"sheet": args.sheet, "header_row": args.header_row}
    table = columns.read(path, accounts.COLUMNS, accounts.REQUIRED, wanted=wanted, **how)
    with door.owner() as db:
        skip = bool(args.skip_refused)
        taken = accounts.take(
            db,
            table,
            path.name,
            write=bool(args.commit),
            skip_refused=skip,
            shown=lambda done, of: step("write", done, of),
        )
        account, made = taken.account, list(taken.new)
        _write_errors(door, args, path, account)
        good = bool(args.commit) and (skip or not account.n_refused)
        if not good:
            return account, [], False
        if out is not None and made:
            write(out, made)  # before anything is stored: an account whose password nobody has would be of no use
        try:
            db.commit()
        except BaseException:
            if out is not None and made:
                out.unlink(missing_ok=True)
            raise
    return account, made, True


def _hand_over(door: Door, made: Sequence[Made], out: Path | None) -> None:
    if not made:
        return
    if out is not None:
        door.say(door.word("cli.users.passwords_written", file=out))
    elif not door.json:  # there they are in the answer, and must not stand in a log of the words as well
        door.say(door.word("cli.users.passwords_told"))
        for one in made:
            door.say(f"  {one.login}\t{one.password}")


def check(out: Path) -> None:
    """Returns where a sheet of passwords can be written.

    Raises:
        Refused: `passwords_file_kind`, `export_folder_missing`.
        Conflict: `passwords_file_exists`.
    """
    if out.suffix.lower() not in _ENDINGS:
        raise Refused("passwords_file_kind", file=out.name)
    if not out.parent.is_dir():
        raise Refused("export_folder_missing", folder=str(out.parent))
    if out.exists():
        raise Conflict("passwords_file_exists", file=out.name)


def write(out: Path, made: Sequence[Made]) -> None:
    """Nothing; the sheet is there, and only its owner can read it."""
    content = _xlsx(made) if out.suffix.lower() == ".xlsx" else _csv(made)
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _row(one: Made) -> tuple[str, ...]:
    return one.login, one.name, ", ".join(one.roles), one.password


def _csv(made: Sequence[Made]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows([guard(cell) for cell in _row(one)] for one in made)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(made: Sequence[Made]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("accounts")
    for row in (_COLUMNS, *map(_row, made)):
        cells = [WriteOnlyCell(sheet, value=cell) for cell in row]
        for cell in cells:
            cell.data_type = "s"  # a login that begins with = is no formula
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _write_errors(door: Door, args: argparse.Namespace, path: Path, account: Account) -> None:
    if args.errors is None or not account.n_refused:
        return
    reasons: dict[int, str] = {}
    for one in account.refused:
        if one.row is not None:
            said = told.message(door, one.code, one.row, one.facts)
            reasons[one.row] = f"{reasons[one.row]}; {said}" if one.row in reasons else said
    how = {"kind": columns.READ_AS, "table": args.sheet, "header_row": args.header_row}
    write_refused(path, reasons, Path(args.errors), at=door.now, **how)
    door.say(door.word("cli.import.errors_written", file=args.errors))
