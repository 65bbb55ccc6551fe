"""The dBASE table beside a shapefile, every value as the text that stands in it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from geodata.errors import FileRefused
from geodata.files import charset
from geodata.files.rows import Cell, bound_rows, number_as_text, unique_names
from geodata.layer import Limits

# Language bytes that name a Chinese code page; all others are too often wrong to be believed.
_LANGUAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5hkscs", 0x78: "big5hkscs"}
_DELETED = 0x2A


@dataclass(frozen=True)
class Table:
    """Columns and their cells; `deleted` are the 1-based records that are only marked as gone."""

    columns: list[str]
    cells: list[list[Cell]]
    n_records: int
    deleted: list[int]
    encoding: str


@dataclass(frozen=True)
class _Column:
    name: bytes
    kind: str
    at: int
    length: int


def read(content: bytes, cpg: bytes | None, limits: Limits) -> Table:
    """The table; its encoding is that of the .cpg, else of the language byte, else UTF-8 or GB18030.

    Raises:
        FileRefused: `dbf_cut`, `encoding_not_taken`, `encoding_unknown`.
    """
    if len(content) < 32:
        raise FileRefused("dbf_cut", promised=32, found=len(content))
    n_records, head_bytes, record_bytes = struct.unpack("<IHH", content[4:12])
    promised = head_bytes + n_records * record_bytes
    if head_bytes < 33 or record_bytes < 1 or promised > len(content):
        raise FileRefused("dbf_cut", promised=promised, found=len(content))
    bound_rows(n_records, limits)
    columns = _columns(content[32:head_bytes], record_bytes)
    starts = range(head_bytes, promised, record_bytes)
    raw = [[content[s + c.at : s + c.at + c.length] for s in starts] for c in columns]
    texts = [value for values, column in zip(raw, columns, strict=True) if column.kind in "CM" for value in values]
    encoding = _encoding(cpg, content[29], texts)
    names = unique_names([column.name.decode(encoding, "ignore") for column in columns])
    cells = [
        [_cell(value, column.kind, encoding) for value in values] for values, column in zip(raw, columns, strict=True)
    ]
    deleted = [number for number, start in enumerate(starts, start=1) if content[start] == _DELETED]
    return Table(names, cells, n_records, deleted, encoding)


def _columns(content: bytes, record_bytes: int) -> list[_Column]:
    columns, at = [], 1
    for start in range(0, len(content) - 31, 32):
        field = content[start : start + 32]
        if field[0] == 0x0D:
            break
        column = _Column(field[:11].split(b"\x00")[0], chr(field[11]), at, field[16])
        at += column.length
        if at > record_bytes:
            raise FileRefused("dbf_cut", promised=at, found=record_bytes)
        columns.append(column)
    return columns


def _encoding(cpg: bytes | None, language: int, texts: list[bytes]) -> str:
    label = (cpg or b"").decode("ascii", "replace").strip("\x00\r\n\t \ufeff")
    if label:
        named = charset.by_name(label)
        if named is None:
            raise FileRefused("encoding_not_taken", found=label[:40])
        return named
    return _LANGUAGES.get(language) or charset.detect_in(texts)


def _cell(value: bytes, kind: str, encoding: str) -> Cell:
    if kind in "I+" and len(value) == 4:
        return str(struct.unpack("<i", value)[0])
    if kind in "BO" and len(value) == 8:
        return number_as_text(struct.unpack("<d", value)[0])
    text = charset.decode_cut(value, encoding).strip(" \x00")
    if kind == "D" and len(text) == 8 and text.isdigit():
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if kind == "L":
        return {"T": "true", "Y": "true", "F": "false", "N": "false"}.get(text.upper())
    if kind in "NF" and set(text) <= {"*"}:
        return None
    return text or None
