"""Position and time from photographs: real ones, and what cameras and forgers write besides."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from geodata import exif
from geodata.exif import Shot

NORTH_EAST = {1: "N", 2: (43.0, 28.0, 2.814), 3: "E", 4: (11.0, 53.0, 6.456)}


def of(path: Path) -> Shot:
    with Image.open(path) as image:
        return exif.read(image.getexif())


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    [
        ("DSCN0010.jpg", 11.885127, 43.467448),
        ("DSCN0012.jpg", 11.885395, 43.467157),
        ("DSCN0021.jpg", 11.884538, 43.467082),
        ("DSCN0025.jpg", 11.881635, 43.468365),
    ],
)
def test_photos_of_arezzo(shared: Path, name: str, lon: float, lat: float) -> None:
    shot = of(shared / "photos" / name)
    assert shot.lon is not None
    assert shot.lat is not None
    assert abs(shot.lon - lon) < 1e-6
    assert abs(shot.lat - lat) < 1e-6
    assert shot.taken_at is not None
    assert shot.taken_at.tzinfo is UTC  # the GPS clock: the camera tells no zone
    assert shot.taken_at.date().isoformat() == "2008-10-23"


def test_photos_without_a_position(shared: Path) -> None:
    assert of(shared / "photos" / "Canon_40D.jpg") == Shot(None, None, datetime.fromisoformat("2008-05-30T15:56:01"))
    for name in ("landscape_1", "landscape_6", "portrait_3", "portrait_8"):
        assert of(shared / "photos" / f"{name}.jpg") == Shot()


def test_south_and_west_are_negative() -> None:
    assert exif.position({1: "S", 2: (33.0, 51.0, 0.0), 3: "W", 4: (70.0, 30.0, 0.0)}) == (-70.5, -33.85)


@pytest.mark.parametrize(
    "changes",
    [
        {1: "X"},
        {1: None},
        {2: None},
        {2: (91.0, 0.0, 0.0)},
        {2: (90.0, 0.0, 0.1)},
        {2: (43.0, 60.0, 0.0)},
        {2: (-43.0, 28.0, 0.0)},
        {2: (float("nan"), 0.0, 0.0)},
        {2: (float("inf"), 0.0, 0.0)},
        {2: ("a", "b", "c")},
        {2: ()},
        {2: (1.0, 2.0, 3.0, 4.0)},
        {4: (180.0, 0.1, 0.0)},
        {2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)},
        {9: "V"},
        {18: "TOKYO"},
        {18: "GCJ-02"},
    ],
)
def test_what_is_no_position(changes: dict[int, Any]) -> None:
    assert exif.position(NORTH_EAST) == (11.88512667, 43.46744833)
    assert exif.position(NORTH_EAST | changes) is None


@pytest.mark.parametrize("datum", ["WGS-84", "WGS84", "wgs 84", "CGCS2000", "WGS-84\0", ""])
def test_datums_that_agree(datum: str) -> None:
    assert exif.position(NORTH_EAST | {18: datum}) == exif.position(NORTH_EAST)


def test_letters_may_be_bytes_and_parts_fractions() -> None:
    assert exif.position({1: b"N\0", 2: (43.5,), 3: b"E\0", 4: (11.0, 30.0)}) == (11.5, 43.5)


def test_a_zero_denominator_is_no_position() -> None:
    class Broken:
        def __float__(self) -> float:
            raise ZeroDivisionError

    assert exif.position(NORTH_EAST | {2: (Broken(), 0.0, 0.0)}) is None


@pytest.mark.parametrize(
    ("top", "inner", "gps", "at"),
    [
        ({}, {0x9003: "2026:10:31 09:05:07", 0x9011: "+08:00"}, {}, "2026-10-31T09:05:07+08:00"),
        ({}, {0x9003: "2026:10:31 09:05:07"}, {}, "2026-10-31T09:05:07"),
        ({}, {0x9003: "2026:10:31 09:05:07", 0x9011: "+99:00"}, {}, "2026-10-31T09:05:07"),
        (
            {},
            {0x9003: "2026:10:31 09:05:07"},
            {7: (1.0, 5.0, 6.9), 29: "2026:10:31"},
            "2026-10-31T01:05:06+00:00",
        ),
        ({0x0132: "2026:10:31 09:05:07"}, {}, {7: (25.0, 0.0, 0.0), 29: "2026:10:31"}, "2026-10-31T09:05:07"),
        ({0x0132: "0000:00:00 00:00:00"}, {0x9003: "    :  :     :  :  "}, {29: "2026:10:31"}, None),
        ({0x0132: "1904:01:01 00:00:00"}, {0x9003: 5}, {7: "x"}, None),
    ],
)
def test_when(top: dict[int, Any], inner: dict[int, Any], gps: dict[int, Any], at: str | None) -> None:
    found = exif.taken_at(top, inner, gps)
    assert (None if found is None else found.isoformat()) == at


JUNK = st.none() | st.text() | st.binary() | st.floats() | st.integers() | st.tuples(st.floats(), st.floats())


@given(st.dictionaries(st.sampled_from([1, 2, 3, 4, 7, 9, 18, 29]), JUNK | st.lists(JUNK, max_size=4)))
def test_junk_never_raises_and_never_leaves_the_earth(gps: dict[int, Any]) -> None:
    found = exif.position(gps)
    exif.taken_at(gps, gps, gps)
    assert found is None or (-180 <= found[0] <= 180 and -90 <= found[1] <= 90)


@given(st.binary(max_size=400))
def test_junk_in_the_file_never_raises(content: bytes) -> None:
    exif.read(Image.Exif())
    broken = Image.Exif()
    try:
        broken.load(b"Exif\0\0MM\0*\0\0\0\x08" + content)
    except Exception:
        return
    exif.read(broken)
