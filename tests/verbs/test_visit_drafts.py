"""What a phone says, before anything is stored."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest

from geodata import crs as geocrs
from gridsvc.visit_drafts import Draft, Item, locate
from tests.conftest import NOW

X = [110.25, -180.0, 180.0, 180.0000001, 0.0, 12.5, float("inf"), float("nan"), 110.25, 1e308]
Y = [23.5, 90.0, -90.0, 0.0, -90.0000001, 0.0, 1.0, 1.0, float("nan"), -1e308]


@pytest.mark.parametrize("crs", ["wgs84", "EPSG:4326", "CRS84", "cgcs2000", "gcj02"])
def test_positions_are_those_of_the_system_they_were_said_in(crs: str) -> None:
    items = [
        Item(Draft(UUID(int=i), 1, "absent", NOW, x=x, y=y, crs=crs)) for i, (x, y) in enumerate(zip(X, Y, strict=True))
    ]
    locate(items)
    lons, lats = geocrs.to_lonlat(np.array(X), np.array(Y), geocrs.parse_crs(crs))
    fine = geocrs.in_range(lons, lats).tolist()
    assert [item.answer is None for item in items] == fine
    assert set(fine) == {True, False}
    said = [item.lonlat for item, good in zip(items, fine, strict=True) if good]
    assert said == [(lon, lat) for lon, lat, good in zip(lons.tolist(), lats.tolist(), fine, strict=True) if good]
