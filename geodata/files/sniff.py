"""Which of the accepted formats a file is, by what is in it; its name is not looked at."""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import Literal

from geodata.errors import FileRefused
from geodata.files.held import Openable

Format = Literal["geojson", "gpkg", "shp", "shp.zip", "csv", "csv.gz", "xlsx", "xls", "osm.pbf", "osm"]

_HEAD_BYTES = 64 * 1024
_BOOK_MAGICS = (b"PK", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_OTHER_MAGICS = (*_BOOK_MAGICS, b"SQLite format 3\x00", b"\x00\x00\x27\x0a")
_PBF_MAGIC = b"\x0a\x09OSMHeader"
_XML_ROOT = re.compile(r"<([A-Za-z_][\w:.-]{0,60})")
_XML_PROLOG = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)", re.DOTALL)
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# Begins of files that people do send, so that the refusal can say what it is.
_KNOWN = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"PAR1": "Parquet",
    b"fgb": "FlatGeobuf",
    b"{\\rtf": "RTF",
}


def may_be_table(head: bytes) -> bool:
    """Whether what begins so can be a table in text, gzipped or not; nothing is unpacked or read for it.

    True for what nobody knows too: `sniff`, asked behind locks, says what that is.
    """
    begin = head[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf\xff\xfe\x00\t\r\n ")
    return not (head.startswith(_OTHER_MAGICS) or head[4:15] == _PBF_MAGIC or begin[:1] in (b"<", b"{", b"["))


def is_book(head: bytes) -> bool:
    """Whether what begins so can be a workbook: a zip or one of Excel's older files."""
    return head.startswith(_BOOK_MAGICS)


def sniff(path: Openable) -> Format:
    """The format of a file.

    Raises:
        FileRefused: `file_empty`; `format_unknown` with what it was taken for; `xml_not_accepted` with its root;
            `zip_damaged`, `zip_unknown`, `gzip_damaged`, `shapefile_part_alone`.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip(b"\x00\t\r\n \xef\xbb\xbf"):
        raise FileRefused("file_empty")
    if head.startswith(b"\x1f\x8b"):
        return _in_gzip(head)
    if head.startswith(b"PK"):
        return _in_zip(path)
    if head.startswith(b"SQLite format 3\x00"):
        return "gpkg"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if head.startswith(b"\x00\x00\x27\x0a"):
        return _shapefile(head)
    if head[4:15] == _PBF_MAGIC and head[:2] == b"\x00\x00":
        return "osm.pbf"
    for magic, name in _KNOWN.items():
        if head.startswith(magic):
            raise FileRefused("format_unknown", found=name)
    return _text(head)


def _text(head: bytes) -> Format:
    bom = next((name for mark, name in _BOMS.items() if head.startswith(mark)), "utf-8")
    if bom == "utf-8" and b"\x00" in head:
        raise FileRefused("format_unknown", found="binary")
    text = head.decode(bom, errors="replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return _xml(text)
    if text.startswith(("{", "[")):
        return "geojson"
    return "csv"


def _xml(text: str) -> Format:
    while match := _XML_PROLOG.match(text):
        if match[0].lstrip().startswith("<!DOCTYPE"):
            raise FileRefused("xml_with_doctype")
        text = text[match.end() :]
    root = _XML_ROOT.match(text.lstrip())
    if root is not None and root[1] == "osm":
        return "osm"
    raise FileRefused("xml_not_accepted", found=root[1] if root else text[:20])


def _in_gzip(head: bytes) -> Format:
    try:
        inner = zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
    except zlib.error as error:
        raise FileRefused("gzip_damaged", cause=str(error)[:80]) from None
    if not inner.strip():
        raise FileRefused("file_empty")
    if inner.startswith((b"PK", b"\x1f\x8b", b"SQLite format 3")) or _text(inner) != "csv":
        raise FileRefused("gzip_not_csv")
    return "csv.gz"


def _in_zip(path: Openable) -> Format:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, IndexError) as error:
        raise FileRefused("zip_damaged", cause=str(error)[:80]) from None
    if "xl/workbook.xml" in names:
        return "xlsx"
    if any(name.lower().endswith(".shp") for name in names):
        return "shp.zip"
    raise FileRefused("zip_unknown", found=", ".join(names[:3])[:120])


def _shapefile(head: bytes) -> Format:
    # The index (.shx) begins alike; its first entry points at byte 100 (50 words), where a .shp has record number 1.
    if head[100:104] == b"\x00\x00\x00\x32" and head[24:28] != b"\x00\x00\x00\x32":
        raise FileRefused("shapefile_part_alone", found=".shx")
    return "shp"
