"""A file that was read as a frame, which tests look at more easily than at arrays."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from geodata.layer import Layer


def as_frame(layer: Layer) -> gpd.GeoDataFrame:
    """All rows: `row`, the sender's columns, `raw_x` and `raw_y` for reports, `geometry` in EPSG:4326."""
    data: dict[str, object] = {"row": layer.numbers}
    data |= {name: pd.Series(cells, dtype=object) for name, cells in layer.columns.items()}
    if layer.raw is not None:
        data["raw_x"], data["raw_y"] = layer.raw[:, 0], layer.raw[:, 1]
    return gpd.GeoDataFrame(data, geometry=layer.shapes, crs="EPSG:4326")
