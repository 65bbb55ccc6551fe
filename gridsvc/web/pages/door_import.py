"""A file of doors into the register, in the browser: sent, looked at, then taken in or thrown away."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from geodata.errors import CrsError, GeodataError
from gridsvc.db import tables as t
from gridsvc.errors import Conflict, GridsvcError, Refused
from gridsvc.i18n import catalogue
from gridsvc.imports.fields import FIELDS_OF
from gridsvc.rules.roles import Actor
from gridsvc.uploads import Upload
from gridsvc.web import door_files, named_columns, services
from gridsvc.web.deps import asked
from gridsvc.web.door_files import How
from gridsvc.web.errors import refusal
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

SYSTEMS = ("wgs84", "cgcs2000", "gcj02", "bd09")  # others are typed
MOST_SHOWN = 200  # rows of one list; the download has them all
HERE = "/households/import"
Asker = Annotated[Actor, asked("manage_households")]
Word = Annotated[str, Form(max_length=200)]
# The field at which a refusal is told.
_FIELD_OF = {"door_import_refused": "f-skip", "geojson_crs_not_named": "f-crs"}
# Where a file waits for a word: the field beside its columns.
_CHOICE_OF = {
    **dict.fromkeys(door_files.OF_SHEETS, "a-sheet"),
    **dict.fromkeys(("header_row_is_data", "header_row_missing"), "a-header_row"),
}
FIELDS = FIELDS_OF[door_files.KIND]


class Sure(BaseModel):
    """What the form beside an account sends: which account it was, and whether refused rows stay out."""

    digest: Annotated[str, Field(max_length=64)] = ""
    skip: bool = False


class Again(BaseModel):
    """What the form of columns sends beside them: which account it stands beside, and how else the file is taken."""

    digest: Annotated[str, Field(max_length=64)] = ""
    crs: Annotated[str, Field(max_length=200)] = ""
    other_crs: Annotated[str, Field(max_length=200)] = ""
    sheet: Annotated[str, Field(max_length=200)] = ""
    kind: Annotated[str, Field(max_length=200)] = ""
    header_row: Annotated[str, Field(max_length=200)] = ""
    columns_of: Annotated[str, Field(max_length=300)] | None = None

    def how(self, chosen: dict[str, str]) -> How:
        """Columns that were chosen among those of another sheet or header are none of this one.

        Raises:
            Refused: header_row_range, door_import_two_crs.
        """
        typed = self.other_crs.strip()
        if self.crs and typed:
            raise Refused("door_import_two_crs")
        kind = self.kind if self.kind in t.DOOR_KINDS else None
        how = How(typed or self.crs or None, self.sheet or None, kind, {}, named_columns.row_said(self.header_row))
        return (
            replace(how, fields=chosen)
            if self.columns_of in (None, named_columns.columns_of(how.sheet, how.header_row))
            else how
        )


@router.get(HERE, response_class=HTMLResponse)
async def show(request: Request, actor: Asker) -> Response:
    """The form, and the account of the file that was sent last, for as long as it waits."""
    return await run_in_threadpool(_page, request, actor, How(), {})


@router.post(HERE, response_class=HTMLResponse)
async def look(
    request: Request,
    actor: Asker,
    file: Annotated[UploadFile | None, File()] = None,
    crs: Word = "",
    other_crs: Word = "",
    sheet: Word = "",
    kind: Word = "",
) -> Response:
    """To the account of the file; or the form with what is wrong."""
    frame = frame_of(request)
    typed = other_crs.strip()
    how = How(typed or crs or None, sheet.strip() or None, kind if kind in t.DOOR_KINDS else None)
    content = file.file if file is not None and file.filename else None
    try:
        if crs and typed:
            raise Refused("door_import_two_crs")
        await door_files.look(request, actor, file.filename or "" if file else "", content, how)
    except (GeodataError, GridsvcError) as error:
        at = "f-crs" if isinstance(error, CrsError) or error.code == "door_import_two_crs" else "f-file"
        errors = {_FIELD_OF.get(error.code, at): _said(frame, error)}
        if "digest" in error.facts:  # it waits, and says so itself
            how, errors = How(), {}
        return await run_in_threadpool(_page, request, actor, how, errors, refusal(error).status)
    return RedirectResponse(f"{HERE}#told", 303)


@router.post(f"{HERE}/again", response_class=HTMLResponse)
async def look_again(
    request: Request, actor: Asker, form: Annotated[Again, Form()], chosen: named_columns.OfForm
) -> Response:
    """To the account of the waiting file with the columns that were chosen; or the form with what is wrong."""
    frame = frame_of(request)
    try:
        await door_files.look_again(request, actor, form.digest, form.how(chosen))
    except (GeodataError, GridsvcError) as error:
        at = "f-file" if error.code == "door_import_gone" else _choice_of(error)
        errors = {named_columns.at(error.facts, (*FIELDS, "header_row"), at): _said(frame, error)}
        # what was chosen for one file is not for another
        tried = None if error.code == "door_import_other" else (form, chosen)
        return await run_in_threadpool(_page, request, actor, How(), errors, refusal(error).status, tried=tried)
    return RedirectResponse(f"{HERE}#told", 303)


@router.post(f"{HERE}/store", response_class=HTMLResponse)
async def store(request: Request, actor: Asker, form: Annotated[Sure, Form()]) -> Response:
    """To what was stored; to the account as it is now, where the file would do something else by now."""
    frame = frame_of(request)
    try:
        _, stored = await door_files.store(request, actor, form.digest, skip_refused=form.skip)
        if not stored:
            raise Conflict("door_import_changed")
    except (GeodataError, GridsvcError) as error:
        at = "f-file" if error.code == "door_import_gone" else "told"
        errors = {_FIELD_OF.get(error.code, at): _said(frame, error)}
        return await run_in_threadpool(_page, request, actor, How(), errors, refusal(error).status)
    return RedirectResponse(f"{HERE}#told", 303)


@router.post(f"{HERE}/drop", response_class=HTMLResponse)
async def drop(request: Request, actor: Asker) -> Response:
    """To the empty form, when the file is gone."""
    await run_in_threadpool(door_files.drop, services.of(request).uploads, actor)
    return RedirectResponse(HERE, 303)


@router.get(f"{HERE}/refused")
async def refused(request: Request, actor: Asker) -> Response:
    """The refused rows as the sender's own table, each with its reasons."""
    return await door_files.refused_table(request, actor, frame_of(request).lang)


def _choice_of(error: GeodataError | GridsvcError) -> str:
    """Where beside the columns a refusal is told."""
    is_crs = isinstance(error, CrsError) or error.code == "door_import_two_crs"
    return "a-crs" if is_crs else _CHOICE_OF.get(error.code, "told")


def _said(frame: Frame, error: GeodataError | GridsvcError) -> str:
    """A refusal in the words of a page, which has no options of a command."""
    own = f"pages.door_import.said_{error.code}"
    if own in catalogue(frame.lang):
        return frame.words(own, **error.facts)
    of_choice = named_columns.said(frame, error.code, error.facts, _labels(frame))
    if of_choice is not None:
        return of_choice
    said = frame.says(error.code, **error.facts)
    return f"{said} {frame.words('pages.door_import.too_much')}" if error.code in door_files.TOO_MUCH else said


def _labels(frame: Frame) -> dict[str, str]:
    """What our fields are called on this page: a door's name is a shop's or a firm's."""
    own = catalogue(frame.lang)
    keys = {role: f"pages.door_import.role_{role}" for role in FIELDS}
    return {role: frame.words(key if key in own else f"import.role.{role}") for role, key in keys.items()}


def _page(
    request: Request,
    actor: Actor,
    how: How,
    errors: dict[str, str],
    status: int = 200,
    *,
    tried: tuple[Again, dict[str, str]] | None = None,
) -> Response:
    """`how`: what the form of a file holds; `tried`: the form of columns that could not be taken, as it was sent."""
    frame = frame_of(request)
    uploads = services.of(request).uploads
    upload = door_files.last(uploads, request, actor)
    facts: dict[str, Any] = {"errors": errors, "how": how, "upload": upload, "systems": SYSTEMS, "kinds": t.DOOR_KINDS}
    facts["typed_crs"] = _typed(how.crs)
    facts["called"] = partial(named_columns.called, locale=frame.lang)
    facts |= {"most_mb": door_files.MOST_BYTES // 2**20, "most_rows": door_files.MOST_ROWS}
    facts |= {"most_columns": door_files.LIMITS.n_columns, "most": MOST_SHOWN}
    facts["told"] = None if upload is None else _told(frame, upload)
    facts["labels"] = _labels(frame)
    if upload is not None:
        offered = door_files.offered(uploads, actor, upload)
        used = dict(upload.told["columns"]) | (offered or {})
        as_now = How(**upload.how)
        taken, chosen = tried or (_form_of(as_now), used)
        facts |= {
            "offered": offered,
            "taken": taken,
            "chosen": chosen,
            "was_tried": tried is not None,
            "columns_of": named_columns.columns_of(as_now.sheet, as_now.header_row),
        }
        if "wrong" in upload.told and not errors:
            error = GeodataError(upload.told["wrong"]["code"], **upload.told["wrong"]["detail"])
            facts["errors"] = {"a-crs" if error.code.startswith("crs_") else _choice_of(error): _said(frame, error)}
        if not upload.told["sheets"] and "a-sheet" in facts["errors"]:  # there is no such field
            facts["errors"] = {"told": facts["errors"]["a-sheet"]}
    return page(frame, "household_import.html", status=status, nav="campaigns", **facts)


def _typed(crs: str | None) -> str:
    return crs if crs is not None and crs not in SYSTEMS else ""


def _form_of(how: How) -> Again:
    """The form of columns that says this."""
    typed, row = _typed(how.crs), "" if how.header_row is None else str(how.header_row)
    crs = "" if typed else how.crs or ""
    return Again(crs=crs, other_crs=typed, sheet=how.sheet or "", kind=how.kind or "", header_row=row)


def _told(frame: Frame, upload: Upload) -> dict[str, Any]:
    told = door_files.worded(upload.told, frame.lang)
    own = catalogue(frame.lang)
    for one in told["notes"]:
        key = f"pages.door_import.said_{one['code']}"
        if key in own:
            one["message"] = frame.words(key, **one["detail"])
    told["alike"] = [one for one in told["notes"] if one["code"].startswith("door_near_")]
    told["notes"] = [one for one in told["notes"] if one not in told["alike"]]
    return told
