"""The worker's answer as bytes: a line of JSON, then the two pictures; taken apart without believing any of it."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from geodata.errors import FileRefused, GeodataError
from geodata.exif import Shot
from geodata.pictures import header
from geodata.pictures.shapes import Rendered

MAX_HEAD_BYTES = 4096


def pack(made: Rendered, guards: list[str]) -> bytes:
    """The bytes of an answer."""
    at = made.shot.taken_at
    told = {
        "width": made.width,
        "height": made.height,
        "format": made.sent_format,
        "lon": made.shot.lon,
        "lat": made.shot.lat,
        "taken_at": None if at is None else at.isoformat(),
        "n_picture": len(made.picture),
        "n_thumb": len(made.thumb),
        "guards": guards,
    }
    return json.dumps(told).encode() + b"\n" + made.picture + made.thumb


def pack_error(error: GeodataError) -> bytes:
    """The bytes of a refusal."""
    facts = {name: value if isinstance(value, str | int | float) else str(value) for name, value in error.facts.items()}
    return json.dumps({"code": error.code, "facts": facts}).encode() + b"\n"


def unpack(content: bytes | bytearray) -> Rendered:
    """What was made.

    Raises:
        FileRefused: what the worker refused; `photo_broken` where the answer is none of ours.
    """
    try:
        return _unpack(content)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise FileRefused("photo_broken", cause="no answer") from None


def _unpack(content: bytes | bytearray) -> Rendered:
    end = content.index(b"\n", 0, MAX_HEAD_BYTES)
    told, rest = json.loads(content[:end]), memoryview(content)[end + 1 :]
    if "code" in told:
        raise _refusal(told["code"], told["facts"])
    n_picture, n_thumb = _count(told["n_picture"]), _count(told["n_thumb"])
    picture, thumb = bytes(rest[:n_picture]), bytes(rest[n_picture:])
    if len(thumb) != n_thumb or not header.is_bare_jpeg(picture) or not header.is_bare_jpeg(thumb):
        raise ValueError("pictures")
    if told["format"] not in header.FORMATS or not all(isinstance(guard, str) for guard in told["guards"]):
        raise ValueError("words")
    return Rendered(
        picture,
        thumb,
        _count(told["width"]),
        _count(told["height"]),
        told["format"],
        _shot(told["lon"], told["lat"], told["taken_at"]),
        tuple(told["guards"]),
    )


def _shot(lon: Any, lat: Any, taken_at: Any) -> Shot:
    at = None if taken_at is None else datetime.fromisoformat(taken_at)
    if lon is None and lat is None:
        return Shot(None, None, at)
    if not all(type(value) in (int, float) and math.isfinite(value) for value in (lon, lat)):
        raise ValueError("position")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError("position")
    return Shot(float(lon), float(lat), at)


def _refusal(code: Any, facts: Any) -> FileRefused:
    if not isinstance(code, str) or not code.startswith("photo_") or not code.isidentifier() or len(code) > 60:
        raise ValueError("code")
    if not isinstance(facts, dict) or not all(isinstance(value, str | int | float) for value in facts.values()):
        raise ValueError("facts")
    return FileRefused(code, **facts)


def _count(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("count")
    return value
