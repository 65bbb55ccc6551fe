"""Files of doors that come over HTTP, for the page and the API: looked at, kept for a while, and taken in on a word.

One at a time is read in this process, one of an account in all of them. Nothing but a child without rights looks into
a file; what that may cost is less here than on the command line, which takes what is larger.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from geodata.crs import parse_crs
from geodata.errors import GeodataError
from geodata.files.headers import resolve
from geodata.files.rows import is_nameless
from geodata.layer import MIB, Kind, Limits
from geodata.write import write_refused
from gridsvc import door_rows
from gridsvc.errors import Conflict, GridsvcError, NotFound, Refused
from gridsvc.i18n import Locale, error_text
from gridsvc.imports import columns, fields, households
from gridsvc.imports.account import MOST_TOLD, Account, as_facts, base_name, reasons
from gridsvc.imports.households import Options
from gridsvc.imports.source import Source
from gridsvc.rules.roles import Actor, require
from gridsvc.uploads import Upload, Uploads, seen
from gridsvc.web import services
from gridsvc.web.deps import Unit, begun
from gridsvc.web.named_columns import in_words

DEED = "manage_households"
KIND: Kind = "households"
PATHS = frozenset({"/households/import", "/api/v1/households/import"})
MOST_BYTES = 20 * MIB
MOST_FORM_BYTES = MOST_BYTES + MIB  # what stands beside the file
MOST_ROWS = 50_000
FORMS_AT_ONCE = 4
LIMITS = Limits(
    file_bytes=MOST_BYTES,
    unpacked_bytes=256 * MIB,
    memory_bytes=1024 * MIB,
    wall_s=90.0,
    cpu_s=60,
    n_rows=MOST_ROWS,
    n_vertices=2_000_000,
    n_columns=columns.MOST_COLUMNS,
)
# Refusals that a choice beside the columns mends: the file waits for it; for a sheet or layer where it has another.
OF_SHEETS = frozenset(("sheet_missing", "sheet_too_wide", "gpkg_several_layers", "gpkg_layer_missing"))
MENDED = frozenset(("crs_missing", "crs_conflict", "header_row_is_data", "header_row_missing")) | OF_SHEETS
# Refusals that mean: too much for here, not wrong.
TOO_MUCH = frozenset(
    (
        *("door_import_large", "file_too_large", "file_unpacks_too_large", "file_has_too_many_rows"),
        *("file_has_too_many_vertices", "file_needs_too_much_memory", "reading_takes_too_long", "answer_too_large"),
    )
)
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_NAME = 200  # characters of a sheet that a form may send
_BY_ROW = ("refused", "repaired", "notes")


@dataclass(frozen=True)
class How:
    """How a file is taken, in the words of the command: `--crs`, `--sheet`, `--kind`, `--…-field`, `--header-row`."""

    crs: str | None = None
    sheet: str | None = None
    kind: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    header_row: int | None = None

    def check(self) -> None:
        """Returns where a file can be taken so, whatever it holds.

        Raises:
            CrsError: crs_unknown.
            Refused: as `fields.chosen`.
        """
        if self.crs is not None:
            parse_crs(self.crs)
        fields.chosen(KIND, self.fields)


@dataclass(frozen=True)
class _Looked:
    """How a file is taken, what is told of it, and the digest of that: of the account and of what is stored of doors it
    changes."""

    how: Mapping[str, Any]
    told: Mapping[str, Any]
    seen: str


def takes(scope: Scope) -> bool:
    """Whether a request is a form that brings such a file."""
    kind = Headers(scope=scope).get("content-type", "").lower()
    return bool(scope["method"] == "POST" and scope["path"] in PATHS and kind.startswith("multipart/form-data"))


async def look(request: Request, actor: Actor, name: str, content: BinaryIO | None, how: How) -> Upload:
    """What a file would change, which is kept for an hour; nothing is stored. It takes the place of the one before.

    Where it cannot be taken for want of something that can be said of it, it is kept too, and waits for that word.

    Raises:
        Refused: door_import_missing, and as `How.check`, `columns.named` and `Uploads.put`.
        GeodataError: the file, or its coordinate system; with the `digest` under which it waits, if it does (MENDED).
        TooMany, Unavailable: another one is being read.
    """
    mine, account_id = services.of(request), _account_id(actor)
    if content is None:
        raise Refused("door_import_missing")
    how.check()
    uploads = mine.uploads
    with uploads.alone(account_id):
        async with mine.imports.turn():
            now = mine.clock()
            sha256 = await run_in_threadpool(uploads.put, account_id, content, MOST_BYTES, now)
            upload = Upload(sha256, _plain(name), now.isoformat(), vars(how), {}, "", of=_acting(actor))
            try:
                looked = await _looked(request, upload, account_id)
            except (GeodataError, GridsvcError) as error:
                error.facts |= {"file": upload.name}
                if error.code not in MENDED or (error.code == "sheet_too_wide" and len(_sheets(error)) == 1):
                    uploads.drop(account_id)
                    raise
                half = await run_in_threadpool(_half_read, uploads.path(account_id), upload, error)
                error.facts |= {"digest": _noted(uploads, account_id, upload, half).seen}
                raise
            return _noted(uploads, account_id, upload, looked)


async def look_again(request: Request, actor: Actor, digest: str, how: How) -> Upload:
    """What the waiting file would change if it is taken in another way; nothing is stored, and its hour stays.

    Where it cannot be taken so, all is as it was.

    Raises:
        NotFound: door_import_gone.
        Conflict: door_import_other: another file took its place; door_import_stored.
        Refused, GeodataError, TooMany, Unavailable: as `look`.
    """
    mine, account_id = services.of(request), _account_id(actor)
    how.check()
    with mine.uploads.alone(account_id):
        upload = waiting(mine.uploads, request, actor)
        if upload.seen != digest:
            raise Conflict("door_import_other")
        if upload.stored:
            raise Conflict("door_import_stored")
        async with mine.imports.turn():
            anew = replace(upload, how=vars(how))
            try:
                looked = await _looked(request, anew, account_id)
            except (GeodataError, GridsvcError) as error:
                error.facts |= {"file": upload.name}
                raise
            return _noted(mine.uploads, account_id, anew, looked)


async def store(request: Request, actor: Actor, digest: str, *, skip_refused: bool) -> tuple[Upload, bool]:
    """The file that was looked at, and whether it is stored now; not where it would do something else than was told:
    then what is told of it is what it would do now, and nothing was changed.

    A file that is stored already is not stored once more: who did not hear the answer may ask again.

    Raises:
        NotFound: door_import_gone.
        Conflict: door_import_other: another file took its place; door_import_waits: it could not be taken yet.
        Refused: door_import_refused: rows are refused, and are not to be skipped.
        GeodataError, TooMany, Unavailable: as `look`.
    """
    mine, account_id = services.of(request), _account_id(actor)
    with mine.uploads.alone(account_id):
        upload = waiting(mine.uploads, request, actor)
        if upload.seen != digest:
            raise Conflict("door_import_other")
        if upload.stored:
            return upload, True
        if "wrong" in upload.told:
            raise Conflict("door_import_waits")
        n_refused = upload.told["rows"]["refused"]
        if n_refused and not skip_refused:
            raise Refused("door_import_refused", n=n_refused)
        async with mine.imports.turn():
            looked = await _looked(request, upload, account_id, digest=digest, skip_refused=skip_refused)
        now_seen = _noted(mine.uploads, account_id, upload, looked)
        if now_seen.seen != digest:
            return now_seen, False
        done = replace(now_seen, stored=True)
        mine.uploads.note(account_id, done)
        if (how := How(**done.how).fields) and _says(_header(done)):
            mine.uploads.remember(account_id, _header(done), how)
        return done, True


def last(uploads: Uploads, request: Request, actor: Actor) -> Upload | None:
    """The file that this person has sent last, and what was told of it; None where its hour is over."""
    found = uploads.get(_account_id(actor), services.of(request).clock())
    # One that an earlier version looked at says too little, and one that was looked at in another role or for other
    # areas perhaps too much; its hour is over soon.
    return found if found is not None and "file_columns" in found.told and found.of == _acting(actor) else None


def _acting(actor: Actor) -> str:
    """What decides which doors somebody sees who keeps the register."""
    return f"{actor.role} {sorted(actor.area_ids)}"


def offered(uploads: Uploads, actor: Actor, upload: Upload) -> dict[str, str] | None:
    """What this person last said of a stored file with the same columns, where the waiting one is not taken so.

    Of columns without names nothing is the same but how many they are.
    """
    header = _header(upload)
    found = uploads.recalled(_account_id(actor), header) if not upload.stored and _says(header) else None
    return None if found == How(**upload.how).fields else found


def _header(upload: Upload) -> list[str]:
    return [one["column"] for one in upload.told["file_columns"]]


def _says(header: list[str]) -> bool:
    return not all(map(is_nameless, header))


def drop(uploads: Uploads, actor: Actor) -> None:
    """Nothing; afterwards this person has no file here.

    Raises:
        TooMany: it is being read.
    """
    account_id = _account_id(actor)
    with uploads.alone(account_id):
        uploads.drop(account_id)


def waiting(uploads: Uploads, request: Request, actor: Actor) -> Upload:
    """The same.

    Raises:
        NotFound: door_import_gone.
    """
    found = last(uploads, request, actor)
    if found is None:
        raise NotFound("door_import_gone")
    return found


async def refused_table(request: Request, actor: Actor, locale: Locale) -> Response:
    """The refused rows of the waiting file as the sender's own table with the reasons: Excel of Excel, else CSV.

    Raises:
        NotFound: door_import_gone; door_import_all_right: no row is refused.
        GeodataError, TooMany, Unavailable: as `look`.
    """
    mine, account_id = services.of(request), _account_id(actor)
    with mine.uploads.alone(account_id):  # else another file could come under these reasons
        upload = waiting(mine.uploads, request, actor)
        if not upload.told["refused"]:
            raise NotFound("door_import_all_right")
        async with mine.imports.turn():
            return await run_in_threadpool(_refused, mine.uploads.path(account_id), upload, locale)


def worded(told: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
    """An account with the sentence of each row and note."""
    with_words = dict(told)
    for name in _BY_ROW:
        with_words[name] = [one | {"message": _sentence(one, locale)} for one in told[name][:MOST_TOLD]]
    if wrong := told.get("wrong"):
        with_words["wrong"] = wrong | {"message": error_text(wrong["code"], locale, **wrong["detail"])}
    return with_words


def _sentence(one: Mapping[str, Any], locale: Locale) -> str:
    return error_text(one["code"], locale, **(in_words(one["detail"], locale) | {"row": one["row"]}))


async def _looked(
    request: Request, upload: Upload, account_id: int, *, digest: str | None = None, skip_refused: bool = False
) -> _Looked:
    """A waiting file as it is now; with the digest of what was looked at, stored where it is still that."""
    mine, how = services.of(request), How(**upload.how)
    path = mine.uploads.path(account_id)
    wanted = fields.chosen(KIND, how.fields)
    source = await run_in_threadpool(households.decoded, path, how.crs, how.sheet, LIMITS, wanted, how.header_row)
    upload = replace(upload, how=vars(replace(how, fields=columns.named(list(source.samples), how.fields))))
    async with begun(request) as unit:
        require(unit.actor, DEED)
        options = Options(
            file=upload.name,
            source=base_name(upload.name),
            kind=how.kind,
            skip_refused=skip_refused,
            write=digest is not None,
            keep_refused=True,
            actor=unit.actor,
        )
        return await run_in_threadpool(_taken, unit, source, options, upload, digest)


def _taken(unit: Unit, source: Source, how: Options, upload: Upload, digest: str | None) -> _Looked:
    rule = unit.mine.rule
    account = households.look(unit.db, source, how, unit.now, rule, _quietly)
    told = _told(account) | _of_file(source, source.fields.given(), upload.told.get("sheets", []))
    told |= {"lacking": households.lacking(source)}
    looked = _Looked(upload.how, told, _seen(upload, told, door_rows.before_change(unit.db)))
    same = looked.seen == digest
    if same:
        households.store(unit.db, account, how, unit.now, rule, _quietly)
    unit.end(well=same)
    return looked


def _half_read(path: Path, upload: Upload, error: GeodataError | GridsvcError) -> _Looked:
    """What can be told of a file that cannot be taken so: its columns and sheets, as far as they can be read at all."""
    how = How(**upload.how)
    if error.code != "crs_missing":  # what is named may stand elsewhere
        how = replace(how, fields={}, sheet=None if error.code in OF_SHEETS else how.sheet)
    if error.code in ("header_row_is_data", "header_row_missing"):
        how = replace(how, header_row=0)
    wanted, nowhere = fields.chosen(KIND, how.fields), dict.fromkeys(("lon", "lat", "x", "y", "wkt"), "")
    told: dict[str, Any] = {"refused": [], "repaired": [], "notes": [], "lacking": [], "columns": {}}
    told |= {
        "file_columns": [],
        "sheets": _sheets(error),
        "is_table": False,
        "wrong": {"code": error.code, "detail": dict(error.facts)},
    }
    try:
        source = households.decoded(path, None, how.sheet, LIMITS, replace(wanted, **nowhere), how.header_row)
        found = resolve(list(source.samples), wanted, KIND).given()
        told |= _of_file(source, found, told["sheets"]) | {"columns": found}
    except GeodataError as other:
        # A map has its shapes in some system, and nothing of it is read before it is known in which.
        told["wrong"]["detail"] |= {"unread": other.code}
    return _Looked(vars(how), told, _seen(upload, told, ""))


def _sheets(error: GeodataError | GridsvcError) -> list[str]:
    """The sheets or layers that a refusal names, of which one can be chosen."""
    return [name for name in error.facts.get("names", []) if len(name) <= MOST_NAME]  # type: ignore[attr-defined]


def _of_file(source: Source, found: Mapping[str, str], known: list[str]) -> dict[str, Any]:
    """`known`: the layers of a map, which is read one by one and names the others only where none was chosen."""
    own = columns.told(source.samples, found, fields.OF_PLACES)
    return {"file_columns": own, "sheets": list(source.sheets) or known, "is_table": not source.of_map}


def _noted(uploads: Uploads, account_id: int, upload: Upload, looked: _Looked) -> Upload:
    noted = replace(upload, how=looked.how, told=looked.told, seen=looked.seen)
    uploads.note(account_id, noted)
    return noted


def _told(account: Account) -> dict[str, Any]:
    every = [{"row": one.row, "code": one.code, "detail": dict(one.facts)} for one in account.refused]
    return as_facts(account) | {"refused": every}


def _seen(upload: Upload, all_told: Mapping[str, Any], before: str) -> str:
    # Without the box around all doors, whose last digit hangs on the order in which the database adds up.
    told = {name: value for name, value in all_told.items() if name != "extent"}
    return seen(upload.sha256, upload.how, told | {"before": before})


def _refused(path: Path, upload: Upload, locale: Locale) -> Response:
    every = upload.told["refused"]
    said = ((one["row"], _sentence(one, locale)) for one in every)
    joined = reasons(said, "；" if locale == "zh" else "; ")
    ending = "xlsx" if upload.told["format"] in ("xlsx", "xls") else "csv"
    at, how = datetime.fromisoformat(upload.at), How(**upload.how)
    wanted = fields.chosen(KIND, how.fields)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"refused.{ending}"
        where: dict[str, Any] = {"table": how.sheet, "header_row": how.header_row, "limits": LIMITS}
        write_refused(path, joined, out, at=at, kind=KIND, fields=wanted, **where)
        content = out.read_bytes()
    named = quote(f"{base_name(upload.name)}.{ending}", safe="")
    disposition = f"attachment; filename=\"refused.{ending}\"; filename*=UTF-8''{named}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type=MEDIA[ending])


def _plain(name: str) -> str:
    """What a browser calls the file, without folders and what cannot be shown."""
    shown = "".join(letter for letter in name.encode("utf-8", "replace").decode() if letter.isprintable())
    return shown.replace("\\", "/").rpartition("/")[2].strip()[-80:] or "-"


def _account_id(actor: Actor) -> int:
    if actor.account_id is None:
        raise ValueError("nobody")  # the table of roles allows it to no one without an account
    return actor.account_id


def _quietly(what: str, done: int, of: int | None) -> None:
    """An answer over HTTP has no bar."""
