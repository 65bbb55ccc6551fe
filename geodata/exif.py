"""Position and time from a photograph's EXIF, or None.

A camera says where it was as degrees, minutes and seconds with a hemisphere letter, and when by its own clock, with or
without the offset from UTC. Source: CIPA DC-008 (Exif 3.0), sections 4.6.6 (GPS) and 4.6.5 (date and time).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

GPS_IFD = 0x8825
EXIF_IFD = 0x8769
# Tags of the GPS directory.
_LAT_REF, _LAT, _LON_REF, _LON = 1, 2, 3, 4
_GPS_TIME, _GPS_STATUS, _GPS_DATUM, _GPS_DATE = 7, 9, 18, 29
# Tags of the Exif directory, and of the first one.
_TAKEN, _DIGITISED, _OFFSET_TAKEN, _OFFSET_DIGITISED, _CHANGED = 0x9003, 0x9004, 0x9011, 0x9012, 0x0132
# Datums that agree within a metre or two; another one (Tokyo, GCJ-02) would lie hundreds of metres away.
_SAME_DATUM = frozenset({"", "WGS84", "WGS1984", "CGCS2000"})
_FIRST_YEAR = 1990


@dataclass(frozen=True)
class Shot:
    """`lon`, `lat` are WGS 84 degrees, both or neither; `taken_at` is without a zone where the camera told none."""

    lon: float | None = None
    lat: float | None = None
    taken_at: datetime | None = None


def read(exif: Any) -> Shot:
    """What a `PIL.Image.Exif` says of place and time; nothing it holds makes this fail.

    >>> from PIL import Image
    >>> read(Image.Exif())
    Shot(lon=None, lat=None, taken_at=None)
    """
    gps = _directory(exif, GPS_IFD)
    place = position(gps)
    lon, lat = place or (None, None)
    return Shot(lon, lat, taken_at(exif, _directory(exif, EXIF_IFD), gps))


def position(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """(lon, lat) in degrees of WGS 84 from a GPS directory.

    None where there is none, where the receiver calls it void, where the datum is another one, and at 0, 0, which is
    what cameras write while they do not know.

    >>> position({1: "S", 2: (33.0, 51.0, 0.0), 3: "E", 4: (151.0, 12.0, 36.0)})
    (151.21, -33.85)
    >>> position({}) is None
    True
    """
    datum = _word(gps.get(_GPS_DATUM)).replace(" ", "").replace("-", "").replace("_", "")
    if _word(gps.get(_GPS_STATUS)) == "V" or datum not in _SAME_DATUM:
        return None
    lat = _degrees(gps.get(_LAT), _word(gps.get(_LAT_REF)), "N", "S", 90)
    lon = _degrees(gps.get(_LON), _word(gps.get(_LON_REF)), "E", "W", 180)
    if lon is None or lat is None or (lon == 0 and lat == 0):
        return None
    return lon, lat


def taken_at(top: Mapping[int, Any], exif: Mapping[int, Any], gps: Mapping[int, Any]) -> datetime | None:
    """When the shutter was released: the camera's clock with its offset, else the GPS clock (UTC), else the camera's
    clock without a zone."""
    for when, offset in ((_TAKEN, _OFFSET_TAKEN), (_DIGITISED, _OFFSET_DIGITISED)):
        local, zone = _clock(exif.get(when)), _offset(exif.get(offset))
        if local is not None and zone is not None:
            return local.replace(tzinfo=zone)
    by_satellite = _gps_clock(gps)
    if by_satellite is not None:
        return by_satellite
    return _clock(exif.get(_TAKEN)) or _clock(exif.get(_DIGITISED)) or _clock(top.get(_CHANGED))


def _directory(exif: Any, which: int) -> dict[int, Any]:
    # The directories are the sender's own bytes: whatever the parser stumbles over means that nothing is known.
    try:
        return dict(exif.get_ifd(which))
    except Exception:
        return {}


def _degrees(parts: Any, letter: str, plus: str, minus: str, most: int) -> float | None:
    if letter not in (plus, minus) or not isinstance(parts, tuple | list) or not 1 <= len(parts) <= 3:
        return None
    numbers = [_number(part) for part in parts]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or any(number < 0 for number in known) or any(number >= 60 for number in known[1:]):
        return None
    size = sum(number / (1.0, 60.0, 3600.0)[place] for place, number in enumerate(known))
    if not size <= most:
        return None
    return round(-size if letter == minus else size, 8)  # a millimetre: what division leaves behind says nothing


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.strip("\0 ").upper() if isinstance(value, str) else ""


def _clock(value: Any) -> datetime | None:
    try:
        at = datetime.strptime(_word(value)[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - cameras tell no zone
    except ValueError:
        return None
    return at if at.year >= _FIRST_YEAR else None


def _offset(value: Any) -> timezone | None:
    told = _word(value)
    if told == "Z":
        return UTC
    sign, hours, minutes = told[:1], told[1:3], told[4:6]
    digits = (hours + minutes).isascii() and (hours + minutes).isdigit()
    if len(told) != 6 or sign not in ("+", "-") or told[3] != ":" or not digits:
        return None
    size = timedelta(hours=int(hours), minutes=int(minutes))
    if size > timedelta(hours=14) or int(minutes) > 59:
        return None
    return timezone(-size if sign == "-" else size)


def _gps_clock(gps: Mapping[int, Any]) -> datetime | None:
    parts = gps.get(_GPS_TIME)
    if not isinstance(parts, tuple | list) or len(parts) != 3:
        return None
    numbers = [_number(part) for part in parts]
    day = _clock(f"{_word(gps.get(_GPS_DATE))} 00:00:00")
    hour, minute, second = numbers
    if day is None or hour is None or minute is None or second is None:
        return None
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 61):
        return None
    return day.replace(tzinfo=UTC) + timedelta(hours=int(hour), minutes=int(minute), seconds=int(second))
