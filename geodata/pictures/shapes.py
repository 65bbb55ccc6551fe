"""What is asked of a picture, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from geodata.exif import Shot

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Rules:
    """What is refused and what is made: most pixels sent; longest sides of picture and thumbnail in pixels."""

    max_pixels: int = 50_000_000
    side: int = 2560
    thumb_side: int = 320
    quality: int = 82
    thumb_quality: int = 75


@dataclass(frozen=True)
class Limits:
    """What one picture may cost its child; passing a bound ends the child and refuses the picture."""

    memory_bytes: int = 1024 * 2**20
    cpu_s: int = 20
    wall_s: float = 40.0
    answer_bytes: int = 32 * 2**20


@dataclass(frozen=True)
class Rendered:
    """Two JPEG files without anything but pixels, the size of the first, what the camera said, the child's guards."""

    picture: bytes
    thumb: bytes
    width: int
    height: int
    sent_format: str
    shot: Shot
    guards: tuple[str, ...] = ()
