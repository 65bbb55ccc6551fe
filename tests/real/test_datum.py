"""332 published places in three datums: every conversion agrees with them to a metre."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from geodata import datum
from geodata.geometry import WGS84_ELLIPSOID

CONVERSIONS = [
    ("WGS84", "GCJ02", datum.wgs84_to_gcj02, 1.0),
    ("GCJ02", "WGS84", datum.gcj02_to_wgs84, 1.0),
    ("WGS84", "BD09", datum.wgs84_to_bd09, 1.0),
    ("BD09", "WGS84", datum.bd09_to_wgs84, 1.0),
    # Between the two shifted ones the published values are exact but for their rounding.
    ("GCJ02", "BD09", datum.gcj02_to_bd09, 0.02),
    ("BD09", "GCJ02", datum.bd09_to_gcj02, 0.02),
]


@pytest.mark.parametrize(("source", "target", "convert", "within_m"), CONVERSIONS)
def test_published_places(shared: Path, source, target, convert, within_m: float) -> None:
    places = json.loads((shared / "datum" / "places.json").read_text(encoding="utf-8"))
    assert len(places) == 332
    start = np.array([place["coords"][source] for place in places])
    end = np.array([place["coords"][target] for place in places])
    lon, lat = convert(start[:, 0], start[:, 1])
    away_m = WGS84_ELLIPSOID.inv(lon, lat, end[:, 0], end[:, 1])[2]
    assert away_m.max() < within_m
    # and not because nothing was done
    assert WGS84_ELLIPSOID.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])[2].min() > 20.0
