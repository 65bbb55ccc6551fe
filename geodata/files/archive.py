"""The content of compressed files, in memory and bounded: nothing is ever unpacked to a path that an archive names."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from geodata.errors import FileRefused

_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_MAX_ENTRIES = 5_000
_CHUNK = 1024 * 1024
_ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
# Where the declaration that could hold entities would stand in an XML part of a workbook.
_XML_HEAD_BYTES = 4096


def read_gzip(path: Path, limit_bytes: int) -> bytes:
    """The unpacked content.

    Raises:
        FileRefused: `gzip_damaged`, `file_unpacks_too_large`.
    """
    try:
        with gzip.open(path) as file:
            return _bounded(file, limit_bytes)
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefused("gzip_damaged", cause=str(error)[:80]) from None


def read_shapefile_parts(path: Path, limit_bytes: int) -> dict[str, bytes]:
    """The parts of the one shapefile in a zip by ending (".shp", ".dbf", …), in whatever folder they are.

    Raises:
        FileRefused: `zip_damaged`, `zip_too_many_files`, `zip_path_refused` (a name that leads out of the archive),
            `zip_several_shapefiles`, `file_unpacks_too_large`, `zip_encrypted`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive)
            stems = [entry for entry in entries if entry.filename.lower().endswith(".shp")]
            if len(stems) != 1:
                names = ", ".join(_shown(entry.filename) for entry in stems[:5])
                raise FileRefused("zip_several_shapefiles", found=names)
            stem = stems[0].filename[:-4].lower()
            parts = {}
            for entry in entries:
                ending = entry.filename[-4:].lower()
                if ending in _SHAPEFILE_PARTS and entry.filename[:-4].lower() == stem:
                    with archive.open(entry) as file:
                        parts[ending] = _bounded(file, limit_bytes)
                    limit_bytes -= len(parts[ending])
            return parts
    except _ZIP_FAULTS as error:
        raise FileRefused("zip_damaged", cause=str(error)[:80]) from None


def check_workbook(path: Path, limit_bytes: int) -> None:
    """Nothing when the parts of an .xlsx unpack to a bounded size and none declares a document type (entity bombs).

    Raises:
        FileRefused: as `read_shapefile_parts`, and `xml_with_doctype`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in _entries(archive):
                with archive.open(entry) as file:
                    head = file.read(_XML_HEAD_BYTES)
                    limit_bytes -= len(head) + sum(len(chunk) for chunk in _chunks(file, limit_bytes))
                if b"<!DOCTYPE" in head or b"<!ENTITY" in head or "<!DOCTYPE".encode("utf-16-le") in head:
                    raise FileRefused("xml_with_doctype", part=_shown(entry.filename))
    except _ZIP_FAULTS as error:
        raise FileRefused("zip_damaged", cause=str(error)[:80]) from None


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > _MAX_ENTRIES:
        raise FileRefused("zip_too_many_files", n_files=len(entries), limit=_MAX_ENTRIES)
    for entry in entries:
        # Nothing would be written there; but who sends such a name wants something else than to be read.
        plain = PurePosixPath(entry.filename.replace("\\", "/"))
        if plain.is_absolute() or ".." in plain.parts or ":" in entry.filename[:3]:
            raise FileRefused("zip_path_refused", found=_shown(entry.filename))
        if entry.flag_bits & 0x1:
            raise FileRefused("zip_encrypted", found=_shown(entry.filename))
    return [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]


def _bounded(file: IO[bytes] | gzip.GzipFile, limit_bytes: int) -> bytes:
    return b"".join(_chunks(file, limit_bytes))


def _chunks(file: IO[bytes] | gzip.GzipFile, limit_bytes: int) -> Iterator[bytes]:
    # What the archive says about its own sizes is not believed: the bytes that come out are counted.
    total = 0
    while chunk := file.read(_CHUNK):
        total += len(chunk)
        if total > limit_bytes:
            raise FileRefused("file_unpacks_too_large", limit_mb=limit_bytes // 2**20)
        yield chunk


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:80]
