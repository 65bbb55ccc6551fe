"""Photos: send one, look at one, black out what shows too much."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from geodata.pictures.shapes import Box, Rendered
from gridsvc import photos
from gridsvc.errors import NotFound
from gridsvc.photo_files import Spool
from gridsvc.photos import Photo
from gridsvc.rules.roles import require
from gridsvc.web import answers, proofs, schemas, services
from gridsvc.web.deps import Unit, begun, may

router = APIRouter(prefix="/api/v1/photos", tags=["photos"])

JPEG = "image/jpeg"
# What a browser is told of a picture that a stranger sent, should anything ever get past its being made anew.
SAFE = {
    "Content-Disposition": 'inline; filename="photo.jpg"',
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
Sha256 = Annotated[
    schemas.Words, Path(max_length=200, description="SHA-256 of the bytes that are sent, in hexadecimal")
]
Version = Annotated[int | None, Query(ge=1, le=10_000, description="an earlier one, before something was blacked out")]
Pixel = Annotated[schemas.Whole, Field(ge=0, le=100_000)]


class PlaceOut(BaseModel):
    """Where the camera says it was."""

    lon: float
    lat: float
    crs: str


class PhotoOut(BaseModel):
    """A stored photo: size in pixels; `position` and `taken_at` are what the camera said, gone from the stored picture;
    `state` is stored (no report shows it: it is removed after two days) or used."""

    sha256: str
    width: int
    height: int
    version: int
    position: PlaceOut | None
    taken_at: datetime | None
    state: str


class RedactionIn(schemas.In):
    """What to black out: boxes x0, y0, x1, y1 in pixels of the version that was seen, from its upper left corner."""

    boxes: Annotated[list[tuple[Pixel, Pixel, Pixel, Pixel]], Field(min_length=1, max_length=photos.MOST_BOXES)]
    reason: Annotated[schemas.Words, Field(min_length=1, max_length=500, pattern=r"\S")]
    version: Annotated[schemas.Whole, Field(ge=1, le=10_000)]


class RedactionOut(BaseModel):
    """One blacking out; `version` is that of the picture after it."""

    version: int
    at: datetime
    by: str
    reason: str
    boxes: list[list[int]]


class RedactionsOut(BaseModel):
    """All of them, newest first."""

    items: list[RedactionOut]


async def _may_redact(request: Request) -> None:
    async with begun(request) as unit:
        require(unit.actor, "redact_photo")


@router.put(
    "/{sha256}",
    status_code=201,
    operation_id="send_photo",
    responses={
        200: {"model": PhotoOut},
        201: {"model": PhotoOut},
        413: {"model": schemas.ErrorOut},
        415: {"model": schemas.ErrorOut},
        429: {"model": schemas.ErrorOut},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/jpeg", "image/png", "image/webp", "image/heic")
            },
        }
    },
)
async def send(sha256: Sha256, request: Request) -> Response:
    """Stores a photo under the hash of the bytes of the body, once however often it is sent; a report may then list it.

    JPEG, PNG, WebP or HEIC, told by content. It is made anew as a JPEG without metadata; the camera's position and time
    are in this answer, for the sender to use.
    """
    mine = services.of(request)
    async with begun(request) as unit:
        require(unit.actor, "send_photo")
        anonymous = not unit.actor.known
        digest = photos.digest(sha256)
        if anonymous:
            await run_in_threadpool(proofs.take_photo, request, unit)
    async with mine.intake.receive(request, digest, anonymous=anonymous) as spool, mine.intake.alone(digest):
        photo, created = await store(request, digest, spool)
        return JSONResponse(_told(photo, mine.settings.zone), 201 if created else 200)


async def store(request: Request, digest: bytes, spool: Spool) -> tuple[Photo, bool]:
    """The stored photo of what was received whole, and whether it is new.

    Raises:
        FileRefused: it cannot be made anew.
        Unavailable: its turn did not come.
    """
    intake = services.of(request).intake
    if intake.asks(digest, spool.n_bytes):
        async with begun(request) as unit:
            sent_before = await run_in_threadpool(_known, unit, digest)
        if sent_before is not None:
            return sent_before, False
    made = await intake.render(spool)
    async with begun(request) as unit:
        saved = await run_in_threadpool(_save, unit, digest, made, spool.n_bytes)
    intake.remember(digest)
    return saved


@router.get(
    "/{sha256}",
    operation_id="read_photo",
    responses={200: {"content": {JPEG: {}}}, 404: {"model": schemas.ErrorOut}},
)
def picture(
    sha256: Sha256, request: Request, unit: Annotated[Unit, may("read_photo")], version: Version = None
) -> Response:
    """The picture, for who sees a report that shows it, or sent it and no report shows it yet."""
    return _file(sha256, request, unit, version, small=False)


@router.get(
    "/{sha256}/thumb",
    operation_id="read_photo_thumb",
    responses={200: {"content": {JPEG: {}}}, 404: {"model": schemas.ErrorOut}},
)
def thumb(
    sha256: Sha256, request: Request, unit: Annotated[Unit, may("read_photo")], version: Version = None
) -> Response:
    """The same, with a longest side of 320 pixels."""
    return _file(sha256, request, unit, version, small=True)


@router.get(
    "/{sha256}/redactions",
    operation_id="read_redactions",
    responses={200: {"model": RedactionsOut}, 404: {"model": schemas.ErrorOut}},
)
def redactions(sha256: Sha256, unit: Annotated[Unit, may("read_photo")]) -> Response:
    """What was blacked out, by whom and why, newest first."""
    photo = _visible(unit, sha256)
    zone = unit.mine.settings.zone
    items = [
        {
            "version": one.version,
            "at": one.at.astimezone(zone).isoformat(),
            "by": one.actor_name,
            "reason": one.reason,
            "boxes": one.boxes,
        }
        for one in photos.history(unit.question, photo)
    ]
    return JSONResponse({"items": items})


@router.post(
    "/{sha256}/redactions",
    status_code=201,
    operation_id="redact_photo",
    dependencies=[Depends(_may_redact)],
    responses={201: {"model": PhotoOut}, 404: {"model": schemas.ErrorOut}, 409: {"model": schemas.ErrorOut}},
)
async def redact(sha256: Sha256, body: RedactionIn, request: Request) -> Response:
    """Paints black boxes; from now on everybody sees the new version, and the old one is deleted after some days."""
    mine = services.of(request)
    async with begun(request) as unit:
        photo = await run_in_threadpool(_visible, unit, sha256)
    boxes = photos.check_boxes(photo, body.boxes, body.version)
    try:
        painted = await mine.intake.paint(mine.intake.files.picture(photo.file_sha256), boxes)
    except FileNotFoundError:
        raise NotFound("photo_file_missing", sha256=photo.sha256.hex()) from None
    async with begun(request) as unit:
        after = await run_in_threadpool(_redact, unit, photo, boxes, painted, body.reason)
    return JSONResponse(_told(after, mine.settings.zone), 201)


# What follows runs in a thread, and there it takes its connection: the loop must not wait for one.


def _known(unit: Unit, digest: bytes) -> Photo | None:
    """The photo where these bytes came before; whoever sends them now counts as a sender too."""
    found = photos.known(unit.question, digest)
    if found is not None:
        photos.sent_again(unit.db, found, unit.actor)
    return found


def _save(unit: Unit, digest: bytes, made: Rendered, sent_bytes: int) -> tuple[Photo, bool]:
    mine = unit.mine
    zone = mine.settings.zone
    saved = photos.save(unit.db, mine.intake.files, digest, made, sent_bytes, unit.actor, unit.now, zone)
    unit.end(well=True)  # here, where the thread is
    return saved


def _visible(unit: Unit, sha256: str) -> Photo:
    return photos.visible(unit.question, unit.actor, photos.digest(sha256))


def _redact(unit: Unit, seen: Photo, boxes: list[Box], painted: Rendered, reason: str) -> Photo:
    return photos.redact(unit.db, unit.mine.intake.files, seen, boxes, painted, unit.actor, unit.now, reason)


def _file(sha256: str, request: Request, unit: Unit, version: int | None, *, small: bool) -> Response:
    photo = _visible(unit, sha256)
    if version is not None and version != photo.version:
        require(unit.actor, "see_unredacted")
    digest = photos.file_of(unit.question, photo, version)
    files = unit.mine.intake.files
    path = files.thumb(digest) if small else files.picture(digest)
    headers = {
        **SAFE,
        "ETag": f'"{digest.hex()}"' if not small else f'"{digest.hex()}-thumb"',
        "Cache-Control": answers.PRIVATE,
        "Vary": "Authorization, Cookie",
    }
    if answers.known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFound("photo_file_missing", sha256=photo.sha256.hex()) from None
    return Response(content, headers=headers, media_type=JPEG)


def _told(photo: Photo, zone: ZoneInfo) -> dict[str, Any]:
    lon, lat = photo.lon, photo.lat
    return {
        "sha256": photo.sha256.hex(),
        "width": photo.width,
        "height": photo.height,
        "version": photo.version,
        "position": None if lon is None or lat is None else {"lon": lon, "lat": lat, "crs": "wgs84"},
        "taken_at": None if photo.taken_at is None else photo.taken_at.astimezone(zone).isoformat(),
        "state": photo.state,
    }
