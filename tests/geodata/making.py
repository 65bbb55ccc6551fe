"""Small files of every accepted format, made by libraries that are not ours."""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import shapely
import xlwt

from geodata.files import decode
from geodata.files.answer import Answer
from geodata.layer import Kind, Limits

# Two grids side by side in Beijing.
WEST = shapely.box(116.300, 39.900, 116.302, 39.902)
EAST = shapely.box(116.302, 39.900, 116.304, 39.902)
CODES = ("370102013006008", "370102013006009")
ENDINGS = (".geojson", ".gpkg", ".shp", ".zip", ".csv", ".csv.gz", ".xlsx", ".xls", ".pbf", ".osm")


def grids(crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    """Two grids as a frame."""
    frame = gpd.GeoDataFrame({"网格编码": CODES, "网格名称": ("第一网格", "第二网格")}, geometry=[WEST, EAST], crs=4326)
    return frame.to_crs(crs)


def feature(shape: dict[str, Any] | None, /, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": shape}


def collection(*features: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


def as_json(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def as_csv(path: Path, rows: Sequence[Sequence[object]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """Cells as they stand, no quoting; gzipped where the name says so."""
    text = "\r\n".join(delimiter.join(str(cell) for cell in row) for row in rows) + "\r\n"
    content = text.encode(encoding)
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def as_xlsx(path: Path, rows: Sequence[Sequence[object]], sheet: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    return path


def as_xls(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet")
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            sheet.write(y, x, cell)
    book.save(str(path))
    return path


def as_shp(path: Path, frame: gpd.GeoDataFrame, encoding: str = "UTF-8", prj: bool = True) -> Path:
    pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile", encoding=encoding)
    if not prj:
        path.with_suffix(".prj").unlink()
    return path


def as_gpkg(path: Path, frame: gpd.GeoDataFrame, layer: str = "grids") -> Path:
    # The library wants its own ending; the reader must not.
    made = path.with_name(path.name + ".gpkg")
    pyogrio.write_dataframe(frame, made, driver="GPKG", layer=layer)
    return made.replace(path)


def as_zip(path: Path, members: dict[str, bytes | Path]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content if isinstance(content, bytes) else content.read_bytes())
    return path


def as_shp_zip(path: Path, shp: Path, folder: str = "") -> Path:
    parts = {folder + part.name: part for part in sorted(shp.parent.glob(shp.stem + ".*")) if part.suffix != ".zip"}
    return as_zip(path, dict(parts))


def inside(
    path: Path, folder: Path, kind: Kind = "any", crs: str | None = None, limits: Limits | None = None, **fields: str
) -> Answer:
    """What the reading process makes of a file, run in this process: for what does not concern its walls."""
    shutil.copyfile(path, folder / "file")
    request = {"kind": kind, "crs": crs, "fields": fields, "required": [], "table": None}
    return decode.decode(folder, request, limits or Limits(), [])
