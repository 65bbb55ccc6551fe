"""A file of doors into the register: looked at first, then taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gridsvc.errors import Conflict
from gridsvc.imports.fields import FIELDS_OF
from gridsvc.rules.roles import Actor
from gridsvc.uploads import Upload
from gridsvc.web import door_files, named_columns, schemas, services
from gridsvc.web.api import rows
from gridsvc.web.deps import asked, locale_of
from gridsvc.web.door_files import How
from gridsvc.web.named_columns import Naming, with_fields

router = APIRouter(prefix="/api/v1/households/import", tags=["households"])

Asker = Annotated[Actor, asked("manage_households")]
_ANSWER: dict[int | str, dict[str, Any]] = {200: {"model": dict[str, Any]}}
_BUSY: dict[int | str, dict[str, Any]] = {429: {"model": schemas.ErrorOut}}
_GONE: dict[int | str, dict[str, Any]] = {404: {"model": schemas.ErrorOut}}
_OTHER: dict[int | str, dict[str, Any]] = {409: {"model": schemas.ErrorOut}}


class TakenBase(Naming):
    """How a file is taken; the columns that are named come with the fields that there are."""

    crs: Annotated[schemas.Crs | None, Field(description="of its positions, where it does not say so itself")] = None
    sheet: Annotated[schemas.Words | None, Field(min_length=1, max_length=200, description="or layer")] = None
    kind: Annotated[Literal["household", "shop", "firm"] | None, Field(description="of rows that do not say one")] = (
        None
    )

    header_row: named_columns.HeaderRow = None

    def how(self) -> How:
        """The same as the verbs know it."""
        return How(self.crs, self.sheet, self.kind, self.named(), self.header_row)


if TYPE_CHECKING:
    Taken = TakenBase
else:
    Taken = with_fields(TakenBase, FIELDS_OF[door_files.KIND], "cli.field")


class AgainIn(schemas.In):
    """Which account was looked at."""

    digest: Annotated[schemas.Words, Field(min_length=1, max_length=64, description="of the account")]


class CommitIn(schemas.In):
    """Which account was looked at, and whether it may be without its refused rows."""

    digest: Annotated[schemas.Words, Field(min_length=1, max_length=64, description="of the account")]
    skip_refused: Annotated[bool, Field(strict=True)] = False


@router.post("", operation_id="look_at_households", responses=_ANSWER | _BUSY | {413: {"model": schemas.ErrorOut}})
async def look(
    request: Request,
    actor: Asker,
    file: Annotated[
        UploadFile,
        File(description="a table (.xlsx, .xls, .csv, .csv.gz) or a map (GeoJSON, GeoPackage, OSM), told by content"),
    ],
    taken: Annotated[Taken, Query()],
) -> Response:
    """What a file of doors would change, row by row where it is refused; nothing is stored.

    It waits for an hour under its `digest` (`commit_households`), in place of the one that this account sent before.
    20 MB and 50,000 rows at most; the command line takes more. `file_columns` are the file's own, each with the fields
    it is taken as and some texts of it, cut short where they may be a person's; `lacking` says what no column tells
    (`which` door, `where` it is). A field without a parameter is looked for by its usual names; `offered` are the
    columns that this account named for the last stored file with the same ones.

    A file that cannot be taken for want of its coordinate system, sheet, layer or header row (422) waits too: under the
    `digest` of the refusal `look_again_at_households` takes it with what was wanting.
    """
    upload = await door_files.look(request, actor, file.filename or "", file.file, taken.how())
    return _told(request, actor, upload)


@router.post("/again", operation_id="look_again_at_households", responses=_ANSWER | _GONE | _BUSY | _OTHER)
async def look_again(request: Request, actor: Asker, body: AgainIn, taken: Annotated[Taken, Query()]) -> Response:
    """What the file that waits would change if it is taken so, without being sent once more; nothing is stored.

    The parameters are those of `look_at_households`, and none of the last time counts any more. Where the file cannot
    be taken so, its account and digest stay as they were.
    """
    return _told(request, actor, await door_files.look_again(request, actor, body.digest, taken.how()))


@router.get("", operation_id="waiting_households", responses=_ANSWER | _GONE)
async def show(request: Request, actor: Asker) -> Response:
    """The account of the file that was sent last, as it was told."""
    uploads = services.of(request).uploads
    return _told(request, actor, await run_in_threadpool(door_files.waiting, uploads, request, actor))


@router.post(
    "/commit",
    operation_id="commit_households",
    responses=_ANSWER | _GONE | _BUSY | _OTHER,
)
async def commit(request: Request, actor: Asker, body: CommitIn) -> Response:
    """Takes in the file that was looked at, wholly or not at all; asked twice, it is taken in once.

    Where the register has changed so that the file would now do something else, nothing is stored, and the answer is
    409 with the account as it is now and its new digest.
    """
    upload, stored = await door_files.store(request, actor, body.digest, skip_refused=body.skip_refused)
    if not stored:
        raise Conflict("door_import_changed", account=_facts(request, actor, upload))
    return _told(request, actor, upload)


@router.get(
    "/refused",
    operation_id="refused_households",
    responses={200: {"content": {kind: {} for kind in door_files.MEDIA.values()}}, **_GONE, **_BUSY},
)
async def refused(request: Request, actor: Asker) -> Response:
    """The refused rows as the sender's own table, each with its reasons (column 错误原因): Excel of Excel, else CSV."""
    return await door_files.refused_table(request, actor, locale_of(request))


@router.delete("", operation_id="drop_households", responses=_ANSWER | _BUSY)
async def drop(request: Request, actor: Asker) -> Response:
    """Throws the waiting file away before its hour is over."""
    await run_in_threadpool(door_files.drop, services.of(request).uploads, actor)
    return JSONResponse({"waiting": False})


def _told(request: Request, actor: Actor, upload: Upload) -> Response:
    return JSONResponse(_facts(request, actor, upload), headers={"Cache-Control": "no-store"})


def _facts(request: Request, actor: Actor, upload: Upload) -> dict[str, Any]:
    return {
        "committed": upload.stored,
        "digest": upload.seen,
        "sha256": upload.sha256,
        "how": dict(upload.how),
        "offered": door_files.offered(services.of(request).uploads, actor, upload),
        "until": rows.moment(upload.until, services.of(request).settings.zone),
        **door_files.worded(upload.told, locale_of(request)),
    }
