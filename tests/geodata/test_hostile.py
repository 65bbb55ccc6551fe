"""Files made to do harm, under every accepted ending: refused in words, nothing written, fetched or leaked."""

from __future__ import annotations

import io
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import shapely

from geodata.errors import GeodataError
from geodata.layer import Kind, Limits
from geodata.read import read
from tests.geodata import making

SECRET = "root-password-17"
LIMITS = Limits(unpacked_bytes=8 * 2**20, memory_bytes=700 * 2**20, wall_s=240)


def vrt(folder: Path) -> bytes:
    """GDAL's virtual format: any other file, or an address, under this one's name."""
    (folder / "secret.csv").write_text(f"lon,lat,name\n1,2,{SECRET}\n")
    source = folder / "secret.csv"
    return f"""<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{source}</SrcDataSource>
        <GeometryType>wkbPoint</GeometryType><GeometryField encoding="PointFromColumns" x="lon" y="lat"/>
        </OGRVRTLayer></OGRVRTDataSource>""".encode()


def gml_with_a_schema_elsewhere(folder: Path) -> bytes:
    return b"""<?xml version="1.0"?><ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xsi:schemaLocation="http://ogr.maptools.org/ http://127.0.0.1:PORT/schema.xsd"/>"""


def osm_with_an_external_entity(folder: Path) -> bytes:
    (folder / "secret.txt").write_text(SECRET)
    return f"""<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY secret SYSTEM "file://{folder}/secret.txt">]>
        <osm version="0.6"><node id="1" lat="1" lon="1"><tag k="name" v="&secret;"/></node></osm>""".encode()


def osm_with_an_entity_bomb_after_long_comments(folder: Path) -> bytes:
    lines = [f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "haha"}">' for i in range(12)]
    comment = f"<!--{'x' * 70_000}-->"
    return f'<?xml version="1.0"?>{comment}<!DOCTYPE osm [{"".join(lines)}]><osm>&a11;</osm>'.encode()


def kml_with_a_network_link(folder: Path) -> bytes:
    return b"<kml><NetworkLink><Link><href>http://127.0.0.1:PORT/x.kml</href></Link></NetworkLink></kml>"


def xlsx_entity_bomb(folder: Path) -> bytes:
    lines = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "haha"}">' for i in range(12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE sst [{lines}]><sst><si><t>&a11;</t></si></sst>'
    return with_part(folder, "xl/sharedStrings.xml", bomb.encode())


def xlsx_zip_bomb(folder: Path) -> bytes:
    return with_part(folder, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData/>" + b" " * 40 * 2**20)


def xlsx_of_a_far_corner(folder: Path) -> bytes:
    """One cell at the last row and column: a dense table of it has 17 thousand million cells."""
    cell = b'<c r="XFD1048576"><v>1</v></c>'
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    sheet += b'<c r="A1"><v>1</v></c></row><row r="1048576">' + cell + b"</row></sheetData></worksheet>"
    return with_part(folder, "xl/worksheets/sheet1.xml", sheet)


def with_part(folder: Path, name: str, content: bytes) -> bytes:
    path = making.as_xlsx(folder / "plain.xlsx", [("lon", "lat", "name"), (1, 2, "x")])
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()} | {name: content}
    return making.as_zip(folder / "made.zip", dict(parts)).read_bytes()


def zip_slip(folder: Path) -> bytes:
    shp = making.as_shp(folder / "a.shp", making.grids().rename(columns=lambda name: name[:3]))
    parts = {f"../../../{folder.name}-slipped{part.suffix}": part for part in folder.glob("a.*")}
    assert shp.name in {part.name for part in folder.glob("a.*")}
    return making.as_zip(folder / "slip.bin", dict(parts)).read_bytes()


def zip_of_an_absolute_path(folder: Path) -> bytes:
    shp = making.as_shp(folder / "a.shp", making.grids().rename(columns=lambda name: name[:3]))
    return making.as_zip(folder / "abs.bin", {"/tmp/gridsvc-slipped.shp": shp}).read_bytes()  # noqa: S108 - never made


def zip_bomb(folder: Path) -> bytes:
    return making.as_zip(folder / "bomb.bin", {"a.shp": b"\x00\x00\x27\x0a" + b"\x00" * 40 * 2**20}).read_bytes()


def zip_that_lies_about_its_size(folder: Path) -> bytes:
    content = bytearray(zip_bomb(folder))
    size = (4 + 40 * 2**20).to_bytes(4, "little")
    assert content.count(size) == 2
    return bytes(content.replace(size, (100).to_bytes(4, "little")))


def zip_in_a_zip(folder: Path) -> bytes:
    return making.as_zip(folder / "nest.bin", {"a.zip": zip_bomb(folder)}).read_bytes()


def gzip_bomb(folder: Path) -> bytes:
    rows = [("lon", "lat"), *[(1, 2)] * 3_000_000]
    return making.as_csv(folder / "bomb.csv.gz", rows).read_bytes()


def gpkg_view(folder: Path) -> bytes:
    """A layer that is a view: it joins a table with itself until the sun goes out."""
    return changed_gpkg(
        folder,
        "ALTER TABLE grids RENAME TO hidden",
        "CREATE VIEW grids AS SELECT a.* FROM hidden a, hidden b, (WITH RECURSIVE n(i) AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n)",
    )


def gpkg_virtual_table(folder: Path) -> bytes:
    return changed_gpkg(folder, "DROP TABLE grids", "CREATE VIRTUAL TABLE grids USING fts5(geom, name)")


def gpkg_system_table_as_a_view(folder: Path) -> bytes:
    return changed_gpkg(
        folder,
        "ALTER TABLE gpkg_contents RENAME TO hidden",
        "CREATE VIEW gpkg_contents AS SELECT * FROM hidden",
    )


def changed_gpkg(folder: Path, *statements: str) -> bytes:
    path = making.as_gpkg(folder / "made.gpkg", making.grids())
    db = sqlite3.connect(path)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f'DROP TRIGGER "{name}"')
    with db:
        for statement in statements:
            db.execute(statement)
    db.close()
    return path.read_bytes()


def json_pretending(folder: Path) -> bytes:
    return b'{"type": "FeatureCollection", "features": [], "crs": {"type": "link", "properties": {"href": "http://127.0.0.1:PORT/"}}}'


HARM: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "vrt": (vrt, "xml_not_accepted"),
    "gml schema": (gml_with_a_schema_elsewhere, "xml_not_accepted"),
    "kml link": (kml_with_a_network_link, "xml_not_accepted"),
    "osm entity": (osm_with_an_external_entity, "xml_with_doctype"),
    "osm bomb": (osm_with_an_entity_bomb_after_long_comments, "xml_not_accepted"),
    "xlsx entities": (xlsx_entity_bomb, "xml_with_doctype"),
    "xlsx bomb": (xlsx_zip_bomb, "file_unpacks_too_large"),
    "xlsx corner": (xlsx_of_a_far_corner, "reader_died"),
    "zip slip": (zip_slip, "zip_path_refused"),
    "zip absolute": (zip_of_an_absolute_path, "zip_path_refused"),
    "zip bomb": (zip_bomb, "file_unpacks_too_large"),
    "zip liar": (zip_that_lies_about_its_size, "zip_damaged"),
    "zip nest": (zip_in_a_zip, "zip_unknown"),
    "gzip bomb": (gzip_bomb, "file_unpacks_too_large"),
    "gpkg view": (gpkg_view, "gpkg_layer_not_a_table"),
    "gpkg virtual": (gpkg_virtual_table, "gpkg_layer_not_a_table"),
    "gpkg system": (gpkg_system_table_as_a_view, "gpkg_without_layers"),
    "json link": (json_pretending, "geojson_crs_not_named"),
}

UNDER_EVERY_ENDING = {"vrt", "gml schema", "osm entity", "xlsx entities", "zip slip", "zip bomb", "gpkg view"}


@pytest.fixture
def listener() -> object:
    """A server on loopback that notes who calls; nobody may."""
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(404)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, calls
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", HARM)
def test_harm_is_refused_under_every_ending(tmp_path: Path, name: str, listener: tuple[int, list[str]]) -> None:
    make, code = HARM[name]
    port, calls = listener
    source = tmp_path / "source"
    source.mkdir()
    content = make(source).replace(b"PORT", str(port).encode())
    upload = tmp_path / "upload"
    upload.mkdir()
    paths = [upload / f"t{ending}" for ending in making.ENDINGS]
    for path in paths:
        path.write_bytes(content)

    def outcome(path: Path) -> tuple[str, str]:
        kind: Kind = "compounds" if "osm" in name else "any"
        try:
            layer = read(path, kind, crs="EPSG:4326", limits=LIMITS)
        except GeodataError as error:
            return error.code, str(error)
        return "taken", str(layer)

    # Each read is a process of its own: all endings for the kinds of harm that are best known, two for their cousins.
    few = paths if name in UNDER_EVERY_ENDING else paths[3:5]
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(outcome, few))
    assert {code for code, _ in told} == {code}, told
    assert not any(SECRET in text for _, text in told)
    assert not calls
    assert sorted(upload.iterdir()) == sorted(paths)
    assert not list(tmp_path.glob("*slipped*"))
    assert not list(tmp_path.parent.glob("*slipped*"))


@pytest.mark.parametrize("ending", making.ENDINGS)
def test_a_geopackage_with_triggers_and_foreign_views_gives_its_table_and_nothing_runs(
    tmp_path: Path, ending: str
) -> None:
    content = changed_gpkg(
        tmp_path,
        "CREATE TABLE log (what TEXT)",
        "CREATE VIEW other AS SELECT load_extension('/tmp/evil.so') AS x",
        "CREATE TRIGGER t AFTER UPDATE ON grids BEGIN INSERT INTO log VALUES ('ran'); END",
        "CREATE TRIGGER u AFTER INSERT ON grids BEGIN DELETE FROM grids; END",
    )
    path = tmp_path / f"t{ending}"
    path.write_bytes(content)
    answer = making.inside(path, tmp_path, "grids")
    assert len(answer.numbers) == 2
    assert path.read_bytes() == content


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["xlsx", "xls", "gpkg", "zip", "csv.gz", "shp"])
def test_half_written_files_are_named_as_such(tmp_path: Path, kind: str, share: float) -> None:
    frame = making.grids().rename(columns=lambda name: name[:3])
    rows = [("lon", "lat"), *[(i / 1000, i / 1001) for i in range(900)]]
    whole = {
        "xlsx": lambda: making.as_xlsx(tmp_path / "a.xlsx", rows),
        "xls": lambda: making.as_xls(tmp_path / "a.xls", rows),
        "gpkg": lambda: making.as_gpkg(tmp_path / "a.gpkg", making.grids()),
        "zip": lambda: making.as_shp_zip(tmp_path / "a.zip", making.as_shp(tmp_path / "a.shp", frame)),
        "csv.gz": lambda: making.as_csv(tmp_path / "a.csv.gz", rows),
        "shp": lambda: making.as_shp(tmp_path / "a.shp", frame),
    }[kind]()
    content = whole.read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(GeodataError) as refused:
        making.inside(cut, tmp_path, crs="EPSG:4326")
    assert refused.value.code in {
        *("zip_damaged", "workbook_damaged", "sqlite_damaged", "gzip_damaged", "shapefile_length_wrong"),
        *("format_unknown", "gpkg_without_layers"),
    }


def test_wkb_that_promises_more_than_it_holds(tmp_path: Path) -> None:
    lie = bytearray(shapely.to_wkb(making.WEST, byte_order=1))
    lie[9:13] = (2**31 - 1).to_bytes(4, "little")
    path = making.as_gpkg(tmp_path / "a.gpkg", making.grids())
    db = sqlite3.connect(path)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f'DROP TRIGGER "{name}"')
    with db:
        db.execute("UPDATE grids SET geom = ? WHERE fid = 1", (b"GP\x00\x01" + b"\x00" * 4 + bytes(lie),))
    db.close()
    layer = read(path, "grids", limits=LIMITS)
    assert [(problem.row, problem.code) for problem in layer.problems] == [(1, "geometry_unreadable")]


def test_an_archive_of_very_many_files_is_not_walked(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for i in range(5_001):
            archive.writestr(f"{i}.shp", b"")
    path = tmp_path / "many.zip"
    path.write_bytes(content.getvalue())
    with pytest.raises(GeodataError, match="too many files"):
        making.inside(path, tmp_path)
