"""What the reading process says to its caller: JSON, then arrays. Checked, because a broken reader lies.

Layout: 8 bytes magic, 8 bytes length of the JSON (little-endian), the JSON; then, for n rows, n row numbers (int64),
2 n raw positions (float64, only where the JSON says so), n lengths of shapes (int32, 0 for none), the shapes as WKB.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.errors import CrsError, FileRefused, GeodataError
from geodata.files.rows import Cell
from geodata.layer import ROLES, Fields, Problem

_MAGIC = b"gridlay1"
_HEAD = struct.Struct("<8sQ")
_ERRORS: dict[str, type[GeodataError]] = {"FileRefused": FileRefused, "CrsError": CrsError}


@dataclass(frozen=True)
class Answer:
    """A layer without pandas: `cells` column by column, `raw` of shape (n, 2) or None, `shapes` in EPSG:4326.

    `samples`: of each column, or nothing at all.
    """

    format: str
    crs_used: str
    encoding: str | None
    fields: Fields
    n_rows: int
    columns: list[str]
    cells: list[list[Cell]]
    problems: list[Problem]
    notes: list[Problem]
    guards: list[str]
    numbers: NDArray[np.int64]
    raw: NDArray[np.float64] | None
    shapes: NDArray[np.object_]
    samples: list[list[str]] = field(default_factory=list)


def pack(answer: Answer) -> bytes:
    """The bytes of an answer."""
    told = {
        "format": answer.format,
        "crs_used": answer.crs_used,
        "encoding": answer.encoding,
        "fields": answer.fields.given(),
        "n_rows": answer.n_rows,
        "columns": answer.columns,
        "cells": answer.cells,
        "problems": told_problems(answer.problems),
        "notes": told_problems(answer.notes),
        "guards": answer.guards,
        "samples": answer.samples,
        "n_kept": len(answer.numbers),
        "has_raw": answer.raw is not None,
    }
    shapes = [b"" if shape is None else shape for shape in shapely.to_wkb(answer.shapes)]
    arrays = [
        np.asarray(answer.numbers, "<i8").tobytes(),
        b"" if answer.raw is None else np.asarray(answer.raw, "<f8").tobytes(),
        np.array([len(shape) for shape in shapes], "<i4").tobytes(),
    ]
    return _frame(told) + b"".join([*arrays, *shapes])


def pack_error(error: GeodataError) -> bytes:
    """The bytes of a refusal."""
    return _frame({"error": told_error(error)})


def told_error(error: GeodataError) -> list[object]:
    """A refusal as JSON takes it."""
    kind = type(error).__name__ if type(error).__name__ in _ERRORS else "FileRefused"
    return [kind, error.code, {name: _plain(value) for name, value in error.facts.items()}]


def untold_error(told: Any) -> GeodataError:
    """The refusal that `told_error` made JSON of.

    Raises:
        ValueError, TypeError, KeyError: it did not make this.
    """
    kind, code, facts = told
    return _ERRORS[kind](_word(code), **_facts(facts))


def unpack(content: bytes) -> Answer:
    """The answer in some bytes.

    Raises:
        FileRefused: the refusal that the bytes tell; `answer_wrong` when they are not what `pack` makes.
        CrsError: likewise.
    """
    try:
        magic, length = _HEAD.unpack_from(content)
        told = json.loads(content[_HEAD.size : _HEAD.size + length])
        if magic != _MAGIC or not isinstance(told, dict):
            raise ValueError("no answer")
        if "error" in told:
            raise untold_error(told["error"])
        return _answer(told, content, _HEAD.size + length)
    except GeodataError:
        raise
    except (ValueError, TypeError, KeyError, struct.error, shapely.errors.ShapelyError) as error:
        raise FileRefused("answer_wrong", cause=type(error).__name__) from None


def told_problems(problems: Iterable[Problem]) -> list[list[object]]:
    """Problems as JSON takes them."""
    return [_told(problem) for problem in problems]


def untold_problems(told: Any) -> list[Problem]:
    """The problems that `told_problems` made JSON of.

    Raises:
        ValueError, TypeError: it did not make this.
    """
    return [_problem(*item) for item in told]


def _frame(told: Mapping[str, object]) -> bytes:
    # Lone surrogates do not survive UTF-8; rows with one are refused, and what names them is escaped.
    text = json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return _HEAD.pack(_MAGIC, len(text)) + text


def _answer(told: dict[str, Any], content: bytes, at: int) -> Answer:
    n = _count(told["n_kept"])
    numbers = np.frombuffer(content, "<i8", n, at).astype(np.int64)
    at += 8 * n
    raw = None
    if told["has_raw"]:
        raw = np.frombuffer(content, "<f8", 2 * n, at).reshape(n, 2).astype(np.float64)
        at += 16 * n
    lengths = np.frombuffer(content, "<i4", n, at)
    at += 4 * n
    if (lengths < 0).any() or at + int(lengths.sum(dtype=np.int64)) != len(content):
        raise ValueError("lengths")
    ends = at + np.cumsum(lengths, dtype=np.int64)
    wkb = [content[end - size : end] if size else None for end, size in zip(ends, lengths, strict=True)]
    columns, cells = told["columns"], told["cells"]
    if not _texts(columns) or len(set(columns)) != len(columns) or len(cells) != len(columns):
        raise ValueError("columns")
    for column in cells:
        if len(column) != n or not all(cell is None or type(cell) is str for cell in column):
            raise ValueError("cells")
    samples = told["samples"]
    if not (isinstance(samples, list) and all(map(_texts, samples)) and len(samples) in (0, len(columns))):
        raise ValueError("samples")
    fields = told["fields"]
    if not fields.keys() <= ROLES or not set(fields.values()) <= set(columns):
        raise ValueError("fields")
    if not _texts(told["guards"]) or not _texts([told["format"], told["crs_used"]]):
        raise ValueError("words")
    return Answer(
        told["format"],
        told["crs_used"],
        None if told["encoding"] is None else str(told["encoding"]),
        Fields(**fields),
        _count(told["n_rows"]),
        columns,
        cells,
        untold_problems(told["problems"]),
        untold_problems(told["notes"]),
        told["guards"],
        numbers,
        raw,
        _shapes(wkb),
        samples,
    )


def _shapes(wkb: list[bytes | None]) -> NDArray[np.object_]:
    shapes = np.full(len(wkb), None, dtype=object)
    shapes[:] = shapely.from_wkb(np.array(wkb, dtype=object)) if wkb else []
    return shapes


def _problem(row: Any, code: Any, facts: Any, kind: Any) -> Problem:
    if kind not in ("refused", "repaired", "note") or not (row is None or type(row) is int):
        raise ValueError("problem")
    return Problem(row, _word(code), _facts(facts), kind)


def _facts(facts: Any) -> dict[str, object]:
    plain = (value is None or isinstance(value, (str, int, float)) or _texts(value) for value in facts.values())
    if not isinstance(facts, dict) or not all(plain):
        raise ValueError("facts")
    return facts


def _word(code: Any) -> str:
    if not isinstance(code, str) or not code.isidentifier() or len(code) > 60:
        raise ValueError("code")
    return code


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("count")
    return value


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is str for value in values)


def _told(problem: Problem) -> list[object]:
    return [problem.row, problem.code, {name: _plain(v) for name, v in problem.facts.items()}, problem.kind]


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float)) or _texts(value) else str(value)
