"""Voice notes: send one, hear one."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Scope

from gridsvc import voices
from gridsvc.db.tables import VOICE_TYPES
from gridsvc.errors import NotFound, Refused
from gridsvc.photo_files import Files
from gridsvc.rules.roles import require
from gridsvc.voices import Voice
from gridsvc.web import answers, schemas
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, begun, may

PREFIX = "/api/v1/voices"
RECEIVE_S = 120.0  # for one body

router = APIRouter(prefix=PREFIX, tags=["photos"])

# Kept as it was sent but for titles and tags, so a browser is told as plainly as it can be that it is a sound, no more.
SAFE = {
    "Content-Disposition": 'inline; filename="voice"',
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
Sha256 = Annotated[
    schemas.Words, Path(max_length=200, description="SHA-256 of the bytes that are sent, in hexadecimal")
]
_SOUND = {"schema": {"type": "string", "format": "binary"}}
_SOUNDS = dict.fromkeys(VOICE_TYPES, _SOUND)


class VoiceOut(BaseModel):
    """A stored voice note, its type by content; `state` is stored (no report shows it: gone after two days) or used."""

    sha256: str
    type: str
    n_bytes: int
    duration_s: float | None
    received_at: datetime
    state: str


def takes(scope: Scope) -> bool:
    """Whether a request brings a voice note, whose size is bounded here and nowhere else."""
    return scope["method"] == "PUT" and str(scope["path"]).startswith(f"{PREFIX}/")


@router.put(
    "/{sha256}",
    status_code=201,
    operation_id="send_voice",
    responses={
        200: {"model": VoiceOut},
        201: {"model": VoiceOut},
        413: {"model": schemas.ErrorOut},
        415: {"model": schemas.ErrorOut},
    },
    openapi_extra={"requestBody": {"required": True, "content": _SOUNDS}},
)
async def send(sha256: Sha256, request: Request) -> Response:
    """Stores a voice note under the hash of its bytes, once however often it is sent; a report may then show it.

    WebM or Ogg with Opus or Vorbis, MP4 or WAV, told by content; 1 MiB and a minute at most.
    """
    async with begun(request) as unit:
        require(unit.actor, "send_voice")
    digest = voices.digest(sha256)
    content = await _body(request)
    if hashlib.sha256(content).digest() != digest:
        raise Refused("voice_hash_mismatch")
    async with begun(request) as unit:
        voice, created = await run_in_threadpool(_save, unit, content)
        return JSONResponse(_told(voice, unit), 201 if created else 200)


@router.get(
    "/{sha256}",
    operation_id="read_voice",
    responses={200: {"content": {kind: {} for kind in VOICE_TYPES}}, 404: {"model": schemas.ErrorOut}},
)
def hear(sha256: Sha256, request: Request, unit: Annotated[Unit, may("read_voice")]) -> Response:
    """The sound, for who sees a report that shows it, or sent it and no report shows it yet."""
    voice = voices.visible(unit.question, unit.actor, voices.digest(sha256))
    name = voice.sha256.hex()
    headers = {**SAFE, "ETag": f'"{name}"', "Cache-Control": answers.PRIVATE, "Vary": "Authorization, Cookie"}
    if answers.known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    try:
        content = _files(unit).picture(voice.sha256).read_bytes()
    except FileNotFoundError:
        raise NotFound("voice_file_missing", sha256=name) from None
    return _part(request, content, headers, voice.media_type)


def _part(request: Request, content: bytes, headers: dict[str, str], media_type: str) -> Response:
    """The whole, or the one range that was asked for: Safari plays no sound from a server that knows none."""
    headers = headers | {"Accept-Ranges": "bytes"}
    unit, _, asked = request.headers.get("range", "").partition("=")
    first, dash, last = asked.partition("-")
    size = len(content)
    if unit.strip() != "bytes" or not dash or "," in asked or not (first + last).isascii():
        return Response(content, headers=headers, media_type=media_type)
    if not (first or last) or not all(one.isdigit() or not one for one in (first.strip(), last.strip())):
        return Response(content, headers=headers, media_type=media_type)
    begin = int(first) if first.strip() else max(0, size - int(last))
    end = min(size, int(last) + 1) if first.strip() and last.strip() else size
    if begin >= end:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    return Response(content[begin:end], 206, headers, media_type)


async def _body(request: Request) -> bytes:
    """The whole body, which is small enough to be held.

    Raises:
        Refused: `voice_too_large`, `voice_cut`.
    """
    told = request.headers.get("content-length", "")
    too_large = Refused("voice_too_large", limit_mb=voices.MOST_BYTES // (1024 * 1024))
    if told.isdecimal() and int(told) > voices.MOST_BYTES:
        raise too_large
    parts, n_bytes = [], 0
    try:
        async with asyncio.timeout(RECEIVE_S):
            async for part in request.stream():
                n_bytes += len(part)
                if n_bytes > voices.MOST_BYTES:
                    raise too_large
                parts.append(part)
    except (ClientDisconnect, TimeoutError):
        raise Refused("voice_cut") from None
    return b"".join(parts)


def _save(unit: Unit, content: bytes) -> tuple[Voice, bool]:
    return voices.save(unit.db, _files(unit), content, unit.actor, unit.now)


def _files(unit: Unit) -> Files:
    return voices.files_of(unit.mine.settings.voice_folder)


def _told(voice: Voice, unit: Unit) -> dict[str, Any]:
    return {
        "sha256": voice.sha256.hex(),
        "type": voice.media_type,
        "n_bytes": voice.n_bytes,
        "duration_s": voice.duration_s,
        "received_at": rows.moment(voice.received_at, unit.mine.settings.zone),
        "state": "used" if voice.used else "stored",
    }
