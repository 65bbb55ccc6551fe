"""The structure of GeoJSON, checked against RFC 7946 member by member before anything is made of it.

Lenient readers take half of a wrong file without a word; here a wrong structure refuses the file and says where it is
("features[3].geometry.type").
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from geodata.errors import FileRefused

# How deep the arrays of `coordinates` lie above their positions.
_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_MAX_COLLECTION_DEPTH = 8
_TWICE = object()


class _NotANumber(float):
    """NaN or Infinity as a literal, which JSON does not have."""


def parse(content: bytes) -> dict[str, Any]:
    """The JSON object in a file, with no key twice and no NaN.

    Raises:
        FileRefused: `json_not_utf8`, `json_syntax`, `json_too_deep`, `json_key_twice`, `json_not_a_number`,
            `geojson_member_wrong`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused("json_not_utf8", byte=error.start) from None
    faults: list[object] = []

    def to_object(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            found[_TWICE] = next(key for key in keys if keys.count(key) > 1)
            faults.append(_TWICE)
        return found

    def to_nothing(literal: str) -> _NotANumber:
        faults.append(literal)
        return _NotANumber(literal.replace("Infinity", "inf"))

    try:
        document = json.loads(text, object_pairs_hook=to_object, parse_constant=to_nothing)
    except json.JSONDecodeError as error:
        raise FileRefused("json_syntax", line=error.lineno, column=error.colno, cause=error.msg) from None
    except RecursionError:
        raise FileRefused("json_too_deep") from None
    except ValueError as error:
        raise FileRefused("json_syntax", line=0, column=0, cause=str(error)[:80]) from None
    if faults:
        raise _first_fault(document)
    if not isinstance(document, dict):
        raise _wrong("", "object", document)
    return document


def check(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The features of a document whose structure is right, a bare geometry as a feature without properties.

    Raises:
        FileRefused: `geojson_member_missing`, `geojson_member_wrong`, `geojson_type_unknown`, `geojson_too_nested`;
            `where` is the path of the member, "$" the document itself.
    """
    kind = _type_of(document, "", ("FeatureCollection", "Feature", "GeometryCollection", *_DEPTHS))
    if kind == "FeatureCollection":
        _check_bbox(document, "")
        features = _member(document, "features", "")
        if not isinstance(features, list):
            raise _wrong("features", "array", features)
        for i, feature in enumerate(features):
            _check_feature(feature, f"features[{i}]")
        return features
    if kind == "Feature":
        _check_feature(document, "")
        return [document]
    _check_geometry(document, "", 0)
    return [{"type": "Feature", "properties": None, "geometry": document}]


def _check_feature(feature: Any, where: str) -> None:
    if not isinstance(feature, dict):
        raise _wrong(where, "object", feature)
    _type_of(feature, where, ("Feature",))
    _check_bbox(feature, where)
    properties = _member(feature, "properties", where)
    if properties is not None and not isinstance(properties, dict):
        raise _wrong(_join(where, "properties"), "object / null", properties)
    identity = feature.get("id", "")
    if isinstance(identity, bool) or not isinstance(identity, (str, int, float)):
        raise _wrong(_join(where, "id"), "string / number", identity)
    shape = _member(feature, "geometry", where)
    if shape is not None:
        _check_geometry(shape, _join(where, "geometry"), 0)


def _check_geometry(shape: Any, where: str, depth: int) -> None:
    if not isinstance(shape, dict):
        raise _wrong(where, "object / null" if depth == 0 else "object", shape)
    kind = _type_of(shape, where, ("GeometryCollection", *_DEPTHS))
    _check_bbox(shape, where)
    if kind != "GeometryCollection":
        coordinates = _member(shape, "coordinates", where)
        if coordinates != []:
            _check_positions(coordinates, _DEPTHS[kind], _join(where, "coordinates"), kind)
        return
    if depth == _MAX_COLLECTION_DEPTH:
        raise FileRefused("geojson_too_nested", where=where, limit=_MAX_COLLECTION_DEPTH)
    parts = _member(shape, "geometries", where)
    if not isinstance(parts, list):
        raise _wrong(_join(where, "geometries"), "array", parts)
    for i, part in enumerate(parts):
        _check_geometry(part, f"{_join(where, 'geometries')}[{i}]", depth + 1)


def _check_positions(value: Any, depth: int, where: str, kind: str) -> None:
    if not isinstance(value, list):
        raise _wrong(where, f"array ({kind})", value)
    if depth:
        for i, part in enumerate(value):
            _check_positions(part, depth - 1, f"{where}[{i}]", kind)
        return
    if len(value) < 2:
        raise _wrong(where, "position [x, y]", value)
    for number in value:
        if not _is_number(number):
            raise _wrong(where, "position [x, y]", value)


def _check_bbox(holder: dict[str, Any], where: str) -> None:
    if "bbox" not in holder or holder["bbox"] is None:
        return
    bbox = holder["bbox"]
    if not isinstance(bbox, list) or len(bbox) not in (4, 6) or not all(_is_number(value) for value in bbox):
        raise _wrong(_join(where, "bbox"), "array of 4 / 6 numbers", bbox)


def _type_of(holder: dict[str, Any], where: str, known: tuple[str, ...]) -> str:
    kind = _member(holder, "type", where)
    if not isinstance(kind, str) or kind not in known:
        wanted = known[0] if len(known) == 1 else " / ".join(known)
        raise FileRefused("geojson_type_unknown", where=_join(where, "type"), found=shown(kind), wanted=wanted)
    return kind


def _member(holder: dict[str, Any], name: str, where: str) -> Any:
    if name not in holder:
        raise FileRefused("geojson_member_missing", where=where or "$", member=name)
    return holder[name]


def _is_number(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    # A whole number that no float can hold would end as an OverflowError far from here.
    return type(value) is int and -(10**300) < value < 10**300


def _wrong(where: str, wanted: str, found: Any) -> FileRefused:
    return FileRefused("geojson_member_wrong", where=where or "$", wanted=wanted, found=shown(found))


def shown(value: Any) -> str:
    """A few characters of a JSON value for a message."""
    return json.dumps(value, ensure_ascii=True, default=str)[:60]


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _first_fault(document: Any) -> FileRefused:
    for where, value in _walk(document, ""):
        if isinstance(value, _NotANumber):
            return FileRefused("json_not_a_number", where=where, found=str(float(value)))
        if isinstance(value, dict) and _TWICE in value:
            return FileRefused("json_key_twice", where=where or "$", key=str(value[_TWICE])[:60])
    return FileRefused("json_key_twice", where="$", key="?")


def _walk(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    yield where, value
    if isinstance(value, dict):
        for key, inner in value.items():
            if key is not _TWICE:
                yield from _walk(inner, _join(where, str(key)[:60]))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _walk(inner, f"{where}[{i}]")
