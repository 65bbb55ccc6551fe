"""Photos that come as files of a form, from browsers without scripts: the same way in, with the same limits.

A form's body is read before anything else of the request, so what it may cost is bounded around the whole app
(`large_forms`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.types import Scope

from geodata.errors import FileRefused
from gridsvc.errors import GridsvcError, Refused
from gridsvc.rules.roles import require
from gridsvc.web import proofs, services
from gridsvc.web.api.photos import store
from gridsvc.web.deps import begun

FIELD = "files"
MOST_FILES = 4  # in one form; more are sent one by one, with a script
AT_ONCE = 12  # such forms being read; those without files go by another way
_WORDS_BYTES = 1024 * 1024  # what a form may hold beside its files


def takes(scope: Scope) -> bool:
    """Whether a request is a form that may bring photos, whose size is bounded here."""
    path = str(scope["path"])
    kind = Headers(scope=scope).get("content-type", "").lower()
    here = path == "/report" or (path.startswith("/reports/") and path.endswith("/act"))
    return scope["method"] == "POST" and here and kind.startswith("multipart/form-data")


def most_bytes(max_photo_bytes: int) -> int:
    """The largest such form."""
    return MOST_FILES * max_photo_bytes + _WORDS_BYTES


@dataclass(frozen=True)
class Taken:
    """The hashes of what came and is stored now, in order; `refusal`: why one of the files is not."""

    photos: tuple[str, ...] = ()
    refusal: GridsvcError | FileRefused | None = None


async def _taken(request: Request) -> Taken:
    form = await request.form()
    sent = [one for one in form.getlist(FIELD) if isinstance(one, UploadFile) and one.filename]
    stored: list[str] = []
    try:
        if len(sent) > MOST_FILES:
            raise Refused("photos_too_many", n=len(sent), most=MOST_FILES)
        for file in sent:
            stored.append(await _store(request, file))
    except (GridsvcError, FileRefused) as error:
        return Taken(tuple(dict.fromkeys(stored)), error)
    return Taken(tuple(dict.fromkeys(stored)))


async def _store(request: Request, file: UploadFile) -> str:
    mine = services.of(request)
    async with begun(request) as unit:
        require(unit.actor, "send_photo")
        await run_in_threadpool(proofs.take_photo, request, unit)
    with await run_in_threadpool(mine.intake.copy, file.file) as spool:
        digest = await run_in_threadpool(spool.end)
        async with mine.intake.alone(digest):
            await store(request, digest, spool)
    return digest.hex()


TakenDep = Annotated[Taken, Depends(_taken)]
